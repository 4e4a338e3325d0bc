"""Recorded changes applied without matching, against a dict of orders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.book import OrderBook
from hftsim.core.enums import Side
from hftsim.core.errors import InputError
from hftsim.core.events import EVENT_DTYPE, EventKind

ADD, REDUCE, DELETE = int(EventKind.ADD), int(EventKind.REDUCE), int(EventKind.DELETE)
MODIFY, EXECUTE, CLEAR = int(EventKind.MODIFY), int(EventKind.EXECUTE), int(EventKind.CLEAR)
KINDS = [ADD, ADD, ADD, REDUCE, DELETE, MODIFY, EXECUTE, CLEAR, int(EventKind.TRADE), 0, 200]
END = (1 << 63) - 1


def events(rows):
    made = np.zeros(len(rows), EVENT_DTYPE)
    for name, column in zip(
        ("kind", "side", "price", "qty", "order_id"), zip(*rows, strict=True), strict=True
    ):
        made[name] = column
    return made


def test_by_hand():
    book = OrderBook()
    counts = book.apply(
        events(
            [
                (ADD, 1, 100, 5, 1),
                (ADD, -1, 99, 7, 2),  # crosses, and stands: nothing matches here
                (ADD, 1, 100, 3, 3),
                (EXECUTE, 1, 100, 2, 1),
                (REDUCE, 1, 0, 1, 3),
                (REDUCE, 1, 0, 9, 77),
                (ADD, 1, 50, 1, 2),
                (MODIFY, 1, 101, 4, 1),
                (EXECUTE, -1, 99, 8, 2),
                (ADD, 0, 1, 1, 9),
                (int(EventKind.TRADE), 1, 100, 1, 0),
            ]
        )
    )
    assert counts == {
        "applied": 6,
        "unknown_id": 1,
        "repeated_id": 1,
        "too_much": 1,
        "impossible": 1,
        "no_change": 1,
    }
    assert book.levels(1, 9) == [(101, 4), (100, 2)]
    assert book.levels(-1, 9) == []


class DictBook:
    """The same in a dict: id -> [side, price, qty], younger orders later."""

    def __init__(self):
        self.orders, self.counts = (
            {},
            dict.fromkeys(
                ("applied", "unknown_id", "repeated_id", "too_much", "impossible", "no_change"), 0
            ),
        )

    def apply(self, kind, side, price, qty, order_id):
        self.counts[self._apply(kind, side, price, qty, order_id)] += 1

    def _apply(self, kind, side, price, qty, order_id):
        known = self.orders.get(order_id)
        if kind == CLEAR:
            self.orders = {k: o for k, o in self.orders.items() if side not in (0, o[0])}
            return "applied"
        if kind == ADD:
            if side not in (1, -1) or qty <= 0 or order_id < 0:
                return "impossible"
            if known:
                return "repeated_id"
            self.orders[order_id] = [side, price, qty]
            return "applied"
        if kind not in (REDUCE, EXECUTE, DELETE, MODIFY):
            return "no_change"
        if not known:
            return "unknown_id"
        if kind == DELETE:
            del self.orders[order_id]
            return "applied"
        if qty <= 0:
            return "impossible"
        if kind == MODIFY:
            keeps = price == known[1] and qty <= known[2]
            if not keeps:
                del self.orders[order_id]
            self.orders[order_id] = [known[0], price, qty]
            return "applied"
        known[2] -= qty
        if known[2] <= 0:
            del self.orders[order_id]
        return "too_much" if known[2] < 0 else "applied"

    def rows(self):
        kept = [(side, price, k, qty) for k, (side, price, qty) in self.orders.items()]
        return sorted(kept, key=lambda row: (-row[0], -row[0] * row[1]))


prices = st.one_of(st.integers(-3, 3), st.sampled_from([END, -END - 1, 2**40, 300_000]))
rows = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from([1, -1, 1, -1, 0, 5]),
    prices,
    st.one_of(st.integers(-1, 5), st.just(END // 100)),
    st.one_of(st.integers(-1, 12), st.just(END)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(rows, max_size=60), st.sampled_from(["auto", "hashed"]))
def test_against_a_dict(stream, ids):
    book, plain = OrderBook(capacity=1, ids=ids), DictBook()
    for row in stream:
        if row[0] != CLEAR or row[1] in (0, 1, -1):
            plain.apply(*row)
    kept = [r for r in stream if r[0] != CLEAR or r[1] in (0, 1, -1)]
    if kept:
        assert book.apply(events(kept)) == plain.counts
    state = book.state_rows()[1:]
    assert [(r[2], r[6], r[1], r[8]) for r in state.tolist()] == plain.rows()
    assert all(s in (Side.BUY, Side.SELL) for s in state[:, 2])


def test_a_book_of_matched_orders_with_terms_takes_no_recorded_changes():
    book = OrderBook()
    book.process({"order_id": [1], "side": [1], "price": [5], "qty": [9], "display_qty": [2]})
    with pytest.raises(InputError, match="use a book of their own"):
        book.apply(events([(ADD, 1, 100, 5, 2)]))
