"""Orders that act by themselves: stops that wait for a trade, pegs that follow the best prices."""

from hftsim.book.reference.matching import Matching
from hftsim.book.reference.messages import TRAILING_TYPES, Message, Order, within_int64
from hftsim.core.enums import (
    OrderFlag,
    OrderType,
    RejectReason,
    ReportKind,
    Side,
    TimeInForce,
    TradingPhase,
)


class Waiting(Matching):
    """Matching, and what a message sets off once it is complete."""

    def settle(self) -> None:
        """Let triggered stops come in and reprice pegged orders until nothing is left to do."""
        while self.phase == TradingPhase.CONTINUOUS:
            astray = [order for order in self.pegged if order.price != self.pegged_price(order)]
            if self.triggered:
                self.activate(self.triggered[0])
            elif astray:
                self.reprice(astray[0])
            else:
                return

    # -- stops ----------------------------------------------------------------------------------

    def first_trigger(self, message: Message) -> int | None:
        """Return the trigger with which a stop begins, None if it needs a trade and has none."""
        trailing = message.type in TRAILING_TYPES
        if not trailing or message.flags & OrderFlag.TRIGGER_GIVEN:
            return message.trigger
        if self.last_price is None:
            return None
        return within_int64(self.last_price + message.side * message.offset)

    def add_stop(self, order: Order) -> None:
        """Let a new stop wait, or queue it at once if the last trade was beyond its trigger."""
        reached = self.last_price is not None and self.is_reached(order, self.last_price)
        self.wait(order, self.triggered if reached else self.stops)

    def is_reached(self, order: Order, price: int) -> bool:
        """Whether a trade at `price` triggers a stop."""
        assert order.trigger is not None
        return price >= order.trigger if order.side == Side.BUY else price <= order.trigger

    def after_trade(self, price: int) -> None:
        """Queue the stops that a trade triggers and trail the others, by arrival."""
        for order in list(self.stops):
            if self.is_reached(order, price):
                self.leave(order)
                self.wait(order, self.triggered)
            elif order.type in TRAILING_TYPES:
                assert order.trigger is not None
                nearer = min if order.side == Side.BUY else max
                trail = within_int64(price + order.side * order.offset)
                order.trigger = nearer(order.trigger, trail)

    def activate(self, order: Order) -> None:
        """Let a triggered stop come in as the market or limit order it has become."""
        self.leave(order)
        order.type = OrderType.MARKET if order.price is None else OrderType.LIMIT
        order.trigger, order.offset = None, 0
        if order.tif == TimeInForce.GTX and self.would_take(order):
            slid = self.slid_price(order)
            if slid is None:
                self.write(ReportKind.TRIGGER, order, order.open)
                self.end(order, ReportKind.CANCEL, RejectReason.WOULD_TAKE)
                return
            order.price = slid
        self.write(ReportKind.TRIGGER, order, order.open)
        self.enter(order)

    def slid_price(self, order: Order) -> int | None:
        """Return the price behind the best opposite one, None if the order may not slide there."""
        best = self.best_price(-order.side)
        if best is None or not order.flags & OrderFlag.SLIDE:
            return None
        price = best - order.side
        return price if price == within_int64(price) else None

    # -- pegs -----------------------------------------------------------------------------------

    def best_to_follow(self, side: int) -> int | None:
        """Return the best price of a side that others see and that follows nothing itself."""
        for price in self.prices(side):
            queue = self.levels[side][price]
            if any(not order.is_hidden and not order.is_pegged for order in queue):
                return price
        return None

    def pegged_price(self, order: Order) -> int | None:
        """Return the price that a pegged order should have now, None without a reference."""
        bid, ask = self.best_to_follow(Side.BUY), self.best_to_follow(Side.SELL)
        own, opposite = (bid, ask) if order.side == Side.BUY else (ask, bid)
        reference = None
        if order.flags & OrderFlag.PEG_PRIMARY:
            reference = own
        elif order.flags & OrderFlag.PEG_MARKET:
            reference = opposite
        elif bid is not None and ask is not None:
            down, rest = divmod(bid + ask, 2)
            reference = down if order.side == Side.BUY else down + rest
        if reference is None:
            return None
        price = within_int64(reference + order.side * order.offset)
        if order.trigger is None:
            return price
        return min(price, order.trigger) if order.side == Side.BUY else max(price, order.trigger)

    def add_pegged(self, order: Order) -> None:
        """Bring in a new pegged order, at the price that it has been given."""
        self.pegged.append(order)
        self.enter_pegged(order)

    def enter_pegged(self, order: Order) -> None:
        """Let a pegged order trade and rest at its price, or wait for one."""
        if order.price is None:
            self.wait(order, self.unpriced)
        else:
            self.match_and_rest(order)

    def reprice(self, order: Order) -> None:
        """Give a pegged order the price that it should have; it loses its place."""
        self.leave(order)
        order.price = self.pegged_price(order)
        self.write(ReportKind.REPRICE, order, order.open)
        self.enter_pegged(order)
