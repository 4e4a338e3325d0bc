"""Traces and layouts for plotly.js as plain dictionaries; no plotly in Python is needed."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hftsim.report.style import Style

STYLE = Style()
Trace = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart:
    """One interactive chart.

    Parameters
    ----------
    caption : what it shows and what was left out, in a sentence or two.
    traces, layout : as plotly.js takes them.
    """

    caption: str
    traces: list[Trace]
    layout: dict[str, Any]


def times(x: NDArray[Any]) -> list[Any]:
    """Return times as ISO text without zone (plotly shows them as they are: UTC), or numbers."""
    if x.dtype.kind != "M":
        return [float(v) for v in x]
    whole = not (x.astype("datetime64[ns]").astype(np.int64) % 1_000_000_000).any()
    texts = np.datetime_as_string(x.astype("datetime64[s]" if whole else "datetime64[us]"))
    return [None if text == "NaT" else str(text) for text in texts]


def values(numbers: NDArray[Any]) -> list[float | None]:
    """Return numbers with nine significant digits, None for what is not finite."""
    return [
        float(f"{v:.9g}") if np.isfinite(v) else None for v in np.asarray(numbers, dtype=np.float64)
    ]


def line(x: list[Any], y: list[Any], name: str, color: str, **more: Any) -> Trace:
    """Return a line trace."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "line": {"color": color, "width": 1.5, **more.pop("line", {})},
        **more,
    }


def dots(x: list[Any], y: list[Any], name: str, color: str, **more: Any) -> Trace:
    """Return a marker trace."""
    marker = {"color": color, "size": 9, "line": {"color": "#ffffff", "width": 0.8}}
    marker |= more.pop("marker", {})
    return {
        "type": "scatter", "mode": "markers", "x": x, "y": y, "name": name, "marker": marker, **more,
    }  # fmt: skip


def bar(x: list[Any], y: list[Any], name: str, color: str | list[str], **more: Any) -> Trace:
    """Return a bar trace."""
    return {
        "type": "bar", "x": x, "y": y, "name": name, "marker": {"color": color}, **more,
    }  # fmt: skip


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis in the house style."""
    return {
        "title": {"text": title, "font": {"size": 12, "color": STYLE.muted}},
        "gridcolor": STYLE.grid,
        "linecolor": STYLE.muted,
        "zerolinecolor": "#b8c0c8",
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": STYLE.grid,
        "automargin": True,
        **more,
    }


def layout(height: int, x: dict[str, Any], y: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a layout in the house style."""
    return {
        "height": height,
        "margin": {"l": 64, "r": 40, "t": 34, "b": 44},
        "modebar": {"orientation": "v", "bgcolor": "rgba(0,0,0,0)", "color": "#c3cad1",
                    "activecolor": STYLE.muted},
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 12,
                 "color": STYLE.ink},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom"},
        "hoverlabel": {"font": {"family": "system-ui, sans-serif", "size": 12}},
        "separators": ".,",
        "xaxis": x,
        "yaxis": y,
        **more,
    }  # fmt: skip
