"""The taker: its signal and what it learns against plain sums, its size, its exits."""

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

from hftsim.core.enums import OrderType
from hftsim.strategies import IOC, LiquidityTakingStrategy

SEEN = []


class Recording(LiquidityTakingStrategy):
    """Notes signal and mid price at each wake-up; for Python mode."""

    def on_wake(self, ctx):
        SEEN.append((self.signal(ctx, 0), ctx.mid))
        LiquidityTakingStrategy.on_wake(self, ctx)


def recorded(strategy, feeds):
    """Run in Python mode; return signals and mid prices by wake-up."""
    SEEN.clear()
    run(strategy, feeds, "python")
    return np.array(SEEN).T


def test_the_imbalance_is_averaged_over_time():
    feed = Feed().quote(0, 999, 1001, 300, 100)
    feed.quote(500, 999, 1001, 100, 300).quote(1000, 999, 1001, 200, 200)
    strategy = LiquidityTakingStrategy(book_weight=1.0, half_life=0.5)
    run(strategy, [feed], "python")
    # half a second, a half-life, of +0.5: 0.25; then one of -0.5: 0.25 / 2 - 0.25
    assert strategy.imbalance[0] == pytest.approx(-0.125)
    assert strategy.last_imbalance[0] == 0.0


def test_the_flow_is_signed_over_total_volume_and_fades():
    feed = Feed().quote(0, 999, 1001)
    feed.trade(0, 1, 1001, 30).trade(1000, -1, 999, 10).trade(1000, 0, 1000, 500)
    feed.quote(1600, 999, 1001)
    strategy = Recording(book_weight=0.0, half_life=1.0)
    signals, _ = recorded(strategy, [feed])
    # a second later 30 counts as 15: (15 - 10) / (15 + 10) = 0.2, and half of it a second on
    assert signals[9] == pytest.approx(0.2)
    assert signals[15 - 1] == pytest.approx(0.2 * 0.5**0.5)
    assert signals[4] == pytest.approx(0.5**0.5)


def test_what_a_signal_is_worth_is_a_regression_through_zero():
    strategy = Recording(horizon=0.5, learning_half_life=1e9, threshold=1.0)
    signals, mids = recorded(strategy, random_feeds(3, steps=1000))
    before, moved = signals[:-5], mids[5:] - mids[:-5]
    assert len(moved) > 400
    worth = (before @ moved) / (before @ before)
    assert strategy.expected_move(0, 0.5) == pytest.approx(0.5 * worth, rel=1e-4)


def telling(seconds=40, spread=1, qty=1000):
    """Return a feed whose imbalance is 0.8 for a second in which the price rises by 20, and so on."""
    feed, mid = Feed(), 10_000
    for k in range(20 * seconds):
        up = (k // 20) % 2 == 0
        mid += 1 if up else -1
        sizes = (9 * qty, qty) if up else (qty, 9 * qty)
        feed.quote(50 * k, mid, mid + spread, *sizes)
    return feed


def taker(**parameters):
    chosen = {"book_weight": 1.0, "half_life": 0.1, "horizon": 0.5, "warm_up": 10.0}
    return LiquidityTakingStrategy(**chosen | parameters)


def test_it_takes_at_the_best_price_a_part_of_what_stands_there():
    market = run(taker(qty=100_000), [telling()])
    orders = orders_of(market)
    assert (orders["type"] == OrderType.LIMIT).all()
    assert (orders["tif"] == IOC).all()
    assert (orders["ts_sent"] >= START + 10_000 * MS).all()
    entries = orders[~orders["reduce_only"]]
    assert set(entries["qty"]) == {250}  # a quarter of the 1,000 on the thin side
    assert {1, -1} == set(entries["side"])


def test_moves_that_do_not_pay_for_the_round_trip_are_left_alone():
    assert len(fills_of(run(taker(), [telling()]))) > 10
    # what is learned are 1.55 ticks, turns included; with a spread of 12 a round trip costs more
    assert len(orders_of(run(taker(), [telling(spread=12)]))) == 0
    assert len(orders_of(run(taker(cost_multiple=0.1), [telling(spread=12)]))) > 0
    # two taker fees of 6 basis points are 12 ticks
    dear = telling()
    dear.instrument = PERPETUAL.replace(taker_fee=0.0006)
    assert len(orders_of(run(taker(), [dear]))) == 0


def test_it_does_not_fall_behind_a_signal_below_the_threshold():
    assert len(orders_of(run(taker(threshold=0.9), [telling()]))) == 0


def test_a_position_is_held_no_longer_than_said():
    market = run(taker(holding=0.2, exit_threshold=1.0), [telling()], latency="0ms")
    fills = fills_of(market)
    entered, left = fills["ts_event"][::2], fills["ts_event"][1::2]
    held = (left - entered[: len(left)]) / MS
    assert len(held) > 10
    assert set(held.tolist()) == {200.0}
    assert (positions_of(market)[1::2] == 0).all()


def test_a_position_is_closed_when_the_signal_turns():
    market = run(taker(holding=60.0), [telling()], latency="0ms")
    fills = fills_of(market)
    turns = (fills["ts_event"][1::2] - START) / MS % 1000
    # the imbalance turns at full seconds; its average is 0.2 on the other side 0.1 s later
    assert len(turns) > 10
    assert ((turns >= 50) & (turns <= 150)).all()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    qty=st.integers(1, 500),
    latency=st.sampled_from(["0ms", "10ms", "300ms"]),
)
def test_a_position_never_exceeds_its_size_in_random_markets(seed, qty, latency):
    strategy = LiquidityTakingStrategy(cost_multiple=0.0, threshold=0.2, warm_up=2.0, qty=qty)
    market = run(strategy, random_feeds(seed, steps=600), latency=latency)
    assert np.abs(positions_of(market)).max(initial=0) <= qty
