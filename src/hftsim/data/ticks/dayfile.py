"""One day of one instrument in one Arrow file: written whole or not at all, mapped when read."""

import contextlib
import json
import mmap
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from hftsim.core.errors import DataError, InputError
from hftsim.core.events import EVENT_DTYPE
from hftsim.core.instrument import Instrument
from hftsim.data.sources import require_file
from hftsim.data.ticks.metadata import (
    KEY,
    ContentHash,
    Summary,
    checksum_of,
    columns_of,
    instrument_from_json,
    parse_metadata,
    seal_of,
)

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1 << 20
_CHECKSUM = b"hftsim.checksum"
"""Under this name each batch's message holds the checksum of its rows."""
_SLACK = 4096
"""Room in the metadata for what is known only when the day is written: counts, hash, extremes."""


def arrow_schema(level: str, metadata: Mapping[bytes, bytes] | None = None) -> "pa.Schema":
    """Return the schema of a day's file: the columns of `EVENT_DTYPE`, none of them nullable."""
    import pyarrow as pa

    fields = [
        pa.field(name, pa.from_numpy_dtype(EVENT_DTYPE[name]), nullable=False)
        for name in columns_of(level)
    ]
    return pa.schema(fields, metadata=metadata)


class DayWriter:
    """Writes a day's file; it appears under its name when `finish` has put it safely on disk.

    Arrow keeps the metadata both before and behind the rows. Room for them is reserved by a text
    of the right length, which is found and replaced when everything is known; JSON does not mind
    the spaces that are left.

    Parameters
    ----------
    path : the file to make.
    level : ``l1``, ``l2`` or ``l3``.
    about : what is known of the day before it is written: instrument, source, corrections.
    """

    def __init__(self, path: Path, level: str, about: Mapping[str, Any]) -> None:
        import pyarrow as pa

        self.path, self.level = path, level
        self.summary, self._hash = Summary(), ContentHash(level)
        self._about = dict(about)
        self._held = {name: np.empty(BATCH_ROWS, EVENT_DTYPE[name]) for name in columns_of(level)}
        self._fill = 0
        length = len(json.dumps(self._about)) + _SLACK
        self._marker = (secrets.token_hex(16) + "-" * length)[: length - length % 64].encode()
        self._schema = arrow_schema(level, {KEY: self._marker})
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        with _naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._temporary.open("xb+")
            self._writer = pa.ipc.new_file(self._file, self._schema)

    def append(self, columns: Mapping[str, np.ndarray]) -> None:
        """Add rows; raises InputError where they cannot be written (a full disk)."""
        rows, taken = len(columns["kind"]), 0
        self.summary.add(columns)
        self._hash.add(columns)
        while taken < rows:
            count = min(rows - taken, BATCH_ROWS - self._fill)
            for name, held in self._held.items():
                held[self._fill : self._fill + count] = columns[name][taken : taken + count]
            self._fill += count
            taken += count
            if self._fill == BATCH_ROWS:
                self._flush()

    def finish(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """Write what is left, the metadata with `more` in them, and name the file; return them."""
        self._flush()
        known = {**self._about, **more, **self.summary.to_dict(), "sha256": self._hash.hexdigest()}
        known["checksums"] = True
        known["seal"] = seal_of(known)
        text = json.dumps(known).encode()
        if len(text) > len(self._marker):
            raise AssertionError("the metadata of a tick file outgrew the room left for them")
        with _naming(self.path):
            self._writer.close()
            self._file.flush()
            self._put_metadata(text.ljust(len(self._marker)))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._temporary.replace(self.path)
        return known

    def discard(self) -> None:
        """Leave nothing behind; does nothing once the file is finished."""
        with contextlib.suppress(OSError, ValueError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._fill:
            return
        filled = {name: held[: self._fill] for name, held in self._held.items()}
        batch = pa.record_batch([pa.array(v) for v in filled.values()], schema=self._schema)
        with _naming(self.path):
            self._writer.write_batch(batch, {_CHECKSUM: checksum_of(filled).encode()})
        self._fill = 0

    def _put_metadata(self, text: bytes) -> None:
        """Put `text` over the marker, at the start of the file and in the footer at its end."""
        size = self._file.seek(0, os.SEEK_END)
        batches = self.summary.rows // BATCH_ROWS + 2
        span = min(size, 2 * len(self._marker) + 256 * batches + (1 << 16))
        self._file.seek(0)
        first = self._file.read(span).find(self._marker)
        self._file.seek(size - span)
        last = self._file.read(span).rfind(self._marker) + size - span
        if first < 0 or last <= first:
            raise AssertionError("Arrow did not put the metadata where they were expected")
        for place in (first, last):
            self._file.seek(place)
            self._file.write(text)


@contextlib.contextmanager
def _naming(path: Path) -> Any:
    """Say which file the system did not let us write."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"{path}: cannot be written: {why}; free some space or write elsewhere "
            f"with --out; finished days stay"
        ) from None


class DayFile:
    """A day's file, mapped into memory; nothing is read before it is asked for.

    Parameters
    ----------
    path : the file. Raises DataError where it is missing, truncated or no tick file of hftsim.

    Attributes
    ----------
    metadata, instrument, level, rows : what the file says of itself.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path = path
        require_file(path)
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._reader = pa.ipc.open_file(pa.py_buffer(self._map))
            schema = self._reader.schema
            names = ", ".join(schema.names)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                f"is no whole Arrow file ({_first_line(error)}): it is damaged or cut off; import "
                f"the day again",
                path=path,
            ) from None
        self.metadata = parse_metadata((schema.metadata or {}).get(KEY), path)
        self.level: str = self.metadata["level"]
        self.instrument: Instrument = instrument_from_json(self.metadata["instrument"], path)
        if not schema.remove_metadata().equals(arrow_schema(self.level)):
            raise DataError(
                f"its columns are {names}, not those of {self.level} ticks: it is "
                f"damaged or no file of hftsim",
                path=path,
            )
        self._base = np.frombuffer(self._map, np.uint8)
        self._checksums: list[str | None] = []
        self.starts = self._starts()
        self.rows: int = self.metadata["rows"]
        if self.starts[-1] != self.rows:
            raise DataError(
                f"holds {self.starts[-1]:,} rows, and should hold {self.rows:,}: import the day "
                f"again",
                path=path,
            )

    def _starts(self) -> list[int]:
        """Return the first row of each batch, and behind them the number of rows."""
        import pyarrow as pa

        starts = [0]
        try:
            for number in range(self._reader.num_record_batches):
                batch, told = self._reader.get_batch_with_custom_metadata(number)
                starts.append(starts[-1] + batch.num_rows)
                self._checksums.append(_told_by(told))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from None
        return starts

    def batch(self, number: int) -> dict[str, np.ndarray]:
        """Return a batch's columns as views of the file; raises DataError where it is damaged."""
        import pyarrow as pa

        try:
            batch = self._reader.get_batch(number)
            batch.validate()
            columns = {
                name: batch.column(name).to_numpy(zero_copy_only=True)
                for name in columns_of(self.level)
            }
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from None
        if len(columns["kind"]) != self.starts[number + 1] - self.starts[number]:
            raise self._damaged("a batch has another length")
        if not all(values.flags.aligned for values in columns.values()):
            raise self._damaged("a column does not begin where columns can")
        return columns

    def verify(self, number: int, columns: Mapping[str, np.ndarray]) -> None:
        """Raise DataError where a batch's columns are not those that were written.

        Files of versions that wrote no checksums pass.
        """
        if not self.metadata.get("checksums") or checksum_of(columns) == self._checksums[number]:
            return
        first, stop = self.starts[number], self.starts[number + 1]
        raise DataError(
            f"batch {number}, rows {first:,} to {stop - 1:,}, is not what was written (another "
            f"checksum): the file is damaged; import the day again",
            path=self.path,
            row=first,
        )

    def release(self, columns: Mapping[str, np.ndarray]) -> None:
        """Give the memory behind views of this file back to the system; they stay readable."""
        if not hasattr(mmap, "MADV_DONTNEED"):
            return
        page, base = mmap.PAGESIZE, int(self._base.ctypes.data)
        for values in columns.values():
            first = int(values.ctypes.data) - base
            start, end = first // page * page, first + values.nbytes
            if 0 <= start < end <= len(self._map):
                self._map.madvise(mmap.MADV_DONTNEED, start, end - start)

    def _damaged(self, why: object) -> DataError:
        return DataError(f"is damaged ({_first_line(why)}): import the day again", path=self.path)


def _told_by(message: "pa.KeyValueMetadata | None") -> str | None:
    value = None if message is None else message.get(_CHECKSUM)
    return None if value is None else value.decode(errors="replace")


def _first_line(why: object) -> str:
    return (str(why) or type(why).__name__).splitlines()[0][:120]
