"""The clock of the strategy's machine: packets received, and reports on own orders."""

import numpy as np

from hftsim.book.depth._kernels import (
    BEST,
    NO_LEVEL,
    NO_ROOM,
    depth_at,
    level_qty,
    put_level,
    tops_of,
)
from hftsim.core.enums import OrderStatus
from hftsim.core.events import EventFlag
from hftsim.native.compiled import context_at, fill_row, trade_row
from hftsim.native.records import compiled, inline
from hftsim.portfolio._kernels import apply_fill
from hftsim.sim.orders._kernels import (
    CANCELED,
    NEW,
    PARTIALLY_FILLED,
    close_order,
    count_open,
    instrument_of,
    is_working,
    most_open,
    order_of,
)
from hftsim.sim.orders._kernels import EXPIRED as ORDER_EXPIRED
from hftsim.sim.orders._kernels import FILLED as ORDER_FILLED
from hftsim.sim.orders._kernels import REJECTED as ORDER_REJECTED
from hftsim.sim.ticks.exchange._kernels import (
    ADD,
    BY_ORDER,
    CHUNK_END,
    DONE,
    EXECUTE,
    FAR_FULL,
    FULL,
    LEVEL_KINDS,
    TRADE,
    call_rare_row,
)
from hftsim.sim.ticks.funding._kernels import book_funding
from hftsim.sim.ticks.margin._kernels import book_seizure
from hftsim.sim.ticks.records._kernels import (
    ACKNOWLEDGED,
    EXPIRED,
    FILLED,
    FUNDED,
    NEVER,
    NOT_CANCELED,
    REJECTED,
    REPLACED,
    SEIZED,
    TRIGGERED,
    UNKNOWN,
    chunk_at,
    feed_of,
    ints_at,
    kinds_at,
    response_of,
    run_at,
    sides_at,
)
from hftsim.sim.ticks.records._kernels import (
    CANCELED as CANCELED_RESPONSE,
)

ON_LOCAL, LAST = int(EventFlag.ON_LOCAL), int(EventFlag.LAST)
PENDING_NEW = int(OrderStatus.PENDING_NEW)

PRINTS = (1 << TRADE) | (1 << EXECUTE)
"""Kinds that print a trade, as bits."""


@compiled
def note_print(feed, chunk, row):
    """Keep a received trade until the strategy is told of it."""
    out = trade_row(feed.prints_at, feed.print_tail, feed.print_capacity)
    feed.print_tail += 1
    side = np.int64(sides_at(chunk.side_at, chunk.rows)[row])
    is_execution = kinds_at(chunk.kind_at, chunk.rows)[row] == EXECUTE
    out.ts_event = ints_at(chunk.ts_event_at, chunk.rows)[row]
    out.ts_recv = ints_at(chunk.ts_recv_at, chunk.rows)[row] + feed.feed_latency
    out.instrument = feed.index
    out.side = -side if is_execution else side
    out.price = ints_at(chunk.price_at, chunk.rows)[row]
    out.qty = ints_at(chunk.qty_at, chunk.rows)[row]


@inline
def show_book(feed, own):
    """Let the strategy see the received book."""
    book = depth_at(feed.local_book_at)
    tops = tops_of(book)
    bid, ask = tops[BEST], tops[BEST + 1]
    own.ready = bid != NO_LEVEL and ask != NO_LEVEL
    own.best_bid = own.best_ask = own.bid_qty = own.ask_qty = 0
    if bid != NO_LEVEL:
        own.best_bid = bid
        own.bid_qty = level_qty(book, 0, bid)
    if ask != NO_LEVEL:
        own.best_ask = -ask
        own.ask_qty = level_qty(book, 1, ask)
    if own.ready:
        own.mid = 0.5 * (bid - ask)
        own.close = own.mid * own.tick_size


def advance_local(run_address, instrument):
    """Receive an instrument's rows up to now; a kernel of its own. Returns how it ended."""
    run = run_at(run_address)
    ctx, feed = context_at(run.context_at), feed_of(run, instrument)
    until, wants_trade = ctx.now, run.wants_trade
    chunk, book = chunk_at(feed.local_chunk_at), depth_at(feed.local_book_at)
    own = instrument_of(ctx, feed.index)
    n, until = chunk.rows, until - feed.feed_latency
    times, prices = ints_at(chunk.ts_recv_at, n), ints_at(chunk.price_at, n)
    qtys, kinds = ints_at(chunk.qty_at, n), kinds_at(chunk.kind_at, n)
    sides, flags = sides_at(chunk.side_at, n), kinds_at(chunk.flags_at, n)
    by_order = chunk.priority_at != 0
    priorities = ints_at(chunk.priority_at, n)
    row, ended, last, fresh = np.uint64(feed.local_row), DONE, own.last_price, np.int64(0)
    while row < np.uint64(n):
        if not flags[row] & ON_LOCAL:
            row += np.uint64(1)
            continue
        if times[row] > until:
            break
        kind = np.int64(kinds[row])
        if wants_trade and feed.print_tail >= feed.print_capacity:
            ended = FULL
            break
        if (LEVEL_KINDS >> kind) & 1:
            by = (BY_ORDER >> kind) & 1
            if not (by_order and priorities[row] == 0):
                side, price, qty = np.int64(sides[row]), prices[row], qtys[row]
                change = qty if kind == ADD or by == 0 else -qty
                if put_level(book, (1 - side) >> 1, price * side, change, by) == NO_ROOM:
                    ended = FAR_FULL
                    break
            if kind == EXECUTE:
                last = prices[row]
        elif kind == TRADE:
            last = prices[row]
        else:
            side, price, qty = np.int64(sides[row]), prices[row], qtys[row]
            if call_rare_row(
                run.rare_row_op, feed.local_book_at, feed.level, kind, side, price, qty
            ) == NO_ROOM:  # fmt: skip
                ended = FAR_FULL
                break
        if wants_trade and (PRINTS >> kind) & 1:
            note_print(feed, chunk, np.int64(row))
        fresh |= flags[row]
        row += np.uint64(1)
    feed.local_row, own.last_price = np.int64(row), last
    own.fresh = own.fresh or fresh & LAST != 0
    if ended == DONE and feed.local_row >= n and feed.local_more:
        return CHUNK_END
    show_book(feed, own)
    return ended


@inline
def next_received(feed, prints_only):
    """Return when the next packet, or print, is received; UNKNOWN until more rows are at hand."""
    chunk = chunk_at(feed.local_chunk_at)
    n = chunk.rows
    flags, kinds = kinds_at(chunk.flags_at, n), kinds_at(chunk.kind_at, n)
    row = max(feed.local_row, feed.trade_row) if prints_only else feed.local_row
    while row < n:
        if flags[row] & ON_LOCAL and (not prints_only or (PRINTS >> np.int64(kinds[row])) & 1):
            break
        row += 1
    if prints_only:
        feed.trade_row = row
    else:
        feed.local_row = row
    if row < n:
        return ints_at(chunk.ts_recv_at, n)[row] + feed.feed_latency
    return UNKNOWN if feed.local_more else NEVER


@inline
def last_received(feed):
    """Return when the last packet of the rows at hand is received; UNKNOWN if all have been."""
    chunk = chunk_at(feed.local_chunk_at)
    n = chunk.rows
    flags = kinds_at(chunk.flags_at, n)
    for row in range(n - 1, feed.local_row - 1, -1):
        if flags[row] & ON_LOCAL:
            return ints_at(chunk.ts_recv_at, n)[row] + feed.feed_latency
    feed.local_row = n
    return UNKNOWN


@compiled
def apply_report(ctx, feed, response):
    """Book one report on an own order; returns the row of its fill, or -1."""
    own, kind = instrument_of(ctx, feed.index), response.kind
    if kind == FUNDED:
        book_funding(ctx, own, response)
        return -1
    if kind == SEIZED:
        book_seizure(ctx, feed, response)
        return -1
    order = order_of(ctx, response.order_id if response.order_id else feed.liquidation_order)
    if kind == ACKNOWLEDGED:
        if order.status == PENDING_NEW:
            order.status = NEW
    elif kind == FILLED:
        fill = fill_row(ctx.fills_at, response.fill, ctx.fill_capacity)
        apply_fill(ctx, own, order.side, fill.qty, fill.price, fill.fee)
        fill.order_id = order.id
        fill.position = own.position
        fill.ts_recv = response.ts
        fill.step = ctx.step
        most = most_open(order)
        order.filled += fill.qty
        order.value += float(fill.price) * fill.qty
        count_open(own, order, most_open(order) - most)
        if order.filled == order.qty:
            end_order(ctx, order, ORDER_FILLED, 0, response.ts)
        else:
            order.status = PARTIALLY_FILLED
        return response.fill
    elif kind == REPLACED:
        most = most_open(order)
        order.qty = order.filled + response.qty
        order.price = response.price
        settle_replace(order)
        count_open(own, order, most_open(order) - most)
    elif kind == REJECTED:
        end_order(ctx, order, ORDER_REJECTED, response.reason, response.ts)
        ctx.refused += 1
        ctx.last_refusal = response.reason
    elif kind == CANCELED_RESPONSE:
        end_order(ctx, order, CANCELED, response.reason, response.ts)
    elif kind == EXPIRED:
        end_order(ctx, order, ORDER_EXPIRED, response.reason, response.ts)
    elif kind == TRIGGERED:
        order.triggered = True
    else:
        apply_refusal(ctx, feed, own, order, response)
    return -1


@compiled
def apply_refusal(ctx, feed, own, order, response):
    """Note that a cancel or a replace changed nothing."""
    if response.kind == NOT_CANCELED:
        order.canceling = False
        feed.not_canceled += 1
        return
    feed.not_replaced += 1
    ctx.last_refusal = response.reason
    if is_working(order):
        most = most_open(order)
        settle_replace(order)
        count_open(own, order, most_open(order) - most)


@inline
def settle_replace(order):
    """Note that one replace is no longer on its way."""
    order.asking = max(order.asking - 1, 0)
    if order.asking == 0:
        order.asked = 0


@inline
def end_order(ctx, order, status, reason, time):
    """End an own order at the time its report arrived."""
    if is_working(order):
        close_order(ctx, order, status, reason)
        order.ts_done = time


@compiled
def next_report(ctx, feed):
    """Book the oldest report that has arrived; returns the row of its fill, or -1."""
    response = response_of(feed, feed.response_head)
    feed.response_head += 1
    found = apply_report(ctx, feed, response)
    if feed.response_head == feed.response_tail:
        feed.response_head = feed.response_tail = 0
    return found
