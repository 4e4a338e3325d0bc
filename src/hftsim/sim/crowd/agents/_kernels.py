"""What each kind of trader does when it wakes up; every trader has a Poisson clock of its own."""

import math

import numpy as np

from hftsim.book.orders.state._kernels import side_of
from hftsim.native.records import compiled, inline
from hftsim.sim.crowd.flow._kernels import best_price, post_market
from hftsim.sim.crowd.messages._kernels import GTC, GTX, LIMIT, post_cancel, post_order
from hftsim.sim.crowd.random._kernels import below, normal, uniform
from hftsim.sim.crowd.records._kernels import (
    MAKER,
    MOMENTUM,
    NOISE,
    VALUE,
    agent_of,
    group_of,
    order_in,
)

_SECOND = 1e9


@inline
def _is_two_sided(crowd):
    book = crowd.book_at
    return side_of(book, 0).best_level >= 0 and side_of(book, 1).best_level >= 0


@inline
def _mid(crowd):
    return 0.5 * (best_price(crowd, 1) + best_price(crowd, -1))


@inline
def _room_for(agent, group, side):
    """Return how many lots an agent may still trade on a side."""
    return min(group.qty, max(group.max_position - side * agent.position, np.int64(0)))


@inline
def _take(crowd, number, agent, group, side):
    qty = _room_for(agent, group, side)
    if side_of(crowd.book_at, (1 + side) >> 1).best_level < 0:
        crowd.void_count += 1
    elif qty > 0:
        post_market(crowd, number, side, qty)


@compiled
def _zero_intelligence(crowd, number, agent, group):
    """Take with some probability; else replace the resting order by one at a random price."""
    side = 1 - 2 * below(crowd, 2)
    if uniform(crowd) < group.market_share:
        _take(crowd, number, agent, group, side)
        return
    if agent.bid:
        post_cancel(crowd, agent.bid - 1)
    qty = _room_for(agent, group, side)
    price = best_price(crowd, -side) - side * (1 + below(crowd, group.reach))
    if qty > 0 and price > 0:
        agent.bid = post_order(crowd, number, side, price, qty, LIMIT, GTC) + 1


@inline
def _requote(crowd, number, agent, group, side, price):
    """Bring one quote to a price; one that stands there already, whole, keeps its place."""
    standing = agent.bid if side > 0 else agent.ask
    qty = _room_for(agent, group, side)
    if standing:
        order = order_in(crowd, standing - 1)
        if order.price == price and order.leaves == qty:
            return
        post_cancel(crowd, standing - 1)
    slot = np.int64(-1)
    if qty > 0 and price > 0:
        slot = post_order(crowd, number, side, price, qty, LIMIT, GTX)
    if side > 0:
        agent.bid = slot + 1
    else:
        agent.ask = slot + 1


@compiled
def _make_market(crowd, number, agent, group):
    """Quote both sides of a price that leans against the inventory, never taking."""
    fair = _mid(crowd) - group.skew * agent.position
    bid = np.int64(math.floor(fair - group.half_spread))
    ask = np.int64(math.ceil(fair + group.half_spread))
    bid = min(bid, best_price(crowd, -1) - 1)
    ask = max(ask, best_price(crowd, 1) + 1)
    _requote(crowd, number, agent, group, 1, bid)
    _requote(crowd, number, agent, group, -1, ask)


@compiled
def _follow_trend(crowd, number, agent, group):
    """Trade with the move of the mid price away from its exponential average."""
    mid = _mid(crowd)
    if agent.seen == 0:
        agent.reference = mid
    passed = (crowd.clock - agent.seen) / _SECOND
    agent.seen = crowd.clock
    move = mid - agent.reference
    agent.reference += move * (1.0 - math.exp(-passed / group.horizon))
    if abs(move) > group.threshold:
        _take(crowd, number, agent, group, 1 if move > 0.0 else -1)


@compiled
def _trade_on_value(crowd, number, agent, group):
    """Buy what is cheap and sell what is dear beside a fundamental price, seen with an error."""
    passed = (crowd.clock - crowd.fundamental_at) / _SECOND
    crowd.fundamental_at = crowd.clock
    crowd.fundamental += crowd.fundamental_sd * math.sqrt(passed) * normal(crowd)
    if agent.seen == 0:
        agent.seen, agent.reference = crowd.clock, group.skew * normal(crowd)
    worth = crowd.fundamental + agent.reference
    if worth - best_price(crowd, -1) > group.threshold:
        _take(crowd, number, agent, group, 1)
    elif best_price(crowd, 1) - worth > group.threshold:
        _take(crowd, number, agent, group, -1)


@compiled
def act_for_agents(crowd, level):
    """Wake up the agent whose share of the clocks holds `level`."""
    which = np.int64(0)
    while which < crowd.groups - 1 and level >= group_of(crowd, which).rate:
        level -= group_of(crowd, which).rate
        which += 1
    group = group_of(crowd, which)
    number = group.first + below(crowd, group.count)
    agent = agent_of(crowd, number)
    if group.kind == MAKER:
        _make_market(crowd, number, agent, group)
    elif (group.kind == MOMENTUM or group.kind == VALUE) and not _is_two_sided(crowd):
        crowd.void_count += 1
    elif group.kind == MOMENTUM:
        _follow_trend(crowd, number, agent, group)
    elif group.kind == VALUE:
        _trade_on_value(crowd, number, agent, group)
    elif group.kind == NOISE:
        _take(crowd, number, agent, group, 1 - 2 * below(crowd, 2))
    else:
        _zero_intelligence(crowd, number, agent, group)
