"""The options that commands share, as groups of fields; None always means: not given."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

_read = partial(typer.Option, rich_help_panel="Reading the data")
_repair = partial(typer.Option, rich_help_panel="Repairs, by name")
_crowd = partial(typer.Option, rich_help_panel="Simulated crowd")
_rules = partial(typer.Option, rich_help_panel="Instrument")
_trade = partial(typer.Option, rich_help_panel="Strategy, risk and costs")
_model = partial(typer.Option, rich_help_panel="Model")
_how = partial(typer.Option, rich_help_panel="Output")

Text = str | None
Texts = list[str] | None
Flag = bool | None


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """How a command speaks."""

    as_json: Annotated[
        bool, _how("--json", help="Print exactly one JSON object on standard output.")
    ] = False
    quiet: Annotated[
        bool, _how("-q", "--quiet", help="Print errors only, and the JSON object.")
    ] = False
    verbose: Annotated[
        int,
        _how(
            "-v",
            "--verbose",
            count=True,
            metavar="",
            help="Say more; -vv says everything.",
            show_default=False,
        ),
    ] = 0
    log_level: Annotated[
        Text, _how(metavar="debug|info|warning|error", help="What standard error gets.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class ConfigOptions:
    """Where settings come from."""

    config: Annotated[
        Path | None,
        _how(metavar="FILE.yaml", help="Settings of all kinds; options given here win over it."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RunOptions(ConfigOptions):
    """What every run has: a configuration file, a folder, a seed."""

    out: Annotated[
        Path | None,
        _how(
            metavar="DIR",
            help="Folder for the run's files: new, empty or an earlier run, which is replaced. "
            "Default: runs/<time>-<command>.",
        ),
    ] = None
    seed: Annotated[
        int | None, _how(metavar="N", help="Seed of all that is random. Default: 0.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """What a file cannot say of itself, and which repairs are allowed."""

    symbol: Annotated[Text, _read(metavar="S", help="What the file holds, like BTCUSDT.")] = None
    format: Annotated[Text, _read(metavar="NAME", help="The format, where not detected.")] = None
    columns: Annotated[
        Texts, _read(metavar="OURS=THEIRS", help="A column's name in the file; may be repeated.")
    ] = None
    stamp: Annotated[
        Text, _read(metavar="open|close", help="Whether a bar's time is its start or its end.")
    ] = None
    timezone: Annotated[
        Text, _read(metavar="AREA/CITY", help="Zone of naive times; needed save for crypto.")
    ] = None
    asset: Annotated[Text, _read(metavar="KIND", help="crypto: naive times are UTC.")] = None
    venue: Annotated[Text, _read(metavar="NAME", help="Where it trades.")] = None
    interval: Annotated[Text, _read(metavar="1m", help="The step the bars must have.")] = None
    sort: Annotated[Flag, _repair("--sort", help="Put the rows in order of time.")] = None
    drop_duplicates: Annotated[
        Flag, _repair("--drop-duplicates", help="Drop rows that repeat another one.")
    ] = None
    keep_last: Annotated[
        Flag, _repair("--keep-last", help="Of rows with one time and other values keep the last.")
    ] = None
    fill_gaps: Annotated[
        Flag, _repair("--fill-gaps", help="Fill missing bars with the close before, volume 0.")
    ] = None
    drop_bad_rows: Annotated[
        Flag, _repair("--drop-bad-rows", help="Drop rows that cannot be bars.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Where the data is."""

    data: Annotated[
        Texts,
        _read(
            metavar="[SYMBOL=]PATH",
            help="A file, a folder (every file in it runs), or a store of ticks. Repeated: several "
            "instruments on one account.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CrowdRunOptions:
    """Who trades with the strategy in place of recorded data."""

    flow: Annotated[
        Text,
        _crowd(
            "--crowd",
            metavar="FLOW",
            help="Trade with a simulated crowd in place of --data: "
            "its statistical flow: poisson, hawkes or queue-reactive.",
        ),
    ] = None
    agents: Annotated[
        Text, _crowd(metavar="NAMES", help="none, all (default), or some joined by +.")
    ] = None
    like: Annotated[
        Text, _crowd(metavar="STORE", help="Fit the flow to these ticks; then --agents is none.")
    ] = None
    duration: Annotated[Text, _crowd(metavar="T", help="How long it trades. Default: 1h.")] = None


@dataclass(frozen=True, kw_only=True)
class InstrumentOptions:
    """Rules of the venue that a file of bars does not hold."""

    kind: Annotated[
        Text, _rules(metavar="spot|perpetual|future|equity", help="What is traded.")
    ] = None
    tick_size: Annotated[Text, _rules(metavar="P", help="Smallest price step.")] = None
    lot_size: Annotated[Text, _rules(metavar="Q", help="Smallest quantity step.")] = None


@dataclass(frozen=True, kw_only=True)
class TradingOptions:
    """Strategy, risk and costs."""

    strategy: Annotated[
        Text, _trade(metavar="NAME|FILE.py[:Class]", help="A built-in strategy, or your own.")
    ] = None
    param: Annotated[
        Texts, _trade(metavar="K=V", help="A parameter of the strategy; may be repeated.")
    ] = None
    mode: Annotated[
        Text, _trade(metavar="native|python", help="How it runs; native where it compiles.")
    ] = None
    capital: Annotated[
        float | None, _trade(metavar="C", help="Cash at the start. Default: 100000.")
    ] = None
    fee_rate: Annotated[
        float | None, _trade(metavar="F", help="Fee of every fill as a fraction, like 0.001.")
    ] = None
    maker_fee: Annotated[float | None, _trade(metavar="F", help="Fee of resting orders.")] = None
    taker_fee: Annotated[float | None, _trade(metavar="F", help="Fee of taking orders.")] = None
    fee_tiers: Annotated[
        Path | None,
        _trade(
            metavar="FILE.csv",
            help="On ticks: fees by the volume of 30 days: from_volume, maker_fee, taker_fee.",
        ),
    ] = None
    slippage: Annotated[
        float | None,
        _trade(metavar="F", help="Fixed slippage of takers as a fraction. Default: 0.0005."),
    ] = None
    latency: Annotated[
        Text, _trade(metavar="T", help="On ticks: how long orders and reports travel: 10ms.")
    ] = None
    queue: Annotated[
        Text, _trade(metavar="NAME", help="On ticks by price: queue model; default: power.")
    ] = None
    funding: Annotated[
        Text, _trade(metavar="FILE", help="On ticks: a perpetual's funding rates, as CSV.")
    ] = None
    chunk_rows: Annotated[
        int | None, _trade(metavar="N", help="On ticks: rows read at a time.")
    ] = None
    risk: Annotated[
        Texts, _trade(metavar="K=V", help="A field of RiskLimits, like stop_loss_pct=0.02.")
    ] = None
    setting: Annotated[
        Texts, _trade("--set", metavar="K=V", help="A field of BacktestConfig: intrabar=ohlc.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The model and how it is validated."""

    model: Annotated[Text, _model(metavar="NAME", help="lstm (default), logistic, ...")] = None
    model_param: Annotated[
        Texts, _model(metavar="K=V", help="A parameter of the model, like epochs=10.")
    ] = None
    folds: Annotated[
        int | None, _model(metavar="N", help="Out-of-sample folds, each with a model of its own.")
    ] = None
    lookback: Annotated[int | None, _model(metavar="N", help="Bars that a model sees.")] = None
    horizon: Annotated[int | None, _model(metavar="N", help="Bars ahead that it foresees.")] = None
    learn: Annotated[
        Texts, _model(metavar="K=V", help="A field of LearningSettings: train_share=0.6.")
    ] = None
