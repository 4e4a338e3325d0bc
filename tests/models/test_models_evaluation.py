import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import sklearn.metrics as skm
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core import ModelError
from hftsim.models import LogisticBaseline, MajorityBaseline, compare, evaluate

from .conftest import toy


def soft(logits):
    chances = np.exp(logits)
    return chances / chances.sum(axis=1, keepdims=True)


@st.composite
def answers(draw):
    n = draw(st.integers(2, 40))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2)))
    logits = draw(hnp.arrays(np.float64, (n, 3), elements=st.floats(-5, 5)))
    return labels, soft(logits)


@settings(deadline=None, max_examples=150)
@given(answers())
def test_figures_equal_scikit_learn(case):
    labels, chances = case
    predicted = chances.argmax(axis=1)
    ours = evaluate(labels, chances)
    known = np.unique(labels)
    assert ours["accuracy"] == pytest.approx(skm.accuracy_score(labels, predicted))
    recall = skm.recall_score(labels, predicted, labels=known, average="macro", zero_division=0)
    assert ours["balanced_accuracy"] == pytest.approx(recall)
    assert ours["macro_f1"] == pytest.approx(skm.f1_score(labels, predicted, average="macro"))
    assert ours["confusion"] == skm.confusion_matrix(labels, predicted, labels=[0, 1, 2]).tolist()
    assert ours["log_loss"] == pytest.approx(skm.log_loss(labels, chances, labels=[0, 1, 2]))
    brier = skm.brier_score_loss(labels, chances, labels=[0, 1, 2], scale_by_half=False)
    assert ours["brier"] == pytest.approx(brier)
    if len(known) == 1 or len(np.unique(predicted)) == 1:
        assert math.isnan(ours["mcc"])
        assert "one class only" in ours["reasons"]["mcc"]
    else:
        assert ours["mcc"] == pytest.approx(skm.matthews_corrcoef(labels, predicted), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(answers())
def test_per_class_figures_equal_scikit_learn_or_say_why_not(case):
    labels, chances = case
    predicted = chances.argmax(axis=1)
    ours = evaluate(labels, chances)
    theirs = skm.precision_recall_fscore_support(
        labels, predicted, labels=[0, 1, 2], zero_division=np.nan
    )
    for k, name in enumerate(("DOWN", "FLAT", "UP")):
        row = ours["per_class"][name]
        assert row["n"] == theirs[3][k]
        for key, column in zip(("precision", "recall", "f1"), theirs[:3], strict=True):
            assert row[key] == pytest.approx(column[k], nan_ok=True)
            assert math.isnan(row[key]) == (f"{name}.{key}" in ours["reasons"])


def test_calibration_by_hand():
    chances = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.75, 0.15, 0.1], [0.1, 0.0, 0.9]]
    figures = evaluate([0, 1, 2, 2], chances)
    assert figures["calibration"] == [
        {"lower": 0.6, "upper": 0.7, "n": 1, "confidence": 0.7, "accuracy": 1.0},
        {"lower": 0.7, "upper": 0.8, "n": 2, "confidence": pytest.approx(0.775), "accuracy": 0.5},
        {"lower": 0.8, "upper": 0.9, "n": 1, "confidence": 0.9, "accuracy": 1.0},
    ]
    assert figures["ece"] == pytest.approx((0.3 + 2 * 0.275 + 0.1) / 4)
    assert figures["class_shares"] == {"DOWN": 0.25, "FLAT": 0.25, "UP": 0.5}
    assert figures["predicted_shares"] == {"DOWN": 0.5, "FLAT": 0.25, "UP": 0.25}
    assert figures["log_loss"] == pytest.approx(
        -(math.log(0.8) + math.log(0.7) + math.log(0.1) + math.log(0.9)) / 4
    )


def test_a_certain_wrong_answer_costs_much_but_not_infinitely():
    figures = evaluate([0, 1], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    assert figures["log_loss"] == pytest.approx(-math.log(2.220446049250313e-16) / 2)
    assert figures["brier"] == 1.0


def test_nothing_to_judge_is_undefined_with_reasons():
    figures = evaluate([], np.empty((0, 3)))
    assert figures["n"] == 0
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "log_loss", "brier", "ece"):
        assert math.isnan(figures[name])
        assert figures["reasons"][name] == "there are no samples"


@pytest.mark.parametrize(
    ("chances", "message"),
    [
        ([[0.5, 0.5]], r"shape \(n, 3\)"),
        ([[0.5, 0.4, 0.0]], "row 0 is not a distribution"),
        ([[1.5, -0.5, 0.0]], "row 0"),
        ([[np.nan, 0.5, 0.5]], "row 0"),
    ],
)
def test_answers_that_are_not_probabilities_are_refused(chances, message):
    with pytest.raises(ModelError, match=message):
        evaluate([0], chances)


def test_compare_trains_what_is_not_trained_and_judges_all():
    windows, labels = toy(400)
    ready = LogisticBaseline().fit(windows[:300], labels[:300])
    weights = ready.coef_.copy()
    steps = []
    rows = compare(
        {"logistic": ready, "majority": MajorityBaseline()},
        windows[:300],
        labels[:300],
        windows[300:],
        labels[300:],
        progress=lambda done, total, note="": steps.append((done, total)),
    )
    assert [r["model"] for r in rows] == ["logistic", "majority"]
    assert [r["class"] for r in rows] == ["LogisticBaseline", "MajorityBaseline"]
    assert (
        rows[0]["macro_f1"]
        == evaluate(labels[300:], ready.predict_proba(windows[300:]))["macro_f1"]
    )
    assert "mcc" in rows[1]["reasons"]
    np.testing.assert_array_equal(ready.coef_, weights)
    assert steps == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(ModelError, match="no model"):
        compare({}, windows, labels, windows, labels)
