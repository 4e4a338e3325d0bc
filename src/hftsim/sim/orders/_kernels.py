"""The life of an order, shared by all simulated markets: log, open, fill, protect, close.

Orders stand in one growing log (the id is the row number from 1); the open ones are also listed, in
order of arrival, in an array of ids.
"""

import math

from hftsim.core.enums import FillReason, OrderStatus, OrderType, RejectReason, TimeInForce
from hftsim.native.compiled import (
    fill_row,
    instrument_row,
    limits_at,
    next_open,
    order_row,
)
from hftsim.native.layout import FROM_HALT, FROM_STOP_LOSS, FROM_TAKE_PROFIT
from hftsim.native.records import array_at, compiled, inline
from hftsim.portfolio._kernels import (
    account_value,
    apply_fill,
    gross_exposure,
    net_exposure,
    traded_value,
)

ints_at = array_at("i8")

BUY, SELL = 1, -1
MARKET, LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
STOP, STOP_LIMIT = int(OrderType.STOP), int(OrderType.STOP_LIMIT)
TAKE_PROFIT = int(OrderType.TAKE_PROFIT)
TAKE_PROFIT_LIMIT = int(OrderType.TAKE_PROFIT_LIMIT)
GTC, IOC, FOK, GTX, DAY = (int(TimeInForce[n]) for n in ("GTC", "IOC", "FOK", "GTX", "DAY"))
NEW, PARTIALLY_FILLED = int(OrderStatus.NEW), int(OrderStatus.PARTIALLY_FILLED)
FILLED, CANCELED = int(OrderStatus.FILLED), int(OrderStatus.CANCELED)
REJECTED, EXPIRED = int(OrderStatus.REJECTED), int(OrderStatus.EXPIRED)
NONE, WOULD_TAKE = int(RejectReason.NONE), int(RejectReason.WOULD_TAKE)
REDUCED_TO_ZERO = int(RejectReason.REDUCED_TO_ZERO)
IOC_REMAINDER = int(RejectReason.IOC_REMAINDER)
FOK_NOT_FILLABLE = int(RejectReason.FOK_NOT_FILLABLE)

ON_GRID = 1e-6
"""How far from a whole tick or lot, in ticks or lots, still counts as on it."""
MOST_LOTS = 1e15
"""More lots than this are no quantity: a float no longer counts them."""

RISK_STOP_LOSS = int(FillReason.RISK_STOP_LOSS)
RISK_TAKE_PROFIT = int(FillReason.RISK_TAKE_PROFIT)
RISK_HALT = int(FillReason.RISK_HALT)


@inline
def instrument_of(ctx, index):
    """Return the instrument with this index."""
    return instrument_row(ctx.instruments_at, index, ctx.instruments)


@inline
def order_of(ctx, order_id):
    """Return the order with this id."""
    return order_row(ctx.orders_at, order_id - 1, ctx.order_capacity)


@inline
def is_working(order):
    """Whether the order is neither filled nor ended."""
    return order.status <= PARTIALLY_FILLED


@inline
def most_open(order):
    """Return the most lots an order may come to have open: now, or by a replace on its way."""
    return max(order.qty - order.filled, order.asked)


@inline
def count_open(own, order, qty):
    """Add `qty` lots to what this order's side still has working; reduce-only ones don't count."""
    if not order.reduce_only:
        if order.side == BUY:
            own.open_buy_qty += qty
        else:
            own.open_sell_qty += qty


@compiled
def close_order(ctx, order, status, reason):
    """End a working order."""
    own = instrument_of(ctx, order.instrument)
    count_open(own, order, -most_open(order))
    order.status = status
    order.reason = reason
    order.ts_done = ctx.now
    ids = ints_at(ctx.open_at, ctx.open_capacity)
    kept = 0
    for k in range(ctx.open_count):
        if ids[k] != order.id:
            ids[kept] = ids[k]
            kept += 1
    ctx.open_count = kept
    if own.stop_order == order.id:
        own.stop_order = 0
    if own.target_order == order.id:
        own.target_order = 0


@compiled
def log_order(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only, origin):
    """Append an order to the log; the caller has made sure of room."""
    ctx.order_count += 1
    order = order_of(ctx, ctx.order_count)
    order.id = ctx.order_count
    order.instrument = instrument
    order.side = side
    order.type = kind
    order.tif = tif
    order.price = price
    order.trigger = trigger
    order.qty = qty
    order.filled = 0
    order.value = 0.0
    order.status = NEW
    order.reason = NONE
    order.origin = origin
    order.ts_sent = ctx.now
    order.ts_done = 0
    order.step = ctx.step
    order.reduce_only = reduce_only
    order.triggered = False
    order.resting = False
    order.canceling = False
    order.slot = order.asking = order.asked = 0
    return order


@compiled
def open_order(ctx, order):
    """Put a logged order among the open ones."""
    ints_at(ctx.open_at, ctx.open_capacity)[ctx.open_count] = order.id
    ctx.open_count += 1
    count_open(instrument_of(ctx, order.instrument), order, order.qty)


@compiled
def execute(ctx, order, qty, price, reason, is_maker, reference, market):
    """Fill `qty` lots of an order at `price` ticks, now.

    `reference` is the price without slippage, `market` where the market is (both quote currency).
    """
    own = instrument_of(ctx, order.instrument)
    fee = fee_rate(own, is_maker) * traded_value(own, qty, price)
    apply_fill(ctx, own, order.side, qty, price, fee)
    out = fill_row(ctx.fills_at, ctx.fill_count, ctx.fill_capacity)
    ctx.fill_count += 1
    out.ts_event = ctx.now
    out.order_id = order.id
    out.instrument = order.instrument
    out.side = order.side
    out.price = price
    out.qty = qty
    out.fee = fee
    out.slippage = order.side * (price * own.tick_size - reference)
    out.position = own.position
    out.step = ctx.step
    out.is_maker = is_maker
    out.reason = reason
    if order.origin == FROM_STOP_LOSS:
        out.reason = RISK_STOP_LOSS
    elif order.origin == FROM_TAKE_PROFIT:
        out.reason = RISK_TAKE_PROFIT
    elif order.origin == FROM_HALT:
        out.reason = RISK_HALT
    order.filled += qty
    order.value += float(price) * qty
    count_open(own, order, -qty)
    if order.filled == order.qty:
        close_order(ctx, order, FILLED, NONE)
    else:
        order.status = PARTIALLY_FILLED
    protect(ctx, own, order.side, market)


@inline
def fee_rate(own, is_maker):
    """Return what a maker or a taker pays, as a fraction of the traded value."""
    return own.maker_fee if is_maker else own.taker_fee


@compiled
def protect(ctx, own, side, market):
    """Keep one stop-loss and one take-profit order at the position's size and average price.

    `side` is that of the fill before, `market` the price then (quote currency): a stop that the
    market has passed already is set there, not at a better price. Levels move when the position
    grows; when it shrinks only the quantity does.
    """
    limits = limits_at(ctx.limits_at)
    if not (limits.stop_loss > 0.0 or limits.take_profit > 0.0):
        return
    if own.position == 0:
        if own.stop_order:
            close_order(ctx, order_of(ctx, own.stop_order), CANCELED, REDUCED_TO_ZERO)
        if own.target_order:
            close_order(ctx, order_of(ctx, own.target_order), CANCELED, REDUCED_TO_ZERO)
        return
    direction = 1 if own.position > 0 else -1
    grew = direction == side
    entry, here = own.avg_price / own.tick_size, market / own.tick_size
    if limits.stop_loss > 0.0:
        level = entry * (1.0 - direction * limits.stop_loss)
        level = min(level, here) if direction > 0 else max(level, here)
        trigger = max(1, beyond(level, -direction))
        own.stop_order = adjust(ctx, own, own.stop_order, STOP, trigger, grew, FROM_STOP_LOSS)
    if limits.take_profit > 0.0:
        level = entry * (1.0 + direction * limits.take_profit)
        trigger = max(1, beyond(level, direction))
        own.target_order = adjust(
            ctx, own, own.target_order, TAKE_PROFIT, trigger, grew, FROM_TAKE_PROFIT
        )


@inline
def beyond(level, direction):
    """Return the first tick at `level` or beyond it: above (1) or below (-1)."""
    if direction > 0:
        return math.ceil(level - ON_GRID)
    return math.floor(level + ON_GRID)


@compiled
def adjust(ctx, own, order_id, kind, trigger, grew, origin):
    """Move a protective order to the position it protects, or make one; returns its id."""
    side = SELL if own.position > 0 else BUY
    if order_id:
        order = order_of(ctx, order_id)
        if order.side == side:
            order.qty = order.filled + abs(own.position)
            if grew:
                order.trigger = trigger
            return order_id
        close_order(ctx, order, CANCELED, REDUCED_TO_ZERO)
    if ctx.open_count >= ctx.open_capacity or ctx.order_count >= ctx.order_capacity:
        return 0
    qty = abs(own.position)
    order = log_order(ctx, side, kind, qty, 0, trigger, GTC, own.index, True, origin)
    open_order(ctx, order)
    return order.id


@compiled
def flatten(ctx):
    """Cancel everything and close every position at market: what a breaker does."""
    while ctx.open_count > 0:
        close_order(ctx, order_of(ctx, next_open(ctx, 0)), CANCELED, ctx.halted)
    for k in range(ctx.instruments):
        own = instrument_of(ctx, k)
        if own.position != 0 and ctx.order_count < ctx.order_capacity:
            side = SELL if own.position > 0 else BUY
            qty = abs(own.position)
            open_order(ctx, log_order(ctx, side, MARKET, qty, 0, 0, GTC, k, True, FROM_HALT))


@compiled
def affordable(ctx, own, side, qty, price, rate):
    """Return how many of `qty` lots the account's leverage allows at `price` ticks and fee `rate`.

    Reducing the position is always allowed, and while a breaker holds nothing else. With leverage 1
    a buyer's cash stays at or above zero; a rebate pays for nothing in advance.
    """
    reducing = min(qty, abs(own.position)) if own.position * side < 0 else 0
    adding = qty - reducing
    if ctx.halted != NONE or (side < 0 and not own.may_short):
        return reducing
    leverage = limits_at(ctx.limits_at).max_leverage
    if adding == 0 or math.isnan(leverage):
        return qty
    lot_value = traded_value(own, 1, price)
    held_here = own.position * account_value(own, lot_value)
    equity = ctx.cash + held_here + net_exposure(ctx, own.index)
    paid = leverage * max(0.0, rate)
    held = 0.0 if reducing > 0 else abs(own.position) * lot_value
    room = leverage * equity - gross_exposure(ctx, own.index) - held
    room -= paid * reducing * lot_value
    most = math.floor(room / (lot_value * (1.0 + paid)) + 1e-9)
    return reducing + int(max(0.0, min(float(adding), most)))
