"""What a simulated crowd is made of: its flow, its agents, its sizes."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from hftsim.core.errors import ConfigError

COMPONENTS = ("market_buy", "market_sell", "limit_buy", "limit_sell", "cancel_buy", "cancel_sell")
"""Components of a flow, in the order of its arrays; a cancel's side is that of the order."""
TABLE = 1 << 12


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Whole numbers that are drawn with weights.

    Parameters
    ----------
    values : whole numbers, at least one; each above 0.
    weights : how often each comes, relative to the others; default: all alike. What is drawn has
        steps of 1/4096: rarer values come as often as rounding leaves them.

    Raises ConfigError for values or weights that cannot be.
    """

    values: Sequence[int]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        values, weights = np.asarray(self.values), self.shares
        if values.ndim != 1 or not len(values) or (values < 1).any():
            raise ConfigError("a distribution needs at least one value, all of them above 0")
        if len(weights) != len(values) or not np.isfinite(weights).all() or (weights < 0).any():
            raise ConfigError("weights are finite numbers from 0 on, one for each value")
        if not weights.sum() > 0:
            raise ConfigError("at least one weight must be above 0")

    @property
    def shares(self) -> np.ndarray:
        """The weights as given, shape (values,)."""
        if self.weights is None:
            return np.ones(len(self.values))
        return np.asarray(self.weights, np.float64)

    @property
    def mean(self) -> float:
        """The mean of what is drawn."""
        return float(self.table().mean())

    def table(self) -> np.ndarray:
        """Return 4096 values, int64: at equal steps of the distribution function."""
        edges = np.cumsum(self.shares)
        places = (np.arange(TABLE) + 0.5) / TABLE * edges[-1]
        rows = np.minimum(np.searchsorted(edges, places, side="right"), len(edges) - 1)
        return np.asarray(np.asarray(self.values, np.int64)[rows])

    @classmethod
    def of(cls, sample: np.ndarray) -> "Distribution":
        """Return the distribution of a sample of whole numbers above 0, shape (n,)."""
        quantiles = (np.arange(TABLE) + 0.5) / TABLE
        drawn = np.quantile(np.asarray(sample, np.int64), quantiles, method="nearest")
        values, counts = np.unique(drawn.astype(np.int64), return_counts=True)
        return cls(tuple(values.tolist()), tuple(counts.astype(float).tolist()))


def geometric(mean: float, most: int) -> Distribution:
    """Return a geometric distribution on 1 to `most`, with this mean before it is cut off."""
    if mean < 1:
        raise ConfigError(f"the mean of whole numbers above 0 cannot be {mean}")
    stay = 1.0 - 1.0 / mean
    return Distribution(tuple(range(1, most + 1)), tuple(stay**k for k in range(most)))


def _require(condition: object, sentence: str) -> None:
    if not condition:
        raise ConfigError(sentence)


def _is_rate(value: float) -> bool:
    return bool(np.isfinite(value) and value >= 0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoissonFlow:
    """Zero-intelligence flow: independent Poisson streams.

    E. Smith, J. D. Farmer, L. Gillemot, S. Krishnamurthy, "Statistical theory of the continuous
    double auction", Quantitative Finance 3 (2003). Where limit orders are placed is the crowd's
    `distances`, how large they are its sizes.

    Parameters
    ----------
    market_rate : market orders of each side per second.
    limit_rate : limit orders of each side per second, all prices together.
    cancel_rate : cancels per second of each resting order of the flow.
    """

    market_rate: float = 1.0
    limit_rate: float = 20.0
    cancel_rate: float = 0.2

    def __post_init__(self) -> None:
        for name in ("market_rate", "limit_rate", "cancel_rate"):
            value = getattr(self, name)
            _require(_is_rate(value), f"{name} is a number from 0 on, not {value}")

    @property
    def base(self) -> np.ndarray:
        """Rates per second by component, shape (6,)."""
        return np.repeat([self.market_rate, self.limit_rate, 0.0], 2)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HawkesFlow:
    """Flow whose events excite each other: rate_i(t) = base_i + sum over past events of kernels.

    The kernel of cause j for component i is ``sum_k excite[k, i, j] * decays[k] *
    exp(-decays[k] * t)``: `excite` counts the events that one event leads to. A. G. Hawkes,
    Biometrika 58 (1971); E. Bacry, I. Mastromatteo, J.-F. Muzy, "Hawkes processes in finance",
    Market Microstructure and Liquidity 1 (2015). The flow is excited by its own events, not by
    those of agents or strategies.

    Parameters
    ----------
    base : rates without any past, per second, shape (6,), in the order of `COMPONENTS`.
    excite : shape (kernels, 6, 6), from 0 on.
    decays : per second, shape (kernels,), above 0.
    cancel_rate : cancels per second of each resting order, beside those that are excited.

    Raises ConfigError for other shapes, and where one event leads to one or more on the whole (the
    spectral radius of ``excite.sum(axis=0)``, `branching_ratio`, is 1 or more).
    """

    base: np.ndarray
    excite: np.ndarray
    decays: np.ndarray
    cancel_rate: float = 0.05

    def __post_init__(self) -> None:
        base, excite = np.asarray(self.base, float), np.asarray(self.excite, float)
        decays, n = np.asarray(self.decays, float), len(COMPONENTS)
        _require(base.shape == (n,), f"base has the shape {base.shape}, not ({n},)")
        shape = (len(decays), n, n)
        _require(excite.shape == shape, f"excite has the shape {excite.shape}, not {shape}")
        whole = np.concatenate([base.ravel(), excite.ravel(), [self.cancel_rate]])
        _require(np.isfinite(whole).all() and (whole >= 0).all(), "rates are from 0 on")
        _require(np.isfinite(decays).all() and (decays > 0).all(), "decays are above 0")
        for name, value in (("base", base), ("excite", excite), ("decays", decays)):
            object.__setattr__(self, name, value)
        ratio = self.branching_ratio
        _require(
            ratio < 1,
            f"the branching ratio is {ratio:.3f}: each event leads to one or more on the whole, "
            f"and the flow would grow without end; make `excite` smaller",
        )

    @property
    def branching_ratio(self) -> float:
        """Events that one event leads to in the next generation, at most; below 1."""
        return branching_ratio(self.excite)

    @property
    def mean_rates(self) -> np.ndarray:
        """Rates in the long run, per second, shape (6,): (1 - excite)^-1 base."""
        n = len(COMPONENTS)
        return np.linalg.solve(np.eye(n) - self.excite.sum(axis=0), self.base)


def branching_ratio(excite: np.ndarray) -> float:
    """Return the spectral radius of the sum over kernels of `excite`, shape (kernels, n, n)."""
    if not len(excite):
        return 0.0
    return float(np.abs(np.linalg.eigvals(np.asarray(excite).sum(axis=0))).max())


@dataclasses.dataclass(frozen=True, kw_only=True)
class QueueReactiveFlow:
    """Flow whose rates depend on how long the queues are (Huang, Lehalle, Rosenbaum 2015).

    Row ``d - 1`` of each table is the d-th price from the reference price, column ``q`` a queue of
    q typical orders (rounded up; the last column also stands for longer ones).

    Parameters
    ----------
    limit, cancel : events per second, shape (levels, lengths). Column 0 of `cancel` is 0.
    market : market orders per second against the nearest queue, shape (lengths,).
    event_size : lots of a typical order.
    theta : how likely the reference price follows when the mid price has moved.
    cancel_rate : cancels per second of each order farther away than the tables reach.
    """

    limit: np.ndarray
    cancel: np.ndarray
    market: np.ndarray
    event_size: int = 1
    theta: float = 0.7
    cancel_rate: float = 0.1

    def __post_init__(self) -> None:
        for name in ("limit", "cancel", "market"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), float))
            values = getattr(self, name)
            _require(np.isfinite(values).all() and (values >= 0).all(), f"{name} is from 0 on")
        _require(self.limit.ndim == 2 and self.limit.size > 0, "limit has levels and lengths")
        _require(self.limit.shape == self.cancel.shape, "limit and cancel differ in shape")
        _require(self.market.shape == self.limit.shape[1:], "market has as many lengths as limit")
        _require(not self.cancel[:, 0].any(), "an empty queue has nothing to cancel: column 0 is 0")
        _require(self.event_size >= 1, "event_size is at least 1 lot")
        _require(0 <= self.theta <= 1, "theta is between 0 and 1")
        _require(_is_rate(self.cancel_rate), "cancel_rate is from 0 on")

    @property
    def tables(self) -> np.ndarray:
        """Rates, shape (3, levels, lengths): limit, cancel, market."""
        market = np.zeros_like(self.limit)
        market[0] = self.market
        return np.stack([self.limit, self.cancel, market])

    @classmethod
    def example(cls, levels: int = 5, lengths: int = 30) -> "QueueReactiveFlow":
        """Return tables of the shape the paper finds in liquid stocks: made up, not measured."""
        q = np.arange(lengths)
        limit = np.stack([2.0 / d + 1.5 * np.exp(-q / 6.0) for d in range(1, levels + 1)])
        cancel = np.stack([0.35 * q / (1.0 + q / 12.0) / d**0.5 for d in range(1, levels + 1)])
        market = np.where(q > 0, 1.2 * np.exp(-q / 10.0), 0.0)
        return cls(limit=limit, cancel=cancel, market=market)


Flow = PoissonFlow | HawkesFlow | QueueReactiveFlow


def example_hawkes(level: float = 1.0) -> HawkesFlow:
    """Return a flow in bursts with persistent signs; made up, `level` multiplies its rates."""
    same, other = 0.25, 0.05
    fast, slow = np.zeros((6, 6)), np.zeros((6, 6))
    for side in (0, 1):
        fast[side, side], slow[side, side] = same, 0.35
        fast[2 + side, 1 - side] = fast[2 + side, side] = other
        fast[2 + side, 2 + side], slow[2 + side, 2 + side] = 0.30, 0.2
        fast[4 + side, 1 - side] = 0.4
        fast[4 + side, 4 + side], slow[4 + side, 4 + side] = 0.25, 0.2
        slow[4 + side, 2 + side] = 0.3
    base = np.array([0.15, 0.15, 2.5, 2.5, 0.3, 0.3]) * level
    return HawkesFlow(base=base, excite=np.stack([fast, slow]), decays=np.array([50.0, 0.5]))


def rates_of(flow: Flow) -> dict[str, Any]:
    """Return base, excite and decays of a flow, empty where it has none."""
    if isinstance(flow, HawkesFlow):
        return {"base": flow.base, "excite": flow.excite, "decays": flow.decays}
    base = flow.base if isinstance(flow, PoissonFlow) else np.zeros(6)
    return {"base": base, "excite": np.zeros((0, 6, 6)), "decays": np.zeros(0)}
