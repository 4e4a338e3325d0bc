"""Rules 2 to 9: how an incoming order meets the book."""

from hftsim.book.reference.messages import Order
from hftsim.book.reference.queues import Queues
from hftsim.core.enums import OrderFlag, OrderType, RejectReason, ReportKind, Side, TimeInForce


class Matching(Queues):
    """Continuous trading by price, then display, then time."""

    def crosses(self, order: Order, price: int) -> bool:
        """Whether an order may trade at a price; a market order up to the collar."""
        limit = order.price
        if limit is None:
            if self.collar is None:
                return True
            limit = self.collar[1] if order.side == Side.BUY else self.collar[0]
        return price <= limit if order.side == Side.BUY else price >= limit

    def would_take(self, order: Order) -> bool:
        """Whether an order touches the best opposite price."""
        best = self.best_price(-order.side)
        return best is not None and self.crosses(order, best)

    def first_maker(self, side: int) -> Order | None:
        """Return the order of a side that trades next."""
        best = self.best_price(side)
        return None if best is None else self.levels[side][best][0]

    def fillable(self, order: Order) -> int:
        """Return the lots that an order would trade if it came in now with enough of them."""
        total = 0
        for price in self.prices(-order.side):
            if not self.crosses(order, price):
                break
            queue = self.levels[-order.side][price]
            own = [maker for maker in queue if maker.is_own(order)]
            if order.flags & OrderFlag.CANCEL_OLDEST:
                total += sum(maker.open for maker in queue if maker not in own)
            elif not own:
                total += sum(maker.open for maker in queue)
            else:
                before = queue[: queue.index(own[0])]
                total += sum(m.open if own[0].is_hidden else m.shown for m in before)
                break
        return total

    def enter(self, order: Order) -> None:
        """Handle an order that comes in for the first time: trade, then rest or end."""
        whole = order.tif == TimeInForce.FOK
        needed, order.min_qty = order.open if whole else order.min_qty, 0
        if needed and self.fillable(order) < needed:
            reason = RejectReason.MIN_QTY_NOT_FILLABLE
            if whole:
                reason = RejectReason.FOK_NOT_FILLABLE
            self.end(order, ReportKind.EXPIRE, reason)
        else:
            self.match_and_rest(order)

    def match_and_rest(self, order: Order) -> None:
        """Trade what crosses; what is left rests in the book, or ends if it may not."""
        self.match(order)
        if not order.open:
            return
        at_once = order.tif in (TimeInForce.IOC, TimeInForce.FOK)
        if at_once or order.type == OrderType.MARKET:
            self.end(order, ReportKind.EXPIRE, RejectReason.IOC_REMAINDER)
        else:
            self.rest(order)

    def match(self, order: Order) -> None:
        """Trade an incoming order with the makers it crosses, best and oldest first."""
        while order.open:
            maker = self.first_maker(-order.side)
            if maker is None or maker.price is None or not self.crosses(order, maker.price):
                return
            if maker.is_own(order):
                self.prevent_self_trade(order, maker)
            else:
                self.trade(order, maker, maker.price)

    def trade(self, first: Order, second: Order, price: int, most: int | None = None) -> None:
        """Trade what both orders have at once, at most `most` lots; rows in the order given."""
        qty = min(first.at_once, second.at_once)
        if most is not None:
            qty = min(qty, most)
        self.take(first, qty)
        self.take(second, qty)
        self.write(ReportKind.FILL, first, qty, match_id=second.order_id, price=price)
        self.write(ReportKind.FILL, second, qty, match_id=first.order_id, price=price)
        self.last_price = price
        self.after_trade(price)

    def after_trade(self, price: int) -> None:
        """Hear of a trade; stops listen here."""

    def prevent_self_trade(self, order: Order, maker: Order) -> None:
        """Do what the incoming order wants when it meets an order of its owner."""
        reason = RejectReason.SELF_TRADE
        if order.flags & OrderFlag.DECREMENT:
            self.decrement(order, maker)
            return
        if not order.flags & OrderFlag.CANCEL_OLDEST:
            self.end(order, ReportKind.CANCEL, reason)
        if order.flags & (OrderFlag.CANCEL_OLDEST | OrderFlag.CANCEL_BOTH):
            self.end(maker, ReportKind.CANCEL, reason)

    def decrement(self, order: Order, maker: Order) -> None:
        """Take from both what they would have traded."""
        qty = min(order.at_once, maker.at_once)
        for one in (order, maker):
            self.take(one, qty)
            kind = ReportKind.REDUCE if one.open else ReportKind.CANCEL
            self.write(kind, one, qty, reason=RejectReason.SELF_TRADE)
