"""Queue-reactive flow: rates depend on how long the queues are.

W. Huang, C.-A. Lehalle, M. Rosenbaum, "Simulating and analyzing order book data: the queue-reactive
model", JASA 110 (2015): their model I, with a reference price that follows the mid price with
probability theta. Their redrawing of the whole book after a move is not done.
"""

import numpy as np

from hftsim.book.orders.state._kernels import side_of
from hftsim.native.records import compiled, inline
from hftsim.sim.crowd.flow._kernels import best_price, draw_from, post_market
from hftsim.sim.crowd.messages._kernels import GTX, LIMIT, post_cancel, post_order
from hftsim.sim.crowd.random._kernels import below, uniform
from hftsim.sim.crowd.records._kernels import (
    FLOW,
    floats_at,
    live_count,
    live_of,
    order_in,
)
from hftsim.sim.crowd.rows._kernels import shown_at

_U = np.uint64
LIMITS, CANCELS, MARKETS = range(3)
"""Kinds of rates, per level and length of its queue."""


@inline
def price_of_level(crowd, side, distance):
    """Return the price of a level; `distance` is 1 for the nearest to the reference price."""
    return crowd.reference + 1 - distance if side > 0 else crowd.reference + distance


@inline
def _length(crowd, side, distance):
    """Return the length of a queue in typical orders, rounded up, no more than the table has."""
    shown = shown_at(crowd, side, price_of_level(crowd, side, distance))
    return min((shown + crowd.event_size - 1) // crowd.event_size, crowd.queue_most)


@compiled
def rate_of_queues(crowd):
    """Note the rates of all queues and return their sum, per second."""
    levels, lengths = crowd.queue_levels, crowd.queue_most + 1
    table = floats_at(crowd.queue_rates_at, 3 * levels * lengths)
    now = floats_at(crowd.queue_now_at, 6 * levels)
    total = 0.0
    for number in range(2 * levels):
        side, distance = 1 - 2 * (number // levels), number % levels + 1
        queue = (distance - 1) * lengths + _length(crowd, side, distance)
        for kind in range(3):
            rate = table[kind * levels * lengths + queue]
            if kind == MARKETS and distance > 1:
                rate = 0.0
            now[3 * number + kind] = rate
            total += rate
    return total


@compiled
def _cancel_at(crowd, side, price):
    """Cancel an order of the flow at a price: of its orders there, one found by chance."""
    count = live_count(crowd, side)
    if count > 0:
        live, start = live_of(crowd, side), below(crowd, count)
        for k in range(count):
            slot = live[_U((start + k) % count)]
            if order_in(crowd, slot).price == price:
                post_cancel(crowd, slot)
                return
    crowd.void_count += 1


@compiled
def act_for_queues(crowd, level):
    """Let the event happen whose share of the rates holds `level`."""
    levels = crowd.queue_levels
    now = floats_at(crowd.queue_now_at, 6 * levels)
    number = 0
    while number < 6 * levels - 1:
        level -= now[number]
        if level < 0.0:
            break
        number += 1
    kind, queue = number % 3, number // 3
    side, distance = 1 - 2 * (queue // levels), queue % levels + 1
    price = price_of_level(crowd, side, distance)
    if kind == LIMITS:
        if price > 0:
            post_order(crowd, FLOW, side, price, draw_from(crowd, crowd.limit_sizes_at), LIMIT, GTX)
    elif kind == CANCELS:
        _cancel_at(crowd, side, price)
    else:
        post_market(crowd, FLOW, -side, draw_from(crowd, crowd.market_sizes_at))


@compiled
def follow_mid(crowd):
    """Let the reference price follow the mid price, when it moved, with probability theta."""
    book = crowd.book_at
    if side_of(book, 0).best_level < 0 or side_of(book, 1).best_level < 0:
        return
    bid, ask = best_price(crowd, 1), best_price(crowd, -1)
    doubled = bid + ask
    wanted = (doubled - 1) >> 1
    if doubled & 1 == 0:
        wanted = min(max(crowd.reference, wanted), wanted + 1)
    if wanted == crowd.reference:
        return
    is_behind = bid > crowd.reference or ask <= crowd.reference
    if is_behind or uniform(crowd) < crowd.theta:
        crowd.reference = wanted
