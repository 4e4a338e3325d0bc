"""Backtester: one strategy over bars of one or several instruments, on one account."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.backtest.config import BacktestConfig
from hftsim.backtest.result import BacktestResult
from hftsim.core.bars import require_bars, source_of
from hftsim.core.errors import DataError, InputError, StrategyError
from hftsim.core.instrument import Instrument, normalize_symbol
from hftsim.core.progress import Progress, no_progress
from hftsim.data.instruments import infer_instrument
from hftsim.engine import Mode, drive
from hftsim.sim.bars import BarMarket
from hftsim.strategies.base import Strategy

if TYPE_CHECKING:
    import pandas as pd


class Backtester:
    """Runs a strategy over bars, with costs, risk limits and honest fills.

    Parameters
    ----------
    strategy : what decides.
    config : capital, costs, limits.
    mode : ``native`` compiles the strategy; ``python`` runs it interpreted, so that it can be
        stepped through or call anything. Both give the same fills, byte for byte.
    """

    def __init__(
        self, strategy: Strategy, config: BacktestConfig | None = None, *, mode: Mode = "native"
    ) -> None:
        if not isinstance(strategy, Strategy):
            raise StrategyError(f"{strategy!r} is not a Strategy; derive it from hftsim.Strategy")
        self.strategy, self.mode = strategy, mode
        self.config = config or BacktestConfig()

    def run(
        self,
        data: "pd.DataFrame | Mapping[str, pd.DataFrame]",
        *,
        symbol: str | None = None,
        instrument: Instrument | Mapping[str, Instrument] | None = None,
        progress: Progress = no_progress,
    ) -> BacktestResult:
        """Run over `data` from its first to its last bar.

        Parameters
        ----------
        data : a bar frame, or symbol -> bar frame for several instruments on one account.
        symbol : of a single frame; taken from its source where omitted.
        instrument : the rules, for one frame or by symbol; inferred from the data where omitted.
        progress : is told how many bars are done.

        Raises
        ------
        DataError
            If `data` is not bars, or the frames have different intervals.
        StrategyError
            If the strategy raises; ``error.result`` is the result so far.
        """
        if isinstance(instrument, Instrument):
            if isinstance(data, Mapping):
                raise InputError(
                    "one instrument goes with a single frame; give {symbol: instrument}"
                )
            symbol = symbol or instrument.symbol
        bars = _by_symbol(data, symbol)
        instruments = [
            self.config.with_fees(_instrument_of(name, frame, instrument))
            for name, frame in bars.items()
        ]
        names, tables = strategy_columns(self.strategy, bars)
        market = BarMarket(bars, instruments, tables, names, self.config.market_settings())
        try:
            drive(self.strategy, market, self.mode, progress)
        except StrategyError as error:
            if market.steps_done > 0:
                error.result = self._result(market, bars, str(error))
            raise
        return self._result(market, bars)

    def _result(
        self, market: BarMarket, bars: "dict[str, pd.DataFrame]", error: str = ""
    ) -> BacktestResult:
        return BacktestResult(market, bars, self.strategy, self.config, self.mode, error=error)


def strategy_columns(
    strategy: Strategy, bars: "Mapping[str, pd.DataFrame]"
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return the names of the strategy's columns and a float64 table (rows, names) per frame.

    Raises StrategyError if the columns do not fit the bars.
    """
    names: tuple[str, ...] | None = None
    tables = []
    for symbol, frame in bars.items():
        made = strategy.columns(frame)
        if names is None:
            names = tuple(made)
        elif tuple(made) != names:
            raise StrategyError(f"columns() gives {tuple(made)} for {symbol}, but {names} before")
        tables.append(_table(type(strategy).__name__, made, len(frame)))
    for name in names or ():
        if not (isinstance(name, str) and name.isidentifier()):
            raise StrategyError(f"columns(): {name!r} cannot be read as ctx.column.NAME")
    return names or (), tables


def _table(strategy: str, made: Mapping[str, Any], rows: int) -> np.ndarray:
    table = np.empty((rows, len(made)), dtype=np.float64)
    for k, (name, values) in enumerate(made.items()):
        column = np.asarray(values, dtype=np.float64)
        if column.shape != (rows,):
            raise StrategyError(
                f"{strategy}.columns(): {name!r} has shape {column.shape}, needed is ({rows},)"
            )
        table[:, k] = column
    return table


def _by_symbol(
    data: "pd.DataFrame | Mapping[str, pd.DataFrame]", symbol: str | None
) -> "dict[str, pd.DataFrame]":
    if not isinstance(data, Mapping):
        require_bars(data)
        return {normalize_symbol(symbol or source_of(data).get("symbol", "ASSET")): data}
    if not data:
        raise InputError("there is no data to run on")
    if symbol is not None:
        raise InputError("symbol goes with a single frame; give several as {symbol: frame}")
    found = {}
    for name, frame in data.items():
        try:
            require_bars(frame)
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
        found[normalize_symbol(name)] = frame
    if len(found) != len(data):
        raise InputError(f"one instrument is given twice: {', '.join(data)}")
    return found


def _instrument_of(
    symbol: str,
    frame: "pd.DataFrame",
    given: Instrument | Mapping[str, Instrument] | None,
) -> Instrument:
    if isinstance(given, Instrument):
        return given
    if given:
        by_symbol = {normalize_symbol(name): rules for name, rules in given.items()}
        if symbol in by_symbol:
            return by_symbol[symbol]
    return infer_instrument(frame, symbol)
