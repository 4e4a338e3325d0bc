"""`hftsim check`: whether data can be trusted, with counts, examples and a picture."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.answers import plain
from hftsim.cli.checked_facts import FactsOptions, add_facts, refuse_facts, show_facts
from hftsim.cli.entry import FOUND_DIFFERENCES, MISUSE
from hftsim.cli.groups import takes_groups
from hftsim.cli.headline import show_path
from hftsim.cli.options import CommonOptions, ConfigOptions, ReadingOptions, SourceOptions
from hftsim.cli.plan import gathered
from hftsim.cli.shell import Shell, table_of
from hftsim.cli.sources import Reading, batch_sources, options_of, read_all, reading_of
from hftsim.core.errors import InputError
from hftsim.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from hftsim.data import CheckReport

_MOST_DRAWN = 2_000_000


@takes_groups
def check(
    data: Annotated[
        Path | None,
        typer.Argument(metavar="DATA", help="A file, a folder of files, or a tick store."),
    ] = None,
    *,
    leakage: Annotated[
        bool, typer.Option("--leakage", help="Also look whether any feature sees the future.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the picture and the report.")
    ] = None,
    facts: FactsOptions,
    reading: ReadingOptions,
    config: ConfigOptions,
    common: CommonOptions,
) -> int:
    """Check data: gaps, repeats, disorder, impossible prices, outliers, flat spells.

    Of ticks (a store, or a file of book events): damage, disorder, negative latency, crossed books,
    unknown orders, repeats, and what their import corrected. With --facts also what the market is
    like: spread, depth, waits, memory of returns and order signs, tails.

    Ends with 0 if the data is clean, and with 3 if something makes it unclean. A repair given by
    name counts as made.
    """
    with Shell(common) as shell:
        source = SourceOptions(data=None if data is None else [str(data)])
        what = reading_of(gathered(config, source, reading))
        if len(what.sources) > 1:
            raise InputError("one file, or one folder of files, is checked at a time")
        refuse_facts(what.sources[0].path, facts)
        reads = [source.path for source in what.sources]
        with shell.run_folder(out, "check", reads) as (folder, target):
            answer: dict[str, Any]
            ticks = _tick_runs(shell, what, folder, target)
            add_facts(shell, ticks, facts, (folder, target))
            if ticks:
                answer = ticks[0] if len(ticks) == 1 else {"runs": ticks, "out": str(target)}
            elif what.is_batch:
                answer = _batch(shell, what, folder, target, leakage=leakage)
            else:
                answer = _one(shell, what, folder, target, leakage=leakage)
            _write(folder, answer)
        runs: list[dict[str, Any]] = answer.get("runs", [answer])
        shell.answer(answer, lambda console: _show(console, runs))
    if any("error" in run for run in runs):
        return MISUSE
    return 0 if all(run["clean"] for run in runs) else FOUND_DIFFERENCES


def _tick_runs(shell: Shell, what: Reading, folder: Path, target: Path) -> list[dict[str, Any]]:
    """Check a tick store, symbol by symbol, or a file of events; nothing where it is neither."""
    from hftsim.data.ticks import TickStore, is_store, tick_format

    path, symbol = what.sources[0].path, what.options.get("symbol")
    named = what.options.get("format")
    if is_store(path):
        whole = path.is_dir() and not list(path.glob("*.arrow"))
        symbols = TickStore(path).symbols if whole and symbol is None else [symbol]
        return [_ticks(shell, path, name, folder, target) for name in symbols]
    if tick_format(path, named):
        return [_ticks(shell, path, symbol, folder, target, named)]
    return []


def _ticks(
    shell: Shell,
    path: Path,
    symbol: str | None,
    folder: Path,
    target: Path,
    format: str | None = None,
) -> dict[str, Any]:
    from hftsim.data.ticks import ReadingOptions, check_tick_file, check_ticks, is_store

    name = f"{path.name}-{symbol}" if symbol and path.is_dir() else path.name
    progress = shell.progress(f"check {name}")
    if is_store(path):
        report = check_ticks(path, symbol, progress=progress)
    else:
        options = ReadingOptions(symbol=symbol)
        report = check_tick_file(path, format=format, options=options, progress=progress)
    picture = f"{name}.png"
    _draw(folder / picture, None, report, name)
    answer = {"path": str(path), **report.to_dict(), "picture": str(target / picture)}
    return {**answer, "symbol": symbol, "out": str(target)}


def _batch(
    shell: Shell, what: Reading, folder: Path, target: Path, *, leakage: bool
) -> dict[str, Any]:
    runs: list[dict[str, Any]] = []
    for source in batch_sources(what.sources[0].path, what):
        each = replace(what, sources=(source,))
        try:
            runs.append(_one(shell, each, folder, target, leakage=leakage))
        except InputError as error:
            runs.append({"path": str(source.path), "error": " ".join(str(error).split())})
    return {"runs": runs, "out": str(target)}


def _one(
    shell: Shell, what: Reading, folder: Path, target: Path, *, leakage: bool
) -> dict[str, Any]:
    from hftsim.data import check_file

    path = what.sources[0].path
    options = options_of(what.sources[0], what)
    report = check_file(path, **options, progress=shell.progress(f"check {path.name}"))
    bars = _readable(shell, what, report)
    picture = f"{path.name}.png"
    _draw(folder / picture, bars, report, path.name)
    answer = {"path": str(path), **report.to_dict(), "picture": str(target / picture)}
    if leakage:
        if bars is None:
            raise InputError(f"{path}: cannot be read as bars, so features cannot be checked on it")
        from hftsim.cli.leakage import find_leaks

        answer["leakage"] = find_leaks(bars, shell.progress("look for leaks"))
        answer["clean"] = answer["clean"] and not answer["leakage"]["failed"]
    return {**answer, "out": str(target)}


def _readable(shell: Shell, what: Reading, report: "CheckReport") -> "pd.DataFrame | None":
    """Return the bars where they can be read with these options; the check says why not."""
    if report.interval is None or report.rows > _MOST_DRAWN:
        return None
    try:
        return next(iter(read_all(what, shell).values()))
    except InputError:
        return None


def _draw(path: Path, bars: "pd.DataFrame | None", report: "CheckReport", name: str) -> None:
    from hftsim.report import TradingVisualizer

    frame = _preview(report) if bars is None else bars
    if len(frame):
        TradingVisualizer().plot_check(frame, report, title=f"Check of {name}", save_path=path)


def _preview(report: "CheckReport") -> "pd.DataFrame":
    import pandas as pd

    times, closes = report.preview
    index = pd.DatetimeIndex(times.view("datetime64[ns]"), name="ts_open").tz_localize("UTC")
    prices = dict.fromkeys(("open", "high", "low", "close"), closes)
    return pd.DataFrame({**prices, "volume": 0.0}, index=index)


def _write(folder: Path, answer: dict[str, Any]) -> None:
    told = {"hftsim": __version__, "command": "check", **answer}
    text = json.dumps(plain(told), indent=2, allow_nan=False, ensure_ascii=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")


def _show(console: "Console", runs: list[dict[str, Any]]) -> None:
    for run in runs:
        if "error" in run:
            console.print(f"{run['path']}: {run['error']}", markup=False, soft_wrap=True)
            continue
        rows = {
            "rows": f"{run['rows']:,}",
            "span": f"{run['start']} to {run['end']}",
            "interval": str(run["interval"] or "-"),
            "detected": run["dialect"],
            "verdict": "clean" if run["clean"] else "NOT CLEAN",
        }
        console.print(table_of(run["path"], rows))
        _show_findings(console, run["findings"])
        if "leakage" in run:
            failed = ", ".join(f["feature"] for f in run["leakage"]["failed"]) or "none"
            console.print(
                f"features that see the future: {failed} (of {run['leakage']['features']})"
            )
        show_path(console, "picture", run["picture"])
        show_facts(console, run)


def _show_findings(console: "Console", findings: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not findings:
        return
    table = Table(box=box.SIMPLE)
    for heading in ("finding", "count", "what", "first example"):
        table.add_column(heading, justify="right" if heading == "count" else "left")
    for finding in findings:
        first = finding["examples"][0] if finding["examples"] else {}
        words = ", ".join(f"{k} {v}" for k, v in first.items())
        style = "red" if finding["severity"] == "problem" else ""
        kind = Text(finding["kind"], style=style)
        table.add_row(kind, f"{finding['count']:,}", Text(finding["sentence"]), Text(words))
    console.print(table)
