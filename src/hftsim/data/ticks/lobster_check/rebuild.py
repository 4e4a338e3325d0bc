"""The visible book rebuilt from an empty one, order by order, for its best prices alone."""

from hftsim.data.ticks.sides import PriceSide

_ADD, _REDUCE, _DELETE, _EXECUTE = 1, 2, 3, 4


class VisibleBook:
    """Bids and offers from LOBSTER's messages.

    Attributes
    ----------
    unknown : messages on orders that were never added, such as those from before the file.
    """

    def __init__(self) -> None:
        self.bids, self.asks = PriceSide(1), PriceSide(-1)
        self.unknown = 0
        self._orders: dict[int, tuple[int, int, int]] = {}

    def apply(self, kind: int, order_id: int, size: int, price: int, direction: int) -> None:
        """Apply one message; hidden executions, crosses and halts change nothing."""
        if kind == _ADD:
            self._orders[order_id] = (direction, price, size)
            self._side(direction).change(price, size)
        elif kind in (_REDUCE, _DELETE, _EXECUTE):
            self._take(kind, order_id, size)

    def _take(self, kind: int, order_id: int, size: int) -> None:
        found = self._orders.pop(order_id, None)
        if found is None:
            self.unknown += 1
            return
        direction, price, left = found
        taken = left if kind == _DELETE else min(size, left)
        self._side(direction).change(price, -taken)
        if left > taken:
            self._orders[order_id] = (direction, price, left - taken)

    def _side(self, direction: int) -> PriceSide:
        return self.bids if direction > 0 else self.asks
