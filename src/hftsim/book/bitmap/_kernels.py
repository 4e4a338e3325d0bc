"""A set of up to 262,144 positions in three levels of 64-bit words.

The next occupied position on either side is found in at most three words a level, however sparse
the set is: that bounds the search for the next best price.
"""

import numpy as np

from hftsim.native.bits import leading_zeros, lowest_bit
from hftsim.native.records import array_at, inline

POSITIONS = 1 << 18
"""Positions of a bitmap: 0 to this, exclusive."""
_MIDDLE, _TOP = POSITIONS >> 6, (POSITIONS >> 6) + (POSITIONS >> 12)
WORDS = _TOP + 1
"""Words (uint64) a bitmap takes; zero is empty."""
NOWHERE = -1
"""Returned where there is no further position."""

words_at = array_at("u8")
_U = np.uint64
_ONE, _SIX, _LOW, _ALL, _LAST = _U(1), _U(6), _U(63), ~_U(0), _U(63)


@inline
def set_bit(words, position):
    """Add a position."""
    p = _U(position)
    w = p >> _SIX
    before = words[w]
    words[w] = before | (_ONE << (p & _LOW))
    if before == _U(0):
        v = w >> _SIX
        words[_U(_MIDDLE) + v] |= _ONE << (w & _LOW)
        words[_U(_TOP)] |= _ONE << v


@inline
def clear_bit(words, position):
    """Take a position out."""
    p = _U(position)
    w = p >> _SIX
    left = words[w] & ~(_ONE << (p & _LOW))
    words[w] = left
    if left == _U(0):
        v = w >> _SIX
        middle = words[_U(_MIDDLE) + v] & ~(_ONE << (w & _LOW))
        words[_U(_MIDDLE) + v] = middle
        if middle == _U(0):
            words[_U(_TOP)] &= ~(_ONE << v)


@inline
def put_bit(words, position, is_in):
    """Add a position or take it out; without a branch, for where neither can be foreseen."""
    p = _U(position)
    w = p >> _SIX
    before, place = words[w], p & _LOW
    after = (before & ~(_ONE << place)) | (_U(is_in) << place)
    words[w] = after
    if (before == _U(0)) != (after == _U(0)):
        _put_word(words, w, after != _U(0))


@inline
def _put_word(words, w, is_in):
    v = w >> _SIX
    middle = words[_U(_MIDDLE) + v]
    middle = (middle & ~(_ONE << (w & _LOW))) | (_U(is_in) << (w & _LOW))
    words[_U(_MIDDLE) + v] = middle
    top = words[_U(_TOP)]
    words[_U(_TOP)] = (top & ~(_ONE << v)) | (_U(middle != _U(0)) << v)


@inline
def _lowest_under(words, v):
    w = (v << _SIX) + lowest_bit(words[_U(_MIDDLE) + v])
    return np.int64((w << _SIX) + lowest_bit(words[w]))


@inline
def _highest_under(words, v):
    w = (v << _SIX) + (_LAST - leading_zeros(words[_U(_MIDDLE) + v]))
    return np.int64((w << _SIX) + (_LAST - leading_zeros(words[w])))


@inline
def next_above(words, position):
    """Return the lowest position above this one, or NOWHERE; -1 finds the lowest of all."""
    p = _U(position + 1)
    if p >= _U(POSITIONS):
        return np.int64(NOWHERE)
    w = p >> _SIX
    found = words[w] & (_ALL << (p & _LOW))
    if found != _U(0):
        return np.int64((w << _SIX) + lowest_bit(found))
    v = w >> _SIX
    found = words[_U(_MIDDLE) + v] & ((_ALL << (w & _LOW)) << _ONE)
    if found != _U(0):
        w = (v << _SIX) + lowest_bit(found)
        return np.int64((w << _SIX) + lowest_bit(words[w]))
    found = words[_U(_TOP)] & ((_ALL << v) << _ONE)
    if found == _U(0):
        return np.int64(NOWHERE)
    return _lowest_under(words, lowest_bit(found))


@inline
def next_below(words, position):
    """Return the highest position below this one, or NOWHERE; POSITIONS finds the highest."""
    p = _U(position - 1)
    if position <= 0:
        return np.int64(NOWHERE)
    w = p >> _SIX
    found = words[w] & (_ALL >> (_LAST - (p & _LOW)))
    if found != _U(0):
        return np.int64((w << _SIX) + (_LAST - leading_zeros(found)))
    v = w >> _SIX
    found = words[_U(_MIDDLE) + v] & ((_ONE << (w & _LOW)) - _ONE)
    if found != _U(0):
        w = (v << _SIX) + (_LAST - leading_zeros(found))
        return np.int64((w << _SIX) + (_LAST - leading_zeros(words[w])))
    found = words[_U(_TOP)] & ((_ONE << v) - _ONE)
    if found == _U(0):
        return np.int64(NOWHERE)
    return _highest_under(words, _LAST - leading_zeros(found))
