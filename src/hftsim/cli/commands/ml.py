"""`hftsim ml-backtest` and `hftsim demo`: train, judge beside baselines, trade."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.config import Given, Settings
from hftsim.cli.files import write_table
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import (
    CommonOptions,
    InstrumentOptions,
    ModelOptions,
    ReadingOptions,
    RunOptions,
    SourceOptions,
    TradingOptions,
)
from hftsim.cli.plan import (
    backtest_config_of,
    gathered,
    learning_of,
    mode_of,
    model_of,
    prepare,
    resolved,
    seed_of,
    strategy_of,
)
from hftsim.cli.runs import Performed, conduct, conduct_one
from hftsim.cli.shell import Shell
from hftsim.cli.sources import Reading, instrument_of, read_all, reading_of
from hftsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_LOG = logging.getLogger(__name__)
_DEMO_ROWS = 20_000
DEFAULT_MODEL = "lstm"
SAMPLE = "sample_bars.csv"


@takes_groups
def ml_backtest(
    *,
    source: SourceOptions,
    model: ModelOptions,
    trading: TradingOptions,
    reading: ReadingOptions,
    instrument: InstrumentOptions,
    run: RunOptions,
    common: CommonOptions,
) -> int:
    """Train a model, judge it beside baselines out of sample, and trade its predictions.

    The report shows accuracy, macro-F1, MCC and calibration of the model, of the majority class
    and of a logistic regression on the same purged hold-out.
    """
    with Shell(common) as shell:
        settings = gathered(run, source, model, trading, reading, instrument)
        what = reading_of(settings)
        _prepare(settings, what)
        return conduct(
            shell, "ml-backtest", run.out, what, lambda each: _perform(shell, settings, each)
        )


@takes_groups
def demo(
    *,
    source: SourceOptions,
    rows: Annotated[
        int, typer.Option(metavar="N", min=1000, help="How many simulated bars to make.")
    ] = _DEMO_ROWS,
    model: ModelOptions,
    trading: TradingOptions,
    reading: ReadingOptions,
    instrument: InstrumentOptions,
    run: RunOptions,
    common: CommonOptions,
) -> int:
    """Show the whole workflow: data, features, an LSTM, a backtest, pictures and a report.

    Without --data it works on simulated bars, and says so wherever they appear. It trades the
    momentum strategy, which listens to the model among others, unless --strategy says another.
    """
    with Shell(common) as shell:
        settings = gathered(run, source, model, trading, reading, instrument)
        if not settings.strategy:
            settings = settings.with_given("strategy", {"name": Given("momentum", "the demo")})
        if "path" in settings.data:
            what = reading_of(settings)
            _prepare(settings, what)
            return conduct(
                shell, "demo", run.out, what, lambda each: _perform(shell, settings, each)
            )
        _prepare(settings, None)
        return conduct_one(
            shell, "demo", run.out, lambda folder: _perform_on_sample(shell, settings, rows, folder)
        )


def _prepare(settings: Settings, reading: Reading | None) -> None:
    if reading is not None and len(reading.sources) > 1:
        raise InputError("a model is trained on one instrument; give one --data FILE")
    prepare(settings, _strategy(settings), model_of(settings)[0] or DEFAULT_MODEL)


def _strategy(settings: Settings) -> str:
    return strategy_of(settings)[0] or "ml"


def _perform(shell: Shell, settings: Settings, reading: Reading) -> Performed:
    symbol, bars = next(iter(read_all(reading, shell).items()))
    return _trained(shell, settings, bars, symbol, reading)


def _perform_on_sample(shell: Shell, settings: Settings, rows: int, folder: Path) -> Performed:
    """Make simulated bars, keep them in the run's folder, and train and trade on them."""
    from hftsim.core.bars import source_of
    from hftsim.data import create_sample_bars

    _LOG.info("making %d simulated bars", rows)
    bars = create_sample_bars(rows, seed=seed_of(settings))
    write_table(folder / SAMPLE, bars)
    known = source_of(bars)
    symbol = known.get("symbol", "SIMUSDT")
    nothing_read = Reading(sources=(), options={}, rules={})
    result, frames, sections = _trained(shell, settings, bars, symbol, nothing_read)
    return result, frames, {**sections, "data": {"path": SAMPLE, "venue": known.get("venue", "")}}


def _trained(
    shell: Shell, settings: Settings, bars: "pd.DataFrame", symbol: str, reading: Reading
) -> Performed:
    from hftsim.backtest import ml_backtest as train_and_trade

    named, params = model_of(settings)
    model = named or DEFAULT_MODEL
    config = backtest_config_of(settings)
    mode: Any = mode_of(settings) or "native"
    result = train_and_trade(
        bars,
        symbol=symbol,
        instrument=instrument_of(bars, symbol, reading),
        model=model,
        model_params=params,
        strategy=_strategy(settings),
        strategy_params=strategy_of(settings)[1],
        learning=learning_of(settings),
        config=config,
        mode=mode,
        progress=shell.progress(f"train {model}"),
    )
    sections = resolved(settings, reading, config, strategy=_strategy(settings), model=model)
    return result, {symbol: bars}, sections
