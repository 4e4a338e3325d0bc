"""What a class must satisfy to be used as a model; run it on your own."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from hftsim.core import ModelError
from hftsim.labels import CLASS_NAMES
from hftsim.models.inputs import IntArray, Model

_SAMPLES, _STEPS, _FEATURES = 90, 4, 3


class _Lazy:
    """Windows that can only be indexed with an array of positions."""

    def __init__(self, windows: npt.NDArray[np.float32]) -> None:
        self._windows = windows
        self.shape = windows.shape

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: IntArray) -> npt.NDArray[np.float32]:
        if not isinstance(index, np.ndarray) or index.ndim != 1 or index.dtype.kind != "i":
            raise ModelError("Windows are read with a one-dimensional array of positions")
        return self._windows[index]


def check_model(model: Model) -> None:
    """Raise ModelError, naming the rule, unless `model` (untrained) keeps the models' contract.

    Rules: clone and get_params agree; fit returns the model; predict_proba gives (n, 3)
    probabilities and predict their likeliest class; lazy windows give what arrays give; training
    twice gives the same answers; save and load keep them; NaN, one class, other features and an
    untrained model are refused with a ModelError. It trains a few times on 90 small windows, on
    clones: the model itself is left as it is.
    """
    windows, labels = _toy()
    fresh = clone(model)
    _require(fresh.get_params() == model.get_params(), "clone keeps all parameters")
    _refuses(lambda: clone(model).predict_proba(windows), "an untrained model")
    trained = clone(model)
    _require(trained.fit(windows, labels) is trained, "fit returns the model")
    chances = trained.predict_proba(windows)
    _check_answers(trained, windows, chances)
    lazily = clone(model).fit(_Lazy(windows), labels)
    _require(
        np.array_equal(lazily.predict_proba(_Lazy(windows)), chances),
        "lazy windows and arrays give the same answers, and so does training twice",
    )
    with tempfile.TemporaryDirectory() as folder:
        trained.save(Path(folder) / "model")
        loaded = type(trained).load(Path(folder) / "model")
        _require(
            np.array_equal(loaded.predict_proba(windows), chances), "a loaded model answers alike"
        )
        _require(loaded.get_params() == model.get_params(), "a loaded model has its parameters")
    _check_refusals(model, trained, windows, labels)


def _check_answers(trained: Any, windows: npt.NDArray[np.float32], chances: Any) -> None:
    _require(
        isinstance(chances, np.ndarray) and chances.shape == (len(windows), len(CLASS_NAMES)),
        "predict_proba returns an array (n, 3)",
    )
    _require(
        bool((chances >= 0).all()) and np.allclose(chances.sum(axis=1), 1, atol=1e-6),
        "probabilities are not negative and sum to 1",
    )
    _require(
        np.array_equal(trained.predict(windows), chances.argmax(axis=1)),
        "predict returns the likeliest class",
    )
    _require(
        trained.predict_proba(windows[:0]).shape == (0, len(CLASS_NAMES)),
        "no windows give no answers",
    )


def _check_refusals(
    model: Any, trained: Any, windows: npt.NDArray[np.float32], labels: IntArray
) -> None:
    holed = windows.copy()
    holed[7, 1, 2] = np.nan
    _refuses(lambda: clone(model).fit(holed, labels), "NaN in training")
    _refuses(lambda: trained.predict_proba(holed), "NaN in windows to answer")
    _refuses(lambda: clone(model).fit(windows, np.ones_like(labels)), "one class only")
    _refuses(lambda: clone(model).fit(windows, labels + 1), "labels other than 0, 1, 2")
    _refuses(lambda: trained.predict_proba(windows[:, :, :2]), "another number of features")
    _refuses(lambda: trained.predict_proba(windows[:, :2]), "another look-back")


def _toy() -> tuple[npt.NDArray[np.float32], IntArray]:
    windows = np.random.default_rng(0).normal(size=(_SAMPLES, _STEPS, _FEATURES))
    return windows.astype(np.float32), np.arange(_SAMPLES, dtype=np.int64) % len(CLASS_NAMES)


def _require(kept: bool, rule: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not kept:
        raise ModelError(f"the model breaks the rule: {rule}")


def _refuses(call: Any, what: str) -> None:
    try:
        call()
    except ModelError:
        return
    raise ModelError(f"the model breaks the rule: {what} is refused with a ModelError")
