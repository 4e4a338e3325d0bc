"""MeanReversionStrategy: trades back towards a moving average."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.enums import Side
from hftsim.core.errors import StrategyError
from hftsim.strategies.base import Strategy
from hftsim.strategies.signals import signal_at

if TYPE_CHECKING:
    import pandas as pd

BUY, SELL = int(Side.BUY), int(Side.SELL)


class MeanReversionStrategy(Strategy):
    """Buys when the close is far below its moving average, in standard deviations, and sells above.

    Parameters
    ----------
    window : bars of average and standard deviation.
    entry_z : distance at which a position is opened.
    exit_z : distance at which it is closed.
    """

    window: int = 20
    entry_z: float = 2.0
    exit_z: float = 0.5

    def validate(self) -> None:
        """Refuse thresholds that cannot work."""
        if self.window < 2:
            raise StrategyError("MeanReversionStrategy: window must be 2 bars or more")
        if not 0.0 <= self.exit_z < self.entry_z:
            raise StrategyError("MeanReversionStrategy: needs 0 <= exit_z < entry_z")

    def columns(self, bars: "pd.DataFrame") -> Mapping[str, Any]:
        """Return the z-score of the close; 0 while prices stand still."""
        rolling = bars["close"].rolling(self.window)
        mean, deviation = rolling.mean().to_numpy(), rolling.std(ddof=0).to_numpy()
        close = bars["close"].to_numpy(dtype=np.float64)
        flat = np.where(np.isnan(deviation), np.nan, 0.0)
        floor = 1e-12 * np.abs(close)
        return {"z": np.divide(close - mean, deviation, out=flat, where=deviation > floor)}

    def on_bar(self, ctx: Any) -> None:
        """Decide on every instrument whose bar has just ended."""
        for k in range(ctx.instruments):
            if ctx.instrument(k).fresh:
                self.decide(ctx, k)

    def decide(self, ctx: Any, k: int) -> None:
        """Enter instrument `k` far from its average, leave near it."""
        own = ctx.instrument(k)
        z = own.column.z
        if math.isnan(z):
            return
        if own.position == 0:
            if z <= -self.entry_z:
                ctx.record(BUY, self.confidence(z), k)
                ctx.target(ctx.position_size, k)
            elif z >= self.entry_z and own.may_short:
                ctx.record(SELL, self.confidence(z), k)
                ctx.target(-ctx.position_size, k)
        elif (own.position > 0 and z >= -self.exit_z) or (own.position < 0 and z <= self.exit_z):
            ctx.record(SELL if own.position > 0 else BUY, 1.0, k)
            ctx.target(0.0, k)

    def confidence(self, z: float) -> float:
        """Return how sure an entry is: 0.5 at the entry threshold, towards 1 beyond it."""
        return 1.0 - 0.5 * self.entry_z / abs(z)

    def explain(self, action: str, row: Mapping[str, float]) -> str:
        """Return why, in words and numbers."""
        if math.isnan(row["z"]):
            return f"{action}: the average needs {self.window} bars before it is known"
        return (
            f"{action}: close {row['close']:g} is {row['z']:+.2f} standard deviations from its "
            f"{self.window}-bar average (enter beyond {self.entry_z:g}, leave within {self.exit_z:g})"
        )

    def generate_signal(self, data: "pd.DataFrame", i: int) -> dict[str, Any]:
        """Return action (BUY, SELL, HOLD), confidence and reasoning at row `i`, for a flat account.

        Looks at rows up to `i` only.
        """
        row = signal_at(self, data, i)
        z, action, confidence = row["z"], "HOLD", 0.0
        if abs(z) >= self.entry_z:
            action, confidence = ("BUY" if z < 0 else "SELL"), self.confidence(z)
        return {"action": action, "confidence": confidence, "reasoning": self.explain(action, row)}
