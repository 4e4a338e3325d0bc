"""Settings from a configuration file and from options, each with the place it was written at."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from hftsim.core.errors import ConfigError, InputError, UnknownNameError, did_you_mean

SECTIONS = ("seed", "mode", "data", "crowd", "strategy", "model", "learning", "risk", "backtest")

_Built = TypeVar("_Built")


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """A value, and where it was written: ``--capital`` or ``run.yaml, line 7``."""

    value: Any
    where: str


Section = dict[str, Given]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a file and the options said; empty where nothing was said.

    Parameters
    ----------
    folder : what relative paths in the file are relative to.
    top : ``seed`` and ``mode``.
    data : how and what to read, and the instruments' rules.
    crowd : who trades with the strategy where there is no data: flow, agents, like, duration.
    strategy, model : ``name``; their parameters have fields of their own.
    learning : fields of LearningSettings.
    risk : fields of RiskLimits.
    backtest : fields of BacktestConfig.
    """

    folder: Path = Path()
    top: Section = dataclasses.field(default_factory=dict)
    data: Section = dataclasses.field(default_factory=dict)
    crowd: Section = dataclasses.field(default_factory=dict)
    strategy: Section = dataclasses.field(default_factory=dict)
    strategy_params: Section = dataclasses.field(default_factory=dict)
    model: Section = dataclasses.field(default_factory=dict)
    model_params: Section = dataclasses.field(default_factory=dict)
    learning: Section = dataclasses.field(default_factory=dict)
    risk: Section = dataclasses.field(default_factory=dict)
    backtest: Section = dataclasses.field(default_factory=dict)

    def with_given(self, section: str, given: Mapping[str, Given]) -> "Settings":
        """Return a copy in which `given` wins over what the section said."""
        changed: dict[str, Any] = {section: {**getattr(self, section), **given}}
        return dataclasses.replace(self, **changed)


def load_config(path: Path) -> Settings:
    """Read a configuration file.

    Raises ConfigError, naming file and line, for what is not YAML, not a mapping of the sections
    `SECTIONS`, or written twice.
    """
    from hftsim.cli.yaml_tree import read_tree

    tree = read_tree(path, Given)
    _known(tree, SECTIONS, "section")
    sections: dict[str, Any] = {}
    for name in ("data", "crowd", "learning", "risk", "backtest"):
        sections[name] = _leaves(_mapping(tree.get(name, {}), name))
    for name in ("strategy", "model"):
        sections[name], sections[f"{name}_params"] = _named(tree.get(name, {}), name)
    top = _leaves({k: v for k, v in tree.items() if k in ("seed", "mode")})
    return Settings(folder=path.parent, top=top, **sections)


def given_options(group: object, *, leave_out: Iterable[str] = ()) -> Section:
    """Return the options of a group that were given, by field name."""
    skipped = set(leave_out)
    return {
        f.name: Given(getattr(group, f.name), f"--{f.name.replace('_', '-')}")
        for f in dataclasses.fields(group)  # type: ignore[arg-type]
        if f.name not in skipped and getattr(group, f.name) is not None
    }


def given_pairs(texts: Iterable[str] | None, option: str) -> Section:
    """Return ``name=value`` texts by name, numbers and true/false read as such.

    Raises ConfigError for a text without ``=`` and for a name given twice.
    """
    pairs: Section = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise ConfigError(f"{option} {text}: write it as name=value")
        if name in pairs:
            raise ConfigError(f"{option} {text}: {name} is given twice")
        pairs[name] = Given(_scalar(value.strip()), f"{option} {text}")
    return pairs


def validated(section: Mapping[str, Given], types: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return the section's values converted to `types`.

    Raises ConfigError that names place and field for a value that does not fit, and for a name
    that is not in `types`.
    """
    _known(section, types, what)
    return {name: _converted(name, given, types[name]) for name, given in section.items()}


def built(
    cls: type[_Built],
    section: Mapping[str, Given],
    what: str,
    elsewhere: Mapping[str, Any] | None = None,
) -> _Built:
    """Return `cls` made of the section's values and of fields that come from `elsewhere`.

    Raises ConfigError with the place of the field that a refusal is about.
    """
    taken = dict(elsewhere or {})
    types = {k: v for k, v in get_type_hints(cls).items() if k not in taken and k in _fields(cls)}
    values = validated(section, types, what)
    try:
        return cls(**values, **taken)
    except InputError as error:
        blamed = [g.where for name, g in section.items() if name in str(error)]
        if not blamed:
            raise
        raise ConfigError(f"{blamed[0]}: {error}") from None


def _fields(cls: Any) -> set[str]:
    return {f.name for f in dataclasses.fields(cls)}


def _converted(name: str, given: Given, kind: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    kind = _group_of(kind) if given.value is not None else kind
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _converted_dataclass(name, given, kind)
    if isinstance(given.value, bool) and not _takes_bool(kind):
        raise ConfigError(f"{given.where}: {name} must be {_words(kind)}, not {given.value}")
    try:
        config = ConfigDict(coerce_numbers_to_str=True)  # of a text the field says what is wanted
        adapter: TypeAdapter[Any] = TypeAdapter(kind, config=config)
        return adapter.validate_python(given.value)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{given.where}: {name}: {said}, not {given.value!r}") from None


def _group_of(kind: Any) -> Any:
    """Return the group of settings in a type like ``FeeSchedule | None``, or the type itself."""
    groups = [each for each in get_args(kind) if dataclasses.is_dataclass(each)]
    return groups[0] if groups else kind


def _converted_dataclass(name: str, given: Given, kind: type) -> Any:
    """Make a group of settings from a mapping of its fields; a bare value is its first field."""
    value = given.value
    if isinstance(value, (int, float, str, list)):
        value = {dataclasses.fields(kind)[0].name: value}
    if not isinstance(value, dict):
        raise ConfigError(f"{given.where}: {name} must hold fields, not {value!r}")
    return built(kind, {k: Given(v, given.where) for k, v in value.items()}, f"key of {name}")


def one_of(kind: str, given: str | None, known: Iterable[str]) -> str | None:
    """Return `given` if it is one of the known words; raises UnknownNameError otherwise."""
    words = tuple(known)
    if given is not None and given not in words:
        raise UnknownNameError(kind, given, words)
    return given


def _leaves(tree: Mapping[str, Any]) -> Section:
    """Return the section with deeper mappings made values again."""
    return {k: v if isinstance(v, Given) else Given(_bare(v), _place(v)) for k, v in tree.items()}


def _bare(tree: Any) -> Any:
    return tree.value if isinstance(tree, Given) else {k: _bare(v) for k, v in tree.items()}


def _place(tree: Any) -> str:
    where = getattr(tree, "where", "")
    return where or next((_place(v) for v in tree.values()), "the configuration file")


def _mapping(tree: Any, name: str) -> Mapping[str, Any]:
    if isinstance(tree, Given):
        if tree.value is None:
            return {}
        raise ConfigError(f"{tree.where}: {name} must hold fields, not {tree.value!r}")
    return dict(tree)


def _named(tree: Any, what: str) -> tuple[Section, Section]:
    """Read ``strategy: momentum`` or a mapping of ``name`` and ``params``."""
    if isinstance(tree, Given) and isinstance(tree.value, str):
        return {"name": tree}, {}
    fields = dict(_mapping(tree, what))
    params = fields.pop("params", {})
    _known(fields, ("name", "params"), f"key of {what}")
    return _leaves(fields), _leaves(_mapping(params, f"{what}.params"))


def _known(section: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    names = tuple(known)
    for name, tree in section.items():
        if name not in names:
            near = did_you_mean(name, names)
            raise ConfigError(f"{_place(tree)}: unknown {what} {name!r}; {near}")


def _scalar(text: str) -> Any:
    if text[:1] in "[{" and text:
        from hftsim.cli.yaml_tree import parse

        return parse(text)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.lower() in ("none", "null"):
        return None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _takes_bool(kind: Any) -> bool:
    return "bool" in _words(kind) or kind is Any


def _words(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace(" | None", "")
