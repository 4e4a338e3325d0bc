"""Indicators against formulas written a second time, and what the preprocessor promises."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib

from hftsim.core.errors import ConfigError, DataError
from hftsim.features import INDICATORS, DataPreprocessor

BarMaker = Callable[..., pd.DataFrame]
ROWS = 500


@pytest.fixture(scope="module")
def bars(make_bars: BarMaker) -> pd.DataFrame:
    return make_bars(ROWS, 21)


@pytest.fixture(scope="module")
def made(bars: pd.DataFrame) -> pd.DataFrame:
    return DataPreprocessor().add_technical_indicators(bars)


def test_there_are_at_least_twenty_nine(made: pd.DataFrame) -> None:
    names = DataPreprocessor().indicator_names
    assert len(names) >= 29
    assert list(made.columns) == ["open", "high", "low", "close", "volume", *names]
    assert {
        "sma_20",
        "rsi_14",
        "atr_14",
        "macd",
        "stoch_k",
        "bb_upper",
        "obv",
        "mfi_14",
        "vwap",
    } <= set(names)


@pytest.mark.parametrize("name", list(INDICATORS))
def test_an_indicator_is_undefined_in_its_warmup_and_nowhere_else(
    made: pd.DataFrame, name: str
) -> None:
    values = made[name].to_numpy()
    assert np.isnan(values[: INDICATORS[name].warmup]).all()
    assert np.isfinite(values[INDICATORS[name].warmup :]).all()


def test_an_indicator_of_t_bars_is_the_indicator_of_all_bars_at_t(
    bars: pd.DataFrame, made: pd.DataFrame
) -> None:
    for t in [1, 2, 44, *np.random.default_rng(0).integers(3, ROWS, 25)]:
        again = DataPreprocessor().add_technical_indicators(bars.iloc[:t])
        assert again.equals(made.iloc[:t]), t


def wilder(x: pd.Series, first: int, period: int) -> pd.Series:
    """Return Wilder's average: the plain mean of `period` values from `first`, then 1/period."""
    out = pd.Series(np.nan, x.index)
    value = x.iloc[first : first + period].mean()
    out.iloc[first + period - 1] = value
    for i in range(first + period, len(x)):
        value = (value * (period - 1) + x.iloc[i]) / period
        out.iloc[i] = value
    return out


def exponential(x: pd.Series, first: int, span: int) -> pd.Series:
    """Return the exponential mean seeded by the plain mean of `span` values from `first`."""
    out = pd.Series(np.nan, x.index)
    value = x.iloc[first : first + span].mean()
    out.iloc[first + span - 1] = value
    for i in range(first + span, len(x)):
        value += 2 / (span + 1) * (x.iloc[i] - value)
        out.iloc[i] = value
    return out


def pandas_twins(b: pd.DataFrame) -> dict[str, pd.Series]:
    c, h, lo, v = b["close"], b["high"], b["low"], b["volume"]
    change = c.diff()
    gain, loss = wilder(change.clip(lower=0), 1, 14), wilder(-change.clip(upper=0), 1, 14)
    true_range = pd.concat([h - lo, (h - c.shift()).abs(), (lo - c.shift()).abs()], axis=1).max(
        axis=1
    )
    tp = (h + lo + c) / 3
    away = tp.rolling(20).apply(lambda w: np.abs(w - w.mean()).mean(), raw=True)
    flow = np.sign(tp.diff()) * tp * v
    up, moved = flow.clip(lower=0).rolling(14).sum(), flow.abs().rolling(14).sum()
    sma, std = c.rolling(20).mean(), c.rolling(20).std(ddof=0)
    low14, high14 = lo.rolling(14).min(), h.rolling(14).max()
    fast_k = (100 * (c - low14) / (high14 - low14)).rolling(3).mean()
    location = ((2 * c - h - lo) / (h - lo)).fillna(0)
    return {
        "sma_50": c.rolling(50).mean(),
        "ema_26": exponential(c, 0, 26),
        "rsi_14": 100 * gain / (gain + loss),
        "atr_14": wilder(true_range, 1, 14),
        "stoch_k": fast_k,
        "stoch_d": fast_k.rolling(3).mean(),
        "willr_14": -100 * (high14 - c) / (high14 - low14),
        "cci_20": (tp - tp.rolling(20).mean()) / (0.015 * away),
        "roc_10": 100 * (c / c.shift(10) - 1),
        "mom_10": c.diff(10),
        "bb_upper": sma + 2 * std,
        "bb_lower": sma - 2 * std,
        "bb_width": 4 * std / sma,
        "mfi_14": 100 * up / moved,
        "cmf_20": (location * v).rolling(20).sum() / v.rolling(20).sum(),
        "vwap": (tp * v).rolling(20).sum() / v.rolling(20).sum(),
        "ad": (location * v).cumsum(),
        "macd": exponential(c, 14, 12) - exponential(c, 0, 26),
        "obv": (np.sign(change).fillna(1) * v).cumsum(),
    }


def test_indicators_agree_with_formulas_written_in_pandas(
    bars: pd.DataFrame, made: pd.DataFrame
) -> None:
    for name, twin in pandas_twins(bars).items():
        warm = INDICATORS[name].warmup
        np.testing.assert_allclose(
            made[name].iloc[warm:], twin.iloc[warm:], rtol=1e-7, atol=1e-6, err_msg=name
        )


def test_indicators_are_ta_libs_to_the_bit(bars: pd.DataFrame, made: pd.DataFrame) -> None:
    b = {k: bars[k].to_numpy() for k in bars.columns}
    hlc = b["high"], b["low"], b["close"]
    twins = {
        "sma_20": talib.SMA(b["close"], 20),
        "wma_20": talib.WMA(b["close"], 20),
        "adx_14": talib.ADX(*hlc, 14),
        "cci_20": talib.CCI(*hlc, 20),
        "macd_hist": talib.MACD(b["close"])[2],
        "mfi_14": talib.MFI(*hlc, b["volume"], 14),
        "psar": talib.SAR(*hlc[:2]),
        "natr_14": talib.NATR(*hlc, 14),
    }
    for name, twin in twins.items():
        np.testing.assert_array_equal(made[name], twin, err_msg=name)


def test_vwap_without_volume_is_the_mean_price(make_bars: BarMaker) -> None:
    bars = make_bars(60, 1)
    bars.loc[bars.index[20:], "volume"] = 0.0
    vwap = DataPreprocessor().add_technical_indicators(bars)["vwap"]
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3
    np.testing.assert_allclose(vwap.iloc[39:], typical.rolling(20).mean().iloc[39:], rtol=1e-12)


def test_constant_prices_do_not_break_indicators(make_bars: BarMaker) -> None:
    bars = make_bars(100)
    bars[["open", "high", "low", "close"]] = 60_000.1
    last = DataPreprocessor().add_technical_indicators(bars).iloc[-1]
    assert last["sma_20"] == pytest.approx(60_000.1)
    assert last["bb_width"] == last["atr_14"] == last["cci_20"] == 0.0


def test_the_pipeline_drops_and_counts_the_warmup(bars: pd.DataFrame) -> None:
    ready = DataPreprocessor().preprocess_pipeline(bars)
    warmup = max(indicator.warmup for indicator in INDICATORS.values())
    assert ready.attrs["warmup_rows_dropped"] == warmup == len(bars) - len(ready)
    assert ready.notna().all(axis=None)
    assert ready.index[0] == bars.index[warmup]
    with pytest.raises(DataError, match=f"at least {warmup + 1} are needed"):
        DataPreprocessor().preprocess_pipeline(bars.iloc[:warmup])


def test_normalize_fits_on_the_past_alone(made: pd.DataFrame) -> None:
    processor = DataPreprocessor()
    once = processor.normalize(made, train_end=300)
    past = made["rsi_14"].iloc[:300]
    assert processor.mean_["rsi_14"] == pytest.approx(past.mean())
    assert processor.std_["rsi_14"] == pytest.approx(past.std(ddof=0))
    assert once["rsi_14"].iloc[14:300].mean() == pytest.approx(0, abs=1e-12)
    other = made.copy()
    other.iloc[300:] *= 7.0
    again = DataPreprocessor().normalize(other, train_end=made.index[300])
    pd.testing.assert_frame_equal(again.iloc[:300], once.iloc[:300])


def test_normalize_leaves_the_bars_unless_they_are_named(made: pd.DataFrame) -> None:
    processor = DataPreprocessor()
    once = processor.normalize(made)
    assert once["close"].equals(made["close"])
    assert processor.mean_["sma_5"] == pytest.approx(made["sma_5"].iloc[: int(0.7 * ROWS)].mean())
    named = processor.normalize(made, columns=["close"])
    assert abs(named["close"].iloc[: int(0.7 * ROWS)].mean()) < 1e-9
    assert named["sma_5"].equals(made["sma_5"])


def test_a_constant_column_is_not_divided_by_its_noise(made: pd.DataFrame) -> None:
    frame = made.assign(always=0.1)
    assert DataPreprocessor().normalize(frame)["always"].abs().max() < 1e-12


def test_normalize_refuses_what_it_cannot_fit(made: pd.DataFrame) -> None:
    processor = DataPreprocessor()
    with pytest.raises(DataError, match="column 'sma_50': no value before row 10"):
        processor.normalize(made, train_end=10, columns=["sma_50"])
    with pytest.raises(DataError, match="lacks the column 'nothing'"):
        processor.normalize(made, columns=["nothing"])
    with pytest.raises(DataError, match="bar columns only"):
        processor.normalize(made[["open", "close"]])
    with pytest.raises(ConfigError, match="at least one"):
        processor.normalize(made, train_end="2001-01-01")
    with pytest.raises(ConfigError, match="neither a row nor a time"):
        processor.normalize(made, train_end="soon")


def test_real_bars_give_finite_indicators(test_data: Path) -> None:
    bars = pd.read_csv(test_data / "binance_1m" / "BTCUSDT_1m_Q4_2024.csv", index_col="timestamp")
    bars.index = pd.DatetimeIndex(bars.index, name="ts_open").tz_localize("UTC")
    ready = DataPreprocessor().preprocess_pipeline(bars)
    assert np.isfinite(ready.to_numpy()).all()
    assert ready["rsi_14"].between(0, 100).all()
