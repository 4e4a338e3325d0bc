"""What a result must offer to be reported and exported."""

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from hftsim.core.instrument import split_symbol


class RunResult(Protocol):
    """A finished run; `hftsim.backtest.BacktestResult` is one.

    ``metrics`` carries ``reasons``: name -> why a figure is undefined. A result may also carry
    ``bars`` (symbol -> bar frame), ``error`` (why it ended early) and ``warnings`` (sentences).
    """

    @property
    def strategy_name(self) -> str:
        """Name of the strategy."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The strategy's parameters."""
        ...

    @property
    def config(self) -> Any:
        """Settings of the run: a dataclass or a mapping."""
        ...

    @property
    def equity_curve(self) -> "pd.Series[Any]":
        """Equity by bar close time."""
        ...

    @property
    def benchmark(self) -> "pd.Series[Any]":
        """Equity of buy and hold on the same index."""
        ...

    @property
    def positions(self) -> pd.DataFrame:
        """Quantity held, one column per symbol, on the same index."""
        ...

    @property
    def trades(self) -> pd.DataFrame:
        """Round trips."""
        ...

    @property
    def fills(self) -> pd.DataFrame:
        """Executions with reasons."""
        ...

    @property
    def orders(self) -> pd.DataFrame:
        """Every request and what became of it."""
        ...

    @property
    def signals(self) -> pd.DataFrame:
        """Signals with confidence and reasoning."""
        ...

    @property
    def refusals(self) -> pd.DataFrame:
        """Refused requests with reasons."""
        ...

    @property
    def summary(self) -> Mapping[str, Any]:
        """Headline figures."""
        ...

    @property
    def metrics(self) -> Mapping[str, float]:
        """All figures; NaN where undefined."""
        ...

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where data, rules, parameters and code came from."""
        ...

    @property
    def model_report(self) -> Mapping[str, Any] | None:
        """A model's figures beside its baselines', where one was trained."""
        ...


def reasons_of(metrics: Mapping[str, Any]) -> dict[str, str]:
    """Return why figures are undefined."""
    return dict(getattr(metrics, "reasons", {}) or {})


def bars_of(result: RunResult, bars: Any) -> dict[str, pd.DataFrame]:
    """Return bar frames by symbol: those given, else those the result carries, else none."""
    found = getattr(result, "bars", None) if bars is None else bars
    if found is None:
        return {}
    if isinstance(found, Mapping):
        return {str(symbol): frame for symbol, frame in found.items()}
    symbols = list(result.positions.columns)
    return {str(symbols[0]) if symbols else "": found}


def is_on_ticks(result: RunResult) -> bool:
    """Whether the run was on ticks: it counts rows, not bars."""
    return "rows" in result.summary


def currency_of(result: RunResult) -> str:
    """Return the currency of the account; else the quote of all symbols, empty if they differ."""
    if result.summary.get("currency"):
        return str(result.summary["currency"])
    quotes = {split_symbol(str(symbol))[1] for symbol in result.positions.columns}
    return quotes.pop() if len(quotes) == 1 else ""


def title_of(result: RunResult) -> str:
    """Return ``sma-cross on BTCUSDT``."""
    symbols = [str(symbol) for symbol in result.positions.columns]
    shown = ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
    return f"{result.strategy_name} on {shown}" if shown else result.strategy_name
