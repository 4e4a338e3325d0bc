"""Stylised facts of ticks: the tape from `sim`, the numbers from `analytics`."""

from typing import TYPE_CHECKING, Any

from hftsim.core.progress import Progress

if TYPE_CHECKING:
    from rich.table import Table

    from hftsim.analytics.stylised_facts import OrderFlow
    from hftsim.data.ticks import Ticks

_SHOWN = {
    "events": "events of order flow",
    "trades": "market orders",
    "spread.mean": "spread, mean ticks",
    "spread.share_one_tick": "spread, share of one tick",
    "depth_profile.0": "depth, share at the best of ten levels",
    "inter_arrival.mean_seconds": "wait between events, mean seconds",
    "inter_arrival.variation": "wait, coefficient of variation",
    "returns.volatility_bps": "volatility of 1 s returns, bps",
    "returns.excess_kurtosis": "excess kurtosis of 1 s returns",
    "return_acf.1": "autocorrelation of returns, lag 1",
    "absolute_return_acf.1": "of absolute returns, lag 1",
    "absolute_return_acf.10": "of absolute returns, lag 10",
    "sign_acf.1": "of order signs, lag 1",
    "sign_acf.10": "of order signs, lag 10",
    "sign_memory.gamma": "order signs, decay exponent",
    "response.1": "response to a trade after 1, ticks",
    "response.10": "response to a trade after 10, ticks",
    "signature.10": "variance over 10 events beside 1",
}


def flow_of(ticks: "Ticks", progress: Progress) -> "OrderFlow":
    """Return the order flow of ticks by level or by order."""
    from hftsim.analytics.stylised_facts import OrderFlow
    from hftsim.sim.crowd import read_tape

    tape = read_tape(ticks, progress)
    return OrderFlow(
        ts=tape.ts,
        sign=1 - 2 * (tape.component % 2),
        is_trade=tape.component < 2,
        bid=tape.bid,
        ask=tape.ask,
        profile=tape.profile,
    )


def facts_of(ticks: "Ticks", progress: Progress) -> dict[str, float]:
    """Return the stylised facts of ticks, flat; see `hftsim.analytics.stylised_facts`."""
    from hftsim.analytics.stylised_facts import facts_table, stylised_facts

    return facts_table(stylised_facts(flow_of(ticks, progress)))


def reasons_of(found: dict[str, dict[str, float]]) -> dict[str, str]:
    """Return why facts are undefined, by the name of the series and of the fact."""
    undefined = [f"{a}.{b}" for a, facts in found.items() for b, v in facts.items() if v != v]
    return dict.fromkeys(undefined, "too few events, or none that vary")


def table_of_facts(found: dict[str, dict[str, Any]]) -> "Table":
    """Return the facts of several series side by side, by the name of each."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, title="stylised facts")
    table.add_column("fact")
    for name in found:
        table.add_column(name, justify="right")
    for key, words in _SHOWN.items():
        table.add_row(words, *(_shown(facts.get(key)) for facts in found.values()))
    return table


def _shown(value: float | None) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
