"""Bar intervals: ``1m`` to nanoseconds and back, in Binance's spelling."""

import re

from hftsim.core.errors import InputError, UnknownNameError

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
WEEK_NS = 7 * DAY_NS

_UNITS = {
    "ms": 1_000_000,
    "s": SECOND_NS,
    "m": MINUTE_NS,
    "h": HOUR_NS,
    "d": DAY_NS,
    "w": WEEK_NS,
}

BINANCE_INTERVALS = (
    *("1s", "1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"),
)
"""The venue's intervals that have a fixed length, shortest first."""


def parse_interval(interval: str) -> int:
    """Return a bar interval such as ``1s``, ``1m``, ``4h``, ``1d`` or ``1w`` in nanoseconds.

    Any positive whole number of ms, s, m, h, d or w is read; case matters, as it does to Binance.
    Raises InputError for a calendar month (``1M``), which has no fixed length, and
    UnknownNameError for anything else.
    """
    if re.fullmatch(r"\d+M", interval):
        raise InputError(
            f"interval {interval!r} is a calendar month, which has no fixed length: use '1d' "
            "and resample (a minute is '1m')"
        )
    match = re.fullmatch(r"([1-9]\d*)(ms|s|m|h|d|w)", interval)
    if match is None:
        raise UnknownNameError("interval", interval, BINANCE_INTERVALS)
    return int(match[1]) * _UNITS[match[2]]


def format_interval(interval_ns: int) -> str:
    """Return the shortest spelling of an interval in nanoseconds: 3600 s is ``1h``.

    Raises InputError unless it is a positive whole number of milliseconds.
    """
    for unit, unit_ns in reversed(_UNITS.items()):
        if interval_ns > 0 and interval_ns % unit_ns == 0:
            return f"{interval_ns // unit_ns}{unit}"
    raise InputError(f"{interval_ns} ns is no bar interval: a whole number of ms is needed")


def require_binance_interval(interval: str) -> int:
    """Return the length in nanoseconds of an interval that Binance serves.

    Raises UnknownNameError for an interval it does not serve, InputError for ``1M``.
    """
    interval_ns = parse_interval(interval)
    if interval not in BINANCE_INTERVALS:
        raise UnknownNameError("Binance interval", interval, BINANCE_INTERVALS)
    return interval_ns
