"""`hftsim verify`: market data against what its venue says of itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hftsim.cli.entry import FOUND_DIFFERENCES
from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, table_of

REBUILT_SHARE = 0.995
"""Share of equal best prices that a book rebuilt from an empty one must reach."""

verify = typer.Typer(
    name="verify",
    help="Check recorded books against what their venue says of them.",
    no_args_is_help=True,
    add_completion=False,
)


@verify.command(name="lobster")
@takes_groups
def lobster(
    messages: Annotated[
        Path, typer.Argument(metavar="MESSAGES", help="Message file, or a zip with it.")
    ],
    book: Annotated[
        Path | None,
        typer.Argument(metavar="BOOK", help="Order-book file; may be left out for a zip."),
    ] = None,
    *,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Rebuild the book from an empty one; BOOK is of a pair of another depth.",
        ),
    ] = False,
    common: CommonOptions,
) -> int:
    """Compare LOBSTER's messages with its order book.

    Each row of the book, with the next message applied, must be the next row. With --rebuild the
    best prices of a deep message file, applied from an empty book on, are compared instead.

    Ends with 0 if all rows are equal (with --rebuild 99.5 % of them), else with 3.
    """
    with Shell(common) as shell:
        from hftsim.data.ticks import verify_lobster

        progress = shell.progress(f"verify {messages.name}")
        found = verify_lobster(messages, book, rebuild=rebuild, progress=progress)
        share = REBUILT_SHARE if rebuild else 1.0
        enough = found["equal"] >= share * found["compared"] > 0
        return _told(shell, "LOBSTER", found, good=enough and (rebuild or not found["gaps"]))


@verify.command(name="binance")
@takes_groups
def binance(
    capture: Annotated[Path, typer.Argument(metavar="CAPTURE", help="A raw capture.")],
    *,
    common: CommonOptions,
) -> int:
    """Rebuild the book of a raw Binance capture and compare it with the venue's best prices.

    The snapshot and the diffs after it, by the venue's rules of sequence, must give the bookTicker
    in price and quantity. Ends with 0 if all points are equal, else with 3.
    """
    with Shell(common) as shell:
        from hftsim.data.captures.verify import verify_binance

        progress = shell.progress(f"verify {capture.name}")
        found = verify_binance(capture, progress)
        return _told(shell, "Binance", found, good=_is_whole(found))


@verify.command(name="kraken")
@takes_groups
def kraken(
    recording: Annotated[Path, typer.Argument(metavar="REC", help="A recording.")],
    *,
    common: CommonOptions,
) -> int:
    """Rebuild the books of a Kraken recording and compare them with the venue's checksums.

    Ends with 0 if every checksum is equal, else with 3.
    """
    with Shell(common) as shell:
        from hftsim.data.captures.verify import verify_kraken

        progress = shell.progress(f"verify {recording.name}")
        found = verify_kraken(recording, progress)
        return _told(shell, "Kraken", found, good=_is_whole(found))


def _is_whole(found: Mapping[str, Any]) -> bool:
    """Whether something was compared, all of it is equal, and nothing is missing or crossed."""
    same = found["compared"] == found["equal"] > 0
    return bool(same and found["gaps"] == found["crossed"] == 0)


def _told(shell: Shell, title: str, found: Mapping[str, Any], *, good: bool) -> int:
    compared, equal = int(found["compared"]), int(found["equal"])
    shown = {
        "compared": f"{compared:,}",
        "equal": f"{equal:,} ({100 * equal / compared:.3f} %)" if compared else "0",
        **{
            name.replace("_", " "): f"{value:,}" if isinstance(value, int) else str(value)
            for name, value in found.items()
            if name not in ("compared", "equal") and isinstance(value, int | float | str)
        },
        "verdict": "as it should be" if good else _fault(found),
    }
    shell.answer(dict(found), lambda console: console.print(table_of(f"{title} verified", shown)))
    return 0 if good else FOUND_DIFFERENCES


def _fault(found: Mapping[str, Any]) -> str:
    nothing = not any(found[name] for name in ("compared", "gaps", "crossed"))
    return "NOTHING TO COMPARE WITH" if nothing else "DIFFERENCES"
