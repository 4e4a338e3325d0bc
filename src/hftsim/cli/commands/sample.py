"""`hftsim create-sample-data`: simulated data that says everywhere that it is simulated."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.config import one_of
from hftsim.cli.files import write_table
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions, Flag
from hftsim.cli.shell import Shell, table_of
from hftsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from hftsim.sim.crowd import Crowd

_KINDS = ("bars", "l2", "l3", "trades")
_TABLES = (".csv", ".parquet")
_OUT = {
    "bars": "sample_bars.csv",
    "l2": "sample_l2.arrow",
    "l3": "sample_l3.arrow",
    "trades": "sample_trades.arrow",
}
_LOG = logging.getLogger(__name__)
_crowd = partial(typer.Option, rich_help_panel="Ticks")


@dataclass(frozen=True, kw_only=True)
class CrowdOptions:
    """Who makes simulated ticks."""

    flow: Annotated[
        str, _crowd(metavar="NAME", help="Statistical flow: poisson, hawkes or queue-reactive.")
    ] = "hawkes"
    agents: Annotated[
        str,
        _crowd(
            metavar="NAMES",
            help="none, all, or some joined by +: zero-intelligence, makers, momentum, value, noise.",
        ),
    ] = "all"
    like: Annotated[
        Path | None,
        _crowd(metavar="STORE", help="Fit the flow to these ticks; then --agents is none."),
    ] = None
    facts: Annotated[
        Flag, _crowd("--facts", help="Also tell stylised facts, beside those of --like.")
    ] = None


@takes_groups
def create_sample_data(
    *,
    kind: Annotated[str, typer.Option(metavar="bars|l2|l3|trades", help="What to make.")] = "bars",
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")] = 20_000,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Where to write: .csv or .parquet; ticks also .arrow, or a folder: a tick store.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Seed; equal seeds, equal data.")
    ] = 0,
    symbol: Annotated[str, typer.Option(metavar="S", help="What to call it.")] = "SIMUSDT",
    interval: Annotated[str, typer.Option(metavar="1m", help="The step of the bars.")] = "1m",
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="Start of the first bar or tick, UTC.")
    ] = None,
    crowd: CrowdOptions,
    common: CommonOptions,
) -> None:
    """Make labelled simulated data: bars, or ticks of a crowd that trades in our matching engine.

    Bars have volatility in clusters, fat tails, and volume by the time of day. Ticks (l2, l3) go
    to one .arrow file or to a tick store, both ready for backtest, or to a table.
    """
    with Shell(common) as shell:
        one_of("kind", kind, _KINDS)
        place = out or Path(_OUT[kind])
        if kind == "bars":
            _refuse_tick_options(crowd)
            answer, shown = _bars(rows, seed, symbol, interval, start, place)
        else:
            _refuse_facts(kind, place, crowd)
            made = _crowd_of(kind, seed, symbol, start, crowd)
            answer, shown = _ticks(made, rows, place, shell)
            _say_where_nothing_happens(kind, answer, crowd)
            answer |= _facts(place, crowd, shell)
        answer |= {"path": str(place.absolute()), "kind": kind, "seed": seed, "simulated": True}
        shown |= {"file": str(place), "SHA-256": str(answer["sha256"])}
        title = f"simulated {kind} of {answer['symbol']}"
        shell.answer(answer, lambda console: _show(console, title, shown, answer))


def _show(console: "Console", title: str, shown: dict[str, str], answer: dict[str, Any]) -> None:
    console.print(table_of(title, shown))
    if "facts" in answer:
        from hftsim.cli.facts import table_of_facts

        found = {"simulated": answer["facts"]}
        if "facts_like" in answer:
            found["like"] = answer["facts_like"]
        console.print(table_of_facts(found))


def _refuse_tick_options(options: CrowdOptions) -> None:
    for name, given in (("--like", options.like), ("--facts", options.facts)):
        if given:
            raise InputError(f"{name} is for ticks: --kind l2 or l3")


def _say_where_nothing_happens(kind: str, made: dict[str, Any], options: CrowdOptions) -> None:
    """Warn, or refuse facts, where all rows are the book that the market starts with."""
    if kind == "trades" or made["start"] != made["end"]:
        return
    told = (
        f"all {made['rows']:,} rows are the book that the market starts with: ask for more --rows"
    )
    if options.facts:
        raise InputError(f"--facts: {told}")
    _LOG.warning(told)


def _refuse_facts(kind: str, out: Path, options: CrowdOptions) -> None:
    if options.facts and (kind == "trades" or out.suffix.lower() in _TABLES):
        raise InputError(
            "--facts needs the order book: make --kind l2 or l3 into an .arrow file or a store"
        )


def _facts(out: Path, options: CrowdOptions, shell: Shell) -> dict[str, Any]:
    """Return the facts of what was made and, beside them, of what it was fitted to."""
    if not options.facts:
        return {}
    from hftsim.cli.facts import facts_of, reasons_of
    from hftsim.data.ticks import open_ticks

    found: dict[str, Any] = {"facts": facts_of(open_ticks(out), shell.progress("facts"))}
    if options.like is not None:
        found["facts_like"] = facts_of(open_ticks(options.like), shell.progress("facts of --like"))
    return {**found, "reasons": reasons_of(found)}


def _bars(
    rows: int, seed: int, symbol: str, interval: str, start: str | None, out: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    bars = _made(rows, seed, symbol, interval, start)
    sha256 = write_table(out, bars)
    answer = {
        "rows": len(bars),
        "sha256": sha256,
        "symbol": bars.attrs["source"]["symbol"],
        "interval": interval,
        "start": bars.index[0],
        "end": bars.index[-1],
    }
    span = f"{bars.index[0]:%Y-%m-%d %H:%M}, {bars.index[-1]:%Y-%m-%d %H:%M}"
    return answer, {"rows": f"{len(bars):,}", "first, last bar": span}


def _made(rows: int, seed: int, symbol: str, interval: str, start: str | None) -> "pd.DataFrame":
    from hftsim.data import create_sample_bars

    if start is None:
        return create_sample_bars(rows, seed=seed, symbol=symbol, interval=interval)
    return create_sample_bars(rows, seed=seed, symbol=symbol, interval=interval, start=start)


def _crowd_of(
    kind: str, seed: int, symbol: str, start: str | None, options: CrowdOptions
) -> "Crowd":
    from hftsim.cli.crowds import crowd_and_rules
    from hftsim.sim.crowd import Crowd

    settings, instrument = crowd_and_rules(options.flow, options.agents, options.like, symbol)
    return Crowd(settings, instrument, seed=seed, start=start or "2024-01-01", kind=kind)


def _ticks(
    crowd: "Crowd", rows: int, out: Path, shell: Shell
) -> tuple[dict[str, Any], dict[str, str]]:
    from hftsim.data.findings import iso
    from hftsim.sim.crowd.storing import table_of_ticks, write_ticks

    progress = shell.progress("simulate")
    if out.suffix.lower() in _TABLES:
        table = table_of_ticks(crowd, rows)
        times = table.index.to_numpy("datetime64[ns]").astype("int64")
        made: dict[str, Any] = {"rows": len(table), "sha256": write_table(out, table)}
        made |= {"start": int(times[0]), "end": int(times[-1])}
    else:
        made = write_ticks(crowd, rows, out, progress)
    start, end = f"{iso(made['start'])}Z", f"{iso(made['end'])}Z"
    counts = crowd.counts
    answer = {**made, "start": start, "end": end, "symbol": crowd.instrument.symbol, **counts}
    shown = {
        "rows": f"{made['rows']:,}",
        "span": f"{start} to {end}",
        "messages, fills": f"{counts['messages']:,}, {counts['fills']:,}",
    }
    return answer, shown
