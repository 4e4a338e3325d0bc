"""A synthetic feed of a market of simple orders, by order and by price, for us and for hftbacktest.

Orders arrive at random times (1 ms on average) around a book of about 2,000 live ones: 48.5 % new
limit orders, most of them a few ticks behind the other side's best price, 46 % cancels of a random
order, 5.5 % market orders that walk the book. Both feeds tell the same market.
"""

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from _ticks_kernels import ADD, DELETE, DEPTH, EXECUTE, TRADE, market

TICK, LOT = 0.1, 0.001
COLUMNS = ("ts_event", "ts_recv", "price", "qty", "order_id", "left", "kind", "side")
_EXCHANGE, _LOCAL, _BUY, _SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
HFTBACKTEST = np.dtype(
    [("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8"),
     ("order_id", "u8"), ("ival", "i8"), ("fval", "f8")], align=True)  # fmt: skip


def synthetic(rows: int, *, by_order: bool, seed: int = 7) -> dict[str, np.ndarray]:
    """Return the columns of the feed; flags mark the ends of packets."""
    out = np.zeros((len(COLUMNS), rows), np.int64)
    made = market(np.random.default_rng(seed), rows, by_order, out)
    columns = dict(zip(COLUMNS, out[:, :made], strict=True))
    last = np.append(columns["ts_recv"][1:] != columns["ts_recv"][:-1], True)
    flags = (12 + last).astype(np.uint8)
    narrow = {"kind": np.uint8, "side": np.int8}
    return {**{k: v.astype(narrow.get(k, np.int64)) for k, v in columns.items()}, "flags": flags}


def as_hftbacktest(columns: dict[str, np.ndarray], tick: float, lot: float) -> np.ndarray:
    """Return the same rows in hftbacktest's layout; an EXECUTE becomes trade, fill and remainder."""
    kind, side = columns["kind"], columns["side"].astype(np.int64)
    codes = {1: 3, DEPTH: 1, TRADE: 2, ADD: 10, DELETE: 11, EXECUTE: 13}
    keep = np.isin(kind, list(codes))
    flags = columns["flags"].astype(np.uint64)
    rows = np.zeros(len(kind), HFTBACKTEST)
    event = np.select([kind == k for k in codes], list(codes.values()), 0).astype(np.uint64)
    event |= np.where(side > 0, _BUY, np.where(side < 0, _SELL, 0)).astype(np.uint64)
    event |= np.where(flags & 4, _EXCHANGE, 0).astype(np.uint64)
    rows["ev"] = event | np.where(flags & 8, _LOCAL, 0).astype(np.uint64)
    rows["exch_ts"], rows["local_ts"] = columns["ts_event"], columns["ts_recv"]
    rows["px"], rows["qty"] = columns["price"] * tick, columns["qty"] * lot
    if "order_id" in columns:
        rows["order_id"] = columns["order_id"]
    rows = rows[keep]
    executed = np.flatnonzero(kind[keep] == EXECUTE)
    if not len(executed):
        return rows
    times = np.ones(len(rows), np.int64)
    times[executed] = 3
    out = np.repeat(rows, times)
    first = (np.cumsum(times) - times)[executed]
    code, turned = np.uint64(0xFF), np.uint64(_BUY | _SELL)
    out["ev"][first] = (out["ev"][first] & ~code ^ turned) | np.uint64(2)
    left = columns["left"][keep][executed]
    remainder = np.where(left > 0, 12, 11).astype(np.uint64)
    out["ev"][first + 2] = (out["ev"][first + 2] & ~code) | remainder
    out["qty"][first + 2] = np.where(left > 0, left * lot, out["qty"][first + 2])
    return out


def tiled_store(folder: Path, rules: Any, columns: dict[str, np.ndarray], times: int) -> int:
    """Write rows `times` over, one after the other, into a store of days; return its bytes."""
    from hftsim.data.ticks.landing import Landing
    from hftsim.data.ticks.metadata import VERSION, columns_of, instrument_as_json

    about = {
        "version": VERSION, "symbol": rules.symbol, "instrument": instrument_as_json(rules),
        "level": "l2", "source": {"format": "benchmark", "files": []}, "corrections": {},
        "has_receive_times": True, "import_key": "benchmark",
    }  # fmt: skip
    span = int(columns["ts_recv"].max() - columns["ts_event"].min()) + 10**6
    landing = Landing(folder / rules.symbol, "l2", about, Counter())
    for k in range(times):
        block = {name: columns[name] for name in columns_of("l2")}
        for name in ("ts_event", "ts_recv"):
            block[name] = columns[name] + k * span
        landing.add(block, {"rows_doubled": 0, "off_grid_trades": 0})
    landing.finish()
    return sum(file.stat().st_size for file in folder.rglob("*.arrow"))


def real_capture(times: int) -> Any:
    """Return the recorded Binance USD-M capture as columns, `times` over, or None where it is not."""
    from hftsim.data.ticks import ImportSettings, ReadingOptions, TickStore, import_ticks

    data = Path(os.environ.get("HFTSIM_TEST_DATA", "../shared/data"))
    file = data / "binance_ticks/usdm_btcusdt_20240808.gz"
    if not file.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        import_ticks(
            [file],
            folder,
            format="binance",
            options=ReadingOptions(symbol="BTCUSDT"),
            settings=ImportSettings(fix_clock=True, fix_order=True),
        )
        ticks = TickStore(folder).open()
        chunks = [chunk.columns for chunk in ticks.chunks()]
        whole = {n: np.concatenate([c[n] for c in chunks]) for n in chunks[0]}
    told = np.isin(whole["kind"], (1, DEPTH, TRADE))
    once = {name: column[told] for name, column in whole.items()}
    span = int(max(once["ts_recv"].max(), once["ts_event"].max()) - once["ts_event"].min()) + 10**6
    tiled = {name: np.tile(column, times) for name, column in once.items()}
    shift = np.repeat(np.arange(times) * span, len(once["kind"]))
    return ticks.instrument, {
        **tiled, "ts_event": tiled["ts_event"] + shift, "ts_recv": tiled["ts_recv"] + shift,
    }  # fmt: skip
