"""The short way of plain messages: limit orders without terms, their cancels and reductions.

It is taken in continuous trading while no collar, block, stop or peg has a say, and gives exactly what
the long way would; each function returns whether it has handled the message.
"""

import numpy as np

from hftsim.book.matching.agenda._kernels import work
from hftsim.book.matching.checks._kernels import GTC, GTX, LIMIT, NONE
from hftsim.book.matching.layout import SETTLING
from hftsim.book.matching.reports._kernels import (
    ACK,
    CANCEL,
    EXPIRE,
    REPLACE,
    is_full,
    run_at,
    tell,
    tell_fill,
)
from hftsim.book.matching.trading._kernels import IOC, bring_in, crosses
from hftsim.book.orders._kernels import (
    add,
    key_of,
    key_of_level,
    reduce,
    remove,
    side_number,
    side_of_level,
    take_slot,
)
from hftsim.book.orders.extras._kernels import extra_row
from hftsim.book.orders.ids._kernels import find, keep_id
from hftsim.book.orders.layout import DONE, OWNERS, POST_ONLY, STOPS
from hftsim.book.orders.state._kernels import level_of, order_of, side_of, state_at
from hftsim.core.enums import MessageOp, RejectReason
from hftsim.native.records import compiled, inline

_U = np.uint64
_NEW, _CANCEL = int(MessageOp.NEW), int(MessageOp.CANCEL)
_REPLACE = int(MessageOp.REPLACE)
_IOC_REMAINDER = int(RejectReason.IOC_REMAINDER)
LONG_WAY = -1
"""The message was not handled."""


@inline
def _terms_of(message):
    return (_U(message.owner) & _U(OWNERS)) | (_U(POST_ONLY) if message.tif == GTX else _U(0))


@compiled
def _go_on_as_any_order(run_address, book, message, side, qty):
    """Let what is left of a plain order trade on as every other order does."""
    run = run_at(run_address)
    slot = take_slot(book)
    order = order_of(book, slot)
    order.id, order.qty, order.level = message.order_id, 0, np.uint32(0)
    order.terms = np.uint32(_U(message.owner) & _U(OWNERS))
    keep_id(book, message.order_id, slot)
    bring_in(run, slot, side, message.price, qty, 0)
    run.tif, run.at, run.stage = np.int64(message.tif), run.message - run.first_message, SETTLING
    return work(run_address)


@compiled
def _take_plain(run_address, book, message, side, limit_key):
    """Trade an order that crosses; return DONE or REPORTS_FULL."""
    run, order_id, qty = run_at(run_address), message.order_id, message.qty
    other, owner, price = side_of(book, 1 - side), _U(message.owner) & _U(OWNERS), np.int64(0)
    tell(run, ACK, NONE, message.side, order_id, 0, message.price, qty, qty)
    while qty > 0 and other.best_key <= limit_key and other.best_level >= 0:
        slot = _U(level_of(book, other.best_level).head)
        maker = order_of(book, slot)
        own = owner != _U(0) and _U(maker.terms) & _U(OWNERS) == owner
        if extra_row(maker.terms) or own or is_full(run):
            return _go_on_as_any_order(run_address, book, message, side, qty)
        price, traded = key_of(1 - side, other.best_key), min(qty, maker.qty)
        qty -= traded
        left = maker.qty - traded
        tell_fill(run, message.side, order_id, qty, maker.id, left, price, traded)
        if left != 0:
            reduce(book, slot, traded)
        else:
            remove(book, slot)
    state = state_at(book)
    state.last_price, state.has_last = price, 1
    if qty != 0 and message.tif == IOC:
        tell(run, EXPIRE, _IOC_REMAINDER, message.side, order_id, 0, message.price, qty, 0)
    elif qty != 0:
        add(book, order_id, side, message.price, qty, _terms_of(message))
    return DONE


@inline
def _new(run, run_address, book, message):
    order_id, price, qty, tif = message.order_id, message.price, message.qty, message.tif
    if message.type != LIMIT or (message.side != 1 and message.side != -1):
        return LONG_WAY
    if qty <= 0 or order_id <= 0 or find(book, order_id) != _U(0):
        return LONG_WAY
    side = side_number(message.side)
    limit_key = key_of(1 - side, price)
    if crosses(book, side, limit_key):
        if tif in (GTC, IOC) and level_of(book, STOPS).head == 0:
            return _take_plain(run_address, book, message, side, limit_key)
        return LONG_WAY
    if tif not in (GTC, GTX):
        return LONG_WAY
    tell(run, ACK, NONE, message.side, order_id, 0, price, qty, qty)
    add(book, order_id, side, price, qty, _terms_of(message))
    return DONE


@inline
def _cancel(run, book, order_id):
    slot = find(book, order_id)
    if slot == _U(0):
        return LONG_WAY
    order = order_of(book, slot)
    if extra_row(order.terms):
        return LONG_WAY
    level = _U(order.level)
    side = side_of_level(book, level)
    price = key_of(side, key_of_level(book, level))
    tell(run, CANCEL, NONE, 1 - 2 * side, order_id, 0, price, order.qty, 0)
    remove(book, slot)
    return DONE


@inline
def _shrink(run, book, message):
    """Make an order smaller that keeps its place."""
    slot, qty = find(book, message.order_id), message.qty
    if slot == _U(0):
        return LONG_WAY
    order = order_of(book, slot)
    if extra_row(order.terms) or qty <= 0 or qty >= order.qty:
        return LONG_WAY
    level = _U(order.level)
    side = side_of_level(book, level)
    price = key_of(side, key_of_level(book, level))
    if price != message.price:
        return LONG_WAY
    tell(run, REPLACE, NONE, 1 - 2 * side, message.order_id, 0, price, qty, qty)
    reduce(book, slot, order.qty - qty)
    return DONE


@inline
def handle_plain(run, run_address, book, message):
    """Handle a plain message; return DONE, REPORTS_FULL, or LONG_WAY where it is none."""
    state = state_at(book)
    if state.restricted != 0 or state.pegs != 0:
        return LONG_WAY
    if message.op == _CANCEL:
        return _cancel(run, book, message.order_id)
    if message.op == _NEW:
        return _new(run, run_address, book, message)
    return _shrink(run, book, message) if message.op == _REPLACE else LONG_WAY
