"""Every method of ctx, with its keywords, in both modes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hftsim.core.enums import OrderType
from hftsim.strategies import BUY, DAY, FOK, GTC, GTX, IOC, SELL, Array, Strategy

STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT
TAKE_PROFIT = OrderType.TAKE_PROFIT


class Everything(Strategy):
    n: int = 0
    ids: Array[int, 8]
    sum: float = 0.0
    open: int = 0

    def on_bar(self, ctx: Any) -> None:
        k = self.n % 12
        self.n += 1
        bid, ask = ctx.best_bid, ctx.best_ask
        lots = ctx.lots(0.05)
        if k == 0:
            self.ids[0] = ctx.buy(bid - 4, lots)
            self.ids[1] = ctx.sell(price=ask + 4, qty=lots, tif=GTX)
        elif k == 1:
            self.ids[2] = ctx.buy(ctx.ticks(ctx.close * 0.999), ctx.lots(0.02, instrument=0), IOC)
            self.ids[3] = ctx.sell(ask - 1, 7, tif=FOK, instrument=0)
        elif k == 2:
            self.ids[4] = ctx.buy_market(20)
            self.ids[5] = ctx.sell_market(qty=5, instrument=0)
        elif k == 3:
            self.ids[6] = ctx.send(SELL, 10, STOP, trigger=bid - 9, reduce_only=True)
            self.ids[7] = ctx.send(side=BUY, qty=4, type=STOP_LIMIT, price=ask + 9, trigger=ask + 3)
        elif k == 4:
            ctx.send(SELL, 3, TAKE_PROFIT, trigger=ask + 6, tif=DAY)
            ctx.send(BUY, 2, OrderType.LIMIT, bid - 2, 0, GTC, 0, False)
        elif k == 5:
            self.sum += float(ctx.cancel(self.ids[0])) + float(ctx.cancel(order_id=999_999))
        elif k == 6:
            self.sum += ctx.target(0.15)
            self.sum += ctx.target(weight=-0.05, instrument=0)
        elif k == 7:
            ctx.record(BUY, 0.75)
            ctx.record(side=SELL, confidence=1, instrument=0)
        elif k == 8:
            for order in ctx.orders():
                self.sum += order.price - order.filled + order.type + order.tif
                if order.side == BUY:
                    ctx.cancel(order.id)
                    ctx.buy(bid - 8, 1)
        elif k == 9:
            for i in range(ctx.open_count - 1, -1, -1):
                order = ctx.order(i)
                if order.side == SELL and not order.reduce_only:
                    ctx.cancel(order.id)
        elif k == 10:
            self.sum += ctx.close_position() + ctx.close_position(instrument=0)
        else:
            ctx.cancel_all()
        for i in range(8):
            if ctx.is_open(self.ids[i]):
                self.open += 1
        self.seen(ctx)

    def seen(self, ctx: Any) -> None:
        own = ctx.instrument(0)
        self.sum += own.open + own.high + own.low + ctx.open - ctx.high - ctx.low
        self.sum += ctx.equity + ctx.cash - ctx.fees + ctx.capital + ctx.peak
        self.sum += own.position + own.avg_price + own.realised + own.open_buy_qty
        self.sum += ctx.tick_size + ctx.lot_size + ctx.refused + ctx.last_refusal + ctx.halted
        self.sum += ctx.now % 1000 + ctx.step + ctx.order_count + ctx.fill_count
        self.sum += 1.0 if ctx.ready and ctx.fresh and ctx.may_short else 0.0


def test_every_method_does_the_same(twice: Callable[..., Any], bars: Callable[..., Any]) -> None:
    strategy, market = twice(Everything, bars(1200))
    kinds = set(market.orders["type"][: int(market.context["order_count"][0])].tolist())
    assert kinds == {1, 2, 3, 4, 5}
    assert strategy.open > 100


class Sweeper(Strategy):
    """Cancels by index while the list gets shorter: beyond its end is an IndexError."""

    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        if self.n == 1:
            for k in range(4):
                ctx.buy(ctx.best_bid - 1000 - k, 1)
        if self.n == 3:
            for k in range(ctx.open_count):
                ctx.cancel(ctx.order(k).id)


def test_cancelling_by_index_stops_both_modes_at_the_same_place(
    run: Callable[..., Any], bars: Callable[..., Any], logs: Callable[..., Any]
) -> None:
    left = []
    for mode in ("native", "python"):
        strategy = Sweeper()
        with pytest.raises(
            Exception, match=r"IndexError: ctx\.order: index is not below"
        ) as caught:
            run(strategy, bars(10), mode)
        left.append((strategy.n, "2024-01-01T00:03:00Z" in str(caught.value)))
    assert left == [(3, True), (3, True)]


class Careful(Strategy):
    """Cancels and sends while it iterates over its orders."""

    met: int = 0
    rounds: int = 0

    def on_bar(self, ctx: Any) -> None:
        if ctx.open_count == 0:
            for k in range(6):
                ctx.buy(ctx.best_bid - 1000 - k, 1)
            return
        self.rounds += 1
        last = 0
        for order in ctx.orders():
            assert_rising(last, order.id)
            last = order.id
            self.met += 1
            ctx.cancel(order.id)
            if order.id % 2:
                ctx.buy(ctx.best_bid - 2000, 1)
        for _ in ctx.orders():
            for _ in ctx.orders():
                self.met += 100


def assert_rising(before: int, now: int) -> None:
    if now <= before:
        raise ValueError("not in order")


def test_orders_may_be_cancelled_and_sent_while_iterating(
    twice: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    strategy, _market = twice(Careful, bars(3))
    # First round: 6 met, 3 sent instead; second: those 3 met, 1 or 2 sent instead.
    ids = list(range(7, 10))
    again = sum(n % 2 for n in ids)
    assert (strategy.rounds, strategy.met) == (2, 6 + 900 + 3 + 100 * again**2)


class Nested(Strategy):
    total: int = 0

    def on_bar(self, ctx: Any) -> None:
        ctx.buy(ctx.best_bid - 500, 1)
        self.total += self.oldest(ctx)

    def oldest(self, ctx: Any) -> int:
        for order in ctx.orders():
            return order.id
        return -1


def test_a_loop_over_orders_may_end_early(
    twice: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    strategy, _ = twice(Nested, bars(20))
    assert strategy.total == 20


class Unknown(Strategy):
    answers: Array[int, 8]

    def on_bar(self, ctx: Any) -> None:
        self.answers[0] = ctx.buy(0, 1)
        self.answers[1] = ctx.buy(100, -5)
        self.answers[2] = ctx.buy_market(1, instrument=3)
        self.answers[3] = ctx.last_refusal
        self.answers[4] = ctx.send(7, 1)
        self.answers[5] = int(ctx.cancel(-4)) + int(ctx.is_open(12345)) + int(ctx.is_open(-1))
        self.answers[6] = ctx.send(BUY, 1, 99)
        self.answers[7] = ctx.refused


def test_refusals_are_values(twice: Callable[..., Any], bars: Callable[..., Any]) -> None:
    strategy, _ = twice(Unknown, bars(2))
    assert strategy.answers.tolist() == [0, 0, 0, 1, 0, 0, 0, 10]


def test_the_market_cannot_be_written_through_ctx(
    bars: Callable[..., Any], market_of: Callable[..., Any]
) -> None:
    from hftsim.engine.loop import install_operations, python_context

    market = market_of(Unknown(), bars(2))
    install_operations(market)
    ctx = python_context(market)
    with pytest.raises(AttributeError, match=r"ctx\.cash is the market's"):
        ctx.cash = 5.0
    with pytest.raises(AttributeError, match=r"did you mean ctx\.equity"):
        _ = ctx.equiti
    with pytest.raises(AttributeError, match="ctx has no attribute 'submit_op'"):
        _ = ctx.submit_op
    with pytest.raises(IndexError):
        ctx.instrument(1)
    assert np.isfinite(ctx.equity)
