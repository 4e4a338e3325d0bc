"""Bars from ticks, in one pass: of trades, or of the mid price of level 1."""

from collections.abc import Mapping

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.progress import Progress
from hftsim.data.decoding import Rows
from hftsim.data.ordering import EXAMPLE_ZONE
from hftsim.data.reader import Reader
from hftsim.data.steps import StepFinder
from hftsim.data.zones import LocalClock, refuse_local


class BarBuilder:
    """Collect ticks, given in increasing time and in any number of pieces, into bars.

    A bar starts at a whole multiple of the interval since 1970-01-01 UTC. An interval without a
    tick has no bar: gaps are never filled here.

    Parameters
    ----------
    interval_ns : length of a bar.
    """

    def __init__(self, interval_ns: int) -> None:
        self._interval = interval_ns
        self._starts: list[np.ndarray] = []
        self._values: dict[str, list[np.ndarray]] = {}

    def add(self, times: np.ndarray, price: np.ndarray, sums: Mapping[str, np.ndarray]) -> None:
        """Add ticks: their prices make open, high, low, close; `sums` are added up per bar."""
        if not len(times):
            return
        bins = times // self._interval
        first = np.flatnonzero(np.diff(bins, prepend=bins[0] - 1))
        last = np.append(first[1:], len(bins)) - 1
        bars = {
            "open": price[first],
            "high": np.maximum.reduceat(price, first),
            "low": np.minimum.reduceat(price, first),
            "close": price[last],
            **{name: np.add.reduceat(values, first) for name, values in sums.items()},
        }
        starts = bins[first] * self._interval
        if self._starts and self._starts[-1][-1] == starts[0]:
            self._merge(bars)
            starts, bars = starts[1:], {name: v[1:] for name, v in bars.items()}
        if len(starts):
            self._starts.append(starts)
            for name, values in bars.items():
                self._values.setdefault(name, []).append(values)

    def _merge(self, bars: dict[str, np.ndarray]) -> None:
        """Carry on with the bar that the last piece left open."""
        for name, values in bars.items():
            last = self._values[name][-1]
            if name == "high":
                last[-1] = max(last[-1], values[0])
            elif name == "low":
                last[-1] = min(last[-1], values[0])
            elif name == "close":
                last[-1] = values[0]
            elif name != "open":
                last[-1] += values[0]

    def bars(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return (start times, columns) of all bars."""
        if not self._starts:
            return np.zeros(0, np.int64), {}
        joined = {name: np.concatenate(parts) for name, parts in self._values.items()}
        return np.concatenate(self._starts), joined


class TickReader:
    """Read a tick file into bars; only the bars stay in memory, unless sorting was asked for.

    Parameters
    ----------
    reader : an open book or trades file.

    Attributes
    ----------
    rows, dropped, moved : ticks read, dropped as bad, and moved by sorting.
    price_steps, qty_steps : the grids seen.
    """

    def __init__(self, reader: Reader) -> None:
        options, path = reader.options, reader.path
        if options.interval_ns is None:
            raise DataError(
                f"holds ticks ({reader.layout.kind}), which need the length of the bars to make: "
                f"add --interval, for example --interval 1m",
                path=path,
            )
        if options.stamp == "close":
            raise DataError("holds ticks, whose times need no --stamp: leave it out", path=path)
        if options.repairs.drop_duplicates or options.repairs.keep_last:
            raise DataError(
                "holds ticks, and equal ticks may all be real: leave out --drop-duplicates and "
                "--keep-last",
                path=path,
            )
        self._reader, self._path = reader, path
        self._builder = BarBuilder(options.interval_ns)
        self._clock: LocalClock | None = None
        self._last: tuple[int, int] | None = None
        self._last_local = (0, 0)
        self._held: list[tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]] = []
        self.rows = self.dropped = self.moved = 0
        self.price_steps, self.qty_steps = StepFinder(), StepFinder()

    def read(self, progress: Progress) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return (start times, columns); raises DataError as `read_bars` does."""
        for found, misfits in self._reader.rows(progress):
            rows, dropped = self._reader.usable(found, misfits)
            self.dropped += dropped
            self.rows += len(rows.times)
            if len(rows.times):
                self._add(rows)
        if self._clock and self._clock.unfinished():
            self._refuse_time(*self._last_local, exists=True)
        self._add_held()
        return self._builder.bars()

    def _add(self, rows: Rows) -> None:
        times = self._to_utc(rows)
        price, sums = self._price_and_sums(rows.values)
        if self._reader.options.repairs.sort:
            self._held.append((times, price, sums))
            return
        before = self._last or (int(times[0]), int(rows.lines[0]))
        back = np.flatnonzero(np.diff(times, prepend=before[0]) < 0)
        if len(back):
            row = int(back[0])
            line = int(rows.lines[row - 1]) if row else before[1]
            raise DataError(
                f"is earlier than row {line}; add --sort (which holds all ticks in memory)",
                path=self._path,
                row=int(rows.lines[row]),
                field="time",
            )
        self._last = int(times[-1]), int(rows.lines[-1])
        self._builder.add(times, price, sums)

    def _add_held(self) -> None:
        if not self._held:
            return
        times = np.concatenate([t for t, _, _ in self._held])
        price = np.concatenate([p for _, p, _ in self._held])
        sums = {n: np.concatenate([s[n] for _, _, s in self._held]) for n in self._held[0][2]}
        self._held.clear()
        order = np.argsort(times, kind="stable")
        self.moved = int((order != np.arange(len(order))).sum())
        self._builder.add(times[order], price[order], {n: v[order] for n, v in sums.items()})

    def _to_utc(self, rows: Rows) -> np.ndarray:
        if rows.aware:
            return rows.times
        zone = self._reader.zone
        if zone is None:
            raise DataError(
                f"times are local times of an unknown zone; add --timezone {EXAMPLE_ZONE}",
                path=self._path,
            )
        self._clock = self._clock or LocalClock(zone, repeats=True)
        self._last_local = int(rows.lines[-1]), int(rows.times[-1])
        utc, missing, unresolved = self._clock.to_utc(rows.times)
        offset = self.rows - len(rows.times)
        if len(missing):
            at = int(missing[0]) - offset
            self._refuse_time(int(rows.lines[at]), int(rows.times[at]), exists=False)
        if len(unresolved):
            at = max(int(unresolved[0]) - offset, 0)
            self._refuse_time(int(rows.lines[at]), int(rows.times[at]), exists=True)
        return utc

    def _refuse_time(self, line: int, local_ns: int, *, exists: bool) -> None:
        zone = self._reader.zone or ""
        refuse_local(self._path, line, local_ns, zone, exists=exists)

    def _price_and_sums(
        self, values: dict[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        if self._reader.layout.kind == "book":
            bid, ask = values["bid_price"], values["ask_price"]
            self.price_steps.add(bid)
            self.price_steps.add(ask)
            for name in ("bid_qty", "ask_qty"):
                self.qty_steps.add(values.get(name, np.zeros(0)))
            return (bid + ask) / 2, {"volume": np.zeros(len(bid))}
        price, qty = values["price"], values["qty"]
        self.price_steps.add(price)
        self.qty_steps.add(qty)
        sums = {"volume": qty, "notional": price * qty, "trade_count": np.ones(len(qty))}
        if "side" in values:
            bought = np.where(values["side"] > 0, qty, 0.0)
            sums |= {"taker_buy_volume": bought, "taker_buy_notional": price * bought}
        return price, sums
