"""Recorded markets by price and by order made from chance, for the comparison with hftbacktest."""

import random

import numpy as np

from hftsim.core import Instrument
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import Ticks
from hftsim.sim.crowd import Crowd, CrowdSettings, PoissonFlow

RULES = Instrument(
    symbol="BTCUSDT", kind="perpetual", tick_size="0.1", lot_size="0.001", maker_fee=-0.00005,
    taker_fee=0.0007,
)  # fmt: skip
HBT_DTYPE = np.dtype(
    [
        ("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8"),
        ("order_id", "u8"), ("ival", "i8"), ("fval", "f8"),
    ],
    align=True,
)  # fmt: skip
BOTH, BUY, SELL = (1 << 31) | (1 << 30), 1 << 29, 1 << 28
START = 1_700_000_000_000_000_000


def feed(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Return columns: a book of 20 levels a side whose best levels come, go and trade."""
    dice = random.Random(seed)
    book = {
        1: {600_000 - k: 300 for k in range(1, 21)},
        -1: {600_000 + k: 300 for k in range(1, 21)},
    }
    made: list[tuple[int, int, int, int, int]] = [
        (START, int(EventKind.DEPTH), side, price, qty)
        for side, levels in book.items()
        for price, qty in levels.items()
    ]
    time = START
    while len(made) < rows:
        time += int(dice.expovariate(1 / 2_000_000)) + 1
        made += packet(dice, book, time)
    names = ("ts_event", "kind", "side", "price", "qty")
    columns = {n: np.array(v) for n, v in zip(names, zip(*made, strict=True), strict=True)}
    steps = np.diff(columns["ts_event"], prepend=0) > 0
    delays = np.array(
        [500_000 + int(dice.expovariate(1 / 300_000)) for _ in range(int(steps.sum()))]
    )
    received = np.maximum.accumulate(columns["ts_event"][steps] + delays)
    columns["ts_recv"] = received[np.cumsum(steps) - 1]
    last = np.append(steps[1:], True)
    both = EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL
    columns["flags"] = np.where(last, both | EventFlag.LAST, both)
    return columns


def packet(
    dice: random.Random, book: dict[int, dict[int, int]], time: int
) -> list[tuple[int, int, int, int, int]]:
    side = dice.choice([1, -1])
    levels, others = book[side], book[-side]
    best = max(levels, key=lambda p: p * side)
    if dice.random() < 0.15:
        lots = min(int(dice.expovariate(1 / 150)) + 1, levels[best])
        change(levels, best, levels[best] - lots, side)
        return [
            (time, int(EventKind.TRADE), -side, best, lots),
            (time, int(EventKind.DEPTH), side, best, levels.get(best, 0)),
        ]
    edge = max(others, key=lambda p: -p * side) - side
    price = edge - side * min(int(dice.expovariate(1 / 3)), 25)
    now = levels.get(price, 0)
    more = int(dice.expovariate(1 / 100)) + 1
    change(levels, price, now + more if dice.random() < 0.5 else max(now - more, 0), side)
    if levels.get(price, 0) == now:
        return []
    return [(time, int(EventKind.DEPTH), side, price, levels.get(price, 0))]


def change(levels: dict[int, int], price: int, qty: int, side: int) -> None:
    levels.pop(price, None)
    if qty > 0:
        levels[price] = qty
    if not levels:
        levels[price - side] = 50


def feed_by_order(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Return columns of a hasty crowd of small queues, received half a millisecond later."""
    settings = CrowdSettings(flow=PoissonFlow(market_rate=50, limit_rate=150, cancel_rate=2))
    columns = Crowd(settings, seed=seed, kind="l3").columns(rows)
    times = START + columns["ts_event"] - columns["ts_event"][0]
    return {**columns, "ts_event": times, "ts_recv": times + 500_000}


def as_ticks(columns: dict[str, np.ndarray]) -> Ticks:
    return Ticks.from_columns(RULES, columns, level="l3" if "order_id" in columns else "l2")


def as_hftbacktest(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Return the same market in hftbacktest's rows."""
    if "order_id" in columns:
        return as_hftbacktest_by_order(columns)
    out = np.zeros(len(columns["kind"]), HBT_DTYPE)
    kind = np.where(columns["kind"] == EventKind.TRADE, 2, 1)
    sides = np.where(columns["side"] > 0, BUY, SELL)
    out["ev"] = BOTH | sides | kind
    out["exch_ts"], out["local_ts"] = columns["ts_event"], columns["ts_recv"]
    out["px"], out["qty"] = columns["price"] * 0.1, columns["qty"] * 0.001
    return out


def as_hftbacktest_by_order(columns: dict[str, np.ndarray]) -> np.ndarray:
    """An execution is three rows there: the trade, the order's fill, and what is left of it."""
    names = ("ts_event", "ts_recv", "kind", "side", "price", "qty", "order_id")
    out: list[tuple[float, ...]] = []
    left: dict[int, int] = {}
    for event, recv, kind, side, price, qty, order_id in zip(
        *(columns[n].tolist() for n in names), strict=True
    ):
        own, other = (BOTH | BUY, BOTH | SELL) if side > 0 else (BOTH | SELL, BOTH | BUY)
        place = (event, recv, price * 0.1)
        left[order_id] = left.get(order_id, 0) + (qty if kind == EventKind.ADD else -qty)
        rest = left[order_id]
        if kind == EventKind.ADD:
            out.append((own | 10, *place, qty * 0.001, order_id, 0, 0.0))
            continue
        if kind == EventKind.EXECUTE:
            out.append((other | 2, *place, qty * 0.001, 0, 0, 0.0))
            out.append((own | 13, *place, qty * 0.001, order_id, 0, 0.0))
        code, lots = (12, rest) if rest else (11, qty)
        out.append((own | code, *place, lots * 0.001, order_id, 0, 0.0))
    return np.array(out, HBT_DTYPE)
