"""Stops and pegged orders: what acts after a message is complete, worked out by hand."""

import pytest
from book_hand import Hand

from hftsim.core.enums import OrderFlag as Flag
from hftsim.core.enums import OrderType as Type
from hftsim.core.enums import TimeInForce as Tif


@pytest.fixture
def book():
    return Hand()


# -- stops ----------------------------------------------------------------------------------------


def trade(book, price, order_id=900):
    """Make a trade of one lot print at a price."""
    book.sell(order_id, 1, price)
    return book.buy(order_id + 1, 1, price)


def test_a_stop_comes_in_after_the_message_that_triggers_it(book):
    book.sell(1, 1, 100)
    book.sell(2, 1, 101)
    book.sell(3, 5, 102)
    assert book.buy(4, 2, type=Type.STOP, trigger=101) == [("ack", 4, 0, 0, 2, 2)]
    assert book.buy(5, 3, 102) == [
        ("ack", 5, 0, 102, 3, 3),
        ("fill", 5, 1, 100, 1, 2),
        ("fill", 1, 5, 100, 1, 0),
        ("fill", 5, 2, 101, 1, 1),
        ("fill", 2, 5, 101, 1, 0),
        ("fill", 5, 3, 102, 1, 0),
        ("fill", 3, 5, 102, 1, 4),
        ("trigger", 4, 0, 0, 2, 2),
        ("fill", 4, 3, 102, 2, 0),
        ("fill", 3, 4, 102, 2, 2),
    ]


def test_stops_enter_by_the_time_of_their_trigger_then_by_arrival(book):
    book.sell(1, 1, 100)
    book.sell(2, 1, 101)
    book.buy(11, 1, 50, type=Type.STOP_LIMIT, trigger=101)
    book.buy(12, 1, 51, type=Type.STOP_LIMIT, trigger=100)
    book.buy(13, 1, 52, type=Type.STOP_LIMIT, trigger=100)
    rows = book.buy(3, 2, 101)
    assert rows[-3:] == [
        ("trigger", 12, 0, 51, 1, 1),
        ("trigger", 13, 0, 52, 1, 1),
        ("trigger", 11, 0, 50, 1, 1),
    ]


def test_a_sell_stop_waits_for_a_price_at_or_below(book):
    book.buy(1, 9, 90)
    book.sell(2, 3, type=Type.STOP, trigger=95)
    assert trade(book, 96)[-1][0] == "fill"
    assert trade(book, 95, 910)[-3:] == [
        ("trigger", 2, 0, 0, 3, 3),
        ("fill", 2, 1, 90, 3, 0),
        ("fill", 1, 2, 90, 3, 6),
    ]


def test_stops_cascade_each_complete_before_the_next(book):
    book.buy(1, 1, 100)
    book.buy(2, 2, 98)
    book.buy(3, 9, 96)
    book.sell(11, 2, type=Type.STOP, trigger=100)
    book.sell(12, 1, type=Type.STOP, trigger=98)
    book.sell(13, 1, type=Type.STOP, trigger=100)
    rows = book.sell(4, 1, 100)
    assert [row[:5] for row in rows if row[0] == "trigger"] == [
        ("trigger", 11, 0, 0, 2),
        ("trigger", 13, 0, 0, 1),
        ("trigger", 12, 0, 0, 1),
    ]
    assert [(r[1], r[3], r[4]) for r in rows if r[0] == "fill" and r[1] > 10] == [
        (11, 98, 2),
        (13, 96, 1),
        (12, 96, 1),
    ]


def test_a_stop_beyond_the_last_trade_is_active_at_once(book):
    trade(book, 100)
    assert book.buy(1, 2, type=Type.STOP, trigger=100) == [
        ("ack", 1, 0, 0, 2, 2),
        ("trigger", 1, 0, 0, 2, 2),
        ("expire", 1, 0, 0, 2, 0),
    ]
    assert book.buy(2, 2, 97, type=Type.STOP_LIMIT, trigger=99) == [
        ("ack", 2, 0, 97, 2, 2),
        ("trigger", 2, 0, 97, 2, 2),
    ]
    assert book.queue(1, 97) == [(2, 2, 0)]


def test_time_in_force_of_a_stop_speaks_when_it_is_active(book):
    trade(book, 100)
    book.sell(1, 3, 101)
    book.buy(2, 5, 101, type=Type.STOP_LIMIT, trigger=101, tif=Tif.FOK)
    book.buy(3, 2, 101, type=Type.STOP_LIMIT, trigger=101, tif=Tif.GTX)
    book.buy(4, 1, 102, type=Type.STOP_LIMIT, trigger=101, tif=Tif.GTX, flags=Flag.SLIDE)
    book.buy(5, 9, 101, type=Type.STOP_LIMIT, trigger=101, min_qty=3)
    assert book.buy(6, 1, 101)[3:] == [
        ("trigger", 2, 0, 101, 5, 5),
        ("expire", 2, 0, 101, 5, 0),
        ("trigger", 3, 0, 101, 2, 2),
        ("cancel", 3, 0, 101, 2, 0),
        ("trigger", 4, 0, 100, 1, 1),
        ("trigger", 5, 0, 101, 9, 9),
        ("expire", 5, 0, 101, 9, 0),
    ]
    assert book.reasons[3:] == [
        "none",
        "fok_not_fillable",
        "none",
        "would_take",
        "none",
        "none",
        "min_qty_not_fillable",
    ]


def test_a_waiting_stop_can_be_cancelled_and_made_smaller_only(book):
    book.buy(1, 5, 90, type=Type.STOP_LIMIT, trigger=101)
    assert book.replace(1, 5, 90) == [("reject", 1, 0, 90, 5, 0)]
    assert book.reasons == ["bad_type"]
    assert book.send(op=3, order_id=1, qty=4, has_price=False) == [("replace", 1, 0, 90, 4, 4)]
    assert book.cancel(1) == [("cancel", 1, 0, 90, 4, 0)]


def test_a_trailing_stop_follows_the_price_and_never_goes_back(book):
    trade(book, 100)
    book.buy(1, 9, 80)
    book.sell(2, 3, type=Type.TRAILING_STOP, offset=3)
    stop = book.book.live[2]
    assert stop.trigger == 97
    trade(book, 104, 910)
    assert stop.trigger == 101
    trade(book, 102, 920)
    assert stop.trigger == 101
    assert trade(book, 101, 930)[3:] == [
        ("trigger", 2, 0, 0, 3, 3),
        ("fill", 2, 1, 80, 3, 0),
        ("fill", 1, 2, 80, 3, 6),
    ]


def test_a_trailing_buy_begins_at_the_trigger_it_was_given(book):
    order = {"type": Type.TRAILING_STOP_LIMIT, "offset": 2, "flags": Flag.TRIGGER_GIVEN}
    book.buy(1, 3, 105, trigger=110, **order)
    stop = book.book.live[1]
    trade(book, 109)
    assert stop.trigger == 110
    trade(book, 104, 910)
    assert stop.trigger == 106
    assert trade(book, 106, 920)[3:] == [("trigger", 1, 0, 105, 3, 3)]
    assert book.queue(1, 105) == [(1, 3, 0)]


# -- pegs -----------------------------------------------------------------------------------------


def pegged(book, order_id, side, qty, peg, offset=0, **terms):
    terms = {"has_price": False} | terms
    return book.send(
        order_id=order_id, side=side, qty=qty, type=Type.PEGGED, flags=peg, offset=offset, **terms
    )


def test_a_primary_peg_follows_its_own_side(book):
    book.buy(1, 1, 99)
    assert pegged(book, 2, 1, 5, Flag.PEG_PRIMARY, -1) == [("ack", 2, 0, 98, 5, 5)]
    assert book.buy(3, 1, 101) == [
        ("ack", 3, 0, 101, 1, 1),
        ("reprice", 2, 0, 100, 5, 5),
    ]
    assert book.cancel(3) == [("cancel", 3, 0, 101, 1, 0), ("reprice", 2, 0, 98, 5, 5)]


def test_a_cap_bounds_a_peg(book):
    book.buy(1, 1, 99)
    assert pegged(book, 2, 1, 5, Flag.PEG_PRIMARY, 0, price=100, has_price=True)[0][3] == 99
    assert book.buy(3, 1, 105)[-1] == ("reprice", 2, 0, 100, 5, 5)


def test_midpoint_pegs_round_away_from_the_other_side(book):
    book.buy(1, 1, 97)
    book.sell(2, 1, 100)
    assert pegged(book, 3, 1, 5, Flag.PEG_MIDPOINT) == [("ack", 3, 0, 98, 5, 5)]
    assert pegged(book, 4, -1, 2, Flag.PEG_MIDPOINT) == [("ack", 4, 0, 99, 2, 2)]
    assert book.buy(5, 1, 98) == [
        ("ack", 5, 0, 98, 1, 1),
        ("reprice", 3, 0, 99, 5, 5),
        ("fill", 3, 4, 99, 2, 3),
        ("fill", 4, 3, 99, 2, 0),
    ]


def test_a_peg_without_a_reference_waits_outside(book):
    assert pegged(book, 1, 1, 5, Flag.PEG_PRIMARY) == [("ack", 1, 0, 0, 5, 5)]
    assert book.buy(2, 1, 90)[-1] == ("reprice", 1, 0, 90, 5, 5)
    assert book.queue(1, 90) == [(2, 1, 0), (1, 5, 0)]
    assert book.cancel(2)[-1] == ("reprice", 1, 0, 0, 5, 5)
    assert book.queue(1, 90) == []
    assert book.cancel(1) == [("cancel", 1, 0, 0, 5, 0)]


def test_pegs_follow_neither_hidden_orders_nor_other_pegs(book):
    book.buy(1, 1, 90)
    book.buy(2, 1, 95, flags=Flag.HIDDEN)
    assert pegged(book, 3, 1, 5, Flag.PEG_PRIMARY, 2)[0][3] == 92
    assert pegged(book, 4, 1, 5, Flag.PEG_PRIMARY, 1)[0][3] == 91


def test_pegs_are_repriced_by_arrival_and_lose_their_place(book):
    book.buy(1, 1, 90)
    pegged(book, 2, 1, 5, Flag.PEG_PRIMARY, display_qty=2)
    pegged(book, 3, 1, 5, Flag.PEG_PRIMARY)
    assert book.buy(4, 1, 91)[1:] == [
        ("reprice", 2, 0, 91, 5, 5),
        ("reprice", 3, 0, 91, 5, 5),
    ]
    assert book.queue(1, 91) == [(4, 1, 0), (2, 2, 3), (3, 5, 0)]


def test_an_aggressive_market_peg_takes(book):
    book.sell(1, 2, 100)
    book.sell(2, 2, 103)
    assert pegged(book, 3, 1, 3, Flag.PEG_MARKET) == [
        ("ack", 3, 0, 100, 3, 3),
        ("fill", 3, 1, 100, 2, 1),
        ("fill", 1, 3, 100, 2, 0),
        ("reprice", 3, 0, 103, 1, 1),
        ("fill", 3, 2, 103, 1, 0),
        ("fill", 2, 3, 103, 1, 1),
    ]


def test_a_peg_can_only_be_made_smaller(book):
    book.buy(1, 1, 90)
    pegged(book, 2, 1, 5, Flag.PEG_PRIMARY)
    assert book.replace(2, 5, 90) == [("reject", 2, 0, 90, 5, 0)]
    assert book.replace(2, 3, 12345) == [("replace", 2, 0, 90, 3, 3)]
