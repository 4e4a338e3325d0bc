"""Momentum features: oscillators, trends and their strength, all bounded or free of scale."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hftsim.features import _kernels as kernels
from hftsim.features.compiled import run
from hftsim.features.feature import Feature, FloatArray, lagged, ratio
from hftsim.features.series import MOVEMENT

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

_momentum = partial(Feature, family="momentum")


def _rsi(period: int) -> Feature:
    def compute(b: "Inputs") -> FloatArray:
        out = np.empty(b.rows)
        run(kernels.rsi_balance, b.series("close"), period, MOVEMENT, out)
        return out

    return _momentum(
        name=f"rsi_{period}_scaled",
        formula=f"RSI({period}) / 50 - 1 (Wilder 1978); 0 without movement",
        inputs=("close",),
        warmup=period,
        from_start=True,
        compute=compute,
    )


def _return_to_risk(rows: int) -> Feature:
    def compute(b: "Inputs") -> FloatArray:
        moved = np.sqrt(rows * b.total("squared_return", rows))
        return ratio(b.log_return(rows), moved, floor=1e-10)

    return _momentum(
        name=f"return_to_risk_{rows}",
        formula=f"sum(return, {rows}) / sqrt({rows} * sum(return ** 2, {rows})), from -1 to 1",
        inputs=("close",),
        warmup=rows,
        compute=compute,
    )


def _trend(window: int) -> tuple[Feature, Feature]:
    slope = _momentum(
        name=f"trend_slope_{window}",
        formula=f"slope per row of a least-squares line through ln(close) over {window} rows",
        inputs=("close",),
        warmup=window - 1,
        compute=lambda b: b.trend(window)[0],
    )
    fit = _momentum(
        name=f"trend_fit_{window}",
        formula=f"R squared of that line over {window} rows; 0 without movement",
        inputs=("close",),
        warmup=window - 1,
        compute=lambda b: b.trend(window)[1],
    )
    return slope, fit


def _efficiency(rows: int) -> Feature:
    return _momentum(
        name=f"efficiency_{rows}",
        formula=f"(close - close[t-{rows}]) / sum(abs(close - close[t-1]), {rows}) (Kaufman 1995)",
        inputs=("close",),
        warmup=rows,
        compute=lambda b: ratio(
            b.series("close") - lagged(b.series("close"), rows),
            b.total("abs_change", rows),
            floor=b.series("movement"),
        ),
    )


def _position(b: "Inputs", window: int) -> FloatArray:
    low, high = b.lowest("low", window), b.highest("high", window)
    place = ratio(b.series("close") - low, high - low, floor=b.series("movement"), neutral=0.5)
    return 2.0 * place - 1.0


def _smoothed(values: FloatArray) -> FloatArray:
    return (values + lagged(values, 1) + lagged(values, 2)) / 3.0


def _macd(b: "Inputs") -> tuple[FloatArray, FloatArray]:
    import talib

    line, _, histogram = talib.MACD(b.series("close"), 12, 26, 9)
    return line / b.series("close"), histogram / b.series("close")


def _cci(b: "Inputs") -> FloatArray:
    import talib

    cci = talib.CCI(b.series("high"), b.series("low"), b.series("close"), 20) / 100.0
    still = b.std("typical", 20) <= b.series("movement")
    return np.where(still, 0.0, cci)


def _adx(b: "Inputs") -> FloatArray:
    import talib

    adx: FloatArray = talib.ADX(b.series("high"), b.series("low"), b.series("close"), 14)
    return adx / 100.0


def _di_balance(b: "Inputs") -> FloatArray:
    import talib

    prices = b.series("high"), b.series("low"), b.series("close")
    plus, minus = talib.PLUS_DI(*prices, 14), talib.MINUS_DI(*prices, 14)
    return ratio(plus - minus, plus + minus)


def _aroon(b: "Inputs") -> FloatArray:
    import talib

    aroon: FloatArray = talib.AROONOSC(b.series("high"), b.series("low"), 25)
    still = b.highest("high", 26) - b.lowest("low", 26) <= b.series("movement")
    return np.where(still, 0.0, aroon / 100.0)


def _streak(b: "Inputs") -> FloatArray:
    out = np.empty(b.rows)
    run(kernels.streak, b.series("close"), 10, out)
    return out


_BARS = ("high", "low", "close")

MOMENTUM = (
    *(_rsi(period) for period in (7, 14)),
    _momentum(
        name="macd_to_close",
        formula="(ema(close, 12) - ema(close, 26)) / close",
        inputs=("close",),
        warmup=33,
        from_start=True,
        compute=lambda b: _macd(b)[0],
    ),
    _momentum(
        name="macd_hist_to_close",
        formula="(MACD(12, 26) - ema(MACD, 9)) / close",
        inputs=("close",),
        warmup=33,
        from_start=True,
        compute=lambda b: _macd(b)[1],
    ),
    _momentum(
        name="stoch_k_scaled",
        formula="mean(position, 3), position in the range of 14 rows, from -1 (low) to 1 (high)",
        inputs=_BARS,
        warmup=15,
        compute=lambda b: _smoothed(_position(b, 14)),
    ),
    _momentum(
        name="stoch_d_scaled",
        formula="mean(stoch_k_scaled, 3)",
        inputs=_BARS,
        warmup=17,
        compute=lambda b: _smoothed(_smoothed(_position(b, 14))),
    ),
    _momentum(
        name="willr_14_scaled",
        formula="Williams %R(14) / 50 + 1: position in the range of 14 rows, from -1 to 1",
        inputs=_BARS,
        warmup=13,
        compute=lambda b: _position(b, 14),
    ),
    _momentum(
        name="range_position_50",
        formula="position of the close in the range of 50 rows, from -1 (low) to 1 (high)",
        inputs=_BARS,
        warmup=49,
        compute=lambda b: _position(b, 50),
    ),
    _momentum(
        name="cci_20_scaled",
        formula="CCI(20) / 100 (Lambert 1980); 0 without movement",
        inputs=_BARS,
        warmup=19,
        compute=_cci,
    ),
    _momentum(
        name="adx_14_scaled",
        formula="ADX(14) / 100 (Wilder 1978)",
        inputs=_BARS,
        warmup=27,
        from_start=True,
        compute=_adx,
    ),
    _momentum(
        name="di_balance_14",
        formula="(+DI(14) - -DI(14)) / (+DI(14) + -DI(14)) (Wilder 1978)",
        inputs=_BARS,
        warmup=14,
        from_start=True,
        compute=_di_balance,
    ),
    _momentum(
        name="aroon_25_scaled",
        formula="(Aroon up(25) - Aroon down(25)) / 100 (Chande 1995); 0 without movement",
        inputs=("high", "low", "close"),
        warmup=25,
        compute=_aroon,
    ),
    *(_return_to_risk(rows) for rows in (5, 10, 20)),
    *_trend(20),
    *_trend(50),
    *(_efficiency(rows) for rows in (10, 20)),
    _momentum(
        name="streak_10",
        formula="rows in a row that closed higher (lower: negative), at most 10, / 10",
        inputs=("close",),
        warmup=10,
        compute=_streak,
    ),
    _momentum(
        name="up_share_20",
        formula="share of rows that closed higher less share that closed lower, over 20 rows",
        inputs=("close",),
        warmup=20,
        compute=lambda b: b.total("direction", 20) / 20.0,
    ),
    _momentum(
        name="return_autocorr_50",
        formula="lag-one autocorrelation of returns over 50 rows; 0 without movement",
        inputs=("close",),
        warmup=50,
        compute=lambda b: b.shape(50)[3],
    ),
)
