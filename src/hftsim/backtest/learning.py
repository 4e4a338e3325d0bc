"""Trains models on one stretch of bars and predicts the next, never the other way round."""

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hftsim.core.errors import ConfigError, Interrupted, ModelError
from hftsim.core.progress import Progress, no_progress
from hftsim.features import (
    FEATURES,
    FeatureEngineer,
    TrainingSet,
    prediction_windows,
    training_set,
)
from hftsim.models import LogisticBaseline, MajorityBaseline, evaluate
from hftsim.strategies.signals import signal_of

if TYPE_CHECKING:
    import pandas as pd

    from hftsim.models import WindowClassifier

MakeModel = Callable[[], "WindowClassifier"]
VALIDATION_SHARE = 0.15
LEAST_SAMPLES = 30
"""Fewest samples that a model is trained on: of fewer no class says anything."""


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
        for name, least, most in (("train_share", 0.001, 0.999), ("flat_share", 0, 1)):
            if not least < getattr(self, name) < most:
                raise ConfigError(
                    f"{name} must be between {least} and {most}, not {getattr(self, name)}"
                )


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


def warmup_of(bars: "pd.DataFrame") -> int:
    """Return the rows before the first in which every feature of these bars is known."""
    return max(FEATURES[name].warmup for name in FeatureEngineer().names_for(bars))


@contextlib.contextmanager
def training_of(fold: int, folds: int) -> Iterator[None]:
    """Let an interruption say in which fold it came, and that nothing is kept."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as error:
        raise Interrupted(
            f"stopped while training fold {fold + 1} of {folds}: nothing is kept of a run that was "
            "not finished; the same command and seed begin it again"
        ) from error


def train_rows_needed(settings: LearningSettings, warmup: int) -> int:
    """Return the rows, without a gap, that leave `LEAST_SAMPLES` to train on."""
    fit = (LEAST_SAMPLES - 1) * settings.train_stride + 1
    samples = fit + settings.horizon
    while _border(samples) < fit + settings.horizon:
        samples += 1
    return warmup + settings.lookback - 1 + samples + settings.horizon


def rows_needed(settings: LearningSettings, warmup: int) -> int:
    """Return the fewest rows, without a gap, of which every fold can train and be tested."""
    train, test = train_rows_needed(settings, warmup), settings.horizon + 1
    rows = int(
        max(train / settings.train_share, test * settings.folds / (1.0 - settings.train_share))
    )
    while True:
        first = int(rows * settings.train_share)
        if first >= train and (rows - first) // settings.folds >= test:
            return rows
        rows += 1


def require_rows(rows: int, settings: LearningSettings, warmup: int) -> None:
    """Raise ModelError, naming the number needed, unless every fold can train and be tested."""
    needed = rows_needed(settings, warmup)
    if rows < needed:
        raise ModelError(
            f"{rows} rows are too few: at least {needed} are needed (the first "
            f"{settings.train_share:g} of them must hold {_parts(settings, warmup)}; the rest is "
            f"{settings.folds} folds)"
        )


def require_parts(train: int, test: int, settings: LearningSettings, warmup: int) -> None:
    """Raise ModelError unless a model can train on `train` rows and be tested on `test`."""
    needed = train_rows_needed(settings, warmup)
    if train < needed:
        raise ModelError(
            f"a training part of {train} rows is too short for a model: at least {needed} are "
            f"needed ({_parts(settings, warmup)})"
        )
    if test <= settings.horizon:
        raise ModelError(
            f"a test part of {test} rows is too short for labels that look {settings.horizon} bars "
            f"ahead: at least {settings.horizon + 1} are needed"
        )


def _parts(settings: LearningSettings, warmup: int) -> str:
    return (
        f"warm-up {warmup} + look-back {settings.lookback} + horizon {settings.horizon} + "
        f"{LEAST_SAMPLES} training samples, one in {settings.train_stride} rows, purged, with "
        f"{VALIDATION_SHARE:.0%} held back to judge epochs"
    )


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
    train, tested = _split(samples, settings, begin)
    fit, validation = _validation_split(samples, train, settings)
    models = _fitted(make(), samples, fit, validation, progress)
    model = models["model"]
    model.extras_ = {"label_threshold": samples.threshold, "horizon": settings.horizon}
    test = samples.X.select(tested)
    ahead = prediction_windows(part, settings.lookback, names=samples.names)
    ahead = ahead.select(np.flatnonzero(ahead.ends >= begin - start))
    signal = signal_of(model.predict_proba(ahead), ahead.ends, len(part))[begin - start :]
    return Fold(
        begin=begin,
        end=end,
        signal=signal,
        labels=samples.y[tested],
        probabilities={name: m.predict_proba(test) for name, m in models.items()},
        model=model,
        samples=samples,
        test=tested,
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


def _split(
    samples: TrainingSet, settings: LearningSettings, begin: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of training and test samples; refuse a fold of which gaps leave nothing."""
    train = np.flatnonzero(samples.label_ends < samples.train_end)
    test = np.flatnonzero(samples.rows >= samples.train_end)
    if not len(test):
        raise ModelError(
            f"no window is left to test on from row {begin} on, {len(train)} to train on before it: "
            f"{settings.lookback + settings.horizon} bars without a gap are needed (look-back "
            f"{settings.lookback} + horizon {settings.horizon}); use a shorter look-back or fewer "
            "folds"
        )
    return train, test


def _border(samples: int) -> int:
    """Return how many samples come before those held back to judge the epochs."""
    return int(samples * (1.0 - VALIDATION_SHARE))


def _validation_split(
    samples: TrainingSet, train: np.ndarray, settings: LearningSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions to fit on, purged and thinned, and positions held back to judge epochs."""
    border = _border(len(train))
    held_back = train[border:]
    row = samples.rows[held_back[0]] if len(held_back) else 0
    fit = train[samples.label_ends[train] < row][:: settings.train_stride]
    if len(fit) < LEAST_SAMPLES:
        raise ModelError(
            f"{len(train)} windows are left to train on, {len(fit)} of them once labels are purged "
            f"and one in {settings.train_stride} is used; at least {LEAST_SAMPLES} are needed: "
            "windows never cross a gap, so give more rows or use a shorter look-back"
        )
    return fit, held_back


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
