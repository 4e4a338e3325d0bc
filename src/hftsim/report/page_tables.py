"""The page's tables: trades, fills, signals, refusals, months and every metric."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from hftsim.report.series import bar_returns, monthly_returns_pct, year_totals_pct
from hftsim.report.shape import RunResult, reasons_of
from hftsim.report.words import UNDEFINED, count, is_number, money, number, percent, plain, utc

MAX_ROWS = {"trades": 2000, "fills": 500, "signals": 500}
FIRST_ROWS = 25
_TRADES = {
    "entry_time": ("entered", "time"), "symbol": ("symbol", "text"), "side": ("side", "text"),
    "qty": ("quantity", "plain"), "entry_price": ("entry price", "plain"),
    "exit_time": ("left", "time"), "exit_price": ("exit price", "plain"),
    "bars_held": ("bars held", "count"), "gross_pnl": ("before fees", "signed"),
    "fees": ("fees", "money"), "pnl": ("result", "signed"), "return_pct": ("return %", "signed"),
    "entry_reason": ("why in", "text"), "exit_reason": ("why out", "text"),
}  # fmt: skip
_FILLS = {
    "time": ("time", "time"), "symbol": ("symbol", "text"), "order_id": ("order", "count"),
    "side": ("side", "text"), "price": ("price", "plain"), "qty": ("quantity", "plain"),
    "fee": ("fee", "money"), "is_maker": ("maker", "flag"), "reason": ("why it filled", "text"),
    "slippage": ("slippage", "plain"),
}  # fmt: skip
_SIGNALS = {
    "time": ("time", "time"), "symbol": ("symbol", "text"), "action": ("action", "text"),
    "confidence": ("confidence", "ratio"), "reasoning": ("reasoning", "text"),
}  # fmt: skip
_UNITS: dict[str, Callable[[object], str]] = {
    "percent": percent, "fraction": lambda v: number(v, 5), "ratio": lambda v: number(v, 3),
    "probability": lambda v: number(v, 4), "bars": lambda v: f"{number(v, 1).removesuffix('.0')} bars",
    "count": lambda v: number(v, 0), "days": lambda v: f"{number(v, 2)} days",
    "minutes": lambda v: f"{number(v, 1)} min", "a day": lambda v: f"{number(v, 2)} a day",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A table that the page sorts, searches and turns page by page.

    Parameters
    ----------
    columns : name and kind (``text``, ``number`` or ``time``) of each.
    rows : the cells as they are shown.
    note : what was left out, or empty.
    """

    columns: list[dict[str, str]]
    rows: list[list[str]]
    note: str

    @property
    def first(self) -> list[list[str]]:
        """The rows that are there without JavaScript too."""
        return self.rows[:FIRST_ROWS]


def tables(result: RunResult) -> dict[str, Table]:
    """Return trades, fills and signals, each capped with a note that names the whole file."""
    return {
        name: _table(frame, shown, name)
        for name, frame, shown in (
            ("trades", result.trades, _TRADES),
            ("fills", result.fills, _FILLS),
            ("signals", result.signals, _SIGNALS),
        )
        if len(frame)
    }


def _table(frame: pd.DataFrame, shown: Mapping[str, tuple[str, str]], name: str) -> Table:
    limit = MAX_ROWS[name]
    top = frame.head(limit)
    there = {column: look for column, look in shown.items() if column in frame.columns}
    if "symbol" in there and frame["symbol"].nunique() == 1:
        del there["symbol"]
    cells = [_cells(top[column], kind) for column, (_, kind) in there.items()]
    note = ""
    if len(frame) > limit:
        note = f"The first {limit:,} of {len(frame):,} rows; all of them are in {name}.csv."
    return Table(
        columns=[
            {"name": label, "kind": kind if kind in {"text", "time"} else "number"}
            for label, kind in (
                (label, "text" if k == "flag" else k) for label, k in there.values()
            )
        ],
        rows=[list(row) for row in zip(*cells, strict=True)],
        note=note,
    )


def _cells(column: "pd.Series[Any]", kind: str) -> list[str]:
    if kind == "time":
        return [utc(value) for value in column]
    if kind == "text":
        return ["" if pd.isna(value) else str(value) for value in column]
    if kind == "flag":
        return ["yes" if value else "no" for value in column]
    if kind == "count":
        return [number(value, 0) if is_number(value) else "" for value in column]
    if kind == "plain":
        return [plain(value) if is_number(value) else "" for value in column]
    signed, digits = kind == "signed", _digits(column)
    return [number(value, digits, signed=signed) if is_number(value) else "" for value in column]


def _digits(column: "pd.Series[Any]") -> int:
    """Return two decimals; of sums in coins four digits of the largest one."""
    sizes = [abs(float(value)) for value in column if is_number(value)]
    largest = max(sizes, default=0.0)
    return 2 if largest >= 1 or largest == 0 else min(10, 3 - math.floor(math.log10(largest)))


def metric_groups(metrics: Mapping[str, float], currency: str) -> list[dict[str, Any]]:
    """Return every metric by group, with meaning, and with the reason where it is undefined."""
    from hftsim.analytics.catalogue import GROUPS, Metric

    reasons = reasons_of(metrics)
    known = {name for group in GROUPS.values() for name in group}
    rest = {n: Metric("ratio", "", "") for n in metrics if n not in known}
    return [
        {
            "name": group,
            "rows": [
                {
                    "name": name,
                    "value": _metric_text(metrics[name], metric.unit, currency),
                    "meaning": metric.meaning,
                    "source": metric.source,
                    "reason": "" if is_number(metrics[name]) else reasons.get(name, ""),
                }
                for name, metric in members.items()
                if name in metrics
            ],
        }
        for group, members in {**GROUPS, "other": rest}.items()
        if any(name in metrics for name in members)
    ]


def _metric_text(value: object, unit: str, currency: str) -> str:
    if not is_number(value):
        return UNDEFINED
    write = _UNITS.get(unit)
    return write(value) if write else money(value, currency)


def months(equity: "pd.Series[Any]") -> list[dict[str, Any]]:
    """Return the monthly table: a row a year with twelve cells and the year's total."""
    if not isinstance(equity.index, pd.DatetimeIndex) or len(equity) < 2:
        return []
    table = monthly_returns_pct(bar_returns(equity))
    cells = table.to_numpy(dtype=np.float64)
    shown = np.abs(cells[np.isfinite(cells)])
    limit = max(float(shown.max()) if len(shown) else 0.0, 0.1)
    return [
        {
            "year": str(year),
            "cells": [
                {
                    "text": number(v, 1, signed=True) if np.isfinite(v) else "",
                    "shade": round(min(abs(v) / limit, 1.0), 3) if np.isfinite(v) else 0.0,
                    "lost": bool(v < 0),
                }
                for v in row
            ],
            "total": number(total, 1, signed=True),
        }
        for year, row, total in zip(table.index, cells, year_totals_pct(table), strict=True)
    ]


def fills_by_reason(fills: pd.DataFrame, currency: str) -> list[dict[str, str]]:
    """Return how often each reason filled an order, what was traded and what it cost."""
    if not len(fills):
        return []
    price = np.asarray(fills["price"], dtype=np.float64)
    value = price * np.asarray(fills["qty"], np.float64)
    slipped = np.asarray(fills["slippage"], np.float64) * np.asarray(fills["qty"], np.float64)
    if "notional" in fills:
        value = np.asarray(fills["notional"], dtype=np.float64)
        slipped = np.asarray(fills["slippage"], np.float64) * value / price
    frame = pd.DataFrame(
        {
            "reason": fills["reason"].astype(str).to_numpy(),
            "value": value,
            "fee": np.asarray(fills["fee"], dtype=np.float64),
            "slipped": np.nan_to_num(slipped),
            "maker": np.asarray(fills["is_maker"], dtype=np.float64),
        }
    )
    groups = frame.groupby("reason", sort=False)
    sums = groups.sum().assign(fills=groups.size(), share=groups["maker"].mean())
    return [
        {
            "reason": str(reason),
            "fills": number(row["fills"], 0),
            "value": money(row["value"], currency),
            "fee": money(row["fee"], currency),
            "slipped": money(row["slipped"], currency),
            "maker": percent(100 * row["share"], 1),
        }
        for reason, row in sums.sort_values("fills", ascending=False, kind="stable").iterrows()
    ]


def refusals_by_reason(refusals: pd.DataFrame) -> list[dict[str, str]]:
    """Return how often each reason refused a request, and when first and last."""
    if not len(refusals):
        return []
    groups = refusals.assign(reason=refusals["reason"].astype(str)).groupby("reason", sort=False)
    frame = groups["time"].agg(["count", "min", "max"]).sort_values(
        "count", ascending=False, kind="stable"
    )  # fmt: skip
    return [
        {
            "reason": str(reason),
            "count": count(row["count"], "request"),
            "first": utc(row["min"]),
            "last": utc(row["max"]),
        }
        for reason, row in frame.iterrows()
    ]
