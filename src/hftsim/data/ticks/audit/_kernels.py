"""A book kept beside recorded rows, and for each row what does not fit."""

import numpy as np

from hftsim.book.depth._kernels import (
    HIDES,
    MOST_PRICE,
    NO_LEVEL,
    NO_ROOM,
    clear_rows,
    clear_side,
    depth_at,
    is_crossed,
    next_key,
    put_level,
    tops_of,
)
from hftsim.book.orders._kernels import key_of, remove
from hftsim.book.orders.ids._kernels import find
from hftsim.book.orders.layout import DONE
from hftsim.book.orders.recorded._kernels import TOO_MUCH, UNKNOWN_ID, apply_event, lacks
from hftsim.book.orders.state._kernels import side_of
from hftsim.core.events import EventFlag, EventKind
from hftsim.native.records import array_at, inline

CROSSED, UNKNOWN, REPEATED, BEYOND = 1, 2, 4, 8
"""What is wrong with a row, or with the book after its packet; bits."""

_U = np.uint64
_LAST, _ON_EXCHANGE = int(EventFlag.LAST), int(EventFlag.ON_EXCHANGE)
_DEPTH, _QUOTE = int(EventKind.DEPTH), int(EventKind.QUOTE)
_CLEAR, _CLEAR_TO = int(EventKind.CLEAR), int(EventKind.CLEAR_TO)
_ADD, _MODIFY = int(EventKind.ADD), int(EventKind.MODIFY)
_kinds_at, _sides_at, _numbers_at = array_at("u1"), array_at("i1"), array_at("i8")


@inline
def _apply_level(book, kind, side, price, qty, has_quotes):
    """Apply a row by price; NO_ROOM where there is no room for a far level."""
    if kind == _DEPTH:
        return put_level(book, (1 - side) >> 1, price * side, qty, 0)
    if kind == _QUOTE and has_quotes:
        clear_side(book, (1 - side) >> 1)
        return put_level(book, (1 - side) >> 1, price * side, qty, 0)
    if kind in (_CLEAR, _CLEAR_TO):
        clear_rows(book, side, price, kind == _CLEAR)
    return 0


def audit_levels(
    book_at, has_quotes, kinds_at, sides_at, prices_at, qtys_at, flags_at, first, stop, found_at
):
    """Apply rows by price from `first` on; returns `stop`, or the row that finds no room."""
    book = depth_at(book_at)
    kinds, sides, flags = (
        _kinds_at(kinds_at, stop),
        _sides_at(sides_at, stop),
        _kinds_at(flags_at, stop),
    )
    prices, qtys = _numbers_at(prices_at, stop), _numbers_at(qtys_at, stop)
    found, tops = _kinds_at(found_at, stop), tops_of(book)
    for k in range(first, stop):
        row = _U(k)
        if not flags[row] & _ON_EXCHANGE:
            continue
        kind, side = np.int64(kinds[row]), np.int64(sides[row])
        if _apply_level(book, kind, side, prices[row], qtys[row], has_quotes) == NO_ROOM:
            return k
        if flags[row] & _LAST and tops[HIDES] and is_crossed(book):
            found[row] = CROSSED
    return stop


@inline
def _orders_cross(book):
    bids, asks = side_of(book, 0), side_of(book, 1)
    if bids.best_level < 0 or asks.best_level < 0:
        return False
    return key_of(0, bids.best_key) >= key_of(1, asks.best_key)


@inline
def _apply_order(book, kind, side, price, qty, order_id):
    """Apply a row by order; an order added twice is the second one. Returns what is wrong."""
    wrong = 0
    if kind == _ADD:
        slot = find(book, order_id)
        if slot != _U(0):
            remove(book, slot)
            wrong = REPEATED
    outcome = apply_event(book, kind, side, price, qty, order_id)
    if outcome == UNKNOWN_ID:
        wrong = UNKNOWN
    elif outcome == TOO_MUCH:
        wrong = BEYOND
    return wrong


def audit_orders(
    book, kinds_at, sides_at, prices_at, qtys_at, flags_at, ids_at, first, stop, found_at, needs_at
):
    """Apply rows by order from `first` on.

    Returns `stop`, or the row before which must grow what then stands at `needs_at`.
    """
    kinds, sides, flags = (
        _kinds_at(kinds_at, stop),
        _sides_at(sides_at, stop),
        _kinds_at(flags_at, stop),
    )
    prices, qtys, ids = (
        _numbers_at(prices_at, stop),
        _numbers_at(qtys_at, stop),
        _numbers_at(ids_at, stop),
    )
    found, needs = _kinds_at(found_at, stop), _numbers_at(needs_at, 1)
    for k in range(first, stop):
        row = _U(k)
        if not flags[row] & _ON_EXCHANGE:
            continue
        kind = kinds[row]
        if kind in (_ADD, _MODIFY):
            needs[0] = lacks(book, ids[row])
            if needs[0] != DONE:
                return k
        wrong = _apply_order(book, kind, sides[row], prices[row], qtys[row], ids[row])
        if flags[row] & _LAST and _orders_cross(book):
            wrong |= CROSSED
        found[row] = wrong
    return stop


def best_of_levels(book_at, out_at):
    """Write the best bid and ask, crossed or not; returns whether both sides have a level."""
    book, out = depth_at(book_at), _numbers_at(out_at, 2)
    bid, ask = next_key(book, 0, MOST_PRICE + 1), next_key(book, 1, MOST_PRICE + 1)
    out[0], out[1] = bid, -ask
    return np.int64(bid != NO_LEVEL and ask != NO_LEVEL)


def best_of_orders(book, out_at):
    """Write the best bid and ask, crossed or not; returns whether both sides have an order."""
    bids, asks, out = side_of(book, 0), side_of(book, 1), _numbers_at(out_at, 2)
    out[0], out[1] = key_of(0, bids.best_key), key_of(1, asks.best_key)
    return np.int64(bids.best_level >= 0 and asks.best_level >= 0)
