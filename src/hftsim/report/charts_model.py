"""Pictures of models: training, importance of features, calibration, walk-forward."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.errors import DataError
from hftsim.report.backend import Axes, Figure, dates, matplotlib
from hftsim.report.canvas import Sheet, date_ticks, new_figure, put_notes, say, value_axis
from hftsim.report.model_view import FEWEST_SAMPLES, ModelView, calibration_bins, honest_sentence
from hftsim.report.series import column_times
from hftsim.report.style import SERIES
from hftsim.report.words import count, number, percent

_NOT_SCORES = ("lr", "rate", "second", "time", "epoch")


def history_picture(sheet: Sheet, history: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Draw losses on the left and scores on the right over epochs, the best epoch marked."""
    losses = {k: v for k, v in history.items() if "loss" in k}
    scores = {
        k: v
        for k, v in history.items()
        if k not in losses and not any(word in k for word in _NOT_SCORES)
    }
    figure = new_figure(sheet, title)
    panels = figure.subplots(1, 2 if scores and losses else 1, squeeze=False)[0]
    groups = [g for g in ((losses, "loss", min), (scores, "score", max)) if g[0]]
    if not groups:
        say(panels[0], "no training history was kept")
    for axes, (columns, label, best) in zip(panels, groups, strict=False):
        _epochs_panel(axes, columns, label, best)
    return figure


def _epochs_panel(
    axes: Axes, columns: Mapping[str, Sequence[float]], label: str, best: Any
) -> None:
    for place, (name, values) in enumerate(columns.items()):
        epochs = np.arange(1, len(values) + 1)
        axes.plot(
            epochs,
            values,
            color=SERIES[place % len(SERIES)],
            label=name.replace("_", " "),
            marker="o" if len(values) < 40 else "",
            markersize=3.5,
            linewidth=1.6,
        )
    watched = next((n for n in columns if n.startswith("val")), next(iter(columns)))
    finite = [(v, e) for e, v in enumerate(columns[watched], 1) if np.isfinite(v)]
    if finite:
        value = best(v for v, _ in finite)
        epoch = next(e for v, e in finite if v == value)
        axes.axvline(epoch, color="#616e7c", linewidth=0.9, linestyle=(0, (3, 3)))
        axes.set_title(
            f"best {watched.replace('_', ' ')} {number(value, 4)} in epoch {epoch}", loc="left"
        )
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(8, integer=True))
    axes.set_xlabel("epoch")
    value_axis(axes.yaxis, label)
    axes.legend(loc="best")


def importance_picture(sheet: Sheet, frame: pd.DataFrame, title: str, top: int = 25) -> Figure:
    """Draw the most important features as bars with their spread over repeats."""
    shown = frame.head(top).iloc[::-1]
    figure = new_figure(sheet, title, height=max(2.6, 1.6 + 0.27 * len(shown)))
    axes = figure.subplots()
    if not len(shown):
        say(axes, "no feature importance was measured")
        return figure
    values = shown["importance"].to_numpy(dtype=np.float64)
    spread = shown["std"].to_numpy(dtype=np.float64) if "std" in shown else np.zeros(0)
    colors = [sheet.style.line if v > 0 else sheet.style.benchmark for v in values]
    axes.barh(range(len(shown)), values, height=0.72, color=colors)
    if spread.any():
        axes.errorbar(
            values,
            range(len(shown)),
            xerr=spread,
            fmt="none",
            ecolor=sheet.style.ink,
            elinewidth=0.9,
            capsize=2,
        )
    axes.set_yticks(range(len(shown)), [str(name) for name in shown["feature"]])
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=sheet.style.ink, linewidth=0.9)
    value_axis(axes.xaxis, "loss of score when the feature is shuffled")
    if len(frame) > top:
        put_notes(figure, sheet, [f"the first {top} of {len(frame):,} features"])
    return figure


def calibration_picture(sheet: Sheet, view: ModelView, title: str) -> Figure:
    """Draw stated confidence against hit rate, and the confusion of classes beside it."""
    figure = new_figure(sheet, title)
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    calibration_panel(left, sheet, view)
    confusion_panel(right, sheet, view.own.get("confusion"))
    few = f"bins of fewer than {FEWEST_SAMPLES} samples are left out"
    put_notes(figure, sheet, [honest_sentence(view), few])
    return figure


def calibration_panel(axes: Axes, sheet: Sheet, view: ModelView) -> None:
    """Draw one reliability line per model and baseline; dots grow with the number of samples."""
    drawn = False
    axes.plot([0, 1], [0, 1], color=sheet.style.muted, linewidth=0.9, linestyle=(0, (3, 3)))
    for place, (name, figures) in enumerate(view.figures.items()):
        bins = calibration_bins(figures)
        if not bins:
            continue
        sizes = np.array([b["n"] for b in bins], dtype=np.float64)
        x = [b["confidence"] for b in bins]
        y = [b["accuracy"] for b in bins]
        color = sheet.style.line if not place else SERIES[1 + (place % 6)]
        axes.plot(x, y, color=color, linewidth=1.8 if not place else 1.0, alpha=0.9)
        axes.scatter(
            x,
            y,
            s=14 + 110 * sizes / sizes.max(),
            color=color,
            label=name,
            zorder=3,
            edgecolors="white",
            linewidths=0.7,
        )
        drawn = True
    if not drawn:
        axes.clear()
        say(axes, "no calibration was measured")
        return
    axes.set_xlim(0.25, 1)
    axes.set_ylim(0, 1)
    value_axis(axes.xaxis, "stated probability of the likeliest class")
    value_axis(axes.yaxis, "share that came true")
    axes.set_title("calibration: on the dashed line is honest; dots grow with samples", loc="left")
    axes.legend(loc="upper left")


def confusion_panel(axes: Axes, sheet: Sheet, confusion: Any) -> None:
    """Draw what came (rows) against what was foretold (columns), as shares of each row."""
    if confusion is None or not np.size(confusion):
        say(axes, "no confusion table was kept")
        return
    table = np.asarray(confusion, dtype=np.float64)
    rows = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, rows, out=np.zeros_like(table), where=rows > 0)
    blues = matplotlib.colors.LinearSegmentedColormap.from_list("b", ["#ffffff", sheet.style.line])
    axes.imshow(shares, cmap=blues, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        axes.text(
            column,
            row,
            f"{percent(100 * shares[row, column], 0)}\n{int(value):,}",
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.75 else sheet.style.ink,
        )
    names = [("DOWN", "FLAT", "UP")[i] if len(table) == 3 else str(i) for i in range(len(table))]
    axes.set_xticks(range(len(table)), names)
    axes.set_yticks(range(len(table)), names)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("foretold")
    axes.set_ylabel("came")
    axes.set_title("of each class that came: what was foretold", loc="left")


def walk_forward_picture(sheet: Sheet, table: pd.DataFrame, title: str) -> Figure:
    """Draw which stretch each fold trained and tested on, and what it earned out of sample.

    `table` has columns total_return_pct and, where known, fold, train_start, train_end (else
    training ends where the test starts), test_start, test_end, buy_and_hold_return_pct,
    train_return_pct.
    """
    if "total_return_pct" not in table.columns:
        raise DataError("the walk-forward table lacks the column 'total_return_pct'")
    figure = new_figure(sheet, title, height=sheet.style.height + 0.6)
    spans = {"train_start", "test_start", "test_end"} <= set(table.columns)
    panels = figure.subplots(1, 2 if spans else 1, squeeze=False, sharey=True)[0]
    if spans:
        _spans_panel(panels[0], sheet, table)
    _folds_panel(panels[-1], sheet, table)
    folds = table["fold"].astype(str) if "fold" in table else table.index.astype(str)
    panels[0].set_yticks(range(len(table)), [f"fold {name}" for name in folds])
    panels[0].set_ylim(len(table) - 0.4, -0.6)
    for axes in panels:
        axes.grid(visible=False, axis="y")
    return figure


def _folds_panel(axes: Axes, sheet: Sheet, table: pd.DataFrame) -> None:
    y = np.arange(len(table))
    net = table["total_return_pct"].to_numpy(dtype=np.float64)
    colors = [sheet.style.gain if v > 0 else sheet.style.loss for v in net]
    axes.barh(y, np.nan_to_num(net), height=0.62, color=colors)
    for column, name, shape, color in (
        ("buy_and_hold_return_pct", "buy and hold", "d", sheet.style.ink),
        ("train_return_pct", "strategy in sample", "o", sheet.style.accent),
    ):
        if column in table:
            values = table[column].to_numpy(dtype=np.float64)
            look: dict[str, Any] = {"marker": shape, "s": 42, "color": color, "zorder": 4}
            axes.scatter(values, y, label=name, edgecolors="white", linewidths=0.7, **look)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.05), ncols=2, borderaxespad=0.2)
    for place in np.flatnonzero(~np.isfinite(net)):
        axes.annotate(
            "undefined",
            (0, place),
            xytext=(4, 9),
            textcoords="offset points",
            color=sheet.style.muted,
        )
    axes.axvline(0, color=sheet.style.ink, linewidth=0.9)
    won = int(np.count_nonzero(net > 0))
    axes.set_title(f"{won} of {count(len(net), 'fold')} earned money out of sample", loc="left")
    value_axis(axes.xaxis, "return of the test stretch after fees", suffix=" %")


def _spans_panel(axes: Axes, sheet: Sheet, table: pd.DataFrame) -> None:
    end = table["train_end"] if "train_end" in table else table["test_start"]
    for kind, stop, color in (
        ("train", end, sheet.style.benchmark),
        ("test", table["test_end"], sheet.style.line),
    ):
        start = column_times(table[f"{kind}_start"])
        length = column_times(stop) - start
        left = dates.date2num(start)  # type: ignore[no-untyped-call]
        wide = length / np.timedelta64(1, "D")
        axes.barh(np.arange(len(table)), wide, left=left, height=0.5, color=color, label=kind)
    axes.xaxis_date("UTC")
    date_ticks(axes)
    axes.set_xlabel("time (UTC)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.05), ncols=2, borderaxespad=0.2)
