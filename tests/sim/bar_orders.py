"""The words of the plain bar market: bars, settings, orders, trades, and rounding to the grid."""

import dataclasses
import math
from fractions import Fraction

from hftsim.core import RejectReason
from hftsim.core.enums import FillReason, OrderStatus, OrderType, TimeInForce
from hftsim.risk import RiskLimits
from hftsim.sim.slippage import SlippageModel

R, F, T, S, Tif = RejectReason, FillReason, OrderType, OrderStatus, TimeInForce
MILLIONTH = Fraction(1, 1_000_000)
LIMITS = (T.LIMIT, T.STOP_LIMIT, T.TAKE_PROFIT_LIMIT)
STOPS = (T.STOP, T.STOP_LIMIT)
TAKE_PROFITS = (T.TAKE_PROFIT, T.TAKE_PROFIT_LIMIT)
CONDITIONAL = STOPS + TAKE_PROFITS
STRATEGY, STOP_LOSS, TAKE_PROFIT, HALT = range(4)


@dataclasses.dataclass
class Bar:
    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    session: int


@dataclasses.dataclass
class Settings:
    capital: float = 100_000.0
    limits: RiskLimits = dataclasses.field(default_factory=RiskLimits.off)
    slippage: SlippageModel = dataclasses.field(default_factory=SlippageModel.none)
    max_volume_share: float = 0.0
    intrabar: str = "worst"


@dataclasses.dataclass
class Order:
    id: int
    instrument: int
    side: int
    type: int
    tif: int
    price: int
    trigger: int
    qty: int
    reduce_only: bool
    origin: int
    session: int
    ts_sent: int
    ts_done: int = 0
    filled: int = 0
    status: OrderStatus = S.NEW
    reason: RejectReason = R.NONE
    triggered: bool = False
    rested: bool = False

    @property
    def row(self) -> tuple[int | bool, ...]:
        return (
            self.id, self.instrument, self.side, self.type, self.tif, self.price, self.trigger, self.qty,
            self.filled, self.reduce_only, self.origin, self.status, self.reason, self.ts_sent, self.ts_done,
        )  # fmt: skip

    @property
    def left(self) -> int:
        return self.qty - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in (S.NEW, S.PARTIALLY_FILLED)

    @property
    def waits_for_trigger(self) -> bool:
        return self.type in CONDITIONAL and not self.triggered

    @property
    def is_limit(self) -> bool:
        """Whether it is a limit now: sent as one, or turned into one by its trigger."""
        return self.type in LIMITS and not self.waits_for_trigger

    @property
    def is_market(self) -> bool:
        return not self.waits_for_trigger and not self.is_limit

    @property
    def level(self) -> int:
        return self.trigger if self.waits_for_trigger else self.price

    @property
    def from_below(self) -> bool:
        """Whether a rising price reaches it."""
        if self.waits_for_trigger:
            return (self.side > 0) == (self.type in STOPS)
        return self.side < 0


@dataclasses.dataclass
class Trade:
    ts: int
    order: int
    instrument: int
    side: int
    price: int
    qty: int
    fee: float
    maker: bool
    reason: FillReason

    @property
    def row(self) -> tuple[int | bool, ...]:
        return (
            self.ts, self.order, self.instrument, self.side, self.price, self.qty, self.maker, self.reason
        )  # fmt: skip


def is_stop(order: Order) -> bool:
    return order.waits_for_trigger and order.type in STOPS


def is_target(order: Order) -> bool:
    return order.type in TAKE_PROFITS or (order.is_limit and order.reduce_only)


def floor_ticks(price: Fraction) -> int:
    """Round down, but up if the next tick is within a millionth."""
    return math.floor(price + MILLIONTH)


def ceil_ticks(price: Fraction) -> int:
    return math.ceil(price - MILLIONTH)
