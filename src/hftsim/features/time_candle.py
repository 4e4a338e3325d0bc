"""Time and candle features: when the bar begins (UTC), and which shape it has."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hftsim.features.feature import Feature, FloatArray, lagged, ratio

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
WEEK_NS = 7 * DAY_NS
_THURSDAY_TO_MONDAY_NS = 3 * DAY_NS  # 1970-01-01 was a Thursday; a week begins on Monday

_time = partial(Feature, family="time_candle", inputs=("ts_open",), warmup=0)
_candle = partial(Feature, family="time_candle")
_OHLC = ("open", "high", "low", "close")


def _cycle(name: str, period: str, period_ns: int, offset_ns: int = 0) -> tuple[Feature, Feature]:
    sine = _time(
        name=f"{name}_sin",
        formula=f"sin(2 * pi * place of the bar's start in {period}, UTC)",
        compute=lambda b: b.turn(period_ns, offset_ns)[0],
    )
    cosine = _time(
        name=f"{name}_cos",
        formula=f"cos(2 * pi * place of the bar's start in {period}, UTC)",
        compute=lambda b: b.turn(period_ns, offset_ns)[1],
    )
    return sine, cosine


def _session_time(b: "Inputs") -> FloatArray:
    """Days since the session's first bar; a session ends at midnight UTC or in a pause."""
    times = b.times_ns
    begins = np.ones(b.rows, dtype=np.bool_)
    begins[1:] = (np.diff(times) > HOUR_NS) | (np.diff(times // DAY_NS) != 0)
    first = np.maximum.accumulate(np.where(begins, np.arange(b.rows), 0))
    return (times - times[first]) / DAY_NS


def _weekend(b: "Inputs") -> FloatArray:
    return ((b.times_ns + _THURSDAY_TO_MONDAY_NS) % WEEK_NS >= 5 * DAY_NS).astype(np.float64)


def _range(b: "Inputs") -> FloatArray:
    return b.series("high") - b.series("low")


def _of_range(b: "Inputs", part: FloatArray) -> FloatArray:
    return ratio(part, _range(b), floor=b.series("movement"))


def _upper(b: "Inputs") -> FloatArray:
    return _of_range(b, b.series("high") - np.maximum(b.series("open"), b.series("close")))


def _lower(b: "Inputs") -> FloatArray:
    return _of_range(b, np.minimum(b.series("open"), b.series("close")) - b.series("low"))


def _body(b: "Inputs") -> FloatArray:
    return _of_range(b, b.series("close") - b.series("open"))


def _body_ratio(b: "Inputs") -> FloatArray:
    body = b.series("close") - b.series("open")
    return ratio(body, b.total("abs_body", 20) / 20.0, floor=b.series("movement"))


def _nesting(b: "Inputs") -> FloatArray:
    high, low = b.series("high"), b.series("low")
    high_before, low_before = lagged(high, 1), lagged(low, 1)
    inside = (high <= high_before) & (low >= low_before)
    outside = (high >= high_before) & (low <= low_before)
    return outside.astype(np.float64) - inside.astype(np.float64)


def _engulfing(b: "Inputs") -> FloatArray:
    open_, close = b.series("open"), b.series("close")
    open_before, close_before = lagged(open_, 1), lagged(close, 1)
    covers = (np.minimum(open_, close) <= np.minimum(open_before, close_before)) & (
        np.maximum(open_, close) >= np.maximum(open_before, close_before)
    )
    turns = np.sign(close - open_) * np.sign(close_before - open_before) < 0
    return np.where(covers & turns, np.sign(close - open_), 0.0)


TIME_CANDLE = (
    *_cycle("hour", "the day", DAY_NS),
    *_cycle("weekday", "the week from Monday", WEEK_NS, _THURSDAY_TO_MONDAY_NS),
    *_cycle("minute", "the hour", HOUR_NS),
    _time(
        name="session_time",
        formula=(
            "days since the session's first bar; a session begins with the series, at midnight "
            "UTC and after more than an hour without bars"
        ),
        from_start=True,
        compute=_session_time,
    ),
    _time(name="is_weekend", formula="1 on Saturday and Sunday (UTC), else 0", compute=_weekend),
    _candle(
        name="body",
        formula="(close - open) / (high - low); 0 without range",
        inputs=_OHLC,
        warmup=0,
        compute=_body,
    ),
    _candle(
        name="upper_shadow",
        formula="(high - max(open, close)) / (high - low); 0 without range",
        inputs=_OHLC,
        warmup=0,
        compute=_upper,
    ),
    _candle(
        name="lower_shadow",
        formula="(min(open, close) - low) / (high - low); 0 without range",
        inputs=_OHLC,
        warmup=0,
        compute=_lower,
    ),
    _candle(
        name="close_location",
        formula="(2 * close - high - low) / (high - low); 0 without range",
        inputs=("high", "low", "close"),
        warmup=0,
        compute=lambda b: b.series("close_location"),
    ),
    _candle(
        name="doji",
        formula="1 where abs(close - open) is at most a tenth of high - low, else 0",
        inputs=_OHLC,
        warmup=0,
        compute=lambda b: (np.abs(_body(b)) <= 0.1).astype(np.float64),
    ),
    _candle(
        name="body_ratio_20",
        formula="(close - open) / mean(abs(close - open), 20); 0 without movement",
        inputs=("open", "close"),
        warmup=19,
        compute=_body_ratio,
    ),
    _candle(
        name="nesting",
        formula="1 where the bar spans the one before, -1 where it lies within, 0 else or equal",
        inputs=("high", "low"),
        warmup=1,
        compute=_nesting,
    ),
    _candle(
        name="engulfing",
        formula="1 (-1) where a rising (falling) body covers the opposite body before, else 0",
        inputs=("open", "close"),
        warmup=1,
        compute=_engulfing,
    ),
)
