"""Owns the memory of a crowd, makes it larger when a kernel asks for it, and runs it."""

import functools
from typing import Any

import numpy as np

from hftsim.book.matching.layout import MESSAGE, REPORT, RUN, TERMS
from hftsim.book.orders.memory import BookMemory
from hftsim.core.errors import InputError
from hftsim.core.events import EVENT_DTYPE, EventFlag
from hftsim.native.layout import address_of, fill_record
from hftsim.sim.crowd.flows import QueueReactiveFlow, rates_of
from hftsim.sim.crowd.settings import CrowdSettings

L3, L2, TRADES = "l3", "l2", "trades"
_WRITTEN = {L3: 0, L2: 1, TRADES: 2}
_FIRST_SLOTS = 1 << 12
_OWNERS_OF_STRATEGIES = 1 << 29


class CrowdMemory:
    """One crowd's records and arrays.

    Parameters
    ----------
    settings : what the crowd is made of.
    seed : of all that is drawn: equal settings and seeds, equal rows.
    start : time of the opening book, ns UTC.
    kind : which rows are written: ``l3``, ``l2`` or ``trades``.
    rows : how many rows are handed over at a time, about.
    """

    def __init__(
        self, settings: CrowdSettings, *, seed: int, start: int, kind: str, rows: int
    ) -> None:
        from hftsim.sim.crowd.records._kernels import CROWD, OUTBOX

        self.settings, self.kind = settings, kind
        self.book = BookMemory(_FIRST_SLOTS, "hashed")
        self.matching, self.crowd = np.zeros(1, RUN), np.zeros(1, CROWD)
        self._rows_wanted = rows
        self._arrays: dict[str, np.ndarray] = {"terms": np.zeros(1, TERMS)}
        self._put("outbox", np.zeros(OUTBOX, MESSAGE))
        self._lay_agents()
        fill_record(
            self.crowd,
            {
                "random": np.array([seed], np.uint64).view(np.int64)[0],
                "clock": start,
                "next_at": -1,
                "excited_until": start,
                "fundamental_at": start,
                "orders_free": -1,
                "written": _WRITTEN[kind],
                "strategy_owner": _OWNERS_OF_STRATEGIES,
                "matching_at": address_of(self.matching),
                "book_at": self.book.address,
                "send_op": _send_address(),
            },
        )
        fill_record(
            self.matching,
            {"book_at": self.book.address, "no_terms_at": address_of(self._arrays["terms"])},
        )
        self._lay_flow()
        self._lay_slots(_FIRST_SLOTS)
        self._run = _run_kernel()
        self._address = address_of(self.crowd)

    @property
    def address(self) -> int:
        """Where the crowd's record is."""
        return self._address

    @property
    def agents(self) -> np.ndarray:
        """The `AGENT` records."""
        return self._arrays["agents"]

    @property
    def orders(self) -> np.ndarray:
        """The `ORDER` records of the crowd; those with an id are live."""
        return self._arrays["orders"]

    def get(self, field: str) -> int:
        """Return a number of the crowd's record."""
        return int(self.crowd[field][0])

    def run_until(self, time: int) -> int:
        """Let the crowd act up to a time, or until the rows are full; return why it ended."""
        from hftsim.sim.crowd.records._kernels import DONE, QUIET, ROWS_FULL, STOPPED

        while True:
            code = int(self._run(self._address, time))
            if code in (DONE, QUIET, ROWS_FULL, STOPPED):
                return code
            self.grow(code)

    def grow(self, code: int) -> None:
        """Make room for what a kernel's return code names."""
        from hftsim.sim.crowd.records._kernels import GROW_SLOTS, QUIET, SLOTS

        if code == QUIET:
            return
        if code != GROW_SLOTS:
            self.book.grow(code)
            return
        room = 2 * len(self.orders)
        if room > SLOTS + 1:
            raise InputError(
                f"the crowd has {len(self.orders):,} orders in the book and cannot hold more: raise "
                f"the flow's cancel_rate or lower its rate of limit orders"
            )
        self._lay_slots(room)

    def take_columns(self) -> dict[str, np.ndarray]:
        """Return the rows written so far, copied, and forget them."""
        count, room = self.get("rows"), self.get("columns_room")
        whole = self._arrays["columns"].reshape(4, room)[:, :count]
        found = {n: whole[k].copy() for k, n in enumerate(("ts_event", "price", "qty", "priority"))}
        for name, array in (("kind", "kinds"), ("side", "sides"), ("flags", "flags")):
            found[name] = self._arrays[array][:count].copy()
        self.crowd["rows"] = self.crowd["packet"] = 0
        return found

    def drop_rows(self, count: int) -> None:
        """Forget the first rows; where few can be forgotten, make room for twice as many."""
        rows, room = self.get("rows"), self.get("columns_room")
        kept = rows - count
        columns = self._arrays["columns"].reshape(4, room)
        columns[:, :kept] = columns[:, count:rows].copy()
        for name in ("kinds", "sides", "flags"):
            self._arrays[name][:kept] = self._arrays[name][count:rows].copy()
        self.crowd["rows"], self.crowd["packet"] = kept, max(self.get("packet") - count, 0)
        if 2 * kept > self._rows_wanted:
            self._rows_wanted *= 2
            self._lay_columns(room + self._rows_wanted)

    def join_packets(self) -> None:
        """Make all rows that wait to be taken one packet."""
        count = self.get("rows")
        self._arrays["flags"][: max(count - 1, 0)] &= np.uint8(0xFF ^ EventFlag.LAST)

    def _put(self, name: str, array: np.ndarray) -> None:
        self._arrays[name] = array
        self.crowd[f"{name}_at"] = address_of(array)

    def _lay_agents(self) -> None:
        from hftsim.sim.crowd.records._kernels import AGENT, GROUP

        groups = [group for group in self.settings.agents if group.count]
        self._put("groups", np.zeros(max(len(groups), 1), GROUP))
        self._put("agents", np.zeros(max(sum(g.count for g in groups), 1), AGENT))
        first = 1
        for row, group in enumerate(groups):
            fill_record(self._arrays["groups"], {**group.fields(), "first": first}, row)
            self._arrays["agents"]["group"][first - 1 : first - 1 + group.count] = row
            first += group.count
        known = {
            "groups": len(groups),
            "agents": len(self._arrays["agents"]),
            "agents_rate": sum(g.count * g.rate for g in groups),
        }
        fill_record(self.crowd, known)

    def _lay_flow(self) -> None:
        settings, flow = self.settings, self.settings.flow
        made = rates_of(flow)
        for name in ("base", "excite", "decays"):
            self._put(name, np.ascontiguousarray(made[name], np.float64).ravel())
        self._put("excited", np.zeros(6 * len(made["decays"])))
        for name in ("distances", "limit_sizes", "market_sizes"):
            self._put(name, getattr(settings, name).table())
        self.crowd["kernels"] = len(made["decays"])
        self.crowd["cancel_rate"] = settings.cancel_rate
        self.crowd["fundamental"] = self.crowd["reference"] = settings.first_price
        self.crowd["fundamental_sd"] = settings.fundamental_sd
        self.crowd["last_bid"] = settings.first_price
        self.crowd["last_ask"] = settings.first_price + 1
        if isinstance(flow, QueueReactiveFlow):
            levels, lengths = flow.limit.shape
            self._put("queue_rates", np.ascontiguousarray(flow.tables).ravel())
            self._put("queue_now", np.zeros(6 * levels))
            known = {
                "flow": 1,
                "queue_levels": levels,
                "queue_most": lengths - 1,
                "event_size": flow.event_size,
                "theta": flow.theta,
            }
            fill_record(self.crowd, known)

    def _lay_slots(self, room: int) -> None:
        """Make room for so many live orders, and for all that one message can lead to."""
        from hftsim.sim.crowd.records._kernels import ORDER

        for name, dtype in (("orders", ORDER), ("buys", np.int64), ("sells", np.int64)):
            self._put(name, _longer(self._arrays.get(name), room, np.dtype(dtype)))
        reports = np.zeros(2 * room + 64, REPORT)
        self._arrays["reports"] = reports
        fill_record(
            self.matching, {"reports_at": address_of(reports), "reports_room": len(reports)}
        )
        self.crowd["orders_room"] = room
        self._lay_columns(self._rows_wanted + 2 * room + 64)

    def _lay_columns(self, room: int) -> None:
        count, before = self.get("rows"), self.get("columns_room")
        columns = np.zeros((4, room), np.int64)
        if count:
            columns[:, :count] = self._arrays["columns"].reshape(4, before)[:, :count]
        self._put("columns", columns.ravel())
        for name, field in (("kinds", "kind"), ("sides", "side"), ("flags", "flags")):
            self._put(name, _longer(self._arrays.get(name), room, EVENT_DTYPE[field]))
        self.crowd["columns_room"], self.crowd["rows_wanted"] = room, self._rows_wanted


def _longer(old: np.ndarray | None, length: int, dtype: np.dtype[Any]) -> np.ndarray:
    new = np.zeros(length, dtype)
    if old is not None:
        new[: len(old)] = old
    return new


@functools.cache
def _run_kernel() -> Any:
    from hftsim.native.cache import word_kernel
    from hftsim.sim.crowd._kernels import run_crowd

    return word_kernel(run_crowd)


@functools.cache
def _send_address() -> int:
    from hftsim.book.matching._kernels import process
    from hftsim.native.cache import word_kernel_address

    return word_kernel_address(process)
