"""The commands, put together."""

import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hftsim.cli.commands import (
    analysis,
    backtest,
    bench,
    check,
    doctor,
    features,
    fetch,
    import_,
    match,
    ml,
    sample,
    verify,
    walk,
    warmup,
)
from hftsim.core.version import __version__


class _Root(TyperGroup):
    """The command without a command: its help is plain text, which takes half the time."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "rich_markup_mode": None})


app = typer.Typer(
    name="hftsim",
    cls=_Root,
    help="Research, backtest and run trading strategies on market data.",
    epilog="Every command has --help. Start with: hftsim demo",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: object) -> None:
    if asked:
        sys.stdout.write(f"hftsim {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            is_eager=True,
            callback=_show_version,
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def _add(name: str, short_help: str, body: Callable[..., Any]) -> None:
    paragraphs = inspect.getdoc(body) or ""
    flowed = "\n\n".join(" ".join(p.split()) for p in paragraphs.split("\n\n"))
    app.command(name, short_help=short_help, help=flowed)(body)


_add("demo", "The whole workflow, on simulated data or on yours.", ml.demo)
_add(
    "create-sample-data",
    "Make simulated bars or ticks, labelled as such.",
    sample.create_sample_data,
)
_add("fetch", "Fetch bars from a venue into the cache.", fetch.fetch)
_add("import", "Import tick files into a tick store.", import_.import_)
_add("check", "Tell whether data can be trusted.", check.check)
_add("backtest", "Run a strategy on recorded bars or ticks.", backtest.backtest)
_add("ml-backtest", "Train a model, judge it, trade its predictions.", ml.ml_backtest)
_add("walk-forward", "Train, test and roll on through the data.", walk.walk_forward)
_add("analysis", "Compute the figures of runs anew, compare them.", analysis.analysis)
_add("match", "Run a stream of orders through the matching engine.", match.match)
_add("doctor", "What is installed, what works, what to do.", doctor.doctor)
_add("warmup", "Compile ahead what a first run would compile.", warmup.warmup)
_add("bench", "Run a benchmark beside its peer.", bench.bench)
app.add_typer(features.features, name="features")
app.add_typer(verify.verify, name="verify")
