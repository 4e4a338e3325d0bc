"""How large a position is where a strategy is not told."""

from typing import Any

FULLEST = 0.95
"""Part of ``ctx.position_size`` that is used: prices move, and the limits of risk are strict."""
WHOLE = 1e-6
"""How far below a whole number of lots still counts as one."""


def full_position(ctx: Any, k: int) -> int:
    """Return the lots of instrument `k` that its share of the equity buys at the mid price.

    95 % of ``ctx.position_size`` times the equity. Runs in Python and compiles into strategies.
    """
    return lots_worth(ctx, k, FULLEST * ctx.position_size * max(0.0, ctx.equity))


def lots_worth(ctx: Any, k: int, value: float) -> int:
    """Return the lots of instrument `k` that `value`, settlement currency, buys at the mid."""
    return int(value / lot_value(ctx, k) + WHOLE)


def lot_value(ctx: Any, k: int) -> float:
    """Return what a lot of instrument `k` is worth at the mid price, settlement currency."""
    own = ctx.instrument(k)
    value: float = own.close * (own.tick_value / own.tick_size)
    if own.inverse:
        value = (own.tick_value / own.tick_size) / own.close
    return value
