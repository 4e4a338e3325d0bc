"""Backtests: run, compare, walk forward."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names

if TYPE_CHECKING:
    from hftsim.backtest.backtester import Backtester
    from hftsim.backtest.config import BacktestConfig
    from hftsim.backtest.learning import LearningSettings
    from hftsim.backtest.ml import ml_backtest
    from hftsim.backtest.result import BacktestResult
    from hftsim.backtest.rolling import WalkForwardResult, walk_forward

__all__ = [
    "BacktestConfig",
    "BacktestResult",
    "Backtester",
    "LearningSettings",
    "WalkForwardResult",
    "ml_backtest",
    "walk_forward",
]

_MODULES = {
    "Backtester": "backtester",
    "BacktestConfig": "config",
    "BacktestResult": "result",
    "LearningSettings": "learning",
    "WalkForwardResult": "rolling",
    "ml_backtest": "ml",
    "walk_forward": "rolling",
}

__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
