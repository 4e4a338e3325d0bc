"""A plain market that writes what LOBSTER would: messages and the book after each of them."""

import numpy as np

DUMMY = {1: -9_999_999_999, -1: 9_999_999_999}
NAME = "TEST_2012-06-21_34200000_57600000_{what}_{levels}.csv"


class PlainMarket:
    """Orders in a dictionary; the book is summed anew for every row."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.orders, self.next_id, self.time = {}, 1, 34_200_000_000_000
        self.messages, self.books = [], []

    def book(self, side):
        levels = {}
        for s, price, size in self.orders.values():
            if s == side:
                levels[price] = levels.get(price, 0) + size
        return sorted(levels.items(), reverse=side > 0)

    def record(self, kind, order_id, size, price, side):
        self.time += int(self.rng.integers(1, 10**8))
        self.messages.append((self.time, kind, order_id, size, price, side))
        self.books.append({s: self.book(s) for s in (1, -1)})

    def step(self):
        draw = self.rng.random()
        if draw < 0.5 or len(self.orders) < 6:
            side = int(self.rng.choice([-1, 1]))
            price = 1_000_000 - side * 100 * int(self.rng.integers(1, 12))
            size = int(self.rng.integers(1, 300))
            self.orders[self.next_id] = (side, price, size)
            self.record(1, self.next_id, size, price, side)
            self.next_id += 1
            return
        order_id = int(self.rng.choice(list(self.orders)))
        if draw < 0.6:
            side = int(self.rng.choice([-1, 1]))
            self.record(5, 0, 10, 1_000_050, side)
            return
        side, price, size = self.orders.pop(order_id)
        part = int(self.rng.integers(1, size)) if size > 1 and draw < 0.8 else size
        if part < size:
            self.orders[order_id] = (side, price, size - part)
        kind = 4 if draw > 0.9 else 2 if part < size else 3
        self.record(kind, order_id, part, price, side)

    def run(self, steps):
        for _ in range(steps):
            self.step()
        return self

    def rows(self, levels, drop=0):
        """Return the lines of both files, as LOBSTER cuts them to the visible levels."""
        kept, books = [], []
        for i, (time, kind, order_id, size, price, side) in enumerate(self.messages):
            if i < drop:
                continue
            before = self.books[i - 1] if i else {1: [], -1: []}
            prices = [
                p for s in (1, -1) for p, _ in (*before[s][:levels], *self.books[i][s][:levels])
            ]
            if kind != 5 and price not in prices:
                continue
            kept.append(
                f"{time // 10**9}.{time % 10**9:09d},{kind},{order_id},{size},{price},{side}"
            )
            row = []
            for level in range(levels):
                for s in (-1, 1):
                    found = self.books[i][s][level : level + 1] or [(DUMMY[s], 0)]
                    row += list(found[0])
            books.append(",".join(str(v) for v in row))
        return kept, books

    def write(self, folder, levels, drop=0):
        folder.mkdir(exist_ok=True)
        paths = []
        for what, lines in zip(("message", "orderbook"), self.rows(levels, drop), strict=True):
            path = folder / NAME.format(what=what, levels=levels)
            path.write_text("\n".join(lines) + "\n")
            paths.append(path)
        return paths
