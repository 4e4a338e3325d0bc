"""Own orders at the venue: a short list for each side, best price first, then oldest.

A filter of 1,024 bits tells at once that no own order rests at a price, so a row of market data
costs next to nothing however many own orders rest elsewhere.
"""

import numpy as np

from hftsim.book.depth._kernels import BEST, NO_LEVEL, depth_at, tops_of
from hftsim.core.enums import FillReason
from hftsim.native.compiled import context_at, fill_row
from hftsim.native.layout import FROM_HALT, FROM_STOP_LOSS, FROM_TAKE_PROFIT
from hftsim.native.records import call_at, compiled, inline
from hftsim.portfolio._kernels import account_value, traded_value
from hftsim.sim.orders._kernels import (
    RISK_HALT,
    RISK_STOP_LOSS,
    RISK_TAKE_PROFIT,
    STOP,
    STOP_LIMIT,
    fee_rate,
    instrument_of,
    order_of,
)
from hftsim.sim.ticks.latency._kernels import latency_of
from hftsim.sim.ticks.records._kernels import (
    FILLED,
    NEW,
    NO_KEY,
    OWN_WORDS,
    ints_at,
    latency_at,
    new_response,
    resting_of,
    taken_of,
)

TAKER_WALK = int(FillReason.TAKER_WALK)
STOP_HIT, TARGET_HIT = int(FillReason.STOP), int(FillReason.TAKE_PROFIT)
BEST_KEY, _FILTER, _FILTER_WORDS, TAKEN_LEVELS = 2, 4, 16, 36
_U = np.uint64
call_charge = call_at(3)

MARKOUT_0, MARKOUT_1, MARKOUT_2 = 100_000_000, 1_000_000_000, 10_000_000_000
"""After so many ns the mid price is compared with the price of a fill."""


@inline
def counts_of(feed):
    """Return the words that count and filter own orders at the venue."""
    return ints_at(feed.own_counts_at, OWN_WORDS)


@inline
def slots_of(feed, index):
    """Return the slots of own orders on one side, best price first, then oldest."""
    return ints_at(feed.own_at + index * 8 * feed.own_capacity, feed.own_capacity)


@inline
def is_watching(counts):
    """Whether recorded rows may concern own orders, or levels that they took from."""
    return counts[0] + counts[1] + counts[TAKEN_LEVELS] + counts[TAKEN_LEVELS + 1] > 0


@inline
def may_rest_at(feed, index, key):
    """Whether an own order may rest at this key, or took there; never wrong when it says no."""
    word = counts_of(feed)[_U(_FILTER + index * _FILTER_WORDS + ((key >> 6) & 15))]
    return (word >> (key & 63)) & 1 != 0


@inline
def mark(feed, index, key):
    """Let `may_rest_at` say yes to a key."""
    counts_of(feed)[_FILTER + index * _FILTER_WORDS + ((key >> 6) & 15)] |= 1 << (key & 63)


@compiled
def insert_own(run, feed, slot):
    """Put an own order into its side's list."""
    order = resting_of(run, slot)
    index, counts = order.index, counts_of(feed)
    slots, at = slots_of(feed, index), counts[index]
    while at > 0 and resting_of(run, slots[at - 1]).key < order.key:
        slots[at] = slots[at - 1]
        at -= 1
    slots[at] = slot
    counts[index] += 1
    counts[BEST_KEY + index] = resting_of(run, slots[0]).key
    mark(feed, index, order.key)


@compiled
def remove_own(run, feed, slot):
    """Take an own order out of its side's list."""
    index, counts = resting_of(run, slot).index, counts_of(feed)
    slots, kept = slots_of(feed, index), 0
    for word in range(_FILTER_WORDS):
        counts[_FILTER + index * _FILTER_WORDS + word] = 0
    for k in range(counts[index]):
        if slots[k] != slot:
            slots[kept] = slots[k]
            mark(feed, index, resting_of(run, slots[k]).key)
            kept += 1
    for k in range(counts[TAKEN_LEVELS + index]):
        mark(feed, index, taken_of(feed, index, k).key)
    counts[index] = kept
    counts[BEST_KEY + index] = resting_of(run, slots[0]).key if kept > 0 else NO_KEY


@inline
def best_own(run, feed, index):
    """Return the slot of the best own order of a side, which has one."""
    return slots_of(feed, index)[0]


@inline
def take_slot(run, order_id):
    """Return a free slot for an order that reaches the venue."""
    run.resting_free -= 1
    slot = ints_at(run.resting_free_at, run.resting_capacity)[_U(run.resting_free)]
    resting_of(run, slot).order_id = order_id
    return slot


@inline
def slot_of(ctx, order_id):
    """Return the slot of an own order at the venue, or -1."""
    return order_of(ctx, order_id).slot - 1


@inline
def keep_slot(ctx, order_id, slot):
    """Remember, or with -1 forget, the slot of an order."""
    order_of(ctx, order_id).slot = slot + 1


@inline
def free_slot(run, ctx, slot):
    """Give back the slot of an order that has left the venue."""
    keep_slot(ctx, resting_of(run, slot).order_id, -1)
    ints_at(run.resting_free_at, run.resting_capacity)[_U(run.resting_free)] = slot
    run.resting_free += 1


@compiled
def respond(feed, time, order_id, kind, fill, reason, price, qty):
    """Send a report to the strategy's machine."""
    latency = abs(latency_of(latency_at(feed.responses_latency_at), NEW, time))
    arrival = max(time + latency, feed.last_response)
    feed.last_response = arrival
    out = new_response(feed, arrival, False)
    out.order_id = order_id
    out.kind = kind
    out.fill = fill
    out.reason = reason
    out.price = price
    out.qty = qty


@compiled
def leave(run, ctx, feed, slot, kind, reason, time):
    """End what is open of an order that does not stand in its side's list."""
    resting = resting_of(run, slot)
    respond(feed, time, resting.order_id, kind, 0, reason, 0, resting.leaves)
    free_slot(run, ctx, slot)


@inline
def reason_of(order, reason):
    """Return why an order traded; of one that the risk limits sent or a trigger made take, that."""
    if order.origin == FROM_STOP_LOSS:
        return RISK_STOP_LOSS
    if order.origin == FROM_TAKE_PROFIT:
        return RISK_TAKE_PROFIT
    if order.origin == FROM_HALT:
        return RISK_HALT
    if reason == TAKER_WALK and order.type >= STOP:
        return STOP_HIT if order.type <= STOP_LIMIT else TARGET_HIT
    return reason


@inline
def mid_of(feed, own):
    """Return the venue's mid price, quote currency; NaN while a side of its book is empty."""
    tops = tops_of(depth_at(feed.book_at))
    if tops[BEST] == NO_LEVEL or tops[BEST + 1] == NO_LEVEL:
        return np.nan
    return 0.5 * (tops[BEST] - tops[BEST + 1]) * own.tick_size


@compiled
def put_fill(run, ctx, feed, order_id, side, qty, price, is_maker, time):
    """Log a fill of `qty` lots at `price` ticks and report it; returns it.

    Its reason, and where its order stood, are the caller's to say.
    """
    own = instrument_of(ctx, feed.index)
    value = traded_value(own, qty, price)
    out = fill_row(ctx.fills_at, ctx.fill_count, ctx.fill_capacity)
    out.ts_event = time
    out.order_id = order_id
    out.instrument = feed.index
    out.side = side
    out.price = price
    out.qty = qty
    out.is_maker = is_maker
    out.fee = fee_rate(own, is_maker) * value
    if feed.fees_at != 0:
        call_charge(run.charge_op, ctx.market_at, feed.index, ctx.fill_count)
    tops = tops_of(depth_at(feed.book_at))
    out.slippage = np.nan
    if tops[BEST] != NO_LEVEL and tops[BEST + 1] != NO_LEVEL:
        mid = 0.5 * (tops[BEST] - tops[BEST + 1])
        out.slippage = side * (price - mid) * own.tick_size
    out.step = ctx.step
    out.queue_entry = out.queue_fill = 0.0
    out.waited = 0
    out.markout_100ms = out.markout_1s = out.markout_10s = np.nan
    respond(feed, time, order_id, FILLED, ctx.fill_count, 0, price, qty)
    feed.next_markout = min(feed.next_markout, time + MARKOUT_0)
    ctx.fill_count += 1
    feed.exchange_position += side * qty
    run.exchange_cash -= side * account_value(own, value) + out.fee
    return out


@compiled
def trade_own(run, feed, slot, qty, price, reason, time):
    """Execute `qty` lots of an own order at `price` ticks; the caller removes what is done."""
    ctx = context_at(run.context_at)
    resting = resting_of(run, slot)
    order = order_of(ctx, resting.order_id)
    is_maker = reason != TAKER_WALK
    out = put_fill(run, ctx, feed, resting.order_id, order.side, qty, price, is_maker, time)
    out.reason = reason_of(order, reason)
    out.queue_entry = resting.entry
    out.queue_fill = max(resting.front, 0.0)
    out.waited = time - resting.ts_entry
    resting.leaves -= qty
