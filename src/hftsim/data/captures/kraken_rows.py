"""Messages of one Kraken pair as event rows."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hftsim.book.decimals import DecimalGrids
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.captures.binance_messages import NO_TIME, time_before
from hftsim.data.captures.kraken_book import KrakenBook, KrakenPair, kraken_messages
from hftsim.data.captures.kraken_messages import KrakenKind, KrakenMessage, KrakenParser
from hftsim.data.captures.recordings import Record, Recording
from hftsim.data.captures.rows import BLOCK_ROWS, RowBuilder

if TYPE_CHECKING:
    from hftsim.data.ticks.importing import Block


class KrakenRows:
    """Turns messages of one pair into blocks of event rows.

    The book is kept beside, for two reasons: levels that lie beyond the subscribed depth are never
    removed by a message, so rows that remove them are added; and where the checksum differs, a
    CLEAR row says that the book is unknown until the next snapshot.

    Parameters
    ----------
    path : for messages of errors.
    pair : what the recording holds of it.
    counts : is added to.
    depth : whether to make rows of the book, or of quotes and trades alone.
    """

    def __init__(self, path: Path, pair: KrakenPair, counts: Counter[str], *, depth: bool) -> None:
        self._path, self._pair, self._counts, self._depth = path, pair, counts, depth
        self._builder = RowBuilder(path, DecimalGrids(pair.units))
        self._known_time = NO_TIME
        self._book = KrakenBook(path, pair)
        self._connection = ""

    def blocks(self, recording: Recording) -> Iterator["Block"]:
        """Yield blocks of rows from a run through the recording."""
        for record, messages in kraken_messages(recording, KrakenParser()):
            mine = [m for m in messages if m.pair == self._pair.pair]
            for message in mine:
                self._take(message, record, last=message is mine[-1])
            if self._builder.rows >= BLOCK_ROWS:
                yield self._builder.block()
        if self._builder.rows:
            yield self._builder.block()

    def _take(self, message: KrakenMessage, record: Record, *, last: bool) -> None:
        self._known_time = max(self._known_time, message.ts_event)
        if message.ts_event == NO_TIME:
            self._counts["messages_without_exchange_time"] += 1
        of, known = self._pair, message.ts_event or self._known_time
        when = known or time_before(of.first_time, of.first_recv, record.ts_recv)
        times = (when, record.ts_recv)
        flags = EventFlag.LAST if last else 0
        texts, row = message.texts, record.row
        if message.kind is KrakenKind.TRADE:
            self._builder.add(EventKind.TRADE, texts, times, row, side=message.side, flags=flags)
        elif message.kind is KrakenKind.QUOTE:
            self._builder.add(EventKind.QUOTE, texts, times, row, bids=1, flags=flags)
        elif self._depth:
            self._levels(message, times, record)
        else:
            self._counts["depth_messages_left_out"] += 1

    def _levels(self, message: KrakenMessage, times: tuple[int, int], record: Record) -> None:
        if message.kind is KrakenKind.SNAPSHOT:
            self._connection = record.connection
            self._counts["snapshots"] += 1
        elif record.connection != self._connection and self._book.known:
            self._counts["updates_of_another_connection"] += 1
            return
        elif not self._book.known:
            self._counts["updates_without_snapshot"] += 1
            return
        _, dropped = self._book.apply(message, record.row)
        differs = message.checksum is not None and message.checksum != self._book.checksum()
        if message.kind is KrakenKind.SNAPSHOT:
            self._builder.snapshot(message.texts, message.bids, times, record.row)
        else:
            self._update(message, dropped, times, record.row)
        if differs:
            self._counts["checksums_that_differ"] += 1
            self._book.known = False
            self._builder.clear(times, record.row)

    def _update(
        self,
        message: KrakenMessage,
        dropped: list[tuple[int, int]],
        times: tuple[int, int],
        row: int,
    ) -> None:
        """Add an update's levels, and those that it pushed beyond the depth."""
        if dropped:
            self._counts["levels_beyond_depth"] += len(dropped)
        unit = self._pair.units[0]
        gone = [(side, (f"{price * unit:f}", "0")) for side, price in dropped]
        cut = 2 * message.bids
        bids = message.texts[:cut] + [t for side, level in gone if side == 1 for t in level]
        asks = message.texts[cut:] + [t for side, level in gone if side == -1 for t in level]
        self._builder.levels(bids + asks, len(bids) >> 1, times, row)
