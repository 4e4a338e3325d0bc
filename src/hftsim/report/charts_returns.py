"""How returns and trade results are distributed: histograms, months, hours."""

from typing import Any

import numpy as np
import pandas as pd

from hftsim.report.backend import Axes, Figure, matplotlib
from hftsim.report.canvas import (
    Sheet,
    diverging,
    money_label,
    new_figure,
    put_notes,
    say,
    time_axis,
    value_axis,
)
from hftsim.report.histogram import bar_edges, normal_shares, shares_of
from hftsim.report.series import (
    Floats,
    closed_pnl,
    hourly_pnl,
    monthly_returns_pct,
    period_name,
    year_totals_pct,
)
from hftsim.report.words import count, money, number, percent

_EMPTY = matplotlib.colors.ListedColormap(["#f3f4f6"])
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def returns_picture(sheet: Sheet, returns: "pd.Series[Any]", title: str) -> Figure:
    """Draw the distribution of returns with the normal curve of the same mean and spread."""
    figure = new_figure(sheet, title)
    put_notes(figure, sheet, returns_panel(figure.subplots(), sheet, returns))
    return figure


def monthly_picture(sheet: Sheet, returns: "pd.Series[Any]", title: str) -> Figure:
    """Draw a year-by-month heat map of compounded returns."""
    table = monthly_returns_pct(returns)
    height = min(2.2 + 0.42 * max(len(table), 1), 14.0)
    figure = new_figure(sheet, title, height=height)
    monthly_panel(figure.subplots(), sheet, table)
    put_notes(
        figure, sheet, ["percent per month, compounded; the first and last month may be partial"]
    )
    return figure


def pnl_picture(sheet: Sheet, trades: pd.DataFrame, title: str) -> Figure:
    """Draw the results of round trips after fees, and how they add up."""
    figure = new_figure(sheet, title)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    notes = pnl_panel(left, sheet, trades)
    running_pnl_panel(right, sheet, trades)
    put_notes(figure, sheet, notes)
    return figure


def returns_panel(axes: Axes, sheet: Sheet, returns: "pd.Series[Any]") -> list[str]:
    """Draw histogram, normal overlay and a note on the tails; return what must be said."""
    style = sheet.style
    period = returns.attrs.get("period") or period_name(returns.index)
    values = 100.0 * np.asarray(returns, dtype=np.float64)
    values = values[np.isfinite(values)]
    flat = int(np.count_nonzero(values == 0))
    notes = []
    if flat > 0.2 * len(values):
        notes.append(f"{flat:,} of {len(values):,} {period} returns are exactly 0 and not drawn")
        values = values[values != 0]
    if len(values) < 3:
        say(axes, "too few returns other than zero to show a distribution")
        return notes
    edges, outside = bar_edges(values)
    axes.stairs(shares_of(values, edges), edges, fill=True, color=style.line, alpha=0.75)
    curve = normal_shares(values, edges)
    axes.plot(*curve, color=style.accent, linewidth=1.8, label="normal curve")
    axes.axvline(0, color=style.muted, linewidth=0.8)
    value_axis(axes.xaxis, f"{period} return", suffix=" %")
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6))
    value_axis(axes.yaxis, "share of returns", suffix=" %")
    axes.set_title(tail_sentence(values), loc="left")
    axes.legend(loc="upper left", handlelength=1.2)
    if outside:
        notes.append(f"{outside:,} returns lie beyond the axis")
    return notes


def tail_sentence(values: Floats) -> str:
    """Return mean, spread and how heavy the tails are, in two lines."""
    spread = float(values.std())
    if len(values) < 4 or spread <= 0:
        return f"{count(len(values), 'return')}, all alike"
    scaled = (values - values.mean()) / spread
    excess = float((scaled**4).mean() - 3.0)
    beyond = 100.0 * float(np.mean(np.abs(scaled) > 3))
    word = "fat tails" if excess > 1 else "thin tails" if excess < -0.5 else "near-normal tails"
    return (
        f"{count(len(values), 'return')}, mean {percent(values.mean(), 3)}, "
        f"st. dev. {percent(spread, 3)}, excess kurtosis {number(excess, 1, signed=True)}\n"
        f"{word}: {percent(beyond)} beyond 3 st. dev., a normal curve has 0.27 %"
    )


def monthly_panel(axes: Axes, sheet: Sheet, table: pd.DataFrame) -> None:
    """Draw a table of years and months as coloured cells with a column of year totals."""
    if table.empty:
        say(axes, "no returns to show by month")
        return
    table = table.tail(30)
    cells = np.column_stack([table.to_numpy(dtype=np.float64), np.full(len(table), np.nan)])
    shown = np.abs(cells[np.isfinite(cells)])
    limit = max(float(np.quantile(shown, 0.95)) if len(shown) else 0.0, 0.1)
    axes.imshow(
        np.where(np.arange(13) < 12, 0.0, np.nan) + np.zeros((len(table), 1)),
        cmap=_EMPTY,
        aspect="auto",
    )
    axes.imshow(cells, cmap=diverging(sheet.style), vmin=-limit, vmax=limit, aspect="auto")
    small = sheet.style.font_size - (0.5 if axes.bbox.width > 620 else 2.5)
    digits = 1 if limit < 100 else 0
    for (row, column), value in np.ndenumerate(
        np.column_stack([cells[:, :12], year_totals_pct(table)])
    ):
        if np.isfinite(value):
            strong = column < 12 and abs(value) > 0.72 * limit
            axes.text(
                column,
                row,
                number(value, digits, signed=True),
                ha="center",
                va="center",
                fontsize=small,
                color="white" if strong else sheet.style.ink,
                fontweight="bold" if column == 12 else "normal",
            )
    _cell_grid(axes, [*MONTHS, "year"], [str(year) for year in table.index])


def _cell_grid(axes: Axes, columns: list[str], rows: list[str]) -> None:
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.set_xticks(np.arange(-0.5, len(columns)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(rows)), minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)


def months_panel(axes: Axes, sheet: Sheet, table: pd.DataFrame) -> None:
    """Draw a few months as bars, oldest first."""
    cells = table.to_numpy(dtype=np.float64)
    known = np.isfinite(cells)
    values = cells[known]
    names = [f"{MONTHS[m]} {str(table.index[y])[2:]}" for y, m in np.argwhere(known)]
    colors = [sheet.style.gain if v >= 0 else sheet.style.loss for v in values]
    axes.bar(range(len(values)), values, width=0.7, color=colors)
    axes.axhline(0, color=sheet.style.ink, linewidth=0.9)
    every = -(-len(names) // 8)
    axes.set_xticks(range(0, len(names), every), names[::every])
    axes.grid(visible=False, axis="x")
    value_axis(axes.yaxis, "return", suffix=" %")


def pnl_panel(axes: Axes, sheet: Sheet, trades: pd.DataFrame) -> list[str]:
    """Draw the histogram of trade results; return what must be said of it."""
    style = sheet.style
    values = closed_pnl(trades)
    if not len(values):
        say(axes, "no finished trades")
        return []
    edges, outside = bar_edges(values, 50)
    counts, _ = np.histogram(values, edges)
    centers = (edges[:-1] + edges[1:]) / 2
    colors = [style.gain if c > 0 else style.loss for c in centers]
    axes.bar(centers, counts, width=np.diff(edges) * 0.94, color=colors)
    axes.axvline(0, color=style.ink, linewidth=0.9)
    mean = float(values.mean())
    axes.axvline(mean, color=style.accent, linewidth=1.6, linestyle=(0, (4, 2)))
    won = 100.0 * float(np.mean(values > 0))
    axes.set_title(
        f"{count(len(values), 'trade')}, {percent(won, 1)} won\n"
        f"mean {money(mean, sheet.currency, signed=True)} (dashed)",
        loc="left",
    )
    value_axis(axes.xaxis, money_label("result of a trade after fees", sheet.currency))
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6))
    value_axis(axes.yaxis, "trades")
    axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6, integer=True))
    return [f"{count(outside, 'trade')} beyond the axis"] if outside else []


def running_pnl_panel(axes: Axes, sheet: Sheet, trades: pd.DataFrame) -> None:
    """Draw results added up trade by trade, after and (where known) before fees."""
    style = sheet.style
    if not len(trades):
        say(axes, "no finished trades")
        return
    x = np.arange(1, len(trades) + 1)
    if "gross_pnl" in trades.columns:
        gross = np.cumsum(np.asarray(trades["gross_pnl"], dtype=np.float64))
        axes.plot(x, gross, color=style.benchmark, label="before fees")
    axes.plot(
        x,
        np.cumsum(np.asarray(trades["pnl"], dtype=np.float64)),
        color=style.line,
        linewidth=1.8,
        label="after fees",
    )
    axes.axhline(0, color=style.muted, linewidth=0.8)
    axes.set_title("added up, trade by trade\n", loc="left")
    axes.legend(loc="best")
    time_axis(axes, x.astype(np.float64))
    axes.set_xlabel("trade")
    value_axis(axes.yaxis, money_label("sum of results", sheet.currency))


def hours_panel(axes: Axes, sheet: Sheet, trades: pd.DataFrame) -> None:
    """Draw the profit of trades by the UTC hour in which they were entered."""
    if not len(trades) or "entry_time" not in trades.columns:
        say(axes, "no trades to show by hour")
        return
    sums = hourly_pnl(trades)
    colors = [sheet.style.gain if s >= 0 else sheet.style.loss for s in sums]
    axes.bar(range(24), sums, width=0.82, color=colors)
    axes.axhline(0, color=sheet.style.ink, linewidth=0.9)
    axes.set_xticks(range(0, 24, 3), [f"{hour:02d}" for hour in range(0, 24, 3)])
    axes.set_xlabel("hour of entry (UTC)")
    value_axis(axes.yaxis, money_label("result", sheet.currency))
