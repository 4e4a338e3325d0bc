"""What each feature is worth to a model: permutation importance on held-out data."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hftsim.core.errors import ConfigError, ModelError
from hftsim.core.progress import Progress, no_progress

if TYPE_CHECKING:
    import pandas as pd

Score = Callable[[npt.NDArray[np.int64], npt.NDArray[Any]], float]
SMALLEST_PROBABILITY = 1e-12


def log_likelihood(y: npt.NDArray[np.int64], proba: npt.NDArray[Any]) -> float:
    """Return the mean logarithm of the probability given to what happened (higher is better)."""
    given = np.asarray(proba, dtype=np.float64)[np.arange(len(y)), y]
    return float(np.mean(np.log(np.maximum(given, SMALLEST_PROBABILITY))))


def accuracy(y: npt.NDArray[np.int64], predicted: npt.NDArray[Any]) -> float:
    """Return the share of predictions that came true."""
    return float(np.mean(np.asarray(predicted) == y))


def get_feature_importance(
    model: Any,
    X: Any,
    y: npt.ArrayLike,
    *,
    names: Sequence[str],
    n_repeats: int = 5,
    rng: np.random.Generator | int = 0,
    score: Score | None = None,
    max_samples: int = 2000,
    progress: Progress = no_progress,
) -> "pd.DataFrame":
    """Rank features by how much worse the model gets when one is shuffled among the samples.

    A feature's whole path moves together: all steps of a window come from one other sample, so
    windows stay plausible in time (Breiman 2001; Fisher, Rudin and Dominici 2019). Use data the
    model was not fitted on; features that carry the same information share their importance.

    Parameters
    ----------
    model : anything with ``predict_proba``, or else ``predict``.
    X : samples, shape (n, steps, features) or (n, features); an array or `Windows`.
    y : classes, shape (n,).
    names : one per feature.
    n_repeats : shuffles per feature.
    rng : generator or seed.
    score : takes y and the model's answer (probabilities where it gives them), higher is better;
        by default the mean log-likelihood, or the accuracy of a model without probabilities.
    max_samples : at most so many samples, drawn at random, are used.
    progress : told after every feature.

    Returns
    -------
    DataFrame, most important first: ``feature``, ``importance`` (mean loss of score), ``std``
    (over the repeats; NaN for one repeat). ``attrs["score"]`` is the score without shuffling.

    Raises
    ------
    ConfigError : lengths or counts do not fit.
    ModelError : the model neither predicts probabilities nor classes; two samples are too few.
    """
    import pandas as pd

    truth = np.asarray(y, dtype=np.int64)
    _require_fitting(X, truth, names, n_repeats)
    generator = np.random.default_rng(rng)
    answer, default_score = _answer_of(model)
    measure = default_score if score is None else score
    keep = np.arange(len(truth))
    if len(truth) > max_samples:
        keep = np.sort(generator.choice(len(truth), max_samples, replace=False))
    samples, truth = np.array(X[keep]), truth[keep]
    base = measure(truth, answer(samples))
    losses = np.empty((len(names), n_repeats))
    for feature, name in enumerate(names):
        original = samples[..., feature].copy()
        for repeat in range(n_repeats):
            samples[..., feature] = original[generator.permutation(len(truth))]
            losses[feature, repeat] = base - measure(truth, answer(samples))
        samples[..., feature] = original
        progress(feature + 1, len(names), name)
    spread = losses.std(axis=1, ddof=1) if n_repeats > 1 else np.full(len(names), np.nan)
    table = pd.DataFrame({"feature": list(names), "importance": losses.mean(axis=1), "std": spread})
    table = table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    table.attrs["score"] = base
    return table


def _answer_of(model: Any) -> tuple[Callable[[Any], npt.NDArray[Any]], Score]:
    if hasattr(model, "predict_proba"):
        return model.predict_proba, log_likelihood
    if hasattr(model, "predict"):
        return model.predict, accuracy
    raise ModelError(f"{type(model).__name__} has neither predict_proba nor predict")


def _require_fitting(
    X: Any, y: npt.NDArray[np.int64], names: Sequence[str], n_repeats: int
) -> None:
    if len(X) != len(y):
        raise ConfigError(f"X has {len(X)} samples, y has {len(y)}")
    if X.shape[-1] != len(names):
        raise ConfigError(f"X has {X.shape[-1]} features, names has {len(names)}")
    if n_repeats < 1:
        raise ConfigError(f"n_repeats must be at least 1, not {n_repeats}")
    if len(y) < 2:
        raise ModelError(f"{len(y)} samples cannot be shuffled: at least 2 are needed")
