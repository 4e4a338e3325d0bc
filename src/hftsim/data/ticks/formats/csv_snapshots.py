"""Snapshots of the best levels, row by row, to what changed between them."""

import numpy as np

from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks.importing import Block

_SNAPSHOT = int(EventFlag.SNAPSHOT)
_NAMES = ("source", "kind", "side", "price", "qty", "flags")


class SnapshotChanges:
    """Turns snapshots into changes of levels, given in any number of pieces.

    Parameters
    ----------
    levels : how many each row holds.
    level : ``l1`` gives rows of kind QUOTE, ``l2`` of kind DEPTH.
    """

    def __init__(self, levels: int, level: str) -> None:
        self._levels, self._is_best = levels, level == "l1"
        self._before: dict[int, dict[int, int]] | None = None

    def changes(
        self, table: np.ndarray, lines: np.ndarray, times: np.ndarray, received: np.ndarray
    ) -> tuple[Block, int]:
        """Return the events, and how many rows changed nothing.

        `table` has for each level bid price and quantity, ask price and quantity, int64. A level
        with quantity 0 is none. The first row clears the book.
        """
        made: list[tuple[int, int, int, int, int, int]] = []
        unchanged = 0
        for row, values in enumerate(table.tolist()):
            now = {1: _side(values, 0), -1: _side(values, 2)}
            count = len(made)
            made += self._first(row, now) if self._before is None else self._changed(row, now)
            unchanged += len(made) == count
            self._before = now
        found = np.array(made, np.int64).reshape(-1, len(_NAMES))
        source = found[:, 0]
        return {
            "ts_event": times[source],
            "ts_recv": received[source],
            "price": found[:, 3].copy(),
            "qty": found[:, 4].copy(),
            "kind": found[:, 1].astype(np.uint8),
            "side": found[:, 2].astype(np.int8),
            "flags": found[:, 5].astype(np.uint8),
            "row": lines[source].astype(np.int64),
        }, unchanged

    def _first(
        self, row: int, now: dict[int, dict[int, int]]
    ) -> list[tuple[int, int, int, int, int, int]]:
        kind = EventKind.QUOTE if self._is_best else EventKind.DEPTH
        levels = [
            (row, int(kind), side, price, qty, _SNAPSHOT)
            for side in (1, -1)
            for price, qty in now[side].items()
        ]
        return [(row, int(EventKind.CLEAR), 0, 0, 0, _SNAPSHOT), *levels]

    def _changed(
        self, row: int, now: dict[int, dict[int, int]]
    ) -> list[tuple[int, int, int, int, int, int]]:
        made = []
        for side in (1, -1):
            before, after = (self._before or now)[side], now[side]
            if before == after:
                continue
            if self._is_best:
                price, qty = next(iter(after.items()), (0, 0))
                made.append((row, int(EventKind.QUOTE), side, price, qty, 0))
                continue
            gone = [(p, 0) for p in before if p not in after]
            fresh = [(p, q) for p, q in after.items() if before.get(p) != q]
            made += [(row, int(EventKind.DEPTH), side, p, q, 0) for p, q in (*gone, *fresh)]
        return made


def _side(values: list[int], first: int) -> dict[int, int]:
    """Return price to quantity of one side of a row."""
    pairs = zip(values[first::4], values[first + 1 :: 4], strict=True)
    return {price: qty for price, qty in pairs if qty > 0}
