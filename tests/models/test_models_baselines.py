import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from hftsim.core import Interrupted, ModelError
from hftsim.models import LogisticBaseline, MajorityBaseline, Scaler, make_model
from hftsim.models.scaling import fit_scaler

from .conftest import LazyWindows, toy


def test_majority_answers_with_the_shares_of_the_classes():
    windows, _ = toy(10)
    model = MajorityBaseline().fit(windows, [0, 0, 1, 2, 2, 2, 2, 1, 0, 2])
    np.testing.assert_allclose(model.predict_proba(windows), [[0.3, 0.2, 0.5]] * 10)
    assert set(model.predict(windows)) == {2}


@pytest.mark.parametrize("weight", ["balanced", None])
@pytest.mark.parametrize("classes", [(0, 1, 2), (0, 2), (1, 2)])
def test_logistic_equals_scikit_learn_on_the_last_step(weight, classes):
    windows, labels = toy(400, features=5, seed=2)
    windows = windows.astype(np.float64) * 50 + 1000
    mine = windows[:, -1, 0] + 30 * np.random.default_rng(1).normal(size=400)
    labels = np.digitize(mine, np.quantile(mine, [0.2, 0.7]))
    kept = np.isin(labels, classes)
    windows, labels = windows[kept], labels[kept]
    model = LogisticBaseline(class_weight=weight, clip=100.0).fit(windows, labels)
    last = StandardScaler().fit_transform(windows[:, -1]).astype(np.float32).astype(np.float64)
    theirs = LogisticRegression(class_weight=weight, max_iter=1000, tol=1e-3).fit(last, labels)
    assert model.converged_
    answers = model.predict_proba(windows)
    np.testing.assert_allclose(answers[:, list(classes)], theirs.predict_proba(last), atol=1e-6)
    assert answers[:, [c for c in range(3) if c not in classes]].sum() == 0


def test_logistic_says_when_it_did_not_converge():
    assert not LogisticBaseline(max_iter=1).fit(*toy(300)).converged_


def test_logistic_parameters_are_checked():
    with pytest.raises(ModelError, match="must be a number above 0"):
        LogisticBaseline(C=0).fit(*toy(50))
    with pytest.raises(ModelError, match="C must be a number above 0, not 'abc'"):
        make_model("logistic", C="abc")
    with pytest.raises(ModelError, match="max_iter must be a whole number from 1"):
        make_model("logistic", max_iter=2.5)
    with pytest.raises(ModelError, match="class_weight"):
        LogisticBaseline(class_weight="x").fit(*toy(50))


@pytest.mark.parametrize("model", [LogisticBaseline(), MajorityBaseline()])
def test_baselines_take_lazy_windows_and_tell_an_interrupt(model):
    values = np.random.default_rng(0).normal(size=(2500, 4)).astype(np.float32)
    lazy = LazyWindows(values, np.arange(9, 2500), 10)
    labels = np.arange(len(lazy)) % 3
    whole = lazy[np.arange(len(lazy))]
    lazy.largest_request = 0
    lazily = model.fit(lazy, labels).predict_proba(lazy)
    np.testing.assert_array_equal(lazily, model.fit(whole, labels).predict_proba(whole))
    assert lazy.largest_request <= 1024

    def stop(done, total, note=""):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="as it was"):
        model.fit(lazy, labels, progress=stop)


def test_the_scaler_equals_scikit_learn_over_all_steps_at_price_size():
    prices = 97_000 + np.random.default_rng(3).normal(size=(5000, 6, 2)) * [1e-3, 300.0]
    ours = fit_scaler(np.split(prices, [1, 700, 4000]), clip=100.0)
    theirs = StandardScaler().fit(prices.reshape(-1, 2))
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-13)
    np.testing.assert_allclose(ours.std, theirs.scale_, rtol=1e-7)


def test_the_scaler_clips_and_leaves_constants_in_their_unit():
    windows = np.array([[[1.0, 7.1], [2.0, 7.1], [3.0, 7.1]]])
    scaler = fit_scaler([windows], clip=1.5)
    np.testing.assert_allclose(scaler.mean, [2.0, 7.1])
    np.testing.assert_allclose(scaler.std, [np.sqrt(2 / 3), 1.0])
    scores = scaler.apply(np.array([[2.0, 7.1], [2.5, 8.1], [9.0, 700.0], [-9.0, -700.0]]))
    np.testing.assert_allclose(
        scores, [[0, 0], [0.5 / np.sqrt(2 / 3), 1.0], [1.5, 1.5], [-1.5, -1.5]], rtol=1e-6
    )
    assert scores.dtype == np.float32
    again = Scaler.from_dict(scaler.to_dict())
    np.testing.assert_array_equal(again.mean, scaler.mean)
