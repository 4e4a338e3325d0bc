"""Depth, and the place of an order in its queue."""

import numpy as np

from hftsim.book.orders._kernels import (
    following,
    key_of,
    key_of_level,
    price_of,
    side_of_level,
)
from hftsim.book.orders.extras._kernels import hidden_of
from hftsim.book.orders.ids._kernels import find
from hftsim.book.orders.layout import HEADS, LADDER
from hftsim.book.orders.state._kernels import level_of, order_of, side_of
from hftsim.native.records import array_at

LEVELS_SIGNATURE = "int64(int64, int64, int64, int64)"
PLACE_SIGNATURE = "int64(int64, int64, int64)"

_U = np.uint64
_numbers_at = array_at("i8")


def best_levels(book, side, most, out_at):
    """Write (price, shown qty, orders) of up to `most` levels that show something; return how many."""
    out, count = _numbers_at(out_at, 3 * most), np.int64(0)
    level = side_of(book, side).best_level
    while level >= 0 and count < most:
        key, queue = key_of_level(book, _U(level)), level_of(book, level)
        if queue.qty != 0:
            orders, slot = np.int64(0), _U(queue.head)
            while slot != _U(0):
                orders += 1
                slot = _U(order_of(book, slot).next)
            out[3 * count], out[3 * count + 1] = key_of(side, key), queue.qty
            out[3 * count + 2] = orders
            count += 1
        level = following(book, side, key)
    return count


def place_of(book, order_id, out_at):
    """Write (side, price, shown, hidden, qty ahead, orders ahead) of an order; return if it rests.

    1: it rests in the book. 0: it is not live. -1: it waits outside of the book.
    """
    out, slot = _numbers_at(out_at, 6), find(book, order_id)
    if slot == _U(0):
        return 0
    order = order_of(book, slot)
    level = _U(order.level)
    out[2], out[3] = order.qty, hidden_of(book, order.terms)
    if level - _U(LADDER + 2) < _U(HEADS - 2):
        return -1
    out[0], out[1] = 1 - 2 * side_of_level(book, level), price_of(book, slot)
    qty, orders, ahead = np.int64(0), np.int64(0), _U(order.prev)
    while ahead != _U(0):
        qty += order_of(book, ahead).qty
        orders += 1
        ahead = _U(order_of(book, ahead).prev)
    out[4], out[5] = qty, orders
    return 1
