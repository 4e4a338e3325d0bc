"""Rules 1 to 9 of docs/models/matching.md on the reference book, worked out by hand."""

import pytest
from book_hand import Hand

from hftsim.core.enums import TimeInForce as Tif


@pytest.fixture
def book():
    return Hand()


# -- rules 1 and 2 --------------------------------------------------------------------------------


def test_best_price_first_then_oldest_at_the_makers_price(book):
    book.sell(1, 4, 101)
    book.sell(2, 4, 100)
    book.sell(3, 4, 100)
    assert book.buy(4, 10, 105) == [
        ("ack", 4, 0, 105, 10, 10),
        ("fill", 4, 2, 100, 4, 6),
        ("fill", 2, 4, 100, 4, 0),
        ("fill", 4, 3, 100, 4, 2),
        ("fill", 3, 4, 100, 4, 0),
        ("fill", 4, 1, 101, 2, 0),
        ("fill", 1, 4, 101, 2, 2),
    ]
    assert book.queue(-1, 101) == [(1, 2, 0)]


def test_the_highest_bid_is_the_best_bid(book):
    book.buy(1, 1, -3)
    book.buy(2, 1, 0)
    assert book.sell(3, 2, -3) == [
        ("ack", 3, 0, -3, 2, 2),
        ("fill", 3, 2, 0, 1, 1),
        ("fill", 2, 3, 0, 1, 0),
        ("fill", 3, 1, -3, 1, 0),
        ("fill", 1, 3, -3, 1, 0),
    ]


def test_the_rest_of_a_limit_order_joins_the_back_of_its_level(book):
    book.sell(1, 2, 100)
    book.buy(2, 1, 99)
    assert book.buy(3, 5, 100)[-1] == ("fill", 1, 3, 100, 2, 0)
    book.buy(4, 1, 100)
    assert book.queue(1, 100) == [(3, 3, 0), (4, 1, 0)]


def test_extreme_prices_and_quantities_are_exact(book):
    top, most = 2**63 - 1, 2**63 - 1
    book.sell(1, most, top)
    book.buy(2, most, -(2**63))
    assert book.buy(3, most - 1, top)[1:] == [
        ("fill", 3, 1, top, most - 1, 0),
        ("fill", 1, 3, top, most - 1, 1),
    ]
    assert book.sell(4, 1)[1:] == [
        ("fill", 4, 2, -(2**63), 1, 0),
        ("fill", 2, 4, -(2**63), 1, most - 1),
    ]


# -- rule 3 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"op": 0}, "bad_operation"),
        ({"op": 14}, "bad_operation"),
        ({"order_id": 0}, "bad_order_id"),
        ({"order_id": -7}, "bad_order_id"),
        ({"order_id": 1}, "repeated_order_id"),
        ({"side": 0}, "bad_side"),
        ({"side": 2}, "bad_side"),
        ({"type": 0}, "bad_type"),
        ({"type": 5}, "bad_type"),
        ({"tif": 8}, "bad_time_in_force"),
        ({"flags": 512}, "bad_type"),
        ({"qty": 0}, "bad_qty"),
        ({"qty": -1}, "bad_qty"),
        ({"has_price": False}, "bad_price"),
        ({"type": 1, "tif": Tif.GTX}, "bad_type"),
        # The first reason in the order of the page counts.
        ({"order_id": 1, "side": 0, "qty": 0}, "repeated_order_id"),
        ({"side": 0, "type": 0, "tif": 9}, "bad_side"),
        ({"qty": 0, "has_price": False}, "bad_qty"),
        ({"type": 1, "tif": Tif.GTX, "qty": 0}, "bad_qty"),
    ],
)
def test_a_refused_order_gives_one_row_and_changes_nothing(book, message, reason):
    book.buy(1, 3, 99)
    before = book.book.state_rows()[1:].tolist()
    sent = {"order_id": 2, "side": 1, "qty": 5, "price": 100} | message
    shown_price = sent["price"] if sent.get("has_price", True) else 0
    assert book.send(**sent) == [("reject", sent["order_id"], 0, shown_price, sent["qty"], 0)]
    assert book.reasons == [reason]
    assert book.book.state_rows()[1:].tolist() == before


def test_the_id_of_a_dead_order_may_come_again(book):
    book.buy(1, 3, 99)
    book.cancel(1)
    assert book.sell(1, 2, 101) == [("ack", 1, 0, 101, 2, 2)]
    book.buy(2, 2, 101)
    assert book.buy(1, 1, 98) == [("ack", 1, 0, 98, 1, 1)]


# -- rule 4 ---------------------------------------------------------------------------------------


def test_cancel_takes_all_that_is_open(book):
    book.buy(1, 10, 99, display_qty=2)
    book.sell(2, 1, 99)
    assert book.cancel(1) == [("cancel", 1, 0, 99, 9, 0)]
    assert book.cancel(1) == [("reject", 1, 0, 0, 0, 0)]
    assert book.reasons == ["unknown_order"]
    assert book.send(op=2, order_id=77, side=9, price=5, qty=-4) == [("reject", 77, 0, 0, 0, 0)]


def test_cancel_looks_at_the_id_alone(book):
    book.buy(1, 10, 99)
    assert book.send(op=2, order_id=1, side=-1, type=99, price=3, qty=-1) == [
        ("cancel", 1, 0, 99, 10, 0)
    ]


# -- rule 5 ---------------------------------------------------------------------------------------


def test_smaller_at_the_same_price_keeps_the_place(book):
    book.buy(1, 10, 99)
    book.buy(2, 10, 99)
    assert book.replace(1, 4, 99) == [("replace", 1, 0, 99, 4, 4)]
    assert book.queue(1, 99) == [(1, 4, 0), (2, 10, 0)]


@pytest.mark.parametrize(("qty", "price"), [(10, 99), (11, 99)])
def test_the_same_quantity_or_more_goes_to_the_back(book, qty, price):
    book.buy(1, 10, 99)
    book.buy(2, 10, 99)
    assert book.replace(1, qty, price) == [("replace", 1, 0, price, qty, qty)]
    assert book.queue(1, 99) == [(2, 10, 0), (1, qty, 0)]


def test_the_quantity_of_a_replace_is_what_is_open_then(book):
    book.buy(1, 10, 99)
    book.sell(2, 6, 99)
    assert book.replace(1, 5, 99) == [("replace", 1, 0, 99, 5, 5)]
    book.buy(3, 1, 99)
    assert book.queue(1, 99) == [(1, 5, 0), (3, 1, 0)]
    assert book.replace(1, 4, 99) == [("replace", 1, 0, 99, 4, 4)]
    assert book.queue(1, 99) == [(1, 4, 0), (3, 1, 0)]


def test_a_crossing_price_trades_as_taker_after_the_replace_row(book):
    book.buy(1, 10, 95)
    book.sell(2, 3, 100)
    assert book.replace(1, 8, 101) == [
        ("replace", 1, 0, 101, 8, 8),
        ("fill", 1, 2, 100, 3, 5),
        ("fill", 2, 1, 100, 3, 0),
    ]
    assert book.queue(1, 101) == [(1, 5, 0)]


@pytest.mark.parametrize(
    ("message", "row", "reason"),
    [
        ({"order_id": 9, "qty": 5, "price": 90}, (9, 0, 90, 5, 0), "unknown_order"),
        ({"order_id": 1, "qty": 0, "price": 90}, (1, 0, 90, 0, 0), "bad_qty"),
        ({"order_id": 1, "qty": 5, "has_price": False}, (1, 0, 0, 5, 0), "bad_price"),
        ({"order_id": 1, "qty": -2, "has_price": False}, (1, 0, 0, -2, 0), "bad_qty"),
    ],
)
def test_a_refused_replace_leaves_the_old_order(book, message, row, reason):
    book.buy(1, 10, 99)
    assert book.send(op=3, **message) == [("reject", *row)]
    assert book.reasons == [reason]
    assert book.queue(1, 99) == [(1, 10, 0)]


def test_a_replace_reads_no_other_column(book):
    book.buy(1, 10, 99, display_qty=3, owner=5)
    book.send(op=3, order_id=1, qty=10, price=98, side=-1, type=99, tif=1, owner=7, display_qty=9)
    assert book.queue(1, 98) == [(1, 3, 7)]
    book.sell(2, 1, 98, owner=5)
    assert book.reasons == ["none", "self_trade"]


# -- rule 6 ---------------------------------------------------------------------------------------


def test_the_rest_of_ioc_and_market_orders_expires(book):
    book.sell(1, 3, 100)
    assert book.buy(2, 5, 100, tif=Tif.IOC) == [
        ("ack", 2, 0, 100, 5, 5),
        ("fill", 2, 1, 100, 3, 2),
        ("fill", 1, 2, 100, 3, 0),
        ("expire", 2, 0, 100, 2, 0),
    ]
    assert book.reasons[-1] == "ioc_remainder"
    assert book.buy(3, 5) == [("ack", 3, 0, 0, 5, 5), ("expire", 3, 0, 0, 5, 0)]


def test_a_market_order_ignores_its_price(book):
    book.sell(1, 1, 100)
    book.sell(2, 1, 200)
    rows = book.buy(3, 3, type=1, price=100, has_price=True)
    assert rows[0] == ("ack", 3, 0, 0, 3, 3)
    assert [row[3] for row in rows if row[0] == "fill"] == [100, 100, 200, 200]
    assert rows[-1] == ("expire", 3, 0, 0, 1, 0)


def test_fok_fills_whole_or_not_at_all(book):
    book.sell(1, 3, 100)
    book.sell(2, 3, 101)
    assert book.buy(3, 7, 101, tif=Tif.FOK) == [
        ("ack", 3, 0, 101, 7, 7),
        ("expire", 3, 0, 101, 7, 0),
    ]
    assert book.reasons[-1] == "fok_not_fillable"
    assert book.buy(4, 4, 100, tif=Tif.FOK)[-1] == ("expire", 4, 0, 100, 4, 0)
    assert book.buy(5, 6, 101, tif=Tif.FOK)[-1] == ("fill", 2, 5, 101, 3, 0)
    assert book.buy(6, 1, tif=Tif.FOK) == [("ack", 6, 0, 0, 1, 1), ("expire", 6, 0, 0, 1, 0)]


# -- rule 7 ---------------------------------------------------------------------------------------


def test_post_only_that_touches_is_refused_without_ack(book):
    book.sell(1, 3, 100)
    assert book.buy(2, 5, 100, tif=Tif.GTX) == [("reject", 2, 0, 100, 5, 0)]
    assert book.reasons == ["would_take"]
    assert book.buy(2, 5, 99, tif=Tif.GTX) == [("ack", 2, 0, 99, 5, 5)]


def test_post_only_replaced_to_a_crossing_price_stays_as_it_was(book):
    book.sell(1, 3, 100)
    book.buy(2, 5, 99, tif=Tif.GTX)
    book.buy(3, 5, 99)
    assert book.replace(2, 4, 100) == [("reject", 2, 0, 100, 4, 0)]
    assert book.queue(1, 99) == [(2, 5, 0), (3, 5, 0)]
    assert book.replace(2, 7, 98) == [("replace", 2, 0, 98, 7, 7)]


def test_post_only_looks_at_price_alone_own_orders_count(book):
    book.sell(1, 3, 100, owner=4)
    assert book.buy(2, 5, 101, tif=Tif.GTX, owner=4) == [("reject", 2, 0, 101, 5, 0)]


# -- rule 8 ---------------------------------------------------------------------------------------


def test_the_example_of_the_page(book):
    book.sell(1, 5, 100)
    book.sell(2, 10, 100, display_qty=3)
    book.sell(3, 4, 100)
    assert book.buy(9, 14, 100, tif=Tif.IOC) == [
        ("ack", 9, 0, 100, 14, 14),
        ("fill", 9, 1, 100, 5, 9),
        ("fill", 1, 9, 100, 5, 0),
        ("fill", 9, 2, 100, 3, 6),
        ("fill", 2, 9, 100, 3, 7),
        ("fill", 9, 3, 100, 4, 2),
        ("fill", 3, 9, 100, 4, 0),
        ("fill", 9, 2, 100, 2, 0),
        ("fill", 2, 9, 100, 2, 5),
    ]
    assert book.queue(-1, 100) == [(2, 1, 4)]


def test_a_refilled_slice_queues_behind_everybody(book):
    book.buy(1, 10, 99, display_qty=2)
    book.buy(2, 1, 99)
    book.sell(3, 2, 99)
    assert book.queue(1, 99) == [(2, 1, 0), (1, 2, 6)]


def test_the_last_slice_is_what_is_left(book):
    book.buy(1, 5, 99, display_qty=3)
    book.sell(2, 3, 99)
    assert book.queue(1, 99) == [(1, 2, 0)]


def test_an_incoming_iceberg_trades_with_all_it_has_and_then_shows_a_slice(book):
    book.sell(1, 7, 100)
    assert book.buy(2, 20, 100, display_qty=4)[1:] == [
        ("fill", 2, 1, 100, 7, 13),
        ("fill", 1, 2, 100, 7, 0),
    ]
    assert book.queue(1, 100) == [(2, 4, 9)]


@pytest.mark.parametrize("display_qty", [0, -3, 10, 11])
def test_a_display_quantity_outside_of_its_range_shows_everything(book, display_qty):
    book.buy(1, 10, 99, display_qty=display_qty)
    assert book.queue(1, 99) == [(1, 10, 0)]


def test_fok_counts_hidden_quantity(book):
    book.sell(1, 10, 100, display_qty=1)
    assert book.buy(2, 10, 100, tif=Tif.FOK)[-1] == ("fill", 1, 2, 100, 1, 0)


def test_an_iceberg_made_smaller_gives_up_hidden_quantity_first(book):
    book.buy(1, 10, 99, display_qty=4)
    book.buy(2, 1, 99)
    book.sell(3, 1, 99)
    assert book.queue(1, 99) == [(1, 3, 6), (2, 1, 0)]
    book.replace(1, 5, 99)
    assert book.queue(1, 99) == [(1, 3, 2), (2, 1, 0)]
    book.replace(1, 2, 99)
    assert book.queue(1, 99) == [(1, 2, 0), (2, 1, 0)]


def test_an_iceberg_that_loses_its_place_shows_a_full_slice(book):
    book.buy(1, 10, 99, display_qty=4)
    book.sell(2, 1, 99)
    book.replace(1, 9, 99)
    assert book.queue(1, 99) == [(1, 4, 5)]


def test_display_quantity_stays_with_the_order(book):
    book.buy(1, 3, 99, display_qty=4)
    assert book.queue(1, 99) == [(1, 3, 0)]
    book.replace(1, 9, 99)
    assert book.queue(1, 99) == [(1, 4, 5)]


# -- rule 9 ---------------------------------------------------------------------------------------


def test_the_incoming_rest_is_cancelled_before_its_own_order(book):
    book.sell(1, 2, 100)
    book.sell(2, 2, 100, owner=7)
    book.sell(3, 2, 100)
    assert book.buy(4, 5, 101, owner=7) == [
        ("ack", 4, 0, 101, 5, 5),
        ("fill", 4, 1, 100, 2, 3),
        ("fill", 1, 4, 100, 2, 0),
        ("cancel", 4, 0, 101, 3, 0),
    ]
    assert book.reasons[-1] == "self_trade"
    assert book.queue(-1, 100) == [(2, 2, 0), (3, 2, 0)]


def test_no_expire_follows_the_cancel_of_a_self_trade(book):
    book.sell(1, 2, 100, owner=7)
    assert book.buy(2, 5, tif=Tif.IOC, owner=7) == [
        ("ack", 2, 0, 0, 5, 5),
        ("cancel", 2, 0, 0, 5, 0),
    ]


def test_owner_0_is_nobody(book):
    book.sell(1, 2, 100)
    assert book.buy(2, 2, 100)[-1] == ("fill", 1, 2, 100, 2, 0)


def test_a_replace_meets_its_own_order_too(book):
    book.sell(1, 2, 100, owner=7)
    book.buy(2, 5, 99, owner=7)
    assert book.replace(2, 5, 100) == [
        ("replace", 2, 0, 100, 5, 5),
        ("cancel", 2, 0, 100, 5, 0),
    ]


def test_fok_counts_only_what_comes_before_the_first_own_order(book):
    book.sell(1, 10, 100, display_qty=2)
    book.sell(2, 1, 100, owner=7)
    book.sell(3, 9, 100)
    assert book.buy(4, 3, 100, tif=Tif.FOK, owner=7) == [
        ("ack", 4, 0, 100, 3, 3),
        ("expire", 4, 0, 100, 3, 0),
    ]
    assert book.buy(5, 2, 100, tif=Tif.FOK, owner=7)[-1] == ("fill", 1, 5, 100, 2, 8)


def test_fok_counts_hidden_quantity_of_levels_before_the_own_order(book):
    book.sell(1, 10, 99, display_qty=2)
    book.sell(2, 1, 100)
    book.sell(3, 1, 100, owner=7)
    assert book.buy(4, 12, 100, tif=Tif.FOK, owner=7)[-1] == ("expire", 4, 0, 100, 12, 0)
    assert book.buy(5, 11, 100, tif=Tif.FOK, owner=7)[-1] == ("fill", 2, 5, 100, 1, 0)
