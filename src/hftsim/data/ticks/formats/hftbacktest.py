"""hftbacktest's event files, ``.npz`` and ``.npy``: rows with flags for either order of time.

Each row is a 64-byte record; `ev` holds the kind in its lowest byte, and bits for the exchange's
order (31), the receiver's (30), buy (29) and sell (28). Source: hftbacktest's documentation of its
data format (version 2).

By order, a fill there changes nothing: a modification or cancellation of the same order follows it
in the same packet, and a trade comes before it. Here an execution is all three: what repeats it is
merged, and counted.
"""

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader, fixed_point
from hftsim.data.ticks.packed import PackedFile, is_zip, zip_members

_FIELDS = ("ev", "exch_ts", "local_ts", "px", "qty", "order_id")
_EXCHANGE, _LOCAL, _BUY, _SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_DEPTH, _TRADE, _CLEAR, _SNAPSHOT, _BEST = 1, 2, 3, 4, 5
_ADD, _CANCEL, _MODIFY, _FILL = 10, 11, 12, 13
_BY_ORDER = (_ADD, _CANCEL, _MODIFY, _FILL)
_KINDS = {
    _DEPTH: EventKind.DEPTH,
    _TRADE: EventKind.TRADE,
    _CLEAR: EventKind.CLEAR_TO,
    _SNAPSHOT: EventKind.DEPTH,
    _BEST: EventKind.QUOTE,
    _ADD: EventKind.ADD,
    _CANCEL: EventKind.DELETE,
    _MODIFY: EventKind.MODIFY,
    _FILL: EventKind.EXECUTE,
}
_BLOCK_ROWS = 1 << 16
_NOISE = 4
_LARGEST_HEADER = 1 << 16
_EARLIEST = 10**17
"""1973 in ns: smaller times are in another unit."""


class HftbacktestReader(TickReader):
    """Reads the array ``data`` of a file, else its only one, a block at a time."""

    name = "hftbacktest"
    price_unit = qty_unit = Decimal("1e-8")
    has_orders = True

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        named = is_zip(path) and "data.npy" in zip_members(path)
        self._stream = PackedFile(
            path, lambda name: name == "data.npy" if named else name.endswith(".npy")
        )
        try:
            self._dtype, self._rows = _header(self._stream)
        except DataError:
            self.close()
            raise
        self._level: str | None = options.level

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Whether it holds a NumPy array with hftbacktest's fields."""
        if head and path.is_file() and is_zip(path):
            return any(name.endswith(".npy") for name in zip_members(path))
        return head.startswith(b"\x93NUMPY") and b"exch_ts" in head[:1024]

    def blocks(self) -> Iterator[Block]:
        """Yield the events; a packet is never cut."""
        held, first, read = np.zeros(0, self._dtype), 1, 0
        size = self._dtype.itemsize
        while read < self._rows:
            raw = self._stream.read(min(_BLOCK_ROWS, self._rows - read) * size)
            if len(raw) % size or not raw:
                raise DataError(
                    f"is cut off after {read + len(raw) // size:,} of {self._rows:,} rows",
                    path=self.path,
                )
            read += len(raw) // size
            self.done = self._stream.done
            rows = np.concatenate([held, np.frombuffer(raw, self._dtype)])
            cut = len(rows) if read == self._rows else _last_packet(rows)
            rows, held = rows[:cut], rows[cut:]
            if len(rows):
                yield self._events(rows, first)
            first += len(rows)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _events(self, rows: np.ndarray, first: int) -> Block:
        line = np.arange(first, first + len(rows))
        ev = rows["ev"].astype(np.int64)
        kind = ev & 0xFF
        self._set_level(kind, line)
        known = np.isin(kind, list(_KINDS))
        if not known.all():
            self.counts["rows_of_other_kinds"] += int((~known).sum())
            rows, ev, kind, line = rows[known], ev[known], kind[known], line[known]
        self._refuse_times(rows, line)
        if self.level == "l3":
            self._refuse_doubled(ev, line)
        ends = _packet_ends(rows)
        keep = np.ones(len(rows), bool)
        if self.level == "l3":
            keep = self._merged(rows, kind, ends)
        packet = np.cumsum(np.concatenate(([0], ends[:-1])))
        packet = packet[keep]
        block = self._converted(rows[keep], ev[keep], kind[keep], line[keep])
        last = np.append(packet[1:] != packet[:-1], True) if len(packet) else np.zeros(0, bool)
        block["flags"] |= np.where(last, np.uint8(EventFlag.LAST), np.uint8(0))
        return block

    def _set_level(self, kind: np.ndarray, line: np.ndarray) -> None:
        orders = np.isin(kind, _BY_ORDER)
        depth = np.isin(kind, (_DEPTH, _SNAPSHOT, _BEST))
        if self._level is None:
            self._level = "l3" if orders.any() else "l2"
        self.level = self._level
        wrong = np.flatnonzero(depth if self.level == "l3" else orders)
        if len(wrong):
            raise DataError(
                f"an event of kind {int(kind[wrong[0]])} stands among {self.level.upper()} data: "
                f"one file holds one level",
                path=self.path,
                row=int(line[wrong[0]]),
                field="ev",
            )

    def _refuse_times(self, rows: np.ndarray, line: np.ndarray) -> None:
        for field in ("exch_ts", "local_ts"):
            wrong = np.flatnonzero(rows[field] < _EARLIEST)
            if len(wrong):
                raise DataError(
                    f"{int(rows[field][wrong[0]])} is no time in nanoseconds",
                    path=self.path,
                    row=int(line[wrong[0]]),
                    field=field,
                )

    def _refuse_doubled(self, ev: np.ndarray, line: np.ndarray) -> None:
        """Raise DataError for an order's event that stands twice: its place in the queue is open."""
        single = np.flatnonzero((ev & (_EXCHANGE | _LOCAL)) != (_EXCHANGE | _LOCAL))
        if len(single):
            raise DataError(
                "an event by order counts in one order of time alone: import the file from before "
                "its order was corrected, with --fix-order",
                path=self.path,
                row=int(line[single[0]]),
                field="ev",
            )

    def _converted(
        self, rows: np.ndarray, ev: np.ndarray, kind: np.ndarray, line: np.ndarray
    ) -> Block:
        buy, sell = (ev & _BUY) != 0, (ev & _SELL) != 0
        side = np.where(buy & ~sell, 1, np.where(sell & ~buy, -1, 0)).astype(np.int8)
        made = np.array([_KINDS.get(k, 0) for k in range(_FILL + 1)], np.uint8)[kind]
        whole = (kind == _CLEAR) & ((side == 0) | ~np.isfinite(rows["px"]) | (self.level == "l3"))
        made[whole] = EventKind.CLEAR
        flags = np.where(ev & _EXCHANGE, EventFlag.ON_EXCHANGE, 0)
        flags = flags | np.where(ev & _LOCAL, EventFlag.ON_LOCAL, 0)
        flags = flags | np.where(kind == _SNAPSHOT, EventFlag.SNAPSHOT, 0)
        clears = kind == _CLEAR
        block = {
            "ts_event": np.ascontiguousarray(rows["exch_ts"]),
            "ts_recv": np.ascontiguousarray(rows["local_ts"]),
            "price": self._fixed(np.where(whole, 0.0, rows["px"]), "px", line),
            "qty": self._fixed(np.where(clears, 0.0, rows["qty"]), "qty", line),
            "kind": made,
            "side": side,
            "flags": flags.astype(np.uint8),
            "row": line,
        }
        if self.level == "l3":
            trade = (kind == _TRADE) | clears
            block["order_id"] = np.where(trade, 0, rows["order_id"].astype(np.int64))
        return block

    def _fixed(self, values: np.ndarray, field: str, line: np.ndarray) -> np.ndarray:
        made, fits = fixed_point(values, noise=_NOISE)
        if not fits.all():
            at = int(np.flatnonzero(~fits)[0])
            raise DataError(
                f"{float(values[at])!r} has more than 8 decimals, or is no number that can be held",
                path=self.path,
                row=int(line[at]),
                field=field,
            )
        return made

    def _merged(self, rows: np.ndarray, kind: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return which rows stay when what repeats an execution is merged into it."""
        keep = np.ones(len(rows), bool)
        stops = np.flatnonzero(ends) + 1
        packets = np.unique(np.searchsorted(stops, np.flatnonzero(kind == _FILL), "right"))
        if not len(packets):
            return keep
        starts = np.concatenate(([0], stops[:-1]))
        kinds, ids = kind.tolist(), rows["order_id"].tolist()
        prices, qtys = rows["px"].tolist(), rows["qty"].tolist()
        for start, stop in zip(starts[packets].tolist(), stops[packets].tolist(), strict=True):
            packet = [(i, kinds[i], ids[i], prices[i], qtys[i]) for i in range(start, stop)]
            for row, name in _repeats(packet):
                keep[row] = False
                self.counts[name] += 1
        return keep


def _repeats(packet: list[tuple[int, int, int, float, float]]) -> Iterator[tuple[int, str]]:
    """Yield the rows of a packet that repeat its fills, and what they are called."""
    filled: dict[int, float] = {}
    traded: dict[float, float] = {}
    for _, kind, _, price, qty in packet:
        if kind == _FILL:
            traded[price] = traded.get(price, 0.0) + qty
    for row, kind, order_id, price, qty in packet:
        if kind == _FILL:
            filled[order_id] = price
        elif kind == _CANCEL and order_id in filled:
            yield row, "cancellations_merged_into_executions"
        elif kind == _MODIFY and filled.get(order_id) == price:
            yield row, "modifications_merged_into_executions"
        elif kind == _TRADE and traded.get(price, 0.0) > 0:
            traded[price] -= qty
            yield row, "trades_merged_into_executions"


def _packet_ends(rows: np.ndarray) -> np.ndarray:
    """Return which rows end a packet: the next has another time, or counts in other orders."""
    if not len(rows):
        return np.zeros(0, bool)
    order = rows["ev"] >> 30
    same = rows["exch_ts"][1:] == rows["exch_ts"][:-1]
    same &= rows["local_ts"][1:] == rows["local_ts"][:-1]
    same &= order[1:] == order[:-1]
    return np.append(~same, True)


def _last_packet(rows: np.ndarray) -> int:
    """Return where the last packet begins, which may go on in the next block."""
    ends = np.flatnonzero(_packet_ends(rows)[:-1])
    return int(ends[-1]) + 1 if len(ends) else 0


def _header(stream: PackedFile) -> tuple[np.dtype[Any], int]:
    """Return type and number of rows of the array that a stream begins with.

    The header is NumPy's (numpy.lib.format): magic, version, length, a dictionary as Python text.
    """
    start = stream.read(8)
    wide = start[6:7] > b"\x01"
    size = int.from_bytes(stream.read(4 if wide else 2), "little")
    if start[:6] != b"\x93NUMPY" or not 0 < size <= _LARGEST_HEADER:
        raise DataError("holds no NumPy array", path=stream.path)
    try:
        told = ast.literal_eval(stream.read(size).decode("latin1").strip())
        dtype = np.lib.format.descr_to_dtype(told["descr"])
        shape = tuple(int(n) for n in told["shape"])
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise DataError(f"holds no NumPy array ({error})", path=stream.path) from None
    missing = [f for f in _FIELDS if dtype.fields is None or f not in dtype.fields]
    if missing or len(shape) != 1 or shape[0] < 0 or dtype.hasobject:
        raise DataError(
            f"is no event array of hftbacktest 2: it lacks the field {(missing or ['ev'])[0]!r}; "
            f"convert older files with hftbacktest",
            path=stream.path,
        )
    for field, kind in zip(_FIELDS, ("u", "i", "i", "f", "f", "u"), strict=True):
        if dtype[field].kind != kind or dtype[field].itemsize != 8:
            raise DataError(f"its field {field!r} is of type {dtype[field]}", path=stream.path)
    return dtype, shape[0]
