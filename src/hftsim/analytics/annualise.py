"""How many bars a year has, read from the bars' own clock."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hftsim.analytics.undefined import IntArray
from hftsim.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

HOUR_NS = 3_600 * 1_000_000_000
DAY_NS = 24 * HOUR_NS
CALENDAR_DAYS = 365.0
SESSION_DAYS = 252.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BarClock:
    """What one bar is to a year.

    Parameters
    ----------
    periods_per_year : bars a year.
    days_per_year : 365 where the market never closes, 252 where it has sessions.
    interval_ns : the commonest step between two bars.
    continuous : whether the market was taken to trade day and night, weekends included.
    assumption : the same in one sentence.
    """

    periods_per_year: float
    days_per_year: float
    interval_ns: int
    continuous: bool
    assumption: str


def periods_per_year(index: "pd.Index", *, continuous: bool | None = None) -> float:
    """Return how many bars a year has; see `bar_clock` for the rules and the errors."""
    return bar_clock(index, continuous=continuous).periods_per_year


def bar_clock(index: "pd.Index", *, continuous: bool | None = None) -> BarClock:
    """Read the bars' clock.

    A market that never closes has 365 x 24 h / interval bars a year (less the share of bars that
    are missing, where that is above 1 %). A market with sessions has 252 x the bars of a usual
    session day. A step of four weeks or more counts in months: 12, 4 or 1 a year.

    A market is taken to have sessions where Saturdays are (nearly) empty; where the bars span no
    Saturday, where breaks of more than three hours take 15 % of the time. Bars that show no break
    at all are taken to come from a market that never closes: say ``continuous=False`` for, for
    example, the bars of a single session.

    Parameters
    ----------
    index : DatetimeIndex of bar CLOSE times, strictly increasing; without a zone it is UTC.
    continuous : whether the market never closes; None reads it from the bars.

    Raises
    ------
    DataError
        No DatetimeIndex, fewer than two bars, or times that do not increase.
    """
    times = times_of(index)
    if times is None:
        raise DataError(
            "the index holds no times, so a year's bars cannot be counted: give periods_per_year"
        )
    if len(times) < 2:
        raise DataError("one bar has no interval: at least two are needed")
    return clock_of(times, continuous=continuous)


def times_of(index: "pd.Index") -> IntArray | None:
    """Return times as int64 nanoseconds UTC, None for an index of something else.

    Raises DataError (with the row) where times do not increase.
    """
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex):
        return None
    times = np.asarray(index.as_unit("ns").asi8, dtype=np.int64)
    steps = np.diff(times)
    if len(steps) and steps.min() <= 0:
        row = int(np.argmax(steps <= 0)) + 1
        raise DataError("times must increase from row to row", row=row, field="time")
    return times


def clock_of(times: IntArray, *, continuous: bool | None = None) -> BarClock:
    """Return the clock of bar close times (int64 nanoseconds UTC, shape (n,), n >= 2)."""
    steps = np.diff(times)
    interval = _commonest(steps)
    if interval >= 28 * DAY_NS:
        return _months(interval)
    starts = times - interval
    days, counts = _bars_per_day(starts)
    if continuous is None:
        continuous = interval > DAY_NS or _never_closes(starts, steps, interval, days, counts)
    if continuous:
        return _calendar(times, interval)
    filled = np.sort(counts[counts > 0])
    per_day = int(filled[len(filled) // 2])
    return BarClock(
        periods_per_year=SESSION_DAYS * per_day,
        days_per_year=SESSION_DAYS,
        interval_ns=interval,
        continuous=False,
        assumption=f"a market with sessions: {SESSION_DAYS:g} days a year, {per_day} bars of "
        f"{_spoken(interval)} a day",
    )


def _commonest(steps: IntArray) -> int:
    """Return the commonest step; the median is tried first because sorting a million is slow."""
    middle = int(np.partition(steps, len(steps) // 2)[len(steps) // 2])
    if 2 * np.count_nonzero(steps == middle) > len(steps):
        return middle
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def _bars_per_day(starts: IntArray) -> tuple[IntArray, IntArray]:
    days = np.arange(starts[0] // DAY_NS, starts[-1] // DAY_NS + 1)
    edges = np.append(days, days[-1] + 1) * DAY_NS
    return days, np.diff(np.searchsorted(starts, edges))


def _never_closes(
    starts: IntArray, steps: IntArray, interval: int, days: IntArray, counts: IntArray
) -> bool:
    first, last = int(starts[0]), int(starts[-1]) + interval
    # 1970-01-01, day 0, was a Thursday, so Saturdays are the days 2, 9, 16, ...
    saturdays = days % 7 == 2
    covered = np.minimum((days + 1) * DAY_NS, last) - np.maximum(days * DAY_NS, first)
    saturday_ns = int(covered[saturdays].sum())
    if saturday_ns >= DAY_NS // 2:
        expected = len(starts) * saturday_ns / (last - first)
        return bool(counts[saturdays].sum() >= 0.25 * expected)
    breaks = steps[steps > max(3 * HOUR_NS, 3 * interval // 2)]
    return bool(breaks.sum() <= 0.15 * (last - first))


def _calendar(times: IntArray, interval: int) -> BarClock:
    per_year = CALENDAR_DAYS * DAY_NS / interval
    note = ""
    missing = 1.0 - (len(times) - 1) * interval / int(times[-1] - times[0])
    if missing > 0.01:
        per_year *= 1.0 - missing
        note = f", less the {missing:.1%} of the bars that are missing"
    return BarClock(
        periods_per_year=per_year,
        days_per_year=CALENDAR_DAYS,
        interval_ns=interval,
        continuous=True,
        assumption=f"a market that never closes: {CALENDAR_DAYS:g} days of 24 h a year, a bar "
        f"every {_spoken(interval)}{note}",
    )


def _months(interval: int) -> BarClock:
    months = max(1, round(interval / DAY_NS / (CALENDAR_DAYS / 12)))
    return BarClock(
        periods_per_year=12.0 / months,
        days_per_year=CALENDAR_DAYS,
        interval_ns=interval,
        continuous=True,
        assumption=f"12 months a year, a bar every {months} of them",
    )


def _spoken(interval: int) -> str:
    for unit, length in (("d", DAY_NS), ("h", HOUR_NS), ("min", HOUR_NS // 60)):
        if interval % length == 0:
            return f"{interval // length} {unit}"
    return f"{interval / 1e9:g} s"
