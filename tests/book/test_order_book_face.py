"""The order book as people use it: prices and quantities as numbers, ids as text."""

import numpy as np
import pytest

from hftsim.book import OrderBook
from hftsim.core.enums import OrderFlag, OrderType, RejectReason, Side, TimeInForce
from hftsim.core.errors import DataError, InputError, InstrumentError
from hftsim.core.instrument import Instrument

TENTHS = Instrument(symbol="XYZ", tick_size="0.1", lot_size="1")


@pytest.fixture
def book():
    made = OrderBook(TENTHS)
    made.add_order("bid", 9.9, 4, "b1")
    made.add_order("bid", 9.9, 6, "b2")
    made.add_order("bid", 9.7, 10, "b3")
    made.add_order("ask", 10.1, 5, "a1")
    made.add_order("ask", 10.3, 15, "a2", display_qty=10)
    return made


def test_best_prices_and_what_follows_from_them(book):
    assert (book.best_bid, book.best_ask, book.mid_price) == (9.9, 10.1, 10.0)
    assert book.spread_bps == pytest.approx(200.0)
    assert book.microprice == pytest.approx((9.9 * 5 + 10.1 * 10) / 15)
    assert book.imbalance(1) == pytest.approx((10 - 5) / 15)
    assert book.depth(2) == {
        "bids": [(9.9, 10.0), (9.7, 10.0)],
        "asks": [(10.1, 5.0), (10.3, 10.0)],
        "total_bid_volume": 20.0,
        "total_ask_volume": 15.0,
    }


def test_price_impact_walks_what_is_shown(book):
    impact = book.price_impact(Side.BUY, 8)
    assert impact.average_price == pytest.approx((5 * 10.1 + 3 * 10.3) / 8)
    assert (impact.levels, impact.complete) == (2, True)


def test_an_order_that_crosses_trades_at_the_makers_price(book):
    outcome = book.add_order("buy", 10.3, 12, "taker")
    assert outcome.filled_qty == 12
    assert outcome.average_price == pytest.approx((5 * 10.1 + 7 * 10.3) / 12)
    assert (outcome.order_id, outcome.open_qty) == ("taker", 0)
    assert book.depth(1)["asks"] == [(10.3, 3.0)]


def test_queue_position_counts_older_orders_of_the_level(book):
    place = book.queue_position("b2")
    assert (place.side, place.price, place.open_qty) == (Side.BUY, 9.9, 6.0)
    assert (place.orders_ahead, place.qty_ahead) == (1, 4.0)
    book.cancel_order("b1")
    assert book.queue_position("b2").orders_ahead == 0
    assert book.queue_position("b1") is None


def test_text_ids_may_be_used_again_when_their_order_is_dead(book):
    assert book.cancel_order("b1")
    assert not book.cancel_order("b1")
    assert not book.cancel_order("never")
    assert book.add_order("bid", 9.8, 1, "b1").accepted
    again = book.add_order("bid", 9.8, 1, "b1")
    assert (again.accepted, again.reason) == (False, RejectReason.REPEATED_ORDER_ID)


def test_numbers_given_by_the_book_avoid_those_given_by_people():
    book = OrderBook(TENTHS)
    book.add_order("bid", 9, 1, 1)
    book.add_order("bid", 9, 1, 2)
    given = [book.add_order("bid", 9, 1).order_id for _ in range(3)]
    assert given == [3, 4, 5]


def test_replace_keeps_the_place_only_where_it_gets_smaller(book):
    book.replace_order("b1", 9.9, 3)
    assert book.queue_position("b1").orders_ahead == 0
    book.replace_order("b1", 9.9, 5)
    assert book.queue_position("b1").orders_ahead == 1


def test_orders_of_other_types_and_times(book):
    stop = book.add_order("buy", None, 2, "s", type=OrderType.STOP, trigger=10.1)
    assert (stop.accepted, book.live_orders) == (True, 6)
    assert book.queue_position("s") is None
    hidden = book.add_order("bid", 9.95 + 0.05, 7, "h", flags=OrderFlag.HIDDEN)
    assert hidden.accepted
    assert book.depth(1)["bids"] == [(9.9, 10.0)]
    refused = book.add_order("sell", 9.9, 1, tif=TimeInForce.GTX)
    assert refused.reason == RejectReason.WOULD_TAKE


def test_an_empty_book_has_no_prices():
    book = OrderBook("BTCUSDT")
    assert np.isnan([book.best_bid, book.best_ask, book.mid_price, book.imbalance()]).all()
    assert book.depth()["bids"] == []


def test_wrong_words_are_told_in_a_sentence(book):
    with pytest.raises(InputError, match="side 'up' is unknown"):
        book.add_order("up", 9, 1)
    with pytest.raises(InstrumentError, match="off the grid"):
        book.add_order("bid", 9.95, 1)
    with pytest.raises(InputError, match="an order has no 'colour'"):
        book.add_order("bid", 9, 1, colour=3)
    with pytest.raises(InputError, match="must be text or a whole number above 0"):
        book.add_order("bid", 9, 1, 0)
    with pytest.raises(InputError, match="must fit into 64 bits"):
        book.add_order("bid", 10**30, 1)
    with pytest.raises(InputError, match="different lengths"):
        book.process({"order_id": [1, 2], "qty": [1]})
    with pytest.raises(InputError, match="did you mean 'price'"):
        book.process({"pric": [1]})


def test_a_snapshot_goes_on_as_if_nothing_had_happened(book):
    other = OrderBook(TENTHS)
    other.restore(book.snapshot())
    assert other.state_hash() == book.state_hash()
    rows = {"order_id": [900, 901], "side": [1, -1], "price": [103, 97], "qty": [9, 30]}
    assert (other.process(rows) == book.process(rows)).all()
    assert other.state_hash() == book.state_hash()


@pytest.mark.parametrize("damage", [b"", b"x" * 127, b"\xff" * 256])
def test_what_is_no_snapshot_is_refused(book, damage):
    with pytest.raises(DataError, match="snapshot"):
        book.restore(damage)
    with pytest.raises(DataError, match="snapshot"):
        book.restore(book.snapshot() * 2)


def test_a_snapshot_with_an_order_of_nothing_is_refused(book):
    rows = book.state_rows()
    rows[1, 8] = 0
    with pytest.raises(DataError, match="holds what no book has"):
        book.restore(rows.tobytes())


def test_an_iceberg_may_have_any_number_of_slices():
    book, most = OrderBook("BTCUSDT"), (1 << 63) - 1
    lot = book.instrument.lot_size
    assert book.add_order("ask", 95_000, most * lot, 71, display_qty=lot).accepted
    assert book.replace_order(71, 95_000, (most - 1) * lot).accepted
    assert book.add_order("bid", 95_000, 3 * lot, 72, display_qty=lot).open_qty == 0
    swept = book.add_order("bid", 95_000, most * lot, 73, tif=TimeInForce.FOK, display_qty=lot)
    assert (swept.accepted, swept.filled_qty) == (True, 0)
    assert book.depth(1)["asks"] == [(95_000, float(lot))]
    assert book.queue_position(71).open_qty == float((most - 4) * lot)
