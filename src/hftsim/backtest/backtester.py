"""Backtester: one strategy over bars or ticks of one or several instruments, on one account."""

import keyword
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hftsim.backtest.bar_run import BarRun
from hftsim.backtest.config import BacktestConfig
from hftsim.backtest.contracts import refuse_contracts, refuse_margin_of_none, with_funding
from hftsim.backtest.result import BacktestResult
from hftsim.backtest.tick_run import TickRun
from hftsim.core.bars import require_bars, source_of
from hftsim.core.errors import DataError, HftError, InputError, StrategyError
from hftsim.core.instrument import Instrument, normalize_symbol
from hftsim.core.progress import Progress, no_progress
from hftsim.data.instruments import infer_instrument
from hftsim.data.ordering import interval_words, overlapping
from hftsim.data.ticks import Ticks
from hftsim.engine import Mode, drive, users_line
from hftsim.portfolio import require_one_currency
from hftsim.sim.bars import BarMarket
from hftsim.sim.crowd.market import CrowdMarket, CrowdSource
from hftsim.sim.ticks import ReplayMarket
from hftsim.strategies.base import Strategy

if TYPE_CHECKING:
    import pandas as pd


class Backtester:
    """Runs a strategy over bars or ticks, with costs, risk limits and honest fills.

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
        data: "pd.DataFrame | Ticks | CrowdSource | Mapping[str, pd.DataFrame] | Mapping[str, Ticks]",
        *,
        symbol: str | None = None,
        instrument: Instrument | Mapping[str, Instrument] | None = None,
        progress: Progress = no_progress,
    ) -> BacktestResult:
        """Run over `data` from its beginning to its end.

        Parameters
        ----------
        data : a bar frame or recorded ticks, or symbol -> either for several instruments on one
            account; bars and ticks do not mix. Or a simulated crowd, which it trades with.
        symbol : of a single frame; taken from its source where omitted.
        instrument : the rules, for one frame or by symbol; inferred from bars where omitted. Ticks
            know theirs; what is given must count in the same tick and lot.
        progress : is told how many bars or rows are done.

        Raises
        ------
        DataError
            If `data` is not bars, bars overlap, or the frames have different intervals.
        InstrumentError
            If the instruments settle in different currencies.
        StrategyError
            If the strategy raises; ``error.result`` is the result so far.
        """
        if isinstance(instrument, Instrument):
            if isinstance(data, Mapping):
                raise InputError(
                    "one instrument goes with a single frame; give {symbol: instrument}"
                )
            symbol = symbol or instrument.symbol
        if isinstance(data, CrowdSource):
            return self._run_crowd(data, instrument, progress)
        if isinstance(data, Ticks):
            return self._run_ticks({data.instrument.symbol: data}, instrument, progress)
        if isinstance(data, Mapping) and any(isinstance(each, Ticks) for each in data.values()):
            return self._run_ticks(_all_ticks(data), instrument, progress)
        bars = cast("pd.DataFrame | Mapping[str, pd.DataFrame]", data)
        return self._run_bars(_by_symbol(bars, symbol), instrument, progress)

    def _run_bars(
        self,
        bars: "dict[str, pd.DataFrame]",
        given: Instrument | Mapping[str, Instrument] | None,
        progress: Progress,
    ) -> BacktestResult:
        instruments = [
            self.config.with_fees(_instrument_of(name, frame, given))
            for name, frame in bars.items()
        ]
        refuse_contracts(self.config, "bars")
        names, tables = strategy_columns(self.strategy, bars)
        require_one_currency(instruments, self.config.at_par)
        market = BarMarket(bars, instruments, tables, names, self.config.market_settings())
        _refuse_overlaps(market, bars)
        return self._drive(BarRun(market, bars), progress)

    def _run_ticks(
        self,
        ticks: Mapping[str, Ticks],
        given: Instrument | Mapping[str, Instrument] | None,
        progress: Progress,
    ) -> BacktestResult:
        rules = _given_rules(given)
        instruments = [
            self.config.with_fees(rules.get(symbol, each.instrument))
            for symbol, each in ticks.items()
        ]
        if isinstance(given, Instrument):
            instruments = [self.config.with_fees(given)]
        require_one_currency(instruments, self.config.at_par)
        ticks = with_funding(ticks, instruments, self.config.funding)
        refuse_margin_of_none(instruments, self.config)
        market = ReplayMarket(ticks, instruments, self.config.replay_settings())
        result = self._drive(TickRun(market), progress)
        if not market.marks.any():
            raise DataError(
                f"{', '.join(market.symbols)}: there never was a price on both sides, so there is "
                f"nothing to trade on"
            )
        return result

    def _run_crowd(
        self,
        source: CrowdSource,
        given: Instrument | Mapping[str, Instrument] | None,
        progress: Progress,
    ) -> BacktestResult:
        refuse_contracts(self.config, "a simulated crowd")
        rules = given if isinstance(given, Instrument) else source.instrument
        settings = self.config.replay_settings()
        market = CrowdMarket(source, settings, self.config.with_fees(rules))
        return self._drive(TickRun(market), progress)

    def _drive(self, run: BarRun | TickRun, progress: Progress) -> BacktestResult:
        try:
            drive(self.strategy, run.market, self.mode, progress)
        except StrategyError as error:
            if len(run.equity) > 0:
                error.result = self._result(run, str(error))
            raise
        return self._result(run)

    def _result(self, run: BarRun | TickRun, error: str = "") -> BacktestResult:
        return BacktestResult(run, self.strategy, self.config, self.mode, error=error)


def _all_ticks(data: Mapping[str, Any]) -> dict[str, Ticks]:
    others = [name for name, each in data.items() if not isinstance(each, Ticks)]
    if others:
        raise InputError(f"bars and ticks do not mix in one run: {', '.join(others)} is not ticks")
    return {normalize_symbol(name): each for name, each in data.items()}


def _given_rules(given: Instrument | Mapping[str, Instrument] | None) -> dict[str, Instrument]:
    if given is None or isinstance(given, Instrument):
        return {}
    return {normalize_symbol(name): rules for name, rules in given.items()}


def _refuse_overlaps(market: BarMarket, bars: "Mapping[str, pd.DataFrame]") -> None:
    """Raise DataError where a bar begins before the one before it has ended.

    An order sent at a bar's close would trade before it was sent.
    """
    for (symbol, frame), starts in zip(bars.items(), market.starts, strict=True):
        rows = overlapping(starts, market.interval, source_of(frame).get("timezone"))
        if len(rows):
            raise DataError(
                f"{symbol}: the bar at {frame.index[rows[0]]} begins before the one before it has "
                f"ended ({interval_words(market.interval)} bars; {len(rows):,} such rows)",
                row=int(rows[0]),
                field="ts_open",
            )


def strategy_columns(
    strategy: Strategy, bars: "Mapping[str, pd.DataFrame]"
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return the names of the strategy's columns and a float64 table (rows, names) per frame.

    Raises StrategyError if the columns do not fit the bars.
    """
    names: tuple[str, ...] | None = None
    tables = []
    for symbol, frame in bars.items():
        made = _columns_of(strategy, frame)
        if names is None:
            names = tuple(made)
        elif tuple(made) != names:
            raise StrategyError(f"columns() gives {tuple(made)} for {symbol}, but {names} before")
        tables.append(_table(type(strategy).__name__, made, len(frame)))
    for name in names or ():
        if not (isinstance(name, str) and name.isidentifier()) or (
            keyword.iskeyword(name) or name.startswith("_")
        ):
            raise StrategyError(f"columns(): {name!r} cannot be read as ctx.column.NAME")
    return names or (), tables


def _columns_of(strategy: Strategy, frame: "pd.DataFrame") -> Mapping[str, Any]:
    """Call the user's columns() on a copy: what it writes into the bars stays there."""
    name = type(strategy).__name__
    try:
        made: Any = strategy.columns(frame.copy(deep=False))
    except HftError:
        raise
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise StrategyError(f"{users_line(error)}: {name}.columns() raised {told}") from error
    if getattr(made, "ndim", 0) == 2 and hasattr(made, "iloc"):
        made = dict(made.items())
    if not isinstance(made, Mapping):
        raise StrategyError(
            f"{name}.columns() must return name -> values, not {type(made).__name__}"
        )
    return made


def _table(strategy: str, made: Mapping[str, Any], rows: int) -> np.ndarray:
    table = np.empty((rows, len(made)), dtype=np.float64)
    for k, (name, values) in enumerate(made.items()):
        try:
            column = np.asarray(values, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise StrategyError(
                f"{strategy}.columns(): {name!r} holds no numbers: {error}"
            ) from None
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
    known = _given_rules(given)
    if symbol in known:
        return known[symbol]
    return infer_instrument(frame, symbol)
