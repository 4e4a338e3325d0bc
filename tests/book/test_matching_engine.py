"""Several books in one engine, and single orders with fees."""

import numpy as np
import pytest

from hftsim.book import MatchingEngine, OrderBook
from hftsim.core import Instrument
from hftsim.core.errors import InputError, UnknownNameError


def test_market_and_limit_orders_tell_what_they_did():
    engine = MatchingEngine("BTCUSDT", taker_fee=0.001)
    engine.book().add_order("ask", 90_010, 0.3)
    engine.book().add_order("ask", 90_020, 0.3)
    bought = engine.execute_market_order("buy", 0.4)
    assert bought.qty == pytest.approx(0.4)
    assert bought.price == pytest.approx((0.3 * 90_010 + 0.1 * 90_020) / 0.4)
    assert bought.fee == pytest.approx(0.001 * (0.3 * 90_010 + 0.1 * 90_020))
    assert (bought.fills, bought.open_qty) == (2, 0)
    resting = engine.execute_limit_order("buy", 89_000, 0.1)
    assert (resting.qty, resting.open_qty, resting.fee) == (0, 0.1, 0)
    stats = engine.execution_stats
    assert (stats.total_orders, stats.total_fills) == (2, 2)
    assert stats.avg_fill_price == pytest.approx(bought.price)


def test_books_do_not_meet_and_rows_come_in_the_order_of_the_messages():
    engine = MatchingEngine(["AAA", "BBB"])
    columns = {
        "instrument": [0, 1, 1, 0],
        "order_id": [1, 1, 2, 2],
        "side": [1, 1, -1, -1],
        "price": [10, 10, 10, 11],
        "qty": [5, 5, 2, 2],
    }
    rows = engine.process(columns)
    assert rows["sequence"].tolist() == [0, 1, 2, 3, 4, 5]
    assert rows["message"].tolist() == [0, 1, 2, 2, 2, 3]
    assert rows["instrument"].tolist() == [0, 1, 1, 1, 1, 0]
    assert engine.book("AAA").best_bid_qty > engine.book("BBB").best_bid_qty
    more = engine.process({"instrument": [1], "op": [2], "order_id": [1]})
    assert (more["sequence"].tolist(), more["message"].tolist()) == ([6], [4])


def test_an_engine_is_restored_whole():
    engine = MatchingEngine(["AAA", "BBB"])
    engine.process({"instrument": [0, 1], "order_id": [1, 1], "side": [1, 1], "qty": [1, 2]})
    other = MatchingEngine(["AAA", "BBB"])
    other.restore(engine.snapshot())
    assert other.state_hash() == engine.state_hash()
    assert other.state_hash() != MatchingEngine(["AAA", "BBB"]).state_hash()


def test_what_an_engine_does_not_have_is_told():
    engine = MatchingEngine(["AAA", "BBB"])
    with pytest.raises(UnknownNameError, match="unknown instrument 'CCC'"):
        engine.book("CCC")
    with pytest.raises(InputError, match="name the instrument"):
        engine.execute_market_order("buy", 1)
    with pytest.raises(InputError, match="from 0 to 1"):
        engine.process({"instrument": np.array([2]), "order_id": [1]})
    with pytest.raises(InputError, match="one book for each"):
        MatchingEngine([OrderBook("AAA"), "AAA"])


def test_orders_of_inverse_contracts_cost_fees_in_coins():
    """30 contracts of 100 USD: 10 at 40,000 and 20 at 50,000 are 0.025 and 0.04 BTC."""
    rules = Instrument(
        symbol="BTCUSD_PERP",
        kind="perpetual",
        inverse=True,
        multiplier=100,
        tick_size=1,
        lot_size=1,
    )
    engine = MatchingEngine(rules, taker_fee=0.001)
    engine.execute_limit_order("sell", 40_000, 10)
    engine.execute_limit_order("sell", 50_000, 20)
    impact = engine.book().price_impact(1, 30)
    assert impact.notional == 3000.0
    taken = engine.execute_market_order("buy", 30)
    assert taken.fee == pytest.approx(0.001 * 0.065, rel=1e-12)
