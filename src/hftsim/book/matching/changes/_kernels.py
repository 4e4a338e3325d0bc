"""Cancels and replaces of one order."""

import numpy as np

from hftsim.book.matching.checks._kernels import (
    AUCTION,
    GTX,
    HALTED,
    LIMIT,
    NONE,
    is_outside_collar,
    price_to_rest,
)
from hftsim.book.matching.hand._kernels import message_at_hand, refuse
from hftsim.book.matching.layout import (
    NO_PRICE,
)
from hftsim.book.matching.places._kernels import (
    end_order,
    leave,
    open_of,
    price_to_tell,
    rest_in_book,
    side_of_order,
    waits,
)
from hftsim.book.matching.reports._kernels import (
    CANCEL,
    REJECT,
    REPLACE,
    tell,
)
from hftsim.book.matching.trading._kernels import (
    bring_in,
)
from hftsim.book.orders._kernels import (
    price_of,
    reduce,
)
from hftsim.book.orders.extras._kernels import extra_row, tif_of
from hftsim.book.orders.ids._kernels import find
from hftsim.book.orders.state._kernels import extra_of, order_of, state_at
from hftsim.core.enums import RejectReason
from hftsim.native.records import compiled, inline

_U = np.uint64
_UNKNOWN, _BAD_QTY = int(RejectReason.UNKNOWN_ORDER), int(RejectReason.BAD_QTY)
_BAD_PRICE, _BAD_TYPE = int(RejectReason.BAD_PRICE), int(RejectReason.BAD_TYPE)
_WOULD_TAKE, _PHASE = int(RejectReason.WOULD_TAKE), int(RejectReason.NOT_IN_THIS_PHASE)
_COLLAR_REASON = int(RejectReason.OUTSIDE_COLLAR)


@compiled
def cancel_order(run):
    message = message_at_hand(run)
    slot = find(run.book_at, message.order_id)
    if slot == _U(0):
        tell(run, REJECT, _UNKNOWN, 0, message.order_id, 0, 0, 0, 0)
    else:
        end_order(run, slot, CANCEL, NONE)


@inline
def _shrink(book, slot, qty):
    """Leave `qty` lots open of an order that keeps its place, the shown ones as far as they go."""
    order = order_of(book, slot)
    row, shown = extra_row(order.terms), min(order.qty, qty)
    if shown != order.qty:
        reduce(book, slot, order.qty - shown)
    if row:
        extra_of(book, row).hidden = qty - shown


@compiled
def _replace_refusal(book, slot, message):
    """Return (why a replace is refused, whether the order keeps its place, its new price)."""
    order, state = order_of(book, slot), state_at(book)
    row, price = extra_row(order.terms), message.price
    if waits(book, slot) or (row and extra_of(book, row).type != LIMIT):
        reason = NONE if message.qty < open_of(book, slot) else _BAD_TYPE
        return reason, True, price_to_tell(book, slot)
    if message.op & NO_PRICE:
        return _BAD_PRICE, True, price
    if price == price_of(book, slot) and message.qty < open_of(book, slot):
        return NONE, True, price
    tif, side = tif_of(book, order.terms), side_of_order(book, slot)
    if state.phase == HALTED or (state.phase == AUCTION and tif == GTX):
        return _PHASE, False, price
    if is_outside_collar(book, side, price):
        return _COLLAR_REASON, False, price
    flags = extra_of(book, row).flags if row else np.int64(0)
    may_rest, price = price_to_rest(book, side, tif, flags, price)
    return NONE if may_rest else _WOULD_TAKE, False, price


@compiled
def replace_order(run):
    book, message = run.book_at, message_at_hand(run)
    slot, qty = find(book, message.order_id), message.qty
    if slot == _U(0) or qty <= 0:
        refuse(run, message, _UNKNOWN if slot == _U(0) else _BAD_QTY, 0)
        return
    reason, keeps_place, price = _replace_refusal(book, slot, message)
    if reason != NONE:
        refuse(run, message, reason, 0)
        return
    side = side_of_order(book, slot)
    tell(run, REPLACE, NONE, 1 - 2 * side, message.order_id, 0, price, qty, qty)
    if keeps_place:
        _shrink(book, slot, qty)
        return
    leave(book, slot)
    if state_at(book).phase == AUCTION:
        rest_in_book(book, slot, side, price, qty)
    else:
        bring_in(run, slot, side, price, qty, 0)
