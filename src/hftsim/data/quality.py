"""Whether market data can be trusted: every finding counted, with first examples."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.bars import BAR_COLUMNS, OPTIONAL_BAR_COLUMNS, source_of
from hftsim.core.errors import DataError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.checking import Market, SeriesCheck
from hftsim.data.columns import Layout
from hftsim.data.decoding import Rows, decode_rows
from hftsim.data.findings import PROBLEM, Finding, Findings, iso
from hftsim.data.intervals import format_interval
from hftsim.data.numbers import NumberStyle
from hftsim.data.problems import Problem
from hftsim.data.reader import Reader, ReadOptions
from hftsim.data.repairs import NO_REPAIRS, Repairs
from hftsim.data.sources import Source
from hftsim.data.symbols import is_crypto, same_symbol
from hftsim.data.tables import RawBlock

if TYPE_CHECKING:
    import pandas as pd

_PREVIEW_POINTS = 5000
_BATCH_ROWS = 1 << 17

Blocks = Iterable[tuple[Rows, list[tuple[int, str]]]]


@dataclasses.dataclass
class CheckReport:
    """What a check found.

    Parameters
    ----------
    rows : rows looked at, unreadable ones included.
    start, end : ISO times of the earliest and the latest row (local where the zone is unknown).
    interval : bar length, such as ``1m``; None for ticks and for fewer than two rows.
    findings : problems first.
    dialect : what was detected of a file, in words.
    preview : (times, closes) in order, at most 5,000 points, to draw; not part of `to_dict`.
    """

    rows: int
    start: str | None
    end: str | None
    interval: str | None
    findings: list[Finding]
    dialect: str = ""
    preview: tuple[np.ndarray, np.ndarray] = dataclasses.field(
        default_factory=lambda: (np.zeros(0, np.int64), np.zeros(0)), repr=False
    )

    @property
    def clean(self) -> bool:
        """Whether nothing was found that makes the data unclean."""
        return not any(f.severity == PROBLEM for f in self.findings)

    def count(self, kind: str) -> int:
        """Return how often a kind was found."""
        return next((f.count for f in self.findings if f.kind == kind), 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        return {
            "rows": self.rows,
            "start": self.start,
            "end": self.end,
            "interval": self.interval,
            "clean": self.clean,
            "dialect": self.dialect,
            "findings": [f.to_dict() for f in self.findings],
        }


def check_file(
    path: str | Path,
    *,
    symbol: str | None = None,
    format: str | None = None,
    columns: Mapping[str, str | int] | None = None,
    stamp: str = "open",
    timezone: str | None = None,
    asset: str | None = None,
    venue: str | None = None,
    interval: str | int | None = None,
    repairs: Repairs = NO_REPAIRS,
    progress: Progress = no_progress,
) -> CheckReport:
    """Return what is right and wrong with a file, all of it, without stopping at the first thing.

    The options are those of `read_bars`; what a repair mends is reported as a note. Text is read in
    blocks; 24 bytes per bar stay in memory, nothing per tick.

    A file is unclean for: damage, wrong number of fields, times or values that cannot be read or
    cannot be true, missing values, contradicting prices, another symbol, newest-first or disordered
    rows, repeated rows, bars that begin before the bar before them has ended, an interval other
    than said, and gaps (in markets with sessions: gaps of more than 5 bars that are no session
    breaks). Outliers, flat spells, bars without volume, off-grid times, session counts, mixed epoch
    units, an unknown zone and times that look like ends of bars inform only.

    Raises
    ------
    DataError
        There is nothing to check: no such file, no table, no rows, no column for a price.
    UnknownNameError
        As `read_bars`.
    """
    options = ReadOptions(
        symbol=symbol,
        format=format,
        columns=columns,
        stamp=stamp,
        timezone=timezone,
        asset=asset,
        venue=venue,
        interval=interval,
        repairs=repairs,
    )
    findings = Findings(repairs.asked())
    with Source(path, lenient=True) as source:
        reader = Reader(source, options)
        blocks = reader.rows(progress, lenient=True)
        if reader.layout.kind != "bars":
            report = _check_ticks(blocks, findings)
        else:
            report = _check_bars(blocks, findings, lambda: _market(reader))
        _note_file(reader, source, findings)
    if not report.rows:
        raise DataError(source.damage or "holds a header and no rows", path=path)
    return dataclasses.replace(report, findings=findings.sorted(), dialect=reader.describe())


def check_bars(bars: "pd.DataFrame") -> CheckReport:
    """Return what is right and wrong with a bar frame; rows are counted from 0.

    The frame needs a DatetimeIndex with a time zone and the five bar columns; everything else may
    be wrong with it. Raises DataError where these are missing.
    """
    import pandas as pd

    missing = [c for c in BAR_COLUMNS if c not in bars.columns]
    if missing:
        raise DataError(f"bars lack the column {missing[0]!r}")
    if not isinstance(bars.index, pd.DatetimeIndex) or bars.index.tz is None:
        raise DataError("bars need a DatetimeIndex with a time zone (UTC)")
    source: dict[str, Any] = dict(source_of(bars))
    market = Market(
        continuous=is_crypto(
            source.get("symbol"), asset=source.get("asset"), venue=source.get("venue")
        ),
        zone=source.get("timezone"),
        aware=True,
        stamp="open",
        interval_ns=source.get("interval_ns"),
    )
    findings = Findings([])
    report = _check_bars(_frame_blocks(bars), findings, lambda: market)
    return dataclasses.replace(
        report, findings=findings.sorted(), dialect=str(source.get("dialect", ""))
    )


def _market(reader: Reader) -> Market:
    options = reader.options
    aware = bool(reader.aware)
    return Market(reader.crypto, reader.zone, aware, options.stamp, options.interval_ns)


def _frame_blocks(bars: "pd.DataFrame") -> Iterator[tuple[Rows, list[tuple[int, str]]]]:
    import pyarrow as pa

    names = [*BAR_COLUMNS, *(c for c in OPTIONAL_BAR_COLUMNS if c in bars.columns)]
    layout = Layout("bars", {"time": 0, **{n: i + 1 for i, n in enumerate(names)}})
    for start in range(0, len(bars), _BATCH_ROWS):
        part = bars.iloc[start : start + _BATCH_ROWS]
        columns = {0: pa.array(part.index.tz_convert("UTC").as_unit("ns"))}  # type: ignore[attr-defined]
        for i, name in enumerate(names):
            columns[i + 1] = pa.array(part[name], from_pandas=True)
        raw = RawBlock(columns, np.arange(start, start + len(part)))
        yield decode_rows(raw, layout, NumberStyle(), day_first=True), []


def _check_bars(blocks: Blocks, findings: Findings, market: Any) -> CheckReport:
    series, rows = SeriesCheck(findings), 0
    for found, misfits in blocks:
        bad, readable = _note_problems(found, misfits, findings)
        rows += len(found.times) + len(misfits)
        series.add(found, bad, readable)
    times, closes, interval_ns = series.finish(market())
    every = max(1, -(-len(times) // _PREVIEW_POINTS))
    whole = interval_ns > 0 and interval_ns % 1_000_000 == 0
    return CheckReport(
        rows=rows,
        start=iso(times[0]) if len(times) else None,
        end=iso(times[-1]) if len(times) else None,
        interval=format_interval(interval_ns) if whole else None,
        findings=[],
        preview=(times[::every], closes[::every]),
    )


def _check_ticks(blocks: Blocks, findings: Findings) -> CheckReport:
    rows = 0
    last: int | None = None
    least: int | None = None
    most: int | None = None
    for found, misfits in blocks:
        _, readable = _note_problems(found, misfits, findings)
        rows += len(found.times) + len(misfits)
        times, lines = found.times[readable], found.lines[readable]
        if not len(times):
            continue
        steps = np.diff(times, prepend=times[0] if last is None else last)
        back = np.flatnonzero(steps < 0)
        examples = [{"row": int(lines[r]), "time": iso(times[r])} for r in back[:5]]
        findings.add("disorder", len(back), *examples)
        last = int(times[-1])
        least = min(int(times.min()), last if least is None else least)
        most = max(int(times.max()), last if most is None else most)
    return CheckReport(
        rows=rows,
        start=iso(least) if least is not None else None,
        end=iso(most) if most is not None else None,
        interval=None,
        findings=[],
    )


def _note_problems(
    rows: Rows, misfits: list[tuple[int, str]], findings: Findings
) -> tuple[np.ndarray, np.ndarray]:
    """Count what is wrong row by row; return (bad rows, rows with a readable time)."""
    bad = np.zeros(len(rows.times), bool)
    readable = np.ones(len(rows.times), bool)
    texts = [{"row": line, "text": sentence} for line, sentence in misfits[:5]]
    findings.add("fields", len(misfits), *texts)
    for problem in rows.problems:
        optional = problem.field in OPTIONAL_BAR_COLUMNS
        examples = [_example(rows, problem, i) for i in range(min(5, len(problem.rows)))]
        findings.add("optional" if optional else problem.kind, len(problem.rows), *examples)
        if not optional:
            bad[problem.rows] = True
        if problem.kind in ("time", "mixed_time"):
            readable[problem.rows] = False
    return bad, readable


def _example(rows: Rows, problem: Problem, i: int) -> dict[str, Any]:
    row = int(problem.rows[i])
    example: dict[str, Any] = {"row": int(rows.lines[row]), "text": problem.text(i)}
    return {**example, "column": problem.field} if problem.field else example


def _note_file(reader: Reader, source: Source, findings: Findings) -> None:
    if source.damage:
        findings.add("truncated", 1, words=source.damage)
    epochs = [u for u in reader.units if u.endswith("seconds")]
    if len(epochs) > 1:
        words = ", ".join(f"{reader.units[u]:,} in {u}" for u in epochs)
        findings.add("mixed_units", sum(reader.units[u] for u in epochs), words=words)
    wanted = reader.symbol
    others = sorted(s for s in reader.symbols if wanted and not same_symbol(s, wanted))
    if others:
        findings.add("symbols", len(others), words=f"{', '.join(others)} beside {wanted}")
    if reader.aware is False and reader.zone is None:
        findings.add("timezone", 1)
