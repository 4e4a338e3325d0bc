"""hftsim: research, backtest and run high-frequency trading strategies in Python."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names
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
    from hftsim.book import (
        DepthBook,
        MatchingEngine,
        OrderBook,
        OrderBookManager,
        ReferenceBook,
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
    from hftsim.data.ticks import Ticks, TickStore, check_ticks, import_ticks, open_ticks
    from hftsim.features import DataPreprocessor, FeatureEngineer
    from hftsim.models import LSTMPredictor
    from hftsim.portfolio import Portfolio
    from hftsim.report import TradingVisualizer, export_run, write_report
    from hftsim.risk import RiskLimits, RiskManager
    from hftsim.sim.fees import FeeSchedule
    from hftsim.sim.latency import LatencyModel
    from hftsim.sim.queue import QueueModel
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
        CrossExchangeArbitrage,
        GridStrategy,
        LiquidityTakingStrategy,
        MarketMakingStrategy,
        MeanReversionStrategy,
        MLStrategy,
        MomentumStrategy,
        SmaCrossStrategy,
        StatisticalArbitrage,
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
    "book": (
        "DepthBook",
        "MatchingEngine",
        "OrderBook",
        "OrderBookManager",
        "ReferenceBook",
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
    "data.ticks": ("TickStore", "Ticks", "check_ticks", "import_ticks", "open_ticks"),
    "features": ("DataPreprocessor", "FeatureEngineer"),
    "models": ("LSTMPredictor",),
    "portfolio": ("Portfolio",),
    "report": ("TradingVisualizer", "export_run", "write_report"),
    "risk": ("RiskLimits", "RiskManager"),
    "sim.fees": ("FeeSchedule",),
    "sim.latency": ("LatencyModel",),
    "sim.queue": ("QueueModel",),
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
        "CrossExchangeArbitrage",
        "GridStrategy",
        "LiquidityTakingStrategy",
        "MLStrategy",
        "MarketMakingStrategy",
        "MeanReversionStrategy",
        "MomentumStrategy",
        "SmaCrossStrategy",
        "StatisticalArbitrage",
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
    "CrossExchangeArbitrage",
    "DataCache",
    "DataPreprocessor",
    "DepthBook",
    "FeatureEngineer",
    "FeeSchedule",
    "GridStrategy",
    "HftError",
    "Instrument",
    "LSTMPredictor",
    "LatencyModel",
    "LearningSettings",
    "LiquidityTakingStrategy",
    "MLStrategy",
    "MarketMakingStrategy",
    "MatchingEngine",
    "MeanReversionStrategy",
    "MomentumStrategy",
    "OrderBook",
    "OrderBookManager",
    "OrderType",
    "PerformanceMetrics",
    "Portfolio",
    "QueueModel",
    "ReferenceBook",
    "Repairs",
    "RiskLimits",
    "RiskManager",
    "SlippageModel",
    "SmaCrossStrategy",
    "StatisticalArbitrage",
    "Strategy",
    "Struct",
    "TickStore",
    "Ticks",
    "TradingVisualizer",
    "WalkForwardResult",
    "__version__",
    "check_file",
    "check_ticks",
    "create_sample_bars",
    "every",
    "export_run",
    "import_ticks",
    "ml_backtest",
    "on_bar",
    "open_ticks",
    "read_bars",
    "walk_forward",
    "write_report",
]

__getattr__, __dir__ = lazy_names(__name__, _ROOM_OF, __all__)
