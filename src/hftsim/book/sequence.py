"""How updates of a book by price follow each other, by the rules of the venues.

A venue sends changes, each with the numbers of the updates it holds; a snapshot comes by another
way and says up to which update it goes. `SequenceTracker` puts both together: it keeps updates
until a snapshot fits, leaves out what the snapshot holds already, and notices what was missed.
"""

import enum
from collections import Counter, deque
from typing import Any, NamedTuple

from hftsim.core.errors import UnknownNameError

BUFFER_LIMIT = 100_000
"""Updates that are kept while a snapshot is awaited; older ones are given up, and counted."""


class BookState(enum.StrEnum):
    """Whether a book can be trusted."""

    AWAITING_SNAPSHOT = "awaiting snapshot"
    """Updates come, but nothing says yet what they change."""
    IN_SYNC = "in sync"
    """Every update since the snapshot was applied."""
    OUT_OF_SYNC = "out of sync"
    """An update was missed or the checksum differs: what the book holds is unknown."""


class Outcome(enum.StrEnum):
    """What became of a snapshot or an update."""

    APPLIED = "applied"
    BUFFERED = "buffered"
    """Kept until a snapshot comes."""
    STALE = "stale"
    """The book holds it already: left out."""
    GAP = "gap"
    """Updates before it are missing: the book is unknown until the next snapshot."""
    SNAPSHOT_TOO_OLD = "snapshot too old"
    """It ends before the first update that was kept, or before what the book holds: fetch again."""
    CHECKSUM_DIFFERS = "checksum differs"


class UpdateIds(NamedTuple):
    """The numbers of an update: of its first and last change, and of the update before it.

    Binance calls them U, u and pu; OKX calls the last two seqId and prevSeqId.
    """

    first: int
    last: int
    previous: int = -1


class SequenceRule:
    """The rule of a venue without numbers: every update follows.

    Attributes
    ----------
    name : what `sequence_rule` finds it by.
    needs_snapshot : whether updates mean nothing before the first snapshot.
    has_own_snapshots : whether snapshots come in order with the updates, so that each counts.
    """

    name = "none"
    needs_snapshot = False
    has_own_snapshots = True

    def holds(self, ids: UpdateIds, last: int) -> bool:
        """Whether a book that goes up to `last` holds this update already."""
        del ids, last
        return False

    def starts(self, ids: UpdateIds, last: int) -> bool:
        """Whether this may be the first update after a snapshot that goes up to `last`."""
        del ids, last
        return True

    def follows(self, ids: UpdateIds, last: int) -> bool:
        """Whether this is the update after the one that ended at `last`."""
        del ids, last
        return True


class BinanceSpotRule(SequenceRule):
    """Binance spot: the first update holds `lastUpdateId` + 1, then U is the last u + 1.

    An update that overlaps what is known is applied: its quantities are absolute and newer.
    Source: Binance, Web Socket Streams, "How to manage a local order book correctly".
    """

    name = "binance-spot"
    needs_snapshot = True
    has_own_snapshots = False

    def holds(self, ids: UpdateIds, last: int) -> bool:
        """Whether u is not above the book's update number."""
        return ids.last <= last

    def starts(self, ids: UpdateIds, last: int) -> bool:
        """Whether U is at most one above `lastUpdateId`."""
        return ids.first <= last + 1

    follows = starts


class BinanceFuturesRule(BinanceSpotRule):
    """Binance futures, USD-M and COIN-M: each pu is the u before.

    Update numbers are shared by all instruments of the venue, so U is not the last u + 1. For the
    first update the venue asks for U <= lastUpdateId <= u; where the snapshot falls between two
    updates (pu <= lastUpdateId < U) none is missing either, and the chain is begun there.
    Source: Binance, Derivatives, "How to manage a local order book correctly".
    """

    name = "binance-futures"

    def starts(self, ids: UpdateIds, last: int) -> bool:
        """Whether the update before ended within the snapshot, or this one began there."""
        return ids.first <= last + 1 or 0 <= ids.previous <= last

    def follows(self, ids: UpdateIds, last: int) -> bool:
        """Whether pu is the u of the update before."""
        return ids.previous == last


class OkxRule(SequenceRule):
    """OKX: prevSeqId is the seqId before; a snapshot, with prevSeqId -1, comes on the same stream.

    After maintenance seqId may become smaller; an update without changes repeats it.
    Source: OKX, API guide, order book channel, sequence ids.
    """

    name = "okx"
    needs_snapshot = True

    def follows(self, ids: UpdateIds, last: int) -> bool:
        """Whether prevSeqId is the seqId of the message before."""
        return ids.previous == last

    starts = follows


class KrakenRule(SequenceRule):
    """Kraken: no numbers; a snapshot comes first on the same stream, a checksum proves the rest."""

    name = "kraken"
    needs_snapshot = True


_RULES = {
    rule.name: rule
    for rule in (SequenceRule, BinanceSpotRule, BinanceFuturesRule, OkxRule, KrakenRule)
}
RULES = tuple(_RULES)


def sequence_rule(name: str) -> SequenceRule:
    """Return the rule of this name; raises UnknownNameError."""
    if name not in _RULES:
        raise UnknownNameError("sequence rule", name, RULES)
    return _RULES[name]()


class Step(enum.IntEnum):
    """What to do to a book next."""

    SNAPSHOT = 0
    """Replace everything by the snapshot."""
    UPDATE = 1
    """Apply the update."""
    CLEAR = 2
    """Remove everything: an update was missed; the one that showed it is kept, not applied."""


class SequenceTracker:
    """Decides in which order snapshots and updates make a book, and which do not.

    What they hold is not looked at: `load` is given back with the step that concerns it.

    Parameters
    ----------
    rule : of the venue.
    buffer_limit : updates kept while a snapshot is awaited; 0 keeps none.

    Attributes
    ----------
    state : whether the book can be trusted.
    last : number of the last update that the book holds.
    counts : snapshots, snapshots_too_old, applied, stale, buffered, given_up, gaps.
    """

    def __init__(self, rule: SequenceRule, buffer_limit: int = BUFFER_LIMIT) -> None:
        self.rule, self.buffer_limit = rule, buffer_limit
        self.state = BookState.AWAITING_SNAPSHOT if rule.needs_snapshot else BookState.IN_SYNC
        self.last, self.counts = -1, Counter[str]()
        self._begins = True
        self._kept: deque[tuple[UpdateIds, Any]] = deque()

    @property
    def first_kept(self) -> int:
        """Number of the first update that awaits a snapshot; 2**62 where none does."""
        return self._kept[0][0].last if self._kept else 1 << 62

    def snapshot(self, last: int, load: Any = None) -> tuple[Outcome, list[tuple[Step, Any]]]:
        """Take a snapshot that goes up to update `last`; returns what became of it, and the steps.

        The steps hold the updates kept until now that come after it.
        """
        if self.rule.has_own_snapshots:
            self._kept.clear()
        else:
            if self.state is BookState.IN_SYNC and last < self.last:
                self.counts["snapshots_too_old"] += 1
                return Outcome.SNAPSHOT_TOO_OLD, []
            while self._kept and self.rule.holds(self._kept[0][0], last):
                self._kept.popleft()
                self.counts["stale"] += 1
            if self._kept and not self.rule.starts(self._kept[0][0], last):
                self.counts["snapshots_too_old"] += 1
                return Outcome.SNAPSHOT_TOO_OLD, []
        self.state, self.last, self._begins = BookState.IN_SYNC, last, True
        self.counts["snapshots"] += 1
        steps, kept, self._kept = [(Step.SNAPSHOT, load)], self._kept, deque()
        for ids, update in kept:
            steps += self.update(ids, update)[1]
        return Outcome.APPLIED, steps

    def update(self, ids: UpdateIds, load: Any = None) -> tuple[Outcome, list[tuple[Step, Any]]]:
        """Take an update; returns what became of it, and the steps that follow from it."""
        if self.state is not BookState.IN_SYNC:
            return self._keep(ids, load), []
        if self.rule.holds(ids, self.last):
            self.counts["stale"] += 1
            return Outcome.STALE, []
        fits = self.rule.starts if self._begins else self.rule.follows
        if not fits(ids, self.last):
            self.counts["gaps"] += 1
            self.lose()
            self._keep(ids, load)
            return Outcome.GAP, [(Step.CLEAR, load)]
        self.last, self._begins = ids.last, False
        self.counts["applied"] += 1
        return Outcome.APPLIED, [(Step.UPDATE, load)]

    def lose(self) -> None:
        """Note that what the book holds is unknown from here on."""
        self.state = BookState.OUT_OF_SYNC

    def give_up(self) -> None:
        """Give up what was kept: no snapshot comes any more."""
        self.counts["given_up"] += len(self._kept)
        self._kept.clear()

    def _keep(self, ids: UpdateIds, load: Any) -> Outcome:
        if self.rule.has_own_snapshots or self.buffer_limit == 0:
            self.counts["given_up"] += 1
            return Outcome.STALE
        self._kept.append((ids, load))
        self.counts["buffered"] += 1
        if len(self._kept) > self.buffer_limit:
            self._kept.popleft()
            self.counts["given_up"] += 1
        return Outcome.BUFFERED
