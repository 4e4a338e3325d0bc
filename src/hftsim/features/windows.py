"""Look-back windows over a matrix of features, copied out only when asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hftsim.core.errors import ConfigError

IntArray = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]


class Windows:
    """An array of shape (n, lookback, features) that is never held whole.

    Window k is ``values[ends[k] - lookback + 1 : ends[k] + 1]``. Indexing as numpy does along the
    first axis gives an array: a number gives one window (lookback, features); a slice, a list of
    positions or a mask gives (k, lookback, features). ``np.asarray`` gives all of it.

    Parameters
    ----------
    values : features in time order, shape (rows, features); kept as float32.
    ends : row of each window's last bar, shape (n,), each at least ``lookback - 1``.
    lookback : rows of a window, at least 1.
    feature_names : one per feature, where known.

    Raises
    ------
    ConfigError : `values` is no matrix, a window reaches outside of it, or names do not fit.
    """

    def __init__(
        self,
        values: npt.ArrayLike,
        ends: npt.ArrayLike,
        lookback: int,
        *,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.values: Float32Array = np.ascontiguousarray(values, dtype=np.float32)
        self.ends: IntArray = np.asarray(ends, dtype=np.int64)
        self.lookback = int(lookback)
        self.feature_names = None if feature_names is None else tuple(feature_names)
        if self.values.ndim != 2 or self.ends.ndim != 1:
            raise ConfigError(
                f"windows need values (rows, features) and ends (n,), not {self.values.shape} "
                f"and {self.ends.shape}"
            )
        if self.feature_names is not None and len(self.feature_names) != self.values.shape[1]:
            raise ConfigError(
                f"{len(self.feature_names)} names for {self.values.shape[1]} features"
            )
        if self.lookback < 1:
            raise ConfigError(f"lookback must be at least 1, not {lookback}")
        if len(self.ends) and not (
            self.lookback - 1 <= self.ends.min() and self.ends.max() < len(self.values)
        ):
            raise ConfigError(
                f"windows end at rows {self.ends.min()}..{self.ends.max()}, but {self.lookback} "
                f"rows must fit before and there are {len(self.values)}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Windows, rows of a window, features."""
        return len(self.ends), self.lookback, self.values.shape[1]

    @property
    def ndim(self) -> int:
        """Always 3."""
        return 3

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Always float32."""
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, key: Any) -> Float32Array:
        last = self.ends[key]
        rows = np.asarray(last)[..., None] + np.arange(1 - self.lookback, 1)
        return self.values[rows]

    def __array__(
        self,
        dtype: npt.DTypeLike | None = None,
        copy: bool | None = None,  # noqa: FBT001
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("windows overlap, so all of them can only be had as a copy")
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __repr__(self) -> str:
        count, lookback, features = self.shape
        return f"Windows({count} windows of {lookback} rows x {features} features)"

    def select(self, positions: npt.ArrayLike) -> "Windows":
        """Return the windows at some positions (numbers or a mask), still uncopied."""
        chosen = np.asarray(positions)
        if chosen.dtype != np.bool_:
            chosen = chosen.astype(np.int64)
        ends = self.ends[chosen]
        return Windows(self.values, ends, self.lookback, feature_names=self.feature_names)
