"""A venue's book: its rules, its states, its checksums, and what can be asked of it."""

import math
import random
import zlib
from decimal import Decimal

import pytest
from depth_reference import ReferenceBook
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.book.depth_book import DepthBook
from hftsim.book.sequence import BookState, Outcome
from hftsim.core.enums import Side
from hftsim.core.errors import InputError, InstrumentError, UnknownNameError
from hftsim.core.instrument import Instrument

BTC = Instrument(symbol="BTCUSDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))
WHOLE = Instrument(symbol="BTCUSDT", tick_size=1, lot_size=1)


def simple():
    book = DepthBook(BTC)
    book.apply_snapshot([["99.9", "2"], ["99.5", "1"]], [["100.1", "1"], ["100.4", "3"]])
    return book


def test_queries_by_hand():
    book = simple()
    assert (book.best_bid, book.best_ask) == (99.9, 100.1)
    assert (book.best_bid_qty, book.best_ask_qty) == (2.0, 1.0)
    assert book.mid_price == 100.0
    assert book.microprice == pytest.approx((99.9 * 1 + 100.1 * 2) / 3, abs=1e-12)
    assert book.spread_bps == pytest.approx(20.0, abs=1e-9)
    assert book.depth(1) == {
        "bids": [(99.9, 2.0)],
        "asks": [(100.1, 1.0)],
        "total_bid_volume": 2.0,
        "total_ask_volume": 1.0,
    }
    assert book.volume(Side.BUY) == 3.0
    assert book.volume(Side.SELL) == 4.0
    assert book.imbalance(1) == pytest.approx(1 / 3, abs=1e-15)
    assert book.imbalance() == pytest.approx(-1 / 7, abs=1e-15)


def test_price_impact_by_hand():
    buy = simple().price_impact(Side.BUY, 2)
    assert (buy.qty, buy.complete, buy.levels, buy.worst_price) == (2.0, True, 2, 100.4)
    assert buy.average_price == pytest.approx(100.25, abs=1e-12)
    assert buy.notional == pytest.approx(200.5, abs=1e-12)
    assert buy.slippage_bps == pytest.approx(0.15 / 100.1 * 1e4, abs=1e-9)
    assert buy.mid_impact_bps == pytest.approx(25.0, abs=1e-9)
    sell = simple().price_impact(Side.SELL, "10")
    assert (sell.qty, sell.complete, sell.levels) == (3.0, False, 2)
    assert sell.average_price == pytest.approx((2 * 99.9 + 99.5) / 3, abs=1e-12)
    assert sell.slippage_bps > 0
    with pytest.raises(InputError, match="must be above 0"):
        simple().price_impact(Side.BUY, 0)


def test_what_is_undefined_is_nan():
    book = DepthBook(BTC)
    for value in (
        book.best_bid,
        book.best_ask,
        book.mid_price,
        book.microprice,
        book.spread_bps,
        book.imbalance(),
        book.price_impact(1, 1).average_price,
    ):
        assert math.isnan(value)
    assert book.volume(Side.BUY) == 0.0
    assert book.price_impact(1, 1).qty == 0.0


def test_numbers_may_be_text_floats_or_decimals_and_must_lie_on_the_grid():
    book = DepthBook(BTC)
    book.apply_snapshot([(Decimal("99.9"), 2)], [[100.1, "1", "0", "4"]])
    assert book.levels(1, 5) == [(999, 2000)]
    assert book.levels(-1, 5) == [(1001, 1000)]
    for bad, told in (
        (["100.05", "1"], r"price 100.05 is off the grid \(tick size 0.1\)"),
        (["100", "0.0001"], r"quantity 0.0001 is off the grid \(lot size 0.001\)"),
        (["x", "1"], "price 'x' is not a number"),
        (["100", "-1"], "negative quantity"),
        (["1e30", "1"], "too large"),
    ):
        with pytest.raises(InstrumentError, match=told):
            book.apply_diff([bad], [])
    assert book.levels(1, 5) == [(999, 2000)]


def test_the_states_of_a_spot_book():
    book = DepthBook(BTC, rule="binance-spot")
    assert book.state is BookState.AWAITING_SNAPSHOT
    assert "apply_snapshot" in book.next_step
    assert book.apply_diff([["99", "1"]], [], first_id=5, last_id=7) is Outcome.BUFFERED
    assert book.apply_diff([["98", "1"]], [], first_id=8, last_id=9) is Outcome.BUFFERED
    asks = [["101", "1"]]
    assert book.apply_snapshot([], asks, last_id=3) is Outcome.SNAPSHOT_TOO_OLD
    assert book.apply_snapshot([], asks, last_id=7) is Outcome.APPLIED
    assert book.state is BookState.IN_SYNC
    assert book.levels(1, 9) == [(980, 1000)]
    assert book.last_id == 9
    assert book.apply_diff([["97", "1"]], [], first_id=8, last_id=9) is Outcome.STALE
    assert book.apply_diff([["97", "1"]], [], first_id=9, last_id=11) is Outcome.APPLIED
    assert book.apply_diff([["96", "1"]], [], first_id=13, last_id=14) is Outcome.GAP
    assert book.state is BookState.OUT_OF_SYNC
    assert "new snapshot" in book.next_step
    assert math.isnan(book.best_ask)
    assert book.apply_snapshot([], asks, last_id=12) is Outcome.APPLIED
    assert book.levels(1, 9) == [(960, 1000)]
    assert book.counts["gaps"] == 1
    assert book.apply_snapshot([], asks, last_id=5) is Outcome.SNAPSHOT_TOO_OLD


def test_the_chain_of_a_futures_book():
    book = DepthBook(BTC, rule="binance-futures")
    book.apply_snapshot([["99", "1"]], [["101", "1"]], last_id=100)
    first = {"first_id": 95, "last_id": 110, "previous_id": 94}
    assert book.apply_diff([["98", "1"]], [], **first) is Outcome.APPLIED
    later = {"first_id": 150, "last_id": 160, "previous_id": 110}
    assert book.apply_diff([["98", "2"]], [], **later) is Outcome.APPLIED
    broken = {"first_id": 161, "last_id": 170, "previous_id": 159}
    assert book.apply_diff([["98", "3"]], [], **broken) is Outcome.GAP


def test_a_futures_snapshot_between_two_updates_starts_the_chain():
    book = DepthBook(BTC, rule="binance-futures")
    book.apply_snapshot([["99", "1"]], [["101", "1"]], last_id=100)
    ids = {"first_id": 120, "last_id": 130, "previous_id": 90}
    assert book.apply_diff([["98", "1"]], [], **ids) is Outcome.APPLIED


def random_stream(rng, futures):
    """Return messages with losses, repeats and late snapshots, as (kind, arguments)."""
    last, previous, sent, held = 10, 10, [], {}
    book = {1: {50: 1}, -1: {60: 1}}
    for _ in range(rng.randrange(5, 40)):
        first = last + 1
        last += rng.randrange(1, 4)
        levels = {1: [], -1: []}
        for _ in range(rng.randrange(3)):
            side, qty = rng.choice((1, -1)), rng.choice((0, 1, 2))
            price = 55 - side * rng.randrange(1, 20)
            levels[side].append((price, qty))
            if qty:
                book[side][price] = qty
            else:
                book[side].pop(price, None)
        sent.append(("update", (first, last, previous, levels[1], levels[-1])))
        previous = last
        if futures:
            last += rng.randrange(3)
        if rng.random() < 0.2:
            held = {s: list(side.items()) for s, side in book.items()}, last
        if held and rng.random() < 0.3:
            (sides, at), held = held, {}
            sent.append(("snapshot", (sides[1], sides[-1], at)))
    kept = [m for m in sent if rng.random() > 0.07]
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(kept) + 1)
        kept.insert(at, kept[max(at - 1, 0)] if kept else sent[0])
    return kept


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_any_stream_makes_the_book_of_the_twin(seed, futures):
    rule = "binance-futures" if futures else "binance-spot"
    book, twin = DepthBook(WHOLE, rule=rule), ReferenceBook(futures=futures)
    for kind, given_ in random_stream(random.Random(seed), futures):
        if kind == "snapshot":
            bids, asks, last = given_
            book.apply_snapshot(bids, asks, last_id=last)
            twin.snapshot(bids, asks, last)
        else:
            first, last, previous, bids, asks = given_
            book.apply_diff(bids, asks, first_id=first, last_id=last, previous_id=previous)
            twin.update(first, last, previous, bids, asks)
        for side in (1, -1):
            assert book.levels(side, 100) == twin.levels.best(side, 100)
        assert (book.state is BookState.IN_SYNC) == (twin.last is not None)
        assert book.counts["gaps"] == twin.gaps


def test_a_full_buffer_gives_up_the_oldest_updates():
    book = DepthBook(WHOLE, rule="binance-spot", buffer_limit=2)
    for k in range(4):
        book.apply_diff([(10 + k, 1)], [], first_id=k + 1, last_id=k + 1)
    assert book.counts["given_up"] == 2
    assert book.apply_snapshot([], [], last_id=1) is Outcome.SNAPSHOT_TOO_OLD
    assert book.apply_snapshot([], [], last_id=2) is Outcome.APPLIED
    assert book.levels(1, 9) == [(13, 1), (12, 1)]


KRAKEN_BIDS = [
    ("45283.5", "0.10000000"),
    ("45283.4", "1.54582015"),
    ("45282.1", "0.10000000"),
    ("45281.0", "0.10000000"),
    ("45280.3", "1.54592586"),
    ("45279.0", "0.07990000"),
    ("45277.6", "0.03310103"),
    ("45277.5", "0.30000000"),
    ("45277.3", "1.54602737"),
    ("45276.6", "0.15445238"),
]
KRAKEN_ASKS = [
    ("45285.2", "0.00100000"),
    ("45286.4", "1.54571953"),
    ("45286.6", "1.54571109"),
    ("45289.6", "1.54560911"),
    ("45290.2", "0.15890660"),
    ("45291.8", "1.54553491"),
    ("45294.7", "0.04454749"),
    ("45296.1", "0.35380000"),
    ("45297.5", "0.09945542"),
    ("45299.5", "0.18772827"),
]
KRAKEN = Instrument(symbol="BTCUSD", tick_size=Decimal("0.1"), lot_size=Decimal("1e-8"))


def test_krakens_own_example_of_a_checksum():
    book = DepthBook(KRAKEN, rule="kraken", depth=10)
    outcome = book.apply_snapshot(KRAKEN_BIDS, KRAKEN_ASKS, checksum=3310070434)
    assert outcome is Outcome.APPLIED
    assert book.checksum() == 3310070434
    coarse = Instrument(symbol="BTCUSD", tick_size=Decimal("0.1"), lot_size=Decimal("1e-8"))
    padded = DepthBook(coarse, rule="kraken", price_decimals=2, qty_decimals=8)
    padded.apply_snapshot(KRAKEN_BIDS, KRAKEN_ASKS)
    text = "".join(
        (price + "0").replace(".", "") + qty.replace(".", "").lstrip("0")
        for price, qty in KRAKEN_ASKS + KRAKEN_BIDS
    )
    assert padded.checksum() == zlib.crc32(text.encode())
    with pytest.raises(InstrumentError, match="more than the 0 decimals"):
        DepthBook(KRAKEN, rule="kraken", price_decimals=0)


def test_krakens_book_is_cut_to_its_depth_and_lost_when_the_checksum_differs():
    book = DepthBook(KRAKEN, rule="kraken", depth=10)
    assert book.apply_diff([["1", "1"]], []) is Outcome.STALE
    book.apply_snapshot(KRAKEN_BIDS, KRAKEN_ASKS)
    book.apply_diff([["45284.0", "1"]], [])
    assert len(book.levels(1, 99)) == 10
    assert book.levels(1, 1) == [(452840, 10**8)]
    assert book.apply_diff([], [["45285.2", "0"]], checksum=1) is Outcome.CHECKSUM_DIFFERS
    assert book.state is BookState.OUT_OF_SYNC
    assert book.levels(1, 1) == []
    assert book.apply_diff([["1", "1"]], []) is Outcome.STALE
    book.apply_snapshot(KRAKEN_BIDS, KRAKEN_ASKS, checksum=3310070434)
    assert book.state is BookState.IN_SYNC


def signed(text):
    number = zlib.crc32(text.encode())
    return number - (1 << 32) if number >> 31 else number


def test_okx_checksums_keep_the_venues_spelling():
    book = DepthBook(BTC, rule="okx")
    bids, asks = [["3366.1", "7", "0", "3"], ["3366", "6.0", "0", "4"]], [["3366.8", "9", "0", "3"]]
    text = "3366.1:7:3366.8:9:3366:6.0"
    outcome = book.apply_snapshot(bids, asks, last_id=10, checksum=signed(text))
    assert outcome is Outcome.APPLIED
    ids = {"previous_id": 10, "last_id": 15}
    text = "3366.1:7:3366.8:9:3366:6.0:3368:8:3369.5:0.50"
    asks = [["3368", "8", "0", "1"], ["3369.5", "0.50", "0", "1"]]
    assert book.apply_diff([], asks, checksum=signed(text), **ids) is Outcome.APPLIED
    assert book.checksum() == signed(text)
    text = "3366:6.0:3366.8:9:3368:8:3369.5:0.50"
    gone, ids = [["3366.1", "0", "0", "0"]], {"previous_id": 15, "last_id": 15}
    assert book.apply_diff(gone, [], checksum=signed(text), **ids) is Outcome.APPLIED
    lost = {"previous_id": 17, "last_id": 18}
    assert book.apply_diff([], [], **lost) is Outcome.GAP
    assert book.apply_diff([], [], previous_id=18, last_id=19) is Outcome.STALE
    assert book.apply_snapshot(bids, [], last_id=3, checksum=1) is Outcome.CHECKSUM_DIFFERS


def test_okx_checksums_take_25_levels_of_both_signs():
    seen = set()
    for seed in range(20):
        rng, book = random.Random(seed), DepthBook(WHOLE, rule="okx")
        bids = [[str(1000 - k), str(rng.randrange(1, 99))] for k in range(40)]
        asks = [[str(1001 + k), str(rng.randrange(1, 99))] for k in range(30)]
        text = ":".join(x for k in range(25) for x in (*bids[k], *asks[k]))
        shuffled = rng.sample(bids, len(bids))
        assert book.apply_snapshot(shuffled, asks, checksum=signed(text)) is Outcome.APPLIED
        seen.add(signed(text) < 0)
    assert seen == {True, False}


def test_rules_without_a_checksum_and_unknown_rules():
    with pytest.raises(InstrumentError, match="binance-spot has no checksum"):
        DepthBook(BTC, rule="binance-spot").checksum()
    with pytest.raises(UnknownNameError, match="did you mean 'binance-futures'"):
        DepthBook(BTC, rule="binance-future")


def test_crossed_books_are_noticed():
    book = simple()
    assert not book.is_crossed
    book.apply_diff([["100.2", "1"]], [])
    assert book.is_crossed
    assert book.counts["crossed"] == 1
    assert (book.best_bid, book.best_ask) == (100.2, 100.1)
    book.apply_diff([], [["100.1", "0"]])
    assert not book.is_crossed
