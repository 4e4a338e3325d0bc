"""What every picture shares: axes, labels, notes and how it is saved."""

import contextlib
import dataclasses
import io
import math
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hftsim.report.backend import (
    Axes,
    Axis,
    Figure,
    FigureCanvasAgg,
    LinearSegmentedColormap,
    Text,
    dates,
    matplotlib,
    ticker,
)
from hftsim.report.run_folder import replace_file
from hftsim.report.style import Style

_DRAWING = threading.RLock()
_WIDENED = 1.15  # by which axes gain width, at least, when the layout is made


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheet:
    """What the parts of one picture need to know: its style, currency and kind of data."""

    style: Style = dataclasses.field(default_factory=Style)
    currency: str = ""
    simulated: bool = False
    on_ticks: bool = False


@contextlib.contextmanager
def drawing(style: Style) -> Iterator[None]:
    """Draw with our settings alone: a user's matplotlibrc neither changes nor is changed."""
    with _DRAWING, matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_settings(style))
        yield


def _settings(style: Style) -> dict[Any, Any]:
    return {
        "font.family": "DejaVu Sans",
        "font.size": style.font_size,
        "text.color": style.ink,
        "text.parse_math": False,
        "axes.edgecolor": style.muted,
        "axes.labelcolor": style.muted,
        "axes.titlesize": style.font_size - 0.8,
        "axes.titlecolor": style.muted,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "grid.color": style.grid,
        "grid.linewidth": 0.8,
        "xtick.color": style.muted,
        "ytick.color": style.muted,
        "xtick.labelsize": style.font_size - 1,
        "ytick.labelsize": style.font_size - 1,
        "legend.frameon": False,
        "legend.fontsize": style.font_size - 0.5,
        "lines.linewidth": 1.3,
        "path.simplify_threshold": 0.1,
        "agg.path.chunksize": 20000,
    }


def new_figure(
    sheet: Sheet, title: str, *, width: float | None = None, height: float | None = None
) -> Figure:
    """Return a figure without axes, its title on the left and its kind of data on the right."""
    style = sheet.style
    size = (width or style.width, height or style.height)
    figure = Figure(figsize=size, dpi=style.dpi, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    edge = 0.12 / size[0]
    head = figure.suptitle(
        title, x=edge, ha="left", fontsize=style.font_size + 4, fontweight="bold"
    )
    _fit(figure, head, size[0] - (1.8 if sheet.simulated else 0.3))
    if sheet.simulated:
        figure.text(
            1 - edge,
            1 - 0.1 / size[1],
            "SIMULATED DATA",
            ha="right",
            va="top",
            fontsize=style.font_size - 1,
            fontweight="bold",
            color=style.ink,
            bbox={"facecolor": style.accent, "edgecolor": "none", "boxstyle": "round,pad=0.35"},
        )
    return figure


def _fit(figure: Figure, head: Text, inches: float) -> None:
    """Make a heading smaller, and leave out its middle where that is not enough."""
    whole = head.get_text()
    largest = float(head.get_fontsize())
    for size in (largest, 0.85 * largest, 0.7 * largest):
        head.set_fontsize(size)
        if _width(figure, head) <= inches:
            return
    for kept in range(len(whole) // 2, 4, -1):
        head.set_text(f"{whole[:kept]} … {whole[-kept:]}")
        if _width(figure, head) <= inches:
            return


def _width(figure: Figure, artist: Any) -> float:
    """Return how wide an artist is drawn, in inches."""
    canvas: Any = figure.canvas
    return float(artist.get_window_extent(canvas.get_renderer()).width) / figure.dpi


def put_notes(figure: Figure, sheet: Sheet, notes: list[str]) -> None:
    """Write what the reader must know of how the picture was made along its lower edge."""
    if not notes:
        return
    inches, sentence = figure.get_figwidth(), " · ".join(dict.fromkeys(notes))
    text = figure.supxlabel(
        sentence,
        x=0.12 / inches,
        ha="left",
        fontsize=sheet.style.font_size - 1.5,
        color=sheet.style.muted,
    )
    width = len(sentence)
    while _width(figure, text) > inches - 0.24 and width > 20:
        width = min(width - 1, int(width * (inches - 0.24) / _width(figure, text)) + 1)
        text.set_text("\n".join(textwrap.wrap(sentence, width)))


def legend_above(axes: Axes) -> None:
    """Put the legend above the axes, in as many columns as the picture is wide enough for."""
    entries = len(axes.get_legend_handles_labels()[0])
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    for columns in range(min(entries, 8), 0, -1):
        legend = axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, borderaxespad=0.2
        )
        wide = axes.get_position().width * figure.get_figwidth() * _WIDENED
        if _width(figure, legend) <= wide:
            return


def save_figure(figure: Figure, path: str | Path, style: Style) -> Path:
    """Write a figure as a whole: the format follows the file's ending (png, svg, pdf)."""
    target = Path(path)
    kind = target.suffix.lstrip(".").lower() or "png"
    buffer = io.BytesIO()
    with drawing(style):
        figure.savefig(buffer, format=kind, dpi=style.dpi, facecolor="white")
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, buffer.getvalue())
    return target


def say(axes: Axes, sentence: str) -> None:
    """Fill axes that have nothing to show with the sentence that says why."""
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        sentence,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=matplotlib.rcParams["ytick.color"],
        wrap=True,
    )


def time_axis(axes: Axes, x: NDArray[Any], *, label: bool = True) -> None:
    """Label the horizontal axis with UTC dates, or with row numbers where there are no times."""
    if np.issubdtype(x.dtype, np.datetime64):
        date_ticks(axes)
        days = [str(np.datetime64(t, "D")) for t in (x[0], x[-1])] if len(x) else [""]
        text = f"time (UTC), {' to '.join(dict.fromkeys(days))}"
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(8, integer=True))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda v, _: f"{v:,.0f}"))
        text = "row"
    if label:
        axes.set_xlabel(text)
    if len(x) > 1 and x[0] != x[-1]:
        axes.set_xlim(x[0], x[-1])
    axes.margins(x=0.01)


def date_ticks(axes: Axes) -> None:
    """Write dates that can be read one by one: ``15 Jul``, ``Aug``, ``2025``, ``13:30``."""
    locator = dates.AutoDateLocator(  # type: ignore[no-untyped-call]
        tz="UTC", minticks=4, maxticks=9
    )
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        dates.ConciseDateFormatter(  # type: ignore[no-untyped-call]
            locator,
            tz="UTC",
            formats=["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"],
            zero_formats=["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
            show_offset=False,
        )
    )


def value_axis(axis: Axis, label: str, *, suffix: str = "") -> None:
    """Label an axis with thousands separators and as many decimals as its steps need."""
    axis.set_major_formatter(_Plain(suffix))
    axis.set_label_text(label)


def money_label(what: str, currency: str) -> str:
    """Return ``equity (USDT)``, or ``equity`` where the currency is not known."""
    return f"{what} ({currency})" if currency else what


def diverging(style: Style) -> LinearSegmentedColormap:
    """Return the colours from loss over white to gain."""
    return LinearSegmentedColormap.from_list("loss_gain", [style.loss, "#ffffff", style.gain])


class _Plain(ticker.Formatter):
    """Numbers with separators, a true minus sign, and decimals that follow the tick step."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.digits = 0

    def set_locs(self, locs: Any) -> None:
        """Choose the decimals from the distance between ticks."""
        steps = np.diff(np.sort(np.asarray(locs, dtype=np.float64)))
        steps = steps[steps > 0]
        if len(steps):
            exact = round(float(steps.min()), 12)
            self.digits = next(
                (d for d in range(12) if math.isclose(round(exact, d), exact, rel_tol=1e-6)), 12
            )

    def __call__(self, value: float, _position: int | None = None) -> str:
        """Return the label of one tick."""
        size = abs(value)
        sign = "−" if value < 0 and round(size, self.digits) > 0 else ""
        if size >= 1e15:
            return f"{value:.0e}"
        return f"{sign}{size:,.{self.digits}f}{self.suffix}"
