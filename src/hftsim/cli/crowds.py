"""Simulated crowds by name, or fitted to ticks: for sample data, and to trade with."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.config import Settings, validated
from hftsim.core.errors import ConfigError
from hftsim.core.instrument import Instrument, normalize_symbol

if TYPE_CHECKING:
    from hftsim.sim.crowd import CrowdSettings, CrowdSource

_TYPES: dict[str, Any] = {"flow": str, "agents": str, "like": str | None, "duration": str}
_DEFAULTS = {"flow": "hawkes", "agents": "all", "like": None, "duration": "1h"}
_RULES = {"kind": str, "tick_size": Decimal, "lot_size": Decimal}


def crowd_and_rules(
    flow: str, agents: str, like: Path | None, symbol: str
) -> "tuple[CrowdSettings, Instrument]":
    """Return a crowd by names, or fitted to the ticks of `like`, and the rules it trades by."""
    from hftsim.sim.crowd import named_crowd
    from hftsim.sim.crowd.generator import sample_instrument

    settings = named_crowd(flow, agents)
    instrument = sample_instrument(normalize_symbol(symbol))
    if like is None:
        return settings, instrument
    from hftsim.data.ticks import open_ticks
    from hftsim.sim.crowd import calibrate

    ticks = open_ticks(like)
    steps = {name: getattr(ticks.instrument, name) for name in ("tick_size", "lot_size")}
    return calibrate(ticks, flow=flow), instrument.replace(**steps)


def crowd_section(settings: Settings) -> dict[str, Any]:
    """Return what makes the crowd that a run trades with, as a configuration file says it."""
    said = {**_DEFAULTS, **validated(settings.crowd, _TYPES, "key of crowd")}
    if said["like"] is not None:
        if said["agents"] not in ("none", _DEFAULTS["agents"]):
            where = settings.crowd["agents"].where
            raise ConfigError(f"{where}: a crowd fitted to ticks has no agents: leave it out")
        said["agents"] = "none"
        given = settings.crowd["like"].where.startswith("--")
        place = Path(said["like"]) if given else settings.folder / said["like"]
        said["like"] = str(place.absolute())
    return said


def crowd_source(settings: Settings, seed: int) -> "CrowdSource":
    """Return the crowd that a run trades with.

    Raises ConfigError where data is given besides, or options that read files.
    """
    from hftsim.sim.crowd import CrowdSource

    if "path" in settings.data:
        where = settings.data["path"].where
        raise ConfigError(f"{where}: a run trades on data or with a crowd, not both")
    for name, given in settings.data.items():
        if name not in _RULES and name != "symbol":
            raise ConfigError(f"{given.where}: {name} is about files, and a crowd has none")
    rules = validated(settings.data, {**_RULES, "symbol": str}, "key of data")
    said = crowd_section(settings)
    like = None if said["like"] is None else Path(said["like"])
    symbol = rules.pop("symbol", "SIMUSDT")
    crowd, instrument = crowd_and_rules(said["flow"], said["agents"], like, symbol)
    return CrowdSource(crowd, instrument.replace(**rules), seed=seed, duration=said["duration"])
