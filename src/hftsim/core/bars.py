"""What a bar frame is, and what travels with it.

A bar frame is a pandas DataFrame with a UTC DatetimeIndex named ``ts_open`` that holds each bar's
START, strictly increasing, and float64 columns open, high, low, close, volume. A source may add
``notional``, ``trade_count``, ``taker_buy_volume`` and ``taker_buy_notional``. Where it came from
travels in ``frame.attrs["source"]`` as a `BarSource` dictionary.
"""

import hashlib
from typing import TYPE_CHECKING, Any, TypedDict, cast

import numpy as np

from hftsim.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

BAR_COLUMNS = ("open", "high", "low", "close", "volume")
OPTIONAL_BAR_COLUMNS = ("notional", "trade_count", "taker_buy_volume", "taker_buy_notional")


class BarSource(TypedDict, total=False):
    """Where a bar frame came from; every key is optional."""

    symbol: str
    venue: str
    origin: str
    dialect: str
    timezone: str
    stamp: str
    interval_ns: int
    simulated: bool
    repairs: dict[str, int]
    gaps: int


def source_of(bars: "pd.DataFrame") -> BarSource:
    """Return a copy of what is known of the frame's origin; empty where nothing is."""
    return cast("BarSource", dict(bars.attrs.get("source", {})))


def with_source(bars: "pd.DataFrame", **known: Any) -> "pd.DataFrame":
    """Return the same frame with facts about its origin added."""
    bars.attrs["source"] = {**source_of(bars), **known}
    return bars


def interval_ns_of(bars: "pd.DataFrame", times: np.ndarray | None = None) -> int:
    """Return the bar interval in nanoseconds: the commonest step between two rows.

    `times` are the frame's `start_times_ns`, where they are at hand. Raises DataError for fewer
    than two rows.
    """
    known = source_of(bars).get("interval_ns")
    if known:
        return int(known)
    times = start_times_ns(bars) if times is None else times
    if len(times) < 2:
        raise DataError("one bar has no interval: at least two are needed")
    steps = np.diff(times)
    if 2 * np.count_nonzero(steps == steps[0]) > len(steps):  # no need to sort them all
        return int(steps[0])
    found, counts = np.unique(steps, return_counts=True)
    return int(found[np.argmax(counts)])


def start_times_ns(bars: "pd.DataFrame") -> np.ndarray:
    """Return the bars' start times, int64 nanoseconds UTC, shape (rows,)."""
    index = cast("pd.DatetimeIndex", bars.index)
    in_ns = index if index.unit == "ns" else index.as_unit("ns")  # as_unit always copies
    return np.asarray(in_ns.asi8, dtype=np.int64)


def gap_count(bars: "pd.DataFrame") -> int:
    """Return how many steps between rows are longer than the bar interval."""
    times = start_times_ns(bars)
    return int(np.count_nonzero(np.diff(times) > interval_ns_of(bars, times)))


def require_bars(bars: "pd.DataFrame") -> None:
    """Raise DataError unless `bars` is a bar frame as this module defines it."""
    import pandas as pd

    if not isinstance(bars, pd.DataFrame):
        raise DataError(f"bars must be a pandas DataFrame, not {type(bars).__name__}")
    missing = [c for c in BAR_COLUMNS if c not in bars.columns]
    if missing:
        raise DataError(f"bars lack the column {missing[0]!r}; needed: {', '.join(BAR_COLUMNS)}")
    if not isinstance(bars.index, pd.DatetimeIndex) or bars.index.tz is None:
        raise DataError(
            "bars need a DatetimeIndex with a time zone (UTC); see hftsim.data.read_bars"
        )
    if bars.empty:
        raise DataError("there are no bars")
    if bars.index.hasnans:
        row = int(np.argmax(bars.index.isna()))
        raise DataError("the time is missing", row=row, field="ts_open")
    times = bars.index.asi8  # in whatever unit: only their order counts
    later = times[1:] > times[:-1]
    if not later.all():
        row = int(np.argmin(later)) + 1
        raise DataError(
            "times must increase from row to row (sort, or drop duplicates, by name)",
            row=row,
            field="ts_open",
        )
    for name in BAR_COLUMNS:
        values = np.asarray(bars[name], dtype=np.float64)
        finite = np.isfinite(values)
        if not finite.all():
            row = int(np.argmin(finite))
            raise DataError(f"{values[row]} is not a finite number", row=row, field=name)


def data_hash(bars: "pd.DataFrame") -> str:
    """Return the SHA-256 of times and values of the five bar columns, in hexadecimal."""
    digest = hashlib.sha256(start_times_ns(bars).tobytes())
    for name in BAR_COLUMNS:
        digest.update(np.ascontiguousarray(bars[name], dtype=np.float64).tobytes())
    return digest.hexdigest()
