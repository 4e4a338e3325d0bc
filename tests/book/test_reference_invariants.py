"""What must hold whatever comes: checked on random streams with every order type."""

import numpy as np
import pytest
from book_audit import Audit
from book_duel import rows_of
from hypothesis import given, settings
from order_streams import ALL, CORE, EXTREMES, MORE, columns_of, drifting, piece
from small_streams import small

from hftsim.book.reference import Message, ReferenceBook
from hftsim.book.reference.messages import messages_of
from hftsim.core.enums import ReportKind as Kind
from hftsim.core.enums import Side, TimeInForce, TradingPhase

SETTINGS = settings(max_examples=60, deadline=None)


def check_state(book, audit):
    """The book holds the orders that its rows speak of, and no side crosses the other."""
    assert {order.order_id: order.open for order in book.live.values()} == audit.open
    for side, levels in book.levels.items():
        for price, queue in levels.items():
            assert queue, "an empty level stayed"
            assert all(order.price == price and order.side == side for order in queue)
            hidden = [order.is_hidden for order in queue]
            assert hidden == sorted(hidden), "a hidden order stands before a displayed one"
            assert all(order.shown > 0 or order.is_hidden for order in queue)
    bid, ask = book.best_price(Side.BUY), book.best_price(Side.SELL)
    if book.phase != TradingPhase.AUCTION and bid is not None and ask is not None:
        assert bid < ask
    if book.phase == TradingPhase.CONTINUOUS:
        assert not any(book.market_orders.values())
    assert not book.triggered


def run(columns):
    book, audit = ReferenceBook(), Audit()
    for message in messages_of(columns):
        audit.hear([tuple(row) for row in book.handle(message)])
        check_state(book, audit)
    return book


@SETTINGS
@given(small(CORE))
def test_core_streams_keep_every_invariant(messages):
    run(columns_of(messages))


@SETTINGS
@given(small(ALL))
def test_streams_of_everything_keep_every_invariant(messages):
    run(columns_of(messages))


@pytest.mark.parametrize("features", [CORE, ALL, CORE | EXTREMES, ALL | EXTREMES])
def test_drifting_streams_keep_every_invariant(features):
    book = run(drifting(7, 1500, features))
    assert book.reports > 1500


@pytest.mark.parametrize("feature", sorted(MORE))
def test_each_order_type_keeps_every_invariant_beside_the_core(feature):
    run(drifting(11, 400, CORE | {feature}))


def test_orders_of_a_level_fill_in_the_order_in_which_they_came():
    book, place = ReferenceBook(), {}
    for at, message in enumerate(messages_of(drifting(3, 3000, CORE - {"iceberg"}))):
        if message.op == 3 and message.order_id in book.live:
            order = book.live[message.order_id]
            kept = message.price == order.price and message.qty < order.open
        else:
            kept = False
        for row in book.handle(message):
            if row.kind == Kind.ACK or (row.kind == Kind.REPLACE and not kept):
                place[row.order_id] = at
            elif row.kind == Kind.FILL and row.order_id != message.order_id:
                rivals = book.levels[row.side].get(row.price, [])
                assert all(place[order.order_id] >= place[row.order_id] for order in rivals)


def test_no_trade_is_through_a_better_price():
    book = ReferenceBook()
    for message in messages_of(drifting(5, 3000, CORE)):
        best = {side: book.best_price(side) for side in (1, -1)}
        fills = [row for row in book.handle(message) if row.kind == Kind.FILL]
        makers = [row for row in fills if row.order_id != message.order_id]
        for row in makers[:1]:
            assert row.price == best[row.side]
        prices = [row.price * -row.side for row in makers]
        assert prices == sorted(prices), "from the best price outwards"


@pytest.mark.parametrize("features", [CORE, ALL, ALL | EXTREMES])
def test_a_restored_book_goes_on_as_if_nothing_had_happened(features):
    columns = drifting(13, 1200, features)
    whole, parts = ReferenceBook(), ReferenceBook()
    expected = rows_of(whole.process(columns))
    rows = []
    for start in range(0, 1200, 100):
        rows += rows_of(parts.process(piece(columns, start, start + 100)))
        restored = ReferenceBook()
        restored.restore(parts.snapshot())
        assert restored.state_hash() == parts.state_hash()
        parts = restored
    assert rows == expected
    assert parts.state_hash() == whole.state_hash()


def test_the_log_of_messages_replays_to_the_same_hash():
    columns = drifting(17, 1000, ALL)
    first, second = ReferenceBook(), ReferenceBook()
    first.process(columns)
    for message in messages_of(columns):
        second.handle(message)
    assert first.state_hash() == second.state_hash()
    second.handle(Message(order_id=10**9, side=1, price=0, qty=1))
    assert first.state_hash() != second.state_hash()


def test_what_ends_by_itself_is_gone():
    columns = drifting(19, 2000, ALL - {"auctions", "halts"})
    book = ReferenceBook()
    book.process(columns)
    book.handle(Message(op=12, ts_event=10**12))
    lives = {order.tif for order in book.live.values()}
    assert lives <= {TimeInForce.GTC, TimeInForce.GTX, TimeInForce.IOC, TimeInForce.FOK}
    assert np.all(book.state_rows()[1:, 15] == 0)
