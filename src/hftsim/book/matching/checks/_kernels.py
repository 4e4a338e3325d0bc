"""Why an order is refused: the reasons of docs/models/matching.md, in its order."""

import numpy as np

from hftsim.book.matching.layout import NO_PRICE
from hftsim.book.matching.trading._kernels import crosses, is_trailing, toward
from hftsim.book.orders._kernels import key_of
from hftsim.book.orders.ids._kernels import find
from hftsim.book.orders.layout import SMALLEST
from hftsim.book.orders.state._kernels import blocked_of, side_of, state_at
from hftsim.core.enums import OrderFlag, OrderType, RejectReason, TimeInForce, TradingPhase
from hftsim.native.records import compiled, inline

_U = np.uint64
MARKET, LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
STOP, STOP_LIMIT = int(OrderType.STOP), int(OrderType.STOP_LIMIT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
TRAILING_STOP_LIMIT = int(OrderType.TRAILING_STOP_LIMIT)
MARKET_TO_LIMIT, PEGGED = int(OrderType.MARKET_TO_LIMIT), int(OrderType.PEGGED)
GTC, IOC, FOK = int(TimeInForce.GTC), int(TimeInForce.IOC), int(TimeInForce.FOK)
GTX, DAY, GTD = int(TimeInForce.GTX), int(TimeInForce.DAY), int(TimeInForce.GTD)
AT_OPEN, AT_CLOSE = int(TimeInForce.AT_OPEN), int(TimeInForce.AT_CLOSE)
CONTINUOUS, HALTED = int(TradingPhase.CONTINUOUS), int(TradingPhase.HALTED)
AUCTION = int(TradingPhase.AUCTION)
SLIDE, HIDDEN = int(OrderFlag.SLIDE), int(OrderFlag.HIDDEN)
TRIGGER_GIVEN = int(OrderFlag.TRIGGER_GIVEN)
NONE = int(RejectReason.NONE)
_BAD_ORDER_ID, _REPEATED = int(RejectReason.BAD_ORDER_ID), int(RejectReason.REPEATED_ORDER_ID)
_BAD_SIDE, _BAD_TYPE = int(RejectReason.BAD_SIDE), int(RejectReason.BAD_TYPE)
_BAD_TIF, _BAD_QTY = int(RejectReason.BAD_TIME_IN_FORCE), int(RejectReason.BAD_QTY)
_BAD_PRICE, _BAD_TIME = int(RejectReason.BAD_PRICE), int(RejectReason.BAD_TIME)
_BLOCKED, _PHASE = int(RejectReason.OWNER_BLOCKED), int(RejectReason.NOT_IN_THIS_PHASE)


def _bits(*numbers: int) -> int:
    return sum(1 << n for n in numbers)


_ENTERING = _bits(GTC, IOC, FOK, DAY, GTD)
_LIVES = {
    MARKET: _ENTERING | _bits(AT_OPEN, AT_CLOSE),
    LIMIT: _ENTERING | _bits(GTX, AT_OPEN, AT_CLOSE),
    STOP: _ENTERING,
    STOP_LIMIT: _ENTERING | _bits(GTX),
    MARKET_TO_LIMIT: _ENTERING,
    TRAILING_STOP: _ENTERING,
    TRAILING_STOP_LIMIT: _ENTERING | _bits(GTX),
    PEGGED: _bits(GTC, DAY, GTD),
}
_TIFS = tuple(_LIVES.get(kind, 0) for kind in range(PEGGED + 1))
"""By type: the times in force that it may have, as bits; none where there is no such type."""
_PRICED = _bits(LIMIT, STOP_LIMIT, TRAILING_STOP_LIMIT)
_STOPS = _bits(STOP, STOP_LIMIT, TRAILING_STOP, TRAILING_STOP_LIMIT)
_HIDING = _bits(LIMIT, MARKET_TO_LIMIT, STOP_LIMIT, TRAILING_STOP_LIMIT, PEGGED)
_PEGS = int(OrderFlag.PEG_PRIMARY | OrderFlag.PEG_MARKET | OrderFlag.PEG_MIDPOINT)
_MODES = int(OrderFlag.CANCEL_OLDEST | OrderFlag.CANCEL_BOTH | OrderFlag.DECREMENT)
_FLAGS = _PEGS | _MODES | HIDDEN | SLIDE | TRIGGER_GIVEN


@inline
def is_stop(kind):
    """Whether an order of this type waits for a trade."""
    return (_STOPS >> np.int64(kind)) & 1 != 0


@inline
def is_priced(kind):
    """Whether an order of this type must have a limit."""
    return (_PRICED >> np.int64(kind)) & 1 != 0


@inline
def is_for_auction(tif):
    """Whether an order takes part in an auction only."""
    return tif in (AT_OPEN, AT_CLOSE)


@inline
def _is_one_bit(word):
    return word != 0 and word & (word - 1) == 0


@compiled
def _fits(kind, tif, flags, min_qty):
    """Whether type, time in force, flags and minimum quantity go together."""
    if (_TIFS[kind] >> tif) & 1 == 0:
        return False
    allowed = _MODES
    if (_HIDING >> kind) & 1 and not is_for_auction(tif):
        allowed |= HIDDEN
    if tif == GTX:
        allowed |= SLIDE
    if is_trailing(kind):
        allowed |= TRIGGER_GIVEN
    if kind == PEGGED:
        allowed |= _PEGS
    if flags & ~allowed != 0 or (flags & _MODES and not _is_one_bit(flags & _MODES)):
        return False
    if kind == PEGGED and not _is_one_bit(flags & _PEGS):
        return False
    no_minimum = is_for_auction(tif) or tif == GTX or kind == PEGGED
    return not (no_minimum and min_qty > 0)


@inline
def is_blocked(book, owner):
    """Whether new orders of an owner are refused."""
    found = False
    for other in blocked_of(book):
        found = found or other in (0, owner)
    return found


@inline
def _is_accepted(phase, kind, tif, min_qty):
    if phase == AUCTION:
        waits = tif != IOC and tif != FOK and tif != GTX and min_qty == 0
        return waits and kind in (LIMIT, MARKET)
    return phase == CONTINUOUS


@inline
def first_trigger(book, side, message, terms):
    """Return the trigger a stop begins with; a trailing one may need a last price."""
    if not is_trailing(message.type) or terms.flags & TRIGGER_GIVEN:
        return terms.trigger
    return toward(side, state_at(book).last_price, terms.offset)


@compiled
def _refusal_of_terms(book, message, terms, owner):
    state, kind, tif = state_at(book), np.int64(message.type), np.int64(message.tif)
    if not _fits(kind, tif, terms.flags, terms.min_qty):
        return _BAD_TYPE
    has_trigger = terms.flags & TRIGGER_GIVEN != 0 or state.has_last != 0
    if is_trailing(kind) and (terms.offset <= 0 or not has_trigger):
        return _BAD_PRICE
    if terms.min_qty < 0 or terms.min_qty > message.qty:
        return _BAD_QTY
    if tif == GTD and terms.expires <= state.clock:
        return _BAD_TIME
    if is_blocked(book, owner):
        return _BLOCKED
    return NONE if _is_accepted(state.phase, kind, tif, terms.min_qty) else _PHASE


@compiled
def refusal(book, message, terms, owner):
    """Return why a new order is refused whatever the prices of the moment, or NONE."""
    kind = np.int64(message.type)
    if message.order_id <= 0:
        return _BAD_ORDER_ID
    if find(book, message.order_id) != _U(0):
        return _REPEATED
    if message.side != 1 and message.side != -1:
        return _BAD_SIDE
    if kind > PEGGED or _TIFS[kind] == 0:
        return _BAD_TYPE
    if message.tif > AT_CLOSE:
        return _BAD_TIF
    if terms.flags & ~_FLAGS != 0:
        return _BAD_TYPE
    if message.qty <= 0:
        return _BAD_QTY
    if is_priced(kind) and message.op & NO_PRICE:
        return _BAD_PRICE
    return _refusal_of_terms(book, message, terms, owner)


@inline
def is_outside_collar(book, side, price):
    """Whether a limit is beyond the bound on its aggressive side."""
    state = state_at(book)
    if state.has_collar == 0:
        return False
    return price > state.upper if side == 0 else price < state.lower


@inline
def price_to_rest(book, side, tif, flags, price):
    """Return (may come in, at which price): a post-only order that would trade slides, or may not."""
    if tif != GTX or not crosses(book, side, key_of(1 - side, price)):
        return True, price
    key = side_of(book, 1 - side).best_key
    if not flags & SLIDE or key == SMALLEST:
        return False, price
    return True, key_of(1 - side, key - 1)
