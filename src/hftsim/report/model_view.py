"""A model's evaluation beside its baselines, in the one shape that pictures and page read.

A model report is a dictionary with

- ``model``: its name;
- ``evaluation``: what `hftsim.models.evaluate` returned for it on held-out data (where it is
  missing, the report itself is taken to hold those figures);
- ``baselines``: name -> the same figures for the majority, logistic, ... baselines, or rows of
  `hftsim.models.compare`, each with its name under ``model``;
- ``history``: figure -> list over epochs; ``feature_importance``: rows of feature, importance
  and, where known, std; ``folds``: rows of plain values, one for each time it was trained;
  ``parameters``: of the model. All may be missing.

Everything else in it that is a plain value is shown as a setting.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hftsim.report.words import is_number, number

FEWEST_SAMPLES = 10
CLASS_NAMES = ("DOWN", "FLAT", "UP")
FIGURES = {
    "accuracy": ("accuracy", True, "share of bars whose class was foretold"),
    "balanced_accuracy": ("balanced accuracy", True, "mean recall of the classes"),
    "macro_f1": ("macro F1", True, "mean F1 of the classes"),
    "mcc": ("MCC", True, "Matthews correlation: 0 is guessing, 1 is perfect"),
    "log_loss": ("log loss", False, "surprise of the stated probabilities; lower is better"),
    "brier": ("Brier score", False, "squared error of the probabilities; lower is better"),
    "ece": ("calibration error", False, "stated confidence against hit rate; lower is better"),
}
_OWN = {
    "model",
    "name",
    "evaluation",
    "baselines",
    "history",
    "feature_importance",
    "reasons",
    *FIGURES,
    "confusion",
    "calibration",
    "per_class",
    "class_shares",
    "predicted_shares",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelView:
    """One model's figures beside its baselines'.

    Parameters
    ----------
    name : of the model.
    figures : name -> the figures of `hftsim.models.evaluate`; the model first, then baselines.
    history : figure -> values by epoch.
    importance : columns feature, importance and perhaps std, most important first.
    folds : one mapping for each time the model was trained.
    settings : the model's parameters and the report's other plain values.
    """

    name: str
    figures: Mapping[str, Mapping[str, Any]]
    history: Mapping[str, Sequence[float]]
    importance: pd.DataFrame
    folds: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]

    @property
    def own(self) -> Mapping[str, Any]:
        """The model's own figures."""
        return self.figures[self.name]

    @property
    def baselines(self) -> dict[str, Mapping[str, Any]]:
        """The baselines' figures by name."""
        return {name: f for name, f in self.figures.items() if name != self.name}


def model_view(report: Mapping[str, Any]) -> ModelView:
    """Return a model report in the shape that is drawn; see the module's first lines."""
    name = str(report.get("model") or report.get("name") or "model")
    own = report.get("evaluation") or report
    given, folds = report.get("baselines") or {}, report.get("folds")
    folds = folds if isinstance(folds, Sequence) else []
    baselines = given if isinstance(given, Mapping) else {str(row["model"]): row for row in given}
    figures = {name: own, **{k: v for k, v in baselines.items() if k != name}}
    return ModelView(
        name=name,
        figures=figures,
        history=history_columns(report.get("history")),
        importance=importance_frame(report.get("feature_importance")),
        folds=[fold for fold in folds if isinstance(fold, Mapping)],
        settings={
            key: value
            for key, value in {**report, **(report.get("parameters") or {})}.items()
            if key not in _OWN and (value is None or isinstance(value, str | int | float | bool))
        },
    )


def calibration_bins(figures: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the calibration bins that hold enough samples to say anything."""
    return [b for b in figures.get("calibration") or [] if b.get("n", 0) >= FEWEST_SAMPLES]


def history_columns(history: Any) -> dict[str, list[float]]:
    """Return training history as figure -> list over epochs, whatever it came as."""
    if history is None:
        return {}
    if isinstance(history, pd.DataFrame):
        frame = history
    else:
        frame = pd.DataFrame(history if isinstance(history, Mapping) else list(history))
    numbers = frame.select_dtypes("number").drop(columns="epoch", errors="ignore")
    return {str(name): numbers[name].astype(float).tolist() for name in numbers.columns}


def importance_frame(importance: Any) -> pd.DataFrame:
    """Return columns feature, importance (and std), most important first."""
    if importance is None or len(importance) == 0:
        return pd.DataFrame({"feature": [], "importance": []})
    if isinstance(importance, Mapping | pd.Series):
        pairs = dict(importance)
        importance = pd.DataFrame({"feature": list(pairs), "importance": list(pairs.values())})
    frame = pd.DataFrame(importance)
    if "feature" not in frame.columns:
        frame = frame.rename_axis("feature").reset_index()
    if "importance" not in frame.columns:
        spare = [c for c in frame.select_dtypes("number").columns if c != "std"]
        frame = frame.rename(columns={spare[0]: "importance"} if spare else {})
    return frame.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def honest_sentence(view: ModelView) -> str:
    """Return whether the model beats its baselines out of sample, with both figures."""
    key = "macro_f1"
    own = view.own.get(key)
    rivals = {n: f.get(key) for n, f in view.baselines.items() if is_number(f.get(key))}
    if not is_number(own) or not rivals:
        return f"{view.name} has no baseline figures to be compared with."
    best = max(rivals, key=lambda name: float(rivals[name]))  # type: ignore[arg-type]
    theirs = float(rivals[best])  # type: ignore[arg-type]
    mine = float(own)  # type: ignore[arg-type]
    shown = f"macro F1 {number(mine, 3)} against {number(theirs, 3)} of the {best} baseline"
    if mine <= theirs:
        return (
            f"On held-out data {view.name} does not beat its baselines: {shown}. "
            "Treat its signals as unproven."
        )
    mcc = view.own.get("mcc")
    if is_number(mcc) and float(mcc) < 0.02:  # type: ignore[arg-type]
        return (
            f"On held-out data {view.name} is ahead of its baselines ({shown}), but its "
            f"correlation with what came is nearly nil (MCC {number(mcc, 3)})."
        )
    return f"On held-out data {view.name} is ahead of every baseline: {shown}."
