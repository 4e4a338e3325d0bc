"""Learning without leakage: purged, future-blind, judged beside baselines, reproducible."""

import re

import numpy as np
import pytest

from hftsim import BacktestConfig, LearningSettings, create_sample_bars, ml_backtest, walk_forward
from hftsim.backtest.learning import LEAST_SAMPLES, fold_bounds, learn_fold
from hftsim.core import ConfigError, Interrupted, ModelError, UnknownNameError
from hftsim.features import FeatureEngineer
from hftsim.models import LogisticBaseline

SETTINGS = LearningSettings(lookback=10, horizon=5, folds=2, importance=False)


@pytest.fixture(scope="module")
def bars():
    return create_sample_bars(2500, seed=3)


@pytest.fixture(scope="module")
def result(bars):
    return ml_backtest(bars, model="logistic", learning=SETTINGS)


def test_folds_join_up_to_the_end_of_the_data():
    settings = LearningSettings(folds=3, train_share=0.5)
    assert fold_bounds(1000, settings) == [(500, 666), (666, 833), (833, 1000)]


def test_too_few_rows_for_the_folds_are_refused():
    with pytest.raises(ModelError, match="too few for 9 folds"):
        fold_bounds(10, LearningSettings(folds=9))


def test_a_fold_never_sees_its_own_future(bars):
    features = FeatureEngineer().create_all_features(bars)
    fold = learn_fold(features, (0, 1500, 2000), LogisticBaseline, SETTINGS)
    spoilt = bars.copy()
    rng = np.random.default_rng(0)
    later = spoilt.index[1700:]
    factor = np.exp(np.cumsum(rng.normal(0, 0.01, len(later))))
    for name in ("open", "high", "low", "close"):
        spoilt.loc[later, name] *= factor
    changed = FeatureEngineer().create_all_features(spoilt)
    other = learn_fold(changed, (0, 1500, 2000), LogisticBaseline, SETTINGS)
    assert other.samples.threshold == fold.samples.threshold
    np.testing.assert_array_equal(other.signal[:200], fold.signal[:200])
    assert not np.array_equal(other.signal[200:], fold.signal[200:])


def test_training_labels_end_before_the_traded_bars(bars):
    features = FeatureEngineer().create_all_features(bars)
    fold = learn_fold(features, (0, 1500, 2000), LogisticBaseline, SETTINGS)
    train = fold.samples.split().train
    assert fold.samples.label_ends[train].max() < 1500
    assert fold.samples.rows[fold.test].min() >= 1500


def test_only_out_of_sample_bars_are_traded(bars, result):
    first = int(len(bars) * SETTINGS.train_share)
    assert result.bars["SIMUSDT"].index[0] == bars.index[first]
    assert result.summary["bars"] == len(bars) - first
    assert result.summary["simulated"] is True


def test_the_model_is_judged_beside_baselines(result):
    report = result.model_report
    assert report["model"] == "logistic"
    assert set(report["baselines"]) == {"majority", "logistic"}
    assert len(report["folds"]) == 2
    assert report["macro_f1"] == pytest.approx(report["baselines"]["logistic"]["macro_f1"])
    tested = sum(fold["test_samples"] for fold in report["folds"])
    assert report["evaluation"]["n"] == tested


def test_twice_gives_the_same_hash_and_another_seed_does_not(bars, result):
    again = ml_backtest(bars, model="logistic", learning=SETTINGS)
    assert again.run_hash == result.run_hash
    other = ml_backtest(bars, model="logistic", learning=SETTINGS, config=BacktestConfig(seed=8))
    assert other.run_hash != result.run_hash


def test_an_lstm_runs_through_and_is_reproducible(bars):
    settings = LearningSettings(lookback=8, horizon=5, folds=1, train_stride=4)
    runs = [
        ml_backtest(
            bars,
            model_params={"epochs": 2, "hidden_size": 8, "num_layers": 1},
            learning=settings,
            strategy="momentum",
        )
        for _ in range(2)
    ]
    assert runs[0].run_hash == runs[1].run_hash
    report = runs[0].model_report
    assert len(report["history"]["loss"]) <= 2
    assert len(report["feature_importance"]) == report["features"]


def test_an_unknown_model_or_strategy_is_refused_before_any_work(bars):
    with pytest.raises(UnknownNameError, match="did you mean 'lstm'"):
        ml_backtest(bars, model="lsmt")
    with pytest.raises(UnknownNameError, match="did you mean 'momentum'"):
        ml_backtest(bars, strategy="momentun")


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        LearningSettings(importance=False),
        LearningSettings(folds=5, horizon=40, train_share=0.8, train_stride=1, importance=False),
    ],
)
def test_the_number_of_rows_said_to_be_needed_is_enough_and_one_less_is_not(bars, settings):
    def run(rows):
        return ml_backtest(bars.iloc[:rows], learning=settings, model="logistic")

    with pytest.raises(ModelError, match=r"100 rows are too few: at least \d+ are needed") as told:
        run(100)
    needed = int(re.search(r"at least (\d+)", str(told.value))[1])
    with pytest.raises(ModelError, match=f"{needed - 1} rows are too few: at least {needed} are"):
        run(needed - 1)
    report = run(needed).model_report
    assert report["folds"][0]["train_samples"] >= LEAST_SAMPLES
    assert min(fold["test_samples"] for fold in report["folds"]) >= 1


def test_parts_of_a_walk_forward_that_are_too_short_name_the_number_needed(bars):
    def run(train, test):
        return walk_forward(
            bars, "ml", model="logistic", train=train, test=test, step=1000, learning=SETTINGS
        )

    with pytest.raises(ModelError, match="a training part of 100 rows is too short") as told:
        run(100, 500)
    needed = int(re.search(r"at least (\d+)", str(told.value))[1])
    with pytest.raises(ModelError, match=f"at least {needed} are needed"):
        run(needed - 1, 500)
    assert run(needed, 500).table["train_samples"].min() >= LEAST_SAMPLES
    with pytest.raises(ModelError, match=r"a test part of 5 rows .* at least 6 are needed"):
        run(1000, 5)
    assert run(1000, 6).table["test_samples"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("holes", "said"),
    [
        (slice(None, None, 12), "no window is left: the longest after the warm-up has 11 rows"),
        (slice(None, 1400, 12), r"\d windows are left to train on, .* at least 30 are needed"),
        (slice(1300, None, 12), "no window is left to test on from row .* 15 bars without a gap"),
    ],
)
def test_gaps_say_how_many_windows_they_leave(bars, holes, said):
    kept = np.ones(len(bars), dtype=bool)
    kept[holes] = False
    with pytest.raises(ModelError, match=said):
        ml_backtest(bars[kept], learning=SETTINGS, model="logistic")


def test_an_interruption_says_in_which_fold_it_came(bars):
    def stop(done, total, note=""):
        if note.startswith("fold 2"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="while training fold 2 of 2: nothing is kept"):
        ml_backtest(bars, learning=SETTINGS, model="logistic", progress=stop)


def test_constant_prices_end_in_one_sentence():
    bars = create_sample_bars(1500, seed=1)
    for name in ("open", "high", "low", "close"):
        bars[name] = 100.0
    with pytest.raises(ModelError, match=r"one class only|does not move"):
        ml_backtest(bars, learning=SETTINGS, model="logistic")


@pytest.mark.parametrize("wrong", [{"folds": 0}, {"train_share": 1.0}, {"lookback": 0}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError):
        LearningSettings(**wrong)


def test_walk_forward_rolls_and_hands_the_account_on(bars):
    found = walk_forward(bars, "mean-reversion", train=1000, test=500)
    assert found.table["fold"].tolist() == [1, 2, 3]
    assert found.table["test_start"].tolist() == [t.isoformat() for t in bars.index[1000::500][:3]]
    finals = [run.summary["final_value"] for run in found.runs]
    starts = [run.config.initial_capital for run in found.runs]
    assert starts[1:] == finals[:-1]
    assert found.equity_curve.index.is_monotonic_increasing
    assert found.total_return_pct == pytest.approx(100 * (finals[-1] / 100_000 - 1))
    assert found.table["train_return_pct"].notna().all()


def test_walk_forward_with_a_model_shows_it_beside_baselines(bars):
    found = walk_forward(
        bars, "ml", model="logistic", train=1500, test=400, learning=SETTINGS, expanding=True
    )
    assert len(found.runs) == 2
    assert {"macro_f1", "majority_macro_f1", "train_samples"} <= set(found.table.columns)
    assert found.table["train_start"].nunique() == 1


def test_overlapping_tests_are_refused(bars):
    with pytest.raises(ConfigError, match="tests would overlap"):
        walk_forward(bars, "sma-cross", train=1000, test=500, step=100)
