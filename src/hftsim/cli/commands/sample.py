"""`hftsim create-sample-data`: simulated data that says everywhere that it is simulated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hftsim.cli.config import one_of
from hftsim.cli.files import write_table
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of
from hftsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_KINDS = ("bars", "l2", "l3", "trades")


@takes_groups
def create_sample_data(
    *,
    kind: Annotated[str, typer.Option(metavar="bars", help="What to make.")] = "bars",
    rows: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")] = 20_000,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write: .csv or .parquet.")
    ] = Path("sample_bars.csv"),
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Seed; equal seeds, equal data.")
    ] = 0,
    symbol: Annotated[str, typer.Option(metavar="S", help="What to call it.")] = "SIMUSDT",
    interval: Annotated[str, typer.Option(metavar="1m", help="The step of the bars.")] = "1m",
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="Start of the first bar, UTC.")
    ] = None,
    common: CommonOptions,
) -> None:
    """Make labelled simulated data: volatility in clusters, fat tails, volume by time of day."""
    with Shell(common) as shell:
        if one_of("kind", kind, _KINDS) != "bars":
            raise InputError(f"sample data of kind {kind} is not available yet; only bars are")
        bars = _made(rows, seed, symbol, interval, start)
        sha256 = write_table(out, bars)
        answer = {
            "rows": len(bars),
            "sha256": sha256,
            "path": str(out.absolute()),
            "kind": kind,
            "symbol": bars.attrs["source"]["symbol"],
            "interval": interval,
            "start": bars.index[0],
            "end": bars.index[-1],
            "seed": seed,
            "simulated": True,
        }
        shown = {
            "rows": f"{len(bars):,}",
            "file": str(out),
            "first, last bar": f"{bars.index[0]:%Y-%m-%d %H:%M}, {bars.index[-1]:%Y-%m-%d %H:%M}",
            "SHA-256": sha256,
        }
        title = f"simulated bars of {answer['symbol']}"
        shell.answer(answer, lambda console: console.print(table_of(title, shown)))


def _made(rows: int, seed: int, symbol: str, interval: str, start: str | None) -> "pd.DataFrame":
    from hftsim.data import create_sample_bars

    if start is None:
        return create_sample_bars(rows, seed=seed, symbol=symbol, interval=interval)
    return create_sample_bars(rows, seed=seed, symbol=symbol, interval=interval, start=start)
