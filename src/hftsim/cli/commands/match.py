"""`hftsim match`: runs a file of orders through the matching engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hftsim.cli.files import require_other_file
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of

if TYPE_CHECKING:
    from hftsim.core.progress import Progress


_MOST_ROWS = 20_000_000
"""Reports that one message may cause: two large icebergs in small slices could trade for years."""


@takes_groups
def match(
    orders: Annotated[Path, typer.Argument(metavar="ORDERS", help="Orders: CSV or Parquet.")],
    *,
    out: Annotated[
        Path, typer.Option(metavar="REPORTS", help="Where reports go: .csv or .parquet.")
    ],
    common: CommonOptions,
) -> None:
    """Match a stream of orders by price and time, and write what became of each.

    ORDERS has the columns seq, op (new, cancel, replace), order_id, side (buy, sell), type (limit,
    market), tif (GTC, IOC, FOK, GTX), price (ticks, empty for market), qty (lots), and, if need be,
    owner (0: none) and display_qty (0: no iceberg). type, tif, owner and display_qty may be left out.

    REPORTS has seq, report (ack, reject, fill, cancel, replace, expire), order_id, match_id, price,
    qty and leaves_qty; a fill is two rows, the taker's first.
    """
    with Shell(common) as shell:
        require_other_file(out, orders)
        counts = _run(orders, out, shell.progress("match"))
        answer = {**counts, "path": str(out.absolute())}
        rows = {name: f"{count:,}" for name, count in counts.items()} | {"file": str(out)}
        shell.answer(answer, lambda console: console.print(table_of("match", rows)))


def _run(orders: Path, out: Path, progress: "Progress") -> dict[str, int]:
    from hftsim.book import OrderBook
    from hftsim.book.order_files import OrderFile, ReportFile
    from hftsim.core.enums import ReportKind
    from hftsim.core.errors import DataError

    source, book = OrderFile(orders), OrderBook()
    size, messages, made, fills, volume = source.size, 0, 0, 0, 0
    last, rows_of_last = -1, 0
    with ReportFile(out) as target:
        for chunk in source.chunks():
            for reports in book.process_in_parts(chunk.columns):
                before, last = last, int(reports["message"][-1])
                rows = int((reports["message"] == last).sum())
                rows_of_last = rows + (rows_of_last if last == before else 0)
                if rows_of_last > _MOST_ROWS:
                    told = f"makes more than {_MOST_ROWS:,} reports: show icebergs in larger slices"
                    raise DataError(told, path=orders, row=last + 2)
                target.write(chunk.seq[reports["message"] - messages], reports)
                traded = reports["qty"][reports["kind"] == ReportKind.FILL]
                made, fills = made + len(reports), fills + len(traded)
                volume += sum(traded.tolist())
            messages += len(chunk.seq)
            progress(chunk.done, size, f"{messages:,} messages")
    progress(size, size)
    return {"messages": messages, "reports": made, "fills": fills // 2, "volume": volume // 2}
