"""`hftsim walk-forward`: train, test, roll on."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from hftsim.cli.answers import with_reasons
from hftsim.cli.commands.backtest import known_strategies
from hftsim.cli.config import Settings
from hftsim.cli.entry import STOPPED
from hftsim.cli.files import write_table
from hftsim.cli.groups import takes_groups
from hftsim.cli.headline import show_folds
from hftsim.cli.joined import joined_run
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
    save_config,
    strategy_of,
)
from hftsim.cli.shell import Shell
from hftsim.cli.sources import Reading, instrument_of, read_all, reading_of
from hftsim.cli.stored import StoredRun
from hftsim.core.errors import InputError, Interrupted

if TYPE_CHECKING:
    from hftsim.backtest import WalkForwardResult

_LOG = logging.getLogger(__name__)


@takes_groups
def walk_forward(
    *,
    source: SourceOptions,
    train: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Bars to train on; half of all.")
    ] = None,
    test: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Bars to test on; a tenth of all.")
    ] = None,
    step: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Bars from fold to fold; those of test.")
    ] = None,
    expanding: Annotated[
        bool, typer.Option("--expanding", help="Train on everything before the test.")
    ] = False,
    trading: TradingOptions,
    model: ModelOptions,
    reading: ReadingOptions,
    instrument: InstrumentOptions,
    run: RunOptions,
    common: CommonOptions,
) -> int:
    """Roll a training and a test part through the data, and join the test parts up.

    With --model every fold trains it anew, labels purged at the border; without one the table
    shows the strategy's in-sample beside its out-of-sample figures.
    """
    with Shell(common) as shell:
        settings = gathered(run, source, trading, model, reading, instrument)
        if model.folds is not None:
            raise InputError(
                "--folds belongs to ml-backtest; the folds of a walk-forward follow from --train, "
                "--test and --step"
            )
        strategy = _strategy(settings)
        what = reading_of(settings)
        if what.is_batch or len(what.sources) > 1:
            raise InputError("a walk-forward needs one file; give one --data FILE")
        prepare(settings, strategy, model_of(settings)[0])
        parts = {"train": train, "test": test, "step": step, "expanding": expanding}
        reads = [source.path for source in what.sources]
        stopped: Interrupted | None = None
        with shell.run_folder(run.out, "walk-forward", reads) as (folder, target):
            try:
                result = _rolled(shell, settings, what, strategy, parts)
            except Interrupted as error:
                if error.result is None:
                    raise
                result, stopped = cast("WalkForwardResult", error.result), error
            joined = joined_run(result)
            _write(shell, folder, joined, result)
            sections = resolved(settings, what, backtest_config_of(settings), strategy=strategy)
            save_config(folder, sections)
        answer = _answer(joined, result, settings, target)
        answer["interrupted"] = stopped is not None
        shell.answer(answer, lambda console: show_folds(console, answer))
        if stopped is None:
            return 0
        _LOG.error("%s, and are in %s", stopped, target)
        return STOPPED


def _strategy(settings: Settings) -> str:
    name = strategy_of(settings)[0] or ("ml" if model_of(settings)[0] else "")
    if not name:
        raise InputError(f"no strategy given; add --strategy NAME: {known_strategies()}")
    return name


def _rolled(
    shell: Shell, settings: Settings, reading: Reading, strategy: str, parts: dict[str, Any]
) -> "WalkForwardResult":
    from hftsim.backtest.rolling import walk_forward as roll

    symbol, bars = next(iter(read_all(reading, shell).items()))
    model, params = model_of(settings)
    mode: Any = mode_of(settings) or "native"
    return roll(
        bars,
        strategy,
        strategy_params=strategy_of(settings)[1],
        model=model,
        model_params=params,
        learning=learning_of(settings),
        instrument=instrument_of(bars, symbol, reading),
        config=backtest_config_of(settings),
        mode=mode,
        progress=shell.progress("walk forward"),
        **parts,
    )


def _answer(
    run: StoredRun, result: "WalkForwardResult", settings: Settings, target: Path
) -> dict[str, Any]:
    rows: Any = zip(result.table.to_dict("records"), result.runs, strict=True)
    answer = {
        **run.summary,
        "model": model_of(settings)[0] or "none",
        "folds": len(result.runs),
        "runs": [with_reasons(row, part.metrics.reasons) for row, part in rows],
        "out": str(target),
        "report": str(target / "report.html"),
        "pictures": [str(target / "walk_forward.png"), str(target / "dashboard.png")],
    }
    return with_reasons(answer, run.metrics.reasons)


def _write(shell: Shell, folder: Path, run: StoredRun, result: "WalkForwardResult") -> None:
    import pandas as pd

    from hftsim.report import TradingVisualizer, export_run

    symbol = str(run.summary["symbol"])
    bars = pd.concat([part.bars[symbol] for part in result.runs])
    export_run(run, folder, bars={symbol: bars}, progress=shell.progress("write the report"))
    write_table(folder / "folds.csv", result.table.set_index("fold"))
    draw = TradingVisualizer(simulated=bool(run.summary["simulated"]))
    draw.plot_walk_forward(result.table, save_path=folder / "walk_forward.png")
