"""Every feature of the catalogue keeps what it declares."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.bars import BAR_COLUMNS, OPTIONAL_BAR_COLUMNS
from hftsim.features import FAMILIES, FEATURES, INDICATORS, FeatureEngineer

BarMaker = Callable[..., pd.DataFrame]
NAMES = list(FEATURES)
ROWS = 700
WINDOWED = [name for name in NAMES if FEATURES[name].lookback is not None]


@pytest.fixture(scope="module")
def bars(make_bars: BarMaker) -> pd.DataFrame:
    return make_bars(ROWS, 11, taker=True)


@pytest.fixture(scope="module")
def made(bars: pd.DataFrame) -> pd.DataFrame:
    return FeatureEngineer().create_all_features(bars)


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Compare bit for bit, NaN equal to NaN."""
    for name in NAMES:
        np.testing.assert_array_equal(left[name].to_numpy(), right[name].to_numpy(), err_msg=name)


def test_at_least_ninety_features_need_plain_bars_only() -> None:
    plain = FeatureEngineer().feature_names
    assert len(plain) >= 90
    assert len(set(plain)) == len(plain)
    assert {FEATURES[name].family for name in plain} == set(FAMILIES)


def test_every_feature_is_declared() -> None:
    columns = {*BAR_COLUMNS, *OPTIONAL_BAR_COLUMNS, "ts_open"}
    for name, feature in FEATURES.items():
        assert feature.name == name
        assert feature.family in FAMILIES
        assert feature.formula
        assert feature.inputs
        assert set(feature.inputs) <= columns
        assert feature.warmup >= 0
        assert feature.lookback is None or feature.lookback == feature.warmup + 1


def test_no_feature_is_named_like_a_bar_column_or_an_indicator() -> None:
    assert not set(FEATURES) & {*BAR_COLUMNS, *OPTIONAL_BAR_COLUMNS, *INDICATORS}


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_is_undefined_in_its_warmup_and_nowhere_else(
    made: pd.DataFrame, name: str
) -> None:
    assert np.isnan(made[name].to_numpy()).sum() == FEATURES[name].warmup
    assert made[name].first_valid_index() == made.index[FEATURES[name].warmup]


def test_a_feature_of_t_bars_is_the_feature_of_all_bars_at_t(
    bars: pd.DataFrame, made: pd.DataFrame
) -> None:
    engineer = FeatureEngineer()
    cuts = np.random.default_rng(0).integers(1, ROWS, 25).tolist()
    for t in [1, 2, 20, 99, 100, 101, 255, 256, 257, *cuts]:
        assert_same(engineer.create_all_features(bars.iloc[:t]), made.iloc[:t])


@settings(max_examples=15, deadline=None)
@given(t=st.integers(1, ROWS - 2), seed=st.integers(0, 2**32))
def test_another_future_changes_nothing_before_it(
    bars: pd.DataFrame, made: pd.DataFrame, t: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    future = bars.iloc[t:].iloc[rng.permutation(ROWS - t)] * rng.uniform(0.1, 10.0)
    other = bars.copy()
    other.iloc[t:] = future.to_numpy()
    again = FeatureEngineer().create_all_features(other)
    assert_same(again.iloc[:t], made.iloc[:t])
    assert not again[NAMES].iloc[t:].equals(made[NAMES].iloc[t:])


def test_a_windowed_feature_needs_no_row_before_its_lookback(
    bars: pd.DataFrame, made: pd.DataFrame
) -> None:
    engineer = FeatureEngineer(WINDOWED)
    for t in (150, 333, 512, 700):
        for lookback in {FEATURES[name].lookback for name in WINDOWED}:
            names = [n for n in WINDOWED if FEATURES[n].lookback == lookback]
            tail = engineer.create_all_features(bars.iloc[t - lookback : t]).iloc[-1]
            np.testing.assert_allclose(
                tail[names].to_numpy(np.float64),
                made[names].iloc[t - 1].to_numpy(np.float64),
                rtol=1e-6,
                atol=1e-8,
                err_msg=str(names),
            )


@pytest.mark.parametrize("factor", [2.0**-30, 2.0**20])
def test_features_do_not_see_the_price_level(
    bars: pd.DataFrame, made: pd.DataFrame, factor: float
) -> None:
    other = bars.copy()
    other[["open", "high", "low", "close"]] *= factor
    assert_same(FeatureEngineer().create_all_features(other), made)


def test_features_do_not_see_the_unit_of_volume(bars: pd.DataFrame, made: pd.DataFrame) -> None:
    other = bars.copy()
    other[["volume", "taker_buy_volume", "trade_count"]] *= 2.0**12
    assert_same(FeatureEngineer().create_all_features(other), made)


@pytest.mark.parametrize("volume", [0.0, 3.3])
def test_constant_prices_give_neutral_values(make_bars: BarMaker, volume: float) -> None:
    bars = make_bars(300, 1, taker=True)
    bars[["open", "high", "low", "close"]] = 60_000.1
    bars[["volume", "taker_buy_volume", "trade_count"]] = volume
    last = FeatureEngineer().create_all_features(bars)[NAMES].iloc[-1]
    clock = {n for n in NAMES if FEATURES[n].inputs == ("ts_open",)}
    neutral = {-1.0, 0.0, 0.5, 1.0} | {0.05}
    for name in set(NAMES) - clock - {"volatility_x_hour_sin", "volatility_x_hour_cos"}:
        assert min(abs(last[name] - value) for value in neutral) < 1e-12, (name, last[name])
    for name in ("rsi_14_scaled", "cci_20_scaled", "close_z_20", "vpin", "return_to_risk_20"):
        assert last[name] == 0.0, name


def test_prices_that_stop_moving_leave_no_noise(make_bars: BarMaker) -> None:
    bars = make_bars(2500, 2, taker=True)
    prices = ["open", "high", "low", "close"]
    bars.loc[bars.index[300:], prices] = bars["close"].iloc[300]
    bars.loc[bars.index[900:], ["volume", "taker_buy_volume", "trade_count"]] = 0.0
    made = FeatureEngineer().create_all_features(bars)[NAMES]
    assert np.isfinite(made.iloc[120:].to_numpy()).all()
    assert made.iloc[-1].abs().max() <= 1.5


@pytest.mark.parametrize(("row", "factor"), [(400, 1e6), (400, 1e-6)])
def test_a_spike_leaves_the_windows_it_leaves(make_bars: BarMaker, row: int, factor: float) -> None:
    bars = make_bars(ROWS, 3, taker=True)
    spiked = bars.copy()
    spiked.iloc[row] *= factor
    names = WINDOWED
    clean = FeatureEngineer(names).create_all_features(bars)[names]
    again = FeatureEngineer(names).create_all_features(spiked)[names]
    after = slice(row + 101, None)
    np.testing.assert_allclose(again.iloc[after], clean.iloc[after], rtol=1e-5, atol=1e-6)


def pandas_twins(b: pd.DataFrame) -> dict[str, pd.Series]:
    """Return features written a second time, with pandas."""
    c, h, lo, o, v = (b[k] for k in ("close", "high", "low", "open", "volume"))
    r = np.log(c).diff()
    tp = (h + lo + c) / 3
    obv = (np.sign(c.diff()) * v).fillna(0).cumsum()
    low14, high14 = lo.rolling(14).min(), h.rolling(14).max()
    flow = np.sign(tp.diff()) * tp * v
    gap, day = np.log(o / c.shift()), np.log(c / o)
    rs = np.log(h / c) * np.log(h / o) + np.log(lo / c) * np.log(lo / o)
    k = 0.34 / (1.34 + 21 / 19)
    middle = (np.log(h) + np.log(lo)) / 2
    ar = (np.log(c).shift() - middle.shift()) * (np.log(c).shift() - middle)
    taker = b["taker_buy_volume"]
    rel = v / v.rolling(50).mean()
    bulk = pd.Series(2 * scipy.stats.norm.cdf(r / r.rolling(20).std()) - 1, b.index)
    signed = bulk * rel
    return {
        "log_return_5": np.log(c / c.shift(5)),
        "return_acceleration_5": np.log(c / c.shift(5)) - np.log(c.shift(5) / c.shift(10)),
        "close_to_sma_20": c / c.rolling(20).mean() - 1,
        "close_z_50": (c - c.rolling(50).mean()) / c.rolling(50).std(),
        "close_to_high_50": c / h.rolling(50).max() - 1,
        "volume_ratio_20": v / v.rolling(20).mean(),
        "volume_trend_5_20": v.rolling(5).mean() / v.rolling(20).mean() - 1,
        "obv_balance_10": (obv - obv.shift(10)) / v.rolling(10).sum(),
        "mfi_14_scaled": flow.rolling(14).sum() / flow.abs().rolling(14).sum(),
        "close_to_vwap_20": c / ((tp * v).rolling(20).sum() / v.rolling(20).sum()) - 1,
        "volume_weighted_return_20": (r * v).rolling(20).sum() / v.rolling(20).sum(),
        "return_volume_corr_20": r.abs().rolling(20).corr(rel),
        "stoch_k_scaled": (2 * (c - low14) / (high14 - low14) - 1).rolling(3).mean(),
        "return_to_risk_10": r.rolling(10).sum() / np.sqrt(10 * (r**2).rolling(10).sum()),
        "efficiency_10": c.diff(10) / c.diff().abs().rolling(10).sum(),
        "up_share_20": np.sign(c.diff()).rolling(20).sum() / 20,
        "volatility_20": r.rolling(20).std(),
        "parkinson_20": np.sqrt((np.log(h / lo) ** 2).rolling(20).mean() / (4 * np.log(2))),
        "yang_zhang_20": np.sqrt(
            gap.rolling(20).var() + k * day.rolling(20).var() + (1 - k) * rs.rolling(20).mean()
        ),
        "bb_width_20": 4 * c.rolling(20).std(ddof=0) / c.rolling(20).mean(),
        "downside_share_20": (r.clip(upper=0) ** 2).rolling(20).sum() / (r**2).rolling(20).sum(),
        "variance_ratio_5_50": np.log(c / c.shift(5)).rolling(46).var() / (5 * r.rolling(50).var()),
        "abdi_ranaldo_20": np.sqrt((4 * ar.rolling(20).mean()).clip(lower=0)),
        "amihud_20": r.abs().rolling(20).sum() / v.rolling(20).sum() * v.rolling(50).mean(),
        "jump_share_20": (
            1 - np.pi / 2 * (r.abs() * r.abs().shift()).rolling(20).sum() / (r**2).rolling(20).sum()
        ).clip(lower=0),
        "kyle_lambda_50": r.rolling(50).cov(signed) / signed.rolling(50).var(),
        "flow_autocorr_50": signed.rolling(50).corr(signed.shift()),
        "taker_balance_5": 2 * taker.rolling(5).sum() / v.rolling(5).sum() - 1,
        "trade_count_ratio_20": b["trade_count"] / b["trade_count"].rolling(20).mean(),
        "bulk_balance_5": (bulk * v).rolling(5).sum() / v.rolling(5).sum(),
        "body": ((c - o) / (h - lo)).fillna(0),
        "is_weekend": pd.Series((b.index.day_of_week >= 5).astype(float), b.index),
        "hour_sin": np.sin(
            2 * np.pi * pd.Series(b.index.hour * 60 + b.index.minute, b.index) / 1440
        ),
        "weekday_cos": np.cos(
            2
            * np.pi
            * pd.Series(b.index.day_of_week + (b.index.hour * 60 + b.index.minute) / 1440, b.index)
            / 7
        ),
    }


def test_features_agree_with_formulas_written_in_pandas(
    bars: pd.DataFrame, made: pd.DataFrame
) -> None:
    for name, twin in pandas_twins(bars).items():
        warm = FEATURES[name].warmup
        np.testing.assert_allclose(
            made[name].iloc[warm:], twin.iloc[warm:], rtol=1e-7, atol=1e-10, err_msg=name
        )


def test_session_time_starts_anew_at_midnight_and_after_a_pause(make_bars: BarMaker) -> None:
    bars = make_bars(400, 4, start="2024-03-08 20:00")
    bars = pd.concat([bars.iloc[:30], bars.iloc[100:]])
    minutes = FeatureEngineer(["session_time"]).create_all_features(bars)["session_time"] * 1440
    assert minutes.iloc[29] == pytest.approx(29)
    assert minutes.iloc[30] == 0.0  # 21:40, after 71 minutes without bars
    assert minutes.loc["2024-03-08 23:59+00:00"] == pytest.approx(139)
    assert minutes.loc["2024-03-09 00:00+00:00"] == 0.0


def test_candles_by_hand(make_bars: BarMaker) -> None:
    bars = make_bars(4, 0)
    bars["open"] = [10.0, 12.0, 9.0, 10.0]
    bars["high"] = [12.0, 12.5, 14.0, 11.0]
    bars["low"] = [8.0, 9.5, 8.5, 9.5]
    bars["close"] = [11.0, 10.0, 13.0, 10.0]
    names = [
        "body",
        "upper_shadow",
        "lower_shadow",
        "close_location",
        "doji",
        "nesting",
        "engulfing",
    ]
    made = FeatureEngineer(names).create_all_features(bars)[names]
    assert made.iloc[0].tolist()[:5] == [0.25, 0.25, 0.5, 0.5, 0.0]
    assert made["doji"].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert made["nesting"].tolist()[1:] == [0.0, 1.0, -1.0]
    assert made["engulfing"].tolist()[1:] == [-1.0, 1.0, 0.0]


def test_real_bars_give_finite_features(test_data: Path) -> None:
    bars = pd.read_csv(test_data / "binance_1m" / "BTCUSDT_1m_Q4_2024.csv", index_col="timestamp")
    bars.index = pd.DatetimeIndex(bars.index, name="ts_open").tz_localize("UTC")
    engineer = FeatureEngineer()
    made = engineer.create_all_features(bars)
    ready = made[engineer.feature_names].iloc[100:]
    assert np.isfinite(ready.to_numpy()).all()
    assert ready.std().drop("is_weekend").min() > 0
    assert ready.abs().to_numpy().max() < 60
    head = engineer.create_all_features(bars.iloc[:31_234])[engineer.feature_names]
    assert head.equals(made[engineer.feature_names].iloc[:31_234])
