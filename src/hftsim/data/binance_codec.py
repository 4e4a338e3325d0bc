"""Binance's REST and archive payloads to frames, instruments and errors, and back; no I/O.

Layouts: Binance spot API documentation, ``rest-api.md`` (Kline/Candlestick data, Exchange
information) and ``errors.md``; archives: the ``binance-public-data`` readme.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.bars import BAR_COLUMNS, OPTIONAL_BAR_COLUMNS, start_times_ns
from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, VenueError
from hftsim.core.instrument import Instrument, exact_decimal

KLINE_FIELDS = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "notional"),
    *("trade_count", "taker_buy_volume", "taker_buy_notional", "ignore"),
)
VALUE_COLUMNS = (*BAR_COLUMNS, *OPTIONAL_BAR_COLUMNS)
SPOT_FEE = 0.001
UNKNOWN_SYMBOL = -1121

_MS_FROM, _US_FROM, _US_UNTIL = 10**11, 10**14, 10**17
_MILLISECOND_NS = 1_000_000


def stamps_to_ns(stamps: np.ndarray) -> np.ndarray:
    """Return milli- or microseconds since 1970 as int64 nanoseconds, told apart by magnitude.

    Milliseconds are taken from 1973 to 5138; Binance's spot archives turned to microseconds on
    2025-01-01. Raises DataError where a stamp is neither, or the units are mixed.
    """
    stamps = np.asarray(stamps, dtype=np.int64)
    in_us = stamps >= _US_FROM
    outside = (stamps < _MS_FROM) | (stamps >= _US_UNTIL)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{stamps[row]} is no time in milli- or microseconds", row=row, field="open_time"
        )
    if in_us.any() and not in_us.all():
        row = int(np.argmax(in_us != in_us[0]))
        raise DataError("milli- and microseconds are mixed", row=row, field="open_time")
    return stamps * np.where(in_us, 1_000, 1_000_000)


def kline_columns(payload: object) -> dict[str, np.ndarray]:
    """Return the rows of a klines answer as columns named as in `KLINE_FIELDS`, less the unused.

    Parameters
    ----------
    payload : a list of rows: open time (ms or us), open, high, low, close, volume, close time,
        notional, trades, taker buy volume, taker buy notional, unused; numbers or their text.

    Raises DataError with row and field where the payload does not fit.
    """
    if not isinstance(payload, list):
        raise DataError(f"a list of klines was expected, not {type(payload).__name__}")
    for position, row in enumerate(payload):
        if not isinstance(row, list) or len(row) < 11:
            raise DataError(f"a kline has 12 fields, this one is {str(row)[:80]!r}", row=position)
    return {
        name: _numbers([row[i] for row in payload], name)
        for i, name in enumerate(KLINE_FIELDS[:11])
    }


def klines_to_bars(payload: object) -> pd.DataFrame:
    """Return the rows of a klines answer as a bar frame, in the order they came.

    The frame has the index ``ts_open`` and the nine float64 columns of `VALUE_COLUMNS`.
    Raises DataError with row and field where the payload does not fit.
    """
    return columns_to_bars(kline_columns(payload))


def kline_length_ns(columns: Mapping[str, np.ndarray]) -> int:
    """Return how long most klines last (close minus open time plus one unit); 0 for none."""
    opens = np.asarray(columns["open_time"])
    if not len(opens):
        return 0
    open_ns, close_ns = stamps_to_ns(opens), stamps_to_ns(np.asarray(columns["close_time"]))
    unit_ns = int(open_ns[0]) // int(opens[0])
    return int(np.median(close_ns - open_ns)) + unit_ns


def columns_to_bars(columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return a bar frame of columns named as in `KLINE_FIELDS` (optional ones may be absent)."""
    ts_open = stamps_to_ns(np.asarray(columns["open_time"]))
    index = pd.DatetimeIndex(ts_open.astype("datetime64[ns]"), name="ts_open").tz_localize("UTC")
    values = {c: np.asarray(columns[c], np.float64) for c in VALUE_COLUMNS if c in columns}
    return pd.DataFrame(values, index=index)


def bars_to_klines(bars: pd.DataFrame, interval_ns: int) -> list[list[Any]]:
    """Return a bar frame as the venue's kline rows: milliseconds, and prices as text.

    Optional columns the frame lacks are written as zeros, as the venue does for an idle bar.
    """
    opens = start_times_ns(bars) // _MILLISECOND_NS
    text = {
        name: [f"{value:.8f}" for value in np.asarray(bars[name], np.float64)]
        if name in bars.columns
        else ["0.00000000"] * len(bars)
        for name in VALUE_COLUMNS
    }
    step_ms = interval_ns // _MILLISECOND_NS
    return [
        [
            int(opens[i]),
            *(text[name][i] for name in BAR_COLUMNS),
            int(opens[i]) + step_ms - 1,
            text["notional"][i],
            int(float(text["trade_count"][i])),
            text["taker_buy_volume"][i],
            text["taker_buy_notional"][i],
            "0",
        ]
        for i in range(len(bars))
    ]


def instrument_of(info: object, symbol: str) -> Instrument:
    """Return the trading rules of `symbol` from an exchangeInfo answer.

    Tick, lot, smallest and largest quantity, smallest notional and most open orders are the venue's
    (``rules_source="venue"``); fees are not in that answer and are Binance's standard spot fee, 0.1 %.
    Raises VenueError where the symbol or a filter is missing.
    """
    listed = {entry["symbol"]: entry for entry in _entries(info)}
    if symbol not in listed:
        raise VenueError(f"the venue lists no symbol {symbol}", code=UNKNOWN_SYMBOL)
    filters = {rule.get("filterType"): rule for rule in listed[symbol].get("filters", [])}
    try:
        price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
        notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
        largest = _plain(lot.get("maxQty", "0"))
        return Instrument(
            symbol=symbol,
            kind=InstrumentKind.SPOT,
            tick_size=_plain(price["tickSize"]),
            lot_size=_plain(lot["stepSize"]),
            min_qty=_plain(lot["minQty"]),
            min_notional=_plain(notional.get("minNotional", "0")),
            max_qty=largest if largest > 0 else None,
            max_orders=filters.get("MAX_NUM_ORDERS", {}).get("maxNumOrders"),
            maker_fee=SPOT_FEE,
            taker_fee=SPOT_FEE,
            venue="binance",
            rules_source="venue",
        )
    except KeyError as missing:
        raise VenueError(f"the venue's rules for {symbol} lack {missing}") from None


def trading_status_of(info: object, symbol: str) -> str:
    """Return the status an exchangeInfo answer gives a symbol, such as ``TRADING``; else empty."""
    listed = {entry["symbol"]: entry for entry in _entries(info)}
    return str(listed.get(symbol, {}).get("status", ""))


def symbols_of(info: object) -> list[str]:
    """Return every symbol an exchangeInfo answer lists."""
    return [str(entry["symbol"]) for entry in _entries(info)]


def weight_limit_of(info: object) -> int | None:
    """Return the request weight an exchangeInfo answer allows a minute, if it says."""
    rules = info.get("rateLimits", []) if isinstance(info, dict) else []
    for rule in rules:
        per_minute = rule.get("interval") == "MINUTE" and rule.get("intervalNum") == 1
        if rule.get("rateLimitType") == "REQUEST_WEIGHT" and per_minute:
            return int(rule["limit"])
    return None


def venue_error(status: int, body: bytes, asked: str) -> VenueError:
    """Return the error a non-200 answer means, as one sentence that says what to do.

    Parameters
    ----------
    status, body : of the HTTP answer.
    asked : what was asked for, such as ``"BTCUSDT 1m"``.
    """
    code, message = _code_and_message(body)
    known = {
        403: "its firewall refused this address (HTTP 403): wait a few minutes and ask for less "
        "at once, or use the archives",
        451: "it does not serve this location (HTTP 451): try the base URL "
        "https://data-api.binance.vision, or the archives",
        404: "it has no such address (HTTP 404): check the base URL",
    }
    by_code = {
        UNKNOWN_SYMBOL: "it knows no such symbol",
        -1120: "it knows no such interval",
        -1021: "it refuses the time this machine sent: set this machine's clock (NTP) and try "
        "again",
        -1003: "too many requests: wait a minute",
    }
    if code in by_code:
        detail = f"{by_code[code]} ({code}: {message})"
    elif status in known:
        detail = known[status]
    else:
        detail = f"HTTP {status}" + (f", {code}: {message}" if message else "")
    return VenueError(f"{asked}: the venue answered: {detail}", status=status, code=code)


def _code_and_message(body: bytes) -> tuple[int | None, str]:
    try:
        answer = json.loads(body)
    except ValueError:
        return None, ""
    if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
        return None, ""
    return answer["code"], str(answer.get("msg", ""))


def _entries(info: object) -> list[dict[str, Any]]:
    entries = info.get("symbols") if isinstance(info, dict) else None
    if not isinstance(entries, list) or not all("symbol" in entry for entry in entries):
        raise VenueError("the venue's exchangeInfo lists no symbols")
    return entries


def _numbers(values: Sequence[object], field: str) -> np.ndarray:
    kind = np.int64 if field.endswith("_time") else np.float64
    try:
        numbers = np.array(values, dtype=object).astype(kind)
    except (ValueError, TypeError, OverflowError):
        row = next(i for i, value in enumerate(values) if not _is_number(value, kind))
        raise DataError(f"{values[row]!r} is not a number", row=row, field=field) from None
    bad = ~np.isfinite(numbers)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{values[row]!r} is not a finite number", row=row, field=field)
    return np.asarray(numbers)


def _is_number(value: Any, kind: type) -> bool:
    try:
        kind(value)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _plain(text: object) -> Decimal:
    value = exact_decimal(str(text), "rule").normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value
