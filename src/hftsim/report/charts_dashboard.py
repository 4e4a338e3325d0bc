"""One picture that tells how a run went."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hftsim.report.backend import Axes, Figure
from hftsim.report.canvas import Sheet, new_figure, put_notes, say
from hftsim.report.charts_equity import drawdown_panel, equity_panel
from hftsim.report.charts_returns import (
    hours_panel,
    monthly_panel,
    months_panel,
    pnl_panel,
    returns_panel,
)
from hftsim.report.series import monthly_returns_pct, period_name, period_returns
from hftsim.report.words import SHORT, UNDEFINED, is_number, is_short, money, number, percent

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("total_return_pct", "return after fees", "percent"),
    ("buy_and_hold_return_pct", "buy and hold", "percent"),
    ("benchmark_return_pct", "buy and hold", "percent"),
    ("annual_volatility_pct", "volatility a year", "percent a year"),
    ("sharpe_ratio", "Sharpe ratio", "a year"),
    ("sharpe_daily", "Sharpe ratio, daily", "a year"),
    ("sortino_ratio", "Sortino ratio", "a year"),
    ("calmar_ratio", "Calmar ratio", "a year"),
    ("max_drawdown_pct", "deepest drawdown", "percent"),
    ("max_drawdown_days", "  its length in days", "number"),
    ("var_95", "VaR 95 %, {step}", "fraction"),
    ("trades", "closed trades", "count"),
    ("win_rate", "won", "percent"),
    ("profit_factor", "profit factor", "number"),
    ("expectancy", "mean trade", "money"),
    ("exposure_pct", "time in the market", "percent"),
    ("turnover", "turnover", "number"),
    ("total_fees", "fees paid", "money"),
)
MONTHS_TO_SHOW, MONTHS_FOR_HEAT_MAP = 3, 25


def dashboard_picture(
    sheet: Sheet,
    equity: "pd.Series[Any]",
    trades: pd.DataFrame,
    metrics: Mapping[str, Any],
    *,
    benchmark: "pd.Series[Any] | None" = None,
    returns: "pd.Series[Any] | None" = None,
    title: str = "Run summary",
) -> Figure:
    """Draw equity, drawdown, metrics, returns, trade results and months (or hours) on one page."""
    figure = new_figure(sheet, title, width=15, height=10.4)
    grid = figure.add_gridspec(3, 6, height_ratios=[2.5, 1.05, 2.1])
    upper = figure.add_subplot(grid[0, :4])
    below = figure.add_subplot(grid[1, :4], sharex=upper)
    table = figure.add_subplot(grid[:2, 4:])
    notes = equity_panel(upper, sheet, equity, trades, benchmark)
    upper.tick_params(labelbottom=False)
    upper.set_xlabel("")
    drawdown_panel(below, sheet, equity)
    metrics_panel(table, sheet, metrics, equity.index)
    chosen = period_returns(equity) if returns is None else returns
    notes += returns_panel(figure.add_subplot(grid[2, :2]), sheet, chosen)
    pnl_panel(figure.add_subplot(grid[2, 2:4]), sheet, trades)
    _profile_panel(figure.add_subplot(grid[2, 4:]), sheet, chosen, trades)
    put_notes(figure, sheet, notes)
    return figure


def metrics_panel(axes: Axes, sheet: Sheet, metrics: Mapping[str, Any], times: pd.Index) -> None:
    """Write the figures that matter as a table of two columns; `times` are the equity curve's."""
    style = sheet.style
    rows = _rows(metrics, sheet, times)
    if not rows:
        say(axes, "no metrics were given")
        return
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows), 0)
    for place, (label, value) in enumerate(rows):
        if place % 2:
            axes.axhspan(place, place + 1, color=style.grid, alpha=0.45, linewidth=0)
        axes.text(0.03, place + 0.5, label, va="center", color=style.muted)
        axes.text(
            0.97,
            place + 0.5,
            value,
            va="center",
            ha="right",
            fontweight="normal" if value in (UNDEFINED, SHORT) else "bold",
            color=style.muted if value in (UNDEFINED, SHORT) else style.ink,
        )


def _rows(metrics: Mapping[str, Any], sheet: Sheet, times: pd.Index) -> list[tuple[str, str]]:
    rows: dict[str, str] = {}
    step = period_name(times) if sheet.on_ticks else "one bar"
    short = is_short(times[0], times[-1], on_ticks=sheet.on_ticks)
    for name, text, kind in _ROWS:
        label = text.format(step=step)
        if name in metrics and label not in rows:
            is_told = short and kind.endswith("a year")
            rows[label] = SHORT if is_told else _shown(metrics.get(name), kind, sheet.currency)
    return list(rows.items())


def _shown(value: object, kind: str, currency: str) -> str:
    if not is_number(value):
        return UNDEFINED
    if kind == "fraction":
        return percent(100 * float(value), 3)  # type: ignore[arg-type]
    if kind == "money":
        return money(value, currency)
    if kind == "count":
        return number(value, 0)
    return percent(value) if kind.startswith("percent") else number(value)


def _profile_panel(
    axes: Axes, sheet: Sheet, returns: "pd.Series[Any]", trades: pd.DataFrame
) -> None:
    if isinstance(returns.index, pd.DatetimeIndex):
        table = monthly_returns_pct(returns)
        months = int(table.notna().to_numpy().sum())
        if months >= MONTHS_TO_SHOW:
            draw = monthly_panel if months >= MONTHS_FOR_HEAT_MAP else months_panel
            draw(axes, sheet, table)
            axes.set_title("return by month (%), the first and last may be partial", loc="left")
            return
    hours_panel(axes, sheet, trades)
    if len(trades):
        axes.set_title("result of trades by hour of entry", loc="left")
