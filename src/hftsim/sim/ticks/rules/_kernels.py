"""What venues publish of the requests that they refuse: their rate, open orders, a band of prices."""

from hftsim.book.depth._kernels import BEST, NO_LEVEL, depth_at, tops_of
from hftsim.core.enums import RejectReason
from hftsim.native.records import inline
from hftsim.sim.orders._kernels import FOK, IOC, MARKET, STOP, TAKE_PROFIT

HALTED_MARKET = int(RejectReason.NOT_IN_THIS_PHASE)
OUTSIDE_COLLAR = int(RejectReason.OUTSIDE_COLLAR)
TOO_MANY_ORDERS = int(RejectReason.TOO_MANY_ORDERS)
MAX_ORDER_RATE = int(RejectReason.MAX_ORDER_RATE)
_SECOND_NS = 1_000_000_000
_ROUNDING = 1.0 + 1e-9


@inline
def takes_any_price(kind):
    """Whether an order of this type has no limit, once it is active."""
    return kind in (MARKET, STOP, TAKE_PROFIT)


@inline
def may_rest(order):
    """Whether an order can come to be open at the venue, a stop while it waits."""
    if order.type >= STOP:
        return True
    return order.type != MARKET and order.tif != IOC and order.tif != FOK


@inline
def is_too_fast(feed, time):
    """Count a new order or a replace; whether this second of the venue's clock had enough of them."""
    if feed.max_order_rate == 0:
        return False
    second = time // _SECOND_NS
    if second != feed.rate_second:
        feed.rate_second, feed.rate_count = second, 0
    feed.rate_count += 1
    return feed.rate_count > feed.max_order_rate


@inline
def is_outside_band(feed, price):
    """Whether a limit is too far from the venue's mid price; without one nothing is."""
    tops = tops_of(depth_at(feed.book_at))
    if feed.price_band == 0.0 or tops[BEST] == NO_LEVEL or tops[BEST + 1] == NO_LEVEL:
        return False
    mid = 0.5 * (tops[BEST] - tops[BEST + 1])
    return abs(price - mid) > feed.price_band * abs(mid) * _ROUNDING


@inline
def refusal_of_new(feed, order, open_orders, time):
    """Return why the venue refuses a new order, whatever its book, or 0.

    `open_orders` is how many of the account it has on this instrument.
    """
    if is_too_fast(feed, time):
        return MAX_ORDER_RATE
    if feed.halted:
        return HALTED_MARKET
    if 0 < feed.max_orders <= open_orders and may_rest(order):
        return TOO_MANY_ORDERS
    if not takes_any_price(order.type) and is_outside_band(feed, order.price):
        return OUTSIDE_COLLAR
    return 0
