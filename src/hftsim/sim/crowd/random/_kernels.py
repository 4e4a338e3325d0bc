"""Random numbers from a counter: SplitMix64.

G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: the n-th
word is a fixed mix of ``seed + n * golden ratio``, so the whole state is one number.
"""

import math

import numpy as np

from hftsim.native.records import inline

_U = np.uint64
GOLDEN = _U(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = _U(0xBF58476D1CE4E5B9), _U(0x94D049BB133111EB)
_30, _27, _31, _11 = _U(30), _U(27), _U(31), _U(11)
_UNIT = 1.0 / (1 << 53)


@inline
def word(crowd):
    """Return 64 random bits (uint64)."""
    state = _U(crowd.random) + GOLDEN
    crowd.random = np.int64(state)
    state = (state ^ (state >> _30)) * _MIX_1
    state = (state ^ (state >> _27)) * _MIX_2
    return state ^ (state >> _31)


@inline
def uniform(crowd):
    """Return a number in [0, 1)."""
    return np.float64(word(crowd) >> _11) * _UNIT


@inline
def exponential(crowd):
    """Return a number of mean 1 above 0."""
    return -math.log(np.float64((word(crowd) >> _11) + _U(1)) * _UNIT)


@inline
def normal(crowd):
    """Return a standard normal number (Box and Muller 1958, the cosine half)."""
    radius = math.sqrt(2.0 * exponential(crowd))
    return radius * math.cos(2.0 * math.pi * uniform(crowd))


@inline
def below(crowd, count):
    """Return a whole number in [0, count), count below 2 ** 31 (its bias is below 2 ** -32)."""
    return np.int64(((word(crowd) >> _U(32)) * _U(count)) >> _U(32))
