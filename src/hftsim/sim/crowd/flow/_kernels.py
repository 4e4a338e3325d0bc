"""Poisson and Hawkes flow: when the next event comes, and what it is.

The event times of the Hawkes flow are exact: Ogata's thinning (Y. Ogata, "On Lewis' simulation method
for point processes", IEEE Trans. Inf. Theory 27, 1981) with exponential kernels, whose sums are
carried along in one number each (J. Dassios and H. Zhao, Electron. Commun. Probab. 18, 2013).
"""

import math

import numpy as np

from hftsim.book.orders._kernels import key_of
from hftsim.book.orders.state._kernels import side_of
from hftsim.native.records import compiled, inline
from hftsim.sim.crowd.messages._kernels import (
    GTC,
    LIMIT,
    MARKET,
    post_cancel,
    post_order,
)
from hftsim.sim.crowd.random._kernels import below
from hftsim.sim.crowd.records._kernels import (
    CANCEL_BUY,
    COMPONENTS,
    FLOW,
    LIMIT_BUY,
    QUEUES,
    TABLE,
    floats_at,
    ints_at,
    live_count,
    live_of,
    order_in,
)

_U = np.uint64
_SECOND = 1e9


@inline
def best_price(crowd, side):
    """Return the best price of a side (1 or -1); the last one seen while there is none."""
    number = (1 - side) >> 1
    own = side_of(crowd.book_at, number)
    if own.best_level >= 0:
        price = key_of(number, own.best_key)
        if side > 0:
            crowd.last_bid = price
        else:
            crowd.last_ask = price
        return price
    return crowd.last_bid if side > 0 else crowd.last_ask


@inline
def draw_from(crowd, table_at):
    """Return a number from a table."""
    return ints_at(table_at, TABLE)[_U(below(crowd, TABLE))]


@compiled
def let_decay(crowd):
    """Let the excitement of past events fade until now."""
    if crowd.kernels == 0:
        return
    passed = (crowd.clock - crowd.excited_until) / _SECOND
    crowd.excited_until = crowd.clock
    decays = floats_at(crowd.decays_at, crowd.kernels)
    excited = floats_at(crowd.excited_at, crowd.kernels * COMPONENTS)
    for k in range(crowd.kernels):
        share = math.exp(-decays[k] * passed)
        for component in range(COMPONENTS):
            excited[k * COMPONENTS + component] *= share


@inline
def rate_of(crowd, component):
    """Return the rate of a component now, per second."""
    rate = floats_at(crowd.base_at, COMPONENTS)[component]
    excited = floats_at(crowd.excited_at, crowd.kernels * COMPONENTS)
    for k in range(crowd.kernels):
        rate += excited[k * COMPONENTS + component]
    return rate


@inline
def rate_of_all(crowd):
    """Return the rate of all components together, per second."""
    total = 0.0
    for component in range(COMPONENTS):
        total += rate_of(crowd, component)
    return total


@compiled
def excite(crowd, cause):
    """Let an event of one component raise the rates of all."""
    decays = floats_at(crowd.decays_at, crowd.kernels)
    excited = floats_at(crowd.excited_at, crowd.kernels * COMPONENTS)
    table = floats_at(crowd.excite_at, crowd.kernels * COMPONENTS * COMPONENTS)
    for k in range(crowd.kernels):
        for component in range(COMPONENTS):
            number = (k * COMPONENTS + component) * COMPONENTS + cause
            excited[k * COMPONENTS + component] += table[number] * decays[k]


@inline
def post_limit(crowd, side):
    """Put a limit order of the flow into the outbox: at a distance from the other side's best."""
    price = best_price(crowd, -side) - side * draw_from(crowd, crowd.distances_at)
    qty = draw_from(crowd, crowd.limit_sizes_at)
    post_order(crowd, FLOW, side, max(price, np.int64(1)), qty, LIMIT, GTC)


@inline
def post_market(crowd, owner, side, qty):
    """Put an order that takes what there is into the outbox."""
    post_order(crowd, owner, side, np.int64(0), qty, MARKET, GTC)


@inline
def post_cancel_of_any(crowd, side):
    """Cancel an order of the flow, all of a side with one probability."""
    count = live_count(crowd, side)
    if count > 0:
        post_cancel(crowd, live_of(crowd, side)[_U(below(crowd, count))])
    else:
        crowd.void_count += 1


@compiled
def act_for_flow(crowd, level):
    """Let the component happen whose share of the rates holds `level`, or none (thinning)."""
    let_decay(crowd)
    component = 0
    while component < COMPONENTS:
        level -= rate_of(crowd, component)
        if level < 0.0:
            break
        component += 1
    if component == COMPONENTS:
        return
    side = 1 - 2 * (component & 1)
    if component < LIMIT_BUY:
        post_market(crowd, FLOW, side, draw_from(crowd, crowd.market_sizes_at))
    elif component < CANCEL_BUY:
        post_limit(crowd, side)
    else:
        post_cancel_of_any(crowd, side)
    if crowd.kernels > 0:
        excite(crowd, component)


@inline
def _has_own_rates(crowd, order):
    """Whether an order stands in a queue whose length sets its rates."""
    if crowd.flow != QUEUES:
        return False
    offset = order.price - crowd.reference
    distance = offset if order.side < 0 else 1 - offset
    return distance <= crowd.queue_levels


@compiled
def act_for_lifetime(crowd, level):
    """Cancel one of the flow's orders; `level` is uniform below the number of them."""
    number, side = np.int64(level), 1
    if number >= crowd.buys:
        number, side = min(number - crowd.buys, crowd.sells - 1), -1
    slot = live_of(crowd, side)[_U(number)]
    if not _has_own_rates(crowd, order_in(crowd, slot)):
        post_cancel(crowd, slot)
