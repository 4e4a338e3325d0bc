"""A book by price in two dictionaries, where a newer level hides what it crosses."""

from tick_words import ASK, BID, K, Row


class Book:
    """Levels of both sides, and the best one that is shown of each."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {BID: {}, ASK: {}}
        self.top: dict[int, int | None] = {BID: None, ASK: None}
        self.hides = False

    def qty(self, side: int, price: int) -> int:
        return self.levels[side].get(price, 0)

    def shown(self, side: int) -> list[tuple[int, int]]:
        """Return (price, lots) from the best shown level on."""
        top = self.top[side]
        if top is None:
            return []
        rest = [p for p in self.levels[side] if (top - p) * side >= 0]
        return [(p, self.levels[side][p]) for p in sorted(rest, reverse=side == BID)]

    def best_beyond(self, side: int, price: int | None) -> int | None:
        """Return the side's best price that is strictly worse, for that side, than `price`."""
        found = [p for p in self.levels[side] if price is None or (price - p) * side > 0]
        return max(found, key=lambda p: p * side, default=None)

    def put(self, side: int, price: int, qty: int) -> None:
        was = self.levels[side].pop(price, 0)
        top, other = self.top[side], self.top[-side]
        if qty > 0:
            self.levels[side][price] = qty
            if top is None or (price - top) * side > 0:
                self.top[side] = price
                if other is not None and (price - other) * side >= 0:
                    self.top[-side] = self.best_beyond(-side, price)
                    self.hides = True
        elif was:
            self.gone(side, price)

    def gone(self, side: int, price: int) -> None:
        """Show the next level of a side, and of the other one what this no longer crosses."""
        if price == self.top[side]:
            self.top[side] = self.best_beyond(side, price)
        if self.hides:
            self.top[-side] = self.best_beyond(-side, self.top[side])
            bid, ask = self.best_beyond(BID, None), self.best_beyond(ASK, None)
            self.hides = bid is not None and ask is not None and bid >= ask
            if not self.hides:
                self.top = {BID: bid, ASK: ask}

    def clear(self, side: int, price: int | None = None) -> None:
        """Remove a side's levels, all or from its best one to `price`."""
        levels = self.levels[side]
        for p in [p for p in levels if price is None or (p - price) * side >= 0]:
            del levels[p]
        top = self.top[side]
        if top is not None and top not in levels:
            self.top[side] = max(levels, key=lambda p: p * side, default=None)
        self.gone(side, 10**30 * side)

    def apply(self, row: Row, level: str) -> None:
        """Apply a row of market data; rows of unknown orders change nothing."""
        side, price, here = row.side, row.price, 0
        if row.side:
            here = self.qty(side, price)
        if row.kind == K.DEPTH:
            self.put(side, price, row.qty)
        elif row.kind == K.ADD and row.priority:
            self.put(side, price, here + row.qty)
        elif row.kind in (K.REDUCE, K.DELETE, K.EXECUTE) and row.priority:
            self.put(side, price, max(here - row.qty, 0))
        elif row.kind == K.QUOTE and level == "l1":
            self.clear(side)
            self.put(side, price, row.qty)
        elif row.kind in (K.CLEAR, K.CLEAR_TO):
            for each in (BID, ASK):
                if row.side in (0, each):
                    self.clear(each, None if row.kind == K.CLEAR else price)

    @property
    def bid(self) -> int | None:
        return self.top[BID]

    @property
    def ask(self) -> int | None:
        return self.top[ASK]

    @property
    def mid(self) -> float | None:
        """The middle of the best shown prices, in ticks."""
        if self.bid is None or self.ask is None:
            return None
        return 0.5 * (self.bid + self.ask)
