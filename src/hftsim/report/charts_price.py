"""Price pictures: bars, and the signals and trades that a strategy made of them."""

from collections.abc import Mapping
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
from hftsim.report.decimate import extreme_positions, joint_positions
from hftsim.report.markers import (
    Strip,
    density_strip,
    make_room,
    marker_area,
    marker_positions,
    trade_markers,
)
from hftsim.report.series import Floats, bar_close_times, column_times, float_values, utc_times
from hftsim.report.words import count

Bars = pd.DataFrame | Mapping[str, pd.DataFrame]
MAX_PANELS, MAX_TRADE_LINES = 6, 600


def bars_by_symbol(bars: Bars, symbol: str = "") -> dict[str, pd.DataFrame]:
    """Return bar frames by symbol, whether one frame came or several."""
    if isinstance(bars, Mapping):
        return dict(bars)
    known = bars.attrs.get("source", {}).get("symbol", symbol) or symbol
    return {str(known): bars}


def bars_picture(sheet: Sheet, bars: pd.DataFrame, title: str) -> Figure:
    """Draw closes with the range from low to high behind them, and the volume below."""
    figure = new_figure(sheet, title, height=sheet.style.height + 0.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    notes = range_panel(upper, sheet, utc_times(bars.index), bars)
    volume_panel(lower, sheet, bars)
    upper.tick_params(labelbottom=False)
    upper.set_xlabel("")
    put_notes(figure, sheet, notes)
    return figure


def range_panel(
    axes: Axes, sheet: Sheet, x: NDArray[Any], bars: pd.DataFrame, *, points: int | None = None
) -> list[str]:
    """Draw low-to-high ranges and closes; return what must be said of the drawing."""
    close = float_values(bars["close"])
    high, low = float_values(bars["high"]), float_values(bars["low"])
    budget = points or sheet.style.points
    keep = joint_positions([close, high, low], budget)
    axes.fill_between(
        x[keep], low[keep], high[keep], color=sheet.style.line, alpha=0.22, linewidth=0
    )
    axes.plot(x[keep], close[keep], color=sheet.style.line, linewidth=0.9, label="close")
    value_axis(axes.yaxis, money_label("price", sheet.currency))
    time_axis(axes, x)
    axes.set_title(f"{count(len(close), 'bar')}: line = close, band = low to high", loc="left")
    if len(close) <= budget:
        return []
    return [f"{len(close):,} bars drawn as about {len(keep):,} points; highs and lows are kept"]


def volume_panel(axes: Axes, sheet: Sheet, bars: pd.DataFrame, stretches: int = 240) -> None:
    """Draw the volume as sums over equal stretches of rows."""
    x, volume = utc_times(bars.index), float_values(bars["volume"])
    starts = np.unique(np.linspace(0, len(x), min(stretches, len(x)) + 1)[:-1].astype(np.int64))
    sums = np.add.reduceat(np.nan_to_num(volume), starts)
    edges = np.append(x[starts], x[-1:])
    axes.fill_between(
        edges, 0, np.append(sums, sums[-1:]), step="post", color=sheet.style.benchmark, linewidth=0
    )
    value_axis(axes.yaxis, "volume")
    axes.set_ylim(0, float(sums.max()) * 1.05 or 1.0)
    if not sums.any():
        axes.set_yticks([])
        axes.set_title("no volume", loc="left")
    time_axis(axes, x)


def signals_picture(
    sheet: Sheet,
    bars: Bars,
    signals: pd.DataFrame | None,
    trades: pd.DataFrame | None,
    title: str,
) -> Figure:
    """Draw one price panel per symbol (at most six, the most traded) with signals and trades."""
    frames = bars_by_symbol(bars)
    chosen = _most_traded(frames, trades)
    height = max(sheet.style.height, 2.9 * len(chosen))
    figure = new_figure(sheet, title, height=height)
    panels = figure.subplots(len(chosen), 1, squeeze=False)[:, 0]
    notes, price = [], "mid price" if sheet.on_ticks else "close"
    for axes, symbol in zip(panels, chosen, strict=True):
        notes += _signals_panel(
            axes,
            sheet,
            frames[symbol],
            _of_symbol(signals, symbol, len(frames)),
            _of_symbol(trades, symbol, len(frames)),
            name=f"{symbol} {price}" if len(frames) > 1 else price,
        )
    if len(frames) > len(chosen):
        notes.append(f"{len(chosen)} most traded of {len(frames)} symbols")
    put_notes(figure, sheet, notes)
    return figure


def _most_traded(frames: dict[str, pd.DataFrame], trades: pd.DataFrame | None) -> list[str]:
    if trades is None or "symbol" not in trades.columns:
        return list(frames)[:MAX_PANELS]
    often = trades["symbol"].value_counts()
    chosen = sorted(frames, key=lambda symbol: -int(often.get(symbol, 0)))[:MAX_PANELS]
    return [symbol for symbol in frames if symbol in chosen]


def _of_symbol(frame: pd.DataFrame | None, symbol: str, symbols: int) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame()
    if symbols == 1 or "symbol" not in frame.columns:
        return frame
    return frame[frame["symbol"] == symbol]


def _signals_panel(
    axes: Axes,
    sheet: Sheet,
    bars: pd.DataFrame,
    signals: pd.DataFrame,
    trades: pd.DataFrame,
    *,
    name: str,
) -> list[str]:
    style = sheet.style
    x, close = bar_close_times(bars), float_values(bars["close"])
    keep = extreme_positions(close, style.points)
    axes.plot(x[keep], close[keep], color=style.benchmark, linewidth=0.9, zorder=2, label=name)
    value_axis(axes.yaxis, money_label("price", sheet.currency))
    time_axis(axes, x)
    said = []
    if not np.issubdtype(x.dtype, np.datetime64):
        return ["bars without times: signals and trades cannot be placed"]
    if len(signals):
        said += _draw_signals(axes, sheet, signals, x, close)
    if len(trades):
        said += _draw_trades(axes, sheet, trades, x)
    legend_above(axes)
    if len(close) > style.points:
        what = "mid prices" if sheet.on_ticks else "closes"
        said.append(
            f"{len(close):,} {what} drawn as about {style.points:,}; highs and lows are kept"
        )
    return said


def _draw_signals(
    axes: Axes, sheet: Sheet, signals: pd.DataFrame, x: NDArray[Any], close: Floats
) -> list[str]:
    style = sheet.style
    action = signals["action"].astype(str).str.upper()
    buy, sell = (column_times(signals.loc[action == a, "time"]) for a in ("BUY", "SELL"))
    total = len(buy) + len(sell)
    if total > style.max_markers:
        make_room(axes, 2)
        upper = Strip(color=style.long, level=1, label=f"{len(buy):,} BUY signals over time")
        lower = Strip(color=style.short, label=f"{len(sell):,} SELL signals over time")
        density_strip(axes, buy, x, upper)
        density_strip(axes, sell, x, lower)
        return [f"{total:,} signals are too many to mark one by one and are shown as strips"]
    reach = 0.025 * float(np.nanmax(close) - np.nanmin(close))
    for times, shape, color, name, shift in (
        (buy, "^", style.long, "BUY signal", -reach),
        (sell, "v", style.short, "SELL signal", reach),
    ):
        if len(times):
            axes.scatter(
                times,
                close[marker_positions(x, times)] + shift,
                marker=shape,
                s=0.8 * marker_area(total),
                facecolors="none",
                edgecolors=color,
                linewidths=1.0,
                label=f"{name} ({len(times)})",
                zorder=3,
            )
    return []


def _draw_trades(axes: Axes, sheet: Sheet, trades: pd.DataFrame, x: NDArray[Any]) -> list[str]:
    style = sheet.style
    entry, leave = column_times(trades["entry_time"]), column_times(trades["exit_time"])
    if len(trades) > MAX_TRADE_LINES:
        make_room(axes, 3)
        label = f"{len(trades):,} trades over time"
        density_strip(axes, entry, x, Strip(color=style.muted, level=2, label=label))
        return [f"{len(trades):,} trades are too many to draw one by one and are shown as a strip"]
    bought = np.asarray(trades["entry_price"], dtype=np.float64)
    sold = np.asarray(trades["exit_price"], dtype=np.float64)
    won = np.asarray(trades["pnl"], dtype=np.float64) > 0
    for mask, color, name in ((won, style.gain, "won"), (~won, style.loss, "lost")):
        if mask.any():
            axes.plot(
                _joined(entry[mask], leave[mask], x[-1]),
                _joined(bought[mask], sold[mask], np.nan),
                color=color,
                linewidth=1.6,
                label=f"trade that {name} ({int(mask.sum())})",
                zorder=4,
            )
    if len(trades) > style.max_markers:
        return [f"{len(trades):,} trades drawn from entry to exit, without markers"]
    trade_markers(axes, style, trades, bought, sold)
    return []


def _joined(start: NDArray[Any], end: NDArray[Any], missing: Any) -> NDArray[Any]:
    """Return start, end, gap, start, end, gap: one line object for many pieces."""
    empty = np.isnat(end) if np.issubdtype(end.dtype, np.datetime64) else np.isnan(end)
    gap = np.full(len(start), np.datetime64("NaT", "ns") if start.dtype.kind == "M" else np.nan)
    return np.column_stack([start, np.where(empty, missing, end), gap.astype(start.dtype)]).ravel()
