"""Recordings of cryptofeed: what its connections received, one JSON object on each line.

The first line is a header that names the exchange; ``http`` lines hold answers of REST requests,
``recv`` lines what came over a WebSocket, each with its local time in seconds. Lines of one
connection may stand together: `records` puts them in the order of their times.
"""

import dataclasses
import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hftsim.core.errors import DataError
from hftsim.data.captures.lines import numbered_lines
from hftsim.data.ticks.packed import PackedFile

_HEADER = b'"t":"header"'


@dataclasses.dataclass(frozen=True)
class Record:
    """One thing that was received.

    Attributes
    ----------
    row : 1-based line of the file.
    ts_recv : local time, ns UTC.
    connection : the name of the WebSocket, or of the REST session.
    url : of a REST answer; else empty.
    text : what was received, as it was.
    """

    row: int
    ts_recv: int
    connection: str
    url: str
    text: str


def is_recording(head: bytes) -> bool:
    """Whether a file that begins so is a recording of cryptofeed."""
    first = head.split(b"\n", 1)[0].replace(b" ", b"")
    return first.startswith(b"{") and _HEADER in first and b'"exchange":' in first


class Recording:
    """A recording of cryptofeed, opened anew for each run through it.

    Parameters
    ----------
    path : the file.

    Attributes
    ----------
    exchange : as cryptofeed names it.
    ordered : whether its lines stand in the order of their times; known after the first run.
    done, size : bytes read in the present run, and of the file.

    Raises
    ------
    DataError
        The first line is no header of cryptofeed.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.ordered, self.done = path, True, 0
        with PackedFile(path) as file:
            self.size = file.size
            first = next(numbered_lines(file), None)
        try:
            header = json.loads(first[1]) if first else {}
        except json.JSONDecodeError:
            header = {}
        if not isinstance(header, dict) or header.get("t") != "header" or "exchange" not in header:
            raise DataError("does not begin with a header of cryptofeed", path=path)
        self.exchange = str(header["exchange"])

    def records(self, *, as_written: bool = False) -> Iterator[Record]:
        """Yield what was received, by its times; `as_written`: as the lines stand.

        Where lines do not stand in the order of their times, all of them are held in memory.
        """
        if as_written:
            latest = 0
            for record in self._read():
                self.ordered &= record.ts_recv >= latest
                latest = record.ts_recv
                yield record
        elif self.ordered:
            yield from self._read()
        else:
            yield from sorted(self._read(), key=lambda record: record.ts_recv)

    def _read(self) -> Iterator[Record]:
        with PackedFile(self.path) as file:
            for row, line in numbered_lines(file):
                self.done = file.done
                record = self._record(row, line)
                if record is not None:
                    yield record

    def _record(self, row: int, line: str) -> Record | None:
        try:
            content: Any = json.loads(line, parse_float=str)
        except json.JSONDecodeError as error:
            raise DataError(
                f"is not whole JSON ({error.msg}): the line is cut off or damaged",
                path=self.path,
                row=row,
            ) from None
        kind = content.get("t") if isinstance(content, dict) else None
        if kind is None:
            raise DataError("is no line of a recording: it has no type t", path=self.path, row=row)
        if kind not in ("recv", "http") or "data" not in content:
            return None
        try:
            ns = _ns_of(str(content["ts"]))
        except (KeyError, InvalidOperation, ValueError):
            raise DataError("has no time ts in seconds", path=self.path, row=row) from None
        url = str(content.get("url", "")) if kind == "http" else ""
        return Record(row, ns, str(content.get("conn", "")), url, str(content["data"]))


def _ns_of(seconds: str) -> int:
    """Return a local time in ns; raises ValueError or InvalidOperation for what is none."""
    ns = Decimal(seconds).scaleb(9)
    if not 10**17 < ns < 9 * 10**18:
        raise ValueError(seconds)
    return int(ns)
