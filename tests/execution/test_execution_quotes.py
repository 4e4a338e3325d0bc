"""Closed-form quotes: by hand, in their limits, and against the table of the paper."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core.errors import ConfigError
from hftsim.execution import (
    avellaneda_stoikov_quotes,
    glft_half_spread,
    glft_quotes,
    glft_skew,
    optimal_spread,
    reservation_price,
)

positive = st.floats(0.01, 10.0)


def test_reservation_price_by_hand():
    # 100 - 3 * 0.1 * 2^2 * 0.5 = 99.4; short inventory mirrors it
    assert reservation_price(100.0, 3.0, 0.1, 2.0, 0.5) == pytest.approx(99.4)
    assert reservation_price(100.0, -3.0, 0.1, 2.0, 0.5) == pytest.approx(100.6)
    assert reservation_price(100.0, 0.0, 0.1, 2.0, 0.5) == 100.0


def test_optimal_spread_by_hand():
    # 0.1 * 4 * 1 + 20 * ln(1.0666...) = 0.4 + 20 * 0.0645385211375712
    assert optimal_spread(0.1, 2.0, 1.5, 1.0) == pytest.approx(0.4 + 1.290770422751424)


def test_quotes_lie_half_a_spread_to_each_side():
    bid, ask = avellaneda_stoikov_quotes(100.0, 3.0, 0.1, 2.0, 1.5, 1.0)
    assert (bid + ask) / 2 == pytest.approx(98.8)
    assert ask - bid == pytest.approx(1.690770422751424)


@pytest.mark.parametrize(("gamma", "spread"), [(0.01, 1.35), (0.1, 1.49), (0.5, 2.16)])
def test_mean_spread_of_a_day_is_that_of_the_published_table(gamma, spread):
    # sigma 2, kappa 1.5, T 1, dt 0.005: mean of time left over the day is 0.5025
    times = 1.0 - 0.005 * np.arange(200)
    mean = np.mean([optimal_spread(gamma, 2.0, 1.5, t) for t in times])
    exact = gamma * 4 * 0.5025 + 2 / gamma * math.log(1 + gamma / 1.5)
    assert mean == pytest.approx(exact)
    assert mean == pytest.approx(spread, abs=0.01)


def simulate(gamma, paths, rng, *, by_inventory):
    """Return profits and last inventories of the paper's simulation, section 3.3."""
    price, cash, held = np.full(paths, 100.0), np.zeros(paths), np.zeros(paths)
    for step in range(200):
        left = 1.0 - 0.005 * step
        seen = held if by_inventory else 0.0
        bid, ask = avellaneda_stoikov_quotes(price, seen, gamma, 2.0, 1.5, left)
        bought = rng.random(paths) < 140 * 0.005 * np.exp(-1.5 * (price - bid))
        sold = rng.random(paths) < 140 * 0.005 * np.exp(-1.5 * (ask - price))
        held += bought * 1.0 - sold * 1.0
        cash += sold * ask - bought * bid
        price += 2.0 * math.sqrt(0.005) * np.where(rng.random(paths) < 0.5, 1.0, -1.0)
    return cash + held * price, held


@pytest.mark.parametrize(
    ("gamma", "profit", "deviation", "inventory", "symmetric"),
    [(0.1, 64.9, 6.6, 2.9, (68.0, 13.4, 8.4)), (0.5, 48.5, 5.9, 2.0, (58.3, 11.6, 7.1))],
)
def test_a_simulated_maker_earns_what_the_published_table_says(
    gamma, profit, deviation, inventory, symmetric
):
    rng = np.random.default_rng(4)
    gained, held = simulate(gamma, 10_000, rng, by_inventory=True)
    found = (gained.mean(), gained.std(), held.std())
    assert found == pytest.approx((profit, deviation, inventory), rel=0.04)
    gained, held = simulate(gamma, 10_000, rng, by_inventory=False)
    assert (gained.mean(), gained.std(), held.std()) == pytest.approx(symmetric, rel=0.04)


def test_glft_by_hand():
    # gamma = kappa = 1, so (1 + 1)^(1 + 1) = 4; sigma 3, A 2:
    # skew = 3 * sqrt(1 / (2 * 2 * 1) * 4) = 3, half = ln 2 + 3 / 2
    assert glft_skew(1.0, 3.0, 1.0, 2.0) == pytest.approx(3.0)
    assert glft_half_spread(1.0, 3.0, 1.0, 2.0) == pytest.approx(math.log(2) + 1.5)
    bid, ask = glft_quotes(100.0, 2.0, 1.0, 3.0, 1.0, 2.0)
    assert bid == pytest.approx(100 - 6 - math.log(2) - 1.5)
    assert ask == pytest.approx(100 - 6 + math.log(2) + 1.5)


@given(gamma=positive, sigma=positive, kappa=positive, rate=positive, q=st.integers(-20, 20))
def test_glft_is_the_papers_form_with_two_q_plus_one(gamma, sigma, kappa, rate, q):
    # depth of the bid: ln(1 + g/k) / g + (2q + 1) / 2 * sqrt(s^2 g / (2 k A) (1 + g/k)^(1 + k/g))
    root = math.sqrt(
        sigma**2 * gamma / (2 * kappa * rate) * (1 + gamma / kappa) ** (1 + kappa / gamma)
    )
    nearest = math.log(1 + gamma / kappa) / gamma
    bid, ask = glft_quotes(1000.0, q, gamma, sigma, kappa, rate)
    assert 1000.0 - bid == pytest.approx(nearest + (2 * q + 1) / 2 * root, rel=1e-6, abs=1e-6)
    assert ask - 1000.0 == pytest.approx(nearest - (2 * q - 1) / 2 * root, rel=1e-6, abs=1e-6)


@given(gamma=positive, sigma=positive, kappa=positive, rate=positive)
def test_without_inventory_quotes_are_symmetric_and_with_it_they_mirror(gamma, sigma, kappa, rate):
    for quotes, last in ((glft_quotes, rate), (avellaneda_stoikov_quotes, 1.0)):
        bid, ask = quotes(500.0, 0.0, gamma, sigma, kappa, last)
        assert 500.0 - bid == pytest.approx(ask - 500.0, abs=1e-9)
        long_bid, long_ask = quotes(500.0, 4.0, gamma, sigma, kappa, last)
        short_bid, short_ask = quotes(500.0, -4.0, gamma, sigma, kappa, last)
        assert 500.0 - long_bid == pytest.approx(short_ask - 500.0, abs=1e-9)
        assert 500.0 - short_bid == pytest.approx(long_ask - 500.0, abs=1e-9)
        assert long_bid < bid < short_bid


@given(sigma=positive, kappa=positive, rate=positive)
def test_without_risk_aversion_both_models_quote_one_over_kappa(sigma, kappa, rate):
    assert optimal_spread(0.0, sigma, kappa, 1.0) == 2.0 / kappa
    assert glft_half_spread(0.0, sigma, kappa, rate) == 1.0 / kappa
    assert glft_skew(0.0, sigma, kappa, rate) == 0.0
    tiny = 1e-9 * kappa
    assert optimal_spread(tiny, sigma, kappa, 1.0) == pytest.approx(2.0 / kappa, rel=1e-3)
    # sigma c2 goes to sigma * sqrt(e * gamma / (2 kappa A))
    limit = sigma * math.sqrt(math.e * tiny / (2 * kappa * rate))
    assert glft_skew(tiny, sigma, kappa, rate) == pytest.approx(limit, rel=1e-4)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: optimal_spread(0.1, 1.0, 0.0, 1.0), "kappa"),
        (lambda: optimal_spread(-0.1, 1.0, 1.0, 1.0), "gamma"),
        (lambda: optimal_spread(math.nan, 1.0, 1.0, 1.0), "gamma"),
        (lambda: glft_half_spread(0.1, 1.0, 1.0, 0.0), "kappa and intensity"),
        (lambda: glft_quotes(1.0, 0.0, -0.1, 1.0, 1.0, 1.0), "gamma"),
    ],
)
def test_parameters_out_of_range_are_refused(call, told):
    with pytest.raises(ConfigError, match=told):
        call()
