"""Which way the price goes next: DOWN, FLAT or UP, by a threshold fitted on the past."""

import numpy as np
import numpy.typing as npt

from hftsim.core.errors import ConfigError, DataError, ModelError

DOWN = 0
FLAT = 1
UP = 2
UNKNOWN = -1
CLASS_NAMES = ("DOWN", "FLAT", "UP")

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def forward_returns(
    close: npt.ArrayLike, horizon: int, *, runs: IntArray | None = None
) -> FloatArray:
    """Return close[t + horizon] / close[t] - 1; NaN where that is not known.

    Parameters
    ----------
    close : prices above 0, shape (rows,).
    horizon : how many rows ahead, at least 1.
    runs : run number of each row (`contiguous_runs`); a return across two runs is NaN.

    Returns
    -------
    float64 array, shape (rows,); the last `horizon` rows of every run are NaN.

    Raises
    ------
    ConfigError : the horizon is below 1.
    DataError : a price is not a finite number above 0, or `runs` has another length.
    """
    if horizon < 1:
        raise ConfigError(f"horizon is a number of rows ahead, at least 1, not {horizon}")
    prices = np.asarray(close, dtype=np.float64)
    good = np.isfinite(prices) & (prices > 0)
    if not good.all():
        row = int(np.argmin(good))
        raise DataError(f"{prices[row]} is not a price above 0", row=row, field="close")
    if runs is not None and len(runs) != len(prices):
        raise DataError(f"runs has {len(runs)} rows, close has {len(prices)}")
    returns = np.full(len(prices), np.nan)
    if len(prices) > horizon:
        returns[:-horizon] = prices[horizon:] / prices[:-horizon] - 1.0
        if runs is not None:
            returns[:-horizon][runs[horizon:] != runs[:-horizon]] = np.nan
    return returns


def direction_labels(
    close: npt.ArrayLike, horizon: int, threshold: float, *, runs: IntArray | None = None
) -> IntArray:
    """Label each row by where the price stands `horizon` rows later.

    UP where the forward return is above `threshold`, DOWN where it is below ``-threshold``, FLAT
    between, UNKNOWN (-1) where the forward return is not known.

    Parameters
    ----------
    close, horizon, runs : as for `forward_returns`.
    threshold : a fraction (0.001 is 0.1 %), at least 0, from `fit_threshold` or from costs.

    Returns
    -------
    int64 array, shape (rows,).

    Raises
    ------
    ConfigError : the threshold is negative or no number; the horizon is below 1.
    DataError : a price is not a finite number above 0.
    """
    if not (np.isfinite(threshold) and threshold >= 0):
        raise ConfigError(f"threshold is a fraction of the price, at least 0, not {threshold}")
    returns = forward_returns(close, horizon, runs=runs)
    labels = np.full(len(returns), FLAT, dtype=np.int64)
    labels[returns > threshold] = UP
    labels[returns < -threshold] = DOWN
    labels[np.isnan(returns)] = UNKNOWN
    return labels


def fit_threshold(
    returns_train: npt.ArrayLike, *, flat_share: float = 1 / 3, minimum: float = 0.0
) -> float:
    """Return the threshold that leaves about `flat_share` of the training returns FLAT.

    It is the `flat_share` quantile of the absolute forward returns, so with returns that are as
    often up as down the three classes are about as frequent. Give it the training part only.

    Parameters
    ----------
    returns_train : forward returns of the training rows; NaN (not known) is left out.
    flat_share : wanted share of FLAT, above 0 and below 1.
    minimum : smallest threshold, for example the cost of a round trip.

    Raises
    ------
    ConfigError : `flat_share` is not between 0 and 1, or `minimum` is negative.
    ModelError : no return is known.
    """
    if not 0 < flat_share < 1:
        raise ConfigError(f"flat_share lies between 0 and 1, not {flat_share}")
    if not minimum >= 0:
        raise ConfigError(f"minimum is at least 0, not {minimum}")
    moves = np.abs(np.asarray(returns_train, dtype=np.float64))
    moves = moves[~np.isnan(moves)]
    if not len(moves):
        raise ModelError("no forward return is known in the training part: give it more rows")
    return max(float(np.quantile(moves, flat_share)), minimum)


def label_ends(labels: IntArray, horizon: int) -> IntArray:
    """Return the row at which each label is known: ``row + horizon``, UNKNOWN where it never is."""
    rows = np.arange(len(labels), dtype=np.int64)
    return np.where(labels == UNKNOWN, UNKNOWN, rows + horizon).astype(np.int64)
