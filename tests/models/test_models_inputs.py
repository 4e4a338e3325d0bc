import numpy as np
import pytest

from hftsim.core import ModelError
from hftsim.models import LogisticBaseline, LSTMPredictor, MajorityBaseline

from .conftest import LazyWindows, toy

MODELS = [
    LSTMPredictor(hidden_size=4, num_layers=1, epochs=1),
    LogisticBaseline(),
    MajorityBaseline(),
]
pytestmark = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite_are_refused_with_their_feature(model, bad):
    windows, labels = toy(60)
    windows = windows.astype(np.float64)
    windows[50, 2, 1] = bad
    with pytest.raises(ModelError, match="sample 50, step 2, feature 1"):
        model.fit(windows, labels, validation_data=toy(20))


def test_the_name_of_the_feature_is_told_where_it_is_known(model):
    values = np.ones((40, 2), dtype=np.float32)
    values[20, 1] = np.nan
    lazy = LazyWindows(values, np.arange(4, 40), 5, feature_names=["rsi_14", "vpin"])
    with pytest.raises(ModelError, match=r"feature 1 \(vpin\)"):
        model.fit(lazy, np.arange(36) % 3, validation_data=(lazy, np.arange(36) % 3))


def test_nan_is_refused_in_validation_and_prediction(model):
    windows, labels = toy(60)
    holed = windows.copy()
    holed[3, 0, 2] = np.nan
    with pytest.raises(ModelError, match="sample 3, step 0, feature 2"):
        model.fit(windows, labels, validation_data=(holed, labels))
    with pytest.raises(ModelError, match="sample 3, step 0, feature 2"):
        model.fit(windows, labels).predict(holed)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(60, 2), "holds only UP; at least two classes"),
        (np.r_[np.zeros(59), 3], "holds 3.0 at sample 59; classes are 0"),
        (np.r_[np.zeros(59), np.nan], "holds nan at sample 59"),
        (np.zeros(59), r"must have shape \(60,\) as X has, it has \(59,\)"),
        (np.array(["UP"] * 60), "must hold the classes 0, 1, 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(model, labels, message):
    with pytest.raises(ModelError, match=message):
        model.fit(toy(60)[0], labels)


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (np.zeros((60, 3)), r"three dimensions .* shape \(60, 3\)"),
        (np.zeros((60, 5, 0)), "three dimensions"),
        ([[1.0, 2.0]] * 60, "not list"),
        (np.full((60, 5, 3), "a"), "must hold numbers"),
    ],
)
def test_windows_that_do_not_fit_are_refused(model, windows, message):
    with pytest.raises(ModelError, match=message):
        model.fit(windows, np.arange(60) % 3)


def test_no_samples_are_refused(model):
    with pytest.raises(ModelError, match=r"0 samples.* no sample at all"):
        model.fit(np.zeros((0, 5, 3)), np.zeros(0))


def test_other_features_or_lookback_are_refused_with_both_numbers(model):
    windows, labels = toy(60)
    model.fit(windows, labels)
    with pytest.raises(ModelError, match="trained on 3 features and is given 2"):
        model.predict(windows[:, :, :2])
    with pytest.raises(ModelError, match="windows of 8 steps and is given 5"):
        model.predict(windows[:, :5])
    with pytest.raises(
        ModelError, match=r"validation windows have .*\(8, 2\), training .*\(8, 3\)"
    ):
        model.fit(windows, labels, validation_data=(windows[:, :, :2], labels))
    with pytest.raises(ModelError, match="no validation samples"):
        model.fit(windows, labels, validation_data=(windows[:0], labels[:0]))


def test_other_feature_names_are_refused(model):
    windows, labels = toy(60)
    model.fit(windows, labels, feature_names=["sma_20", "rsi_14", "vpin"])
    model.check_features(["sma_20", "rsi_14", "vpin"])
    with pytest.raises(ModelError) as refused:
        model.check_features(["sma_20", "rsi_21"])
    assert str(refused.value) == (
        "the model was trained on 3 features and is given 2; first difference at feature 1: "
        "trained on 'rsi_14', given 'rsi_21'; missing: rsi_14, vpin; not known to it: rsi_21; "
        "make the same features again, or train anew"
    )
    with pytest.raises(ModelError, match="given nothing"):
        model.check_features(["sma_20", "rsi_14"])
    with pytest.raises(ModelError, match="2 feature names are given for 3 features"):
        model.fit(windows, labels, feature_names=["a", "b"])


def test_names_that_travel_with_the_windows_are_checked(model):
    values = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    labels = np.arange(36) % 3
    model.fit(LazyWindows(values, np.arange(4, 40), 5, ["a", "b"]), labels)
    with pytest.raises(ModelError, match="trained on 'a', given 'b'"):
        model.predict(LazyWindows(values, np.arange(4, 40), 5, ["b", "a"]))
    model.fit(*toy(60))
    with pytest.raises(ModelError, match="without feature names"):
        model.check_features(["a", "b", "c"])
