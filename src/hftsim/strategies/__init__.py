"""Strategies: the base class, the ready-made ones, and where they are found by name."""

from hftsim.native.context import BUY, DAY, FOK, GTC, GTX, IOC, SELL
from hftsim.native.fields import Array, Struct
from hftsim.strategies.base import Strategy, Wake, every, on_bar
from hftsim.strategies.cross_exchange_arbitrage import CrossExchangeArbitrage
from hftsim.strategies.grid import GridStrategy
from hftsim.strategies.liquidity_taking import LiquidityTakingStrategy
from hftsim.strategies.loading import STRATEGIES, find_strategy, load_strategy
from hftsim.strategies.market_making import MarketMakingStrategy, QuoteModel
from hftsim.strategies.mean_reversion import MeanReversionStrategy
from hftsim.strategies.ml import MLStrategy
from hftsim.strategies.momentum import MomentumStrategy
from hftsim.strategies.sma_cross import SmaCrossStrategy
from hftsim.strategies.statistical_arbitrage import HedgeModel, StatisticalArbitrage

__all__ = [
    "BUY",
    "DAY",
    "FOK",
    "GTC",
    "GTX",
    "IOC",
    "SELL",
    "STRATEGIES",
    "Array",
    "CrossExchangeArbitrage",
    "GridStrategy",
    "HedgeModel",
    "LiquidityTakingStrategy",
    "MLStrategy",
    "MarketMakingStrategy",
    "MeanReversionStrategy",
    "MomentumStrategy",
    "QuoteModel",
    "SmaCrossStrategy",
    "StatisticalArbitrage",
    "Strategy",
    "Struct",
    "Wake",
    "every",
    "find_strategy",
    "load_strategy",
    "on_bar",
]
