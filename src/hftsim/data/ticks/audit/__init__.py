"""A book kept beside the events, to see what does not fit."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from hftsim.book.depth.memory import DepthMemory
from hftsim.book.orders.memory import BookMemory
from hftsim.native.layout import address_of

_MOST_EXAMPLES = 5
_NAMES = ("kind", "side", "price", "qty", "flags")


class BookAudit:
    """Applies events in the exchange's order and counts what contradicts the book.

    QUOTE rows among levels are another stream of the venue's and are not compared. An order that is
    added twice counts as the second one, one that loses more than it has is gone.

    Attributes
    ----------
    counts : crossed_book (packets after which the best bid is at or above the best ask),
        unknown_orders, repeated_orders, beyond_order.
    examples : for each of these the first rows, as (row, ts_event).
    """

    def __init__(self, level: str) -> None:
        from hftsim.book.depth._kernels import DEPTH
        from hftsim.data.ticks.audit._kernels import BEYOND, CROSSED, REPEATED, UNKNOWN

        self._level = level
        self._orders = BookMemory(1 << 16, "hashed") if level == "l3" else None
        self._levels = DepthMemory(np.zeros(1, DEPTH))
        self._bits = {
            "crossed_book": CROSSED,
            "unknown_orders": UNKNOWN,
            "repeated_orders": REPEATED,
            "beyond_order": BEYOND,
        }
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[tuple[int, int]]] = {}

    def add(self, columns: Mapping[str, np.ndarray], first_row: int) -> None:
        """Go on with more rows."""
        found = np.zeros(len(columns["kind"]), np.uint8)
        where = [address_of(np.ascontiguousarray(columns[name])) for name in _NAMES]
        if self._orders is not None:
            self._add_orders(self._orders, [*where, address_of(columns["order_id"])], found)
        else:
            self._add_levels(where, found)
        for name, bit in self._bits.items():
            rows = np.flatnonzero(found & bit)
            if len(rows):
                self.counts[name] += len(rows)
                shown = self.examples.setdefault(name, [])
                for row in rows[: _MOST_EXAMPLES - len(shown)].tolist():
                    shown.append((row + first_row, int(columns["ts_event"][row])))

    def best(self) -> tuple[int, int] | None:
        """Return the best bid and ask price, or None where a side is empty."""
        from hftsim.data.ticks.audit._kernels import best_of_levels, best_of_orders
        from hftsim.native.cache import word_kernel

        out = np.zeros(2, np.int64)
        if self._orders is not None:
            both = word_kernel(best_of_orders)(self._orders.address, address_of(out))
        else:
            both = word_kernel(best_of_levels)(address_of(self._levels.record), address_of(out))
        return (int(out[0]), int(out[1])) if both else None

    def _add_levels(self, where: list[int], found: np.ndarray) -> None:
        from hftsim.data.ticks.audit._kernels import audit_levels
        from hftsim.native.cache import word_kernel

        book, row, rows = address_of(self._levels.record), 0, len(found)
        while row < rows:
            row = word_kernel(audit_levels)(
                book, int(self._level == "l1"), *where, row, rows, address_of(found)
            )
            if row < rows:
                self._levels.grow()

    def _add_orders(self, memory: BookMemory, where: list[int], found: np.ndarray) -> None:
        from hftsim.data.ticks.audit._kernels import audit_orders
        from hftsim.native.cache import word_kernel

        needs, row, rows = np.zeros(1, np.int64), 0, len(found)
        while row < rows:
            row = word_kernel(audit_orders)(
                memory.address, *where, row, rows, address_of(found), address_of(needs)
            )
            if row < rows:
                memory.grow(int(needs[0]))
