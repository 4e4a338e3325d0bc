"""Owns the arrays of one book by order and makes them larger when a kernel asks for it."""

import functools
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from hftsim.book.orders.layout import (
    BOOK,
    EXTRA,
    FAR,
    GROW_EXTRAS,
    GROW_FAR,
    GROW_IDS,
    GROW_ORDERS,
    GROW_TIMERS,
    HEADS,
    HEIGHT,
    LADDER,
    LARGEST,
    LEVEL,
    MOVE_WINDOW,
    ORDER,
    SIDE,
    SMALLEST,
    TIMER,
)
from hftsim.core.errors import InputError
from hftsim.native.layout import address_of

Ids = Literal["auto", "dense", "hashed"]

_SEED = 0x2545F4914F6CDD1D
_MOST_SLOTS = (1 << 31) - 1
_DENSE_PER_ORDER = 64
"""Largest id over orders seen at which an array of ids is still thought dense."""
_DENSE_ANYWAY = 1 << 24


class BookMemory:
    """The memory of one book.

    Parameters
    ----------
    capacity : live orders to make room for at once; more are made room for when they come.
    ids : ``dense`` for an array by id (4 bytes for every id up to the largest), ``hashed`` for a
        table sized to the live orders, ``auto`` to begin dense and change to hashed when an id is
        much larger than the number of orders.
    largest_id : for an array of ids, the largest that it reaches to at once; default: `capacity`.
    """

    def __init__(self, capacity: int = 1 << 12, ids: Ids = "auto", *, largest_id: int = 0) -> None:
        from hftsim.book.bitmap._kernels import WORDS

        if ids not in ("auto", "dense", "hashed"):
            raise InputError(f"ids {ids!r} is unknown; known: auto, dense, hashed")
        if not 0 < capacity < _MOST_SLOTS:
            raise InputError(f"capacity must be between 1 and {_MOST_SLOTS - 1}, not {capacity}")
        self.ids_kind = ids
        self.state = np.zeros(1, BOOK)
        self._arrays: dict[str, np.ndarray] = {}
        self._put("sides", np.zeros(2, SIDE))
        self._put("words", np.zeros(2 * WORDS, np.uint64))
        self._put("orders", np.zeros(capacity + 1, ORDER))
        self._put("extras", np.zeros(64, EXTRA))
        self._put("timers", np.zeros(64, TIMER))
        self.block_owners(())
        self._put("far", np.zeros(1 << 12, FAR))
        self._put("far_links", np.zeros(HEIGHT << 12, np.uint32))
        self._put("levels", np.zeros(LADDER + (1 << 12), LEVEL))
        self._put_ids(capacity, hashed=ids == "hashed", least=largest_id + 1)
        self._arrays["sides"]["best_key"] = LARGEST
        self._arrays["sides"]["best_level"] = -1
        for name in ("orders_used", "extras_used"):
            self.state[name] = 1
        self.state["far_used"] = HEADS
        self.state["random"] = _SEED
        self.state["buy_trigger"], self.state["sell_trigger"] = LARGEST, SMALLEST

    @property
    def address(self) -> int:
        """Where the `BOOK` record is."""
        return address_of(self.state)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays; pages of them that were never touched take no memory."""
        return sum(a.nbytes for a in self._arrays.values()) + self.state.nbytes

    @property
    def sides(self) -> np.ndarray:
        """The two `SIDE` records."""
        return self._arrays["sides"]

    def get(self, field: str) -> int:
        """Return a number of the book's record."""
        return int(self.state[field][0])

    @property
    def blocked_owners(self) -> list[int]:
        """Owners whose new orders are refused, ascending."""
        return [int(owner) for owner in self._arrays["blocked"]]

    def block_owners(self, owners: Iterable[int]) -> None:
        """Refuse new orders of these owners, and of no others; owner 0 is everybody."""
        blocked = np.array(sorted(set(owners)), np.int64)
        self._put("blocked", blocked)
        self.state["blocked"] = len(blocked)
        self.restrict()

    def restrict(self) -> None:
        """Note whether phase, collar or blocked owners must be looked at for every new order."""
        why = (self.get(name) for name in ("phase", "has_collar", "blocked"))
        self.state["restricted"] = int(any(why))

    def make_room(self, orders: int, largest_id: int) -> None:
        """Make room for so many orders, all of which may have extras, in an empty book."""
        self._put("orders", np.zeros(max(orders + 2, len(self._arrays["orders"])), ORDER))
        self._put("extras", np.zeros(orders + 64, EXTRA))
        self._put("timers", np.zeros(orders + 64, TIMER))
        self._grow_far(HEADS + 2 * orders + 64)
        self.state["wanted_id"] = largest_id
        if not self.get("hashed") and largest_id >= len(self._arrays["ids"]):
            self._grow_ids()
        if self.get("hashed"):
            self._put_ids(max(orders * 2, 1 << 12), hashed=True)

    def grow(self, code: int) -> None:
        """Make room for what a kernel's return code names."""
        if code == GROW_ORDERS:
            self._put("orders", self._larger("orders", _MOST_SLOTS))
        elif code == GROW_EXTRAS:
            self._put("extras", self._larger("extras", _MOST_SLOTS))
        elif code == GROW_TIMERS:
            self._put("timers", self._larger("timers", _MOST_SLOTS))
        elif code == GROW_IDS:
            self._grow_ids()
        elif code == GROW_FAR:
            self._grow_far(HEADS + self.get("far_live") + 2 * self.get("extras_live") + 16)
        elif code == MOVE_WINDOW:
            self._move_windows()
        else:
            raise AssertionError(f"the kernel returned the unknown code {code}")

    def _put(self, name: str, array: np.ndarray) -> None:
        self._arrays[name] = array
        self.state[f"{name}_at"] = address_of(array)
        if f"{name}_room" in (BOOK.names or ()):
            self.state[f"{name}_room"] = len(array)

    def _larger(self, name: str, most: int, needed: int = 0) -> np.ndarray:
        old = self._arrays[name]
        wanted = min(max(len(old) * 2 if len(old) < 1 << 20 else len(old) * 3 // 2, needed), most)
        if wanted <= len(old):
            raise InputError(f"a book cannot hold more than {most} {name}")
        new = np.zeros(wanted, old.dtype)
        new[: len(old)] = old
        return new

    def _grow_far(self, needed: int) -> None:
        far = self._larger("far", _MOST_SLOTS - LADDER, needed)
        links = np.zeros(HEIGHT * len(far), np.uint32)
        links[: len(self._arrays["far_links"])] = self._arrays["far_links"]
        levels = np.zeros(LADDER + len(far), LEVEL)
        levels[: len(self._arrays["levels"])] = self._arrays["levels"]
        self._put("far", far)
        self._put("far_links", links)
        self._put("levels", levels)

    def _move_windows(self) -> None:
        for side in (0, 1):
            if self.sides["far_adds"][side]:
                needed = HEADS + self.get("far_live") + int(self.sides["levels"][side]) + 1
                if needed > len(self._arrays["far"]):
                    self._grow_far(needed)
                _move_window()(self.address, side)

    def _put_ids(self, orders: int, *, hashed: bool, least: int = 0) -> None:
        self.state["hashed"] = int(hashed)
        if not hashed:
            self._put("ids", np.zeros(max(orders + 1, least, 1 << 12), np.uint32))
            return
        bits = max(12, (orders * 8 // 5).bit_length())
        self.state["hash_shift"] = 32 - bits
        self._put("ids", np.zeros(1 << bits, np.uint64))

    def _grow_ids(self) -> None:
        if self.get("hashed"):
            self._rehash(max(self.get("live") * 2, 1 << 12))
            return
        wanted, old = self.get("wanted_id"), self._arrays["ids"]
        seen = max(self.get("live"), self.get("orders_used"))
        most = max(_DENSE_ANYWAY, _DENSE_PER_ORDER * seen)
        if self.ids_kind == "dense":
            most = max(most, 1 << 32)
        if wanted >= most:
            if self.ids_kind == "dense":
                raise InputError(f"order id {wanted} is too large for dense ids; use ids='hashed'")
            self._rehash(max(self.get("live") * 2, 1 << 12))
            return
        self._put("ids", np.zeros(max(2 * len(old), wanted + 1), np.uint32))
        self._arrays["ids"][: len(old)] = old

    def _rehash(self, orders: int) -> None:
        """Move all ids that are known into a new table."""
        was_hashed, old = bool(self.get("hashed")), self._arrays["ids"]
        known = old[old != 0]
        slots = (known >> np.uint64(32)).astype(np.int64) if was_hashed else known.astype(np.int64)
        self._put_ids(orders, hashed=True)
        _keep_ids()(self.address, address_of(slots), len(slots))


@functools.cache
def _move_window() -> Any:
    from hftsim.book.orders.upkeep._kernels import MOVE_SIGNATURE, move_window
    from hftsim.native.cache import kernel

    return kernel(move_window, MOVE_SIGNATURE)


@functools.cache
def _keep_ids() -> Any:
    from hftsim.book.orders.upkeep._kernels import KEEP_IDS_SIGNATURE, keep_ids
    from hftsim.native.cache import kernel

    return kernel(keep_ids, KEEP_IDS_SIGNATURE)
