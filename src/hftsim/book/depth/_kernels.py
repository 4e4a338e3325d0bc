"""A book by price in compiled memory: a dense window of levels, and a sorted rest far from it.

Both sides run through the same code: a level's key is its price for bids and the negative price
for asks, so that a higher key is always the better price. The window holds 262,144 ticks; levels
outside stand in a hash table for each side, where only the rare search for a next best price has to
look through all of them; the window moves after the market.
"""

import numpy as np

from hftsim.book.bitmap._kernels import (
    NOWHERE,
    POSITIONS,
    WORDS,
    clear_bit,
    next_above,
    next_below,
    put_bit,
    set_bit,
    words_at,
)
from hftsim.book.depth.far._kernels import (
    BEST,
    DEPTH,
    FAR,
    FAR_BEST,
    FAR_COUNT,
    HIDES,
    MOST_PRICE,
    NO_LEVEL,
    NO_ROOM,
    ORIGIN,
    TOPS,
    depth_at,
    far_key_below,
    far_of,
    far_row,
    insert_far,
    ints_at,
    remove_far,
    set_far,
    take_far,
    tops_of,
)
from hftsim.native.records import call_at, compiled, inline

__all__ = [
    "BEST",
    "DEPTH",
    "FAR",
    "FAR_BEST",
    "FAR_COUNT",
    "HIDES",
    "MOST_PRICE",
    "NO_LEVEL",
    "NO_ROOM",
    "ORIGIN",
    "TOPS",
    "best_ask",
    "best_bid",
    "clear_rows",
    "clear_side",
    "clear_to",
    "depth_at",
    "has_side",
    "is_crossed",
    "level_qty",
    "levels_of",
    "next_key",
    "put_far",
    "put_level",
    "set_level",
    "side_index",
    "take_far",
    "tops_of",
    "worst_key",
]

FAR_HITS = 1024
"""So many changes far from the window make it move to the market."""

_call_put_far = call_at(5)
_U = np.uint64


@inline
def side_index(side):
    """Return 0 for the bid side (1), 1 for the ask side (-1)."""
    return (1 - side) >> 1


@inline
def best_bid(book):
    """Return the best bid in ticks; NO_LEVEL if there is none."""
    return tops_of(book)[BEST]


@inline
def best_ask(book):
    """Return the best ask in ticks; -NO_LEVEL if there is none."""
    return -tops_of(book)[BEST + 1]


@inline
def has_side(book, index):
    """Whether the side has any level."""
    return tops_of(book)[BEST + index] != NO_LEVEL


@inline
def _qtys(book, index):
    return ints_at(book.qtys_at + index * (8 * POSITIONS), POSITIONS)


@inline
def _words(book, index):
    return words_at(book.words_at + index * (8 * WORDS), WORDS)


@compiled
def next_key(book, index, key):
    """Return the best key of a side below `key`, or NO_LEVEL."""
    tops = tops_of(book)
    origin = tops[ORIGIN + index]
    found = np.int64(NO_LEVEL)
    if key > origin:
        position = next_below(_words(book, index), min(key - origin, POSITIONS))
        if position != NOWHERE:
            found = origin + position
    far = tops[FAR_BEST + index]
    if far >= key and (found == NO_LEVEL or key > origin + POSITIONS):
        far = far_key_below(book, index, key)
    return max(found, far) if far < key else found


@compiled
def level_qty(book, index, key):
    """Return the quantity at a key of a side; 0 where there is no level."""
    position = key - tops_of(book)[ORIGIN + index]
    if _U(position) < _U(POSITIONS):
        return _qtys(book, index)[_U(position)]
    return far_of(book, index, far_row(book, index, key)).qty


@compiled
def move_window(book, price):
    """Move the window so that `price` is in its middle; False if there is no room for what leaves."""
    tops = tops_of(book)
    base = price - POSITIONS // 2
    shift = base - tops[ORIGIN]
    for index in range(2):
        origin = base if index == 0 else -(base + POSITIONS - 1)
        words = _words(book, index)
        leaving, position = 0, next_below(words, POSITIONS)
        while position != NOWHERE:
            if _U(position + tops[ORIGIN + index] - origin) >= _U(POSITIONS):
                leaving += 1
            position = next_below(words, position)
        if 2 * (tops[FAR_COUNT + index] + leaving) > book.far_capacity:
            return False
    if shift != 0:
        for index in range(2):
            _move_side(book, index, base if index == 0 else -(base + POSITIONS - 1))
    return True


@compiled
def _move_side(book, index, origin):
    tops, qtys, words = tops_of(book), _qtys(book, index), _words(book, index)
    before = tops[ORIGIN + index]
    shift = origin - before
    # Levels move towards lower positions when the origin rises: start at the end they move to.
    position = next_below(words, POSITIONS) if shift < 0 else next_above(words, -1)
    while position != NOWHERE:
        following = next_below(words, position) if shift < 0 else next_above(words, position)
        qty = qtys[_U(position)]
        qtys[_U(position)] = 0
        clear_bit(words, position)
        target = position - shift
        if _U(target) < _U(POSITIONS):
            qtys[_U(target)] = qty
            set_bit(words, target)
        else:
            insert_far(book, index, before + position, qty)
        position = following
    tops[ORIGIN + index] = origin
    row = 0
    while row < book.far_capacity:
        level = far_of(book, index, row)
        target = level.key - origin
        if level.qty != 0 and _U(target) < _U(POSITIONS):
            qtys[_U(target)] = level.qty
            set_bit(words, target)
            remove_far(book, index, row)
        else:
            row += 1


@inline
def set_level(book, index, key, qty):
    """Set a level's quantity, 0 removes it; returns the previous quantity, or NO_ROOM.

    A level that crosses the other side hides what it crosses there, as long as it stands: the newer
    side is right, for levels that a feed no longer mentions go stale.
    """
    return put_level(book, index, key, qty, 0)


@inline
def put_level(book, index, key, qty, keep):
    """Set a level to `qty` (`keep` 0), or change it by `qty` (`keep` 1), as `set_level` does.

    A change never takes a level below 0.
    """
    position = _U(key - tops_of(book)[_U(ORIGIN + index)])
    if position >= _U(POSITIONS):
        return _call_put_far(book.put_far_op, book.address, index, key, qty, keep)
    return _put_near(book, index, position, key, qty, keep)


@inline
def _put_near(book, index, position, key, qty, keep):
    tops, qtys = tops_of(book), _qtys(book, index)
    previous = qtys[position]
    now = max(previous * keep + qty, 0)
    qtys[position] = now
    put_bit(_words(book, index), position, now > 0)
    best = tops[_U(BEST + index)]
    if (now > 0 and key > best) or (now == 0 and key == best) or tops[HIDES] != 0:
        _best_changed(book, index, key, previous, now)
    return previous


@compiled
def _best_changed(book, index, key, previous, now):
    """Find the best prices again after a level went from `previous` to `now` lots."""
    tops = tops_of(book)
    if now > 0:
        if key > tops[BEST + index]:
            tops[BEST + index] = key
            if key + tops[BEST + 1 - index] >= 0:
                _hide(book, 1 - index, key)
    elif previous > 0:
        if key == tops[BEST + index]:
            tops[BEST + index] = next_key(book, index, key)
        if tops[HIDES]:
            _uncover(book, 1 - index)


@compiled
def _hide(book, index, crossing):
    """Hide the levels of a side that a level of the other one, at key `crossing`, crosses."""
    tops = tops_of(book)
    tops[BEST + index] = next_key(book, index, -crossing)
    tops[HIDES] = 1


@compiled
def _uncover(book, index):
    """Show again what the other side no longer crosses."""
    tops = tops_of(book)
    other = tops[BEST + 1 - index]
    tops[BEST + index] = next_key(book, index, MOST_PRICE + 1 if other == NO_LEVEL else -other)
    tops[HIDES] = is_crossed(book)
    if not tops[HIDES]:
        for each in range(2):
            tops[BEST + each] = next_key(book, each, MOST_PRICE + 1)


def put_far(address, index, key, qty, keep):
    """Put a level outside of the window, which may move after the market; as `put_level`."""
    book = depth_at(address)
    tops = tops_of(book)
    if keep:
        qty = max(level_qty(book, index, key) + qty, 0)
    if tops[BEST] == NO_LEVEL and tops[BEST + 1] == NO_LEVEL and qty > 0:
        if not move_window(book, key if index == 0 else -key):
            return NO_ROOM
        position = _U(key - tops[ORIGIN + index])
        return _put_near(book, index, position, key, qty, 0)
    previous = set_far(book, index, key, qty)
    if previous == NO_ROOM:
        return NO_ROOM
    _best_changed(book, index, key, previous, qty)
    book.far_hits += 1
    if book.far_hits >= FAR_HITS:
        book.far_hits = 0
        _follow_market(book)
    return previous


@compiled
def _follow_market(book):
    """Move the window where the best prices are, if they have left its middle half."""
    tops = tops_of(book)
    price = tops[BEST] if tops[BEST] != NO_LEVEL else -tops[BEST + 1]
    if abs(price - tops[ORIGIN] - POSITIONS // 2) > POSITIONS // 4:
        move_window(book, price)


@compiled
def clear_side(book, index):
    """Remove every level of a side."""
    clear_to(book, index, NO_LEVEL + 1)


@compiled
def clear_to(book, index, key):
    """Remove the levels of a side from the best, or what it hides, down to `key` inclusive."""
    tops, qtys, words = tops_of(book), _qtys(book, index), _words(book, index)
    origin = tops[ORIGIN + index]
    position = next_below(words, POSITIONS)
    while position != NOWHERE and origin + position >= key:
        qtys[_U(position)] = 0
        clear_bit(words, position)
        position = next_below(words, position)
    row = 0
    while tops[FAR_COUNT + index] > 0 and row < book.far_capacity:
        if far_of(book, index, row).qty != 0 and far_of(book, index, row).key >= key:
            remove_far(book, index, row)
        else:
            row += 1
    if tops[BEST + index] >= key:
        tops[BEST + index] = next_key(book, index, key)
    if tops[HIDES]:
        _uncover(book, 1 - index)


@compiled
def clear_rows(book, side, price, is_all):
    """Remove the levels of a side (0: of both): all of them, or the best down to `price` inclusive."""
    for index in range(2):
        if side == 0 or side == 1 - 2 * index:
            clear_to(book, index, NO_LEVEL + 1 if is_all else price * (1 - 2 * index))


@compiled
def worst_key(book, index):
    """Return the worst key of a side that has levels."""
    tops, found = tops_of(book), np.int64(MOST_PRICE)
    position = next_above(_words(book, index), -1)
    if position != NOWHERE:
        found = tops[ORIGIN + index] + position
    for row in range(book.far_capacity if tops[FAR_COUNT + index] > 0 else 0):
        if far_of(book, index, row).qty != 0:
            found = min(found, far_of(book, index, row).key)
    return found


@compiled
def is_crossed(book):
    """Whether any bid, hidden ones included, is at or above any ask."""
    bid, ask = next_key(book, 0, MOST_PRICE + 1), next_key(book, 1, MOST_PRICE + 1)
    return bid != NO_LEVEL and ask != NO_LEVEL and bid + ask >= 0


def levels_of(address, index, out_at, most):
    """Write up to `most` levels of a side, best first, as (price, qty) pairs; returns how many."""
    book = depth_at(address)
    out = ints_at(out_at, 2 * most)
    key, found = tops_of(book)[BEST + index], 0
    while key != NO_LEVEL and found < most:
        out[2 * found] = key if index == 0 else -key
        out[2 * found + 1] = level_qty(book, index, key)
        found += 1
        key = next_key(book, index, key)
    return found
