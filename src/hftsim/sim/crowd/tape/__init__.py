"""What recorded or simulated rows tell of the order flow: events, best prices, depth."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from hftsim.book.depth.memory import DepthMemory
from hftsim.core.errors import DataError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.ticks import Ticks
from hftsim.native.layout import address_of, fill_record

PROFILE = 20
_COLUMNS = {
    "ts": np.int64,
    "component": np.int64,
    "distance": np.int64,
    "qty": np.int64,
    "bid": np.int64,
    "ask": np.int64,
}


@dataclasses.dataclass(frozen=True)
class Tape:
    """The order flow of some ticks, one entry per event.

    Parameters
    ----------
    ts : ns UTC, shape (n,).
    component : of `hftsim.sim.crowd.flows.COMPONENTS`: market, limit and cancel, buys and sells.
    distance : of limit orders and cancels: ticks behind the other side's best before the event.
    qty : lots; all of a packet's trades on one side are one market order.
    bid, ask : best prices before the event, ticks.
    live : limit orders in the book, averaged over time; NaN where orders are not told (`l2`).
    lots : lots in the book, averaged over time.
    profile : lots at 0, 1, ... ticks behind the own side's best, averaged over both sides and over
        events, shape (20,).
    seconds : from the first event to the last.
    """

    ts: np.ndarray
    component: np.ndarray
    distance: np.ndarray
    qty: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    live: float
    lots: float
    profile: np.ndarray
    seconds: float

    def rate(self, *components: int) -> float:
        """Return how many of these events come per second."""
        found = int(np.isin(self.component, components).sum())
        return found / self.seconds if self.seconds > 0 else float("nan")


def read_tape(ticks: Ticks, progress: Progress = no_progress) -> Tape:
    """Return the order flow of ticks by level or by order.

    By level, a level that grows is a limit order and one that shrinks a cancel, except for what
    trades in the same or the packet before explain: an estimate, since one packet may hold several
    events. Rows of snapshots build the book and are no events.

    Raises DataError for ticks of best quotes alone, and where less than two events are left.
    """
    from hftsim.book.depth._kernels import DEPTH
    from hftsim.native.cache import word_kernel
    from hftsim.sim.crowd.tape._kernels import BOOK_FULL, TAPE, read_rows

    if ticks.level == "l1":
        raise DataError("best quotes alone do not tell the order flow: l2 or l3 ticks are needed")
    depth, state = np.zeros(1, DEPTH), np.zeros(1, TAPE)
    book, profile = DepthMemory(depth), np.zeros(PROFILE)
    kernel, parts, done = word_kernel(read_rows), [], 0
    orders = _LiveOrders()
    fill_record(
        state,
        {
            "book_at": address_of(depth),
            "profile_at": address_of(profile),
            "by_order": ticks.level == "l3",
        },
    )
    for chunk in ticks.chunks():
        made = {name: np.zeros(chunk.rows, kind) for name, kind in _COLUMNS.items()}
        columns = dict(chunk.columns)
        columns["priority"] = orders.numbered(columns) if ticks.level == "l3" else columns["qty"]
        fill_record(state, {"left_at": address_of(orders.left), "left_room": len(orders.left)})
        fill_record(state, {f"{n}_out": address_of(a) for n, a in made.items()})
        fill_record(state, {f"{n}_at": address_of(columns[n]) for n in _NEEDED})
        fill_record(state, {"rows": chunk.rows, "row": 0, "events": 0})
        while int(kernel(address_of(state))) == BOOK_FULL:
            book.grow()
        count = int(state["events"][0])
        parts.append({name: values[:count].copy() for name, values in made.items()})
        chunk.release()
        done += chunk.rows
        progress(done, ticks.rows, "rows")
    return _tape(parts, state, profile, ticks.level)


class _LiveOrders:
    """Numbers the orders of a chunk from 1 on, and carries what is left of them to the next.

    Attributes
    ----------
    left : lots by number; number 0 is no order.
    """

    def __init__(self) -> None:
        self._keys, self.left = np.zeros(1, np.int64), np.zeros(1, np.int64)

    def numbered(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the number of each row's order, 0 where its priority is 0, shape (rows,)."""
        live = self.left > 0
        before, lots = self._keys[live], self.left[live]
        keys = np.union1d(np.append(before, 0), columns["priority"])
        self._keys, self.left = keys, np.zeros(len(keys), np.int64)
        self.left[np.searchsorted(keys, before)] = lots
        return np.asarray(np.searchsorted(keys, columns["priority"]), np.int64)


_NEEDED = ("ts_event", "price", "qty", "priority", "kind", "side", "flags")


def _tape(parts: list[dict[str, np.ndarray]], state: Any, profile: np.ndarray, level: str) -> Tape:
    joined: Mapping[str, np.ndarray] = {
        name: np.concatenate([p[name] for p in parts] or [np.zeros(0, kind)])
        for name, kind in _COLUMNS.items()
    }
    if len(joined["ts"]) < 2:
        raise DataError("the ticks hold less than two events of order flow beside their snapshots")
    passed = float(state["passed"][0])
    samples = max(float(state["samples"][0]), 1.0)
    live = float(state["live_time"][0]) / passed if passed > 0 and level == "l3" else float("nan")
    return Tape(
        **joined,
        live=live,
        lots=float(state["lots_time"][0]) / passed if passed > 0 else float("nan"),
        profile=profile / (2.0 * samples),
        seconds=(int(joined["ts"][-1]) - int(joined["ts"][0])) / 1e9,
    )
