"""How far and how long equity stood below its earlier peak."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hftsim.analytics.annualise import DAY_NS
from hftsim.analytics.sample import Curve, Sample, curve_of, sample_of
from hftsim.analytics.undefined import Figure, FloatArray, IntArray, Undefined, all_undefined, scale
from hftsim.core.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

DRAWDOWN = (
    "max_drawdown_pct",
    "max_drawdown_bars",
    "max_drawdown_days",
    "recovery_bars",
    "recovery_days",
    "longest_drawdown_bars",
    "drawdown_count",
    "avg_drawdown_pct",
    "time_under_water_pct",
    "ulcer_index_pct",
    "pain_index_pct",
)


@dataclass(frozen=True, slots=True)
class Episodes:
    """Every stretch below an earlier peak, as positions on the curve; all arrays shape (k,).

    Parameters
    ----------
    depth : fraction below the running peak at every point, shape (n,).
    peak : last point at the peak.
    trough : lowest point.
    end : first point back at the peak, or the curve's last point.
    recovered : whether `end` is back at the peak.
    """

    depth: FloatArray
    peak: IntArray
    trough: IntArray
    end: IntArray
    recovered: npt.NDArray[np.bool_]


def episodes_of(values: FloatArray) -> Episodes:
    """Return every drawdown of a curve that starts above zero."""
    running = np.maximum.accumulate(values)
    depth = 1.0 - values / running
    under = np.concatenate(([False], values < running, [False]))
    edges = np.flatnonzero(under[1:] != under[:-1])
    starts, stops = edges[::2], edges[1::2]
    return Episodes(
        depth=depth,
        peak=starts - 1,
        trough=_troughs(values, starts, stops),
        end=np.minimum(stops, len(values) - 1),
        recovered=stops < len(values),
    )


def _troughs(values: FloatArray, starts: IntArray, stops: IntArray) -> IntArray:
    """Return the position of the first lowest value in every ``values[start:stop]``."""
    if len(starts) == 0:
        return starts
    # The stretch between two drawdowns stands at its peak, so it never holds the minimum.
    lowest = np.minimum.reduceat(values, starts)
    lengths = stops - starts
    episode = np.repeat(np.arange(len(starts)), lengths)
    place = np.arange(len(episode)) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    hits = np.flatnonzero(values[place] == lowest[episode])
    first = np.searchsorted(episode[hits], np.arange(len(starts)))
    return np.asarray(place[hits[first]], dtype=np.int64)


def drawdowns(
    equity: "pd.Series | npt.ArrayLike",
    worst: int = 10,
    *,
    initial_capital: float | None = None,
) -> "pd.DataFrame":
    """Return the deepest drawdowns, deepest first.

    Columns: `start` (last time at the peak), `trough`, `end` (first time back at the peak; NaT
    while there is none), `depth_pct` (positive), `bars` (peak to recovery, or to the last bar),
    `recovery_bars` (trough to recovery; missing while there is none). Without times in the index,
    start, trough and end are positions.

    Raises
    ------
    DataError
        As `returns_of`; or equity that does not start above zero.
    InputError
        `worst` below one.
    """
    import pandas as pd

    if worst < 1:
        raise InputError(f"worst must be at least 1, not {worst}")
    curve = sample_of(curve_of(equity), initial_capital=initial_capital).curve
    _require_start(curve)
    found = episodes_of(curve.values)
    depths = found.depth[found.trough]
    order = np.argsort(-depths, kind="stable")[:worst]
    end = found.end[order]
    recovered = found.recovered[order]
    bars_back = pd.array(end - found.trough[order], dtype="Int64")
    bars_back[~recovered] = pd.NA
    return pd.DataFrame(
        {
            "start": _labels(curve, found.peak[order]),
            "trough": _labels(curve, found.trough[order]),
            "end": pd.Series(_labels(curve, end)).where(recovered),
            "depth_pct": 100.0 * depths[order],
            "bars": end - found.peak[order],
            "recovery_bars": bars_back,
        }
    )


def max_drawdown(equity: "pd.Series | npt.ArrayLike") -> dict[str, Any]:
    """Return the deepest drawdown.

    Returns
    -------
    dict with ``drawdown`` (fraction, positive), ``max_drawdown_pct``, ``peak_time``,
    ``trough_time``, ``recovery_time`` (None while there is none, or without a drawdown; positions
    where the index has no times), ``bars`` (peak to recovery, or to the last bar),
    ``recovery_bars`` and ``recovery_days`` (trough to recovery; NaN while there is none).

    Raises
    ------
    DataError
        As `drawdowns`.
    """
    worst = drawdowns(equity, 1)
    if worst.empty:
        names = ("peak_time", "trough_time", "recovery_time")
        return {
            "drawdown": 0.0,
            "max_drawdown_pct": 0.0,
            **dict.fromkeys(names),
            "bars": 0,
            "recovery_bars": float("nan"),
            "recovery_days": float("nan"),
        }
    row = worst.iloc[0]
    back = worst["end"].notna().iloc[0]
    timed = worst["start"].dtype.kind == "M"
    days = (row["end"] - row["trough"]).total_seconds() / 86_400 if back and timed else float("nan")
    return {
        "drawdown": float(row["depth_pct"]) / 100.0,
        "max_drawdown_pct": float(row["depth_pct"]),
        "peak_time": row["start"],
        "trough_time": row["trough"],
        "recovery_time": row["end"] if back else None,
        "bars": int(row["bars"]),
        "recovery_bars": float(row["recovery_bars"]) if back else float("nan"),
        "recovery_days": days,
    }


def drawdown_figures(sample: Sample) -> dict[str, Figure]:
    """Return the figures of the group "drawdown"."""
    curve = sample.curve
    if len(curve.values) < 2:
        return all_undefined(DRAWDOWN, Undefined("the equity curve has a single point"))
    if curve.values[0] <= 0.0:
        return all_undefined(DRAWDOWN, Undefined(f"the account starts at {curve.values[0]:g}"))
    found = episodes_of(curve.values)
    depth = found.depth
    return {
        "max_drawdown_pct": 100.0 * float(depth.max()),
        **_worst_figures(curve, found),
        "longest_drawdown_bars": float((found.end - found.peak).max(initial=0)),
        "drawdown_count": float(len(found.peak)),
        "avg_drawdown_pct": _average(found),
        "time_under_water_pct": 100.0 * float(np.mean(depth[1:] > 0.0)),
        "ulcer_index_pct": 100.0 * float(np.sqrt(np.dot(depth, depth) / len(depth))),
        "pain_index_pct": 100.0 * float(depth.mean()),
    }


def _worst_figures(curve: Curve, found: Episodes) -> dict[str, Figure]:
    """Return length and recovery of the deepest drawdown, in bars and in days."""
    if len(found.peak) == 0:
        never = Undefined("equity never fell below an earlier peak")
        return {
            "max_drawdown_bars": 0.0,
            "max_drawdown_days": 0.0,
            "recovery_bars": never,
            "recovery_days": never,
        }
    worst = int(np.argmax(found.depth[found.trough]))
    peak, trough, end = (int(found.peak[worst]), int(found.trough[worst]), int(found.end[worst]))
    open_end = Undefined("equity has not come back to the peak before the deepest drawdown")
    back = bool(found.recovered[worst])
    return {
        "max_drawdown_bars": float(end - peak),
        "max_drawdown_days": _days(curve, peak, end),
        "recovery_bars": float(end - trough) if back else open_end,
        "recovery_days": _days(curve, trough, end) if back else open_end,
    }


def _days(curve: Curve, start: int, end: int) -> Figure:
    if curve.times is None:
        return Undefined("the equity curve has no times")
    return float(curve.times[end] - curve.times[start]) / DAY_NS


def _average(found: Episodes) -> Figure:
    if len(found.peak) == 0:
        return Undefined("equity never fell below an earlier peak")
    return scale(float(found.depth[found.trough].mean()), 100.0)


def _require_start(curve: Curve) -> None:
    if curve.values[0] <= 0.0:
        raise DataError(
            f"the account starts at {curve.values[0]:g}: a drawdown needs a peak above zero"
        )


def _labels(curve: Curve, positions: IntArray) -> "pd.Index":
    import pandas as pd

    if curve.times is None:
        return pd.Index(positions)
    return pd.DatetimeIndex(curve.times[positions].view("datetime64[ns]"), tz="UTC")
