"""Value at risk by hand, against scipy and empyrical, and on real returns."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hftsim.core import ConfigError, DataError, InputError, UnknownNameError
from hftsim.risk import (
    cornish_fisher_is_monotone,
    cornish_fisher_var,
    historical_cvar,
    historical_var,
    kupiec_test,
    parametric_cvar,
    parametric_var,
    value_at_risk,
    var_exceptions,
)

METHODS = ("historical", "parametric", "cornish_fisher")
SKEWED = np.random.default_rng(5).gamma(2.0, 0.01, 400) - 0.03
returns_strategy = hnp.arrays(
    np.float64, st.integers(2, 80), elements=st.floats(-0.5, 0.5, width=32)
)


def test_historical_figures_by_hand() -> None:
    returns = [0.05, -0.10, -0.02, 0.01, -0.06, 0.03, 0.02, 0.04, 0.00, -0.01]
    # Sorted: -0.10 -0.06 -0.02 ...; the 10 % quantile lies 0.9 of the way from first to second.
    assert historical_var(returns, 0.90) == pytest.approx(0.064)
    assert historical_cvar(returns, 0.90) == pytest.approx(0.10)
    assert historical_cvar(returns, 0.80) == pytest.approx(0.08)
    assert historical_cvar(returns, 0.75) == pytest.approx((0.10 + 0.06 + 0.5 * 0.02) / 2.5)


def test_normal_figures_by_hand() -> None:
    returns = [-0.01, 0.03]  # mean 0.01, deviation 0.0282843
    assert parametric_var(returns, 0.95) == pytest.approx(-0.01 + 1.6448536 * 0.02828427)
    assert parametric_cvar(returns, 0.95) == pytest.approx(-0.01 + 2.0627128 * 0.02828427)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.999])
def test_normal_figures_equal_scipys(confidence: float) -> None:
    from scipy import stats

    normal = stats.norm(SKEWED.mean(), SKEWED.std(ddof=1))
    assert parametric_var(SKEWED, confidence) == pytest.approx(-normal.ppf(1 - confidence))
    tail = normal.expect(ub=normal.ppf(1 - confidence)) / (1 - confidence)
    assert parametric_cvar(SKEWED, confidence) == pytest.approx(-tail)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_historical_var_equals_empyricals(confidence: float) -> None:
    import empyrical

    expected = -empyrical.value_at_risk(SKEWED, cutoff=1 - confidence)
    assert historical_var(SKEWED, confidence) == pytest.approx(expected)


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_cornish_fisher_equals_scipys_moments_in_the_published_formula(confidence: float) -> None:
    from scipy import stats

    z = stats.norm.ppf(1 - confidence)
    s, k = stats.skew(SKEWED), stats.kurtosis(SKEWED)
    quantile = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    expected = -(SKEWED.mean() + quantile * SKEWED.std(ddof=1))
    assert cornish_fisher_var(SKEWED, confidence) == pytest.approx(expected)


def test_cornish_fisher_comes_nearer_to_a_gammas_true_quantile_than_the_normal() -> None:
    from scipy import stats

    sample = -stats.gamma(8).ppf((np.arange(20_000) + 0.5) / 20_000)
    true = stats.gamma(8).ppf(0.99)
    assert abs(cornish_fisher_var(sample, 0.99) - true) < 0.1
    assert abs(parametric_var(sample, 0.99) - true) > 0.9


def test_the_expansion_knows_where_it_holds() -> None:
    # Maillard's bounds without skew: excess kurtosis from 0 to 8.
    flat = np.array([-1.0, 1.0] * 10)
    assert not cornish_fisher_is_monotone(flat)  # kurtosis -2
    for weight, kurtosis, holds in ((1 / 10, 7.0, True), (1 / 12, 9.0, False)):
        n = 240
        outliers = int(n * weight)
        values = np.zeros(n)
        values[: outliers // 2], values[outliers // 2 : outliers] = 1.0, -1.0
        assert 1 / weight - 3 == pytest.approx(kurtosis)
        assert cornish_fisher_is_monotone(values) is holds
    assert not cornish_fisher_is_monotone([0.1])


@given(returns_strategy, st.sampled_from([0.75, 0.9, 0.95, 0.99]))
def test_the_mean_beyond_is_never_less_than_value_at_risk(
    returns: np.ndarray, confidence: float
) -> None:
    slack = 1e-12
    assert historical_cvar(returns, confidence) >= historical_var(returns, confidence) - slack
    assert parametric_cvar(returns, confidence) >= parametric_var(returns, confidence) - slack
    assert historical_var(returns, confidence) <= -returns.min() + slack
    assert historical_cvar(returns, confidence) <= -returns.min() + slack


@given(
    returns_strategy.filter(lambda r: np.ptp(r) > 1e-3),
    st.sampled_from(METHODS),
    st.integers(1, 8),
    st.integers(-8, 8),
)
def test_var_scales_with_the_position_and_falls_by_a_sure_gain(
    returns: np.ndarray, method: str, scale: int, gain: int
) -> None:
    before = value_at_risk(returns, 0.95, method)
    after = value_at_risk(returns * scale + gain / 16, 0.95, method)
    assert after == pytest.approx(before * scale - gain / 16, abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_equal_returns_risk_nothing_but_their_own_size(method: str) -> None:
    assert value_at_risk(np.full(50, 0.1), 0.95, method) == pytest.approx(-0.1)


@pytest.mark.parametrize("returns", [[], [0.01]])
def test_too_few_returns_give_nan(returns: list[float]) -> None:
    for method in METHODS:
        assert math.isnan(value_at_risk(returns, 0.95, method))
    assert math.isnan(historical_cvar(returns))
    assert math.isnan(parametric_cvar(returns))


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(DataError, match="row 1: nan is not a finite return"):
        historical_var([0.1, math.nan])
    with pytest.raises(ConfigError, match=r"0\.95 is 95 %"):
        historical_var([0.1, 0.2], 95)
    with pytest.raises(UnknownNameError, match="did you mean 'cornish_fisher'"):
        value_at_risk([0.1, 0.2], 0.95, "cornish-fisher")
    with pytest.raises(InputError, match="one dimension"):
        historical_var(np.zeros((2, 2)))
    with pytest.raises(ConfigError, match="window must be 2 or more"):
        var_exceptions([0.1, 0.2], 1)
    with pytest.raises(InputError, match="3 exceptions in 2"):
        kupiec_test(3, 2)


@pytest.mark.parametrize(
    ("confidence", "observations", "fewest", "most"),
    [
        (0.99, 510, 2, 10),
        (0.99, 1000, 5, 16),
        (0.975, 255, 3, 11),
        (0.975, 510, 7, 20),
        (0.975, 1000, 16, 35),
        (0.95, 255, 7, 20),
        (0.95, 510, 17, 35),
        (0.95, 1000, 38, 64),
        (0.90, 255, 17, 35),
        (0.90, 510, 39, 64),
        (0.90, 1000, 82, 119),
    ],
)
def test_kupiecs_published_regions_of_acceptance(
    confidence: float, observations: int, fewest: int, most: int
) -> None:
    accepted = [
        n for n in range(observations + 1) if kupiec_test(n, observations, confidence)[1] > 0.05
    ]
    assert (accepted[0], accepted[-1]) == (fewest, most)


def test_kupiecs_statistic_by_hand_and_by_scipy() -> None:
    from scipy import stats

    statistic, p_value = kupiec_test(10, 100, 0.95)
    by_hand = -2 * (90 * math.log(0.95 / 0.90) + 10 * math.log(0.05 / 0.10))
    assert statistic == pytest.approx(by_hand)
    assert p_value == pytest.approx(stats.chi2(1).sf(by_hand))
    assert kupiec_test(0, 100, 0.95)[0] == pytest.approx(-200 * math.log(0.95))
    assert kupiec_test(100, 100, 0.95)[0] == pytest.approx(-200 * math.log(0.05))
    assert kupiec_test(5, 100, 0.95) == (
        pytest.approx(0.0, abs=1e-12),
        pytest.approx(1.0, abs=1e-5),
    )
    assert all(math.isnan(figure) for figure in kupiec_test(0, 0))


@pytest.mark.parametrize("method", METHODS)
def test_each_return_is_measured_against_the_window_before_it(method: str) -> None:
    result = var_exceptions(SKEWED, 60, method, 0.9)
    expected = [value_at_risk(SKEWED[i - 60 : i], 0.9, method) for i in range(60, len(SKEWED))]
    np.testing.assert_allclose(result.var, expected, rtol=1e-12)
    assert result.exceeded.tolist() == [
        bool(-r > v) for r, v in zip(SKEWED[60:], expected, strict=True)
    ]
    assert (result.observations, result.exceptions) == (340, int(result.exceeded.sum()))
    assert (result.statistic, result.p_value) == kupiec_test(result.exceptions, 340, 0.9)


@given(returns_strategy, st.integers(2, 20), st.data())
def test_no_var_knows_the_return_it_is_measured_against(
    returns: np.ndarray, window: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(returns)))
    changed = returns.copy()
    changed[cut:] = 0.4
    seen = max(cut - window + 1, 0)
    left, right = var_exceptions(returns, window).var, var_exceptions(changed, window).var
    assert left[:seen].tobytes() == right[:seen].tobytes()


def test_a_window_longer_than_the_data_tests_nothing() -> None:
    result = var_exceptions([0.1, 0.2], 2)
    assert result.observations == result.exceptions == 0
    assert math.isnan(result.p_value)


def test_the_figure_holds_on_real_hourly_returns(test_data: Path) -> None:
    path = test_data / "binance_1m" / "BTCUSDT_1m_Q4_2024.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    close = np.genfromtxt(path, delimiter=",", names=True, usecols=None)["close"][::60]
    result = var_exceptions(np.diff(close) / close[:-1], 250, "historical", 0.95)
    assert result.observations > 500
    assert 0.03 < result.exceptions / result.observations < 0.08
