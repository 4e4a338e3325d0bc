"""Draw a million points as a few thousand without losing a single spike."""

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


def extreme_positions(values: NDArray[np.float64], points: int = 4000) -> Positions:
    """Return which points to draw so that the line looks the same.

    The series is cut into ``points / 2`` stretches of equal length; of each the smallest and the
    largest value are kept, in the order they came (min-max decimation, as plotting libraries and
    oscilloscopes do it). First and last point are always kept, so are the extremes of the whole.

    Parameters
    ----------
    values : shape (n,); NaN is passed over, a stretch of nothing else keeps its first row.
    points : about how many positions to return, at least 4.

    Returns
    -------
    int64 positions, strictly increasing; all of them where n <= points.
    """
    values = np.asarray(values, dtype=np.float64)
    count = len(values)
    points = max(points, 4)
    if count <= points:
        return np.arange(count, dtype=np.int64)
    stretch = -(-count // (points // 2))
    whole = count // stretch
    kept = [np.array([0, count - 1], dtype=np.int64)]
    kept += _row_extremes(values[: whole * stretch].reshape(whole, stretch), 0)
    if whole * stretch < count:
        kept += _row_extremes(values[whole * stretch :].reshape(1, -1), whole * stretch)
    return np.unique(np.concatenate(kept))


def joint_positions(series: list[NDArray[np.float64]], points: int = 4000) -> Positions:
    """Return one set of positions that keeps the extremes of several series of equal length."""
    if len(series[0]) <= points:
        return np.arange(len(series[0]), dtype=np.int64)
    each = max(points // max(len(series), 1), 4)
    return np.unique(np.concatenate([extreme_positions(values, each) for values in series]))


def _row_extremes(rows: NDArray[np.float64], start: int) -> list[Positions]:
    base = start + np.arange(rows.shape[0], dtype=np.int64) * rows.shape[1]
    missing = np.isnan(rows)
    low = np.where(missing, np.inf, rows).argmin(axis=1)
    high = np.where(missing, -np.inf, rows).argmax(axis=1)
    return [base + low, base + high]
