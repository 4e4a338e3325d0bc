"""`ReferenceBook`: the rules of docs/models/matching.md, written to be read."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hftsim.book.reference import checks
from hftsim.book.reference.messages import (
    AUCTION_TIFS,
    REPORT_DTYPE,
    STOP_TYPES,
    Message,
    Order,
    Report,
    messages_of,
)
from hftsim.book.reference.state import Snapshots
from hftsim.core.enums import (
    MessageOp,
    OrderType,
    RejectReason,
    ReportKind,
    TimeInForce,
    TradingPhase,
)


class ReferenceBook(Snapshots):
    """The order book of one instrument in plain Python: slow, and plainly right.

    The compiled `OrderBook` is compared with it; it is also a place to learn how matching works.

    Examples
    --------
    >>> book = ReferenceBook()
    >>> book.handle(Message(order_id=1, side=-1, price=101, qty=5))[0].kind.name
    'ACK'
    >>> [row.leaves_qty for row in book.handle(Message(order_id=2, side=1, price=101, qty=8))]
    [8, 3, 0]
    """

    def process(self, columns: Mapping[str, Sequence[Any] | np.ndarray] | np.ndarray) -> np.ndarray:
        """Handle messages given as columns (see `Message`) and return their rows.

        Returns an array of `REPORT_DTYPE`. Raises DataError where columns differ in length.
        """
        rows = [row for message in messages_of(columns) for row in self.handle(message)]
        return np.array([tuple(row) for row in rows], dtype=REPORT_DTYPE)

    def handle(self, message: Message) -> list[Report]:
        """Handle one message and return its rows."""
        self.rows = []
        self.clock = max(self.clock, message.ts_event)
        if self.end_good_till():
            self.settle()
        self.dispatch(message)
        self.settle()
        self.messages += 1
        return self.rows

    def dispatch(self, message: Message) -> None:
        """Do what a message asks for, and not what follows from it."""
        actions = {
            MessageOp.NEW: self.new,
            MessageOp.CANCEL: self.cancel,
            MessageOp.REPLACE: self.replace,
            MessageOp.MASS_CANCEL: self.mass_cancel,
            MessageOp.KILL: self.kill,
            MessageOp.REVIVE: self.revive,
            MessageOp.HALT: self.halt,
            MessageOp.RESUME: self.resume,
            MessageOp.AUCTION: self.begin_auction,
            MessageOp.UNCROSS: self.uncross,
            MessageOp.TIME: self.pass_time,
            MessageOp.END_OF_DAY: self.end_day,
            MessageOp.COLLAR: self.set_collar,
        }
        if message.op in actions:
            actions[MessageOp(message.op)](message)
        else:
            self.reject(message, RejectReason.BAD_OPERATION)

    # -- one order ------------------------------------------------------------------------------

    def new(self, message: Message) -> None:
        """Acknowledge an order and bring it in, or refuse it (rule 3)."""
        reason = checks.refusal(self, message)
        if not reason:
            order = self.order_of(message)
            reason = checks.refusal_now(self, order)
        if reason:
            self.reject(message, reason)
            return
        self.live[order.order_id] = order
        if order.tif == TimeInForce.GTD:
            self.good_till[order.order_id] = order
        self.write(ReportKind.ACK, order, order.open)
        self.place(order)

    def order_of(self, message: Message) -> Order:
        """Return the order of a message with the price and trigger that it finds now."""
        order = Order.of(message)
        if order.type in STOP_TYPES:
            order.trigger = self.first_trigger(message)
        elif order.type == OrderType.PEGGED:
            order.price = self.pegged_price(order)
        elif order.type == OrderType.MARKET_TO_LIMIT:
            order.price = self.best_price(-order.side)
        return order

    def place(self, order: Order) -> None:
        """Bring an acknowledged order to where it belongs."""
        if order.type in STOP_TYPES:
            self.add_stop(order)
        elif order.tif in AUCTION_TIFS or self.phase == TradingPhase.AUCTION:
            self.collect(order)
        elif order.type == OrderType.PEGGED:
            self.add_pegged(order)
        elif order.type == OrderType.MARKET_TO_LIMIT and order.price is None:
            self.end(order, ReportKind.EXPIRE, RejectReason.NO_MARKET)
        else:
            if order.type == OrderType.MARKET_TO_LIMIT:
                order.type = OrderType.LIMIT
            self.enter(order)

    def cancel(self, message: Message) -> None:
        """End an order on request (rule 4)."""
        order = self.live.get(message.order_id)
        if order is None:
            self.reject(Message(order_id=message.order_id), RejectReason.UNKNOWN_ORDER)
        else:
            self.end(order, ReportKind.CANCEL, RejectReason.NONE)

    def replace(self, message: Message) -> None:
        """Give an order another price and open quantity, or refuse to (rule 5)."""
        message = Message(
            order_id=message.order_id,
            price=message.price,
            has_price=message.has_price,
            qty=message.qty,
        )
        order = self.live.get(message.order_id)
        reason = checks.replace_refusal(self, order, message)
        if reason or order is None:
            self.reject(message, reason)
        elif checks.keeps_place(order, message):
            order.shown = min(order.shown, message.qty)
            order.hidden = message.qty - order.shown
            self.write(ReportKind.REPLACE, order, message.qty)
        else:
            self.leave(order)
            order.price = checks.price_to_rest(self, order, message.price)
            order.hidden = message.qty
            self.write(ReportKind.REPLACE, order, message.qty)
            if self.phase == TradingPhase.AUCTION:
                self.rest(order)
            else:
                self.match_and_rest(order)

    # -- many orders ----------------------------------------------------------------------------

    def end_all(self, orders: list[Order], kind: ReportKind, reason: RejectReason) -> None:
        """Answer with their number, then end orders by id."""
        self.answer(ReportKind.ACK, qty=len(orders))
        for order in sorted(orders, key=lambda order: order.order_id):
            self.end(order, kind, reason)

    def mass_cancel(self, message: Message) -> None:
        """Cancel the orders of an owner, or of all, on one side, or on both."""
        if message.side not in (-1, 0, 1):
            self.answer(ReportKind.REJECT, RejectReason.BAD_SIDE)
            return
        orders = [
            order
            for order in self.live.values()
            if message.owner in (0, order.owner) and message.side in (0, order.side)
        ]
        self.end_all(orders, ReportKind.CANCEL, RejectReason.MASS_CANCEL)

    def kill(self, message: Message) -> None:
        """Cancel all orders of an owner (0: of everybody) and take no new ones."""
        orders = [order for order in self.live.values() if message.owner in (0, order.owner)]
        self.end_all(orders, ReportKind.CANCEL, RejectReason.KILLED)
        self.blocked.add(message.owner)

    def revive(self, message: Message) -> None:
        """Take orders of an owner again; 0 lifts all blocks."""
        lifted = self.blocked if message.owner == 0 else self.blocked & {message.owner}
        self.answer(ReportKind.ACK, qty=len(lifted))
        self.blocked = self.blocked - lifted

    def end_day(self, message: Message) -> None:  # noqa: ARG002 - every action takes its message
        """Expire the orders of the day."""
        orders = [order for order in self.live.values() if order.tif == TimeInForce.DAY]
        self.end_all(orders, ReportKind.EXPIRE, RejectReason.DAY_ENDED)

    def end_good_till(self) -> bool:
        """Expire the orders whose time is over; say whether there were any."""
        over = [order for order in self.good_till.values() if order.expires <= self.clock]
        for order in sorted(over, key=lambda order: (order.expires, order.order_id)):
            self.end(order, ReportKind.EXPIRE, RejectReason.GOOD_TILL)
        return bool(over)

    # -- the session ----------------------------------------------------------------------------

    def pass_time(self, message: Message) -> None:  # noqa: ARG002
        """Answer; the clock has moved already."""
        self.answer(ReportKind.ACK)

    def halt(self, message: Message) -> None:  # noqa: ARG002
        """Stop trading."""
        self.change_phase(TradingPhase.CONTINUOUS, TradingPhase.HALTED)

    def resume(self, message: Message) -> None:  # noqa: ARG002
        """Trade again."""
        self.change_phase(TradingPhase.HALTED, TradingPhase.CONTINUOUS)

    def change_phase(self, before: TradingPhase, after: TradingPhase) -> None:
        """Go from one phase to another, or refuse where the book is in neither."""
        if self.phase == before:
            self.answer(ReportKind.ACK)
            self.phase = after
        else:
            self.answer(ReportKind.REJECT, RejectReason.NOT_IN_THIS_PHASE)

    def set_collar(self, message: Message) -> None:
        """Set the bounds of prices, or lift them."""
        if not message.has_price:
            self.collar = None
            self.answer(ReportKind.ACK)
        elif message.price > message.trigger:
            self.answer(ReportKind.REJECT, RejectReason.BAD_PRICE)
        else:
            self.collar = message.price, message.trigger
            self.answer(ReportKind.ACK, price=message.price)
