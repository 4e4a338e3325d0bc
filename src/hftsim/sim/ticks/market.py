"""ReplayMarket: builds the memory of a tick run and reads the results out of it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hftsim.core.durations import duration_ns
from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import ConfigError, DataError, StrategyError
from hftsim.core.instrument import Instrument
from hftsim.data.ticks import Ticks
from hftsim.native.layout import FILL, ORDER, SIGNAL, address_of, fill_record
from hftsim.sim.account_market import LOGS, AccountMarket, AccountSettings
from hftsim.sim.fees import FeeSchedule
from hftsim.sim.latency import LatencyModel
from hftsim.sim.queue import QueueModel
from hftsim.sim.ticks.feed import FeedMemory
from hftsim.sim.ticks.logs import GrowingLog
from hftsim.sim.ticks.tiers import FeeTiers

_MOST_SAMPLES = 100_000_000
_FIRST_PAYMENTS = 64
_MARGINED = (InstrumentKind.PERPETUAL, InstrumentKind.FUTURE)
_GUARDS = ("stop_loss", "take_profit")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReplaySettings(AccountSettings):
    """How a replay trades, beside what every market asks.

    Parameters
    ----------
    latency : how long orders and reports travel.
    queue : where orders stand in their queues, in data by price.
    partial_fills : whether orders fill as far as recorded volume goes, or always whole.
    maintenance_margin : part of the value of perpetual and future positions at which the account
        is liquidated; None: never.
    liquidation_fee : part of the value closed by a liquidation that it costs beside the taker fee.
    trade_through : by order, whether an execution at a worse price than an own order's fills it;
        hftbacktest says no.
    fees : fees by the volume traded, instead of the instruments'; None: those.
    liquidity_half_life : how long half of what own orders took from a recorded level stays taken;
        None: what they took is there for the next one.
    equity_every : how often the equity curve has a point.
    chunk_rows : rows at a time; default: as they lie in the files. Results do not depend on it.
    seed : of latencies that are drawn.
    """

    latency: LatencyModel = dataclasses.field(default_factory=LatencyModel)
    queue: QueueModel = dataclasses.field(default_factory=QueueModel)
    partial_fills: bool = True
    maintenance_margin: float | None = None
    liquidation_fee: float = 0.0
    trade_through: bool = True
    fees: FeeSchedule | None = None
    liquidity_half_life: str | None = None
    equity_every: str = "1s"
    chunk_rows: int | None = None
    seed: int = 0


class ReplayMarket(AccountMarket):
    """One run's market over recorded ticks of one or several instruments, on one account.

    Parameters
    ----------
    ticks : symbol -> recorded events.
    instruments : the rules by which each trades, in the same order; tick and lot are the data's.
    settings : how it trades.
    """

    unit = "rows"
    column_names: tuple[str, ...] = ()

    def __init__(
        self,
        ticks: Mapping[str, Ticks],
        instruments: Sequence[Instrument],
        settings: ReplaySettings,
    ) -> None:
        from hftsim.sim.ticks.records._kernels import FEED, PAYMENT, RESTING, RUN

        super().__init__(list(ticks), instruments, settings)
        self.ticks, self.settings = list(ticks.values()), settings
        self.run, self.feeds = np.zeros(1, RUN), np.zeros(len(ticks), FEED)
        self._logs = {n: GrowingLog(d) for n, d in zip(LOGS, (ORDER, FILL, SIGNAL), strict=True)}
        self.orders, self.fills, self.signals = (log.rows for log in self._logs.values())
        self.payments = np.zeros(_FIRST_PAYMENTS, PAYMENT)
        self.columns = [np.zeros((0, 0)) for _ in ticks]
        self._resting = np.zeros(len(self.open_ids) + 1, RESTING)
        self._free = np.arange(len(self._resting), dtype=np.int64)[::-1].copy()
        self._feed_memories = [
            FeedMemory(self.feeds, k, each, settings, len(self.open_ids))
            for k, each in enumerate(self.ticks)
        ]
        for k in range(len(ticks)):
            self._lay_rules(k)
        fill_record(self.context, {"now": self._start - 1, "market_at": address_of(self.run)})
        self._lay_logs()
        self._lay_run()
        self._lay_samples()
        self.fee_tiers = self._lay_fees(settings.fees)

    @property
    def step_function(self) -> Callable[..., int]:
        """The kernel source that runs to the next event."""
        from hftsim.sim.ticks._kernels import step

        return step

    @property
    def operations(self) -> Mapping[str, Callable[..., int]]:
        """The kernel sources behind what a strategy asks for."""
        from hftsim.sim.ticks.operations._kernels import OPERATION_KERNELS

        return OPERATION_KERNELS

    @property
    def steps(self) -> int:
        """How many rows there are."""
        return sum(t.rows for t in self.ticks)

    @property
    def steps_done(self) -> int:
        """How many rows have been processed."""
        return int(self.feeds["rows_done"].sum())

    @property
    def sample_count(self) -> int:
        """How many points the equity curve has."""
        return int(self.context["step"][0])

    @property
    def sample_times(self) -> np.ndarray:
        """Times of the equity curve, ns UTC."""
        return self._sample_times[: self.sample_count]

    @property
    def equity(self) -> np.ndarray:
        """Equity at those times, quote currency."""
        return self._equity[: self.sample_count]

    @property
    def marks(self) -> np.ndarray:
        """Mid prices at those times, shape (points, instruments); 0 before there is a book."""
        return self._marks[: self.sample_count]

    @property
    def positions(self) -> np.ndarray:
        """The position at those times in lots, int64, shape (points, instruments)."""
        reported = self.fills["ts_recv"][: int(self.context["fill_count"][0])] > 0
        return self.positions_at(self.sample_count, np.flatnonzero(reported))

    def refill(self) -> None:
        """Bring the next rows to where they are needed."""
        for memory in self._feed_memories:
            memory.refill()
        for name, log in self._logs.items():
            log.give_back(int(self.context[f"{name}_count"][0]))

    def grow(self) -> None:
        """Make room where it runs out; addresses are laid anew."""
        from hftsim.sim.ticks._kernels import ORDERS_PER_CALL

        for name, log in self._logs.items():
            log.make_room(int(self.context[f"{name}_count"][0]), 2 * ORDERS_PER_CALL)
        self.orders, self.fills, self.signals = (log.rows for log in self._logs.values())
        if self.run["payment_count"][0] >= len(self.payments):
            self.payments = np.concatenate([self.payments, np.zeros_like(self.payments)])
        self._lay_logs()
        for memory in self._feed_memories:
            memory.grow(2 * ORDERS_PER_CALL)

    def wake(self, *, wants: frozenset[str], wake_every: int | None) -> None:
        """Say which handlers the strategy has; `wake_every` None: no wake-ups.

        Raises StrategyError for what cannot be on ticks.
        """
        if "on_bar" in wants:
            raise StrategyError(
                "on_bar is called on bars alone; on ticks define on_book or on_wake, or take a "
                "strategy for ticks, such as market-making"
            )
        if wake_every == 0:
            raise StrategyError('on ticks say when to wake up: wake = every("100ms")')
        fill_record(
            self.run,
            {
                **{f"wants_{n}": f"on_{n}" in wants for n in ("fill", "book", "trade", "wake")},
                "wake_every": wake_every or 0,
                "timer": self._start + (wake_every or 0),
            },
        )

    @property
    def _start(self) -> int:
        return min(t.recv_start for t in self.ticks) + self.settings.latency.feed_ns

    @property
    def _end(self) -> int:
        return max(t.recv_end for t in self.ticks) + self.settings.latency.feed_ns

    def _lay_rules(self, k: int) -> None:
        rules, data = self.instruments[k], self.ticks[k].instrument
        if (rules.tick_size, rules.lot_size) != (data.tick_size, data.lot_size):
            raise DataError(
                f"{rules.symbol}: the rules' tick {rules.tick_size} and lot {rules.lot_size} are not "
                f"those that the data count, {data.tick_size} and {data.lot_size}"
            )
        self.feeds["may_short"][k] = self.instrument_records["may_short"][k]
        for name in ("max_orders", "price_band", "max_order_rate"):
            self.feeds[name][k] = getattr(rules, name) or 0
        self.feeds["margined"][k] = rules.kind in _MARGINED

    def _lay_logs(self) -> None:
        self.lay_logs()
        paid = self.payments
        fill_record(self.run, {"payments_at": address_of(paid), "payment_capacity": len(paid)})

    def _kernel_addresses(self) -> dict[str, int]:
        from hftsim.native.cache import word_kernel_address
        from hftsim.sim.ticks.exchange._kernels import advance_exchange
        from hftsim.sim.ticks.local._kernels import advance_local
        from hftsim.sim.ticks.matching._kernels import own_row
        from hftsim.sim.ticks.operations._kernels import guard
        from hftsim.sim.ticks.rare._kernels import rare_row
        from hftsim.sim.ticks.requests._kernels import accept
        from hftsim.sim.ticks.taken._kernels import taken
        from hftsim.sim.ticks.waiting._kernels import look_ahead

        sources: dict[str, Callable[..., int]] = {
            "exchange_op": advance_exchange,
            "local_op": advance_local,
            "own_row_op": own_row,
            "accept_op": accept,
            "rare_row_op": rare_row,
            "look_ahead_op": look_ahead,
            "guard_op": guard,
        }
        if self.settings.liquidity_half_life is not None:
            sources["taken_op"] = taken
        if self.settings.maintenance_margin is not None:
            from hftsim.sim.ticks.margin._kernels import advance_margined

            sources |= {"exchange_op": advance_margined, "venue_op": advance_exchange}
        return {name: word_kernel_address(source) for name, source in sources.items()}

    def _lay_samples(self) -> None:
        try:
            every = duration_ns(self.settings.equity_every)
        except ValueError as error:
            raise ConfigError(f"equity_every: {error}") from None
        if every <= 0:
            raise ConfigError("equity_every must be above 0")
        samples = (self._end - self._start) // every + 3
        if samples > _MOST_SAMPLES:
            raise ConfigError(
                f"equity_every {self.settings.equity_every!r} gives {samples:,} points over these "
                f"data, more than {_MOST_SAMPLES:,}: choose a longer time"
            )
        self._sample_times = np.zeros(samples, np.int64)
        self._equity = np.zeros(samples)
        self._marks = np.zeros((samples, len(self.symbols)))
        fill_record(
            self.run,
            {
                "sample": self._start + every,
                "sample_every": every,
                "sample_times_at": address_of(self._sample_times),
                "equity_at": address_of(self._equity),
                "marks_at": address_of(self._marks),
                "sample_capacity": samples,
            },
        )

    def _lay_run(self) -> None:
        from hftsim.sim.ticks.records._kernels import UNKNOWN

        fill_record(
            self.run,
            {
                "context_at": address_of(self.context),
                "feeds_at": address_of(self.feeds),
                "resting_at": address_of(self._resting),
                "resting_free_at": address_of(self._free),
                "resting_free": len(self._free),
                "resting_capacity": len(self._resting),
                "exchange_now": UNKNOWN,
                "end": self._end,
                "lookahead": self.settings.latency.least_round_trip_ns,
                "equity_before": self.settings.capital,
                "exchange_cash": self.settings.capital,
                "maintenance_margin": self.settings.maintenance_margin or 0.0,
                "liquidation_fee": self.settings.liquidation_fee,
                "guards": any(self.settings.limits.get(n, np.nan) > 0 for n in _GUARDS),
                **self._kernel_addresses(),
            },
        )

    def _lay_fees(self, schedule: FeeSchedule | None) -> FeeTiers | None:
        from hftsim.native.cache import word_kernel_address
        from hftsim.sim.ticks.fees._kernels import charge, turn_day
        from hftsim.sim.ticks.records._kernels import NEVER

        if schedule is None:
            self.run["day_end"] = NEVER
            return None
        tiers = FeeTiers(schedule, self.instruments, self._start)
        fill_record(
            self.run,
            {
                "day_end": tiers.day_end,
                "fees_at": tiers.address,
                "turn_day_op": word_kernel_address(turn_day),
                "charge_op": word_kernel_address(charge),
            },
        )
        self.feeds["fees_at"] = np.where(tiers.applies, tiers.address, 0)
        return tiers
