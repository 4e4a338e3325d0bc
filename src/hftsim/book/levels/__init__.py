"""The levels of a book by price, in ticks and lots: compiled memory under plain methods."""

import functools
from typing import Any, NamedTuple

import numpy as np

from hftsim.core.errors import DataError


class Top(NamedTuple):
    """The best of both sides in ticks and lots; a quantity of 0 says that a side is empty."""

    bid_price: int
    bid_qty: int
    ask_price: int
    ask_qty: int
    crossed: int
    """1 where any bid is at or above any ask."""


class PriceLevels:
    """How much rests at each price of both sides; any price, any number of levels.

    Where a level crosses the other side, the newer one is shown as the best, and `Top.crossed`
    says so.

    Attributes
    ----------
    counts : number of levels, bid and ask.
    """

    def __init__(self) -> None:
        from hftsim.book.depth._kernels import BEST, DEPTH, FAR_COUNT, HIDES
        from hftsim.book.depth.memory import DepthMemory
        from hftsim.book.levels._kernels import SUMMARY

        self._record = np.zeros(1, DEPTH)
        self._memory = DepthMemory(self._record)
        self._best, self._far_count, self._hides = BEST, FAR_COUNT, HIDES
        self.counts = np.zeros(2, np.int64)
        self._summary = np.zeros(SUMMARY, np.int64)
        self._book_at = int(self._record.ctypes.data)
        self._counts_at = int(self.counts.ctypes.data)
        self._summary_at = int(self._summary.ctypes.data)

    def clear(self) -> None:
        """Remove every level."""
        _compiled("clear_levels", 2)(self._book_at, self._counts_at)

    def apply(self, pairs: np.ndarray, bids: int) -> None:
        """Set levels to absolute quantities in the order given; 0 removes a level.

        Parameters
        ----------
        pairs : int64 (levels, 2): price in ticks, quantity in lots; bids first.
        bids : how many of them are bids.

        Raises
        ------
        DataError
            A quantity is negative, or a price has no place in 60 bits.
        """
        pairs = np.ascontiguousarray(pairs, np.int64)
        done, most = 0, len(pairs)
        while done != most:
            done = _compiled("apply_levels", 6)(
                self._book_at, self._counts_at, pairs.ctypes.data, bids, most, done
            )
            if done < 0:
                price, qty = pairs[-1 - done].tolist()
                raise DataError(f"a level cannot hold {qty} lots at {price} ticks")
            if done != most:
                self._memory.grow()

    def keep_best(self, levels: int) -> list[tuple[int, int]]:
        """Remove what lies beyond the best `levels` of each side; returns (side, price) of it."""
        beyond = [max(int(count) - levels, 0) for count in self.counts]
        if not any(beyond):
            return []
        prices = np.empty(sum(beyond), np.int64)
        _compiled("drop_worst", 4)(self._book_at, self._counts_at, levels, prices.ctypes.data)
        sides = [1] * beyond[0] + [-1] * beyond[1]
        return list(zip(sides, prices.tolist(), strict=True))

    def top(self) -> Top:
        """Return the best of both sides."""
        _compiled("summarise", 2)(self._book_at, self._summary_at)
        return Top(*self._summary.tolist())

    def best(self, side: int, levels: int) -> list[tuple[int, int]]:
        """Return up to `levels` (price, qty) of a side (1 bid, -1 ask), best first."""
        index = (1 - side) >> 1
        most = min(max(levels, 0), int(self.counts[index]))
        found = self._listed("window_levels", index, most)
        far = int(self._memory.tops[self._far_count + index])
        if far and (len(found) < most or self._starts_far(index, found)):
            found += self._listed("far_levels", index, far)
            found.sort(reverse=side == 1)
        return found[:most]

    def _listed(self, name: str, index: int, most: int) -> list[tuple[int, int]]:
        out = np.empty((most, 2), np.int64)
        count = _compiled(name, 4)(self._book_at, index, out.ctypes.data, most)
        return [(p, q) for p, q in out[:count].tolist()]

    def _starts_far(self, index: int, found: list[tuple[int, int]]) -> bool:
        """Whether the best level, or one that the other side hides, may lie beyond the window."""
        best = int(self._memory.tops[self._best + index]) * (1, -1)[index]
        return bool(self._memory.tops[self._hides]) or not found or found[0][0] != best


@functools.cache
def _compiled(name: str, numbers: int) -> Any:
    from hftsim.book.levels import _kernels
    from hftsim.native.cache import kernel

    return kernel(getattr(_kernels, name), f"int64({', '.join(['int64'] * numbers)})")
