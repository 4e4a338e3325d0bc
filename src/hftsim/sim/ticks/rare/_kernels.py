"""Rows that change more than one level: clearing, and best quotes."""

from hftsim.book.depth._kernels import (
    BEST,
    NO_ROOM,
    clear_rows,
    clear_side,
    depth_at,
    level_qty,
    put_level,
    tops_of,
)
from hftsim.core.events import EventKind

CLEAR, CLEAR_TO, QUOTE = int(EventKind.CLEAR), int(EventKind.CLEAR_TO), int(EventKind.QUOTE)


def rare_row(book_address, level, kind, side, price, qty):
    """Apply a CLEAR, CLEAR_TO or QUOTE row to a book; a kernel of its own.

    A QUOTE counts in data of best quotes (`level` 1) alone, where it is all there is of its side.
    Returns the quantity the quoted level had, or NO_ROOM.
    """
    book = depth_at(book_address)
    if kind == QUOTE:
        if level != 1:
            return 0
        index, key = (1 - side) >> 1, price * side
        previous = level_qty(book, index, key)
        if tops_of(book)[BEST + index] != key:
            clear_side(book, index)
        if put_level(book, index, key, qty, 0) == NO_ROOM:
            return NO_ROOM
        return previous
    if kind in (CLEAR, CLEAR_TO):
        clear_rows(book, side, price, kind == CLEAR)
    return 0
