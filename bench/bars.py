"""An SMA 10/50 cross over one million one-minute bars, beside vectorbt and backtesting.py."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core, for the peers too

import time
from collections.abc import Mapping
from typing import Any

import pandas as pd
import talib
from _bars import random_bars
from _report import measure, peer, per_second, ratio, tell, versions

from hftsim import (
    BUY,
    SELL,
    BacktestConfig,
    Backtester,
    Instrument,
    SlippageModel,
    SmaCrossStrategy,
    Strategy,
)
from hftsim.backtest import BacktestResult
from hftsim.backtest.backtester import strategy_columns
from hftsim.engine import Mode, drive
from hftsim.sim.bars import BarMarket

ROWS = 1_000_000
WORKLOAD = (
    f"SMA 10/50 cross on {ROWS:,} random one-minute bars (seed 3), long or short with all equity, "
    "fee 0.00002, no slippage, no risk limits, every signal recorded; rates are bars per CPU second "
    "on one core. Timed: averages, validation of the bars, market, loop with orders and accounts, "
    "equity curve, total return. vectorbt fills at the close of the signal's bar, backtesting.py "
    "and hftsim at the next open, which in these bars is the same price. backtesting.py buys whole "
    "units, keeps 0.01 % back and also works out its statistics; the cases called 'summary' do as "
    "much here (tables, metrics, hashes). The shipped SmaCrossStrategy serves any number of "
    "instruments and has a case of its own"
)
FINE = Instrument(
    symbol="SIMUSDT",
    kind="perpetual",
    tick_size="0.000001",
    lot_size="0.00001",
    maker_fee=0.00002,
    taker_fee=0.00002,
)
CONFIG = BacktestConfig(
    initial_capital=1_000_000.0,
    position_size_pct=1.0,
    slippage=SlippageModel.none(),
    max_volume_share=0.0,
    use_risk_manager=False,
)
BARS = random_bars(ROWS)


class Cross(Strategy):
    """The peers' strategy: of one instrument, long above the crossing, short below."""

    above: int = 0

    def columns(self, bars: pd.DataFrame) -> Mapping[str, Any]:
        """Return both averages."""
        close = bars["close"].to_numpy()
        return {"fast": talib.SMA(close, 10), "slow": talib.SMA(close, 50)}

    def on_bar(self, ctx: Any) -> None:
        """Turn the position round where the averages cross."""
        fast, slow = ctx.column.fast, ctx.column.slow
        if fast > slow:
            if self.above == -1:
                ctx.record(BUY, 1.0)
                ctx.target(ctx.position_size)
            self.above = 1
        elif fast < slow:
            if self.above == 1:
                ctx.record(SELL, 1.0)
                ctx.target(-ctx.position_size)
            self.above = -1


def run(mode: Mode, strategy: type[Strategy] = Cross) -> BacktestResult:
    """Run the backtest as a user does, to the equity curve."""
    result = Backtester(strategy(), CONFIG, mode=mode).run(BARS, symbol="SIMUSDT", instrument=FINE)
    total_return(result)
    return result


def total_return(result: BacktestResult) -> float:
    """Return the total return, a fraction."""
    return float(result.equity_curve.iat[-1]) / CONFIG.initial_capital - 1.0


def loop_alone(times: int) -> dict[str, float]:
    """Time the loop alone: market, orders and accounts over columns that are ready."""
    frames = {"SIMUSDT": BARS}
    names, tables = strategy_columns(Cross(), frames)
    best = {"cpu_s": float("inf"), "wall_s": float("inf")}
    for _ in range(times):
        market = BarMarket(frames, [FINE], tables, names, CONFIG.market_settings())
        strategy = Cross()
        wall, cpu = time.perf_counter(), time.process_time()
        drive(strategy, market, "native")
        best["cpu_s"] = min(best["cpu_s"], time.process_time() - cpu)
        best["wall_s"] = min(best["wall_s"], time.perf_counter() - wall)
    return best


def outcome(mode: Mode) -> dict[str, Any]:
    """Return what was traded, for comparison with the peers."""
    result = run(mode)
    return {"trades": len(result.trades), "total_return": total_return(result)}


def main() -> None:
    """Time us, then the peers, and print both."""
    traded = outcome("native")
    cases: dict[str, Any] = {
        "native": {**per_second(measure(lambda: run("native"), 15), ROWS), **traded},
        "native_loop_alone": per_second(loop_alone(15), ROWS),
        "native_shipped_strategy": per_second(
            measure(lambda: run("native", SmaCrossStrategy), 15), ROWS
        ),
        "native_summary": per_second(measure(lambda: run("native").summary, 3), ROWS),
        "vectorbt": peer("_peer_bars.py", "vectorbt", ROWS),
        "python": {**per_second(measure(lambda: run("python"), 3), ROWS), **outcome("python")},
        "python_summary": per_second(measure(lambda: run("python").summary, 2), ROWS),
        "backtesting_py": peer("_peer_bars.py", "backtesting", ROWS),
    }
    rates = {name: case["per_cpu_s"] if case else None for name, case in cases.items()}
    cases["native_to_vectorbt"] = ratio(rates["native"], rates["vectorbt"])
    cases["python_to_backtesting_py"] = ratio(rates["python"], rates["backtesting_py"])
    cases["python_summary_to_backtesting_py"] = ratio(
        rates["python_summary"], rates["backtesting_py"]
    )
    tell(
        name="bars",
        ours=rates["native"],
        unit="bars/s",
        peer=rates["vectorbt"],
        peer_name="vectorbt",
        ratio=cases["native_to_vectorbt"],
        workload=WORKLOAD,
        cases=cases,
        versions=versions("numba", "pandas"),
    )


if __name__ == "__main__":
    main()
