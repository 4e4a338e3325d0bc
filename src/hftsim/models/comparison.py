"""A model beside its baselines, on data that none of them saw."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from hftsim.core import ModelError, Progress, no_progress
from hftsim.models.evaluation import evaluate
from hftsim.models.inputs import Model, WindowSource


def compare(
    models: Mapping[str, Model],
    X_train: WindowSource,
    y_train: npt.ArrayLike,
    X_test: WindowSource,
    y_test: npt.ArrayLike,
    *,
    validation_data: tuple[WindowSource, npt.ArrayLike] | None = None,
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Train every model that is not trained yet, and judge all on the test part.

    Parameters
    ----------
    models : name in the table -> model; trained ones are taken as they are, so train them on the
        same part.
    validation_data : handed to `fit`; keep both it and the test part purged from training.
    progress : told how many models are done.

    Returns
    -------
    One dict per model, in the given order: ``model`` (the name), ``class``, then all of `evaluate`.
    """
    if not models:
        raise ModelError("there is no model to compare")
    rows = []
    for done, (name, model) in enumerate(models.items()):
        progress(done, len(models), name)
        if not hasattr(model, "classes_"):
            model.fit(X_train, y_train, validation_data=validation_data)
        figures = evaluate(y_test, model.predict_proba(X_test))
        rows.append({"model": name, "class": type(model).__name__, **figures})
    progress(len(models), len(models), "")
    return rows
