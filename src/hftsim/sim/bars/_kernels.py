"""The bar market: one bar after another, orders against each bar, the account after it.

An order sent at a bar's close can trade from the next bar of its instrument on. Within a bar the
order of prices is unknown: by default stops go before limits and targets ("worst"), or the path
open, high, low, close is assumed ("ohlc"). See docs/models/bars.md.
"""

from hftsim.core.enums import RejectReason
from hftsim.native.compiled import FILL_SIZE, context_at, next_open
from hftsim.native.events import BAR, DONE, FILL, GROW, PAUSE, WAKE
from hftsim.native.records import array_at, compiled, inline
from hftsim.portfolio._kernels import mark_to_market
from hftsim.risk._kernels import update_breakers
from hftsim.sim.bars.fills._kernels import (
    at_level,
    at_open,
    bars_of,
    ceil_ticks,
    floor_ticks,
    is_market_now,
    is_out_of_room,
    is_target,
    level_of,
    reached_within,
    rises,
    run_at,
    value_at,
    waits,
)
from hftsim.sim.orders._kernels import (
    DAY,
    EXPIRED,
    MOST_LOTS,
    ON_GRID,
    STOP,
    STOP_LIMIT,
    close_order,
    flatten,
    instrument_of,
    order_of,
)

floats_at, ints_at = array_at("f8"), array_at("i8")

ORDERS_PER_STEP = 1 << 16
"""Room kept free in the logs before each step and each `on_fill`."""

DAY_ENDED, END_OF_DATA = int(RejectReason.DAY_ENDED), int(RejectReason.END_OF_DATA)
PHASE_MARKET, PHASE_FILLS, PHASE_BAR, PHASE_WAKE = range(4)


@compiled
def worst_within(run, ctx, bars, own):
    """Handle stops, then limits and targets, then stops of positions opened within this bar.

    A target is not reached in the bar that opened its position within: whether the price got there
    before or after is unknown. Nor is a limit in the bar within which its trigger made it (it does
    not rest yet).
    """
    for turn in range(3):
        if turn == 2 and not bars.opened_within:
            return
        found = next_open(ctx, 0)
        while found:
            order = order_of(ctx, found)
            if order.instrument == own.index and reached_within(bars, order):
                is_stop = waits(order) and (order.type == STOP or order.type == STOP_LIMIT)
                if turn != 1:
                    if is_stop and (turn == 0 or order.reduce_only):
                        at_level(run, ctx, bars, own, order)
                elif (
                    not is_stop
                    and (order.resting or waits(order))
                    and not (bars.opened_within and is_target(order))
                ):
                    at_level(run, ctx, bars, own, order)
            found = next_open(ctx, found)


@compiled
def walk_path(run, ctx, bars, own, begin, end, upwards):
    """Move the price from tick `begin` to `end`, meeting orders in the order of their levels."""
    low = max(bars.low_ticks, begin if upwards else end)
    high = min(bars.high_ticks, end if upwards else begin)
    while True:
        best, best_level = 0, 0
        full = is_out_of_room(run, bars)
        found = next_open(ctx, 0)
        while found:
            order = order_of(ctx, found)
            if order.instrument == own.index and rises(order) == upwards:
                level = level_of(order)
                fills = not is_market_now(order) and (waits(order) or not full)
                if fills and low <= level <= high:
                    nearer = level < best_level if upwards else level > best_level
                    if best == 0 or nearer:
                        best, best_level = found, level
            found = next_open(ctx, found)
        if best == 0:
            return
        if upwards:
            low = best_level
        else:
            high = best_level
        at_level(run, ctx, bars, own, order_of(ctx, best))


@compiled
def match_bar(run, ctx, bars, own):
    """Run the open orders of one instrument against its current bar."""
    row = bars.row
    opening = value_at(bars.open_at, row)
    tick = own.tick_size
    bars.open_floor = floor_ticks(opening / tick)
    bars.open_ceil = ceil_ticks(opening / tick)
    bars.low_ticks = ceil_ticks(value_at(bars.low_at, row) / tick)
    bars.high_ticks = floor_ticks(value_at(bars.high_at, row) / tick)
    bars.market = opening
    bars.opened_within = False
    share = run.max_volume_share * value_at(bars.average_volume_at, row)
    bars.room = int(min(share / own.lot_size + ON_GRID, MOST_LOTS))
    last = ctx.order_count
    found = next_open(ctx, 0)
    while found and found <= last:
        order = order_of(ctx, found)
        if order.instrument == own.index:
            if order.tif == DAY and order.step < run.session_step:
                close_order(ctx, order, EXPIRED, DAY_ENDED)
            else:
                at_open(run, ctx, bars, own, order)
        found = next_open(ctx, found)
    ctx.now += run.interval - 1
    if run.path_ohlc:
        close = floor_ticks(value_at(bars.close_at, row) / tick)
        walk_path(run, ctx, bars, own, bars.open_floor, bars.high_ticks, True)
        walk_path(run, ctx, bars, own, bars.high_ticks, bars.low_ticks, False)
        walk_path(run, ctx, bars, own, bars.low_ticks, close, True)
    else:
        worst_within(run, ctx, bars, own)


@inline
def show_bar(bars, own):
    """Let the strategy see the bar that just ended."""
    row = bars.row
    own.open = value_at(bars.open_at, row)
    own.high = value_at(bars.high_at, row)
    own.low = value_at(bars.low_at, row)
    own.close = value_at(bars.close_at, row)
    own.volume = value_at(bars.volume_at, row)
    ticks = own.close / own.tick_size
    own.best_bid = floor_ticks(ticks)
    own.best_ask = ceil_ticks(ticks)
    own.columns_at = bars.columns_at + row * bars.columns_size
    if bars.signal_at:
        own.signal = value_at(bars.signal_at, row)
    own.ready = True


@inline
def enter_session(bars):
    """Begin the instrument's next session: the day of its current bar."""
    bars.session = ints_at(bars.session_days_at, bars.sessions + 1)[bars.sessions]
    bars.sessions += 1
    bars.next_session_row = ints_at(bars.session_rows_at, bars.sessions + 1)[bars.sessions]


@compiled
def next_bars(run, ctx):
    """Process all bars that start at the next time, then the account.

    Closes become known after all instruments were matched: none may trade on another's close of
    the same bar.
    """
    start = ints_at(run.times_at, run.steps)[ctx.step]
    session = ctx.session
    for k in range(ctx.instruments):
        bars, own = bars_of(run, k), instrument_of(ctx, k)
        row = bars.row
        own.fresh = row < bars.rows and ints_at(bars.starts_at, row + 1)[row] == start
        if own.fresh:
            if row == bars.next_session_row:
                enter_session(bars)
            session = max(session, bars.session)
    if session != ctx.session:
        run.session_step = ctx.step
    if ctx.open_count > 0:
        for k in range(ctx.instruments):
            bars, own = bars_of(run, k), instrument_of(ctx, k)
            if own.fresh:
                ctx.now = start
                match_bar(run, ctx, bars, own)
    for k in range(ctx.instruments):
        bars, own = bars_of(run, k), instrument_of(ctx, k)
        if own.fresh:
            show_bar(bars, own)
            bars.row += 1
    ctx.now = start + run.interval
    ctx.signal = instrument_of(ctx, 0).signal
    equity_before = ctx.equity
    mark_to_market(ctx)
    if update_breakers(ctx, session, equity_before):
        flatten(ctx)
    floats_at(run.equity_at, run.steps)[ctx.step] = ctx.equity


@inline
def has_room(ctx):
    """Whether the buffers can take whatever the next step may add."""
    orders = ORDERS_PER_STEP + 4 * ctx.open_count + 4 * ctx.instruments
    if ctx.order_capacity - ctx.order_count < orders:
        return False
    if ctx.fill_capacity - ctx.fill_count < orders:
        return False
    return ctx.signal_capacity - ctx.signal_count >= ORDERS_PER_STEP


@inline
def finish(ctx):
    """End what is still open when the data ends."""
    while ctx.open_count > 0:
        close_order(ctx, order_of(ctx, next_open(ctx, 0)), EXPIRED, END_OF_DATA)


def step(run_address, unused_self, unused_event):
    """Run to the next call-back point and return its event: the slot every market offers."""
    run = run_at(run_address)
    ctx = context_at(run.context_at)
    while True:
        if run.phase == PHASE_MARKET:
            if ctx.step + 1 >= run.steps:
                finish(ctx)
                return DONE
            if not has_room(ctx):
                return GROW
            if ctx.step >= run.pause_at:
                run.pause_at += run.pause_every
                return PAUSE
            ctx.step += 1
            next_bars(run, ctx)
            run.phase = PHASE_FILLS
        if run.phase == PHASE_FILLS:
            if run.wants_fill and run.next_fill < ctx.fill_count:
                if not has_room(ctx):
                    return GROW
                ctx.fill_at = ctx.fills_at + run.next_fill * FILL_SIZE
                run.next_fill += 1
                return FILL
            run.phase = PHASE_BAR
        if run.phase == PHASE_BAR:
            run.phase = PHASE_WAKE
            if run.wants_bar:
                ctx.decisions += 1
                return BAR
        run.phase = PHASE_MARKET
        if run.wants_wake and ctx.now >= run.timer:
            if run.wake_every > 0:
                late = (ctx.now - run.timer) // run.wake_every
                run.timer += (late + 1) * run.wake_every
            if not run.wants_bar:
                ctx.decisions += 1
            return WAKE
