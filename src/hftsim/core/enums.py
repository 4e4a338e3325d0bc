"""The words of trading as integers, so that they mean the same in Python and in kernels.

Names follow FIX, then Binance where FIX is silent.
"""

from enum import IntEnum, StrEnum


class Side(IntEnum):
    """Direction of an order or fill; the value is the sign of the position change (FIX tag 54)."""

    BUY = 1
    SELL = -1


class OrderType(IntEnum):
    """What makes an order active and at which price it may trade (FIX tag 40)."""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    TAKE_PROFIT = 5
    TAKE_PROFIT_LIMIT = 6


class TimeInForce(IntEnum):
    """How long an order lives (FIX tag 59); GTX is post-only (Binance)."""

    GTC = 0
    IOC = 1
    FOK = 2
    GTX = 3
    DAY = 4


class OrderStatus(IntEnum):
    """Where an order stands (FIX tag 39)."""

    PENDING_NEW = 0
    NEW = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 4
    REJECTED = 5
    EXPIRED = 6


class ExecType(IntEnum):
    """What an execution report tells (FIX tag 150)."""

    NEW = 0
    TRADE = 1
    CANCELED = 2
    REPLACED = 3
    REJECTED = 4
    EXPIRED = 5


class FillReason(IntEnum):
    """Why an order filled."""

    OPEN = 1
    LIMIT_TOUCH = 2
    LIMIT_AT_OPEN = 3
    STOP = 4
    STOP_AT_OPEN = 5
    TAKE_PROFIT = 6
    TAKE_PROFIT_AT_OPEN = 7
    RISK_STOP_LOSS = 8
    RISK_TAKE_PROFIT = 9
    RISK_HALT = 10


class RejectReason(IntEnum):
    """Why a request was refused; refusals are values, never exceptions."""

    NONE = 0
    BAD_INSTRUMENT = 1
    BAD_PRICE = 2
    BAD_QTY = 3
    BELOW_MIN_QTY = 4
    BELOW_MIN_NOTIONAL = 5
    TOO_MANY_ORDERS = 6
    UNKNOWN_ORDER = 7
    NO_SHORT_SELLING = 8
    MAX_ORDER_VALUE = 9
    MAX_POSITION = 10
    MAX_EXPOSURE = 11
    MAX_LEVERAGE = 12
    DAILY_LOSS = 13
    DRAWDOWN_BREAKER = 14
    ACCOUNT_WIPED_OUT = 15
    NO_MARKET = 16
    WOULD_TAKE = 17
    FOK_NOT_FILLABLE = 18
    NOTHING_TO_REDUCE = 19
    IOC_REMAINDER = 20
    DAY_ENDED = 21
    END_OF_DATA = 22
    REDUCED_TO_ZERO = 23
    BAD_TYPE = 24


class InstrumentKind(StrEnum):
    """What is traded (FIX tag 167, in the crypto venues' words)."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"
    EQUITY = "equity"
