"""All settings of a crowd, and the mixtures that have a name."""

import dataclasses

import numpy as np

from hftsim.core.errors import ConfigError, UnknownNameError
from hftsim.sim.crowd.flows import (
    Distribution,
    Flow,
    PoissonFlow,
    QueueReactiveFlow,
    example_hawkes,
    geometric,
)
from hftsim.sim.crowd.traders import (
    Agents,
    MarketMakers,
    MomentumTraders,
    NoiseTraders,
    ValueTraders,
    ZeroIntelligence,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrowdSettings:
    """A crowd around one instrument.

    Parameters
    ----------
    flow : statistical order flow.
    agents : groups of traders beside it.
    first_price : ticks, around which the first book is built.
    distances : where the flow's limit orders are placed: ticks behind the other side's best price,
        from 1 on. Not used by a queue-reactive flow.
    limit_sizes, market_sizes : lots of the flow's orders.
    opening_levels, opening_orders : levels of each side, and orders at each, that the book opens
        with.
    fundamental_sd : standard deviation of the fundamental price after one second, ticks.
    """

    flow: Flow = dataclasses.field(default_factory=PoissonFlow)
    agents: tuple[Agents, ...] = ()
    first_price: int = 100_000
    distances: Distribution = dataclasses.field(default_factory=lambda: geometric(6.0, 60))
    limit_sizes: Distribution = dataclasses.field(default_factory=lambda: geometric(5.0, 60))
    market_sizes: Distribution = dataclasses.field(default_factory=lambda: geometric(4.0, 60))
    opening_levels: int = 10
    opening_orders: int = 3
    fundamental_sd: float = 1.0

    def __post_init__(self) -> None:
        if self.first_price <= self.opening_levels:
            raise ConfigError(
                f"first_price {self.first_price} must be above opening_levels {self.opening_levels}"
            )
        if self.opening_levels < 1 or self.opening_orders < 1:
            raise ConfigError("the book opens with at least one level and one order at each")
        if self.opening_levels * self.opening_orders > 1 << 14:
            raise ConfigError("the book opens with at most 16,384 orders on each side")
        if not np.isfinite(self.fundamental_sd) or self.fundamental_sd < 0:
            raise ConfigError("fundamental_sd is a number of ticks from 0 on")
        if sum(group.count for group in self.agents) >= 1 << 20:
            raise ConfigError("a crowd has less than 1,048,576 agents")

    @property
    def cancel_rate(self) -> float:
        """Cancels per second of each resting order of the flow."""
        return self.flow.cancel_rate


FLOWS = ("poisson", "hawkes", "queue-reactive")
AGENTS = ("none", "zero-intelligence", "makers", "momentum", "value", "noise", "all")


def named_crowd(flow: str = "hawkes", agents: str = "all") -> CrowdSettings:
    """Return a crowd of examples: made up, fitted to no market.

    Parameters
    ----------
    flow : ``poisson``, ``hawkes`` or ``queue-reactive``.
    agents : ``none``, ``all``, or kinds joined by ``+``: zero-intelligence, makers, momentum, value,
        noise.

    Raises UnknownNameError.
    """
    flows: dict[str, Flow] = {
        "poisson": PoissonFlow(),
        "hawkes": example_hawkes(),
        "queue-reactive": QueueReactiveFlow.example(),
    }
    if flow not in flows:
        raise UnknownNameError("flow", flow, FLOWS)
    return CrowdSettings(flow=flows[flow], agents=named_agents(agents))


def named_agents(names: str) -> tuple[Agents, ...]:
    """Return groups of agents by their names, joined by ``+``; raises UnknownNameError."""
    known: dict[str, Agents] = {
        "zero-intelligence": ZeroIntelligence(count=20, rate=0.5, qty=3),
        "makers": MarketMakers(count=5, rate=4.0, qty=10, max_position=200),
        "momentum": MomentumTraders(count=10, rate=0.2, qty=2, max_position=50),
        "value": ValueTraders(count=20, rate=0.2, qty=3, max_position=100),
        "noise": NoiseTraders(count=20, rate=0.05, qty=2, max_position=100),
    }
    if names == "none":
        return ()
    if names == "all":
        return tuple(known.values())
    for name in names.split("+"):
        if name not in known:
            raise UnknownNameError("kind of agents", name, AGENTS)
    return tuple(known[name] for name in names.split("+"))
