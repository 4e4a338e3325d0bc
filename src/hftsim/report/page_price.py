"""The page's price charts: closes with trades, signals and the position held."""

import html
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hftsim.report.decimate import extreme_positions, joint_positions
from hftsim.report.plotly_parts import STYLE, Chart, Trace, axis, dots, layout, line, times, values
from hftsim.report.series import Floats, bar_close_times, column_times, utc_times
from hftsim.report.shape import RunResult, is_on_ticks
from hftsim.report.words import count, money, plain, utc

POINTS, MAX_TRADES, MAX_SIGNALS, MAX_SYMBOLS = 5000, 1000, 2000, 6


def price_charts(result: RunResult, bars: dict[str, pd.DataFrame]) -> dict[str, Chart]:
    """Return ``price-<n>`` for the most traded symbols that have bars."""
    often = result.trades["symbol"].value_counts() if len(result.trades) else pd.Series(dtype=int)
    chosen = sorted(bars, key=lambda symbol: -int(often.get(symbol, 0)))[:MAX_SYMBOLS]
    return {
        f"price-{place}": _price_chart(result, symbol, bars[symbol], alone=len(bars) == 1)
        for place, symbol in enumerate(s for s in bars if s in chosen)
        if len(bars[symbol])
    }


def _price_chart(result: RunResult, symbol: str, bars: pd.DataFrame, *, alone: bool) -> Chart:
    close = np.asarray(bars["close"], dtype=np.float64)
    x = bar_close_times(bars)
    keep = extreme_positions(close, POINTS)
    name = "mid price" if is_on_ticks(result) else "close"
    hover = f"%{{y:,~r}}<extra>{name}</extra>"
    traces = [line(times(x[keep]), values(close[keep]), name, STYLE.benchmark,
                   hovertemplate=hover, line={"width": 1.1})]  # fmt: skip
    said = [f"{symbol}: {name}s, trades from entry to exit (hover for reasons), position below."]
    if len(keep) < len(close):
        said.append(
            f"{len(close):,} {name}s are drawn as {len(keep):,} points; highs and lows are kept."
        )
    trades = _rows_of(result.trades, symbol, alone=alone)
    signals = _rows_of(result.signals, symbol, alone=alone)
    if len(trades) > MAX_TRADES:
        said.append(f"The last {MAX_TRADES:,} of {count(len(trades), 'trade')} are drawn.")
    traces += _trade_traces(trades.tail(MAX_TRADES), x)
    if len(signals):
        traces += _signal_traces(signals.tail(MAX_SIGNALS), x, close)
        last = f"the last {MAX_SIGNALS:,} of " if len(signals) > MAX_SIGNALS else ""
        said.append(f"Signals ({last}{len(signals):,}) can be switched on in the legend.")
    if symbol in result.positions.columns:
        traces.append(_position_trace(result.positions[symbol]))
    look = layout(
        480,
        axis("time (UTC)", anchor="y2", range=times(x[[0, -1]])),
        axis("price", domain=[0.27, 1], tickformat=",~r"),
        yaxis2=axis("position", domain=[0, 0.2]),
        hovermode="closest",
    )
    return Chart(caption=" ".join(said), traces=traces, layout=look)


def _rows_of(frame: pd.DataFrame, symbol: str, *, alone: bool) -> pd.DataFrame:
    return frame if alone or "symbol" not in frame.columns else frame[frame["symbol"] == symbol]


def _trade_traces(trades: pd.DataFrame, x: NDArray[Any]) -> list[Trace]:
    if not len(trades) or x.dtype.kind != "M":
        return []
    entry, leave = column_times(trades["entry_time"]), column_times(trades["exit_time"])
    end = np.where(np.isnat(leave), x[-1], leave)
    bought = np.asarray(trades["entry_price"], dtype=np.float64)
    sold = np.asarray(trades["exit_price"], dtype=np.float64)
    won = np.asarray(trades["pnl"], dtype=np.float64) > 0
    texts = np.array([_trade_text(row) for row in trades.to_dict("records")], dtype=object)
    traces = [
        line(
            _broken(times(entry[mask]), times(end[mask])),
            _broken(values(bought[mask]), values(sold[mask])),
            name, color, hoverinfo="skip", line={"width": 2},
        )
        for mask, color, name in (
            (won, STYLE.gain, f"won ({int(won.sum()):,})"),
            (~won, STYLE.loss, f"lost ({int((~won).sum()):,})"),
        )
        if mask.any()
    ]  # fmt: skip
    return traces + _trade_markers(trades, texts, entry, leave)


def _trade_markers(
    trades: pd.DataFrame, texts: NDArray[Any], entry: NDArray[Any], leave: NDArray[Any]
) -> list[Trace]:
    long = np.asarray(trades["side"].astype(str).str.lower() != "short")
    bought = np.asarray(trades["entry_price"], dtype=np.float64)
    sold = np.asarray(trades["exit_price"], dtype=np.float64)
    size = 9 if len(trades) <= 150 else 6
    ring = {"size": size - 1, "line": {"color": STYLE.ink, "width": 1.2}}
    return [
        dots(times(when[mask]), values(price[mask]), name, color, text=list(texts[mask]),
             hovertemplate="%{text}<extra></extra>", marker=look)
        for mask, when, price, color, name, look in (
            (~np.isnat(leave), leave, sold, "#ffffff", "exit", ring),
            (long, entry, bought, STYLE.long, "long entry", {"symbol": "triangle-up", "size": size}),
            (~long, entry, bought, STYLE.short, "short entry", {"symbol": "triangle-down", "size": size}),
        )
        if mask.any()
    ]  # fmt: skip


def _trade_text(row: dict[Any, Any]) -> str:
    lines = [
        f"<b>{html.escape(str(row['side']))} {plain(row['qty'])} {html.escape(str(row['symbol']))}</b>",
        f"in {utc(row['entry_time'])} at {plain(row['entry_price'])}"
        f" ({html.escape(str(row.get('entry_reason', '')))})",
        f"out {utc(row['exit_time']) or 'still open'} at {plain(row['exit_price'])}"
        f" ({html.escape(str(row.get('exit_reason', '')))})",
        f"result {money(row['pnl'], signed=True)} after {money(row['fees'])} fees",
    ]
    return "<br>".join(lines)


def _signal_traces(signals: pd.DataFrame, x: NDArray[Any], close: Floats) -> list[Trace]:
    if x.dtype.kind != "M":
        return []
    when = column_times(signals["time"])
    at = close[np.clip(np.searchsorted(x, when, side="right") - 1, 0, len(x) - 1)]
    action = signals["action"].astype(str).str.upper().to_numpy()
    reasons = signals["reasoning"].astype(str).to_numpy()
    traces = []
    for word, color, shape in (
        ("BUY", STYLE.long, "triangle-up-open"),
        ("SELL", STYLE.short, "triangle-down-open"),
    ):
        mask = action == word
        if mask.any():
            traces.append(
                dots(times(when[mask]), values(at[mask]), f"{word} signals", color,
                     text=[html.escape(r[:160]) for r in reasons[mask]], visible="legendonly",
                     hovertemplate=f"{word}: %{{text}}<extra></extra>", marker={"symbol": shape})
            )  # fmt: skip
    return traces


def _position_trace(position: "pd.Series[Any]") -> Trace:
    held = np.asarray(position, dtype=np.float64)
    x = utc_times(position.index)
    changed = np.flatnonzero(np.diff(held, prepend=np.nan) != 0)
    keep = joint_positions([held], POINTS) if len(changed) > POINTS else changed
    keep = np.unique(np.append(keep, len(held) - 1)) if len(held) else keep
    return line(
        times(x[keep]), values(held[keep]), "position", STYLE.line, yaxis="y2", fill="tozeroy",
        fillcolor="rgba(0,114,178,0.18)", showlegend=False, line={"shape": "hv", "width": 1},
        hovertemplate="%{y:~r}<extra>position</extra>",
    )  # fmt: skip


def _broken(start: list[Any], end: list[Any]) -> list[Any]:
    return [value for pair in zip(start, end, strict=True) for value in (*pair, None)]
