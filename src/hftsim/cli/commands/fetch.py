"""`hftsim fetch`: bars from a venue into the cache."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.config import one_of
from hftsim.cli.groups import takes_groups
from hftsim.cli.headline import short_path
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of
from hftsim.core.errors import InputError
from hftsim.core.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

_SOURCES = ("binance", "yahoo", "ccxt")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpanOptions:
    """Which bars are wanted."""

    symbol: Annotated[str, typer.Option(metavar="S", help="Like BTCUSDT, or AAPL at yahoo.")]
    interval: Annotated[str, typer.Option(metavar="1m", help="The step of the bars.")] = "1m"
    days: Annotated[float | None, typer.Option(metavar="N", help="The last N days up to now.")] = (
        None
    )
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="From here on, UTC: 2024-10-01 08:00.")
    ] = None
    end: Annotated[str | None, typer.Option(metavar="DATE", help="Up to here; now by default.")] = (
        None
    )
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="So many bars at most.")] = (
        None
    )
    months: Annotated[
        str | None,
        typer.Option(metavar="FIRST[:LAST]", help="Whole months of the archive: 2024-01:2024-03."),
    ] = None
    market: Annotated[
        str, typer.Option(metavar="spot|um|cm", help="Which market of the archive.")
    ] = "spot"


@takes_groups
def fetch(
    *,
    source: Annotated[
        str, typer.Option(metavar="binance|yahoo", help="Where to fetch from.")
    ] = "binance",
    span: SpanOptions,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Another server that answers like it.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "--cache-dir", metavar="DIR", help="Folder of the cache.")
    ] = Path("data/cache"),
    revised: Annotated[
        str, typer.Option(metavar="keep|take|raise", help="Bars that changed since kept.")
    ] = "keep",
    common: CommonOptions,
) -> None:
    """Fetch bars into the cache; a fetch that was stopped goes on where it was.

    The last 1000 bars are fetched where nothing says how many.
    """
    with Shell(common) as shell:
        one_of("source", source, _SOURCES)
        one_of("rule for revised bars", revised, ("keep", "take", "raise"))
        _check_span(span)
        _require_sound(span, out)
        bars = _fetched(shell, source, span, base_url, out)
        answer = _kept(bars, span, out, revised)
        rows = {
            "rows in the cache": f"{answer['rows']:,} ({answer['added']:,} new)",
            "first, last bar": f"{answer['start']:%Y-%m-%d %H:%M}, {answer['end']:%Y-%m-%d %H:%M}",
            "gaps": str(answer["gaps"]),
            "file": short_path(answer["path"]),
        }
        title = f"{answer['symbol']} {span.interval}"
        shell.answer(answer, lambda console: console.print(table_of(title, rows)))


def _check_span(span: SpanOptions) -> None:
    if span.days is not None and (span.start or span.end or span.limit):
        raise InputError("--days is up to now; give it alone, or --start and --end instead")
    if span.months is not None and (span.days or span.start or span.end or span.limit):
        raise InputError("--months says which bars; leave --days, --start, --end and --limit out")
    if span.months is None and span.market != "spot":
        raise InputError("--market goes with --months: only the archive has other markets here")
    if span.end and not (span.start or span.limit):
        raise InputError("--end needs --start (or --limit N: so many bars before it)")


def _require_sound(span: SpanOptions, out: Path) -> None:
    """Raise DataError where what is kept is damaged, before anything is fetched to add to it."""
    from hftsim.data import DataCache

    DataCache(out).load(span.symbol, span.interval)


def _fetched(
    shell: Shell, source: str, span: SpanOptions, base_url: str | None, out: Path
) -> "pd.DataFrame":
    where: dict[str, Any] = {} if base_url is None else {"base_url": base_url}
    progress = shell.progress(f"fetch {span.symbol} {span.interval}")
    if source == "ccxt":
        raise InputError("--source ccxt is not available yet; fetch from binance or yahoo")
    if source == "yahoo":
        return _from_yahoo(shell, span)
    if span.months is not None:
        return _from_archive(span, where, progress)
    from hftsim.data import BinanceDataFetcher

    fetcher = BinanceDataFetcher(span.symbol, span.interval, resume_dir=out, **where)
    if span.days is not None:
        return fetcher.fetch_historical(span.days, progress=progress)
    return fetcher.fetch_klines(span.limit, start=span.start, end=span.end, progress=progress)


def _from_archive(span: SpanOptions, where: dict[str, Any], progress: Progress) -> "pd.DataFrame":
    from hftsim.data import BinanceArchive

    market: Any = span.market
    first, _, last = str(span.months).partition(":")
    archive = BinanceArchive(market=market, **where)
    return archive.fetch_months(span.symbol, span.interval, first, last or first, progress=progress)


def _from_yahoo(shell: Shell, span: SpanOptions) -> "pd.DataFrame":
    from datetime import UTC, datetime, timedelta

    from hftsim.data import fetch_yahoo

    if span.limit is not None or span.months is not None:
        raise InputError("--limit and --months are for binance; say --days, or --start and --end")
    start: str | datetime | None = span.start
    if span.days is not None:
        start = datetime.fromtimestamp(shell.now_ns() / 1e9, tz=UTC) - timedelta(days=span.days)
    return fetch_yahoo(span.symbol, span.interval, start=start, end=span.end)


def _kept(bars: "pd.DataFrame", span: SpanOptions, out: Path, revised: Any) -> dict[str, Any]:
    """Put the bars into the cache and describe what is kept there now."""
    from hftsim.core.bars import source_of
    from hftsim.data import DataCache

    cache = DataCache(out)
    update = cache.update(bars, span.symbol, span.interval, on_revised=revised)
    known = source_of(bars)
    return {
        **cache.get_cache_info(span.symbol, span.interval),
        "path": str(update.path.absolute()),
        "venue": known.get("venue", ""),
        "fetched": len(bars),
        "added": update.added,
        "revised": update.overlap.revised,
        "gaps": known.get("gaps", 0),
        "repairs": known.get("repairs", {}),
    }
