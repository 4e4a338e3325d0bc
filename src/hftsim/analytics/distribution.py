"""How returns are spread: volatility, tails, shape, memory."""

import math

import numpy as np

from hftsim.analytics.sample import NO_SPREAD, Sample
from hftsim.analytics.undefined import Figure, FloatArray, Undefined, all_undefined, divide, scale

RISK = (
    "annual_volatility_pct",
    "downside_deviation_pct",
    "var_95",
    "var_99",
    "cvar_95",
    "cvar_99",
    "skewness",
    "kurtosis",
    "tail_ratio",
    "autocorrelation",
)
FEWEST_FOR_95, FEWEST_FOR_99 = 20, 100


def risk_figures(sample: Sample) -> dict[str, Figure]:
    """Return the figures of the group "risk"."""
    returns = sample.returns
    if isinstance(returns, Undefined):
        return all_undefined(RISK, returns)
    root = sample.annual if isinstance(sample.annual, Undefined) else math.sqrt(sample.annual)
    skewness, kurtosis = shape(returns)
    return {
        "annual_volatility_pct": scale(scale(_deviation(returns), root), 100.0),
        "downside_deviation_pct": scale(
            scale(downside_deviation(returns, sample.target), root), 100.0
        ),
        **_tails(returns),
        "skewness": skewness,
        "kurtosis": kurtosis,
        "autocorrelation": _first_autocorrelation(returns),
    }


def downside_deviation(returns: FloatArray, target: float) -> float:
    """Return ``sqrt(mean(min(r - target, 0) ** 2))`` over ALL returns (Sortino and Price 1994)."""
    below = np.minimum(returns - target, 0.0)
    return math.sqrt(float(np.dot(below, below)) / len(returns))


def shape(returns: FloatArray) -> tuple[Figure, Figure]:
    """Return skewness g1 and excess kurtosis g2 from population moments (Joanes and Gill 1998)."""
    centred = returns - returns.mean()
    square = centred * centred
    variance = float(square.mean())
    if variance <= NO_SPREAD**2:
        why = Undefined("the returns do not vary")
        return why, why
    skewness: Figure = Undefined(f"three returns are needed, there are {len(returns)}")
    kurtosis: Figure = Undefined(f"four returns are needed, there are {len(returns)}")
    if len(returns) >= 3:
        skewness = float(np.dot(square, centred)) / len(returns) / variance**1.5
    if len(returns) >= 4:
        kurtosis = float(np.dot(square, square)) / len(returns) / variance**2 - 3.0
    return skewness, kurtosis


def _deviation(returns: FloatArray) -> Figure:
    if len(returns) < 2:
        return Undefined("there are fewer than two returns")
    return float(np.std(returns, ddof=1))


def _tails(returns: FloatArray) -> dict[str, Figure]:
    """Return historical VaR and CVaR, positive for a loss, and the tail ratio."""
    count = len(returns)
    low, worst, high = (float(q) for q in np.quantile(returns, [0.05, 0.01, 0.95]))
    lowest = {share: int((count - 1) * share) for share in (0.05, 0.01)}
    ordered = np.partition(returns, sorted(set(lowest.values())))
    figures: dict[str, Figure] = {
        "var_95": -low,
        "var_99": -worst,
        "cvar_95": -float(ordered[: lowest[0.05] + 1].mean()),
        "cvar_99": -float(ordered[: lowest[0.01] + 1].mean()),
        "tail_ratio": divide(
            abs(high),
            abs(low),
            "the 5 % quantile of the returns is zero (most bars earned nothing at all)",
        ),
    }
    for name in figures:
        needed = FEWEST_FOR_99 if name.endswith("99") else FEWEST_FOR_95
        if count < needed:
            figures[name] = Undefined(f"{needed} returns are needed, there are {count}")
    return figures


def autocorrelations(returns: FloatArray, lags: int) -> FloatArray | Undefined:
    """Return the sample autocorrelations of lag 1 to `lags`, each over the full variance."""
    centred = returns - returns.mean()
    total = float(np.dot(centred, centred))
    if total <= NO_SPREAD**2 * len(returns):
        return Undefined("the returns do not vary")
    return np.array([np.dot(centred[k:], centred[:-k]) for k in range(1, lags + 1)]) / total


def _first_autocorrelation(returns: FloatArray) -> Figure:
    if len(returns) < 3:
        return Undefined(f"three returns are needed, there are {len(returns)}")
    found = autocorrelations(returns, 1)
    return found if isinstance(found, Undefined) else float(found[0])
