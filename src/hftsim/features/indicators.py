"""The technical indicators, in price and volume units, as TA-Lib defines them.

Exponential averages, Wilder's smoothing (RSI, ATR, ADX), OBV, A/D and SAR are recursive: their
values depend on where the series starts, more weakly the longer it is (`Indicator.from_start`).
"""

import dataclasses

import numpy as np

from hftsim.features import _kernels as kernels
from hftsim.features.compiled import run
from hftsim.features.feature import FloatArray, ratio

VWAP_WINDOW = 20


@dataclasses.dataclass(frozen=True)
class Indicator:
    """One indicator column.

    Parameters
    ----------
    name : the column's name.
    formula : what it is, in words.
    warmup : rows before the first value, which are NaN.
    from_start : whether it depends on every row since the series began.
    """

    name: str
    formula: str
    warmup: int
    from_start: bool = False


_TABLE = (
    Indicator("sma_5", "mean(close, 5)", 4),
    Indicator("sma_10", "mean(close, 10)", 9),
    Indicator("sma_20", "mean(close, 20)", 19),
    Indicator("sma_50", "mean(close, 50)", 49),
    Indicator("ema_12", "exponential mean of close, alpha 2 / 13", 11, from_start=True),
    Indicator("ema_26", "exponential mean of close, alpha 2 / 27", 25, from_start=True),
    Indicator("wma_20", "mean of close with weights 1 (oldest) to 20", 19),
    Indicator("rsi_14", "Wilder's relative strength index of close, 0 to 100", 14, from_start=True),
    Indicator("macd", "ema(close, 12) - ema(close, 26)", 33, from_start=True),
    Indicator("macd_signal", "ema(macd, 9)", 33, from_start=True),
    Indicator("macd_hist", "macd - macd_signal", 33, from_start=True),
    Indicator("stoch_k", "position in the range of 14 rows, mean of 3, 0 to 100", 17),
    Indicator("stoch_d", "mean(stoch_k, 3)", 17),
    Indicator("willr_14", "Williams %R over 14 rows, -100 to 0", 13),
    Indicator("cci_20", "(typical - mean) / (0.015 * mean deviation) over 20 rows", 19),
    Indicator("roc_10", "100 * (close / close[t-10] - 1)", 10),
    Indicator("mom_10", "close - close[t-10]", 10),
    Indicator("cmo_14", "Chande's momentum oscillator of close, -100 to 100", 14, from_start=True),
    Indicator("trix_15", "1-row change in % of a triple ema(close, 15)", 43, from_start=True),
    Indicator("adx_14", "Wilder's average directional index, 0 to 100", 27, from_start=True),
    Indicator("plus_di_14", "Wilder's +DI, 0 to 100", 14, from_start=True),
    Indicator("minus_di_14", "Wilder's -DI, 0 to 100", 14, from_start=True),
    Indicator("aroon_osc_25", "Aroon up - Aroon down over 25 rows, -100 to 100", 25),
    Indicator("psar", "parabolic stop and reverse, 0.02 to 0.2", 1, from_start=True),
    Indicator("atr_14", "Wilder's average true range", 14, from_start=True),
    Indicator("natr_14", "100 * atr_14 / close", 14, from_start=True),
    Indicator("std_20", "population std(close, 20)", 19),
    Indicator("bb_upper", "sma_20 + 2 * std_20", 19),
    Indicator("bb_middle", "sma_20", 19),
    Indicator("bb_lower", "sma_20 - 2 * std_20", 19),
    Indicator("bb_width", "(bb_upper - bb_lower) / bb_middle", 19),
    Indicator("obv", "on-balance volume since the first row", 0, from_start=True),
    Indicator("ad", "Chaikin's accumulation/distribution since the first row", 0, from_start=True),
    Indicator("adosc", "ema(ad, 3) - ema(ad, 10)", 9, from_start=True),
    Indicator("mfi_14", "money flow index over 14 rows, 0 to 100", 14),
    Indicator("cmf_20", "Chaikin's money flow over 20 rows, -1 to 1", 19),
    Indicator(
        "vwap",
        f"sum(typical * volume) / sum(volume) over {VWAP_WINDOW} rows, typical the mean of high, "
        "low, close; without volume its plain mean",
        VWAP_WINDOW - 1,
    ),
)
INDICATORS: dict[str, Indicator] = {indicator.name: indicator for indicator in _TABLE}


def compute_indicators(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> dict[str, FloatArray]:
    """Return every indicator of `INDICATORS` by name, shape (rows,), NaN in the warm-up."""
    made = {
        **_averages(close),
        **_momentum(high, low, close),
        **_directions(high, low),
        **_directional_movement(high, low, close),
        **_bands(high, low, close),
        **_volumes(high, low, close, volume),
    }
    return {name: made[name] for name in INDICATORS}


def _averages(close: FloatArray) -> dict[str, FloatArray]:
    import talib

    made = {f"sma_{window}": talib.SMA(close, window) for window in (5, 10, 20, 50)}
    made |= {f"ema_{span}": talib.EMA(close, span) for span in (12, 26)}
    made["wma_20"] = talib.WMA(close, 20)
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    return {**made, "macd": macd, "macd_signal": signal, "macd_hist": histogram}


def _momentum(high: FloatArray, low: FloatArray, close: FloatArray) -> dict[str, FloatArray]:
    import talib

    stoch_k, stoch_d = talib.STOCH(high, low, close, 14, 3, slowd_period=3)
    return {
        "rsi_14": talib.RSI(close, 14),
        "stoch_k": stoch_k,
        "stoch_d": stoch_d,
        "willr_14": talib.WILLR(high, low, close, 14),
        "cci_20": talib.CCI(high, low, close, 20),
        "roc_10": talib.ROC(close, 10),
        "mom_10": talib.MOM(close, 10),
        "cmo_14": talib.CMO(close, 14),
        "trix_15": talib.TRIX(close, 15),
    }


def _directions(high: FloatArray, low: FloatArray) -> dict[str, FloatArray]:
    import talib

    return {"aroon_osc_25": talib.AROONOSC(high, low, 25), "psar": talib.SAR(high, low, 0.02, 0.2)}


def _directional_movement(
    high: FloatArray, low: FloatArray, close: FloatArray
) -> dict[str, FloatArray]:
    import talib

    return {
        "adx_14": talib.ADX(high, low, close, 14),
        "plus_di_14": talib.PLUS_DI(high, low, close, 14),
        "minus_di_14": talib.MINUS_DI(high, low, close, 14),
    }


def _bands(high: FloatArray, low: FloatArray, close: FloatArray) -> dict[str, FloatArray]:
    import talib

    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    return {
        "atr_14": talib.ATR(high, low, close, 14),
        "natr_14": talib.NATR(high, low, close, 14),
        "std_20": talib.STDDEV(close, 20),
        "bb_upper": upper,
        "bb_middle": middle,
        "bb_lower": lower,
        "bb_width": (upper - lower) / middle,
    }


def _volumes(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> dict[str, FloatArray]:
    import talib

    return {
        "obv": talib.OBV(close, volume),
        "ad": talib.AD(high, low, close, volume),
        "adosc": talib.ADOSC(high, low, close, volume, 3, 10),
        "mfi_14": talib.MFI(high, low, close, volume, 14),
        "cmf_20": talib.CMF(high, low, close, volume, 20),
        "vwap": _vwap(high, low, close, volume),
    }


def _vwap(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> FloatArray:
    typical = (high + low + close) / 3.0
    money, traded, plain = (np.empty(len(close)) for _ in range(3))
    run(kernels.rolling_sum, typical * volume, 0, VWAP_WINDOW, money)
    run(kernels.rolling_sum, volume, 0, VWAP_WINDOW, traded)
    run(kernels.rolling_sum, typical, 0, VWAP_WINDOW, plain)
    vwap = ratio(money, traded, neutral=np.nan)
    return np.where(np.isnan(vwap), plain / VWAP_WINDOW, vwap)
