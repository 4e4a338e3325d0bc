"""Own requests as they reach the venue: new, cancel, replace."""

from hftsim.book.depth._kernels import BEST, MOST_PRICE, NO_LEVEL, depth_at, level_qty, tops_of
from hftsim.core.enums import RejectReason
from hftsim.native.compiled import context_at
from hftsim.native.records import compiled, inline
from hftsim.sim.orders._kernels import (
    BUY,
    FOK,
    FOK_NOT_FILLABLE,
    GTX,
    IOC,
    IOC_REMAINDER,
    MARKET,
    REDUCED_TO_ZERO,
    WOULD_TAKE,
    order_of,
)
from hftsim.sim.ticks.matching._kernels import walk_book, wanted, within_reach
from hftsim.sim.ticks.own._kernels import (
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
    NOT_CHANGED,
    REJECTED,
    REPLACED,
    feed_of,
    request_of,
    resting_of,
    run_at,
)

HALTED_MARKET = int(RejectReason.NOT_IN_THIS_PHASE)
UNKNOWN_ORDER = int(RejectReason.UNKNOWN_ORDER)
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
    elif order.type == MARKET or order.tif == IOC or order.tif == FOK:
        leave(run, ctx, feed, slot, EXPIRED, IOC_REMAINDER, time)
    else:
        front = float(level_qty(depth_at(feed.book_at), resting.index, key))
        resting.front = resting.entry = front
        insert_own(run, feed, slot)


@compiled
def accept_new(run, ctx, feed, request, time):
    """Handle a new order: refuse it, or acknowledge it and let it trade."""
    order = order_of(ctx, request.order_id)
    key = MARKET_KEY if order.type == MARKET else order.price * order.side
    reason = 0
    if feed.halted:
        reason = HALTED_MARKET
    elif order.tif == GTX and would_take(feed, 0 if order.side == BUY else 1, key):
        reason = WOULD_TAKE
    if reason != 0:
        respond(feed, time, order.id, REJECTED, 0, reason, 0, order.qty)
        return
    respond(feed, time, order.id, ACKNOWLEDGED, 0, 0, 0, order.qty)
    enter(run, ctx, feed, order, key, order.qty, time)


@compiled
def accept_replace(run, ctx, feed, request, time):
    """Handle another price and open quantity for a resting order, or refuse."""
    slot = slot_of(ctx, request.order_id)
    order = order_of(ctx, request.order_id)
    key = request.price * order.side
    if slot < 0:
        respond(feed, time, request.order_id, NOT_CHANGED, 0, UNKNOWN_ORDER, 0, 0)
        return
    resting = resting_of(run, slot)
    reason = 0
    if feed.halted:
        reason = HALTED_MARKET
    elif order.tif == GTX and would_take(feed, resting.index, key):
        reason = WOULD_TAKE
    if reason != 0:
        respond(feed, time, request.order_id, NOT_CHANGED, 0, reason, 0, 0)
        return
    respond(feed, time, request.order_id, REPLACED, 0, 0, request.price, request.qty)
    if key == resting.key and request.qty < resting.leaves:
        resting.leaves = request.qty
        return
    remove_own(run, feed, slot)
    free_slot(run, ctx, slot)
    enter(run, ctx, feed, order, key, request.qty, time)


def accept(run_address, instrument):
    """Handle the request that has reached an instrument's venue first; a kernel of its own."""
    run = run_at(run_address)
    feed, ctx = feed_of(run, instrument), context_at(run.context_at)
    request = request_of(feed, feed.request_head)
    feed.request_head += 1
    time = request.ts
    if request.kind == NEW:
        accept_new(run, ctx, feed, request, time)
    elif request.kind == CANCEL:
        slot = slot_of(ctx, request.order_id)
        if slot < 0:
            respond(feed, time, request.order_id, NOT_CHANGED, 0, UNKNOWN_ORDER, 0, 0)
        else:
            remove_own(run, feed, slot)
            leave(run, ctx, feed, slot, CANCELED, 0, time)
    else:
        accept_replace(run, ctx, feed, request, time)
    feed.next_request = NEVER
    if feed.request_head == feed.request_tail:
        feed.request_head = feed.request_tail = 0
    else:
        feed.next_request = request_of(feed, feed.request_head).ts
    return 0
