"""What the account earned: total, a year, by day and by month."""

from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt

from hftsim.analytics.sample import Sample, curve_of, sample_of
from hftsim.analytics.undefined import Figure, FloatArray, IntArray, Undefined
from hftsim.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@overload
def returns_of(equity: "pd.Series") -> "pd.Series": ...
@overload
def returns_of(equity: npt.ArrayLike) -> FloatArray: ...
def returns_of(equity: "pd.Series | npt.ArrayLike") -> "pd.Series | FloatArray":
    """Return simple returns ``equity[t] / equity[t - 1] - 1``, shape (n - 1,).

    A Series keeps its index less the first row. A return on equity at or below zero is NaN.

    Raises
    ------
    DataError
        An empty curve, a value that is not a finite number, or times that do not increase.
    """
    import pandas as pd

    values = curve_of(equity).values
    base = np.where(values[:-1] > 0.0, values[:-1], np.nan)
    returns = values[1:] / base - 1.0
    if isinstance(equity, pd.Series):
        return pd.Series(returns, index=equity.index[1:], name="return")
    return np.asarray(returns)


def monthly_returns(equity: "pd.Series", *, initial_capital: float | None = None) -> "pd.DataFrame":
    """Return the percent earned in each UTC month: one row a year, columns 1 to 12.

    A month runs from the last equity of the month before (the first from the start of the curve) to
    its own last; a bar that closes at midnight belongs to the month it ends. Months without bars
    are NaN, as are those that start at or below zero.

    Raises
    ------
    DataError
        As `returns_of`; or the index holds no times.
    """
    import pandas as pd

    sample = sample_of(curve_of(equity), initial_capital=initial_capital)
    if sample.curve.times is None:
        raise DataError("months need an equity curve with a DatetimeIndex")
    months, earned = _by_month(sample.curve.values, sample.curve.times)
    years = months // 12 + 1970
    span = np.arange(years[0], years[-1] + 1)
    table = np.full((len(span), 12), np.nan)
    table[years - span[0], months % 12] = 100.0 * earned
    return pd.DataFrame(table, index=pd.Index(span, name="year"), columns=range(1, 13))


def _by_month(values: FloatArray, times: IntArray) -> tuple[IntArray, FloatArray]:
    """Return months since 1970-01 and the simple return of each."""
    stamps = (times - 1).view("datetime64[ns]")
    months = stamps.astype("datetime64[M]").astype(np.int64)
    lasts = np.append(np.flatnonzero(np.diff(months)), len(months) - 1)
    closes = values[lasts]
    opens = np.concatenate((values[:1], closes[:-1]))
    earned = closes / np.where(opens > 0.0, opens, np.nan) - 1.0
    return months[lasts], earned


def return_figures(sample: Sample) -> dict[str, Figure]:
    """Return the figures of the group "returns"."""
    first, last = float(sample.curve.values[0]), float(sample.curve.values[-1])
    total: Figure = 100.0 * (last / first - 1.0) if first > 0.0 else _no_start(first)
    return {
        "total_return_pct": total,
        "annual_return_pct": annual_return(sample),
        "total_pnl": last - first,
        **_extremes(sample.returns, "return_pct", "periods_pct", mean="mean_return_pct"),
        **_extremes(sample.daily_returns(), "day_pct", "days_pct"),
        **_extremes(_months(sample), "month_pct", "months_pct"),
    }


def annual_return(sample: Sample) -> Figure:
    """Return the geometric return a year, in percent."""
    if isinstance(sample.returns, Undefined):
        return sample.returns
    if isinstance(sample.annual, Undefined):
        return sample.annual
    values = sample.curve.values
    with np.errstate(over="ignore"):
        growth = np.expm1(np.log(values[-1] / values[0]) * sample.annual / len(sample.returns))
    if not np.isfinite(growth):
        return Undefined("the run is so short that its return a year is beyond any number")
    return 100.0 * float(growth)


def _no_start(first: float) -> Undefined:
    return Undefined(f"the account starts at {first:g}, which cannot earn a return")


def _months(sample: Sample) -> FloatArray | Undefined:
    if isinstance(sample.returns, Undefined):
        return sample.returns
    if sample.curve.times is None:
        return Undefined("the equity curve has no times, so its months are not known")
    return _by_month(sample.curve.values, sample.curve.times)[1]


def _extremes(
    returns: FloatArray | Undefined, ending: str, plural: str, mean: str | None = None
) -> dict[str, Figure]:
    names = [f"best_{ending}", f"worst_{ending}", f"positive_{plural}"] + ([mean] if mean else [])
    if isinstance(returns, Undefined):
        return dict.fromkeys(names, returns)
    values = [returns.max(), returns.min(), np.mean(returns > 0.0)]
    values += [returns.mean()] if mean else []
    return {name: 100.0 * float(value) for name, value in zip(names, values, strict=True)}
