"""The rows at hand: both clocks of a feed walk the same chunks, one behind the other.

Mostly the machine's is behind; rows that count at the venue alone it passes before their time.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import Chunk
from hftsim.native.layout import address_of, fill_record

VENUE, MACHINE = 0, 1
_WINDOWS = (1 << 10, 1 << 62)
"""Where a chunk's last trade is looked for: mostly it is among the last rows."""


class FeedChunks:
    """Hands the chunks of one feed to its two cursors and gives back what both have passed.

    Parameters
    ----------
    chunks : the rows in order.
    records : two CHUNK records, of the venue's cursor and of the machine's.
    feeds, index : the FEED records, and which one is this feed's.
    note : called with each chunk that the venue's cursor gets.
    """

    def __init__(
        self,
        chunks: Iterator[Chunk],
        records: np.ndarray,
        feeds: np.ndarray,
        index: int,
        note: Callable[[Chunk], None] | None = None,
    ) -> None:
        self._note = note
        self._chunks, self._records = chunks, records
        self._feeds, self._index = feeds, index
        self._waiting: tuple[deque[Chunk], deque[Chunk]] = (deque(), deque())
        self._held: dict[int, Chunk] = {}
        self._following = next(chunks, None)
        for cursor in (VENUE, MACHINE):
            self._install(cursor, self._next(cursor))

    def refill(self) -> None:
        """Give each cursor that has come to an end the next rows, where there are any."""
        feed = self._feeds[self._index]
        if feed["more"] and feed["row"] >= self._records["rows"][VENUE]:
            self._note_last_print()
            self._move_on(VENUE)
        if feed["local_more"] and feed["local_row"] >= self._records["rows"][MACHINE]:
            self._move_on(MACHINE)

    def _move_on(self, cursor: int) -> None:
        """Give a cursor its next chunk, and the one before back once both have passed it."""
        done = self._held[cursor]
        self._install(cursor, self._next(cursor))
        if self._held[1 - cursor].first_row > done.first_row:
            done.release()

    def _note_last_print(self) -> None:
        """Keep the venue's last trade of the rows that it has passed: stops that arrive look at it."""
        feed, columns = self._feeds[self._index], self._held[VENUE].columns
        known, rows = int(feed["print_row"]), len(columns["kind"])
        feed["print_row"] = 0
        for window in () if feed["trigger_by_best"] else _WINDOWS:
            first = max(known, rows - window)
            kinds, flags = columns["kind"][first:], columns["flags"][first:]
            prints = (kinds == EventKind.TRADE) | (kinds == EventKind.EXECUTE)
            found = np.flatnonzero(prints & (flags & EventFlag.ON_EXCHANGE != 0))
            if len(found):
                feed["last_print"], feed["printed"] = columns["price"][first + found[-1]], True
                return

    def _next(self, cursor: int) -> Chunk | None:
        if self._waiting[cursor]:
            return self._waiting[cursor].popleft()
        found = self._following
        if found is not None:
            self._following = next(self._chunks, None)
            self._waiting[1 - cursor].append(found)
        return found

    def _install(self, cursor: int, chunk: Chunk | None) -> None:
        columns: dict[str, Any] = {} if chunk is None else chunk.columns
        if chunk is not None:
            self._held[cursor] = chunk
            if cursor == VENUE and self._note is not None:
                self._note(chunk)
        at = {f"{name}_at": address_of(c) for name, c in columns.items() if name != "order_id"}
        fill_record(self._records, {"rows": 0 if chunk is None else chunk.rows, **at}, cursor)
        more = self._following is not None or bool(self._waiting[cursor])
        if cursor == VENUE:
            changes = {"row": 0, "more": more}
        else:
            changes = {"local_row": 0, "trade_row": 0, "local_more": more}
        fill_record(self._feeds, changes, self._index)
