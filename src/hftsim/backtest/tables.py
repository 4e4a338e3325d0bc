"""What happened in a market, as frames a person can read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.enums import FillReason, OrderStatus, OrderType, RejectReason, Side, TimeInForce
from hftsim.core.instrument import Instrument
from hftsim.native.layout import FROM_STRATEGY
from hftsim.sim.bars import BarMarket
from hftsim.sim.ticks import ReplayMarket

Market = BarMarket | ReplayMarket

ORIGINS = ("strategy", "stop loss", "take profit", "risk halt", "liquidation")


def fills_log(market: Market) -> np.ndarray:
    """Return the records of all fills, by time of execution, instrument and order."""
    log = market.fills[: int(market.context["fill_count"][0])]
    if market.unit == "bars":
        return log
    order = np.lexsort((log["order_id"], log["instrument"], log["ts_event"]))
    in_order = bool((order[1:] > order[:-1]).all())
    return log if in_order else log[order]


def orders_log(market: Market) -> np.ndarray:
    """Return the records of all orders, refused ones included."""
    return market.orders[: int(market.context["order_count"][0])]


def fills_table(market: Market) -> pd.DataFrame:
    """Return the fills with their reasons."""
    log = fills_log(market)
    tick, lot = _steps(market, log["instrument"])
    return pd.DataFrame(
        {
            "time": utc_times(log["ts_event"]),
            "symbol": _symbols(market, log["instrument"]),
            "order_id": _column(log, "order_id"),
            "side": _words(log["side"], Side),
            "price": _grid(log["price"], tick),
            "qty": _grid(log["qty"], lot),
            "fee": _column(log, "fee"),
            "is_maker": _column(log, "is_maker"),
            "reason": _words(log["reason"], FillReason),
            "slippage": _column(log, "slippage"),
            **_notional(market, log, tick, lot),
            **({} if market.unit == "bars" else _explained(log, lot)),
        },
        copy=False,
    )


def _notional(market: Market, log: np.ndarray, tick: Any, lot: Any) -> dict[str, Any]:
    """Return the value of each fill in settlement currency, where that is not price times quantity."""
    if all(i.multiplier == 1 and not i.inverse for i in market.instruments):
        return {}
    price, face = _grid(log["price"], tick), _grid(log["qty"], lot)
    face = face * np.array([float(i.multiplier) for i in market.instruments])[log["instrument"]]
    inverse = np.array([i.inverse for i in market.instruments])[log["instrument"]]
    return {"notional": np.where(inverse, face / price, face * price)}


def _explained(log: np.ndarray, lot: Any) -> dict[str, Any]:
    """Return why fills on ticks came when they did, and what they were worth soon after."""
    return {
        "recv_time": utc_times(np.where(log["ts_recv"] > 0, log["ts_recv"], _NOT_A_TIME)),
        "queue_ahead_at_entry": _grid(log["queue_entry"], lot),
        "queue_ahead_at_fill": _grid(log["queue_fill"], lot),
        "queue_time_s": log["waited"] / 1e9,
        **{n: _column(log, n) for n in ("markout_100ms", "markout_1s", "markout_10s")},
    }


_OF_PAYMENT = ("ts_event", "instrument", "rate", "price", "position", "paid")


def funding_table(market: Market) -> pd.DataFrame:
    """Return the payments of funding: the position at the venue then, and what it paid."""
    log: Any = dict.fromkeys(_OF_PAYMENT, np.zeros(0, np.int64))
    if isinstance(market, ReplayMarket):
        log = market.payments[: int(market.run["payment_count"][0])]
        log = log[np.argsort(log["ts_event"], kind="stable")]
    _, lot = _steps(market, log["instrument"])
    return pd.DataFrame(
        {
            "time": utc_times(log["ts_event"]),
            "symbol": _symbols(market, log["instrument"]),
            "rate": log["rate"] / 1e8,
            "mark_price": log["price"],
            "qty": _grid(log["position"], lot),
            "paid": log["paid"],
        }
    )


def orders_table(market: Market) -> pd.DataFrame:
    """Return every request with what became of it."""
    log = orders_log(market)
    tick, lot = _steps(market, log["instrument"])
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.where(log["filled"] > 0, log["value"] / log["filled"] * tick[0], np.nan)
    return pd.DataFrame(
        {
            "order_id": _column(log, "id"),
            "time": utc_times(log["ts_sent"]),
            "symbol": _symbols(market, log["instrument"]),
            "side": _words(log["side"], Side),
            "type": _words(log["type"], OrderType),
            "tif": _words(log["tif"], TimeInForce),
            "price": np.where(log["price"] > 0, _grid(log["price"], tick), np.nan),
            "trigger": np.where(log["trigger"] > 0, _grid(log["trigger"], tick), np.nan),
            "qty": _grid(log["qty"], lot),
            "filled_qty": _grid(log["filled"], lot),
            "avg_price": average,
            "status": _words(log["status"], OrderStatus),
            "reason": _words(log["reason"], RejectReason),
            "origin": np.array(ORIGINS, dtype=object)[log["origin"]],
            "done_time": utc_times(np.where(log["ts_done"] > 0, log["ts_done"], _NOT_A_TIME)),
        },
        copy=False,
    )


def refusals_table(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the refused requests of an orders table."""
    names = ["time", "symbol", "side", "type", "qty", "price", "reason"]
    return orders.loc[orders["status"] == "rejected", names].reset_index(drop=True)


def signals_table(
    market: Market, rows_of: Callable[[np.ndarray], list[Any]], explain: Callable[[str, Any], str]
) -> pd.DataFrame:
    """Return the recorded signals; where there are none, the strategy's own order requests."""
    log = _signals_log(market)
    if len(log) == 0:
        return _requests_as_signals(market)
    actions = _actions(log["side"])
    rows = rows_of(log)
    return pd.DataFrame(
        {
            "time": utc_times(log["ts_event"]),
            "symbol": _symbols(market, log["instrument"]),
            "action": actions,
            "confidence": log["confidence"],
            "reasoning": [explain(a, row) for a, row in zip(actions, rows, strict=True)],
        }
    )


def signal_count(market: Market) -> int:
    """Return how many rows `signals_table` has, without making it."""
    own = orders_log(market)["origin"] == FROM_STRATEGY
    return len(_signals_log(market)) or int(np.count_nonzero(own))


def _signals_log(market: Market) -> np.ndarray:
    return market.signals[: int(market.context["signal_count"][0])]


def _requests_log(market: Market) -> np.ndarray:
    log = orders_log(market)
    own = log["origin"] == FROM_STRATEGY
    return log if own.all() else np.asarray(log[own])


def _requests_as_signals(market: Market) -> pd.DataFrame:
    log = _requests_log(market)
    return pd.DataFrame(
        {
            "time": utc_times(log["ts_sent"]),
            "symbol": _symbols(market, log["instrument"]),
            "action": _actions(log["side"]),
            "confidence": np.full(len(log), np.nan),
            "reasoning": np.full(len(log), "order request", dtype=object),
        },
        copy=False,
    )


def _actions(side: np.ndarray) -> np.ndarray:
    return np.where(side > 0, "BUY", "SELL").astype(object)


def held_value(rules: Instrument, part: float, paid: float, marks: np.ndarray) -> np.ndarray:
    """Return what `part` of the capital is worth, held at `marks` since it was bought at `paid`.

    One taker's fee is paid. Of inverse contracts as much is bought as `part` coins are worth: they
    earn the difference of reciprocal prices.
    """
    kept = part * (1.0 - rules.taker_fee)
    if rules.inverse:
        return np.asarray(kept * (2.0 - paid / marks))
    return np.asarray(kept / paid * marks)


_NOT_A_TIME = np.iinfo(np.int64).min
_UTC = pd.DatetimeTZDtype("ns", "UTC")


def utc_times(values: np.ndarray, name: str | None = None) -> pd.DatetimeIndex:
    """Return nanoseconds UTC as an index of times."""
    stamps = np.ascontiguousarray(values, dtype=np.int64)
    return pd.DatetimeIndex(stamps, dtype=_UTC, copy=False, name=name)


def _symbols(market: Market, index: np.ndarray) -> np.ndarray:
    """Return the symbols; a request may name an instrument that the run does not have."""
    known = (index >= 0) & (index < len(market.symbols))
    symbols = np.array(market.symbols, dtype=object)[np.where(known, index, 0)]
    symbols[~known] = [f"instrument {k}" for k in index[~known].tolist()]
    return np.asarray(symbols)


def _words(values: np.ndarray, names: Any) -> np.ndarray:
    """Return enum members as lower-case words; NONE is an empty text, an unknown code its number."""
    words = {int(m): "" if m.name == "NONE" else m.name.lower() for m in names}
    codes, places = np.unique(values, return_inverse=True)
    return np.array([words.get(c, str(c)) for c in codes.tolist()], dtype=object)[places]


def _column(log: np.ndarray, name: str) -> np.ndarray:
    """Return a field of all records in memory of its own: frames need not copy it once more."""
    return np.ascontiguousarray(log[name])


def _steps(market: Market, index: np.ndarray) -> tuple[Any, Any]:
    """Return tick and lot of each row as (float, numerator, denominator); NaN without instrument."""
    place = np.where((index >= 0) & (index < len(market.instruments)), index, -1)
    if len(market.instruments) == 1 and not place.any():
        place = place[:1]  # one for all rows
    ticks = [i.tick_size.as_integer_ratio() for i in market.instruments]
    lots = [i.lot_size.as_integer_ratio() for i in market.instruments]
    return tuple(
        (
            np.array([*(a / b for a, b in ratios), np.nan])[place],
            np.array([*(float(a) for a, _ in ratios), np.nan])[place],
            np.array([*(float(b) for _, b in ratios), np.nan])[place],
        )
        for ratios in (ticks, lots)
    )  # type: ignore[return-value]


def _grid(counts: np.ndarray, step: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return counts times a decimal step, correctly rounded (6344376 ticks of 0.01: 63443.76)."""
    _, numerator, denominator = step
    return np.asarray(counts * numerator / denominator)
