"""A book by order: rest, reduce and remove orders, find them by id, find the next best level.

Every function takes a `Book` (see `open_book`), the arrays of one book's memory. Nothing here
matches: the same functions hold the book of the matching engine and that of recorded data.
"""

import numpy as np

from hftsim.book.bitmap._kernels import WORDS, clear_bit, next_above, set_bit, words_at
from hftsim.book.orders.far._kernels import add_far, far_after, first_far, remove_far
from hftsim.book.orders.ids._kernels import forget_id, keep_id
from hftsim.book.orders.layout import (
    HAS_EXTRA,
    HEADS,
    LADDER,
    LARGEST,
    POSITIONS,
    SMALLEST,
)
from hftsim.book.orders.state._kernels import far_of, level_of, order_of, side_of, state_at
from hftsim.native.records import compiled, inline

_U = np.uint64
_POSITIONS, _LADDER, _HAS_EXTRA, _NONE = _U(POSITIONS), _U(LADDER), _U(HAS_EXTRA), _U(0)


# ---------------------------------------------------------------- prices, sides, levels


@inline
def side_number(side):
    """Return 0 for the bids (1), 1 for the asks (-1)."""
    return (np.int64(1) - np.int64(side)) >> 1


@inline
def key_of(side, price):
    """Return the key of a price on a side (0 bids, 1 asks); the same turns it back."""
    return price ^ (np.int64(side) - 1)


@inline
def side_of_level(book, level):
    """Return the side of a level (not of a queue)."""
    if level < _LADDER:
        return np.int64(level // _POSITIONS)
    return np.int64(far_of(book, level - _LADDER).list)


@inline
def key_of_level(book, level):
    """Return the key of a level."""
    if level < _LADDER:
        side = level // _POSITIONS
        return side_of(book, side).base + np.int64(level & (_POSITIONS - _U(1)))
    return far_of(book, level - _LADDER).key


@inline
def price_of(book, slot):
    """Return the price of the order in a slot."""
    level = _U(order_of(book, slot).level)
    return key_of(side_of_level(book, level), key_of_level(book, level))


@inline
def words_of(book, side):
    return words_at(state_at(book).words_at + np.int64(side) * (8 * WORDS), WORDS)


@inline
def _lower(key, by):
    return key - by if key >= SMALLEST + by else np.int64(SMALLEST)


@inline
def window_around(key):
    """Return the base of a window that holds `key` in its first quarter."""
    base = _lower(key, np.int64(POSITIONS // 4))
    return min(base, np.int64(LARGEST - POSITIONS + 1))


@compiled
def _far_level(book, side, key):
    own = side_of(book, side)
    if own.levels == 0:
        own.base = window_around(key)
        return _U(side) * _POSITIONS + _U(key - own.base)
    own.far_adds += 1
    return _LADDER + add_far(book, side, key)


@inline
def level_at(book, side, key):
    """Return the level of a key for an order that comes, made where it is a far one."""
    position = _U(key) - _U(side_of(book, side).base)
    if position < _POSITIONS:
        return _U(side) * _POSITIONS + position
    return _far_level(book, side, key)


@inline
def find_best(book, side):
    """Return the best of all levels of a side, however it is found, and note it."""
    own = side_of(book, side)
    position = next_above(words_of(book, side), np.int64(-1))
    own.best_key, own.best_level = np.int64(LARGEST), np.int64(-1)
    if position >= 0:
        own.best_key = own.base + position
        own.best_level = np.int64(side) * POSITIONS + position
    if own.far != 0:
        node = first_far(book, side)
        if own.best_level < 0 or far_of(book, node).key < own.best_key:
            own.best_key = far_of(book, node).key
            own.best_level = np.int64(_LADDER + node)


@inline
def following(book, side, key):
    """Return the level after `key` on a side (-1: none); `key_of_level` gives its key."""
    own = side_of(book, side)
    position = _U(key) - _U(own.base)
    start = np.int64(position) if position < _POSITIONS else np.int64(-1)
    near = np.int64(-1)
    if position < _POSITIONS or key < own.base:
        near = next_above(words_of(book, side), start)
    if own.far != 0:
        node = far_after(book, side, key)
        if node != _NONE and (near < 0 or far_of(book, node).key < own.base + near):
            return np.int64(_LADDER + node)
    return near if near < 0 else np.int64(side) * POSITIONS + near


@inline
def _level_opens(book, side, level, key):
    own = side_of(book, side)
    own.levels += 1
    if level < _LADDER:
        set_bit(words_of(book, side), level & (_POSITIONS - _U(1)))
    else:
        own.far += 1
    if key < own.best_key or own.best_level < 0:
        own.best_key, own.best_level = key, np.int64(level)


@compiled
def _far_level_closes(book, level):
    node = level - _LADDER
    number = np.int64(far_of(book, node).list)
    remove_far(book, node)
    own = side_of(book, number)
    own.levels -= 1
    own.far -= 1
    if own.best_level == np.int64(level):
        find_best(book, number)


@inline
def _level_closes(book, level):
    if level >= _LADDER:
        _far_level_closes(book, level)
        return
    side, position = level // _POSITIONS, level & (_POSITIONS - _U(1))
    own = side_of(book, side)
    own.levels -= 1
    words = words_of(book, side)
    clear_bit(words, position)
    if own.best_level == np.int64(level):
        after = next_above(words, np.int64(position))
        if own.far == 0 and after >= 0:
            own.best_key = own.base + after
            own.best_level = np.int64(side * _POSITIONS) + after
        else:
            find_best(book, side)


# ---------------------------------------------------------------- orders


@inline
def take_slot(book):
    """Return a free slot; the caller has made sure that there is one."""
    state = state_at(book)
    slot = _U(state.orders_free)
    if slot != _NONE:
        state.orders_free = np.int64(order_of(book, slot).next)
    else:
        slot = _U(state.orders_used)
        state.orders_used += 1
    state.live += 1
    return slot


@inline
def give_slot(book, slot):
    """Give back the slot of an order that is neither in a level nor known by its id."""
    state = state_at(book)
    order_of(book, slot).next = np.uint32(state.orders_free)
    state.orders_free = np.int64(slot)
    state.live -= 1


@compiled
def _join_before_hidden(book, slot, level):
    """Put an order that shows something behind the last one that does."""
    order, queue = order_of(book, slot), level_of(book, level)
    after, before = _NONE, _U(queue.tail)
    while before != _NONE and order_of(book, before).qty == 0:
        after, before = before, _U(order_of(book, before).prev)
    order.next, order.prev = np.uint32(after), np.uint32(before)
    order_of(book, after).prev = np.uint32(slot)
    if before != _NONE:
        order_of(book, before).next = np.uint32(slot)
    else:
        queue.head = np.uint32(slot)


@inline
def join_level(book, slot, level, shown):
    """Put an order at the back of a level, or before those that show nothing if it shows something.

    Returns whether the level was empty.
    """
    order, queue = order_of(book, slot), level_of(book, level)
    last = _U(queue.tail)
    order.qty = shown
    order.level = np.uint32(level)
    queue.qty += shown
    if last != _NONE:
        back = order_of(book, last)
        if back.qty == 0 and shown != 0:
            _join_before_hidden(book, slot, level)
            return False
        back.next = np.uint32(slot)
        order.next, order.prev = np.uint32(0), np.uint32(last)
        queue.tail = np.uint32(slot)
        return False
    order.next, order.prev = np.uint32(0), np.uint32(0)
    queue.head = queue.tail = np.uint32(slot)
    return True


@inline
def leave_level(book, slot):
    """Take an order out of its queue; return whether its level is empty now."""
    order = order_of(book, slot)
    queue = level_of(book, order.level)
    after, before = _U(order.next), _U(order.prev)
    queue.qty -= order.qty
    if before != _NONE:
        order_of(book, before).next = np.uint32(after)
    else:
        queue.head = np.uint32(after)
    if after != _NONE:
        order_of(book, after).prev = np.uint32(before)
    else:
        queue.tail = np.uint32(before)
    return before == _NONE and after == _NONE


@inline
def rest(book, slot, side, key, shown):
    """Put an order (its id and terms are set) at the back of the level of `key` on a side."""
    level = level_at(book, side, key)
    side_of(book, side).orders += 1
    if join_level(book, slot, level, shown):
        _level_opens(book, side, level, key)


@inline
def unrest(book, slot):
    """Take a resting order off its level; it stays known, and in its slot."""
    level = _U(order_of(book, slot).level)
    side_of(book, side_of_level(book, level)).orders -= 1
    if leave_level(book, slot):
        _level_closes(book, level)


@inline
def reduce(book, slot, by):
    """Take `by` lots from what an order shows; it keeps its place and must not come to nothing."""
    order = order_of(book, slot)
    order.qty -= by
    level_of(book, order.level).qty -= by


@inline
def add(book, order_id, side, price, qty, terms):
    """Make an order that rests: unknown id, qty above 0, room made sure of. Return its slot."""
    slot = take_slot(book)
    order = order_of(book, slot)
    order.id = order_id
    order.terms = np.uint32(terms)
    keep_id(book, order_id, slot)
    rest(book, slot, side, key_of(side, price), qty)
    return slot


@inline
def remove(book, slot):
    """Take an order without an extra out of the book and forget it."""
    unrest(book, slot)
    forget_id(book, order_of(book, slot).id)
    give_slot(book, slot)


@inline
def room_left(book):
    """Return how many orders can certainly be added before something must grow."""
    state = state_at(book)
    free = state.orders_room - 1 - state.live
    free = min(free, state.far_room - HEADS - state.far_live - state.extras_live)
    if state.hashed:
        free = min(free, state.ids_room // 8 * 5 - state.live)
    return min(free, state.extras_room - 1 - state.extras_live)
