"""The order that comes in: it takes from the best level, then rests or ends.

It has a slot and its id is known, but it stands nowhere; what is open of it is `run.qty`. Its state is
kept in the `RUN` record, so that it can stop where the reports are full and go on after.
"""

import numpy as np

from hftsim.book.matching.places._kernels import (
    at_once,
    end_order,
    forget,
    open_of,
    rest_in_book,
    take_from,
    wait_in,
)
from hftsim.book.matching.reports._kernels import (
    CANCEL,
    EXPIRE,
    REDUCE,
    is_full,
    run_at,
    tell,
    tell_fill,
)
from hftsim.book.orders._kernels import following, key_of, key_of_level, leave_level
from hftsim.book.orders.extras._kernels import extra_row, hidden_of, owner_of, tif_of
from hftsim.book.orders.layout import (
    LARGEST,
    SMALLEST,
    STOPS,
    TRIGGERED,
)
from hftsim.book.orders.state._kernels import extra_of, level_of, order_of, side_of, state_at
from hftsim.core.enums import OrderFlag, OrderType, RejectReason, TimeInForce
from hftsim.native.records import compiled, inline

_U = np.uint64
MARKET, LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
TRAILING_STOP_LIMIT = int(OrderType.TRAILING_STOP_LIMIT)
IOC, FOK = int(TimeInForce.IOC), int(TimeInForce.FOK)
OLDEST, BOTH = int(OrderFlag.CANCEL_OLDEST), int(OrderFlag.CANCEL_BOTH)
DECREMENT = int(OrderFlag.DECREMENT)
_SELF_TRADE, _IOC_REMAINDER = int(RejectReason.SELF_TRADE), int(RejectReason.IOC_REMAINDER)
_NOT_WHOLE, _NOT_MINIMUM = (
    int(RejectReason.FOK_NOT_FILLABLE),
    int(RejectReason.MIN_QTY_NOT_FILLABLE),
)


@inline
def crosses(book, side, limit_key):
    """Whether an order of `side` with this limit, a key of the other side, would trade."""
    other = side_of(book, 1 - side)
    return other.best_key <= limit_key and other.best_level >= 0


@inline
def limit_key_of(book, side, kind, price):
    """Return the worst key of the other side at which an order trades; collars bound market orders."""
    if kind != MARKET:
        return key_of(1 - side, price)
    state = state_at(book)
    if state.has_collar == 0:
        return np.int64(LARGEST)
    return key_of(1 - side, state.upper if side == 0 else state.lower)


# ---------------------------------------------------------------- what a FOK counts


@inline
def _add_up(total, more):
    return total + more if total <= LARGEST - more else np.int64(LARGEST)


@compiled
def _fillable_in_level(book, level, owner, skips_own):
    """Return what an order of `owner` can take in a level, and whether it comes further."""
    shown, hidden = np.int64(0), np.int64(0)
    slot = _U(level_of(book, level).head)
    while slot != _U(0):
        order = order_of(book, slot)
        if owner != 0 and owner_of(book, order.terms) == owner:
            if not skips_own:
                return shown if order.qty != 0 else _add_up(shown, hidden), False
        else:
            shown = _add_up(shown, order.qty)
            hidden = _add_up(hidden, hidden_of(book, order.terms))
        slot = _U(order.next)
    return _add_up(shown, hidden), True


@compiled
def _can_fill(book, run):
    """Whether the order that comes in can trade `run.needed` lots at once."""
    side, needed = 1 - run.side, run.needed
    level, goes_on = side_of(book, side).best_level, True
    skips_own = run.flags & OLDEST != 0
    while goes_on and level >= 0:
        key = key_of_level(book, _U(level))
        if key > run.limit_key:
            break
        qty, goes_on = _fillable_in_level(book, _U(level), run.owner, skips_own)
        if qty >= needed:
            return True
        needed -= qty
        level = following(book, side, key)
    return False


# ---------------------------------------------------------------- stops hear of trades


@inline
def plus(value, more):
    """Return the sum, held at the ends of int64."""
    total = np.int64(_U(value) + _U(more))
    if more >= 0:
        return total if total >= value else np.int64(LARGEST)
    return total if total < value else np.int64(SMALLEST)


@inline
def minus(value, less):
    """Return the difference, held at the ends of int64."""
    total = np.int64(_U(value) - _U(less))
    if less >= 0:
        return total if total <= value else np.int64(SMALLEST)
    return total if total > value else np.int64(LARGEST)


@inline
def toward(side, value, more):
    """Return `value` moved up for a buy, down for a sell."""
    return plus(value, more) if side == 0 else minus(value, more)


@inline
def is_reached(side, trigger, price):
    """Whether a trade at `price` triggers a stop."""
    return price >= trigger if side == 0 else price <= trigger


@inline
def is_trailing(kind):
    """Whether the trigger of a stop of this type follows the market."""
    return kind in (TRAILING_STOP, TRAILING_STOP_LIMIT)


@inline
def watch_stop(book, extra):
    """Note the nearest trigger, so that most trades need not look at the stops."""
    state = state_at(book)
    if is_trailing(extra.type):
        state.trails += 1
    if extra.side == 0:
        state.buy_trigger = min(state.buy_trigger, extra.trigger)
    else:
        state.sell_trigger = max(state.sell_trigger, extra.trigger)


@compiled
def _hear_of_trade(book, price):
    """Queue the stops that a trade triggers and trail the others, by arrival."""
    state = state_at(book)
    state.trails, state.buy_trigger, state.sell_trigger = 0, LARGEST, SMALLEST
    slot = _U(level_of(book, STOPS).head)
    while slot != _U(0):
        order = order_of(book, slot)
        after, extra = _U(order.next), extra_of(book, extra_row(order.terms))
        if is_reached(extra.side, extra.trigger, price):
            leave_level(book, slot)
            wait_in(book, slot, TRIGGERED)
        else:
            if is_trailing(extra.type):
                trail = toward(extra.side, price, extra.offset)
                nearer = trail < extra.trigger if extra.side == 0 else trail > extra.trigger
                extra.trigger = trail if nearer else extra.trigger
            watch_stop(book, extra)
        slot = after


@inline
def note_trade(book, price):
    """Remember the last price; tell the stops if it may concern one."""
    state = state_at(book)
    state.last_price, state.has_last = price, 1
    if level_of(book, STOPS).head != 0 and (
        state.trails != 0 or price >= state.buy_trigger or price <= state.sell_trigger
    ):
        _hear_of_trade(book, price)


# ---------------------------------------------------------------- trading


@inline
def end_incoming(run, kind, reason):
    """End what is left of the order that comes in."""
    sign = 1 - 2 * run.side
    tell(run, kind, reason, sign, run.order_id, 0, run.price, run.qty, 0)
    forget(run.book_at, _U(run.slot))
    run.is_trading = 0


@inline
def _take(run, slot, price):
    """Trade with the order at the head of the best level."""
    book = run.book_at
    maker_id, left = order_of(book, slot).id, open_of(book, slot)
    traded = min(at_once(book, slot), run.qty)
    run.qty -= traded
    take_from(book, slot, traded)
    sign = 1 - 2 * run.side
    tell_fill(run, sign, run.order_id, run.qty, maker_id, left - traded, price, traded)
    note_trade(book, price)


@compiled
def _decrement(run, slot, price):
    """Take from both orders of an owner what they would have traded."""
    book, sign = run.book_at, 1 - 2 * run.side
    maker_id, left = order_of(book, slot).id, open_of(book, slot)
    qty = min(at_once(book, slot), run.qty)
    run.qty, left = run.qty - qty, left - qty
    take_from(book, slot, qty)
    kind = REDUCE if run.qty > 0 else CANCEL
    tell(run, kind, _SELF_TRADE, sign, run.order_id, 0, run.price, qty, run.qty)
    kind = REDUCE if left > 0 else CANCEL
    tell(run, kind, _SELF_TRADE, -sign, maker_id, 0, price, qty, left)


@compiled
def _prevent_self_trade(run, slot, price):
    """Do what the order that comes in wants when it meets one of its owner."""
    if run.flags & DECREMENT:
        _decrement(run, slot, price)
        return
    if not run.flags & OLDEST:
        end_incoming(run, CANCEL, _SELF_TRADE)
    if run.flags & (OLDEST | BOTH):
        end_order(run, slot, CANCEL, _SELF_TRADE)


@compiled
def trade(run_address):
    """Go on with the order that comes in; return False where the reports are full."""
    run = run_at(run_address)
    book = run.book_at
    other = side_of(book, 1 - run.side)
    if run.needed > 0:
        if not _can_fill(book, run):
            end_incoming(run, EXPIRE, _NOT_WHOLE if run.tif == FOK else _NOT_MINIMUM)
            return True
        run.needed = 0
    while run.qty > 0 and other.best_key <= run.limit_key and other.best_level >= 0:
        if is_full(run):
            return False
        slot = _U(level_of(book, other.best_level).head)
        price = key_of(1 - run.side, other.best_key)
        if run.owner != 0 and owner_of(book, order_of(book, slot).terms) == run.owner:
            _prevent_self_trade(run, slot, price)
            if run.is_trading == 0:
                return True
        else:
            _take(run, slot, price)
    if run.qty == 0:
        forget(book, _U(run.slot))
    elif run.type == MARKET or run.tif == IOC or run.tif == FOK:
        end_incoming(run, EXPIRE, _IOC_REMAINDER)
    else:
        rest_in_book(book, _U(run.slot), run.side, run.price, run.qty)
    run.is_trading = 0
    return True


@inline
def bring_in(run, slot, side, price, qty, needed):
    """Make a live order that stands nowhere the one that comes in."""
    book, order = run.book_at, order_of(run.book_at, slot)
    row = extra_row(order.terms)
    run.order_id, run.slot, run.side, run.price = order.id, np.int64(slot), side, price
    run.type, run.flags = LIMIT, 0
    run.tif, run.owner = tif_of(book, order.terms), owner_of(book, order.terms)
    if row:
        run.type, run.flags = extra_of(book, row).type, extra_of(book, row).flags
    run.qty, run.needed, run.is_trading = qty, needed, 1
    run.limit_key = limit_key_of(book, side, run.type, price)
