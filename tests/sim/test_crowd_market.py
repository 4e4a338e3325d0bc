"""A strategy in a crowd: both modes agree, own orders move the market, nothing is for free."""

import hashlib

import numpy as np
import pytest

from hftsim.core.enums import OrderStatus, RejectReason
from hftsim.core.errors import ConfigError
from hftsim.engine.loop import drive
from hftsim.sim.crowd import (
    Crowd,
    CrowdMarket,
    CrowdSettings,
    CrowdSource,
    PoissonFlow,
    named_crowd,
)
from hftsim.sim.crowd.generator import sample_instrument
from hftsim.sim.latency import LatencyModel
from hftsim.sim.ticks import ReplaySettings
from hftsim.strategies import FOK, GTX, IOC, Strategy, every

LATENCY = LatencyModel(entry="2ms", response="3ms")
QUIET = CrowdSettings(
    flow=PoissonFlow(market_rate=0.0, limit_rate=0.0, cancel_rate=0.0),
    opening_levels=3,
    opening_orders=1,
)
"""Nobody but the strategy: three orders on each side around 100,000."""


class Idle(Strategy):
    wake = every("10s")

    def on_wake(self, ctx):
        pass


class Maker(Strategy):
    bid: int = 0
    ask: int = 0
    wake = every("500ms")

    def on_wake(self, ctx):
        if self.bid:
            ctx.cancel(self.bid)
        if self.ask:
            ctx.cancel(self.ask)
        self.bid = 0
        self.ask = 0
        if ctx.position < 20:
            self.bid = ctx.buy(ctx.best_bid, 2, GTX)
        if ctx.position > -20:
            self.ask = ctx.sell(ctx.best_ask, 2, GTX)


class Taker(Strategy):
    seen: int = 0
    filled: int = 0

    def on_book(self, ctx):
        self.seen += 1
        if self.seen % 100 == 0:
            if ctx.position <= 0:
                ctx.buy_market(15)
            else:
                ctx.sell(ctx.best_bid - 3, 20, IOC)

    def on_fill(self, ctx, fill):
        self.filled += fill.qty

    def on_trade(self, ctx, trade):
        self.seen += 0


class Mover(Strategy):
    order: int = 0
    calls: int = 0
    wake = every("200ms")

    def on_wake(self, ctx):
        self.calls += 1
        if self.order == 0 or self.calls % 7 == 0:
            self.order = ctx.buy(ctx.best_bid - 1, 5, GTX)
        elif self.calls % 2 == 0:
            ctx.replace(self.order, ctx.best_bid, 1 + self.calls % 6)
        else:
            ctx.sell(ctx.best_bid, 3, FOK)


def run(strategy, mode="native", crowd=None, duration="3min", seed=1, **settings):
    source = CrowdSource(crowd or named_crowd("hawkes", "all"), seed=seed, duration=duration)
    market = CrowdMarket(source, ReplaySettings(latency=LATENCY, allow_short=True, **settings))
    drive(strategy, market, mode)
    return market


def fills_of(market):
    return market.fills[: int(market.context["fill_count"][0])]


def orders_of(market):
    return market.orders[: int(market.context["order_count"][0])]


def digest(market):
    fills = fills_of(market)
    parts = [np.ascontiguousarray(fills[n]).tobytes() for n in fills.dtype.names if n != "fee"]
    return hashlib.sha256(b"".join(parts) + market.equity.tobytes()).hexdigest()


@pytest.mark.parametrize("cls", [Maker, Taker, Mover])
def test_native_and_python_are_equal(cls):
    native, python = run(cls(), "native"), run(cls(), "python")
    assert len(fills_of(native)) > 5
    assert digest(native) == digest(python)
    assert digest(run(cls(), "native", seed=2)) != digest(native)


def test_a_strategy_that_sends_nothing_leaves_the_crowd_as_it_would_be():
    market = run(Idle(), duration="2min")
    alone = Crowd(named_crowd("hawkes", "all"), seed=1)
    alone.columns(20)
    alone.memory.crowd["rows_wanted"] = 1 << 15
    alone.memory.run_until(market.source.end)
    for name in ("message_count", "fill_count", "volume", "orders_live"):
        assert market.memory.get(name) == alone.memory.get(name)


@pytest.mark.parametrize("cls", [Maker, Taker, Mover])
def test_cash_fees_and_positions_add_up(cls):
    market = run(cls())
    fills, own = fills_of(market), market.instrument_records[0]
    signed = fills["side"] * fills["qty"]
    assert signed.sum() == own["position"]
    value = (signed * fills["price"]).sum() * own["tick_value"]
    cash = market.settings.capital - value - fills["fee"].sum()
    assert market.context["cash"][0] == pytest.approx(cash, abs=1e-6)
    orders = orders_of(market)
    for order in orders:
        assert fills["qty"][fills["order_id"] == order["id"]].sum() == order["filled"]
    assert (orders["filled"] <= orders["qty"]).all()


def test_a_crowd_knows_no_margin():
    with pytest.raises(ConfigError, match="maintenance_margin works on recorded ticks alone"):
        CrowdMarket(CrowdSource(), ReplaySettings(maintenance_margin=0.1))


def test_an_inverse_contract_is_traded_in_coins():
    rules = sample_instrument("BTCUSD_PERP").replace(
        kind="perpetual", inverse=True, multiplier=100, maker_fee=-0.0001, taker_fee=0.001
    )
    source = CrowdSource(named_crowd("poisson"), rules, seed=1, duration="30s")
    market = CrowdMarket(source, ReplaySettings(capital=10.0, latency=LATENCY))
    drive(Maker(), market, "python")
    fills = fills_of(market)
    assert len(fills) > 3
    value = 0.1 * fills["qty"] / (fills["price"] * 0.01)
    rates = np.where(fills["is_maker"], -0.0001, 0.001)
    assert fills["fee"] == pytest.approx(rates * value, rel=1e-12)
    cash = 10.0 + (fills["side"] * value).sum() - fills["fee"].sum()
    assert market.context["cash"][0] == pytest.approx(cash, rel=1e-12)


class Buyer(Strategy):
    wake = every("1s")
    qty: int = 1
    sent: int = 0
    before: int = 0
    after: int = 0

    def on_wake(self, ctx):
        if self.sent == 0:
            self.before = ctx.best_ask
            self.sent = ctx.buy_market(self.qty)
        else:
            self.after = ctx.best_ask


def opening_asks():
    columns = Crowd(QUIET, seed=1).columns(6)
    asks = columns["side"] == -1
    return columns["price"][asks], columns["qty"][asks]


def test_own_orders_take_the_book_and_move_it():
    prices, qtys = opening_asks()
    assert prices.tolist() == [100_001, 100_002, 100_003]
    whole = int(qtys[:2].sum())
    strategy = Buyer(qty=whole + 1)
    market = run(strategy, crowd=QUIET, duration="10s")
    fills = fills_of(market)
    assert fills["price"].tolist() == prices.tolist()
    assert fills["qty"].tolist() == [*qtys[:2].tolist(), 1]
    assert (strategy.before, strategy.after) == (100_001, 100_003 if qtys[2] > 1 else 0)
    assert not fills["is_maker"].any()
    assert set(fills["ts_event"] - market.orders["ts_sent"][0]) == {2_000_000}


def test_what_the_book_does_not_hold_is_not_filled():
    _, qtys = opening_asks()
    market = run(Buyer(qty=int(qtys.sum()) + 7), crowd=QUIET, duration="10s")
    order = orders_of(market)[0]
    assert order["filled"] == qtys.sum()
    assert order["status"] == OrderStatus.EXPIRED
    assert order["reason"] == RejectReason.IOC_REMAINDER


class SelfTrader(Strategy):
    wake = every("1s")
    calls: int = 0

    def on_wake(self, ctx):
        self.calls += 1
        if self.calls == 1:
            ctx.sell(100_001, 3)
            ctx.buy(100_000, 2, GTX)
        elif self.calls == 2:
            ctx.buy(100_001, 1_000)
        elif self.calls == 3:
            ctx.buy(100_002, 1, GTX)
            ctx.cancel(2)


def test_own_orders_never_trade_with_each_other():
    _, qtys = opening_asks()
    market = run(SelfTrader(), crowd=QUIET, duration="10s")
    resting, bid, taker, late = orders_of(market)
    assert taker["filled"] == qtys[0]
    assert (taker["status"], taker["reason"]) == (OrderStatus.EXPIRED, RejectReason.SELF_TRADE)
    assert (late["status"], late["reason"]) == (OrderStatus.REJECTED, RejectReason.WOULD_TAKE)
    assert bid["status"] == OrderStatus.CANCELED
    assert (resting["filled"], resting["reason"]) == (0, RejectReason.END_OF_DATA)


def test_a_duration_that_is_none_is_refused():
    for duration in ("soon", "0s"):
        with pytest.raises(ConfigError, match="duration"):
            CrowdSource(duration=duration)


def test_a_backtest_in_a_crowd_is_labelled_and_repeats():
    from hftsim.backtest import BacktestConfig, Backtester

    source = CrowdSource(named_crowd("poisson", "all"), seed=3, duration="2min")
    config = BacktestConfig()
    results = [Backtester(Maker(), config, mode=m).run(source) for m in ("native", "python")]
    summaries = [result.summary for result in results]
    assert summaries[0]["run_hash"] == summaries[1]["run_hash"]
    assert summaries[0]["fills"] > 10
    assert summaries[0]["simulated"] is True
    other = CrowdSource(named_crowd("poisson", "all"), seed=4, duration="2min")
    assert Backtester(Maker(), config).run(other).summary["run_hash"] != summaries[0]["run_hash"]


BUSY = CrowdSettings(flow=PoissonFlow(market_rate=50.0, limit_rate=4_000.0, cancel_rate=0.5))
"""More rows than a buffer and more live orders than the crowd has room for at first."""


def test_buffers_and_books_grow_while_a_strategy_trades():
    market = run(Maker(), crowd=BUSY, duration="30s")
    assert int(market.feeds["rows_done"][0]) > 200_000
    assert market.memory.get("orders_live") > 8_000
    assert digest(market) == digest(run(Maker(), "python", crowd=BUSY, duration="30s"))
    idle = run(Idle(), crowd=BUSY, duration="30s")
    alone = Crowd(BUSY, seed=1)
    last = alone.columns(int(idle.feeds["rows_done"][0]))
    assert alone._rest is None
    assert last["ts_event"][-1] <= idle.source.end
    assert alone.counts["messages"] == idle.memory.get("message_count")


def test_the_received_book_is_the_crowds_book():
    from hftsim.book.matching.state import live_rows

    market = run(Watcher(), crowd=BUSY, duration="5s")
    rows = live_rows(market.memory.book)
    own = market.instrument_records[0]
    for side, price, qty in ((1, "best_bid", "bid_qty"), (-1, "best_ask", "ask_qty")):
        there = rows[(rows[:, 2] == side) & (rows[:, 6] == own[price])]
        assert there[:, 8].sum() == own[qty] > 0
    assert rows[rows[:, 2] == 1, 6].max() == own["best_bid"]
    assert rows[rows[:, 2] == -1, 6].min() == own["best_ask"]


class Watcher(Strategy):
    seen: int = 0

    def on_book(self, ctx):
        self.seen += 1
