"""What happened in a bar market, as frames a person can read."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.enums import FillReason, OrderStatus, OrderType, RejectReason, Side, TimeInForce
from hftsim.native.layout import FROM_STRATEGY
from hftsim.sim.bars import BarMarket

ORIGINS = ("strategy", "stop loss", "take profit", "risk halt")


def step_times(market: BarMarket) -> pd.DatetimeIndex:
    """Return the close time of every processed step."""
    return _times(market.times[: market.steps_done] + market.interval, name="time")


def fills_log(market: BarMarket) -> np.ndarray:
    """Return the records of all fills, in order of execution."""
    return market.fills[: int(market.context["fill_count"][0])]


def orders_log(market: BarMarket) -> np.ndarray:
    """Return the records of all orders, refused ones included."""
    return market.orders[: int(market.context["order_count"][0])]


def fills_table(market: BarMarket) -> pd.DataFrame:
    """Return the fills with their reasons."""
    log = fills_log(market)
    tick, lot = _steps(market, log["instrument"])
    return pd.DataFrame(
        {
            "time": _times(log["ts_event"]),
            "symbol": _symbols(market, log["instrument"]),
            "order_id": log["order_id"],
            "side": _words(log["side"], Side),
            "price": _grid(log["price"], tick),
            "qty": _grid(log["qty"], lot),
            "fee": log["fee"],
            "is_maker": log["is_maker"],
            "reason": _words(log["reason"], FillReason),
            "slippage": log["slippage"],
        }
    )


def orders_table(market: BarMarket) -> pd.DataFrame:
    """Return every request with what became of it."""
    log = orders_log(market)
    tick, lot = _steps(market, log["instrument"])
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.where(log["filled"] > 0, log["value"] / log["filled"] * tick[0], np.nan)
    return pd.DataFrame(
        {
            "order_id": log["id"],
            "time": _times(log["ts_sent"]),
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
            "done_time": _times(np.where(log["ts_done"] > 0, log["ts_done"], _NOT_A_TIME)),
        }
    )


def refusals_table(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the refused requests of an orders table."""
    refused = orders[orders["status"] == "rejected"]
    return refused[["time", "symbol", "side", "type", "qty", "price", "reason"]].reset_index(
        drop=True
    )


def signals_table(
    market: BarMarket, bars: Mapping[str, pd.DataFrame], explain: Callable[[str, Any], str]
) -> pd.DataFrame:
    """Return the recorded signals; where there are none, the strategy's own order requests."""
    log = _signals_log(market)
    if len(log) == 0:
        return _requests_as_signals(market)
    actions = _actions(log["side"])
    rows = _signal_rows(market, bars, log)
    return pd.DataFrame(
        {
            "time": _times(log["ts_event"]),
            "symbol": _symbols(market, log["instrument"]),
            "action": actions,
            "confidence": log["confidence"],
            "reasoning": [explain(a, row) for a, row in zip(actions, rows, strict=True)],
        }
    )


def signal_count(market: BarMarket) -> int:
    """Return how many rows `signals_table` has, without making it."""
    return len(_signals_log(market)) or len(_requests_log(market))


def positions_table(market: BarMarket) -> pd.DataFrame:
    """Return the position after each step, base units, one column for each symbol."""
    lots = market.positions[: market.steps_done]
    values = {
        symbol: lots[:, k] * float(market.instruments[k].lot_size)
        for k, symbol in enumerate(market.symbols)
    }
    return pd.DataFrame(values, index=step_times(market))


def equity_series(market: BarMarket) -> pd.Series:
    """Return equity after each step, quote currency."""
    equity = market.equity[: market.steps_done]
    equity.flags.writeable = False  # the series shares it
    return pd.Series(equity, index=step_times(market), name="equity", copy=False)


def buy_and_hold(market: BarMarket, bars: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return the equity of buying equal parts at the first possible open and holding them.

    Like a strategy that decides at the first close: it pays the second bar's open and the taker
    fee once.
    """
    times = market.times[: market.steps_done]
    capital = market.settings.capital
    total = np.zeros(len(times))
    for k, frame in enumerate(bars.values()):
        part = capital / len(bars)
        closes, starts = frame["close"].to_numpy(), market.starts[k]
        if len(frame) < 2:
            total += part
            continue
        units = part * (1.0 - market.instruments[k].taker_fee) / frame["open"].to_numpy()[1]
        row = np.searchsorted(starts, times, side="right") - 1
        total += np.where(row >= 1, units * closes[np.maximum(row, 0)], part)
    return pd.Series(total, index=step_times(market), name="benchmark")


def _signals_log(market: BarMarket) -> np.ndarray:
    return market.signals[: int(market.context["signal_count"][0])]


def _signal_rows(
    market: BarMarket, bars: Mapping[str, pd.DataFrame], log: np.ndarray
) -> list[dict[str, float]]:
    """Return the close and the columns at each signal, for the strategy's explanation."""
    names = ("close", *market.column_names)
    values = np.empty((len(log), len(names)))
    for k, symbol in enumerate(market.symbols):
        mine = log["instrument"] == k
        begins = log["ts_event"][mine] - market.interval
        rows = np.maximum(np.searchsorted(market.starts[k], begins, side="right") - 1, 0)
        values[mine, 0] = bars[symbol]["close"].to_numpy()[rows]
        values[mine, 1:] = market.columns[k][rows]
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def _requests_log(market: BarMarket) -> np.ndarray:
    log = orders_log(market)
    return np.asarray(log[log["origin"] == FROM_STRATEGY])


def _requests_as_signals(market: BarMarket) -> pd.DataFrame:
    log = _requests_log(market)
    return pd.DataFrame(
        {
            "time": _times(log["ts_sent"]),
            "symbol": _symbols(market, log["instrument"]),
            "action": _actions(log["side"]),
            "confidence": np.full(len(log), np.nan),
            "reasoning": np.full(len(log), "order request", dtype=object),
        }
    )


def _actions(side: np.ndarray) -> np.ndarray:
    return np.where(side > 0, "BUY", "SELL").astype(object)


_NOT_A_TIME = np.iinfo(np.int64).min
_UTC = pd.DatetimeTZDtype("ns", "UTC")


def _times(values: np.ndarray, name: str | None = None) -> pd.DatetimeIndex:
    stamps = np.ascontiguousarray(values, dtype=np.int64)
    return pd.DatetimeIndex(stamps, dtype=_UTC, copy=False, name=name)


def _symbols(market: BarMarket, index: np.ndarray) -> np.ndarray:
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


def _steps(market: BarMarket, index: np.ndarray) -> tuple[Any, Any]:
    """Return tick and lot of each row as (float, numerator, denominator); NaN without instrument."""
    place = np.where((index >= 0) & (index < len(market.instruments)), index, -1)
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
