"""Repairs of bars, each asked for by name and counted."""

import dataclasses

import numpy as np

from hftsim.core.errors import DataError
from hftsim.data.sessions import Gaps

MOST_FILLED = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repairs:
    """Which repairs a reader may make; all are off unless asked for.

    Parameters
    ----------
    sort : put rows in increasing order of time.
    drop_duplicates : drop rows that repeat another row in every value.
    keep_last : of rows with the same time and different values, keep the last in the file; drops
        exact repetitions too.
    fill_gaps : insert bars with the previous close and zero volume where bars are missing; session
        breaks stay. Refused where more than half of the result would be invented.
    drop_bad_rows : drop rows that cannot be read or cannot be true (text for a number, missing or
        infinite values, prices at or below zero, contradicting prices, wrong number of fields; of
        bars that overlap those off the grid of the interval).
    """

    sort: bool = False
    drop_duplicates: bool = False
    keep_last: bool = False
    fill_gaps: bool = False
    drop_bad_rows: bool = False

    def asked(self) -> list[str]:
        """Return the names of the repairs that are on."""
        return [f.name for f in dataclasses.fields(self) if getattr(self, f.name)]


NO_REPAIRS = Repairs()


@dataclasses.dataclass(frozen=True)
class Repetition:
    """Rows that repeat an earlier row's time, in times sorted stably.

    Parameters
    ----------
    exact : whether each row equals the row before it (same time, same values); shape (rows,).
    conflicting : whether each row has the time of the row before it, but other values.
    """

    exact: np.ndarray
    conflicting: np.ndarray


def find_repetitions(times: np.ndarray, values: dict[str, np.ndarray]) -> Repetition:
    """Compare neighbouring rows of sorted times."""
    same_time = np.diff(times, prepend=times[:1] - 1) == 0
    same = same_time.copy()
    rows = np.flatnonzero(same_time)
    for column in values.values():
        now, before = column[rows], column[rows - 1]
        same[rows] &= (now == before) | (np.isnan(now) & np.isnan(before))
    return Repetition(same, same_time & ~same)


def fill_gaps(
    times: np.ndarray, values: dict[str, np.ndarray], gaps: Gaps, interval_ns: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return times and values with the missing bars of all gaps.

    A filled bar has the previous close as its four prices and zero in every other column.
    Raises DataError where more than `MOST_FILLED` of the result would be invented.
    """
    share = gaps.total / (len(times) + gaps.total)
    if share > MOST_FILLED:
        raise DataError(
            f"{gaps.total:,} bars are missing, so that {share:.0%} of the result would be "
            f"invented; at most {MOST_FILLED:.0%} is filled: do without --fill-gaps"
        )
    copies = np.ones(len(times), np.int64)
    copies[gaps.rows] += gaps.missing
    source = np.repeat(np.arange(len(times)), copies)
    nth = np.arange(len(source)) - np.repeat(np.cumsum(copies) - copies, copies)
    invented = nth > 0
    filled = {}
    for name, column in values.items():
        kept = values["close"] if name in ("open", "high", "low") else column
        is_price = name in ("open", "high", "low", "close")
        filled[name] = np.where(invented, kept[source] if is_price else 0.0, column[source])
    return times[source] + nth * interval_ns, filled
