"""How a backtest trades and what it costs."""

import dataclasses
import math
from typing import Any

from hftsim.core.durations import duration_ns
from hftsim.core.errors import ConfigError, UnknownNameError
from hftsim.core.instrument import VENUE_RULES, Instrument
from hftsim.risk import RiskLimits
from hftsim.sim.bars import BarMarketSettings
from hftsim.sim.fees import FeeSchedule
from hftsim.sim.latency import LatencyModel
from hftsim.sim.queue import QueueModel
from hftsim.sim.slippage import SlippageModel
from hftsim.sim.ticks import ReplaySettings

INTRABAR = ("worst", "ohlc")
HASHED_WHEN_SET = frozenset(
    {
        *VENUE_RULES,
        "fees",
        "liquidity_half_life",
        "maintenance_margin",
        "liquidation_fee",
        "funding",
        "at_par",
    }
)
"""Settings without a say in a run hash unless they are given; of `funding` the content is."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BacktestConfig:
    """Settings of a backtest; all are fractions unless said otherwise.

    Parameters
    ----------
    initial_capital : cash at the start, in what the instruments settle in: quote currency; of
        inverse contracts the coin.
    position_size_pct : the part of equity a strategy's position takes (``ctx.position_size``).
    fee_rate : one fee for makers and takers, instead of the instrument's.
    maker_fee, taker_fee : fees instead of the instrument's; they win over `fee_rate`.
    fees : on ticks, fees by the volume traded, instead of all of these.
    max_qty : orders larger than this, in base units, are refused, instead of the instrument's rule.
    max_orders : on ticks, how many orders may be open, instead of the instrument's rule.
    price_band : on ticks, how far a limit may be from the venue's mid price, a fraction, instead of
        the instrument's rule.
    max_order_rate : on ticks, new orders and replaces in a second, instead of the instrument's rule.
    slippage : what takers pay beyond the reference price.
    max_volume_share : largest part of the average volume of the last 20 bars that may fill in one
        bar; 0 is no limit.
    intrabar : ``worst`` (stops are assumed to come before limits and targets) or ``ohlc`` (the
        path open, high, low, close).
    latency : on ticks, how long orders and reports travel.
    queue : on ticks by price, where an order is assumed to stand in its queue.
    partial_fills : on ticks, whether orders fill as far as recorded volume goes, or always whole.
    trade_through : on ticks by order, whether an execution at a worse price than an own order's
        fills it.
    liquidity_half_life : on ticks, how long half of what own orders took from a recorded level
        stays taken, like ``"1s"``; None: it is there again for the next one.
    maintenance_margin : on ticks, the part of the value of all perpetual and future positions at
        which the account is liquidated (0.004 is 0.4 %); None: it never is. What may be opened at
        all is said by ``risk_limits.max_leverage``.
    liquidation_fee : part of the value closed that a liquidation costs beside the taker fee.
    funding : on ticks, a file of a perpetual's funding rates, or symbol -> file; see
        `hftsim.data.read_funding`.
    at_par : currencies that are counted one for one, like ``("USD", "USDT")``: an assumption of
        yours. Without it a run of instruments that settle in several is refused.
    equity_every : on ticks, how often the equity curve has a point, like ``"1s"``.
    chunk_rows : on ticks, rows read at a time; results do not depend on it.
    use_risk_manager : whether `risk_limits` apply; without them only the account's own money does.
    risk_limits : what may be held and lost.
    seed : of everything random in the run; part of the run hash.
    """

    initial_capital: float = 100_000.0
    position_size_pct: float = 0.30
    fee_rate: float | None = None
    maker_fee: float | None = None
    taker_fee: float | None = None
    fees: FeeSchedule | None = None
    max_qty: float | None = None
    max_orders: int | None = None
    price_band: float | None = None
    max_order_rate: int | None = None
    slippage: SlippageModel = dataclasses.field(default_factory=SlippageModel)
    max_volume_share: float = 0.1
    intrabar: str = "worst"
    latency: LatencyModel = dataclasses.field(default_factory=LatencyModel)
    queue: QueueModel = dataclasses.field(default_factory=QueueModel)
    partial_fills: bool = True
    trade_through: bool = True
    liquidity_half_life: str | None = None
    maintenance_margin: float | None = None
    liquidation_fee: float = 0.0
    funding: str | dict[str, str] | None = None
    at_par: tuple[str, ...] = ()
    equity_every: str = "1s"
    chunk_rows: int | None = None
    use_risk_manager: bool = True
    risk_limits: RiskLimits = dataclasses.field(default_factory=RiskLimits)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        capital = self.initial_capital
        _require(0 < capital < math.inf, "initial_capital", capital, "above 0 and finite")
        _require(0 < self.position_size_pct <= 10, "position_size_pct", self.position_size_pct,
                 "a fraction of equity above 0 (0.3 is 30 %)")  # fmt: skip
        _require(0 <= self.max_volume_share <= 1, "max_volume_share", self.max_volume_share,
                 "a fraction from 0 (no limit) to 1")  # fmt: skip
        for name in ("fee_rate", "maker_fee", "taker_fee"):
            fee = getattr(self, name)
            if fee is not None:
                _require(-0.5 < fee < 0.5, name, fee, "a fraction (0.001 is 0.1 %)")
        for name in VENUE_RULES:
            rule = getattr(self, name)
            _require(rule is None or rule > 0, name, rule, "above 0")
        self._check_ticks()
        margin = self.maintenance_margin
        if margin is not None:
            _require(0 < margin < 1, "maintenance_margin", margin, "a fraction above 0 and below 1")
        _require(0 <= self.liquidation_fee < 0.5, "liquidation_fee", self.liquidation_fee,
                 "a fraction from 0 (0.0125 is 1.25 %)")  # fmt: skip
        if self.liquidation_fee and margin is None:
            raise ConfigError("liquidation_fee has no effect without maintenance_margin: give both")
        if self.chunk_rows is not None:
            _require(self.chunk_rows >= 1, "chunk_rows", self.chunk_rows, "1 or more")
        if self.intrabar not in INTRABAR:
            raise UnknownNameError("intrabar rule", self.intrabar, INTRABAR)

    def _check_ticks(self) -> None:
        flat = [n for n in ("fee_rate", "maker_fee", "taker_fee") if getattr(self, n) is not None]
        if self.fees is not None and flat:
            raise ConfigError(f"fees and {flat[0]} cannot both be: leave one out")
        for name in ("equity_every", "liquidity_half_life"):
            span = getattr(self, name)
            try:
                fits = span is None or duration_ns(span) > 0
            except ValueError as error:
                raise ConfigError(f"{name}: {error}") from None
            _require(fits, name, span, "above 0")
        if self.liquidity_half_life is not None and not self.partial_fills:
            raise ConfigError(
                "liquidity_half_life needs partial_fills: orders that always fill whole take no "
                "account of what a level holds"
            )

    @property
    def limits(self) -> RiskLimits:
        """The limits that apply."""
        if self.use_risk_manager:
            return self.risk_limits
        return dataclasses.replace(RiskLimits.off(), allow_short=self.risk_limits.allow_short)

    def with_fees(self, instrument: Instrument) -> Instrument:
        """Return the instrument with this configuration's fees and rules of the venue.

        Of tiers, the fees are those of the first day.
        """
        if self.fees is not None:
            instrument = self.fees.charged(instrument)
        maker = self.maker_fee if self.maker_fee is not None else self.fee_rate
        taker = self.taker_fee if self.taker_fee is not None else self.fee_rate
        changes = {"maker_fee": maker, "taker_fee": taker}
        changes |= {name: getattr(self, name) for name in VENUE_RULES}
        return instrument.replace(**{n: v for n, v in changes.items() if v is not None})

    def market_settings(self) -> BarMarketSettings:
        """Return what the bar market needs of this configuration.

        Raises ConfigError for fees by volume, which are charged on ticks alone.
        """
        if self.fees is not None:
            raise ConfigError(
                "fees by volume are charged on ticks alone: on bars give maker_fee and taker_fee"
            )
        return BarMarketSettings(
            **self._account(),
            slippage=self.slippage,
            max_volume_share=self.max_volume_share,
            intrabar=self.intrabar,
        )

    def replay_settings(self) -> ReplaySettings:
        """Return what the tick market needs of this configuration."""
        return ReplaySettings(
            **self._account(),
            latency=self.latency,
            queue=self.queue,
            partial_fills=self.partial_fills,
            trade_through=self.trade_through,
            fees=self.fees,
            liquidity_half_life=self.liquidity_half_life,
            maintenance_margin=self.maintenance_margin,
            liquidation_fee=self.liquidation_fee,
            equity_every=self.equity_every,
            chunk_rows=self.chunk_rows,
            seed=self.seed,
        )

    def _account(self) -> dict[str, Any]:
        limits = self.limits
        named = {
            "max_position": limits.max_position_pct,
            "max_exposure": limits.max_exposure_pct,
            "max_leverage": limits.max_leverage,
            "max_order_value": limits.max_order_value,
            "max_daily_loss": limits.max_daily_loss_pct,
            "max_drawdown": limits.max_drawdown_pct,
            "stop_loss": limits.stop_loss_pct,
            "take_profit": limits.take_profit_pct,
        }
        return {
            "capital": self.initial_capital,
            "position_size": self.position_size_pct,
            "limits": {n: math.nan if v is None else v for n, v in named.items()},
            "allow_short": limits.allow_short,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain values."""
        return {**dataclasses.asdict(self), "latency": self.latency.to_dict()}


def _require(fits: bool, name: str, value: object, what: str) -> None:  # noqa: FBT001
    if not fits:
        raise ConfigError(f"{name} must be {what}, not {value!r}")
