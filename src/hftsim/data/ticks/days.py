"""To which UTC day a row belongs."""

from collections.abc import Mapping

import numpy as np

from hftsim.core.events import EventFlag

DAY_NS = 86_400_000_000_000


def day_name(ts: int) -> str:
    """Return the UTC day of a time in ns, as ``2024-08-08``."""
    return str(np.datetime64(ts // DAY_NS, "D"))


def clock_of(columns: Mapping[str, np.ndarray], last: int | None = None) -> np.ndarray:
    """Return for each row the time that decides its day and its place: it never goes back.

    That is ts_event in the exchange's order; a row that counts in the receiver's order alone goes
    with the rows before it.

    Parameters
    ----------
    columns : rows in order.
    last : the value for the row before them, where there is one.
    """
    on_exchange = (columns["flags"] & np.uint8(EventFlag.ON_EXCHANGE)) != 0
    times = columns["ts_event"]
    if on_exchange.all():
        return times
    first = int(times[0]) if last is None and len(times) else last
    known = np.where(on_exchange, times, np.iinfo(np.int64).min)
    known = np.maximum.accumulate(known)
    return np.maximum(known, np.int64(first)) if first is not None else known
