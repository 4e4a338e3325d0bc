"""Databento MBO files (DBN versions 1 to 3, plain or zstd): every order of an instrument.

Read without Databento's library: a record of market by order has 56 bytes in every version (header,
order id, price in 1e-9, size, flags, action, side, ts_recv). Source: Databento's "DBN encoding" and
"MBO schema" documentation.

A trade (T) and a fill (F) change nothing there: cancellations or modifications of the filled orders
follow in the same event. Here an execution is all of them: what repeats it is merged, and counted.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, InstrumentError
from hftsim.core.events import EventFlag, EventKind
from hftsim.core.instrument import normalize_symbol
from hftsim.data.ticks.formats.dbn_header import DbnHeader, read_header
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader
from hftsim.data.ticks.packed import PackedFile

MBO_DTYPE = np.dtype(
    [
        *(("length", "u1"), ("rtype", "u1"), ("publisher_id", "<u2"), ("instrument_id", "<u4")),
        *(("ts_event", "<u8"), ("order_id", "<u8"), ("price", "<i8"), ("size", "<u4")),
        *(("flags", "u1"), ("channel_id", "u1"), ("action", "u1"), ("side", "u1")),
        *(("ts_recv", "<u8"), ("ts_in_delta", "<i4"), ("sequence", "<u4")),
    ]
)
_MBO, _NO_PRICE, _NO_SIZE, _LATEST = 0xA0, np.iinfo(np.int64).max, (1 << 32) - 1, 1 << 62
_LAST, _SNAPSHOT = 128, 32
_ADD, _CANCEL, _MODIFY, _CLEAR, _TRADE, _FILL, _NONE = (ord(c) for c in "ACMRTFN")
_PIECE_RECORDS = 1 << 16
_FUTURES = ("GLBX", "IFEU", "IFUS", "NDEX", "XEUR")
_SIDES = {ord("B"): 1, ord("A"): -1, ord("N"): 0}
_COLUMNS = ("ts_event", "ts_recv", "price", "qty", "order_id", "kind", "side", "flags", "row")

Record = tuple[int, ...]
"""ts_event, ts_recv, price, size, order_id, action, side, flags, number of the record."""


class DatabentoReader(TickReader):
    """Reads one instrument of a file: the only one, or the one that `symbol` names."""

    name = "databento"
    level = "l3"
    price_unit = Decimal("1e-9")
    qty_unit = Decimal(1)
    lot_size = Decimal(1)

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        self._stream = PackedFile(path)
        self._instrument: int | None = None
        self._open: dict[int, int] = {}
        self._prices: dict[int, int] = {}
        try:
            self._header: DbnHeader = read_header(self._stream)
            self._begin()
        except DataError:
            self.close()
            raise
        self.venue = self._header.dataset
        future = self._header.dataset.startswith(_FUTURES)
        self.kind = InstrumentKind.FUTURE if future else InstrumentKind.EQUITY

    def _begin(self) -> None:
        """Find which instrument to read."""
        wanted, named = self.options.symbol, self._header.instruments
        if wanted is not None and named:
            ids = [i for i, n in named.items() if _same(n, wanted)]
            if len(ids) != 1:
                known = ", ".join(sorted(set(named.values()))[:8])
                raise DataError(
                    f"holds no one instrument {wanted}; it holds {known}", path=self.path
                )
            self._instrument, self.symbol = ids[0], wanted
        elif len(named) == 1:
            self._instrument, self.symbol = next(iter(named.items()))

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003 - told by content
        """Whether it begins with the letters DBN and a version."""
        return head[:3] == b"DBN" and head[3:4] in (b"\x01", b"\x02", b"\x03")

    def blocks(self) -> Iterator[Block]:
        """Yield the events; a packet is never cut."""
        held: list[Record] = []
        for records, first in self._records():
            held += self._chosen(records, first)
            self.done = self._stream.done
            cut = next((i for i in range(len(held), 0, -1) if held[i - 1][7] & _LAST), 0)
            if cut:
                yield self._block(held[:cut])
                held = held[cut:]
        if held:
            self.counts["packets_without_an_end"] += 1
            yield self._block(held)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _records(self) -> Iterator[tuple[np.ndarray, int]]:
        """Yield MBO records and the number of the first; others are passed over and counted."""
        rest, number, size = b"", 1, MBO_DTYPE.itemsize
        while piece := self._stream.read(_PIECE_RECORDS * size):
            text = rest + piece
            whole = len(text) // size * size
            found = np.frombuffer(text[:whole], MBO_DTYPE)
            if (
                len(found)
                and (found["length"] * 4 == size).all()
                and (found["rtype"] == _MBO).all()
            ):
                yield found, number
                number, rest = number + len(found), text[whole:]
                continue
            kept, rest, count = self._walked(text, number)
            yield np.frombuffer(b"".join(kept), MBO_DTYPE), number
            number += count
        if rest:
            raise DataError("ends within a record: it is cut off", path=self.path, row=number)

    def _walked(self, text: bytes, number: int) -> tuple[list[bytes], bytes, int]:
        """Go from record to record, where they have different lengths."""
        kept, at, count, size = list[bytes](), 0, 0, MBO_DTYPE.itemsize
        while at < len(text):
            length = text[at] * 4
            if length < 16:
                raise DataError(
                    f"a record of {length} bytes cannot be: the file is damaged",
                    path=self.path,
                    row=number + count,
                )
            if at + length > len(text):
                break
            if text[at + 1] == _MBO and length >= size:
                kept.append(text[at : at + size])
            else:
                self.counts["records_of_other_kinds"] += 1
            at, count = at + length, count + 1
        return kept, text[at:], count

    def _chosen(self, records: np.ndarray, first: int) -> list[Record]:
        """Return the records of the instrument, as tuples of plain integers."""
        if self._instrument is None:
            ids = np.unique(records["instrument_id"])
            if len(ids) > 1:
                raise DataError(
                    f"holds {len(ids)} instruments or more: name one with --symbol", path=self.path
                )
            self._instrument = int(ids[0]) if len(ids) else None
        rows = np.flatnonzero(records["instrument_id"] == self._instrument)
        if not self._header.instruments and len(rows) < len(records):
            raise DataError("holds several instruments and names none", path=self.path)
        taken = records[rows]
        for field in ("ts_event", "ts_recv"):
            wild = np.flatnonzero(taken[field] > _LATEST)
            if len(wild):
                raise DataError(
                    "the time is missing",
                    path=self.path,
                    row=first + int(rows[wild[0]]),
                    field=field,
                )
        names = ("ts_event", "ts_recv", "price", "size", "order_id", "action", "side", "flags")
        return list(zip(*(taken[n].tolist() for n in names), (first + rows).tolist(), strict=True))

    def _block(self, records: list[Record]) -> Block:
        made: list[tuple[int, ...]] = []
        start = 0
        for at, record in enumerate(records, 1):
            if record[7] & _LAST or at == len(records):
                rows = list(self._packet(records[start:at]))
                made += [r if i < len(rows) else _ended(r) for i, r in enumerate(rows, 1)]
                start = at
        table = np.array(made, np.int64).reshape(-1, len(_COLUMNS))
        # What one event of the venue sent in two packets is two packets here.
        apart = np.flatnonzero(table[1:, 1] != table[:-1, 1])
        table[apart, _COLUMNS.index("flags")] |= int(EventFlag.LAST)
        types = {"kind": np.uint8, "side": np.int8, "flags": np.uint8}
        return {n: table[:, i].astype(types.get(n, np.int64)) for i, n in enumerate(_COLUMNS)}

    def _packet(self, records: list[Record]) -> Iterator[tuple[int, ...]]:
        """Yield the rows of one event of the venue."""
        filled: dict[int, int] = {}
        printed: dict[int, int] = {}
        for r in records:
            if r[5] == _FILL:
                printed[r[2]] = printed.get(r[2], 0) + r[3]
        for record in records:
            _, _, price, size, order_id, action, _, _, _ = record
            if action == _ADD:
                self._open[order_id], self._prices[order_id] = size, price
                yield self._row(record, EventKind.ADD, size)
            elif action == _FILL:
                filled[order_id] = filled.get(order_id, 0) + size
                self._reduce(order_id, size)
                yield self._row(record, EventKind.EXECUTE, size)
            elif action == _CANCEL:
                yield from self._cancelled(record, filled)
            elif action == _MODIFY:
                yield from self._modified(record, filled)
            elif action == _TRADE:
                yield from self._traded(record, printed)
            elif action == _CLEAR:
                self._open.clear()
                yield self._row(record, EventKind.CLEAR, 0)
            else:
                self.counts["records_without_an_action"] += 1

    def _traded(self, record: Record, printed: dict[int, int]) -> Iterator[tuple[int, ...]]:
        price, size = record[2:4]
        if printed.get(price, 0) >= size > 0:
            printed[price] -= size
            self.counts["trades_merged_into_executions"] += 1
        else:
            yield self._row(record, EventKind.TRADE, size)

    def _cancelled(self, record: Record, filled: dict[int, int]) -> Iterator[tuple[int, ...]]:
        size, order_id = record[3], record[4]
        repeated = min(size, filled.get(order_id, 0))
        if repeated:
            filled[order_id] -= repeated
            self.counts["cancellations_merged_into_executions"] += 1
        if size > repeated:
            left = self._open.get(order_id, 0)
            whole = size - repeated >= left
            yield self._row(
                record, EventKind.DELETE if whole else EventKind.REDUCE, size - repeated
            )
            self._reduce(order_id, size - repeated)

    def _modified(self, record: Record, filled: dict[int, int]) -> Iterator[tuple[int, ...]]:
        price, size, order_id = record[2:5]
        unchanged = self._open.get(order_id) == size and self._prices.get(order_id) == price
        if order_id in filled and unchanged:
            self.counts["modifications_merged_into_executions"] += 1
            return
        self._open[order_id], self._prices[order_id] = size, price
        yield self._row(record, EventKind.MODIFY, size)

    def _reduce(self, order_id: int, size: int) -> None:
        left = self._open.get(order_id, 0) - size
        if left > 0:
            self._open[order_id] = left
        else:
            self._open.pop(order_id, None)
            self._prices.pop(order_id, None)

    def _row(self, record: Record, kind: EventKind, qty: int) -> tuple[int, ...]:
        ts_event, ts_recv, price, _, order_id, _, side, flags, number = record
        if side not in _SIDES:
            raise self._refused(f"{chr(side)!r} is no side", number, "side")
        sideless = kind is EventKind.CLEAR
        if price == _NO_PRICE:
            if not sideless:
                raise self._refused("the price is missing", number, "price")
            price = 0
        if qty == _NO_SIZE:
            raise self._refused("the size is missing", number, "size")
        anonymous = sideless or kind is EventKind.TRADE
        if not 0 <= order_id <= _LATEST:
            raise self._refused(f"{order_id} is too large an order id", number, "order_id")
        kept = int(EventFlag.SNAPSHOT) if flags & _SNAPSHOT else 0
        signed = 0 if sideless else _SIDES[side]
        ids = 0 if anonymous else order_id
        return ts_event, ts_recv, price, qty, ids, int(kind), signed, kept, number

    def _refused(self, sentence: str, number: int, field: str) -> DataError:
        return DataError(
            f"{sentence}: the file is damaged", path=self.path, row=number, field=field
        )


def _ended(row: tuple[int, ...]) -> tuple[int, ...]:
    """Return a row that ends its packet."""
    return (*row[:7], row[7] | int(EventFlag.LAST), row[8])


def _same(name: str, wanted: str) -> bool:
    try:
        return normalize_symbol(name) == wanted
    except InstrumentError:
        return False
