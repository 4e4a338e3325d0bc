"""Stops in whole runs: both modes, any chunks and real data give the same; rules from a configuration."""

from pathlib import Path
from typing import Any

import pytest
from tick_feeds import as_ticks, feed

from hftsim.backtest import BacktestConfig, Backtester, BacktestResult
from hftsim.core.enums import OrderType, Side
from hftsim.data.ticks import ImportSettings, ReadingOptions, Ticks, import_ticks, open_ticks
from hftsim.risk import RiskLimits
from hftsim.sim.latency import LatencyModel
from hftsim.strategies import DAY, GTX, Strategy, every

BUY, SELL = Side.BUY, Side.SELL
STOP, TAKE_PROFIT = OrderType.STOP, OrderType.TAKE_PROFIT


class Breakout(Strategy):
    """Enters by a stop on either side of the market, and leaves by a stop or a target."""

    away: int = 3
    qty: int = 10
    high: int = 0
    low: int = 0
    wake = every("200ms")

    def on_wake(self, ctx: Any) -> None:
        if not ctx.ready or ctx.position != 0:
            return
        if not ctx.is_open(self.high):
            trigger = ctx.best_ask + self.away
            self.high = ctx.send(BUY, self.qty, OrderType.STOP_LIMIT, trigger + 5, trigger, DAY)
        if not ctx.is_open(self.low):
            self.low = ctx.send(SELL, self.qty, STOP, 0, ctx.best_bid - self.away)
        if ctx.open_count < 3:
            ctx.buy(ctx.best_bid, 1, GTX)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        if ctx.position == 0:
            ctx.cancel_all()
            return
        side = SELL if ctx.position > 0 else BUY
        size = abs(ctx.position)
        ctx.send(side, size, STOP, 0, fill.price + side * 4, reduce_only=True)
        ctx.send(side, size, TAKE_PROFIT, 0, fill.price - side * 6, reduce_only=True)


def run(ticks: Ticks, mode: str, **more: Any) -> BacktestResult:
    latency = LatencyModel.constant("10ms", "5ms")
    config = BacktestConfig(
        initial_capital=1e7, risk_limits=RiskLimits.off(), latency=latency, **more
    )
    return Backtester(Breakout(), config, mode=mode).run(ticks)  # type: ignore[arg-type]


def reasons(result: BacktestResult) -> dict[str, int]:
    return dict(result.fills["reason"].value_counts())


@pytest.fixture(scope="module")
def ticks() -> Ticks:
    return as_ticks(feed(60_000, seed=11))


def test_a_strategy_of_stops_gives_the_same_in_both_modes_and_any_chunks(ticks: Ticks) -> None:
    native, python, cut = (
        run(ticks, "native"), run(ticks, "python"), run(ticks, "native", chunk_rows=997),
    )  # fmt: skip
    assert native.fills_hash == python.fills_hash == cut.fills_hash
    assert native.run_hash == python.run_hash == cut.run_hash
    assert min(reasons(native)["stop"], reasons(native)["take_profit"]) > 20


def test_rules_of_the_venue_come_from_the_configuration(ticks: Ticks) -> None:
    rules = {"max_orders": 2, "max_order_rate": 5, "price_band": 0.00001, "max_qty": 0.009}
    found = {}
    for name, value in rules.items():
        native, python = (run(ticks, mode, **{name: value}) for mode in ("native", "python"))
        assert native.run_hash == python.run_hash
        found[name] = set(native.refusals["reason"])
        assert native.config.to_dict()[name] == value
    assert "too_many_orders" in found["max_orders"]
    assert "max_order_rate" in found["max_order_rate"]
    assert "outside_collar" in found["price_band"]
    assert "above_max_qty" in found["max_qty"]


@pytest.mark.slow
def test_stops_on_a_real_capture_give_the_same_in_both_modes(
    test_data: Path, tmp_path: Path
) -> None:
    capture = test_data / "binance_ticks" / "usdm_btcusdt_20240808.gz"
    import_ticks(
        [capture],
        tmp_path / "store",
        format="binance",
        options=ReadingOptions(symbol="BTCUSDT"),
        settings=ImportSettings(fix_clock=True, fix_order=True),
    )
    ticks = open_ticks(tmp_path / "store")
    native, python = run(ticks, "native"), run(ticks, "python")
    assert (native.fills_hash, native.run_hash) == (python.fills_hash, python.run_hash)
    assert reasons(native)["stop"] > 0
