"""Replay of data by order with a market maker, exact queues, beside hftbacktest's FIFO model."""

from typing import Any

from _replay import MAKER, RULES, Maker, Nothing, ours, peers
from _report import ratio, tell, versions
from _ticks import synthetic

from hftsim.data.ticks import Ticks

ROWS = 4_000_000
WORKLOAD = (
    f"{ROWS:,} rows of a synthetic book by order (seed 7), in memory; {MAKER}; exact queues. Orders "
    "were given their places in time before, as an import does; hftbacktest gets the same market in "
    "its own rows, three for each execution. Rates are rows of each layout per CPU second on one "
    "core; the ratio compares the time for the same market"
)


def main() -> None:
    """Time us and hftbacktest."""
    columns = synthetic(ROWS, by_order=True)
    ticks = Ticks.from_columns(RULES, columns, level="l3")
    cases: dict[str, Any] = {
        "maker": ours(ticks, RULES, Maker),
        "nothing": ours(ticks, RULES, Nothing),
    }
    cases |= peers(
        columns,
        {
            "hftbacktest_maker": ("maker", "l3", "jit", 3),
            "hftbacktest_nothing": ("nothing", "l3", "jit", 3),
        },
    )
    taken = {name: case["cpu_s"] if case else None for name, case in cases.items()}
    for name in ("maker", "nothing"):
        cases[f"{name}_ratio"] = ratio(taken[f"hftbacktest_{name}"], taken[name])
    theirs = taken["hftbacktest_maker"]
    tell(
        name="replay-l3",
        ours=cases["maker"]["per_cpu_s"],
        unit="rows/s",
        peer=ticks.rows / theirs if theirs else None,
        peer_name="hftbacktest",
        ratio=cases["maker_ratio"],
        workload=WORKLOAD,
        cases=cases,
        versions=versions("numba"),
    )


if __name__ == "__main__":
    main()
