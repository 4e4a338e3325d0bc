"""Memory of a book with ten million live orders, and of a replay of more ticks than it may hold."""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _replay import RULES, SETTINGS, Maker
from _report import load, tell, versions
from _ticks import synthetic, tiled_store

from hftsim.book.matching.layout import MESSAGE
from hftsim.book.matching.matcher import Matcher
from hftsim.book.orders.memory import BookMemory, Ids
from hftsim.core.enums import MessageOp, OrderType

ORDERS, BLOCK, PRICES = 10_000_000, 1 << 16, 100_000
WORKLOAD = (
    f"{ORDERS:,} limit orders that rest at {PRICES:,} prices of both sides, ids that count up (dense) "
    "and spread ids (hashed), each in a process of its own; bytes by which the process grows for each "
    "live order, from before the book is made, reports read and dropped. Also: the peak of the process. "
    "Cases 'replay': the peak of a process that replays a store of a synthetic book by price with a "
    "market maker every 100 ms, 10 and 60 million rows (350 MB and 2.1 GB), and its growth for each "
    "million rows, the logs of orders and fills included"
)
BLOCK_ROWS = 5_000_000


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    with Path("/proc/self/statm").open(encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def fill(ids: Ids) -> dict[str, Any]:
    """Rest the orders in a new book; return what it took."""
    rng = np.random.default_rng(5)
    warm = Matcher(BookMemory(1 << 12, ids))
    warm.process(orders(rng, 1, 100, ids))
    before = resident()
    matcher = Matcher(BookMemory(ORDERS, ids))
    began = time.process_time()
    for first in range(1, ORDERS + 1, BLOCK):
        block = orders(rng, first, min(BLOCK, ORDERS + 1 - first), ids)
        for _ in matcher.batches(block):
            pass
    took = time.process_time() - began
    live = matcher.memory.get("live")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "live": live,
        "bytes_per_order": (resident() - before) / live,
        "process_peak_bytes": peak,
        "cpu_s": took,
        "load": load(),
    }


def orders(rng: np.random.Generator, first: int, count: int, ids: Ids) -> np.ndarray:
    """Return orders that rest: bids below, asks above a price between them."""
    rows = np.zeros(count, MESSAGE)
    numbers = np.arange(first, first + count)
    if ids == "hashed":
        words = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        numbers = (words & np.uint64((1 << 62) - 1)).astype(np.int64)
    away = rng.integers(1, PRICES // 2 + 1, count)
    rows["op"], rows["type"] = MessageOp.NEW, OrderType.LIMIT
    rows["order_id"], rows["side"] = numbers, rng.choice((1, -1), count)
    rows["price"] = 1_000_000 - rows["side"] * away
    rows["qty"] = rng.integers(1, 1000, count)
    return rows


def make_store(folder: str, blocks: int) -> int:
    """Write a store of so many blocks of rows; return its bytes."""
    columns = synthetic(BLOCK_ROWS, by_order=False)
    return tiled_store(Path(folder), RULES, columns, blocks)


def replay(folder: str) -> dict[str, Any]:
    """Replay a store; return what it took."""
    from hftsim.data.ticks import open_ticks
    from hftsim.engine import drive
    from hftsim.sim.ticks import ReplayMarket

    market = ReplayMarket({RULES.symbol: open_ticks(folder)}, [RULES], SETTINGS)
    began = time.process_time()
    drive(Maker(), market)
    return {
        "rows": market.steps_done,
        "orders": int(market.context["order_count"][0]),
        "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "cpu_s": time.process_time() - began,
        "load": load(),
    }


def replays(apply: Callable[..., Any]) -> dict[str, Any]:
    """Replay a short and a long store, each in a process of its own."""
    cases: dict[str, Any] = {}
    for name, blocks in (("replay_short", 2), ("replay_long", 12)):
        with tempfile.TemporaryDirectory() as folder:
            size = apply(make_store, (folder, blocks))
            cases[name] = {"store_bytes": size, **apply(replay, (folder,))}
    long, short = cases["replay_long"], cases["replay_short"]
    grown = long["process_peak_bytes"] - short["process_peak_bytes"]
    rows = (long["rows"] - short["rows"]) / 1e6
    cases["replay_growth"] = {"bytes_per_million_rows": grown / rows}
    return cases


def main() -> None:
    """Measure books and replays in processes of their own and print them."""
    from multiprocessing import get_context

    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        cases = {ids: pool.apply(fill, (ids,)) for ids in ("dense", "hashed")}
        cases |= replays(pool.apply)
    tell(
        name="memory",
        ours=cases["dense"]["bytes_per_order"],
        unit="bytes/order",
        peer=None,
        peer_name=None,
        ratio=None,
        workload=WORKLOAD,
        cases=cases,
        versions=versions("numba"),
    )


if __name__ == "__main__":
    sys.exit(main())
