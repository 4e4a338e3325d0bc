"""Volatility of the mid price per square root of a second."""

import math

import numpy as np

from hftsim.core.errors import DataError

LN2 = math.log(2.0)


def decay_weight(seconds: float, half_life: float) -> float:
    """Return the weight of what is new in an average that forgets half within `half_life` seconds.

    ``1 - 2^(-seconds / half_life)``. Runs in Python and compiles into strategies.
    """
    return -math.expm1(-LN2 * seconds / half_life)


def realised_volatility(times: np.ndarray, mids: np.ndarray, *, every_ns: int) -> float:
    """Return sigma of mid prices sampled every `every_ns`, in their unit per sqrt(s).

    The root of the sum of squared changes over the time between first and last sample. A longer
    `every_ns` takes less of the bouncing of the best prices for volatility.

    Parameters
    ----------
    times, mids : ascending times of changes, ns, and the mid prices from then on, shape (n,).
    every_ns : time between samples.

    Raises DataError for less than two samples.
    """
    if every_ns < 1 or len(times) == 0 or int(times[-1]) - int(times[0]) < every_ns:
        raise DataError("volatility needs mid prices over two samples or more")
    grid = np.arange(int(times[0]), int(times[-1]) + 1, every_ns)
    sampled = np.asarray(mids, dtype=np.float64)[np.searchsorted(times, grid, side="right") - 1]
    return math.sqrt(float((np.diff(sampled) ** 2).sum()) / ((len(grid) - 1) * every_ns / 1e9))
