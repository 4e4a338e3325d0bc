"""Ticks: the events of one instrument, from files or from memory, a chunk at a time."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.events import EVENT_DTYPE, EventFlag
from hftsim.core.instrument import Instrument
from hftsim.data.ticks.days import DAY_NS, clock_of, day_name
from hftsim.data.ticks.funding import FundingRates, FundingRows
from hftsim.data.ticks.importing import require_level
from hftsim.data.ticks.metadata import (
    ContentHash,
    Summary,
    columns_of,
    instrument_as_json,
    series_hash,
)
from hftsim.data.ticks.validate import EVENT_BACK, RECV_BACK, Validator

Columns = Mapping[str, np.ndarray]
_NOTHING = np.zeros(0, np.int64)
_NO_FUNDING = FundingRates(_NOTHING, _NOTHING, np.zeros(0))


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Rows that follow each other.

    Parameters
    ----------
    columns : name to a read-only view; int64, but kind and flags uint8 and side int8. `order_id`
        stands in data by order (``l3``) alone.
    first_row : position of the first row in the series it was taken from.
    """

    columns: dict[str, np.ndarray]
    first_row: int
    _give_back: Callable[[Columns], None] | None = dataclasses.field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns["kind"])

    def release(self) -> None:
        """Give the memory back to the system; the views stay readable, from disk again."""
        if self._give_back is not None:
            self._give_back(self.columns)


def _nothing() -> None:
    """Do nothing."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """Rows as they lie in one place.

    Parameters
    ----------
    columns : name to a view.
    give_back : gives the memory of such views back, where there is a file behind them.
    verify : raises DataError where what lies there is not what was written.
    """

    columns: dict[str, np.ndarray]
    give_back: Callable[[Columns], None] | None = None
    verify: Callable[[], None] = _nothing


class Part(Protocol):
    """A stretch of rows in one place, that `Ticks` are made of."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    @property
    def path(self) -> Path | None:
        """The file they lie in, if they do."""
        ...

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows piece by piece."""
        ...

    def day_hashes(self) -> list[str]:
        """Return the content hash of every day in it."""
        ...


class ArrayPart:
    """Rows in memory."""

    path: Path | None = None

    def __init__(self, columns: dict[str, np.ndarray], level: str) -> None:
        self._columns, self._level = columns, level
        self.rows = len(columns["kind"])

    def pieces(self) -> Iterator[Piece]:
        """Yield all rows at once."""
        yield Piece(self._columns)

    def day_hashes(self) -> list[str]:
        """Return the content hash of every day in it."""
        days = clock_of(self._columns) // DAY_NS
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), self.rows]
        found = []
        for start, end in itertools.pairwise(cuts):
            digest = ContentHash(self._level)
            digest.add({k: v[start:end] for k, v in self._columns.items()})
            found.append(digest.hexdigest())
        return found


class Ticks:
    """Events of one instrument, in order; a view that reads when asked to.

    Attributes
    ----------
    instrument : what is traded, with the tick and lot that prices and quantities count.
    level : ``l1``, ``l2`` or ``l3``.
    rows : number of events; a row whose two orders of time differ counts twice.
    start, end : earliest and latest `ts_event`, ns UTC.
    metadata : what is known of the data; `days` holds each day's own.
    """

    def __init__(
        self,
        instrument: Instrument,
        level: str,
        parts: list[Part],
        metadata: dict[str, Any],
        funding: FundingRates = _NO_FUNDING,
    ) -> None:
        self.instrument, self.level = instrument, require_level(level)
        self.rows = sum(part.rows for part in parts) + len(funding.times)
        self.start, self.end = int(metadata["start"]), int(metadata["end"])
        self.metadata = metadata
        self._parts, self._funding = parts, funding

    def with_funding(self, rates: FundingRates) -> Self:
        """Return these events with FUNDING rows of the rates that fall between first and last."""
        used = rates.between(self.start, self.end)
        known = {**self.metadata, "funding_rates": len(used.times)}
        return type(self)(self.instrument, self.level, self._parts, known, used)

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the content: the same for any batching, any path, in memory or on disk.

        Whole days take it from their files, where `check` verifies it; of a day that is cut it is
        computed when first asked for.
        """
        days = [digest for part in self._parts for digest in part.day_hashes()]
        if len(self._funding.times):
            days.append(self._funding.sha256)
        return series_hash(self.level, days)

    def verified_hashes(self) -> Iterator[tuple[Path, str, str]]:
        """Yield for each whole day from a file: the file, its content's hash, the one it claims.

        Every byte is read; memory is given back as it goes.
        """
        for part in self._parts:
            hashes = part.day_hashes()
            if part.path is None or len(hashes) != 1:
                continue
            digest = ContentHash(self.level)
            for piece in part.pieces():
                digest.add(piece.columns)
                if piece.give_back is not None:
                    piece.give_back(piece.columns)
            yield part.path, digest.hexdigest(), hashes[0]

    @functools.cached_property
    def recv_start(self) -> int:
        """Earliest `ts_recv` of the rows that count in the receiver's order, ns UTC."""
        return self._first_received(iter(self._pieces()), 0)

    @functools.cached_property
    def recv_end(self) -> int:
        """Latest `ts_recv` of the rows that count in the receiver's order, ns UTC."""
        return self._first_received(reversed(list(self._pieces())), -1)

    def _pieces(self) -> Iterator[Piece]:
        for part in self._parts:
            yield from part.pieces()

    def _first_received(self, pieces: Iterator[Piece], which: int) -> int:
        for piece in pieces:
            piece.verify()
            rows = np.flatnonzero(piece.columns["flags"] & EventFlag.ON_LOCAL)
            if len(rows):
                return int(piece.columns["ts_recv"][rows[which]])
        raise DataError("no row counts in the receiver's order of time", path=self._parts[0].path)

    def chunks(self, rows: int | None = None, *, checked: bool = True) -> Iterator[Chunk]:
        """Yield the events in order, at most `rows` at a time; default: as they lie in the files.

        A chunk may end within a packet. Every row is checked before it is given out: that it is
        what was written, by the checksum of its batch, and that a book may see it.

        Raises
        ------
        DataError
            The file is damaged, or holds a row that no book may see: unknown kind, side or flag,
            a negative quantity, a time that goes back.
        """
        if rows is not None and rows < 1:
            raise DataError(f"a chunk of {rows} rows cannot be: chunks have at least one row")
        validator, first_row = Validator(self.level), 0
        funding = FundingRows(self._funding, self.instrument.tick_size)
        for part in self._parts:
            for piece in part.pieces():
                columns = piece.columns
                if checked:
                    piece.verify()
                    self._refuse(validator, columns, first_row, part.path)
                given = funding.among(columns)
                length = len(given["kind"])
                for start in range(0, length, rows or max(length, 1)):
                    stop = min(start + (rows or length), length)
                    cut = {name: values[start:stop] for name, values in given.items()}
                    yield Chunk(cut, first_row + start, piece.give_back)
                first_row += length

    def _refuse(
        self, validator: Validator, columns: Columns, first_row: int, path: Path | None
    ) -> None:
        flaw = validator.first_flaw(columns)
        if flaw is not None:
            advice = "the data are damaged or wrongly made"
            if flaw.reason in (EVENT_BACK, RECV_BACK) and flaw.row == 0 and first_row:
                advice = "days that overlap in time must be imported together, with --fix-order"
            raise DataError(
                f"{flaw.sentence}: {advice}",
                path=path,
                row=first_row + flaw.row,
                field=flaw.field,
            )

    @classmethod
    def from_columns(
        cls,
        instrument: Instrument,
        columns: Columns,
        *,
        level: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return ticks of arrays in memory, which are not copied where their types fit.

        Parameters
        ----------
        instrument : what is traded.
        columns : ts_event, ts_recv, price, qty, kind, side, flags and, by order, order_id; all of
            one length. Without `priority`, rows by order are completed as an import does it. A
            missing `ts_recv` is `ts_event`; where `flags` have neither ON_EXCHANGE nor ON_LOCAL
            anywhere, both are set.
        level : default: ``l3`` where there is an `order_id`, else ``l2``.
        metadata : more to say; wins over what is found here.

        Raises DataError where a column is missing or has another length.
        """
        level = require_level(level or ("l3" if "order_id" in columns else "l2"))
        made = _as_columns(columns, level)
        part = ArrayPart(made, level)
        summary = Summary()
        summary.add(made)
        known = {
            "instrument": instrument_as_json(instrument),
            "level": level,
            "source": {"format": "memory", "files": []},
            "corrections": {},
            "has_receive_times": "ts_recv" in columns,
            **summary.to_dict(),
            "days": [],
            **(metadata or {}),
        }
        return cls(instrument, level, [part], known)

    def __repr__(self) -> str:
        span = f"{day_name(self.start)} to {day_name(self.end)}" if self.rows else "empty"
        return f"<Ticks {self.instrument.symbol} {self.level}: {self.rows:,} rows, {span}>"


def _as_columns(columns: Columns, level: str) -> dict[str, np.ndarray]:
    given = dict(columns)
    given.setdefault("ts_recv", given.get("ts_event", np.zeros(0, np.int64)))
    is_complete = level != "l3" or "priority" in given
    made: dict[str, np.ndarray] = {}
    for name in columns_of(level):
        if name not in given and (name != "priority" or is_complete):
            raise DataError("the column is missing", field=name)
        if name in given:
            made[name] = _as_column(name, given[name])
    lengths = {len(values) for values in made.values()}
    if len(lengths) != 1:
        raise DataError(f"the columns have different lengths: {sorted(lengths)}")
    either = np.uint8(EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL)
    if not (made["flags"] & either).any():
        made["flags"] = made["flags"] | either
    return made if is_complete else _by_order(made)


def _as_column(name: str, given: np.ndarray) -> np.ndarray:
    values = np.asarray(given)
    cast = np.ascontiguousarray(values, dtype=EVENT_DTYPE[name])
    if cast.ndim != 1 or (cast is not values and not np.array_equal(cast, values)):
        raise DataError(f"its values do not fit into {EVENT_DTYPE[name]}", field=name)
    return cast


def _by_order(made: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return rows by order that stand alone."""
    from hftsim.data.ticks.by_order import OrderRows, RepeatedOrder

    try:
        done = OrderRows().completed(made)
    except RepeatedOrder as wrong:
        raise DataError(str(wrong), row=wrong.row, field="order_id") from None
    return {name: _as_column(name, done[name]) for name in columns_of("l3")}
