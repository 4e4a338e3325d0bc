"""The records a strategy and a market share: context, instrument, order, fill, trade, signal.

Prices are integer ticks, quantities integer lots, times integer nanoseconds UTC; what a bar shows
(open, high, low, close, volume) is in quote currency and base units, since it may be off the grid.
Fields that hold addresses end in ``_at``.
"""

from typing import Any

import numpy as np

from hftsim.native.fields import record_dtype

CONTEXT = record_dtype(
    {
        "now": int,
        "step": int,
        "instruments": int,
        "open_count": int,
        "equity": float,
        "cash": float,
        "fees": float,
        "capital": float,
        "peak": float,
        "session_start_equity": float,
        "session": int,
        "position_size": float,
        "signal": float,
        "halted": int,
        "halted_at": int,
        "refused": int,
        "last_refusal": int,
        "decisions": int,
        "order_count": int,
        "order_capacity": int,
        "open_capacity": int,
        "signal_count": int,
        "signal_capacity": int,
        "fill_count": int,
        "fill_capacity": int,
        "address": int,
        "instruments_at": int,
        "orders_at": int,
        "open_at": int,
        "signals_at": int,
        "limits_at": int,
        "fills_at": int,
        "fill_at": int,
        "trade_at": int,
        "market_at": int,
        "submit_op": int,
        "cancel_op": int,
        "replace_op": int,
        "cancel_all_op": int,
        "target_op": int,
        "record_op": int,
        "ticks_op": int,
        "lots_op": int,
    }
)

INSTRUMENT = record_dtype(
    {
        "open": float,
        "high": float,
        "low": float,
        "close": float,
        "volume": float,
        "best_bid": int,
        "best_ask": int,
        "bid_qty": int,
        "ask_qty": int,
        "mid": float,
        "last_price": int,
        "position": int,
        "avg_price": float,
        "realised": float,
        "funding": float,
        "open_buy_qty": int,
        "open_sell_qty": int,
        "tick_size": float,
        "lot_size": float,
        "tick_value": float,
        "inverse": bool,
        "min_qty": int,
        "max_qty": int,
        "min_notional": float,
        "maker_fee": float,
        "taker_fee": float,
        "ready": bool,
        "fresh": bool,
        "may_short": bool,
        "columns_at": int,
        "signal": float,
        "index": int,
        "stop_order": int,
        "target_order": int,
    }
)

ORDER = record_dtype(
    {
        "id": int,
        "instrument": int,
        "side": int,
        "type": int,
        "tif": int,
        "price": int,
        "trigger": int,
        "qty": int,
        "filled": int,
        "status": int,
        "reason": int,
        "origin": int,
        "ts_sent": int,
        "ts_done": int,
        "step": int,
        "value": float,
        "reduce_only": bool,
        "triggered": bool,
        "resting": bool,
        "canceling": bool,
        "slot": int,
        "asking": int,
        "asked": int,
    }
)

FILL = record_dtype(
    {
        "ts_event": int,
        "order_id": int,
        "instrument": int,
        "side": int,
        "price": int,
        "qty": int,
        "fee": float,
        "slippage": float,
        "position": int,
        "step": int,
        "reason": int,
        "is_maker": bool,
        "ts_recv": int,
        "queue_entry": float,
        "queue_fill": float,
        "waited": int,
        "markout_100ms": float,
        "markout_1s": float,
        "markout_10s": float,
    }
)

TRADE = record_dtype(
    {"ts_event": int, "ts_recv": int, "instrument": int, "side": int, "price": int, "qty": int}
)

SIGNAL = record_dtype(
    {"ts_event": int, "step": int, "instrument": int, "side": int, "confidence": float}
)

LIMITS = record_dtype(
    {
        "max_position": float,
        "max_exposure": float,
        "max_leverage": float,
        "max_order_value": float,
        "max_daily_loss": float,
        "max_drawdown": float,
        "stop_loss": float,
        "take_profit": float,
    }
)
"""Fractions of equity (max_order_value: settlement currency); NaN means no limit."""

PRIVATE = frozenset(
    {
        *(n for n in CONTEXT.names or () if n.endswith(("_op", "_capacity"))),
        "address",
        "instruments_at",
        "orders_at",
        "open_at",
        "signals_at",
        "limits_at",
        "fills_at",
        "fill_at",
        "trade_at",
        "market_at",
        "slot",
        "asking",
        "asked",
        "markout_100ms",
        "markout_1s",
        "markout_10s",
        "columns_at",
    }
)
"""Fields that are no business of a strategy: it neither sees nor changes them.

Markouts are the future: the venue's clock may have passed them when the fill's report arrives.
"""

FROM_STRATEGY, FROM_STOP_LOSS, FROM_TAKE_PROFIT, FROM_HALT, FROM_LIQUIDATION = range(5)
"""Who sent an order; a liquidation's is the venue's."""

NO_ROOM = -1
"""What an operation returns when the strategy has sent more in one go than the logs can take."""


def address_of(array: np.ndarray) -> int:
    """Return the address of the array's first byte; the caller keeps the array alive."""
    return int(array.ctypes.data)


def fill_record(record: np.ndarray, values: dict[str, Any], row: int = 0) -> None:
    """Write `values` into one row of a record array by field name."""
    for name, value in values.items():
        record[name][row] = value
