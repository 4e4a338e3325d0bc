"""The page's model section: figures beside baselines, confusion, calibration, training."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from hftsim.report.model_view import (
    CLASS_NAMES,
    FEWEST_SAMPLES,
    FIGURES,
    ModelView,
    calibration_bins,
    honest_sentence,
    model_view,
)
from hftsim.report.plotly_parts import STYLE, Chart, Trace, axis, bar, layout, line, values
from hftsim.report.style import SERIES
from hftsim.report.words import UNDEFINED, is_number, number, percent, utc

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
TOP_FEATURES = 25


def model_section(report: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the template needs of a model report; None where there was no model."""
    if report is None:
        return None
    view = model_view(report)
    shown = [key for key in FIGURES if any(key in figures for figures in view.figures.values())]
    return {
        "name": view.name,
        "sentence": honest_sentence(view),
        "head": [(FIGURES[key][0], FIGURES[key][2]) for key in shown],
        "rows": [_figure_row(view, name, shown) for name in view.figures],
        "confusion": _confusion(view.own.get("confusion")),
        "folds": _folds(view),
        "settings": [(key.replace("_", " "), _setting(v)) for key, v in view.settings.items()],
    }


def _figure_row(view: ModelView, name: str, shown: list[str]) -> dict[str, Any]:
    figures = view.figures[name]
    reasons = figures.get("reasons") or {}
    cells = []
    for key in shown:
        value = figures.get(key)
        known = [float(f[key]) for f in view.figures.values() if is_number(f.get(key))]
        best = (
            bool(known) and is_number(value) and value == (max if FIGURES[key][1] else min)(known)
        )
        text = number(value, 4) if is_number(value) else UNDEFINED
        cells.append({"text": text, "best": best, "why": str(reasons.get(key, ""))})
    return {
        "name": name,
        "own": name == view.name,
        "n": number(figures.get("n"), 0) if "n" in figures else "",
        "cells": cells,
    }


def _confusion(table: Any) -> list[dict[str, Any]]:
    if table is None or not np.size(table):
        return []
    counts = np.asarray(table, dtype=np.float64)
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    names = CLASS_NAMES if len(counts) == len(CLASS_NAMES) else range(len(counts))
    return [
        {
            "name": str(name),
            "cells": [
                {"count": f"{int(c):,}", "share": percent(100 * s, 0), "shade": round(float(s), 3)}
                for c, s in zip(counts[row], shares[row], strict=True)
            ],
        }
        for row, name in enumerate(names)
    ]


def _folds(view: ModelView) -> dict[str, Any]:
    """Return head and rows of the table of folds, its columns in the order they came."""
    names = list(dict.fromkeys(str(name) for fold in view.folds for name in fold))
    return {
        "head": [name.replace("_", " ") for name in names],
        "rows": [[_setting(fold.get(name)) for name in names] for fold in view.folds],
    }


def _setting(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}".replace("-", "−") if is_number(value) else UNDEFINED
    text = str(value)
    return utc(text) if _TIME.fullmatch(text) else text


def model_charts(report: Mapping[str, Any] | None) -> dict[str, Chart]:
    """Return calibration, training and importance charts, as far as they were measured."""
    if report is None:
        return {}
    view = model_view(report)
    found = {
        "calibration": _calibration(view),
        "history": _history(view),
        "importance": _importance(view),
    }
    return {name: chart for name, chart in found.items() if chart is not None}


def _calibration(view: ModelView) -> Chart | None:
    traces: list[Trace] = []
    for place, (name, figures) in enumerate(view.figures.items()):
        bins = calibration_bins(figures)
        if not bins:
            continue
        sizes = np.array([b["n"] for b in bins], dtype=np.float64)
        traces.append(
            line(
                [b["confidence"] for b in bins], [b["accuracy"] for b in bins], name,
                SERIES[place % len(SERIES)], mode="lines+markers", text=[f"{int(n):,}" for n in sizes],
                hovertemplate="stated %{x:.0%}, came true %{y:.0%} of %{text}"
                "<extra>%{fullData.name}</extra>",
                marker={"size": values(5 + 13 * np.sqrt(sizes / sizes.max()))},
            )
        )  # fmt: skip
    if not traces:
        return None
    honest = line([0, 1], [0, 1], "honest", STYLE.muted, hoverinfo="skip",
                  line={"dash": "dot", "width": 1}, showlegend=False)  # fmt: skip
    return Chart(
        caption="Stated probability of the likeliest class against how often it came true; "
        "on the dotted line the model is honest. Dots grow with the number of samples; bins of fewer "
        f"than {FEWEST_SAMPLES} are left out.",
        traces=[honest, *traces],
        layout=layout(
            340,
            axis("stated probability", range=[0.25, 1], tickformat=".0%"),
            axis("came true", range=[0, 1], tickformat=".0%"),
        ),
    )


def _history(view: ModelView) -> Chart | None:
    losses = {k: v for k, v in view.history.items() if "loss" in k}
    scores = {k: v for k, v in view.history.items() if k.startswith("val") and k not in losses}
    if not losses and not scores:
        return None
    traces = [
        line(
            list(range(1, len(column) + 1)), values(np.asarray(column)), name.replace("_", " "),
            SERIES[place % len(SERIES)], mode="lines+markers",
            **({"yaxis": "y2"} if name in scores else {}),
        )
        for place, (name, column) in enumerate({**losses, **scores}.items())
    ]  # fmt: skip
    return Chart(
        caption="Training: losses above, scores on validation data below, by epoch.",
        traces=traces,
        layout=layout(
            340,
            axis("epoch", anchor="y2" if scores else "y"),
            axis("loss", domain=[0.55, 1] if scores else [0, 1]),
            yaxis2=axis("score", domain=[0, 0.42]),
        ),
    )


def _importance(view: ModelView) -> Chart | None:
    if not len(view.importance):
        return None
    top = view.importance.head(TOP_FEATURES).iloc[::-1]
    weights = top["importance"].to_numpy(dtype=np.float64)
    trace = bar(
        values(weights), [str(name) for name in top["feature"]], "importance",
        [STYLE.line if w > 0 else STYLE.benchmark for w in weights], orientation="h",
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )  # fmt: skip
    spread = top["std"].to_numpy(dtype=np.float64) if "std" in top else np.zeros(0)
    if spread.any():
        trace["error_x"] = {
            "type": "data",
            "array": values(spread),
            "color": STYLE.ink,
            "thickness": 1,
        }
    more = f" The first {TOP_FEATURES} of {len(view.importance):,}." if (
        len(view.importance) > TOP_FEATURES
    ) else ""  # fmt: skip
    return Chart(
        caption="What the score loses when a feature is shuffled; grey did not help." + more,
        traces=[trace],
        layout=layout(
            max(240, 90 + 18 * len(top)),
            axis("loss of score"),
            axis(type="category", tickfont={"size": 11}),
            bargap=0.25,
        ),
    )
