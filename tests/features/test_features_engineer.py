"""The feature engineer's doors: what it takes, gives and refuses."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hftsim.core.bars import with_source
from hftsim.core.errors import ConfigError, DataError, UnknownNameError
from hftsim.features import FEATURES, DataPreprocessor, FeatureEngineer

BarMaker = Callable[..., pd.DataFrame]


def test_the_input_comes_first_and_is_left_alone(make_bars: BarMaker) -> None:
    bars = with_source(make_bars(150), symbol="BTCUSDT", simulated=True)
    before = bars.copy()
    made = FeatureEngineer().create_all_features(bars)
    assert list(made.columns) == [*bars.columns, *FeatureEngineer().feature_names]
    pd.testing.assert_frame_equal(bars, before)
    pd.testing.assert_frame_equal(made[list(bars.columns)], bars)
    assert made.attrs["source"] == {"symbol": "BTCUSDT", "simulated": True}
    assert (made.dtypes == np.float64).all()


def test_indicators_pass_through(make_bars: BarMaker) -> None:
    processed = DataPreprocessor().preprocess_pipeline(make_bars(300))
    made = FeatureEngineer().create_all_features(processed)
    assert "sma_20" in made
    assert made.columns.is_unique
    assert made["sma_20"].equals(processed["sma_20"])


def test_made_twice_is_made_once(make_bars: BarMaker) -> None:
    once = FeatureEngineer().create_all_features(make_bars(150))
    pd.testing.assert_frame_equal(FeatureEngineer().create_all_features(once), once)


def test_taker_features_come_with_taker_columns(make_bars: BarMaker) -> None:
    engineer = FeatureEngineer()
    rich = make_bars(150, taker=True)
    assert "taker_vpin" not in engineer.feature_names
    assert "taker_vpin" in engineer.names_for(rich)
    assert set(engineer.names_for(rich)) == set(FEATURES)
    with pytest.raises(DataError, match="'taker_vpin' needs the column 'taker_buy_volume'"):
        FeatureEngineer(["taker_vpin"]).create_all_features(make_bars(150))


def test_only_the_features_asked_for_are_made_in_their_order(make_bars: BarMaker) -> None:
    engineer = FeatureEngineer(["toxicity_x_volatility", "body", "vpin"])
    bars = make_bars(150)
    made = engineer.create_all_features(bars)
    assert list(made.columns)[5:] == engineer.feature_names == list(engineer.features or ())
    whole = FeatureEngineer().create_all_features(bars)
    assert made.equals(whole[made.columns])


def test_names_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'rsi_14_scaled'"):
        FeatureEngineer(["rsi_14_scale"])
    with pytest.raises(ConfigError, match="twice"):
        FeatureEngineer(["body", "body"])
    with pytest.raises(ConfigError, match="no name"):
        FeatureEngineer([])


def test_frames_shorter_than_the_warmup_are_all_warmup(make_bars: BarMaker) -> None:
    made = FeatureEngineer().create_all_features(make_bars(1))
    assert made["log_return_1"].isna().all()
    assert made["body"].notna().all()


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("close", 0.0, "row 7, column 'close': 0.0 is not a finite number above 0"),
        ("low", -1.0, "row 7, column 'low'"),
        ("volume", -1.0, "row 7, column 'volume': -1.0 is not a finite number, 0 or above"),
        ("taker_buy_volume", np.nan, "row 7, column 'taker_buy_volume'"),
        ("high", np.inf, "row 7, column 'high'"),
    ],
)
def test_values_that_cannot_be_are_named(
    make_bars: BarMaker, column: str, value: float, sentence: str
) -> None:
    bars = make_bars(50, taker=True)
    bars.iloc[7, bars.columns.get_loc(column)] = value
    with pytest.raises(DataError, match=sentence):
        FeatureEngineer().create_all_features(bars)


def test_numbers_that_overflow_are_refused(make_bars: BarMaker) -> None:
    bars = make_bars(150)
    bars.iloc[120] = 1e308
    with pytest.raises(DataError, match="too large"):
        FeatureEngineer().create_all_features(bars)
    with pytest.raises(DataError, match="too large"):
        DataPreprocessor().add_technical_indicators(bars)


def test_no_bars_are_refused(make_bars: BarMaker) -> None:
    with pytest.raises(DataError, match="no bars"):
        FeatureEngineer().create_all_features(make_bars(3).iloc[:0])
    with pytest.raises(DataError, match="lack the column 'volume'"):
        FeatureEngineer().create_all_features(make_bars(3).drop(columns="volume"))
