"""One order against one bar: at its open, and where the price reaches the order's level within it."""

import math

from hftsim.core.enums import FillReason, RejectReason
from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, compiled, inline, pointer_to, record_type
from hftsim.risk._kernels import NO_SHORT_SELLING
from hftsim.sim.orders._kernels import (
    BUY,
    CANCELED,
    EXPIRED,
    FOK,
    FOK_NOT_FILLABLE,
    GTX,
    IOC,
    IOC_REMAINDER,
    LIMIT,
    MARKET,
    NONE,
    ON_GRID,
    REDUCED_TO_ZERO,
    SELL,
    STOP,
    STOP_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    WOULD_TAKE,
    affordable,
    close_order,
    execute,
    fee_rate,
    is_working,
)

floats_at = array_at("f8")

BARS = record_dtype(
    {
        "rows": int,
        "row": int,
        "starts_at": int,
        "open_at": int,
        "high_at": int,
        "low_at": int,
        "close_at": int,
        "volume_at": int,
        "sigma_at": int,
        "average_volume_at": int,
        "session_rows_at": int,
        "session_days_at": int,
        "sessions": int,
        "next_session_row": int,
        "session": int,
        "signal_at": int,
        "columns_at": int,
        "columns_size": int,
        "room": int,
        "open_floor": int,
        "open_ceil": int,
        "low_ticks": int,
        "high_ticks": int,
        "market": float,
        "opened_within": bool,
    }
)
RUN = record_dtype(
    {
        "context_at": int,
        "bars_at": int,
        "steps": int,
        "times_at": int,
        "equity_at": int,
        "interval": int,
        "phase": int,
        "session_step": int,
        "next_fill": int,
        "timer": int,
        "wake_every": int,
        "pause_at": int,
        "pause_every": int,
        "wants_fill": bool,
        "wants_bar": bool,
        "wants_wake": bool,
        "path_ohlc": bool,
        "max_volume_share": float,
        "slippage_fraction": float,
        "slippage_ticks": float,
        "slippage_volatility": float,
        "slippage_impact": float,
    }
)
run_at = pointer_to(record_type("run", RUN))
bars_at = pointer_to(record_type("bars", BARS))
BARS_SIZE = BARS.itemsize

AT_OPEN, LIMIT_TOUCH = int(FillReason.OPEN), int(FillReason.LIMIT_TOUCH)
LIMIT_AT_OPEN, STOP_HIT = int(FillReason.LIMIT_AT_OPEN), int(FillReason.STOP)
STOP_AT_OPEN = int(FillReason.STOP_AT_OPEN)
TARGET_HIT, TARGET_AT_OPEN = int(FillReason.TAKE_PROFIT), int(FillReason.TAKE_PROFIT_AT_OPEN)
MAX_LEVERAGE = int(RejectReason.MAX_LEVERAGE)


@inline
def bars_of(run, index):
    """Return the bars of the instrument with this index."""
    return bars_at(run.bars_at + index * BARS_SIZE)


@inline
def value_at(address, row):
    """Return element `row` of a float64 array at an address."""
    return floats_at(address, row + 1)[row]


@inline
def waits(order):
    """Whether the order still waits for its trigger."""
    return order.type >= STOP and not order.triggered


@inline
def rises(order):
    """Whether the order's next level is reached from below."""
    if waits(order):
        if order.type == STOP or order.type == STOP_LIMIT:
            return order.side == BUY
        return order.side != BUY
    return order.side != BUY


@inline
def level_of(order):
    """Return the tick at which the order does its next thing."""
    return order.trigger if waits(order) else order.price


@inline
def is_market_now(order):
    """Whether the order takes whatever price there is."""
    if order.type == MARKET:
        return True
    return order.triggered and (order.type == STOP or order.type == TAKE_PROFIT)


@compiled
def taker_price(run, bars, own, side, qty, reference):
    """Return the price in ticks of a taker: the reference plus slippage, rounded against it."""
    sigma = value_at(bars.sigma_at, bars.row)
    fraction = run.slippage_fraction + run.slippage_volatility * sigma
    if run.slippage_impact > 0.0:
        usual = value_at(bars.average_volume_at, bars.row)
        if usual > 0.0:
            fraction += run.slippage_impact * sigma * math.sqrt(qty * own.lot_size / usual)
    exact = reference * (1.0 + side * fraction) / own.tick_size + side * run.slippage_ticks
    return max(1, ceil_ticks(exact) if side == BUY else floor_ticks(exact))


@inline
def wanted(own, order):
    """Return the lots the order still wants; a reduce-only one no more than the position."""
    leaves = order.qty - order.filled
    if order.reduce_only:
        return min(leaves, abs(own.position)) if own.position * order.side < 0 else 0
    return leaves


@inline
def within_room(run, bars, qty):
    """Limit a quantity to what is left of this bar's volume share."""
    return min(qty, bars.room) if run.max_volume_share > 0.0 else qty


@inline
def is_out_of_room(run, bars):
    """Whether nothing more may fill in this bar."""
    return run.max_volume_share > 0.0 and bars.room <= 0


@compiled
def trade(run, ctx, bars, own, order, price, reason, is_maker, reference):
    """Fill what the bar's volume and the account allow at `price` ticks."""
    want = wanted(own, order)
    if want == 0:
        close_order(ctx, order, EXPIRED, REDUCED_TO_ZERO)
        return
    qty = within_room(run, bars, want)
    if order.tif == FOK and qty < order.qty - order.filled:
        close_order(ctx, order, EXPIRED, FOK_NOT_FILLABLE)
        return
    means = affordable(ctx, own, order.side, qty, price, fee_rate(own, is_maker))
    if order.tif == FOK and means < qty:
        close_order(ctx, order, EXPIRED, FOK_NOT_FILLABLE)
        return
    if means > 0:
        bars.room -= means
        execute(ctx, order, means, price, reason, is_maker, reference, bars.market)
        within = reason in (LIMIT_TOUCH, STOP_HIT, TARGET_HIT)
        if within and own.position * order.side > 0:
            bars.opened_within = True
    if means < qty and is_working(order):
        short = order.side == SELL and not own.may_short
        cut = NO_SHORT_SELLING if short else MAX_LEVERAGE
        close_order(ctx, order, CANCELED, ctx.halted if ctx.halted != NONE else cut)
    elif order.reduce_only and own.position == 0 and is_working(order):
        close_order(ctx, order, EXPIRED, REDUCED_TO_ZERO)


@compiled
def take(run, ctx, bars, own, order, reference, reason):
    """Trade as a taker at the reference price plus slippage; a limit bounds the price."""
    qty = max(1, within_room(run, bars, wanted(own, order)))
    price = taker_price(run, bars, own, order.side, qty, reference)
    if order.type == LIMIT or order.type == STOP_LIMIT or order.type == TAKE_PROFIT_LIMIT:
        price = min(price, order.price) if order.side == BUY else max(price, order.price)
    trade(run, ctx, bars, own, order, price, reason, False, reference)


@inline
def reached_at_open(bars, order):
    """Whether the bar opens at or beyond the order's level."""
    if rises(order):
        return level_of(order) <= bars.open_floor
    return level_of(order) >= bars.open_ceil


@compiled
def at_open(run, ctx, bars, own, order):
    """Do what happens to one order at the bar's open."""
    reason, rested = AT_OPEN, order.resting or order.triggered
    if waits(order) and reached_at_open(bars, order):
        order.triggered = True
        is_stop = order.type == STOP or order.type == STOP_LIMIT
        reason = STOP_AT_OPEN if is_stop else TARGET_AT_OPEN
    if is_market_now(order):
        take(run, ctx, bars, own, order, bars.market, reason)
    elif not waits(order) and reached_at_open(bars, order):
        if rested:
            level = order.price * own.tick_size
            trade(run, ctx, bars, own, order, order.price, LIMIT_AT_OPEN, True, level)
        elif order.tif == GTX:
            close_order(ctx, order, CANCELED, WOULD_TAKE)
        else:
            take(run, ctx, bars, own, order, bars.market, LIMIT_AT_OPEN)
    if is_working(order):
        if order.tif == IOC:
            close_order(ctx, order, EXPIRED, IOC_REMAINDER)
        elif order.tif == FOK:
            close_order(ctx, order, EXPIRED, FOK_NOT_FILLABLE)
        else:
            order.resting = not waits(order)


@inline
def reached_within(bars, order):
    """Whether the bar's range reaches the order's level."""
    if is_market_now(order):
        return False
    if rises(order):
        return level_of(order) <= bars.high_ticks
    return level_of(order) >= bars.low_ticks


@compiled
def at_level(run, ctx, bars, own, order):
    """Do what happens to one order when the price reaches its level within the bar."""
    level = level_of(order) * own.tick_size
    bars.market = level
    if not waits(order):
        trade(run, ctx, bars, own, order, order.price, LIMIT_TOUCH, True, level)
        return
    order.triggered = True
    is_stop = order.type == STOP or order.type == STOP_LIMIT
    reason = STOP_HIT if is_stop else TARGET_HIT
    if not is_market_now(order) and (order.price - order.trigger) * order.side < 0:
        return
    if order.tif == GTX:
        close_order(ctx, order, CANCELED, WOULD_TAKE)
    else:
        take(run, ctx, bars, own, order, level, reason)


@inline
def is_target(order):
    """Whether the order takes profit: a reduce-only limit or any take-profit order."""
    if order.type == TAKE_PROFIT or order.type == TAKE_PROFIT_LIMIT:
        return True
    return order.reduce_only


@inline
def floor_ticks(ticks):
    """Round down to a whole tick; what is within rounding of one is on it."""
    return math.floor(ticks + ON_GRID)


@inline
def ceil_ticks(ticks):
    """Round up to a whole tick; what is within rounding of one is on it."""
    return math.ceil(ticks - ON_GRID)
