"""The picture of `hftsim check --facts`: six stylised facts of one market, or of two side by side."""

from collections.abc import Mapping

import numpy as np

from hftsim.analytics.stylised_curves import FactCurves
from hftsim.report.backend import Axes, Axis, Figure, ticker
from hftsim.report.canvas import Sheet, new_figure, put_notes, say, value_axis
from hftsim.report.style import SERIES

_MARKS = ("o", "s")
_FEWEST_RETURNS = 20
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOTES = [
    "an event is a market order, a limit order or a cancel",
    "ticks and lots are each market's own",
    "noise: two standard errors of independent values",
]
Curves = Mapping[str, FactCurves]
Drawn = tuple[int, str, FactCurves]


def facts_picture(sheet: Sheet, curves: Curves, title: str) -> Figure:
    """Draw spread, depth, waits, autocorrelations, memory of order signs and tails.

    Parameters
    ----------
    sheet : style and kind of data.
    curves : what is drawn, by the name that the legend gives it; one or two.
    title : of the picture.
    """
    figure = new_figure(
        sheet, title, height=1.5 * sheet.style.height, width=1.2 * sheet.style.width
    )
    panels = figure.subplots(2, 3)
    _spread_panel(panels[0, 0], curves)
    _depth_panel(panels[0, 1], curves)
    _wait_panel(panels[0, 2], sheet, curves)
    _acf_panel(panels[1, 0], sheet, curves)
    _sign_panel(panels[1, 1], curves)
    _tail_panel(panels[1, 2], sheet, curves)
    put_notes(figure, sheet, _NOTES)
    return figure


def _drawn(curves: Curves, field: str, fewest: int = 1) -> list[Drawn]:
    """Return the place, name and curves of those that have something to draw."""
    return [
        (place, name, each)
        for place, (name, each) in enumerate(curves.items())
        if len(getattr(each, field)) >= fewest
    ]


def _said(axes: Axes, title: str, curves: Curves, drawn: list[Drawn], missing: str) -> bool:
    """Set the title; where nothing is drawn, or not all, say why. Returns whether to draw."""
    axes.set_title(title, loc="left")
    if not drawn:
        say(axes, missing)
        return False
    absent = [name for name in curves if name not in {name for _, name, _ in drawn}]
    for name in absent:
        axes.text(0.5, 0.5, f"{name}: {missing}", transform=axes.transAxes, ha="center")
    return True


def _spread_panel(axes: Axes, curves: Curves) -> None:
    drawn = _drawn(curves, "spread")
    if not _said(axes, "spread", curves, drawn, "no moment with two sides"):
        return
    for place, name, each in drawn:
        share = np.cumsum(each.spread_share[::-1])[::-1]
        mean = float(each.spread @ each.spread_share)
        axes.plot(
            each.spread,
            share,
            marker=_MARKS[place],
            markersize=4,
            markevery=(0.0, 0.04),
            color=SERIES[place],
            label=f"{name}: mean {mean:.3g} ticks",
        )
    if max(int(each.spread[-1]) for _, _, each in drawn) > 20:
        _log_axis(axes.xaxis, "spread (ticks)")
    else:
        value_axis(axes.xaxis, "spread (ticks)")
        axes.xaxis.set_major_locator(ticker.MaxNLocator(8, integer=True))
    _log_axis(axes.yaxis, "share of events with this spread or more")
    axes.legend(loc="lower left")


def _depth_panel(axes: Axes, curves: Curves) -> None:
    drawn = _drawn(curves, "depth")
    if not _said(axes, "average depth", curves, drawn, "no depth seen"):
        return
    for place, _, each in drawn:
        behind = np.arange(len(each.depth))
        seen = each.depth > 0
        axes.plot(
            behind[seen], each.depth[seen], marker=_MARKS[place], markersize=4, color=SERIES[place]
        )
    known = np.concatenate([each.depth[each.depth > 0] for _, _, each in drawn])
    words = "mean quantity per level (lots)"
    if known.max() > 30 * known.min():
        _log_axis(axes.yaxis, words)
    else:
        axes.set_ylim(bottom=0)
        value_axis(axes.yaxis, words)
    axes.set_xlabel("distance from the best price (ticks)")
    axes.xaxis.set_major_locator(ticker.MultipleLocator(5))


def _wait_panel(axes: Axes, sheet: Sheet, curves: Curves) -> None:
    drawn = _drawn(curves, "wait", 2)
    if not _said(axes, "inter-arrival of events", curves, drawn, "too few events"):
        return
    for place, _, each in drawn:
        zero = f", {100 * each.zero_wait:.0f} % are 0" if each.zero_wait > 0.005 else ""
        label = f"mean {each.mean_wait:.3g} s{zero}"
        axes.plot(each.wait, each.wait_share, color=SERIES[place], label=label)
    first = drawn[0][2]
    last = -first.mean_wait * np.log(first.wait_share[-1])
    x = np.geomspace(min(first.wait[0], 0.1 * last), last, 200)
    axes.plot(
        x,
        np.exp(-x / first.mean_wait),
        color=sheet.style.muted,
        linestyle=(0, (4, 2)),
        linewidth=1.0,
        label="Poisson, of the first mean",
    )
    axes.set_xlim(left=min(_bend(each) for _, _, each in drawn))
    axes.set_ylim(bottom=0.5 * min(float(each.wait_share[-1]) for _, _, each in drawn))
    _log_axis(axes.xaxis, "wait (seconds)")
    _log_axis(axes.yaxis, "share of longer waits")
    axes.legend(loc="lower left")


def _bend(curves: FactCurves) -> float:
    """Return the wait from which on shares fall: what lies left of it is flat."""
    return float(curves.wait[np.argmax(curves.wait_share < 0.99 * curves.wait_share[0])])


def _acf_panel(axes: Axes, sheet: Sheet, curves: Curves) -> None:
    drawn = _drawn(curves, "lag")
    title = "autocorrelation of returns"
    if not _said(axes, title, curves, drawn, "too few returns, or none that vary"):
        return
    noise = max(each.return_noise for _, _, each in drawn)
    axes.axhspan(-noise, noise, color=sheet.style.grid, alpha=0.6, linewidth=0, label="noise")
    for place, _, each in drawn:
        sizes = each.absolute_return_acf
        axes.plot(each.lag[: len(sizes)], sizes, color=SERIES[place])
        axes.plot(each.lag, each.return_acf, ":", color=SERIES[place], linewidth=1.1)
    axes.axhline(0, color=sheet.style.muted, linewidth=0.8)
    axes.plot([], [], color=sheet.style.muted, label="absolute returns")
    axes.plot([], [], ":", color=sheet.style.muted, linewidth=1.1, label="returns")
    step = drawn[0][2].step_seconds
    value_axis(axes.xaxis, f"lag (steps of {step:g} s)")
    value_axis(axes.yaxis, "autocorrelation")
    axes.legend(loc="upper right")


def _sign_panel(axes: Axes, curves: Curves) -> None:
    drawn = [d for d in _drawn(curves, "sign_acf") if (d[2].sign_acf > 0).any()]
    left = [each for each in curves.values() if not any(each is d[2] for d in drawn)]
    traded = any(np.isfinite(each.sign_noise) for each in left)
    missing = "too few trades, or signs without memory" if traded else "no trades"
    if not _said(axes, "memory of order signs", curves, drawn, missing):
        return
    for place, _, each in drawn:
        axes.plot(
            each.sign_lag,
            np.where(each.sign_acf > 0, each.sign_acf, np.nan),
            marker=_MARKS[place],
            markersize=3.5,
            linewidth=0.9,
            color=SERIES[place],
        )
        axes.axhline(
            each.sign_noise,
            color=SERIES[place],
            linestyle=(0, (4, 2)),
            linewidth=0.9,
            label=f"noise of {round(4 / each.sign_noise**2):,} trades",
        )
    axes.set_ylim(0.3 * min(each.sign_noise for _, _, each in drawn), 1.5)
    _log_axis(axes.xaxis, "lag (trades)")
    _log_axis(axes.yaxis, "autocorrelation, where above 0")
    axes.legend(loc="upper right")


def _tail_panel(axes: Axes, sheet: Sheet, curves: Curves) -> None:
    drawn = _drawn(curves, "returns", _FEWEST_RETURNS)
    missing = "too few returns, or none that vary"
    if not _said(axes, "tails of returns", curves, drawn, missing):
        return
    far = 4.0
    for place, _, each in drawn:
        sizes = np.sort(np.abs(each.returns))[::-1]
        sizes = sizes[sizes > 0.1]
        share = np.arange(1, len(sizes) + 1) / len(each.returns)
        far = max(far, float(sizes[0]) if len(sizes) else far)
        excess = float(np.mean(each.returns**4)) - 3.0
        label = f"excess kurtosis {excess:.1f}".replace("-", "−")
        axes.plot(sizes, share, marker=_MARKS[place], markersize=2.5, linewidth=0.9,
                  color=SERIES[place], label=label)  # fmt: skip
    x = np.linspace(0.0, 5.0, 200)
    axes.plot(x, _beyond(x), color=sheet.style.muted, linestyle=(0, (4, 2)), label="normal")
    fewest = min(1.0 / len(each.returns) for _, _, each in drawn)
    axes.set_ylim(0.6 * fewest, 1.5)
    axes.set_xlim(0, 1.05 * far)
    step = drawn[0][2].step_seconds
    value_axis(axes.xaxis, f"size of a {step:g} s return (standard deviations)")
    _log_axis(axes.yaxis, "share of larger returns")
    axes.legend(loc="upper right")


def _log_axis(axis: Axis, label: str) -> None:
    """Make an axis logarithmic, its powers of ten written out or with their exponent raised."""
    axes = axis.axes
    (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
    axis.set_major_formatter(ticker.FuncFormatter(_power))
    axis.set_minor_formatter(ticker.NullFormatter())
    axis.set_label_text(label)


def _power(value: float, _position: int | None = None) -> str:
    """Return ``0.01``, ``1,000`` or, farther from 1, ``10⁻⁴``."""
    exponent = round(float(np.log10(value)))
    if -2 <= exponent <= 4:
        return f"{value:,.{max(-exponent, 0)}f}"
    return "10" + str(exponent).translate(_RAISED)


def _beyond(x: np.ndarray) -> np.ndarray:
    """Return the share of a normal distribution farther than `x` standard deviations out."""
    from scipy.special import erfc

    return np.asarray(erfc(x / np.sqrt(2.0)), dtype=np.float64)
