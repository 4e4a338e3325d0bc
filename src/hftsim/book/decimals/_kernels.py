"""Decimal numbers in text as whole steps of a grid, exactly: no float stands in between.

Numbers stand on lines of their own and belong to columns in turn: with two columns the first is a
price, the second a quantity, the third a price again.
"""

import numpy as np

from hftsim.native.records import array_at, compiled

NOT_A_NUMBER, OFF_GRID, TOO_LARGE = 1, 2, 3
"""What can be wrong with a number."""
CODES = 4
"""A failed call returns ``-(index of the number * CODES + what is wrong)``."""
LARGEST = 1 << 60
"""Numbers beyond this many steps are refused."""
MOST_DIGITS = 18
"""Digits that are held: zeros before and after them do not count."""

bytes_at = array_at("u1")
ints_at = array_at("i8")

_U = np.uint64
_NEWLINE, _POINT, _MINUS, _PLUS = 10, 46, 45, 43
_ZERO, _NINE, _SMALL_E, _LARGE_E = 48, 57, 101, 69
_MOST_EXPONENT = 1000


@compiled
def _read_exponent(text, at, length):
    """Return (exponent, position behind it), position -1 if it is none."""
    negative = False
    if at < length and (text[_U(at)] == _MINUS or text[_U(at)] == _PLUS):
        negative = text[_U(at)] == _MINUS
        at += 1
    exponent, start = 0, at
    while at < length and _ZERO <= text[_U(at)] <= _NINE:
        exponent = min(exponent * 10 + (text[_U(at)] - _ZERO), _MOST_EXPONENT)
        at += 1
    if at == start:
        return 0, -1
    return (-exponent if negative else exponent), at


@compiled
def _read_digits(text, at, length):
    """Return (digits as a number, places behind the point, position, what is wrong).

    Zeros are held back until another digit follows, so that those at the end cost nothing.
    """
    mantissa, places, taken, held, seen, behind = 0, 0, 0, 0, 0, 0
    point = False
    while at < length:
        c = text[_U(at)]
        if c == _POINT and not point:
            point = True
        elif c < _ZERO or c > _NINE:
            break
        else:
            seen += 1
            behind += 1 if point else 0
            if c != _ZERO:
                if taken + held >= MOST_DIGITS:
                    return 0, 0, at, TOO_LARGE
                for _ in range(held):
                    mantissa *= 10
                mantissa = mantissa * 10 + (c - _ZERO)
                taken, held, places = taken + held + 1, 0, behind
            elif taken > 0:
                held += 1
                places -= 0 if point else 1
        at += 1
    return mantissa, places, at, (0 if seen else NOT_A_NUMBER)


@compiled
def read_number(text, at, length):
    """Return (signed digits, places behind the point, position behind it, what is wrong).

    The number is ``digits * 10**-places``; the last digit is not 0, so places may be negative.
    """
    negative = at < length and text[_U(at)] == _MINUS
    mantissa, places, at, wrong = _read_digits(text, at + 1 if negative else at, length)
    if wrong:
        return 0, 0, at, wrong
    if at < length and (text[_U(at)] == _SMALL_E or text[_U(at)] == _LARGE_E):
        exponent, at = _read_exponent(text, at + 1, length)
        if at < 0:
            return 0, 0, at, NOT_A_NUMBER
        places -= exponent
    if at < length and text[_U(at)] != _NEWLINE:
        return 0, 0, at, NOT_A_NUMBER
    if mantissa == 0:
        places = 0
    return (-mantissa if negative else mantissa), places, at, 0


@compiled
def _steps(mantissa, places, digits, step):
    """Return (whole steps of ``step * 10**-digits``, what is wrong)."""
    if mantissa == 0:
        return 0, 0
    shift = digits - places
    if shift < 0:
        return 0, OFF_GRID
    while shift > 0:
        if abs(mantissa) > LARGEST // 10:
            return 0, TOO_LARGE
        mantissa *= 10
        shift -= 1
    if mantissa % step != 0:
        return 0, OFF_GRID
    return mantissa // step, 0


def parse_numbers(text_at, length, most, columns, grids_at, out_at):
    """Write up to `most` numbers as steps of their columns' grids; returns how many there are.

    Grids are pairs (digits, step), one for each column: a step is worth ``step * 10**-digits``.
    """
    text, grids = bytes_at(text_at, length), ints_at(grids_at, 2 * columns)
    out = ints_at(out_at, most)
    at, index = 0, 0
    while at < length:
        mantissa, places, at, wrong = read_number(text, at, length)
        if not wrong:
            column = index % columns
            steps, wrong = _steps(mantissa, places, grids[2 * column], grids[2 * column + 1])
            if index < most:
                out[_U(index)] = steps
        if wrong:
            return -(index * CODES + wrong)
        index += 1
        at += 1
    return index


def most_places(text_at, length, columns, places_at):
    """Raise each column's number of places to the most of any number; returns as above."""
    text, most = bytes_at(text_at, length), ints_at(places_at, columns)
    at, index = 0, 0
    while at < length:
        _, places, at, wrong = read_number(text, at, length)
        if wrong:
            return -(index * CODES + wrong)
        column = index % columns
        most[column] = max(most[column], places)
        index += 1
        at += 1
    return index
