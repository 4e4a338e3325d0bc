"""A strategy of your own: buys breakouts, and brackets each position with a stop and a target.

The same class runs compiled and interpreted, with the same fills:

    hftsim backtest --data FILE --strategy examples/own_strategy.py
    python examples/own_strategy.py [FILE SYMBOL]
"""

import sys
from collections.abc import Mapping
from typing import Any

import pandas as pd

from hftsim import BUY, SELL, Backtester, BacktestResult, Strategy, create_sample_bars, read_bars
from hftsim.core import OrderType


class Breakout(Strategy):
    """Buys when the close leaves the range of the last bars upwards.

    Parameters
    ----------
    window : bars of the range.
    stop_pct, target_pct : distance of stop and target from the fill price, as fractions.
    """

    window: int = 60
    stop_pct: float = 0.004
    target_pct: float = 0.008
    stop_id: int = 0
    target_id: int = 0

    def columns(self, bars: pd.DataFrame) -> Mapping[str, Any]:
        """Return the highest high of the bars before each bar; this part always runs in Python."""
        return {"highest": bars["high"].rolling(self.window).max().shift(1)}

    def on_bar(self, ctx: Any) -> None:
        """Buy a breakout when flat."""
        if ctx.position == 0 and ctx.open_buy_qty == 0 and ctx.close > ctx.column.highest:
            ctx.record(BUY, 1.0)
            ctx.target(ctx.position_size)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        """Bracket what was bought, again with each part of it; clear the bracket once flat."""
        if fill.side == BUY or ctx.position == 0:
            ctx.cancel(self.stop_id)
            ctx.cancel(self.target_id)
        if fill.side == BUY:
            entry = fill.price * ctx.tick_size
            self.stop_id = ctx.send(
                SELL,
                ctx.position,
                OrderType.STOP,
                trigger=ctx.ticks(entry * (1.0 - self.stop_pct)),
                reduce_only=True,
            )
            self.target_id = ctx.send(
                SELL,
                ctx.position,
                OrderType.TAKE_PROFIT,
                trigger=ctx.ticks(entry * (1.0 + self.target_pct)),
                reduce_only=True,
            )

    def explain(self, action: str, row: Mapping[str, float]) -> str:
        """Return why, in numbers."""
        return f"{action}: close {row['close']:g} is above {row['highest']:g}"


def main(path: str | None = None, symbol: str | None = None, *, rows: int = 6000) -> BacktestResult:
    """Run it both ways; print how its positions ended."""
    bars = read_bars(path, symbol=symbol) if path else create_sample_bars(rows, seed=7)
    native = Backtester(Breakout(), mode="native").run(bars)
    python = Backtester(Breakout(), mode="python").run(bars)
    print(native)
    print(f"Same fills in both modes: {native.fills_hash == python.fills_hash}")
    ends = native.trades.groupby("exit_reason")["pnl"].agg(["count", "sum"])
    print(ends.to_string(float_format="{:,.2f}".format))
    return native


if __name__ == "__main__":
    main(*sys.argv[1:3])
