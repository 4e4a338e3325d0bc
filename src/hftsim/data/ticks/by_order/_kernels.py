"""Rows by order made to stand alone: side, price, change and priority in every row.

Orders that live stand in a hash table sized to them, by open addressing with backward shift.
"""

import numpy as np

from hftsim.core.events import EventKind
from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, compiled, inline, pointer_to, record_type

LIVE = record_dtype({"id": int, "side": int, "price": int, "qty": int, "priority": int})
LIVE_SIZE = LIVE.itemsize
STATE = record_dtype(
    {
        "orders_at": int,
        "capacity": int,
        "shift": int,
        "count": int,
        "priority": int,
        "row": int,
        "made": int,
        "unknown": int,
        "beyond": int,
        "kind_at": int,
        "side_at": int,
        "price_at": int,
        "qty_at": int,
        "order_id_at": int,
        "out_row_at": int,
        "out_kind_at": int,
        "out_side_at": int,
        "out_price_at": int,
        "out_qty_at": int,
        "out_priority_at": int,
    }
)
"""`row` is the next one to read, `made` counts the rows written; for each row read there is room
for two."""
DONE, FULL, REPEATED_ID = range(3)

live_at, state_at = pointer_to(record_type("live", LIVE)), pointer_to(record_type("rows", STATE))
ints_at, kinds_at, sides_at = array_at("i8"), array_at("u1"), array_at("i1")

_U = np.uint64
_MIX = np.uint64(0x9E3779B97F4A7C15)
_ADD, _REDUCE, _DELETE = int(EventKind.ADD), int(EventKind.REDUCE), int(EventKind.DELETE)
_MODIFY, _EXECUTE, _CLEAR = int(EventKind.MODIFY), int(EventKind.EXECUTE), int(EventKind.CLEAR)


@inline
def _live(state, row):
    return live_at(state.orders_at + row * LIVE_SIZE)


@inline
def _home(state, order_id):
    return np.int64((_U(order_id) * _MIX) >> _U(state.shift))


@compiled
def find_order(state, order_id):
    """Return the row of a live order, or the empty row where it would stand (id 0)."""
    row = _home(state, order_id)
    while _live(state, row).id != 0 and _live(state, row).id != order_id:
        row = (row + 1) & (state.capacity - 1)
    return row


@compiled
def remove_order(state, row):
    """Empty a row; those behind it move up, so that a search never stops short."""
    mask, hole = state.capacity - 1, row
    row = (row + 1) & mask
    while _live(state, row).id != 0:
        order = _live(state, row)
        if (row - _home(state, order.id)) & mask >= (row - hole) & mask:
            copy_order(_live(state, hole), order)
            hole = row
        row = (row + 1) & mask
    _live(state, hole).id = 0
    state.count -= 1


@inline
def copy_order(to, order):
    """Copy all fields of a live order."""
    to.id = order.id
    to.side = order.side
    to.price = order.price
    to.qty = order.qty
    to.priority = order.priority


@compiled
def _put(state, kind, side, price, qty, priority):
    row = state.made
    ints_at(state.out_row_at, row + 1)[row] = state.row
    kinds_at(state.out_kind_at, row + 1)[row] = kind
    sides_at(state.out_side_at, row + 1)[row] = side
    ints_at(state.out_price_at, row + 1)[row] = price
    ints_at(state.out_qty_at, row + 1)[row] = qty
    ints_at(state.out_priority_at, row + 1)[row] = priority
    state.made += 1


@compiled
def _add(state, order_id, side, price, qty):
    order = _live(state, find_order(state, order_id))
    state.priority += 1
    state.count += 1
    order.id = order_id
    order.side = side
    order.price = price
    order.qty = qty
    order.priority = state.priority
    _put(state, _ADD, side, price, qty, state.priority)


@compiled
def _change(state, kind, order_id, row, price, qty):
    """Handle a row about a live order."""
    order = _live(state, row)
    if kind == _MODIFY and order.price == price and qty < order.qty:
        kind, qty = _REDUCE, order.qty - qty
    if kind == _MODIFY:
        side = order.side
        _put(state, _DELETE, side, order.price, order.qty, order.priority)
        remove_order(state, row)
        if qty > 0:
            _add(state, order_id, side, price, qty)
        return
    if kind == _DELETE or qty > order.qty:
        if kind != _DELETE:
            state.beyond += 1
        qty = order.qty
    _put(state, kind, order.side, order.price, qty, order.priority)
    order.qty -= qty
    if order.qty == 0:
        remove_order(state, row)


@compiled
def _forget(state, side):
    """Forget the orders of a side (0: of both)."""
    row = 0
    while row < state.capacity:
        order = _live(state, row)
        if order.id != 0 and (side == 0 or order.side == side):
            remove_order(state, row)  # which may move another order here
        else:
            row += 1


def place_rows(address, rows):
    """Go on from `row` to the end; returns DONE, FULL or REPEATED_ID. A kernel of its own."""
    state = state_at(address)
    kinds, sides = kinds_at(state.kind_at, rows), sides_at(state.side_at, rows)
    prices, qtys = ints_at(state.price_at, rows), ints_at(state.qty_at, rows)
    ids = ints_at(state.order_id_at, rows)
    while state.row < rows:
        row = state.row
        kind, order_id = np.int64(kinds[row]), ids[row]
        if 2 * state.count + 4 > state.capacity:
            return FULL
        if kind < _ADD or kind > _EXECUTE:
            if kind == _CLEAR:
                _forget(state, np.int64(sides[row]))
            _put(state, kind, np.int64(sides[row]), prices[row], qtys[row], 0)
        else:
            found = find_order(state, order_id)
            is_live = _live(state, found).id != 0
            if kind == _ADD:
                if is_live:
                    return REPEATED_ID
                _add(state, order_id, np.int64(sides[row]), prices[row], qtys[row])
            elif is_live:
                _change(state, kind, order_id, found, prices[row], qtys[row])
            else:
                state.unknown += 1
                _put(state, kind, np.int64(sides[row]), prices[row], qtys[row], 0)
        state.row += 1
    return DONE


def move_orders(address, old_at, old_capacity):
    """Take over the orders of a smaller table; a kernel of its own."""
    state = state_at(address)
    for row in range(old_capacity):
        order = live_at(old_at + row * LIVE_SIZE)
        if order.id != 0:
            copy_order(_live(state, find_order(state, order.id)), order)
    return 0
