"""The compiled book against the reference: rules 1 to 9."""

import pytest
from book_audit import Audit
from book_duel import assert_same, rows_of
from hypothesis import given, settings
from order_streams import CORE, EXTREMES, columns_of, drifting
from small_streams import small

from hftsim.book.matching.matcher import Matcher
from hftsim.book.order_book import OrderBook


class SmallBuffer(OrderBook):
    """Hands its reports over whenever 16 are there, often in the middle of a message."""

    def __init__(self):
        super().__init__(capacity=1, ids="hashed")
        self.matcher = Matcher(self.memory, rows=16)


SETTINGS = settings(max_examples=150, deadline=None)


@SETTINGS
@given(small(CORE))
def test_short_streams(messages):
    assert_same(columns_of(messages), OrderBook)


@SETTINGS
@given(small(CORE - {"iceberg"} | EXTREMES))
def test_short_streams_at_the_ends_of_int64(messages):
    assert_same(columns_of(messages), OrderBook)


@pytest.mark.parametrize(
    ("features", "ids"),
    [
        (CORE, "dense"),
        (CORE, "hashed"),
        (CORE | EXTREMES, "auto"),
        (CORE | EXTREMES, "hashed"),
        ({"owners", "iceberg", "fok"}, "dense"),
    ],
    ids=["core-dense", "core-hashed", "extremes-auto", "extremes-hashed", "few-dense"],
)
def test_drifting_markets(features, ids):
    assert_same(drifting(21, 10_000, features), lambda: OrderBook(ids=ids), pieces=11)


def test_a_full_report_buffer_is_emptied_and_the_message_goes_on():
    columns = drifting(25, 5_000, CORE)
    columns["qty"][::40] *= 50
    assert_same(columns, SmallBuffer, pieces=3)


def test_snapshots_in_the_middle_of_a_stream():
    assert_same(drifting(22, 5_000, CORE | EXTREMES), OrderBook, pieces=17, swap=True)


def test_rows_of_the_compiled_book_add_up():
    book, audit = OrderBook(), Audit()
    audit.hear(rows_of(book.process(drifting(23, 20_000, CORE))))
    rows = book.state_rows()[1:]
    assert {row[1]: row[8] + row[9] for row in rows.tolist()} == audit.open


def test_the_log_of_messages_replays_to_the_same_hash():
    columns = drifting(24, 5_000, CORE)
    hashes = set()
    for size in (1, 700, 5_000):
        book = OrderBook()
        for start in range(0, 5_000, size):
            book.process({name: column[start : start + size] for name, column in columns.items()})
        hashes.add(book.state_hash())
    assert len(hashes) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "features", "live", "width"),
    [
        (31, CORE, 150, 6),
        (32, CORE | EXTREMES, 150, 6),
        (33, CORE, 3000, 60),
        (34, CORE - {"broken"}, 800, 3),
    ],
)
def test_long_streams(seed, features, live, width):
    columns = drifting(seed, 300_000, features, live=live, width=width)
    assert_same(columns, OrderBook, pieces=31)
