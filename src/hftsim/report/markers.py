"""Where trades and signals sit on a line, one by one or as a density strip."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hftsim.report.backend import Axes
from hftsim.report.decimate import Positions
from hftsim.report.series import Floats, column_times
from hftsim.report.style import Style

STRIP_BINS = 240
STRIP_HEIGHT, STRIP_STEP = 0.05, 0.06


def marker_positions(x: NDArray[Any], times: NDArray[Any]) -> Positions:
    """Return for each time the last row at or before it (the first row for earlier times)."""
    found = np.searchsorted(x, times, side="right") - 1
    return np.clip(found, 0, len(x) - 1).astype(np.int64)


def marker_area(count: int) -> float:
    """Return a marker's area in square points: the more there are, the smaller."""
    return float(np.clip(2400 / max(count, 1), 15, 36))


def trade_markers(
    axes: Axes, style: Style, trades: pd.DataFrame, entry_y: Floats, exit_y: Floats
) -> None:
    """Mark entries (triangles, up is long) and exits (rings) of trades.

    Parameters
    ----------
    axes, style : what to draw on, and how.
    trades : columns entry_time, exit_time (none while open) and side.
    entry_y, exit_y : how high the markers sit, one for each trade.
    """
    entry, leave = column_times(trades["entry_time"]), column_times(trades["exit_time"])
    long = np.asarray(trades["side"].astype(str).str.lower() != "short")
    area = marker_area(len(trades))
    for mask, shape, color, name in (
        (long, "^", style.long, "long entry"),
        (~long, "v", style.short, "short entry"),
    ):
        if mask.any():
            look: dict[str, Any] = {"marker": shape, "s": area, "color": color, "label": name}
            look |= {"edgecolors": "white", "linewidths": 0.5, "zorder": 6}
            axes.scatter(entry[mask], entry_y[mask], **look)
    closed = ~np.isnat(leave)
    if closed.any():
        look = {"marker": "o", "s": 0.5 * area, "label": "exit", "zorder": 5}
        look |= {"facecolors": "white", "edgecolors": style.ink, "linewidths": 0.8}
        axes.scatter(leave[closed], exit_y[closed], **look)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strip:
    """Where a density strip sits and what it says.

    Parameters
    ----------
    color : of the band.
    level : 0 is the lowest strip, 1 the next above it.
    label : what the legend calls it.
    """

    color: str
    level: int = 0
    label: str = ""


def density_strip(axes: Axes, times: NDArray[Any], x: NDArray[Any], strip: Strip) -> None:
    """Draw how many of `times` fall into each stretch of the axis `x` (increasing) as a band."""
    times = times[~np.isnat(times)]
    if not len(times) or len(x) < 2:
        return
    bottom = strip.level * STRIP_STEP
    edges = np.linspace(x[0].astype("int64"), x[-1].astype("int64"), STRIP_BINS + 1)
    counts, _ = np.histogram(times.astype("int64"), edges)
    axes.fill_between(
        edges[:-1].astype("int64").astype("datetime64[ns]"),
        bottom,
        bottom + STRIP_HEIGHT * counts / max(int(counts.max()), 1),
        step="post",
        transform=axes.get_xaxis_transform(),
        color=strip.color,
        alpha=0.75,
        linewidth=0,
        zorder=4,
        label=strip.label,
    )


def make_room(axes: Axes, strips: int) -> None:
    """Lift what is drawn so that `strips` density strips fit below it."""
    low, high = axes.dataLim.y0, axes.dataLim.y1
    axes.set_ylim(low - (high - low) * (strips * STRIP_STEP + 0.05), high + (high - low) * 0.05)
