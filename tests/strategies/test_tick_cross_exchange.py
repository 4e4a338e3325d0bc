"""Arbitrage between two venues: a profit known to the cent, leg risk, and limits that hold."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategy_feeds import (
    MS,
    PERPETUAL,
    SPOT,
    START,
    Feed,
    fills_of,
    orders_of,
    positions_of,
    random_feeds,
    run,
)

from hftsim.strategies import CrossExchangeArbitrage

ONE = PERPETUAL.replace(symbol="AUSDT", taker_fee=0.0001)
OTHER = PERPETUAL.replace(symbol="BUSDT", taker_fee=0.0002)


def venues(rows, one=ONE, other=OTHER):
    """Return two feeds from rows of (ms, bid, ask at the first, bid, ask at the second)."""
    feeds = Feed(one), Feed(other)
    for ms, bid_1, ask_1, bid_2, ask_2 in rows:
        feeds[0].quote(ms, bid_1, ask_1, 40, 40)
        feeds[1].quote(ms, bid_2, ask_2, 60, 60)
    return list(feeds)


EVEN = (9998, 10000, 9998, 10000)
APART = [(0, *EVEN), (100, 9998, 10000, 10020, 10022)]


def test_a_profit_known_to_the_cent():
    rows = [*APART, (105, 9998, 10000, 10020, 10022), (200, 9998, 10000, 9999, 10001)]
    market = run(CrossExchangeArbitrage(), venues(rows), latency="5ms")
    # 1000.0 paid with 1 bp, 1002.0 got less 2 bp: 1001.7996 / 1000.1 - 1 = 16.99 bp; 40 lots stand
    fills = fills_of(market)
    assert fills[["instrument", "side", "price", "qty", "ts_event"]].tolist() == [
        (0, 1, 10000, 40, START + 105 * MS),
        (1, -1, 10020, 40, START + 105 * MS),
    ]
    cash = -1000.0 * 0.040 * 1.0001 + 1002.0 * 0.040 * 0.9998
    assert market.context["cash"][0] - 100_000.0 == pytest.approx(cash)
    assert cash == pytest.approx(0.040 * (1001.7996 - 1000.1))
    # closed at the middle prices, 999.9 and 1000.0, 40 lots long and short cost 0.004
    assert market.equity[-1] - 100_000.0 == pytest.approx(cash + 0.040 * (999.9 - 1000.0))


def test_less_than_the_least_profit_is_left_alone():
    paid, got = 1000.0 * 1.0001, 1002.0 * 0.9998
    profit = 1e4 * (got / paid - 1.0)
    for least, count in ((profit - 1e-6, 2), (profit + 1e-6, 0)):
        strategy = CrossExchangeArbitrage(min_profit_bps=least)
        assert len(orders_of(run(strategy, venues(APART)))) == count


def test_another_currency_is_converted():
    # the second venue quotes in a currency that is worth 0.998 of the first one's: nothing is left
    strategy = CrossExchangeArbitrage(rate=0.998)
    assert len(orders_of(run(strategy, venues(APART[1:])))) == 0


def test_a_leg_that_failed_is_traded_off_where_it_costs_least():
    later = (9998, 10000, 9997, 9999)
    # while the orders travel the bid of the second venue goes: only the first leg fills
    rows = [*APART, (103, 9998, 10000, 9998, 10000), (200, *later), (215, *later)]
    market = run(CrossExchangeArbitrage(), venues(rows), latency="5ms")
    fills = fills_of(market)
    # after fees 999.8 * 0.9999 at the first venue is more than 999.7 * 0.9998 at the second
    assert fills[["instrument", "side", "price", "qty"]].tolist() == [
        (0, 1, 10000, 40),
        (0, -1, 9998, 40),
    ]
    assert fills["ts_event"][1] == START + 205 * MS
    assert market.instrument_records["position"].tolist() == [0, 0]
    lost = 0.040 * (1000.0 * 1.0001 - 999.8 * 0.9999)
    assert 100_000.0 - market.equity[-1] == pytest.approx(lost)


def test_a_leg_may_be_traded_off_at_the_other_venue():
    later = (9998, 10000, 10003, 10005)
    rows = [*APART, (103, 9998, 10000, 9998, 10000), (200, *later), (215, *later)]
    market = run(CrossExchangeArbitrage(), venues(rows), latency="5ms")
    assert fills_of(market)[["instrument", "side", "price"]].tolist() == [
        (0, 1, 10000),
        (1, -1, 10003),
    ]


def test_of_a_leg_that_filled_in_part_the_difference_is_traded_off():
    feeds = venues([*APART, (200, *EVEN), (215, *EVEN)])
    feeds[1].rows = feeds[1].rows[:4]
    feeds[1].quote(103, 10020, 10022, 15, 60).quote(200, 9998, 10000).quote(215, 9998, 10000)
    market = run(CrossExchangeArbitrage(), feeds, latency="5ms")
    assert fills_of(market)[["instrument", "side", "qty"]].tolist() == [
        (0, 1, 40),
        (1, -1, 15),
        (0, -1, 25),
    ]
    assert market.instrument_records["position"].tolist() == [15, -15]


def test_inventories_are_brought_back_when_that_costs_nothing():
    back = [(k, 10005, 10007, 9999, 10001) for k in range(200, 400, 50)]
    # 1000.5 less 1 bp against 1000.1 with 2 bp: +0.99 bp, enough to go back, not to begin
    began = run(CrossExchangeArbitrage(), venues([APART[0], *back]))
    assert len(orders_of(began)) == 0
    market = run(CrossExchangeArbitrage(), venues([*APART, (110, *APART[1][1:]), *back]))
    assert market.instrument_records["position"].tolist() == [0, 0]
    assert len(fills_of(market)) == 4


def test_nothing_is_sent_until_both_reports_are_back():
    rows = [APART[0], *((100 + k, *APART[1][1:]) for k in range(30))]
    market = run(CrossExchangeArbitrage(), venues(rows), latency="10ms")
    sent = ((orders_of(market)["ts_sent"] - START) // MS).tolist()
    assert sent == [100, 100, 120, 120]


def test_a_silent_venue_is_not_traded_on():
    feeds = venues(APART[:1])
    feeds[1].quote(2000, 10020, 10022, 60, 60)
    assert len(orders_of(run(CrossExchangeArbitrage(), feeds))) == 0
    assert len(orders_of(run(CrossExchangeArbitrage(max_age=3.0), feeds))) == 2


def test_lots_of_different_size_make_equal_legs():
    coarse = OTHER.replace(lot_size="0.007")
    feeds = venues([*APART, (110, *APART[1][1:])], other=coarse)
    market = run(CrossExchangeArbitrage(), feeds, latency="5ms")
    # 40 lots of 0.001 allow five of 0.007: 35 against 5
    assert fills_of(market)[["instrument", "qty"]].tolist()[:2] == [(0, 35), (1, 5)]


def test_a_leg_too_small_for_a_venue_is_not_begun():
    strict = OTHER.replace(min_notional=50)
    feeds = venues(APART, other=strict)
    assert len(orders_of(run(CrossExchangeArbitrage(), feeds))) == 0


def test_on_one_spot_venue_only_the_other_is_sold_short():
    spot = SPOT.replace(symbol="AUSDT", taker_fee=0)
    feeds = venues([*APART, (110, *APART[1][1:])], one=spot)
    assert run(CrossExchangeArbitrage(), feeds).instrument_records["position"].tolist()[0] > 0
    turned = [(ms, bid_2, ask_2, bid_1, ask_1) for ms, bid_1, ask_1, bid_2, ask_2 in APART]
    assert len(orders_of(run(CrossExchangeArbitrage(), venues(turned, one=spot)))) == 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    part=st.floats(0.001, 0.3),
    latency=st.sampled_from(["0ms", "10ms", "120ms"]),
)
def test_inventories_stay_within_their_limits_in_random_markets(seed, part, latency):
    feeds = random_feeds(seed, 2, steps=400, apart=4.0)
    strategy = CrossExchangeArbitrage(min_profit_bps=2.0, max_position=part)
    market = run(strategy, feeds, latency=latency)
    for k in range(2):
        # prices stay within 3 % of 1,000 and what is earned is small: 5 % of room for both
        most = 1.05 * part * 100_000.0 / (1000.0 * 0.001)
        assert np.abs(positions_of(market, k)).max(initial=0) <= most
    # one arbitrage or repair is under way at a time, so the legs never differ by more
    fills = fills_of(market)
    apart = np.cumsum(fills["side"] * fills["qty"])
    assert np.abs(apart).max(initial=0) <= orders_of(market)["qty"].max(initial=0)
