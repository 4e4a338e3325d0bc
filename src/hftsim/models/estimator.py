"""The scikit-learn estimator that all our window classifiers are."""

import abc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin

from hftsim.core import Interrupted, ModelError, Progress, no_progress
from hftsim.labels import CLASS_NAMES
from hftsim.models.files import MANIFEST, read_model, write_model
from hftsim.models.inputs import (
    CHUNK,
    FloatArray,
    IntArray,
    Samples,
    WindowSource,
    check_names,
    make_samples,
    read_windows,
    window_shape,
)


class WindowClassifier(ClassifierMixin, BaseEstimator, abc.ABC):  # type: ignore[misc]
    """Learns DOWN=0, FLAT=1, UP=2 from windows of features.

    X is an ndarray (samples, steps, features) or lazy `Windows`, which are read in chunks and never
    held whole. A subclass says how to learn (`_learn`), to answer (`_answer`), and what to store
    (`_stored`, `_restore`).

    Attributes
    ----------
    classes_ : always (0, 1, 2); a class that training never saw has probability 0.
    class_counts_ : how often each came in the training part.
    n_features_in_, lookback_ : features and steps of a window.
    feature_names_in_ : names of the features, only where they were given.
    extras_ : JSON-able facts that travel with a saved model, yours to fill: label threshold,
        horizon, data hash.
    """

    classes_: IntArray
    class_counts_: IntArray
    n_features_in_: int
    lookback_: int
    feature_names_in_: npt.NDArray[np.object_]
    extras_: dict[str, Any]

    def fit(
        self,
        X: WindowSource,
        y: npt.ArrayLike,
        *,
        validation_data: tuple[WindowSource, npt.ArrayLike] | None = None,
        feature_names: Sequence[str] | None = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Learn; where it raises, an earlier training stays as it was.

        Parameters
        ----------
        X : windows (samples, steps, features), oldest first.
        y : labels 0, 1, 2 of shape (samples,).
        validation_data : (X, y) to judge epochs by, purged from the training part by the caller.
            Models without epochs only check it.
        feature_names : one per feature, kept and checked later; default: X.feature_names, if any.
        progress : told how far training is.

        Raises
        ------
        ModelError : NaN or inf (with the feature), shapes or labels that do not fit, a training
            part of one class, a parameter out of range.
        Interrupted : stopped by Ctrl-C.
        """
        self.check_params()
        samples = make_samples(X, y)
        _, lookback, features = window_shape(X)
        names = _given_names(X, feature_names, features)
        train, validation = self._split(samples, validation_data)
        counts = _check_classes(train)
        try:
            learnt = self._learn(train, validation, progress)
        except KeyboardInterrupt:
            raise Interrupted(
                "training was stopped before the model had learnt anything: it is as it was"
            ) from None
        self.__dict__.update(
            learnt,
            classes_=np.arange(len(CLASS_NAMES), dtype=np.int64),
            class_counts_=counts,
            n_features_in_=features,
            lookback_=lookback,
            extras_={},
        )
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def predict_proba(self, X: WindowSource) -> npt.NDArray[np.float64]:
        """Return the probabilities of DOWN, FLAT and UP, shape (n, 3); rows sum to 1.

        Raises ModelError for an untrained model, other features or look-back, NaN or inf.
        """
        return self._answer(self._chunks(X), len(X))

    def predict(self, X: WindowSource) -> IntArray:
        """Return the likeliest class of each window, shape (n,); of equal ones the first."""
        likeliest: IntArray = self.predict_proba(X).argmax(axis=1).astype(np.int64)
        return likeliest

    def check_features(self, names: Sequence[str]) -> None:
        """Raise ModelError unless the model was trained on these features in this order."""
        self._require_trained()
        trained = getattr(self, "feature_names_in_", None)
        if trained is None:
            raise ModelError(
                "the model was trained without feature names, so they cannot be compared; "
                "pass feature_names to fit"
            )
        check_names(names, [str(name) for name in trained])

    def save(self, path: str | Path, *, extras: Mapping[str, Any] | None = None) -> Path:
        """Write the trained model to the folder `path` and return it.

        The folder holds ``model.json`` (class, parameters, features, scaler, versions, hashes, and
        `extras_` with `extras` added) and the weights as safetensors; the old model, if any, stays
        readable until the new one is complete.

        Raises ModelError for an untrained model, a folder of other things, or a failed write.
        """
        self._require_trained()
        details, tensors = self._stored()
        names = getattr(self, "feature_names_in_", None)
        manifest = {
            "class": type(self).__name__,
            "params": self.get_params(deep=False),
            "features": None if names is None else [str(name) for name in names],
            "n_features": self.n_features_in_,
            "lookback": self.lookback_,
            "classes": dict(zip(CLASS_NAMES, self.classes_.tolist(), strict=True)),
            "class_counts": self.class_counts_.tolist(),
            "extras": {**self.extras_, **(extras or {})},
            "details": details,
        }
        return write_model(Path(path), manifest, tensors)

    @classmethod
    def load(cls, path: str | Path, *, feature_names: Sequence[str] | None = None) -> Self:
        """Return the model saved in the folder `path`; it predicts what the saved one did.

        With `feature_names`, raises ModelError unless it was trained on exactly these. Raises
        ModelError for a folder that is not ours, of another format or class, or tampered with.
        """
        manifest, tensors = read_model(Path(path))
        if manifest.get("class") != cls.__name__:
            raise ModelError(
                f"{path} holds a {manifest.get('class')}, not a {cls.__name__}; "
                "hftsim.models.load_model opens any model"
            )
        try:
            model = cls._restored(manifest, tensors)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"{path}: {MANIFEST} does not describe a {cls.__name__} "
                f"({type(error).__name__}: {error}); train anew"
            ) from error
        if feature_names is not None:
            model.check_features(feature_names)
        return model

    @classmethod
    def _restored(cls, manifest: dict[str, Any], tensors: dict[str, npt.NDArray[Any]]) -> Self:
        model = cls(**manifest["params"])
        model.check_params()
        model.__dict__.update(
            classes_=np.arange(len(CLASS_NAMES), dtype=np.int64),
            class_counts_=np.array(manifest["class_counts"], dtype=np.int64),
            n_features_in_=manifest["n_features"],
            lookback_=manifest["lookback"],
            extras_=manifest["extras"],
        )
        if manifest["features"] is not None:
            model.feature_names_in_ = np.array(manifest["features"], dtype=object)
        model._restore(manifest["details"], tensors)
        return model

    def check_params(self) -> None:
        """Raise ModelError for a constructor field that cannot be; `fit` and `load` ask this."""

    @abc.abstractmethod
    def _learn(
        self, train: Samples, validation: Samples | None, progress: Progress
    ) -> dict[str, Any]:
        """Return the attributes that training makes; change nothing on `self`."""

    @abc.abstractmethod
    def _answer(self, chunks: Iterator[FloatArray], samples: int) -> npt.NDArray[np.float64]:
        """Return probabilities (samples, 3) of all chunks in order."""

    @abc.abstractmethod
    def _stored(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Return what the manifest and what the weights file hold beyond the common facts."""

    @abc.abstractmethod
    def _restore(self, details: dict[str, Any], tensors: dict[str, npt.NDArray[Any]]) -> None:
        """Undo `_stored`."""

    def _split(
        self, samples: Samples, given: tuple[WindowSource, npt.ArrayLike] | None
    ) -> tuple[Samples, Samples | None]:
        """Return the training and the validation part."""
        return samples, _validation_part(samples, given)

    def _chunks(self, X: WindowSource) -> Iterator[FloatArray]:
        self._require_trained()
        samples, lookback, features = window_shape(X)
        names = getattr(X, "feature_names", None)
        if names is not None and hasattr(self, "feature_names_in_"):
            self.check_features(names)
        if features != self.n_features_in_:
            raise ModelError(
                f"the model was trained on {self.n_features_in_} features and is given {features}"
            )
        if lookback != self.lookback_:
            raise ModelError(
                f"the model was trained on windows of {self.lookback_} steps and is given {lookback}"
            )
        positions = np.arange(samples, dtype=np.int64)
        return (read_windows(X, positions[i : i + CHUNK]) for i in range(0, samples, CHUNK))

    def _require_trained(self) -> None:
        if not hasattr(self, "classes_"):
            raise ModelError(f"this {type(self).__name__} is not trained: call fit, or load one")


def _given_names(
    X: WindowSource, feature_names: Sequence[str] | None, features: int
) -> list[str] | None:
    names = feature_names if feature_names is not None else getattr(X, "feature_names", None)
    if names is None:
        return None
    if len(names) != features:
        raise ModelError(f"{len(names)} feature names are given for {features} features")
    return [str(name) for name in names]


def _validation_part(
    samples: Samples, given: tuple[WindowSource, npt.ArrayLike] | None
) -> Samples | None:
    if given is None:
        return None
    part = make_samples(given[0], given[1], "validation ")
    trained, shape = samples.source.shape[1:], part.source.shape[1:]
    if tuple(trained) != tuple(shape):
        raise ModelError(
            f"validation windows have (steps, features) {tuple(shape)}, training windows "
            f"{tuple(trained)}"
        )
    if len(part) == 0:
        raise ModelError("there are no validation samples")
    return part


def _check_classes(train: Samples) -> IntArray:
    counts = train.class_counts()
    if np.count_nonzero(counts) < 2:
        what = f"only {CLASS_NAMES[int(counts.argmax())]}" if len(train) else "no sample at all"
        raise ModelError(
            f"the training part ({len(train)} samples) holds {what}; at least two classes are "
            "needed: give more data, or another label threshold or horizon"
        )
    return counts
