"""Backtests: run, compare, walk forward."""

from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    """Load what is asked for, and its dependencies with it, when first used."""
    if name in _MODULES:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
