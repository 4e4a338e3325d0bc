"""Targets for models (DOWN, FLAT, UP) and splits that let no label leak into training."""

from hftsim.labels.direction import (
    CLASS_NAMES,
    DOWN,
    FLAT,
    UNKNOWN,
    UP,
    direction_labels,
    fit_threshold,
    forward_returns,
    label_ends,
)
from hftsim.labels.runs import contiguous_runs
from hftsim.labels.splits import Fold, PurgedKFold, purged_split, walk_forward_splits

__all__ = [
    "CLASS_NAMES",
    "DOWN",
    "FLAT",
    "UNKNOWN",
    "UP",
    "Fold",
    "PurgedKFold",
    "contiguous_runs",
    "direction_labels",
    "fit_threshold",
    "forward_returns",
    "label_ends",
    "purged_split",
    "walk_forward_splits",
]
