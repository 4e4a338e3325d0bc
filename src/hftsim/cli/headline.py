"""The figures that people see when a run is done."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.shell import rounded, table_of

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 80
_HOUR = 3600
_COINS = 1000.0
"""An account that begins with less is one of coins: its money has eight decimals."""
_NARROW = ("fold", "test_start", "total_return_pct", "buy_and_hold_return_pct", "trades")
_BATCH = {  # heading: key of a run's answer, decimals
    "file": ("data", 0),
    "return %": ("total_return_pct", 2),
    "hold %": ("buy_and_hold_return_pct", 2),
    "drawdown %": ("max_drawdown_pct", 2),
    "fees": ("total_fees", 2),
    "trades": ("trades", 0),
    "fills": ("fills", 0),
}


def show_run(console: "Console", answer: Mapping[str, Any]) -> None:
    """Print a run's table, its verdict, and where its report and pictures are."""
    from hftsim.report.words import verdict

    console.print(table_of(_title(answer), _rows(answer)))
    if answer.get("model"):
        _show_model(console, answer)
    console.print(verdict(answer), markup=False, style="bold")
    show_path(console, "report", answer.get("report"))
    for picture in answer.get("pictures") or ():
        show_path(console, "picture", picture)


def show_batch(console: "Console", answer: Mapping[str, Any]) -> None:
    """Print one line for each run of a batch."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = tuple(_BATCH) if console.width >= _WIDE else ("file", "return %", "hold %", "trades")
    table = Table(title="batch", box=box.SIMPLE, title_justify="left")
    for name in names:
        first = name == "file"
        justify: Any = "left" if first else "right"
        table.add_column(name, justify=justify, overflow="fold", min_width=8 if first else None)
    for run in answer["runs"]:
        file = Text(Path(run["data"]).name)
        if "error" in run:
            table.add_row(file, Text("failed", style="red"))
            continue
        figures = ((run.get(key), digits) for key, digits in (_BATCH[name] for name in names[1:]))
        table.add_row(file, *(rounded(value, digits) for value, digits in figures))
    console.print(table)
    for run in answer["runs"]:
        if "error" in run:
            console.print(f"{Path(run['data']).name}: {run['error']}", markup=False, soft_wrap=True)
    show_path(console, "folder", answer.get("out"))


def show_folds(console: "Console", answer: Mapping[str, Any]) -> None:
    """Print one line for each fold of a walk-forward, and all of them joined up."""
    from rich import box
    from rich.table import Table

    columns = {
        "fold": ("fold", 0),
        "test_start": ("test from", 0),
        "train_return_pct": ("train %", 2),
        "macro_f1": ("macro-F1", 3),
        "total_return_pct": ("test %", 2),
        "buy_and_hold_return_pct": ("hold %", 2),
        "max_drawdown_pct": ("fall %", 2),
        "total_fees": ("fees", 2),
        "trades": ("trades", 0),
    }
    runs = answer["runs"]
    wide = console.width >= _WIDE
    used = {k: v for k, v in columns.items() if k in runs[0] and (wide or k in _NARROW)}
    table = Table(title=_title(answer), box=box.SIMPLE, title_justify="left")
    for heading, _ in used.values():
        table.add_column(heading, justify="right", overflow="fold")
    for run in runs:
        table.add_row(*(_cell(run[k], digits) for k, (_, digits) in used.items()))
    console.print(table)
    console.print(
        f"All test parts joined up: {rounded(answer['total_return_pct'], 2, ' %')} after "
        f"{rounded(answer['total_fees'])} of fees, deepest drawdown "
        f"{rounded(answer['max_drawdown_pct'], 2, ' %')}.",
        style="bold",
    )
    for picture in answer["pictures"]:
        show_path(console, "picture", picture)
    show_path(console, "report", answer["report"])


def _cell(value: object, digits: int) -> str:
    """Return a figure, or the date of a time."""
    return value[:10] if isinstance(value, str) else rounded(value, digits)


def _title(answer: Mapping[str, Any]) -> str:
    symbols = answer.get("symbols") or answer.get("symbol") or ""
    names = symbols if isinstance(symbols, str) else ", ".join(symbols)
    made = " (simulated data)" if answer.get("simulated") else ""
    return f"{answer.get('strategy') or 'run'} on {names}{made}"


def _rows(answer: Mapping[str, Any]) -> dict[str, str]:
    refused = answer.get("refusals")
    digits = 2 if (answer.get("initial_capital") or 0) >= _COINS else 8
    coin = f" {answer['currency']}" if answer.get("currency") else ""
    trades = f"{rounded(answer.get('trades'), 0)}, {rounded(answer.get('win_rate'), 1, ' %')} won"
    return {
        "period": f"{_span(answer)} UTC, {_length(answer)}",
        "final value": f"{rounded(answer.get('final_value'), digits)} "
        f"of {rounded(answer.get('initial_capital'), digits)}{coin}",
        "return after fees": _percent(answer.get("total_return_pct")),
        "buy and hold": _percent(answer.get("buy_and_hold_return_pct")),
        "fees paid": rounded(answer.get("total_fees"), digits, coin),
        **_funding(answer, digits, coin),
        "deepest drawdown": _percent(answer.get("max_drawdown_pct")),
        "Sharpe ratio": _sharpe(answer),
        "round trips": trades,
        "fills, refusals": f"{rounded(answer.get('fills'), 0)}, {rounded(refused, 0)}",
        "run hash": str(answer.get("run_hash") or "-")[:16],
    }


def _show_model(console: "Console", answer: Mapping[str, Any]) -> None:
    """Print the model's out-of-sample score beside the baselines'."""
    scores = {str(answer["model"]): answer.get("macro_f1")}
    for name, baseline in dict(answer.get("baselines") or {}).items():
        scores[str(name)] = baseline.get("macro_f1") if isinstance(baseline, dict) else baseline
    rows = {name: rounded(score, 4) for name, score in scores.items()}
    console.print(table_of("macro-F1 out of sample", rows))


def show_path(console: "Console", what: str, path: object) -> None:
    """Print where something is, where there is such a path: as seen from here if it lies below."""
    if path:
        console.print(f"{what}: {short_path(str(path))}", markup=False, soft_wrap=True)


def short_path(path: str) -> str:
    """Return the path as seen from here, where it lies below."""
    whole = Path(path)
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else path


def _percent(value: object) -> str:
    """Return two decimals, or as many as it takes to show the first digit."""
    from hftsim.report.words import exact_percent, is_number

    return exact_percent(value).replace("−", "-") if is_number(value) else "-"


def _span(answer: Mapping[str, Any]) -> str:
    """Return first and last time: to the minute, or to the second where less than an hour passes."""
    start, end = (str(answer.get(k) or "")[:19].replace("T", " ") for k in ("start", "end"))
    short = bool(start and end) and _seconds(start, end) < _HOUR
    if not short:
        return f"{start[:16]} to {end[:16]}"
    return f"{start} to {end[11:] if end[:10] == start[:10] else end}"


def _seconds(start: str, end: str) -> float:
    return (dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)).total_seconds()


def _sharpe(answer: Mapping[str, Any]) -> str:
    """Return the ratio; on ticks of less than a day, where a year's figure says nothing, say so."""
    from hftsim.report.words import SHORT, is_short

    if is_short(answer.get("start"), answer.get("end"), on_ticks="rows" in answer):
        return f"- ({SHORT}; summary.json has it)"
    return rounded(answer.get("sharpe_ratio"))


def _funding(answer: Mapping[str, Any], digits: int, coin: str) -> dict[str, str]:
    if not answer.get("funding"):
        return {}
    return {"funding paid": rounded(answer["funding"], digits, coin)}


def _length(answer: Mapping[str, Any]) -> str:
    unit = "rows" if "rows" in answer else "bars"
    return f"{rounded(answer.get(unit), 0)} {unit}"
