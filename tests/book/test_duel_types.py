"""The compiled book against the reference: every order type and the session, one by one and all."""

import pytest
from book_audit import Audit
from book_duel import assert_same, rows_of
from hypothesis import given, settings
from order_streams import ALL, CORE, EXTREMES, MORE, columns_of, drifting
from small_streams import small

from hftsim.book.order_book import OrderBook

SETTINGS = settings(max_examples=150, deadline=None)


@SETTINGS
@given(small(ALL))
def test_short_streams_of_everything(messages):
    assert_same(columns_of(messages), OrderBook)


@SETTINGS
@given(small(ALL | EXTREMES))
def test_short_streams_of_everything_at_the_ends_of_int64(messages):
    assert_same(columns_of(messages), OrderBook)


@pytest.mark.parametrize("feature", sorted(MORE))
def test_each_feature_beside_the_core(feature):
    assert_same(drifting(41, 3_000, CORE | {feature}), OrderBook, pieces=5)


@pytest.mark.parametrize(
    "features",
    [
        {"owners", "iceberg", "fok", "hidden", "self_trade"},
        {"auctions", "day", "market", "hidden", "iceberg"},
        {"stops", "trailing", "slide", "gtx", "min_qty"},
        {"pegged", "hidden", "self_trade", "owners", "stops"},
    ],
    ids=lambda names: "-".join(sorted(names)),
)
def test_features_that_meddle_with_each_other(features):
    assert_same(drifting(45, 4_000, features, width=2), OrderBook, pieces=5)


@pytest.mark.parametrize("features", [ALL, ALL | EXTREMES, ALL - {"auctions"} | EXTREMES])
def test_drifting_markets_of_everything(features):
    assert_same(drifting(51, 6_000, features), OrderBook, pieces=7)


def test_snapshots_in_the_middle_of_a_stream():
    assert_same(drifting(61, 4_000, ALL), OrderBook, pieces=23, swap=True)


def test_rows_of_the_compiled_book_add_up():
    book, audit = OrderBook(), Audit()
    audit.hear(rows_of(book.process(drifting(62, 20_000, ALL))))
    rows = [row for row in book.state_rows().tolist() if 1 <= row[0] <= 5]
    assert {row[1]: row[8] + row[9] for row in rows} == audit.open


@pytest.mark.slow
@pytest.mark.parametrize("seed", [71, 72])
def test_long_streams_of_everything(seed):
    assert_same(drifting(seed, 300_000, ALL), OrderBook, pieces=31)


@pytest.mark.slow
def test_a_long_stream_of_everything_at_the_ends_of_int64():
    assert_same(drifting(73, 300_000, ALL | EXTREMES), OrderBook, pieces=31)
