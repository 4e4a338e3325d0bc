"""New orders: acknowledged or refused, made, brought to where they belong."""

import numpy as np

from hftsim.book.matching.checks._kernels import (
    AT_OPEN,
    AUCTION,
    CONTINUOUS,
    FOK,
    GTD,
    GTX,
    HIDDEN,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    NONE,
    PEGGED,
    STOP,
    TRAILING_STOP,
    TRIGGER_GIVEN,
    first_trigger,
    is_for_auction,
    is_outside_collar,
    is_priced,
    is_stop,
    price_to_rest,
    refusal,
)
from hftsim.book.matching.hand._kernels import message_at_hand, refuse, terms_at_hand
from hftsim.book.matching.layout import (
    HAS_TERMS,
    NO_PRICE,
)
from hftsim.book.matching.places._kernels import (
    forget,
    rest_in_book,
    wait_in,
)
from hftsim.book.matching.reports._kernels import (
    ACK,
    EXPIRE,
    tell,
)
from hftsim.book.matching.trading._kernels import (
    bring_in,
    is_reached,
    is_trailing,
    limit_key_of,
    watch_stop,
)
from hftsim.book.matching.waiting._kernels import (
    add_peg,
    add_timer,
    come_in_pegged,
    pegged_price,
)
from hftsim.book.orders._kernels import (
    key_of,
    side_number,
    take_slot,
)
from hftsim.book.orders.extras._kernels import extra_row, take_extra
from hftsim.book.orders.ids._kernels import keep_id
from hftsim.book.orders.layout import (
    HAS_EXTRA,
    MARKET_BUYS,
    MARKET_SELLS,
    OWNERS,
    PARKED,
    POST_ONLY,
    STOPS,
    TRIGGERED,
)
from hftsim.book.orders.state._kernels import extra_of, order_of, side_of, state_at
from hftsim.core.enums import RejectReason
from hftsim.native.records import compiled, inline

_U = np.uint64
_WOULD_TAKE, _NO_MARKET = int(RejectReason.WOULD_TAKE), int(RejectReason.NO_MARKET)
_COLLAR_REASON = int(RejectReason.OUTSIDE_COLLAR)


@compiled
def _give_extra(book, message, terms, side, owner, kind, price, has_price):
    row = take_extra(book)
    extra = extra_of(book, row)
    extra.owner, extra.side, extra.type, extra.tif = owner, side, kind, message.tif
    extra.flags, extra.display, extra.hidden = terms.flags & ~TRIGGER_GIVEN, 0, message.qty
    slices = kind != MARKET and kind != STOP and kind != TRAILING_STOP
    if slices and not is_for_auction(message.tif) and not terms.flags & HIDDEN:
        extra.display = max(terms.display_qty, np.int64(0))
    extra.trigger, extra.offset, extra.min_qty, extra.expires = 0, 0, 0, 0
    if is_stop(kind):
        extra.trigger, extra.min_qty = first_trigger(book, side, message, terms), terms.min_qty
    if kind == PEGGED and not message.op & NO_PRICE:
        extra.trigger, extra.flags = message.price, extra.flags | TRIGGER_GIVEN
    if is_trailing(kind) or kind == PEGGED:
        extra.offset = terms.offset
    if message.tif == GTD:
        extra.expires = terms.expires
    extra.price, extra.has_price, extra.next, extra.prev = price, np.int64(has_price), 0, 0
    return row


@inline
def _needs_extra(book, message, terms, owner):
    if message.type != LIMIT and message.type != MARKET and message.type != MARKET_TO_LIMIT:
        return True
    if message.tif > GTX or owner < 0 or owner > OWNERS or terms.flags != 0:
        return True
    return terms.display_qty > 0 or state_at(book).phase != CONTINUOUS


@compiled
def _make_order(book, message, terms, side, owner, price, has_price):
    slot = take_slot(book)
    order = order_of(book, slot)
    kind = LIMIT if message.type == MARKET_TO_LIMIT else np.int64(message.type)
    order.id, order.qty, order.level = message.order_id, 0, np.uint32(0)
    if _needs_extra(book, message, terms, owner):
        row = _give_extra(book, message, terms, side, owner, kind, price, has_price)
        order.terms = np.uint32(_U(HAS_EXTRA) | row)
    else:
        post_only = _U(POST_ONLY) if message.tif == GTX else _U(0)
        order.terms = np.uint32(_U(owner) | post_only)
    keep_id(book, message.order_id, slot)
    if message.tif == GTD:
        add_timer(book, terms.expires, message.order_id)
    return slot


@inline
def _price_now(book, message, terms, side):
    """Return (has one, price) that a new order finds."""
    kind = np.int64(message.type)
    if is_priced(kind):
        return True, message.price
    if kind == MARKET_TO_LIMIT:
        other = side_of(book, 1 - side)
        has = other.best_level >= 0
        return has, key_of(1 - side, other.best_key) if has else np.int64(0)
    if kind == PEGGED:
        capped = 0 if message.op & NO_PRICE else TRIGGER_GIVEN
        return pegged_price(book, side, terms.flags | capped, terms.offset, message.price)
    return False, np.int64(0)


@inline
def _refusal_now(book, message, terms, side, has_price, price):
    """Return (why the market of this moment refuses an order, at which price it may come in)."""
    kind = np.int64(message.type)
    if kind == PEGGED or not has_price:
        return NONE, price
    if is_outside_collar(book, side, price):
        return _COLLAR_REASON, price
    if kind != LIMIT:
        return NONE, price
    may_rest, price = price_to_rest(book, side, message.tif, terms.flags, price)
    return NONE if may_rest else _WOULD_TAKE, price


@compiled
def collect(book, slot, side, price):
    """Let an order with an extra stand in the auction's book, or park it until its own auction."""
    state, extra = state_at(book), extra_of(book, extra_row(order_of(book, slot).terms))
    own_auction = state.auction_kind == (1 if extra.tif == AT_OPEN else 2)
    if state.phase != AUCTION or (is_for_auction(extra.tif) and not own_auction):
        wait_in(book, slot, PARKED)
    elif extra.type == MARKET:
        wait_in(book, slot, MARKET_BUYS if side == 0 else MARKET_SELLS)
    else:
        rest_in_book(book, slot, side, price, extra.hidden)


@compiled
def _place(run, message, terms, slot, side, has_price, price):
    """Bring an acknowledged order to where it belongs."""
    book = run.book_at
    state, kind, qty = state_at(book), np.int64(message.type), message.qty
    if is_stop(kind):
        extra = extra_of(book, extra_row(order_of(book, slot).terms))
        if state.has_last != 0 and is_reached(side, extra.trigger, state.last_price):
            wait_in(book, slot, TRIGGERED)
        else:
            wait_in(book, slot, STOPS)
            watch_stop(book, extra)
    elif is_for_auction(message.tif) or state.phase == AUCTION:
        collect(book, slot, side, price)
    elif kind == PEGGED:
        add_peg(book, slot)
        come_in_pegged(run, slot, side, has_price, price)
    elif kind == MARKET_TO_LIMIT and not has_price:
        tell(run, EXPIRE, _NO_MARKET, message.side, message.order_id, 0, 0, qty, 0)
        forget(book, slot)
    else:
        bring_in(run, slot, side, price, qty, qty if message.tif == FOK else terms.min_qty)
        run.type, run.tif = LIMIT if kind == MARKET_TO_LIMIT else kind, np.int64(message.tif)
        run.limit_key = limit_key_of(book, side, run.type, price)


@compiled
def new_order(run):
    book, message = run.book_at, message_at_hand(run)
    terms = terms_at_hand(run, message)
    owner = terms.owner if message.op & HAS_TERMS else np.int64(message.owner & OWNERS)
    reason = refusal(book, message, terms, owner)
    if reason != NONE:
        refuse(run, message, reason, message.side)
        return
    side = side_number(message.side)
    has_price, price = _price_now(book, message, terms, side)
    reason, price = _refusal_now(book, message, terms, side, has_price, price)
    if reason != NONE:
        refuse(run, message, reason, message.side)
        return
    slot = _make_order(book, message, terms, side, owner, price, has_price)
    qty = message.qty
    tell(run, ACK, NONE, message.side, message.order_id, 0, price, qty, qty)
    _place(run, message, terms, slot, side, has_price, price)
