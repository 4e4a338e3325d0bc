"""The records of a book, found from the address of its `BOOK` record.

A book is passed around as that address: one number. Arrays are built where they are used, with their
length, so that a build with bounds checks (NUMBA_BOUNDSCHECK=1) finds every index out of range.
"""

import numpy as np

from hftsim.book.orders.layout import BOOK, EXTRA, FAR, HEIGHT, LEVEL, ORDER, SIDE, TIMER
from hftsim.native.records import array_at, inline, pointer_to, record_type

_U = np.uint64

state_at = pointer_to(record_type("BookState", BOOK))
_sides_at, _extras_at = array_at(SIDE), array_at(EXTRA)
_orders_at, _levels_at, _far_at = array_at(ORDER), array_at(LEVEL), array_at(FAR)
_timers_at, _owners_at = array_at(TIMER), array_at("i8")
_words_at, _table_at = array_at("u4"), array_at("u8")


@inline
def side_of(book, side):
    """Return the `SIDE` record of the bids (0) or the asks (1)."""
    return _sides_at(state_at(book).sides_at, 2)[_U(side)]


@inline
def order_of(book, slot):
    """Return the `ORDER` record in a slot."""
    state = state_at(book)
    return _orders_at(state.orders_at, state.orders_room)[_U(slot)]


@inline
def level_of(book, level):
    """Return the `LEVEL` record of a level."""
    state = state_at(book)
    return _levels_at(state.levels_at, state.levels_room)[_U(level)]


@inline
def far_of(book, node):
    """Return the `FAR` record of a node."""
    state = state_at(book)
    return _far_at(state.far_at, state.far_room)[_U(node)]


@inline
def far_links(book):
    """Return the links of all nodes, `HEIGHT` each."""
    state = state_at(book)
    return _words_at(state.far_links_at, state.far_room * HEIGHT)


@inline
def extra_of(book, row):
    """Return the `EXTRA` record in a row."""
    state = state_at(book)
    return _extras_at(state.extras_at, state.extras_room)[_U(row)]


@inline
def ids_of(book):
    """Return the slots by order id, where ids are dense."""
    state = state_at(book)
    return _words_at(state.ids_at, state.ids_room)


@inline
def table_of(book):
    """Return the table of ids, where they are hashed."""
    state = state_at(book)
    return _table_at(state.ids_at, state.ids_room)


@inline
def timers_of(book):
    """Return the heap of orders that end by themselves."""
    state = state_at(book)
    return _timers_at(state.timers_at, state.timers_room)


@inline
def blocked_of(book):
    """Return the owners whose orders are refused."""
    state = state_at(book)
    return _owners_at(state.blocked_at, state.blocked)
