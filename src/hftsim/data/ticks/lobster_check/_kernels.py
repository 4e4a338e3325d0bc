"""LOBSTER's own book as an oracle: one message applied to a row must give the next row."""

import numpy as np

from hftsim.native.records import array_at, inline

longs_at = array_at("i8")
_U = np.uint64

CHECK_SIGNATURE = "void(int64, int64, int64, int64, int64, int64)"
COMPARED, EQUAL, CROSSED, ENTERED, LEVELS, FIRST_UNEQUAL = 0, 1, 2, 3, 4, 5
RESULTS = 6

_ADD, _REDUCE, _EXECUTE = 1, 2, 4
_MESSAGE = 7
_DUMMY = 9_999_999_999


@inline
def _is_level(price, qty):
    return qty > 0 and price != _DUMMY and price != -_DUMMY


@inline
def _predict(book, first, levels, sign, kind, size, price, made):
    """Put the levels of one side after a message into `made`; return (levels known, all known).

    `first` is the column of the side's best price, `sign` 1 for bids and -1 for asks, `kind` 0
    where the message leaves the side alone.
    """
    before, known = 0, 0
    used = kind == 0
    while before < levels:
        p, q = book[_U(first + 4 * before)], book[_U(first + 4 * before + 1)]
        if not _is_level(p, q):
            break
        before += 1
        if not used and kind == _ADD and (price - p) * sign > 0:
            used = True
            if known < levels:
                made[_U(2 * known)], made[_U(2 * known + 1)] = price, size
                known += 1
        if not used and p == price:
            used = True
            q += size if kind == _ADD else -size
        if q != 0 and known < levels:
            made[_U(2 * known)], made[_U(2 * known + 1)] = p, q
            known += 1
    is_whole = before < levels
    if not used and kind == _ADD and is_whole:
        made[_U(2 * known)], made[_U(2 * known + 1)] = price, size
        known += 1
    return known, is_whole


@inline
def _is_equal(book, first, levels, known, is_whole, made):
    """Whether a side begins with the levels known, and holds no others where all are known."""
    equal = True
    for k in range(levels):
        p, q = book[_U(first + 4 * k)], book[_U(first + 4 * k + 1)]
        if k < known:
            equal = equal and p == made[_U(2 * k)] and q == made[_U(2 * k + 1)]
        elif is_whole:
            equal = equal and not _is_level(p, q)
    return equal


@inline
def _entered(book, first, levels, known):
    count = 0
    for k in range(known, levels):
        if _is_level(book[_U(first + 4 * k)], book[_U(first + 4 * k + 1)]):
            count += 1
    return count


def check_rows(messages, books, rows, levels, scratch, results):
    """Compare each book row with the row before it and its message; all but counts are addresses.

    `messages` is int64[rows, 7], `books` int64[rows + 1, 4 * levels + 1] whose first row is the
    one before, `scratch` int64[2 * levels + 2]. A level that enters the window from outside cannot
    be known and is not compared. `results` (int64[RESULTS]) are added to; the first unequal row is
    its number here, or stays -1.
    """
    width = 4 * levels + 1
    events = longs_at(messages, rows * _MESSAGE)
    made, found = longs_at(scratch, 2 * levels + 2), longs_at(results, RESULTS)
    for row in range(rows):
        before = longs_at(books + row * width * 8, width)
        after = longs_at(books + (row + 1) * width * 8, width)
        m = row * _MESSAGE
        kind, size = events[_U(m + 1)], events[_U(m + 3)]
        price, direction = events[_U(m + 4)], events[_U(m + 5)]
        if kind > _EXECUTE:
            kind = 0
        known, is_whole = _predict(
            before, 0, levels, -1, kind if direction < 0 else 0, size, price, made
        )
        equal = _is_equal(after, 0, levels, known, is_whole, made)
        found[_U(ENTERED)] += 0 if is_whole else _entered(after, 0, levels, known)
        found[_U(LEVELS)] += known
        known, is_whole = _predict(
            before, 2, levels, 1, kind if direction > 0 else 0, size, price, made
        )
        equal = equal and _is_equal(after, 2, levels, known, is_whole, made)
        found[_U(ENTERED)] += 0 if is_whole else _entered(after, 2, levels, known)
        found[_U(LEVELS)] += known
        both = _is_level(after[_U(0)], after[_U(1)]) and _is_level(after[_U(2)], after[_U(3)])
        if both and after[_U(0)] <= after[_U(2)]:
            found[_U(CROSSED)] += 1
        found[_U(COMPARED)] += 1
        if equal:
            found[_U(EQUAL)] += 1
        elif found[_U(FIRST_UNEQUAL)] < 0:
            found[_U(FIRST_UNEQUAL)] = row
