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
    """One file or folder, and the symbol it was given."""

    path: Path
    symbol: str | None = None


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
        return any(s.path.is_dir() for s in self.sources)

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

    repairs = {f.name: bool | None for f in dataclasses.fields(Repairs)}
    values = validated(settings.data, {**_TYPES, **repairs}, "key of data")
    sources = _sources(values.get("path"), settings)
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


def read_source(
    source: Source, reading: Reading, progress: Progress = no_progress
) -> "pd.DataFrame":
    """Read one file's bars; what was repaired or missing is logged."""
    from hftsim.core.bars import source_of
    from hftsim.data import read_bars

    options = dict(reading.options)
    if source.symbol is not None:
        options["symbol"] = source.symbol
    bars = read_bars(source.path, **options, progress=progress)
    known: dict[str, Any] = dict(source_of(bars))
    for warning in known.get("warnings", ()):
        _LOG.warning("%s: %s", source.path, warning)
    for repair, count in known.get("repairs", {}).items():
        _LOG.info("%s: repair %s: %d rows", source.path, repair.replace("_", " "), count)
    return bars


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
    return frames


def _symbol_of(bars: "pd.DataFrame", source: Source, reading: Reading) -> str:
    from hftsim.core.bars import source_of

    known = source.symbol or reading.options.get("symbol") or source_of(bars).get("symbol")
    if known:
        return normalize_symbol(str(known))
    if len(reading.sources) == 1:
        _LOG.warning("%s: of which symbol? it is called ASSET; add --symbol", source.path)
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
    symbols = [s.symbol for s in sources if s.symbol]
    twice = next((s for s in symbols if symbols.count(s) > 1), None)
    if twice:
        raise ConfigError(f"{where}: {twice} is given twice")
    if len(sources) > 1 and any(s.path.is_dir() for s in sources):
        raise ConfigError(
            f"{where}: a folder is a batch and runs alone; give it without the others"
        )
    return tuple(sources)


def _source(text: str, base: Path) -> Source:
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
