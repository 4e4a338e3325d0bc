"""Replay of level data with a market maker, beside hftbacktest on the same rows."""

from typing import Any

from _replay import MAKER, RULES, Maker, Nothing, ours, peers
from _report import ratio, tell, versions
from _ticks import real_capture, synthetic

from hftsim.data.ticks import Ticks

ROWS = 5_000_000
WORKLOAD = (
    f"{ROWS:,} rows of a synthetic book by price (seed 7), in memory, checked and brought to ticks "
    f"and lots before; {MAKER}; power queue model n = 3. Rates are rows per CPU second on one core. "
    "Cases 'real': the recorded Binance USD-M capture ten times over, where the test data are"
)


def main() -> None:
    """Time us and hftbacktest on each feed."""
    columns = synthetic(ROWS, by_order=False)
    ticks = Ticks.from_columns(RULES, columns, level="l2")
    cases: dict[str, Any] = {
        "maker": ours(ticks, RULES, Maker),
        "nothing": ours(ticks, RULES, Nothing),
    }
    asked = {
        "hftbacktest_maker": ("maker", "l2", "jit", 3),
        "hftbacktest_nothing": ("nothing", "l2", "jit", 3),
    }
    cases |= peers(columns, asked)
    real = real_capture(10)
    if real is not None:
        rules = real[0].replace(maker_fee=-0.00005, taker_fee=0.0007)
        cases["real_maker"] = ours(Ticks.from_columns(rules, real[1], level="l2"), rules, Maker)
        cases |= peers(real[1], {"hftbacktest_real_maker": ("maker", "l2", "jit", 3)})
    rates = {name: case["per_cpu_s"] if case else None for name, case in cases.items()}
    for name in ("maker", "nothing", "real_maker"):
        cases[f"{name}_ratio"] = ratio(rates.get(name), rates.get(f"hftbacktest_{name}"))
    tell(
        name="replay-l2",
        ours=rates["maker"],
        unit="rows/s",
        peer=rates["hftbacktest_maker"],
        peer_name="hftbacktest",
        ratio=cases["maker_ratio"],
        workload=WORKLOAD,
        cases=cases,
        versions=versions("numba"),
    )


if __name__ == "__main__":
    main()
