"""Permutation importance finds the feature that decides."""

import numpy as np
import pytest

from hftsim.core.errors import ConfigError, ModelError
from hftsim.features import FeatureEngineer, Windows, get_feature_importance

NAMES = ["noise", "signal", "other"]


class Knows:
    """Calls UP where the newest value of feature 1 is above 0."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.where(X[:, -1, 1] > 0, 2, 0)


class Sure(Knows):
    """The same with probabilities."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        up = np.where(X[:, -1, 1] > 0, 0.9, 0.1)
        return np.column_stack([1 - up, np.zeros(len(X)), up])


@pytest.fixture
def samples() -> tuple[Windows, np.ndarray]:
    values = np.random.default_rng(0).standard_normal((510, 3)).astype(np.float32)
    ends = np.arange(9, 509)
    return Windows(values, ends, 10), np.where(values[ends, 1] > 0, 2, 0)


@pytest.mark.parametrize("model", [Knows(), Sure()])
def test_the_deciding_feature_comes_first(
    model: Knows, samples: tuple[Windows, np.ndarray]
) -> None:
    X, y = samples
    table = get_feature_importance(model, X, y, names=NAMES, n_repeats=4, rng=1)
    assert table["feature"].tolist()[0] == "signal"
    assert table["importance"].tolist()[1:] == [0.0, 0.0]
    assert table["std"].iloc[0] > 0
    assert list(table.columns) == ["feature", "importance", "std"]


def test_accuracy_falls_to_chance(samples: tuple[Windows, np.ndarray]) -> None:
    X, y = samples
    table = get_feature_importance(Knows(), X, y, names=NAMES, rng=1)
    assert table.attrs["score"] == 1.0
    assert table["importance"].iloc[0] == pytest.approx(0.5, abs=0.05)
    proba = get_feature_importance(Sure(), X, y, names=NAMES, rng=1)
    assert proba.attrs["score"] == pytest.approx(np.log(0.9))


def test_the_same_seed_gives_the_same_table(samples: tuple[Windows, np.ndarray]) -> None:
    X, y = samples
    engineer = FeatureEngineer()
    seen: list[str] = []
    one = engineer.get_feature_importance(
        Knows(),
        X,
        y,
        names=NAMES,
        rng=5,
        max_samples=100,
        progress=lambda done, total, note="": seen.append(f"{done}/{total} {note}"),
    )
    two = get_feature_importance(
        Knows(), X[:], y, names=NAMES, rng=np.random.default_rng(5), max_samples=100
    )
    assert one.equals(two)
    assert seen == ["1/3 noise", "2/3 signal", "3/3 other"]
    assert not one.equals(
        get_feature_importance(Knows(), X, y, names=NAMES, rng=6, max_samples=100)
    )


def test_samples_are_left_as_they_were(samples: tuple[Windows, np.ndarray]) -> None:
    X, y = samples
    whole = X[:]
    before = whole.copy()
    get_feature_importance(Knows(), whole, y, names=NAMES, n_repeats=1)
    np.testing.assert_array_equal(whole, before)


def test_a_score_of_ones_own_and_one_repeat(samples: tuple[Windows, np.ndarray]) -> None:
    X, y = samples
    table = get_feature_importance(
        Knows(), X, y, names=NAMES, n_repeats=1, score=lambda truth, answer: 7.0
    )
    assert table["importance"].tolist() == [0.0, 0.0, 0.0]
    assert table["std"].isna().all()


def test_wrong_use_is_refused(samples: tuple[Windows, np.ndarray]) -> None:
    X, y = samples
    with pytest.raises(ConfigError, match="500 samples, y has 499"):
        get_feature_importance(Knows(), X, y[1:], names=NAMES)
    with pytest.raises(ConfigError, match="3 features, names has 1"):
        get_feature_importance(Knows(), X, y, names=["one"])
    with pytest.raises(ConfigError, match="n_repeats"):
        get_feature_importance(Knows(), X, y, names=NAMES, n_repeats=0)
    with pytest.raises(ModelError, match="neither predict_proba nor predict"):
        get_feature_importance(object(), X, y, names=NAMES)
    with pytest.raises(ModelError, match="at least 2"):
        get_feature_importance(Knows(), X.select([0]), y[:1], names=NAMES)
