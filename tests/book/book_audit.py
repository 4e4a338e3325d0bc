"""What must hold of the rows of any book, checked from messages and rows alone."""

from hftsim.core.enums import ReportKind as Kind


class Audit:
    """Keeps the open quantity of every order from its rows and checks each new row against it.

    Attributes
    ----------
    open : lots that are open, per live order id.
    bought, sold : lots that traded, over the whole stream.
    """

    def __init__(self):
        self.open, self.sides = {}, {}
        self.bought = self.sold = 0

    def hear(self, rows):
        """Check the rows of a batch, given as tuples in the order of the page's columns."""
        fill = None
        for row in rows:
            if fill is not None:
                self.check_pair(fill, row)
            fill = row if row[1] == Kind.FILL and fill is None else None
            self.check(row)
        assert fill is None, "a fill has two rows"
        assert self.bought == self.sold

    def check_pair(self, first, second):
        assert second[1] == Kind.FILL, "a fill has two rows"
        assert (first[0], first[6], first[7]) == (second[0], second[6], second[7])
        assert (first[4], first[5]) == (second[5], second[4])
        assert first[3] == -second[3], "a buy trades with a sell"

    def check(self, row):
        _, kind, _, side, order_id, match_id, _, qty, leaves_qty = row
        assert (match_id != 0) == (kind == Kind.FILL)
        if kind == Kind.REJECT or order_id == 0:
            assert leaves_qty == 0
            return
        if kind == Kind.ACK:
            assert order_id not in self.open, "the id of a live order was acknowledged"
            assert leaves_qty == qty > 0
            self.open[order_id], self.sides[order_id] = qty, side
            return
        assert self.sides[order_id] == side
        self.change(kind, order_id, qty, leaves_qty)

    def change(self, kind, order_id, qty, leaves_qty):
        before = self.open.pop(order_id)
        after = {
            Kind.FILL: before - qty,
            Kind.REDUCE: before - qty,
            Kind.CANCEL: 0,
            Kind.EXPIRE: 0,
            Kind.REPLACE: qty,
            Kind.TRIGGER: before,
            Kind.REPRICE: before,
        }[kind]
        assert leaves_qty == after >= 0
        if kind in (Kind.FILL, Kind.REDUCE, Kind.REPLACE):
            assert qty > 0
        else:
            assert qty == before
        if kind == Kind.FILL and self.sides[order_id] == 1:
            self.bought += qty
        elif kind == Kind.FILL:
            self.sold += qty
        if after:
            self.open[order_id] = after
