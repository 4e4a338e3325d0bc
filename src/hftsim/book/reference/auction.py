"""Auctions: orders collect, then trade all at one price."""

from typing import NamedTuple

from hftsim.book.reference.messages import AUCTION_TIFS, Message, Order, within_int64
from hftsim.book.reference.queues import SIDES
from hftsim.book.reference.waiting import Waiting
from hftsim.core.enums import (
    OrderType,
    RejectReason,
    ReportKind,
    Side,
    TimeInForce,
    TradingPhase,
)

KINDS = {1: TimeInForce.AT_OPEN, 2: TimeInForce.AT_CLOSE}


class Indication(NamedTuple):
    """What an auction would do now: price in ticks, volume and imbalance (buys - sells) in lots."""

    price: int | None
    volume: int
    imbalance: int


class Auctions(Waiting):
    """Matching with opening, closing and other auctions."""

    def takes_part(self, order: Order) -> bool:
        """Whether an order may trade in the auction that is on."""
        return order.tif not in AUCTION_TIFS or order.tif == KINDS.get(self.auction_kind)

    def collect(self, order: Order) -> None:
        """Let an order stand in the auction's book, or park it until its own auction."""
        if self.phase != TradingPhase.AUCTION or not self.takes_part(order):
            self.wait(order, self.parked)
        elif order.type == OrderType.MARKET:
            self.wait(order, self.market_orders[order.side])
        else:
            self.rest(order)

    def begin_auction(self, message: Message) -> None:
        """Stop trading; orders collect from now on."""
        if self.phase == TradingPhase.AUCTION:
            self.answer(ReportKind.REJECT, RejectReason.NOT_IN_THIS_PHASE)
        elif message.qty not in (0, 1, 2):
            self.answer(ReportKind.REJECT, RejectReason.BAD_QTY)
        else:
            self.answer(ReportKind.ACK, qty=message.qty)
            self.phase, self.auction_kind = TradingPhase.AUCTION, message.qty
            for order in [order for order in self.parked if self.takes_part(order)]:
                self.leave(order)
                self.collect(order)

    def volume_at(self, side: int, price: int) -> int:
        """Return the lots of a side that would trade at a price."""
        orders = list(self.market_orders[side])
        for level in self.levels[side]:
            if level >= price if side == Side.BUY else level <= price:
                orders += self.levels[side][level]
        return within_int64(sum(order.open for order in orders))

    def indication(self, reference: int | None = None) -> Indication:
        """Return what an uncross would do now; `reference` defaults to the last trade price."""
        reference = self.last_price if reference is None else reference
        candidates = {price for side in SIDES for price in self.levels[side]}
        if reference is not None:
            candidates.add(reference)
        choices = []
        for price in candidates:
            buys, sells = (self.volume_at(side, price) for side in SIDES)
            distance = 0 if reference is None else abs(price - reference)
            rank = (-min(buys, sells), abs(buys - sells), distance, -price)
            choices.append((rank, Indication(price, min(buys, sells), buys - sells)))
        if not choices:
            return Indication(None, 0, 0)
        chosen = min(choices)[1]
        return chosen if chosen.volume else Indication(None, 0, chosen.imbalance)

    def first_in_auction(self, side: int) -> Order:
        """Return the order of a side that trades next in an auction."""
        if self.market_orders[side]:
            return self.market_orders[side][0]
        best = self.best_price(side)
        assert best is not None
        return self.levels[side][best][0]

    def uncross(self, message: Message) -> None:
        """Trade the auction's volume at its price and go on to continuous trading."""
        if self.phase != TradingPhase.AUCTION:
            self.answer(ReportKind.REJECT, RejectReason.NOT_IN_THIS_PHASE)
            return
        price, volume, _ = self.indication(message.limit)
        self.answer(ReportKind.ACK, price=price or 0, qty=volume)
        while volume and price is not None:
            buy, sell = (self.first_in_auction(side) for side in SIDES)
            before = buy.open
            self.trade(buy, sell, price, most=volume)
            volume -= before - buy.open
        ended = [
            order
            for order in self.live.values()
            if (order.tif in AUCTION_TIFS and order.queue is not self.parked)
            or order.queue is self.market_orders[order.side]
        ]
        for order in sorted(ended, key=lambda order: order.order_id):
            self.end(order, ReportKind.EXPIRE, RejectReason.AUCTION_ENDED)
        self.phase, self.auction_kind = TradingPhase.CONTINUOUS, 0
