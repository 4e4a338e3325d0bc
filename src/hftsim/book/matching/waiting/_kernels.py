"""Orders that act by themselves: triggered stops come in, pegs follow prices, others end in time."""

import numpy as np

from hftsim.book.matching.checks._kernels import (
    FOK,
    GTD,
    LIMIT,
    MARKET,
    PEGGED,
    STOP,
    TRAILING_STOP,
    TRIGGER_GIVEN,
    price_to_rest,
)
from hftsim.book.matching.places._kernels import end_order, leave, open_of, wait_in, waits
from hftsim.book.matching.reports._kernels import CANCEL, EXPIRE, REPRICE, TRIGGER, tell
from hftsim.book.matching.trading._kernels import bring_in, end_incoming, toward
from hftsim.book.orders._kernels import following, key_of, key_of_level, price_of
from hftsim.book.orders.extras._kernels import extra_row, tif_of
from hftsim.book.orders.ids._kernels import find
from hftsim.book.orders.layout import TRIGGERED, UNPRICED
from hftsim.book.orders.state._kernels import (
    extra_of,
    level_of,
    order_of,
    side_of,
    state_at,
    timers_of,
)
from hftsim.core.enums import OrderFlag, RejectReason
from hftsim.native.records import compiled, inline

_U = np.uint64
_PRIMARY, _MARKET_PEG = int(OrderFlag.PEG_PRIMARY), int(OrderFlag.PEG_MARKET)
_NONE, _WOULD_TAKE = int(RejectReason.NONE), int(RejectReason.WOULD_TAKE)
_GOOD_TILL = int(RejectReason.GOOD_TILL)


@inline
def extra_of_slot(book, slot):
    """Return the extra of an order that has one."""
    return extra_of(book, extra_row(order_of(book, slot).terms))


# ---------------------------------------------------------------- stops


@compiled
def activate(run):
    """Let the first of the triggered stops come in as the order it has become."""
    book = run.book_at
    slot = _U(level_of(book, TRIGGERED).head)
    extra = extra_of_slot(book, slot)
    leave(book, slot)
    is_market = extra.type == STOP or extra.type == TRAILING_STOP
    extra.type = MARKET if is_market else LIMIT
    extra.trigger, extra.offset = 0, 0
    may_rest, price = True, extra.price
    if not is_market:
        may_rest, price = price_to_rest(book, extra.side, extra.tif, extra.flags, price)
    needed, extra.min_qty = extra.min_qty, 0
    bring_in(
        run, slot, extra.side, price, extra.hidden, extra.hidden if extra.tif == FOK else needed
    )
    sign = 1 - 2 * extra.side
    tell(run, TRIGGER, _NONE, sign, run.order_id, 0, price, run.qty, run.qty)
    if not may_rest:
        end_incoming(run, CANCEL, _WOULD_TAKE)


# ---------------------------------------------------------------- pegs


@compiled
def best_to_follow(book, side):
    """Return (whether there is one, the best shown price of an order that follows nothing)."""
    level = side_of(book, side).best_level
    while level >= 0:
        key, slot = key_of_level(book, _U(level)), _U(level_of(book, level).head)
        while slot != _U(0):
            order = order_of(book, slot)
            row = extra_row(order.terms)
            if order.qty != 0 and (not row or extra_of(book, row).type != PEGGED):
                return True, key_of(side, key)
            slot = _U(order.next)
        level = following(book, side, key)
    return False, np.int64(0)


@inline
def _halfway(side, bid, ask):
    """Return the midpoint, rounded down for a buy and up for a sell, without overflow."""
    half = (bid ^ ask) >> 1
    return (bid & ask) + half if side == 0 else (bid | ask) - half


@inline
def _follow(side, flags, offset, cap, has_bid, bid, has_ask, ask):
    """Return (has one, price) of a pegged order over the prices it can follow."""
    has_own, own = (has_bid, bid) if side == 0 else (has_ask, ask)
    has_opposite, opposite = (has_ask, ask) if side == 0 else (has_bid, bid)
    if flags & _PRIMARY:
        has, price = has_own, own
    elif flags & _MARKET_PEG:
        has, price = has_opposite, opposite
    else:
        has, price = has_bid and has_ask, _halfway(side, bid, ask)
    if not has:
        return False, np.int64(0)
    price = toward(side, price, offset)
    if flags & TRIGGER_GIVEN:
        price = min(price, cap) if side == 0 else max(price, cap)
    return True, price


@compiled
def pegged_price(book, side, flags, offset, cap):
    """Return (has one, price) of a pegged order now; `flags` has TRIGGER_GIVEN if `cap` counts."""
    has_bid, bid = best_to_follow(book, 0)
    has_ask, ask = best_to_follow(book, 1)
    return _follow(side, flags, offset, cap, has_bid, bid, has_ask, ask)


@compiled
def add_peg(book, slot):
    """Enter an order at the end of the pegged ones."""
    state, extra = state_at(book), extra_of_slot(book, slot)
    extra.next, extra.prev = 0, state.last_peg
    if state.last_peg != 0:
        extra_of_slot(book, state.last_peg).next = np.int64(slot)
    else:
        state.first_peg = np.int64(slot)
    state.last_peg = np.int64(slot)
    state.pegs += 1


@compiled
def reprice_one(run):
    """Give the first pegged order that is astray its price; return whether there was one."""
    book = run.book_at
    has_bid, bid = best_to_follow(book, 0)
    has_ask, ask = best_to_follow(book, 1)
    slot = _U(state_at(book).first_peg)
    while slot != _U(0):
        extra = extra_of_slot(book, slot)
        side = extra.side
        has, price = _follow(
            side, extra.flags, extra.offset, extra.trigger, has_bid, bid, has_ask, ask
        )
        had = not waits(book, slot)
        if has != had or (has and price != price_of(book, slot)):
            leave(book, slot)
            price = price if has else np.int64(0)
            qty = extra.hidden
            tell(run, REPRICE, _NONE, 1 - 2 * side, order_of(book, slot).id, 0, price, qty, qty)
            come_in_pegged(run, slot, side, has, price)
            return True
        slot = _U(extra.next)
    return False


@inline
def come_in_pegged(run, slot, side, has_price, price):
    """Let a pegged order come in at its price, or wait for one."""
    if has_price:
        bring_in(run, slot, side, price, open_of(run.book_at, slot), 0)
    else:
        extra = extra_of_slot(run.book_at, slot)
        extra.price, extra.has_price = 0, 0
        wait_in(run.book_at, slot, UNPRICED)


# ---------------------------------------------------------------- time


@inline
def _is_before(timers, a, b):
    one, other = timers[_U(a)], timers[_U(b)]
    if one.expires != other.expires:
        return one.expires < other.expires
    return one.order_id < other.order_id


@inline
def _swap(timers, a, b):
    one, other = timers[_U(a)], timers[_U(b)]
    expires, order_id = one.expires, one.order_id
    one.expires, one.order_id = other.expires, other.order_id
    other.expires, other.order_id = expires, order_id


@compiled
def add_timer(book, expires, order_id):
    """Remember when an order ends."""
    state, timers = state_at(book), timers_of(book)
    at = state.timers
    timers[_U(at)].expires, timers[_U(at)].order_id = expires, order_id
    state.timers += 1
    while at > 0 and _is_before(timers, at, (at - 1) // 2):
        _swap(timers, at, (at - 1) // 2)
        at = (at - 1) // 2


@compiled
def _drop_timer(book):
    state, timers = state_at(book), timers_of(book)
    state.timers -= 1
    _swap(timers, 0, state.timers)
    at = np.int64(0)
    while True:
        least = at
        for child in (2 * at + 1, 2 * at + 2):
            if child < state.timers and _is_before(timers, child, least):
                least = child
        if least == at:
            return
        _swap(timers, at, least)
        at = least


@inline
def _ends_at(book, slot, expires):
    is_timed = tif_of(book, order_of(book, slot).terms) == GTD
    return is_timed and extra_of_slot(book, slot).expires == expires


@compiled
def expire_one(run):
    """End the next order whose time is over; return whether there was one."""
    book = run.book_at
    state, timers = state_at(book), timers_of(book)
    while state.timers != 0 and timers[_U(0)].expires <= state.clock:
        order_id, expires = timers[_U(0)].order_id, timers[_U(0)].expires
        _drop_timer(book)
        slot = find(book, order_id)
        if slot != _U(0) and _ends_at(book, slot, expires):
            end_order(run, slot, EXPIRE, _GOOD_TILL)
            return True
    return False
