"""Own requests as they reach the venue, stops that come in, and the end of a day."""

from hftsim.book.depth._kernels import BEST, MOST_PRICE, NO_LEVEL, depth_at, level_qty, tops_of
from hftsim.core.enums import RejectReason
from hftsim.native.compiled import context_at, next_open
from hftsim.native.records import compiled, inline
from hftsim.risk._kernels import LIQUIDATED
from hftsim.sim.orders._kernels import (
    BUY,
    DAY,
    FOK,
    FOK_NOT_FILLABLE,
    GTX,
    IOC,
    IOC_REMAINDER,
    REDUCED_TO_ZERO,
    STOP,
    WOULD_TAKE,
    order_of,
)
from hftsim.sim.ticks.matching._kernels import walk_book, wanted, within_reach
from hftsim.sim.ticks.own._kernels import (
    counts_of,
    free_slot,
    insert_own,
    keep_slot,
    leave,
    remove_own,
    respond,
    slot_of,
    take_slot,
)
from hftsim.sim.ticks.records._kernels import (
    ACKNOWLEDGED,
    CANCEL,
    CANCELED,
    EXPIRED,
    NEVER,
    NEW,
    NOT_CANCELED,
    NOT_REPLACED,
    REJECTED,
    REPLACED,
    TRIGGERED,
    WAITING,
    feed_of,
    request_of,
    resting_of,
    run_at,
)
from hftsim.sim.ticks.rules._kernels import (
    HALTED_MARKET,
    MAX_ORDER_RATE,
    OUTSIDE_COLLAR,
    is_outside_band,
    is_too_fast,
    refusal_of_new,
    takes_any_price,
)
from hftsim.sim.ticks.waiting._kernels import (
    is_met_on_arrival,
    next_triggered,
    stop_waiting,
    wait_at_venue,
)

UNKNOWN_ORDER, BAD_TYPE = int(RejectReason.UNKNOWN_ORDER), int(RejectReason.BAD_TYPE)
DAY_ENDED = int(RejectReason.DAY_ENDED)
DAY_NS = 86_400_000_000_000
MARKET_KEY = MOST_PRICE
"""The key of an order that takes any price."""


@inline
def would_take(feed, index, key):
    """Whether an order of side `index` at `key` touches the other side."""
    other = tops_of(depth_at(feed.book_at))[BEST + 1 - index]
    return other != NO_LEVEL and other + key >= 0


@compiled
def enter(run, ctx, feed, order, key, qty, time):
    """Let an order trade and rest at the venue, reporting what becomes of it."""
    slot = take_slot(run, order.id)
    resting = resting_of(run, slot)
    resting.index = 0 if order.side == BUY else 1
    resting.key = key
    resting.leaves = qty
    resting.front = resting.traded = resting.entry = 0.0
    resting.ts_entry = time
    resting.priority = feed.newest_priority
    resting.reduce_only = order.reduce_only or (resting.index == 1 and not feed.may_short)
    keep_slot(ctx, order.id, slot)
    if order.tif == FOK and within_reach(run, feed, resting.index, key, qty, time) < qty:
        leave(run, ctx, feed, slot, EXPIRED, FOK_NOT_FILLABLE, time)
        return
    if would_take(feed, resting.index, key):
        walk_book(run, feed, slot, key, time)
    if resting.leaves == 0:
        free_slot(run, ctx, slot)
    elif resting.reduce_only and wanted(feed, resting) == 0:
        leave(run, ctx, feed, slot, EXPIRED, REDUCED_TO_ZERO, time)
    elif takes_any_price(order.type) or order.tif == IOC or order.tif == FOK:
        leave(run, ctx, feed, slot, EXPIRED, IOC_REMAINDER, time)
    else:
        front = float(level_qty(depth_at(feed.book_at), resting.index, key))
        resting.front = resting.entry = front
        insert_own(run, feed, slot)


@compiled
def accept_new(run, ctx, feed, request, time):
    """Handle a new order: refuse it, or acknowledge it and let it trade."""
    order = order_of(ctx, request.order_id)
    key = MARKET_KEY if takes_any_price(order.type) else order.price * order.side
    is_stop, counts, reason = order.type >= STOP, counts_of(feed), LIQUIDATED
    if not run.liquidated:
        reason = refusal_of_new(feed, order, counts[0] + counts[1] + feed.waiting, time)
    if reason == 0 and order.tif == GTX and not is_stop:
        reason = WOULD_TAKE if would_take(feed, 0 if order.side == BUY else 1, key) else 0
    if reason != 0:
        respond(feed, time, order.id, REJECTED, 0, reason, 0, order.qty)
        return
    respond(feed, time, order.id, ACKNOWLEDGED, 0, 0, 0, order.qty)
    if order.tif == DAY:
        feed.day_end = (time // DAY_NS + 1) * DAY_NS
    if not is_stop:
        enter(run, ctx, feed, order, key, order.qty, time)
    elif is_met_on_arrival(feed, order):
        activate(run, ctx, feed, order, key, order.qty, time)
    else:
        wait_at_venue(run, ctx, feed, order, key, time)


@compiled
def activate(run, ctx, feed, order, key, qty, time):
    """Let a triggered stop come in as the market or limit order that it has become."""
    respond(feed, time, order.id, TRIGGERED, 0, 0, 0, qty)
    if order.tif == GTX and would_take(feed, 0 if order.side == BUY else 1, key):
        respond(feed, time, order.id, CANCELED, 0, WOULD_TAKE, 0, qty)
    else:
        enter(run, ctx, feed, order, key, qty, time)


@compiled
def come_in(run, ctx, feed):
    """Let the first of the triggered stops come in; the others follow in calls of their own."""
    slot = next_triggered(run, ctx, feed)
    if slot < 0:
        feed.next_trigger = NEVER
        return
    resting = resting_of(run, slot)
    order, key, qty = order_of(ctx, resting.order_id), resting.key, resting.leaves
    stop_waiting(run, ctx, feed, slot)
    free_slot(run, ctx, slot)
    activate(run, ctx, feed, order, key, qty, feed.next_trigger)


@compiled
def end_day(run, ctx, feed):
    """Let the DAY orders at the venue expire, in order of their ids."""
    time, found = feed.day_end, next_open(ctx, 0)
    feed.day_end = NEVER
    while found:
        order = order_of(ctx, found)
        slot = slot_of(ctx, found)
        if order.instrument == feed.index and order.tif == DAY and slot >= 0:
            take_out(run, ctx, feed, slot)
            leave(run, ctx, feed, slot, EXPIRED, DAY_ENDED, time)
        found = next_open(ctx, found)


@inline
def take_out(run, ctx, feed, slot):
    """Take an order out of the list that it stands in."""
    if resting_of(run, slot).index == WAITING:
        stop_waiting(run, ctx, feed, slot)
    else:
        remove_own(run, feed, slot)


@compiled
def refusal_of_replace(run, feed, order, request, slot, key, time):
    """Return why the venue does not change an order, or 0. A waiting stop may only be made smaller."""
    is_fast = is_too_fast(feed, time)
    if is_fast or slot < 0:
        return MAX_ORDER_RATE if is_fast else UNKNOWN_ORDER
    resting = resting_of(run, slot)
    if feed.halted:
        return HALTED_MARKET
    is_smaller = request.qty < resting.leaves
    if resting.index == WAITING:
        return 0 if is_smaller else BAD_TYPE
    if not (is_smaller and key == resting.key) and is_outside_band(feed, request.price):
        return OUTSIDE_COLLAR
    if order.tif == GTX and would_take(feed, resting.index, key):
        return WOULD_TAKE
    return 0


@compiled
def accept_replace(run, ctx, feed, request, time):
    """Handle another price and open quantity for a resting order, or refuse."""
    slot = slot_of(ctx, request.order_id)
    order = order_of(ctx, request.order_id)
    key = request.price * order.side
    reason = refusal_of_replace(run, feed, order, request, slot, key, time)
    if reason != 0:
        respond(feed, time, request.order_id, NOT_REPLACED, 0, reason, 0, 0)
        return
    resting = resting_of(run, slot)
    if resting.index == WAITING:
        key = resting.key
    respond(feed, time, request.order_id, REPLACED, 0, 0, key * order.side, request.qty)
    if key == resting.key and request.qty < resting.leaves:
        resting.leaves = request.qty
        return
    remove_own(run, feed, slot)
    free_slot(run, ctx, slot)
    enter(run, ctx, feed, order, key, request.qty, time)


def accept(run_address, instrument):
    """Handle what is next at an instrument's venue besides rows; a kernel of its own.

    That is a stop that was triggered, the end of a day, or the request that has arrived first.
    """
    run = run_at(run_address)
    feed, ctx = feed_of(run, instrument), context_at(run.context_at)
    if feed.next_trigger < feed.day_end and feed.next_trigger <= feed.next_request:
        come_in(run, ctx, feed)
        return 0
    if feed.day_end <= feed.next_request:
        end_day(run, ctx, feed)
        return 0
    request = request_of(feed, feed.request_head)
    feed.request_head += 1
    time = request.ts
    if request.kind == NEW:
        accept_new(run, ctx, feed, request, time)
    elif request.kind == CANCEL:
        slot = slot_of(ctx, request.order_id)
        if slot < 0:
            respond(feed, time, request.order_id, NOT_CANCELED, 0, UNKNOWN_ORDER, 0, 0)
        else:
            take_out(run, ctx, feed, slot)
            leave(run, ctx, feed, slot, CANCELED, 0, time)
    else:
        accept_replace(run, ctx, feed, request, time)
    feed.next_request = NEVER
    if feed.request_head == feed.request_tail:
        feed.request_head = feed.request_tail = 0
    else:
        feed.next_request = request_of(feed, feed.request_head).ts
    return 0
