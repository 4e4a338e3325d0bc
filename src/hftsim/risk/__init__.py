"""What may be traded and what may be lost: limits, order checks, breakers, value at risk."""

from typing import TYPE_CHECKING, Any

from hftsim.risk.breakers import Breakers
from hftsim.risk.limits import RiskLimits
from hftsim.risk.manager import RiskManager

if TYPE_CHECKING:
    from hftsim.risk.var import (
        VarBacktest,
        cornish_fisher_is_monotone,
        cornish_fisher_var,
        historical_cvar,
        historical_var,
        kupiec_test,
        parametric_cvar,
        parametric_var,
        value_at_risk,
        var_exceptions,
    )

__all__ = [
    "Breakers",
    "RiskLimits",
    "RiskManager",
    "VarBacktest",
    "cornish_fisher_is_monotone",
    "cornish_fisher_var",
    "historical_cvar",
    "historical_var",
    "kupiec_test",
    "parametric_cvar",
    "parametric_var",
    "value_at_risk",
    "var_exceptions",
]


def __getattr__(name: str) -> Any:
    """Load the value-at-risk functions, and numpy with them, when one is first asked for."""
    if name in __all__:
        from hftsim.risk import var

        return getattr(var, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
