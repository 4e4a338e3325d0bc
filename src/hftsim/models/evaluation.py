"""What a classifier's probabilities are worth, as plain numbers.

A figure that the sample does not define is NaN, and `reasons` says why.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hftsim.core import ModelError
from hftsim.labels import CLASS_NAMES
from hftsim.models.inputs import IntArray, check_labels

BINS = 10
_CLASSES = len(CLASS_NAMES)
_SMALLEST = float(np.finfo(np.float64).eps)


def evaluate(y_true: npt.ArrayLike, proba: npt.ArrayLike) -> dict[str, Any]:
    """Return the figures of probabilities (n, 3) against the classes that came, shape (n,).

    Returns
    -------
    dict with

    - ``n``; ``accuracy``; ``balanced_accuracy``: mean recall of the classes that occur
      (Brodersen et al. 2010, "The balanced accuracy and its posterior distribution");
    - ``macro_f1``: mean F1 of the classes that occur or are predicted (van Rijsbergen 1979);
    - ``mcc``: Matthews' coefficient for several classes, R_K (Gorodkin 2004, "Comparing two
      K-category assignments by a K-category correlation coefficient", eq. 8), in [-1, 1];
    - ``log_loss``: mean -ln p of the class that came, in nats; p below 2.2e-16 counts as that;
    - ``brier``: mean squared distance from the outcome, summed over classes (Brier 1950), in [0, 2];
    - ``ece``: expected calibration error of the likeliest class over ten equal bins (Guo et al.
      2017, "On calibration of modern neural networks", eq. 3), and ``calibration``, its bins that
      hold samples: lower, upper, n, confidence, accuracy;
    - ``confusion``: rows are the classes that came, columns the predicted, in the order of
      `CLASS_NAMES`; ``class_shares`` and ``predicted_shares``: fractions by class name;
    - ``per_class``: class name -> n, precision, recall, f1;
    - ``reasons``: name of an undefined figure -> why it is NaN.

    The predicted class is the likeliest; of equal ones the first. Raises ModelError for labels
    other than 0, 1, 2 and for rows that are not probabilities.
    """
    chances = _check_proba(proba)
    labels = check_labels(y_true, len(chances), "y_true")
    predicted = chances.argmax(axis=1)
    confusion = np.zeros((_CLASSES, _CLASSES), dtype=np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    reasons: dict[str, str] = {}
    figures = _class_figures(confusion, reasons)
    if len(labels):
        figures |= _probability_figures(labels, chances, predicted)
    else:
        reasons |= dict.fromkeys(("log_loss", "brier", "ece"), "there are no samples")
        figures |= {"log_loss": math.nan, "brier": math.nan, "ece": math.nan, "calibration": []}
    return {"n": len(labels), **figures, "confusion": confusion.tolist(), "reasons": reasons}


def _check_proba(proba: npt.ArrayLike) -> npt.NDArray[np.float64]:
    chances = np.asarray(proba, dtype=np.float64)
    if chances.ndim != 2 or chances.shape[1] != _CLASSES:
        raise ModelError(f"probabilities must have shape (n, {_CLASSES}), not {chances.shape}")
    inside = ((chances >= 0) & (chances <= 1)).all(axis=1)
    fit = inside & (np.abs(chances.sum(axis=1) - 1) <= 1e-6)
    if not fit.all():
        row = int(np.argmin(fit))
        raise ModelError(
            f"row {row} is not a distribution over {', '.join(CLASS_NAMES)}: {chances[row].tolist()}"
        )
    return chances


def _class_figures(confusion: IntArray, reasons: dict[str, str]) -> dict[str, Any]:
    came, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    hits, total = np.diag(confusion), int(confusion.sum())
    per_class = {}
    for k, name in enumerate(CLASS_NAMES):
        figures = {
            "precision": _ratio(hits[k], predicted[k]),
            "recall": _ratio(hits[k], came[k]),
            "f1": _ratio(2 * hits[k], came[k] + predicted[k]),
        }
        why = {
            "precision": f"{name} is never predicted",
            "recall": f"{name} never comes",
            "f1": f"{name} neither comes nor is predicted",
        }
        reasons |= {f"{name}.{key}": why[key] for key in figures if math.isnan(figures[key])}
        per_class[name] = {"n": int(came[k]), **figures}
    scores = {
        "accuracy": _ratio(hits.sum(), total),
        "balanced_accuracy": _mean_defined(per_class, "recall"),
        "macro_f1": _mean_defined(per_class, "f1"),
    }
    reasons |= {key: "there are no samples" for key in scores if math.isnan(scores[key])}
    return {
        **scores,
        "mcc": _mcc(confusion, reasons),
        "class_shares": _shares(came, total),
        "predicted_shares": _shares(predicted, total),
        "per_class": per_class,
    }


def _mcc(confusion: IntArray, reasons: dict[str, str]) -> float:
    came = [int(c) for c in confusion.sum(axis=1)]
    predicted = [int(c) for c in confusion.sum(axis=0)]
    total, hits = sum(came), int(np.trace(confusion))
    spread_came = total**2 - sum(c * c for c in came)
    spread_predicted = total**2 - sum(c * c for c in predicted)
    if spread_came == 0 or spread_predicted == 0:
        what = "the samples hold" if spread_came == 0 else "the model predicts"
        reasons["mcc"] = f"{what} one class only" if total else "there are no samples"
        return math.nan
    covariance = hits * total - sum(c * p for c, p in zip(came, predicted, strict=True))
    return covariance / math.sqrt(spread_came * spread_predicted)


def _probability_figures(
    labels: IntArray, chances: npt.NDArray[np.float64], predicted: IntArray
) -> dict[str, Any]:
    of_outcome = chances[np.arange(len(labels)), labels]
    outcome = np.eye(_CLASSES)[labels]
    bins = _calibration(chances.max(axis=1), predicted == labels)
    gaps = [row["n"] * abs(row["accuracy"] - row["confidence"]) for row in bins]
    return {
        "log_loss": float(-np.log(np.maximum(of_outcome, _SMALLEST)).mean()),
        "brier": float(((chances - outcome) ** 2).sum(axis=1).mean()),
        "ece": float(sum(gaps) / len(labels)),
        "calibration": bins,
    }


def _calibration(
    confidence: npt.NDArray[np.float64], hit: npt.NDArray[np.bool_]
) -> list[dict[str, Any]]:
    # bins are open below and closed above, as in the paper
    bin_of = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    rows = []
    for b in np.unique(bin_of):
        inside = bin_of == b
        rows.append(
            {
                "lower": float(b / BINS),
                "upper": float((b + 1) / BINS),
                "n": int(inside.sum()),
                "confidence": float(confidence[inside].mean()),
                "accuracy": float(hit[inside].mean()),
            }
        )
    return rows


def _ratio(part: int | np.int64, whole: int | np.int64) -> float:
    return float(part) / float(whole) if whole else math.nan


def _mean_defined(per_class: dict[str, dict[str, Any]], key: str) -> float:
    defined = [row[key] for row in per_class.values() if not math.isnan(row[key])]
    return sum(defined) / len(defined) if defined else math.nan


def _shares(counts: IntArray, total: int) -> dict[str, float]:
    return {name: _ratio(counts[k], total) for k, name in enumerate(CLASS_NAMES)}
