"""One side of a book in plain Python: for checks, where being plain matters more than speed."""

import heapq


class PriceSide:
    """Levels of one side and its best price.

    Parameters
    ----------
    sign : 1 for bids, -1 for asks.
    """

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._qty: dict[int, int] = {}
        self._heap: list[int] = []

    def change(self, price: int, qty: int) -> None:
        """Add `qty` to a level; one that holds nothing any more is gone."""
        self.put(price, self._qty.get(price, 0) + qty)

    def put(self, price: int, qty: int) -> None:
        """Let a level hold `qty`."""
        if qty <= 0:
            self._qty.pop(price, None)
            return
        if price not in self._qty:
            heapq.heappush(self._heap, -price * self._sign)
        self._qty[price] = qty

    def clear(self) -> None:
        """Remove every level."""
        self._qty.clear()
        self._heap.clear()

    def clear_to(self, price: int) -> None:
        """Remove the levels from the best one to `price`, inclusive."""
        for level in [p for p in self._qty if (p - price) * self._sign >= 0]:
            del self._qty[level]

    def best(self) -> tuple[int, int] | None:
        """Return (price, quantity) of the best level, or None."""
        while self._heap:
            price = -self._heap[0] * self._sign
            if price in self._qty:
                return price, self._qty[price]
            heapq.heappop(self._heap)
        return None


def is_crossed(bids: PriceSide, asks: PriceSide) -> bool:
    """Whether the best bid is at or above the best ask."""
    bid, ask = bids.best(), asks.best()
    return bid is not None and ask is not None and bid[0] >= ask[0]
