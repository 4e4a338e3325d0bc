"""The venue's clock of a crowd: its own events, the strategy's requests, and reports on its orders.

At one time the crowd comes first, then the strategy's requests in the order sent. A request draws
the crowd's next event anew: exponential waits have no memory, so that changes nothing but the draw,
and a strategy that sends nothing leaves the crowd as it would be alone.
"""

import numpy as np

from hftsim.book.depth._kernels import NO_ROOM, depth_at, put_level
from hftsim.book.matching.reports._kernels import ACK, CANCEL, FILL, REJECT, REPLACE
from hftsim.core.enums import FillReason, RejectReason
from hftsim.native.compiled import context_at, next_open
from hftsim.native.records import call_at, compiled, inline
from hftsim.sim.crowd.messages._kernels import (
    GTC,
    LIMIT,
    MARKET,
    post_cancel,
    post_order,
    post_replace,
)
from hftsim.sim.crowd.records._kernels import (
    DONE,
    STOPPED,
    STRATEGY,
    bytes_at,
    crowd_at,
    order_in,
    signs_at,
)
from hftsim.sim.crowd.records._kernels import ints_at as numbers_at
from hftsim.sim.crowd.rows._kernels import ADD, shown_at
from hftsim.sim.crowd.stops._kernels import (
    halt_where_needed,
    is_met_in_crowd,
    triggered_in_crowd,
    wait_in_crowd,
)
from hftsim.sim.orders._kernels import BUY, DAY, REDUCED_TO_ZERO, STOP, order_of
from hftsim.sim.orders._kernels import FOK as ORDER_FOK
from hftsim.sim.orders._kernels import GTX as ORDER_GTX
from hftsim.sim.orders._kernels import IOC as ORDER_IOC
from hftsim.sim.ticks.exchange._kernels import is_full, note_markouts
from hftsim.sim.ticks.own._kernels import (
    free_slot,
    keep_slot,
    respond,
    slot_of,
    take_slot,
    trade_own,
)
from hftsim.sim.ticks.records._kernels import (
    ACKNOWLEDGED,
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
from hftsim.sim.ticks.records._kernels import CANCEL as CANCEL_REQUEST
from hftsim.sim.ticks.requests._kernels import DAY_NS
from hftsim.sim.ticks.rules._kernels import (
    MAX_ORDER_RATE,
    OUTSIDE_COLLAR,
    is_outside_band,
    is_too_fast,
    refusal_of_new,
    takes_any_price,
)
from hftsim.sim.ticks.waiting._kernels import stop_waiting

_U = np.uint64
TAKER_WALK, QUEUE_FRONT = int(FillReason.TAKER_WALK), int(FillReason.QUEUE_FRONT)
UNKNOWN_ORDER, NONE = int(RejectReason.UNKNOWN_ORDER), int(RejectReason.NONE)
BAD_TYPE, DAY_ENDED = int(RejectReason.BAD_TYPE), int(RejectReason.DAY_ENDED)
call_crowd, call_accept = call_at(2), call_at(2)
ARRIVED, NEEDS_ROOM, NEEDS_CROWD = range(3)
"""How an advance ends: at its time; for want of room in the logs; because the crowd needs something
(`needs` in its record)."""


@inline
def crowd_of(feed):
    """Return the crowd behind a feed: it stands where recorded data have their rows."""
    return crowd_at(feed.chunk_at)


@compiled
def sync_book(feed, until_row):
    """Apply the crowd's rows to the venue's book by price; False where it has no room."""
    crowd, book = crowd_of(feed), depth_at(feed.book_at)
    room, row = crowd.columns_room, feed.row
    columns = numbers_at(crowd.columns_at, 4 * room)
    kinds, sides = bytes_at(crowd.kinds_at, room), signs_at(crowd.sides_at, room)
    while row < until_row:
        side = np.int64(sides[_U(row)])
        price, qty = columns[_U(row + room)], columns[_U(row + 2 * room)]
        change = qty if kinds[_U(row)] == ADD else -qty
        if put_level(book, (1 - side) >> 1, price * side, change, 1) == NO_ROOM:
            break
        row += 1
    feed.rows_done += row - feed.row
    feed.row = row
    return row >= until_row


def own_report(run_address, order_id, kind, price, qty, leaves, is_maker):
    """Book a report of the matching engine on an order of the strategy; a kernel of its own.

    `price` is the reason where an order ended or was refused; `leaves` is 1 where a refusal leaves
    an order in the book.
    """
    run = run_at(run_address)
    ctx, feed = context_at(run.context_at), feed_of(run, 0)
    crowd, slot = crowd_of(feed), slot_of(ctx, order_id)
    time = crowd.clock
    sync_book(feed, crowd.packet)
    resting, is_stop = resting_of(run, slot), order_of(ctx, order_id).type >= STOP
    if kind == ACK:
        respond(feed, time, order_id, TRIGGERED if is_stop else ACKNOWLEDGED, 0, 0, 0, qty)
        return 0
    if kind == FILL:
        trade_own(run, feed, slot, qty, price, QUEUE_FRONT if is_maker else TAKER_WALK, time)
        if resting.leaves == 0:
            free_slot(run, ctx, slot)
        return 0
    if kind == REPLACE:
        if price * order_of(ctx, order_id).side != resting.key or qty >= resting.leaves:
            ahead = float(shown_at(crowd, order_of(ctx, order_id).side, price))
            resting.front, resting.entry, resting.ts_entry = 0.0, ahead, time
        resting.key, resting.leaves = price * order_of(ctx, order_id).side, qty
        respond(feed, time, order_id, REPLACED, 0, 0, price, qty)
        return 0
    if kind == REJECT and leaves:
        respond(feed, time, order_id, NOT_REPLACED, 0, price, 0, 0)
        return 0
    told = EXPIRED
    if kind == REJECT and is_stop:
        respond(feed, time, order_id, TRIGGERED, 0, 0, 0, qty)
        told = CANCELED
    elif kind == REJECT:
        told = REJECTED
    elif kind == CANCEL and price == NONE:
        told, price = (EXPIRED, DAY_ENDED) if resting.triggered else (CANCELED, NONE)
    respond(feed, time, order_id, told, 0, price, 0, qty)
    free_slot(run, ctx, slot)
    return 0


@inline
def tif_for(order):
    """Return the time in force that the matching engine knows for an order."""
    if order.tif == ORDER_IOC or order.tif == ORDER_FOK or order.tif == ORDER_GTX:
        return order.tif
    return GTC


@compiled
def enter_new(run, ctx, feed, order, time):
    """Refuse a new order, let it wait for its trigger, or hand it to the matching engine."""
    reason = refusal_of_new(feed, order, run.resting_capacity - run.resting_free, time)
    if reason != 0:
        respond(feed, time, order.id, REJECTED, 0, reason, 0, order.qty)
        return
    if order.tif == DAY:
        feed.day_end = (time // DAY_NS + 1) * DAY_NS
    if order.type >= STOP:
        respond(feed, time, order.id, ACKNOWLEDGED, 0, 0, 0, order.qty)
        if not is_met_in_crowd(feed, order):
            wait_in_crowd(run, ctx, feed, order, time)
            return
    hand_over(run, ctx, feed, order, order.qty, time)


@compiled
def let_in(run, ctx, feed):
    """Hand the first triggered stop to the matching engine, once it has nothing else to do."""
    crowd = crowd_of(feed)
    if crowd.outbox_next < crowd.outbox_used:
        return
    slot = triggered_in_crowd(run, ctx, feed)
    if slot >= 0:
        resting = resting_of(run, slot)
        order, qty = order_of(ctx, resting.order_id), resting.leaves
        leave_waiting(run, ctx, feed, slot)
        crowd.next_at = -1
        hand_over(run, ctx, feed, order, qty, crowd.clock)


@compiled
def leave_waiting(run, ctx, feed, slot):
    """Forget a stop that waited."""
    stop_waiting(run, ctx, feed, slot)
    free_slot(run, ctx, slot)
    halt_where_needed(run, feed)


@compiled
def end_day(run, ctx, feed):
    """Let the next of the DAY orders expire: one that waits at once, another by a cancel.

    `triggered` marks those whose day has ended.
    """
    crowd, found = crowd_of(feed), next_open(ctx, 0)
    crowd.clock, crowd.next_at = max(crowd.clock, feed.day_end), -1
    while found:
        order, slot = order_of(ctx, found), slot_of(ctx, found)
        if order.tif == DAY and slot >= 0:
            resting = resting_of(run, slot)
            if resting.index == WAITING:
                respond(feed, feed.day_end, found, EXPIRED, 0, DAY_ENDED, 0, resting.leaves)
                leave_waiting(run, ctx, feed, slot)
            elif not resting.triggered:
                resting.triggered = True
                post_cancel(crowd, resting.priority)
                return
        found = next_open(ctx, found)
    feed.day_end = NEVER


@compiled
def hand_over(run, ctx, feed, order, qty, time):
    """Put an order into the crowd's outbox; a reduce-only one no larger than the position."""
    crowd, whole = crowd_of(feed), qty
    reduce_only = order.reduce_only or (order.side != BUY and not feed.may_short)
    if reduce_only:
        open_qty = -feed.exchange_position * order.side
        qty = min(qty, max(open_qty, 0))
        if qty == 0:
            told = TRIGGERED if order.type >= STOP else ACKNOWLEDGED
            respond(feed, time, order.id, told, 0, 0, 0, whole)
            respond(feed, time, order.id, EXPIRED, 0, REDUCED_TO_ZERO, 0, whole)
            return
        if qty < whole:
            respond(feed, time, order.id, REPLACED, 0, 0, order.price, qty)
    slot = take_slot(run, order.id)
    keep_slot(ctx, order.id, slot)
    resting, is_market = resting_of(run, slot), takes_any_price(order.type)
    resting.index, resting.key = 0 if order.side == BUY else 1, order.price * order.side
    resting.leaves, resting.ts_entry, resting.reduce_only = qty, time, reduce_only
    resting.triggered = False
    resting.front = resting.traded = resting.entry = 0.0
    if not is_market:
        resting.entry = float(shown_at(crowd, order.side, order.price))
    kind, tif = MARKET if is_market else LIMIT, GTC if is_market else tif_for(order)
    resting.priority = post_order(crowd, STRATEGY, order.side, order.price, qty, kind, tif)
    order_in(crowd, resting.priority).own = order.id


@compiled
def cancel_in_crowd(run, ctx, feed, slot, time):
    """Ask the matching engine to cancel an order, or end one that waits for its trigger."""
    resting = resting_of(run, slot)
    if resting.index != WAITING:
        post_cancel(crowd_of(feed), resting.priority)
        return
    respond(feed, time, resting.order_id, CANCELED, 0, 0, 0, resting.leaves)
    leave_waiting(run, ctx, feed, slot)


@compiled
def refusal_of_replace(run, feed, request, slot, time):
    """Return why the venue does not even hand a replace to its matching engine, or 0."""
    if is_too_fast(feed, time):
        return MAX_ORDER_RATE
    if slot < 0:
        return UNKNOWN_ORDER
    resting = resting_of(run, slot)
    if resting.index == WAITING:
        return 0 if request.qty < resting.leaves else BAD_TYPE
    side = 1 if resting.index == 0 else -1
    keeps_place = request.qty < resting.leaves and request.price * side == resting.key
    if not keeps_place and is_outside_band(feed, request.price):
        return OUTSIDE_COLLAR
    return 0


def accept_in_crowd(run_address, instrument):
    """Put the request that has reached the venue first into the crowd's outbox; a kernel of its own."""
    run = run_at(run_address)
    feed, ctx = feed_of(run, instrument), context_at(run.context_at)
    crowd, request = crowd_of(feed), request_of(feed, feed.request_head)
    feed.request_head += 1
    time = request.ts
    crowd.clock, crowd.next_at = max(crowd.clock, time), -1
    slot = slot_of(ctx, request.order_id)
    if request.kind == NEW:
        enter_new(run, ctx, feed, order_of(ctx, request.order_id), time)
    elif request.kind == CANCEL_REQUEST:
        if slot < 0:
            respond(feed, time, request.order_id, NOT_CANCELED, 0, UNKNOWN_ORDER, 0, 0)
        else:
            cancel_in_crowd(run, ctx, feed, slot, time)
    else:
        reason = refusal_of_replace(run, feed, request, slot, time)
        if reason != 0:
            respond(feed, time, request.order_id, NOT_REPLACED, 0, reason, 0, 0)
        elif resting_of(run, slot).index == WAITING:
            resting = resting_of(run, slot)
            resting.leaves = request.qty
            price = order_of(ctx, request.order_id).price
            respond(feed, time, request.order_id, REPLACED, 0, 0, price, request.qty)
        else:
            post_replace(crowd, resting_of(run, slot).priority, request.price, request.qty)
    feed.next_request = NEVER
    if feed.request_head == feed.request_tail:
        feed.request_head = feed.request_tail = 0
    else:
        feed.next_request = request_of(feed, feed.request_head).ts
    return 0


@compiled
def advance_venue(run_address, run, ctx, feed, until):
    """Let everything happen at the venue up to `until`, or to where the crowd is to stop.

    Returns how it ended; `run.exchange_now` says how far it came.
    """
    crowd = crowd_of(feed)
    while True:
        if is_full(ctx, feed) or not sync_book(feed, crowd.rows):
            return NEEDS_ROOM
        if feed.waiting > 0:
            let_in(run, ctx, feed)
        stop = min(until, feed.next_request, feed.next_markout, feed.day_end - 1)
        code = call_crowd(run.exchange_op, feed.chunk_at, stop)
        if code == STOPPED:
            run.exchange_now = max(run.exchange_now, crowd.clock - 1)
            return ARRIVED
        if code != DONE:
            crowd.needs = code
            return NEEDS_CROWD
        if not sync_book(feed, crowd.rows):
            return NEEDS_ROOM
        if feed.next_markout <= stop:
            note_markouts(ctx, feed)
        elif feed.next_request <= stop:
            call_accept(run.accept_op, run_address, feed.index)
        elif feed.day_end <= until:
            end_day(run, ctx, feed)
        else:
            run.exchange_now = max(run.exchange_now, stop)
            return ARRIVED
