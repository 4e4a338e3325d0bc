"""The words of trading as integers, so that they mean the same in Python and in kernels.

Names follow FIX, then Binance where FIX is silent.
"""

from enum import IntEnum, IntFlag, StrEnum


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
    MARKET_TO_LIMIT = 7
    TRAILING_STOP = 8
    TRAILING_STOP_LIMIT = 9
    PEGGED = 10


class TimeInForce(IntEnum):
    """How long an order lives (FIX tag 59); GTX is post-only (Binance)."""

    GTC = 0
    IOC = 1
    FOK = 2
    GTX = 3
    DAY = 4
    GTD = 5
    AT_OPEN = 6
    AT_CLOSE = 7


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


class MessageOp(IntEnum):
    """What a message to the matching engine asks for."""

    NEW = 1
    CANCEL = 2
    REPLACE = 3
    MASS_CANCEL = 4
    KILL = 5
    REVIVE = 6
    HALT = 7
    RESUME = 8
    AUCTION = 9
    UNCROSS = 10
    TIME = 11
    END_OF_DAY = 12
    COLLAR = 13


class OrderFlag(IntFlag):
    """What else an order wants; bits. No self-trade bit: the incoming order is cancelled."""

    HIDDEN = 1
    SLIDE = 2
    PEG_PRIMARY = 4
    PEG_MARKET = 8
    PEG_MIDPOINT = 16
    CANCEL_OLDEST = 32
    CANCEL_BOTH = 64
    DECREMENT = 128
    TRIGGER_GIVEN = 256


class TradingPhase(IntEnum):
    """What a book does with orders that cross."""

    CONTINUOUS = 0
    HALTED = 1
    AUCTION = 2


class ReportKind(IntEnum):
    """What a row of the matching engine's reports tells."""

    ACK = 1
    REJECT = 2
    FILL = 3
    CANCEL = 4
    REPLACE = 5
    EXPIRE = 6
    TRIGGER = 7
    REPRICE = 8
    REDUCE = 9


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
    TAKER_WALK = 11
    QUEUE_FRONT = 12
    TRADE_THROUGH = 13
    BOOK_CROSS = 14
    LIQUIDATION = 20


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
    BAD_ORDER_ID = 25
    REPEATED_ORDER_ID = 26
    BAD_SIDE = 27
    BAD_TIME_IN_FORCE = 28
    BAD_OPERATION = 29
    SELF_TRADE = 30
    OWNER_BLOCKED = 31
    OUTSIDE_COLLAR = 32
    NOT_IN_THIS_PHASE = 33
    BAD_TIME = 34
    MIN_QTY_NOT_FILLABLE = 35
    MASS_CANCEL = 36
    KILLED = 37
    GOOD_TILL = 38
    AUCTION_ENDED = 39
    LOST_ON_THE_WAY = 40
    ABOVE_MAX_QTY = 41
    MAX_ORDER_RATE = 42
    LIQUIDATED = 43


class InstrumentKind(StrEnum):
    """What is traded (FIX tag 167, in the crypto venues' words)."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"
    EQUITY = "equity"
