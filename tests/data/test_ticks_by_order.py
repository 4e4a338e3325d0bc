"""Rows by order stand alone: side, price, change and priority."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks.by_order import OrderRows, RepeatedOrder

ADD, REDUCE, DELETE = EventKind.ADD, EventKind.REDUCE, EventKind.DELETE
MODIFY, EXECUTE, TRADE, CLEAR = (
    EventKind.MODIFY,
    EventKind.EXECUTE,
    EventKind.TRADE,
    EventKind.CLEAR,
)
DAY_ONE = 86_400_000_000_000
FIRST = 1 << 36


def block(rows):
    kinds, ids, sides, prices, qtys = zip(*rows, strict=True)
    return {
        "ts_event": np.full(len(rows), DAY_ONE),
        "kind": np.array(kinds, np.uint8),
        "order_id": np.array(ids, np.int64),
        "side": np.array(sides, np.int8),
        "price": np.array(prices, np.int64),
        "qty": np.array(qtys, np.int64),
        "flags": np.full(len(rows), EventFlag.LAST, np.uint8),
    }


def told(made):
    names = ("kind", "order_id", "side", "price", "qty", "priority")
    return [tuple(int(made[n][k]) for n in names) for k in range(len(made["kind"]))]


def test_reductions_executions_and_deletions_say_what_the_order_loses():
    stage = OrderRows()
    made = stage.completed(
        block(
            [
                (ADD, 7, 1, 100, 50),
                (ADD, 8, -1, 101, 20),
                (REDUCE, 7, 0, 0, 10),
                (EXECUTE, 8, 0, 0, 20),
                (DELETE, 7, 0, 0, 0),
                (TRADE, 0, 1, 101, 5),
            ]
        )
    )
    assert told(made) == [
        (ADD, 7, 1, 100, 50, FIRST + 1),
        (ADD, 8, -1, 101, 20, FIRST + 2),
        (REDUCE, 7, 1, 100, 10, FIRST + 1),
        (EXECUTE, 8, -1, 101, 20, FIRST + 2),
        (DELETE, 7, 1, 100, 40, FIRST + 1),
        (TRADE, 0, 1, 101, 5, 0),
    ]
    assert (stage.unknown, stage.beyond) == (0, 0)


def test_a_modify_keeps_its_place_only_where_it_shrinks_at_its_price():
    made = OrderRows().completed(
        block(
            [
                (ADD, 7, 1, 100, 50),
                (MODIFY, 7, 1, 100, 30),
                (MODIFY, 7, 1, 100, 30),
                (MODIFY, 7, 1, 99, 60),
            ]
        )
    )
    assert told(made) == [
        (ADD, 7, 1, 100, 50, FIRST + 1),
        (REDUCE, 7, 1, 100, 20, FIRST + 1),
        (DELETE, 7, 1, 100, 30, FIRST + 1),
        (ADD, 7, 1, 100, 30, FIRST + 2),
        (DELETE, 7, 1, 100, 30, FIRST + 2),
        (ADD, 7, 1, 99, 60, FIRST + 3),
    ]
    assert (made["flags"] & EventFlag.LAST).tolist() == [1, 1, 0, 1, 0, 1]


def test_orders_live_on_from_block_to_block_and_a_clear_forgets_them():
    stage = OrderRows()
    stage.completed(block([(ADD, 7, 1, 100, 50)]))
    made = stage.completed(
        block([(EXECUTE, 7, 0, 0, 20), (CLEAR, 0, 0, 0, 0), (DELETE, 7, 1, 9, 1)])
    )
    assert told(made)[0] == (EXECUTE, 7, 1, 100, 20, FIRST + 1)
    assert told(made)[2] == (DELETE, 7, 1, 9, 1, 0)
    assert stage.unknown == 1


def test_more_than_was_left_takes_what_was_left_and_is_counted():
    stage = OrderRows()
    made = stage.completed(block([(ADD, 7, 1, 100, 50), (EXECUTE, 7, 1, 100, 70)]))
    assert told(made)[1] == (EXECUTE, 7, 1, 100, 50, FIRST + 1)
    assert stage.beyond == 1


def test_an_id_of_a_living_order_is_refused_and_that_of_a_dead_one_is_not():
    stage = OrderRows()
    rows = [(ADD, 7, 1, 100, 5), (DELETE, 7, 1, 100, 5), (ADD, 7, -1, 101, 5), (ADD, 7, 1, 9, 9)]
    with pytest.raises(RepeatedOrder, match="order 7 is added") as caught:
        stage.completed(block(rows))
    assert caught.value.row == 3


ids = st.sampled_from([1, 2, 3, 4097, 1 << 62, (1 << 63) - 1])
kinds = st.sampled_from([ADD, REDUCE, DELETE, MODIFY, EXECUTE])
steps = st.tuples(kinds, ids, st.sampled_from([1, -1]), st.integers(1, 4), st.integers(1, 9))


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, min_size=1, max_size=120))
def test_levels_add_up_to_the_orders_of_a_dictionary(rows):
    stage, live, kept = OrderRows(), {}, []
    for kind, order_id, side, price, qty in rows:
        if kind == ADD and order_id in live:
            continue
        kept.append((kind, order_id, side, price, qty))
        if kind == ADD:
            live[order_id] = [side, price, qty]
        elif order_id in live:
            order = live[order_id]
            if kind == MODIFY:
                order[1:] = [price, qty]
            else:
                order[2] -= order[2] if kind == DELETE else min(qty, order[2])
                if order[2] == 0:
                    del live[order_id]
    levels, priorities = {}, []
    for at in range(0, len(kept), 7):
        made = stage.completed(block(kept[at : at + 7]))
        for kind, _, side, price, qty, priority in told(made):
            if priority:
                sign = 1 if kind == ADD else -1
                levels[side, price] = levels.get((side, price), 0) + sign * qty
                priorities += [priority] if kind == ADD else []
    expected = {}
    for side, price, qty in live.values():
        expected[side, price] = expected.get((side, price), 0) + qty
    assert {level: qty for level, qty in levels.items() if qty} == expected
    assert priorities == sorted(set(priorities))


def test_many_live_orders_make_the_table_grow_and_lose_none():
    n, stage = 20_000, OrderRows()
    ids = np.random.default_rng(3).permutation(np.arange(1, n + 1) * 1_000_003)
    stage.completed(block([(ADD, int(i), 1, int(i) % 97, 3) for i in ids]))
    made = stage.completed(block([(DELETE, int(i), 0, 0, 0) for i in sorted(ids)]))
    assert made["price"].tolist() == [int(i) % 97 for i in sorted(ids)]
    assert set(made["qty"].tolist()) == {3}
    assert stage.unknown == 0
