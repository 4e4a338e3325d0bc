"""How often orders reach a depth: A and kappa of A exp(-kappa depth), from public trades.

Method of `calibrate_intensity`. Time is cut into windows. At the start of each, an imaginary pair of
limit orders of each depth is put around the mid price of that moment; it is reached by the first
trade in the window at the price of either, or beyond. For waiting times that are exponential and
cut off at the window's end, the maximum-likelihood rate is the number of pairs reached over the
time that all of them were watched; one side has half of it. The logarithms of these rates against depth are fitted by a straight line,
each weighted by the number reached (the variance of the logarithm of a count is about one over the
count), over `depths` only: far depths follow another law, and belong into the fit only if the
maker quotes there.

`tick_decay` is the same on line: depths of the trades that go furthest, above the nearest depth
seen, are then geometric in whole ticks.
"""

import dataclasses
import math

import numpy as np

from hftsim.core.errors import DataError


@dataclasses.dataclass(frozen=True)
class Intensity:
    """A fit of ``intensity * exp(-kappa * depth)``.

    Parameters
    ----------
    intensity : A, orders per second and side that reach the mid price.
    kappa : decay, 1 / unit of depth.
    depths : the depths used, ascending.
    rates : orders per second and side that reached each.
    reached : how many pairs of imaginary orders of each depth were reached.
    r_squared : share of the (weighted) variance of the logarithms that the line explains; NaN where
        there is none.
    """

    intensity: float
    kappa: float
    depths: np.ndarray
    rates: np.ndarray
    reached: np.ndarray
    r_squared: float

    def at(self, depth: float) -> float:
        """Return the fitted rate at a depth, orders per second and side."""
        return self.intensity * math.exp(-self.kappa * depth)


def calibrate_intensity(
    trade_times: np.ndarray,
    trade_depths: np.ndarray,
    *,
    windows: int,
    window_ns: int,
    depths: np.ndarray,
) -> Intensity:
    """Fit A and kappa to how deep trades went beyond the mid price; see the module's docstring.

    Parameters
    ----------
    trade_times : int64 of shape (n,), ascending, ns since the first window began.
    trade_depths : float64 of shape (n,): by how much each trade's price lies beyond the mid price at
        the start of its window, on the side it was taken from (aggressor's side x (price - mid)).
        Depths of both sides together; negative ones reach nothing.
    windows : how many windows there are.
    window_ns : length of each.
    depths : float64 of shape (m,), m >= 2, ascending and positive: where orders are imagined.

    Raises DataError where fewer than two depths were reached, or deeper ones more often.
    """
    depths = np.asarray(depths, dtype=np.float64)
    if depths.ndim != 1 or len(depths) < 2 or (np.diff(depths) <= 0).any() or depths[0] <= 0:
        raise DataError("calibration needs two or more depths above 0, ascending")
    if windows < 1 or window_ns < 1:
        raise DataError("calibration needs at least one window of at least 1 ns")
    if (np.diff(trade_times) < 0).any():
        raise DataError("calibration needs trades in order of time")
    window, into = np.divmod(np.asarray(trade_times, dtype=np.int64), window_ns)
    reached, watched = np.zeros(len(depths), np.int64), np.zeros(len(depths))
    for k, depth in enumerate(depths):
        hits = np.flatnonzero(trade_depths >= depth)
        first = hits[np.flatnonzero(np.diff(window[hits], prepend=-1))]
        reached[k] = len(first)
        unreached = windows - len(first)
        watched[k] = (into[first].sum() + float(unreached) * window_ns) / 1e9
    known = (reached > 0) & (watched > 0.0)
    if known.sum() < 2:
        raise DataError(
            "calibration needs trades that reach two depths: take smaller depths or more data"
        )
    rates = np.divide(reached, watched, out=np.zeros(len(depths)), where=watched > 0.0)
    return _fitted(depths[known], rates[known], reached[known])


def _fitted(depths: np.ndarray, rates: np.ndarray, reached: np.ndarray) -> Intensity:
    """Return the weighted line through the logarithms of the rates of both sides together."""
    rates = 0.5 * rates
    logs, weights = np.log(rates), reached / reached.sum()
    middle, level = float(weights @ depths), float(weights @ logs)
    spread = float(weights @ (depths - middle) ** 2)
    slope = float(weights @ ((depths - middle) * (logs - level))) / spread
    if slope >= 0.0:
        raise DataError("calibration: deeper orders were not reached less often; widen the depths")
    total = float(weights @ (logs - level) ** 2)
    rest = float(weights @ (logs - level - slope * (depths - middle)) ** 2)
    explained = 1.0 - rest / total if total > 0.0 else math.nan
    return Intensity(math.exp(level - slope * middle), -slope, depths, rates, reached, explained)


def trade_depths(
    times: np.ndarray,
    prices: np.ndarray,
    sides: np.ndarray,
    mid_times: np.ndarray,
    mids: np.ndarray,
    *,
    start: int,
    window_ns: int,
) -> np.ndarray:
    """Return how far each trade went beyond the mid price at the start of its window.

    Parameters
    ----------
    times, prices, sides : of the trades, shape (n,): ns, price, aggressor's side (1 buys, -1 sells).
    mid_times, mids : ascending times at which the mid price changed, ns, and what it was then.
    start : when the first window began, ns; no trade and no first mid price may be later/earlier.
    window_ns : length of a window.

    Returns float64 of shape (n,), NaN in windows that begin before the first mid price.
    """
    begins = start + (np.asarray(times) - start) // window_ns * window_ns
    at = np.searchsorted(mid_times, begins, side="right") - 1
    known = np.asarray(mids, dtype=np.float64)[np.maximum(at, 0)]
    return np.where(at >= 0, np.asarray(sides) * (np.asarray(prices) - known), np.nan)


def tick_decay(mean_excess: float, tick: float) -> float:
    """Return kappa of depths on a grid whose mean is `mean_excess` above the nearest one.

    Depths that are exponential and rounded to whole ticks are geometric, and the maximum-likelihood
    decay is ``ln(1 + tick / mean_excess) / tick``. Runs in Python and compiles into strategies.

    Parameters
    ----------
    mean_excess : mean depth above the nearest depth counted; 0 gives infinity.
    tick : distance of neighbouring depths, above 0.
    """
    if mean_excess <= 0.0:
        return math.inf
    return math.log1p(tick / mean_excess) / tick


def reach_rate(share: float, window: float) -> float:
    """Return the rate of a Poisson process of which `share` of all windows see an event, 1 / s.

    ``-ln(1 - share) / window``. Runs in Python and compiles into strategies.

    Parameters
    ----------
    share : 0 or more, below 1; counts as 0.999 from there on.
    window : seconds.
    """
    return -math.log1p(-min(share, 0.999)) / window
