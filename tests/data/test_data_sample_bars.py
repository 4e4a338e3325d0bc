"""Simulated bars show what is known of real ones, on a fixed seed."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hftsim.core.bars import data_hash, gap_count, require_bars, source_of
from hftsim.core.errors import InputError, UnknownNameError
from hftsim.core.instrument import Instrument
from hftsim.data.sample import SampleMarket, create_sample_bars


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return create_sample_bars(100_000, seed=7)


@pytest.fixture(scope="module")
def returns(bars: pd.DataFrame) -> np.ndarray:
    return np.log(bars.close.to_numpy()[1:] / bars.close.to_numpy()[:-1])


def correlation_at(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])


def test_they_are_a_bar_frame_labelled_as_simulated(bars: pd.DataFrame) -> None:
    require_bars(bars)
    assert gap_count(bars) == 0
    assert source_of(bars)["simulated"] is True
    assert source_of(bars)["symbol"] == "SIMUSDT"
    assert source_of(bars)["interval_ns"] == 60 * 10**9
    assert "seed=7" in source_of(bars)["origin"]
    assert bars.index[0] == pd.Timestamp("2024-01-01", tz="UTC")
    assert set(bars.dtypes) == {np.dtype(float)}


def test_a_seed_decides_everything() -> None:
    same = [data_hash(create_sample_bars(2000, seed=3)) for _ in range(2)]
    assert same[0] == same[1]
    assert data_hash(create_sample_bars(2000, seed=4)) != same[0]


def test_tails_are_fat(returns: np.ndarray) -> None:
    assert stats.kurtosis(returns) > 5
    assert abs(stats.skew(returns)) < 1


def test_returns_do_not_predict_returns(returns: np.ndarray) -> None:
    for lag in range(1, 11):
        assert abs(correlation_at(returns, lag)) < 0.02
    assert abs(returns.mean()) < 4 * returns.std() / np.sqrt(len(returns))


def test_volatility_clusters_and_fades_slowly(returns: np.ndarray) -> None:
    sizes = np.abs(returns)
    near, hour, day = (correlation_at(sizes, lag) for lag in (1, 60, 1440))
    assert near > 0.15
    assert near > hour > 0.05
    assert hour > day > 0.02


def test_volatility_is_what_was_asked_for() -> None:
    years = [
        create_sample_bars(365 * 24, seed=seed, interval="1h").close.to_numpy() for seed in range(8)
    ]
    moves = np.concatenate([np.diff(np.log(year)) for year in years])
    assert moves.std() * np.sqrt(365 * 24) == pytest.approx(0.6, rel=0.25)


def test_the_day_has_the_shape_of_a_u(bars: pd.DataFrame) -> None:
    hours = np.asarray(bars.index.hour)
    volume = bars.volume.groupby(hours).mean()
    size = np.abs(np.log(bars.close / bars.open)).groupby(hours).mean()
    for shape in (volume, size):
        edges, middle = shape[[0, 1, 22, 23]].mean(), shape[[10, 11, 12, 13]].mean()
        assert edges > 1.3 * middle


def test_volume_moves_with_volatility(bars: pd.DataFrame) -> None:
    size = np.abs(np.log(bars.close / bars.open))
    spread = np.log(bars.high / bars.low)
    assert stats.spearmanr(size, bars.volume).statistic > 0.3
    assert stats.spearmanr(spread, bars.volume).statistic > 0.4
    assert stats.spearmanr(bars.trade_count, bars.volume).statistic > 0.9


def test_buyers_take_when_prices_rise(bars: pd.DataFrame) -> None:
    share = bars.taker_buy_volume / bars.volume
    assert stats.spearmanr(np.log(bars.close / bars.open), share).statistic > 0.4
    assert share.mean() == pytest.approx(0.5, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(1, 400),
    interval=st.sampled_from(["1s", "1m", "1h", "1d", "1w"]),
    first_price=st.sampled_from([0.00002, 1.0, 97.3, 5e6]),
    volatility=st.sampled_from([0.01, 0.6, 3.0]),
    tick=st.sampled_from(["0.00001", "0.01", "0.25"]),
)
def test_any_sample_is_valid_and_on_its_grids(
    seed: int, rows: int, interval: str, first_price: float, volatility: float, tick: str
) -> None:
    market = SampleMarket(
        first_price=first_price,
        annual_volatility=volatility,
        daily_volume=5.0,
        tick_size=tick,
        lot_size="0.001",
    )
    bars = create_sample_bars(rows, seed=seed, interval=interval, market=market)
    require_bars(bars)
    assert len(bars) == rows
    assert (bars.low > 0).all()
    assert (bars.high >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars.low <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars.open.to_numpy()[1:] == bars.close.to_numpy()[:-1]).all()
    assert (bars.volume > 0).all()
    assert bars.taker_buy_volume.between(0, bars.volume).all()
    assert (bars.trade_count >= 1).all()
    between = 1 + 1e-9
    assert (bars.notional <= bars.volume * bars.high * between).all()
    assert (bars.notional * between >= bars.volume * bars.low).all()
    rules = Instrument(symbol="SIM", tick_size=Decimal(tick), lot_size=Decimal("0.001"))
    for row in bars.iloc[:10].itertuples():
        for price in (row.open, row.high, row.low, row.close):
            assert rules.price(rules.to_ticks(price)) == price
        assert rules.qty(rules.to_lots(row.volume)) == row.volume


def test_start_symbol_and_interval_are_obeyed() -> None:
    bars = create_sample_bars(3, seed=1, symbol="abc/usdt", interval="4h", start="2023-05-06 08:00")
    assert [f"{at:%d %H}" for at in bars.index] == ["06 08", "06 12", "06 16"]
    assert source_of(bars)["symbol"] == "ABCUSDT"
    zoned = create_sample_bars(1, seed=1, start=pd.Timestamp("2023-05-06", tz="Asia/Tokyo"))
    assert zoned.index[0] == pd.Timestamp("2023-05-05 15:00", tz="UTC")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        create_sample_bars(0, seed=1)
    with pytest.raises(InputError, match="is no time"):
        create_sample_bars(1, seed=1, start="yesterdayish")
    with pytest.raises(InputError, match="beyond the year 2262"):
        create_sample_bars(100_000, seed=1, interval="1w")
    with pytest.raises(UnknownNameError, match="did you mean '1m'"):
        create_sample_bars(1, seed=1, interval="1min")
    with pytest.raises(InputError, match="annual_volatility must be above 0"):
        SampleMarket(annual_volatility=0)
    with pytest.raises(InputError, match="tick_size must be above 0"):
        SampleMarket(tick_size="0")
