"""What is known to go wrong in hftbacktest 2.4 goes right here, and fills agree with its wheel."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tick_feeds import RULES, as_hftbacktest, as_ticks, feed, feed_by_order

from hftsim.backtest import BacktestConfig, Backtester, BacktestResult
from hftsim.core.enums import OrderStatus
from hftsim.core.events import EventKind
from hftsim.data.ticks import Ticks
from hftsim.risk import RiskLimits
from hftsim.sim.latency import LatencyModel
from hftsim.sim.queue import QueueModel
from hftsim.strategies import GTX, Strategy, every

FREE = RiskLimits(
    max_position_pct=None, max_exposure_pct=None, max_leverage=None, stop_loss_pct=None,
    max_drawdown_pct=None,
)  # fmt: skip
MS = 1_000_000
T0 = 1_700_000_000_000_000_000


class Maker(Strategy):
    qty: int = 10
    most: int = 500
    wake = every("100ms")

    def on_wake(self, ctx: Any) -> None:
        if not ctx.ready:
            return
        ctx.cancel_all()
        if ctx.position < self.most:
            ctx.buy(ctx.best_bid, self.qty, GTX)
        if ctx.position > -self.most:
            ctx.sell(ctx.best_ask, self.qty, GTX)


def run(strategy: Strategy, ticks: Ticks, mode: str = "native", **more: Any) -> BacktestResult:
    given = {"partial_fills": False, "queue": QueueModel(name="power", n=3.0)} | more
    config = BacktestConfig(
        initial_capital=1e9, risk_limits=FREE, latency=LatencyModel.constant("10ms"), **given
    )
    return Backtester(strategy, config, mode=mode).run(ticks)  # type: ignore[arg-type]


def log_of(result: BacktestResult) -> Any:
    market = result.market
    return market.fills[: int(market.context["fill_count"][0])]


def hand(*rows: tuple[float, int, int, int, int]) -> Ticks:
    """Return rows (ms, kind, side, price, qty), received as they happen, each a packet."""
    columns: dict[str, Any] = {n: [] for n in ("ts_event", "kind", "side", "price", "qty", "flags")}
    for ms, kind, side, price, qty in rows:
        values = (T0 + int(ms * MS), kind, side, price, qty, 13)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return Ticks.from_columns(RULES, {n: np.array(v) for n, v in columns.items()}, level="l2")


DEPTH, TRADE = int(EventKind.DEPTH), int(EventKind.TRADE)
BOOK = [(0, DEPTH, 1, 600_000, 2), (0, DEPTH, -1, 600_001, 2)]


@pytest.fixture(scope="module")
def ticks() -> Ticks:
    return as_ticks(feed(60_000, seed=7))


def test_partial_fills_reach_position_balance_and_fees(ticks: Ticks) -> None:
    result = run(Maker(), ticks, partial_fills=True)
    market, fills = result.market, log_of(result)
    assert (fills["qty"] < 10).sum() > 20
    assert int(market.instrument_records["position"][0]) == int(
        (fills["side"] * fills["qty"]).sum()
    )
    traded = fills["price"] * fills["qty"] * RULES.tick_value
    assert market.context["fees"][0] == pytest.approx(-0.00005 * traded.sum())
    cash = 1e9 - (fills["side"] * traded).sum() + 0.00005 * traded.sum()
    assert market.context["cash"][0] == pytest.approx(cash, rel=1e-12)


def test_a_run_with_partial_fills_goes_on_to_the_end_of_its_data(ticks: Ticks) -> None:
    result = run(Maker(), ticks, partial_fills=True)
    market = result.market
    assert market.steps_done == ticks.rows
    assert int(market.context["now"][0]) == ticks.recv_end
    steps = (ticks.recv_end - ticks.recv_start) // (100 * MS)
    assert int(market.context["decisions"][0]) == steps


class Restless(Strategy):
    wake = every("10ms")

    def on_wake(self, ctx: Any) -> None:
        ctx.cancel_all()
        ctx.buy(ctx.best_bid - 5, 1, GTX)


def test_a_run_ends_with_its_data_whatever_is_in_flight() -> None:
    """Steps as long as the latency: there is always an order on its way."""
    market = run(Restless(), hand(*BOOK, (1000, DEPTH, 1, 599_000, 1))).market
    assert int(market.context["now"][0]) == T0 + 1000 * MS
    assert int(market.context["order_count"][0]) == 100
    assert int(market.run["unsent"][0]) == 2
    assert (market.orders["status"][:100] > OrderStatus.PARTIALLY_FILLED).all()


class Ladder(Strategy):
    sent: int = 0
    seen: int = 0
    wake = every("100ms")

    def on_wake(self, ctx: Any) -> None:
        if self.sent == 0:
            for k in range(8):
                ctx.buy(ctx.best_bid - (k * 5) % 8, 1, GTX)
            self.sent = 8
        elif self.seen == 0:
            for order in ctx.orders():
                self.seen = self.seen * 10 + order.id


def test_orders_are_iterated_in_the_order_sent_in_both_modes_and_in_another_process() -> None:
    data = hand(*BOOK, (500, DEPTH, 1, 599_000, 1))
    for mode in ("native", "python"):
        strategy = Ladder()
        run(strategy, data, mode)
        assert strategy.seen == 12345678
    code = (
        "import sys; sys.path.insert(0, 'tests/sim'); import test_ticks_hftbacktest as t;"
        "s = t.Ladder(); t.run(s, t.hand(*t.BOOK, (500, t.DEPTH, 1, 599_000, 1))); print(s.seen)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    assert done.stdout.strip() == "12345678"


def test_both_modes_and_another_process_give_the_same_hashes(ticks: Ticks) -> None:
    native, python = (run(Maker(), ticks, mode) for mode in ("native", "python"))
    assert (native.fills_hash, native.run_hash) == (python.fills_hash, python.run_hash)
    code = (
        "import sys; sys.path.insert(0, 'tests/sim'); import test_ticks_hftbacktest as t;"
        "print(t.run(t.Maker(), t.as_ticks(t.feed(60_000, seed=7))).run_hash)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    assert done.stdout.strip() == native.run_hash


class Pair(Strategy):
    sent: bool = False
    wake = every("100ms")

    def on_wake(self, ctx: Any) -> None:
        if not self.sent:
            ctx.buy(ctx.best_bid, 1, GTX)
            ctx.buy(ctx.best_bid, 2, GTX)
            ctx.buy(ctx.best_bid, 3, GTX)
            self.sent = True


def test_own_orders_at_one_price_fill_in_the_order_they_arrived() -> None:
    result = run(Pair(), hand(*BOOK, (300, TRADE, -1, 600_000, 7), (900, DEPTH, 1, 1, 1)),
                 partial_fills=True)  # fmt: skip
    assert log_of(result)[["order_id", "qty"]].tolist() == [(1, 1), (2, 2), (3, 2)]


class FarAway(Strategy):
    sent: bool = False
    wake = every("100ms")

    def on_wake(self, ctx: Any) -> None:
        if not self.sent:
            ctx.buy(5, 1, GTX)
            ctx.sell(40_000_000, 1, GTX)
            self.sent = True


def test_prices_have_no_window() -> None:
    rows = [
        (300, DEPTH, -1, 40_000_000, 3),
        (400, TRADE, -1, 3, 2),
        (500, TRADE, 1, 40_000_001, 9),
        (600, DEPTH, 1, 2, 1),
        (900, DEPTH, 1, 1, 1),
    ]
    fills = log_of(run(FarAway(), hand(*BOOK, *rows)))
    assert fills[["ts_event", "side", "price", "qty"]].tolist() == [
        (T0 + 400 * MS, 1, 5, 1),
        (T0 + 500 * MS, -1, 40_000_000, 1),
    ]


def wheel(folder: Path, rows: np.ndarray, level: str) -> dict[str, Any]:
    """Return what the maker does in hftbacktest itself."""
    python = os.environ.get("HFTSIM_HFTBACKTEST_PYTHON", "")
    if not Path(python).is_file():
        pytest.skip("HFTSIM_HFTBACKTEST_PYTHON names no interpreter with hftbacktest")
    np.save(folder / "feed.npy", rows)
    script = Path(__file__).with_name("parity_hftbacktest.py")
    done = subprocess.run(
        [python, script, folder / "feed.npy", level], capture_output=True, text=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize(("level", "make"), [("l2", feed), ("l3", feed_by_order)])
def test_fills_are_those_of_the_wheel(tmp_path: Path, level: str, make: Any, seed: int) -> None:
    """At every look the position is the same to the lot."""
    columns = make(60_000, seed)
    theirs = wheel(tmp_path, as_hftbacktest(columns), level)
    fills = log_of(run(Maker(), as_ticks(columns), trade_through=False))
    assert theirs["fills"] > 300
    times, positions = np.array(theirs["seen"]).T
    known = fills["ts_recv"][:, None] <= times
    held = (known * (fills["side"] * fills["qty"])[:, None]).sum(axis=0)
    np.testing.assert_array_equal(held, positions)
    until = fills["ts_recv"] <= times[-1]
    assert len(fills[until]) <= theirs["fills"] <= len(fills)
