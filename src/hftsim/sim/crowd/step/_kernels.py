"""The crowd as a market: from one call-back point to the next, on two clocks.

What the strategy's machine does is what it does on recorded ticks (`hftsim.sim.ticks`); the venue is
the crowd. It runs to the next call-back, but stops after each packet that a strategy wants to see
and after each report on its orders: no answer is ever late.
"""

from hftsim.native.compiled import context_at
from hftsim.native.events import DONE, GROW, REFILL
from hftsim.native.records import compiled
from hftsim.sim.crowd.records._kernels import crowd_at
from hftsim.sim.crowd.venue._kernels import ARRIVED, NEEDS_ROOM, advance_venue
from hftsim.sim.orders._kernels import instrument_of
from hftsim.sim.ticks._kernels import (
    ADVANCE,
    AGAIN,
    ENDED,
    RECEIVE,
    call_turn_day,
    finish,
    hand_over,
    has_room,
    next_target,
)
from hftsim.sim.ticks.records._kernels import chunk_at, feed_of, run_at


@compiled
def move_on(run_address, run, ctx):
    """Let the venue run to the next call-back point and set the time; returns what is needed."""
    feed = feed_of(run, 0)
    while True:
        if ctx.now >= run.end:
            return ENDED
        target = next_target(run, ctx)
        if target <= run.exchange_now:
            break
        ended = advance_venue(run_address, run, ctx, feed, target)
        chunk_at(feed.local_chunk_at).rows = crowd_at(feed.chunk_at).rows
        if ended != ARRIVED:
            return GROW if ended == NEEDS_ROOM else REFILL
    ctx.now = target
    if run.fees_at != 0:
        call_turn_day(run.turn_day_op, run_address, target)
    instrument_of(ctx, 0).fresh = False
    return 0


def step_crowd(run_address, unused_self, unused_event):
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
