"""The strategy's stops in a crowd: they wait beside the matching engine, and its trades trigger them.

While any waits, the crowd is halted after each packet, so that a triggered one comes in at once.
"""

from hftsim.book.orders.state._kernels import state_at
from hftsim.core.events import EventKind
from hftsim.native.records import compiled
from hftsim.sim.crowd.records._kernels import AT_PACKET, AT_REPORT, bytes_at, crowd_at
from hftsim.sim.crowd.records._kernels import ints_at as numbers_at
from hftsim.sim.ticks.waiting._kernels import (
    is_met,
    mark_triggered,
    next_triggered,
    wait_at_venue,
)

EXECUTE = int(EventKind.EXECUTE)


@compiled
def is_met_in_crowd(feed, order):
    """Whether a stop that arrives is beyond its trigger already, by the last trade."""
    state = state_at(crowd_at(feed.chunk_at).book_at)
    return state.has_last != 0 and is_met(order, state.last_price)


@compiled
def halt_where_needed(run, feed):
    """Tell the crowd after what it is to stop: packets too, while stops wait or a strategy looks."""
    packets = feed.waiting > 0 or run.wants_book or run.wants_trade
    crowd_at(feed.chunk_at).stop_at = AT_REPORT | AT_PACKET if packets else AT_REPORT


@compiled
def wait_in_crowd(run, ctx, feed, order, time):
    """Let a stop wait for the trades of the crowd from now on."""
    if feed.waiting == 0:
        feed.print_row = crowd_at(feed.chunk_at).rows
    wait_at_venue(run, ctx, feed, order, order.price * order.side, time)
    halt_where_needed(run, feed)


@compiled
def triggered_in_crowd(run, ctx, feed):
    """Return the slot of the first waiting stop that the trades since the last look trigger, or -1."""
    crowd = crowd_at(feed.chunk_at)
    room = crowd.columns_room
    kinds, columns = bytes_at(crowd.kinds_at, room), numbers_at(crowd.columns_at, 4 * room)
    for row in range(feed.print_row, crowd.rows):
        price = columns[row + room]
        if kinds[row] == EXECUTE and (price >= feed.rise or price <= feed.fall):
            mark_triggered(run, ctx, feed, price)
    feed.print_row = crowd.rows
    return next_triggered(run, ctx, feed)
