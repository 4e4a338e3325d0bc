"""`TradingVisualizer`: every picture of a run by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from hftsim.report import (
    charts_check,
    charts_dashboard,
    charts_equity,
    charts_facts,
    charts_model,
    charts_price,
    charts_returns,
)
from hftsim.report.backend import Figure
from hftsim.report.canvas import Sheet, drawing, save_figure
from hftsim.report.model_view import history_columns, importance_frame, model_view
from hftsim.report.series import Trades, is_simulated, trade_frame
from hftsim.report.style import Style

SavePath = str | Path | None


class TradingVisualizer:
    """Draw pictures with matplotlib's Agg canvas; no window opens and pyplot is never touched.

    Every method returns the Figure and writes it to `save_path` where one is given, else to
    ``output_dir/<name>.png`` where there is an output folder, else nowhere. A file appears as a
    whole or not at all. Lines of more than about 4,000 points are thinned to the smallest and
    largest value of each stretch, so no spike is lost; the picture says so.

    Parameters
    ----------
    output_dir : folder for pictures without a `save_path`; made when needed.
    style : colours and sizes; None is the house style.
    currency : quote currency, written on axes.
    simulated : write "simulated data" on every picture; frames and series whose
        ``attrs["source"]["simulated"]`` is true do so by themselves.
    on_ticks : the run was on ticks: prices are mid prices, and less than a day has no figures a
        year.
    """

    def __init__(
        self,
        output_dir: str | Path | None = None,
        style: Style | None = None,
        *,
        currency: str = "",
        simulated: bool = False,
        on_ticks: bool = False,
    ) -> None:
        self.output_dir = None if output_dir is None else Path(output_dir)
        self.style = style or Style()
        self.currency = currency
        self.simulated, self.on_ticks = simulated, on_ticks

    def plot_equity_curve(
        self,
        equity: "pd.Series[Any]",
        trades: Trades = None,
        title: str = "Equity curve",
        save_path: SavePath = None,
        *,
        benchmark: "pd.Series[Any] | None" = None,
    ) -> Figure:
        """Draw equity with entries and exits, the benchmark beside it, the drawdown below.

        Parameters
        ----------
        equity : account value at bar closes, UTC times.
        trades : round trips with entry_time, exit_time, side; more than 150 become a strip.
        benchmark : buy-and-hold equity on the same times.
        """
        with drawing(self.style):
            figure = charts_equity.equity_picture(
                self._sheet(equity, benchmark),
                equity,
                None if trades is None else trade_frame(trades, ("entry_time",)),
                benchmark,
                title,
            )
            return self._saved(figure, "equity_curve", save_path)

    def plot_drawdown(
        self, equity: "pd.Series[Any]", title: str = "Drawdown", save_path: SavePath = None
    ) -> Figure:
        """Draw how far equity lies below its highest value so far, in percent."""
        with drawing(self.style):
            figure = charts_equity.drawdown_picture(self._sheet(equity), equity, title)
            return self._saved(figure, "drawdown", save_path)

    def plot_returns_distribution(
        self,
        returns: "pd.Series[Any]",
        title: str = "Distribution of returns",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw the histogram of returns (fractions) with a normal curve and a note on the tails."""
        with drawing(self.style):
            figure = charts_returns.returns_picture(self._sheet(returns), returns, title)
            return self._saved(figure, "returns_distribution", save_path)

    def plot_monthly_returns(
        self,
        returns: "pd.Series[Any]",
        title: str = "Returns by month",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw returns (fractions, stamped at the end of their period) compounded by UTC month.

        Raises InputError where the index holds no times.
        """
        with drawing(self.style):
            figure = charts_returns.monthly_picture(self._sheet(returns), returns, title)
            return self._saved(figure, "monthly_returns", save_path)

    def plot_pnl_distribution(
        self, trades: Trades, title: str = "Results of trades", save_path: SavePath = None
    ) -> Figure:
        """Draw the results of round trips after fees, and how they add up; needs a column pnl."""
        with drawing(self.style):
            frame = trade_frame(trades)
            figure = charts_returns.pnl_picture(self._sheet(frame), frame, title)
            return self._saved(figure, "pnl_distribution", save_path)

    def plot_bars(
        self, bars: pd.DataFrame, title: str = "Bars", save_path: SavePath = None
    ) -> Figure:
        """Draw closes, the range from low to high and the volume of a bar frame."""
        with drawing(self.style):
            figure = charts_price.bars_picture(self._sheet(bars), bars, title)
            return self._saved(figure, "bars", save_path)

    def plot_signals(
        self,
        bars: charts_price.Bars,
        signals: pd.DataFrame | None = None,
        trades: Trades = None,
        title: str = "Signals and trades on price",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw closes, or mid prices, with BUY and SELL signals and with trades from entry to exit.

        Parameters
        ----------
        bars : a bar frame, or one per symbol (at most the six most traded are drawn).
        signals : columns time, action and, for several symbols, symbol.
        trades : round trips with entry_time, entry_price, exit_time, exit_price, side, pnl.
        """
        needs = ("side", "entry_time", "exit_time", "entry_price", "exit_price", "pnl")
        with drawing(self.style):
            figure = charts_price.signals_picture(
                self._sheet(*charts_price.bars_by_symbol(bars).values()),
                bars,
                signals,
                None if trades is None else trade_frame(trades, needs),
                title,
            )
            return self._saved(figure, "signals", save_path)

    def plot_check(
        self,
        bars: pd.DataFrame,
        report: Any,
        title: str = "Data check",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw bars with their gaps and the findings of a data check marked and counted.

        `report` has ``findings``, each with ``kind``, ``count`` and ``examples`` (with a time).
        """
        with drawing(self.style):
            figure = charts_check.check_picture(self._sheet(bars), bars, report, title)
            return self._saved(figure, "check", save_path)

    def plot_stylised_facts(
        self,
        curves: charts_facts.Curves,
        title: str = "Stylised facts",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw the stylised facts of one or two markets; `curves` by name: `FactCurves`."""
        with drawing(self.style):
            figure = charts_facts.facts_picture(self._sheet(), curves, title)
            return self._saved(figure, "stylised_facts", save_path)

    def plot_training_history(
        self, history: Any, title: str = "Training history", save_path: SavePath = None
    ) -> Figure:
        """Draw losses and scores over epochs: a mapping to lists, rows of mappings, or a frame."""
        with drawing(self.style):
            figure = charts_model.history_picture(self._sheet(), history_columns(history), title)
            return self._saved(figure, "training_history", save_path)

    def plot_feature_importance(
        self, frame: Any, title: str = "Importance of features", save_path: SavePath = None
    ) -> Figure:
        """Draw the 25 most important features; columns feature, importance and perhaps std."""
        with drawing(self.style):
            ordered = importance_frame(frame)
            figure = charts_model.importance_picture(self._sheet(), ordered, title)
            return self._saved(figure, "feature_importance", save_path)

    def plot_calibration(
        self,
        model_report: Mapping[str, Any],
        title: str = "Model beside its baselines, out of sample",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw stated probabilities against hit rates, and the confusion of classes.

        `model_report` has the shape told in `hftsim.report.model_view`.
        """
        with drawing(self.style):
            view = model_view(model_report)
            figure = charts_model.calibration_picture(self._sheet(), view, title)
            return self._saved(figure, "calibration", save_path)

    def plot_walk_forward(
        self,
        table: pd.DataFrame,
        title: str = "Walk-forward, out of sample",
        save_path: SavePath = None,
    ) -> Figure:
        """Draw each fold's stretches and test return; see `charts_model.walk_forward_picture`."""
        with drawing(self.style):
            figure = charts_model.walk_forward_picture(self._sheet(table), table, title)
            return self._saved(figure, "walk_forward", save_path)

    def plot_summary_dashboard(
        self,
        equity_curve: "pd.Series[Any]",
        trades: Trades,
        metrics: Mapping[str, Any],
        save_path: SavePath = None,
        *,
        title: str = "Run summary",
        benchmark: "pd.Series[Any] | None" = None,
    ) -> Figure:
        """Draw equity, drawdown, returns, trade results, months or hours, and a metrics table."""
        with drawing(self.style):
            figure = charts_dashboard.dashboard_picture(
                self._sheet(equity_curve, benchmark),
                equity_curve,
                trade_frame(trades),
                metrics,
                benchmark=benchmark,
                title=title,
            )
            return self._saved(figure, "dashboard", save_path)

    def create_dashboard(
        self,
        equity: "pd.Series[Any]",
        returns: "pd.Series[Any]",
        trades: Trades,
        metrics: Mapping[str, Any],
        save_path: SavePath = None,
    ) -> Figure:
        """Draw the same page as `plot_summary_dashboard`, with returns chosen by the caller."""
        with drawing(self.style):
            figure = charts_dashboard.dashboard_picture(
                self._sheet(equity, returns),
                equity,
                trade_frame(trades),
                metrics,
                returns=returns,
            )
            return self._saved(figure, "dashboard", save_path)

    def _sheet(self, *drawn: object) -> Sheet:
        return Sheet(
            style=self.style,
            currency=self.currency,
            simulated=self.simulated or is_simulated(*drawn),
            on_ticks=self.on_ticks,
        )

    def _saved(self, figure: Figure, name: str, save_path: SavePath) -> Figure:
        if save_path is not None:
            save_figure(figure, save_path, self.style)
        elif self.output_dir is not None:
            save_figure(figure, self.output_dir / f"{name}.png", self.style)
        return figure
