"""From options and configuration file to the objects that a run is made of."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.config import (
    Given,
    Section,
    Settings,
    built,
    given_options,
    given_pairs,
    load_config,
    one_of,
    validated,
)
from hftsim.cli.options import (
    ConfigOptions,
    CrowdRunOptions,
    InstrumentOptions,
    ModelOptions,
    ReadingOptions,
    RunOptions,
    SourceOptions,
    TradingOptions,
)
from hftsim.cli.sources import Reading, with_columns
from hftsim.core.errors import ConfigError

if TYPE_CHECKING:
    from hftsim.backtest import BacktestConfig
    from hftsim.backtest.learning import LearningSettings
    from hftsim.risk import RiskLimits

_COSTS = {  # option: field of BacktestConfig
    "capital": "initial_capital",
    "fee_rate": "fee_rate",
    "maker_fee": "maker_fee",
    "taker_fee": "taker_fee",
    "slippage": "slippage",
    "latency": "latency",
    "queue": "queue",
    "funding": "funding",
    "chunk_rows": "chunk_rows",
}
Group = (
    SourceOptions
    | ReadingOptions
    | InstrumentOptions
    | TradingOptions
    | ModelOptions
    | CrowdRunOptions
)


def gathered(run: ConfigOptions, *groups: Group) -> Settings:
    """Return what the configuration file says with what the options say over it."""
    settings = load_config(run.config) if run.config is not None else Settings()
    if isinstance(run, RunOptions) and run.seed is not None:
        settings = settings.with_given("top", {"seed": Given(run.seed, "--seed")})
    for group in groups:
        settings = _over(settings, group)
    return settings


def _over(settings: Settings, group: Group) -> Settings:
    if isinstance(group, SourceOptions):
        given = given_options(group)
        return settings.with_given("data", {"path": given["data"]} if given else {})
    if isinstance(group, CrowdRunOptions):
        return settings.with_given("crowd", given_options(group))
    if isinstance(group, TradingOptions):
        return _with_trading(settings, group)
    if isinstance(group, ModelOptions):
        learning = given_options(group, leave_out=("model", "model_param", "learn"))
        return (
            settings.with_given("model", _name(group.model, "--model"))
            .with_given("model_params", given_pairs(group.model_param, "--model-param"))
            .with_given("learning", {**learning, **given_pairs(group.learn, "--learn")})
        )
    return settings.with_given("data", with_columns(given_options(group)))


def _with_trading(settings: Settings, group: TradingOptions) -> Settings:
    given = given_options(group)
    costs = {ours: given[option] for option, ours in _COSTS.items() if option in given}
    if "mode" in given:
        settings = settings.with_given("top", {"mode": given["mode"]})
    if group.strategy and settings.strategy and group.strategy != settings.strategy["name"].value:
        settings = dataclasses.replace(settings, strategy_params={})
    if "fee_tiers" in given:
        costs["fees"] = _tiers(given["fee_tiers"])
    settings = _with_fees_of(settings, costs)
    return (
        settings.with_given("strategy", _name(group.strategy, "--strategy"))
        .with_given("strategy_params", given_pairs(group.param, "--param"))
        .with_given("risk", given_pairs(group.risk, "--risk"))
        .with_given("backtest", {**costs, **given_pairs(group.setting, "--set")})
    )


def _tiers(given: Given) -> Given:
    from hftsim.sim.fees import FeeSchedule

    tiers = FeeSchedule.read(given.value).tiers
    return Given([list(row) for row in tiers], f"{given.where} {given.value}")


def _with_fees_of(settings: Settings, costs: Section) -> Settings:
    """Return the settings without the file's fees where options give fees of the other kind."""
    flat, left_out = {"fee_rate", "maker_fee", "taker_fee"}, set[str]()
    if "fees" in costs:
        left_out = flat
    elif flat & set(costs):
        left_out = {"fees"}
    kept = {name: given for name, given in settings.backtest.items() if name not in left_out}
    return dataclasses.replace(settings, backtest=kept)


def _name(name: str | None, option: str) -> Section:
    return {} if name is None else {"name": Given(name, option)}


def seed_of(settings: Settings) -> int:
    """Return the seed, 0 by default."""
    seed: int = validated(_only(settings.top, "seed"), {"seed": int}, "key").get("seed", 0)
    if seed < 0:
        raise ConfigError(f"{settings.top['seed'].where}: seed must be 0 or more, not {seed}")
    return seed


def mode_of(settings: Settings) -> str | None:
    """Return ``native``, ``python``, or None where nothing was said."""
    mode = validated(_only(settings.top, "mode"), {"mode": str}, "key").get("mode")
    return one_of("mode", mode, ("native", "python"))


def strategy_of(settings: Settings) -> tuple[str, dict[str, Any]]:
    """Return the strategy's name or file, and its parameters."""
    name = validated(settings.strategy, {"name": str}, "key of strategy").get("name", "")
    file, sign, cls = name.partition(".py")
    if sign and not settings.strategy["name"].where.startswith("--"):
        name = f"{(settings.folder / file).absolute()}.py{cls}"
    return name, {name: given.value for name, given in settings.strategy_params.items()}


def model_of(settings: Settings) -> tuple[str | None, dict[str, Any]]:
    """Return the model's name, None where nothing was said, and its parameters."""
    name = validated(settings.model, {"name": str}, "key of model").get("name")
    return name, {name: given.value for name, given in settings.model_params.items()}


def learning_of(settings: Settings) -> "LearningSettings":
    """Return what is learnt from what; raises ConfigError that names place and field."""
    from hftsim.backtest.learning import LearningSettings

    return built(LearningSettings, settings.learning, "learning setting")


def risk_limits_of(settings: Settings) -> "RiskLimits":
    """Return the risk limits; raises ConfigError that names place and field."""
    from hftsim.risk import RiskLimits

    return built(RiskLimits, settings.risk, "risk limit")


def backtest_config_of(settings: Settings) -> "BacktestConfig":
    """Return the settings of a backtest; raises ConfigError that names place and field."""
    from hftsim.backtest import BacktestConfig

    elsewhere = {"risk_limits": risk_limits_of(settings), "seed": seed_of(settings)}
    return built(BacktestConfig, settings.backtest, "backtest setting", elsewhere)


def prepare(settings: Settings, strategy: str, model: str | None = None) -> None:
    """Build everything once before any data is read, so that mistakes show at once."""
    from hftsim.strategies import load_strategy

    backtest_config_of(settings)
    mode_of(settings)
    if model is not None:
        from hftsim.models import make_model

        learning_of(settings)
        make_model(model, **model_of(settings)[1])
    load_strategy(strategy, strategy_of(settings)[1])


def resolved(
    settings: Settings,
    reading: Reading,
    config: "BacktestConfig",
    *,
    strategy: str,
    model: str | None = None,
    crowd: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the sections of a configuration file that gives this run again."""
    costs = config.to_dict()
    risk, seed = costs.pop("risk_limits"), costs.pop("seed")
    params = strategy_of(settings)[1]
    named, model_params = model_of(settings)
    used = model or named
    sections: dict[str, Any] = {
        "seed": seed,
        "mode": mode_of(settings),
        "data": reading.as_settings() if reading.sources else None,
        "crowd": crowd,
        "strategy": {"name": strategy, "params": params},
        "model": {"name": used, "params": model_params} if used else None,
        "learning": {k: v.value for k, v in settings.learning.items()} or None,
        "risk": risk,
        "backtest": costs,
    }
    return {k: v for k, v in sections.items() if v is not None}


def save_config(folder: Path, sections: dict[str, Any]) -> None:
    """Write ``config.yaml``: the settings that give this run again."""
    import yaml

    from hftsim.cli.answers import plain

    text = yaml.safe_dump(plain(sections), sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")


def _only(section: Section, name: str) -> Section:
    return {name: section[name]} if name in section else {}
