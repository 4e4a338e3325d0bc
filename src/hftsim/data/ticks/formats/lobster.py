"""LOBSTER message files: NASDAQ order by order, one file per day.

Columns: seconds after midnight in New York, type, order id, size, price in 1e-4 dollars, direction
of the resting order. Types: 1 new limit order, 2 partial cancellation, 3 deletion, 4 execution of a
visible order, 5 execution of a hidden one (which changes nothing in the visible book), 6 cross
trade of an auction, 7 trading halt with the price -1 (halted), 0 (quoting again) or 1 (trading
again). Source: LOBSTER's read-me and output description.

A message file holds what happened within a number of levels from the book at its start on, which it
does not tell: events of orders from before then are kept, and the book that meets them counts them.
"""

import datetime as dt
import logging
import re
import zoneinfo
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.symbols import same_symbol
from hftsim.data.ticks.formats.decimals import ROUNDED, decimal_blocks
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader
from hftsim.data.ticks.packed import PackedFile, is_zip, zip_members

MESSAGE_COLUMNS = ("time", "type", "order_id", "size", "price", "direction")
MESSAGE_DIGITS = (ROUNDED + 9, 0, 0, 0, 0, 0)
PRICE_UNIT = Decimal("0.0001")

_log = logging.getLogger(__name__)
_ZONE = zoneinfo.ZoneInfo("America/New_York")
_NAME = re.compile(
    r"(?P<symbol>[A-Za-z0-9.\-]+)_(?P<date>\d{4}-\d{2}-\d{2})_(?P<start>\d+)_(?P<end>\d+)"
    r"_(?P<what>message|orderbook)_(?P<levels>\d+)"
)
_LINE = re.compile(rb"\d+(\.\d+)?,[1-7],-?\d+,-?\d+,-?\d+,-?[01]\s*$")
_DAY_NS = 86_400_000_000_000
_HALT, _CROSS, _HIDDEN = 7, 6, 5
_KINDS = np.array(
    [
        *(0, EventKind.ADD, EventKind.REDUCE, EventKind.DELETE, EventKind.EXECUTE),
        *(EventKind.TRADE, EventKind.TRADE, EventKind.STATUS),
    ],
    np.uint8,
)


class FileName(NamedTuple):
    """What the name of a LOBSTER file says: symbol, day, session in ms of the day, levels."""

    symbol: str
    date: dt.date
    start_ms: int
    end_ms: int
    is_message: bool
    levels: int


def parse_name(name: str) -> FileName | None:
    """Return what a file's name says, or None where it is not one of LOBSTER's."""
    found = _NAME.search(name)
    if not found:
        return None
    try:
        date = dt.date.fromisoformat(found["date"])
    except ValueError:
        return None
    start, end = int(found["start"]), int(found["end"])
    return FileName(
        found["symbol"], date, start, end, found["what"] == "message", int(found["levels"])
    )


def open_part(path: Path, what: str) -> PackedFile:
    """Open the ``message`` or ``orderbook`` file; in a zip archive it is found by its name."""
    return PackedFile(path, lambda name: f"_{what}_" in name)


class LobsterReader(TickReader):
    """Reads a message file: plain, gzip, or in a zip archive, with or without its book."""

    name = "lobster"
    level = "l3"
    price_unit = PRICE_UNIT
    qty_unit = Decimal(1)
    lot_size = Decimal(1)
    kind = InstrumentKind.EQUITY
    venue = "NASDAQ"
    has_receive_times = False

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        self._stream = open_part(path, "message")
        said = parse_name(self._stream.name)
        date = options.date or (said.date if said else None)
        if date is None:
            self.close()
            raise DataError(
                "its times are times of a day that its name does not tell: add --date YYYY-MM-DD, "
                "or give the file the name it had at LOBSTER",
                path=path,
            )
        self.book_day = date
        self.symbol = self._symbol_of(said)
        self._session = (said.start_ms, said.end_ms) if said else (0, 86_400_000)
        self._midnight = midnight_ns(date)

    def _symbol_of(self, said: FileName | None) -> str | None:
        """Return the user's symbol, else the name's; a name that says otherwise is only a name."""
        wanted = self.options.symbol
        if said and wanted and not same_symbol(said.symbol, wanted):
            _log.warning("%s: the name suggests %s, not %s", self.path, said.symbol, wanted)
        return wanted or (said.symbol if said else None)

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Whether the name or the first line is LOBSTER's."""
        if _NAME.search(path.name):
            return True
        if head and is_zip(path):
            return any(_NAME.search(PurePosixPath(n).name) for n in zip_members(path))
        return bool(_LINE.match(head.split(b"\n", 1)[0]))

    @classmethod
    def is_companion(cls, path: Path) -> bool:
        """Whether it is an order-book file: the book is rebuilt from the messages."""
        said = parse_name(path.name)
        return said is not None and not said.is_message

    def blocks(self) -> Iterator[Block]:
        """Yield the messages."""
        for rows in decimal_blocks(self._stream, MESSAGE_COLUMNS, MESSAGE_DIGITS, self.counts):
            self.done = self._stream.done
            if len(rows):
                yield self._events(rows)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _events(self, rows: np.ndarray) -> Block:
        time, kind, order_id, size, price, direction, line = rows.T
        self._refuse((kind < 1) | (kind > _HALT), line, "type", kind)
        self._refuse((time < 0) | (time >= _DAY_NS), line, "time", time // 10**9)
        sided = (kind != _HALT) & (kind != _CROSS)
        self._refuse(sided & (np.abs(direction) != 1), line, "direction", direction)
        halted = kind == _HALT
        self._refuse(halted & (np.abs(price) > 1), line, "price", price)
        start, end = (ms * 1_000_000 for ms in self._session)
        self._count("rows_outside_the_session", (time < start) | (time > end))
        self._count("hidden_executions", kind == _HIDDEN)
        self._count("cross_trades", kind == _CROSS)
        trades = (kind == _HIDDEN) | (kind == _CROSS)
        side = np.where(kind == _HIDDEN, -direction, np.where(sided, direction, 0))
        times = self._midnight + time
        return {
            "ts_event": times,
            "ts_recv": times,
            "price": np.where(halted, 0, price),
            "qty": np.where(halted, price == 1, size),
            "order_id": np.where(trades | halted, 0, order_id),
            "kind": _KINDS[kind],
            "side": side.astype(np.int8),
            "flags": np.full(len(rows), EventFlag.LAST, np.uint8),
            "row": line,
        }

    def _count(self, name: str, mask: np.ndarray) -> None:
        if mask.any():
            self.counts[name] += int(mask.sum())

    def _refuse(self, mask: np.ndarray, line: np.ndarray, field: str, values: np.ndarray) -> None:
        if mask.any():
            at = int(np.flatnonzero(mask)[0])
            raise DataError(
                f"{int(values[at])} is no {field} that LOBSTER writes: the file is damaged",
                path=self.path,
                row=int(line[at]),
                field=field,
            )


def midnight_ns(date: dt.date) -> int:
    """Return what to add to ns after midnight in New York to have ns UTC.

    The offset is that of noon: clocks change at night, when nothing trades.
    """
    noon = dt.datetime(date.year, date.month, date.day, 12, tzinfo=_ZONE)
    return (int(noon.timestamp()) - 12 * 3600) * 1_000_000_000
