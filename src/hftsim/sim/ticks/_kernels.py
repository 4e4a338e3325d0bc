"""The tick market: from one call-back point to the next, on two clocks.

Between two call-backs the venue and the strategy's machine do not influence each other, so each
clock runs in a tight loop of its own: first the venue up to the next call-back, or as far as no
answer to what happens there could reach it, then the machine. What comes at one time reaches the
strategy in this order: packets (the book), reports, trades, `on_book`, `on_wake`.
See docs/models/fills.md and docs/models/latency.md.
"""

from hftsim.core.enums import RejectReason
from hftsim.native.compiled import FILL_SIZE, TRADE_SIZE, context_at, next_open
from hftsim.native.events import BOOK, DONE, FILL, GROW, REFILL, TRADE, WAKE
from hftsim.native.records import array_at, call_at, compiled, inline
from hftsim.portfolio._kernels import mark_to_market
from hftsim.risk._kernels import update_breakers
from hftsim.sim.orders._kernels import EXPIRED, NONE, close_order, instrument_of, order_of
from hftsim.sim.ticks.exchange._kernels import CHUNK_END, next_exchange
from hftsim.sim.ticks.exchange._kernels import DONE as ARRIVED
from hftsim.sim.ticks.local._kernels import last_received, next_received, next_report
from hftsim.sim.ticks.records._kernels import (
    NEVER,
    UNKNOWN,
    feed_of,
    next_response,
    run_at,
)

floats_at, ints_at = array_at("f8"), array_at("i8")
call_exchange, call_local, call_guard = call_at(3), call_at(2), call_at(1)
call_turn_day = call_at(2)

ORDERS_PER_CALL = 1 << 16
"""Room kept free in the logs before each call of the strategy."""
END_OF_DATA = int(RejectReason.END_OF_DATA)
ADVANCE, RECEIVE, REPORTS, PRINTS, BOOKS = range(5)
"""What comes next; after `BOOKS` the wake-up, then `ADVANCE`."""
ENDED, AGAIN = 1, -9
"""Of `move_on`: the data are over. Of `hand_over`: no event, go on."""
_DAY_NS = 86_400_000_000_000


@inline
def has_room(run, ctx):
    """Whether the logs take whatever the strategy may send in one call."""
    if ctx.order_capacity - ctx.order_count < ORDERS_PER_CALL:
        return False
    if ctx.signal_capacity - ctx.signal_count < ORDERS_PER_CALL:
        return False
    for k in range(ctx.instruments):
        feed = feed_of(run, k)
        if feed.request_capacity - (feed.request_tail - feed.request_head) < ORDERS_PER_CALL:
            return False
        if feed.response_capacity - (feed.response_tail - feed.response_head) < ORDERS_PER_CALL:
            return False
    return True


@inline
def code_of(ended):
    """Return what a clock that could not go on needs."""
    return REFILL if ended == CHUNK_END else GROW


@compiled
def next_target(run, ctx):
    """Return when the strategy may next be called or the account is looked at, or UNKNOWN.

    Where only trades call and the rows at hand hold no more of them, that may be no sooner than
    the last of these rows: `passing` then says that the time is only one to pass.
    """
    target, bound = min(run.end, run.sample), NEVER
    if run.wants_wake:
        target = min(target, run.timer)
    for k in range(ctx.instruments):
        feed = feed_of(run, k)
        if run.wants_book or run.wants_trade:
            received = next_received(feed, not run.wants_book)
            if received == UNKNOWN:
                received = last_received(feed)
                if run.wants_book or received == UNKNOWN:
                    return UNKNOWN
                bound = min(bound, received)
            else:
                target = min(target, received)
        if run.wants_fill:
            target = min(target, next_response(feed))
    run.passing = bound < max(target, ctx.now)
    return max(min(target, bound), ctx.now)


@compiled
def safe_until(run, ctx, target):
    """Return how far the venue may run ahead: no answer to what happens there comes earlier."""
    if not run.wants_fill:
        return target
    soonest = NEVER
    for k in range(ctx.instruments):
        time = next_exchange(feed_of(run, k))
        if time == UNKNOWN:
            return UNKNOWN
        soonest = min(soonest, time)
    return min(target, soonest + max(run.lookahead - 1, 0))


@compiled
def forget_fresh(run, ctx):
    """Forget which packets have just arrived, but for those passed since the last call-back."""
    if not run.passed:
        for k in range(ctx.instruments):
            instrument_of(ctx, k).fresh = False


@compiled
def pass_rows(run_address, run, ctx, time):
    """Receive rows that nobody is called for, up to the last at hand; returns what is needed."""
    now, ended = ctx.now, CHUNK_END
    forget_fresh(run, ctx)
    ctx.now, run.passed = time, True
    for k in range(ctx.instruments):
        feed = feed_of(run, k)
        unknown = next_received(feed, not run.wants_book) == UNKNOWN
        if unknown and last_received(feed) == time:
            ended = call_local(run.local_op, run_address, k)
            if ended != CHUNK_END:
                break
    ctx.now = now
    return code_of(ended)


@compiled
def move_on(run_address, run, ctx):
    """Let the venue run to the next call-back point and set the time; returns what is needed."""
    while True:
        if ctx.now >= run.end:
            return ENDED
        target = next_target(run, ctx)
        if target == UNKNOWN:
            return REFILL
        if target <= run.exchange_now:
            break
        safe = safe_until(run, ctx, target)
        if safe == UNKNOWN:
            return REFILL
        safe = min(safe, run.day_end)
        for k in range(ctx.instruments):
            ended = call_exchange(run.exchange_op, run_address, k, safe)
            if ended != ARRIVED:
                return code_of(ended)
        run.exchange_now = max(run.exchange_now, safe)
        if run.exchange_now >= run.day_end:
            call_turn_day(run.turn_day_op, run_address, run.day_end + 1)
    if run.passing:
        return pass_rows(run_address, run, ctx, target)
    ctx.now = target
    if run.fees_at != 0:
        call_turn_day(run.turn_day_op, run_address, target)
    forget_fresh(run, ctx)
    run.passed = False
    return 0


@inline
def receive(run_address, run, ctx):
    """Receive every packet that has come by now; returns what is needed, or 0."""
    for k in range(ctx.instruments):
        ended = call_local(run.local_op, run_address, k)
        if ended != ARRIVED:
            return code_of(ended)
    mark_to_market(ctx)
    return 0


@compiled
def next_fill(run, ctx):
    """Book reports that have arrived, earliest first, up to a fill; returns its row, or -1."""
    while True:
        soonest, which = ctx.now + 1, -1
        for k in range(ctx.instruments):
            time = next_response(feed_of(run, k))
            if time < soonest:
                soonest, which = time, k
        if which < 0:
            return -1
        row = next_report(ctx, feed_of(run, which))
        if row >= 0:
            mark_to_market(ctx)
            return row


@inline
def account(run, ctx):
    """Look at the account: breakers, stops, and the equity curve."""
    update_breakers(ctx, ctx.now // _DAY_NS, run.equity_before)
    if run.guards or ctx.halted != NONE:
        call_guard(run.guard_op, run.context_at)
    run.equity_before = ctx.equity
    if ctx.now >= run.sample:
        note_sample(run, ctx, ctx.step)
        ctx.step += 1
        run.sample += run.sample_every


@inline
def note_sample(run, ctx, row):
    """Write one point of the equity curve, with the mid prices of now."""
    ints_at(run.sample_times_at, run.sample_capacity)[row] = ctx.now
    floats_at(run.equity_at, run.sample_capacity)[row] = ctx.equity
    marks = floats_at(run.marks_at, run.sample_capacity * ctx.instruments)
    for k in range(ctx.instruments):
        marks[row * ctx.instruments + k] = instrument_of(ctx, k).close


@inline
def next_trade(run, ctx):
    """Point at the next public trade to tell; whether there is one."""
    for k in range(ctx.instruments):
        feed = feed_of(run, k)
        if feed.print_head < feed.print_tail:
            ctx.trade_at = feed.prints_at + feed.print_head * TRADE_SIZE
            feed.print_head += 1
            return True
        feed.print_head = feed.print_tail = 0
    return False


@compiled
def any_fresh(ctx):
    """Whether a packet has just arrived."""
    found = False
    for k in range(ctx.instruments):
        found = found or instrument_of(ctx, k).fresh
    return found


@compiled
def finish(run, ctx):
    """Settle what is in flight when the data ends: reports are booked, requests never arrive."""
    if ctx.step > 0 and ints_at(run.sample_times_at, ctx.step)[ctx.step - 1] == ctx.now:
        ctx.step -= 1
    for k in range(ctx.instruments):
        feed = feed_of(run, k)
        run.unsent += feed.request_tail - feed.request_head
        while feed.response_head < feed.response_tail:
            next_report(ctx, feed)
            run.settled += 1
    while ctx.open_count > 0:
        close_order(ctx, order_of(ctx, next_open(ctx, 0)), EXPIRED, END_OF_DATA)
    mark_to_market(ctx)
    note_sample(run, ctx, ctx.step)
    ctx.step += 1


@inline
def hand_over(run_address, run, ctx):
    """Do what comes after the time was set; returns the event, what is needed, or AGAIN."""
    if run.phase == RECEIVE:
        needed = receive(run_address, run, ctx)
        if needed != 0:
            return needed
        run.phase = REPORTS
    if run.phase == REPORTS:
        row = next_fill(run, ctx)
        if row >= 0:
            if not run.wants_fill:
                return AGAIN
            ctx.fill_at = ctx.fills_at + row * FILL_SIZE
            return FILL
        account(run, ctx)
        run.phase = PRINTS
    if run.phase == PRINTS:
        if run.wants_trade and next_trade(run, ctx):
            return TRADE
        run.phase = BOOKS
        if run.wants_book and any_fresh(ctx):
            ctx.decisions += 1
            return BOOK
    run.phase = ADVANCE
    if run.wants_wake and ctx.now >= run.timer:
        run.timer += ((ctx.now - run.timer) // run.wake_every + 1) * run.wake_every
        ctx.decisions += 1
        return WAKE
    return AGAIN


def step(run_address, unused_self, unused_event):
    """Run to the next call-back point and return its event: the slot every market offers."""
    run = run_at(run_address)
    ctx = context_at(run.context_at)
    while True:
        if not has_room(run, ctx):
            return GROW
        if run.phase == ADVANCE:
            needed = move_on(run_address, run, ctx)
            if needed == ENDED:
                finish(run, ctx)
                return DONE
            if needed != 0:
                return needed
            run.phase = RECEIVE
        event = hand_over(run_address, run, ctx)
        if event != AGAIN:
            return event
