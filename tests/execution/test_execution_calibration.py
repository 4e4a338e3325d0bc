"""How often trades reach a depth, and volatility: by hand, and found again in drawn trades."""

import math

import numpy as np
import pytest
from scipy import stats

from hftsim.core.errors import DataError
from hftsim.execution import (
    calibrate_intensity,
    decay_weight,
    reach_rate,
    realised_volatility,
    tick_decay,
    trade_depths,
)

SECOND = 1_000_000_000


def test_rates_by_hand():
    # four windows of 1 s. Depth 1 is reached after 0.5 s, after 0.25 s, never, after 1 s less 1 ns;
    # depth 2 only by the second trade of the second window, after 0.75 s.
    times = np.array([0.5, 1.25, 1.75, 2.5, 4.0 - 1e-9]) * SECOND
    depths = np.array([1.5, 1.0, 2.0, 0.5, 1.0])
    fit = calibrate_intensity(
        times.round().astype(np.int64),
        depths,
        windows=4,
        window_ns=SECOND,
        depths=np.array([1.0, 2.0]),
    )
    assert fit.reached.tolist() == [3, 1]
    watched_1, watched_2 = 0.5 + 0.25 + 1.0 + 1.0, 1.0 + 0.75 + 2.0
    assert fit.rates == pytest.approx([3 / watched_1 / 2, 1 / watched_2 / 2])
    # two points determine the line
    assert fit.kappa == pytest.approx(math.log(fit.rates[0] / fit.rates[1]))
    assert fit.at(1.0) == pytest.approx(fit.rates[0])
    assert fit.at(2.0) == pytest.approx(fit.rates[1])
    assert fit.intensity == pytest.approx(fit.rates[0] * math.exp(fit.kappa))
    assert fit.r_squared == pytest.approx(1.0)


def test_known_parameters_are_found_again():
    rng = np.random.default_rng(1)
    intensity, kappa, hours = 1.5, 0.4, 3
    count = rng.poisson(2 * intensity * 3600 * hours)
    times = np.sort(rng.integers(0, 3600 * hours * SECOND, count))
    fit = calibrate_intensity(
        times,
        rng.exponential(1 / kappa, count),
        windows=3600 * hours * 10,
        window_ns=SECOND // 10,
        depths=np.arange(0.5, 10.0, 0.5),
    )
    assert fit.intensity == pytest.approx(intensity, rel=0.03)
    assert fit.kappa == pytest.approx(kappa, rel=0.03)
    assert fit.r_squared > 0.99


def test_the_line_is_a_weighted_regression_of_logarithms():
    rng = np.random.default_rng(2)
    times = np.sort(rng.integers(0, 1000 * SECOND, 2000))
    fit = calibrate_intensity(
        times,
        rng.exponential(2.0, 2000),
        windows=1000,
        window_ns=SECOND,
        depths=np.arange(1.0, 8.0),
    )
    slope, level = np.polyfit(fit.depths, np.log(fit.rates), 1, w=np.sqrt(fit.reached))
    assert fit.kappa == pytest.approx(-slope)
    assert fit.intensity == pytest.approx(math.exp(level))


def test_depths_are_measured_from_the_mid_price_at_the_start_of_the_window():
    found = trade_depths(
        times=np.array([5, 12, 19, 25]),
        prices=np.array([101, 103, 98, 90]),
        sides=np.array([1, 1, -1, -1]),
        mid_times=np.array([6, 15]),
        mids=np.array([100.5, 95.0]),
        start=0,
        window_ns=10,
    )
    # window 0..9 begins before the first mid; 10..19 at 100.5; 20..29 at 95
    np.testing.assert_allclose(found, [math.nan, 2.5, 2.5, 5.0])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"depths": np.array([1.0])}, "two or more depths"),
        ({"depths": np.array([2.0, 1.0])}, "ascending"),
        ({"depths": np.array([0.0, 1.0])}, "above 0"),
        ({"windows": 0}, "at least one window"),
        ({"trade_times": np.array([5, 1])}, "in order of time"),
        ({"depths": np.array([50.0, 60.0])}, "reach two depths"),
        ({"trade_depths": np.array([5.0, 5.0])}, "not reached less often"),
    ],
)
def test_what_cannot_be_fitted_is_refused(changed, told):
    given = {
        "trade_times": np.array([1, 2 * SECOND]),
        "trade_depths": np.array([1.0, 3.0]),
        "windows": 10,
        "window_ns": SECOND,
        "depths": np.array([1.0, 2.0]),
    } | changed
    with pytest.raises(DataError, match=told):
        calibrate_intensity(given.pop("trade_times"), given.pop("trade_depths"), **given)


def test_the_decay_of_a_grid_is_the_likeliest_one():
    draws = np.random.default_rng(3).geometric(0.3, 5000) - 1
    kappa = tick_decay(draws.mean(), 1.0)
    # geometric on 0, 1, 2, ... with P(k) = (1 - e^-kappa) e^(-kappa k): the score is 0 there
    near = [
        stats.geom(1 - math.exp(-k), loc=-1).logpmf(draws).sum()
        for k in (kappa - 1e-3, kappa, kappa + 1e-3)
    ]
    assert near[1] > max(near[0], near[2])
    assert kappa == pytest.approx(-math.log(0.7), rel=0.05)
    assert tick_decay(0.0, 1.0) == math.inf
    assert tick_decay(2.0, 0.001) == pytest.approx(0.5, rel=1e-3)


def test_rate_of_windows_that_see_something():
    assert reach_rate(1.0 - math.exp(-0.3), 0.1) == pytest.approx(3.0)
    assert reach_rate(0.0, 0.1) == 0.0
    assert reach_rate(1.0, 0.1) == pytest.approx(-math.log(0.001) / 0.1)


def test_half_is_forgotten_in_a_half_life():
    assert decay_weight(60.0, 60.0) == pytest.approx(0.5)
    assert decay_weight(180.0, 60.0) == pytest.approx(0.875)
    assert decay_weight(0.0, 60.0) == 0.0


def test_volatility_by_hand():
    # sampled every second at 10, 12, 12, 9: squares 4 + 0 + 9 over 3 s
    times = np.array([0, 500, 900, 2500]) * SECOND // 1000
    found = realised_volatility(
        np.append(times, 3 * SECOND), np.array([10.0, 11, 12, 9, 9]), every_ns=SECOND
    )
    assert found == pytest.approx(math.sqrt(13 / 3))


def test_volatility_of_a_drawn_path_is_found_again():
    rng = np.random.default_rng(5)
    mids = np.cumsum(rng.normal(0.0, 0.3 * math.sqrt(0.1), 100_000))
    times = np.arange(100_000) * (SECOND // 10)
    assert realised_volatility(times, mids, every_ns=SECOND) == pytest.approx(0.3, rel=0.02)
    with pytest.raises(DataError, match="two samples"):
        realised_volatility(times[:3], mids[:3], every_ns=SECOND)
