"""From features to samples: windows that never cross a gap, labels fitted on the past."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hftsim.core.bars import interval_ns_of, start_times_ns
from hftsim.core.errors import ConfigError, DataError, ModelError
from hftsim.features.catalogue import FEATURES
from hftsim.features.windows import Float32Array, IntArray, Windows
from hftsim.labels import (
    CLASS_NAMES,
    Fold,
    contiguous_runs,
    direction_labels,
    fit_threshold,
    forward_returns,
    purged_split,
)

if TYPE_CHECKING:
    import pandas as pd

TRAIN_SHARE = 0.7


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Samples with everything needed to split them without leakage.

    Parameters
    ----------
    X : windows, shape (samples, lookback, features), float32, lazy.
    y : DOWN 0, FLAT 1, UP 2, shape (samples,).
    names : one per feature.
    rows : row of each sample's last bar in the frame the samples come from.
    label_ends : row at whose close each label is known.
    threshold : forward return above which a label is UP.
    train_end : first row after the training part.
    """

    X: Windows
    y: IntArray
    names: tuple[str, ...]
    rows: IntArray
    label_ends: IntArray
    threshold: float
    train_end: int

    def split(self, *, embargo: int = 0) -> Fold:
        """Return positions of training and test samples, purged at `train_end`."""
        return purged_split(self.rows, self.label_ends, split_row=self.train_end, embargo=embargo)


def training_set(
    features: "pd.DataFrame",
    lookback: int = 30,
    horizon: int = 1,
    *,
    train_end: Any = None,
    threshold: float | None = None,
    flat_share: float = 1 / 3,
    names: Sequence[str] | None = None,
) -> TrainingSet:
    """Cut a feature frame into labelled windows.

    A window and the bar its label looks at lie in one unbroken run of bars: wherever two rows are
    further apart than one interval (a gap, the night, a weekend) windows end and begin anew.

    Parameters
    ----------
    features : frame from `FeatureEngineer.create_all_features` (needs ``close``); the rows at its
        start in which a feature is NaN are its warm-up and end no window.
    lookback : bars of a window.
    horizon : bars ahead that the label looks.
    train_end : first row after the training part, as a row number or a time; by default 70 % of
        the rows train. Only the threshold depends on it, through returns known before it.
    threshold : fraction; by default fitted so that `flat_share` of the training returns are FLAT.
    flat_share : see `hftsim.labels.fit_threshold`.
    names : feature columns; by default every column that the catalogue knows.

    Raises
    ------
    ModelError : too few rows, naming the number needed; one class only in the training part.
    DataError : no ``close``, no feature column, a NaN after the warm-up.
    ConfigError : `lookback`, `horizon` or `train_end` out of range.
    """
    if horizon < 1:
        raise ConfigError(f"horizon must be at least 1, not {horizon}")
    if "close" not in features.columns:
        raise DataError("features lack the column 'close', which labels are made from")
    chosen, values, ready = _feature_values(features, names)
    runs = contiguous_runs(start_times_ns(features), _interval(features))
    ends = _window_ends(runs, ready, lookback)
    close = np.asarray(features["close"], dtype=np.float64)
    returns = forward_returns(close, horizon, runs=runs)
    ends = ends[~np.isnan(returns[ends])]
    if not len(ends):
        raise _too_few(chosen, runs, ready, lookback, horizon)
    boundary = _train_row(features, train_end)
    _require_sample(int(ends[0]) + horizon + 1, boundary)
    if threshold is None:
        threshold = fit_threshold(returns[: max(boundary - horizon, 0)], flat_share=flat_share)
    y = direction_labels(close, horizon, threshold, runs=runs)[ends]
    _require_classes(y[ends + horizon < boundary], boundary, threshold)
    return TrainingSet(
        X=Windows(values, ends, lookback, feature_names=chosen),
        y=y,
        names=tuple(chosen),
        rows=ends,
        label_ends=ends + horizon,
        threshold=float(threshold),
        train_end=boundary,
    )


def prediction_windows(
    features: "pd.DataFrame", lookback: int = 30, *, names: Sequence[str] | None = None
) -> Windows:
    """Return a window for every row that has one, labels known or not.

    Parameters and errors are those of `training_set`; `Windows.ends` holds the rows.
    """
    chosen, values, ready = _feature_values(features, names)
    runs = contiguous_runs(start_times_ns(features), _interval(features))
    ends = _window_ends(runs, ready, lookback)
    if not len(ends):
        raise _too_few(chosen, runs, ready, lookback, 0)
    return Windows(values, ends, lookback, feature_names=chosen)


def _feature_values(
    frame: "pd.DataFrame", names: Sequence[str] | None
) -> tuple[list[str], Float32Array, int]:
    """Return names, float32 values with the warm-up as 0, and the first row without NaN."""
    chosen = [c for c in frame.columns if c in FEATURES] if names is None else list(names)
    missing = [name for name in chosen if name not in frame.columns]
    if missing:
        raise DataError(f"the frame lacks the feature column {missing[0]!r}")
    if not chosen:
        raise DataError(
            "the frame holds no feature column; make them with FeatureEngineer.create_all_features"
        )
    with np.errstate(over="ignore"):
        values: Float32Array = np.array(frame[chosen], dtype=np.float32, order="C")
    defined: npt.NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
    ready = int(np.argmax(defined)) if defined.any() else len(values)
    if not defined[ready:].all():
        row = ready + int(np.argmin(defined[ready:]))
        name = chosen[int(np.argmin(np.isfinite(values[row])))]
        raise DataError("not a finite number after the warm-up", row=row, field=name)
    values[:ready] = 0.0
    return chosen, values, ready


def _window_ends(runs: IntArray, ready: int, lookback: int) -> IntArray:
    """Return rows that end `lookback` defined rows of one run."""
    if lookback < 1:
        raise ConfigError(f"lookback must be at least 1, not {lookback}")
    rows = np.arange(ready + lookback - 1, len(runs), dtype=np.int64)
    ends: IntArray = rows[runs[rows] == runs[rows - lookback + 1]]
    return ends


def _interval(frame: "pd.DataFrame") -> int:
    return interval_ns_of(frame) if len(frame) > 1 else 1


def _train_row(frame: "pd.DataFrame", train_end: Any) -> int:
    if train_end is None:
        return int(TRAIN_SHARE * len(frame))
    return row_of(frame, train_end)


def row_of(frame: "pd.DataFrame", train_end: Any) -> int:
    """Return a boundary as a row number; a time means the first row that starts at or after it.

    Raises ConfigError where it is neither, or where nothing lies before or after it.
    """
    import pandas as pd

    if isinstance(train_end, int | np.integer) and not isinstance(train_end, bool):
        row = int(train_end)
    else:
        try:
            time = pd.Timestamp(train_end)
        except (TypeError, ValueError) as wrong:
            raise ConfigError(f"train_end {train_end!r} is neither a row nor a time") from wrong
        time = time.tz_localize("UTC") if time.tzinfo is None else time
        row = int(np.searchsorted(start_times_ns(frame), time.as_unit("ns").value))
    if not 0 < row <= len(frame):
        raise ConfigError(
            f"train_end {train_end!r} is row {row}: the frame has rows 0 to {len(frame) - 1}, and "
            "the training part must hold at least one"
        )
    return row


def _too_few(
    names: Sequence[str], runs: IntArray, ready: int, lookback: int, horizon: int
) -> ModelError:
    declared = max((FEATURES[n].warmup for n in names if n in FEATURES), default=0)
    warmup = ready if ready < len(runs) else max(declared, 1)
    needed = warmup + lookback + horizon
    parts = f"warm-up {warmup} + look-back {lookback} + horizon {horizon}"
    if len(runs) < needed:
        return ModelError(f"{len(runs)} rows are too few: at least {needed} are needed ({parts})")
    longest = int(np.bincount(runs[ready:] - runs[0]).max()) if ready < len(runs) else 0
    return ModelError(
        f"no unbroken run of bars is long enough, so no window is left: the longest after the "
        f"warm-up has {longest} rows, {lookback + horizon} are needed ({parts}); use a shorter "
        "look-back"
    )


def _require_sample(needed: int, boundary: int) -> None:
    if boundary < needed:
        raise ModelError(
            f"no sample lies in the training part (rows before {boundary}): the label of the first "
            f"is known after {needed} rows, so at least {needed} must train"
        )


def _require_classes(y_train: npt.NDArray[np.int64], boundary: int, threshold: float) -> None:
    found = np.unique(y_train)
    if len(found) == 1:
        raise ModelError(
            f"the training part (rows before {boundary}) holds one class only, "
            f"{CLASS_NAMES[int(found[0])]}, at a threshold of {threshold:g}: the price does not "
            "move there, or the threshold does not fit; give more rows or another threshold"
        )
