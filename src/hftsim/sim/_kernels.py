"""What a strategy may ask of a simulated market: the operations behind ``ctx``."""

import math

from hftsim.core.enums import RejectReason
from hftsim.native.compiled import context_at, next_open, signal_row
from hftsim.native.layout import FROM_STRATEGY, NO_ROOM
from hftsim.native.records import compiled, inline
from hftsim.portfolio._kernels import value_of
from hftsim.risk._kernels import NO_SHORT_SELLING, check_order
from hftsim.sim.orders._kernels import (
    BUY,
    CANCELED,
    DAY,
    GTC,
    GTX,
    LIMIT,
    MARKET,
    MOST_LOTS,
    NONE,
    ON_GRID,
    REJECTED,
    SELL,
    STOP,
    STOP_LIMIT,
    TAKE_PROFIT_LIMIT,
    WOULD_TAKE,
    close_order,
    count_open,
    instrument_of,
    is_working,
    log_order,
    most_open,
    open_order,
    order_of,
)

BAD_INSTRUMENT, BAD_PRICE = int(RejectReason.BAD_INSTRUMENT), int(RejectReason.BAD_PRICE)
BAD_QTY, BELOW_MIN_QTY = int(RejectReason.BAD_QTY), int(RejectReason.BELOW_MIN_QTY)
BELOW_MIN_NOTIONAL = int(RejectReason.BELOW_MIN_NOTIONAL)
TOO_MANY_ORDERS, NO_MARKET = int(RejectReason.TOO_MANY_ORDERS), int(RejectReason.NO_MARKET)
BAD_TYPE = int(RejectReason.BAD_TYPE)
ABOVE_MAX_QTY = int(RejectReason.ABOVE_MAX_QTY)
NOTHING_TO_REDUCE = int(RejectReason.NOTHING_TO_REDUCE)

PROTECTIVE = 3
"""Open orders kept free for each instrument: a stop, a target, a breaker's."""


@inline
def needs_price(kind):
    """Whether an order type has a limit price."""
    return kind in (LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT)


@inline
def is_badly_priced(kind, price, trigger):
    """Whether a price or trigger is missing where the type has one, or given where it has none."""
    priced = price > 0 if needs_price(kind) else price == 0
    return not priced or not (trigger > 0 if kind >= STOP else trigger == 0)


@inline
def is_too_large(own, qty):
    """Whether the venue takes no order of so many lots; a `max_qty` of 0 is no rule."""
    return 0 < own.max_qty < qty


@compiled
def refusal_of(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only):
    """Return why a request cannot be accepted, or NONE."""
    own = instrument_of(ctx, instrument)
    if not own.ready:
        return NO_MARKET
    if kind < MARKET or kind > TAKE_PROFIT_LIMIT or tif < GTC or tif > DAY:
        return BAD_TYPE
    if side != BUY and side != SELL:
        return BAD_TYPE
    if tif == GTX and not needs_price(kind):
        return WOULD_TAKE
    if qty <= 0:
        return BAD_QTY
    if is_badly_priced(kind, price, trigger):
        return BAD_PRICE
    if ctx.open_count >= ctx.open_capacity - PROTECTIVE * ctx.instruments:
        return TOO_MANY_ORDERS
    if is_too_large(own, qty):
        return ABOVE_MAX_QTY
    if reduce_only:
        return NONE if own.position * side < 0 else NOTHING_TO_REDUCE
    worth = own.close
    if needs_price(kind):
        worth = price * own.tick_size
    elif kind >= STOP:
        worth = trigger * own.tick_size
    if qty < own.min_qty:
        return BELOW_MIN_QTY
    if value_of(own, qty, worth) < own.min_notional:
        return BELOW_MIN_NOTIONAL
    return check_order(ctx, own, side, qty, worth)


@compiled
def refuse(ctx, order, reason):
    """Mark a logged request as refused; returns 0, the id of no order."""
    order.status = REJECTED
    order.reason = reason
    order.ts_done = ctx.now
    ctx.refused += 1
    ctx.last_refusal = reason
    return 0


@compiled
def place(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only, origin):
    """Accept or refuse a request; both are logged.

    Returns the order's id, 0 if refused, or NO_ROOM.
    """
    if ctx.order_count >= ctx.order_capacity:
        return NO_ROOM
    if instrument < 0 or instrument >= ctx.instruments:
        order = log_order(
            ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only, origin
        )
        return refuse(ctx, order, BAD_INSTRUMENT)
    reason = refusal_of(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only)
    order = log_order(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only, origin)
    if reason != NONE:
        return refuse(ctx, order, reason)
    open_order(ctx, order)
    return order.id


def submit(address, side, kind, qty, price, trigger, tif, instrument, reduce_only):
    """Operation behind ``ctx.send`` and its shortcuts."""
    ctx = context_at(address)
    return place(
        ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only != 0, FROM_STRATEGY
    )


def cancel(address, order_id):
    """Operation behind ``ctx.cancel``."""
    ctx = context_at(address)
    if order_id <= 0 or order_id > ctx.order_count:
        return 0
    order = order_of(ctx, order_id)
    if not is_working(order) or order.origin != FROM_STRATEGY:
        return 0
    close_order(ctx, order, CANCELED, NONE)
    return 1


@compiled
def check_more(ctx, own, order, more, price):
    """Return why a working order may not grow by `more` lots, or NONE."""
    if is_too_large(own, most_open(order) + more):
        return ABOVE_MAX_QTY
    if order.reduce_only:
        return NONE
    return check_order(ctx, own, order.side, more, price * own.tick_size)


def replace(address, order_id, price, qty):
    """Operation behind ``ctx.replace``: the order has the new price and open quantity at once."""
    ctx = context_at(address)
    if order_id <= 0 or order_id > ctx.order_count:
        return 0
    order = order_of(ctx, order_id)
    own = instrument_of(ctx, order.instrument)
    working = is_working(order) and order.origin == FROM_STRATEGY
    if not working or not needs_price(order.type) or price <= 0 or qty <= 0:
        return 0
    more = qty - (order.qty - order.filled)
    if more > 0:
        reason = check_more(ctx, own, order, more, price)
        if reason != NONE:
            ctx.last_refusal = reason
            return 0
    count_open(own, order, more)
    order.qty += more
    order.price = price
    order.resting = False
    return 1


def cancel_all(address):
    """Operation behind ``ctx.cancel_all``."""
    ctx = context_at(address)
    found = next_open(ctx, 0)
    while found:
        order = order_of(ctx, found)
        if order.origin == FROM_STRATEGY:
            close_order(ctx, order, CANCELED, NONE)
        found = next_open(ctx, found)
    return 0


def target(address, weight, instrument):
    """Operation behind ``ctx.target``."""
    ctx = context_at(address)
    if instrument < 0 or instrument >= ctx.instruments or not instrument_of(ctx, instrument).ready:
        return place(ctx, BUY, MARKET, 0, 0, 0, GTC, instrument, False, FROM_STRATEGY)
    own = instrument_of(ctx, instrument)
    if ctx.open_count > 0:
        found = next_open(ctx, 0)
        while found:
            order = order_of(ctx, found)
            mine = order.instrument == instrument and order.origin == FROM_STRATEGY
            if mine and order.type == MARKET:
                close_order(ctx, order, CANCELED, NONE)
            found = next_open(ctx, found)
    lot_worth = value_of(own, 1, own.close)
    exact = weight * ctx.equity / (lot_worth * (1.0 + own.taker_fee))
    if not abs(exact) < MOST_LOTS:
        return place(ctx, BUY, MARKET, 0, 0, 0, GTC, instrument, False, FROM_STRATEGY)
    want = int(exact + (ON_GRID if exact > 0.0 else -ON_GRID))
    change = want - own.position
    side = BUY if change > 0 else SELL
    small = abs(change) < own.min_qty or abs(change) * lot_worth < own.min_notional
    if change == 0 or (small and want != 0):
        return 0
    if want < 0 and not own.may_short and own.position > 0:
        if ctx.order_count + 1 < ctx.order_capacity:
            short = log_order(ctx, SELL, MARKET, -want, 0, 0, GTC, instrument, False, FROM_STRATEGY)
            refuse(ctx, short, NO_SHORT_SELLING)
        want, change = 0, -own.position
    closes = want == 0
    return place(ctx, side, MARKET, abs(change), 0, 0, GTC, instrument, closes, FROM_STRATEGY)


def record(address, side, confidence, instrument):
    """Operation behind ``ctx.record``."""
    ctx = context_at(address)
    if ctx.signal_count >= ctx.signal_capacity:
        return NO_ROOM
    out = signal_row(ctx.signals_at, ctx.signal_count, ctx.signal_capacity)
    ctx.signal_count += 1
    out.ts_event = ctx.now
    out.step = ctx.step
    out.instrument = instrument
    out.side = side
    out.confidence = confidence
    return 1


def ticks(address, price, instrument):
    """Operation behind ``ctx.ticks``."""
    ctx = context_at(address)
    own = instrument_of(ctx, instrument)
    return math.floor(price / own.tick_size + 0.5)


def lots(address, qty, instrument):
    """Operation behind ``ctx.lots``."""
    ctx = context_at(address)
    own = instrument_of(ctx, instrument)
    return int(qty / own.lot_size + (1e-9 if qty >= 0.0 else -1e-9))


OPERATION_KERNELS = {
    f.__name__: f for f in (submit, cancel, replace, cancel_all, target, record, ticks, lots)
}
