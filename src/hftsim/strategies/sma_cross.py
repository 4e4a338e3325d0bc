"""SmaCrossStrategy: the classic crossing of two moving averages."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.enums import Side
from hftsim.core.errors import StrategyError
from hftsim.native.fields import Array
from hftsim.strategies.base import MAX_INSTRUMENTS, TOO_MANY_INSTRUMENTS, Strategy

if TYPE_CHECKING:
    import pandas as pd

BUY, SELL = int(Side.BUY), int(Side.SELL)


class SmaCrossStrategy(Strategy):
    """Long when the fast average crosses above the slow one, short (or out) when below.

    Parameters
    ----------
    fast, slow : windows of the two simple moving averages of the close, bars.
    """

    fast: int = 10
    slow: int = 50
    above: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]

    def validate(self) -> None:
        """Refuse windows that cannot cross."""
        if not 1 <= self.fast < self.slow:
            raise StrategyError("SmaCrossStrategy: needs 1 <= fast < slow")

    def columns(self, bars: "pd.DataFrame") -> Mapping[str, Any]:
        """Return both averages."""
        import talib

        close = bars["close"].to_numpy(dtype=np.float64)
        if len(close) < self.slow:
            nothing = np.full(len(close), np.nan)
            return {"fast_average": nothing, "slow_average": nothing}
        return {
            "fast_average": talib.SMA(close, self.fast) if self.fast > 1 else close,
            "slow_average": talib.SMA(close, self.slow),
        }

    def on_bar(self, ctx: Any) -> None:
        """Decide on every instrument whose bar has just ended."""
        if ctx.instruments > MAX_INSTRUMENTS:
            raise ValueError(TOO_MANY_INSTRUMENTS)
        for k in range(ctx.instruments):
            if ctx.instrument(k).fresh:
                self.decide(ctx, k)

    def decide(self, ctx: Any, k: int) -> None:
        """Trade instrument `k` on the crossing, not on the side."""
        own = ctx.instrument(k)
        fast = own.column.fast_average
        slow = own.column.slow_average
        if fast > slow:
            if self.above[k] == -1:
                ctx.record(BUY, 1.0, k)
                ctx.target(ctx.position_size, k)
            self.above[k] = 1
        elif fast < slow:
            if self.above[k] == 1:
                ctx.record(SELL, 1.0, k)
                ctx.target(-ctx.position_size if own.may_short else 0.0, k)
            self.above[k] = -1

    def explain(self, action: str, row: Mapping[str, float]) -> str:
        """Return why, in numbers."""
        side = "above" if action == "BUY" else "below"
        return (
            f"{action}: {self.fast}-bar average {row['fast_average']:.6g} crossed {side} the "
            f"{self.slow}-bar average {row['slow_average']:.6g}"
        )
