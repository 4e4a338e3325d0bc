"""The bar market."""

from hftsim.sim.bars.market import BarMarket, BarMarketSettings

__all__ = ["BarMarket", "BarMarketSettings"]
