"""Strategies in plain Python on ticks, beside hftbacktest's loop in plain Python."""

from typing import Any

from _replay import MAKER, RULES, Best, Maker, ours, peers
from _report import ratio, tell, versions
from _ticks import synthetic

from hftsim.data.ticks import Ticks

ROWS = 500_000
WORKLOAD = (
    f"{ROWS:,} rows of a synthetic book by price (seed 7), in memory; strategies run interpreted. "
    f"'best': read the best bid and ask at every packet; 'maker': {MAKER}. Rates are rows per CPU "
    "second on one core"
)


def main() -> None:
    """Time us and hftbacktest."""
    columns = synthetic(ROWS, by_order=False)
    ticks = Ticks.from_columns(RULES, columns, level="l2")
    cases: dict[str, Any] = {
        "best": ours(ticks, RULES, Best, mode="python", times=3),
        "maker": ours(ticks, RULES, Maker, mode="python", times=5),
        "best_native": ours(ticks, RULES, Best, times=5),
    }
    cases |= peers(
        columns,
        {
            "hftbacktest_best": ("best", "l2", "plain", 1),
            "hftbacktest_maker": ("maker", "l2", "plain", 2),
        },
    )
    rates = {name: case["per_cpu_s"] if case else None for name, case in cases.items()}
    for name in ("best", "maker"):
        cases[f"{name}_ratio"] = ratio(rates[name], rates[f"hftbacktest_{name}"])
    tell(
        name="python-strategy",
        ours=rates["best"],
        unit="rows/s",
        peer=rates["hftbacktest_best"],
        peer_name="hftbacktest",
        ratio=cases["best_ratio"],
        workload=WORKLOAD,
        cases=cases,
        versions=versions("numba"),
    )


if __name__ == "__main__":
    main()
