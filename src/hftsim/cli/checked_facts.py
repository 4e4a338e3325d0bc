"""`hftsim check --facts`: the stylised facts of a store, another's beside them, and a picture."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.facts import flow_of, reasons_of, table_of_facts
from hftsim.cli.headline import show_path
from hftsim.cli.options import Flag
from hftsim.cli.shell import Shell
from hftsim.core.errors import DataError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from hftsim.analytics.stylised_facts import OrderFlow
    from hftsim.data.ticks import Ticks

_FEWEST = 20
_PICTURES = (".png", ".svg", ".pdf")
_facts = partial(typer.Option, rich_help_panel="Stylised facts of ticks")


@dataclass(frozen=True, kw_only=True)
class FactsOptions:
    """Whether a store's stylised facts are told, and beside what."""

    facts: Annotated[
        Flag, _facts("--facts", help="Also tell and draw the market's stylised facts.")
    ] = None
    beside: Annotated[
        Path | None, _facts(metavar="STORE", help="Put those of these ticks beside them.")
    ] = None
    picture: Annotated[
        Path | None,
        _facts(metavar="FILE.png", help="Where to draw them; default: in the run's folder."),
    ] = None


def refuse_facts(path: Path, options: FactsOptions) -> None:
    """Raise InputError for what cannot be done, before any work."""
    from hftsim.data.ticks import is_store

    if not options.facts:
        for name in ("beside", "picture"):
            if getattr(options, name) is not None:
                raise InputError(f"--{name} belongs to the stylised facts: add --facts")
        return
    for each in (path, options.beside):
        if each is not None and not each.exists():
            raise InputError(f"{each}: does not exist")
        if each is not None and not is_store(each):
            raise InputError(
                f"{each}: is no store of ticks, and stylised facts need one; make it with: hftsim "
                "import"
            )
    if options.picture is not None and options.picture.suffix.lower() not in _PICTURES:
        known = ", ".join(_PICTURES)
        raise InputError(f"--picture {options.picture}: its name must end in one of {known}")


def add_facts(
    shell: Shell, runs: list[dict[str, Any]], options: FactsOptions, folders: tuple[Path, Path]
) -> None:
    """Put the facts of each symbol that was checked into its answer, and draw them.

    Raises InputError where one picture is asked for several symbols, DataError where there is too
    little order flow.
    """
    if not options.facts:
        return
    if len(runs) > 1 and options.picture is not None:
        names = ", ".join(run["symbol"] for run in runs)
        raise InputError(f"--picture shows one symbol, the store holds {names}: add --symbol")
    folder, target = folders
    for run in runs:
        path, symbol = Path(run["path"]), run["symbol"]
        found = {"facts": _opened(path, symbol)}
        if options.beside is not None:
            found["facts_beside"] = _opened(options.beside, symbol or _symbol(found["facts"]))
            run["beside"] = str(options.beside)
        name = f"{path.name}-{_symbol(found['facts'])}-facts.png"
        place = options.picture or folder / name
        flows = _flows(shell, found)
        run.update(_numbers(flows))
        run["reasons"] = reasons_of({key: run[key] for key in found})
        _draw(place, found, flows)
        run["facts_picture"] = str(options.picture.absolute() if options.picture else target / name)


def show_facts(console: "Console", run: dict[str, Any]) -> None:
    """Print the facts of a run as a table, where it has some."""
    if "facts" not in run:
        return
    found = {run["symbol"] or Path(run["path"]).name: run["facts"]}
    if "facts_beside" in run:
        found |= {f"beside: {Path(run['beside']).name}": run["facts_beside"]}
    console.print(table_of_facts(found))
    show_path(console, "picture of the facts", run["facts_picture"])


def _opened(path: Path, symbol: str | None) -> "tuple[Path, Ticks]":
    """Return the ticks of the symbol, or of the only one that a store of another symbol holds."""
    from hftsim.data.ticks import TickStore, open_ticks

    held = TickStore(path).symbols if path.is_dir() else []
    return path, open_ticks(path, symbol if symbol in held else None)


def _symbol(opened: "tuple[Path, Ticks]") -> str:
    return opened[1].instrument.symbol


def _flows(shell: Shell, found: "dict[str, tuple[Path, Ticks]]") -> "dict[str, OrderFlow]":
    flows = {}
    for key, (path, ticks) in found.items():
        try:
            flow = flow_of(ticks, shell.progress(f"facts of {path.name}"))
        except DataError as error:
            raise error if error.path is not None else DataError(str(error), path=path) from None
        if len(flow.ts) < _FEWEST:
            raise DataError(
                f"{len(flow.ts)} events of order flow are too few for stylised facts: {_FEWEST} "
                "are needed",
                path=path,
            )
        flows[key] = flow
    return flows


def _numbers(flows: "dict[str, OrderFlow]") -> dict[str, dict[str, float]]:
    from hftsim.analytics.stylised_facts import facts_table, stylised_facts

    return {key: facts_table(stylised_facts(flow)) for key, flow in flows.items()}


def _draw(
    place: Path, found: "dict[str, tuple[Path, Ticks]]", flows: "dict[str, OrderFlow]"
) -> None:
    from hftsim.analytics.stylised_curves import fact_curves
    from hftsim.report import TradingVisualizer

    simulated = {key: bool(ticks.metadata.get("simulated")) for key, (_, ticks) in found.items()}
    curves = {}
    for key, flow in flows.items():
        path = found[key][0]
        name = path.name + (" (simulated)" if simulated[key] else "")
        curves[name if name not in curves else f"{name}, beside"] = fact_curves(flow)
    drawn = TradingVisualizer(simulated=all(simulated.values()))
    drawn.plot_stylised_facts(curves, _title(found), place)


def _title(found: "dict[str, tuple[Path, Ticks]]") -> str:
    """Return what is drawn: the symbol, from when to when, and what stands beside it."""
    from hftsim.report.words import utc

    ticks = found["facts"][1]
    start, end = (utc(moment, seconds=False) for moment in (ticks.start, ticks.end))
    beside = f", beside {found['facts_beside'][0].name}" if "facts_beside" in found else ""
    return f"Stylised facts of {ticks.instrument.symbol}, {start} to {end} UTC{beside}"
