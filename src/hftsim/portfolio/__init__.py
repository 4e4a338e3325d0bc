"""What an account holds and what it earned: cash, positions, average cost, fees, round trips."""

from hftsim.portfolio.account import Portfolio, require_one_currency
from hftsim.portfolio.position import Position

__all__ = ["Portfolio", "Position", "require_one_currency"]
