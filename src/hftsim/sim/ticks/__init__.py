"""The market of recorded ticks: two clocks, queues, latency."""

from hftsim.sim.ticks.market import ReplayMarket, ReplaySettings

__all__ = ["ReplayMarket", "ReplaySettings"]
