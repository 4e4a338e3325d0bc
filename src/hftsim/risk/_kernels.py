"""Risk limits in compiled code; their plain twin is `RiskManager`."""

from hftsim.core.enums import RejectReason
from hftsim.native.compiled import limits_at
from hftsim.native.records import compiled, inline
from hftsim.portfolio._kernels import gross_exposure, value_of

NONE = int(RejectReason.NONE)
NO_SHORT_SELLING = int(RejectReason.NO_SHORT_SELLING)
MAX_ORDER_VALUE, MAX_POSITION = int(RejectReason.MAX_ORDER_VALUE), int(RejectReason.MAX_POSITION)
MAX_EXPOSURE, MAX_LEVERAGE = int(RejectReason.MAX_EXPOSURE), int(RejectReason.MAX_LEVERAGE)
DAILY_LOSS = int(RejectReason.DAILY_LOSS)
DRAWDOWN_BREAKER = int(RejectReason.DRAWDOWN_BREAKER)
ACCOUNT_WIPED_OUT = int(RejectReason.ACCOUNT_WIPED_OUT)
LIQUIDATED = int(RejectReason.LIQUIDATED)

_ROUNDING = 1.0 + 1e-9


@compiled
def check_order(ctx, own, side, qty, price):
    """Return why an order of `qty` lots worth `price` each may not go out, or NONE.

    What still works on the order's side counts as filled. Orders that only reduce the position
    always pass. Comparisons with a limit that is NaN (off) are false.
    """
    working = own.open_buy_qty if side > 0 else own.open_sell_qty
    after = own.position + side * (working + qty)
    if own.position * side < 0 and (after == 0 or (after > 0) == (own.position > 0)):
        return NONE
    if ctx.equity <= 0.0:
        return ACCOUNT_WIPED_OUT
    if ctx.halted != NONE:
        return ctx.halted
    if after < 0 and side < 0 and not own.may_short:
        return NO_SHORT_SELLING
    limits = limits_at(ctx.limits_at)
    lot_worth = value_of(own, 1, price)
    value = abs(after) * lot_worth
    if qty * lot_worth > limits.max_order_value * _ROUNDING:
        return MAX_ORDER_VALUE
    if value > limits.max_position * ctx.equity * _ROUNDING:
        return MAX_POSITION
    gross = value + gross_exposure(ctx, own.index)
    if gross > limits.max_exposure * ctx.equity * _ROUNDING:
        return MAX_EXPOSURE
    if gross > limits.max_leverage * ctx.equity * _ROUNDING:
        return MAX_LEVERAGE
    return NONE


@inline
def update_breakers(ctx, session, equity_before):
    """Move peak and session start, and trip the breakers; returns whether one tripped just now.

    `equity_before` is equity at the previous step: what a session starts from, so that a gap at
    its open counts.

    A daily-loss halt ends with the session; the drawdown breaker and a wiped-out account do not.
    """
    equity, before, now = ctx.equity, ctx.halted, ctx.halted
    if session != ctx.session:
        ctx.session = session
        ctx.session_start_equity = equity_before
        if before == DAILY_LOSS:
            before = now = ctx.halted = NONE
    peak = max(ctx.peak, equity)
    ctx.peak = peak
    if equity <= 0.0 and before != LIQUIDATED:
        now = ACCOUNT_WIPED_OUT
    elif before in (NONE, DAILY_LOSS):
        limits, start = limits_at(ctx.limits_at), ctx.session_start_equity
        if peak - equity >= limits.max_drawdown * peak:
            now = DRAWDOWN_BREAKER
        elif start - equity >= limits.max_daily_loss * start:
            now = DAILY_LOSS
    if now == before:
        return False
    ctx.halted = now
    if before == NONE:
        ctx.halted_at = ctx.now
    return True
