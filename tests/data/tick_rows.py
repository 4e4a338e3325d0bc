"""Rows of ticks for tests: by hand, or random and right."""

import itertools
from decimal import Decimal

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.events import EVENT_DTYPE, EventFlag, EventKind
from hftsim.core.instrument import Instrument
from hftsim.data.ticks.dayfile import DayWriter
from hftsim.data.ticks.metadata import instrument_as_json

DAY = "2012-06-21"
MIDNIGHT = int(np.datetime64(DAY, "ns").astype(np.int64))
NORMAL = int(EventFlag.LAST | EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL)


def instrument():
    return Instrument(
        symbol="AAPL",
        kind=InstrumentKind.EQUITY,
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        maker_fee=0.0,
        taker_fee=0.00005,
        venue="NASDAQ",
    )


def columns_of_rows(rows, *, recv_after=0, orders=False):
    """Rows of (ns of the day, kind, side, price, qty[, order id]), all normal, as columns."""
    table = np.zeros(len(rows), EVENT_DTYPE)
    for made, row in zip(table, rows, strict=True):
        made["ts_event"] = MIDNIGHT + row[0]
        made["ts_recv"] = MIDNIGHT + row[0] + recv_after
        made["kind"], made["side"] = EventKind[row[1]], row[2]
        made["price"], made["qty"] = row[3], row[4]
        made["order_id"] = made["priority"] = row[5] if len(row) > 5 else 0
        made["flags"] = NORMAL
    names = [n for n in EVENT_DTYPE.names if orders or n not in ("order_id", "priority")]
    return {name: np.ascontiguousarray(table[name]) for name in names}


def random_l3(rows, seed):
    """Random events by order that keep every rule of a row."""
    rng = np.random.default_rng(seed)
    kinds = np.array([EventKind[n] for n in ("ADD", "REDUCE", "DELETE", "MODIFY", "EXECUTE")])
    kind = rng.choice([*kinds, EventKind.TRADE], rows).astype(np.uint8)
    times = MIDNIGHT + np.cumsum(rng.integers(0, 10**9, rows))
    trade = kind == EventKind.TRADE
    return {
        "ts_event": times,
        "ts_recv": times + 1000,
        "price": rng.integers(50_000, 60_000, rows),
        "qty": rng.integers(1, 1000, rows),
        "order_id": np.where(trade, 0, rng.integers(1, 10**9, rows)),
        "priority": np.where(trade, 0, np.arange(1, rows + 1)),
        "kind": kind,
        "side": rng.choice([-1, 1], rows).astype(np.int8),
        "flags": np.full(rows, NORMAL, np.uint8),
    }


def write_day(store, columns, *, level="l3", day=DAY, rules=None, pieces=1, **about):
    """Write a day's file straight into a store and return where it is."""
    rules = rules or instrument()
    path = store / rules.symbol / f"{day}.arrow"
    known = {
        "version": 1,
        "symbol": rules.symbol,
        "instrument": instrument_as_json(rules),
        "level": level,
        "source": {"format": "test", "files": []},
        "corrections": {},
        "has_receive_times": True,
        "import_key": "test",
        "day": day,
        **about,
    }
    writer = DayWriter(path, level, known)
    cuts = np.linspace(0, len(columns["kind"]), pieces + 1).astype(int)
    for start, stop in itertools.pairwise(cuts):
        writer.append({k: v[start:stop] for k, v in columns.items()})
    writer.finish({})
    return path
