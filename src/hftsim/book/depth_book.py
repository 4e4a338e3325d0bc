"""A venue's book by price, kept from its snapshots and updates, and proven as it goes."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from hftsim.book.checksums import (
    KRAKEN_LEVELS,
    OKX_LEVELS,
    LastDecimals,
    kraken_checksum,
    okx_checksum,
)
from hftsim.book.decimals import DecimalGrids, MisfitError
from hftsim.book.levels import PriceLevels, Top
from hftsim.book.queries import NOWHERE, BookQueries
from hftsim.book.sequence import (
    BUFFER_LIMIT,
    BookState,
    Outcome,
    SequenceTracker,
    Step,
    UpdateIds,
    sequence_rule,
)
from hftsim.core.errors import InstrumentError
from hftsim.core.instrument import Instrument, Number

Levels = Iterable[Sequence[Number]]
"""(price, quantity) pairs as numbers or as the text the venue sent; more fields are left out."""

_NEXT = {
    BookState.AWAITING_SNAPSHOT: (
        "fetch a snapshot and give it to apply_snapshot; updates are kept until then"
    ),
    BookState.IN_SYNC: "give every update to apply_diff",
    BookState.OUT_OF_SYNC: (
        "fetch a new snapshot, or subscribe again where the venue sends it, and give it to "
        "apply_snapshot"
    ),
}


class _Load(NamedTuple):
    pairs: np.ndarray
    bids: int
    texts: list[str]
    checksum: int | None


class DepthBook(BookQueries):
    """How much rests at each price of one instrument on one venue.

    Snapshots and updates may come in any order that a venue sends them in: the rule of the venue
    decides what is kept, applied or left out. After a missed update, or where the venue's checksum
    differs, the book is emptied: what it held is not known to be true any more.

    Parameters
    ----------
    instrument : with the venue's tick and lot.
    rule : ``binance-spot``, ``binance-futures``, ``kraken``, ``okx``, or ``none``: every update is
        applied in the order given.
    depth : levels that the venue keeps on each side: the rest is cut after every message, as
        Kraken asks for. 0: all.
    price_decimals, qty_decimals : digits behind the point in Kraken's spelling, for its checksum;
        default: those of tick and lot.
    buffer_limit : updates that are kept while a snapshot is awaited.

    Attributes
    ----------
    counts : what became of messages: snapshots, applied, stale, buffered, gaps, crossed, ...
    """

    def __init__(
        self,
        instrument: Instrument,
        *,
        rule: str = "none",
        depth: int = 0,
        price_decimals: int | None = None,
        qty_decimals: int | None = None,
        buffer_limit: int = BUFFER_LIMIT,
    ) -> None:
        self.instrument, self.rule = instrument, rule
        self._tracker = SequenceTracker(sequence_rule(rule), buffer_limit)
        self.counts = self._tracker.counts
        self._depth, self._book = depth, PriceLevels()
        tick, lot = instrument.tick_size, instrument.lot_size
        self._grids = DecimalGrids((tick, lot))
        self._decimals = (
            LastDecimals(tick, lot, price_decimals, qty_decimals) if rule == "kraken" else None
        )
        self._spelled: dict[tuple[int, int], tuple[str, str]] = {}

    @property
    def state(self) -> BookState:
        """Whether the book can be trusted."""
        return self._tracker.state

    @property
    def next_step(self) -> str:
        """What to do in this state, in words."""
        return _NEXT[self.state]

    @property
    def last_id(self) -> int:
        """Number of the last update that the book holds; -1 where there is none."""
        return self._tracker.last

    @property
    def is_crossed(self) -> bool:
        """Whether any bid is at or above any ask."""
        return bool(self._book.top().crossed)

    def apply_snapshot(
        self, bids: Levels, asks: Levels, *, last_id: int = -1, checksum: int | None = None
    ) -> Outcome:
        """Take a snapshot, and after it the updates that were kept for it.

        Parameters
        ----------
        bids, asks : all levels.
        last_id : number of the last update it holds (Binance lastUpdateId, OKX seqId).
        checksum : the venue's, where it sends one.

        Raises
        ------
        InstrumentError
            A price or quantity is none, or off the grid; nothing has changed then.
        """
        load = self._load(bids, asks, checksum)
        outcome, steps = self._tracker.snapshot(last_id, load)
        return self._run(outcome, steps)

    def apply_diff(
        self,
        bids: Levels,
        asks: Levels,
        *,
        first_id: int = -1,
        last_id: int = -1,
        previous_id: int = -1,
        checksum: int | None = None,
    ) -> Outcome:
        """Take an update: absolute quantities of the levels that changed, 0 for those that went.

        Parameters
        ----------
        bids, asks : the levels, in the order the venue sent them.
        first_id, last_id, previous_id : of the update: Binance U, u and pu; OKX (last two) seqId and
            prevSeqId.
        checksum : the venue's, of the book after the update.

        Raises
        ------
        InstrumentError
            A price or quantity is none, or off the grid; nothing has changed then.
        """
        load = self._load(bids, asks, checksum)
        ids = UpdateIds(first_id, last_id, previous_id)
        outcome, steps = self._tracker.update(ids, load)
        return self._run(outcome, steps)

    def levels(self, side: int, most: int) -> list[tuple[int, int]]:
        """Return up to `most` (ticks, lots) of a side (1 bid, -1 ask), best first."""
        return self._book.best(side, most)

    def top(self) -> Top:
        """Return the best of both sides in ticks and lots."""
        return self._book.top()

    def clear(self) -> None:
        """Remove every level; the state stays."""
        self._book.clear()
        self._spelled.clear()

    def checksum(self) -> int:
        """Return the venue's checksum of the book as it stands.

        Raises InstrumentError where the venue has none.
        """
        if self._decimals is not None:
            asks, bids = (self.levels(side, KRAKEN_LEVELS) for side in (-1, 1))
            return kraken_checksum(self._decimals.levels(asks), self._decimals.levels(bids))
        if self.rule == "okx":
            return okx_checksum(self._spelling(1), self._spelling(-1))
        raise InstrumentError(f"rule {self.rule} has no checksum; kraken and okx have one")

    def _best(self, side: int) -> tuple[float, float]:
        top = self._book.top()
        if top.crossed:
            return super()._best(side)
        price, qty = top[:2] if side == 1 else top[2:4]
        if not qty:
            return NOWHERE, 0.0
        return self.instrument.price(price), self.instrument.qty(qty)

    def _spelling(self, side: int) -> list[tuple[str, str]]:
        return [self._spelled[side, price] for price, _ in self.levels(side, OKX_LEVELS)]

    def _load(self, bids: Levels, asks: Levels, checksum: int | None) -> _Load:
        rows = [(str(level[0]), str(level[1])) for level in bids]
        count = len(rows)
        rows += [(str(level[0]), str(level[1])) for level in asks]
        texts = [text for row in rows for text in row]
        try:
            pairs = self._grids.steps(texts)
        except MisfitError as error:
            convert = self.instrument.to_lots if error.index & 1 else self.instrument.to_ticks
            convert(texts[error.index])  # says the same in the instrument's words, where it can
            raise InstrumentError(f"{self.instrument.symbol}: {error}") from None
        if len(pairs) and pairs[:, 1].min() < 0:
            raise InstrumentError(f"{self.instrument.symbol}: a level has a negative quantity")
        return _Load(pairs, count, texts, checksum)

    def _run(self, outcome: Outcome, steps: list[tuple[Step, Any]]) -> Outcome:
        for step, load in steps:
            if step is not Step.UPDATE:
                self.clear()
            if step is Step.CLEAR:
                return Outcome.GAP
            self._book.apply(load.pairs, load.bids)
            dropped = self._book.keep_best(self._depth) if self._depth else []
            if self.rule == "okx":
                self._spell(load, dropped)
            self.counts["crossed"] += self._book.top().crossed
            if load.checksum is not None and load.checksum != self.checksum():
                self.clear()
                self._tracker.lose()
                self.counts["checksums_that_differ"] += 1
                return Outcome.CHECKSUM_DIFFERS
        return outcome

    def _spell(self, load: _Load, dropped: Iterable[tuple[int, int]]) -> None:
        """Keep the venue's spelling of the levels, which its checksum is made of."""
        for row, (price, qty) in enumerate(load.pairs.tolist()):
            side = 1 if row < load.bids else -1
            if qty:
                self._spelled[side, price] = (load.texts[2 * row], load.texts[2 * row + 1])
            else:
                self._spelled.pop((side, price), None)
        for key in dropped:
            self._spelled.pop(key, None)
