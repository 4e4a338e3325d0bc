"""The grid: levels by hand, refills, moving after the market, many orders, a limit that holds."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategy_feeds import (
    MS,
    SPOT,
    START,
    Feed,
    fills_of,
    orders_of,
    positions_of,
    random_feeds,
    run,
)

from hftsim.strategies import GridStrategy


def book(feed, first_ms, last_ms, mid, every_ms=100):
    """Add a book of one tick each side of `mid` from `first_ms` to before `last_ms`."""
    for ms in range(first_ms, last_ms, every_ms):
        feed.quote(ms, mid - 1, mid + 1)
    return feed


def open_book(market):
    """Return the prices that stood when the data ended, by side."""
    orders = orders_of(market)
    standing = orders[(orders["ts_done"] == market.context["now"][0]) & (orders["filled"] == 0)]
    return [sorted(standing["price"][standing["side"] == side].tolist()) for side in (1, -1)]


def grid(**parameters):
    return GridStrategy(
        **{"levels": 3, "spacing": 10, "qty": 5, "inventory_limit": 100} | parameters
    )


def test_three_levels_are_laid_around_the_mid_price():
    market = run(grid(), [book(Feed(), 0, 3000, 1000)])
    assert open_book(market) == [[970, 980, 990], [1010, 1020, 1030]]
    assert set(orders_of(market)["qty"]) == {5}
    assert (orders_of(market)["ts_sent"] == START + 1000 * MS).all()


def test_a_fill_is_followed_by_the_other_side_one_spacing_away():
    feed = book(Feed(), 0, 2000, 1000)
    feed.trade(2000, -1, 989, 50)  # through the bid at 990: the gap goes to 990
    book(feed, 2050, 2500, 992)
    market = run(grid(), [feed])
    fills = fills_of(market)
    assert fills[["side", "price", "qty"]].tolist() == [(1, 990, 5)]
    assert open_book(market) == [[970, 980], [1000, 1010, 1020, 1030]]
    # the sell at 1000 was sent when the report arrived, 10 ms after the fill
    assert orders_of(market)["ts_sent"][-1] == START + 2010 * MS


def test_a_round_trip_earns_one_spacing_a_unit():
    feed = book(Feed(), 0, 2000, 1000)
    feed.trade(2000, -1, 989, 50)
    book(feed, 2050, 2500, 992)
    feed.trade(2500, 1, 1001, 50)
    book(feed, 2550, 3000, 1000)
    market = run(grid(), [feed])
    assert fills_of(market)[["side", "price"]].tolist() == [(1, 990), (-1, 1000)]
    # 10 ticks of 0.1 on 5 lots of 0.001, without fees
    assert market.equity[-1] - 100_000.0 == pytest.approx(10 * 0.1 * 5 * 0.001)
    assert open_book(market) == [[970, 980, 990], [1010, 1020, 1030]]


def test_several_levels_at_once_leave_the_gap_at_the_last():
    feed = book(Feed(), 0, 2000, 1000)
    feed.trade(2000, 1, 1021, 50)
    book(feed, 2050, 4000, 1018)
    market = run(grid(), [feed])
    assert fills_of(market)["price"].tolist() == [1010, 1020]
    assert open_book(market) == [[970, 980, 990, 1000, 1010], [1030]]


def test_partial_fills_wait_for_the_rest():
    feed = book(Feed(), 0, 2000, 1000)
    feed.trade(2000, -1, 989, 3)
    book(feed, 2050, 2500, 992)
    market = run(grid(), [feed])
    assert fills_of(market)["qty"].tolist() == [3]
    assert len(orders_of(market)) == 6


def test_outside_the_grid_it_is_laid_anew_where_the_market_is():
    feed = book(book(Feed(), 0, 2000, 1000), 2000, 5000, 1041)
    market = run(grid(), [feed])
    # 41 ticks away, more than 3 + 1 spacings; the sells have filled on the way
    assert positions_of(market)[-1] == -15
    assert open_book(market) == [[1011, 1021, 1031], [1051, 1061, 1071]]
    stays = run(grid(recentre_levels=0), [feed])
    assert open_book(stays) == [[970, 980, 990, 1000, 1010, 1020], []]


def test_what_was_refused_is_sent_again():
    feed = book(Feed(), 0, 1001, 1000)
    book(feed, 1005, 1100, 1015)  # while the orders travel, the market passes the sell at 1010
    book(feed, 1100, 4000, 1000)
    market = run(grid(), [feed])
    assert int(market.context["refused"][0]) == 1
    assert open_book(market) == [[970, 980, 990], [1010, 1020, 1030]]


def test_six_hundred_orders_stand_at_once():
    feed = book(Feed(), 0, 3000, 100_000)
    strategy = GridStrategy(levels=300, spacing=2, qty=1)
    market = run(strategy, [feed])
    bids, asks = open_book(market)
    assert bids == list(range(99_400, 100_000, 2))
    assert asks == list(range(100_002, 100_602, 2))


def test_on_spot_it_begins_with_its_bids_and_sells_what_it_has():
    feed = book(Feed(SPOT), 0, 2000, 1000)
    feed.trade(2000, -1, 989, 50)
    book(feed, 2050, 2500, 992)
    market = run(grid(), [feed])
    assert open_book(market) == [[970, 980], [1000]]


def test_defaults_take_spacing_and_size_from_price_and_equity():
    strategy = GridStrategy()
    market = run(strategy, [book(Feed(), 0, 2000, 100_000)])
    # 5 basis points of 100,000 ticks; 28,500 of equity at 10,000 a unit are 2,850 lots, a tenth each
    assert (strategy.step, strategy.limit, strategy.unit) == (50, 2850, 285)
    assert len(orders_of(market)) == 20


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    levels=st.integers(1, 40),
    spacing=st.integers(1, 6),
    limit=st.integers(5, 400),
    recentre=st.integers(0, 2),
    latency=st.sampled_from(["0ms", "10ms", "700ms"]),
)
def test_the_limit_holds_in_random_markets(seed, levels, spacing, limit, recentre, latency):
    strategy = grid(levels=levels, spacing=spacing, inventory_limit=limit, recentre_levels=recentre)
    feeds = random_feeds(seed, steps=600, volatility=0.5 + seed % 5)
    market = run(strategy, feeds, latency=latency)
    assert np.abs(positions_of(market)).max(initial=0) <= limit
    assert int(market.context["open_count"][0]) == 0
