"""MomentumStrategy: a model's view, momentum and volume, weighed into one confidence."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.enums import Side
from hftsim.core.errors import StrategyError
from hftsim.strategies.base import Strategy
from hftsim.strategies.signals import model_signal, signal_at

if TYPE_CHECKING:
    import pandas as pd

BUY, SELL = int(Side.BUY), int(Side.SELL)


class MomentumStrategy(Strategy):
    """Buys and sells when model, momentum and volume together are confident enough.

    Each part votes between -1 and 1: the model with P(up) - P(down), in full once that reaches
    `ml_threshold`; momentum likewise with the return, in full at `momentum_threshold`; volume
    confirms the momentum's sign once it is `volume_threshold` times its average. The weighted mean
    is the score, its absolute value the confidence. Without a model its weight goes to the others.

    Parameters
    ----------
    confidence_threshold : the score must be above it to trade.
    ml_threshold : P(up) - P(down) that counts in full.
    momentum_threshold : return over `momentum_window` bars that counts in full.
    volume_threshold : multiple of the average volume that confirms.
    momentum_window, volume_window : bars.
    ml_weight, momentum_weight, volume_weight : of the three votes.
    model : a fitted model, which must have been trained on data before the run's; its predictions
        are made in one batch before the run.
    """

    __slots__ = ("model",)

    confidence_threshold: float = 0.6
    ml_threshold: float = 0.1
    momentum_threshold: float = 0.0005
    volume_threshold: float = 1.2
    momentum_window: int = 10
    volume_window: int = 20
    ml_weight: float = 0.5
    momentum_weight: float = 0.3
    volume_weight: float = 0.2

    def __init__(self, *, model: Any = None, **parameters: Any) -> None:
        self.model = model
        super().__init__(**parameters)

    def validate(self) -> None:
        """Refuse windows and weights that cannot be."""
        if self.momentum_window < 1 or self.volume_window < 1:
            raise StrategyError("MomentumStrategy: windows are bars, 1 or more")
        if min(self.momentum_threshold, self.volume_threshold, self.ml_threshold) <= 0.0:
            raise StrategyError("MomentumStrategy: thresholds must be above 0")
        if min(self.ml_weight, self.momentum_weight, self.volume_weight) < 0.0:
            raise StrategyError("MomentumStrategy: weights must be 0 or more")
        if self.momentum_weight + self.volume_weight <= 0.0:
            raise StrategyError("MomentumStrategy: momentum or volume needs a weight above 0")

    def columns(self, bars: "pd.DataFrame") -> Mapping[str, Any]:
        """Return momentum, volume ratio and the model's signal (NaN without a model)."""
        close = bars["close"].to_numpy(dtype=np.float64)
        momentum = np.full(len(close), np.nan)
        w = self.momentum_window
        momentum[w:] = close[w:] / close[:-w] - 1.0
        usual = bars["volume"].rolling(self.volume_window).mean().shift(1).to_numpy()
        volume = bars["volume"].to_numpy(dtype=np.float64)
        ratio = np.divide(volume, usual, out=np.full(len(close), np.nan), where=usual > 0)
        signal = model_signal(bars, self.model)
        return {"momentum": momentum, "volume_ratio": ratio, "signal": signal}

    def score(self, momentum: float, volume_ratio: float, signal: float) -> float:
        """Return the weighted vote, between -1 and 1; NaN while momentum is not known."""
        if math.isnan(momentum):
            return math.nan
        sign = 1.0 if momentum > 0.0 else -1.0 if momentum < 0.0 else 0.0
        vote = sign * min(1.0, abs(momentum) / self.momentum_threshold)
        total = self.momentum_weight + self.volume_weight
        summed = self.momentum_weight * vote
        if volume_ratio >= self.volume_threshold:
            summed += self.volume_weight * sign
        if not math.isnan(signal):
            total += self.ml_weight
            summed += self.ml_weight * max(-1.0, min(1.0, signal / self.ml_threshold))
        return summed / total

    def on_bar(self, ctx: Any) -> None:
        """Decide on every instrument whose bar has just ended."""
        for k in range(ctx.instruments):
            if ctx.instrument(k).fresh:
                self.decide(ctx, k)

    def decide(self, ctx: Any, k: int) -> None:
        """Trade instrument `k` towards the score's direction when it is confident."""
        own = ctx.instrument(k)
        score = self.score(own.column.momentum, own.column.volume_ratio, own.signal)
        if score > self.confidence_threshold:
            ctx.record(BUY, score, k)
            if own.position <= 0:
                ctx.target(ctx.position_size, k)
        elif score < -self.confidence_threshold:
            ctx.record(SELL, -score, k)
            if own.may_short:
                if own.position >= 0:
                    ctx.target(-ctx.position_size, k)
            elif own.position > 0:
                ctx.target(0.0, k)

    def explain(self, action: str, row: Mapping[str, float]) -> str:
        """Return why, in words and numbers."""
        momentum, ratio, signal = row["momentum"], row["volume_ratio"], row["signal"]
        if math.isnan(momentum):
            return f"{action}: momentum needs {self.momentum_window} bars before it is known"
        told = [
            f"momentum {momentum:+.3%} over {self.momentum_window} bars "
            f"(threshold {self.momentum_threshold:.3%})",
            f"volume {ratio:.2f} x average (threshold {self.volume_threshold:g})",
            "no model: its weight goes to momentum and volume"
            if math.isnan(signal)
            else f"model P(up)-P(down) {signal:+.2f} (in full at {self.ml_threshold:g})",
        ]
        score = self.score(momentum, ratio, signal)
        return f"{action}: score {score:+.2f}; " + "; ".join(told)

    def generate_signal(self, data: "pd.DataFrame", i: int) -> dict[str, Any]:
        """Return action (BUY, SELL, HOLD), confidence and reasoning at row `i` of `data`.

        Looks at rows up to `i` only.
        """
        row = signal_at(self, data, i)
        score = self.score(row["momentum"], row["volume_ratio"], row["signal"])
        action = "HOLD"
        if score > self.confidence_threshold:
            action = "BUY"
        elif score < -self.confidence_threshold:
            action = "SELL"
        confidence = 0.0 if math.isnan(score) else abs(score)
        return {"action": action, "confidence": confidence, "reasoning": self.explain(action, row)}
