"""Calls of the kernels that look at a book, or apply recorded changes to it."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from hftsim.book.orders.memory import BookMemory
from hftsim.core.errors import InputError
from hftsim.native.layout import address_of

_COLUMNS = {"kind": "u1", "side": "i1", "price": "<i8", "qty": "<i8", "order_id": "<i8"}
OUTCOMES = ("applied", "unknown_id", "repeated_id", "too_much", "impossible", "no_change")
"""What becomes of recorded rows, in the order of the kernel's codes."""


class Place(NamedTuple):
    """Where an order stands: ticks and lots; price and what is ahead only if it rests in the book."""

    rests: bool
    side: int
    price: int
    shown: int
    hidden: int
    qty_ahead: int
    orders_ahead: int


def best_levels(memory: BookMemory, side: int, most: int) -> np.ndarray:
    """Return (ticks, shown lots, orders) of the best levels that show something, shape (n, 3)."""
    number = 0 if side == 1 else 1
    most = min(most, int(memory.sides["levels"][number]))
    rows = np.zeros((max(most, 1), 3), np.int64)
    found = _queries()[0](memory.address, number, most, address_of(rows)) if most > 0 else 0
    return rows[:found]


def place_of(memory: BookMemory, order_id: int) -> Place | None:
    """Return where a live order stands, None where the id is not live."""
    numbers = np.zeros(6, np.int64)
    found = _queries()[1](memory.address, order_id, address_of(numbers))
    return Place(found == 1, *numbers.tolist()) if found else None


def apply_rows(
    memory: BookMemory, columns: Mapping[str, np.ndarray] | np.ndarray
) -> dict[str, int]:
    """Apply recorded rows; return how many rows had which outcome (see `OUTCOMES`)."""
    given = [np.ascontiguousarray(columns[name], dtype) for name, dtype in _COLUMNS.items()]
    if len({len(column) for column in given}) != 1:
        raise InputError(f"{', '.join(_COLUMNS)} must be equally long")
    if memory.get("extras_live"):
        raise InputError(
            "recorded changes cannot be applied to a book that holds icebergs, stops or other "
            "orders with terms; use a book of their own"
        )
    counts = np.zeros(len(OUTCOMES) + 1, np.int64)
    places = [address_of(column) for column in given]
    row, rows = 0, len(given[0])
    while row < rows:
        row = _apply()(memory.address, *places, row, rows, address_of(counts))
        if row < rows:
            memory.grow(int(counts[-1]))
    return dict(zip(OUTCOMES, counts.tolist(), strict=False))


@functools.cache
def _queries() -> tuple[Any, Any]:
    from hftsim.book.orders.queries import _kernels as source
    from hftsim.native.cache import kernel

    return (
        kernel(source.best_levels, source.LEVELS_SIGNATURE),
        kernel(source.place_of, source.PLACE_SIGNATURE),
    )


@functools.cache
def _apply() -> Any:
    from hftsim.book.orders.recorded._kernels import APPLY_SIGNATURE, apply_events
    from hftsim.native.cache import kernel

    return kernel(apply_events, APPLY_SIGNATURE)
