"""Stops in a crowd: the crowd's trades trigger them, our own too, and both modes agree."""

import numpy as np
import pytest
from test_crowd_market import QUIET, digest, fills_of, opening_asks, orders_of, run

from hftsim.core.enums import FillReason, OrderStatus, OrderType, RejectReason, Side
from hftsim.core.instrument import Instrument
from hftsim.engine.loop import drive
from hftsim.sim.crowd import CrowdMarket, CrowdSource, named_crowd
from hftsim.sim.crowd.generator import sample_instrument
from hftsim.sim.ticks import ReplaySettings
from hftsim.strategies import DAY, GTX, Strategy, every

BUY, SELL = Side.BUY, Side.SELL
STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT
TAKE_PROFIT = OrderType.TAKE_PROFIT


class Setter(Strategy):
    """Lets stops wait at 1 s and sweeps the first level and a lot of the second at 3 s."""

    sweep: int = 0
    calls: int = 0
    wake = every("1s")

    def on_wake(self, ctx):
        self.calls += 1
        if self.calls == 1:
            ctx.send(BUY, 2, STOP, 0, 100_002)
            ctx.send(BUY, 1, STOP_LIMIT, 100_003, 100_002, GTX)
            ctx.send(BUY, 7, STOP_LIMIT, 100_000, 100_002)
            ctx.send(BUY, 1, STOP, 0, 100_002)
            ctx.send(BUY, 1, STOP, 0, 100_050)
        elif self.calls == 2:
            ctx.replace(3, 5, 4)
            ctx.replace(3, 5, 9)
            ctx.cancel(4)
        elif self.calls == 3:
            ctx.buy_market(self.sweep)
        elif self.calls == 5:
            ctx.send(SELL, 1, TAKE_PROFIT, 0, 100_002)


def test_own_trades_trigger_own_stops_and_each_comes_in_as_what_it_is():
    _, qtys = opening_asks()
    left = qtys[1] - 1
    market = run(Setter(sweep=int(qtys[0]) + 1), crowd=QUIET, duration="8s")
    stop, gtx, limit, canceled, far, sweep, profit = orders_of(market)
    fills = fills_of(market)
    mine = fills[fills["order_id"] == 1]
    assert set(fills["ts_event"][:3] - sweep["ts_sent"]) == {2_000_000}
    prices = [100_002] * int(min(left, 2)) + [100_003] * int(max(2 - left, 0))
    assert np.repeat(mine["price"], mine["qty"]).tolist() == prices
    assert set(mine["reason"]) == {FillReason.STOP}
    assert (gtx["status"], gtx["reason"]) == (OrderStatus.CANCELED, RejectReason.WOULD_TAKE)
    assert (limit["price"], limit["qty"], limit["triggered"]) == (100_000, 4, True)
    assert (canceled["status"], canceled["triggered"]) == (OrderStatus.CANCELED, False)
    assert (far["reason"], far["triggered"]) == (RejectReason.END_OF_DATA, False)
    assert (profit["status"], stop["triggered"]) == (OrderStatus.FILLED, True)
    assert fills["reason"][fills["order_id"] == profit["id"]].tolist() == [FillReason.TAKE_PROFIT]
    assert int(market.feeds["not_replaced"][0]) == 1


class Trapper(Strategy):
    """Keeps a stop on either side of the market and takes profit."""

    away: int = 2
    high: int = 0
    low: int = 0
    out: int = 0
    wake = every("300ms")

    def on_wake(self, ctx):
        if not ctx.ready:
            return
        if not ctx.is_open(self.high) and ctx.position < 20:
            self.high = ctx.send(BUY, 3, STOP, 0, ctx.best_ask + self.away)
        if not ctx.is_open(self.low) and ctx.position > -20:
            self.low = ctx.send(SELL, 3, STOP_LIMIT, ctx.best_bid - 9, ctx.best_bid - self.away)
        if ctx.position != 0 and not ctx.is_open(self.out):
            side = SELL if ctx.position > 0 else BUY
            price = ctx.best_ask if side == SELL else ctx.best_bid
            self.out = ctx.send(side, 2, TAKE_PROFIT, 0, price - side * 2, reduce_only=True)


class Watcher(Trapper):
    """A trapper that looks at every packet as well."""

    trades: int = 0

    def on_trade(self, ctx, trade):
        self.trades += 1


def test_stops_are_the_same_in_both_modes():
    native, python = run(Trapper(), "native"), run(Trapper(), "python")
    assert digest(native) == digest(python)
    reasons = fills_of(native)["reason"]
    assert (reasons == FillReason.STOP).sum() > 5
    assert (reasons == FillReason.TAKE_PROFIT).sum() > 1


class Witness(Trapper):
    """A trapper that keeps every public trade it hears of; for Python mode."""

    def on_trade(self, ctx, trade):
        self.heard.append((trade.ts_event, trade.price))

    heard = []


def test_the_first_trade_at_the_trigger_is_the_one_that_lets_a_stop_in():
    Witness.heard.clear()
    market = run(Witness(), "python")
    times, prices = np.array(Witness.heard).T
    orders, fills = orders_of(market), fills_of(market)
    checked = 0
    for order in orders[orders["triggered"]]:
        arrived = order["ts_sent"] + 2_000_000
        rising = (order["type"] <= STOP_LIMIT) == (order["side"] == BUY)
        met = prices >= order["trigger"] if rising else prices <= order["trigger"]
        before = np.flatnonzero(times < arrived)
        if len(before) and met[before[-1]]:
            expected = arrived
        else:
            expected = times[np.flatnonzero((times >= arrived) & met)[0]]
        mine = fills[fills["order_id"] == order["id"]]
        if len(mine):
            assert mine["ts_event"][0] == expected
            checked += 1
    waiting = orders[(orders["type"] >= STOP) & ~orders["triggered"]]
    assert (waiting["filled"] == 0).all()
    assert checked > 10


class Daily(Strategy):
    """Sends, 2 s before midnight, what lives for a day and what does not; 4 s after it, once more."""

    calls: int = 0
    wake = every("3s")

    def on_wake(self, ctx):
        self.calls += 1
        if self.calls == 1:
            ctx.buy(99_990, 1, DAY)
            ctx.send(SELL, 1, STOP, 0, 99_000, DAY)
            ctx.buy(99_991, 1)
            ctx.sell(100_020, 1, DAY)
        elif self.calls == 3:
            ctx.buy(99_980, 1, DAY)


def test_day_orders_end_at_midnight():
    source = CrowdSource(QUIET, start="2024-01-01T23:59:55", duration="10s")
    market = CrowdMarket(source, ReplaySettings(allow_short=True))
    drive(Daily(), market, "native")
    orders = orders_of(market)
    ended, midnight = orders[[0, 1, 3]], source.start + 5 * 10**9
    assert set(ended["status"]) == {OrderStatus.EXPIRED}
    assert set(ended["reason"]) == {RejectReason.DAY_ENDED}
    assert set(ended["ts_done"]) == {midnight + 10_000_000}
    assert set(orders["reason"][[2, 4]]) == {RejectReason.END_OF_DATA}


def ruled(**rules):
    instrument: Instrument = sample_instrument().replace(**rules)
    source = CrowdSource(named_crowd("hawkes", "all"), seed=1, duration="60s")
    market = CrowdMarket(source, ReplaySettings(allow_short=True), instrument)
    drive(Trapper(), market, "native")
    return {RejectReason(int(r)).name for r in orders_of(market)["reason"]}


@pytest.mark.parametrize(
    ("rule", "value", "reason"),
    [
        ("max_orders", 1, "TOO_MANY_ORDERS"),
        ("max_order_rate", 1, "MAX_ORDER_RATE"),
        ("price_band", 0.00002, "OUTSIDE_COLLAR"),
        ("max_qty", "0.002", "ABOVE_MAX_QTY"),
    ],
)
def test_the_rules_of_the_venue_hold_in_a_crowd(rule, value, reason):
    assert reason in ruled(**{rule: value})
    assert reason not in ruled()
