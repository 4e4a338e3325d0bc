"""One data file, understood: what it holds, where, and how its times and numbers are written."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hftsim.core.bars import OPTIONAL_BAR_COLUMNS
from hftsim.core.errors import DataError, UnknownNameError
from hftsim.core.instrument import normalize_symbol
from hftsim.core.progress import Progress
from hftsim.data.columns import Layout, choose_layout, headerless_layout
from hftsim.data.decoding import Rows, decode_rows
from hftsim.data.dialects import parse_format
from hftsim.data.intervals import parse_interval
from hftsim.data.numbers import NumberStyle
from hftsim.data.problems import refuse_first
from hftsim.data.repairs import NO_REPAIRS, Repairs
from hftsim.data.sources import Source
from hftsim.data.symbols import guess_symbol, is_crypto, require_asset, same_symbol
from hftsim.data.tables import RawBlock, TextTable, open_table
from hftsim.data.times import day_first_evidence
from hftsim.data.zones import UTC, require_zone

STAMPS = ("open", "close")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """The reading options of `read_bars`, checked and normalised."""

    symbol: str | None = None
    format: str | None = None
    columns: Mapping[str, str | int] | None = None
    stamp: str = "open"
    timezone: str | None = None
    asset: str | None = None
    venue: str | None = None
    interval: str | int | None = None
    repairs: Repairs = NO_REPAIRS

    def __post_init__(self) -> None:
        """Refuse names that do not exist before any file is opened."""
        put = object.__setattr__
        parse_format(self.format)
        put(self, "symbol", normalize_symbol(self.symbol) if self.symbol else None)
        put(self, "asset", require_asset(self.asset))
        put(self, "timezone", require_zone(self.timezone) if self.timezone else None)
        if self.stamp not in STAMPS:
            raise UnknownNameError("stamp", self.stamp, STAMPS)
        if isinstance(self.interval, str):
            put(self, "interval", parse_interval(self.interval))

    @property
    def interval_ns(self) -> int | None:
        """The interval in nanoseconds, where one was given."""
        return int(self.interval) if self.interval is not None else None


class Reader:
    """An open table and how to read it.

    Parameters
    ----------
    source : the open file.
    options : what the user said.

    Attributes
    ----------
    symbol : the user's or the file's own; None where neither tells.
    guess : the symbol that the file's name suggests, if any.
    venue : the user's, else what the file's metadata says.
    crypto : whether naive times are UTC and trading never stops.
    zone : IANA zone of naive times; None while it is unknown.
    aware : whether the file's times are absolute; None before the first block.
    units : rows by how their time is written.
    symbols : what the symbol column said.
    unusable : optional columns that are left out, and why.
    warnings : sentences for the user.
    """

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.path, self.options = source.path, options
        name, flags = parse_format(options.format)
        if name in ("parquet", "feather", "csv") and name != source.container.replace(
            "text", "csv"
        ):
            raise DataError(f"is {source.container}, not {name}", path=self.path)
        self.table = open_table(source, flags)
        self.layout = self._choose_layout(name)
        self.style = NumberStyle()
        self.day_first = True
        self.aware: bool | None = None
        self.units: dict[str, int] = {}
        self.unusable: dict[str, str] = {}
        self.symbols: set[str] = set()
        self.warnings = list(self.layout.warnings)
        if isinstance(self.table, TextTable):
            self.style = self.table.dialect.numbers
            self.day_first = self._require_day_order(self.table)
        else:
            names = self.table.names or ()
            used = {names[at] for at in self.layout.where.values() if at >= 0}
            short = [n for n in self.table.short_floats if n in used]
            if short:
                self.warnings.append(
                    f"32-bit numbers hold about 7 digits: {', '.join(short)}; values are taken as "
                    f"they are stored"
                )
        if options.stamp == "close" and "open" in (self._time_name() or "").lower():
            self.warnings.append(
                f"times are taken as the bars' ends, as --stamp close says, though their column is "
                f"called {self._time_name()!r}"
            )
        self.metadata: dict[str, Any] = self.table.metadata
        self.venue = options.venue or str(self.metadata.get("venue") or "") or None
        self.guess = guess_symbol(self.path)
        self.symbol, self._from_file = options.symbol, False
        noted = self.metadata.get("symbol")
        if isinstance(noted, str) and noted:
            self._learn_symbol(noted, "the file's metadata says")

    @property
    def crypto(self) -> bool:
        """Whether naive times are UTC and trading never stops."""
        known = self.symbol or self.guess
        return is_crypto(known, asset=self.options.asset, venue=self.venue)

    @property
    def zone(self) -> str | None:
        """IANA zone of naive times, None where it must be asked for."""
        return self.options.timezone or (UTC if self.crypto else None)

    @property
    def simulated(self) -> bool:
        """Whether the file says that its data are simulated."""
        return str(self.metadata.get("simulated", "")).lower() in ("true", "yes", "1")

    def rows(
        self, progress: Progress, *, lenient: bool = False
    ) -> Iterator[tuple[Rows, list[tuple[int, str]]]]:
        """Yield (decoded rows, misfits) block by block, problems and all."""
        positions = [at for at in self.layout.where.values() if at >= 0]
        total, count = self.path.stat().st_size, 0
        for raw in self.table.blocks(positions):
            self._note_symbols(raw, lenient=lenient)
            rows = decode_rows(
                raw, self.layout, self.style, day_first=self.day_first, aware=self.aware
            )
            self.aware = rows.aware
            for unit, n in rows.units.items():
                self.units[unit] = self.units.get(unit, 0) + n
            count += len(rows.times)
            progress(min(self.table.done, total), total, f"{count:,} rows")
            yield rows, raw.misfits

    def usable(self, rows: Rows, misfits: list[tuple[int, str]]) -> tuple[Rows, int]:
        """Return rows without problems, and how many were dropped.

        Raises DataError at the first problem unless bad rows are to be dropped. A problem in an
        optional column makes that column unusable instead.
        """
        problems = [p for p in rows.problems if p.field not in OPTIONAL_BAR_COLUMNS]
        for problem in rows.problems:
            if problem.field in OPTIONAL_BAR_COLUMNS and problem.field not in self.unusable:
                line = int(rows.lines[problem.rows[0]])
                reason = problem.sentence(0).split("; ")[0]
                self.unusable[problem.field] = f"row {line}: {reason}"
        if not self.options.repairs.drop_bad_rows:
            for problem in problems:
                if problem.kind == "time" and problem.text(0).strip() == self._time_name():
                    problem.kind = "header"
            refuse_first(problems, misfits, rows.lines, self.path, self._hint())
        kept = rows.without(problems)
        return kept, len(rows.times) - len(kept.times) + len(misfits)

    def describe(self) -> str:
        """Return what was detected, in words."""
        units = [f"{n:,} in {unit}" for unit, n in self.units.items() if n]
        kinds = list(self.units)
        if len(units) > 1:
            times = f"times mixed: {', '.join(units)}"
        else:
            times = f"times as {kinds[0]}" if kinds else "no times"
        parts = [self.table.words, self.layout.kind, *self.layout.notes, times]
        return "; ".join(parts)

    def _time_name(self) -> str | None:
        return self.table.names[self.layout.where["time"]] if self.table.names else None

    def _hint(self) -> str:
        if self.table.names is None:
            return f" (no header: {'; '.join(self.layout.notes)}; name them with --columns)"
        return ""

    def _choose_layout(self, name: str | None) -> Layout:
        kind = name if name in ("bars", "binance", "book", "trades") else None
        try:
            if isinstance(self.table, TextTable) and self.table.names is None:
                dialect = self.table.dialect
                return headerless_layout(
                    dialect.sample, dialect.width, given=self.options.columns, kind=kind
                )
            return choose_layout(self.table.names or (), given=self.options.columns, kind=kind)
        except DataError as error:
            raise DataError(str(error), path=self.path) from None

    def _require_day_order(self, table: TextTable) -> bool:
        order = table.dialect.day_first
        if order is not None:
            return order
        at = self.layout.where.get("date", self.layout.where["time"])
        for fields in table.dialect.sample:
            if at < len(fields) and day_first_evidence(fields[at])[0]:
                raise DataError(
                    f"{fields[at]!r} may be day first or month first: say which with --format "
                    f"{self.layout.kind}:day-first or --format {self.layout.kind}:month-first",
                    path=self.path,
                    row=table.dialect.first_line,
                )
        return True

    def _note_symbols(self, raw: RawBlock, *, lenient: bool) -> None:
        at = self.layout.where.get("symbol")
        found = raw.columns[at].unique().to_pylist() if at is not None else []
        for symbol in (str(v) for v in found if v not in (None, "")):
            self.symbols.add(symbol)
            if not lenient or self.symbol is None:
                self._learn_symbol(symbol, "the symbol column says")

    def _learn_symbol(self, found: str, where: str) -> None:
        if self.symbol is None:
            self.symbol, self._from_file = normalize_symbol(found), True
        elif not same_symbol(found, self.symbol):
            if self._from_file:
                raise DataError(
                    f"holds several symbols ({self.symbol}, {found}): split it into one file each",
                    path=self.path,
                )
            raise DataError(f"{where} {found}, not {self.symbol}", path=self.path, field="symbol")


def name_warning(path: Path, symbol: str | None) -> list[str]:
    """Return a warning where the file's name names another instrument."""
    guess = guess_symbol(path)
    if symbol and guess and not same_symbol(guess, symbol):
        return [f"the file name suggests {guess}, not {symbol}"]
    return []
