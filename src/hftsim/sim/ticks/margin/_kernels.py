"""Cross margin at the venue: the account is looked at after each time at which anything happens.

Runs without a maintenance margin have none of this: their venue's clock is `advance_exchange`
itself. Rules: docs/models/contracts.md.
"""

from hftsim.book.depth._kernels import BEST, NO_LEVEL, depth_at, level_qty, next_key, tops_of
from hftsim.core.enums import FillReason
from hftsim.native.compiled import context_at
from hftsim.native.layout import FROM_LIQUIDATION
from hftsim.native.records import call_at, compiled
from hftsim.portfolio._kernels import account_value, traded_value, value_of
from hftsim.risk._kernels import LIQUIDATED
from hftsim.sim.orders._kernels import (
    BUY,
    GTC,
    MARKET,
    NONE,
    SELL,
    instrument_of,
    log_order,
    open_order,
)
from hftsim.sim.ticks.exchange._kernels import CHUNK_END, DONE, FULL, is_full, next_change
from hftsim.sim.ticks.own._kernels import (
    counts_of,
    leave,
    mid_of,
    put_fill,
    remove_own,
    respond,
    slots_of,
)
from hftsim.sim.ticks.records._kernels import (
    CANCELED,
    NEVER,
    SEIZED,
    UNKNOWN,
    WAITING,
    feed_of,
    run_at,
)
from hftsim.sim.ticks.waiting._kernels import stop_waiting

LIQUIDATION = int(FillReason.LIQUIDATION)
_ROUNDING = 1.0 + 1e-9
call_venue = call_at(3)


@compiled
def is_short_of_margin(run, ctx):
    """Whether the account's equity at the venue has come down to its maintenance margin."""
    equity, needed = run.exchange_cash, 0.0
    for k in range(ctx.instruments):
        feed, own = feed_of(run, k), instrument_of(ctx, k)
        mid = mid_of(feed, own)
        if mid > 0.0:
            feed.mark = mid
        if feed.exchange_position != 0:
            if feed.mark == 0.0:
                return False
            value = value_of(own, feed.exchange_position, feed.mark)
            equity += account_value(own, value)
            if feed.margined:
                needed += run.maintenance_margin * abs(value)
    return needed > 0.0 and equity <= needed * _ROUNDING


@compiled
def cancel_own(run, ctx, feed, time):
    """Cancel whatever of the account rests or waits at one venue."""
    counts = counts_of(feed)
    for index in range(2):
        slots = slots_of(feed, index)
        while counts[index] > 0:
            slot = slots[0]
            remove_own(run, feed, slot)
            leave(run, ctx, feed, slot, CANCELED, LIQUIDATED, time)
    while feed.waiting > 0:
        slot = slots_of(feed, WAITING)[0]
        stop_waiting(run, ctx, feed, slot)
        leave(run, ctx, feed, slot, CANCELED, LIQUIDATED, time)


@compiled
def close_position(run, ctx, feed, time):
    """Close as much of a position as the book shows, at market, with the fee of a liquidation."""
    book, own = depth_at(feed.book_at), instrument_of(ctx, feed.index)
    side = SELL if feed.exchange_position > 0 else BUY
    index = 0 if side == SELL else 1
    other = tops_of(book)[BEST + index]
    while other != NO_LEVEL and feed.exchange_position != 0:
        qty = abs(feed.exchange_position)
        if feed.partial_fills:
            qty = min(qty, level_qty(book, index, other))
        fill = put_fill(run, ctx, feed, 0, side, qty, -side * other, False, time)
        fill.reason = LIQUIDATION
        more = run.liquidation_fee * traded_value(own, qty, -side * other)
        fill.fee += more
        run.exchange_cash -= more
        other = next_key(book, index, other)


@compiled
def check_margin(run, ctx, time):
    """Liquidate an account that is short of margin, and go on closing one that is liquidated."""
    if not run.liquidated:
        if not is_short_of_margin(run, ctx):
            return
        run.liquidated = True
        for k in range(ctx.instruments):
            feed = feed_of(run, k)
            cancel_own(run, ctx, feed, time)
            if feed.margined and feed.exchange_position != 0:
                respond(feed, time, 0, SEIZED, 0, LIQUIDATED, 0, -feed.exchange_position)
    for k in range(ctx.instruments):
        feed = feed_of(run, k)
        if feed.margined and feed.exchange_position != 0 and not feed.halted:
            close_position(run, ctx, feed, time)


def advance_margined(run_address, instrument, until):
    """Let everything happen at all venues up to `until`, looking at the account after each time.

    A kernel of its own, in the place of `advance_exchange`: the first instrument's call moves all
    of them, since one account answers for them together. The end of a day moves no price and no
    position: nobody is liquidated, or closed further, at midnight alone. Returns how it ended.
    """
    run = run_at(run_address)
    ctx = context_at(run.context_at)
    if instrument > 0:
        return DONE
    while True:
        soonest = NEVER
        for k in range(ctx.instruments):
            time = next_change(feed_of(run, k))
            if time == UNKNOWN:
                return CHUNK_END
            soonest = min(soonest, time)
        if run.margin_due and soonest > run.margin_time:
            for k in range(ctx.instruments):
                if is_full(ctx, feed_of(run, k)):
                    return FULL
            check_margin(run, ctx, run.margin_time)
            run.margin_due = False
        if soonest <= until:
            run.margin_due, run.margin_time = True, soonest
        for k in range(ctx.instruments):
            ended = call_venue(run.venue_op, run_address, k, min(soonest, until))
            if ended != DONE:
                return ended
        if soonest > until:
            return DONE


@compiled
def book_seizure(ctx, feed, response):
    """Log the venue's own order, whose fills follow, and halt for good: its report has arrived."""
    side = BUY if response.qty > 0 else SELL
    qty = abs(response.qty)
    order = log_order(ctx, side, MARKET, qty, 0, 0, GTC, feed.index, True, FROM_LIQUIDATION)
    order.ts_sent = response.ts
    open_order(ctx, order)
    feed.liquidation_order = order.id
    if ctx.halted == NONE:
        ctx.halted_at = response.ts
    ctx.halted = LIQUIDATED
