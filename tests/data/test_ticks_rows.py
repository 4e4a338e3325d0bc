"""What no book may see, and rows put where both orders of time hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tick_rows import MIDNIGHT, NORMAL, columns_of_rows, random_l3

from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks.clocks import Reorderer, Survey
from hftsim.data.ticks.validate import KINDS_OF, Validator

EXCHANGE, LOCAL = int(EventFlag.ON_EXCHANGE), int(EventFlag.ON_LOCAL)


def flaw_of(change, level="l3", at=3):
    columns = random_l3(6, seed=1)
    columns["kind"][:] = EventKind.ADD
    columns["order_id"][:] = columns["priority"][:] = 5
    for name, value in change.items():
        columns[name][at] = value
    found = Validator(level).first_flaw(columns)
    return None if found is None else (found.row, found.field, found.sentence)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"kind": 0}, "kind", "0 is no kind"),
        ({"kind": 13}, "kind", "13 is no kind"),
        ({"kind": EventKind.DEPTH}, "kind", "DEPTH does not belong into L3"),
        ({"side": 0}, "side", "side of a ADD row cannot be 0"),
        ({"side": 2}, "side", "cannot be 2"),
        ({"kind": EventKind.STATUS, "side": 1}, "side", "STATUS row cannot be 1"),
        ({"flags": NORMAL | 16}, "flags", "29 holds unknown flags"),
        ({"flags": 1}, "flags", "neither"),
        ({"qty": -1}, "qty", "-1 lots is negative"),
        ({"qty": 0}, "qty", "0 lots means nothing in a ADD row"),
        ({"qty": (1 << 52) + 1}, "qty", "beyond 2^52"),
        ({"price": -(1 << 52) - 1}, "price", "beyond 2^52"),
        ({"order_id": 0}, "order_id", "0 is not above 0"),
        ({"order_id": -7}, "order_id", "-7 is not above 0"),
        ({"priority": -1}, "priority", "-1 cannot be"),
        ({"priority": 0}, "priority", "0 cannot be"),
        ({"ts_event": 1}, "ts_event", "earlier than"),
        ({"ts_recv": MIDNIGHT - 1, "ts_event": MIDNIGHT - 5}, "ts_event", "earlier than"),
        ({"ts_recv": MIDNIGHT - 1}, "ts_recv", "before it happened"),
        ({"ts_event": -(1 << 63)}, "ts_event", "is no time that can be"),
    ],
)
def test_rows_that_no_book_may_see(change, field, words):
    row, where, sentence = flaw_of(change)
    assert (row, where) == (3, field)
    assert words in sentence


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"kind": EventKind.TRADE, "side": 0, "order_id": 0, "qty": 0},
        {"kind": EventKind.CLEAR, "side": 0, "order_id": 0, "qty": 0},
        {"kind": EventKind.DELETE, "qty": 0},
        {"kind": EventKind.MODIFY, "qty": 0, "priority": 0},
        {"kind": EventKind.FUNDING, "side": 0, "qty": -100, "order_id": 0},
        {"price": -5},
        {"ts_event": MIDNIGHT - 9, "flags": LOCAL | 1},
        {"qty": 1 << 52},
    ],
)
def test_rows_that_are_odd_and_right(change):
    assert flaw_of(change) is None


def test_time_is_watched_from_piece_to_piece():
    early, late = columns_of_rows([(1, "TRADE", 1, 1, 1)]), columns_of_rows([(5, "TRADE", 1, 1, 1)])
    watch = Validator("l2")
    assert watch.first_flaw(late) is None
    found = watch.first_flaw(early)
    assert (found.row, found.field) == (0, "ts_event")
    assert f"earlier than {MIDNIGHT + 5}" in found.sentence
    assert Validator("l2").first_flaw({k: v[:0] for k, v in early.items()}) is None


def test_rows_of_one_packet_are_received_at_one_time():
    rows = columns_of_rows([(1, "DEPTH", 1, 1, 1), (1, "DEPTH", 1, 2, 1), (2, "DEPTH", 1, 3, 1)])
    rows["flags"][:2] &= ~np.uint8(EventFlag.LAST)
    found = Validator("l2").first_flaw(rows)
    assert (found.row, found.field) == (2, "ts_recv")
    assert "in the same packet" in found.sentence
    rows["flags"][1] |= np.uint8(EventFlag.LAST)
    assert Validator("l2").first_flaw(rows) is None


def plain_flaw(columns, level):
    """The same rules, written row by row in plain Python; returns the first bad row or -1."""
    last, is_open = {EXCHANGE: -(1 << 63), LOCAL: -(1 << 63)}, False
    for row in range(len(columns["kind"])):
        r = {name: int(values[row]) for name, values in columns.items()}
        kind = r["kind"]
        orders = EventKind.ADD <= kind <= EventKind.EXECUTE
        sideless = kind in (EventKind.STATUS, EventKind.FUNDING)
        open_side = kind in (EventKind.TRADE, EventKind.CLEAR)
        good = kind in KINDS_OF[level]
        good &= r["side"] == 0 if sideless else r["side"] in ((-1, 0, 1) if open_side else (-1, 1))
        good &= 4 <= r["flags"] <= 15
        good &= r["qty"] >= 0 or kind == EventKind.FUNDING
        may_be_zero = not orders or kind in (EventKind.DELETE, EventKind.MODIFY)
        good &= may_be_zero or r["qty"] != 0
        if level == "l3":
            good &= r["priority"] > 0 or (r["priority"] == 0 and kind != EventKind.ADD)
        if r["flags"] & LOCAL and is_open:
            good &= r["ts_recv"] == last[LOCAL]
        good &= abs(r["qty"]) <= 1 << 52 and abs(r["price"]) <= 1 << 52
        good &= not orders or r["order_id"] > 0
        good &= abs(r["ts_event"]) <= 1 << 62 and r["ts_event"] <= r["ts_recv"] <= 1 << 62
        for flag, name in ((EXCHANGE, "ts_event"), (LOCAL, "ts_recv")):
            if r["flags"] & flag:
                good &= r[name] >= last[flag]
        if not good:
            return row
        for flag, name in ((EXCHANGE, "ts_event"), (LOCAL, "ts_recv")):
            if r["flags"] & flag:
                last[flag] = r[name]
        if r["flags"] & LOCAL:
            is_open = not r["flags"] & EventFlag.LAST
    return -1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(KINDS_OF)), st.floats(0, 0.5))
def test_machine_code_and_plain_python_find_the_same_row(seed, level, share):
    rng = np.random.default_rng(seed)
    columns = random_l3(40, seed)
    if level != "l3":
        columns["kind"][:] = EventKind.TRADE
    wild = {
        "kind": lambda: rng.integers(0, 256),
        "side": lambda: rng.integers(-3, 4),
        "flags": lambda: rng.integers(0, 32),
        "qty": lambda: rng.choice([0, -1, 1, 1 << 52, 1 << 60]),
        "price": lambda: rng.choice([0, -5, 1 << 52, 1 << 53, -(1 << 62)]),
        "order_id": lambda: rng.choice([-1, 0, 1]),
        "priority": lambda: rng.choice([-1, 0, 1]),
        "ts_event": lambda: MIDNIGHT + rng.integers(-(10**10), 10**11),
        "ts_recv": lambda: MIDNIGHT + rng.integers(-(10**10), 10**11),
    }
    for name, make in wild.items():
        if rng.random() < share:
            columns[name][rng.integers(40)] = make()
    found = Validator(level).first_flaw(columns)
    assert (-1 if found is None else found.row) == plain_flaw(columns, level)


# -- both orders of time


def reordered(times, pieces):
    """Put rows given as (ts_event, ts_recv) in both orders; return their numbers and flags."""
    survey = Survey()
    event, recv = (np.array(c, np.int64) for c in zip(*times, strict=True))
    survey.add(event, recv)
    flags = np.full(len(event), NORMAL, np.uint8)
    kind = np.full(len(event), EventKind.DEPTH, np.uint8)
    columns = {
        "ts_event": event,
        "ts_recv": recv,
        "kind": kind,
        "flags": flags,
        "row": np.arange(len(event)),
    }
    reorder = Reorderer(survey)
    made = [
        reorder.add({k: v[piece] for k, v in columns.items()})
        for piece in np.array_split(np.arange(len(event)), pieces)
    ]
    made.append(reorder.finish())
    kept = [m for m in made if m is not None]
    rows = np.concatenate([m["row"] for m in kept])
    return rows.tolist(), np.concatenate([m["flags"] for m in kept]).tolist(), reorder.doubled


def test_rows_in_order_stay_as_they_are():
    rows, flags, doubled = reordered([(1, 5), (2, 5), (2, 6)], 1)
    assert (rows, flags, doubled) == ([0, 1, 2], [NORMAL] * 3, 0)


def test_a_late_row_stands_twice():
    """Row 2 happened before row 1 and came after it: first for the exchange, then for the eyes."""
    rows, flags, doubled = reordered([(1, 10), (5, 11), (3, 12), (6, 13)], 1)
    assert rows == [0, 2, 1, 2, 3]
    assert flags == [NORMAL, 1 | EXCHANGE, NORMAL, 1 | LOCAL, NORMAL]
    assert doubled == 1


def test_rows_of_equal_time_keep_the_order_they_came_in():
    rows, flags, _ = reordered([(5, 9), (5, 9), (4, 9), (5, 9)], 1)
    assert rows == [2, 0, 1, 2, 3]
    assert flags == [1 | EXCHANGE, NORMAL, NORMAL, 1 | LOCAL, NORMAL]


def plain_merge(times):
    """The two stable sorts and their merge, in plain Python."""
    by_event = sorted(range(len(times)), key=lambda r: times[r][0])
    by_recv = sorted(range(len(times)), key=lambda r: times[r][1])
    made = []
    while by_event and by_recv:
        a, b = by_event[0], by_recv[0]
        if a == b:
            made.append((a, EXCHANGE | LOCAL))
            by_event.pop(0)
            by_recv.pop(0)
        elif (times[a][0], a) < (times[b][0], b):
            made.append((by_event.pop(0), EXCHANGE))
        else:
            made.append((by_recv.pop(0), LOCAL))
    made += [(r, EXCHANGE) for r in by_event] + [(r, LOCAL) for r in by_recv]
    return made


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=60),
    st.integers(1, 7),
)
def test_any_disorder_ends_in_both_orders_however_it_is_cut(times, pieces):
    import hftsim.data.ticks.clocks as clocks

    before = clocks._LEAST_ROWS
    clocks._LEAST_ROWS = 1
    try:
        rows, flags, doubled = reordered(times, pieces)
    finally:
        clocks._LEAST_ROWS = before
    assert list(zip(rows, [f & 12 for f in flags], strict=True)) == plain_merge(times)
    event = [times[r][0] for r, f in zip(rows, flags, strict=True) if f & EXCHANGE]
    recv = [times[r][1] for r, f in zip(rows, flags, strict=True) if f & LOCAL]
    assert event == sorted(event)
    assert recv == sorted(recv)
    for flag in (EXCHANGE, LOCAL):
        chosen = [r for r, f in zip(rows, flags, strict=True) if f & flag]
        assert sorted(chosen) == list(range(len(times)))
    assert doubled == len(rows) - len(times)


def test_a_survey_tells_how_far_rows_are_off():
    survey = Survey()
    survey.add(np.array([10, 20, 15]), np.array([8, 30, 31]))
    survey.add(np.array([12, 40]), np.array([29, 50]))
    assert (survey.rows, survey.early, survey.smallest_latency) == (5, 1, -2)
    assert (survey.event_back, survey.event_lateness) == (2, 8)
    assert (survey.recv_back, survey.recv_lateness) == (1, 2)
    assert survey.clock_shift(100) == 102
    fine = Survey()
    fine.add(np.array([1]), np.array([3]))
    assert fine.clock_shift(100) == 0
