"""The session: phases, collars, auctions."""

import numpy as np

from hftsim.book.matching.checks._kernels import (
    AT_OPEN,
    AUCTION,
    CONTINUOUS,
    HALTED,
    NONE,
)
from hftsim.book.matching.entry._kernels import collect
from hftsim.book.matching.hand._kernels import message_at_hand, refuse, terms_at_hand
from hftsim.book.matching.layout import (
    NO_PRICE,
)
from hftsim.book.matching.places._kernels import (
    at_once,
    leave,
    open_of,
    take_from,
)
from hftsim.book.matching.reports._kernels import (
    ACK,
    REJECT,
    answer,
    tell_fill,
)
from hftsim.book.matching.trading._kernels import (
    note_trade,
)
from hftsim.book.orders.extras._kernels import extra_row
from hftsim.book.orders.layout import (
    MARKET_BUYS,
    MARKET_SELLS,
    PARKED,
)
from hftsim.book.orders.state._kernels import extra_of, level_of, order_of, side_of, state_at
from hftsim.core.enums import MessageOp, RejectReason
from hftsim.native.records import compiled, inline

_U = np.uint64
_HALT, _RESUME = int(MessageOp.HALT), int(MessageOp.RESUME)
_AUCTION, _UNCROSS = int(MessageOp.AUCTION), int(MessageOp.UNCROSS)
_TIME, _COLLAR = int(MessageOp.TIME), int(MessageOp.COLLAR)
_MASS_CANCEL, _END_OF_DAY = int(MessageOp.MASS_CANCEL), int(MessageOp.END_OF_DAY)
_BAD_OPERATION, _BAD_QTY = int(RejectReason.BAD_OPERATION), int(RejectReason.BAD_QTY)
_BAD_PRICE, _PHASE = int(RejectReason.BAD_PRICE), int(RejectReason.NOT_IN_THIS_PHASE)


@inline
def restrict(book):
    """Note whether new orders need to be checked for phase, collar and blocked owners."""
    s = state_at(book)
    s.restricted = 1 if s.phase != CONTINUOUS or s.has_collar != 0 or s.blocked != 0 else 0


@compiled
def _begin_auction(run, message):
    book = run.book_at
    state = state_at(book)
    if state.phase == AUCTION:
        answer(run, REJECT, _PHASE, 0, 0)
        return
    if message.qty < 0 or message.qty > 2:
        answer(run, REJECT, _BAD_QTY, 0, 0)
        return
    answer(run, ACK, NONE, 0, message.qty)
    state.phase, state.auction_kind = AUCTION, message.qty
    slot = _U(level_of(book, PARKED).head)
    while slot != _U(0):
        after, extra = (
            _U(order_of(book, slot).next),
            extra_of(book, extra_row(order_of(book, slot).terms)),
        )
        if state.auction_kind == (1 if extra.tif == AT_OPEN else 2):
            leave(book, slot)
            collect(book, slot, extra.side, extra.price)
        slot = after


@compiled
def _set_collar(run, message, terms):
    state = state_at(run.book_at)
    if message.op & NO_PRICE:
        state.has_collar, state.lower, state.upper = 0, 0, 0
        answer(run, ACK, NONE, 0, 0)
    elif message.price > terms.trigger:
        answer(run, REJECT, _BAD_PRICE, 0, 0)
    else:
        state.has_collar, state.lower, state.upper = 1, message.price, terms.trigger
        answer(run, ACK, NONE, message.price, 0)


@inline
def _change_phase(run, before, after):
    state = state_at(run.book_at)
    if state.phase == before:
        state.phase = after
        answer(run, ACK, NONE, 0, 0)
    else:
        answer(run, REJECT, _PHASE, 0, 0)


@compiled
def change_session(run, operation):
    """Handle a message about the session; return whether Python is needed for it."""
    message = message_at_hand(run)
    asks = False
    if operation == _HALT:
        _change_phase(run, CONTINUOUS, HALTED)
    elif operation == _RESUME:
        _change_phase(run, HALTED, CONTINUOUS)
    elif operation == _AUCTION:
        _begin_auction(run, message)
    elif operation == _TIME:
        answer(run, ACK, NONE, 0, 0)
    elif operation == _COLLAR:
        _set_collar(run, message, terms_at_hand(run, message))
    elif operation == _UNCROSS and state_at(run.book_at).phase != AUCTION:
        answer(run, REJECT, _PHASE, 0, 0)
    elif operation < _MASS_CANCEL or operation > _END_OF_DAY:
        refuse(run, message, _BAD_OPERATION, message.side)
    else:
        asks = True
    restrict(run.book_at)
    return asks


@inline
def _first_in_auction(book, side):
    queue = _U(level_of(book, MARKET_BUYS if side == 0 else MARKET_SELLS).head)
    return queue if queue != _U(0) else _U(level_of(book, side_of(book, side).best_level).head)


@compiled
def auction_fill(run):
    """Trade the first buy with the first sell at the auction's price."""
    book, price = run.book_at, run.auction_price
    buy, sell = _first_in_auction(book, 0), _first_in_auction(book, 1)
    buy_id, sell_id = order_of(book, buy).id, order_of(book, sell).id
    qty = min(run.auction_left, at_once(book, buy), at_once(book, sell))
    buy_left, sell_left = open_of(book, buy) - qty, open_of(book, sell) - qty
    run.auction_left -= qty
    take_from(book, buy, qty)
    take_from(book, sell, qty)
    tell_fill(run, 1, buy_id, buy_left, sell_id, sell_left, price, qty)
    note_trade(book, price)
