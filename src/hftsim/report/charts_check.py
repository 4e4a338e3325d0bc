"""The picture of `hftsim check`: price over time with everything the check found marked."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hftsim.report.backend import Axes, Figure
from hftsim.report.canvas import Sheet, new_figure, put_notes
from hftsim.report.charts_price import range_panel, volume_panel
from hftsim.report.series import Floats, utc_times
from hftsim.report.words import count

MAX_GAPS = 200
_TIME_KEYS = ("time", "ts_open", "ts_event", "start", "timestamp")
_MARKS = ("X", "D", "s", "P", "v", "^", "*", "h")
_COLORS = ("#d55e00", "#cc79a7", "#e69f00", "#009e73", "#56b4e9", "#000000", "#7a4b00", "#5b2a86")


def check_picture(sheet: Sheet, bars: pd.DataFrame, report: Any, title: str) -> Figure:
    """Draw bars with gaps shaded and the findings' examples marked, the counts beside them.

    Parameters
    ----------
    sheet : style, currency, kind of data.
    bars : what was checked; it may be out of order, with repeats or missing values.
    report : anything with ``findings``, each with ``kind``, ``count`` and ``examples``; also used
        where there: ``rows``, ``clean`` and a finding's ``severity`` (``note`` informs only).
    title : of the picture.
    """
    figure = new_figure(sheet, title, height=sheet.style.height + 1.2)
    grid = figure.add_gridspec(2, 2, height_ratios=[4, 1], width_ratios=[4.2, 1])
    upper = figure.add_subplot(grid[0, 0])
    lower = figure.add_subplot(grid[1, 0], sharex=upper)
    ordered, notes = _drawable(bars)
    found = list(report.findings)
    sessions = any(finding.kind == "sessions" for finding in found)
    rows = int(getattr(report, "rows", len(bars)))
    if rows > len(bars):
        notes.append(f"{len(bars):,} of {rows:,} rows drawn")
    if len(ordered):
        x = utc_times(ordered.index)
        notes += range_panel(upper, sheet, x, ordered)
        notes += _bounded(upper, ordered)
        notes += _shade_gaps(upper, sheet, x, "break" if sessions else "gap")
        volume_panel(lower, sheet, ordered)
        upper.tick_params(labelbottom=False)
        upper.set_xlabel("")
    _mark_findings(upper, ordered, found)
    side = figure.add_subplot(grid[:, 1])
    _list_findings(side, sheet, found, rows, clean=getattr(report, "clean", not found))
    put_notes(figure, sheet, notes)
    return figure


def _drawable(bars: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    values = bars[["open", "high", "low", "close", "volume"]].apply(pd.to_numeric, errors="coerce")
    finite = np.isfinite(values.to_numpy(dtype=np.float64)).all(axis=1)
    timed = np.asarray(bars.index.notna())
    notes = []
    if not (finite & timed).all():
        notes.append(f"{count(int((~(finite & timed)).sum()), 'row')} without numbers not drawn")
    shown = values[finite & timed]
    if not shown.index.is_monotonic_increasing:
        shown = shown.sort_index(kind="stable")
        notes.append("rows are out of order; drawn in the order of time")
    return shown, notes


def _bounded(axes: Axes, bars: pd.DataFrame) -> list[str]:
    """Keep one absurd price from flattening the rest, and say that it lies outside."""
    low, high = bars["low"].to_numpy(), bars["high"].to_numpy()
    bottom, top = (float(q) for q in np.quantile(np.append(low, high), [0.005, 0.995]))
    pad = max(top - bottom, abs(top) * 1e-4) * 0.35
    bottom, top = bottom - pad, top + pad
    outside = int(np.count_nonzero((low < bottom) | (high > top)))
    if not outside:
        return []
    axes.set_ylim(bottom, top)
    return [f"{count(outside, 'bar')} with prices beyond the axis"]


def _shade_gaps(axes: Axes, sheet: Sheet, x: NDArray[Any], word: str) -> list[str]:
    if len(x) < 3 or x.dtype.kind != "M":
        return []
    steps = np.diff(x).astype(np.int64)
    usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else 0
    at = np.flatnonzero(steps > 1.5 * usual) if usual else np.array([], dtype=np.int64)
    largest = at[np.argsort(-steps[at], kind="stable")[:MAX_GAPS]]
    for position in largest:
        axes.axvspan(
            x[position], x[position + 1], color=sheet.style.accent, alpha=0.3, linewidth=0, zorder=1
        )
    if len(at) > MAX_GAPS:
        return [f"the {MAX_GAPS} longest of {len(at):,} {word}s are shaded"]
    return [f"{count(len(at), word)} shaded"] if len(at) else []


def _mark_findings(axes: Axes, bars: pd.DataFrame, findings: Iterable[Any]) -> None:
    low, high = axes.get_ylim()
    for place, finding in enumerate(findings):
        times, prices = _example_points(bars, finding.examples)
        if len(times):
            axes.scatter(
                times,
                np.clip(prices, low + 0.02 * (high - low), high - 0.02 * (high - low)),
                marker=_MARKS[place % len(_MARKS)],
                color=_COLORS[place % len(_COLORS)],
                edgecolors="white",
                linewidths=0.6,
                s=58,
                zorder=6,
                label=_words(finding.kind),
            )
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.05), ncols=4, borderaxespad=0.2)
    axes.set_ylim(low, high)


def _example_points(bars: pd.DataFrame, examples: Iterable[Any]) -> tuple[NDArray[Any], Floats]:
    known = utc_times(bars.index)
    times = [t for t in (_time_of(example) for example in examples) if t is not None]
    if not times or not len(known) or known.dtype.kind != "M":
        return np.array([], dtype="datetime64[ns]"), np.array([], dtype=np.float64)
    found = utc_times(pd.DatetimeIndex(pd.to_datetime(times, utc=True)))
    rows = np.clip(np.searchsorted(known, found, side="right") - 1, 0, len(known) - 1)
    return found, np.array([_oddest_price(bars, int(row)) for row in rows])


def _oddest_price(bars: pd.DataFrame, row: int) -> float:
    """Return the price of a bar that lies farthest from the closes around it."""
    around = float(bars["close"].iloc[max(row - 10, 0) : row + 11].median())
    prices = (float(bars[name].iloc[row]) for name in ("close", "low", "high"))
    return max(prices, key=lambda price: abs(price - around))


def _time_of(example: Any) -> pd.Timestamp | None:
    if isinstance(example, pd.Timestamp):
        return example
    for key in _TIME_KEYS:
        value = example.get(key) if isinstance(example, Mapping) else getattr(example, key, None)
        if value is not None and not callable(value):
            return None if pd.isna(value) else pd.Timestamp(value)
    return None


def _list_findings(axes: Axes, sheet: Sheet, found: list[Any], rows: int, *, clean: bool) -> None:
    style = sheet.style
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    head = "clean" if clean else "not clean"
    axes.text(0, 0.97, head, fontsize=style.font_size + 2, fontweight="bold", va="top")
    axes.text(0, 0.91, count(rows, "row"), color=style.muted, va="top")
    for place, finding in enumerate(found[:14]):
        y = 0.83 - 0.055 * place
        axes.plot(
            [0.03],
            [y],
            marker=_MARKS[place % len(_MARKS)],
            color=_COLORS[place % len(_COLORS)],
            markersize=6,
            linestyle="none",
            clip_on=False,
        )
        calm = getattr(finding, "severity", "") == "note"
        words = f"{_words(finding.kind)}: {int(finding.count):,}" + (" (note)" if calm else "")
        axes.text(0.1, y, words, va="center", color=style.muted if calm else style.ink)
    if len(found) > 14:
        axes.text(0.1, 0.83 - 0.055 * 14, f"and {len(found) - 14} more kinds", va="center")


def _words(kind: object) -> str:
    return str(getattr(kind, "value", kind)).replace("_", " ")
