"""The memory of one instrument's feed: two books, messages on their way, the rows at hand."""

import math
from typing import TYPE_CHECKING

import numpy as np

from hftsim.book.depth.memory import DepthMemory
from hftsim.core.durations import duration_ns
from hftsim.data.ticks import Ticks
from hftsim.native.layout import TRADE, address_of, fill_record
from hftsim.sim.ticks.chunks import FeedChunks
from hftsim.sim.ticks.load import RecentRows

if TYPE_CHECKING:
    from hftsim.sim.ticks.market import ReplaySettings

_RING = 1 << 17
_PRINTS = 1 << 12
_LEVELS = {"l1": 1, "l2": 2, "l3": 3}


class FeedMemory:
    """Lays out one FEED record and keeps alive what it points at.

    Parameters
    ----------
    feeds, index : the FEED records, and which one is this feed's.
    ticks : the recorded events.
    settings : how the replay trades.
    open_capacity : how many own orders may be open.
    """

    def __init__(
        self,
        feeds: np.ndarray,
        index: int,
        ticks: Ticks,
        settings: "ReplaySettings",
        open_capacity: int,
    ) -> None:
        from hftsim.book.depth._kernels import DEPTH
        from hftsim.sim.ticks.records._kernels import CHUNK, REQUEST, RESPONSE

        self._feeds, self._index = feeds, index
        self._depths = np.zeros((2, 1), DEPTH)
        self._books = [DepthMemory(self._depths[0]), DepthMemory(self._depths[1])]
        self._rings = {
            "request": np.zeros(_RING, REQUEST),
            "response": np.zeros(_RING, RESPONSE),
            "print": np.zeros(_PRINTS, TRADE),
        }
        self._chunk_records = np.zeros(2, CHUNK)
        self._keep: list[np.ndarray] = []
        self._lay_settings(ticks, settings)
        self._lay_own(open_capacity)
        self._lay_taken(settings.liquidity_half_life)
        latencies = self._lay_latency(settings)
        self._lay_rings()
        rows, reach = ticks.chunks(settings.chunk_rows), settings.latency.reach_ns
        note = None if reach is None else RecentRows(latencies, reach).add
        self._chunks = FeedChunks(rows, self._chunk_records, feeds, index, note)

    def refill(self) -> None:
        """Bring the next rows to where they are needed."""
        self._chunks.refill()

    def grow(self, free: int) -> None:
        """Make room for `free` messages each way, and wherever else it has run out."""
        feed = self._feeds[self._index]
        for name in ("request", "response"):
            head, tail = int(feed[f"{name}_head"]), int(feed[f"{name}_tail"])
            if len(self._rings[name]) - (tail - head) < free:
                self._grow_ring(name, head, tail)
        if feed["print_tail"] >= len(self._rings["print"]):
            old = self._rings["print"]
            self._rings["print"] = np.concatenate([old, np.zeros_like(old)])
        self._lay_rings()
        for book in self._books:
            if book.is_full:
                book.grow()

    def _grow_ring(self, name: str, head: int, tail: int) -> None:
        old = self._rings[name]
        new = np.zeros(2 * len(old), old.dtype)
        waiting = np.arange(head, tail)
        new[waiting % len(new)] = old[waiting % len(old)]
        self._rings[name] = new

    def _lay(self, **values: object) -> None:
        fill_record(self._feeds, values, self._index)

    def _lay_settings(self, ticks: Ticks, settings: "ReplaySettings") -> None:
        self._lay(
            index=self._index,
            level=_LEVELS[ticks.level],
            chunk_at=address_of(self._chunk_records[:1]),
            local_chunk_at=address_of(self._chunk_records[1:]),
            book_at=address_of(self._depths[0]),
            local_book_at=address_of(self._depths[1]),
            feed_latency=settings.latency.feed_ns,
            queue_model=settings.queue.number,
            queue_power=settings.queue.n,
            partial_fills=settings.partial_fills,
            trade_through=settings.trade_through,
            trigger_by_best=not has_trades(ticks),
        )

    def _lay_own(self, capacity: int) -> None:
        from hftsim.sim.ticks.own._kernels import BEST_KEY
        from hftsim.sim.ticks.records._kernels import NEVER, NO_KEY, OWN_WORDS

        own, counts = np.zeros((3, capacity), np.int64), np.zeros(OWN_WORDS, np.int64)
        counts[BEST_KEY : BEST_KEY + 2] = NO_KEY
        self._keep += [own, counts]
        self._lay(
            own_at=address_of(own),
            own_counts_at=address_of(counts),
            own_capacity=capacity,
            next_request=NEVER,
            next_markout=NEVER,
            next_trigger=NEVER,
            day_end=NEVER,
            rise=NEVER,
            fall=-NEVER,
        )

    def _lay_taken(self, half_life: str | None) -> None:
        from hftsim.sim.ticks.records._kernels import TAKEN, TAKEN_ROOM

        if half_life is not None:
            taken = np.zeros((2, TAKEN_ROOM), TAKEN)
            self._keep.append(taken)
            decay = math.log(2.0) / duration_ns(half_life)
            self._lay(taken_at=address_of(taken), taken_decay=decay)

    def _lay_latency(self, settings: "ReplaySettings") -> np.ndarray:
        from hftsim.sim.ticks.records._kernels import LATENCY

        latencies, seed = np.zeros(2, LATENCY), settings.seed + 2 * self._index
        made = (settings.latency.requests(seed), settings.latency.reports(seed + 1))
        for row, (values, arrays) in enumerate(made):
            fill_record(latencies, values, row)
            self._keep += arrays
        self._keep.append(latencies)
        self._lay(
            latency_at=address_of(latencies[:1]),
            responses_latency_at=address_of(latencies[1:]),
        )
        return latencies

    def _lay_rings(self) -> None:
        for name, ring in self._rings.items():
            self._lay(**{f"{name}s_at": address_of(ring), f"{name}_capacity": len(ring)})


def has_trades(ticks: Ticks) -> bool:
    """Whether the data have public trades, as their metadata count them; unknown: yes."""
    counts = ticks.metadata.get("counts", {"TRADE": 1})
    return bool(counts.get("TRADE", 0) + counts.get("EXECUTE", 0))
