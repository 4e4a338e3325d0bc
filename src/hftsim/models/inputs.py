"""What a model accepts: windows (samples, steps, features) and labels DOWN=0, FLAT=1, UP=2."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from hftsim.core import ModelError
from hftsim.labels import CLASS_NAMES

CHUNK = 1024
"""Windows read at a time: 30 steps of 90 features are then 11 MB, however long the data."""

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.int64]
_LARGEST_WHOLE = 2**63 - 1
_LARGEST = float(np.finfo(np.float32).max)


class WindowSource(Protocol):
    """Windows that are cut when asked for; an ndarray of shape (n, steps, features) is one too."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (samples, steps, features)."""
        ...

    def __len__(self) -> int:
        """Return the number of samples."""
        ...

    def __getitem__(self, index: IntArray, /) -> FloatArray:
        """Return the windows at these positions, shape (len(index), steps, features)."""
        ...


class Model(Protocol):
    """What every model can do, beside `get_params`/`set_params` and a classmethod ``load(path)``."""

    def fit(
        self,
        X: WindowSource,
        y: npt.ArrayLike,
        *,
        validation_data: tuple[WindowSource, npt.ArrayLike] | None = None,
    ) -> Self:
        """Learn from windows (n, steps, features) and labels (n,), and set ``classes_``."""
        ...

    def predict(self, X: WindowSource) -> IntArray:
        """Return the likeliest class of each window, shape (n,)."""
        ...

    def predict_proba(self, X: WindowSource) -> npt.NDArray[np.float64]:
        """Return the probabilities of DOWN, FLAT and UP, shape (n, 3)."""
        ...

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 - scikit-learn's signature
        """Return the constructor's fields."""
        ...

    def save(self, path: str | Path) -> Path:
        """Write the trained model to a folder."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Samples:
    """Some samples of a window source, in the order of `index`, with their labels."""

    source: WindowSource
    index: IntArray
    labels: IntArray

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.index)

    def windows(self) -> Iterator[FloatArray]:
        """Yield the windows in chunks of at most `CHUNK`, checked to be finite."""
        for start in range(0, len(self.index), CHUNK):
            yield read_windows(self.source, self.index[start : start + CHUNK])

    def class_counts(self) -> IntArray:
        """Return how often each class occurs, shape (3,)."""
        return np.bincount(self.labels, minlength=len(CLASS_NAMES)).astype(np.int64)


def window_shape(X: WindowSource, what: str = "X") -> tuple[int, int, int]:
    """Return (samples, steps, features); raises ModelError for anything else."""
    shape = getattr(X, "shape", None)
    if shape is None:
        raise ModelError(
            f"{what} must be an array or Windows of shape (samples, steps, features), "
            f"not {type(X).__name__}"
        )
    if len(shape) != 3 or 0 in tuple(shape)[1:]:
        raise ModelError(
            f"{what} must have three dimensions (samples, steps, features), it has shape "
            f"{tuple(shape)}; FeatureEngineer.prepare_training_data makes such windows"
        )
    samples, steps, features = shape
    return int(samples), int(steps), int(features)


def read_windows(X: WindowSource, index: IntArray) -> FloatArray:
    """Return the windows at `index` as floats; raises ModelError for NaN, inf or text."""
    windows = np.asarray(X[index])
    if windows.dtype.kind in "iub":
        windows = windows.astype(np.float64)
    if windows.dtype.kind != "f":
        raise ModelError(f"X must hold numbers, not {windows.dtype}")
    # NaN fails both comparisons, and minimum and maximum need no temporary array
    if not (windows.min() >= -_LARGEST and windows.max() <= _LARGEST):
        sample, step, feature = np.argwhere(~(np.abs(windows) <= _LARGEST))[0]
        raise ModelError(
            f"X holds {windows[sample, step, feature]} at sample {index[sample]}, step {step}, "
            f"feature {_name_of(X, int(feature))}: only finite float32 numbers can be learnt from; "
            "drop the warm-up rows or the feature"
        )
    return windows


def _name_of(X: WindowSource, feature: int) -> str:
    names = getattr(X, "feature_names", None)
    return f"{feature} ({names[feature]})" if names is not None else str(feature)


def make_samples(X: WindowSource, y: npt.ArrayLike, what: str = "") -> Samples:
    """Pair windows with labels; raises ModelError unless they are as this module says."""
    samples, _, _ = window_shape(X, f"{what}X")
    return Samples(
        source=X,
        index=np.arange(samples, dtype=np.int64),
        labels=check_labels(y, samples, f"{what}y"),
    )


def check_labels(y: npt.ArrayLike, samples: int, what: str = "y") -> IntArray:
    """Return labels as int64, shape (samples,); raises ModelError for any other than 0, 1, 2."""
    labels = np.asarray(y)
    if labels.shape != (samples,):
        raise ModelError(f"{what} must have shape ({samples},) as X has, it has {labels.shape}")
    if labels.dtype.kind not in "iubf":
        raise ModelError(f"{what} must hold the classes 0, 1, 2, not {labels.dtype}")
    known = np.isin(labels, np.arange(len(CLASS_NAMES)))
    if not known.all():
        row = int(np.argmin(known))
        raise ModelError(
            f"{what} holds {labels[row]} at sample {row}; classes are 0 (DOWN), 1 (FLAT), 2 (UP)"
        )
    return labels.astype(np.int64)


def check_whole(name: str, value: object, least: int, most: int = _LARGEST_WHOLE) -> None:
    """Raise ModelError unless a parameter is a whole number in [least, most]."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (is_whole and least <= int(value) <= most):  # type: ignore[call-overload]
        end = f" to {most}" if most < 2**31 - 1 else ""
        raise ModelError(f"{name} must be a whole number from {least}{end}, not {value!r}")


def check_number(
    name: str, value: object, accepts: Callable[[float], bool], range_words: str
) -> None:
    """Raise ModelError unless a parameter is a finite number that `accepts` takes."""
    is_number = isinstance(value, float | int | np.floating | np.integer)
    if isinstance(value, bool) or not (
        is_number and math.isfinite(value) and accepts(float(value))  # type: ignore[arg-type]
    ):
        raise ModelError(f"{name} must {range_words}, not {value!r}")


def check_class_weight(value: object) -> None:
    """Raise ModelError unless `value` is "balanced" or None."""
    if value is not None and value != "balanced":
        raise ModelError(f"class_weight is 'balanced' or None, not {value!r}")


def check_names(given: Sequence[str], trained: Sequence[str]) -> None:
    """Raise ModelError unless both name the same features in the same order."""
    if list(given) == list(trained):
        return
    pairs = zip(trained, given, strict=False)
    first = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(given), len(trained)))
    missing = [n for n in trained if n not in set(given)]
    extra = [n for n in given if n not in set(trained)]
    raise ModelError(
        f"the model was trained on {len(trained)} features and is given {len(given)}; "
        f"first difference at feature {first}: trained on {_at(trained, first)}, "
        f"given {_at(given, first)}{_some(missing, 'missing')}{_some(extra, 'not known to it')}; "
        "make the same features again, or train anew"
    )


def _at(names: Sequence[str], position: int) -> str:
    return repr(str(names[position])) if position < len(names) else "nothing"


def _some(names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > 5 else ""
    return f"; {what}: {', '.join(map(str, names[:5]))}{more}"
