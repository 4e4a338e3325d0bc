"""Closed-form quotes of market makers, and how their parameters are measured."""

from hftsim.execution.avellaneda_stoikov import (
    avellaneda_stoikov_quotes,
    optimal_spread,
    reservation_price,
)
from hftsim.execution.glft import glft_half_spread, glft_quotes, glft_skew
from hftsim.execution.intensity import (
    Intensity,
    calibrate_intensity,
    reach_rate,
    tick_decay,
    trade_depths,
)
from hftsim.execution.volatility import decay_weight, realised_volatility

__all__ = [
    "Intensity",
    "avellaneda_stoikov_quotes",
    "calibrate_intensity",
    "decay_weight",
    "glft_half_spread",
    "glft_quotes",
    "glft_skew",
    "optimal_spread",
    "reach_rate",
    "realised_volatility",
    "reservation_price",
    "tick_decay",
    "trade_depths",
]
