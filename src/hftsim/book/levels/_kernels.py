"""Whole messages applied to a book by price, and what is asked of it from Python."""

import numpy as np

from hftsim.book.bitmap._kernels import (
    NOWHERE,
    POSITIONS,
    WORDS,
    next_below,
    words_at,
)
from hftsim.book.depth._kernels import (
    BEST,
    HIDES,
    MOST_PRICE,
    NO_LEVEL,
    NO_ROOM,
    ORIGIN,
    clear_side,
    depth_at,
    is_crossed,
    level_qty,
    next_key,
    set_level,
    tops_of,
    worst_key,
)
from hftsim.book.depth.far._kernels import far_of, ints_at

SUMMARY = 5
"""Words of a summary: bid price, bid quantity, ask price, ask quantity, whether levels cross.

A quantity of 0 says that the side is empty.
"""


def apply_levels(book_at, counts_at, pairs_at, bids, total, start):
    """Set levels from (price, qty) pairs, `bids` bids first, from pair `start` on.

    Returns `total`, or the pair for which there is no room far from the window, or -1 minus the
    pair that cannot be. The numbers of levels, bid and ask, stand at `counts_at`.
    """
    book, counts, pairs = depth_at(book_at), ints_at(counts_at, 2), ints_at(pairs_at, 2 * total)
    for row in range(start, total):
        index = 0 if row < bids else 1
        price, qty = pairs[np.uint64(2 * row)], pairs[np.uint64(2 * row + 1)]
        if qty < 0 or abs(price) >= MOST_PRICE:
            return -1 - row
        previous = set_level(book, index, price if index == 0 else -price, qty)
        if previous == NO_ROOM:
            return row
        counts[index] += (1 if qty > 0 else 0) - (1 if previous > 0 else 0)
    return total


def clear_levels(book_at, counts_at):
    """Remove every level."""
    book, counts = depth_at(book_at), ints_at(counts_at, 2)
    for index in range(2):
        clear_side(book, index)
        counts[index] = 0
    return 0


def drop_worst(book_at, counts_at, most, dropped_at):
    """Remove the levels of each side beyond the `most` best; writes their prices, bids first.

    There is room for ``max(count - most, 0)`` prices of each side. Returns how many went.
    """
    book, counts, removed = depth_at(book_at), ints_at(counts_at, 2), 0
    for index in range(2):
        while counts[index] > most:
            key = worst_key(book, index)
            set_level(book, index, key, 0)
            counts[index] -= 1
            ints_at(dropped_at + 8 * removed, 1)[0] = key if index == 0 else -key
            removed += 1
    return removed


def summarise(book_at, out_at):
    """Write the `SUMMARY` of the book: best prices and their quantities, and whether it crosses."""
    book, out = depth_at(book_at), ints_at(out_at, SUMMARY)
    crossed = tops_of(book)[HIDES] != 0 and is_crossed(book)
    for index in range(2):
        key = tops_of(book)[BEST + index]
        if tops_of(book)[HIDES] != 0 and not crossed:
            key = next_key(book, index, MOST_PRICE + 1)  # nothing is hidden any more
        out[2 * index] = 0
        out[2 * index + 1] = 0
        if key != NO_LEVEL:
            out[2 * index] = key if index == 0 else -key
            out[2 * index + 1] = level_qty(book, index, key)
    out[4] = 1 if crossed else 0
    return 0


def window_levels(book_at, index, out_at, most):
    """Write up to `most` (price, qty) pairs of a side in the window, best first; returns how many.

    Levels that cross the other side are among them.
    """
    book, out = depth_at(book_at), ints_at(out_at, 2 * most)
    words = words_at(book.words_at + index * (8 * WORDS), WORDS)
    origin, found = tops_of(book)[ORIGIN + index], 0
    position = next_below(words, POSITIONS)
    while position != NOWHERE and found < most:
        key = origin + position
        out[np.uint64(2 * found)] = key if index == 0 else -key
        out[np.uint64(2 * found + 1)] = level_qty(book, index, key)
        found += 1
        position = next_below(words, position)
    return found


def far_levels(book_at, index, out_at, most):
    """Write all (price, qty) pairs of a side outside of the window, in no order; returns how many.

    There is room for `most`, which is how many there are.
    """
    book, out, found = depth_at(book_at), ints_at(out_at, 2 * most), 0
    for row in range(book.far_capacity):
        level = far_of(book, index, row)
        if level.qty != 0 and found < most:
            out[np.uint64(2 * found)] = level.key if index == 0 else -level.key
            out[np.uint64(2 * found + 1)] = level.qty
            found += 1
    return found
