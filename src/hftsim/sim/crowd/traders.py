"""The agents of a crowd; each has a Poisson clock, and trades its own account by one rule."""

import dataclasses
from typing import Any, ClassVar

from hftsim.core.errors import ConfigError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Agents:
    """Some traders of one kind.

    Parameters
    ----------
    count : how many.
    rate : how often each wakes up, per second on average.
    qty : lots of each of its orders.
    max_position : lots it holds at most, long or short.
    """

    kind: ClassVar[int] = -1

    count: int = 10
    rate: float = 1.0
    qty: int = 1
    max_position: int = 1_000

    def __post_init__(self) -> None:
        name = type(self).__name__
        if self.count < 0 or self.qty < 1 or self.max_position < 1 or not 0 <= self.rate < 1e9:
            raise ConfigError(
                f"{name}: count and rate are from 0 on, qty and max_position from 1 on"
            )

    def fields(self) -> dict[str, Any]:
        """Return what the compiled record of the group holds."""
        return {
            "kind": self.kind,
            "count": self.count,
            "rate": self.count * self.rate,
            "qty": self.qty,
            "max_position": self.max_position,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZeroIntelligence(Agents):
    """Takes with probability `market_share`; else moves its one resting order to a random price.

    Parameters
    ----------
    reach : ticks behind the other side's best that a price may lie, each as likely.
    market_share : how often it takes.
    """

    kind = 0

    reach: int = 10
    market_share: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reach < 1 or not 0 <= self.market_share <= 1:
            raise ConfigError("ZeroIntelligence: reach is from 1 on, market_share from 0 to 1")

    def fields(self) -> dict[str, Any]:
        """Return what the compiled record of the group holds."""
        return {**super().fields(), "reach": self.reach, "market_share": self.market_share}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MarketMakers(Agents):
    """Quote post-only around the mid price, lower when long and higher when short.

    Parameters
    ----------
    half_spread : from the price they lean to, to each quote, ticks.
    skew : ticks that a lot of inventory shifts both quotes.
    """

    kind = 1

    half_spread: float = 1.5
    skew: float = 0.02

    def fields(self) -> dict[str, Any]:
        """Return what the compiled record of the group holds."""
        return {**super().fields(), "half_spread": self.half_spread, "skew": self.skew}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MomentumTraders(Agents):
    """Take in the direction in which the mid price has left its exponential average.

    Parameters
    ----------
    horizon : time constant of the average, seconds.
    threshold : ticks that the price must be away.
    """

    kind = 2

    horizon: float = 10.0
    threshold: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.horizon > 0:
            raise ConfigError("MomentumTraders: horizon is above 0 seconds")

    def fields(self) -> dict[str, Any]:
        """Return what the compiled record of the group holds."""
        return {**super().fields(), "horizon": self.horizon, "threshold": self.threshold}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ValueTraders(Agents):
    """Take what is cheap or dear beside a fundamental price, a random walk all of them know.

    How far it walks is `CrowdSettings.fundamental_sd`.

    Parameters
    ----------
    threshold : ticks that the best price must be away from what they think it is worth.
    disagreement : standard deviation of their constant errors about it, ticks.
    """

    kind = 3

    threshold: float = 2.0
    disagreement: float = 2.0

    def fields(self) -> dict[str, Any]:
        """Return what the compiled record of the group holds."""
        return {**super().fields(), "threshold": self.threshold, "skew": self.disagreement}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoiseTraders(Agents):
    """Take on a side of chance."""

    kind = 4
