"""Between messages: the window of a ladder moves after the market, ids move into another table."""

import numpy as np

from hftsim.book.bitmap._kernels import clear_bit, next_above, set_bit
from hftsim.book.orders._kernels import find_best, window_around, words_of
from hftsim.book.orders.far._kernels import add_far, far_after, first_far, remove_far
from hftsim.book.orders.ids._kernels import keep_id
from hftsim.book.orders.layout import LADDER, POSITIONS
from hftsim.book.orders.state._kernels import far_of, level_of, order_of, side_of, state_at
from hftsim.native.records import array_at, compiled, inline

MOVE_SIGNATURE = "void(int64, int64)"
KEEP_IDS_SIGNATURE = "void(int64, int64, int64)"

_slots_at = array_at("i8")
_U = np.uint64
_FEW = 1024


@inline
def wants_window(book, side):
    """Whether so many orders came outside of the window that moving it costs less than they did."""
    own = side_of(book, side)
    return own.far_adds > _FEW + state_at(book).live


@inline
def _move_level(book, source, target):
    old, new = level_of(book, source), level_of(book, target)
    new.qty, new.head, new.tail = old.qty, old.head, old.tail
    slot = _U(old.head)
    old.qty, old.head, old.tail = np.int64(0), np.uint32(0), np.uint32(0)
    while slot != _U(0):
        order_of(book, slot).level = np.uint32(target)
        slot = _U(order_of(book, slot).next)


@compiled
def _ladder_to_far(book, side):
    own, words = side_of(book, side), words_of(book, side)
    position = next_above(words, np.int64(-1))
    while position >= 0:
        node = add_far(book, side, own.base + position)
        _move_level(book, side * POSITIONS + position, LADDER + np.int64(node))
        clear_bit(words, position)
        own.far += 1
        position = next_above(words, position)


@compiled
def _far_to_ladder(book, side):
    own, words = side_of(book, side), words_of(book, side)
    node = first_far(book, side)
    while node != _U(0):
        key = far_of(book, node).key
        position = _U(key) - _U(own.base)
        if position < _U(POSITIONS):
            _move_level(book, LADDER + np.int64(node), side * POSITIONS + np.int64(position))
            set_bit(words, position)
            remove_far(book, node)
            own.far -= 1
        node = far_after(book, side, key)


def move_window(address, side):
    """Let the window start a little better than the best price; far nodes must suffice for all."""
    book = address
    own = side_of(book, side)
    own.far_adds = 0
    base = window_around(own.best_key)
    if base != own.base and own.levels != 0:
        _ladder_to_far(book, side)
        own.base = base
        _far_to_ladder(book, side)
        find_best(book, side)


def keep_ids(address, slots_at, count):
    """Enter the ids of the orders in these slots into an empty table."""
    book, slots = address, _slots_at(slots_at, count)
    for k in range(count):
        slot = _U(slots[_U(k)])
        keep_id(book, order_of(book, slot).id, slot)
