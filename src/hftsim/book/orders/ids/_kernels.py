"""From an order id to its slot in the pool: a plain array, or a hash table for ids that are sparse.

The table holds ``slot << 32 | tag`` in one word, 0 where empty. The tag is the upper half of the
hash: it tells most strangers apart without a look at their orders, and where an entry belongs, so
that deleting can close the gap (backward shift) and leaves no tombstones.
"""

import numpy as np

from hftsim.book.orders.layout import ORDER
from hftsim.book.orders.state._kernels import ids_of, order_of, state_at, table_of
from hftsim.native.bits import prefetch
from hftsim.native.records import inline

_U = np.uint64
_MULTIPLIER, _HALF, _TAG = _U(0x9E3779B97F4A7C15), _U(32), _U(0xFFFFFFFF)
_ZERO, _ONE = _U(0), _U(1)
_ORDER_SIZE = ORDER.itemsize


@inline
def _tag(order_id):
    word = _U(order_id)
    return ((word ^ (word >> _HALF)) * _MULTIPLIER) >> _HALF


@inline
def _place(book, order_id):
    """Return where the table holds this id, or the empty place where the search ended."""
    tag, last = _tag(order_id), _U(state_at(book).ids_room - 1)
    place = tag >> _U(state_at(book).hash_shift)
    while True:
        entry = table_of(book)[place]
        if entry == _ZERO:
            return place
        if entry & _TAG == tag and order_of(book, entry >> _HALF).id == order_id:
            return place
        place = (place + _ONE) & last


@inline
def find(book, order_id):
    """Return the slot of a live order (uint64), 0 where there is none of this id."""
    if state_at(book).hashed != 0:
        return table_of(book)[_place(book, order_id)] >> _HALF
    if _U(order_id) < _U(state_at(book).ids_room):
        return _U(ids_of(book)[_U(order_id)])
    return _ZERO


@inline
def keep_id(book, order_id, slot):
    """Remember where a new order stands; the caller has made sure of room."""
    if state_at(book).hashed != 0:
        table_of(book)[_place(book, order_id)] = (_U(slot) << _HALF) | _tag(order_id)
    else:
        ids_of(book)[_U(order_id)] = np.uint32(slot)


@inline
def _close_gap(book, place):
    last, gap, at = _U(state_at(book).ids_room - 1), place, place
    while True:
        at = (at + _ONE) & last
        entry = table_of(book)[at]
        if entry == _ZERO:
            break
        home = (entry & _TAG) >> _U(state_at(book).hash_shift)
        if ((at - home) & last) >= ((at - gap) & last):
            table_of(book)[gap] = entry
            gap = at
    table_of(book)[gap] = _ZERO


@inline
def forget_id(book, order_id):
    """Forget an order that is live."""
    if state_at(book).hashed != 0:
        _close_gap(book, _place(book, order_id))
    else:
        ids_of(book)[_U(order_id)] = np.uint32(0)


@inline
def has_room_for(book, order_id):
    """Whether the array reaches to this id; a table has its room by the number of orders."""
    return state_at(book).hashed != 0 or _U(order_id) < _U(state_at(book).ids_room)


@inline
def fetch_ahead(book, order_id):
    """Ask for the memory that says where an order stands."""
    if state_at(book).hashed != 0:
        prefetch(
            state_at(book).ids_at + np.int64(_tag(order_id) >> _U(state_at(book).hash_shift)) * 8
        )
    else:
        prefetch(state_at(book).ids_at + order_id * 4)


@inline
def fetch_order_ahead(book, order_id):
    """Ask for the memory of an order, where it can be told without a search."""
    state = state_at(book)
    slot = _ZERO
    if state.hashed != 0:
        slot = table_of(book)[_tag(order_id) >> _U(state.hash_shift)] >> _HALF
    elif _U(order_id) < _U(state.ids_room):
        slot = _U(ids_of(book)[_U(order_id)])
    prefetch(state.orders_at + np.int64(slot) * _ORDER_SIZE)
