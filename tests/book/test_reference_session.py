"""Mass cancels, blocks, collars, halts and auctions, worked out by hand."""

import numpy as np
import pytest
from book_hand import Hand

from hftsim.book.reference import Message, ReferenceBook
from hftsim.core.enums import OrderFlag as Flag
from hftsim.core.enums import OrderType as Type
from hftsim.core.enums import TimeInForce as Tif
from hftsim.core.errors import DataError, UnknownNameError

MASS_CANCEL, KILL, REVIVE, HALT, RESUME, AUCTION, UNCROSS, TIME = 4, 5, 6, 7, 8, 9, 10, 11
COLLAR = 13
ACK = ("ack", 0, 0, 0, 0, 0)
REFUSED = ("reject", 0, 0, 0, 0, 0)


@pytest.fixture
def book():
    return Hand()


# -- many orders at once --------------------------------------------------------------------------


def test_mass_cancel_by_owner_and_side_in_order_of_id(book):
    book.buy(5, 1, 99, owner=1)
    book.buy(2, 2, 98, owner=1)
    book.sell(3, 3, 105, owner=1)
    book.sell(4, 4, 105, owner=2)
    book.buy(1, 5, 120, owner=1, type=Type.STOP_LIMIT, trigger=110)
    assert book.send(op=MASS_CANCEL, owner=1, side=1) == [
        ("ack", 0, 0, 0, 3, 0),
        ("cancel", 1, 0, 120, 5, 0),
        ("cancel", 2, 0, 98, 2, 0),
        ("cancel", 5, 0, 99, 1, 0),
    ]
    assert book.reasons[1:] == ["mass_cancel"] * 3
    assert book.send(op=MASS_CANCEL) == [
        ("ack", 0, 0, 0, 2, 0),
        ("cancel", 3, 0, 105, 3, 0),
        ("cancel", 4, 0, 105, 4, 0),
    ]
    assert book.send(op=MASS_CANCEL) == [ACK]
    assert book.send(op=MASS_CANCEL, side=2) == [REFUSED]


def test_a_killed_owner_is_out_until_revived(book):
    book.buy(1, 1, 99, owner=1)
    book.buy(2, 1, 99, owner=2)
    assert book.send(op=KILL, owner=1) == [("ack", 0, 0, 0, 1, 0), ("cancel", 1, 0, 99, 1, 0)]
    assert book.reasons == ["none", "killed"]
    assert book.buy(3, 1, 99, owner=1) == [("reject", 3, 0, 99, 1, 0)]
    assert book.reasons == ["owner_blocked"]
    assert book.buy(4, 1, 99, owner=2)[0][0] == "ack"
    assert book.send(op=REVIVE, owner=1) == [("ack", 0, 0, 0, 1, 0)]
    assert book.send(op=REVIVE, owner=1) == [ACK]
    assert book.buy(5, 1, 99, owner=1)[0][0] == "ack"


def test_owner_0_is_everybody_for_the_kill_switch(book):
    book.buy(1, 1, 99)
    book.send(op=KILL, owner=3)
    assert book.send(op=KILL) == [("ack", 0, 0, 0, 1, 0), ("cancel", 1, 0, 99, 1, 0)]
    assert book.buy(2, 1, 99)[0][0] == "reject"
    assert book.buy(2, 1, 99, owner=9)[0][0] == "reject"
    assert book.send(op=REVIVE) == [("ack", 0, 0, 0, 2, 0)]
    assert book.buy(2, 1, 99, owner=3)[0][0] == "ack"


# -- collars --------------------------------------------------------------------------------------


def test_a_collar_refuses_limits_beyond_its_aggressive_bound(book):
    assert book.send(op=COLLAR, price=95, trigger=105) == [("ack", 0, 0, 95, 0, 0)]
    assert book.buy(1, 1, 106) == [("reject", 1, 0, 106, 1, 0)]
    assert book.reasons == ["outside_collar"]
    assert book.buy(1, 1, 20)[0][0] == "ack"
    assert book.sell(2, 1, 94)[0][0] == "reject"
    assert book.sell(2, 1, 500)[0][0] == "ack"
    assert book.replace(1, 1, 106) == [("reject", 1, 0, 106, 1, 0)]
    assert book.replace(1, 1, 105) == [("replace", 1, 0, 105, 1, 1)]


def test_market_orders_stop_at_the_collar(book):
    book.sell(1, 1, 105)
    book.sell(2, 1, 106)
    book.send(op=COLLAR, price=95, trigger=105)
    assert book.buy(3, 2, tif=Tif.FOK)[-1] == ("expire", 3, 0, 0, 2, 0)
    assert book.buy(4, 2)[1:] == [
        ("fill", 4, 1, 105, 1, 1),
        ("fill", 1, 4, 105, 1, 0),
        ("expire", 4, 0, 0, 1, 0),
    ]
    assert book.buy(5, 1, type=Type.MARKET_TO_LIMIT) == [("reject", 5, 0, 0, 1, 0)]


def test_a_collar_is_lifted_and_its_bounds_are_checked(book):
    book.send(op=COLLAR, price=95, trigger=105)
    assert book.send(op=COLLAR, price=106, trigger=105) == [REFUSED]
    assert book.send(op=COLLAR, price=105, trigger=105) == [("ack", 0, 0, 105, 0, 0)]
    book.send(op=COLLAR, price=106, trigger=105)
    assert book.reasons == ["bad_price"]
    assert book.buy(1, 1, 106)[0][0] == "reject"
    assert book.send(op=COLLAR, has_price=False) == [ACK]
    assert book.buy(1, 1, 106)[0][0] == "ack"


# -- halts ----------------------------------------------------------------------------------------


def test_halted_the_book_takes_only_what_leaves_or_shrinks(book):
    book.buy(1, 5, 99)
    book.buy(2, 5, 98, tif=Tif.GTD, expires=7)
    assert book.send(op=HALT) == [ACK]
    assert book.send(op=HALT) == [REFUSED]
    assert book.buy(3, 1, 90) == [("reject", 3, 0, 90, 1, 0)]
    assert book.reasons == ["not_in_this_phase"]
    assert book.replace(1, 5, 99) == [("reject", 1, 0, 99, 5, 0)]
    assert book.replace(1, 4, 99) == [("replace", 1, 0, 99, 4, 4)]
    assert book.send(op=UNCROSS) == [REFUSED]
    assert book.send(op=TIME, ts_event=7) == [("expire", 2, 0, 98, 5, 0), ACK]
    assert book.cancel(1) == [("cancel", 1, 0, 99, 4, 0)]
    assert book.send(op=RESUME) == [ACK]
    assert book.send(op=RESUME) == [REFUSED]
    assert book.buy(3, 1, 90)[0][0] == "ack"


def test_pegs_are_repriced_after_a_halt(book):
    book.buy(1, 5, 99)
    book.buy(2, 5, 98)
    book.send(order_id=3, side=1, qty=1, type=Type.PEGGED, flags=Flag.PEG_PRIMARY, has_price=False)
    book.send(op=HALT)
    assert book.cancel(1) == [("cancel", 1, 0, 99, 5, 0)]
    assert book.send(op=RESUME) == [ACK, ("reprice", 3, 0, 98, 1, 1)]


# -- auctions -------------------------------------------------------------------------------------


def test_the_auction_of_the_page(book):
    book.send(op=AUCTION, qty=1)
    book.buy(1, 5)
    book.buy(2, 10, 102)
    book.buy(3, 10, 100)
    book.sell(4, 12, 99)
    book.sell(5, 8, 101)
    book.sell(6, 10, 103)
    assert book.book.indication(100) == (101, 15, -5)
    assert book.send(op=UNCROSS, price=100) == [
        ("ack", 0, 0, 101, 15, 0),
        ("fill", 1, 4, 101, 5, 0),
        ("fill", 4, 1, 101, 5, 7),
        ("fill", 2, 4, 101, 7, 3),
        ("fill", 4, 2, 101, 7, 0),
        ("fill", 2, 5, 101, 3, 0),
        ("fill", 5, 2, 101, 3, 5),
    ]
    assert book.buy(7, 1)[1:] == [("fill", 7, 5, 101, 1, 0), ("fill", 5, 7, 101, 1, 4)]


def test_without_a_reference_the_highest_of_equal_prices(book):
    book.send(op=AUCTION)
    book.buy(1, 5, 105)
    book.sell(2, 5, 95)
    assert book.book.indication() == (105, 5, 0)
    assert book.book.indication(98) == (98, 5, 0)
    assert book.book.indication(10) == (95, 5, 0)
    assert book.send(op=UNCROSS, has_price=False)[0] == ("ack", 0, 0, 105, 5, 0)


def test_the_last_trade_is_the_reference_where_none_is_sent(book):
    book.sell(1, 1, 97)
    book.buy(2, 1, 97)
    book.send(op=AUCTION)
    book.buy(3, 5, 105)
    book.sell(4, 5, 95)
    assert book.send(op=UNCROSS, has_price=False)[0] == ("ack", 0, 0, 97, 5, 0)


def test_the_smaller_imbalance_goes_before_the_reference(book):
    book.send(op=AUCTION)
    book.buy(1, 5, 105)
    book.sell(2, 5, 95)
    book.sell(3, 5, 100)
    # At 95..99 volume 5, imbalance 0; at 100..105 volume 5, imbalance -5.
    assert book.book.indication(104) == (95, 5, 0)


def test_nothing_trades_where_nothing_crosses(book):
    book.send(op=AUCTION)
    book.buy(1, 5, 90)
    book.sell(2, 5, 95)
    assert book.send(op=UNCROSS, price=93) == [ACK]
    assert book.queue(1, 90) == [(1, 5, 0)]


def test_an_empty_auction_and_one_of_market_orders_alone(book):
    book.send(op=AUCTION)
    assert book.book.indication() == (None, 0, 0)
    book.buy(2, 5)
    book.sell(1, 5)
    assert book.send(op=UNCROSS, has_price=False) == [
        ACK,
        ("expire", 1, 0, 0, 5, 0),
        ("expire", 2, 0, 0, 5, 0),
    ]
    assert book.reasons[1:] == ["auction_ended"] * 2
    book.send(op=AUCTION)
    book.buy(3, 5)
    book.sell(4, 5)
    assert book.send(op=UNCROSS, price=50) == [
        ("ack", 0, 0, 50, 5, 0),
        ("fill", 3, 4, 50, 5, 0),
        ("fill", 4, 3, 50, 5, 0),
    ]


def test_icebergs_and_hidden_orders_queue_in_an_auction_as_always(book):
    book.send(op=AUCTION)
    book.sell(1, 2, 100, flags=Flag.HIDDEN)
    book.sell(2, 6, 100, display_qty=2)
    book.sell(3, 2, 100)
    book.buy(4, 9, 100)
    rows = book.send(op=UNCROSS, has_price=False)
    assert [(r[1], r[4], r[5]) for r in rows if r[0] == "fill" and r[1] != 4] == [
        (2, 2, 4),
        (3, 2, 0),
        (2, 2, 2),
        (2, 2, 0),
        (1, 1, 1),
    ]


def test_owners_may_trade_with_themselves_in_an_auction(book):
    book.send(op=AUCTION)
    book.buy(1, 1, 100, owner=7)
    book.sell(2, 1, 100, owner=7)
    assert book.send(op=UNCROSS, has_price=False)[1:] == [
        ("fill", 1, 2, 100, 1, 0),
        ("fill", 2, 1, 100, 1, 0),
    ]


def test_at_close_orders_wait_for_the_closing_auction_and_end_with_it(book):
    assert book.buy(1, 5, 100, tif=Tif.AT_CLOSE, display_qty=2) == [("ack", 1, 0, 100, 5, 5)]
    assert book.sell(2, 3, tif=Tif.AT_CLOSE) == [("ack", 2, 0, 0, 3, 3)]
    assert book.sell(3, 1, 99) == [("ack", 3, 0, 99, 1, 1)]
    assert book.replace(1, 6, 100) == [("reject", 1, 0, 100, 6, 0)]
    book.send(op=AUCTION, qty=1)
    assert book.send(op=UNCROSS, price=100) == [ACK]
    assert book.send(op=AUCTION, qty=2) == [("ack", 0, 0, 0, 2, 0)]
    assert book.send(op=UNCROSS, price=100) == [
        ("ack", 0, 0, 100, 4, 0),
        ("fill", 1, 2, 100, 3, 2),
        ("fill", 2, 1, 100, 3, 0),
        ("fill", 1, 3, 100, 1, 1),
        ("fill", 3, 1, 100, 1, 0),
        ("expire", 1, 0, 100, 1, 0),
    ]


def test_parked_orders_join_in_order_of_arrival_behind_the_book(book):
    book.buy(1, 5, 100, tif=Tif.AT_OPEN)
    book.buy(2, 5, 100)
    book.buy(3, 5, 100, tif=Tif.AT_OPEN)
    book.send(op=AUCTION, qty=1)
    assert book.queue(1, 100) == [(2, 5, 0), (1, 5, 0), (3, 5, 0)]
    assert book.buy(4, 1, 100, tif=Tif.AT_CLOSE)[0][0] == "ack"
    assert book.queue(1, 100) == [(2, 5, 0), (1, 5, 0), (3, 5, 0)]


@pytest.mark.parametrize(
    "terms",
    [
        {"tif": Tif.IOC},
        {"tif": Tif.FOK},
        {"tif": Tif.GTX},
        {"min_qty": 1},
        {"type": Type.STOP, "trigger": 5},
        {"type": Type.MARKET_TO_LIMIT},
        {"type": Type.PEGGED, "flags": Flag.PEG_PRIMARY},
    ],
)
def test_what_an_auction_does_not_take(book, terms):
    book.send(op=AUCTION)
    assert book.buy(1, 5, 100, **terms) == [("reject", 1, 0, 100, 5, 0)]
    assert book.reasons == ["not_in_this_phase"]


def test_phases_follow_each_other_as_they_may(book):
    assert book.send(op=AUCTION, qty=3) == [REFUSED]
    assert book.reasons == ["bad_qty"]
    book.send(op=HALT)
    assert book.send(op=AUCTION) == [ACK]
    assert book.send(op=AUCTION) == [REFUSED]
    assert book.send(op=HALT) == [REFUSED]
    assert book.send(op=RESUME) == [REFUSED]
    assert book.send(op=UNCROSS) == [ACK]


def test_replaces_in_an_auction_do_not_trade(book):
    book.buy(1, 5, 90, tif=Tif.GTX)
    book.send(op=AUCTION)
    book.sell(2, 5, 95)
    book.buy(3, 5, 90)
    assert book.replace(3, 5, 96) == [("replace", 3, 0, 96, 5, 5)]
    assert book.replace(1, 5, 96) == [("reject", 1, 0, 96, 5, 0)]
    assert book.replace(1, 4, 90) == [("replace", 1, 0, 90, 4, 4)]
    book.buy(4, 5)
    assert book.replace(4, 5, 96) == [("reject", 4, 0, 96, 5, 0)]
    assert book.replace(4, 2, 96) == [("replace", 4, 0, 0, 2, 2)]


def test_stops_and_pegs_act_after_the_uncross(book):
    book.sell(1, 5, 110)
    book.buy(2, 2, type=Type.STOP, trigger=100)
    book.send(order_id=3, side=1, qty=1, type=Type.PEGGED, flags=Flag.PEG_PRIMARY, has_price=False)
    book.send(op=AUCTION)
    book.buy(4, 1, 100)
    book.buy(5, 1, 100)
    book.sell(6, 1, 100)
    assert book.send(op=UNCROSS, has_price=False) == [
        ("ack", 0, 0, 100, 1, 0),
        ("fill", 4, 6, 100, 1, 0),
        ("fill", 6, 4, 100, 1, 0),
        ("trigger", 2, 0, 0, 2, 2),
        ("fill", 2, 1, 110, 2, 0),
        ("fill", 1, 2, 110, 2, 3),
        ("reprice", 3, 0, 100, 1, 1),
    ]


# -- state ----------------------------------------------------------------------------------------


def test_the_rows_of_the_state(book):
    book.send(op=COLLAR, price=-50, trigger=500, ts_event=12)
    book.sell(1, 9, 105, display_qty=4, owner=3)
    book.sell(2, 2, 105, flags=Flag.HIDDEN)
    book.buy(3, 7, 100, tif=Tif.GTD, expires=99)
    book.sell(4, 1, 100)
    book.buy(5, 5, 120, type=Type.STOP_LIMIT, trigger=110, min_qty=2, tif=Tif.GTX, flags=Flag.SLIDE)
    book.buy(5, 5, 120, type=Type.STOP_LIMIT, trigger=110, min_qty=2)
    book.sell(6, 4, type=Type.TRAILING_STOP, offset=6, display_qty=3)
    book.buy(7, 5, 90, tif=Tif.AT_CLOSE)
    peg = {"type": Type.PEGGED, "offset": -2}
    book.send(order_id=9, side=1, qty=6, price=70, flags=Flag.PEG_PRIMARY, display_qty=5, **peg)
    book.cancel(3)
    book.buy(8, 1, 10, flags=Flag.HIDDEN)
    book.send(op=KILL, owner=44)
    rows = book.book.state_rows().tolist()
    assert rows == [
        [0, 13, 16, 0, 0, 12, 100, 1, -50, 500, 1, 0, 0, 0, 0, 0],
        [1, 8, 1, 2, 0, 1, 10, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, -1, 2, 0, 0, 105, 1, 4, 5, 4, 3, 0, 0, 0, 0],
        [1, 2, -1, 2, 0, 1, 105, 1, 0, 2, 0, 0, 0, 0, 0, 0],
        [3, 5, 1, 4, 0, 0, 120, 1, 0, 5, 0, 0, 110, 0, 2, 0],
        [3, 6, -1, 8, 0, 0, 0, 0, 0, 4, 0, 0, 94, 6, 0, 0],
        [4, 7, 1, 2, 7, 0, 90, 1, 0, 5, 0, 0, 0, 0, 0, 0],
        [5, 9, 1, 10, 0, 260, 0, 0, 0, 6, 5, 0, 70, -2, 0, 0],
        [6, 9] + [0] * 14,
        [7, 44] + [0] * 14,
    ]
    again = ReferenceBook()
    again.restore(book.book.snapshot())
    assert again.state_hash() == book.book.state_hash()
    assert again.handle(Message(op=MASS_CANCEL)) == book.book.handle(Message(op=MASS_CANCEL))


@pytest.mark.parametrize(
    "snapshot", [b"", b"123", b"\xff" * 128, b"\x00" * 128 + b"\x06" + b"\x00" * 127]
)
def test_bytes_that_are_no_snapshot_are_refused(snapshot):
    with pytest.raises(DataError, match="snapshot"):
        ReferenceBook().restore(snapshot)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="equally long"):
        ReferenceBook().process({"order_id": [1, 2], "side": [1]})


def test_a_column_that_no_message_has_is_refused_and_seq_is_passed_over():
    book = ReferenceBook()
    with pytest.raises(UnknownNameError, match="did you mean 'price'"):
        book.process({"order_id": [1], "prize": [1]})
    rows = book.process(np.array([(7, 1, 1, 5, 2)], dtype=[(n, "i8") for n in ORDER]))
    assert rows.tolist() == [(0, 1, 0, 1, 1, 0, 5, 2, 2)]


ORDER = ("seq", "order_id", "side", "price", "qty")
