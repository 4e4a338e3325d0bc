"""The account in compiled code; its plain twin is `Portfolio`."""

from hftsim.native.compiled import instrument_row
from hftsim.native.records import inline


@inline
def value_of(own, qty, price):
    """Return what `qty` lots are worth at `price` (quote currency), in settlement currency.

    An inverse lot is a fixed amount of quote currency, paid in the coin: worth less the higher the
    coin. Its profit from a to b is ``face / a - face / b`` (Binance, COIN-M futures: profit and
    loss), so an account books it at minus this value; see `account_value`.
    """
    if own.inverse:
        return qty * (own.tick_value / own.tick_size) / price
    return qty * price * (own.tick_value / own.tick_size)


@inline
def traded_value(own, qty, price):
    """Return what `qty` lots are worth at `price` ticks, in settlement currency."""
    if own.inverse:
        return value_of(own, qty, price * own.tick_size)
    return float(price) * qty * own.tick_value


@inline
def account_value(own, value):
    """Return a value with the sign at which an account counts it: minus for inverse contracts."""
    return -value if own.inverse else value


@inline
def apply_fill(ctx, own, side, qty, price, fee):
    """Book a fill of `qty` lots at `price` ticks: cash, position, average cost, realised P&L."""
    ctx.cash -= side * account_value(own, traded_value(own, qty, price)) + fee
    ctx.fees += fee
    before = own.position
    after = before + side * qty
    paid = price * own.tick_size
    if before == 0 or (before > 0) == (side > 0):
        if own.inverse and before != 0:
            shares = abs(before) * paid + qty * own.avg_price
            own.avg_price = own.avg_price * paid * abs(after) / shares
        else:
            own.avg_price = (own.avg_price * abs(before) + paid * qty) / abs(after)
    else:
        closed = min(abs(before), qty)
        direction = 1.0 if before > 0 else -1.0
        if own.inverse:
            gain = value_of(own, closed, own.avg_price) - value_of(own, closed, paid)
            own.realised += direction * gain
        else:
            lot_value = own.tick_value / own.tick_size
            own.realised += direction * closed * (paid - own.avg_price) * lot_value
        if after == 0:
            own.avg_price = 0.0
        elif (after > 0) != (before > 0):
            own.avg_price = paid
    own.position = after


@inline
def position_value(own, price):
    """Return what the position adds to equity at `price` (quote currency)."""
    if own.position == 0:
        return 0.0
    return account_value(own, value_of(own, own.position, price))


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
    """Sum of what positions add to equity at the last closes, leaving out one instrument."""
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
