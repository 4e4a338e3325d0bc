"""Tables of ticks as they are passed around: CSV, Parquet or Feather, with any headers.

Three shapes are read: updates of price levels (time, side, price, quantity, and maybe a type that
tells trades and snapshots from levels), trades (time, price, quantity, side or is_buyer_maker), and
snapshots of the best levels in columns (bid_price_1, bid_qty_1, ask_price_1, ...). Of snapshots
what changed from one row to the next is kept; a level that left the columns counts as gone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, InputError
from hftsim.core.events import EventFlag, EventKind
from hftsim.core.instrument import normalize_symbol
from hftsim.data.numbers import NumberStyle, decode_numbers
from hftsim.data.sources import Source
from hftsim.data.symbols import guess_symbol, is_crypto, same_symbol
from hftsim.data.tables import RawBlock, TextTable, open_table
from hftsim.data.ticks.formats.csv_columns import SNAPSHOTS, TRADES, choose_columns
from hftsim.data.ticks.formats.csv_snapshots import SnapshotChanges
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader, fixed_point
from hftsim.data.times import decode_times
from hftsim.data.zones import UTC, LocalClock, refuse_local, require_zone

_DIGITS, _NOISE = 8, 4
_TRADE_WORDS = ("trade", "trades", "t", "fill", "match", "execution", "last")
_DELETE_WORDS = ("delete", "remove", "deleted", "removed")
_SNAPSHOT_WORDS = ("snapshot", "snap", "partial", "image")
_CLEAR_WORDS = ("clear", "reset")
_LEVEL_WORDS = (
    *(
        "depth",
        "level",
        "l2",
        "book",
        "update",
        "l2update",
        "change",
        "set",
        "add",
        "new",
        "insert",
    ),
    *("modify", "quote", "order", "d", *_DELETE_WORDS, *_SNAPSHOT_WORDS),
)
_BIDS = ("bid", "b", "buy", "1", "+1", "bids", "buyer")
_ASKS = ("ask", "a", "sell", "s", "-1", "asks", "offer", "seller")
_TRUE = ("true", "1", "t", "yes")


class CsvReader(TickReader):
    """Reads one table of ticks, a block at a time."""

    name = "csv"

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        self._source = Source(path)
        try:
            self._table = open_table(self._source, frozenset(options.flags))
            width = self._table.dialect.width if isinstance(self._table, TextTable) else 0
            self._columns = choose_columns(self._table.names, width, options.columns)
        except InputError as error:
            self._source.close()
            raise _named(error, path) from None
        dialect = self._table.dialect if isinstance(self._table, TextTable) else None
        self._style = dialect.numbers if dialect else NumberStyle()
        self._day_first = dialect.day_first if dialect else True
        self.has_receive_times = "recv_time" in self._columns.where
        named = options.symbol or guess_symbol(path)
        crypto = is_crypto(named, venue=options.venue)
        self.kind = InstrumentKind.SPOT if crypto else InstrumentKind.EQUITY
        zone = options.timezone or (UTC if crypto else None)
        self._zone = require_zone(zone) if zone else None
        self._clocks: dict[str, LocalClock] = {}
        levels = len(self._columns.levels)
        is_l1 = self._columns.shape == TRADES or levels == 1
        self.level = "l1" if is_l1 else "l2"
        self._changes = SnapshotChanges(levels, self.level)
        self._was_snapshot = False
        self._means_levels: bool | None = None

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Whether the name is that of a table, and it does not begin as JSON does."""
        suffixes = [s.lower() for s in path.suffixes[-2:]]
        tables = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".feather")
        return any(s in tables for s in suffixes) and head.lstrip()[:1] not in (b"{", b"[")

    def blocks(self) -> Iterator[Block]:
        """Yield the events; rows of one time are one packet."""
        held: Block | None = None
        for raw in self._table.blocks(self._columns.positions):
            self.done = self._table.done
            block = self._block(raw)
            if block is None or not len(block["kind"]):
                continue
            if held is not None:
                yield _with_last(held, int(block["ts_event"][0]), int(block["ts_recv"][0]))
            held = block
        if held is not None:
            yield _with_last(held, None, None)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _block(self, raw: RawBlock) -> Block | None:
        if raw.misfits:
            line, sentence = raw.misfits[0]
            raise DataError(sentence, path=self.path, row=line)
        if not len(raw.lines):
            return None
        self._check_symbol(raw)
        times = self._times(raw, "time")
        received = self._times(raw, "recv_time") if self.has_receive_times else times
        if self._columns.shape == SNAPSHOTS:
            return self._snapshots(raw, times, received)
        return self._rows(raw, times, received)

    def _rows(self, raw: RawBlock, times: np.ndarray, received: np.ndarray) -> Block:
        price, qty = self._fixed(raw, "price"), self._fixed(raw, "qty")
        types = self._words(raw, "type")
        side = self._sides(raw)
        trades, snapshot = self._kinds(raw, types)
        kind = np.where(trades, EventKind.TRADE, EventKind.DEPTH).astype(np.uint8)
        if types is not None:
            clears = np.isin(types, _CLEAR_WORDS)
            kind[clears] = EventKind.CLEAR
            qty = np.where(np.isin(types, _DELETE_WORDS) | clears, 0, qty)
            price = np.where(clears, 0, price)
            side = np.where(clears, 0, side)
        self._refuse((kind == EventKind.DEPTH) & (side == 0), raw, "side", "a level needs a side")
        flags = np.where(snapshot, EventFlag.SNAPSHOT, 0).astype(np.uint8)
        block = {
            "ts_event": times,
            "ts_recv": received,
            "price": price,
            "qty": qty,
            "kind": kind,
            "side": side.astype(np.int8),
            "flags": flags,
            "row": raw.lines.astype(np.int64),
        }
        return self._with_clears(block, snapshot)

    def _kinds(self, raw: RawBlock, types: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows are trades, and which are parts of snapshots."""
        rows = len(raw.lines)
        marked = self._words(raw, "is_snapshot")
        snapshot = np.isin(marked, _TRUE) if marked is not None else np.zeros(rows, bool)
        if types is not None:
            known = np.isin(types, (*_TRADE_WORDS, *_LEVEL_WORDS, *_CLEAR_WORDS))
            self._refuse(~known, raw, "type", "is no type of event", types)
            return np.isin(types, _TRADE_WORDS), snapshot | np.isin(types, _SNAPSHOT_WORDS)
        if self._columns.shape == TRADES:
            return np.ones(rows, bool), snapshot
        if self._means_levels is None:
            self._means_levels = self._guess_levels(raw)
        return np.full(rows, not self._means_levels), snapshot

    def _guess_levels(self, raw: RawBlock) -> bool:
        """Whether rows with a side and no type are levels: bids and asks, not buys and sells."""
        if "is_snapshot" in self._columns.where:
            return True
        words = self._words(raw, "side")
        assert words is not None
        levels = bool(np.isin(words, ("bid", "ask", "a", "bids", "asks", "offer")).any())
        trades = bool(np.isin(words, ("buy", "sell", "s", "buyer", "seller")).any())
        if levels == trades:
            raise DataError(
                "are these levels of the book or trades? Name a column that tells: --columns "
                "type=NAME",
                path=self.path,
                field="side",
            )
        if trades:
            self.level = "l1"
        return levels

    def _with_clears(self, block: Block, snapshot: np.ndarray) -> Block:
        """Clear the book before every run of snapshot rows."""
        before = np.concatenate(([self._was_snapshot], snapshot[:-1]))
        starts = np.flatnonzero(snapshot & ~before)
        self._was_snapshot = bool(snapshot[-1])
        if not len(starts):
            return block
        made = {name: np.insert(values, starts, values[starts]) for name, values in block.items()}
        at = starts + np.arange(len(starts))
        made["kind"][at] = EventKind.CLEAR
        for name in ("price", "qty", "side"):
            made[name][at] = 0
        return made

    def _snapshots(self, raw: RawBlock, times: np.ndarray, received: np.ndarray) -> Block:
        columns = [
            self._fixed_at(raw, at, missing=True) for level in self._columns.levels for at in level
        ]
        table = np.stack(columns, axis=1)
        block, unchanged = self._changes.changes(table, raw.lines, times, received)
        if unchanged:
            self.counts["rows_without_change"] += unchanged
        return block

    def _sides(self, raw: RawBlock) -> np.ndarray:
        """Return 1 for bids and buyers, -1 for asks and sellers, 0 where nothing tells."""
        maker = self._words(raw, "is_buyer_maker")
        if maker is not None:
            known = np.isin(maker, (*_TRUE, "false", "0", "f", "no"))
            self._refuse(~known, raw, "is_buyer_maker", "is neither true nor false", maker)
            return np.where(np.isin(maker, _TRUE), -1, 1)
        words = self._words(raw, "side")
        if words is None:
            return np.zeros(len(raw.lines), np.int64)
        bids, asks = np.isin(words, _BIDS), np.isin(words, _ASKS)
        unsaid = np.isin(words, ("", "none", "unknown", "n", "0"))
        self._refuse(~(bids | asks | unsaid), raw, "side", "is no side", words)
        return np.where(bids, 1, np.where(asks, -1, 0))

    def _words(self, raw: RawBlock, field: str) -> np.ndarray | None:
        if field not in self._columns.where:
            return None
        import polars as pl

        column = pl.Series("", raw.columns[self._columns.where[field]]).cast(pl.String)
        text = column.fill_null("").str.strip_chars().str.to_lowercase()
        return np.asarray(text.to_numpy(), dtype=str)

    def _fixed(self, raw: RawBlock, field: str) -> np.ndarray:
        return self._fixed_at(raw, self._columns.where[field], field)

    def _fixed_at(
        self, raw: RawBlock, at: int, field: str | None = None, *, missing: bool = False
    ) -> np.ndarray:
        names = self._table.names
        field = field or (names[at] if names else str(at + 1))
        values, empty, text = decode_numbers(raw.columns[at], self._style)
        cells = raw.columns[at]
        self._refuse(text, raw, field, "is not a number", cells)
        if not missing:
            self._refuse(empty, raw, field, "the value is missing")
        # Text was read to the nearest float; numbers in Parquet may be sums and products.
        noise = 0 if isinstance(self._table, TextTable) else _NOISE
        made, fits = fixed_point(np.where(empty, 0.0, values), _DIGITS, noise=noise)
        self._refuse(~fits, raw, field, f"has more than {_DIGITS} decimals or is too large", cells)
        self._refuse(
            made < 0 if "qty" in field else np.zeros(len(made), bool),
            raw,
            field,
            "is negative",
            cells,
        )
        return made

    def _times(self, raw: RawBlock, field: str) -> np.ndarray:
        column = raw.columns[self._columns.where[field]]
        found = decode_times(column, day_first=self._day_first is not False)
        self._refuse(found.bad, raw, field, "is no time that can be read", column)
        if self._day_first is None:
            other = decode_times(column, day_first=False)
            self._refuse(
                found.ns != other.ns,
                raw,
                field,
                "may begin with the day or the month: say which with --format csv:day-first or "
                "--format csv:month-first",
                column,
            )
        absolute = found.aware
        if absolute.all():
            return found.ns
        self._refuse(absolute, raw, field, "is an absolute time, others are local", column)
        if self._zone is None:
            raise DataError(
                "its times are local times of an unknown zone: add --timezone", path=self.path
            )
        clock = self._clocks.setdefault(field, LocalClock(self._zone, repeats=True))
        utc, gone, twice = clock.to_utc(found.ns)
        for rows, exists in ((gone, False), (twice, True)):
            if len(rows):
                at = min(int(rows[0]), len(found.ns) - 1)
                refuse_local(
                    self.path, int(raw.lines[at]), int(found.ns[at]), self._zone, exists=exists
                )
        return utc

    def _check_symbol(self, raw: RawBlock) -> None:
        at = self._columns.where.get("symbol")
        if at is None:
            return
        for name in (str(v) for v in raw.columns[at].unique().to_pylist() if v):
            known = self.symbol or self.options.symbol
            if known is not None and not same_symbol(name, known):
                raise DataError(f"holds {name} beside {known}", path=self.path, field="symbol")
            self.symbol = normalize_symbol(name)

    def _refuse(
        self, mask: np.ndarray, raw: RawBlock, field: str, sentence: str, cells: Any = None
    ) -> None:
        if not mask.any():
            return
        at = int(np.flatnonzero(mask)[0])
        words = sentence
        if cells is not None:
            cell: Any = cells[at]
            shown = cell.as_py() if hasattr(cell, "as_py") else cell
            words = f"{str(shown)[:40]!r} {sentence}"
        raise DataError(words, path=self.path, row=int(raw.lines[at]), field=field)


def _with_last(block: Block, next_event: int | None, next_recv: int | None) -> Block:
    """Mark the last row of each packet; trades are packets of their own."""
    events, received = block["ts_event"], block["ts_recv"]
    after = int(events[-1]) + 1 if next_event is None else next_event
    events = np.append(events, after)
    received = np.append(received, int(received[-1]) if next_recv is None else next_recv)
    last = (events[1:] != events[:-1]) | (received[1:] != received[:-1])
    last |= block["kind"] == EventKind.TRADE
    flags = block["flags"] | np.where(last, np.uint8(EventFlag.LAST), np.uint8(0))
    return {**block, "flags": flags.astype(np.uint8)}


def _named(error: InputError, path: Path) -> InputError:
    """Return the error with the file's name, where it lacks it."""
    if isinstance(error, DataError) and error.path is None:
        return DataError(str(error), path=path)
    return error
