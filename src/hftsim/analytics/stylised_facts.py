"""Stylised facts of a market: what simulated prices and orders should share with real ones.

R. Cont, "Empirical properties of asset returns: stylized facts and statistical issues", Quantitative
Finance 1 (2001); J.-P. Bouchaud, Y. Gefen, M. Potters, M. Wyart, "Fluctuations and response in
financial markets", Quantitative Finance 4 (2004); J.-P. Bouchaud, J. Bonart, J. Donier, M. Gould,
"Trades, Quotes and Prices", Cambridge 2018.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from hftsim.core.errors import ConfigError

LAGS = (1, 2, 5, 10, 20, 50, 100)
"""Lags at which autocorrelations and responses are told."""
_FEWEST = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderFlow:
    """What the facts are computed from, one entry per event of order flow, in order.

    Parameters
    ----------
    ts : ns, shape (n,).
    sign : 1 buy, -1 sell, shape (n,).
    is_trade : whether the event is a market order, shape (n,).
    bid, ask : best prices before each event, ticks; 0 where there is none, shape (n,).
    profile : mean lots at 0, 1, ... ticks behind the best, shape (levels,).
    """

    ts: np.ndarray
    sign: np.ndarray
    is_trade: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    profile: np.ndarray


def stylised_facts(flow: OrderFlow, every_ns: int = 1_000_000_000) -> dict[str, Any]:
    """Return the facts as plain numbers; NaN where too few observations define one.

    Parameters
    ----------
    flow : the events. Raises ConfigError where arrays differ in length.
    every_ns : step of the returns (of log mid prices).

    Returns
    -------
    dict with ``events``, ``trades``, ``seconds``, ``spread`` (mean, median, quantiles, share of one
    tick), ``depth_profile`` (shares of levels 0 to 9), ``inter_arrival`` (mean seconds, coefficient of
    variation: 1 for a Poisson process), ``returns`` (volatility per step, excess kurtosis),
    ``return_acf``, ``absolute_return_acf`` and ``sign_acf`` by lag, ``sign_memory`` (the exponent gamma
    of ``acf(lag) ~ lag ** -gamma``, and the Hurst exponent ``1 - gamma / 2`` where gamma is below 1),
    ``response`` (mean of ``sign * (mid after l trades - mid before)``, half-spreads taken out of
    nothing: ticks, by lag) and ``signature`` (variance of mid changes over l events, per event,
    relative to lag 1).
    """
    lengths = {len(getattr(flow, n)) for n in ("ts", "sign", "is_trade", "bid", "ask")}
    if len(lengths) != 1:
        raise ConfigError(f"the arrays of the order flow differ in length: {sorted(lengths)}")
    known = (flow.bid > 0) & (flow.ask > flow.bid)
    ts, mid = flow.ts[known], 0.5 * (flow.bid[known] + flow.ask[known])
    trades = known & flow.is_trade.astype(bool)
    signs, returns = flow.sign[flow.is_trade.astype(bool)], returns_of(ts, mid, every_ns)
    trade_mids = 0.5 * (flow.bid[trades] + flow.ask[trades])
    return {
        "events": len(flow.ts),
        "trades": int(flow.is_trade.sum()),
        "seconds": float(flow.ts[-1] - flow.ts[0]) / 1e9 if len(flow.ts) else math.nan,
        "spread": spread_facts(flow.ask[known] - flow.bid[known]),
        "depth_profile": _shares(flow.profile[:10]),
        "inter_arrival": arrival_facts(flow.ts),
        "returns": {
            "step_seconds": every_ns / 1e9,
            "volatility_bps": _deviation(returns) * 1e4,
            "excess_kurtosis": excess_kurtosis(returns),
        },
        "return_acf": by_lag(returns),
        "absolute_return_acf": by_lag(np.abs(returns)),
        "sign_acf": by_lag(signs.astype(float)),
        "sign_memory": sign_memory(signs.astype(float)),
        "response": response(trade_mids, flow.sign[trades]),
        "signature": signature(mid),
    }


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Return ``sum (x_t - m)(x_t+lag - m) / sum (x_t - m)^2``; NaN for too few or constant values."""
    if lag < 1 or len(values) < lag + _FEWEST:
        return math.nan
    centred = np.asarray(values, float) - np.mean(values)
    square = float(centred @ centred)
    return float(centred[:-lag] @ centred[lag:]) / square if square > 0 else math.nan


def by_lag(values: np.ndarray) -> dict[int, float]:
    """Return the autocorrelation at each of `LAGS`."""
    return {lag: autocorrelation(values, lag) for lag in LAGS}


def excess_kurtosis(values: np.ndarray) -> float:
    """Return the fourth moment over the squared second, minus 3; NaN for fewer than 20 values."""
    if len(values) < _FEWEST:
        return math.nan
    centred = values - values.mean()
    square = float(np.mean(centred**2))
    return float(np.mean(centred**4)) / square**2 - 3.0 if square > 0 else math.nan


def spread_facts(spread: np.ndarray) -> dict[str, float]:
    """Return mean, median, 5 and 95 percent quantiles of spreads in ticks, and the share of 1."""
    if not len(spread):
        return dict.fromkeys(("mean", "median", "q05", "q95", "share_one_tick"), math.nan)
    q05, median, q95 = (float(q) for q in np.quantile(spread, (0.05, 0.5, 0.95)))
    one = float(np.mean(spread == 1))
    mean = float(spread.mean())
    return {"mean": mean, "median": median, "q05": q05, "q95": q95, "share_one_tick": one}


def arrival_facts(ts: np.ndarray) -> dict[str, float]:
    """Return the mean wait between events in seconds and its coefficient of variation."""
    waits = np.diff(ts) / 1e9
    if len(waits) < _FEWEST or not waits.mean() > 0:
        return {"mean_seconds": math.nan, "variation": math.nan}
    return {
        "mean_seconds": float(waits.mean()),
        "variation": float(waits.std() / waits.mean()),
    }


def sign_memory(signs: np.ndarray) -> dict[str, float]:
    """Return the decay exponent of the signs' autocorrelation and the Hurst exponent it implies.

    A straight line through the logarithms of the autocorrelations at `LAGS`, up to the first that is
    not above the noise, ``2 / sqrt(n)``; three are needed. F. Lillo and J. D. Farmer, Studies in
    Nonlinear Dynamics & Econometrics 8 (2004).
    """
    noise, found = 2.0 / math.sqrt(max(len(signs), 1)), []
    for lag in LAGS:
        value = autocorrelation(signs, lag)
        if not value > noise:
            break
        found.append((math.log(lag), math.log(value)))
    if len(found) < 3:
        return {"gamma": math.nan, "hurst": math.nan}
    x, y = np.array(found).T
    gamma = -float(np.polyfit(x, y, 1)[0])
    return {"gamma": gamma, "hurst": 1.0 - gamma / 2.0 if 0.0 < gamma < 1.0 else math.nan}


def response(mids: np.ndarray, signs: np.ndarray) -> dict[int, float]:
    """Return ``mean(sign_t * (mid_t+lag - mid_t))`` over trades, ticks; mids are before each trade."""
    found = {}
    for lag in LAGS:
        enough = len(mids) >= lag + _FEWEST
        moves = (mids[lag:] - mids[:-lag]) * signs[:-lag] if enough else np.zeros(0)
        found[lag] = float(moves.mean()) if enough else math.nan
    return found


def signature(mids: np.ndarray) -> dict[int, float]:
    """Return the variance of mid changes over `lag` events, per event, beside that of lag 1."""
    found: dict[int, float] = {}
    for lag in LAGS:
        enough = len(mids) >= lag + _FEWEST
        found[lag] = float(np.mean((mids[lag:] - mids[:-lag]) ** 2)) / lag if enough else math.nan
    first = found[1]
    return {lag: value / first if first > 0 else math.nan for lag, value in found.items()}


def returns_of(ts: np.ndarray, mid: np.ndarray, every_ns: int) -> np.ndarray:
    """Return log returns of the last mid price at the end of each step of `every_ns`."""
    if len(ts) < 2:
        return np.zeros(0)
    times = np.arange(ts[0], ts[-1] + 1, every_ns)
    rows = np.searchsorted(ts, times, side="right") - 1
    return np.diff(np.log(mid[rows]))


def _shares(profile: np.ndarray) -> list[float]:
    total = float(profile.sum())
    return [float(v) / total if total > 0 else math.nan for v in profile]


def _deviation(values: np.ndarray) -> float:
    return float(values.std()) if len(values) >= 2 else math.nan


def facts_table(facts: dict[str, Any]) -> dict[str, float]:
    """Return the facts as one flat table: names like ``spread.mean`` and ``sign_acf.10``."""
    flat: dict[str, float] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": part for key, part in value.items()}
        elif isinstance(value, list):
            flat |= {f"{name}.{at}": part for at, part in enumerate(value)}
        else:
            flat[name] = value
    return flat
