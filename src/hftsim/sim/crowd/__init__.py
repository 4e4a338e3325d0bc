"""A simulated market of agents and statistical order flow over the real matching engine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hftsim.sim.crowd.flows import (
        Distribution,
        HawkesFlow,
        PoissonFlow,
        QueueReactiveFlow,
    )
    from hftsim.sim.crowd.generator import Crowd
    from hftsim.sim.crowd.settings import CrowdSettings, named_crowd
    from hftsim.sim.crowd.traders import (
        MarketMakers,
        MomentumTraders,
        NoiseTraders,
        ValueTraders,
        ZeroIntelligence,
    )

_MODULES = {
    "Crowd": "generator",
    "CrowdSettings": "settings",
    "Distribution": "flows",
    "HawkesFlow": "flows",
    "MarketMakers": "traders",
    "MomentumTraders": "traders",
    "NoiseTraders": "traders",
    "PoissonFlow": "flows",
    "QueueReactiveFlow": "flows",
    "ValueTraders": "traders",
    "ZeroIntelligence": "traders",
    "named_crowd": "settings",
}

__all__ = [
    "Crowd",
    "CrowdSettings",
    "Distribution",
    "HawkesFlow",
    "MarketMakers",
    "MomentumTraders",
    "NoiseTraders",
    "PoissonFlow",
    "QueueReactiveFlow",
    "ValueTraders",
    "ZeroIntelligence",
    "named_crowd",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for when first used."""
    if name in _MODULES:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name everything public, loaded or not."""
    return sorted(__all__)
