"""The account over time: equity beside buy-and-hold, trade markers, drawdown."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hftsim.report.backend import Axes, Figure
from hftsim.report.canvas import (
    Sheet,
    legend_above,
    money_label,
    new_figure,
    put_notes,
    time_axis,
    value_axis,
)
from hftsim.report.decimate import extreme_positions
from hftsim.report.markers import (
    Strip,
    density_strip,
    make_room,
    marker_positions,
    trade_markers,
)
from hftsim.report.series import Floats, column_times, drawdown_pct, float_values, utc_times
from hftsim.report.words import percent, utc


def equity_picture(
    sheet: Sheet,
    equity: "pd.Series[Any]",
    trades: pd.DataFrame | None,
    benchmark: "pd.Series[Any] | None",
    title: str,
) -> Figure:
    """Draw the equity curve over a narrow drawdown panel."""
    figure = new_figure(sheet, title, height=sheet.style.height + 1.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1.3])
    notes = equity_panel(upper, sheet, equity, trades, benchmark)
    drawdown_panel(lower, sheet, equity)
    upper.tick_params(labelbottom=False)
    upper.set_xlabel("")
    put_notes(figure, sheet, notes)
    return figure


def drawdown_picture(sheet: Sheet, equity: "pd.Series[Any]", title: str) -> Figure:
    """Draw how far the account lies below its highest value so far."""
    figure = new_figure(sheet, title)
    put_notes(figure, sheet, drawdown_panel(figure.subplots(), sheet, equity))
    return figure


def equity_panel(
    axes: Axes,
    sheet: Sheet,
    equity: "pd.Series[Any]",
    trades: pd.DataFrame | None = None,
    benchmark: "pd.Series[Any] | None" = None,
) -> list[str]:
    """Draw equity and benchmark; return what must be said of the drawing."""
    style = sheet.style
    values, x = float_values(equity), utc_times(equity.index)
    if benchmark is not None and len(benchmark):
        _line(axes, utc_times(benchmark.index), float_values(benchmark), style.points).set(
            color=style.benchmark,
            label=f"buy and hold {_change(float_values(benchmark), values[0])}",
            zorder=2,
        )
    _line(axes, x, values, style.points).set(
        color=style.line, label=f"strategy {_change(values, values[0])}", zorder=3, linewidth=1.6
    )
    axes.axhline(values[0], color=style.muted, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
    notes = _decimation_note(len(values), style.points)
    if trades is not None and len(trades):
        notes += _trade_marks(axes, sheet, trades, x, values)
    value_axis(axes.yaxis, money_label("equity", sheet.currency))
    time_axis(axes, x)
    legend_above(axes)
    return notes


def drawdown_panel(axes: Axes, sheet: Sheet, equity: "pd.Series[Any]") -> list[str]:
    """Draw the underwater curve; return what must be said of the drawing."""
    style = sheet.style
    float_values(equity)
    depth, x = drawdown_pct(equity), utc_times(equity.index)
    keep = extreme_positions(depth, style.points)
    axes.fill_between(x[keep], -depth[keep], 0, color=style.loss, alpha=0.28, linewidth=0)
    axes.plot(x[keep], -depth[keep], color=style.loss, linewidth=0.9)
    axes.set_title(_deepest(equity, depth), loc="left")
    value_axis(axes.yaxis, "below peak", suffix=" %")
    low = float(np.nanmax(depth)) if np.isfinite(depth).any() else 0.0
    axes.set_ylim(-max(low * 1.12, 0.01), 0)
    time_axis(axes, x)
    return _decimation_note(len(depth), style.points)


def _line(axes: Axes, x: NDArray[Any], values: Floats, points: int) -> Any:
    keep = extreme_positions(values, points)
    return axes.plot(x[keep], values[keep])[0]


def _change(values: Floats, start: float) -> str:
    return percent(100 * (values[-1] / start - 1) if start > 0 else np.nan, signed=True)


def _deepest(equity: "pd.Series[Any]", depth: Floats) -> str:
    if not np.isfinite(depth).any() or np.nanmax(depth) <= 0:
        return "never below its highest value"
    worst = int(np.nanargmax(depth))
    timed = isinstance(equity.index, pd.DatetimeIndex)
    when = f"{utc(equity.index[worst], seconds=False)} UTC" if timed else f"row {worst:,}"
    after = np.flatnonzero(depth[worst:] <= 0)
    back = "not recovered by the end"
    if len(after):
        end = worst + int(after[0])
        back = (
            f"recovered {utc(equity.index[end], seconds=False)}"
            if timed
            else f"recovered in row {end:,}"
        )
    return f"deepest {percent(np.nanmax(depth))} on {when}, {back}"


def _decimation_note(count: int, points: int) -> list[str]:
    if count <= points:
        return []
    return [f"{count:,} points drawn as about {points:,}; highs and lows are kept"]


def _trade_marks(
    axes: Axes, sheet: Sheet, trades: pd.DataFrame, x: NDArray[Any], values: Floats
) -> list[str]:
    style = sheet.style
    missing = {"entry_time", "exit_time", "side"} - set(trades.columns)
    if missing or x.dtype.kind != "M":
        what = f"they lack {sorted(missing)[0]}" if missing else "the curve has no times"
        return [f"trades are not marked: {what}"]
    entries = column_times(trades["entry_time"])
    if len(trades) > style.max_markers:
        label = f"{len(trades):,} trades over time"
        make_room(axes, 1)
        density_strip(axes, entries, x, Strip(color=style.muted, label=label))
        return [f"{len(trades):,} trades are too many to mark one by one and are shown as a strip"]
    exits = column_times(trades["exit_time"])
    at_entry, at_exit = (values[marker_positions(x, times)] for times in (entries, exits))
    trade_markers(axes, style, trades, at_entry, at_exit)
    return []
