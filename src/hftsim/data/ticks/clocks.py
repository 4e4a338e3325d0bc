"""The two clocks of an import: how far they are off, and rows put where both orders hold."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from hftsim.core.events import EventFlag
from hftsim.native.layout import address_of

_FAR = 1 << 62
_BOTH = np.uint8(EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL)
_LEAST_ROWS = 1 << 16


@dataclasses.dataclass
class Survey:
    """What is wrong with the times of rows as they came.

    Attributes
    ----------
    rows : how many.
    smallest_latency : of ts_recv - ts_event, ns.
    early : rows received before they happened.
    event_back, recv_back : rows earlier than a row before them, by either clock.
    event_lateness, recv_lateness : how much earlier at most, ns.
    """

    rows: int = 0
    smallest_latency: int = _FAR
    early: int = 0
    event_back: int = 0
    recv_back: int = 0
    event_lateness: int = 0
    recv_lateness: int = 0
    _latest_event: int = -_FAR
    _latest_recv: int = -_FAR

    def add(
        self, ts_event: np.ndarray, ts_recv: np.ndarray, flags: np.ndarray | None = None
    ) -> None:
        """Look at more rows; `flags` where they say which row counts in which order."""
        if not len(ts_event):
            return
        self.rows += len(ts_event)
        latency = ts_recv - ts_event
        self.smallest_latency = min(self.smallest_latency, int(latency.min()))
        self.early += int((latency < 0).sum())
        if flags is not None:
            ts_event = ts_event[(flags & np.uint8(EventFlag.ON_EXCHANGE)) != 0]
            ts_recv = ts_recv[(flags & np.uint8(EventFlag.ON_LOCAL)) != 0]
        back, late, self._latest_event = _lateness(ts_event, self._latest_event)
        self.event_back += back
        self.event_lateness = max(self.event_lateness, late)
        back, late, self._latest_recv = _lateness(ts_recv, self._latest_recv)
        self.recv_back += back
        self.recv_lateness = max(self.recv_lateness, late)

    def clock_shift(self, base_latency: int) -> int:
        """Return what to add to every ts_recv so that the smallest latency is `base_latency`.

        That is 0 where no row was received before it happened.
        """
        return base_latency - self.smallest_latency if self.early else 0


def _lateness(times: np.ndarray, latest: int) -> tuple[int, int, int]:
    """Return (rows that go back, by how much at most, the latest time so far)."""
    if not len(times):
        return 0, 0, latest
    highest = np.maximum(np.maximum.accumulate(times), latest)
    late = highest - times
    return int((late > 0).sum()), int(late.max()), int(highest[-1])


class Reorderer:
    """Puts rows where both orders of time hold; a row for which no one place does stands twice.

    Rows say by their flags in which order they count: in both, usually. The exchange's order is by ts_event, the receiver's by ts_recv, rows of equal time as they came.
    Both are merged: where they stand at the same row it is given once with both flags, else the
    earlier one is given alone with its flag. (The technique is that of hftbacktest's
    ``correct_event_order``.) Rows are given out as soon as no later row can come before them, so
    that only a window of time stays in memory.

    Parameters
    ----------
    survey : of all rows that will come.

    Attributes
    ----------
    doubled : rows given twice so far.
    """

    def __init__(self, survey: Survey) -> None:
        self.doubled = 0
        self._survey = survey
        self._held: dict[str, np.ndarray] = {}
        self._missing = np.zeros(0, np.uint8)
        self._waiting: list[Mapping[str, np.ndarray]] = []
        self._waiting_rows = 0
        self._latest = [-_FAR, -_FAR]

    def add(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        """Take rows; return those whose places are certain by now, if there are any.

        Each row has one of the flags ON_EXCHANGE and ON_LOCAL, or both.
        """
        self._waiting.append(columns)
        self._waiting_rows += len(columns["kind"])
        if self._waiting_rows < max(_LEAST_ROWS, len(self._missing)):
            return None
        return self._merged(final=False)

    def finish(self) -> dict[str, np.ndarray] | None:
        """Return all rows that are left."""
        return self._merged(final=True)

    def _take_waiting(self) -> None:
        parts = [self._held, *self._waiting] if self._held else list(self._waiting)
        fresh = [np.asarray(part["flags"] & _BOTH) for part in self._waiting]
        self._missing = np.concatenate([self._missing, *fresh])
        self._held = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        self._waiting, self._waiting_rows = [], 0

    def _merged(self, *, final: bool) -> dict[str, np.ndarray] | None:
        if self._waiting:
            self._take_waiting()
        if not len(self._missing):
            return None
        late = (self._survey.event_lateness, self._survey.recv_lateness)
        flags = (np.uint8(EventFlag.ON_EXCHANGE), np.uint8(EventFlag.ON_LOCAL))
        orders = []
        for at, name in enumerate(("ts_event", "ts_recv")):
            times = self._held[name]
            self._latest[at] = max(self._latest[at], int(times.max()))
            rows = np.flatnonzero(self._missing & flags[at])
            rows = rows[np.argsort(times[rows], kind="stable")]
            certain = len(rows)
            if not final:
                certain = int(np.searchsorted(times[rows], self._latest[at] - late[at], "right"))
            orders.append(np.ascontiguousarray(rows[:certain], np.int64))
        places, bits, taken = _merge(orders[0], orders[1], self._held["ts_event"])
        if final:
            rest = [orders[0][taken[0] :], orders[1][taken[1] :]]
            places = np.concatenate([places, *rest])
            bits = np.concatenate([bits, *(np.full(len(r), flags[i]) for i, r in enumerate(rest))])
            taken = [len(orders[0]), len(orders[1])]
        both = (self._held["flags"][places] & _BOTH) == _BOTH
        self.doubled += int(((bits == flags[0]) & both).sum())
        return self._give(places, bits, orders, taken, flags)

    def _give(
        self,
        places: np.ndarray,
        bits: np.ndarray,
        orders: list[np.ndarray],
        taken: list[int],
        flags: tuple[np.uint8, np.uint8],
    ) -> dict[str, np.ndarray] | None:
        given = {name: values[places] for name, values in self._held.items()}
        given["flags"] = (given["flags"] & ~_BOTH) | bits
        for order, count, flag in zip(orders, taken, flags, strict=True):
            self._missing[order[:count]] &= ~flag
        keep = np.flatnonzero(self._missing)
        self._missing = self._missing[keep]
        self._held = {name: values[keep] for name, values in self._held.items()}
        return given if len(places) else None


def _merge(
    by_event: np.ndarray, by_recv: np.ndarray, ts_event: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    from hftsim.data.ticks._kernels import MERGE_SIGNATURE, merge_orders
    from hftsim.native.cache import kernel

    total = len(by_event) + len(by_recv)
    out, bits = np.empty(max(total, 1), np.int64), np.empty(max(total, 1), np.uint8)
    counts = np.array([len(by_event), len(by_recv), 0, 0], np.int64)
    times = np.ascontiguousarray(ts_event)
    given = kernel(merge_orders, MERGE_SIGNATURE)(
        *(address_of(array) for array in (by_event, by_recv, counts, times, out, bits))
    )
    return out[:given], bits[:given], [int(counts[2]), int(counts[3])]
