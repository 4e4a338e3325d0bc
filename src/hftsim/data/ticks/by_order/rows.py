"""Every row by order gets side, price, change and priority of its order, so that it stands alone."""

from collections.abc import Mapping

import numpy as np

from hftsim.core.events import EventFlag, EventKind
from hftsim.native.layout import address_of, fill_record

_FIRST_CAPACITY = 1 << 12
_DAY_NS = 86_400_000_000_000
_PRIORITIES_A_DAY = 1 << 36


class RepeatedOrder(Exception):
    """An order was added under the id of one that is alive."""

    def __init__(self, row: int, order_id: int) -> None:
        self.row, self.order_id = row, order_id
        super().__init__(f"order {order_id} is added, but an order of that id is alive already")


class OrderRows:
    """Completes rows by order, block after block.

    REDUCE, DELETE and EXECUTE get the side and price of their order and the lots that it loses; a
    MODIFY becomes a REDUCE where the order keeps its place, else a DELETE and an ADD in one packet.
    `priority` numbers the ADD rows in order; it goes on from day to day, so that whoever came first
    always has the smaller number. A row about an order that was never added has priority 0: it is
    kept, and no book heeds it.

    Attributes
    ----------
    unknown : rows about orders that were never added.
    beyond : reductions and executions of more than was left; they take what was left.
    """

    def __init__(self) -> None:
        from hftsim.data.ticks.by_order._kernels import LIVE, STATE

        self._state = np.zeros(1, STATE)
        self._orders = np.zeros(_FIRST_CAPACITY, LIVE)
        self._lay_orders()

    @property
    def unknown(self) -> int:
        """Rows about orders that were never added."""
        return int(self._state["unknown"][0])

    @property
    def beyond(self) -> int:
        """Reductions and executions of more than was left."""
        return int(self._state["beyond"][0])

    def completed(self, block: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the block with its rows completed, and `priority`.

        Raises RepeatedOrder where an id is used again while its order is alive.
        """
        rows = len(block["kind"])
        if rows == 0:
            return {**block, "priority": np.zeros(0, np.int64)}
        if self._state["priority"][0] == 0:
            day = int(block["ts_event"][0]) // _DAY_NS
            self._state["priority"] = max(day, 0) * _PRIORITIES_A_DAY
        made = self._made(block, rows)
        count = int(self._state["made"][0])
        take = made.pop("row")[:count]
        done = {name: column[take] for name, column in block.items() if name not in made}
        done |= {name: column[:count] for name, column in made.items()}
        again = np.flatnonzero(take[1:] == take[:-1])
        done["flags"][again] &= ~np.uint8(EventFlag.LAST)
        return done

    def _made(self, block: Mapping[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
        from hftsim.data.ticks.by_order._kernels import FULL, REPEATED_ID, move_orders, place_rows
        from hftsim.native.cache import word_kernel

        types = {"kind": np.uint8, "side": np.int8, "price": np.int64, "qty": np.int64}
        given = {n: np.ascontiguousarray(block[n], t) for n, t in types.items()}
        given["order_id"] = np.ascontiguousarray(block["order_id"], np.int64)
        room = rows + int((given["kind"] == EventKind.MODIFY).sum())
        out = {n: np.empty(room, t) for n, t in {**types, "priority": np.int64}.items()}
        out["row"] = np.empty(room, np.int64)
        at = {f"{n}_at": address_of(a) for n, a in given.items()}
        at |= {f"out_{n}_at": address_of(a) for n, a in out.items()}
        fill_record(self._state, {"row": 0, "made": 0, **at})
        here = address_of(self._state)
        while ended := word_kernel(place_rows)(here, rows):
            if ended == REPEATED_ID:
                row = int(self._state["row"][0])
                raise RepeatedOrder(row, int(given["order_id"][row]))
            if ended == FULL:
                old, self._orders = (
                    self._orders,
                    np.zeros(2 * len(self._orders), self._orders.dtype),
                )
                self._lay_orders()
                word_kernel(move_orders)(here, address_of(old), len(old))
        return out

    def _lay_orders(self) -> None:
        capacity = len(self._orders)
        shift = 64 - (capacity.bit_length() - 1)
        fill_record(
            self._state,
            {"orders_at": address_of(self._orders), "capacity": capacity, "shift": shift},
        )
