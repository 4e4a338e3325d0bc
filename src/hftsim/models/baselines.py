"""What a model has to beat: the commonest class, and a linear model of the last step."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hftsim.core import ModelError, Progress
from hftsim.labels import CLASS_NAMES
from hftsim.models.estimator import WindowClassifier
from hftsim.models.inputs import (
    FloatArray,
    Samples,
    check_class_weight,
    check_number,
    check_whole,
)
from hftsim.models.scaling import Scaler, fit_scaler

_TOLERANCE = 1e-3
_log = logging.getLogger(__name__)


class MajorityBaseline(WindowClassifier):
    """Answers every window with the shares of the classes in training.

    Its prediction is therefore always the commonest class.
    """

    def _learn(
        self, train: Samples, validation: Samples | None, progress: Progress
    ) -> dict[str, Any]:
        for part in (train, validation):
            for _ in part.windows() if part is not None else ():
                pass  # reading refuses NaN, as every model does
        progress(1, 1, "counted classes")
        return {}

    def _answer(self, chunks: Iterator[FloatArray], samples: int) -> npt.NDArray[np.float64]:
        for _ in chunks:
            pass
        return np.tile(self.class_counts_ / self.class_counts_.sum(), (samples, 1))

    def _stored(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {}, {}

    def _restore(self, details: dict[str, Any], tensors: dict[str, npt.NDArray[Any]]) -> None:
        pass


class LogisticBaseline(WindowClassifier):
    """Multinomial logistic regression on the last step's features, standardised.

    Minimises the L2-penalised log loss with L-BFGS (scikit-learn's LogisticRegression), which has
    one minimum and needs no seed; on one thread, so that the answer does not depend on their number.

    Parameters
    ----------
    C : inverse strength of the L2 penalty, > 0.
    class_weight : "balanced" weighs each class by the inverse of its frequency, None does not.
        Balanced probabilities are those of equally frequent classes.
    max_iter : most iterations; `converged_` says whether they were enough.
    clip : largest standard score of a feature, see `Scaler`.

    Attributes
    ----------
    coef_, intercept_ : shapes (3, features) and (3,), of standardised features; a class that
        training never saw has intercept -inf.
    scaler_, converged_
    """

    scaler_: Scaler
    coef_: npt.NDArray[np.float64]
    intercept_: npt.NDArray[np.float64]
    converged_: bool

    def __init__(
        self,
        *,
        C: float = 1.0,
        class_weight: Literal["balanced"] | None = "balanced",
        max_iter: int = 1000,
        clip: float = 5.0,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.clip = clip

    def check_params(self) -> None:
        """Raise ModelError for a constructor field that cannot be."""
        check_class_weight(self.class_weight)
        check_whole("max_iter", self.max_iter, 1, 2**31 - 1)
        for name in ("C", "clip"):
            check_number(name, getattr(self, name), lambda v: v > 0, "be a number above 0")

    def _learn(
        self, train: Samples, validation: Samples | None, progress: Progress
    ) -> dict[str, Any]:
        for _ in validation.windows() if validation is not None else ():
            pass
        last = np.concatenate([windows[:, -1:] for windows in train.windows()])
        scaler = fit_scaler([last], clip=self.clip)
        scores = scaler.apply(last)[:, 0].astype(np.float64)
        regression = LogisticRegression(
            C=self.C, class_weight=self.class_weight, max_iter=self.max_iter, tol=_TOLERANCE
        )
        with _one_thread(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            regression.fit(scores, train.labels)
        converged = not any(issubclass(w.category, ConvergenceWarning) for w in caught)
        if not converged:
            _log.warning("logistic regression did not converge in %d iterations", self.max_iter)
        progress(1, 1, f"{int(regression.n_iter_[0])} iterations")
        coef, intercept = _per_class(regression)
        return {
            "scaler_": scaler,
            "coef_": coef,
            "intercept_": intercept,
            "converged_": converged,
        }

    def _answer(self, chunks: Iterator[FloatArray], samples: int) -> npt.NDArray[np.float64]:
        chances, done = np.empty((samples, len(CLASS_NAMES))), 0
        with _one_thread():
            for windows in chunks:
                scores = self.scaler_.apply(windows[:, -1]).astype(np.float64)
                logits = scores @ self.coef_.T + self.intercept_
                odds = np.exp(logits - logits.max(axis=1, keepdims=True))
                chances[done : done + len(odds)] = odds / odds.sum(axis=1, keepdims=True)
                done += len(odds)
        return chances

    def _stored(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        details = {"scaler": self.scaler_.to_dict(), "converged": self.converged_}
        return details, {"coef": self.coef_, "intercept": self.intercept_}

    def _restore(self, details: dict[str, Any], tensors: dict[str, npt.NDArray[Any]]) -> None:
        self.scaler_ = Scaler.from_dict(details["scaler"])
        self.converged_ = details["converged"]
        self.coef_, self.intercept_ = tensors["coef"], tensors["intercept"]
        shapes = [self.coef_.shape, self.intercept_.shape]
        wanted = [(len(CLASS_NAMES), self.n_features_in_), (len(CLASS_NAMES),)]
        if shapes != wanted:
            raise ModelError(f"the weights have shapes {shapes}, the manifest asks for {wanted}")


def _one_thread() -> contextlib.AbstractContextManager[object]:
    """Hold linear algebra to one thread: so narrow a table does not pay for two."""
    limits: contextlib.AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits


def _per_class(
    regression: LogisticRegression,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return coefficients and intercepts of all three classes, also where two were fitted."""
    coef, intercept = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:
        coef = np.concatenate([np.zeros_like(coef), coef])
        intercept = np.concatenate([np.zeros_like(intercept), intercept])
    all_coef = np.zeros((len(CLASS_NAMES), coef.shape[1]))
    all_intercept = np.full(len(CLASS_NAMES), -np.inf)
    all_coef[regression.classes_] = coef
    all_intercept[regression.classes_] = intercept
    return all_coef, all_intercept
