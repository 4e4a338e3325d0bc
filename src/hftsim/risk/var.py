"""Value at risk and expected shortfall of a return series, and whether the figure held.

All figures are losses as positive fractions; a figure below 0 says that even the bad end of the
distribution gained. Fewer than two returns give NaN.
"""

import dataclasses
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from hftsim.core import ConfigError, DataError, InputError, UnknownNameError
from hftsim.risk.limits import require_confidence

Floats = npt.NDArray[np.float64]

_NORMAL = NormalDist()
_ROWS_AT_ONCE = 4096


def historical_var(returns: npt.ArrayLike, confidence: float = 0.95) -> float:
    """Return the loss that returns exceeded with probability ``1 - confidence``.

    The empirical quantile with linear interpolation (Hyndman & Fan 1996, definition 7), historical
    simulation as in Jorion, Value at Risk, 3rd ed. 2007, chapter 10.

    Parameters
    ----------
    returns : per period, as fractions, shape (n,).
    confidence : above 0.5 and below 1.

    Raises
    ------
    DataError
        If a return is not finite.
    ConfigError
        If the confidence is out of range.
    """
    return value_at_risk(returns, confidence, "historical")


def parametric_var(returns: npt.ArrayLike, confidence: float = 0.95) -> float:
    """Return the loss a normal distribution of the same mean and deviation would exceed.

    ``-(mean + z * deviation)`` with ``z`` the normal quantile of ``1 - confidence`` and the sample
    deviation (n - 1): Jorion 2007, chapter 5. Parameters and errors as `historical_var`.
    """
    return value_at_risk(returns, confidence, "parametric")


def cornish_fisher_var(returns: npt.ArrayLike, confidence: float = 0.95) -> float:
    """Return the normal figure with its quantile corrected for skew and fat tails.

    With skewness S and excess kurtosis K (moments over n), the quantile becomes
    ``z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36`` (Cornish & Fisher 1938, Revue de
    l'Institut International de Statistique 5). Far from the normal the expansion stops being a
    quantile function: ask `cornish_fisher_is_monotone` before trusting it. Parameters and errors as
    `historical_var`.
    """
    return value_at_risk(returns, confidence, "cornish_fisher")


def cornish_fisher_is_monotone(returns: npt.ArrayLike) -> bool:
    """Whether the expansion rises everywhere at the skewness and kurtosis of `returns`.

    Its slope ``(K/8 - S^2/6) z^2 + (S/3) z + 1 - K/8 + 5 S^2/36`` must never be below 0 (Maillard
    2012, A User's Guide to the Cornish Fisher Expansion).
    """
    values = _checked(returns)
    if len(values) < 2:
        return False
    skew, kurtosis = (float(m) for m in _shape(values))
    square, line = kurtosis / 8 - skew**2 / 6, skew / 3
    level = 1 - kurtosis / 8 + 5 * skew**2 / 36
    return square >= 0 and level >= 0 and line**2 <= 4 * square * level


def value_at_risk(
    returns: npt.ArrayLike, confidence: float = 0.95, method: str = "historical"
) -> float:
    """Return value at risk by ``historical``, ``parametric`` or ``cornish_fisher``.

    Parameters and errors as `historical_var`; UnknownNameError for another method.
    """
    quantile = _method(method)
    require_confidence(confidence)
    values = _checked(returns)
    return -float(quantile(values, 1.0 - confidence)) if len(values) >= 2 else math.nan


def historical_cvar(returns: npt.ArrayLike, confidence: float = 0.95) -> float:
    """Return the mean loss of the worst ``1 - confidence`` of all returns.

    The return that only partly belongs to that share counts in part (Acerbi & Tasche 2002, Journal
    of Banking & Finance 26, expected shortfall), so that the figure is never below `historical_var`.
    Parameters and errors as there.
    """
    require_confidence(confidence)
    values = np.sort(_checked(returns))
    if len(values) < 2:
        return math.nan
    mass = len(values) * (1.0 - confidence)
    weights = np.clip(mass - np.arange(len(values)), 0.0, 1.0)
    return -float(weights @ values / mass)


def parametric_cvar(returns: npt.ArrayLike, confidence: float = 0.95) -> float:
    """Return the mean loss beyond `parametric_var` of a normal distribution.

    ``-mean + deviation * density(z) / (1 - confidence)``: McNeil, Frey & Embrechts, Quantitative
    Risk Management, 2nd ed. 2015, example 2.14. Parameters and errors as `historical_var`.
    """
    require_confidence(confidence)
    values = _checked(returns)
    if len(values) < 2:
        return math.nan
    tail = 1.0 - confidence
    density = _NORMAL.pdf(_NORMAL.inv_cdf(tail))
    return float(-values.mean() + values.std(ddof=1) * density / tail)


def kupiec_test(
    exceptions: int, observations: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return (statistic, p value) of the test that losses exceed VaR as often as they should.

    The likelihood ratio of the exception rate ``1 - confidence`` against the rate seen, chi-squared
    with one degree of freedom (Kupiec 1995, Journal of Derivatives 3(2), proportion of failures).

    Parameters
    ----------
    exceptions : losses beyond VaR.
    observations : periods; with none both figures are NaN.
    confidence : of the VaR.

    Raises
    ------
    InputError
        If there are more exceptions than observations, or fewer than none.
    """
    require_confidence(confidence)
    if not 0 <= exceptions <= observations:
        raise InputError(f"{exceptions} exceptions in {observations} observations cannot be")
    if observations == 0:
        return math.nan, math.nan
    expected, seen = 1.0 - confidence, exceptions / observations
    kept = observations - exceptions
    ratio = _weighted_log(exceptions, seen / expected) + _weighted_log(
        kept, (1.0 - seen) / confidence
    )
    statistic = max(2.0 * ratio, 0.0)
    return statistic, math.erfc(math.sqrt(statistic / 2.0))


@dataclasses.dataclass(frozen=True, kw_only=True)
class VarBacktest:
    """How a rolling value at risk held; arrays start at the first return after the first window.

    Parameters
    ----------
    var : the figure each return was measured against, shape (observations,).
    exceeded : whether the loss was larger, shape (observations,).
    statistic, p_value : of `kupiec_test`; NaN without observations.
    """

    var: Floats
    exceeded: npt.NDArray[np.bool_]
    statistic: float
    p_value: float

    @property
    def observations(self) -> int:
        """How many returns were tested."""
        return len(self.var)

    @property
    def exceptions(self) -> int:
        """How many losses exceeded value at risk."""
        return int(np.count_nonzero(self.exceeded))


def var_exceptions(
    returns: npt.ArrayLike,
    window: int,
    method: str = "historical",
    confidence: float = 0.95,
) -> VarBacktest:
    """Measure each return against the value at risk of the `window` returns before it.

    Parameters
    ----------
    returns : per period, as fractions, shape (n,).
    window : returns each figure is taken from, 2 or more.
    method, confidence : as in `value_at_risk`.

    Raises
    ------
    ConfigError
        If the window is shorter than 2.
    DataError, UnknownNameError
        As `value_at_risk`.
    """
    quantile = _method(method)
    require_confidence(confidence)
    if window < 2:
        raise ConfigError(f"window must be 2 or more, not {window}")
    values = _checked(returns)
    tested = values[window:]
    var = np.empty(len(tested))
    if len(tested):
        past = np.lib.stride_tricks.sliding_window_view(values[:-1], window)
        for start in range(0, len(tested), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            var[rows] = -quantile(past[rows], 1.0 - confidence)
    exceeded = -tested > var
    statistic, p_value = kupiec_test(int(exceeded.sum()), len(tested), confidence)
    return VarBacktest(var=var, exceeded=exceeded, statistic=statistic, p_value=p_value)


def _historical(values: Floats, tail: float) -> Floats:
    return np.asarray(np.quantile(values, tail, axis=-1))


def _parametric(values: Floats, tail: float) -> Floats:
    z = _NORMAL.inv_cdf(tail)
    return np.asarray(values.mean(axis=-1) + z * values.std(axis=-1, ddof=1))


def _cornish_fisher(values: Floats, tail: float) -> Floats:
    z = _NORMAL.inv_cdf(tail)
    skew, kurtosis = _shape(values)
    quantile = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24
    quantile -= (2 * z**3 - 5 * z) * skew**2 / 36
    return np.asarray(values.mean(axis=-1) + quantile * values.std(axis=-1, ddof=1))


_METHODS: dict[str, Callable[[Floats, float], Floats]] = {
    "historical": _historical,
    "parametric": _parametric,
    "cornish_fisher": _cornish_fisher,
}


def _method(name: str) -> Callable[[Floats, float], Floats]:
    if name not in _METHODS:
        raise UnknownNameError("value-at-risk method", name, _METHODS)
    return _METHODS[name]


def _shape(values: Floats) -> tuple[Floats, Floats]:
    """Return skewness and excess kurtosis along the last axis; 0 where nothing varies."""
    centred = values - values.mean(axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1)
    # Returns that are all equal leave a variance of rounding errors, whose shape means nothing.
    still = variance <= (np.finfo(np.float64).eps * np.abs(values).max(axis=-1)) ** 2
    safe = np.where(still, 1.0, variance)
    skew = np.mean(centred**3, axis=-1) / safe**1.5
    kurtosis = np.mean(centred**4, axis=-1) / safe**2 - 3.0
    return np.where(still, 0.0, skew), np.where(still, 0.0, kurtosis)


def _checked(returns: npt.ArrayLike) -> Floats:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1:
        raise InputError(f"returns must have one dimension, not {values.ndim}")
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{values[row]} is not a finite return; drop it by name first", row=row)
    return values


def _weighted_log(weight: float, ratio: float) -> float:
    return weight * math.log(ratio) if weight else 0.0
