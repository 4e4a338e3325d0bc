"""A simulated market of agents and statistical order flow over the real matching engine."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
