"""Messages of one Binance instrument as event rows, its book put together by the venue's rule."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hftsim.book.decimals import DecimalGrids
from hftsim.book.sequence import BookState, SequenceTracker, Step, sequence_rule
from hftsim.core.errors import DataError
from hftsim.core.events import EventKind
from hftsim.data.captures.binance_messages import (
    NO_TIME,
    Message,
    MessageKind,
    time_before,
)
from hftsim.data.captures.rows import BLOCK_ROWS, RowBuilder
from hftsim.data.captures.survey import Surveyed

if TYPE_CHECKING:
    from hftsim.data.ticks.importing import Block


def binance_tracker(of: Surveyed) -> SequenceTracker:
    """Return a tracker with the rule of the instrument's market."""
    return SequenceTracker(sequence_rule("binance-futures" if of.chained else "binance-spot"))


def book_steps(
    tracker: SequenceTracker, message: Message, of: Surveyed
) -> list[tuple[Step, Message]]:
    """Return what an update or a snapshot means for the book.

    Nothing is kept for a snapshot that does not come.
    """
    if message.kind is MessageKind.SNAPSHOT:
        return tracker.snapshot(message.ids.last, message)[1]
    if tracker.state is not BookState.IN_SYNC:
        came = tracker.counts["snapshots"] + tracker.counts["snapshots_too_old"]
        if came >= len(of.snapshots):
            tracker.buffer_limit = 0
    return tracker.update(message.ids, message)[1]


class BinanceRows:
    """Turns messages of one instrument into blocks of event rows.

    The book is known from the first snapshot on that fits to the updates. Updates that came before
    it and are not in it follow it, with its receive time: earlier they were of no use. After a gap
    a CLEAR row says that nothing is known, until the next snapshot.

    Parameters
    ----------
    path : for messages of errors.
    of : what the survey found of the instrument.
    depth : whether to make rows of the book, or of quotes and trades alone.
    counts : is added to.
    """

    def __init__(self, path: Path, of: Surveyed, counts: Counter[str], *, depth: bool) -> None:
        self._path, self._of, self._counts, self._depth = path, of, counts, depth
        self._builder = RowBuilder(path, DecimalGrids(of.units))
        self._tracker = binance_tracker(of)
        self._known_time = NO_TIME
        self._trades = (
            MessageKind.TRADE if of.kinds[MessageKind.TRADE] else MessageKind.AGGREGATE_TRADE
        )

    def blocks(self, messages: Iterable[Message]) -> Iterator["Block"]:
        """Yield blocks of rows; raises DataError if the book was never known."""
        for message in messages:
            self._take(message)
            if self._builder.rows >= BLOCK_ROWS:
                yield self._builder.block()
        if self._builder.rows:
            yield self._builder.block()
        self._close()

    def _take(self, message: Message) -> None:
        if message.ts_event > self._known_time:
            self._known_time = message.ts_event
        if message.kind is MessageKind.UPDATE or message.kind is MessageKind.SNAPSHOT:
            self._book(message)
        elif message.kind is MessageKind.QUOTE:
            if message.ts_event == NO_TIME:
                self._counts["quotes_without_exchange_time"] += 1
            times = (self._time(message), message.ts_recv)
            self._builder.add(EventKind.QUOTE, message.texts, times, message.row, bids=1)
        elif message.kind is not self._trades:
            self._counts["aggregate_trades_beside_trades"] += 1
        elif message.texts[1].strip("0.") == "":
            self._counts["trades_of_no_quantity"] += 1
        else:
            times = (message.ts_event, message.ts_recv)
            self._builder.add(EventKind.TRADE, message.texts, times, message.row, side=message.side)

    def _time(self, message: Message) -> int:
        """Return the exchange time of a message, or the latest one known when it came."""
        of = self._of
        known = message.ts_event or self._known_time
        return known or time_before(of.first_time, of.first_recv, message.ts_recv)

    def _book(self, message: Message) -> None:
        if not self._depth:
            self._counts["depth_messages_left_out"] += 1
            return
        steps = book_steps(self._tracker, message, self._of)
        snapshot_time = self._time(message)
        if message.kind is MessageKind.SNAPSHOT and len(steps) > 1 and not message.ts_event:
            snapshot_time = steps[1][1].ts_event
        for step, each in steps:
            if step is Step.SNAPSHOT:
                times = (snapshot_time, message.ts_recv)
                self._builder.snapshot(each.texts, each.bids, times, each.row)
                continue
            if each is not message:
                self._counts["updates_before_their_snapshot"] += 1
            times = (each.ts_event, max(each.ts_recv, message.ts_recv))
            if step is Step.CLEAR:
                self._builder.clear(times, each.row)
            elif each.texts:
                self._builder.levels(each.texts, each.bids, times, each.row)
            else:
                self._counts["updates_without_levels"] += 1

    def _close(self) -> None:
        self._tracker.give_up()
        found, told = self._tracker.counts, self._counts
        for name, word in (
            ("stale", "updates_known_from_snapshots"),
            ("gaps", "gaps"),
            ("given_up", "updates_without_snapshot"),
            ("snapshots", "snapshots"),
            ("snapshots_too_old", "snapshots_too_old"),
        ):
            if found[name]:
                told[word] += found[name]
        if self._depth and not found["applied"] and (found["gaps"] or not found["snapshots"]):
            of = self._of
            ends = ", ".join(str(last) for _, last in of.snapshots[:3])
            raise DataError(
                f"no snapshot of {of.symbol} fits to its updates: they begin at {of.first_id}, and "
                f"the snapshots end at {ends}; record a snapshot after the stream has begun, or "
                f"import quotes and trades alone with --level l1",
                path=self._path,
            )
