"""CrowdMarket: a strategy trades with a simulated crowd, and moves it."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from hftsim.core.durations import duration_ns
from hftsim.core.errors import ConfigError
from hftsim.core.instrument import Instrument
from hftsim.data.ticks import Chunk
from hftsim.data.ticks.store import Moment, moment_ns
from hftsim.native.layout import address_of, fill_record
from hftsim.sim.crowd.generator import plain, sample_instrument
from hftsim.sim.crowd.memory import L3, CrowdMemory
from hftsim.sim.crowd.opening import open_book
from hftsim.sim.crowd.settings import CrowdSettings
from hftsim.sim.ticks import ReplayMarket, ReplaySettings

_ROWS = 1 << 16


class CrowdSource:
    """What stands in the place of recorded ticks: the crowd's settings, and how long it runs.

    Parameters
    ----------
    settings, instrument, seed : as those of `Crowd`.
    start : time of the opening book.
    duration : how long it trades, like ``"1h"``.

    Raises ConfigError for a duration that is none, or not above 0.
    """

    level = "l3"

    def __init__(
        self,
        settings: CrowdSettings | None = None,
        instrument: Instrument | None = None,
        *,
        seed: int = 0,
        start: Moment = "2024-01-01",
        duration: str = "1h",
    ) -> None:
        self.settings = settings or CrowdSettings()
        self.instrument = instrument or sample_instrument()
        self.seed = seed
        try:
            length = duration_ns(duration)
        except ValueError as error:
            raise ConfigError(f"duration: {error}") from None
        if length <= 0:
            raise ConfigError(f"duration {duration!r} is not above 0")
        self.start = self.recv_start = moment_ns(start)
        self.end = self.recv_end = self.start + length
        self.feeds: np.ndarray | None = None
        self.metadata: dict[str, Any] = {
            "simulated": True,
            "level": self.level,
            "source": {
                "format": "crowd",
                "files": [],
                "flow": type(self.settings.flow).__name__,
                "agents": {type(g).__name__: g.count for g in self.settings.agents},
                "seed": seed,
                "duration": duration,
            },
            "corrections": {},
            "has_receive_times": False,
        }

    @property
    def sha256(self) -> str:
        """SHA-256 of what makes the crowd: settings, seed, start, end."""
        told = [asdict(self.settings), self.seed, self.start, self.end]
        return hashlib.sha256(json.dumps(told, default=plain).encode()).hexdigest()

    @property
    def rows(self) -> int:
        """How many rows the crowd has made so far in the market that it belongs to."""
        return 0 if self.feeds is None else int(self.feeds["rows_done"].sum())

    def chunks(self, rows: int | None = None) -> Iterator[Chunk]:  # noqa: ARG002 - as `Ticks`
        """Yield nothing: rows come to be while the market runs."""
        return iter(())


class CrowdMarket(ReplayMarket):
    """One run's market with a crowd: own orders stand in the crowd's book and have real impact.

    Orders, latency, reports and accounts are those of `ReplayMarket`; queues are real, so its queue
    model has no say, and quantities always fill as far as the book goes. Own orders never trade
    with each other: the incoming one expires with SELF_TRADE.

    Parameters
    ----------
    source : the crowd.
    settings : how the strategy trades; its seed is that of latencies alone.
    instrument : the rules by which it trades; default: the source's.

    Raises ConfigError where the settings ask for a maintenance margin: a crowd's venue knows none.
    """

    unit = "seconds"

    def __init__(
        self,
        source: CrowdSource,
        settings: ReplaySettings | None = None,
        instrument: Instrument | None = None,
    ) -> None:
        from hftsim.sim.ticks.records._kernels import CHUNK

        self.source = source = copy.copy(source)
        rules = instrument or source.instrument
        chosen = settings or ReplaySettings()
        if chosen.latency.model == "load":
            raise ConfigError("latency by load counts recorded rows: a crowd has none")
        if chosen.maintenance_margin is not None:
            raise ConfigError(
                "maintenance_margin works on recorded ticks alone, not in a simulated crowd: leave it "
                "out"
            )
        super().__init__({rules.symbol: source}, [rules], chosen)  # type: ignore[dict-item]
        source.feeds = self.feeds
        self.memory = CrowdMemory(
            source.settings, seed=source.seed, start=source.start, kind=L3, rows=_ROWS
        )
        open_book(self.memory)
        self._rows = np.zeros(1, CHUNK)
        self._join()

    def _join(self) -> None:
        """Put the crowd where recorded rows would be, and tell it whom to report to."""
        from hftsim.native.cache import word_kernel_address
        from hftsim.sim.crowd._kernels import run_crowd
        from hftsim.sim.crowd.venue._kernels import accept_in_crowd, own_report

        self.feeds["chunk_at"] = self.memory.address
        self.feeds["local_chunk_at"] = address_of(self._rows)
        self.feeds["more"] = self.feeds["local_more"] = False
        self.run["exchange_op"] = word_kernel_address(run_crowd)
        self.run["accept_op"] = word_kernel_address(accept_in_crowd)
        fill_record(
            self.memory.crowd,
            {"market_at": address_of(self.run), "own_op": word_kernel_address(own_report)},
        )
        self._show_rows()

    def _show_rows(self) -> None:
        """Let the machine's cursor see the crowd's rows where they are now."""
        memory, room = self.memory, self.memory.get("columns_room")
        names = ("ts_event", "price", "qty", "priority")
        at = {f"{n}_at": memory.get("columns_at") + 8 * room * k for k, n in enumerate(names)}
        at |= {f"{n}_at": memory.get(f"{n}s_at") for n in ("kind", "side")}
        at |= {"flags_at": memory.get("flags_at"), "ts_recv_at": at["ts_event_at"]}
        fill_record(self._rows, {"rows": memory.get("rows"), **at})

    @property
    def step_function(self) -> Callable[..., int]:
        """The kernel source that runs to the next event."""
        from hftsim.sim.crowd.step._kernels import step_crowd

        return step_crowd

    @property
    def steps(self) -> int:
        """How many seconds the crowd trades, rounded down."""
        return int((self.source.end - self.source.start) // 10**9)

    @property
    def steps_done(self) -> int:
        """How many of them have passed."""
        return int((max(self.memory.get("clock"), self.source.start) - self.source.start) // 10**9)

    def wake(self, *, wants: frozenset[str], wake_every: int | None) -> None:
        """Say which handlers the strategy has; `wake_every` None: no wake-ups."""
        from hftsim.sim.crowd.records._kernels import AT_PACKET, AT_REPORT

        super().wake(wants=wants, wake_every=wake_every)
        packets = AT_PACKET if wants & {"on_book", "on_trade"} else 0
        self.memory.crowd["stop_at"] = AT_REPORT | packets

    def refill(self) -> None:
        """Give the crowd what it needs: room for rows, for orders, for the book."""
        from hftsim.sim.crowd.records._kernels import ROWS_FULL

        needs = self.memory.get("needs")
        if needs == ROWS_FULL:
            done = min(int(self.feeds["local_row"][0]), int(self.feeds["row"][0]))
            self.memory.drop_rows(done)
            for name in ("local_row", "row"):
                self.feeds[name] -= done
            for name in ("trade_row", "print_row"):
                self.feeds[name] = np.maximum(self.feeds[name] - done, 0)
        else:
            self.memory.grow(needs)
        self._show_rows()
