"""What the tick benchmarks share: the market maker, a timed run of ours, the peer on the same rows."""

import functools
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _report import peer as run_peer
from _report import per_second
from _ticks import as_hftbacktest

from hftsim import GTX, Instrument, Strategy, every
from hftsim.data.ticks import Ticks
from hftsim.engine import Mode, drive
from hftsim.sim.queue import QueueModel
from hftsim.sim.ticks import ReplayMarket, ReplaySettings

SETTINGS = ReplaySettings(
    capital=1e9, queue=QueueModel(name="power", n=3.0), partial_fills=False, trade_through=False
)
RULES = Instrument(
    symbol="SIMUSDT",
    kind="perpetual",
    tick_size="0.1",
    lot_size="0.001",
    maker_fee=-0.00005,
    taker_fee=0.0007,
)
MAKER = (
    "every 100 ms cancel all and quote 0.1 at both best prices, post-only, skewed by the position; "
    "10 ms entry and response latency, no partial fills"
)


class Maker(Strategy):
    """Cancel all and quote both sides at the best prices, skewed by the position."""

    qty: int = 100
    limit: int = 5000
    wake = every("100ms")

    def on_wake(self, ctx: Any) -> None:
        """Requote."""
        if not ctx.ready:
            return
        ctx.cancel_all()
        skew = (ctx.position * 2) // 1000
        if ctx.position < self.limit:
            ctx.buy(ctx.best_bid - max(skew, 0), self.qty, GTX)
        if ctx.position > -self.limit:
            ctx.sell(ctx.best_ask + max(-skew, 0), self.qty, GTX)


class Nothing(Strategy):
    """Wake up every 100 ms."""

    count: int = 0
    wake = every("100ms")

    def on_wake(self, ctx: Any) -> None:
        """Count."""
        self.count += 1


class Best(Strategy):
    """Read the best prices at every packet."""

    total: int = 0

    def on_book(self, ctx: Any) -> None:
        """Add them up."""
        self.total += ctx.best_bid + ctx.best_ask


def ours(
    ticks: Ticks, rules: Instrument, kind: type[Strategy], *, mode: Mode = "native", times: int = 7
) -> dict[str, Any]:
    """Time the loop over rows in memory, checked once before, as the peer's are."""
    ticks.chunks = functools.partial(Ticks.chunks, ticks, checked=False)  # type: ignore[method-assign]
    best = {"cpu_s": float("inf"), "wall_s": float("inf")}
    for _ in range(times + 1):
        market = ReplayMarket({rules.symbol: ticks}, [rules], SETTINGS)
        strategy = kind()
        wall, cpu = time.perf_counter(), time.process_time()
        drive(strategy, market, mode)
        best["cpu_s"] = min(best["cpu_s"], time.process_time() - cpu)
        best["wall_s"] = min(best["wall_s"], time.perf_counter() - wall)
    fills = market.fills[: int(market.context["fill_count"][0])]
    gross = float(fills["qty"].sum()) * float(rules.lot_size)
    return {**per_second(best, ticks.rows), "fills": len(fills), "gross_qty": gross}


def peers(
    columns: dict[str, np.ndarray], cases: dict[str, tuple[str, str, str, int]]
) -> dict[str, Any]:
    """Return what hftbacktest does on the same rows; name -> (strategy, level, how, times)."""
    price = columns["price"]
    lowest, highest = max(0.0, 0.05 * float(np.median(price))), 0.15 * float(np.median(price))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.npy"
        np.save(file, as_hftbacktest(columns, 0.1, 0.001))
        return {
            name: run_peer("_peer_replay.py", file, strategy, level, how, lowest, highest, times)
            for name, (strategy, level, how, times) in cases.items()
        }
