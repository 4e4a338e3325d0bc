"""A simulated market of agents and statistical order flow over the real matching engine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hftsim.sim.crowd.calibration import calibrate
    from hftsim.sim.crowd.flows import (
        Distribution,
        HawkesFlow,
        PoissonFlow,
        QueueReactiveFlow,
    )
    from hftsim.sim.crowd.generator import Crowd
    from hftsim.sim.crowd.hawkes import fit_hawkes
    from hftsim.sim.crowd.market import CrowdMarket, CrowdSource
    from hftsim.sim.crowd.settings import CrowdSettings, named_crowd
    from hftsim.sim.crowd.tape import read_tape
    from hftsim.sim.crowd.traders import (
        MarketMakers,
        MomentumTraders,
        NoiseTraders,
        ValueTraders,
        ZeroIntelligence,
    )

_MODULES = {
    "Crowd": "generator",
    "CrowdMarket": "market",
    "CrowdSettings": "settings",
    "CrowdSource": "market",
    "Distribution": "flows",
    "HawkesFlow": "flows",
    "MarketMakers": "traders",
    "MomentumTraders": "traders",
    "NoiseTraders": "traders",
    "PoissonFlow": "flows",
    "QueueReactiveFlow": "flows",
    "ValueTraders": "traders",
    "ZeroIntelligence": "traders",
    "calibrate": "calibration",
    "fit_hawkes": "hawkes",
    "named_crowd": "settings",
    "read_tape": "tape",
}

__all__ = [
    "Crowd",
    "CrowdMarket",
    "CrowdSettings",
    "CrowdSource",
    "Distribution",
    "HawkesFlow",
    "MarketMakers",
    "MomentumTraders",
    "NoiseTraders",
    "PoissonFlow",
    "QueueReactiveFlow",
    "ValueTraders",
    "ZeroIntelligence",
    "calibrate",
    "fit_hawkes",
    "named_crowd",
    "read_tape",
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
