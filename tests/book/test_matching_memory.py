"""The memory of a book: it grows, its window moves, reports overflow, and no result changes."""

import numpy as np
import pytest
from book_duel import difference, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from order_streams import ALL, CORE, drifting

from hftsim.book import OrderBook
from hftsim.book.matching.layout import MESSAGE, REPORT
from hftsim.book.matching.matcher import Matcher
from hftsim.book.orders.layout import ORDER, POSITIONS
from hftsim.book.orders.memory import BookMemory
from hftsim.core.errors import InputError

END = (1 << 63) - 1
numbers = st.one_of(
    st.sampled_from([0, 1, -1, END, -END - 1, POSITIONS, -POSITIONS, 2**31, 2**62]),
    st.integers(-END - 1, END),
)


def orders(**columns):
    count = len(next(iter(columns.values())))
    return {"op": [1] * count, "order_id": list(range(1, count + 1)), "qty": [1] * count} | columns


def test_an_order_takes_32_bytes_and_a_report_one_cache_line():
    assert (ORDER.itemsize, MESSAGE.itemsize, REPORT.itemsize) == (32, 32, 64)


@pytest.mark.parametrize("ids", ["auto", "dense", "hashed"])
def test_a_small_book_grows_while_it_works(ids):
    columns = drifting(31, 6_000, CORE, live=500)
    small = OrderBook(capacity=1, ids=ids)
    assert rows_of(small.process(columns)) == rows_of(OrderBook(capacity=50_000).process(columns))


@pytest.mark.parametrize("rows", [16, 17, 100])
def test_reports_that_overflow_come_in_parts_and_whole(rows):
    columns = drifting(32, 4_000, ALL)
    from hftsim.book.messages import pack

    whole = OrderBook().process(columns)
    parts = Matcher(BookMemory(), rows).process(*pack(columns))
    assert (whole == parts).all()
    assert whole["sequence"].tolist() == list(range(len(whole)))


def test_one_order_sweeps_more_than_the_buffer_holds():
    book = OrderBook()
    book.matcher = Matcher(book.memory, 16)
    book.process(orders(side=[-1] * 500, price=[7] * 500))
    rows = book.process({"order_id": [999], "side": [1], "price": [7], "qty": [600]})
    assert len(rows) == 1 + 2 * 500
    assert rows["match_id"][1::2].tolist() == list(range(1, 501))
    assert rows["leaves_qty"][-2:].tolist() == [100, 0]
    assert book.levels(1, 5) == [(7, 100)]


def test_prices_at_the_ends_of_int64_stand_in_order():
    prices = [0, END, -END - 1, -1, 5, 2**40, -(2**40), END - 1]
    book = OrderBook()
    book.process(orders(side=[-1] * 8, price=prices))
    assert [p for p, _ in book.levels(-1, 99)] == sorted(prices)
    for number in range(1, 9):
        assert book.process({"op": [2], "order_id": [number]})["qty"].tolist() == [1]
    assert book.levels(-1, 99) == []


def test_the_window_follows_a_market_that_drifts_away():
    book, rng = OrderBook(), np.random.default_rng(3)
    steps = 12_000
    mids = np.cumsum(rng.integers(50, 150, steps))
    side = rng.choice((1, -1), steps)
    columns = orders(side=side, price=mids - side * rng.integers(1, 50, steps))
    columns["tif"] = [3] * steps
    assert difference({n: np.asarray(c) for n, c in columns.items()}, OrderBook, pieces=4) is None
    book.process(columns)
    assert book.memory.sides["base"][0] > -mids[-1] - POSITIONS
    assert book.memory.get("far_live") > 0


@given(st.lists(st.tuples(st.sampled_from([1, 1, 1, 2, 3]), *[numbers] * 5), max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_numbers_are_answered_as_the_reference_does(rows):
    op, order_id, price, qty, owner, display = (
        (list(c) for c in zip(*rows, strict=True)) if rows else [[]] * 6
    )
    columns = {
        "op": np.array(op, np.int64),
        "order_id": np.array(order_id, np.int64) % 7
        if len(op) % 2
        else np.array(order_id, np.int64),
        "price": np.array(price, np.int64),
        "qty": np.array(qty, np.int64) // 1000,
        "owner": np.array(owner, np.int64),
        "display_qty": np.array(display, np.int64) | 1 << 60,
        "side": np.array([1 if p % 2 else -1 for p in price], np.int64),
    }
    assert difference(columns, OrderBook) is None


def test_ids_that_are_much_larger_than_their_number_are_hashed():
    book = OrderBook()
    book.process(orders(order_id=[5, 9, END, 1 << 40], side=[1] * 4, price=[1, 2, 3, 4]))
    assert book.memory.get("hashed") == 1
    assert [p for p, _ in book.levels(1, 9)] == [4, 3, 2, 1]
    with pytest.raises(InputError, match="too large for dense ids"):
        OrderBook(ids="dense").process(orders(order_id=[END], side=[1], price=[1]))


def test_single_messages_and_columns_give_the_same():
    columns = drifting(33, 2_000, CORE - {"iceberg", "broken"})
    whole, single = OrderBook().process(columns), OrderBook().matcher
    made = []
    names = ("op", "order_id", "side", "price", "qty")
    plain = {n: np.asarray(c).tolist() for n, c in columns.items()}
    for row in range(2_000):
        given = [plain[n][row] for n in names]
        kind, tif, owner = (plain[n][row] for n in ("type", "tif", "owner"))
        made += [tuple(r) for r in single.send(*given, kind=kind, tif=tif, owner=owner).tolist()]
    assert made == [tuple(r) for r in whole.tolist()]
