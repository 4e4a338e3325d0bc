"""The first orders of the flow, around the first price."""

import numpy as np

from hftsim.sim.crowd.flow._kernels import draw_from
from hftsim.sim.crowd.messages._kernels import GTC, LIMIT, empty_outbox, post_order
from hftsim.sim.crowd.records._kernels import FLOW, GROW_SLOTS, OUTBOX, crowd_at


def send_first(crowd_address, side, distance):
    """Let the flow send one order, `distance` ticks behind the best price of a side.

    A kernel of its own; returns what is needed before it can be called again, or DONE.
    """
    crowd = crowd_at(crowd_address)
    if crowd.outbox_used == 0:
        if crowd.orders_live >= crowd.orders_room - OUTBOX:
            return GROW_SLOTS
        best = crowd.reference if side > 0 else crowd.reference + 1
        qty = draw_from(crowd, crowd.limit_sizes_at)
        post_order(crowd, FLOW, np.int64(side), best - side * distance, qty, LIMIT, GTC)
    return empty_outbox(crowd_address)
