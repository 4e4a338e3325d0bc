"""Matching of a drifting stream of orders, every order type compiled in, reports written."""

import time
from typing import Any

import numpy as np
from _order_flow import drifting, renamed
from _peer_matching import run_plain
from _report import load, note, ratio, tell, versions

from hftsim.book.matching.matcher import Matcher
from hftsim.book.orders.memory import BookMemory, Ids
from hftsim.core.enums import ReportKind

MESSAGES, TIMES, REPORTS = 3_000_000, 7, 1 << 12
PEER_MESSAGES = 300_000
LIVE = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
WORKLOAD = (
    f"{MESSAGES:,} messages (seed 7) of about 48 % new limit orders, 42 % cancels, 3 % reductions and "
    "7 % orders that trade, around a price that walks and jumps, so that the best prices move all the "
    "time; 7 % of the orders lie up to 4,000 ticks away and grow stale. 10,000 live orders in the "
    "headline, ids that count up (dense). Messages are 32-byte records in memory; every message is "
    "answered by 64-byte reports (about 1.2 each) in a buffer that is emptied when full. All order "
    "types are compiled in. Best of several runs, messages per CPU second on one core. The peer is a "
    "book of dicts, deques and heaps in plain Python, which counts its fills and writes no reports"
)


def timed(messages: np.ndarray, live: int, ids: Ids) -> dict[str, Any]:
    """Return the best rate of several runs, each with a new book."""
    best, reports, fills = float("inf"), 0, 0
    for _ in range(TIMES):
        matcher = Matcher(BookMemory(2 * live + 100_000, ids, largest_id=len(messages)), REPORTS)
        began = time.thread_time()
        reports = sum(len(part) for part in matcher.batches(messages))
        best = min(best, time.thread_time() - began)
    matcher = Matcher(BookMemory(2 * live + 100_000, ids), REPORTS)
    fills = sum(int((p["kind"] == ReportKind.FILL).sum()) for p in matcher.batches(messages)) // 2
    count = len(messages)
    return {
        "per_cpu_s": count / best,
        "ns": best / count * 1e9,
        "reports": reports,
        "fills": fills,
        "load": load(),
    }


def main() -> None:
    """Time us, then the peer, and print both."""
    cases: dict[str, Any] = {}
    plain: float | None = None
    for name, live in LIVE.items():
        note(f"makes {MESSAGES:,} messages with {live:,} live orders")
        messages, facts = drifting(MESSAGES, live)
        cases[f"{name}_dense"] = {**timed(messages, live, "dense"), **facts}
        cases[f"{name}_hashed"] = timed(renamed(messages), live, "hashed")
        if name == "10k":
            plain, fills = run_plain(messages[:PEER_MESSAGES])
            cases["plain_python_10k"] = {"per_cpu_s": plain, "fills": fills, "load": load()}
    ours = cases["10k_dense"]["per_cpu_s"]
    tell(
        name="matching",
        ours=ours,
        unit="messages/s",
        peer=plain,
        peer_name="plain Python book",
        ratio=ratio(ours, plain),
        workload=WORKLOAD,
        cases=cases,
        versions=versions("numba"),
    )


if __name__ == "__main__":
    main()
