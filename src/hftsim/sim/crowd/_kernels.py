"""The crowd's clock: from one event to the next, until a time, the room for rows, or a packet.

All sources of events are one point process: the agents' clocks, the lifetimes of the flow's resting
orders, and the flow. Its next time is drawn from the sum of their rates, then which of them it was.
"""

import numpy as np

from hftsim.native.records import compiled
from hftsim.sim.crowd.agents._kernels import act_for_agents
from hftsim.sim.crowd.flow._kernels import (
    act_for_flow,
    act_for_lifetime,
    let_decay,
    rate_of_all,
)
from hftsim.sim.crowd.messages._kernels import empty_outbox
from hftsim.sim.crowd.queues._kernels import act_for_queues, follow_mid, rate_of_queues
from hftsim.sim.crowd.random._kernels import exponential, uniform
from hftsim.sim.crowd.records._kernels import (
    AT_PACKET,
    AT_REPORT,
    DONE,
    GROW_SLOTS,
    NEVER,
    OUTBOX,
    QUEUES,
    QUIET,
    ROWS_FULL,
    STOPPED,
    crowd_at,
)

_SECOND = 1e9
_PATIENCE = 1 << 20
_LONGEST = float(1 << 61)


@compiled
def draw_next(crowd):
    """Draw when the next event comes, given the rates of now."""
    let_decay(crowd)
    rate = rate_of_queues(crowd) if crowd.flow == QUEUES else rate_of_all(crowd)
    rate += crowd.agents_rate + crowd.cancel_rate * (crowd.buys + crowd.sells)
    crowd.bound = rate
    if rate <= 0.0:
        crowd.next_at = NEVER
        return
    wait = min(crowd.fraction + exponential(crowd) / rate * _SECOND, _LONGEST)
    whole = np.int64(wait)
    crowd.fraction = wait - whole
    crowd.next_at = crowd.clock + whole


@compiled
def act(crowd):
    """Let the event of now happen: decide which it is, and put its messages into the outbox."""
    level = uniform(crowd) * crowd.bound
    if level < crowd.agents_rate:
        act_for_agents(crowd, level)
        return
    level -= crowd.agents_rate
    orders = crowd.buys + crowd.sells
    if level < crowd.cancel_rate * orders:
        act_for_lifetime(crowd, level / crowd.cancel_rate)
        return
    level -= crowd.cancel_rate * orders
    if crowd.flow == QUEUES:
        act_for_queues(crowd, level)
    else:
        act_for_flow(crowd, level)


def run_crowd(crowd_address, until):
    """Let everything happen up to and including time `until`; return why it ended.

    A kernel of its own. Times of one call never go back; what was begun is finished first.
    """
    crowd = crowd_at(crowd_address)
    while True:
        rows = crowd.rows
        if crowd.outbox_next < crowd.outbox_used:
            reports = crowd.own_reports
            code = empty_outbox(crowd_address)
            if code != DONE:
                return code
            if crowd.flow == QUEUES:
                follow_mid(crowd)
            if crowd.rows > rows:
                crowd.quiet = 0
            if crowd.stop_at & AT_PACKET and crowd.rows > rows:
                return STOPPED
            if crowd.stop_at & AT_REPORT and crowd.own_reports > reports:
                return STOPPED
        if crowd.rows >= crowd.rows_wanted:
            return ROWS_FULL
        if crowd.orders_live >= crowd.orders_room - OUTBOX:
            return GROW_SLOTS
        if crowd.next_at < 0:
            draw_next(crowd)
        if crowd.next_at > until:
            crowd.clock = max(crowd.clock, until) if until < NEVER else crowd.clock
            return DONE
        crowd.quiet += 1
        if crowd.quiet >= _PATIENCE:
            crowd.quiet = 0
            return QUIET
        crowd.clock, crowd.next_at = crowd.next_at, -1
        act(crowd)
