"""The venue's clock: recorded rows and own requests, in the order in which they reach it.

At one time recorded rows come first, then stops that they triggered, then own requests in the order
sent; the mid price that a fill is compared with is that after all of them.
"""

import numpy as np

from hftsim.book.depth._kernels import (
    BEST,
    NO_LEVEL,
    NO_ROOM,
    depth_at,
    put_level,
    tops_of,
)
from hftsim.core.events import EventFlag, EventKind
from hftsim.native.compiled import context_at, fill_row
from hftsim.native.records import call_at, compiled, inline
from hftsim.sim.orders._kernels import instrument_of
from hftsim.sim.ticks.own._kernels import (
    BEST_KEY,
    MARKOUT_0,
    MARKOUT_1,
    MARKOUT_2,
    counts_of,
    is_watching,
    may_rest_at,
)
from hftsim.sim.ticks.records._kernels import (
    NEVER,
    UNKNOWN,
    chunk_at,
    feed_of,
    ints_at,
    kinds_at,
    run_at,
    sides_at,
)

CLEAR, CLEAR_TO, QUOTE = int(EventKind.CLEAR), int(EventKind.CLEAR_TO), int(EventKind.QUOTE)
DEPTH, TRADE, ADD = int(EventKind.DEPTH), int(EventKind.TRADE), int(EventKind.ADD)
EXECUTE, STATUS = int(EventKind.EXECUTE), int(EventKind.STATUS)
FUNDING = int(EventKind.FUNDING)
ON_EXCHANGE = int(EventFlag.ON_EXCHANGE)

BY_ORDER = sum(1 << int(EventKind[n]) for n in ("ADD", "REDUCE", "DELETE", "EXECUTE"))
BY_LEVEL = 1 << DEPTH
LEVEL_KINDS = BY_ORDER | BY_LEVEL
"""Kinds that change one level, as bits."""

DONE, FULL, FAR_FULL, CHUNK_END = range(4)
"""How an advance ends: at its time; for want of room in the logs or of far levels; of rows."""
call_own_row, call_accept, call_rare_row = call_at(10), call_at(2), call_at(6)
call_look_ahead = call_at(3)

ROOM = 1 << 16
"""So many fills and responses always fit before a row or request is handled."""
_U = np.uint64


@inline
def is_full(ctx, feed):
    """Whether the logs might not take what the next row or request leads to."""
    responses = feed.response_capacity - (feed.response_tail - feed.response_head)
    return ctx.fill_capacity - ctx.fill_count < ROOM or responses < ROOM


@inline
def concerns_own(counts, feed, kind, index, key, previous, now):
    """Whether a row of side `index` might move or fill an own order; never wrong when it says no."""
    if kind == EXECUTE:
        return counts[_U(BEST_KEY + index)] >= key
    if may_rest_at(feed, index, key):
        return True
    return counts[_U(BEST_KEY + 1 - index)] + key >= 0 and now > previous


@inline
def aggressor(side, price, book):
    """Return a trade's aggressor; where data do not say, what the book suggests, or 0."""
    if side != 0:
        return side
    tops = tops_of(book)
    if tops[BEST + 1] != NO_LEVEL and price >= -tops[BEST + 1]:
        return 1
    if tops[BEST] != NO_LEVEL and price <= tops[BEST]:
        return -1
    return 0


@inline
def advance_rows(run_address, run, ctx, feed, stop):
    """Apply recorded rows up to and including time `stop`; returns how it ended."""
    chunk, book = chunk_at(feed.chunk_at), depth_at(feed.book_at)
    n = chunk.rows
    times, prices = ints_at(chunk.ts_event_at, n), ints_at(chunk.price_at, n)
    qtys, kinds = ints_at(chunk.qty_at, n), kinds_at(chunk.kind_at, n)
    sides, flags = sides_at(chunk.side_at, n), kinds_at(chunk.flags_at, n)
    by_order = chunk.priority_at != 0
    priorities = ints_at(chunk.priority_at, n)
    counts = counts_of(feed)
    watching = is_watching(counts)
    if is_full(ctx, feed):
        return FULL
    row, ended = np.uint64(feed.row), DONE
    while row < np.uint64(n):
        if not flags[row] & ON_EXCHANGE:
            row += np.uint64(1)
            continue
        if times[row] > stop:
            break
        kind, side = np.int64(kinds[row]), np.int64(sides[row])
        price, qty = prices[row], qtys[row]
        index, key = (1 - side) >> 1, price * side
        previous, now, priority = np.int64(0), np.int64(0), np.int64(0)
        concerned = False
        if (LEVEL_KINDS >> kind) & 1:
            by = (BY_ORDER >> kind) & 1
            if by_order and by:
                priority = priorities[row]
            if by_order and by and priority == 0:
                feed.unknown_rows += 1
                concerned = watching and kind == EXECUTE and counts[BEST_KEY + index] > key
            else:
                change = qty if kind == ADD or by == 0 else -qty
                previous = put_level(book, index, key, change, by)
                if previous == NO_ROOM:
                    ended = FAR_FULL
                    break
                if kind == ADD:
                    feed.newest_priority = priority
                now = max(previous * by + change, np.int64(0))
                concerned = watching and concerns_own(counts, feed, kind, index, key, previous, now)
        elif kind == TRADE:
            side = aggressor(side, price, book)
            index, key = (1 + side) >> 1, -price * side
            concerned = watching and side != 0 and counts[BEST_KEY + index] >= key
        else:
            previous = call_rare_row(
                run.rare_row_op, feed.book_at, feed.level, kind, side, price, qty
            )
            if previous == NO_ROOM:
                ended = FAR_FULL
                break
            now = qty
            concerned = watching and kind == QUOTE and feed.level == 1
            if kind == STATUS:
                feed.halted = qty == 0
            elif kind == FUNDING:
                if is_full(ctx, feed) or run.payment_count >= run.payment_capacity:
                    ended = FULL
                    break
                concerned, previous = True, price
        if concerned:
            call_own_row(
                run.own_row_op, run_address, feed.index, kind, index, key, qty,
                previous, now, priority, times[row],
            )  # fmt: skip
            watching = is_watching(counts)
            stop = min(stop, feed.next_markout)
            if is_full(ctx, feed):
                row += np.uint64(1)
                ended = FULL
                break
        row += np.uint64(1)
    feed.rows_done += np.int64(row) - feed.row
    feed.row = np.int64(row)
    return CHUNK_END if ended == DONE and feed.row >= n and feed.more else ended


@compiled
def note_markouts(ctx, feed):
    """Write the mid price of now beside the fills that are due, and find what is due next."""
    tops, own = tops_of(depth_at(feed.book_at)), instrument_of(ctx, feed.index)
    due, following = feed.next_markout, NEVER
    known = tops[BEST] != NO_LEVEL and tops[BEST + 1] != NO_LEVEL
    mid = 0.5 * (tops[BEST] - tops[BEST + 1]) * own.tick_size if known else np.nan
    for which in range(3):
        head = feed.markout_fill_0
        after = MARKOUT_0
        if which == 1:
            head, after = feed.markout_fill_1, MARKOUT_1
        elif which == 2:
            head, after = feed.markout_fill_2, MARKOUT_2
        while head < ctx.fill_count:
            fill = fill_row(ctx.fills_at, head, ctx.fill_capacity)
            if fill.instrument == feed.index:
                if fill.ts_event + after > due:
                    following = min(following, fill.ts_event + after)
                    break
                gain = fill.side * (mid - fill.price * own.tick_size)
                if which == 0:
                    fill.markout_100ms = gain
                elif which == 1:
                    fill.markout_1s = gain
                else:
                    fill.markout_10s = gain
            head += 1
        if which == 0:
            feed.markout_fill_0 = head
        elif which == 1:
            feed.markout_fill_1 = head
        else:
            feed.markout_fill_2 = head
    feed.next_markout = following


def advance_exchange(run_address, instrument, until):
    """Let everything happen at an instrument's venue up to and including time `until`.

    A kernel of its own; returns how it ended.
    """
    run = run_at(run_address)
    ctx, feed = context_at(run.context_at), feed_of(run, instrument)
    while True:
        stop = min(until, feed.next_request, feed.next_markout, feed.day_end - 1)
        if feed.waiting > 0:
            stop = call_look_ahead(run.look_ahead_op, run_address, instrument, stop)
        ended = advance_rows(run_address, run, ctx, feed, stop)
        if ended != DONE:
            return ended
        stop = min(stop, feed.next_markout)
        asked = min(feed.next_request, feed.next_trigger) <= stop
        if not asked and feed.next_markout <= stop:
            note_markouts(ctx, feed)
        elif asked or feed.day_end <= until:
            if is_full(ctx, feed):
                return FULL
            call_accept(run.accept_op, run_address, instrument)
        else:
            return DONE


@inline
def next_change(feed):
    """Return when a row, an own request or a triggered stop is next, or UNKNOWN without rows."""
    chunk = chunk_at(feed.chunk_at)
    flags = kinds_at(chunk.flags_at, chunk.rows)
    while feed.row < chunk.rows and not flags[feed.row] & ON_EXCHANGE:
        feed.row += 1
        feed.rows_done += 1
    if feed.row >= chunk.rows and feed.more:
        return UNKNOWN
    time = NEVER
    if feed.row < chunk.rows:
        time = ints_at(chunk.ts_event_at, chunk.rows)[feed.row]
    return min(time, feed.next_request, feed.next_trigger)


@compiled
def next_exchange(feed):
    """Return when something next happens at the venue, the end of a day too, or UNKNOWN."""
    return min(next_change(feed), feed.day_end)
