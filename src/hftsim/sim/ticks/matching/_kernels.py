"""When own orders at the venue trade: as they arrive, and as recorded rows pass them by.

Recorded data does not react to own orders. Rules and their reasons: docs/models/fills.md.
"""

from hftsim.book.depth._kernels import BEST, NO_LEVEL, depth_at, level_qty, next_key, tops_of
from hftsim.core.enums import FillReason
from hftsim.core.events import EventKind
from hftsim.native.compiled import context_at
from hftsim.native.records import call_at, compiled, inline
from hftsim.sim.orders._kernels import REDUCED_TO_ZERO
from hftsim.sim.ticks.funding._kernels import pay_funding
from hftsim.sim.ticks.own._kernels import (
    TAKER_WALK,
    best_own,
    counts_of,
    free_slot,
    leave,
    remove_own,
    slots_of,
    trade_own,
)
from hftsim.sim.ticks.queue._kernels import front_after
from hftsim.sim.ticks.records._kernels import (
    EXPIRED,
    LEFT,
    ROSE,
    TOOK,
    feed_of,
    resting_of,
    run_at,
)

ADD, TRADE, EXECUTE = int(EventKind.ADD), int(EventKind.TRADE), int(EventKind.EXECUTE)
QUOTE, FUNDING = int(EventKind.QUOTE), int(EventKind.FUNDING)
BY_ORDER = 3
"""The level of data by order."""
QUEUE_FRONT, TRADE_THROUGH = int(FillReason.QUEUE_FRONT), int(FillReason.TRADE_THROUGH)
BOOK_CROSS = int(FillReason.BOOK_CROSS)
_call_taken = call_at(7)


@inline
def wanted(feed, resting):
    """Return the lots an own order still wants; a reduce-only one no more than the position."""
    if not resting.reduce_only:
        return resting.leaves
    side = 1 if resting.index == 0 else -1
    if feed.exchange_position * side >= 0:
        return 0
    return min(resting.leaves, abs(feed.exchange_position))


@inline
def taken(run, feed, what, index, key, qty, time):
    """Tell or ask what own orders took from a level, where that is wanted; see `taken_op`."""
    if run.taken_op == 0:
        return 0
    market_at = context_at(run.context_at).market_at
    return _call_taken(run.taken_op, market_at, feed.index, what, index, key, qty, time)


@compiled
def lots_left(run, feed, index, key, time):
    """Return the lots of a level that an arriving own order finds."""
    if run.taken_op == 0:
        return level_qty(depth_at(feed.book_at), index, key)
    return taken(run, feed, LEFT, index, key, 0, time)


@compiled
def fill_resting(run, feed, slot, room, reason, time):
    """Fill a resting own order with at most `room` lots (whole without partial fills).

    Returns the lots filled. A reduce-only order that has nothing left to reduce expires.
    """
    resting = resting_of(run, slot)
    qty = wanted(feed, resting)
    if feed.partial_fills:
        qty = min(qty, room)
    if qty > 0:
        price = resting.key if resting.index == 0 else -resting.key
        trade_own(run, feed, slot, qty, price, reason, time)
    ctx = context_at(run.context_at)
    if resting.leaves == 0:
        remove_own(run, feed, slot)
        free_slot(run, ctx, slot)
    elif resting.reduce_only and wanted(feed, resting) == 0:
        remove_own(run, feed, slot)
        leave(run, ctx, feed, slot, EXPIRED, REDUCED_TO_ZERO, time)
    return qty


@compiled
def level_changed(run, feed, index, key, previous, now, time):
    """Move own orders at a level up or down in their queue, after it went to `now` lots."""
    slots, counts = slots_of(feed, index), counts_of(feed)
    for k in range(counts[index]):
        resting = resting_of(run, slots[k])
        if resting.key == key:
            resting.front = front_after(
                feed.queue_model,
                feed.queue_power,
                resting.front,
                float(previous),
                float(now),
                resting.traded,
            )
            resting.traded = 0.0


@compiled
def nobody_better(run, feed, index, key):
    """Put own orders first that are better than the best quote of their side, at `key`."""
    slots, counts = slots_of(feed, index), counts_of(feed)
    for k in range(counts[index]):
        resting = resting_of(run, slots[k])
        if resting.key <= key:
            return
        resting.front = resting.traded = 0.0


@compiled
def order_left(run, feed, index, key, priority, qty):
    """Move own orders up that stood behind `qty` lots of a recorded order that left."""
    slots, counts = slots_of(feed, index), counts_of(feed)
    for k in range(counts[index]):
        resting = resting_of(run, slots[k])
        if resting.key == key and priority <= resting.priority:
            resting.front -= qty


@compiled
def crossed_by(run, feed, index, key, room, time):
    """Fill own orders of side `index` that a level of the other side at `key` crosses."""
    counts = counts_of(feed)
    while counts[index] > 0 and room > 0:
        slot = best_own(run, feed, index)
        if resting_of(run, slot).key + key < 0:
            return
        filled = fill_resting(run, feed, slot, room, BOOK_CROSS, time)
        if feed.partial_fills:
            room -= filled
        if filled > 0:
            taken(run, feed, TOOK, 1 - index, key, filled, time)


@compiled
def traded_at(run, feed, index, key, qty, time):
    """Handle a public trade against side `index` at `key`: by price, the queue is an estimate."""
    counts, room, k = counts_of(feed), qty, 0
    slots = slots_of(feed, index)
    while k < counts[index] and room > 0:
        slot = slots[k]
        resting = resting_of(run, slot)
        if resting.key < key:
            return
        reason, most = TRADE_THROUGH, room
        if resting.key == key:
            resting.front -= room
            resting.traded += room
            if resting.front > -0.5:  # not yet past by a lot, rounded
                k += 1
                continue
            reason, most = QUEUE_FRONT, int(0.5 - resting.front)
        before = counts[index]
        filled = fill_resting(run, feed, slot, min(most, room), reason, time)
        resting.front = max(resting.front, 0.0)
        if feed.partial_fills:
            room -= filled
        if counts[index] == before:
            k += 1


@compiled
def executed_at(run, feed, index, key, priority, qty, time):
    """Handle the execution of a recorded order of side `index`: own orders before it come first.

    Priority 0: a hidden order, behind every displayed one at its price; what it trades says nothing
    of the displayed queue there.
    """
    counts, room, k = counts_of(feed), qty, 0
    slots = slots_of(feed, index)
    while k < counts[index]:
        slot = slots[k]
        resting = resting_of(run, slot)
        if resting.key < key:
            return
        is_same = resting.key == key
        if is_same and priority == 0:
            return
        if is_same and priority <= resting.priority:
            resting.front -= qty
            k += 1
            continue
        if room == 0:
            k += 1
            continue
        if not (is_same or feed.trade_through):
            k += 1
            continue
        before = counts[index]
        filled = fill_resting(
            run, feed, slot, room, QUEUE_FRONT if is_same else TRADE_THROUGH, time
        )
        if feed.partial_fills:
            room -= filled
        if counts[index] == before:
            k += 1


@compiled
def within_reach(run, feed, index, key, most, time):
    """Return how many lots of the other side are there at `key` or better, counted up to `most`."""
    book = depth_at(feed.book_at)
    other, found = tops_of(book)[BEST + 1 - index], 0
    while other != NO_LEVEL and other + key >= 0 and found < most:
        found += lots_left(run, feed, 1 - index, other, time)
        other = next_key(book, 1 - index, other)
    return found


@compiled
def walk_book(run, feed, slot, key, time):
    """Let an arriving order take what is there at `key` or better.

    The book does not change by it; what was taken is remembered where that is wanted.
    """
    book = depth_at(feed.book_at)
    resting = resting_of(run, slot)
    index, side = resting.index, 1 if resting.index == 0 else -1
    other = tops_of(book)[BEST + 1 - index]
    if not feed.partial_fills:
        if other != NO_LEVEL and other + key >= 0:
            qty = wanted(feed, resting)
            if qty > 0:
                trade_own(run, feed, slot, qty, -side * other, TAKER_WALK, time)
        return
    while other != NO_LEVEL and other + key >= 0:
        want = wanted(feed, resting)
        if want == 0:
            return
        qty = min(want, lots_left(run, feed, 1 - index, other, time))
        if qty > 0:
            trade_own(run, feed, slot, qty, -side * other, TAKER_WALK, time)
            taken(run, feed, TOOK, 1 - index, other, qty, time)
        other = next_key(book, 1 - index, other)


def own_row(run_address, instrument, kind, index, key, qty, previous, now, priority, time):
    """Let one recorded row act on own orders at its venue; a kernel of its own.

    `index` and `key` are those of the level that changed from `previous` to `now` lots; of a TRADE,
    of the side that was traded against. Of FUNDING `qty` is the rate, `previous` the mark price.
    """
    run = run_at(run_address)
    feed = feed_of(run, instrument)
    if kind == FUNDING:
        pay_funding(run, feed, qty, previous, time)
        return 0
    if kind == TRADE:
        if feed.level == BY_ORDER:
            executed_at(run, feed, index, key, 0, qty, time)
        else:
            traded_at(run, feed, index, key, qty, time)
        return 0
    if kind == EXECUTE:
        executed_at(run, feed, index, key, priority, qty, time)
        return 0
    if feed.level != BY_ORDER:
        level_changed(run, feed, index, key, previous, now, time)
        if kind == QUOTE:
            nobody_better(run, feed, index, key if now > 0 else NO_LEVEL)
    elif kind != ADD:
        order_left(run, feed, index, key, priority, qty)
    if now > previous:
        taken(run, feed, ROSE, index, key, previous, time)
        crossed_by(run, feed, 1 - index, key, now - previous, time)
    return 0
