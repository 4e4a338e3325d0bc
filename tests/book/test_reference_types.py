"""Order types, self-trade modes and times in force beyond rules 1 to 9, worked out by hand."""

import pytest
from book_hand import Hand

from hftsim.core.enums import OrderFlag as Flag
from hftsim.core.enums import OrderType as Type
from hftsim.core.enums import TimeInForce as Tif


@pytest.fixture
def book():
    return Hand()


# -- combinations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": Type.MARKET, "flags": Flag.HIDDEN}, "bad_type"),
        ({"flags": Flag.SLIDE}, "bad_type"),
        ({"flags": Flag.PEG_PRIMARY}, "bad_type"),
        ({"flags": Flag.CANCEL_OLDEST | Flag.DECREMENT}, "bad_type"),
        ({"flags": Flag.TRIGGER_GIVEN}, "bad_type"),
        ({"type": Type.MARKET_TO_LIMIT, "tif": Tif.GTX}, "bad_type"),
        ({"type": Type.STOP, "tif": Tif.GTX}, "bad_type"),
        ({"type": Type.STOP, "flags": Flag.HIDDEN}, "bad_type"),
        ({"type": Type.STOP_LIMIT, "tif": Tif.AT_OPEN}, "bad_type"),
        ({"type": Type.STOP_LIMIT, "has_price": False}, "bad_price"),
        ({"type": Type.TRAILING_STOP, "flags": Flag.TRIGGER_GIVEN, "offset": 0}, "bad_price"),
        ({"type": Type.TRAILING_STOP, "offset": 3}, "bad_price"),
        ({"type": Type.PEGGED}, "bad_type"),
        ({"type": Type.PEGGED, "flags": Flag.PEG_PRIMARY | Flag.PEG_MARKET}, "bad_type"),
        ({"type": Type.PEGGED, "flags": Flag.PEG_PRIMARY, "tif": Tif.IOC}, "bad_type"),
        ({"type": Type.PEGGED, "flags": Flag.PEG_PRIMARY, "min_qty": 1}, "bad_type"),
        ({"tif": Tif.GTX, "min_qty": 1}, "bad_type"),
        ({"tif": Tif.AT_OPEN, "flags": Flag.HIDDEN}, "bad_type"),
        ({"min_qty": 6}, "bad_qty"),
        ({"min_qty": -1}, "bad_qty"),
        ({"tif": Tif.GTD, "expires": 0}, "bad_time"),
    ],
)
def test_what_does_not_go_together_is_refused(book, message, reason):
    sent = {"order_id": 2, "side": 1, "qty": 5, "price": 100} | message
    assert [row[0] for row in book.send(**sent)] == ["reject"]
    assert book.reasons == [reason]


# -- market-to-limit ------------------------------------------------------------------------------


def test_market_to_limit_is_a_limit_at_the_best_opposite_price(book):
    book.sell(1, 3, 100)
    book.sell(2, 3, 101)
    assert book.buy(3, 5, type=Type.MARKET_TO_LIMIT) == [
        ("ack", 3, 0, 100, 5, 5),
        ("fill", 3, 1, 100, 3, 2),
        ("fill", 1, 3, 100, 3, 0),
    ]
    assert book.queue(1, 100) == [(3, 2, 0)]


def test_market_to_limit_without_a_market_expires(book):
    assert book.buy(3, 5, type=Type.MARKET_TO_LIMIT) == [
        ("ack", 3, 0, 0, 5, 5),
        ("expire", 3, 0, 0, 5, 0),
    ]
    assert book.reasons[-1] == "no_market"


# -- hidden ---------------------------------------------------------------------------------------


def test_hidden_orders_trade_after_all_displayed_ones_of_their_price(book):
    book.sell(1, 2, 100, flags=Flag.HIDDEN)
    book.sell(2, 2, 100)
    book.sell(3, 4, 100, display_qty=2)
    book.sell(4, 2, 99, flags=Flag.HIDDEN)
    rows = book.buy(5, 9, 100)
    assert [(r[1], r[4]) for r in rows if r[0] == "fill" and r[1] != 5] == [
        (4, 2),
        (2, 2),
        (3, 2),
        (3, 2),
        (1, 1),
    ]
    assert book.queue(-1, 100) == [(1, 0, 1)]


def test_hidden_orders_count_for_post_only(book):
    book.sell(1, 2, 100, flags=Flag.HIDDEN)
    assert book.buy(2, 1, 100, tif=Tif.GTX) == [("reject", 2, 0, 100, 1, 0)]


def test_fok_before_an_own_hidden_order_counts_all_displayed_ones_whole(book):
    book.sell(1, 2, 100, flags=Flag.HIDDEN)
    book.sell(2, 2, 100, flags=Flag.HIDDEN, owner=7)
    book.sell(3, 9, 100, display_qty=1)
    assert book.buy(4, 12, 100, tif=Tif.FOK, owner=7)[-1] == ("expire", 4, 0, 100, 12, 0)
    assert book.buy(5, 11, 100, tif=Tif.FOK, owner=7)[-1] == ("fill", 1, 5, 100, 2, 0)


def test_fok_stops_at_the_first_of_several_own_orders(book):
    book.sell(1, 9, 100, display_qty=2)
    book.sell(2, 2, 100, owner=7)
    book.sell(3, 2, 100, flags=Flag.HIDDEN, owner=7)
    assert book.buy(4, 3, 100, tif=Tif.FOK, owner=7)[-1] == ("expire", 4, 0, 100, 3, 0)
    assert book.buy(5, 2, 100, tif=Tif.FOK, owner=7)[-1] == ("fill", 1, 5, 100, 2, 7)


def test_a_hidden_order_keeps_its_place_when_it_shrinks(book):
    book.sell(1, 5, 100, flags=Flag.HIDDEN, display_qty=2)
    book.sell(2, 5, 100, flags=Flag.HIDDEN)
    assert book.replace(1, 3, 100) == [("replace", 1, 0, 100, 3, 3)]
    assert book.queue(-1, 100) == [(1, 0, 3), (2, 0, 5)]


# -- post-only that slides ------------------------------------------------------------------------


def test_a_sliding_order_rests_one_tick_behind_the_opposite_price(book):
    book.sell(1, 2, 100)
    assert book.buy(2, 5, 103, tif=Tif.GTX, flags=Flag.SLIDE) == [("ack", 2, 0, 99, 5, 5)]
    book.sell(3, 2, 101)
    book.cancel(1)
    assert book.replace(2, 6, 101) == [("replace", 2, 0, 100, 6, 6)]
    assert book.queue(1, 100) == [(2, 6, 0)]


def test_a_sliding_order_with_nowhere_to_slide_is_refused(book):
    book.sell(1, 2, -(2**63))
    assert book.buy(2, 5, 103, tif=Tif.GTX, flags=Flag.SLIDE) == [("reject", 2, 0, 103, 5, 0)]
    assert book.reasons == ["would_take"]


# -- minimum quantity -----------------------------------------------------------------------------


def test_minimum_quantity_is_asked_for_on_entry_only(book):
    book.sell(1, 3, 100)
    assert book.buy(2, 9, 100, min_qty=4) == [
        ("ack", 2, 0, 100, 9, 9),
        ("expire", 2, 0, 100, 9, 0),
    ]
    assert book.reasons[-1] == "min_qty_not_fillable"
    assert book.buy(3, 9, 100, min_qty=3)[-1] == ("fill", 1, 3, 100, 3, 0)
    assert book.sell(4, 1, 100)[-1] == ("fill", 3, 4, 100, 1, 5)


def test_ioc_with_a_minimum(book):
    book.sell(1, 3, 100)
    assert book.buy(2, 9, 100, min_qty=2, tif=Tif.IOC)[1:] == [
        ("fill", 2, 1, 100, 3, 6),
        ("fill", 1, 2, 100, 3, 0),
        ("expire", 2, 0, 100, 6, 0),
    ]


# -- self-trade modes -----------------------------------------------------------------------------


def test_oldest_cancels_the_maker_and_goes_on(book):
    book.sell(1, 9, 100, owner=7, display_qty=2)
    book.sell(2, 2, 100)
    assert book.buy(3, 5, 100, owner=7, flags=Flag.CANCEL_OLDEST)[1:] == [
        ("cancel", 1, 0, 100, 9, 0),
        ("fill", 3, 2, 100, 2, 3),
        ("fill", 2, 3, 100, 2, 0),
    ]
    assert book.queue(1, 100) == [(3, 3, 0)]


def test_fok_with_oldest_counts_around_its_own_orders(book):
    book.sell(1, 9, 100, owner=7)
    book.sell(2, 2, 100)
    terms = {"tif": Tif.FOK, "owner": 7, "flags": Flag.CANCEL_OLDEST}
    assert book.buy(3, 3, 100, **terms)[-1] == ("expire", 3, 0, 100, 3, 0)
    assert book.buy(4, 2, 100, **terms)[1:] == [
        ("cancel", 1, 0, 100, 9, 0),
        ("fill", 4, 2, 100, 2, 0),
        ("fill", 2, 4, 100, 2, 0),
    ]


def test_both_cancels_both(book):
    book.sell(1, 9, 100, owner=7)
    book.sell(2, 2, 100)
    assert book.buy(3, 5, 100, owner=7, flags=Flag.CANCEL_BOTH)[1:] == [
        ("cancel", 3, 0, 100, 5, 0),
        ("cancel", 1, 0, 100, 9, 0),
    ]
    assert book.reasons[1:] == ["self_trade", "self_trade"]


def test_decrement_takes_from_both_what_would_have_traded(book):
    book.sell(1, 6, 100, owner=7, display_qty=2)
    book.sell(2, 2, 100)
    assert book.buy(3, 5, 100, owner=7, flags=Flag.DECREMENT)[1:] == [
        ("reduce", 3, 0, 100, 2, 3),
        ("reduce", 1, 0, 100, 2, 4),
        ("fill", 3, 2, 100, 2, 1),
        ("fill", 2, 3, 100, 2, 0),
        ("cancel", 3, 0, 100, 1, 0),
        ("reduce", 1, 0, 100, 1, 3),
    ]
    assert book.queue(-1, 100) == [(1, 1, 2)]


def test_the_mode_of_the_incoming_order_counts(book):
    book.sell(1, 6, 100, owner=7, flags=Flag.CANCEL_OLDEST)
    assert book.buy(2, 5, 100, owner=7)[1:] == [("cancel", 2, 0, 100, 5, 0)]


# -- good till, day -------------------------------------------------------------------------------


def test_gtd_orders_end_before_the_message_that_is_as_late(book):
    book.sell(1, 1, 101, tif=Tif.GTD, expires=20)
    book.sell(2, 1, 101, tif=Tif.GTD, expires=10)
    book.sell(4, 1, 101, tif=Tif.GTD, expires=20)
    book.sell(3, 1, 101, tif=Tif.GTD, expires=30)
    assert book.buy(5, 1, 101, tif=Tif.IOC, ts_event=20) == [
        ("expire", 2, 0, 101, 1, 0),
        ("expire", 1, 0, 101, 1, 0),
        ("expire", 4, 0, 101, 1, 0),
        ("ack", 5, 0, 101, 1, 1),
        ("fill", 5, 3, 101, 1, 0),
        ("fill", 3, 5, 101, 1, 0),
    ]
    assert book.reasons[:3] == ["good_till"] * 3


def test_the_clock_never_goes_back(book):
    book.send(op=11, ts_event=50)
    assert book.buy(1, 1, 99, tif=Tif.GTD, expires=50, ts_event=10) == [("reject", 1, 0, 99, 1, 0)]
    book.buy(2, 1, 99, tif=Tif.GTD, expires=51, ts_event=10)
    assert book.send(op=11, ts_event=51) == [("expire", 2, 0, 99, 1, 0), ("ack", 0, 0, 0, 0, 0)]


def test_the_end_of_the_day_ends_day_orders(book):
    book.buy(5, 1, 99, tif=Tif.DAY)
    book.buy(2, 1, 100, type=Type.STOP_LIMIT, trigger=105, tif=Tif.DAY)
    book.buy(3, 1, 99)
    assert book.send(op=12) == [
        ("ack", 0, 0, 0, 2, 0),
        ("expire", 2, 0, 100, 1, 0),
        ("expire", 5, 0, 99, 1, 0),
    ]
    assert book.reasons == ["none", "day_ended", "day_ended"]
