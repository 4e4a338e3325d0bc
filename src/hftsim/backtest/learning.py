"""Trains models on one stretch of bars and predicts the next, never the other way round."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hftsim.core.errors import ConfigError, ModelError
from hftsim.core.progress import Progress, no_progress
from hftsim.features import TrainingSet, prediction_windows, training_set
from hftsim.models import LogisticBaseline, MajorityBaseline, evaluate
from hftsim.strategies.signals import signal_of

if TYPE_CHECKING:
    import pandas as pd

    from hftsim.models import WindowClassifier

MakeModel = Callable[[], "WindowClassifier"]
VALIDATION_SHARE = 0.15


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearningSettings:
    """What is learnt, from what, and how it is judged.

    Parameters
    ----------
    lookback : bars of a window.
    horizon : bars ahead that the label looks.
    folds : stretches of out-of-sample bars, each predicted by a model trained on all bars before.
    train_share : part of the bars before the first out-of-sample bar.
    flat_share : part of the training returns that counts as FLAT.
    train_stride : every so many-th training sample is used: labels that look `horizon` bars ahead
        overlap, so neighbours repeat each other (Lopez de Prado 2018, chapter 4).
    importance : whether permutation importance is computed on the last fold.
    """

    lookback: int = 30
    horizon: int = 15
    folds: int = 3
    train_share: float = 0.55
    flat_share: float = 1 / 3
    train_stride: int = 3
    importance: bool = True

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        for name in ("lookback", "horizon", "folds", "train_stride"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, not {getattr(self, name)}")
        for name in ("train_share", "flat_share"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"{name} must be between 0 and 1, not {getattr(self, name)}")


class Fold(NamedTuple):
    """What one model learnt and foresaw.

    `signal` is P(up) - P(down) for the fold's bars (NaN without a full window); `labels` and
    `probabilities` (by model name) cover the bars whose label is known.
    """

    begin: int
    end: int
    signal: np.ndarray
    labels: np.ndarray
    probabilities: dict[str, np.ndarray]
    model: "WindowClassifier"
    samples: TrainingSet
    test: np.ndarray
    train_samples: int


def fold_bounds(rows: int, settings: LearningSettings) -> list[tuple[int, int]]:
    """Return (first, end) rows of each out-of-sample stretch, joined up to the end of the data."""
    first = int(rows * settings.train_share)
    edges = np.linspace(first, rows, settings.folds + 1).astype(int).tolist()
    if min(np.diff(edges)) < 1:
        raise ModelError(f"{rows} rows are too few for {settings.folds} folds")
    return list(itertools.pairwise(edges))


def learn_fold(
    features: "pd.DataFrame",
    bounds: tuple[int, int, int],
    make: MakeModel,
    settings: LearningSettings,
    progress: Progress = no_progress,
) -> Fold:
    """Train on rows [start, begin), predict rows [begin, end).

    Training labels end before `begin` (purged); the last part of the training stretch, purged
    likewise, judges the epochs. Threshold, scaler and model see the training stretch only.

    Parameters
    ----------
    features : frame from `FeatureEngineer.create_all_features`, for all bars.
    bounds : start, begin, end.
    make : returns an untrained model.
    """
    start, begin, end = bounds
    part = features.iloc[start:end]
    samples = training_set(
        part,
        settings.lookback,
        settings.horizon,
        train_end=begin - start,
        flat_share=settings.flat_share,
    )
    split = samples.split()
    fit, validation = _validation_split(samples, split.train)
    fit = fit[:: settings.train_stride]
    models = _fitted(make(), samples, fit, validation, progress)
    model = models["model"]
    model.extras_ = {"label_threshold": samples.threshold, "horizon": settings.horizon}
    test = samples.X.select(split.test)
    ahead = prediction_windows(part, settings.lookback, names=samples.names)
    ahead = ahead.select(np.flatnonzero(ahead.ends >= begin - start))
    signal = signal_of(model.predict_proba(ahead), ahead.ends, len(part))[begin - start :]
    return Fold(
        begin=begin,
        end=end,
        signal=signal,
        labels=samples.y[split.test],
        probabilities={name: m.predict_proba(test) for name, m in models.items()},
        model=model,
        samples=samples,
        test=split.test,
        train_samples=len(fit),
    )


def _fitted(
    model: "WindowClassifier",
    samples: TrainingSet,
    fit: np.ndarray,
    validation: np.ndarray,
    progress: Progress,
) -> "dict[str, WindowClassifier]":
    """Return the model and its baselines by name, all trained on the same samples."""
    models = {"model": model, "majority": MajorityBaseline(), "logistic": LogisticBaseline()}
    held = samples.X.select(validation), samples.y[validation]
    for name, each in models.items():
        each.fit(
            samples.X.select(fit),
            samples.y[fit],
            validation_data=held,
            feature_names=samples.names,
            progress=progress if name == "model" else no_progress,
        )
    return models


def _validation_split(samples: TrainingSet, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    border = int(len(train) * (1.0 - VALIDATION_SHARE))
    if border < 1 or border >= len(train):
        raise ModelError(f"{len(train)} training samples are too few to hold any back for judging")
    row = samples.rows[train[border]]
    fit = train[samples.label_ends[train] < row]
    if not len(fit):
        raise ModelError(
            f"{len(train)} training samples are too few: purging the labels leaves none to fit"
        )
    return fit, train[border:]


def fold_row(fold: Fold, features: "pd.DataFrame") -> dict[str, Any]:
    """Return one fold's figures as plain values."""
    figures = evaluate(fold.labels, fold.probabilities["model"])
    history = getattr(fold.model, "history_", {})
    times = features.index
    return {
        "train_end": times[fold.begin].isoformat(),
        "test_end": times[fold.end - 1].isoformat(),
        "train_samples": fold.train_samples,
        "test_samples": len(fold.labels),
        "threshold": fold.samples.threshold,
        "epochs": len(history.get("loss", [])),
        "best_epoch": int(getattr(fold.model, "best_epoch_", 0)),
        **{name: figures[name] for name in ("accuracy", "macro_f1", "mcc", "log_loss")},
    }


def pooled(folds: list[Fold], name: str) -> dict[str, Any]:
    """Return `evaluate` of one model over the labels of all folds."""
    labels = np.concatenate([f.labels for f in folds])
    return evaluate(labels, np.concatenate([f.probabilities[name] for f in folds]))
