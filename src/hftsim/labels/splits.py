"""Splits in which no training label reaches into the test part.

A sample starts at the row whose bar it is decided on and ends at the row where its label is known.
Two samples overlap when these closed spans share a row; training samples that overlap the test
part are purged, and an embargo keeps a distance after it (Lopez de Prado, Advances in Financial
Machine Learning, 2018, chapter 7).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hftsim.core.errors import ConfigError, ModelError

IntArray = npt.NDArray[np.int64]


class Fold(NamedTuple):
    """Positions of the training and of the test samples, both increasing."""

    train: IntArray
    test: IntArray


def purged_split(
    starts: npt.ArrayLike, ends: npt.ArrayLike, *, split_row: int, embargo: int = 0
) -> Fold:
    """Split samples at a row: train on what was known before it, test on what starts after it.

    Parameters
    ----------
    starts, ends : first and last row of each sample, shape (samples,).
    split_row : first row of the test part.
    embargo : rows left out at the start of the test part.

    Returns
    -------
    Fold : train holds samples with ``end < split_row``, test those with
        ``start >= split_row + embargo``; samples between are in neither.

    Raises
    ------
    ConfigError : the embargo is negative, or a sample ends before it starts.
    ModelError : one of the parts is empty.
    """
    first, last = _spans(starts, ends)
    _at_least("embargo", embargo, 0)
    fold = Fold(np.flatnonzero(last < split_row), np.flatnonzero(first >= split_row + embargo))
    for name, part in zip(("training", "test"), fold, strict=True):
        if not len(part):
            raise ModelError(f"a split at row {split_row} leaves no {name} sample")
    return fold


def walk_forward_splits(
    n: int,
    *,
    train: int,
    test: int,
    step: int | None = None,
    purge: int = 0,
    embargo: int = 0,
    expanding: bool = False,
) -> list[Fold]:
    """Roll a training part and the test part that follows it through `n` rows.

    Fold k has its boundary at row ``train + k * step``: it trains on the `train` rows before the
    boundary (on all of them where `expanding`) less the last `purge`, and tests on `test` rows
    that begin `embargo` rows after it. Only whole folds are made.

    Parameters
    ----------
    n : rows (or samples) in time order.
    train, test : rows of one training and one test part.
    step : rows from fold to fold; `test` by default, so that test parts join up.
    purge : rows dropped before the boundary; at least the label horizon where n counts rows.
    embargo : rows dropped after the boundary.
    expanding : train on everything before the boundary.

    Raises
    ------
    ConfigError : a number is out of range.
    ModelError : `n` holds no fold; the message names the rows needed.
    """
    step = test if step is None else step
    for name, value, least in (
        ("train", train, 1),
        ("test", test, 1),
        ("step", step, 1),
        ("purge", purge, 0),
        ("embargo", embargo, 0),
    ):
        _at_least(name, value, least)
    if purge >= train:
        raise ConfigError(f"purge {purge} leaves nothing of a training part of {train} rows")
    needed = train + embargo + test
    if n < needed:
        raise ModelError(
            f"{n} rows hold no walk-forward fold: {needed} are needed "
            f"(train {train} + embargo {embargo} + test {test})"
        )
    rows = np.arange(n, dtype=np.int64)
    return [
        Fold(
            rows[0 if expanding else boundary - train : boundary - purge],
            rows[boundary + embargo : boundary + embargo + test],
        )
        for boundary in range(train, n - embargo - test + 1, step)
    ]


class PurgedKFold:
    """K-fold cross-validation without shuffling, purged and embargoed, as scikit-learn calls it.

    Each of `n_splits` consecutive blocks of samples is the test part once. A sample trains unless
    its span shares a row with the span of the block, or it starts within `embargo` rows after
    that.

    Parameters
    ----------
    n_splits : number of blocks, at least 2.
    starts, ends : first and last row of each sample in time order, shape (samples,).
    embargo : rows after the test part's last row in which no training sample may start; with
        windows of `lookback` bars, at least `lookback` keeps test bars out of training windows.

    Raises
    ------
    ConfigError : a number is out of range, or the samples are not in order.
    ModelError : fewer samples than blocks (when made), or nothing left to train on (when split).
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        starts: npt.ArrayLike,
        ends: npt.ArrayLike,
        embargo: int = 0,
    ) -> None:
        _at_least("n_splits", n_splits, 2)
        _at_least("embargo", embargo, 0)
        self.n_splits = n_splits
        self.embargo = embargo
        self.starts, self.ends = _spans(starts, ends)
        if np.any(np.diff(self.starts) < 0):
            raise ConfigError("samples must be in order of their first row")
        if len(self.starts) < n_splits:
            raise ModelError(f"{len(self.starts)} samples cannot fill {n_splits} blocks")

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002
        """Return the number of blocks."""
        return self.n_splits

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[Fold]:  # noqa: ARG002
        """Yield one Fold per block; `X`, where given, must have one row per sample."""
        if X is not None and len(X) != len(self.starts):
            raise ConfigError(
                f"X has {len(X)} samples, the splitter was made for {len(self.starts)}"
            )
        for test in np.array_split(np.arange(len(self.starts), dtype=np.int64), self.n_splits):
            first, last = self.starts[test].min(), self.ends[test].max()
            clear = (self.ends < first) | (self.starts > last + self.embargo)
            train = np.flatnonzero(clear)
            if not len(train):
                raise ModelError("purging leaves nothing to train on: use fewer blocks")
            yield Fold(train, test)


def _spans(starts: npt.ArrayLike, ends: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    first = np.asarray(starts, dtype=np.int64)
    last = np.asarray(ends, dtype=np.int64)
    if first.shape != last.shape or first.ndim != 1:
        raise ConfigError(f"starts {first.shape} and ends {last.shape} must be lists of one length")
    if np.any(last < first):
        at = int(np.argmax(last < first))
        raise ConfigError(
            f"sample {at} ends at row {last[at]}, before its start {first[at]}: "
            "leave out samples whose label is UNKNOWN"
        )
    return first, last


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ConfigError(f"{name} must be at least {least}, not {value}")
