"""Quotes of Gueant, Lehalle and Fernandez-Tapia: a market maker without an end of day.

O. Gueant, C.-A. Lehalle, J. Fernandez-Tapia: Dealing with the inventory risk, Mathematics and
Financial Economics 7(4), 2013 (arXiv:1105.3115) solve Avellaneda and Stoikov's problem under limits
of inventory; far from the horizon the quotes depend on the inventory alone. The closed-form
approximation of these asymptotic quotes is written here as in O. Gueant: Optimal market making,
2017 (arXiv:1605.01862), equations 4.6 and 4.7, with xi = gamma (exponential utility of the whole
wealth) and the quantity of one order as the unit of inventory (Delta = 1).

Units as in `avellaneda_stoikov`; `intensity` counts orders per unit of time. The functions are
plain: they run in Python and compile into strategies.
"""

import math

from hftsim.core.errors import ConfigError


def glft_half_spread(gamma: float, sigma: float, kappa: float, intensity: float) -> float:
    """Return the distance of both quotes from the price around which they lie.

    ``c1 + sigma c2 / 2`` with ``c1 = ln(1 + gamma / kappa) / gamma`` and ``c2 = sqrt(gamma / (2 A
    kappa) (1 + gamma / kappa)^(kappa / gamma + 1))``; without risk aversion 1 / kappa.

    Parameters
    ----------
    gamma : risk aversion, 0 or more.
    sigma : standard deviation of the mid price's change in one unit of time.
    kappa : decay of the intensity of orders with depth, above 0.
    intensity : A, orders per unit of time that reach the mid price, above 0.

    Raises ConfigError for parameters out of these ranges.
    """
    if not (kappa > 0.0 and intensity > 0.0):
        raise ConfigError("kappa and intensity, which say how orders arrive, must be above 0")
    if not gamma >= 0.0:
        raise ConfigError("gamma, the risk aversion, must be 0 or more")
    if gamma == 0.0:
        return 1.0 / kappa
    return math.log1p(gamma / kappa) / gamma + 0.5 * glft_skew(gamma, sigma, kappa, intensity)


def glft_skew(gamma: float, sigma: float, kappa: float, intensity: float) -> float:
    """Return by how much one unit of inventory moves both quotes: ``sigma c2``.

    Parameters as in `glft_half_spread`; 0 without risk aversion.
    """
    if gamma == 0.0:
        return 0.0
    grown = math.exp((1.0 + kappa / gamma) * math.log1p(gamma / kappa))
    return sigma * math.sqrt(gamma / (2.0 * kappa * intensity) * grown)


def glft_quotes(
    mid: float, inventory: float, gamma: float, sigma: float, kappa: float, intensity: float
) -> tuple[float, float]:
    """Return bid and ask: the bid ``half + q skew`` below the mid price, the ask ``half - q skew``.

    Parameters
    ----------
    mid : price.
    inventory : q, in units of one order's quantity; below 0 is short.
    gamma, sigma, kappa, intensity : as in `glft_half_spread`.
    """
    half = glft_half_spread(gamma, sigma, kappa, intensity)
    middle = mid - inventory * glft_skew(gamma, sigma, kappa, intensity)
    return middle - half, middle + half
