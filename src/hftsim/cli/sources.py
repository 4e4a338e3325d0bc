"""Which files a command reads, and how: from `--data`, reading options and the `data` section."""

import dataclasses
import logging
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.config import Given, Section, Settings, validated
from hftsim.core.errors import ConfigError, InputError, did_you_mean
from hftsim.core.instrument import Instrument, normalize_symbol
from hftsim.core.progress import Progress, no_progress

if TYPE_CHECKING:
    import pandas as pd

    from hftsim.cli.shell import Shell

_LOG = logging.getLogger(__name__)
_NAMED = re.compile(r"(?P<symbol>[A-Za-z0-9][A-Za-z0-9._/\-]{0,30})=(?P<path>.+)", re.DOTALL)
_READING = ("symbol", "format", "columns", "stamp", "timezone", "asset", "venue", "interval")
_PER_SYMBOL = ("format", "stamp", "timezone", "asset", "venue", "interval")
_RULES = ("kind", "tick_size", "lot_size")
_TYPES: dict[str, Any] = {
    "path": str | list[str] | dict[str, str],
    "symbol": str | None,
    "format": str | None,
    "columns": dict[str, str],
    "stamp": str,
    "timezone": str | None,
    "asset": str | None,
    "venue": str | None,
    "interval": str | None,
    "kind": str | None,
    "tick_size": Decimal | None,
    "lot_size": Decimal | None,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """One file or folder, the symbol it was given, and whether crypto and others are read together."""

    path: Path
    symbol: str | None = None
    is_mixed: bool = False

    @property
    def is_store(self) -> bool:
        """Whether it holds ticks: a store, a symbol's folder in one, or a day's file."""
        from hftsim.data.ticks import is_store

        return is_store(self.path)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """What to read and how, checked.

    Parameters
    ----------
    sources : the files or folders, in the order given.
    options : arguments of `hftsim.data.read_bars`.
    rules : what the user says of the instrument: kind, tick_size, lot_size.
    """

    sources: tuple[Source, ...]
    options: dict[str, Any]
    rules: dict[str, Any]

    @property
    def is_batch(self) -> bool:
        """Whether the data is a folder, each file of which is a run of its own."""
        return any(s.path.is_dir() and not s.is_store for s in self.sources)

    @property
    def is_ticks(self) -> bool:
        """Whether the data is ticks; raises InputError where bars are among them."""
        stores = [s.is_store for s in self.sources]
        if any(stores) and not all(stores):
            raise InputError("bars and stores of ticks do not mix in one run")
        return all(stores) and bool(stores)

    def as_settings(self) -> dict[str, Any]:
        """Return the ``data`` section that gives this reading again."""
        paths = [str(s.path.absolute()) for s in self.sources]
        named = {s.symbol: p for s, p in zip(self.sources, paths, strict=True) if s.symbol}
        said = {k: v for k, v in {**self.options, **self.rules}.items() if v is not None}
        repairs = said.pop("repairs", None)
        wanted = dataclasses.asdict(repairs) if repairs is not None else {}
        where: Any = named if len(named) == len(paths) else paths
        return {"path": where, **said, **{k: v for k, v in wanted.items() if v}}


def reading_of(settings: Settings) -> Reading:
    """Return what to read and how.

    Raises ConfigError or InputError for options that do not fit each other, and for paths that do
    not exist.
    """
    from hftsim.data import Repairs

    if settings.crowd:
        where = next(iter(settings.crowd.values())).where
        raise ConfigError(f"{where}: only hftsim backtest trades with a crowd: leave it out")
    repairs = {f.name: bool | None for f in dataclasses.fields(Repairs)}
    values = validated(settings.data, {**_TYPES, **repairs}, "key of data")
    sources = _sources(values.get("path"), settings)
    for name in _PER_SYMBOL:
        _require_symbols(str(values.get(name) or ""), settings.data.get(name), sources)
    if len(sources) > 1 and values.get("symbol"):
        raise ConfigError(
            f"{settings.data['symbol'].where}: which of the {len(sources)} files is it? "
            "write --data SYMBOL=PATH for each"
        )
    chosen = {k: v for k, v in values.items() if k in repairs and v is not None}
    options = {k: values[k] for k in _READING if values.get(k) is not None}
    rules = {k: values[k] for k in _RULES if values.get(k) is not None}
    return Reading(sources=sources, options={**options, "repairs": Repairs(**chosen)}, rules=rules)


def with_columns(section: Section) -> Section:
    """Return the section with ``--columns`` texts as one mapping."""
    from hftsim.cli.config import given_pairs

    given = section.get("columns")
    if given is None or not isinstance(given.value, list):
        return section
    pairs = given_pairs(given.value, "--columns")
    names = {k: str(v.value) for k, v in pairs.items()}
    return {**section, "columns": Given(names, given.where)}


def batch_files(folder: Path) -> list[Path]:
    """Return a folder's data files in order of name; what else lies there is named in a warning.

    Raises DataError where there is none.
    """
    from hftsim.data import split_files

    files = split_files(folder)
    others = sorted(p.name for p in folder.iterdir() if p.is_file() and p not in files)
    if others:
        _LOG.warning("%s: not data by their names, left out: %s", folder, ", ".join(others))
    return files


def batch_sources(folder: Path, reading: Reading) -> list[Source]:
    """Return the files of a folder, each as a source of its own, as `batch_files` lists them."""
    return _marked([Source(file) for file in batch_files(folder)], reading.options)


def options_of(source: Source, reading: Reading) -> dict[str, Any]:
    """Return the arguments of `read_bars` for one source.

    An option ``SYMBOL=VALUE,SYMBOL=VALUE`` holds for these alone. Where crypto and others are read
    together a plain time zone is that of the others: naive times of crypto are UTC.
    """
    options = dict(reading.options)
    if source.symbol is not None:
        options["symbol"] = source.symbol
    for name in _PER_SYMBOL:
        if "=" in str(options.get(name, "")):
            options[name] = _by_symbol(options[name]).get(_symbol_named(source) or "")
        elif name == "timezone" and source.is_mixed and _is_crypto(source, reading.options):
            options.pop(name, None)
    return {k: v for k, v in options.items() if v is not None}


def _by_symbol(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(","))
    return {normalize_symbol(symbol.strip()): value.strip() for symbol, _, value in pairs}


def _symbol_named(source: Source) -> str | None:
    from hftsim.data.symbols import guess_symbol

    return source.symbol or guess_symbol(source.path)


def _is_crypto(source: Source, options: dict[str, Any]) -> bool:
    from hftsim.data.symbols import is_crypto

    name = _symbol_named(source)
    said = {k: options.get(k) for k in ("asset", "venue")}
    picked = {k: _by_symbol(v).get(name or "") if v and "=" in v else v for k, v in said.items()}
    return is_crypto(name, **picked)


def _marked(sources: list[Source], options: dict[str, Any]) -> list[Source]:
    mixed = len({_is_crypto(s, options) for s in sources}) > 1
    return [dataclasses.replace(s, is_mixed=mixed) for s in sources]


def _require_symbols(text: str, given: Given | None, sources: tuple[Source, ...]) -> None:
    """Raise ConfigError where ``SYMBOL=VALUE`` names what is not read."""
    if "=" not in text or given is None or any(s.path.is_dir() for s in sources):
        return
    names = [n for n in map(_symbol_named, sources) if n]
    for symbol in _by_symbol(text):
        if symbol not in names:
            raise ConfigError(
                f"{given.where} {text}: there is no {symbol or 'symbol'} in the data; it holds "
                f"{', '.join(names) or 'no symbol that --data SYMBOL=PATH names'}"
            )


def read_source(
    source: Source, reading: Reading, progress: Progress = no_progress
) -> "pd.DataFrame":
    """Read one file's bars; what was repaired or missing is logged."""
    from hftsim.core.bars import source_of
    from hftsim.data import read_bars

    options = options_of(source, reading)
    _say_what_is_shared(source, reading, options)
    bars = read_bars(source.path, **options, progress=progress)
    known: dict[str, Any] = dict(source_of(bars))
    for warning in known.get("warnings", ()):
        _LOG.warning("%s: %s", source.path, warning)
    for repair, count in known.get("repairs", {}).items():
        _LOG.info("%s: repair %s: %d rows", source.path, repair.replace("_", " "), count)
    return bars


def _say_what_is_shared(source: Source, reading: Reading, options: dict[str, Any]) -> None:
    """Warn where one option of the user means several files of different kinds."""
    if not source.is_mixed or not _is_crypto(source, reading.options):
        return
    zone, stamp = reading.options.get("timezone"), reading.options.get("stamp")
    if zone and "timezone" not in options and "=" not in zone:
        _LOG.warning("%s: naive times are UTC; --timezone %s is for the others", source.path, zone)
    if stamp == "close":
        _LOG.warning(
            "%s: --stamp close is for this file too; if it is not, write --stamp SYMBOL=close",
            source.path,
        )


def read_all(reading: Reading, shell: "Shell") -> "dict[str, pd.DataFrame]":
    """Read every source, and return the frames by symbol, in the order given.

    Raises InputError where two files hold one symbol.
    """
    frames: dict[str, pd.DataFrame] = {}
    for source in reading.sources:
        bars = read_source(source, reading, shell.progress(f"read {source.path.name}"))
        symbol = _symbol_of(bars, source, reading)
        if symbol in frames:
            raise InputError(
                f"{source.path}: {symbol} was read from another file too; "
                "name each with --data SYMBOL=PATH"
            )
        frames[symbol] = bars
    _say_how_spans_differ(frames)
    return frames


def _say_how_spans_differ(frames: "dict[str, pd.DataFrame]") -> None:
    """Warn where several instruments have bars of different times."""
    spans = {s: (bars.index[0], bars.index[-1]) for s, bars in frames.items()}
    if len(set(spans.values())) < 2:
        return
    told = ", ".join(f"{s} {a:%Y-%m-%d %H:%M} to {b:%Y-%m-%d %H:%M}" for s, (a, b) in spans.items())
    apart = max(a for a, _ in spans.values()) > min(b for _, b in spans.values())
    words = "not all of the bars overlap in time" if apart else "the spans of the bars differ"
    _LOG.warning("%s: %s; where an instrument has no bars it is not traded", words, told)


def _symbol_of(bars: "pd.DataFrame", source: Source, reading: Reading) -> str:
    from hftsim.core.bars import source_of

    about = source_of(bars)
    known = source.symbol or reading.options.get("symbol") or about.get("symbol")
    if known:
        return normalize_symbol(str(known))
    if len(reading.sources) == 1:
        told = "asset" in about or "kind" in reading.rules
        taken = "" if told else " and taken for a share; add --asset crypto if it is that"
        _LOG.warning("%s: of which symbol? add --symbol; it is called ASSET%s", source.path, taken)
        return "ASSET"
    raise InputError(f"{source.path}: of which symbol? write --data SYMBOL={source.path}")


def instrument_of(bars: "pd.DataFrame", symbol: str, reading: Reading) -> Instrument:
    """Return the instrument of a frame: the user's rules, else the smallest steps seen."""
    from hftsim.data import infer_instrument

    said = {**reading.rules, "venue": reading.options.get("venue")}
    return infer_instrument(bars, symbol, **{k: v for k, v in said.items() if v is not None})


def _sources(path: Any, settings: Settings) -> tuple[Source, ...]:
    if path is None:
        raise InputError("no data given; add --data FILE, or try: hftsim demo")
    where = settings.data["path"].where
    base = Path() if where.startswith("--") else settings.folder
    if isinstance(path, dict):
        sources = [Source(base / p, normalize_symbol(s)) for s, p in path.items()]
    else:
        sources = [_source(text, base) for text in ([path] if isinstance(path, str) else path)]
    for source in sources:
        _require_exists(source.path)
    _say_if_one_file_is_read_twice(sources)
    _refuse_twice(sources, where)
    if len(sources) > 1 and any(s.path.is_dir() and not s.is_store for s in sources):
        raise ConfigError(
            f"{where}: a folder is a batch and runs alone; give it without the others"
        )
    said = {k: given.value for k, given in settings.data.items() if k in ("asset", "venue")}
    return tuple(_marked(sources, said))


def _refuse_twice(sources: list[Source], where: str) -> None:
    symbols = [s.symbol for s in sources if s.symbol]
    twice = next((s for s in sources if s.symbol and symbols.count(s.symbol) > 1), None)
    if twice is None:
        return
    hint = ""
    if twice.is_store:
        hint = f"; name each with its venue: --data {twice.symbol}.VENUE={twice.path}"
    raise ConfigError(f"{where}: {twice.symbol} is given twice{hint}")


def _say_if_one_file_is_read_twice(sources: list[Source]) -> None:
    for at, source in enumerate(sources):
        first = next((s for s in sources[:at] if s.path.samefile(source.path)), None)
        if first is not None:
            names = f"{first.symbol or first.path} and {source.symbol or source.path}"
            _LOG.warning("%s: %s are the same file", source.path, names)


def _source(text: str, base: Path) -> Source:
    if not text.strip():
        raise InputError("--data is empty; name a file or a folder")
    named = None if (base / text).exists() else _NAMED.fullmatch(text)
    if named is None:
        return Source(base / text)
    return Source(base / named["path"], normalize_symbol(named["symbol"]))


def _require_exists(path: Path) -> None:
    if path.exists():
        return
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: there is no folder {folder}")
    names = [p.name for p in folder.iterdir()]
    near = did_you_mean(path.name, names)
    raise InputError(f"{path}: no such file or folder{'; ' + near if 'mean' in near else ''}")
