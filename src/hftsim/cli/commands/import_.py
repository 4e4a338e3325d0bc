"""`hftsim import`: tick files of any format into a tick store."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.config import one_of
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions, Flag, Text, Texts
from hftsim.cli.shell import Shell, table_of
from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import InputError
from hftsim.core.instrument import exact_decimal

if TYPE_CHECKING:
    from hftsim.data.ticks import ImportReport, ImportSettings, ReadingOptions

_read = partial(typer.Option, rich_help_panel="Reading the files")
_fix = partial(typer.Option, rich_help_panel="Corrections, by name")
_rules = partial(typer.Option, rich_help_panel="Instrument")


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What the files do not say themselves."""

    format: Annotated[
        Text,
        _read(
            metavar="NAME",
            help="lobster, itch, binance, cryptofeed, hftbacktest, databento or csv; detected "
            "where left out. Tables: csv:decimal-comma, csv:day-first, ... where they leave it open.",
        ),
    ] = None
    symbol: Annotated[Text, _read(metavar="S", help="What to import, like BTCUSDT.")] = None
    date: Annotated[
        Text, _read(metavar="YYYY-MM-DD", help="The day, where a file holds times of day only.")
    ] = None
    columns: Annotated[
        Texts,
        _read(metavar="OURS=THEIRS", help="A column's name in a table; may be repeated."),
    ] = None
    timezone: Annotated[Text, _read(metavar="ZONE", help="Zone of times without one.")] = None
    venue: Annotated[Text, _read(metavar="NAME", help="Where it was traded.")] = None
    level: Annotated[
        Text,
        _read(
            metavar="l1|l2|l3",
            help="l1 takes quotes and trades alone from a capture (binance, cryptofeed).",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CorrectionOptions:
    """What an import may change."""

    fix_clock: Annotated[
        Flag,
        _fix(
            "--fix-clock",
            help="Shift all times of receipt by one constant, so that nothing is received before "
            "it happened.",
        ),
    ] = None
    base_latency: Annotated[
        int, _fix(metavar="NS", min=0, help="The smallest latency after --fix-clock, ns.")
    ] = 0
    fix_order: Annotated[
        Flag,
        _fix(
            "--fix-order",
            help="Let rows whose two orders of time disagree stand twice, once in each.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """Rules of the instrument that a file does not tell."""

    kind: Annotated[
        Text, _rules(metavar="spot|perpetual|future|equity", help="What is traded.")
    ] = None
    tick_size: Annotated[Text, _rules(metavar="P", help="Smallest price step.")] = None
    lot_size: Annotated[Text, _rules(metavar="Q", help="Smallest quantity step.")] = None


@takes_groups
def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC...", help="Files, or folders of files.")
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="STORE", help="The tick store, a folder.")],
    files: FileOptions,
    corrections: CorrectionOptions,
    rules: RuleOptions,
    common: CommonOptions,
) -> None:
    """Import ticks into a store: one Arrow file per symbol and UTC day, written whole.

    Ctrl-C leaves the finished days, and the same command goes on behind them. Days never overlap:
    one that is in the store already is refused. Files whose clocks or order need a correction are
    refused unless it is asked for by name.
    """
    with Shell(common) as shell:
        from hftsim.data.ticks import import_ticks

        report = import_ticks(
            sources,
            out,
            format=files.format,
            options=_reading(files),
            settings=_settings(corrections, rules),
            progress=shell.progress("import"),
        )
        shell.answer(_answer(report, out), lambda console: console.print(_table(report, out)))


def _reading(files: FileOptions) -> "ReadingOptions":
    from hftsim.data.ticks import ReadingOptions

    return ReadingOptions(
        symbol=files.symbol,
        date=_date(files.date),
        columns=_columns(files.columns or []),
        timezone=files.timezone,
        venue=files.venue,
        level=files.level,
    )


def _date(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"--date {text} is no day; write it like 2012-06-21") from None


def _columns(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        for part in text.split(","):
            ours, sign, theirs = part.partition("=")
            if not sign or not ours.strip() or not theirs.strip():
                raise InputError(f"--columns {text}: write OURS=THEIRS, for example price=Rate")
            found[ours.strip()] = theirs.strip()
    return found


def _settings(corrections: CorrectionOptions, rules: RuleOptions) -> "ImportSettings":
    from hftsim.data.ticks import ImportSettings

    return ImportSettings(
        fix_clock=bool(corrections.fix_clock),
        fix_order=bool(corrections.fix_order),
        base_latency=corrections.base_latency,
        tick_size=_step(rules.tick_size, "--tick-size"),
        lot_size=_step(rules.lot_size, "--lot-size"),
        kind=one_of("kind", rules.kind, tuple(InstrumentKind)) if rules.kind else None,
    )


def _step(text: str | None, option: str) -> Decimal | None:
    if text is None:
        return None
    step = exact_decimal(text, option)
    if step <= 0:
        raise InputError(f"{option} {text}: a step is above 0")
    return step


def _answer(report: "ImportReport", out: Path) -> dict[str, Any]:
    from hftsim.data.findings import iso
    from hftsim.data.ticks.metadata import instrument_as_json

    return {
        "rows": report.rows,
        "start": f"{iso(report.start)}Z",
        "end": f"{iso(report.end)}Z",
        "instrument": instrument_as_json(report.instrument),
        "corrections": report.corrections,
        "level": report.level,
        "days": report.days,
        "kept_days": report.kept_days,
        "counts": report.counts,
        "noted": report.noted,
        "path": str(out.absolute()),
    }


def _table(report: "ImportReport", out: Path) -> Any:
    from hftsim.data.findings import iso

    made, told = report.instrument, report.corrections
    rows = {
        "rows": f"{report.rows:,} ({report.level})",
        "span": f"{iso(report.start)} to {iso(report.end)} UTC, {len(report.days)} day(s)",
        "tick, lot": f"{made.tick_size}, {made.lot_size} ({made.rules_source})",
        "events": ", ".join(f"{k} {v:,}" for k, v in report.counts.items()),
    }
    if told["clock_shift_ns"]:
        rows["clock"] = f"times of receipt shifted by {told['clock_shift_ns'] / 1e9:+.6f} s"
    if told["rows_doubled"]:
        rows["order"] = f"{told['rows_doubled']:,} rows stand twice, once in each order"
    if told["off_grid_trades"]:
        rows["trades off the grid"] = f"{told['off_grid_trades']:,}, moved to the next tick"
    if report.kept_days:
        rows["kept"] = f"{len(report.kept_days)} day(s) that an earlier run had finished"
    rows |= {name.replace("_", " "): f"{count:,}" for name, count in report.noted.items()}
    return table_of(f"{made.symbol} into {out}", rows)
