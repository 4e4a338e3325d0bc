"""Backtests with fee tiers, taken liquidity and latency by load: modes and chunks change nothing."""

from typing import Any

import pytest
from tick_feeds import RULES, as_ticks, feed

from hftsim.backtest import BacktestConfig, Backtester, BacktestResult
from hftsim.data.ticks import Ticks
from hftsim.sim.fees import FeeSchedule
from hftsim.sim.latency import LatencyModel
from hftsim.strategies import GTX, Strategy, every

TIERS = ((0.0, 0.0002, 0.0005), (100_000.0, -0.0001, 0.0003))


class Taker(Strategy):
    wake = every("50ms")

    def on_wake(self, ctx: Any) -> None:
        if not ctx.ready:
            return
        ctx.cancel_all()
        if ctx.position < 100:
            ctx.buy(ctx.best_bid, 30, GTX)
            ctx.buy_market(250)
        else:
            ctx.sell_market(250)


@pytest.fixture(scope="module")
def ticks() -> Ticks:
    return as_ticks(feed(20_000, 1))


def run(ticks: Ticks, mode: str = "native", **settings: Any) -> BacktestResult:
    config = BacktestConfig(initial_capital=1e6, **settings)
    return Backtester(Taker(), config, mode=mode).run({"BTCUSDT": ticks})


COSTS: dict[str, Any] = {
    "latency": LatencyModel.load("5ms", per_row="100us", window="50ms"),
    "liquidity_half_life": "1s",
    "fees": FeeSchedule(tiers=TIERS, volume_before=1e6, days=7),
}


def test_modes_and_chunks_change_nothing(ticks: Ticks) -> None:
    first = run(ticks, **COSTS)
    assert first.summary["fills"] > 100
    for mode, chunk_rows in (("python", None), ("native", 100), ("native", 1)):
        other = run(ticks, mode, chunk_rows=chunk_rows, **COSTS)
        assert other.run_hash == first.run_hash
        assert other.summary["fees_by_tier"] == first.summary["fees_by_tier"]


def test_each_setting_matters_and_tells_what_it_did(ticks: Ticks) -> None:
    plain = run(ticks)
    for name in COSTS:
        assert run(ticks, **{name: COSTS[name]}).run_hash != plain.run_hash
    summary = run(ticks, **COSTS).summary
    assert summary["fee_tier"] == 1
    assert summary["fees_by_tier"] == [0.0, pytest.approx(summary["total_fees"])]
    assert summary["taken_levels_forgotten"] == 0
    assert not {"fee_tier", "fees_by_tier", "taken_levels_forgotten"} & set(plain.summary)


def test_one_tier_is_a_flat_fee(ticks: Ticks) -> None:
    schedule = FeeSchedule(tiers=((0.0, RULES.maker_fee, RULES.taker_fee),))
    assert run(ticks, fees=schedule).fills_hash == run(ticks).fills_hash
