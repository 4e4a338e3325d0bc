"""The account in compiled code; its plain twin is `Portfolio`."""

from hftsim.native.compiled import instrument_row
from hftsim.native.records import inline


@inline
def apply_fill(ctx, own, side, qty, price, fee):
    """Book a fill of `qty` lots at `price` ticks: cash, position, average cost, realised P&L."""
    ctx.cash -= side * (float(price) * qty * own.tick_value) + fee
    ctx.fees += fee
    before = own.position
    after = before + side * qty
    paid = price * own.tick_size
    if before == 0 or (before > 0) == (side > 0):
        own.avg_price = (own.avg_price * abs(before) + paid * qty) / abs(after)
    else:
        closed = min(abs(before), qty)
        direction = 1.0 if before > 0 else -1.0
        lot_value = own.tick_value / own.tick_size
        own.realised += direction * closed * (paid - own.avg_price) * lot_value
        if after == 0:
            own.avg_price = 0.0
        elif (after > 0) != (before > 0):
            own.avg_price = paid
    own.position = after


@inline
def position_value(own, price):
    """Signed value of the position at `price`, in quote currency."""
    return own.position * price * (own.tick_value / own.tick_size)


@inline
def mark_to_market(ctx):
    """Set equity: cash plus every position at its last close."""
    equity = ctx.cash
    for k in range(ctx.instruments):
        own = instrument_row(ctx.instruments_at, k, ctx.instruments)
        equity += position_value(own, own.close)
    ctx.equity = equity


@inline
def net_exposure(ctx, without):
    """Sum of signed position values at the last closes, leaving out one instrument."""
    net = 0.0
    for k in range(ctx.instruments):
        if k != without:
            own = instrument_row(ctx.instruments_at, k, ctx.instruments)
            net += position_value(own, own.close)
    return net


@inline
def gross_exposure(ctx, without):
    """Sum of absolute position values at the last closes, leaving out one instrument."""
    gross = 0.0
    for k in range(ctx.instruments):
        if k != without:
            own = instrument_row(ctx.instruments_at, k, ctx.instruments)
            gross += abs(position_value(own, own.close))
    return gross
