"""The compiled and the interpreted run of one strategy are the same, to the last byte."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from random_trader import RandomTrader, random_bars

from hftsim.backtest import BacktestConfig, Backtester, BacktestResult
from hftsim.core import Instrument
from hftsim.risk import RiskLimits
from hftsim.sim.slippage import SlippageModel
from hftsim.strategies import Strategy

RULES = [
    Instrument(symbol="AAAUSDT", kind="perpetual", tick_size="0.05", lot_size="0.001"),
    Instrument(symbol="BBBUSDT", tick_size="0.05", lot_size="0.01", min_notional=5),
    Instrument(
        symbol="CCCUSDT", kind="perpetual", tick_size="0.05", lot_size="0.001", multiplier=10
    ),
]
WIDE = RiskLimits(
    max_position_pct=None,
    max_exposure_pct=None,
    max_leverage=3.0,
    stop_loss_pct=0.01,
    take_profit_pct=0.02,
    max_daily_loss_pct=0.05,
    max_drawdown_pct=0.6,
)
CONFIGS = {
    "default": BacktestConfig(),
    "worst": BacktestConfig(initial_capital=500.0, risk_limits=WIDE),
    "ohlc": BacktestConfig(initial_capital=500.0, risk_limits=WIDE, intrabar="ohlc"),
    "impact": BacktestConfig(
        initial_capital=50_000.0,
        use_risk_manager=False,
        max_volume_share=0.02,
        slippage=SlippageModel(fraction=0.0, half_spread_ticks=0.5, volatility=0.3, impact=1.0),
    ),
    "free": BacktestConfig(use_risk_manager=False, max_volume_share=0.0, intrabar="ohlc"),
}


def run(
    strategy: Strategy, frames: dict[str, pd.DataFrame], config: BacktestConfig, mode: Any
) -> BacktestResult:
    rules = {i.symbol: i for i in RULES}
    return Backtester(strategy, config, mode=mode).run(frames, instrument=rules)


def frames_of(count: int, rows: int, seed: int) -> dict[str, pd.DataFrame]:
    starts = ("2024-03-01", "2024-03-01 03:00", "2024-03-02")
    return {
        rules.symbol: random_bars(rows, seed + k, starts[k])
        for k, rules in enumerate(RULES[:count])
    }


def require_equal(native: BacktestResult, python: BacktestResult) -> None:
    for name in ("order", "fill", "signal"):
        count = int(native.market.context[f"{name}_count"][0])
        assert count == int(python.market.context[f"{name}_count"][0])
        logs = [getattr(result.market, f"{name}s")[:count] for result in (native, python)]
        for field in logs[0].dtype.names:
            assert logs[0][field].tobytes() == logs[1][field].tobytes(), (name, field)
    assert native.market.equity.tobytes() == python.market.equity.tobytes()
    assert native.market.positions.tobytes() == python.market.positions.tobytes()
    assert native.strategy._memory.tobytes() == python.strategy._memory.tobytes()
    assert native.fills_hash == python.fills_hash
    assert native.run_hash == python.run_hash


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", CONFIGS)
def test_native_and_python_runs_are_equal_to_the_last_byte(name: str, count: int) -> None:
    for seed in range(3):
        frames = frames_of(count, 400, 10 * seed)
        results = [
            run(RandomTrader(seed=seed), frames, CONFIGS[name], mode)
            for mode in ("native", "python")
        ]
        require_equal(*results)
        assert int(results[0].market.context["fill_count"][0]) > 20


def test_a_run_repeats_itself_in_one_process() -> None:
    frames, trader = frames_of(2, 300, 5), RandomTrader(seed=9)
    first = run(trader, frames, CONFIGS["worst"], "native").run_hash
    assert run(trader, frames, CONFIGS["worst"], "native").run_hash == first
    assert run(trader, frames, CONFIGS["worst"], "python").run_hash == first


@pytest.mark.parametrize("mode", ["native", "python"])
def test_logs_grow_while_a_run_goes_on(mode: str) -> None:
    frames = {"AAAUSDT": random_bars(7000, 3)}
    result = run(RandomTrader(seed=4, busy=24), frames, CONFIGS["free"], mode)
    orders = int(result.market.context["order_count"][0])
    assert orders > 2 * 32768
    log = result.market.orders[:orders]
    assert (log["id"] == np.arange(1, orders + 1)).all()
    fills = result.market.fills[: int(result.market.context["fill_count"][0])]
    assert fills["order_id"].max() > 32768
    assert fills["qty"].sum() == log["filled"].sum()


def test_both_modes_agree_while_logs_grow() -> None:
    frames = {"AAAUSDT": random_bars(4500, 3)}
    runs = [
        run(RandomTrader(seed=4, busy=24), frames, CONFIGS["free"], m) for m in ("native", "python")
    ]
    assert int(runs[0].market.context["order_count"][0]) > 32768
    require_equal(*runs)


@pytest.mark.slow
def test_many_seeds_agree() -> None:
    for seed in range(60):
        name = list(CONFIGS)[seed % len(CONFIGS)]
        frames = frames_of(1 + seed % 3, 600, 1000 + 10 * seed)
        trader = {"seed": seed, "busy": 1 + seed % 8}
        require_equal(
            *(run(RandomTrader(**trader), frames, CONFIGS[name], m) for m in ("native", "python"))
        )


class Seldom(Strategy):
    """Buys and sells in turn, every 50 000 bars."""

    bars: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.bars += 1
        if self.bars % 50_000 == 0:
            ctx.target(0.5 if ctx.position == 0 else 0.0)


@pytest.mark.slow
def test_a_run_pauses_and_goes_on_beyond_a_million_bars() -> None:
    rows = (1 << 20) + 150_000
    told: list[int] = []
    frames = {"AAAUSDT": random_bars(rows, 1, gaps=False)}
    rules = {"AAAUSDT": RULES[0]}
    strategy = Seldom()
    result = Backtester(strategy, CONFIGS["free"]).run(
        frames, instrument=rules, progress=lambda done, total, note: told.append(done)
    )
    assert told == sorted(told)
    assert len(told) >= 3
    assert told[-1] == rows == strategy.bars
    assert np.isfinite(result.market.equity).all()
    assert int(result.market.context["order_count"][0]) == rows // 50_000


class Hoarder(Strategy):
    """Keeps as many orders open as it may, and holds a position with a stop."""

    accepted: int = 0

    def on_bar(self, ctx: Any) -> None:
        if ctx.step == 0:
            ctx.buy_market(1)
            for _ in range(5000):
                if ctx.buy(1, 1):
                    self.accepted += 1


class Churner(Strategy):
    """Replaces the oldest of 3900 open orders all the time."""

    def on_bar(self, ctx: Any) -> None:
        for _ in range(1300):
            if ctx.open_count >= 3900:
                ctx.cancel(ctx.order(0).id)
            ctx.buy(1, 1)


def test_a_full_book_of_orders_leaves_room_for_protection() -> None:
    frames = {"AAAUSDT": random_bars(6, 1, gaps=False)}
    limits = RiskLimits(stop_loss_pct=0.5, take_profit_pct=0.9, max_position_pct=None)
    strategy = Hoarder()
    result = run(strategy, frames, BacktestConfig(risk_limits=limits), "native")
    orders = result.orders
    assert (orders["origin"] == "stop loss").sum() == (orders["origin"] == "take profit").sum() == 1
    assert set(result.refusals["reason"]) == {"too_many_orders"}
    assert strategy.accepted == 4095 - 1  # beside the market order
    assert (orders["status"] == "expired").sum() == 4095 - 1 + 2


@pytest.mark.parametrize("mode", ["native", "python"])
def test_a_run_with_thousands_of_open_orders_ends(mode: str) -> None:
    frames = {"AAAUSDT": random_bars(30, 1, gaps=False)}
    result = run(Churner(), frames, CONFIGS["free"], mode)
    assert int(result.market.context["order_count"][0]) == 30 * 1300
