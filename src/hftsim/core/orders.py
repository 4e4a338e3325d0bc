"""Requests, reports and fills: what passes between a strategy, risk and a market."""

import dataclasses

from hftsim.core.enums import (
    ExecType,
    FillReason,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A request for a new order; price and trigger in ticks, quantity in lots."""

    symbol: str
    side: Side
    qty: int
    type: OrderType = OrderType.MARKET
    price: int | None = None
    trigger: int | None = None
    tif: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """A request to cancel an order."""

    order_id: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceOrder:
    """A request for another price (ticks) or open quantity (lots) of a live order."""

    order_id: int
    price: int
    qty: int


Request = NewOrder | CancelOrder | ReplaceOrder


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that was not let through, and why."""

    request: Request
    reason: RejectReason
    detail: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """An execution of our own order; price in ticks, quantity in lots, fee in quote currency."""

    ts_event: int
    symbol: str
    order_id: int
    side: Side
    last_price: int
    last_qty: int
    fee: float = 0.0
    is_maker: bool = False
    reason: FillReason = FillReason.OPEN


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """A change of an order's state; price in ticks, quantities in lots."""

    ts_event: int
    symbol: str
    order_id: int
    exec_type: ExecType
    status: OrderStatus
    side: Side
    qty: int
    leaves_qty: int
    price: int | None = None
    reason: RejectReason = RejectReason.NONE
    fill: Fill | None = None
