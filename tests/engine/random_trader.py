"""A strategy that does everything at random, and bars to do it on; both repeat exactly."""

from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.bars import with_source
from hftsim.strategies import Strategy
from hftsim.strategies.base import every


class RandomTrader(Strategy):
    """Sends, cancels and targets at random; numbers from a linear congruential generator."""

    seed: int = 1
    busy: int = 3
    drawn: int = 0
    last_id: int = 0
    fills: int = 0
    paid: float = 0.0
    woken: int = 0
    seen: float = 0.0
    wake = every("5min")

    def draw(self, below: int) -> int:
        self.drawn = (self.drawn * 1103515245 + 12345 + self.seed) % 2147483648
        return (self.drawn // 65536) % below

    def on_bar(self, ctx: Any) -> None:
        for _ in range(self.draw(self.busy + 1)):
            self.act(ctx)

    def on_wake(self, ctx: Any) -> None:
        self.woken += 1
        if self.draw(4) == 0:
            ctx.cancel_all()
        self.seen += ctx.equity + ctx.cash + ctx.peak

    def on_fill(self, ctx: Any, fill: Any) -> None:
        self.fills += 1
        self.paid += fill.fee + fill.slippage
        if self.draw(5) == 0:
            ctx.close_position(fill.instrument)

    def act(self, ctx: Any) -> None:
        k = self.draw(ctx.instruments)
        own = ctx.instrument(k)
        side = 1 if self.draw(2) == 0 else -1
        what = self.draw(10)
        if what == 0:
            ctx.target(0.25 * (self.draw(9) - 4), k)
        elif what == 1 and ctx.open_count > 0:
            ctx.cancel(ctx.order(self.draw(ctx.open_count)).id)
        elif what == 2:
            ctx.record(side, 0.5, k)
            self.last_id = ctx.buy_market(1 + self.draw(50), k)
        elif what == 3 and not ctx.is_open(self.last_id):
            self.last_id = ctx.sell(own.best_ask + self.draw(4), ctx.lots(0.01), instrument=k)
        elif own.ready:
            price, trigger = own.best_bid + self.draw(13) - 6, own.best_bid + self.draw(13) - 6
            kind, tif = 1 + self.draw(7), self.draw(6)
            qty = self.draw(200)
            self.last_id = ctx.send(side, qty, kind, price, trigger, tif, k, self.draw(5) == 0)


def random_bars(rows: int, seed: int, start: str = "2024-03-01", gaps: bool = True) -> pd.DataFrame:
    """Return minute bars around 100 on a grid of 0.05, some of them off it, some minutes missing."""
    rng = np.random.default_rng(seed)
    close = 100.0 + 0.05 * np.cumsum(rng.integers(-2, 3, rows))
    close = np.maximum(close + np.where(rng.random(rows) < 0.1, 0.02, 0.0), 10.0)
    opened = np.concatenate([[close[0]], close[:-1]]) + 0.05 * rng.integers(-1, 2, rows)
    high = np.maximum(opened, close) + 0.05 * rng.integers(0, 4, rows)
    low = np.minimum(opened, close) - 0.05 * rng.integers(0, 4, rows)
    volume = np.where(rng.random(rows) < 0.1, 0.0, rng.integers(1, 60, rows) / 10)
    steps = rng.choice([1, 1, 1, 1, 1, 1, 2, 90], rows) if gaps else np.ones(rows, dtype=int)
    index = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.cumsum(steps), unit="min")
    values = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    frame = pd.DataFrame(values, index=pd.DatetimeIndex(index, name="ts_open"))
    return with_source(frame.round(6), interval_ns=60 * 10**9, timezone="UTC")
