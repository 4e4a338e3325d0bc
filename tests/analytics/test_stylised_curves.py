"""The curves of stylised facts: small cases by hand."""

import math

import numpy as np
import pytest

from hftsim.analytics.stylised_curves import acf_at, fact_curves, longer_than, spaced_lags
from hftsim.analytics.stylised_facts import OrderFlow, by_lag, stylised_facts


def flow(n=400, **changes):
    rng = np.random.default_rng(11)
    bid = 1000 + np.cumsum(rng.choice([-1, 0, 1], n))
    columns = {
        "ts": np.arange(n) * 250_000_000,
        "sign": np.sign(np.cumsum(rng.normal(size=n)) + 0.1).astype(int),
        "is_trade": np.arange(n) % 2 == 0,
        "bid": bid,
        "ask": bid + np.tile([1, 3, 1, 7], n // 4),
        "profile": np.array([1.0, 3.0, 4.0]),
    }
    return OrderFlow(**{**columns, **changes})


def test_waits_that_are_longer_by_hand():
    wait, share = longer_than(np.array([0.0, 2.0, 1.0, 1.0, 4.0]))
    assert wait.tolist() == [1.0, 2.0]
    assert share.tolist() == pytest.approx([0.4, 0.2])
    assert [len(a) for a in longer_than(np.zeros(3))] == [0, 0]
    assert [len(a) for a in longer_than(np.zeros(0))] == [0, 0]


def test_many_waits_are_thinned_to_true_points():
    waits = np.random.default_rng(1).exponential(0.2, 20_000)
    wait, share = longer_than(waits)
    assert 200 < len(wait) <= 400
    assert share == pytest.approx([np.mean(waits > w) for w in wait])
    assert wait[0] == waits.min()


def test_lags_are_whole_and_spaced():
    lags = spaced_lags(1000)
    assert (lags[0], lags[-1]) == (1, 1000)
    assert (np.diff(lags) >= 1).all()
    values = np.random.default_rng(2).normal(size=100)
    lag, acf = acf_at(values, np.array([1, 80, 81]))
    assert lag.tolist() == [1, 80]  # 20 pairs are needed
    assert acf[0] == by_lag(values)[1]


def test_curves_agree_with_the_numbers():
    given = flow()
    curves, facts = fact_curves(given), stylised_facts(given)
    assert curves.spread.tolist() == [1, 3, 7]
    assert curves.spread_share.tolist() == [0.5, 0.25, 0.25]
    assert curves.depth.tolist() == [1.0, 3.0, 4.0]
    assert (curves.mean_wait, curves.zero_wait, len(curves.wait)) == (0.25, 0.0, 0)
    assert (curves.lag[0], curves.return_acf[0]) == (1, facts["return_acf"][1])
    assert curves.absolute_return_acf[9] == facts["absolute_return_acf"][10]
    assert curves.sign_acf[0] == facts["sign_acf"][1] > 0.5
    assert curves.sign_noise == pytest.approx(2 / math.sqrt(200))
    assert curves.return_noise == pytest.approx(2 / math.sqrt(99))
    assert (curves.returns.mean(), curves.returns.std()) == pytest.approx((0.0, 1.0))
    assert np.mean(curves.returns**4) - 3 == pytest.approx(facts["returns"]["excess_kurtosis"])


def test_what_is_not_there_is_empty():
    nothing = np.zeros(400, np.int64)
    curves = fact_curves(flow(is_trade=nothing, bid=nothing, profile=np.zeros(3)))
    for name in ("spread", "depth", "lag", "return_acf", "sign_lag", "sign_acf", "returns"):
        assert len(getattr(curves, name)) == 0, name
    assert math.isnan(curves.sign_noise)
    still = flow(bid=np.full(400, 10), ask=np.full(400, 11))
    assert len(fact_curves(still).returns) == len(fact_curves(still).lag) == 0
