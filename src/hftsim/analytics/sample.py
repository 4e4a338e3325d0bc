"""The equity curve as every group of figures reads it: checked once, with its clock."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hftsim.analytics.annualise import DAY_NS, BarClock, clock_of, times_of
from hftsim.analytics.undefined import Figure, FloatArray, IntArray, Undefined
from hftsim.core.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

# Returns of equity in floating point carry errors of a few 1e-16, so a spread below this is none.
NO_SPREAD = 1e-14
# Its fourth power, summed over any run, still is a finite number.
LARGEST_RETURN = 1e60


@dataclass(frozen=True, slots=True)
class Curve:
    """Equity from bar to bar.

    Parameters
    ----------
    values : float64, shape (n,), quote currency, finite.
    times : int64 nanoseconds UTC of the bars' closes, shape (n,); None where none are known.
    """

    values: FloatArray
    times: IntArray | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the groups of figures share.

    Parameters
    ----------
    curve : equity, with the starting capital as its first point.
    returns : simple returns from bar to bar, shape (n - 1,), or why there are none.
    annual : bars a year.
    clock : the bars' clock, where the index has times.
    target : risk-free return of one bar.
    """

    curve: Curve
    returns: FloatArray | Undefined
    annual: Figure
    clock: BarClock | Undefined
    target: float

    def daily_returns(self) -> FloatArray | Undefined:
        """Return simple returns from the close of one UTC day to the next; the first day opens."""
        if isinstance(self.returns, Undefined):
            return self.returns
        if isinstance(self.clock, Undefined) or self.curve.times is None:
            return Undefined("the equity curve has no times, so its days are not known")
        if self.clock.interval_ns > DAY_NS:
            return Undefined("the bars are longer than a day")
        closes = self.curve.values[day_closes(self.curve.times)]
        if len(closes) < 2:
            return Undefined("the equity curve lies within one UTC day")
        return np.asarray(closes[1:] / closes[:-1] - 1.0)

    @property
    def market_days(self) -> Figure:
        """Days the market was open while the curve ran: calendar days where it never closes."""
        if isinstance(self.clock, Undefined):
            return self.clock
        bars = len(self.curve.values) - 1
        return bars / self.clock.periods_per_year * self.clock.days_per_year


def curve_of(equity: "pd.Series | npt.ArrayLike", name: str = "equity") -> Curve:
    """Check an equity curve and return it as arrays.

    Raises DataError for an empty curve, more than one column, a value that is not a finite number
    (with its row), or times that do not increase.
    """
    import pandas as pd

    values = np.asarray(equity, dtype=np.float64)
    if values.ndim != 1:
        raise DataError(
            f"the {name} curve must be one column of numbers, not an array of shape {values.shape}"
        )
    if len(values) == 0:
        raise DataError(f"the {name} curve is empty")
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{values[row]} is not a finite number", row=row, field=name)
    return Curve(values, times_of(equity.index) if isinstance(equity, pd.Series) else None)


def sample_of(
    curve: Curve,
    *,
    initial_capital: float | None = None,
    risk_free_rate: float = 0.0,
    periods_per_year: float | None = None,
) -> Sample:
    """Return what the groups of figures share.

    `initial_capital` is put one bar before the curve unless the curve starts with it.
    Raises InputError for arguments that make no sense.
    """
    clock = _clock(curve)
    annual = _annual(clock, periods_per_year)
    opened = _with_opening(curve, initial_capital, clock)
    return Sample(
        curve=opened,
        returns=returns_from(opened),
        annual=annual,
        clock=clock,
        target=risk_free_per_bar(risk_free_rate, annual),
    )


def risk_free_per_bar(risk_free_rate: float, annual: Figure) -> float:
    """Return the risk-free return of one bar: ``(1 + rate) ** (1 / bars a year) - 1``.

    Raises InputError for a rate at or below -1, or where bars a year are needed and not known.
    """
    if not risk_free_rate > -1.0:
        raise InputError(
            f"risk_free_rate must be above -1 (a fraction a year), not {risk_free_rate}"
        )
    if risk_free_rate == 0.0:
        return 0.0
    if isinstance(annual, Undefined):
        raise InputError(
            f"a risk-free rate a year cannot be brought to one bar because {annual.reason}; "
            "give periods_per_year"
        )
    return float(np.expm1(np.log1p(risk_free_rate) / annual))


def returns_from(curve: Curve) -> FloatArray | Undefined:
    """Return simple returns, shape (n - 1,), or why there are none."""
    if len(curve.values) < 2:
        return Undefined("the equity curve has a single point")
    ruin = wiped_out(curve)
    if ruin is not None:
        return ruin
    with np.errstate(over="ignore"):
        returns = curve.values[1:] / curve.values[:-1] - 1.0
    if returns.max() > LARGEST_RETURN:
        return Undefined("equity leaps further within a bar than floating point can reckon with")
    return np.asarray(returns)


def wiped_out(curve: Curve) -> Undefined | None:
    """Return when equity first stood at or below zero, None where it never did."""
    gone = curve.values <= 0.0
    if not gone.any():
        return None
    row = int(np.argmax(gone))
    when = f"at row {row}"
    if curve.times is not None:
        when = f"at {np.datetime64(int(curve.times[row]), 'ns').astype('datetime64[s]')} UTC"
    return Undefined(
        f"the account was wiped out {when} (equity {curve.values[row]:g}): returns have no meaning "
        "from there on"
    )


def day_closes(times: IntArray) -> IntArray:
    """Return the position of each UTC day's last bar; a bar that closes at midnight ends its day."""
    days = (times - 1) // DAY_NS
    return np.append(np.flatnonzero(np.diff(days)), len(days) - 1)


def _clock(curve: Curve) -> BarClock | Undefined:
    if curve.times is None:
        return Undefined("the equity curve has no times and periods_per_year was not given")
    if len(curve.times) < 2:
        return Undefined("the equity curve has a single point")
    return clock_of(curve.times)


def _annual(clock: BarClock | Undefined, given: float | None) -> Figure:
    if given is None:
        return clock if isinstance(clock, Undefined) else clock.periods_per_year
    if not (np.isfinite(given) and given > 0):
        raise InputError(f"periods_per_year must be a positive number, not {given}")
    return float(given)


def _with_opening(curve: Curve, capital: float | None, clock: BarClock | Undefined) -> Curve:
    if capital is None:
        return curve
    if not (np.isfinite(capital) and capital > 0):
        raise InputError(f"initial_capital must be a positive number, not {capital}")
    if capital == curve.values[0]:
        return curve
    times = curve.times
    if times is not None:
        step = DAY_NS if isinstance(clock, Undefined) else clock.interval_ns
        times = np.concatenate(([times[0] - step], times))
    return Curve(np.concatenate(([float(capital)], curve.values)), times)


def spread_of(values: FloatArray) -> Figure:
    """Return the sample standard deviation (n - 1), or why there is none."""
    if len(values) < 2:
        return Undefined("there are fewer than two returns")
    spread = float(np.std(values, ddof=1))
    return spread if spread > NO_SPREAD else Undefined("the returns do not vary")
