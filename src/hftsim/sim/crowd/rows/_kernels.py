"""Rows of market data, written as the matching engine reports; one message makes one packet."""

import numpy as np

from hftsim.book.orders._kernels import key_of, side_number
from hftsim.book.orders.far._kernels import find_far
from hftsim.book.orders.layout import LADDER, POSITIONS
from hftsim.book.orders.state._kernels import level_of, side_of
from hftsim.core.events import EventFlag, EventKind
from hftsim.native.records import compiled, inline
from hftsim.sim.crowd.records._kernels import (
    BY_LEVEL,
    BY_ORDER,
    bytes_at,
    ints_at,
    signs_at,
)

_U = np.uint64
ADD, REDUCE, DELETE = int(EventKind.ADD), int(EventKind.REDUCE), int(EventKind.DELETE)
EXECUTE, TRADE, DEPTH = int(EventKind.EXECUTE), int(EventKind.TRADE), int(EventKind.DEPTH)
_BOTH = int(EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL)
_SNAPSHOT, _LAST = int(EventFlag.SNAPSHOT), int(EventFlag.LAST)


@inline
def put_row(crowd, kind, side, price, qty, priority):
    """Write one row of the packet at hand; the caller has made sure of room."""
    row, room = _U(crowd.rows), crowd.columns_room
    columns = ints_at(crowd.columns_at, 4 * room)
    columns[row] = crowd.clock
    columns[row + _U(room)] = price
    columns[row + _U(2 * room)] = qty
    columns[row + _U(3 * room)] = priority
    bytes_at(crowd.kinds_at, room)[row] = kind
    signs_at(crowd.sides_at, room)[row] = side
    bytes_at(crowd.flags_at, room)[row] = _BOTH | (_SNAPSHOT if crowd.snapshot != 0 else 0)
    crowd.rows += 1


@compiled
def shown_at(crowd, side, price):
    """Return what the book shows at a price of a side (1 or -1), lots."""
    book, number = crowd.book_at, side_number(side)
    key = key_of(number, price)
    position = _U(key) - _U(side_of(book, number).base)
    if position < _U(POSITIONS):
        return level_of(book, _U(number) * _U(POSITIONS) + position).qty
    node = find_far(book, number, key)
    return level_of(book, _U(LADDER) + node).qty if node != _U(0) else np.int64(0)


@inline
def tell_level(crowd, side, price):
    """Write what a level holds now, where levels are told."""
    if crowd.written == BY_LEVEL:
        put_row(crowd, DEPTH, side, price, shown_at(crowd, side, price), 0)


@inline
def tell_order(crowd, kind, order, qty):
    """Write what became of a resting order; its level follows by `tell_level`."""
    if crowd.written == BY_ORDER:
        put_row(crowd, kind, order.side, order.price, qty, order.priority)


@inline
def tell_fill(crowd, maker, price, qty):
    """Write a fill of a resting order."""
    if crowd.written == BY_ORDER:
        put_row(crowd, EXECUTE, maker.side, price, qty, maker.priority)
    else:
        put_row(crowd, TRADE, -maker.side, price, qty, 0)


@inline
def begin_packet(crowd):
    crowd.packet = crowd.rows


@inline
def end_packet(crowd):
    """Mark the last row of the packet; return whether there is one."""
    if crowd.rows == crowd.packet:
        return False
    flags = bytes_at(crowd.flags_at, crowd.columns_room)
    flags[_U(crowd.rows - 1)] |= _LAST
    return True
