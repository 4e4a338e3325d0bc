"""Orders of every type where they stand: their words, leaving, showing a slice, ending."""

import numpy as np

from hftsim.book.matching.reports._kernels import tell
from hftsim.book.orders._kernels import (
    give_slot,
    join_level,
    key_of,
    leave_level,
    price_of,
    reduce,
    rest,
    side_of_level,
    unrest,
)
from hftsim.book.orders.extras._kernels import extra_row, give_extra, hidden_of
from hftsim.book.orders.ids._kernels import forget_id
from hftsim.book.orders.layout import HEADS, LADDER
from hftsim.book.orders.state._kernels import extra_of, order_of, state_at
from hftsim.core.enums import OrderFlag, OrderType
from hftsim.native.records import inline

_U = np.uint64
_QUEUES, _QUEUE_COUNT = _U(LADDER + 2), _U(HEADS - 2)
_PEGGED = int(OrderType.PEGGED)
HIDDEN = int(OrderFlag.HIDDEN)


@inline
def waits(book, slot):
    """Whether an order stands in a queue outside of the book."""
    return _U(order_of(book, slot).level) - _QUEUES < _QUEUE_COUNT


@inline
def side_of_order(book, slot):
    """Return the side of an order wherever it stands."""
    order = order_of(book, slot)
    row = extra_row(order.terms)
    return extra_of(book, row).side if row else side_of_level(book, _U(order.level))


@inline
def price_to_tell(book, slot):
    """Return the price of an order wherever it stands, 0 where it has none."""
    if waits(book, slot):
        return extra_of(book, extra_row(order_of(book, slot).terms)).price
    return price_of(book, slot)


@inline
def open_of(book, slot):
    """Return what an order may still trade."""
    order = order_of(book, slot)
    return order.qty + hidden_of(book, order.terms)


@inline
def at_once(book, slot):
    """Return what of an order trades while it is the first of its level."""
    order = order_of(book, slot)
    return order.qty if order.qty != 0 else hidden_of(book, order.terms)


@inline
def leave(book, slot):
    """Take an order from where it stands; it stays live, and all of it counts as hidden."""
    order = order_of(book, slot)
    row = extra_row(order.terms)
    shown = order.qty
    if waits(book, slot):
        leave_level(book, slot)
    else:
        unrest(book, slot)
    if row:
        extra_of(book, row).hidden += shown
        order.qty = 0


@inline
def wait_in(book, slot, queue):
    """Put an order, all of it hidden, at the back of a queue outside of the book."""
    join_level(book, slot, _U(queue), np.int64(0))


@inline
def rest_in_book(book, slot, side, price, qty):
    """Let an order that is nowhere stand in the book with `qty` lots, of which it shows a slice."""
    row, shown = extra_row(order_of(book, slot).terms), qty
    if row:
        extra = extra_of(book, row)
        if extra.flags & HIDDEN:
            shown = np.int64(0)
        elif extra.display > 0:
            shown = min(extra.display, qty)
        extra.hidden = qty - shown
    rest(book, slot, side, key_of(side, price), shown)


@inline
def refill(book, slot):
    """Show the next slice of an order whose slice is used up, at the back of its level."""
    order = order_of(book, slot)
    extra = extra_of(book, extra_row(order.terms))
    shown = min(extra.display, extra.hidden)
    extra.hidden -= shown
    leave_level(book, slot)
    join_level(book, slot, _U(order.level), shown)


@inline
def _leave_pegs(book, row):
    state, extra = state_at(book), extra_of(book, row)
    if extra.prev != 0:
        extra_of(book, extra_row(order_of(book, extra.prev).terms)).next = extra.next
    else:
        state.first_peg = extra.next
    if extra.next != 0:
        extra_of(book, extra_row(order_of(book, extra.next).terms)).prev = extra.prev
    else:
        state.last_peg = extra.prev
    state.pegs -= 1


@inline
def forget(book, slot):
    """Let an order be dead that has left its place."""
    order = order_of(book, slot)
    row = extra_row(order.terms)
    if row:
        if extra_of(book, row).type == _PEGGED:
            _leave_pegs(book, row)
        give_extra(book, row)
    forget_id(book, order.id)
    give_slot(book, slot)


@inline
def end_order(run, slot, kind, reason):
    """End an order wherever it stands, and say so."""
    book = run.book_at
    sign, price = 1 - 2 * side_of_order(book, slot), price_to_tell(book, slot)
    order_id, qty = order_of(book, slot).id, open_of(book, slot)
    tell(run, kind, reason, sign, order_id, 0, price, qty, 0)
    leave(book, slot)
    forget(book, slot)


@inline
def take_from(book, slot, qty):
    """Take lots that trade from an order in the book or in an auction's queue."""
    order = order_of(book, slot)
    row = extra_row(order.terms)
    hidden = extra_of(book, row).hidden if row else np.int64(0)
    if order.qty == 0:
        extra_of(book, row).hidden = hidden - qty
        if hidden != qty:
            return
    elif order.qty != qty:
        reduce(book, slot, qty)
        return
    elif hidden != 0:
        refill(book, slot)
        return
    leave(book, slot)
    forget(book, slot)
