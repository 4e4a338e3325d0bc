"""NASDAQ TotalView-ITCH 5.0: a day's feed of all stocks, of which one is read.

Add (A, F), execution (E, C), cancel (X), delete (D) and replace (U) messages change orders; trades
of hidden orders (P) and crosses (Q) change nothing in the visible book; H says whether the stock
trades. A replace is a deletion and an addition in one packet. An execution that is not printed (C)
takes its shares without a trade. Messages on orders that were never added tell neither price nor
side: they are counted. P has always named the buy side since 14 July 2014, so that the aggressor
is unknown from then on.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag
from hftsim.data.ticks.formats.lobster import midnight_ns
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader
from hftsim.data.ticks.packed import PackedFile
from hftsim.native.layout import address_of

_PIECE = 1 << 22
_MOST_ROWS = 1 << 17
_FIRST_CAPACITY = 1 << 14
_SIDE_TOLD_UNTIL = dt.date(2014, 7, 14)
_STOCK_AT = {65: 24, 70: 24, 80: 24, 82: 11, 72: 11}
"""Where the stock's name stands in a message, by the code of its type: A, F, P, R, H."""
_NAMES_OF_COUNTS = (
    *(
        "messages_on_unknown_orders",
        "executions_not_printed",
        "broken_trades",
        "crosses_without_shares",
        "hidden_executions",
    ),
    *("cross_trades", "messages_of_unknown_type"),
)
_WORDS = {
    3: "a message of type {type!r} has a wrong length",
    4: "a message of type {type!r} has a time of day beyond 24 hours",
    5: "a message of type {type!r} has a side that is neither B nor S",
}


class ItchReader(TickReader):
    """Reads one stock of a day's file: plain or packed, the stock by `symbol`."""

    name = "itch"
    level = "l3"
    price_unit = Decimal("0.0001")
    qty_unit = Decimal(1)
    lot_size = Decimal(1)
    kind = InstrumentKind.EQUITY
    venue = "NASDAQ"
    has_receive_times = False

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        if options.symbol is None:
            raise DataError("holds every stock of NASDAQ: name one with --symbol", path=path)
        date = options.date or date_in_name(path.name)
        if date is None:
            raise DataError(
                "its times are times of a day that its name does not tell: add --date YYYY-MM-DD",
                path=path,
            )
        self.symbol = options.symbol
        self.book_day = date
        self._wanted = options.symbol.encode().ljust(8)
        self._midnight = midnight_ns(date)
        self._stream = PackedFile(path)
        self._start(sided=date < _SIDE_TOLD_UNTIL)

    def _start(self, *, sided: bool) -> None:
        from hftsim.data.ticks.formats.itch._kernels import LOCATE, SIDED, STATE

        self._state = np.zeros(STATE + 2, np.int64)
        self._state[LOCATE], self._state[SIDED], self._state[-1] = -1, sided, _MOST_ROWS
        self._capacity = _FIRST_CAPACITY
        self._table = np.zeros(3 * self._capacity, np.int64)

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - told by content
        """Whether it begins with the system event that begins every day."""
        return head[:3] == b"\x00\x0cS" and head[13:14] in b"OSQMEC"

    def blocks(self) -> Iterator[Block]:
        """Yield the events of the stock."""
        rest, known, any_orders = b"", False, False
        while piece := self._stream.read(_PIECE):
            self.done = self._stream.done
            text = rest + piece
            if not known:
                self._state[1] = self._locate(text)
                known = self._state[1] >= 0
            rest = text
            while True:
                rows, is_all, rest = self._scanned(rest)
                if len(rows):
                    any_orders = True
                    yield self._events(rows)
                if is_all:
                    break
        if rest.strip(b"\x00"):
            raise DataError(
                f"ends within message {int(self._state[2]) + 1:,}: it is cut off or no ITCH file",
                path=self.path,
            )
        self._tell_counts()
        if not known:
            raise DataError(f"holds no stock {self.options.symbol}", path=self.path)
        if not any_orders:
            raise DataError(f"holds no events of {self.options.symbol}", path=self.path)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _locate(self, text: bytes) -> int:
        """Return the day's number of the stock, or -1 where no message in the text names it.

        Stocks are named in the directory (R), before any message on them, and in some others.
        """
        at = text.find(self._wanted)
        while at >= 0:
            for code, offset in _STOCK_AT.items():
                start = at - offset
                if start >= 2 and text[start] == code and self._is_message(text, start):
                    return int.from_bytes(text[start + 1 : start + 3], "big")
            at = text.find(self._wanted, at + 1)
        return -1

    def _is_message(self, text: bytes, start: int) -> bool:
        length = {65: 36, 70: 40, 80: 44, 82: 39, 72: 25}[text[start]]
        return int.from_bytes(text[start - 2 : start], "big") == length

    def _scanned(self, text: bytes) -> tuple[np.ndarray, bool, bytes]:
        """Return (rows, whether all whole messages were read, the bytes left)."""
        from hftsim.data.ticks.formats.itch._kernels import (
            ALL_READ,
            COLUMNS,
            SCAN_SIGNATURE,
            STATE,
            TABLE_FULL,
            USED,
            scan,
        )
        from hftsim.native.cache import kernel

        raw = np.frombuffer(text, np.uint8)
        out = np.empty((_MOST_ROWS + 2, COLUMNS), np.int64)
        why = kernel(scan, SCAN_SIGNATURE)(
            *(address_of(raw), len(raw), address_of(self._table), self._capacity),
            *(address_of(out), address_of(self._state)),
        )
        if why > TABLE_FULL:
            raise DataError(
                f"{_WORDS[why].format(type=chr(int(self._state[6])))}: the file is damaged",
                path=self.path,
                row=int(self._state[2]) + 1,
            )
        if why == TABLE_FULL:
            self._grow()
        return out[: int(self._state[STATE])], why == ALL_READ, text[int(self._state[USED]) :]

    def _grow(self) -> None:
        from hftsim.data.ticks.formats.itch._kernels import GROW_SIGNATURE, grow
        from hftsim.native.cache import kernel

        larger = np.zeros(3 * 4 * self._capacity, np.int64)
        kernel(grow, GROW_SIGNATURE)(
            address_of(self._table), self._capacity, address_of(larger), 4 * self._capacity
        )
        self._table, self._capacity = larger, 4 * self._capacity

    def _events(self, rows: np.ndarray) -> Block:
        times = self._midnight + rows[:, 0]
        return {
            "ts_event": times,
            "ts_recv": times,
            "price": np.ascontiguousarray(rows[:, 1]),
            "qty": np.ascontiguousarray(rows[:, 2]),
            "order_id": np.ascontiguousarray(rows[:, 3]),
            "kind": rows[:, 4].astype(np.uint8),
            "side": rows[:, 5].astype(np.int8),
            "flags": (rows[:, 6] * int(EventFlag.LAST)).astype(np.uint8),
            "row": np.ascontiguousarray(rows[:, 7]),
        }

    def _tell_counts(self) -> None:
        from hftsim.data.ticks.formats.itch._kernels import UNKNOWN

        for at, name in enumerate(_NAMES_OF_COUNTS, UNKNOWN):
            if self._state[at]:
                self.counts[name] = int(self._state[at])


def date_in_name(name: str) -> dt.date | None:
    """Return the day that a file's name tells, as NASDAQ writes it, or None.

    ``01302019.NASDAQ_ITCH50.gz``, ``20190130.BX_ITCH_50.gz``, ``S081321-v50.txt.gz`` and dates in
    ISO form are known.
    """
    layouts = (
        (r"(?<!\d)(?P<y>(?:19|20)\d{2})-?(?P<m>\d{2})-?(?P<d>\d{2})(?!\d)", 0),
        (r"(?<!\d)(?P<m>\d{2})(?P<d>\d{2})(?P<y>20\d{2})(?!\d)", 0),
        (r"^[A-Z](?P<m>\d{2})(?P<d>\d{2})(?P<y>\d{2})(?!\d)", 2000),
    )
    for pattern, century in layouts:
        for found in re.finditer(pattern, name):
            try:
                return dt.date(century + int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                continue
    return None
