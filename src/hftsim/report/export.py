"""`export_run`: every file of a run that other programs read, and the pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.progress import Progress, no_progress
from hftsim.core.version import __version__
from hftsim.report.plain_values import json_bytes, plain_value
from hftsim.report.run_folder import MARKER, replace_file
from hftsim.report.series import drawdown_pct
from hftsim.report.shape import (
    RunResult,
    bars_of,
    currency_of,
    is_on_ticks,
    reasons_of,
    title_of,
)
from hftsim.report.table_files import write_csv, write_parquet

TABLES = ("trades", "fills", "orders", "signals", "refusals")


def export_run(
    result: RunResult,
    folder: str | Path,
    *,
    bars: Any = None,
    pictures: bool = True,
    progress: Progress = no_progress,
) -> list[Path]:
    """Write a run into an existing folder and return the files.

    They are summary.json (with the marker by which a run folder is known), metrics.json, one-row
    metrics.csv and summary.csv, equity_curve.csv and .parquet, trades.csv and .parquet, fills.csv,
    orders.csv, signals.csv, refusals.csv, funding.csv where any was paid, report.html and PNG
    pictures. Times are ISO 8601 UTC,
    numbers keep every digit, undefined figures are null (JSON) or empty (CSV), and a table without
    rows still has its header.

    Parameters
    ----------
    result : a finished run; see `hftsim.report.shape.RunResult`.
    folder : where to; `hftsim.report.atomic_run_folder` makes one that appears as a whole.
    bars : bar frame, or one per symbol, for pictures of prices; None takes the result's own.
    pictures : whether to draw the PNG files.
    progress : told which file is being written.

    Raises
    ------
    InputError : the disk is full.
    """
    target = Path(folder)
    jobs = _jobs(result, target, bars, pictures=pictures)
    written: list[Path] = []
    for done, (name, job) in enumerate(jobs.items()):
        progress(done, len(jobs), name)
        job()
        written.append(target / name)
    progress(len(jobs), len(jobs), "")
    return written


def _jobs(result: RunResult, target: Path, bars: Any, *, pictures: bool) -> dict[str, Any]:
    from hftsim.report.page import write_report

    equity = equity_table(result)
    jobs: dict[str, Any] = {
        "metrics.json": lambda: replace_file(
            target / "metrics.json", json_bytes(metrics_dict(result))
        ),
        "metrics.csv": lambda: write_csv(_one_row(result.metrics), target / "metrics.csv"),
        "summary.csv": lambda: write_csv(_one_row(result.summary), target / "summary.csv"),
        "equity_curve.csv": lambda: write_csv(equity, target / "equity_curve.csv"),
        "equity_curve.parquet": lambda: write_parquet(equity, target / "equity_curve.parquet"),
        "trades.parquet": lambda: write_parquet(result.trades, target / "trades.parquet"),
    }
    funding = getattr(result, "funding", None)
    if funding is not None and len(funding):
        jobs["funding.csv"] = lambda: write_csv(funding, target / "funding.csv")
    for name in TABLES:
        jobs[f"{name}.csv"] = lambda name=name: write_csv(
            getattr(result, name), target / f"{name}.csv"
        )
    if result.model_report:
        jobs["model.json"] = lambda: replace_file(
            target / "model.json", json_bytes(result.model_report)
        )
    jobs["report.html"] = lambda: write_report(result, target / "report.html", bars=bars)
    if pictures:
        jobs |= _pictures(result, target, bars)
    jobs["summary.json"] = lambda: replace_file(
        target / "summary.json", json_bytes(summary_dict(result))
    )
    return jobs


def _pictures(result: RunResult, target: Path, bars: Any) -> dict[str, Any]:
    from hftsim.report.series import period_returns
    from hftsim.report.visualizer import TradingVisualizer

    simulated = bool(result.summary.get("simulated"))
    draw = TradingVisualizer(
        currency=currency_of(result), simulated=simulated, on_ticks=is_on_ticks(result)
    )
    name, frames = title_of(result), bars_of(result, bars)
    returns = period_returns(result.equity_curve)
    held = result.benchmark
    jobs = {
        "equity_curve.png": lambda to: draw.plot_equity_curve(
            result.equity_curve, result.trades, f"Equity: {name}", to, benchmark=held
        ),
        "drawdown.png": lambda to: draw.plot_drawdown(result.equity_curve, f"Drawdown: {name}", to),
        "returns_distribution.png": lambda to: draw.plot_returns_distribution(
            returns, f"Returns: {name}", to
        ),
        "monthly_returns.png": lambda to: draw.plot_monthly_returns(
            returns, f"Returns by month: {name}", to
        ),
        "pnl_distribution.png": lambda to: draw.plot_pnl_distribution(
            result.trades, f"Results of trades: {name}", to
        ),
        "dashboard.png": lambda to: draw.plot_summary_dashboard(
            result.equity_curve, result.trades, result.metrics, to, title=name, benchmark=held
        ),
    }
    if frames:
        jobs["signals.png"] = lambda to: draw.plot_signals(
            frames, result.signals, result.trades, f"Signals and trades: {name}", to
        )
    jobs |= _model_pictures(draw, result.model_report or {})
    return {file: lambda job=job, file=file: job(target / file) for file, job in jobs.items()}


def _model_pictures(draw: Any, report: Any) -> dict[str, Any]:
    jobs: dict[str, Any] = {}
    if report:
        jobs["calibration.png"] = lambda to: draw.plot_calibration(report, save_path=to)
    if report.get("history"):
        jobs["training_history.png"] = lambda to: draw.plot_training_history(
            report["history"], save_path=to
        )
    if report.get("feature_importance") is not None:
        jobs["feature_importance.png"] = lambda to: draw.plot_feature_importance(
            report["feature_importance"], save_path=to
        )
    return jobs


def equity_table(result: RunResult) -> pd.DataFrame:
    """Return time, equity, benchmark, drawdown_pct and position_<symbol> columns."""
    equity = result.equity_curve
    columns: dict[str, Any] = {
        "time": equity.index,
        "equity": equity.to_numpy(),
        "benchmark": result.benchmark.reindex(equity.index).to_numpy(),
        "drawdown_pct": drawdown_pct(equity),
    }
    for symbol in result.positions.columns:
        held = result.positions[symbol].reindex(equity.index)
        columns[f"position_{symbol}"] = np.asarray(held, dtype=np.float64)
    return pd.DataFrame(columns)


def metrics_dict(result: RunResult) -> dict[str, Any]:
    """Return the metrics as one flat dictionary, None and an entry in ``reasons`` if undefined."""
    to_json = getattr(result.metrics, "to_json_dict", None)
    if to_json is not None:
        return dict(plain_value(to_json()))
    values = dict(plain_value(result.metrics))
    reasons = reasons_of(result.metrics)
    undefined = [name for name, value in values.items() if value is None]
    return values | {"reasons": {n: reasons.get(n, "undefined for this run") for n in undefined}}


def summary_dict(result: RunResult) -> dict[str, Any]:
    """Return the summary with marker, reasons and provenance, as summary.json holds it."""
    reasons = reasons_of(result.metrics)
    summary = dict(plain_value(result.summary))
    undefined = [
        name
        for name, value in result.summary.items()
        if isinstance(value, float) and summary[name] is None
    ]
    return {
        MARKER: __version__,
        "strategy": result.strategy_name,
        **summary,
        "reasons": {n: reasons.get(n, "undefined for this run") for n in undefined},
        "provenance": plain_value(result.provenance),
    }


def _one_row(figures: Any) -> pd.DataFrame:
    flat = {
        name: value
        for name, value in plain_value(dict(figures)).items()
        if not isinstance(value, dict | list)
    }
    return pd.DataFrame([flat])
