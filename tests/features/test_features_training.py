"""Training data: windows inside one run, labels fitted on the past, errors that name numbers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.errors import ConfigError, DataError, ModelError
from hftsim.features import FeatureEngineer, TrainingSet, prediction_windows, training_set
from hftsim.labels import DOWN, FLAT, UP

BarMaker = Callable[..., pd.DataFrame]
NAMES = ["log_return_1", "body", "volume_ratio_5"]  # warm-up 4
MINUTE = pd.Timedelta("1min")


@pytest.fixture(scope="module")
def frame(make_bars: BarMaker) -> pd.DataFrame:
    return FeatureEngineer(NAMES).create_all_features(make_bars(400, 5))


def test_samples_are_the_rows_of_their_windows(frame: pd.DataFrame) -> None:
    chosen = training_set(frame, 6, 2)
    assert chosen.names == tuple(NAMES)
    assert chosen.rows.tolist() == list(range(4 + 5, 400 - 2))
    assert chosen.label_ends.tolist() == (chosen.rows + 2).tolist()
    assert chosen.train_end == 280
    close = frame["close"].to_numpy()
    for k in (0, 17, -1):
        row = chosen.rows[k]
        np.testing.assert_array_equal(
            chosen.X[k], frame[NAMES].iloc[row - 5 : row + 1].to_numpy(np.float32)
        )
        move = close[row + 2] / close[row] - 1
        expected = UP if move > chosen.threshold else DOWN if move < -chosen.threshold else FLAT
        assert chosen.y[k] == expected


def test_prepare_training_data_gives_the_same_as_arrays(frame: pd.DataFrame) -> None:
    X, y, names = FeatureEngineer().prepare_training_data(frame, lookback=6, horizon=2)
    chosen = training_set(frame, 6, 2)
    assert (X.shape, X.dtype, y.dtype) == ((389, 6, 3), np.float32, np.int64)
    np.testing.assert_array_equal(X, chosen.X[:])
    np.testing.assert_array_equal(y, chosen.y)
    assert names == NAMES
    assert FeatureEngineer(["body"]).prepare_training_data(frame)[0].shape[2] == 1


def test_the_split_is_purged(frame: pd.DataFrame) -> None:
    chosen = training_set(frame, 6, 3, train_end=200)
    train, test = chosen.split(embargo=6)
    assert chosen.label_ends[train].max() == 199
    assert chosen.rows[test].min() == 206


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(1, 119), st.integers(2, 5000)), max_size=12),
    lookback=st.integers(1, 12),
    horizon=st.integers(1, 6),
)
def test_no_window_and_no_label_crosses_a_gap(
    make_bars: BarMaker, gaps: list[tuple[int, int]], lookback: int, horizon: int
) -> None:
    bars = make_bars(120, 6)
    steps = np.ones(120, dtype=np.int64)
    for row, minutes in gaps:
        steps[row] = minutes
    minutes_at = np.cumsum(steps)
    bars.index = pd.DatetimeIndex(bars.index[0] + minutes_at * MINUTE, name="ts_open")
    bars.attrs["source"] = {"interval_ns": 60_000_000_000}
    made = FeatureEngineer(NAMES).create_all_features(bars)
    valid = [
        row
        for row in range(4 + lookback - 1, 120)
        if minutes_at[row] - minutes_at[row - lookback + 1] == lookback - 1
    ]
    known = [
        row
        for row in valid
        if row + horizon < 120 and minutes_at[row + horizon] - minutes_at[row] == horizon
    ]
    if valid:
        assert prediction_windows(made, lookback).ends.tolist() == valid
    if not known:
        with pytest.raises(ModelError, match="no unbroken run"):
            training_set(made, lookback, horizon, train_end=120)
        return
    if len(known) >= 20:  # fewer may be of one class, which is refused
        chosen = training_set(made, lookback, horizon, train_end=120)
        assert chosen.rows.tolist() == known


def test_the_threshold_does_not_see_what_comes_after_training(frame: pd.DataFrame) -> None:
    chosen = training_set(frame, 6, 2, train_end=200)
    other = frame.copy()
    other.iloc[200:, other.columns.get_loc("close")] *= np.linspace(1, 3, 200)
    again = training_set(other, 6, 2, train_end=200)
    assert again.threshold == chosen.threshold
    known = chosen.label_ends < 200
    assert again.y[known].tolist() == chosen.y[known].tolist()
    other = frame.copy()
    other.iloc[100:150, other.columns.get_loc("close")] *= np.linspace(1, 3, 50)
    assert training_set(other, 6, 2, train_end=200).threshold != chosen.threshold


def test_the_training_part_ends_at_a_row_or_a_time(frame: pd.DataFrame) -> None:
    by_row = training_set(frame, 6, train_end=200)
    times = [frame.index[200], str(frame.index[200]), "2024-03-08 21:19:30"]
    for time in times:
        assert training_set(frame, 6, train_end=time).threshold == by_row.threshold
    for bad in (0, -5, 401, "1999-01-01", "whenever", True):
        with pytest.raises(ConfigError, match="train_end"):
            training_set(frame, 6, train_end=bad)


def test_a_given_threshold_is_kept_and_shares_can_be_chosen(frame: pd.DataFrame) -> None:
    assert training_set(frame, 6, threshold=0.002).threshold == 0.002
    narrow = training_set(frame, 6, flat_share=0.2)
    assert np.mean(narrow.y == FLAT) < np.mean(training_set(frame, 6, flat_share=0.6).y == FLAT)


def test_too_few_rows_are_refused_with_the_number_needed(frame: pd.DataFrame) -> None:
    with pytest.raises(
        ModelError, match=r"11 rows are too few: at least 12 are needed \(warm-up 4"
    ):
        training_set(frame.iloc[:11], 6, 2)
    with pytest.raises(ModelError, match="1 rows are too few"):
        training_set(frame.iloc[:1], 6, 2)
    with pytest.raises(ModelError, match="at least 10 are needed"):
        prediction_windows(frame.iloc[:9], 6)
    assert len(prediction_windows(frame.iloc[:10], 6)) == 1


def test_the_declared_warmup_counts_where_nothing_is_defined(make_bars: BarMaker) -> None:
    made = FeatureEngineer().create_all_features(make_bars(60))
    with pytest.raises(
        ModelError, match=r"130 are needed \(warm-up 99 \+ look-back 30 \+ horizon 1"
    ):
        training_set(made)


def test_runs_that_are_all_too_short_are_named(make_bars: BarMaker) -> None:
    bars = make_bars(60)
    pauses = np.arange(60) // 10 * pd.Timedelta("2h")
    bars.index = pd.DatetimeIndex(bars.index + pauses, name="ts_open")
    made = FeatureEngineer(NAMES).create_all_features(bars)
    with pytest.raises(ModelError, match="longest after the warm-up has 10 rows, 11 are needed"):
        training_set(made, 10, 1)


def test_one_class_only_is_refused(make_bars: BarMaker) -> None:
    bars = make_bars(100)
    bars[["open", "high", "low", "close"]] = 7.0
    made = FeatureEngineer(NAMES).create_all_features(bars)
    with pytest.raises(ModelError, match="one class only, FLAT"):
        training_set(made, 5)
    with pytest.raises(ModelError, match="no sample lies in the training part"):
        training_set(FeatureEngineer(NAMES).create_all_features(make_bars(100)), 5, train_end=6)


def test_frames_that_cannot_be_used_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="column 'close'"):
        training_set(frame.drop(columns="close"))
    with pytest.raises(DataError, match="no feature column"):
        training_set(frame.drop(columns=NAMES))
    with pytest.raises(DataError, match="lacks the feature column 'rsi'"):
        training_set(frame, names=["rsi"])
    with pytest.raises(ConfigError, match="lookback"):
        training_set(frame, 0)
    with pytest.raises(ConfigError, match="horizon"):
        training_set(frame, 5, 0)
    holed = frame.copy()
    holed.iloc[50, holed.columns.get_loc("body")] = np.nan
    with pytest.raises(DataError, match="row 50, column 'body'"):
        training_set(holed, 5)


def test_columns_of_ones_own_can_be_features(frame: pd.DataFrame) -> None:
    mine = frame.assign(mine=np.arange(400.0))
    chosen = training_set(mine, 3, names=["mine", "body"])
    assert chosen.names == ("mine", "body")
    assert chosen.X[0][:, 0].tolist() == [0.0, 1.0, 2.0]


def assert_whole(chosen: TrainingSet, rows: int) -> None:
    assert chosen.X.shape[0] == len(chosen.y) == len(chosen.rows)
    assert np.isfinite(chosen.X.values).all()
    assert set(np.unique(chosen.y)) == {DOWN, FLAT, UP}
    assert chosen.label_ends.max() < rows


def test_real_crypto_bars(test_data: Path) -> None:
    bars = pd.read_csv(test_data / "binance_1m" / "BTCUSDT_1m_Q4_2024.csv", index_col="timestamp")
    bars.index = pd.DatetimeIndex(bars.index, name="ts_open").tz_localize("UTC")
    chosen = training_set(FeatureEngineer().create_all_features(bars))
    assert_whole(chosen, len(bars))
    assert len(chosen.y) > 49_000
    shares = np.bincount(chosen.y[chosen.split().train]) / len(chosen.split().train)
    assert np.all(np.abs(shares - 1 / 3) < 0.03)


def test_sessions_of_equities_leave_samples(test_data: Path) -> None:
    bars = pd.read_csv(test_data / "us_equity_1m" / "AAPL_1min.csv", index_col="datetime")
    stamps = pd.DatetimeIndex(bars.index).tz_localize("America/New_York").tz_convert("UTC")
    bars.index = pd.DatetimeIndex(stamps - MINUTE, name="ts_open")
    bars = bars.sort_index()
    chosen = training_set(FeatureEngineer().create_all_features(bars))
    assert_whole(chosen, len(bars))
    days = bars.index.tz_convert("America/New_York").date
    assert np.array_equal(days[chosen.rows - 29], days[chosen.label_ends])
    assert len(chosen.y) > 1500
