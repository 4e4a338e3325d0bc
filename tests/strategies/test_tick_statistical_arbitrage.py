"""Pairs: both hedge ratios against numpy, and entry, hedge, exit and stop by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategy_feeds import MS, PERPETUAL, START, Feed, fills_of, orders_of, random_feeds, run

from hftsim.strategies import HedgeModel, StatisticalArbitrage

SECOND = 1000


def pair_of_paths(seed, steps=200):
    """Return two related paths of prices, ticks."""
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.normal(0.0, 5.0, steps))
    return 20_000.0 + 3 * common + rng.normal(0, 4, steps), 10_000.0 + common


def in_basis_points(path):
    return 1e4 * np.log(path / path[0])


def test_rolling_is_least_squares_over_the_window():
    first, second = pair_of_paths(1)
    y, x = in_basis_points(first), in_basis_points(second)
    strategy = StatisticalArbitrage(lookback=50)
    for k in range(len(first)):
        strategy.sample(first[k], second[k])
        if k < 49:
            assert strategy.z == 0.0
            continue
        part = slice(k - 49, k + 1)
        slope, intercept = np.polyfit(x[part], y[part], 1)
        rest = y[part] - intercept - slope * x[part]
        assert strategy.slope == pytest.approx(slope)
        assert strategy.intercept == pytest.approx(intercept, abs=1e-6)
        assert strategy.z == pytest.approx(rest[-1] / np.sqrt(np.mean(rest**2)), abs=1e-6)
        correlation = np.corrcoef(x[part], y[part])[0, 1]
        assert strategy.is_related == (correlation >= 0.5)


def test_the_kalman_filter_is_the_textbook_one():
    first, second = pair_of_paths(2)
    y, x = in_basis_points(first), in_basis_points(second)
    strategy = StatisticalArbitrage(
        hedge=HedgeModel.KALMAN, lookback=40, kalman_step=1e-3, kalman_noise=9.0
    )
    state, covariance = np.array([0.0, 1.0]), np.diag([100.0, 1.0])
    errors = []
    for k in range(len(first)):
        strategy.sample(first[k], second[k])
        covariance = covariance + 1e-3 * np.eye(2)
        seen = np.array([1.0, x[k]])
        error = y[k] - seen @ state
        gain = covariance @ seen / (seen @ covariance @ seen + 9.0)
        state = state + gain * error
        covariance = covariance - np.outer(gain, seen) @ covariance
        assert [strategy.intercept, strategy.slope] == pytest.approx(state)
        squares = 0.0
        for past, value in enumerate(errors):
            squares += (value**2 - squares) / min(past + 1, 40)
        if squares > 0.0:
            assert strategy.z == pytest.approx(error / np.sqrt(squares))
        errors.append(error)
    assert strategy.slope == pytest.approx(1.5, rel=0.2)  # 3 of 20,000 for 1 of 10,000


def feeds_of(first, second):
    """Return two feeds with a book of two ticks around each price, every half second."""
    feeds = Feed(PERPETUAL.replace(symbol="AUSDT")), Feed(PERPETUAL.replace(symbol="BUSDT"))
    for k in range(2 * len(first)):
        for feed, path in zip(feeds, (first, second), strict=True):
            price = int(path[k // 2])
            feed.quote(500 * k + 100, price - 1, price + 1, 100_000, 100_000)
    return list(feeds)


def waves(steps, jump_at=None, jump=0, back_at=None):
    """Return two paths that swing together; the first leaves by `jump` ticks for a while."""
    swing = 40 * np.sin(np.arange(steps) / 4.0)
    noise = 2 * np.cos(np.arange(steps) * 2.2)
    first, second = 10_000 + swing + noise, 20_000 + 2 * swing
    if jump_at is not None:
        first[jump_at:back_at] += jump
    return np.rint(first), np.rint(second)


def traded(market):
    """Return the seconds, instruments, sides and quantities of all fills."""
    fills = fills_of(market)
    seconds = (fills["ts_event"] - START) // (SECOND * MS)
    return [
        (int(s), int(f["instrument"]), int(f["side"]), int(f["qty"]))
        for s, f in zip(seconds, fills, strict=True)
    ]


def test_entry_hedge_and_exit():
    strategy = StatisticalArbitrage(lookback=40)
    # six ticks too dear from second 50 to 54: more than two, less than four deviations of 1.5 ticks
    market = run(strategy, feeds_of(*waves(70, 50, 6, 54)))
    fills = traded(market)
    (entry, *_), *_ = fills
    sold = [f for f in fills if f[1] == 0]
    hedged = [f for f in fills if f[1] == 1]
    assert entry == 50
    assert [f[2] for f in sold] == [-1, 1]
    assert [f[2] for f in hedged] == [1, -1]
    # each leg at most 95 % of 0.3 and both together 0.5 of 100,000; slope is about 1:
    # 25,000 on each leg, 25 units of 1,000 and 12.5 of 2,000
    assert sold[0][3] == pytest.approx(25_000, rel=0.05)
    assert hedged[0][3] == round(sold[0][3] * strategy.ratio)
    assert strategy.ratio == pytest.approx(0.5, rel=0.05)
    assert market.instrument_records["position"].tolist() == [0, 0]
    # the hedge is sent when the first leg's report is back, 20 ms after its order
    orders = orders_of(market)
    assert orders["ts_sent"][1] - orders["ts_sent"][0] == 20 * MS


def test_the_other_side_is_bought():
    market = run(StatisticalArbitrage(lookback=40), feeds_of(*waves(70, 50, -6, 54)))
    assert [f[1:3] for f in traded(market)][:2] == [(0, 1), (1, -1)]


def test_a_distance_that_grows_is_given_up_and_nothing_opened_until_it_is_back():
    first, second = waves(90, 50, 6)
    first[53:60] += 60
    strategy = StatisticalArbitrage(lookback=40)
    market = run(strategy, feeds_of(first, second))
    fills = traded(market)
    assert [f[2] for f in fills if f[1] == 0][:2] == [-1, 1]
    assert 53 <= fills[2][0] <= 55
    assert not [f for f in fills if 56 <= f[0] <= 60]


def test_prices_that_are_not_related_open_nothing():
    rng = np.random.default_rng(3)
    first, second = 10_000 + rng.integers(-30, 30, 200), 20_000 + rng.integers(-30, 30, 200)
    assert len(orders_of(run(StatisticalArbitrage(lookback=100), feeds_of(first, second)))) == 0
    still = np.full(60, 10_000)
    assert len(orders_of(run(StatisticalArbitrage(lookback=20), feeds_of(still, still)))) == 0


def test_the_first_leg_takes_no_more_than_its_share():
    feeds = feeds_of(*waves(70, 50, 6, 54))
    for row, values in enumerate(feeds[0].rows):
        feeds[0].rows[row] = (*values[:3], 4000, *values[4:])
    market = run(StatisticalArbitrage(lookback=40, max_share=0.5), feeds)
    orders = orders_of(market)
    assert orders["qty"][orders["instrument"] == 0].max() == 2000
    assert market.instrument_records["position"].tolist() == [0, 0]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    hedge=st.sampled_from(list(HedgeModel)),
    entry=st.floats(0.6, 2.5),
    part=st.floats(0.0002, 0.0008),
    latency=st.sampled_from(["0ms", "10ms", "1500ms"]),
)
def test_legs_are_hedged_and_small_enough_in_random_markets(seed, hedge, entry, part, latency):
    strategy = StatisticalArbitrage(hedge=hedge, lookback=15, entry_z=entry, max_position=part)
    market = run(strategy, random_feeds(seed, 2, steps=1200, apart=3.0), latency=latency)
    first, second = market.positions.T
    worth = 1000.0 * 0.001 * (np.abs(first) + np.abs(second))
    # 10 to 40 lots, fewer than ever stand at a best price; prices stay within percents of 1,000
    assert (worth <= 1.05 * part * 100_000.0 + 2.0).all()
    if len(orders_of(market)) and latency != "1500ms":
        ends = market.instrument_records["position"]
        late = orders_of(market)["ts_sent"][-1] > market.context["now"][0] - 100 * MS
        assert late or ends[1] == -np.floor(ends[0] * strategy.ratio + 0.5)
