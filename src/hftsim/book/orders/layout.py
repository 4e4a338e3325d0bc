"""The memory of a book by order: what its records are, and what the numbers in them mean.

Sides are counted: 0 is the bids, 1 the asks. A price becomes a **key** on its side, ``price`` for an
ask and ``~price`` (that is ``-1 - price``) for a bid: on both sides the smaller key is the better
price, every int64 has a key, and one piece of code serves both sides.

A **level** is a number: ``side * POSITIONS + position`` in the ladder, ``LADDER + node`` for a far
price. A **slot** is the row of an order in the pool; slot 0 means none.
"""

import numpy as np

from hftsim.native.fields import record_dtype

POSITIONS = 1 << 18
"""Prices that the ladder of one side spans."""
LADDER = 2 * POSITIONS
"""Levels of both ladders; far levels are numbered from here."""
HEIGHT = 12
"""Most links of a node in the skip list of far levels: enough for 4 ** 12 of them."""
HEADS = 8
"""Nodes that are no far prices: 0 and 1 head the lists of far bids and asks, and the levels of the
others are queues of orders that wait outside of the book."""
STOPS, TRIGGERED, PARKED, MARKET_BUYS, MARKET_SELLS, UNPRICED = range(LADDER + 2, LADDER + HEADS)
"""Queues, numbered as levels: stops; stops about to come in; orders parked for their auction; market
orders in an auction; pegged orders without a price."""
LARGEST, SMALLEST = (1 << 63) - 1, -(1 << 63)

ORDER = np.dtype(
    [
        ("id", "<i8"),
        ("qty", "<i8"),
        ("next", "<u4"),
        ("prev", "<u4"),
        ("level", "<u4"),
        ("terms", "<u4"),
    ]
)
"""A live order, 32 bytes: `qty` is what it shows. Price and side are those of its level."""

HAS_EXTRA = 1 << 31
"""In `terms`: the other bits are the row of the order's `EXTRA`."""
POST_ONLY = 1 << 30
"""In `terms` without an extra: the order is GTX. The bits below are its owner."""
OWNERS = (1 << 30) - 1
"""The largest owner that fits into `terms`."""

LEVEL = np.dtype([("qty", "<i8"), ("head", "<u4"), ("tail", "<u4")])
"""A price level: what it shows in total (modulo 2 ** 64), its oldest and its newest order."""

EXTRA = record_dtype(
    {
        "owner": int,
        "side": int,
        "type": int,
        "tif": int,
        "flags": int,
        "display": int,
        "hidden": int,
        "trigger": int,
        "offset": int,
        "min_qty": int,
        "expires": int,
        "price": int,
        "has_price": int,
        "next": int,
        "prev": int,
    }
)
"""What few orders have. `hidden` lots stand behind the shown ones and come in slices of `display`;
an order that waits outside of the book is hidden whole. `side` is 0 or 1, `price` that of an order
which waits, `next` and `prev` lead through the pegged orders by arrival."""

SIDE = record_dtype(
    {
        "best_key": int,
        "best_level": int,
        "base": int,
        "levels": int,
        "orders": int,
        "far": int,
        "far_adds": int,
    }
)
"""A side: its best level (-1: none), the key at position 0 of its ladder, counts of occupied levels
and resting orders, of far levels, and of orders that came to far levels since the window moved."""

BOOK = record_dtype(
    {
        "sides_at": int,
        "orders_at": int,
        "orders_room": int,
        "orders_used": int,
        "orders_free": int,
        "levels_at": int,
        "levels_room": int,
        "words_at": int,
        "ids_at": int,
        "ids_room": int,
        "hashed": int,
        "hash_shift": int,
        "far_at": int,
        "far_links_at": int,
        "far_room": int,
        "far_used": int,
        "far_free": int,
        "far_live": int,
        "extras_at": int,
        "extras_room": int,
        "extras_used": int,
        "extras_free": int,
        "live": int,
        "extras_live": int,
        "random": int,
        "wanted_id": int,
        "phase": int,
        "auction_kind": int,
        "clock": int,
        "last_price": int,
        "has_last": int,
        "lower": int,
        "upper": int,
        "has_collar": int,
        "blocked_at": int,
        "blocked": int,
        "restricted": int,
        "trails": int,
        "buy_trigger": int,
        "sell_trigger": int,
        "pegs": int,
        "first_peg": int,
        "last_peg": int,
        "timers_at": int,
        "timers_room": int,
        "timers": int,
    }
)
"""A book: addresses and lengths of its arrays, what of them is used, heads of their free lists; then
the session (`restricted`: any phase but continuous, a collar, or blocked owners), the nearest
triggers of waiting stops, the first and the last pegged order."""

TIMER = np.dtype([("expires", "<i8"), ("order_id", "<i8")])
"""When an order ends by itself; a heap, in which dead orders stay until their time."""

FAR = np.dtype([("key", "<i8"), ("list", "<u4"), ("height", "<u4")])
"""A node of a skip list; its links are `HEIGHT` numbers of `far_links`, its orders a level."""

DONE, REPORTS_FULL, ASK, MOVE_WINDOW, GROW_ORDERS, GROW_IDS, GROW_FAR, GROW_EXTRAS, GROW_TIMERS = (
    range(9)
)
"""What a kernel returns: finished, or what it needs before it can go on where it stopped (`ASK`: that
the session is asked about the message at hand)."""
