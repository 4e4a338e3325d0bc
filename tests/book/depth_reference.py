"""The slow twin of a venue's book: dictionaries, sorted when asked, and the rules word by word."""


class ReferenceLevels:
    """Levels of both sides as dictionaries."""

    def __init__(self):
        self.sides = {1: {}, -1: {}}

    def clear(self):
        self.sides = {1: {}, -1: {}}

    def apply(self, bids, asks):
        for side, levels in ((1, bids), (-1, asks)):
            for price, qty in levels:
                if qty:
                    self.sides[side][price] = qty
                else:
                    self.sides[side].pop(price, None)

    def keep_best(self, most):
        gone = []
        for side in (1, -1):
            for price in self.prices(side)[most:]:
                del self.sides[side][price]
                gone.append((side, price))
        return gone

    def prices(self, side):
        return sorted(self.sides[side], key=lambda price: -side * price)

    def best(self, side, most):
        return [(price, self.sides[side][price]) for price in self.prices(side)[:most]]

    @property
    def crossed(self):
        bids, asks = self.prices(1), self.prices(-1)
        return bool(bids and asks and bids[0] >= asks[0])


class ReferenceBook:
    """A book that keeps Binance's rule by keeping everything and starting over at every message.

    Parameters
    ----------
    futures : whether pu is the link between updates, else U.
    """

    def __init__(self, *, futures):
        self.futures = futures
        self.levels = ReferenceLevels()
        self.last = None
        self.fresh = False
        self.waiting = []
        self.gaps = 0

    def follows(self, first, last, previous):
        if self.futures and not self.fresh:
            return previous == self.last
        if self.futures:
            return first <= self.last + 1 or previous <= self.last
        return first <= self.last + 1

    def snapshot(self, bids, asks, last):
        if self.last is not None and last < self.last:
            return
        rest = [u for u in self.waiting if u[1] > last]
        was, was_fresh = self.last, self.fresh
        self.last, self.fresh = last, True
        if rest and not self.follows(*rest[0][:3]):
            self.last, self.fresh, self.waiting = was, was_fresh, rest
            return
        self.levels.clear()
        self.levels.apply(bids, asks)
        self.waiting = []
        for update in rest:
            self.update(*update)

    def update(self, first, last, previous, bids, asks):
        if self.last is None:
            self.waiting.append((first, last, previous, bids, asks))
        elif last <= self.last:
            pass
        elif self.follows(first, last, previous):
            self.levels.apply(bids, asks)
            self.last, self.fresh = last, False
        else:
            self.gaps += 1
            self.levels.clear()
            self.last = None
            self.waiting = [(first, last, previous, bids, asks)]
