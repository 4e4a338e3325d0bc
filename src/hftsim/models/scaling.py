"""Standard scores per feature, fitted on training windows only."""

import dataclasses
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hftsim.models.inputs import FloatArray

_CONSTANT = 1e-12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scaler:
    """Mean and standard deviation of each feature, shape (features,).

    Scores beyond +-`clip` standard deviations are set to +-`clip`: one bar of ten times the usual
    volume must not move the weights by itself. A feature that never changed in training keeps its
    unit: its score is the distance from that constant (clipped alike).
    """

    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]
    clip: float

    def apply(self, windows: FloatArray) -> npt.NDArray[np.float32]:
        """Return the scores of windows (..., features) as float32 of the same shape.

        float32 windows are scaled in float32, all others in float64.
        """
        scores = windows - self.mean.astype(windows.dtype)
        scores /= self.std.astype(windows.dtype)
        np.clip(scores, -self.clip, self.clip, out=scores)
        return scores.astype(np.float32, copy=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the scaler as JSON-able values; floats survive JSON exactly."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist(), "clip": self.clip}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Undo `to_dict`."""
        return cls(mean=np.array(values["mean"]), std=np.array(values["std"]), clip=values["clip"])


def fit_scaler(chunks: Iterable[FloatArray], *, clip: float) -> Scaler:
    """Fit on windows (n, steps, features) in one pass; every step of every window counts.

    Means and squares are merged chunk by chunk in float64 (Chan, Golub, LeVeque 1983, "Algorithms
    for computing the sample variance", eq. 2.1), so price-sized values lose no digits.
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    low, high = np.full(1, np.inf), np.full(1, -np.inf)
    for chunk in chunks:
        rows = chunk.reshape(-1, chunk.shape[-1]).astype(np.float64)
        low, high = np.minimum(low, rows.min(axis=0)), np.maximum(high, rows.max(axis=0))
        chunk_mean = rows.mean(axis=0)
        rows -= chunk_mean
        total = count + len(rows)
        step = chunk_mean - mean
        squares = (
            squares + np.einsum("ij,ij->j", rows, rows) + step**2 * (count * len(rows) / total)
        )
        mean = mean + step * (len(rows) / total)
        count = total
    constant = high - low <= _CONSTANT * np.maximum(np.abs(high), np.abs(low))
    std = np.sqrt(squares / count)
    return Scaler(
        mean=np.where(constant, low, mean), std=np.where(constant, 1.0, std), clip=float(clip)
    )
