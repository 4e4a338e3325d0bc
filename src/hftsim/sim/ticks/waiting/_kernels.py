"""Stops at the venue: a list in order of arrival, and which of them a public trade triggers.

Recorded trades are known ahead of time, so the rows themselves need no test: while stops wait, the
next trade that triggers one is looked for first, and the venue halts there.
"""

from hftsim.book.depth._kernels import BEST, NO_LEVEL, depth_at, tops_of
from hftsim.core.events import EventFlag, EventKind
from hftsim.native.compiled import context_at
from hftsim.native.records import compiled, inline
from hftsim.sim.orders._kernels import BUY, STOP, STOP_LIMIT, order_of
from hftsim.sim.ticks.own._kernels import keep_slot, slots_of, take_slot
from hftsim.sim.ticks.records._kernels import (
    NEVER,
    WAITING,
    chunk_at,
    feed_of,
    ints_at,
    kinds_at,
    resting_of,
    run_at,
)

ON_EXCHANGE = int(EventFlag.ON_EXCHANGE)
PRINTS = (1 << int(EventKind.TRADE)) | (1 << int(EventKind.EXECUTE))
"""Kinds that print a trade, as bits."""


@inline
def is_rising(order):
    """Whether a price at the trigger or above it triggers the order: buy stops, sell take-profits."""
    return (order.type == STOP or order.type == STOP_LIMIT) == (order.side == BUY)


@inline
def is_met(order, price):
    """Whether a trade at `price` triggers the order."""
    return price >= order.trigger if is_rising(order) else price <= order.trigger


@inline
def is_met_by_best(feed, order):
    """Whether the best price that the order would trade at triggers it."""
    index = 1 if order.side == BUY else 0
    top = tops_of(depth_at(feed.book_at))[BEST + index]
    return top != NO_LEVEL and is_met(order, top if index == 0 else -top)


@compiled
def note_last_print(feed):
    """Find the last trade that the venue has seen, back to where it was looked for before."""
    chunk = chunk_at(feed.chunk_at)
    n = chunk.rows
    flags, kinds = kinds_at(chunk.flags_at, n), kinds_at(chunk.kind_at, n)
    for row in range(feed.row - 1, feed.print_row - 1, -1):
        if flags[row] & ON_EXCHANGE and (PRINTS >> int(kinds[row])) & 1:
            feed.last_print, feed.printed = ints_at(chunk.price_at, n)[row], True
            break
    feed.print_row = feed.row


@compiled
def is_met_on_arrival(feed, order):
    """Whether a stop that arrives is beyond its trigger already."""
    if feed.trigger_by_best:
        return is_met_by_best(feed, order)
    note_last_print(feed)
    return feed.printed and is_met(order, feed.last_print)


@compiled
def find_triggers(run, ctx, feed):
    """Find the prices at which the first of the waiting stops are triggered."""
    slots = slots_of(feed, WAITING)
    feed.rise, feed.fall = NEVER, -NEVER
    for k in range(feed.waiting):
        order = order_of(ctx, resting_of(run, slots[k]).order_id)
        if is_rising(order):
            feed.rise = min(feed.rise, order.trigger)
        else:
            feed.fall = max(feed.fall, order.trigger)


@compiled
def wait_at_venue(run, ctx, feed, order, key, time):
    """Let a stop wait behind those that came before it."""
    slot = take_slot(run, order.id)
    resting = resting_of(run, slot)
    resting.index, resting.key, resting.leaves = WAITING, key, order.qty
    resting.ts_entry, resting.triggered = time, False
    keep_slot(ctx, order.id, slot)
    slots_of(feed, WAITING)[feed.waiting] = slot
    feed.waiting += 1
    find_triggers(run, ctx, feed)


@compiled
def stop_waiting(run, ctx, feed, slot):
    """Take a stop out of the list of those that wait."""
    slots, kept = slots_of(feed, WAITING), 0
    for k in range(feed.waiting):
        if slots[k] != slot:
            slots[kept] = slots[k]
            kept += 1
    feed.waiting = kept
    find_triggers(run, ctx, feed)


@compiled
def mark_triggered(run, ctx, feed, price):
    """Mark the waiting stops that a trade at `price` triggers."""
    slots = slots_of(feed, WAITING)
    for k in range(feed.waiting):
        resting = resting_of(run, slots[k])
        if is_met(order_of(ctx, resting.order_id), price):
            resting.triggered = True


@compiled
def next_triggered(run, ctx, feed):
    """Return the slot of the first waiting stop whose turn has come, or -1; none in a halt."""
    slots, found = slots_of(feed, WAITING), -1
    for k in range(feed.waiting):
        resting = resting_of(run, slots[k])
        if feed.trigger_by_best:
            resting.triggered = is_met_by_best(feed, order_of(ctx, resting.order_id))
        if feed.halted:
            resting.triggered = False
        if resting.triggered and found < 0:
            found = slots[k]
    return found


def look_ahead(run_address, instrument, stop):
    """Return how far the venue may go, at most to time `stop`, before stops are looked at.

    A kernel of its own. That is at the time of the next trade that triggers one, or without trades
    in the data of the next row; `next_trigger` of the feed is set to it.
    """
    run = run_at(run_address)
    feed, ctx = feed_of(run, instrument), context_at(run.context_at)
    chunk, until = chunk_at(feed.chunk_at), min(stop, feed.next_trigger)
    n = chunk.rows
    times, prices = ints_at(chunk.ts_event_at, n), ints_at(chunk.price_at, n)
    kinds, flags = kinds_at(chunk.kind_at, n), kinds_at(chunk.flags_at, n)
    for row in range(feed.row, n):
        if not flags[row] & ON_EXCHANGE:
            continue
        if times[row] > until:
            break
        if feed.trigger_by_best:
            feed.next_trigger = until = times[row]
            break
        price = prices[row]
        is_print = (PRINTS >> int(kinds[row])) & 1
        if is_print and (price >= feed.rise or price <= feed.fall):
            mark_triggered(run, ctx, feed, price)
            feed.next_trigger = until = times[row]
    return until
