"""The interactive charts of the page: account, returns, results of trades, hours."""

import numpy as np
import pandas as pd

from hftsim.report.decimate import joint_positions
from hftsim.report.histogram import bar_edges, normal_shares, shares_of
from hftsim.report.page_model import model_charts
from hftsim.report.page_price import price_charts
from hftsim.report.plotly_parts import STYLE, Chart, axis, bar, layout, line, times, values
from hftsim.report.series import closed_pnl, drawdown_pct, hourly_pnl, period_returns, utc_times
from hftsim.report.shape import RunResult, currency_of, is_on_ticks
from hftsim.report.words import count

POINTS = 5000


def charts(result: RunResult, bars: dict[str, pd.DataFrame]) -> dict[str, Chart]:
    """Return every chart the run has something to show in, by the name of its place."""
    found: dict[str, Chart | None] = {"equity": _equity(result), **price_charts(result, bars)}
    found["returns"] = _returns(result)
    if len(result.trades):
        currency = currency_of(result)
        found |= {
            "pnl": _pnl(result.trades, currency),
            "running": _running(result.trades, currency),
            "hours": _hours(result.trades, currency),
        }
    found |= model_charts(result.model_report)
    return {name: chart for name, chart in found.items() if chart is not None}


def _equity(result: RunResult) -> Chart:
    equity, benchmark = result.equity_curve, result.benchmark
    own = np.asarray(equity, dtype=np.float64)
    held = np.asarray(benchmark, dtype=np.float64)
    below = -drawdown_pct(equity)
    same = len(held) == len(own)
    keep = joint_positions([own, below, *([held] if same else [])], POINTS)
    x = times(utc_times(equity.index)[keep])
    hover = "%{y:,.2f}<extra>%{fullData.name}</extra>"
    traces = [line(x, values(own[keep]), "strategy, after fees", STYLE.line, hovertemplate=hover)]
    if same:
        traces.insert(
            0, line(x, values(held[keep]), "buy and hold", STYLE.benchmark, hovertemplate=hover)
        )
    traces.append(
        line(
            x, values(below[keep]), "drawdown", STYLE.loss, yaxis="y2", fill="tozeroy",
            fillcolor="rgba(213,94,0,0.22)", line={"width": 1}, showlegend=False,
            hovertemplate="%{y:.2f} %<extra>below peak</extra>",
        )
    )  # fmt: skip
    when = "at mid prices" if is_on_ticks(result) else "at bar closes"
    caption = f"Account value {when} with all costs in it; below, how far under its peak."
    if len(keep) < len(own):
        caption += f" {len(own):,} points are drawn as {len(keep):,}; highs and lows are kept."
    look = layout(
        480,
        axis("time (UTC)", anchor="y2"),
        axis(_in("equity", currency_of(result)), domain=[0.32, 1], tickformat=",~r"),
        yaxis2=axis(
            "below peak",
            domain=[0, 0.26],
            ticksuffix=" %",
            range=[min(float(np.nanmin(below, initial=0.0)) * 1.1, -0.1), 0],
        ),
        hovermode="x unified",
    )
    return Chart(caption=caption, traces=traces, layout=look)


def _returns(result: RunResult) -> Chart | None:
    returns = period_returns(result.equity_curve)
    moves = 100 * np.asarray(returns, dtype=np.float64)
    flat = int(np.count_nonzero(moves == 0))
    moves = moves[moves != 0] if flat > 0.2 * len(moves) else moves
    if len(moves) < 3:
        return None
    edges, outside = bar_edges(moves)
    x, y = normal_shares(moves, edges)
    period = returns.attrs["period"]
    spread = float(moves.std())
    caption = f"{count(len(moves), period + ' return')}; the curve is a normal distribution."
    if spread > 0:
        beyond = 100 * float(np.mean(np.abs(moves - moves.mean()) > 3 * spread))
        caption += f" {beyond:.2f} % lie beyond 3 standard deviations (normal: 0.27 %)."
    if flat > 0.2 * len(returns):
        caption += f" {flat:,} returns of exactly 0 are left out."
    if outside:
        caption += f" {outside:,} lie beyond the axis."
    hover = "%{y:.2f} % of returns<extra></extra>"
    traces = [
        bar(values((edges[:-1] + edges[1:]) / 2), values(shares_of(moves, edges)), "returns",
            STYLE.line, hovertemplate=hover, showlegend=False),
        line(values(x), values(y), "normal curve", STYLE.accent, hoverinfo="skip"),
    ]  # fmt: skip
    look = layout(
        320, axis(f"{period} return", ticksuffix=" %"), axis("share", ticksuffix=" %"), bargap=0.03
    )
    return Chart(caption=caption, traces=traces, layout=look)


def _pnl(trades: pd.DataFrame, currency: str) -> Chart | None:
    pnl = closed_pnl(trades)
    if not len(pnl):
        return None
    edges, outside = bar_edges(pnl, 50)
    counts, _ = np.histogram(pnl, edges)
    centers = (edges[:-1] + edges[1:]) / 2
    colors = [STYLE.gain if c > 0 else STYLE.loss for c in centers]
    caption = f"Results of {count(len(pnl), 'closed trade')} after fees: blue won, orange lost."
    caption += f" {outside:,} lie beyond the axis." if outside else ""
    hover = "%{y} trades around %{x:,.2f}<extra></extra>"
    return Chart(
        caption=caption,
        traces=[bar(values(centers), values(counts), "trades", colors, hovertemplate=hover)],
        layout=layout(
            320, axis(_in("result", currency), tickformat=",~r"), axis("trades"), bargap=0.05
        ),
    )


def _running(trades: pd.DataFrame, currency: str) -> Chart:
    nets = np.cumsum(np.nan_to_num(np.asarray(trades["pnl"], dtype=np.float64)))
    gross = np.cumsum(np.nan_to_num(np.asarray(trades["gross_pnl"], dtype=np.float64)))
    keep = joint_positions([nets, gross], POINTS)
    x = values(keep + 1)
    hover = "%{y:,.2f}<extra>%{fullData.name}</extra>"
    return Chart(
        caption="Results added up trade by trade; the distance between the lines is what fees took.",
        traces=[
            line(x, values(gross[keep]), "before fees", STYLE.benchmark, hovertemplate=hover),
            line(x, values(nets[keep]), "after fees", STYLE.line, hovertemplate=hover),
        ],
        layout=layout(
            320, axis("trade"), axis(_in("sum", currency), tickformat=",~r"), hovermode="x unified"
        ),
    )


def _hours(trades: pd.DataFrame, currency: str) -> Chart:
    sums = hourly_pnl(trades)
    colors = [STYLE.gain if s >= 0 else STYLE.loss for s in sums]
    hours = [f"{hour:02d}" for hour in range(24)]
    hover = "entered %{x}:00 to %{x}:59 UTC: %{y:,.2f}<extra></extra>"
    return Chart(
        caption="Results after fees by the hour in which the trade was entered.",
        traces=[bar(hours, values(sums), "result", colors, hovertemplate=hover)],
        layout=layout(
            320, axis("hour of entry (UTC)", type="category"), axis(_in("sum", currency), tickformat=",~r"),
            bargap=0.15,
        ),
    )  # fmt: skip


def _in(what: str, currency: str) -> str:
    return f"{what} ({currency})" if currency else what
