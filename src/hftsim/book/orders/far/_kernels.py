"""Levels outside of the ladder's window, and stop orders by their trigger: sorted skip lists.

A node is found, added and taken out in about log(n) steps for any prices whatever, and followed by
its neighbour in one. Node numbers below `LISTS` are the heads; link 0 is the end of a list.
"""

import numpy as np

from hftsim.book.orders.layout import HEIGHT, LADDER
from hftsim.book.orders.state._kernels import far_links, far_of, level_of, state_at
from hftsim.native.bits import lowest_bit
from hftsim.native.records import compiled, inline

_U = np.uint64
_H = _U(HEIGHT)


@inline
def far_link(book, node, height):
    """Return the node that follows `node` at this height, 0 for none."""
    return _U(far_links(book)[_U(node) * _H + _U(height)])


@inline
def _put_link(book, node, height, target):
    far_links(book)[_U(node) * _H + _U(height)] = np.uint32(target)


@inline
def first_far(book, list_number):
    """Return the node of the smallest key in a list, 0 where it is empty."""
    return far_link(book, list_number, 0)


@inline
def far_after(book, list_number, key):
    """Return the node of the smallest key above `key`, 0 for none."""
    node = _U(list_number)
    for height in range(HEIGHT - 1, -1, -1):
        after = far_link(book, node, height)
        while after != _U(0) and far_of(book, after).key <= key:
            node = after
            after = far_link(book, node, height)
    return far_link(book, node, 0)


@inline
def find_far(book, list_number, key):
    """Return the node of `key` in a list, 0 where it has none."""
    node = _U(list_number)
    for height in range(HEIGHT - 1, -1, -1):
        after = far_link(book, node, height)
        while after != _U(0) and far_of(book, after).key < key:
            node = after
            after = far_link(book, node, height)
    found = far_link(book, node, 0)
    return found if found != _U(0) and far_of(book, found).key == key else _U(0)


@inline
def _random_height(state):
    word = _U(state.random)
    word ^= word << _U(13)
    word ^= word >> _U(7)
    word ^= word << _U(17)
    state.random = np.int64(word)
    return np.int64(lowest_bit(word | (_U(1) << _U(2 * HEIGHT - 2)))) // 2 + 1


@inline
def _take_node(book):
    """Return a free node; the caller has made sure that there is one."""
    state, links = state_at(book), far_links(book)
    node = _U(state.far_free)
    if node != _U(0):
        state.far_free = np.int64(links[node * _H])
    else:
        node = _U(state.far_used)
        state.far_used += 1
    state.far_live += 1
    return node


@compiled
def add_far(book, list_number, key):
    """Return the node of `key` in a list, made where it has none."""
    found = find_far(book, list_number, key)
    if found != _U(0):
        return found
    made = _take_node(book)
    height = _random_height(state_at(book))
    record = far_of(book, made)
    record.key = key
    record.list = np.uint32(list_number)
    record.height = np.uint32(height)
    level = level_of(book, _U(LADDER) + made)
    level.qty = 0
    level.head = np.uint32(0)
    level.tail = np.uint32(0)
    node = _U(list_number)
    for h in range(HEIGHT - 1, -1, -1):
        after = far_link(book, node, h)
        while after != _U(0) and far_of(book, after).key < key:
            node = after
            after = far_link(book, node, h)
        if h < height:
            _put_link(book, made, h, after)
            _put_link(book, node, h, made)
    return made


@compiled
def remove_far(book, removed):
    """Take a node out of its list and give it back."""
    record = far_of(book, removed)
    node, key = _U(record.list), record.key
    for h in range(HEIGHT - 1, -1, -1):
        after = far_link(book, node, h)
        while after != _U(0) and far_of(book, after).key < key:
            node = after
            after = far_link(book, node, h)
        if after != _U(0) and after == _U(removed):
            _put_link(book, node, h, far_link(book, after, h))
    _put_link(book, removed, 0, _U(state_at(book).far_free))
    state_at(book).far_free = np.int64(removed)
    state_at(book).far_live -= 1
