"""Avellaneda and Stoikov's quotes of a market maker with a finite horizon.

M. Avellaneda, S. Stoikov: High-frequency trading in a limit order book, Quantitative Finance 8(3),
2008, section 3.2: exponential utility with risk aversion gamma, a mid price that is a Brownian
motion, and orders that reach depth d with intensity A exp(-kappa d). The functions are plain: they
run in Python and compile into strategies.

Any unit of price and of time will do if it is the same throughout. With prices in ticks and times
in seconds, `sigma` is in ticks / sqrt(s), `kappa` in 1 / tick, `gamma` in 1 / (tick x unit of
inventory), and the unit of inventory is the quantity of one order.
"""

import math

from hftsim.core.errors import ConfigError


def reservation_price(
    mid: float, inventory: float, gamma: float, sigma: float, time_left: float
) -> float:
    """Return the price at which the maker is indifferent to one unit more or less.

    ``r = s - q gamma sigma^2 (T - t)``: below the mid price for a long inventory.

    Parameters
    ----------
    mid : s, price.
    inventory : q, in units of one order's quantity; below 0 is short.
    gamma : risk aversion, 0 or more.
    sigma : standard deviation of the mid price's change in one unit of time.
    time_left : T - t, until the inventory is valued at the mid price.
    """
    return mid - inventory * gamma * sigma * sigma * time_left


def optimal_spread(gamma: float, sigma: float, kappa: float, time_left: float) -> float:
    """Return the distance between both quotes.

    ``gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / kappa)``; without risk aversion 2 / kappa.

    Parameters
    ----------
    gamma, sigma, time_left : as in `reservation_price`.
    kappa : decay of the intensity of orders with depth, above 0.

    Raises ConfigError for a kappa that is not above 0, or a negative gamma.
    """
    if not kappa > 0.0:
        raise ConfigError("kappa, the decay of intensity with depth, must be above 0")
    if not gamma >= 0.0:
        raise ConfigError("gamma, the risk aversion, must be 0 or more")
    if gamma == 0.0:
        return 2.0 / kappa
    return gamma * sigma * sigma * time_left + 2.0 / gamma * math.log1p(gamma / kappa)


def avellaneda_stoikov_quotes(
    mid: float, inventory: float, gamma: float, sigma: float, kappa: float, time_left: float
) -> tuple[float, float]:
    """Return bid and ask, half the `optimal_spread` to each side of the `reservation_price`.

    Parameters and units as there; the prices are not rounded to ticks.
    """
    middle = reservation_price(mid, inventory, gamma, sigma, time_left)
    half = 0.5 * optimal_spread(gamma, sigma, kappa, time_left)
    return middle - half, middle + half
