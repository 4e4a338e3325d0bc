"""What may come in: the reasons for which a message is refused, in their order."""

import dataclasses

from hftsim.book.reference.messages import (
    AUCTION_TIFS,
    PEGS,
    PRICED_TYPES,
    SELF_TRADE_MODES,
    STOP_TYPES,
    TRAILING_TYPES,
    Message,
    Order,
)
from hftsim.book.reference.waiting import Waiting
from hftsim.core.enums import (
    OrderFlag,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
    TradingPhase,
)

T, Tif, R = OrderType, TimeInForce, RejectReason

ENTERING = {Tif.GTC, Tif.IOC, Tif.FOK, Tif.DAY, Tif.GTD}
LIVES: dict[int, set[TimeInForce]] = {
    T.MARKET: ENTERING | set(AUCTION_TIFS),
    T.LIMIT: ENTERING | {Tif.GTX} | set(AUCTION_TIFS),
    T.MARKET_TO_LIMIT: ENTERING,
    T.STOP: ENTERING,
    T.TRAILING_STOP: ENTERING,
    T.STOP_LIMIT: ENTERING | {Tif.GTX},
    T.TRAILING_STOP_LIMIT: ENTERING | {Tif.GTX},
    T.PEGGED: {Tif.GTC, Tif.DAY, Tif.GTD},
}
"""Which times in force a type may have."""

HIDING = {T.LIMIT, T.MARKET_TO_LIMIT, T.STOP_LIMIT, T.TRAILING_STOP_LIMIT, T.PEGGED}
KNOWN_FLAGS = sum(OrderFlag)


def refusal(book: Waiting, message: Message) -> RejectReason:
    """Return why a new order is refused whatever the market, NONE if it is not."""
    needs_trade = message.type in STOP_TYPES and book.first_trigger(message) is None
    reasons = [
        (message.order_id <= 0, R.BAD_ORDER_ID),
        (message.order_id in book.live, R.REPEATED_ORDER_ID),
        (message.side not in (Side.BUY, Side.SELL), R.BAD_SIDE),
        (message.type not in LIVES, R.BAD_TYPE),
        (message.tif not in set(Tif), R.BAD_TIME_IN_FORCE),
        (message.flags & ~KNOWN_FLAGS != 0, R.BAD_TYPE),
        (message.qty <= 0, R.BAD_QTY),
        (message.type in PRICED_TYPES and not message.has_price, R.BAD_PRICE),
        (not fits(message), R.BAD_TYPE),
        (message.type in TRAILING_TYPES and message.offset <= 0, R.BAD_PRICE),
        (needs_trade, R.BAD_PRICE),
        (not 0 <= message.min_qty <= message.qty, R.BAD_QTY),
        (message.tif == Tif.GTD and message.expires <= book.clock, R.BAD_TIME),
        (bool(book.blocked & {0, message.owner}), R.OWNER_BLOCKED),
        (not is_accepted(book, message), R.NOT_IN_THIS_PHASE),
    ]
    return first_reason(reasons)


def first_reason(reasons: list[tuple[bool, RejectReason]]) -> RejectReason:
    """Return the first reason that holds, else NONE."""
    return next((reason for holds, reason in reasons if holds), R.NONE)


def fits(message: Message) -> bool:
    """Whether type, time in force, flags and minimum quantity go together."""
    if message.tif not in LIVES.get(message.type, set()):
        return False
    at_auction = message.tif in AUCTION_TIFS
    allowed = SELF_TRADE_MODES
    if message.type in HIDING and not at_auction:
        allowed |= OrderFlag.HIDDEN
    if message.tif == Tif.GTX:
        allowed |= OrderFlag.SLIDE
    if message.type in TRAILING_TYPES:
        allowed |= OrderFlag.TRIGGER_GIVEN
    if message.type == T.PEGGED:
        allowed |= PEGS
    pegs, modes = (bin(message.flags & bits).count("1") for bits in (PEGS, SELF_TRADE_MODES))
    no_minimum = at_auction or message.tif == Tif.GTX or message.type == T.PEGGED
    return (
        message.flags & ~allowed == 0
        and modes <= 1
        and pegs == (message.type == T.PEGGED)
        and not (no_minimum and message.min_qty > 0)
    )


def is_accepted(book: Waiting, message: Message) -> bool:
    """Whether the phase takes such an order."""
    if book.phase == TradingPhase.AUCTION:
        waits = message.tif not in (Tif.IOC, Tif.FOK, Tif.GTX) and message.min_qty == 0
        return waits and message.type in (T.LIMIT, T.MARKET)
    return book.phase == TradingPhase.CONTINUOUS


def refusal_now(book: Waiting, order: Order) -> RejectReason:
    """Return why the market of this moment refuses an order; a post-only one may slide."""
    if order.type == T.PEGGED:
        return R.NONE
    if is_outside_collar(book, order):
        return R.OUTSIDE_COLLAR
    if order.type == T.LIMIT and order.price is not None:
        price = price_to_rest(book, order, order.price)
        if price is None:
            return R.WOULD_TAKE
        order.price = price
    return R.NONE


def is_outside_collar(book: Waiting, order: Order) -> bool:
    """Whether the limit is beyond the bound on its aggressive side."""
    if book.collar is None or order.price is None:
        return False
    lower, upper = book.collar
    return order.price > upper if order.side == Side.BUY else order.price < lower


def stands_at_its_price(order: Order) -> bool:
    """Whether an order stands in the book at a price of its own."""
    return order.type == T.LIMIT and (order.shown > 0 or order.is_hidden)


def keeps_place(order: Order, message: Message) -> bool:
    """Whether a replace that is not refused leaves an order where it is (rule 5)."""
    if not stands_at_its_price(order):
        return True
    return message.price == order.price and message.qty < order.open


def replace_refusal(book: Waiting, order: Order | None, message: Message) -> RejectReason:
    """Return why a replace is refused, NONE if it is not."""
    if order is None:
        return R.UNKNOWN_ORDER
    if message.qty <= 0:
        return R.BAD_QTY
    if not stands_at_its_price(order):
        return R.NONE if message.qty < order.open else R.BAD_TYPE
    if not message.has_price:
        return R.BAD_PRICE
    if keeps_place(order, message):
        return R.NONE
    moved = dataclasses.replace(order, price=message.price, queue=None)
    in_auction = book.phase == TradingPhase.AUCTION
    reasons = [
        (book.phase == TradingPhase.HALTED, R.NOT_IN_THIS_PHASE),
        (in_auction and order.tif == Tif.GTX, R.NOT_IN_THIS_PHASE),
        (is_outside_collar(book, moved), R.OUTSIDE_COLLAR),
        (price_to_rest(book, order, message.price) is None, R.WOULD_TAKE),
    ]
    return first_reason(reasons)


def price_to_rest(book: Waiting, order: Order, price: int) -> int | None:
    """Return the price at which an order may come in: a post-only one slides, or None."""
    moved = dataclasses.replace(order, price=price, queue=None)
    if order.tif == Tif.GTX and book.would_take(moved):
        return book.slid_price(moved)
    return price
