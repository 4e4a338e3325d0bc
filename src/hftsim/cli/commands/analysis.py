"""`hftsim analysis`: the figures of finished runs, computed anew and side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.answers import plain
from hftsim.cli.groups import takes_groups
from hftsim.cli.headline import show_path
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, rounded
from hftsim.cli.stored import StoredRun, changed_metrics, load_run, run_folders
from hftsim.core.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = (
    "total_return_pct",
    "annual_return_pct",
    "annual_volatility_pct",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "max_drawdown_pct",
    "win_rate",
    "profit_factor",
    "expectancy",
)


@takes_groups
def analysis(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    *,
    risk_free_rate: Annotated[
        float, typer.Option(metavar="F", help="A year, as a fraction: 0.03.")
    ] = 0.0,
    trials: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, help="How many variants were tried; deflates the Sharpe ratio."
        ),
    ] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for reports and the comparison.")
    ] = None,
    common: CommonOptions,
) -> None:
    """Compute the metrics of finished runs anew, compare them, and write their reports.

    Each run gets metrics.json, report.html and report.pdf; several are compared in comparison.csv.
    """
    with Shell(common) as shell:
        folders = run_folders(runs)
        progress = shell.progress("analyse runs")
        with shell.run_folder(out, "analysis", folders) as (folder, target):
            answers = []
            for done, each in enumerate(folders):
                progress(done, len(folders), each.name)
                run = load_run(each, risk_free_rate=risk_free_rate, trials=trials)
                name = "" if len(folders) == 1 else f"{done + 1}-{run.name}"
                answers.append(_written(run, folder / name, target / name))
            progress(len(folders), len(folders))
            answer = _answer(answers, target)
            _finish(folder, answer, answers)
        shell.answer(answer, lambda console: _show(console, answers, target))


def _written(run: StoredRun, folder: Path, target: Path) -> dict[str, Any]:
    from hftsim.report import TradingVisualizer, write_report
    from hftsim.report.shape import is_on_ticks

    folder.mkdir(exist_ok=True)
    figures = run.metrics.to_json_dict()
    _write_json(folder / "metrics.json", figures)
    write_report(run, folder / "report.html")
    simulated = bool(run.summary.get("simulated"))
    TradingVisualizer(simulated=simulated, on_ticks=is_on_ticks(run)).plot_summary_dashboard(
        run.equity_curve,
        run.trades,
        run.metrics,
        folder / "report.pdf",
        title=f"{run.strategy_name} on {run.summary.get('symbol', '')}",
        benchmark=run.benchmark,
    )
    reasons = figures.pop("reasons")
    return {
        "run": str(run.folder),
        "strategy": run.strategy_name,
        "symbol": run.summary.get("symbol"),
        "run_hash": run.summary.get("run_hash"),
        "metrics": figures,
        "reasons": reasons,
        "changed": changed_metrics(run),
        "report": str(target / "report.html"),
        "pdf": str(target / "report.pdf"),
    }


def _answer(answers: list[dict[str, Any]], target: Path) -> dict[str, Any]:
    if len(answers) == 1:
        return {**answers[0], "out": str(target)}
    return {
        "runs": answers,
        "metrics": {a["run"]: a["metrics"] for a in answers},
        "comparison": str(target / "comparison.csv"),
        "out": str(target),
    }


def _finish(folder: Path, answer: dict[str, Any], answers: list[dict[str, Any]]) -> None:
    """Write the comparison and the summary that marks the folder as one of ours."""
    if len(answers) > 1:
        import pandas as pd

        table = pd.DataFrame({a["run"]: a["metrics"] for a in answers}).rename_axis("metric")
        table.to_csv(folder / "comparison.csv", lineterminator="\n")
    _write_json(folder / "summary.json", {"hftsim": __version__, "command": "analysis", **answer})


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _show(console: "Console", answers: list[dict[str, Any]], target: Path) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE)
    table.add_column("metric")
    for answer in answers:
        table.add_column(Text(Path(answer["run"]).name), justify="right")
    for name in _SHOWN:
        values = [rounded(a["metrics"].get(name), 2) for a in answers]
        if any(name in a["metrics"] for a in answers):
            table.add_row(name, *values)
    console.print(table)
    for answer in answers:
        if answer["changed"]:
            console.print(
                f"{answer['run']}: stored figures differ from its tables: "
                f"{', '.join(answer['changed'][:5])}",
                markup=False,
                soft_wrap=True,
            )
    show_path(console, "folder", target)
