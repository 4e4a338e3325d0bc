"""Strategies: the base class, the ready-made ones, and where they are found by name."""

from hftsim.native.context import BUY, DAY, FOK, GTC, GTX, IOC, SELL
from hftsim.native.fields import Array, Struct
from hftsim.strategies.base import Strategy, Wake, every, on_bar
from hftsim.strategies.loading import STRATEGIES, find_strategy, load_strategy
from hftsim.strategies.mean_reversion import MeanReversionStrategy
from hftsim.strategies.ml import MLStrategy
from hftsim.strategies.momentum import MomentumStrategy
from hftsim.strategies.sma_cross import SmaCrossStrategy

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
    "MLStrategy",
    "MeanReversionStrategy",
    "MomentumStrategy",
    "SmaCrossStrategy",
    "Strategy",
    "Struct",
    "Wake",
    "every",
    "find_strategy",
    "load_strategy",
    "on_bar",
]
