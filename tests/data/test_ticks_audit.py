"""The audit of `check` finds what its plain twin finds, in rows of every kind and any pieces."""

import itertools

import numpy as np
import pytest
from audit_reference import PlainAudit
from tick_rows import MIDNIGHT

from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks.audit import BookAudit
from hftsim.data.ticks.validate import KINDS_OF, Validator

FAR = (300_000, -300_000, 1 << 40, -(1 << 40), 1 << 52)


def odd_rows(rng, level, rows):
    """Return rows that may be, of a book that crosses and of orders that contradict each other."""
    kind = rng.choice([int(k) for k in KINDS_OF[level]], rows).astype(np.uint8)
    often = {"l1": EventKind.QUOTE, "l2": EventKind.DEPTH, "l3": EventKind.ADD}[level]
    kind[rng.random(rows) < rng.choice([0.5, 0.9])] = often
    price = 100 + rng.integers(-3, 4, rows) - rng.integers(0, 4, rows)
    side = rng.choice([1, -1], rows).astype(np.int8)
    price = np.where(rng.random(rows) < 0.8, price - 3 * side, price)
    price = np.where(rng.random(rows) < rng.choice([0, 0.05]), rng.choice(FAR, rows), price)
    side[kind >= EventKind.STATUS] = 0
    side[(kind == EventKind.CLEAR) & (rng.random(rows) < 0.5)] = 0
    times = MIDNIGHT + np.cumsum(rng.integers(0, 3, rows))
    columns = {
        "ts_event": times,
        "ts_recv": times,
        "price": price,
        "qty": rng.integers(1, 9, rows),
        "kind": kind,
        "side": side,
        "flags": rng.choice([5, 13, 4, 9, 13], rows).astype(np.uint8),
    }
    columns["qty"][np.isin(kind, [EventKind.DEPTH, EventKind.QUOTE]) & (rng.random(rows) < 0.4)] = 0
    if level == "l3":
        columns["order_id"] = rng.choice([*range(1, 30), 1 << 33, (1 << 63) - 1], rows)
        columns["priority"] = np.arange(1, rows + 1)
    columns["flags"][np.diff(times, append=times[-1] + 1) > 0] |= np.uint8(EventFlag.LAST)
    return columns


@pytest.mark.parametrize("level", ["l1", "l2", "l3"])
def test_the_audit_finds_what_its_twin_finds(level):
    met = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        columns = odd_rows(rng, level, 300)
        assert Validator(level).first_flaw(columns) is None
        fast, plain = BookAudit(level), PlainAudit(level)
        cuts = [0, *sorted(rng.integers(0, 300, 4).tolist()), 300]
        for start, stop in itertools.pairwise(cuts):
            part = {name: values[start:stop] for name, values in columns.items()}
            fast.add(part, 1000 + start)
            plain.add(part, 1000 + start)
            assert fast.best() == plain.best()
            assert fast.counts == plain.counts
            assert fast.examples == plain.examples
        met |= set(plain.counts)
    orders = {"unknown_orders", "repeated_orders", "beyond_order"}
    assert met == {"crossed_book"} | (orders if level == "l3" else set())


@pytest.mark.parametrize("level", ["l2", "l3"])
def test_a_book_that_must_grow(level):
    """40,000 levels far from each other, as many orders."""
    rows = 40_000
    rng = np.random.default_rng(1)
    columns = {
        "ts_event": MIDNIGHT + np.arange(rows),
        "price": rng.permutation(rows) * 1000,
        "qty": np.ones(rows, np.int64),
        "kind": np.full(rows, EventKind.DEPTH if level == "l2" else EventKind.ADD, np.uint8),
        "side": np.ones(rows, np.int8),
        "flags": np.full(rows, 13, np.uint8),
        "order_id": rng.permutation(rows) + 1,
    }
    columns["price"][-1], columns["side"][-1] = 5000, -1
    fast, plain = BookAudit(level), PlainAudit(level)
    fast.add(columns, 0)
    plain.add(columns, 0)
    assert fast.counts == plain.counts == {"crossed_book": 1}
    assert fast.best() == plain.best()
