"""What a bar's fills may know of volume and volatility: rows before it, never its own."""

import numpy as np

VOLUME_BARS = 20
SIGMA_BARS = 60


def average_volume(volume: np.ndarray) -> np.ndarray:
    """Return the mean volume of up to `VOLUME_BARS` bars before each bar; 0 for the first."""
    counts = np.minimum(np.arange(len(volume)), VOLUME_BARS)
    return _mean_before(volume, VOLUME_BARS, counts)


def past_sigma(close: np.ndarray) -> np.ndarray:
    """Return the sample standard deviation of up to `SIGMA_BARS` log returns before each bar.

    0 where fewer than two returns are known: the first bar has none, so from the fourth bar on. A
    return to or from a price that is not above 0 has no logarithm and counts as 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.diff(np.log(close), prepend=np.log(close[:1]))
    returns = np.where(np.isfinite(returns), returns, 0.0)
    counts = np.minimum(np.maximum(np.arange(len(close)) - 1, 0), SIGMA_BARS)
    mean = _mean_before(returns, SIGMA_BARS, counts)
    square = _mean_before(returns * returns, SIGMA_BARS, counts)
    variance = np.maximum(square - mean * mean, 0.0)
    scale = np.divide(counts, counts - 1, out=np.zeros(len(close)), where=counts > 1)
    return np.asarray(np.sqrt(variance * scale))


def _mean_before(values: np.ndarray, window: int, counts: np.ndarray) -> np.ndarray:
    """Return the sum of up to `window` values before each row over `counts`; 0 where that is 0."""
    total = np.cumsum(values)
    mean = np.empty(len(values))
    mean[:1] = 0.0
    mean[1 : window + 1] = total[:-1][:window]
    np.subtract(total[window:-1], total[: -window - 1], out=mean[window + 1 :])
    mean /= np.maximum(counts, 1)
    mean[counts == 0] = 0.0
    return mean
