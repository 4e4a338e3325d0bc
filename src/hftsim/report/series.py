"""Shapes that pictures, page and exports share: times, drawdown, period returns, trade frames."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hftsim.core.bars import interval_ns_of
from hftsim.core.errors import DataError, InputError

Floats = NDArray[np.float64]
Trades = pd.DataFrame | Iterable[Mapping[str, Any]] | None

_PERIODS = (("daily", "1D"), ("hourly", "1h"))
_NAMES = {60: "1-minute", 3600: "hourly", 86400: "daily", 604800: "weekly"}


def utc_times(index: pd.Index) -> NDArray[Any]:
    """Return an index as UTC datetime64[ns], or as plain numbers where it holds no times."""
    if isinstance(index, pd.DatetimeIndex):
        aware = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
        return aware.as_unit("ns").to_numpy()
    return np.arange(len(index), dtype=np.float64)


def bar_close_times(bars: pd.DataFrame) -> NDArray[Any]:
    """Return when each bar ends, datetime64[ns] UTC; row numbers where there are no times."""
    times = utc_times(bars.index)
    if len(times) < 2 or times.dtype.kind != "M":
        return times
    return times + np.timedelta64(interval_ns_of(bars), "ns")


def column_times(column: "pd.Series[Any]") -> NDArray[Any]:
    """Return a column of times as UTC datetime64[ns]; no time is NaT."""
    return utc_times(pd.DatetimeIndex(pd.to_datetime(column, utc=True, format="ISO8601")))


def float_values(series: "pd.Series[Any]") -> Floats:
    """Return the values as float64; raises DataError for an empty series."""
    values = np.asarray(series, dtype=np.float64)
    if not len(values):
        raise DataError("there is nothing to draw: the series is empty")
    return values


def drawdown_pct(equity: "pd.Series[Any]") -> Floats:
    """Return how far each value lies below the highest before it, in percent, positive."""
    values = np.asarray(equity, dtype=np.float64)
    if not len(values):
        return values
    peak = np.maximum.accumulate(np.where(np.isnan(values), -np.inf, values))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(peak > 0, 100.0 * (1.0 - values / peak), np.nan)


def bar_returns(equity: "pd.Series[Any]") -> "pd.Series[float]":
    """Return simple returns (fractions) from one value to the next; the first is left out."""
    return _returns(equity.astype(np.float64))


def period_returns(equity: "pd.Series[Any]", enough: int = 250) -> "pd.Series[float]":
    """Return daily returns, or hourly, or each bar's: the longest step that has `enough` of them.

    Periods in which the market was closed are left out, not counted as zero. The choice is
    written in ``attrs["period"]``.
    """
    if isinstance(equity.index, pd.DatetimeIndex):
        for name, rule in _PERIODS:
            last = equity.resample(rule, closed="right", label="right").last().dropna()
            if len(last) > enough:
                first = equity.iloc[:1][equity.index[:1] < last.index[0]]
                returns = _returns(pd.concat([first, last]).astype(np.float64))
                returns.attrs["period"] = name
                return returns
    returns = bar_returns(equity)
    returns.attrs["period"] = period_name(equity.index)
    return returns


def _returns(equity: "pd.Series[float]") -> "pd.Series[float]":
    values = equity.to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.where(values[:-1] > 0, values[1:] / values[:-1] - 1.0, np.nan)
    returns = pd.Series(steps, index=equity.index[1:], name="returns").dropna()
    returns.attrs = dict(equity.attrs)
    return returns


def period_name(index: pd.Index) -> str:
    """Return the step between rows in words: ``1-minute``, ``hourly``, ``300-second``."""
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 2:
        return "single"
    step = float(np.median(np.diff(index.as_unit("ns").asi8))) / 1e9
    if step >= 60 and step % 60 == 0 and int(step) not in _NAMES:
        return f"{int(step // 60)}-minute"
    return _NAMES.get(int(step), f"{step:g}-second")


def monthly_returns_pct(returns: "pd.Series[Any]") -> pd.DataFrame:
    """Return compounded percent by year (rows) and month 1..12 (columns), NaN where no data.

    Raises InputError where the index holds no times.
    """
    if not isinstance(returns.index, pd.DatetimeIndex):
        raise InputError("monthly returns need a series whose index holds times (DatetimeIndex)")
    stamps = pd.DatetimeIndex(utc_times(returns.index)) - pd.Timedelta(1, "ns")
    growth = pd.Series(np.log1p(np.maximum(np.asarray(returns, dtype=np.float64), -1 + 1e-15)))
    sums = growth.groupby([stamps.year, stamps.month]).sum()
    earned = pd.Series(100.0 * np.expm1(sums.to_numpy()), index=sums.index)
    table = pd.DataFrame(earned.unstack())
    table.index.name, table.columns.name = "year", "month"
    return table.reindex(columns=range(1, 13))


def year_totals_pct(table: pd.DataFrame) -> Floats:
    """Return the months of each row of `monthly_returns_pct` compounded, in percent."""
    growth = np.log1p(np.maximum(table.to_numpy(dtype=np.float64) / 100.0, -1 + 1e-15))
    return np.asarray(100.0 * np.expm1(np.nansum(growth, axis=1)), dtype=np.float64)


def hourly_pnl(trades: pd.DataFrame) -> Floats:
    """Return the profit of trades by the UTC hour they were entered in, shape (24,)."""
    hours = pd.DatetimeIndex(column_times(trades["entry_time"])).hour
    sums = pd.Series(np.asarray(trades["pnl"], dtype=np.float64)).groupby(hours).sum()
    return np.asarray(sums.reindex(range(24), fill_value=0.0), dtype=np.float64)


def closed_pnl(trades: pd.DataFrame) -> Floats:
    """Return the finite results of the trades that are closed."""
    if "is_open" in trades.columns:
        trades = trades[~trades["is_open"].astype(bool)]
    values = np.asarray(trades["pnl"], dtype=np.float64)
    return values[np.isfinite(values)]


def trade_frame(trades: Trades, needs: tuple[str, ...] = ("pnl",)) -> pd.DataFrame:
    """Return trades as a frame, whether they came as one or as a list of mappings.

    Raises DataError where a needed column is missing.
    """
    frame = trades if isinstance(trades, pd.DataFrame) else pd.DataFrame(list(trades or []))
    if frame.empty:
        return frame.reindex(columns=list(dict.fromkeys([*frame.columns, *needs])))
    missing = [name for name in needs if name not in frame.columns]
    if missing:
        raise DataError(f"trades lack the column {missing[0]!r}; there are: {list(frame.columns)}")
    return frame


def is_simulated(*frames: object) -> bool:
    """Whether any of the frames or series says that it was made from simulated data."""
    return any(
        bool(source.get("simulated"))
        for frame in frames
        for source in [(getattr(frame, "attrs", None) or {}).get("source", {})]
    )
