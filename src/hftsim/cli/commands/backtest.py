"""`hftsim backtest`: a strategy on a file, on several instruments, or on each file of a folder."""

from typing import TYPE_CHECKING, Any

from hftsim.cli.config import Settings
from hftsim.cli.crowds import crowd_section, crowd_source
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import (
    CommonOptions,
    CrowdRunOptions,
    InstrumentOptions,
    ReadingOptions,
    RunOptions,
    SourceOptions,
    TradingOptions,
)
from hftsim.cli.plan import (
    backtest_config_of,
    gathered,
    mode_of,
    prepare,
    resolved,
    seed_of,
    strategy_of,
)
from hftsim.cli.runs import Performed, conduct, conduct_one
from hftsim.cli.shell import Shell
from hftsim.cli.sources import Reading, instrument_of, read_all, reading_of
from hftsim.cli.tick_sources import (
    open_all,
    refuse_recordings,
    rules_of,
    say_what_is_not_used,
)
from hftsim.core.errors import InputError

if TYPE_CHECKING:
    from hftsim.sim.crowd import CrowdSource


@takes_groups
def backtest(
    *,
    source: SourceOptions,
    crowd: CrowdRunOptions,
    trading: TradingOptions,
    reading: ReadingOptions,
    instrument: InstrumentOptions,
    run: RunOptions,
    common: CommonOptions,
) -> int:
    """Run a strategy on recorded bars or ticks, or with a crowd, with fees and risk limits.

    The run's folder gets summary.json, metrics, equity curve, trades, fills, signals, pictures and
    report.html.
    """
    with Shell(common) as shell:
        settings = gathered(run, source, crowd, trading, reading, instrument)
        name = strategy_of(settings)[0]
        if not name:
            raise InputError(f"no strategy given; add --strategy NAME: {known_strategies()}")
        if settings.crowd:
            prepare(settings, name)
            traders = crowd_source(settings, seed_of(settings))
            return conduct_one(
                shell, "backtest", run.out, lambda _: _with_crowd(shell, settings, traders)
            )
        what = reading_of(settings)
        prepare(settings, name)
        return conduct(
            shell, "backtest", run.out, what, lambda each: _perform(shell, settings, each)
        )


def known_strategies() -> str:
    """Return the names of the built-in strategies, and that files go too."""
    from hftsim.strategies import STRATEGIES

    return f"{', '.join(sorted(STRATEGIES))}, or FILE.py[:Class]"


def _perform(shell: Shell, settings: Settings, reading: Reading) -> Performed:
    from hftsim.backtest import Backtester
    from hftsim.strategies import load_strategy

    name, params = strategy_of(settings)
    config = backtest_config_of(settings)
    mode: Any = mode_of(settings) or "native"
    data: Any
    if reading.is_ticks:
        data = open_all(reading)
        rules = {symbol: rules_of(ticks, reading) for symbol, ticks in data.items()}
        say_what_is_not_used(settings)
    else:
        refuse_recordings(reading)
        data = read_all(reading, shell)
        rules = {symbol: instrument_of(bars, symbol, reading) for symbol, bars in data.items()}
    tester = Backtester(load_strategy(name, params), config, mode=mode)
    result = tester.run(data, instrument=rules, progress=shell.progress(f"run {name}"))
    return result, result.bars, resolved(settings, reading, config, strategy=name)


def _with_crowd(shell: Shell, settings: Settings, source: "CrowdSource") -> Performed:
    from hftsim.backtest import Backtester
    from hftsim.strategies import load_strategy

    name, params = strategy_of(settings)
    config = backtest_config_of(settings)
    mode: Any = mode_of(settings) or "native"
    say_what_is_not_used(settings)
    tester = Backtester(load_strategy(name, params), config, mode=mode)
    result = tester.run(source, progress=shell.progress(f"run {name}"))
    own = {k: given.value for k, given in settings.data.items()}
    none = Reading(sources=(), options={}, rules={})
    sections = resolved(settings, none, config, strategy=name, crowd=crowd_section(settings))
    return result, result.bars, sections | ({"data": own} if own else {})
