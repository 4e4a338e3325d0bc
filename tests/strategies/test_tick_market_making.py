"""The market maker: its quotes by hand and by formula, few requests, and a limit that holds."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategy_feeds import (
    MS,
    PERPETUAL,
    START,
    Feed,
    fills_of,
    orders_of,
    positions_of,
    random_feeds,
    run,
)

from hftsim.core.enums import OrderStatus
from hftsim.strategies import GTC, GTX, MarketMakingStrategy, QuoteModel


def still(seconds=10, bid=9990, ask=10010, **quantities):
    """Return a feed that repeats one book every 100 ms."""
    feed = Feed()
    for k in range(10 * seconds):
        feed.quote(100 * k, bid, ask, **quantities)
    return feed


def prices(market, side):
    """Return the prices of the orders of a side, in order of sending, with their time in ms."""
    orders = orders_of(market)
    own = orders[orders["side"] == side]
    return [((int(o["ts_sent"]) - START) // MS, int(o["price"])) for o in own]


def test_it_joins_the_best_prices_and_then_leaves_its_orders_alone():
    market = run(MarketMakingStrategy(), [still()])
    orders = orders_of(market)
    # equity 100,000, position_size 0.3, 95 % of that at 1,000 a unit: 28.5 units, a tenth each
    assert [tuple(o) for o in orders[["side", "price", "qty", "tif"]]] == [
        (1, 9990, 2850, GTX),
        (-1, 10010, 2850, GTX),
    ]
    assert (orders["status"] == OrderStatus.EXPIRED).all()  # by the end of the data alone


def test_spread_by_ticks_and_basis_points_and_the_least_spread():
    def quoted(**parameters):
        orders = orders_of(run(MarketMakingStrategy(**parameters), [still(2)]))
        return sorted(orders["price"].tolist())

    assert quoted(half_spread=3.0) == [9997, 10003]
    assert quoted(half_spread_bps=20.0) == [9980, 10020]
    assert quoted(half_spread=3.0, half_spread_bps=20.0) == [9977, 10023]
    assert quoted(half_spread=0.5) == [9999, 10001]
    assert quoted(half_spread=0.5, min_spread=5) == [9997, 10002]
    # as far inside as post-only allows: the book is 9990 / 10010
    assert quoted(half_spread=30.0) == [9970, 10030]


def test_an_inventory_moves_both_quotes_against_it():
    feed = still(1)
    feed.trade(950, -1, 9990, 5000)  # fills the bid of 1000 behind the 1000 that stand there
    for k in range(10, 20):
        feed.quote(100 * k, 9990, 10010)
    strategy = MarketMakingStrategy(qty=1000, inventory_limit=4000, skew=8.0, skew_bps=0.0)
    market = run(strategy, [feed])
    assert positions_of(market).tolist() == [1000]
    # a quarter of the limit, so a quarter of 8 ticks: the bid anew 2 lower, the ask 2 lower
    assert prices(market, 1) == [(100, 9990), (1000, 9988)]
    ask = orders_of(market)[1]
    assert (ask["side"], ask["price"]) == (-1, 10008)


def moving(seconds=4):
    """Return a feed whose mid price goes up and down by a tick every 100 ms."""
    feed = Feed()
    for k in range(10 * seconds):
        feed.quote(100 * k + 50, 9990 + k % 2, 10010 + k % 2)
    return feed


@pytest.mark.parametrize("model", [QuoteModel.GLFT, QuoteModel.AVELLANEDA_STOIKOV])
def test_model_quotes_are_those_of_the_closed_form(model):
    strategy = MarketMakingStrategy(
        model=model,
        kappa=0.2,
        intensity=2.0,
        risk_aversion=0.5,
        horizon=3.0,
        warm_up=2.0,
        qty=10,
        inventory_limit=100,
    )
    market = run(strategy, [moving()], latency="1ms")
    # the mid price goes one tick in each 0.1 s: sigma^2 = 1 / 0.1 = 10 ticks^2 / s
    gamma, kappa, sigma = 0.1, 0.2, math.sqrt(10.0)
    assert strategy.sigma(0) == pytest.approx(sigma)
    if model == QuoteModel.GLFT:
        root = math.sqrt(sigma**2 * gamma / (2 * kappa * 2.0) * (1 + gamma / kappa) ** 3)
        half = math.log(1 + gamma / kappa) / gamma + root / 2
    else:
        half = (gamma * sigma**2 * 3.0 + 2 / gamma * math.log(1 + gamma / kappa)) / 2
    first_bid, first_ask = orders_of(market)[:2]
    sent = (int(first_bid["ts_sent"]) - START) / 1e6
    assert sent == 2150  # begun at 150 ms, warm 2 s later
    quoted = [p for p in (10000.0, 10001.0) if math.ceil(p - half - 0.5) == first_bid["price"]]
    assert len(quoted) == 1
    assert first_ask["price"] == math.floor(quoted[0] + half + 0.5)


def test_models_measure_how_orders_arrive():
    # in every window of 100 ms a buy and a sell reach 3 ticks beyond the touch, 13 from the mid
    feed = Feed()
    for k in range(400):
        feed.quote(100 * k, 9990, 10010)
        feed.trade(100 * k + 30, 1, 10013, 1)
        feed.trade(100 * k + 60, -1, 9987, 1)
    strategy = MarketMakingStrategy(model=QuoteModel.GLFT, half_life=1000.0, warm_up=1000.0)
    run(strategy, [feed])
    kappa = math.log(1 + 1 / 3)
    assert strategy.measured_kappa(0) == pytest.approx(kappa, rel=1e-6)
    rate = -math.log(0.001) / 0.1  # every window is reached: as large as a share can tell
    found = strategy.measured_intensity(0, kappa)
    assert found == pytest.approx(rate * math.exp(10 * kappa), rel=1e-6)


def stepping(step):
    """Return a feed that goes up by `step` ticks after each second."""
    feed = Feed()
    for k in range(50):
        up = step * (k // 10)
        feed.quote(100 * k + 50, 9990 + up, 10010 + up)
    return feed


def test_a_quote_is_replaced_only_when_it_is_far_enough_from_what_is_wanted():
    patient = run(MarketMakingStrategy(qty=10, requote_ticks=3), [stepping(1)])
    eager = run(MarketMakingStrategy(qty=10), [stepping(1)])
    # replaced, not sent anew; the last price of each order is where it was moved to
    assert len(orders_of(patient)) == len(orders_of(eager)) == 2
    assert orders_of(eager)["price"].tolist() == [9994, 10014]
    assert orders_of(patient)["price"].tolist() == [9993, 10013]


def test_a_quote_may_be_renewed_for_its_age():
    strategy = MarketMakingStrategy(qty=10, max_age=1.0)
    run(strategy, [still(5)])
    last = (strategy.asked_at[0] - START) / 1e9
    assert last > 4.0


def test_post_only_may_be_off():
    orders = orders_of(run(MarketMakingStrategy(post_only=False), [still(1)]))
    assert (orders["tif"] == GTC).all()


def test_beyond_the_hard_limit_everything_is_cancelled_and_the_position_closed():
    feed = still(1)
    feed.trade(950, -1, 9990, 5000)
    for k in range(10, 20):
        feed.quote(100 * k, 9990, 10010)
    market = run(
        MarketMakingStrategy(qty=1000, inventory_limit=4000, hard_limit=500), [feed], "python"
    )
    fills = fills_of(market)
    assert fills["side"].tolist() == [1, -1]
    assert fills["is_maker"].tolist() == [True, False]
    assert fills["ts_event"][1] == START + 1010 * MS
    statuses = orders_of(market)["status"]
    assert statuses[1] == OrderStatus.CANCELED  # the ask that stood when the bid had filled


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    limit=st.integers(1, 3000),
    part=st.floats(0.05, 1.0),
    latency=st.sampled_from(["0ms", "10ms", "150ms", "400ms"]),
    model=st.sampled_from(list(QuoteModel)),
    may_fill_in_parts=st.booleans(),
)
def test_the_limit_holds_in_random_markets(seed, limit, part, latency, model, may_fill_in_parts):
    strategy = MarketMakingStrategy(
        model=model,
        inventory_limit=limit,
        qty=max(1, int(part * limit)),
        warm_up=3.0,
        skew_bps=0.0,
        requote_ticks=1 + seed % 3,
    )
    feeds = random_feeds(seed, steps=600, volatility=0.5 + seed % 4)
    market = run(strategy, feeds, latency=latency, partial_fills=may_fill_in_parts)
    positions = positions_of(market)
    assert np.abs(positions).max(initial=0) <= limit
    open_ids = strategy.order_ids[:2]
    assert len(set(open_ids) - {0}) <= 2


def test_its_own_equity_sets_the_size_and_a_fee_is_no_reason_to_stop():
    rules = PERPETUAL.replace(maker_fee=0.0002)
    feed = still(1)
    feed.instrument = rules
    orders = orders_of(run(MarketMakingStrategy(order_share=0.5), [feed], position_size=0.1))
    assert orders["qty"].tolist() == [4750, 4750]
