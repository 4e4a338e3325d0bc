"""Gaps and session breaks: which missing bars are missing, and which were never traded."""

import dataclasses

import numpy as np

from hftsim.data.intervals import DAY_NS, HOUR_NS, MINUTE_NS
from hftsim.data.zones import local_times

_LONGEST_CLOSURE_NS = 5 * DAY_NS
_ROUND_THE_CLOCK_HOURS = 20
_HALF_HOUR = 30 * MINUTE_NS


@dataclasses.dataclass(frozen=True)
class Gaps:
    """Missing bars in increasing times.

    Parameters
    ----------
    rows : positions of the rows before a gap.
    missing : bars missing after each of them.
    breaks : positions of the rows before a session break.
    """

    rows: np.ndarray
    missing: np.ndarray
    breaks: np.ndarray

    @property
    def count(self) -> int:
        """How many gaps there are."""
        return len(self.rows)

    @property
    def total(self) -> int:
        """How many bars are missing in all gaps."""
        return int(self.missing.sum())


def find_gaps(
    times: np.ndarray, interval_ns: int, *, continuous: bool, zone: str | None = None
) -> Gaps:
    """Return the gaps of strictly increasing times (UTC nanoseconds, or local where no zone).

    Where trading is not `continuous`, a step is a session break, not a gap, if

    - bars are shorter than a day and the step leads to another local day (for an instrument that
      trades around the clock: if it spans a Saturday or recurs at the same local time), or
    - the same hours are missing on at least half of the days (a lunch break, a daily halt), or
    - bars are a day or longer and the step is at most five days (weekend and holidays).
    """
    steps = np.diff(times)
    rows = np.flatnonzero(steps > interval_ns)
    missing = (steps[rows] - 1) // max(interval_ns, 1)
    if continuous or not len(rows):
        return Gaps(rows, missing, rows[:0])
    if interval_ns >= DAY_NS:
        closed = steps[rows] <= max(_LONGEST_CLOSURE_NS, interval_ns + DAY_NS)
    else:
        local = local_times(times, zone) if zone else times
        closed = _closed(local, rows)
    return Gaps(rows[~closed], missing[~closed], rows[closed])


def _closed(local: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whether the market was closed between each of `rows` and the next row."""
    before, after = local[rows], local[rows + 1]
    first_day, last_day = before // DAY_NS, after // DAY_NS
    pairs = np.stack([before % DAY_NS, after % DAY_NS], axis=1)
    _, kind, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    days = len(np.unique(local // DAY_NS))
    recurs = counts[kind.reshape(-1)] >= max(3, days / 2)
    hours = len(np.unique(local % DAY_NS // HOUR_NS))
    if hours < _ROUND_THE_CLOCK_HOURS:
        return np.asarray(recurs | (last_day > first_day))
    # 1970-01-01 was a Thursday: day 2 of that count, and every seventh after it, is a Saturday.
    saturday = (last_day + 5) // 7 > (first_day + 5) // 7
    return np.asarray(recurs | saturday)


def look_like_closes(local: np.ndarray, interval_ns: int) -> bool:
    """Whether increasing local times of session bars look like the bars' ends.

    They do where most days begin one interval after a half hour and end on a half hour, as
    09:31 to 16:00 does; or begin at 09:30 plus one interval and end at 16:00.
    """
    if not len(local) or not 0 < interval_ns < DAY_NS:
        return False
    days, first = np.unique(local // DAY_NS, return_index=True)
    last = np.append(first[1:], len(local)) - 1
    opens, closes = local[first] % DAY_NS, local[last] % DAY_NS
    us_hours = (opens == 9 * HOUR_NS + _HALF_HOUR + interval_ns) & (closes == 16 * HOUR_NS)
    ends = us_hours
    if interval_ns < _HALF_HOUR:
        ends = ends | ((opens % _HALF_HOUR == interval_ns) & (closes % _HALF_HOUR == 0))
    full = closes - opens >= HOUR_NS
    return bool(full.any() and 2 * (ends & full).sum() >= full.sum() > 0 and len(days) > 0)


def end_marks(times: np.ndarray, interval_ns: int) -> int:
    """Return what is missing to a full interval where every time ends in ``...59.999``, else 0.

    Binance stamps the end of a bar one millisecond (or microsecond) before the next bar.
    """
    for short in (1, 1_000, 1_000_000, 1_000_000_000):
        if short < interval_ns and len(times) and not ((times + short) % interval_ns).any():
            return short
    return 0
