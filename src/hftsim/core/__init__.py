"""Words everyone uses: errors, enums, instruments, requests, reports, fills, clocks.

Bar frames are defined in `hftsim.core.bars`, which imports numpy and is therefore not loaded here.
"""

from hftsim.core.clock import Clock, LiveClock, SimClock
from hftsim.core.enums import (
    ExecType,
    FillReason,
    InstrumentKind,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
)
from hftsim.core.errors import (
    ConfigError,
    DataError,
    HftError,
    InputError,
    InstrumentError,
    Interrupted,
    MissingExtraError,
    ModelError,
    NativeError,
    NetworkError,
    StrategyError,
    UnknownNameError,
    VenueError,
)
from hftsim.core.instrument import Instrument, is_crypto_symbol, normalize_symbol
from hftsim.core.orders import (
    CancelOrder,
    ExecutionReport,
    Fill,
    NewOrder,
    Refused,
    ReplaceOrder,
    Request,
)
from hftsim.core.progress import Progress, no_progress

__all__ = [
    "CancelOrder",
    "Clock",
    "ConfigError",
    "DataError",
    "ExecType",
    "ExecutionReport",
    "Fill",
    "FillReason",
    "HftError",
    "InputError",
    "Instrument",
    "InstrumentError",
    "InstrumentKind",
    "Interrupted",
    "LiveClock",
    "MissingExtraError",
    "ModelError",
    "NativeError",
    "NetworkError",
    "NewOrder",
    "OrderStatus",
    "OrderType",
    "Progress",
    "Refused",
    "RejectReason",
    "ReplaceOrder",
    "Request",
    "Side",
    "SimClock",
    "StrategyError",
    "TimeInForce",
    "UnknownNameError",
    "VenueError",
    "is_crypto_symbol",
    "no_progress",
    "normalize_symbol",
]
