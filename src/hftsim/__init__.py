"""hftsim: research, backtest and run high-frequency trading strategies in Python."""

import importlib
from typing import TYPE_CHECKING, Any

from hftsim.core.version import __version__

if TYPE_CHECKING:
    from hftsim.analytics import PerformanceMetrics
    from hftsim.backtest import (
        BacktestConfig,
        Backtester,
        BacktestResult,
        LearningSettings,
        WalkForwardResult,
        ml_backtest,
        walk_forward,
    )
    from hftsim.core import HftError, Instrument, OrderType
    from hftsim.data import (
        BinanceDataFetcher,
        DataCache,
        Repairs,
        check_file,
        create_sample_bars,
        read_bars,
    )
    from hftsim.features import DataPreprocessor, FeatureEngineer
    from hftsim.models import LSTMPredictor
    from hftsim.portfolio import Portfolio
    from hftsim.report import TradingVisualizer, export_run, write_report
    from hftsim.risk import RiskLimits, RiskManager
    from hftsim.sim.slippage import SlippageModel
    from hftsim.strategies import (
        BUY,
        DAY,
        FOK,
        GTC,
        GTX,
        IOC,
        SELL,
        Array,
        MeanReversionStrategy,
        MLStrategy,
        MomentumStrategy,
        SmaCrossStrategy,
        Strategy,
        Struct,
        every,
        on_bar,
    )

_HOME = {
    "analytics": ("PerformanceMetrics",),
    "backtest": (
        "BacktestConfig",
        "BacktestResult",
        "Backtester",
        "LearningSettings",
        "WalkForwardResult",
        "ml_backtest",
        "walk_forward",
    ),
    "core": ("HftError", "Instrument", "OrderType"),
    "data": (
        "BinanceDataFetcher",
        "DataCache",
        "Repairs",
        "check_file",
        "create_sample_bars",
        "read_bars",
    ),
    "features": ("DataPreprocessor", "FeatureEngineer"),
    "models": ("LSTMPredictor",),
    "portfolio": ("Portfolio",),
    "report": ("TradingVisualizer", "export_run", "write_report"),
    "risk": ("RiskLimits", "RiskManager"),
    "sim.slippage": ("SlippageModel",),
    "strategies": (
        "BUY",
        "DAY",
        "FOK",
        "GTC",
        "GTX",
        "IOC",
        "SELL",
        "Array",
        "MLStrategy",
        "MeanReversionStrategy",
        "MomentumStrategy",
        "SmaCrossStrategy",
        "Strategy",
        "Struct",
        "every",
        "on_bar",
    ),
}
_ROOM_OF = {name: room for room, names in _HOME.items() for name in names}

__all__ = [
    "BUY",
    "DAY",
    "FOK",
    "GTC",
    "GTX",
    "IOC",
    "SELL",
    "Array",
    "BacktestConfig",
    "BacktestResult",
    "Backtester",
    "BinanceDataFetcher",
    "DataCache",
    "DataPreprocessor",
    "FeatureEngineer",
    "HftError",
    "Instrument",
    "LSTMPredictor",
    "LearningSettings",
    "MLStrategy",
    "MeanReversionStrategy",
    "MomentumStrategy",
    "OrderType",
    "PerformanceMetrics",
    "Portfolio",
    "Repairs",
    "RiskLimits",
    "RiskManager",
    "SlippageModel",
    "SmaCrossStrategy",
    "Strategy",
    "Struct",
    "TradingVisualizer",
    "WalkForwardResult",
    "__version__",
    "check_file",
    "create_sample_bars",
    "every",
    "export_run",
    "ml_backtest",
    "on_bar",
    "read_bars",
    "walk_forward",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load the room that holds a public name when it is first asked for."""
    if name in _ROOM_OF:
        return getattr(importlib.import_module(f"hftsim.{_ROOM_OF[name]}"), name)
    raise AttributeError(f"module 'hftsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
