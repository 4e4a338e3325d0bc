"""The whole state of a book as rows of integers: hash, snapshot, restore."""

import functools
from typing import Any

import numpy as np

from hftsim.book.orders.memory import BookMemory, Ids
from hftsim.core.enums import OrderType, TimeInForce, TradingPhase
from hftsim.core.errors import DataError
from hftsim.native.layout import address_of

STATE_COLUMNS = (
    "section",
    "order_id",
    "side",
    "type",
    "tif",
    "flags",
    "price",
    "has_price",
    "shown_qty",
    "hidden_qty",
    "display_qty",
    "owner",
    "trigger",
    "offset",
    "min_qty",
    "expires",
)
"""The 16 numbers of a row about an order; docs/models/matching.md describes them."""

SECTION, ORDER_ID, SIDE, TYPE, TIF, FLAGS, PRICE, HAS_PRICE = range(8)
SHOWN_QTY, HIDDEN_QTY, DISPLAY_QTY, OWNER = range(8, 12)
IN_BOOK, MARKETS, STOPPED, PARKED, PRICELESS, PEGS, BLOCKED = range(1, 8)
_WIDTH = len(STATE_COLUMNS)
_HEADER = (
    "phase",
    "auction_kind",
    "clock",
    "last_price",
    "has_last",
    "lower",
    "upper",
    "has_collar",
)


def live_rows(memory: BookMemory, *, pegs: bool = False) -> np.ndarray:
    """Return a row for every live order, shape (orders, 16); with `pegs`, section 6 after them."""
    most = memory.get("live") + memory.get("pegs")
    cells = np.zeros((most, _WIDTH), np.int64)
    count = _kernels()[0](memory.address, address_of(cells), most) if most else 0
    rows = cells[:count]
    return rows if pegs else rows[rows[:, SECTION] != PEGS]


def state_rows(memory: BookMemory, messages: int, reports: int) -> np.ndarray:
    """Return the whole state, shape (1 + orders + ..., 16), int64: the header row first."""
    header = np.zeros((1, _WIDTH), np.int64)
    header[0, 1:3] = messages, reports
    header[0, 3 : 3 + len(_HEADER)] = [memory.get(name) for name in _HEADER]
    blocked = np.zeros((len(memory.blocked_owners), _WIDTH), np.int64)
    blocked[:, SECTION], blocked[:, ORDER_ID] = BLOCKED, memory.blocked_owners
    return np.concatenate([header, live_rows(memory, pegs=True), blocked]).astype("<i8")


def restored(snapshot: bytes, ids: Ids) -> tuple[BookMemory, int, int]:
    """Return (memory, messages, reports) of the book that a snapshot was taken of.

    Raises DataError where the bytes are no snapshot.
    """
    rows = _checked(snapshot)
    header, orders = rows[0], np.ascontiguousarray(rows[rows[:, SECTION] != BLOCKED][1:])
    memory = BookMemory(max(2 * len(orders), 1 << 12), ids)
    memory.make_room(len(orders), int(orders[:, ORDER_ID].max(initial=0)))
    for name, value in zip(_HEADER, header[3:], strict=False):
        memory.state[name] = value
    memory.block_owners(rows[rows[:, SECTION] == BLOCKED][:, ORDER_ID].tolist())
    if len(orders):
        _kernels()[1](memory.address, address_of(orders), len(orders))
    return memory, int(header[1]), int(header[2])


def _checked(snapshot: bytes) -> np.ndarray:
    size = 8 * _WIDTH
    if not snapshot or len(snapshot) % size:
        raise DataError(
            f"{len(snapshot)} bytes are no snapshot of a book: it consists of rows of {size} "
            "bytes; give what snapshot() returned"
        )
    rows = np.frombuffer(snapshot, "<i8").reshape(-1, _WIDTH).astype(np.int64)
    if not _is_sound(rows[0], rows[1:]):
        raise DataError("the snapshot holds what no book has; give what snapshot() returned")
    return rows


def _is_sound(header: np.ndarray, rows: np.ndarray) -> bool:
    """Whether these rows can be the state of a book."""
    sections, ids = rows[:, SECTION], rows[:, ORDER_ID]
    orders = rows[(sections >= IN_BOOK) & (sections <= PRICELESS)]
    shown, hidden, own_ids = (orders[:, n] for n in (SHOWN_QTY, HIDDEN_QTY, ORDER_ID))
    pegged = own_ids[orders[:, TYPE] == OrderType.PEGGED]
    rules = (
        header[SECTION] == 0 and header[3] in list(TradingPhase),
        ((sections >= IN_BOOK) & (sections <= BLOCKED)).all() and (np.diff(sections) >= 0).all(),
        (own_ids > 0).all() and len(np.unique(own_ids)) == len(own_ids),
        np.isin(orders[:, SIDE], (1, -1)).all(),
        ((shown >= 0) & (hidden >= 0) & ((shown > 0) | (hidden > 0))).all(),
        np.isin(orders[:, TYPE], list(OrderType)).all(),
        np.isin(orders[:, TIF], list(TimeInForce)).all(),
        sorted(ids[sections == PEGS].tolist()) == sorted(pegged.tolist()),
    )
    return all(rules)


@functools.cache
def _kernels() -> tuple[Any, Any]:
    from hftsim.book.matching.rows import _kernels as source
    from hftsim.native.cache import kernel

    return (
        kernel(source.write_rows, source.WRITE_SIGNATURE),
        kernel(source.read_rows, source.READ_SIGNATURE),
    )
