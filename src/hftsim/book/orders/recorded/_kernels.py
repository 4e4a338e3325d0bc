"""Changes of a book as a venue recorded them: applied as they stand, never matched, never invented."""

import numpy as np

from hftsim.book.orders._kernels import (
    add,
    key_of,
    price_of,
    reduce,
    remove,
    rest,
    room_left,
    side_number,
    side_of_level,
    unrest,
)
from hftsim.book.orders.ids._kernels import find, has_room_for
from hftsim.book.orders.layout import (
    DONE,
    GROW_EXTRAS,
    GROW_FAR,
    GROW_IDS,
    GROW_ORDERS,
    HEADS,
    MOVE_WINDOW,
)
from hftsim.book.orders.state._kernels import level_of, order_of, side_of, state_at
from hftsim.book.orders.upkeep._kernels import wants_window
from hftsim.core.enums import Side
from hftsim.core.events import EventKind
from hftsim.native.records import array_at, compiled, inline

APPLY_SIGNATURE = "int64(int64, int64, int64, int64, int64, int64, int64, int64, int64)"
APPLIED, UNKNOWN_ID, REPEATED_ID, TOO_MUCH, IMPOSSIBLE, NO_CHANGE, NEEDS = range(7)
"""What became of a row: applied; about an id that is not in the book; of an id that is; taking more
than the order has (which is gone then); without a side, or of no lots; saying nothing of orders. The
last stands in the counts for what the book must grow."""

_U = np.uint64
_CLEAR, _ADD, _REDUCE = int(EventKind.CLEAR), int(EventKind.ADD), int(EventKind.REDUCE)
_DELETE, _MODIFY = int(EventKind.DELETE), int(EventKind.MODIFY)
_EXECUTE = int(EventKind.EXECUTE)
_BUY, _SELL = int(Side.BUY), int(Side.SELL)
_kinds_at, _sides_at, _numbers_at = array_at("u1"), array_at("i1"), array_at("i8")


@compiled
def clear_side(book, side):
    """Remove every order of a side."""
    own = side_of(book, side)
    while own.best_level >= 0:
        remove(book, _U(level_of(book, own.best_level).head))


@inline
def _take(book, order_id, qty):
    slot = find(book, order_id)
    if slot == _U(0):
        return UNKNOWN_ID
    if qty <= 0:
        return IMPOSSIBLE
    left = order_of(book, slot).qty
    if qty < left:
        reduce(book, slot, qty)
        return APPLIED
    remove(book, slot)
    return APPLIED if qty == left else TOO_MUCH


@inline
def _modify(book, order_id, price, qty):
    slot = find(book, order_id)
    if slot == _U(0):
        return UNKNOWN_ID
    if qty <= 0:
        return IMPOSSIBLE
    order = order_of(book, slot)
    if price == price_of(book, slot) and qty <= order.qty:
        if qty < order.qty:
            reduce(book, slot, order.qty - qty)
        return APPLIED
    side = side_of_level(book, _U(order.level))
    unrest(book, slot)
    rest(book, slot, side, key_of(side, price), qty)
    return APPLIED


@inline
def apply_event(book, kind, side, price, qty, order_id):
    """Apply one row of recorded data (`EventKind`); there must be room. Return what became of it."""
    if kind == _ADD:
        if (side != _BUY and side != _SELL) or qty <= 0 or order_id < 0:
            return IMPOSSIBLE
        if find(book, order_id) != _U(0):
            return REPEATED_ID
        add(book, order_id, side_number(side), price, qty, 0)
        return APPLIED
    if kind in (_REDUCE, _EXECUTE):
        return _take(book, order_id, qty)
    if kind == _DELETE:
        slot = find(book, order_id)
        if slot == _U(0):
            return UNKNOWN_ID
        remove(book, slot)
        return APPLIED
    if kind == _MODIFY:
        return _modify(book, order_id, price, qty)
    if kind == _CLEAR:
        for number in range(2):
            if side == 0 or side_number(side) == number:
                clear_side(book, number)
        return APPLIED
    return NO_CHANGE


@compiled
def lacks(book, order_id):
    """Return what a book must grow before it can take one more order of this id, or DONE."""
    state = state_at(book)
    if wants_window(book, 0) or wants_window(book, 1):
        return MOVE_WINDOW
    if state.live >= state.orders_room - 1:
        return GROW_ORDERS
    if state.far_live + state.extras_live >= state.far_room - HEADS:
        return GROW_FAR
    if state.extras_live >= state.extras_room - 1:
        return GROW_EXTRAS
    if room_left(book) <= 0 or (order_id >= 0 and not has_room_for(book, order_id)):
        state.wanted_id = order_id
        return GROW_IDS
    return DONE


def apply_events(book, kinds_at, sides_at, prices_at, qtys_at, ids_at, first, stop, counts_at):
    """Apply rows until something must grow; return the next row. `counts` gets what became of them."""
    kinds, sides = _kinds_at(kinds_at, stop), _sides_at(sides_at, stop)
    prices, qtys = _numbers_at(prices_at, stop), _numbers_at(qtys_at, stop)
    ids, counts = _numbers_at(ids_at, stop), _numbers_at(counts_at, NEEDS + 1)
    room = np.int64(0)
    for row in range(first, stop):
        at = _U(row)
        kind, order_id = kinds[at], ids[at]
        if kind in (_ADD, _MODIFY):
            if room <= 0 or (order_id >= 0 and not has_room_for(book, order_id)):
                counts[NEEDS] = lacks(book, order_id)
                if counts[NEEDS] != DONE:
                    return row
                room = min(room_left(book), np.int64(1024))
            room -= 1
        outcome = apply_event(book, kind, sides[at], prices[at], qtys[at], order_id)
        counts[outcome] += 1
    return stop
