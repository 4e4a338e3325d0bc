"""`hftsim features`: the catalogue, one entry of it, or the columns computed from a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.files import require_other_file, write_table
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions, ConfigOptions, ReadingOptions, SourceOptions
from hftsim.cli.plan import gathered
from hftsim.cli.shell import Shell, table_of
from hftsim.cli.sources import read_all, reading_of
from hftsim.core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console

features = typer.Typer(help="The catalogue of features.", no_args_is_help=True)


@features.command("list")
@takes_groups
def list_features(
    *,
    family: Annotated[str | None, typer.Option(metavar="F", help="Only this family.")] = None,
    common: CommonOptions,
) -> None:
    """List every feature with its family, inputs and warm-up."""
    with Shell(common) as shell:
        from hftsim.features import FAMILIES, FEATURES

        if family is not None and family not in FAMILIES:
            raise UnknownNameError("family", family, FAMILIES)
        found = [_entry(f) for f in FEATURES.values() if family in (None, f.family)]
        shell.answer(found, lambda console: _show_list(console, found))


@features.command("show")
@takes_groups
def show_feature(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A feature, see list.")],
    *,
    common: CommonOptions,
) -> None:
    """Show one feature: formula, inputs, warm-up and look-back."""
    with Shell(common) as shell:
        from hftsim.features import FEATURES

        if name not in FEATURES:
            raise _unknown(name, FEATURES)
        entry = _entry(FEATURES[name])
        rows = {key: _words(value) for key, value in entry.items() if key != "name"}
        shell.answer(entry, lambda console: console.print(table_of(name, rows)))


@features.command("compute")
@takes_groups
def compute_features(
    *,
    source: SourceOptions,
    only: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="NAME", help="Only this one; may be repeated."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write: .parquet or .csv.")
    ] = Path("features.parquet"),
    reading: ReadingOptions,
    config: ConfigOptions,
    common: CommonOptions,
) -> None:
    """Compute the features of a file of bars and write them as a table."""
    with Shell(common) as shell:
        from hftsim.features import FEATURES, FeatureEngineer

        what = reading_of(gathered(config, source, reading))
        if what.is_batch or len(what.sources) > 1:
            raise InputError("features are computed from one file; give one --data FILE")
        require_other_file(out, what.sources[0].path)
        unknown = [name for name in only or () if name not in FEATURES]
        if unknown:
            raise _unknown(unknown[0], FEATURES)
        engineer = FeatureEngineer(only)
        bars = next(iter(read_all(what, shell).values()))
        table = engineer.create_all_features(bars)
        names = engineer.names_for(bars)
        sha256 = write_table(out, table[names])
        answer = {
            "rows": len(table),
            "features": len(names),
            "path": str(out.absolute()),
            "sha256": sha256,
        }
        rows = {"rows": f"{len(table):,}", "features": str(len(names)), "file": str(out)}
        shell.answer(answer, lambda console: console.print(table_of("features", rows)))


def _unknown(name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not in the catalogue, without listing all of it."""
    error = UnknownNameError("feature", name, known)
    if "did you mean" in str(error):
        return error
    return InputError(f"unknown feature {name!r}; hftsim features list shows them")


def _entry(feature: Any) -> dict[str, Any]:
    return {
        "name": feature.name,
        "family": feature.family,
        "inputs": list(feature.inputs),
        "warmup": feature.warmup,
        "lookback": feature.lookback,
        "formula": feature.formula,
    }


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "every row since the start" if value is None else str(value)


def _show_list(console: "Console", found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, title=f"{len(found)} features", title_justify="left")
    for heading in ("name", "family", "warm-up", "inputs"):
        table.add_column(heading, justify="right" if heading == "warm-up" else "left")
    for entry in found:
        inputs = ", ".join(entry["inputs"])
        table.add_row(entry["name"], entry["family"], str(entry["warmup"]), inputs)
    console.print(table)
