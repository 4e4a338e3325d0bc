"""MLStrategy: trades a model's probabilities."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hftsim.core.enums import Side
from hftsim.core.errors import StrategyError
from hftsim.native.fields import Array
from hftsim.strategies.base import MAX_INSTRUMENTS, TOO_MANY_INSTRUMENTS, Strategy
from hftsim.strategies.signals import model_signal, signal_at

if TYPE_CHECKING:
    import pandas as pd

BUY, SELL = int(Side.BUY), int(Side.SELL)


class MLStrategy(Strategy):
    """Enters when P(up) - P(down) is beyond a threshold, leaves when it turns or time is up.

    Parameters
    ----------
    entry_threshold : |P(up) - P(down)| that opens a position.
    exit_threshold : a position is closed when the signal falls below minus this against it.
    holding_bars : a position is closed after so many bars without a new signal; 0 is never.
    model : a fitted model, trained on data before the run's; not needed where the bars carry a
        column ``signal``.
    """

    __slots__ = ("model",)

    entry_threshold: float = 0.15
    exit_threshold: float = 0.0
    holding_bars: int = 15
    bars_left: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]

    def __init__(self, *, model: Any = None, **parameters: Any) -> None:
        self.model = model
        super().__init__(**parameters)

    def validate(self) -> None:
        """Refuse thresholds that cannot be."""
        if not 0.0 < self.entry_threshold <= 1.0:
            raise StrategyError("MLStrategy: entry_threshold is above 0 and at most 1")
        if not 0.0 <= self.exit_threshold <= self.entry_threshold or self.holding_bars < 0:
            raise StrategyError(
                "MLStrategy: needs 0 <= exit_threshold <= entry_threshold and holding_bars >= 0"
            )

    def columns(self, bars: "pd.DataFrame") -> Mapping[str, Any]:
        """Return the model's signal."""
        return {"signal": model_signal(bars, self.model)}

    def on_bar(self, ctx: Any) -> None:
        """Decide on every instrument whose bar has just ended."""
        if ctx.instruments > MAX_INSTRUMENTS:
            raise ValueError(TOO_MANY_INSTRUMENTS)
        for k in range(ctx.instruments):
            if ctx.instrument(k).fresh:
                self.decide(ctx, k)

    def decide(self, ctx: Any, k: int) -> None:
        """Follow instrument `k`'s signal."""
        own = ctx.instrument(k)
        signal = own.signal
        if self.bars_left[k] > 0:
            self.bars_left[k] -= 1
        if math.isnan(signal):
            return
        if signal >= self.entry_threshold:
            ctx.record(BUY, signal, k)
            self.bars_left[k] = self.holding_bars
            if own.position <= 0:
                ctx.target(ctx.position_size, k)
        elif signal <= -self.entry_threshold:
            ctx.record(SELL, -signal, k)
            self.bars_left[k] = self.holding_bars
            if own.may_short:
                if own.position >= 0:
                    ctx.target(-ctx.position_size, k)
            elif own.position > 0:
                ctx.target(0.0, k)
        elif own.position != 0 and self.must_leave(own.position, signal, self.bars_left[k]):
            ctx.target(0.0, k)

    def must_leave(self, position: int, signal: float, bars_left: int) -> bool:
        """Whether a position ends: its signal has turned, or its time is up."""
        if self.holding_bars > 0 and bars_left == 0:
            return True
        return signal < -self.exit_threshold if position > 0 else signal > self.exit_threshold

    def explain(self, action: str, row: Mapping[str, float]) -> str:
        """Return why, in numbers."""
        return (
            f"{action}: model P(up)-P(down) {row['signal']:+.3f} "
            f"(threshold {self.entry_threshold:g})"
        )

    def generate_signal(self, data: "pd.DataFrame", i: int) -> dict[str, Any]:
        """Return action (BUY, SELL, HOLD), confidence and reasoning at row `i` of `data`."""
        row = signal_at(self, data, i)
        signal, action = row["signal"], "HOLD"
        if abs(signal) >= self.entry_threshold:
            action = "BUY" if signal > 0 else "SELL"
        confidence = 0.0 if math.isnan(signal) else abs(signal)
        return {"action": action, "confidence": confidence, "reasoning": self.explain(action, row)}
