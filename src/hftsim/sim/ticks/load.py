"""What latency by load counts: the times of recorded rows at the venue, as far back as it may look."""

import numpy as np

from hftsim.core.events import EventFlag
from hftsim.data.ticks import Chunk
from hftsim.native.layout import address_of, fill_record


class RecentRows:
    """Keeps the times of the rows at hand, and of those before that a window still reaches.

    Parameters
    ----------
    latencies : the LATENCY records that count them.
    reach : how far before the last row of a chunk that is done a message may still be sent, and
        the window before that, ns.
    """

    def __init__(self, latencies: np.ndarray, reach: int) -> None:
        self._latencies, self._reach = latencies, reach
        self._times = np.zeros(0, np.int64)

    def add(self, chunk: Chunk) -> None:
        """Take the next chunk's rows in, and forget those that no window reaches any more."""
        at_venue = chunk.columns["flags"] & np.uint8(EventFlag.ON_EXCHANGE) != 0
        kept = self._times
        if len(kept):
            kept = kept[np.searchsorted(kept, kept[-1] - self._reach) :]
        self._times = np.concatenate([kept, chunk.columns["ts_event"][at_venue]])
        at = {"times_at": address_of(self._times), "rows": len(self._times)}
        for row in range(len(self._latencies)):
            fill_record(self._latencies, at, row)
