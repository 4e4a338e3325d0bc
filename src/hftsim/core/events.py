"""Market data as rows of integers: what happened, on which side, when at the venue and when here.

Prices are ticks, quantities lots, times nanoseconds UTC. Rows of one instrument stand in the order
in which the venue sent them; a packet is what the venue sent as one message.
"""

from enum import IntEnum, IntFlag

import numpy as np


class EventKind(IntEnum):
    """What a row says."""

    CLEAR = 1
    """Every level of `side` (0: of both) is gone."""
    CLEAR_TO = 2
    """The levels of `side` from its best price to `price`, inclusive, are gone."""
    DEPTH = 3
    """The level of `side` at `price` now holds `qty` lots; 0 removes it."""
    QUOTE = 4
    """The best level of `side` is `price` with `qty` lots; 0 lots: there is none."""
    TRADE = 5
    """`qty` lots traded at `price`; `side` is the aggressor's, 0 where unknown."""
    ADD = 6
    """Order `order_id` joined the back of its level."""
    REDUCE = 7
    """Order `order_id` gave up `qty` lots and keeps its place."""
    DELETE = 8
    """Order `order_id` left the book whole."""
    MODIFY = 9
    """Order `order_id` is now at `price` with `qty` lots, at the back unless it only shrank."""
    EXECUTE = 10
    """`qty` lots of order `order_id` traded at `price`; `side` is the resting order's."""
    STATUS = 11
    """Trading status: `qty` 0 halted, 1 trading."""
    FUNDING = 12
    """Funding of a perpetual: `qty` is the rate in 1e-8, `price` the mark price."""


class EventFlag(IntFlag):
    """What else is true of a row; bits."""

    LAST = 1
    """The last row of its packet: a strategy may look at the book after it."""
    SNAPSHOT = 2
    """Part of a snapshot, not of a change."""
    ON_EXCHANGE = 4
    """Counts in the exchange's order of time."""
    ON_LOCAL = 8
    """Counts in the receiver's order of time; a row whose two orders differ stands twice."""


EVENT_DTYPE = np.dtype(
    [
        ("ts_event", "<i8"),
        ("ts_recv", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("order_id", "<i8"),
        ("priority", "<i8"),
        ("kind", "u1"),
        ("side", "i1"),
        ("flags", "u1"),
    ]
)
"""Columns of an event and their types. `order_id` and `priority` stand in data by order alone.

There every row is about one order: it has the order's side and price, `qty` is what the order gains
(ADD) or loses, and `priority` numbers the orders as they came; 0: the order was never added, or the
row is about none.
"""

EVENT_COLUMNS = tuple(EVENT_DTYPE.names or ())
