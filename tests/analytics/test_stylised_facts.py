"""Stylised facts: small cases by hand, and processes whose facts are known."""

import math

import numpy as np
import pytest

from hftsim.analytics import stylised_facts as facts
from hftsim.analytics.stylised_facts import OrderFlow, facts_table, stylised_facts
from hftsim.core.errors import ConfigError


def test_autocorrelation_is_the_plain_sum():
    values = np.random.default_rng(3).normal(size=50)
    centred = [float(v) - float(np.mean(values)) for v in values]
    for lag in (1, 5, 20):
        top = sum(centred[t] * centred[t + lag] for t in range(50 - lag))
        expected = top / sum(v * v for v in centred)
        assert facts.autocorrelation(values, lag) == pytest.approx(expected, abs=1e-14)


def test_what_has_no_value_is_nan():
    assert math.isnan(facts.autocorrelation(np.ones(100), 1))
    assert math.isnan(facts.autocorrelation(np.arange(10.0), 1))
    assert math.isnan(facts.excess_kurtosis(np.ones(100)))
    assert math.isnan(facts.sign_memory(np.ones(3))["gamma"])
    assert math.isnan(facts.spread_facts(np.zeros(0))["mean"])
    assert math.isnan(facts.arrival_facts(np.zeros(100, np.int64))["mean_seconds"])


def test_an_autoregression_has_its_coefficient_as_memory():
    rng, series = np.random.default_rng(1), [0.0]
    for shock in rng.normal(size=60_000):
        series.append(0.6 * series[-1] + shock)
    found = facts.by_lag(np.array(series))
    assert found[1] == pytest.approx(0.6, abs=0.02)
    assert found[2] == pytest.approx(0.36, abs=0.02)


def test_kurtosis_of_known_distributions():
    rng = np.random.default_rng(2)
    assert facts.excess_kurtosis(np.tile([1.0, -1.0], 20)) == -2.0
    assert facts.excess_kurtosis(rng.laplace(size=400_000)) == pytest.approx(3.0, abs=0.3)


def test_signs_of_power_law_runs_have_the_memory_of_their_exponent():
    # Runs of one sign with lengths P(L >= l) = l ** -1.5 have an acf that decays as lag ** -0.5.
    rng = np.random.default_rng(4)
    lengths = np.minimum(np.floor(rng.random(60_000) ** (-1 / 1.5)), 5_000).astype(int)
    signs = np.repeat(rng.choice([-1.0, 1.0], len(lengths)), lengths)
    memory = facts.sign_memory(signs)
    assert memory["gamma"] == pytest.approx(0.5, abs=0.15)
    assert memory["hurst"] == 1 - memory["gamma"] / 2


def test_response_by_hand():
    mids = np.arange(30.0)
    signs = np.tile([1, 1, -1], 10)
    found = facts.response(mids, signs)
    assert found[1] == pytest.approx((20 - 9) / 29)
    assert found[10] == pytest.approx(10 * (14 - 6) / 20)
    assert math.isnan(found[20])


def test_signature_is_flat_for_a_random_walk_and_falls_for_a_bounce():
    rng = np.random.default_rng(5)
    walk = facts.signature(np.cumsum(rng.choice([-1.0, 1.0], 100_000)))
    assert walk[1] == 1.0
    assert walk[10] == pytest.approx(1.0, abs=0.05)
    bounce = facts.signature(np.tile([0.0, 1.0], 5_000))
    assert bounce[2] == 0.0


def test_waits_of_a_poisson_process_vary_by_1():
    ts = np.cumsum(np.random.default_rng(6).exponential(1e8, 50_000)).astype(np.int64)
    found = facts.arrival_facts(ts)
    assert found["mean_seconds"] == pytest.approx(0.1, rel=0.02)
    assert found["variation"] == pytest.approx(1.0, abs=0.02)


def flow(n=400, **changes):
    rng = np.random.default_rng(7)
    bid = 1000 + np.cumsum(rng.choice([-1, 0, 1], n))
    columns = {
        "ts": np.arange(n) * 250_000_000,
        "sign": rng.choice([-1, 1], n),
        "is_trade": np.arange(n) % 4 == 0,
        "bid": bid,
        "ask": bid + rng.choice([1, 3], n),
        "profile": np.array([1.0, 3.0, 4.0]),
    }
    return OrderFlow(**{**columns, **changes})


def test_all_facts_of_an_order_flow():
    given = flow()
    found = stylised_facts(given)
    spread = given.ask - given.bid
    assert (found["events"], found["trades"], found["seconds"]) == (400, 100, 99.75)
    assert found["spread"]["mean"] == spread.mean()
    assert found["spread"]["share_one_tick"] == np.mean(spread == 1)
    assert found["depth_profile"] == [0.125, 0.375, 0.5]
    assert found["inter_arrival"] == {"mean_seconds": 0.25, "variation": 0.0}
    mids = 0.5 * (given.bid + given.ask)
    returns = np.diff(np.log(mids[::4]))
    assert found["returns"]["volatility_bps"] == pytest.approx(returns.std() * 1e4)
    assert found["return_acf"][1] == pytest.approx(facts.autocorrelation(returns, 1))
    table = facts_table(found)
    assert table["spread.mean"] == found["spread"]["mean"]
    assert table["depth_profile.2"] == 0.5
    assert set(map(type, table.values())) <= {int, float}


def test_moments_without_two_sides_do_not_count():
    given = flow()
    bid = given.bid.copy()
    bid[::2] = 0
    found = stylised_facts(flow(bid=bid))
    assert found["spread"]["mean"] == (given.ask - given.bid)[1::2].mean()


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ConfigError, match="differ in length"):
        stylised_facts(flow(sign=np.ones(3)))
