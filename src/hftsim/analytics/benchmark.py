"""The account beside what holding the market would have earned."""

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hftsim.analytics.sample import Curve, Sample, curve_of, returns_from, spread_of
from hftsim.analytics.undefined import (
    Figure,
    FloatArray,
    Undefined,
    all_undefined,
    divide,
    scale,
    subtract,
)
from hftsim.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

BENCHMARK = (
    "benchmark_return_pct",
    "excess_return_pct",
    "alpha",
    "beta",
    "correlation",
    "tracking_error_pct",
    "information_ratio",
    "treynor_ratio",
)
STILL = "the benchmark does not vary"


def benchmark_figures(
    sample: Sample,
    equity: Curve,
    benchmark: "pd.Series | npt.ArrayLike | None",
    initial_capital: float | None,
    total_return_pct: Figure,
) -> dict[str, Figure]:
    """Return the figures of the group "benchmark".

    `equity` is the curve as it was given, so that both returns run over the same bars; `benchmark`
    has the same bars and, where `initial_capital` is given, started with it.

    Raises DataError for a benchmark of other bars or of another starting capital.
    """
    if benchmark is None:
        return all_undefined(BENCHMARK, Undefined("no benchmark was given"))
    other = curve_of(benchmark, "benchmark")
    _require_same_bars(equity, other)
    start = _start_of(other, initial_capital)
    held = 100.0 * (float(other.values[-1]) / start - 1.0)
    relative = _relative(returns_from(equity), returns_from(other), sample)
    return {
        "benchmark_return_pct": held,
        "excess_return_pct": subtract(total_return_pct, held),
        **relative,
    }


def _relative(
    own: FloatArray | Undefined, market: FloatArray | Undefined, sample: Sample
) -> dict[str, Figure]:
    names = BENCHMARK[2:]
    for returns in (own, market):
        if isinstance(returns, Undefined):
            return all_undefined(names, returns)
    if isinstance(own, Undefined) or isinstance(market, Undefined) or len(own) < 3:
        return all_undefined(names, Undefined("three returns are needed to compare two curves"))
    active = own - market
    error = spread_of(active)
    annual = sample.annual
    root = annual if isinstance(annual, Undefined) else math.sqrt(annual)
    beta, correlation = _line(own, market)
    excess = float(own.mean()) - sample.target
    premium = float(market.mean()) - sample.target
    none = "the account returned exactly what the benchmark did, bar by bar"
    return {
        "alpha": scale(subtract(excess, scale(beta, premium)), annual),
        "beta": beta,
        "correlation": correlation,
        "tracking_error_pct": scale(scale(float(np.std(active, ddof=1)), root), 100.0),
        "information_ratio": Undefined(none)
        if isinstance(error, Undefined)
        else scale(float(active.mean()) / error, root),
        "treynor_ratio": scale(divide(excess, beta, "the account's beta is zero"), annual),
    }


def _line(own: FloatArray, market: FloatArray) -> tuple[Figure, Figure]:
    """Return beta and the correlation with the benchmark."""
    spread, market_spread = spread_of(own), spread_of(market)
    if isinstance(market_spread, Undefined):
        return Undefined(STILL), Undefined(STILL)
    moved = market - market.mean()
    covariance = float(np.dot(own - own.mean(), moved)) / (len(own) - 1)
    correlation = divide(covariance / market_spread, spread, "the returns do not vary")
    if not isinstance(correlation, Undefined):
        correlation = min(1.0, max(-1.0, correlation))
    return covariance / market_spread**2, correlation


def _require_same_bars(equity: Curve, other: Curve) -> None:
    if len(equity.values) != len(other.values):
        raise DataError(
            f"the benchmark has {len(other.values)} bars and the equity curve "
            f"{len(equity.values)}: give both on the same index"
        )
    if equity.times is None or other.times is None:
        return
    apart = equity.times != other.times
    if apart.any():
        row = int(np.argmax(apart))
        raise DataError(
            "benchmark and equity curve have different times: give both on the same index",
            row=row,
            field="benchmark",
        )


def _start_of(other: Curve, initial_capital: float | None) -> float:
    first = float(other.values[0])
    if first <= 0.0:
        raise DataError(f"the benchmark starts at {first:g}", row=0, field="benchmark")
    if initial_capital is None:
        return first
    if not 0.5 < first / initial_capital < 2.0:
        raise DataError(
            f"the benchmark starts at {first:g} and the account at {initial_capital:g}: give what "
            "holding would have made of the account (prices / first price * initial_capital)",
            row=0,
            field="benchmark",
        )
    return float(initial_capital)
