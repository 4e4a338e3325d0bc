"""How the hand-worked tests of the reference book say what goes in and what must come out."""

from hftsim.book.reference import Message, ReferenceBook
from hftsim.core.enums import MessageOp, RejectReason, ReportKind

KINDS = {kind.name.lower(): kind for kind in ReportKind}


class Hand:
    """A reference book that answers with short rows: kind, order, other order, price, qty, leaves."""

    def __init__(self):
        self.book = ReferenceBook()
        self.reasons = []

    def send(self, **message):
        rows = self.book.handle(Message(**message))
        assert {row.message for row in rows} <= {self.book.messages - 1}
        self.reasons = [RejectReason(row.reason).name.lower() for row in rows]
        return [
            (ReportKind(r.kind).name.lower(), r.order_id, r.match_id, r.price, r.qty, r.leaves_qty)
            for r in rows
        ]

    def buy(self, order_id, qty, price=None, **terms):
        return self.new(1, order_id, qty, price, terms)

    def sell(self, order_id, qty, price=None, **terms):
        return self.new(-1, order_id, qty, price, terms)

    def new(self, side, order_id, qty, price, terms):
        if price is None:
            terms = {"type": 1, "has_price": False} | terms
        else:
            terms = {"price": price} | terms
        return self.send(order_id=order_id, side=side, qty=qty, **terms)

    def cancel(self, order_id):
        return self.send(op=MessageOp.CANCEL, order_id=order_id)

    def replace(self, order_id, qty, price):
        return self.send(op=MessageOp.REPLACE, order_id=order_id, qty=qty, price=price)

    def queue(self, side, price):
        """The orders of a level, first to last: id, shown, hidden."""
        orders = self.book.levels[side].get(price, [])
        return [(order.order_id, order.shown, order.hidden) for order in orders]
