"""Recorded markets that no venue would send: every row may be, and nothing else is usual.

`wild_rows` keeps the rules of rows alone; `damaged` breaks them somewhere. Run as a program, it
plays many of both: `python tick_fuzz.py FIRST_SEED COUNT` prints what became of them as JSON, and
with a folder, `python tick_fuzz.py FOLDER STEP`, what became of a store with every STEPth bit flipped.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from hftsim import Backtester, Strategy, every
from hftsim.backtest import BacktestConfig, BacktestResult
from hftsim.core import Instrument
from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import Ticks, open_ticks
from hftsim.data.ticks.validate import KINDS_OF
from hftsim.risk import RiskLimits
from hftsim.sim.crowd import Crowd
from hftsim.sim.crowd.storing import write_ticks
from hftsim.sim.latency import LatencyModel

RULES = Instrument(symbol="ODDUSDT", kind="perpetual", tick_size="0.5", lot_size="0.001")
START = 1_700_006_400_000_000_000
MOST = 1 << 52
BOTH, LAST = int(EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL), int(EventFlag.LAST)
GAPS = (0, 0, 1, 1000, 10**6, 10**6, 10**7, 10**8, 10**9, 10**11)
FAR = (0, 1, -1, -5, 300_000, -300_000, 10**6, 10**9, -(10**9), MOST, -MOST, MOST - 1)
QTYS = (1, 2, 5, 9, 100, (1 << 31) - 1, 1 << 31, 1 << 33, MOST)
IDS = (1, 2, 3, 4, 5, 6, 7, 99, 1 << 40, (1 << 63) - 1)
BY_ORDER = range(EventKind.ADD, EventKind.EXECUTE + 1)


class Busy(Strategy):
    """Sends, changes and cancels orders of every kind, whatever it sees."""

    count: int = 0
    wake = every("20ms")

    def act(self, ctx):
        self.count += 1
        what = self.count % 11
        side = 1 if self.count % 2 else -1
        price = ctx.best_bid if side > 0 else ctx.best_ask
        if what < 4:
            ctx.send(side, 1 + self.count % 7, 2, price + what - 2, 0, what % 4)
        elif what == 4:
            ctx.send(side, 1 + self.count % 5)
        elif what == 5:
            ctx.target(0.01 * side)
        elif what == 6:
            ctx.cancel_all()
        elif what == 7:
            ctx.send(side, 1 << 40, 2, price + 10**6 * side)
        elif what == 8:
            ctx.replace(self.count // 11, price, 3)
        elif what == 9:
            ctx.cancel(self.count)
        else:
            ctx.close_position()

    def on_wake(self, ctx):
        self.act(ctx)

    def on_book(self, ctx):
        self.act(ctx)

    def on_trade(self, ctx, trade):
        self.act(ctx)

    def on_fill(self, ctx, fill):
        if self.count % 3 == 0:
            self.act(ctx)


def wild_rows(rng: np.random.Generator, level: str, rows: int) -> dict[str, np.ndarray]:
    """Return columns of rows that may be: packets of any kinds at any prices and quantities."""
    kind = rng.choice([int(k) for k in KINDS_OF[level]], rows).astype(np.uint8)
    kind[rng.random(rows) < 0.6] = {"l1": EventKind.QUOTE, "l2": EventKind.DEPTH}.get(level, 6)
    packet = np.cumsum(rng.random(rows) < 0.6)
    gaps = rng.choice(GAPS[: rng.integers(5, len(GAPS) + 1)], packet[-1] + 1)
    time = START + np.cumsum(gaps)
    received = np.maximum.accumulate(time + rng.choice([0, 1000, 10**6, 10**9], len(time)))
    near = 100 + rng.integers(-4, 5, rows) + np.cumsum(rng.integers(-1, 2, rows))
    wild = rng.random(rows) < rng.choice([0.0, 0.02, 0.3])
    columns = {
        "ts_event": time[packet],
        "ts_recv": received[packet],
        "price": np.where(wild, rng.choice(FAR, rows), near),
        "qty": np.where(rng.random(rows) < 0.1, rng.choice(QTYS, rows), rng.integers(1, 9, rows)),
        "kind": kind,
        "side": rng.choice([1, -1], rows).astype(np.int8),
        "flags": rng.choice([BOTH, BOTH, BOTH, 4, 8], packet[-1] + 1)[packet].astype(np.uint8),
    }
    columns["flags"][np.append(np.diff(packet) > 0, True)] |= LAST
    columns["side"][kind >= EventKind.STATUS] = 0
    columns["side"][np.isin(kind, [EventKind.TRADE, EventKind.CLEAR]) & wild] = 0
    may_be_zero = ~np.isin(kind, [EventKind.ADD, EventKind.REDUCE, EventKind.EXECUTE])
    columns["qty"][may_be_zero & (rng.random(rows) < 0.1)] = 0
    if level == "l3":
        known = np.isin(kind, BY_ORDER)
        columns["order_id"] = np.where(known, rng.choice(IDS, rows), 0)
        number = np.where(rng.random(rows) < 0.8, np.arange(1, rows + 1), rng.choice(IDS, rows))
        unknown = (rng.random(rows) < 0.2) & (kind != EventKind.ADD)
        columns["priority"] = np.where(known & ~unknown, number, 0)
    return columns


def damaged(rng: np.random.Generator, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return columns with bits flipped, rows swapped, or values put where they do not belong."""
    made = {name: values.copy() for name, values in columns.items()}
    rows = len(made["kind"])
    for _ in range(int(rng.integers(1, 4))):
        name, row = rng.choice(list(made)), int(rng.integers(rows))
        values, how = made[name], rng.integers(4)
        if how == 0:
            raw = values[row : row + 1].view(np.uint8)
            raw[rng.integers(len(raw))] ^= np.uint8(1 << rng.integers(8))
        elif how == 1:
            other = int(rng.integers(rows))
            for column in made.values():
                column[[row, other]] = column[[other, row]]
        elif how == 2:
            odd = np.array([0, -1, 77, 1 << 31, 1 << 53, -(1 << 63), (1 << 63) - 1])
            values[row] = rng.choice(odd).astype(values.dtype)
        else:
            values[row:] = np.roll(values[row:], 1)
    return made


def settings_of(rng: np.random.Generator, chunk_rows: int | None) -> BacktestConfig:
    """Return settings of a run: few or no limits, any latency."""
    limits = RiskLimits.off() if rng.random() < 0.7 else RiskLimits()
    return BacktestConfig(
        initial_capital=float(rng.choice([1e5, 1e12])),
        risk_limits=limits,
        latency=LatencyModel.constant(str(rng.choice(["0ms", "5ms", "300ms"]))),
        partial_fills=bool(rng.random() < 0.7),
        equity_every="10s",
        chunk_rows=chunk_rows,
    )


def account_for(result: BacktestResult, columns: dict[str, np.ndarray]) -> None:
    """Demand that nothing was lost: rows, orders, lots, unknown orders."""
    market = result.market
    at_venue = (columns["flags"] & EventFlag.ON_EXCHANGE) > 0
    received = columns["ts_recv"][(columns["flags"] & EventFlag.ON_LOCAL) > 0]
    after_end = np.flatnonzero(at_venue & (columns["ts_event"] > received.max()))
    done = after_end[0] if len(after_end) else len(columns["kind"])
    assert market.steps_done == done
    if "priority" in columns:
        by_order = np.isin(columns["kind"], [6, 7, 8, 10]) & at_venue
        unknown = int((by_order & (columns["priority"] == 0))[:done].sum())
        assert result.summary["rows_of_unknown_orders"] == unknown
    orders = market.orders[: int(market.context["order_count"][0])]
    fills = market.fills[: int(market.context["fill_count"][0])]
    assert orders["id"].tolist() == list(range(1, len(orders) + 1))
    filled = np.zeros(len(orders) + 1, np.int64)
    np.add.at(filled, fills["order_id"], fills["qty"])
    assert (filled[1:] == orders["filled"]).all()
    assert (orders["filled"] <= orders["qty"]).all() or not len(orders)
    assert (orders["status"] > 2).all()
    held = int((fills["side"] * fills["qty"]).sum())
    assert held == int(market.instrument_records["position"][0])


def play(seed: int, rows: int = 400) -> str:
    """Run one market and say what became of it; the same in both modes and chunks of any size."""
    rng = np.random.default_rng(seed)
    level = str(rng.choice(["l1", "l2", "l3"]))
    columns = wild_rows(rng, level, rows)
    if rng.random() < 0.3:
        columns = damaged(rng, columns)
    config, cut, hashes = int(rng.integers(1 << 30)), int(rng.integers(1, 50)), set()
    for mode, chunk_rows in (("native", None), ("native", cut), ("python", cut)):
        settings = settings_of(np.random.default_rng(config), chunk_rows)
        try:
            ticks = Ticks.from_columns(RULES, columns, level=level)
            result = Backtester(Busy(), settings, mode=mode).run(ticks)
        except DataError as error:
            hashes.add("refused" if "row" in str(error) else str(error))
            continue
        account_for(result, columns)
        hashes.add(result.run_hash)
    assert len(hashes) == 1, (seed, hashes)
    (found,) = hashes
    return found if found == "refused" else "ran"


def flip_bits(folder: Path, step: int) -> Counter[str]:
    """Run a small store once for every `step`th bit of its file, with that bit flipped."""
    path = folder / "odd.arrow"
    write_ticks(Crowd(seed=3, kind="l2"), 1500, path)
    raw, found = path.read_bytes(), Counter[str]()
    wanted = Backtester(Busy()).run(open_ticks(path))
    assert len(wanted.fills) > 10
    for bit in range(0, 8 * len(raw), step):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            result = Backtester(Busy()).run(open_ticks(path))
        except DataError as error:
            found["refused" if path.name in str(error) else str(error)] += 1
            continue
        assert result.run_hash == wanted.run_hash, bit
        found["same"] += 1
    path.write_bytes(raw)
    return found


if __name__ == "__main__":
    first, count = sys.argv[1], int(sys.argv[2])
    if first.isdigit():
        print(json.dumps(Counter(play(seed) for seed in range(int(first), int(first) + count))))
    else:
        print(json.dumps(flip_bits(Path(first), count)))
