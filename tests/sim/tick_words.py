"""The words of the plain tick market: rows, settings, orders, fills, and messages on their way."""

import dataclasses
import math
from typing import Any

from hftsim.core import Instrument, RejectReason
from hftsim.core.enums import FillReason, OrderStatus, OrderType, TimeInForce
from hftsim.core.events import EventFlag, EventKind
from hftsim.risk import RiskLimits
from hftsim.sim.fees import FeeSchedule
from hftsim.sim.latency import LatencyModel
from hftsim.sim.queue import QueueModel

R, F, T, S, Tif, K = RejectReason, FillReason, OrderType, OrderStatus, TimeInForce, EventKind
LAST, VENUE, MACHINE = EventFlag.LAST, EventFlag.ON_EXCHANGE, EventFlag.ON_LOCAL
STRATEGY, STOP_LOSS, TAKE_PROFIT, HALT, LIQUIDATION = range(5)
NEW, CANCEL, REPLACE = "new", "cancel", "replace"
BID, ASK = 1, -1
MARKS = (100_000_000, 1_000_000_000, 10_000_000_000)
DAY = 86_400_000_000_000
STOPS = (T.STOP, T.STOP_LIMIT, T.TAKE_PROFIT, T.TAKE_PROFIT_LIMIT)
LIMITED = (T.LIMIT, T.STOP_LIMIT, T.TAKE_PROFIT_LIMIT)


def worth(rules: Instrument, qty: int, price: float) -> float:
    """Return the value of `qty` lots at `price`, in what the instrument settles in."""
    face = float(rules.lot_size * rules.multiplier)
    return qty * face / price if rules.inverse else qty * price * face


@dataclasses.dataclass
class Row:
    ts_event: int
    ts_recv: int
    kind: int
    side: int
    price: int
    qty: int
    priority: int = 0
    order_id: int = 0
    flags: int = LAST | VENUE | MACHINE


@dataclasses.dataclass
class Settings:
    capital: float = 100_000.0
    limits: RiskLimits = dataclasses.field(default_factory=RiskLimits.off)
    latency: LatencyModel = dataclasses.field(default_factory=LatencyModel)
    queue: QueueModel = dataclasses.field(default_factory=QueueModel)
    partial_fills: bool = True
    trade_through: bool = True
    fees: FeeSchedule | None = None
    liquidity_half_life: str | None = None
    maintenance_margin: float | None = None
    liquidation_fee: float = 0.0
    equity_every: int = 1_000_000_000
    wake_every: int = 0
    handlers: frozenset[str] = frozenset()
    seed: int = 0


@dataclasses.dataclass
class Order:
    """An order as the strategy's machine knows it."""

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
    ts_sent: int
    ts_done: int = 0
    filled: int = 0
    status: OrderStatus = S.PENDING_NEW
    reason: RejectReason = R.NONE
    canceling: bool = False
    triggered: bool = False
    asked: list[int] = dataclasses.field(default_factory=list)
    """Open quantities of the replaces sent since none was on its way, and how many still are."""
    asking: int = 0

    @property
    def left(self) -> int:
        return self.qty - self.filled

    @property
    def most(self) -> int:
        """The most lots that may come to be open."""
        return max([self.left, *self.asked])

    def answered(self) -> None:
        self.asking -= 1
        if self.asking == 0:
            self.asked.clear()

    @property
    def is_open(self) -> bool:
        return self.status <= S.PARTIALLY_FILLED

    @property
    def row(self) -> tuple[int | bool, ...]:
        return (
            self.id, self.instrument, self.side, self.type, self.tif, self.price, self.trigger, self.qty,
            self.filled, self.reduce_only, self.origin, self.status, self.reason, self.ts_sent, self.ts_done,
            self.triggered,
        )  # fmt: skip


@dataclasses.dataclass
class Resting:
    """An order as the venue knows it; a market order has no price."""

    id: int
    side: int
    type: int
    tif: int
    price: int | None
    left: int
    reduce_only: bool
    ts_entry: int
    newest: int
    front: float = 0.0
    traded: float = 0.0
    entry: float = 0.0
    origin: int = STRATEGY
    trigger: int | None = None

    def reaches(self, price: int) -> bool:
        """Whether this order would trade with somebody of the other side at `price`."""
        return self.price is None or (self.price - price) * self.side >= 0


@dataclasses.dataclass
class Trade:
    """A fill of an own order."""

    ts_event: int
    order_id: int
    instrument: int
    side: int
    price: int
    qty: int
    is_maker: bool
    reason: FillReason
    waited: int
    fee: float
    slippage: float
    queue_entry: float
    queue_fill: float
    marks: list[float] = dataclasses.field(default_factory=lambda: [math.nan] * 3)
    ts_recv: int = 0
    position: int = 0
    step: int = 0

    @property
    def row(self) -> tuple[int | bool, ...]:
        return (
            self.ts_event, self.order_id, self.instrument, self.side, self.price, self.qty,
            self.is_maker, self.reason, self.waited, self.ts_recv, self.position, self.step,
        )  # fmt: skip

    @property
    def figures(self) -> tuple[float, ...]:
        return (self.fee, self.slippage, self.queue_entry, self.queue_fill, *self.marks)


@dataclasses.dataclass
class Request:
    kind: str
    order_id: int
    price: int = 0
    qty: int = 0


@dataclasses.dataclass
class Report:
    """What comes back: a status, or "replaced", "triggered", "not canceled", "not replaced",
    "funded", "seized"."""

    order_id: int
    said: Any
    reason: RejectReason = R.NONE
    trade: Trade | None = None
    price: int = 0
    qty: int = 0
    paid: float = 0.0
