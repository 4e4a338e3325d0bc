"""What own orders took from recorded levels, so that later ones do not take the same lots again.

It fades by half in each half-life, and is never more than the recorded level has held since. Rules
and their reasons: docs/models/impact.md.
"""

import math

from hftsim.book.depth._kernels import depth_at, level_qty
from hftsim.native.records import compiled
from hftsim.sim.ticks.own._kernels import TAKEN_LEVELS, counts_of, mark
from hftsim.sim.ticks.records._kernels import (
    LEFT,
    TAKEN_ROOM,
    TOOK,
    feed_of,
    run_at,
    taken_of,
)


@compiled
def _row_of(feed, index, key):
    """Return the row of a level among those that own orders took from, or -1."""
    for row in range(counts_of(feed)[TAKEN_LEVELS + index]):
        if taken_of(feed, index, row).key == key:
            return row
    return -1


@compiled
def _faded(feed, taken, time):
    """Return how many of the lots taken from a level are still gone; below half a lot, none."""
    lots = taken.lots * math.exp(-feed.taken_decay * float(time - taken.ts))
    return lots if lots >= 0.5 else 0.0


@compiled
def _forget(feed, index, row):
    """Forget a level: the last one takes its row."""
    counts = counts_of(feed)
    counts[TAKEN_LEVELS + index] -= 1
    last, out = taken_of(feed, index, counts[TAKEN_LEVELS + index]), taken_of(feed, index, row)
    out.key, out.lots, out.ts = last.key, last.lots, last.ts


@compiled
def _left(feed, index, key, time):
    """Return the recorded lots of a level without those that own orders have taken."""
    recorded, row = level_qty(depth_at(feed.book_at), index, key), _row_of(feed, index, key)
    if row < 0:
        return recorded
    gone = min(_faded(feed, taken_of(feed, index, row), time), float(recorded))
    return recorded - int(gone + 0.5)


@compiled
def _took(feed, index, key, qty, time):
    """Remember that own orders took `qty` lots of a level."""
    recorded, row = level_qty(depth_at(feed.book_at), index, key), _row_of(feed, index, key)
    if row < 0:
        row = _free_row(feed, index, time)
        taken_of(feed, index, row).lots = 0.0
        mark(feed, index, key)
    taken = taken_of(feed, index, row)
    taken.lots = min(_faded(feed, taken, time), float(recorded)) + qty
    taken.key, taken.ts = key, time


@compiled
def _free_row(feed, index, time):
    """Return a row for one more level: where all are in use, of the level with the least left."""
    counts, row, least, least_row = counts_of(feed), 0, math.inf, 0
    while row < counts[TAKEN_LEVELS + index]:
        lots = _faded(feed, taken_of(feed, index, row), time)
        if lots == 0.0:
            _forget(feed, index, row)
            continue
        if lots < least:
            least, least_row = lots, row
        row += 1
    if row == TAKEN_ROOM:
        feed.taken_forgotten += 1
        return least_row
    counts[TAKEN_LEVELS + index] += 1
    return row


@compiled
def _rose(feed, index, key, previous, time):
    """Let what is taken of a level that held `previous` lots before it rose be no more than that.

    The lots it gained are new, and nobody has taken them. Where a level falls nothing needs to be
    done: what is taken is compared with what it holds when an order arrives.
    """
    row = _row_of(feed, index, key)
    if row < 0:
        return
    taken = taken_of(feed, index, row)
    taken.lots = min(_faded(feed, taken, time), float(previous))
    taken.ts = time
    if taken.lots == 0.0:
        _forget(feed, index, row)


def taken(run_address, instrument, what, index, key, qty, time):
    """Answer, or note, what own orders took from a level; a kernel of its own.

    `what` is LEFT, TOOK or ROSE; see there for `qty`. Returns the lots left where that is asked.
    """
    feed = feed_of(run_at(run_address), instrument)
    if what == LEFT:
        return _left(feed, index, key, time)
    if what == TOOK:
        _took(feed, index, key, qty, time)
    else:
        _rose(feed, index, key, qty, time)
    return 0
