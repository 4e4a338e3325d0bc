"""Levels far from the window of a book by price: a hash table for each side."""

import numpy as np

from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, compiled, inline, pointer_to, record_type, rows_at

NO_LEVEL = -(1 << 62)
"""The best key of a side without levels."""
NO_ROOM = -1
"""Returned instead of the previous quantity: no room for far levels, nothing was changed."""
MOST_PRICE = 1 << 60
"""Prices beyond this, in ticks, are no prices."""
DEPTH = record_dtype(
    {
        "qtys_at": int,
        "words_at": int,
        "tops_at": int,
        "far_at": int,
        "far_capacity": int,
        "far_shift": int,
        "far_hits": int,
        "address": int,
        "put_far_op": int,
    }
)
"""Addresses: quantities int64[2][POSITIONS], bitmaps uint64[2][WORDS], `TOPS` words, far levels."""
BEST, ORIGIN, FAR_COUNT, FAR_BEST, HIDES, TOPS = 0, 2, 4, 6, 8, 9
"""Words at `tops_at`, for bid and ask: best key, key of position 0, number of far levels,
their best key; and whether crossed levels may be hidden."""
FAR = record_dtype({"key": int, "qty": int})

depth_at = pointer_to(record_type("depth", DEPTH))

far_level_row = rows_at(record_type("far", FAR))
ints_at = array_at("i8")

_MIX = np.uint64(0x9E3779B97F4A7C15)
_U = np.uint64


@inline
def tops_of(book):
    """Return the words of `book` that change most: see `TOPS`."""
    return ints_at(book.tops_at, TOPS)


@inline
def far_of(book, index, row):
    """Return a row of the table of a side; quantity 0 means it is empty."""
    row += index * book.far_capacity
    return far_level_row(book.far_at, row, 2 * book.far_capacity)


@inline
def home_of(book, key):
    """Return the row at which the search for a key begins."""
    return np.int64((_U(key) * _MIX) >> _U(book.far_shift))


@compiled
def far_row(book, index, key):
    """Return the row of a far level, or the empty row where it would stand."""
    row = home_of(book, key)
    while far_of(book, index, row).qty != 0 and far_of(book, index, row).key != key:
        row = (row + 1) & (book.far_capacity - 1)
    return row


@compiled
def remove_far(book, index, row):
    """Empty a row; those behind it move up, so that a search never stops short."""
    mask, hole, gone = book.far_capacity - 1, row, far_of(book, index, row).key
    row = (row + 1) & mask
    while far_of(book, index, row).qty != 0:
        level = far_of(book, index, row)
        if (row - home_of(book, level.key)) & mask >= (row - hole) & mask:
            far_of(book, index, hole).key = level.key
            far_of(book, index, hole).qty = level.qty
            hole = row
        row = (row + 1) & mask
    far_of(book, index, hole).qty = 0
    tops = tops_of(book)
    tops[FAR_COUNT + index] -= 1
    if gone == tops[FAR_BEST + index]:
        tops[FAR_BEST + index] = far_key_below(book, index, gone)


@compiled
def far_key_below(book, index, key):
    """Return the best key of the far levels of a side below `key`, or NO_LEVEL."""
    found = np.int64(NO_LEVEL)
    for row in range(book.far_capacity):
        level = far_of(book, index, row)
        if level.qty != 0 and level.key < key:
            found = max(found, level.key)
    return found


@compiled
def insert_far(book, index, key, qty):
    """Enter a level that is not there; the caller has made sure of room."""
    level = far_of(book, index, far_row(book, index, key))
    level.key = key
    level.qty = qty
    tops = tops_of(book)
    tops[FAR_COUNT + index] += 1
    tops[FAR_BEST + index] = max(tops[FAR_BEST + index], key)


@compiled
def set_far(book, index, key, qty):
    """Set a level outside of the window; returns its previous quantity, or NO_ROOM."""
    row = far_row(book, index, key)
    previous = far_of(book, index, row).qty
    if previous != 0:
        if qty > 0:
            far_of(book, index, row).qty = qty
        else:
            remove_far(book, index, row)
    elif qty > 0:
        if 2 * tops_of(book)[FAR_COUNT + index] >= book.far_capacity:
            return NO_ROOM
        insert_far(book, index, key, qty)
    return previous


def take_far(address, index, old_at, old_capacity):
    """Take over the far levels of a smaller table; a kernel of its own."""
    book = depth_at(address)
    tops_of(book)[FAR_COUNT + index] = 0
    for row in range(old_capacity):
        level = far_level_row(old_at, row, old_capacity)
        if level.qty != 0:
            insert_far(book, index, level.key, level.qty)
    return 0
