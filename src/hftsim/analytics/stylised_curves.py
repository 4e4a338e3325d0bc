"""Stylised facts as curves: what a picture of them draws; the numbers are in `stylised_facts`."""

import dataclasses
import math

import numpy as np

from hftsim.analytics.stylised_facts import OrderFlow, autocorrelation, returns_of

RETURN_LAGS = 50
"""Autocorrelations of returns are drawn at lags 1 to so many."""
SIGN_LAGS = 1_000
"""The longest lag, in trades, at which the memory of order signs is drawn."""
_POINTS = 400
_LAG_POINTS = 30


@dataclasses.dataclass(frozen=True, kw_only=True)
class FactCurves:
    """The curves of one order flow; arrays are empty where there is nothing to draw.

    Parameters
    ----------
    spread, spread_share : the spreads that occur, ticks, and the share of events that find each.
    depth : mean lots at 0, 1, ... ticks behind the best.
    wait, wait_share : seconds above 0, and the share of waits between events that are longer.
    zero_wait, mean_wait : share of waits that are 0, and their mean, seconds; NaN without waits.
    lag, return_acf, absolute_return_acf : lags in steps, and autocorrelations at each.
    return_noise : two standard errors of those of independent returns, ``2 / sqrt(n)``.
    sign_lag, sign_acf : lags in trades, evenly spread over their logarithms.
    sign_noise : as `return_noise`, of order signs.
    returns : log returns over `step_seconds`, less their mean, over their standard deviation.
    step_seconds : step of the returns.
    """

    spread: np.ndarray
    spread_share: np.ndarray
    depth: np.ndarray
    wait: np.ndarray
    wait_share: np.ndarray
    zero_wait: float
    mean_wait: float
    lag: np.ndarray
    return_acf: np.ndarray
    absolute_return_acf: np.ndarray
    return_noise: float
    sign_lag: np.ndarray
    sign_acf: np.ndarray
    sign_noise: float
    returns: np.ndarray
    step_seconds: float


def fact_curves(flow: OrderFlow, every_ns: int = 1_000_000_000) -> FactCurves:
    """Return the curves of an order flow; `every_ns` is the step of the returns."""
    known = (flow.bid > 0) & (flow.ask > flow.bid)
    spread, times_seen = np.unique(flow.ask[known] - flow.bid[known], return_counts=True)
    returns = returns_of(flow.ts[known], 0.5 * (flow.bid[known] + flow.ask[known]), every_ns)
    signs = flow.sign[flow.is_trade.astype(bool)].astype(float)
    waits = np.diff(flow.ts) / 1e9
    wait, wait_share = longer_than(waits)
    lag, acf = acf_at(returns, np.arange(1, RETURN_LAGS + 1))
    sign_lag, sign_acf = acf_at(signs, spaced_lags(SIGN_LAGS))
    spread_of_returns = float(returns.std()) if len(returns) else 0.0
    return FactCurves(
        spread=spread,
        spread_share=times_seen / max(int(known.sum()), 1),
        depth=flow.profile if flow.profile.sum() > 0 else np.zeros(0),
        wait=wait,
        wait_share=wait_share,
        zero_wait=float(np.mean(waits <= 0)) if len(waits) else math.nan,
        mean_wait=float(waits.mean()) if len(waits) else math.nan,
        lag=lag,
        return_acf=acf,
        absolute_return_acf=acf_at(np.abs(returns), lag)[1],
        return_noise=_noise(len(returns)),
        sign_lag=sign_lag,
        sign_acf=sign_acf,
        sign_noise=_noise(len(signs)),
        returns=(returns - returns.mean()) / spread_of_returns
        if spread_of_returns > 0
        else lag[:0],
        step_seconds=every_ns / 1e9,
    )


def longer_than(waits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return waits above 0, and the share of all waits that are longer than each.

    At most 400 of them, evenly spread over their logarithms; the longest, which none exceeds, has
    no point.
    """
    ordered = np.sort(waits)
    values = np.unique(ordered[ordered > 0])
    if len(values) > _POINTS:
        marks = np.geomspace(values[0], values[-1], _POINTS)
        values = np.unique(values[np.minimum(np.searchsorted(values, marks), len(values) - 1)])
    share = 1.0 - np.searchsorted(ordered, values, side="right") / max(len(ordered), 1)
    return values[share > 0], share[share > 0]


def spaced_lags(longest: int) -> np.ndarray:
    """Return whole lags from 1 to `longest`, about evenly spread over their logarithms."""
    return np.unique(np.round(np.geomspace(1, longest, _LAG_POINTS)).astype(np.int64))


def acf_at(values: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lags at which an autocorrelation is defined, and its value at each."""
    found = np.array([autocorrelation(values, int(lag)) for lag in lags])
    defined = np.isfinite(found)
    return lags[defined], found[defined]


def _noise(count: int) -> float:
    return 2.0 / math.sqrt(count) if count else math.nan
