"""How long a message takes: constant, recorded, drawn, or by the load of the venue.

Messages of one connection never overtake each other: one that would arrive before the one sent
earlier arrives with it.
"""

import math

import numpy as np

from hftsim.native.records import compiled
from hftsim.sim.ticks.records._kernels import CANCEL, REPLACE, ints_at

CONSTANT, RECORDED, LOG_NORMAL, LOAD = range(4)
_MOST = 3.6e12
"""What is drawn, or added for load, is an hour at most, ns."""
_U = np.uint64


@compiled
def _uniform(latency):
    """Return the next of a sequence of numbers above 0 and at most 1 (splitmix64)."""
    latency.seed += -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed word
    z = _U(latency.seed)
    z = (z ^ (z >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> _U(27))) * _U(0x94D049BB133111EB)
    z = z ^ (z >> _U(31))
    return (float(z >> _U(11)) + 1.0) / 9007199254740992.0


@compiled
def _normal(latency):
    """Return the next of a sequence of standard normal numbers (Box and Muller, 1958)."""
    radius = math.sqrt(-2.0 * math.log(_uniform(latency)))
    return radius * math.cos(2.0 * math.pi * _uniform(latency))


@compiled
def _recorded(latency, now):
    """Return the recorded latency at a time, interpolated; the first or last one outside."""
    times, values = (
        ints_at(latency.times_at, latency.rows),
        ints_at(latency.values_at, latency.rows),
    )
    row = latency.hint
    while row + 1 < latency.rows and times[row + 1] <= now:
        row += 1
    latency.hint = row
    if row + 1 >= latency.rows or now <= times[row]:
        return values[row]
    before, after = values[row], values[row + 1]
    if before < 0 or after < 0:
        return before  # a rejected request says nothing of its neighbours
    part = (now - times[row]) / (times[row + 1] - times[row])
    return before + int((after - before) * part)


@compiled
def _rows_before(latency, time):
    """Return how many of the rows at hand were at the venue before a time."""
    times = ints_at(latency.times_at, latency.rows)
    low, high = 0, latency.rows
    while low < high:
        middle = (low + high) // 2
        if times[middle] < time:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def latency_of(latency, kind, now):
    """Return how long a message of this kind sent at `now` takes, ns; negative: rejected on the way.

    A rejected request never reaches the venue; the rejection is back after the absolute value.
    """
    if latency.model == RECORDED:
        return _recorded(latency, now)
    base = latency.new
    if kind == CANCEL:
        base = latency.cancel
    elif kind == REPLACE:
        base = latency.replace
    if latency.model == CONSTANT:
        return base
    if latency.model == LOAD:
        rows = _rows_before(latency, now) - _rows_before(latency, now - latency.window)
        return base + int(min(float(rows) * latency.per_row, _MOST))
    drawn = float(base) * math.exp(latency.sigma * _normal(latency))
    return latency.least + int(min(drawn, _MOST))
