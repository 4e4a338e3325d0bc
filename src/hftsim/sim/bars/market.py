"""BarMarket: builds the memory of a bar run and reads the results out of it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.bars import interval_ns_of, source_of, start_times_ns
from hftsim.core.errors import ConfigError, DataError, StrategyError
from hftsim.core.instrument import Instrument
from hftsim.native.layout import FILL, ORDER, SIGNAL, address_of, fill_record
from hftsim.sim.account_market import LOGS, AccountMarket, AccountSettings
from hftsim.sim.bars.past import average_volume, past_sigma
from hftsim.sim.slippage import SlippageModel

if TYPE_CHECKING:
    import pandas as pd

_FIRST_CAPACITY = 1 << 17
_PAUSE_EVERY = 1 << 20
_DAY_NS = 86_400_000_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class BarMarketSettings(AccountSettings):
    """How a bar market trades, beside what every market asks.

    Parameters
    ----------
    slippage : what takers pay beyond the reference price.
    max_volume_share : largest part of the average past volume an instrument's fills may be in one
        bar; 0 is no limit.
    intrabar : ``worst`` (stops before limits and targets) or ``ohlc`` (that path).
    """

    slippage: SlippageModel = dataclasses.field(default_factory=SlippageModel)
    max_volume_share: float = 0.1
    intrabar: str = "worst"


class BarMarket(AccountMarket):
    """One run's market over bars of one or several instruments, on one account.

    Parameters
    ----------
    bars : symbol -> bar frame (see core.bars); all with one interval.
    instruments : one for each frame, in the same order.
    columns : one float64 table of shape (rows, names) for each frame; names in `column_names`.
    column_names : names of the strategy's columns.
    settings : how it trades.
    """

    def __init__(
        self,
        bars: Mapping[str, "pd.DataFrame"],
        instruments: Sequence[Instrument],
        columns: Sequence[np.ndarray],
        column_names: tuple[str, ...],
        settings: BarMarketSettings,
    ) -> None:
        from hftsim.sim.bars.fills._kernels import BARS, RUN

        super().__init__(list(bars), instruments, settings)
        self.context["step"] = -1
        self.column_names = column_names
        self.settings = settings
        self.starts = [start_times_ns(frame) for frame in bars.values()]
        self.interval = common_interval(bars, self.starts)
        self.times = _union(self.starts)
        self.run, self.bar_records = np.zeros(1, RUN), np.zeros(len(bars), BARS)
        self.orders = np.zeros(_FIRST_CAPACITY, ORDER)
        self.fills = np.zeros(_FIRST_CAPACITY, FILL)
        self.signals = np.zeros(_FIRST_CAPACITY, SIGNAL)
        self.equity = np.empty(len(self.times))
        self.columns = [np.ascontiguousarray(table, dtype=np.float64) for table in columns]
        self._keep: list[np.ndarray] = []
        for k, frame in enumerate(bars.values()):
            self._lay_bars(k, frame)
        self.lay_logs()
        self._lay_run()

    unit = "bars"

    @property
    def operations(self) -> Mapping[str, Callable[..., int]]:
        """The kernel sources behind what a strategy asks for."""
        from hftsim.sim._kernels import OPERATION_KERNELS

        return OPERATION_KERNELS

    def refill(self) -> None:
        """Bring the next rows to where they are needed: bars are all there from the start."""

    @property
    def step_function(self) -> Callable[..., int]:
        """The kernel source that runs to the next event."""
        from hftsim.sim.bars._kernels import step

        return step

    @property
    def steps(self) -> int:
        """How many steps the timeline has."""
        return len(self.times)

    @property
    def steps_done(self) -> int:
        """How many steps of the timeline have been processed."""
        return int(self.context["step"][0]) + 1

    @property
    def positions(self) -> np.ndarray:
        """The position after each step in lots, int64, shape (steps, instruments)."""
        return self.positions_at(self.steps, slice(int(self.context["fill_count"][0])))

    def grow(self) -> None:
        """Double the logs that are nearly full; addresses are laid anew."""
        from hftsim.sim.bars._kernels import ORDERS_PER_STEP

        context = self.context
        needed = ORDERS_PER_STEP + 4 * (int(context["open_count"][0]) + len(self.symbols))
        for name in LOGS:
            log = getattr(self, f"{name}s")
            used = int(context[f"{name}_count"][0])
            while len(log) - used < max(needed, len(log) // 2):
                log = np.concatenate([log, np.zeros(len(log), log.dtype)])
            setattr(self, f"{name}s", log)
        self.lay_logs()

    def wake(self, *, wants: frozenset[str], wake_every: int | None) -> None:
        """Say which handlers the strategy has; `wake_every` None: no wake-ups, 0: at each bar.

        Raises StrategyError for what cannot be on bars.
        """
        for name in ("on_book", "on_trade"):
            if name in wants:
                raise StrategyError(f"{name} is called on ticks alone; on bars define on_bar")
        wanted = {f"wants_{n}": f"on_{n}" in wants for n in ("bar", "fill", "wake")}
        timer = int(self.times[0]) + (wake_every or 0)
        fill_record(self.run, {**wanted, "wake_every": wake_every or 0, "timer": timer})

    def _lay_bars(self, k: int, frame: "pd.DataFrame") -> None:
        values = {name: self._floats(frame[name]) for name in ("open", "high", "low", "close")}
        volume = self._floats(frame["volume"])
        slippage = self.settings.slippage
        sigma = average = np.zeros(len(frame))
        if slippage.volatility or slippage.impact:
            sigma = past_sigma(values["close"])
        if slippage.impact or self.settings.max_volume_share:
            average = average_volume(volume)
        zone = source_of(frame).get("timezone", "UTC")
        session_rows, session_days = sessions(self.starts[k], zone)
        signal = self._signal(k)
        self._keep += [sigma, average, session_rows, session_days, signal]
        table = self.columns[k]
        if table.shape != (len(frame), len(self.column_names)):
            raise DataError(
                f"{self.symbols[k]}: the columns have shape {table.shape}, "
                f"not one row for each of {len(frame)} bars"
            )
        fill_record(
            self.bar_records,
            {
                "rows": len(frame),
                "starts_at": address_of(self.starts[k]),
                **{f"{name}_at": address_of(array) for name, array in values.items()},
                "volume_at": address_of(volume),
                "sigma_at": address_of(sigma),
                "average_volume_at": address_of(average),
                "session_rows_at": address_of(session_rows),
                "session_days_at": address_of(session_days),
                "signal_at": address_of(signal) if len(signal) else 0,
                "columns_at": address_of(table),
                "columns_size": 8 * max(1, len(self.column_names)),
            },
            k,
        )

    def _signal(self, k: int) -> np.ndarray:
        if "signal" not in self.column_names:
            return np.zeros(0)
        return np.ascontiguousarray(self.columns[k][:, self.column_names.index("signal")])

    def _lay_run(self) -> None:
        slippage = self.settings.slippage
        if self.settings.intrabar not in ("worst", "ohlc"):
            raise ConfigError(f"intrabar is 'worst' or 'ohlc', not {self.settings.intrabar!r}")
        fill_record(
            self.run,
            {
                "context_at": address_of(self.context),
                "bars_at": address_of(self.bar_records),
                "steps": len(self.times),
                "times_at": address_of(self.times),
                "equity_at": address_of(self.equity),
                "interval": self.interval,
                "pause_at": _PAUSE_EVERY,
                "pause_every": _PAUSE_EVERY,
                "path_ohlc": self.settings.intrabar == "ohlc",
                "max_volume_share": self.settings.max_volume_share,
                "slippage_fraction": slippage.fraction,
                "slippage_ticks": slippage.half_spread_ticks,
                "slippage_volatility": slippage.volatility,
                "slippage_impact": slippage.impact,
            },
        )

    def _floats(self, values: Any) -> np.ndarray:
        array = np.ascontiguousarray(values, dtype=np.float64)
        self._keep.append(array)
        return array


def common_interval(bars: Mapping[str, "pd.DataFrame"], starts: Sequence[np.ndarray]) -> int:
    """Return the one bar interval of all frames, ns; raises DataError if they differ."""
    intervals = {
        symbol: interval_ns_of(frame, times)
        for (symbol, frame), times in zip(bars.items(), starts, strict=True)
    }
    if len(set(intervals.values())) > 1:
        told = ", ".join(f"{symbol} {ns / 1e9:g} s" for symbol, ns in intervals.items())
        raise DataError(f"the instruments' bars have different intervals ({told}); use one")
    return next(iter(intervals.values()))


def sessions(starts: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Return where sessions begin: a session is a calendar day in the time zone.

    Parameters
    ----------
    starts : start times, ns UTC, increasing.
    zone : a time zone's name.

    Returns
    -------
    rows : first row of each session, and the number of rows at the end.
    days : day number of each session.
    """
    if zone == "UTC":
        days = np.arange(starts[0] // _DAY_NS, starts[-1] // _DAY_NS + 1)
        rows = np.searchsorted(starts, days * _DAY_NS)
        held = np.diff(rows, append=len(starts)) > 0
        return np.append(rows[held], len(starts)), days[held]
    import pandas as pd

    local = pd.DatetimeIndex(starts, tz="UTC").tz_convert(zone).tz_localize(None)
    of_row = local.asi8 // _DAY_NS
    rows = np.flatnonzero(np.diff(of_row, prepend=of_row[0] - 1))
    return np.append(rows, len(starts)), of_row[rows]


def _union(starts: Sequence[np.ndarray]) -> np.ndarray:
    if len(starts) == 1:
        return starts[0]
    return np.unique(np.concatenate(starts))
