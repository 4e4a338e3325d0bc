"""The operations behind ``ctx`` on ticks: a request is checked, logged, and sent to the venue."""

from hftsim.core.enums import OrderStatus, RejectReason
from hftsim.native.compiled import context_at, limits_at, next_open
from hftsim.native.layout import (
    FROM_HALT,
    FROM_STOP_LOSS,
    FROM_STRATEGY,
    FROM_TAKE_PROFIT,
    NO_ROOM,
)
from hftsim.native.records import compiled, inline
from hftsim.portfolio._kernels import value_of
from hftsim.risk._kernels import LIQUIDATED
from hftsim.sim._kernels import OPERATION_KERNELS as SHARED
from hftsim.sim._kernels import check_more, needs_price, place
from hftsim.sim.orders._kernels import (
    BUY,
    GTC,
    MARKET,
    MOST_LOTS,
    NONE,
    ON_GRID,
    SELL,
    count_open,
    instrument_of,
    is_working,
    most_open,
    order_of,
)
from hftsim.sim.ticks.latency._kernels import latency_of
from hftsim.sim.ticks.records._kernels import (
    CANCEL,
    NEW,
    NOT_CANCELED,
    NOT_REPLACED,
    REPLACE,
    feed_of,
    latency_at,
    new_response,
    request_of,
    run_at,
)
from hftsim.sim.ticks.records._kernels import REJECTED as REJECTED_REPORT

PENDING_NEW = int(OrderStatus.PENDING_NEW)
LOST = int(RejectReason.LOST_ON_THE_WAY)


@inline
def has_request_room(feed):
    """Whether one more request fits, and the report that it may be lost."""
    if feed.response_tail - feed.response_head >= feed.response_capacity:
        return False
    return feed.request_tail - feed.request_head < feed.request_capacity


@compiled
def send(ctx, feed, order_id, kind, price, qty):
    """Put a request on its way; one that is lost is reported after its negative latency."""
    taken = latency_of(latency_at(feed.latency_at), kind, ctx.now)
    if taken < 0:
        told = REJECTED_REPORT
        if kind != NEW:
            told = NOT_CANCELED if kind == CANCEL else NOT_REPLACED
        report_loss(feed, ctx.now - taken, order_id, told)
        return
    request = request_of(feed, feed.request_tail)
    feed.request_tail += 1
    request.ts = max(ctx.now + taken, feed.last_arrival)
    feed.last_arrival = request.ts
    feed.next_request = min(feed.next_request, request.ts)
    request.order_id = order_id
    request.kind = kind
    request.price = price
    request.qty = qty


@compiled
def report_loss(feed, time, order_id, kind):
    """Put the report of a lost request among those on their way back, by time."""
    out = new_response(feed, time, True)
    out.order_id = order_id
    out.kind = kind
    out.reason = LOST
    out.fill = out.price = out.qty = 0


@compiled
def place_and_send(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only, origin):
    """Check, log and send an order; returns its id, 0 if refused, or NO_ROOM."""
    if 0 <= instrument < ctx.instruments:
        feed = feed_of(run_at(ctx.market_at), instrument)
        if not has_request_room(feed):
            return NO_ROOM
    placed = place(ctx, side, kind, qty, price, trigger, tif, instrument, reduce_only, origin)
    if placed <= 0:
        return placed
    order = order_of(ctx, placed)
    order.status = PENDING_NEW
    send(ctx, feed_of(run_at(ctx.market_at), instrument), placed, NEW, price, qty)
    return placed


def submit(address, side, kind, qty, price, trigger, tif, instrument, reduce_only):
    """Operation behind ``ctx.send`` and its shortcuts."""
    return place_and_send(
        context_at(address), side, kind, qty, price, trigger, tif, instrument, reduce_only != 0,
        FROM_STRATEGY,
    )  # fmt: skip


@compiled
def cancel_order(ctx, order):
    """Ask the venue to cancel a working order; whether that was sent, or NO_ROOM."""
    feed = feed_of(run_at(ctx.market_at), order.instrument)
    if not has_request_room(feed):
        return NO_ROOM
    send(ctx, feed, order.id, CANCEL, 0, 0)
    order.canceling = True
    return 1


def cancel(address, order_id):
    """Operation behind ``ctx.cancel``: 1 if a cancel was sent."""
    ctx = context_at(address)
    if order_id <= 0 or order_id > ctx.order_count:
        return 0
    order = order_of(ctx, order_id)
    if not is_working(order) or order.canceling or order.origin != FROM_STRATEGY:
        return 0
    return cancel_order(ctx, order)


def cancel_all(address):
    """Operation behind ``ctx.cancel_all``."""
    ctx = context_at(address)
    found = next_open(ctx, 0)
    while found:
        order = order_of(ctx, found)
        mine = order.origin == FROM_STRATEGY and not order.canceling
        if mine and cancel_order(ctx, order) == NO_ROOM:
            return NO_ROOM
        found = next_open(ctx, found)
    return 0


def replace(address, order_id, price, qty):
    """Operation behind ``ctx.replace``: 1 if a replace was sent."""
    ctx = context_at(address)
    if order_id <= 0 or order_id > ctx.order_count:
        return 0
    order = order_of(ctx, order_id)
    own = instrument_of(ctx, order.instrument)
    working = is_working(order) and not order.canceling and order.origin == FROM_STRATEGY
    if not working or not needs_price(order.type) or price <= 0 or qty <= 0:
        return 0
    feed = feed_of(run_at(ctx.market_at), order.instrument)
    if not has_request_room(feed):
        return NO_ROOM
    more = qty - most_open(order)
    if more > 0:
        reason = check_more(ctx, own, order, more, price)
        if reason != NONE:
            ctx.last_refusal = reason
            return 0
        count_open(own, order, more)
    order.asked = max(order.asked, qty)
    order.asking += 1
    send(ctx, feed, order_id, REPLACE, price, qty)
    return 1


@compiled
def working_at_market(ctx, instrument):
    """Return the signed lots of market orders on their way."""
    total, found = 0, next_open(ctx, 0)
    while found:
        order = order_of(ctx, found)
        if order.instrument == instrument and order.type == MARKET:
            total += order.side * (order.qty - order.filled)
        found = next_open(ctx, found)
    return total


def target(address, weight, instrument):
    """Operation behind ``ctx.target``: what is on its way at market counts as held."""
    ctx = context_at(address)
    if instrument < 0 or instrument >= ctx.instruments or not instrument_of(ctx, instrument).ready:
        return place_and_send(ctx, BUY, MARKET, 0, 0, 0, GTC, instrument, False, FROM_STRATEGY)
    own = instrument_of(ctx, instrument)
    lot_worth = value_of(own, 1, own.close)
    exact = weight * ctx.equity / (lot_worth * (1.0 + own.taker_fee))
    if not abs(exact) < MOST_LOTS:
        return place_and_send(ctx, BUY, MARKET, 0, 0, 0, GTC, instrument, False, FROM_STRATEGY)
    want = int(exact + (ON_GRID if exact > 0.0 else -ON_GRID))
    held = own.position + working_at_market(ctx, instrument)
    change = want - held
    side = BUY if change > 0 else SELL
    small = abs(change) < own.min_qty or abs(change) * lot_worth < own.min_notional
    if change == 0 or (small and want != 0):
        return 0
    closes = want == 0 and own.position * side < 0
    return place_and_send(
        ctx, side, MARKET, abs(change), 0, 0, GTC, instrument, closes, FROM_STRATEGY
    )


@compiled
def close_out(ctx, own, origin):
    """Cancel what the strategy has working on one instrument and close its position at market.

    A closing order is sent when a packet has just come: one that found nobody is not sent again
    and again into the same book.
    """
    found, closing = next_open(ctx, 0), False
    while found:
        order = order_of(ctx, found)
        if order.instrument == own.index:
            if order.origin != FROM_STRATEGY:
                closing = True
            elif not order.canceling:
                cancel_order(ctx, order)
        found = next_open(ctx, found)
    if own.position != 0 and own.ready and own.fresh and not closing:
        side = SELL if own.position > 0 else BUY
        qty = abs(own.position) if own.max_qty == 0 else min(abs(own.position), own.max_qty)
        place_and_send(ctx, side, MARKET, qty, 0, 0, GTC, own.index, True, origin)


def guard(context_address):
    """Close what a breaker, a stop-loss or a take-profit limit says must be closed.

    A kernel of its own. What a liquidation closes, the venue has closed.
    """
    ctx = context_at(context_address)
    if ctx.halted == LIQUIDATED:
        return 0
    limits = limits_at(ctx.limits_at)
    for k in range(ctx.instruments):
        own = instrument_of(ctx, k)
        if ctx.halted != NONE:
            close_out(ctx, own, FROM_HALT)
        if ctx.halted != NONE or own.position == 0:
            continue
        direction = 1.0 if own.position > 0 else -1.0
        gain = direction * (own.close / own.avg_price - 1.0)
        if gain <= -limits.stop_loss:
            close_out(ctx, own, FROM_STOP_LOSS)
        elif gain >= limits.take_profit:
            close_out(ctx, own, FROM_TAKE_PROFIT)
    return 0


OPERATION_KERNELS = {
    **SHARED,
    **{f.__name__: f for f in (submit, cancel, cancel_all, replace, target)},
}
