"""Epochs of any unit and compact dates in integers, told apart by their size."""

import dataclasses

import numpy as np

SECOND = 1_000_000_000
EPOCH_UNITS = {
    "seconds": SECOND,
    "milliseconds": 1_000_000,
    "microseconds": 1_000,
    "nanoseconds": 1,
}
EARLIEST, LATEST = 315_532_800, 4_102_444_800
"""Epochs lie in 1980-2099, so that their size tells their unit, whatever came before."""

COMPACT_UNITS = {8: "YYYYMMDD", 12: "YYYYMMDDhhmm", 14: "YYYYMMDDhhmmss"}


@dataclasses.dataclass
class TimeColumn:
    """A decoded column: nanoseconds, whether each row is absolute, which rows are unreadable.

    `ns` counts from 1970-01-01 UTC where `aware`, else from 1970-01-01 local time. `units` counts
    rows by how their time was written.
    """

    ns: np.ndarray
    aware: np.ndarray
    bad: np.ndarray
    units: dict[str, int]


def from_integers(values: np.ndarray, missing: np.ndarray) -> TimeColumn:
    """Return integers as times; what is no epoch and no compact date is bad."""
    ns = np.zeros(len(values), np.int64)
    aware = np.zeros(len(values), bool)
    left = ~missing
    units: dict[str, int] = {}
    for unit, scale in EPOCH_UNITS.items():
        steps = SECOND // scale
        rows = left & (values >= EARLIEST * steps) & (values < LATEST * steps)
        if rows.any():
            ns[rows] = values[rows] * scale
            aware[rows], units[unit] = True, int(rows.sum())
            left &= ~rows
        if not left.any():
            return TimeColumn(ns, aware, missing.copy(), units)
    for digits, unit in COMPACT_UNITS.items():
        rows = left & (values >= 198 * 10 ** (digits - 3)) & (values < 21 * 10 ** (digits - 2))
        if rows.any():
            ns[rows], wrong = compact_ns(values[rows] * 10 ** (14 - digits))
            units[unit] = int(rows.sum())
            left[rows] = wrong
    return TimeColumn(ns, aware, missing | left, units)


def compact_ns(stamps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (local nanoseconds, rows that name no time) of YYYYMMDDhhmmss integers."""
    days, clock = np.divmod(stamps, 1_000_000)
    return civil_ns(
        days // 10_000, days // 100 % 100, days % 100,
        clock // 10_000, clock // 100 % 100, clock % 100,
    )  # fmt: skip


def civil_ns(
    year: np.ndarray,
    month: np.ndarray,
    day: np.ndarray,
    hour: np.ndarray,
    minute: np.ndarray,
    second: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (nanoseconds since 1970-01-01, rows that name no time of the calendar)."""
    wrong = (month < 1) | (month > 12) | (hour > 23) | (minute > 59) | (second > 59)
    months = (year - 1970) * 12 + np.where(wrong, 1, month) - 1
    first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    after = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    wrong |= (day < 1) | (day > after - first) | (year < 1900) | (year > 2199)
    seconds = (first + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    return np.where(wrong, 0, seconds) * SECOND, wrong
