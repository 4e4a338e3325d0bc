"""Runs read back from their folders."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hftsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_TIMES = ("time", "entry_time", "exit_time", "done_time")
_HELD = "position_"


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """What a run's folder holds, in the shape of a result; `metrics` are computed anew."""

    folder: Path
    summary: dict[str, Any]
    stored_metrics: dict[str, Any]
    equity_curve: "pd.Series[Any]"
    benchmark: "pd.Series[Any]"
    positions: "pd.DataFrame"
    trades: "pd.DataFrame"
    fills: "pd.DataFrame"
    orders: "pd.DataFrame"
    signals: "pd.DataFrame"
    refusals: "pd.DataFrame"
    metrics: Any
    model_report: dict[str, Any] | None = None

    @property
    def provenance(self) -> dict[str, Any]:
        """Where data, rules, parameters and code came from."""
        return dict(self.summary.get("provenance", {}))

    @property
    def strategy_name(self) -> str:
        """Name of the strategy."""
        return str(self.summary.get("strategy", ""))

    @property
    def parameters(self) -> dict[str, Any]:
        """The strategy's parameters."""
        return dict(self.provenance.get("strategy", {}).get("parameters", {}))

    @property
    def config(self) -> dict[str, Any]:
        """Settings of the run."""
        return dict(self.provenance.get("config", {}))

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name


def run_folders(paths: list[Path]) -> list[Path]:
    """Return the folders of single runs; a batch stands for all runs in it.

    Raises InputError for a folder that holds no run of hftsim.
    """
    from hftsim.report import is_run_folder

    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path}: no such folder; name the folder of a run")
        if not is_run_folder(path):
            raise InputError(f"{path} holds no finished run (there is no summary.json of hftsim)")
        inner = sorted(p.parent for p in path.glob("*/equity_curve.csv"))
        found += inner if not (path / "equity_curve.csv").exists() and inner else [path]
    return found


def load_run(folder: Path, **how: Any) -> StoredRun:
    """Read a run back and compute its metrics anew.

    Parameters
    ----------
    folder : of a run.
    how : risk_free_rate, periods_per_year, trials; see `PerformanceMetrics`.

    Raises InputError where a file is missing or damaged.
    """
    summary, stored = (_json(folder / name) for name in ("summary.json", "metrics.json"))
    names = ("equity_curve", "trades", "fills", "orders", "signals", "refusals")
    tables = {name: _table(folder / f"{name}.csv") for name in names}
    path = folder / "model.json"
    report = _json(path) if path.exists() else None
    try:
        return _rebuilt(folder, summary, stored, tables, report, how)
    except (KeyError, ValueError, TypeError, InputError) as error:
        said = "a column or figure is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"{folder}: was written by another version, or changed since ({said}); run it again"
        ) from None


def _rebuilt(
    folder: Path,
    summary: dict[str, Any],
    stored: dict[str, Any],
    tables: "dict[str, pd.DataFrame]",
    report: dict[str, Any] | None,
    how: dict[str, Any],
) -> StoredRun:
    from hftsim.analytics import PerformanceMetrics

    capital, equity = (
        float(summary["initial_capital"]),
        tables.pop("equity_curve").set_index("time"),
    )
    columns = equity[["equity", "benchmark"]].astype(float)
    held = equity[[c for c in equity.columns if c.startswith(_HELD)]]
    positions = held.rename(columns=lambda c: c.removeprefix(_HELD))
    tables["trades"] = tables["trades"].astype({"is_open": bool})
    metrics = PerformanceMetrics.calculate_all_metrics(
        columns["equity"],
        tables["trades"],
        capital,
        benchmark=columns["benchmark"],
        positions=positions,
        fills=tables["fills"],
        **how,
    )
    return StoredRun(
        folder=folder,
        summary=summary,
        stored_metrics=stored,
        equity_curve=columns["equity"],
        benchmark=columns["benchmark"],
        positions=positions,
        metrics=metrics,
        model_report=report,
        **tables,
    )


def changed_metrics(run: StoredRun) -> list[str]:
    """Return the names of stored metrics that differ from those computed anew."""
    fresh = run.metrics.to_json_dict()
    return [n for n, v in run.stored_metrics.items() if n in fresh and not _same(v, fresh[n])]


def _same(stored: Any, fresh: Any) -> bool:
    if isinstance(stored, (int, float)) and isinstance(fresh, (int, float)):
        return abs(stored - fresh) <= 1e-9 * max(1.0, abs(stored))
    return isinstance(stored, dict) or bool(stored == fresh)


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path.parent}: lacks {path.name}; run it again") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run it again") from None


def _table(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError(f"{path.parent}: lacks {path.name}; run it again") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run it again") from None
    for name in _TIMES:
        if name in table:
            try:
                table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
            except ValueError:
                raise InputError(f"{path}: {name} holds what is no time; run it again") from None
    return table
