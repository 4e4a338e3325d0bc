"""What was earned for the risk taken, apart from the Sharpe ratio."""

import math
from collections.abc import Mapping

import numpy as np

from hftsim.analytics.distribution import downside_deviation
from hftsim.analytics.sample import Sample
from hftsim.analytics.undefined import (
    Figure,
    FloatArray,
    Undefined,
    all_undefined,
    divide,
    scale,
)

ON_RETURNS = ("sortino_ratio", "omega_ratio", "gain_to_pain", "common_sense_ratio")
ON_TREND = ("k_ratio", "stability")
NO_LOSS = "no bar lost anything"
NO_DRAWDOWN = "equity never fell below an earlier peak"


def sortino_per_bar(returns: FloatArray, target: float) -> Figure:
    """Return mean over downside deviation of the returns above `target`, not annualised."""
    if len(returns) < 2:
        return Undefined("there are fewer than two returns")
    why = NO_LOSS if target == 0.0 else "no bar stayed below the risk-free return"
    return divide(float((returns - target).mean()), downside_deviation(returns, target), why)


def risk_adjusted_figures(sample: Sample, known: Mapping[str, Figure]) -> dict[str, Figure]:
    """Return the ratios of the group "risk-adjusted"; `known` holds the groups before it."""
    yearly = known["annual_return_pct"]
    return {
        **_on_returns(sample, known["tail_ratio"]),
        "calmar_ratio": divide(yearly, known["max_drawdown_pct"], NO_DRAWDOWN),
        "martin_ratio": divide(yearly, known["ulcer_index_pct"], NO_DRAWDOWN),
        "pain_ratio": divide(yearly, known["pain_index_pct"], NO_DRAWDOWN),
        "recovery_factor": _recovery_factor(sample),
        **_on_trend(sample),
    }


def _on_returns(sample: Sample, tail_ratio: Figure) -> dict[str, Figure]:
    returns = sample.returns
    if isinstance(returns, Undefined):
        return all_undefined(ON_RETURNS, returns)
    root = sample.annual if isinstance(sample.annual, Undefined) else math.sqrt(sample.annual)
    excess = returns - sample.target
    gain = float(np.maximum(excess, 0.0).sum())
    loss = -float(np.minimum(excess, 0.0).sum())
    lost = -float(np.minimum(returns, 0.0).sum())
    won = float(np.maximum(returns, 0.0).sum())
    below = NO_LOSS if sample.target == 0.0 else "no bar stayed below the risk-free return"
    return {
        "sortino_ratio": scale(sortino_per_bar(returns, sample.target), root),
        "omega_ratio": divide(gain, loss, below),
        "gain_to_pain": divide(float(returns.sum()), lost, NO_LOSS),
        "common_sense_ratio": scale(divide(won, lost, NO_LOSS), tail_ratio),
    }


def _recovery_factor(sample: Sample) -> Figure:
    values = sample.curve.values
    deepest = float((np.maximum.accumulate(values) - values).max())
    return divide(float(values[-1] - values[0]), deepest, NO_DRAWDOWN)


def _on_trend(sample: Sample) -> dict[str, Figure]:
    """Return K-ratio and R2 of the least-squares line through the logarithm of equity."""
    if isinstance(sample.returns, Undefined):
        return all_undefined(ON_TREND, sample.returns)
    log_equity = np.log(sample.curve.values)
    log_equity -= log_equity.mean()
    count = len(log_equity)
    if count < 3:
        why = Undefined("a line needs three points to be judged, the equity curve has two")
        return all_undefined(ON_TREND, why)
    steps = np.arange(count) - (count - 1) / 2.0
    spread, total = float(np.dot(steps, steps)), float(np.dot(log_equity, log_equity))
    if total <= count * 1e-28:
        return all_undefined(ON_TREND, Undefined("equity does not move"))
    slope = float(np.dot(steps, log_equity)) / spread
    residual = log_equity - slope * steps
    left = float(np.dot(residual, residual))
    why_straight = "equity lies on a straight line: its slope has no error"
    straight = left <= total * 1e-24
    error = 0.0 if straight else math.sqrt(left / (count - 2) / spread)
    root = sample.annual if isinstance(sample.annual, Undefined) else math.sqrt(sample.annual)
    return {
        "k_ratio": scale(divide(slope / count, error, why_straight), root),
        "stability": 1.0 - left / total,
    }
