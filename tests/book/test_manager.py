"""Books of several venues: the best over all, and what can be earned between them."""

import itertools
import math
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.book.depth_book import DepthBook
from hftsim.book.order_book_manager import OrderBookManager
from hftsim.core.errors import DataError, InputError, InstrumentError, UnknownNameError
from hftsim.core.instrument import Instrument


def two_venues(**kwargs):
    manager = OrderBookManager(taker_fees={"binance": 0.0001, "okx": 0.001}, **kwargs)
    manager.update(
        "binance",
        "BTC/USDT",
        {
            "timestamp": 100,
            "bids": [[50000, 1.5], [49999, 2.0]],
            "asks": [[50001, 1.0], [50002, 1.5], [50100, 5]],
        },
    )
    manager.update(
        "okx",
        "BTC-USDT",
        {"timestamp": 200, "bids": [[50090, 2.0], [50100, 1.25]], "asks": [[50110, 1.0]]},
    )
    return manager


def test_the_best_offer_by_hand():
    best = two_venues().best_offer("BTCUSDT")
    assert (best.bid_price, best.bid_qty, best.bid_venue) == (50100.0, 1.25, "okx")
    assert (best.ask_price, best.ask_qty, best.ask_venue) == (50001.0, 1.0, "binance")
    assert best.mid_price == 50050.5
    assert best.spread_bps == pytest.approx(-99 / 50050.5 * 1e4, abs=1e-9)
    assert best.venues == 2


def test_an_opportunity_by_hand():
    (found,) = two_venues().get_arbitrage_opportunities("BTC/USDT", min_profit_bps=5)
    # 2.5 coins: 1.0 at 50001 and 1.5 at 50002 for 1.25 at 50100 and 1.25 at 50090; the next ask,
    # 50100, earns nothing.
    paid, got = 50001 + 1.5 * 50002, 1.25 * 50100 + 1.25 * 50090
    assert (found.buy_venue, found.sell_venue, found.qty) == ("binance", "okx", 2.5)
    assert found.buy_price == pytest.approx(paid / 2.5, abs=1e-9)
    assert found.sell_price == pytest.approx(got / 2.5, abs=1e-9)
    assert (found.buy_limit, found.sell_limit) == (50002.0, 50090.0)
    assert found.fees == pytest.approx(paid * 0.0001 + got * 0.001, abs=1e-9)
    assert found.profit == pytest.approx(got * 0.999 - paid * 1.0001, abs=1e-9)
    assert found.profit_bps == pytest.approx(found.profit / (paid * 1.0001) * 1e4, abs=1e-9)
    assert found["buy_exchange"] == "binance"
    assert found["sell_exchange"] == "okx"
    assert found["profit_bps"] == found.profit_bps
    assert found.to_dict()["qty"] == 2.5
    with pytest.raises(KeyError):
        found["nothing"]


def test_fees_and_thresholds_decide():
    manager = two_venues()
    assert manager.get_arbitrage_opportunities("BTCUSDT", min_profit_bps=9) == []
    # At 8.5 basis points only the first 1.25 at 50100 earn enough; of them 1.0 at 50001.
    (found,) = manager.get_arbitrage_opportunities("BTCUSDT", min_profit_bps=8.5)
    assert found.qty == 1.25
    (found,) = manager.get_arbitrage_opportunities("BTCUSDT", max_qty=0.4)
    assert found.qty == 0.4
    assert manager.get_arbitrage_opportunities("BTCUSDT", min_profit=1000) == []
    dear = OrderBookManager(taker_fees={"a": 0.01, "b": 0.01})
    dear.update("a", "X", {"bids": [[99, 1]], "asks": [[100, 1]]})
    dear.update("b", "X", {"bids": [[101, 1]], "asks": [[102, 1]]})
    assert dear.get_arbitrage_opportunities("X") == []
    dear.taker_fees = {"a": 0.001, "b": 0.001}
    assert [o.qty for o in dear.get_arbitrage_opportunities("X")] == [1.0]
    even = OrderBookManager(taker_fees={"a": 0.0, "b": 0.0})
    even.update("a", "X", {"bids": [[99, 1]], "asks": [[100, 1]]})
    even.update("b", "X", {"bids": [[100, 1]], "asks": [[102, 1]]})
    assert even.get_arbitrage_opportunities("X") == []


def exact(venue, tick, lot, **rules):
    instrument = Instrument(
        symbol="BTCUSDT", venue=venue, tick_size=Decimal(tick), lot_size=Decimal(lot), **rules
    )
    return DepthBook(instrument)


def test_quantities_lie_on_both_grids_and_above_both_minima():
    manager = OrderBookManager(taker_fees={"a": 0.0, "b": 0.0})
    one = manager.add_book("a", exact("a", "0.5", "0.004", min_notional=5))
    two = manager.add_book("b", exact("b", "0.1", "0.006", min_qty="0.02"))
    one.apply_snapshot([["99", "1"]], [["100", "0.1"]])
    two.apply_snapshot([["101", "0.09"]], [["102", "0.06"]])
    (found,) = manager.get_arbitrage_opportunities("BTCUSDT")
    assert found.qty == pytest.approx(0.084, abs=1e-15)
    assert manager.get_arbitrage_opportunities("BTCUSDT", max_qty=0.065)[0].qty == 0.06
    assert manager.get_arbitrage_opportunities("BTCUSDT", max_qty=0.02) == []
    two.apply_snapshot([["101", "0.03"]], [])
    assert manager.get_arbitrage_opportunities("BTCUSDT") == []


def test_books_that_cannot_be_trusted_do_not_count():
    manager = two_venues()
    waiting = DepthBook(Instrument(symbol="BTCUSDT"), rule="binance-spot")
    manager.add_book("waits", waiting)
    manager.update("crossed", "BTCUSDT", {"bids": [[60000, 1]], "asks": [[100, 1]]})
    assert manager.left_out("BTCUSDT") == {"waits": "awaiting snapshot", "crossed": "crossed"}
    assert manager.best_offer("BTCUSDT").venues == 2
    assert len(manager.get_arbitrage_opportunities("BTCUSDT")) == 1


def test_books_age():
    manager = two_venues(max_age=150)
    assert manager.left_out("BTCUSDT", now=240) == {}
    assert manager.left_out("BTCUSDT", now=251) == {"binance": "too old"}
    assert manager.get_arbitrage_opportunities("BTCUSDT", now=251) == []
    manager.touch("binance", "BTCUSDT", 250)
    assert len(manager.get_arbitrage_opportunities("BTCUSDT", now=251)) == 1
    with pytest.raises(InputError, match="say what time it is"):
        manager.best_offer("BTCUSDT")


def test_an_empty_side_has_no_best():
    manager = OrderBookManager()
    manager.update("a", "X", {"bids": [], "asks": [[2, 1]]})
    best = manager.best_offer("X")
    assert math.isnan(best.bid_price)
    assert (best.bid_qty, best.bid_venue, best.ask_price) == (0.0, "", 2.0)
    assert math.isnan(best.spread_bps)


def test_wrong_use_is_told():
    manager = two_venues()
    assert manager.symbols == ["BTCUSDT"]
    assert manager.venues("BTC/USDT") == ["binance", "okx"]
    assert manager.book("okx", "BTCUSDT").best_ask == 50110.0
    for call, error, told in (
        (lambda: manager.book("kraken", "BTCUSDT"), UnknownNameError, "known: binance, okx"),
        (lambda: manager.best_offer("ETHUSDT"), UnknownNameError, "unknown symbol"),
        (lambda: manager.update("a", "X", {"bids": []}), DataError, "no asks"),
        (
            lambda: manager.update("a", "X", {"bids": [["y", 1]], "asks": []}),
            InstrumentError,
            "'y' is not a number",
        ),
        (lambda: OrderBookManager(taker_fees={"a": 5}), InputError, "is a fraction"),
        (
            lambda: manager.get_arbitrage_opportunities("BTCUSDT", max_qty=-1),
            InputError,
            "above 0",
        ),
    ):
        with pytest.raises(error, match=told):
            call()


def brute_force(asks, bids, fees, margin, most):
    """Return (qty, profit) by trading one unit at a time."""
    cheap = sorted(price for price, qty in asks for _ in range(qty))
    dear = sorted((price for price, qty in bids for _ in range(qty)), reverse=True)
    qty, profit = 0, Decimal(0)
    for ask, bid in itertools.islice(zip(cheap, dear, strict=False), most):
        paid, got = ask * (1 + fees[0]), bid * (1 - fees[1])
        if got <= paid or got < paid * (1 + margin):
            break
        qty, profit = qty + 1, profit + got - paid
    return qty, profit


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9))
def test_walking_both_books_is_trading_unit_by_unit(seed):
    rng = random.Random(seed)
    fees = [rng.choice(["0", "0.001", "0.01", "-0.002"]) for _ in range(2)]
    manager = OrderBookManager(taker_fees={"a": float(fees[0]), "b": float(fees[1])})
    asks = [(100 + 2 * k, rng.randrange(1, 6)) for k in range(rng.randrange(6))]
    bids = [(rng.randrange(104, 115) - 3 * k, rng.randrange(1, 6)) for k in range(rng.randrange(6))]
    for venue, sides in (("a", ([], asks)), ("b", (bids, []))):
        book = manager.add_book(venue, exact(venue, "1", "1"))
        book.apply_snapshot(*sides)
    most, bps = rng.choice([None, 1, 7]), rng.choice([0, 50, 300])
    found = manager.get_arbitrage_opportunities("BTCUSDT", bps, max_qty=most)
    merged = [dict(asks), dict(bids)]
    exact_fees = [Decimal(fee) for fee in fees]
    margin = Decimal(bps) / 10_000
    qty, profit = brute_force(
        merged[0].items(), merged[1].items(), exact_fees, margin, most or 10**6
    )
    assert sum(o.qty for o in found) == qty
    assert sum(o.profit for o in found) == pytest.approx(float(profit), abs=1e-9)
