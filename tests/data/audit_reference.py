"""The audit of a book in plain Python: dictionaries and heaps."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks.sides import PriceSide, is_crossed

_LAST, _ON_EXCHANGE = int(EventFlag.LAST), int(EventFlag.ON_EXCHANGE)
_MOST_EXAMPLES = 5
_NAMES = ("kind", "side", "price", "qty", "flags", "ts_event")


class PlainAudit:
    """Applies events in the exchange's order and counts what contradicts the book.

    QUOTE rows among levels are another stream of the venue's and are not compared.

    Attributes
    ----------
    counts : crossed_book (packets after which the best bid is at or above the best ask),
        unknown_orders, repeated_orders, beyond_order.
    examples : for each of these the first rows, as (row, ts_event).
    """

    def __init__(self, level: str) -> None:
        self._level = level
        self._bids, self._asks = PriceSide(1), PriceSide(-1)
        self._orders: dict[int, tuple[int, int, int]] = {}
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[tuple[int, int]]] = {}

    def add(self, columns: Mapping[str, np.ndarray], first_row: int) -> None:
        """Go on with more rows."""
        on_exchange = np.flatnonzero(columns["flags"] & _ON_EXCHANGE)
        names = (*_NAMES, "order_id") if self._level == "l3" else _NAMES
        values = [columns[name][on_exchange].tolist() for name in names]
        orders = values[6] if self._level == "l3" else [0] * len(on_exchange)
        rows = (on_exchange + first_row).tolist()
        for row, kind, side, price, qty, flags, ts, order_id in zip(
            rows, *values[:6], orders, strict=True
        ):
            problem = self._apply(kind, side, price, qty, order_id)
            if problem:
                self._note(problem, row, ts)
            if flags & _LAST and is_crossed(self._bids, self._asks):
                self._note("crossed_book", row, ts)

    def best(self) -> tuple[int, int] | None:
        """Return the best bid and ask price, or None where a side is empty."""
        bid, ask = self._bids.best(), self._asks.best()
        return (bid[0], ask[0]) if bid and ask else None

    def _note(self, name: str, row: int, ts: int) -> None:
        self.counts[name] += 1
        shown = self.examples.setdefault(name, [])
        if len(shown) < _MOST_EXAMPLES:
            shown.append((row, ts))

    def _apply(self, kind: int, side: int, price: int, qty: int, order_id: int) -> str:
        """Apply one event; return what is wrong with it, or nothing."""
        if kind == EventKind.DEPTH:
            self._side(side).put(price, qty)
        elif EventKind.ADD <= kind <= EventKind.EXECUTE:
            return self._order(kind, side, price, qty, order_id)
        elif kind == EventKind.CLEAR:
            self._clear(side)
        elif kind == EventKind.CLEAR_TO:
            self._side(side).clear_to(price)
        elif kind == EventKind.QUOTE and self._level == "l1":
            self._side(side).clear()
            self._side(side).put(price, qty)
        return ""

    def _order(self, kind: int, side: int, price: int, qty: int, order_id: int) -> str:
        found = self._orders.pop(order_id, None)
        if found is not None:
            self._side(found[0]).change(found[1], -found[2])
        if kind == EventKind.ADD or (kind == EventKind.MODIFY and found is not None):
            self._put(
                order_id, found[0] if kind == EventKind.MODIFY and found else side, price, qty
            )
            return "repeated_orders" if kind == EventKind.ADD and found is not None else ""
        if found is None:
            return "unknown_orders"
        if kind == EventKind.DELETE:
            return ""
        left = found[2] - qty
        if left > 0:
            self._put(order_id, found[0], found[1], left)
        return "beyond_order" if left < 0 else ""

    def _put(self, order_id: int, side: int, price: int, qty: int) -> None:
        self._orders[order_id] = (side, price, qty)
        self._side(side).change(price, qty)

    def _clear(self, side: int) -> None:
        for sign in (1, -1):
            if side in (0, sign):
                self._side(sign).clear()
        self._orders = {k: o for k, o in self._orders.items() if side not in (0, o[0])}

    def _side(self, side: int) -> PriceSide:
        return self._bids if side > 0 else self._asks
