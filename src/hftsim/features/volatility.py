"""Volatility features: how far the price moves, by which estimator, and in which shape.

All are per bar, as fractions of the price; none is annualised. return is ln(close / close[t-1]).
"""

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hftsim.features.feature import Feature, FloatArray, ratio

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

_volatility = partial(Feature, family="volatility")
_OHLC = ("open", "high", "low", "close")
_SMALLEST_SQUARE = 1e-20


def _std(window: int) -> Feature:
    return _volatility(
        name=f"volatility_{window}",
        formula=f"std(return, {window})",
        inputs=("close",),
        warmup=window,
        compute=lambda b: b.std("return", window),
    )


def _std_ratio(fast: int, slow: int) -> Feature:
    return _volatility(
        name=f"volatility_ratio_{fast}_{slow}",
        formula=f"std(return, {fast}) / std(return, {slow}); 1 without movement",
        inputs=("close",),
        warmup=slow,
        compute=lambda b: ratio(
            b.std("return", fast), b.std("return", slow), floor=1e-10, neutral=1.0
        ),
    )


def _root_mean(values: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(values, 0.0))


def _yang_zhang(b: "Inputs") -> FloatArray:
    window = 20
    weight = 0.34 / (1.34 + (window + 1) / (window - 1))
    overnight = b.std("open_gap", window) ** 2
    daytime = b.std("open_to_close", window) ** 2
    inside = b.total("rogers_satchell", window) / window
    return _root_mean(overnight + weight * daytime + (1.0 - weight) * inside)


def _atr(b: "Inputs") -> FloatArray:
    import talib

    prices = b.series("high"), b.series("low"), b.series("close")
    atr: FloatArray = talib.ATR(*prices, 14)
    return atr / b.series("close")


def _variance_ratio(b: "Inputs") -> FloatArray:
    five = b.std("return_5", 46) ** 2
    return ratio(five, 5.0 * b.std("return", 50) ** 2, floor=_SMALLEST_SQUARE, neutral=1.0)


def _jump_share(b: "Inputs") -> FloatArray:
    smooth = 0.5 * math.pi * b.total("bipower", 20)
    share = 1.0 - ratio(smooth, b.total("squared_return", 20), floor=_SMALLEST_SQUARE, neutral=1.0)
    return np.maximum(share, 0.0)


VOLATILITY = (
    *(_std(window) for window in (5, 10, 20, 50)),
    _volatility(
        name="ewma_volatility_20",
        formula="sqrt(ema(return ** 2, 20))",
        inputs=("close",),
        warmup=20,
        from_start=True,
        compute=lambda b: _root_mean(b.ema("squared_return", 20)),
    ),
    _volatility(
        name="parkinson_20",
        formula="sqrt(mean(ln(high / low) ** 2, 20) / (4 * ln 2)) (Parkinson 1980)",
        inputs=("high", "low"),
        warmup=19,
        compute=lambda b: _root_mean(b.total("squared_range", 20) / (80.0 * math.log(2.0))),
    ),
    _volatility(
        name="garman_klass_20",
        formula=(
            "sqrt(mean(ln(high / low) ** 2 / 2 - (2 * ln 2 - 1) * ln(close / open) ** 2, 20)) "
            "(Garman and Klass 1980)"
        ),
        inputs=_OHLC,
        warmup=19,
        compute=lambda b: _root_mean(b.total("garman_klass", 20) / 20.0),
    ),
    _volatility(
        name="rogers_satchell_20",
        formula=(
            "sqrt(mean(ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open), 20)) "
            "(Rogers and Satchell 1991)"
        ),
        inputs=_OHLC,
        warmup=19,
        compute=lambda b: _root_mean(b.total("rogers_satchell", 20) / 20.0),
    ),
    _volatility(
        name="yang_zhang_20",
        formula=(
            "sqrt(var(open gap, 20) + k * var(ln(close / open), 20) + (1 - k) * Rogers-Satchell), "
            "k = 0.34 / (1.34 + 21 / 19) (Yang and Zhang 2000)"
        ),
        inputs=_OHLC,
        warmup=20,
        compute=_yang_zhang,
    ),
    _volatility(
        name="atr_14_to_close",
        formula="ATR(14) / close (Wilder 1978)",
        inputs=("high", "low", "close"),
        warmup=14,
        from_start=True,
        compute=_atr,
    ),
    _volatility(
        name="bar_range",
        formula="ln(high / low)",
        inputs=("high", "low"),
        warmup=0,
        compute=lambda b: b.series("range"),
    ),
    _volatility(
        name="range_ratio_20",
        formula="ln(high / low) / mean(ln(high / low), 20); 1 without movement",
        inputs=("high", "low"),
        warmup=19,
        compute=lambda b: ratio(b.series("range"), b.mean("range", 20), floor=1e-10, neutral=1.0),
    ),
    _volatility(
        name="range_variation_20",
        formula="std(ln(high / low), 20) / mean(ln(high / low), 20); 0 without movement",
        inputs=("high", "low"),
        warmup=19,
        compute=lambda b: ratio(b.std("range", 20), b.mean("range", 20), floor=1e-10),
    ),
    _volatility(
        name="bb_width_20",
        formula="4 * std(close, 20) / mean(close, 20), population std (Bollinger)",
        inputs=("close",),
        warmup=19,
        compute=lambda b: 4.0 * b.std("close", 20, 0) / b.mean("close", 20),
    ),
    _std_ratio(5, 20),
    _std_ratio(10, 50),
    _volatility(
        name="downside_share_20",
        formula="sum(min(return, 0) ** 2, 20) / sum(return ** 2, 20); 0.5 without movement",
        inputs=("close",),
        warmup=20,
        compute=lambda b: ratio(
            b.total("squared_fall", 20),
            b.total("squared_return", 20),
            floor=_SMALLEST_SQUARE,
            neutral=0.5,
        ),
    ),
    _volatility(
        name="skewness_50",
        formula="skewness of returns over 50 rows; 0 without movement",
        inputs=("close",),
        warmup=50,
        compute=lambda b: b.shape(50)[0],
    ),
    _volatility(
        name="kurtosis_50",
        formula="excess kurtosis of returns over 50 rows; 0 without movement",
        inputs=("close",),
        warmup=50,
        compute=lambda b: b.shape(50)[1],
    ),
    _volatility(
        name="jump_share_20",
        formula=(
            "max(0, 1 - pi / 2 * sum(abs(return) * abs(return[t-1]), 20) / sum(return ** 2, 20)) "
            "(Barndorff-Nielsen and Shephard 2004)"
        ),
        inputs=("close",),
        warmup=21,
        compute=_jump_share,
    ),
    _volatility(
        name="variance_ratio_5_50",
        formula=(
            "var(5-row return, 46) / (5 * var(return, 50)), both of the same 50 returns "
            "(Lo and MacKinlay 1988); 1 without movement"
        ),
        inputs=("close",),
        warmup=50,
        compute=_variance_ratio,
    ),
)
