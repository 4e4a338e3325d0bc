"""The records of a crowd, and how compiled code reaches them.

A crowd decides (a flow's event, or an agent that wakes up), puts the messages into an outbox, and
hands them to the matching engine one by one. What the engine needs first (memory, room for rows)
ends the kernel; it goes on where it stopped.
"""

import numpy as np

from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, inline, pointer_to, record_type

NEVER = 1 << 62
"""A time that does not come."""
OUTBOX = 16
"""Most messages of one decision."""
TABLE = 1 << 12
"""Entries of the tables that distances and sizes are drawn from."""
SLOT_BITS = 20
"""An order id is ``serial << SLOT_BITS | slot``: unique, and its slot is found without a search."""
SLOTS = (1 << SLOT_BITS) - 1

DONE, STOPPED, ROWS_FULL, GROW_SLOTS, QUIET = 0, 64, 65, 66, 67
"""What a kernel returns: the time has come; a packet or own report was made where asked to stop; the
rows are full; slots ran out; a million events led to
no row (so that one can interrupt it). Other codes are the matching engine's (`hftsim.book.orders.layout`)."""

FLOW, STRATEGY = 0, -1
"""Owners that are no agents."""
BY_ORDER, BY_LEVEL, TRADES = range(3)
"""What rows are written."""
EXCITED, QUEUES = range(2)
"""Kinds of flow: Poisson and Hawkes; queue-reactive."""
MARKET_BUY, MARKET_SELL, LIMIT_BUY, LIMIT_SELL, CANCEL_BUY, CANCEL_SELL = range(6)
"""Components of a flow; a cancel's side is that of the order."""
COMPONENTS = 6
ZERO_INTELLIGENCE, MAKER, MOMENTUM, VALUE, NOISE = range(5)
"""Kinds of agents."""

CROWD = record_dtype(
    {
        "matching_at": int,
        "book_at": int,
        "send_op": int,
        "outbox_at": int,
        "outbox_used": int,
        "outbox_next": int,
        "outbox_kept": int,
        "orders_at": int,
        "orders_room": int,
        "orders_used": int,
        "orders_free": int,
        "orders_live": int,
        "buys_at": int,
        "buys": int,
        "sells_at": int,
        "sells": int,
        "agents_at": int,
        "agents": int,
        "groups_at": int,
        "groups": int,
        "agents_rate": float,
        "random": int,
        "clock": int,
        "fraction": float,
        "next_at": int,
        "bound": float,
        "flow": int,
        "base_at": int,
        "kernels": int,
        "decays_at": int,
        "excite_at": int,
        "excited_at": int,
        "excited_until": int,
        "cancel_rate": float,
        "distances_at": int,
        "limit_sizes_at": int,
        "market_sizes_at": int,
        "queue_levels": int,
        "queue_most": int,
        "queue_rates_at": int,
        "queue_now_at": int,
        "event_size": int,
        "theta": float,
        "reference": int,
        "last_bid": int,
        "last_ask": int,
        "fundamental": float,
        "fundamental_at": int,
        "fundamental_sd": float,
        "written": int,
        "columns_at": int,
        "kinds_at": int,
        "sides_at": int,
        "flags_at": int,
        "rows": int,
        "rows_wanted": int,
        "columns_room": int,
        "packet": int,
        "snapshot": int,
        "stop_at": int,
        "needs": int,
        "quiet": int,
        "priority": int,
        "serial": int,
        "market_at": int,
        "own_op": int,
        "own_reports": int,
        "strategy_owner": int,
        "message_count": int,
        "fill_count": int,
        "volume": int,
        "reject_count": int,
        "void_count": int,
    }
)
"""A crowd. Rates are per second, times ns, prices ticks, quantities lots. `bound` is the rate that
the next event was drawn with, `next_at` its time (-1: not drawn); `excited_at` holds what past events
add to the rates, by kernel and component, as of `excited_until`; `stop_at` holds `AT_PACKET` and `AT_REPORT`."""

AT_PACKET, AT_REPORT = 1, 2
"""After what a run stops, as bits: rows, reports on orders of the strategy."""

ORDER = record_dtype(
    {
        "id": int,
        "priority": int,
        "price": int,
        "leaves": int,
        "side": int,
        "owner": int,
        "place": int,
        "own": int,
    }
)
"""A live order; `priority` is its number among all that came to rest, 0 before it does; `place` that
in the flow's list of its side, `own` the id that the strategy gave it. Free slots are linked through
`place`."""

AGENT = record_dtype(
    {"group": int, "position": int, "bid": int, "ask": int, "reference": float, "seen": int}
)
"""A trader; `bid` and `ask` are the slots of its quotes + 1, 0 where there is none."""

GROUP = record_dtype(
    {
        "kind": int,
        "first": int,
        "count": int,
        "rate": float,
        "qty": int,
        "max_position": int,
        "half_spread": float,
        "skew": float,
        "threshold": float,
        "horizon": float,
        "reach": int,
        "market_share": float,
    }
)
"""Traders of one kind; `rate` is that of all of them together."""

COLUMNS = ("ts_event", "price", "qty", "priority")
"""Columns of int64 at ``columns_at``, one behind the other, `columns_room` numbers each."""

crowd_at = pointer_to(record_type("crowd", CROWD))
_orders_at = array_at(ORDER)
_agents_at, _groups_at = array_at(AGENT), array_at(GROUP)
ints_at, floats_at = array_at("i8"), array_at("f8")
bytes_at, signs_at = array_at("u1"), array_at("i1")
_U = np.uint64


@inline
def order_in(crowd, slot):
    """Return the order in a slot."""
    return _orders_at(crowd.orders_at, crowd.orders_room)[_U(slot)]


@inline
def agent_of(crowd, number):
    """Return an agent; they are counted from 1."""
    return _agents_at(crowd.agents_at, crowd.agents)[_U(number - 1)]


@inline
def group_of(crowd, number):
    """Return a group of agents."""
    return _groups_at(crowd.groups_at, crowd.groups)[_U(number)]


@inline
def live_of(crowd, side):
    """Return the slots of the flow's resting orders of a side (1 or -1)."""
    return ints_at(crowd.buys_at if side > 0 else crowd.sells_at, crowd.orders_room)


@inline
def live_count(crowd, side):
    """Return how many resting orders of a side are the flow's."""
    return crowd.buys if side > 0 else crowd.sells
