"""The test parts of a walk-forward joined up to one run, so that it is reported like any other."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.cli.stored import StoredRun

if TYPE_CHECKING:
    import pandas as pd

    from hftsim.backtest import BacktestResult, WalkForwardResult

_TABLES = ("trades", "fills", "orders", "signals", "refusals")
_SUMS = ("bars", "total_fees", "trades", "open_positions", "fills", "orders", "refusals", "signals")


def joined_run(result: "WalkForwardResult") -> StoredRun:
    """Return all test parts as one run; each begins with the money that the one before left.

    Buy and hold is chained the same way: bought again at the beginning of each part.
    """
    import pandas as pd

    from hftsim.analytics import PerformanceMetrics

    runs = result.runs
    capital = runs[0].config.initial_capital
    tables = {name: _stacked(runs, name) for name in _TABLES}
    benchmark = _chained_benchmark(runs, capital)
    positions = pd.concat([run.positions for run in runs])
    metrics = PerformanceMetrics.calculate_all_metrics(
        result.equity_curve,
        tables["trades"],
        capital,
        benchmark=benchmark,
        positions=positions,
        fills=tables["fills"],
    )
    joined: dict[str, Any] = {
        "equity_curve": result.equity_curve.rename("equity"),
        "benchmark": benchmark,
        "positions": positions,
        "metrics": metrics,
        **tables,
    }
    summary = _summary(runs, joined, capital)
    return StoredRun(folder=Path(), stored_metrics={}, summary=summary, **joined)


def _summary(
    runs: "list[BacktestResult]", joined: dict[str, Any], capital: float
) -> dict[str, Any]:
    first, last = runs[0].summary, runs[-1].summary
    metrics, final = joined["metrics"], float(joined["equity_curve"].iloc[-1])
    held = float(joined["benchmark"].iloc[-1])
    hashes = {n: "".join(str(r.summary[n]) for r in runs) for n in ("run_hash", "fills_hash")}
    return {
        **{k: first[k] for k in ("symbol", "strategy", "start", "simulated")},
        "end": last["end"],
        "initial_capital": capital,
        "final_value": final,
        "total_pnl": final - capital,
        "total_return_pct": 100.0 * (final / capital - 1.0),
        "buy_and_hold_return_pct": 100.0 * (held / capital - 1.0),
        **{n: metrics[n] for n in ("max_drawdown_pct", "sharpe_ratio", "win_rate")},
        **{n: sum(run.summary[n] for run in runs) for n in _SUMS},
        "halted_folds": sum(bool(run.summary["halted"]) for run in runs),
        **{n: hashlib.sha256(text.encode()).hexdigest() for n, text in hashes.items()},
        "provenance": runs[0].provenance,
    }


def _stacked(runs: "list[BacktestResult]", name: str) -> "pd.DataFrame":
    import pandas as pd

    parts = [getattr(run, name).assign(fold=k + 1) for k, run in enumerate(runs)]
    filled = [part for part in parts if len(part)]
    table: pd.DataFrame = pd.concat(filled, ignore_index=True) if filled else parts[0]
    return table


def _chained_benchmark(runs: "list[BacktestResult]", capital: float) -> "pd.Series[Any]":
    import pandas as pd

    parts, held = [], capital
    for run in runs:
        parts.append(run.benchmark * (held / run.config.initial_capital))
        held = float(parts[-1].iloc[-1])
    chained: pd.Series[Any] = pd.concat(parts).rename("benchmark")
    return chained
