"""`hftsim bench NAME`: runs a benchmark of the checkout, `hftsim warmup`: compiles ahead."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hftsim.cli.groups import takes_groups
from hftsim.cli.options import CommonOptions
from hftsim.cli.shell import Shell, rounded, table_of
from hftsim.core.errors import HftError, InputError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console


@takes_groups
def bench(
    name: Annotated[str, typer.Argument(metavar="NAME|all", help="Which benchmark.")],
    *,
    common: CommonOptions,
) -> None:
    """Run a benchmark beside its peer; needs a checkout with its bench folder.

    A ratio above 1 means that hftsim is better.
    """
    with Shell(common) as shell:
        folder = _folder()
        known = sorted(
            p.stem.replace("_", "-") for p in folder.glob("*.py") if not p.stem.startswith("_")
        )
        if name not in (*known, "all"):
            raise UnknownNameError("benchmark", name, [*known, "all"])
        names = known if name == "all" else [name]
        progress = shell.progress("benchmarks")
        found = []
        for done, each in enumerate(names):
            progress(done, len(names), each)
            found.append(_measure(folder, each))
        progress(len(names), len(names))
        answer: dict[str, Any] = found[0] if name != "all" else {"benchmarks": found}
        shell.answer(answer, lambda console: _show(console, found))


def _folder() -> Path:
    """Return the checkout's bench folder: beside the package's sources, or below here."""
    sources = Path(__file__).resolve().parents[4]
    for root in (sources, Path.cwd()):
        if any((root / "bench").glob("*.py")):
            return root / "bench"
    raise InputError("no bench folder here; benchmarks run from a checkout of the source")


def _measure(folder: Path, name: str) -> dict[str, Any]:
    """Run one benchmark in a process of its own; the last line it prints is its result."""
    file = folder / f"{name.replace('-', '_')}.py"
    ended = subprocess.run(
        [sys.executable, str(file)], stdout=subprocess.PIPE, text=True, check=False
    )
    lines = ended.stdout.strip().splitlines()
    if ended.returncode != 0 or not lines:
        raise HftError(f"benchmark {name} ended with {ended.returncode} and no result")
    try:
        result = json.loads(lines[-1])
    except ValueError:
        raise HftError(f"benchmark {name} printed no JSON in its last line") from None
    return dict(result)


def _show(console: "Console", found: list[dict[str, Any]]) -> None:
    for result in found:
        unit = f" {result.get('unit', '')}"
        rows = {"workload": str(result.get("workload", "")), "ours": rounded(result.get("ours"), 4)}
        rows["ours"] += unit
        if result.get("peer") is not None:
            peer = str(result.get("peer_name") or "peer")
            rows[peer] = rounded(result["peer"], 4) + unit
            rows["ratio"] = rounded(result.get("ratio"), 2)
        console.print(table_of(str(result.get("name", "")), rows))
