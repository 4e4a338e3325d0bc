"""The same returns through empyrical-reloaded; where definitions differ, by how much and why."""

import empyrical
import numpy as np
import pandas as pd
import pytest
import scipy.stats

from hftsim.analytics import PerformanceMetrics, returns_of

ANNUAL = 525_600
RATE = 0.04


def curve(seed: int, bars: int = 5000, drift: float = 2e-5) -> pd.Series:
    rng = np.random.default_rng(seed)
    steps = drift + 1e-3 * rng.standard_t(4, bars)
    index = pd.date_range("2024-10-01 00:01", periods=bars + 1, freq="1min", tz="UTC", name="time")
    return pd.Series(1e5 * np.cumprod(np.concatenate(([1.0], 1.0 + steps))), index, name="equity")


@pytest.fixture(scope="module", params=[1, 2, 3])
def case(request):
    equity = curve(request.param)
    market = curve(request.param + 100)
    benchmark = 1e5 * np.cumprod(
        np.concatenate(([1.0], 1 + 0.6 * returns_of(market) + 0.5 * returns_of(equity)))
    )
    ours = PerformanceMetrics.calculate_all_metrics(
        equity, benchmark=benchmark, risk_free_rate=RATE
    )
    return ours, returns_of(equity).to_numpy(), returns_of(benchmark)


def per_bar() -> float:
    """empyrical takes the risk-free return of one bar; we take a fraction a year."""
    return (1 + RATE) ** (1 / ANNUAL) - 1


def test_returns_and_volatility(case):
    ours, r, _ = case
    assert ours["total_return_pct"] == pytest.approx(100 * empyrical.cum_returns_final(r), rel=1e-9)
    yearly = empyrical.annual_return(r, annualization=ANNUAL)
    assert ours["annual_return_pct"] == pytest.approx(100 * yearly, rel=1e-6)
    sd = empyrical.annual_volatility(r, annualization=ANNUAL)
    assert ours["annual_volatility_pct"] == pytest.approx(100 * sd)


def test_sharpe_and_sortino(case):
    ours, r, _ = case
    assert ours["sharpe_ratio"] == pytest.approx(
        empyrical.sharpe_ratio(r, per_bar(), annualization=ANNUAL)
    )
    assert ours["sortino_ratio"] == pytest.approx(
        empyrical.sortino_ratio(r, per_bar(), annualization=ANNUAL)
    )
    assert ours["downside_deviation_pct"] == pytest.approx(
        100 * empyrical.downside_risk(r, per_bar(), annualization=ANNUAL)
    )


def test_omega(case):
    ours, r, _ = case
    assert ours["omega_ratio"] == pytest.approx(empyrical.omega_ratio(r, risk_free=per_bar()))


def test_drawdown_and_calmar(case):
    ours, r, _ = case
    assert ours["max_drawdown_pct"] == pytest.approx(-100 * empyrical.max_drawdown(r), rel=1e-9)
    calmar = empyrical.calmar_ratio(r, annualization=ANNUAL)
    assert ours["calmar_ratio"] == pytest.approx(calmar, rel=1e-6)


def test_value_at_risk_is_theirs_with_the_sign_of_a_loss(case):
    ours, r, _ = case
    assert ours["var_95"] == pytest.approx(-empyrical.value_at_risk(r, 0.05))
    assert ours["var_99"] == pytest.approx(-empyrical.value_at_risk(r, 0.01))
    assert ours["cvar_95"] == pytest.approx(-empyrical.conditional_value_at_risk(r, 0.05))
    assert ours["cvar_99"] == pytest.approx(-empyrical.conditional_value_at_risk(r, 0.01))


def test_tail_ratio_and_moments(case):
    ours, r, _ = case
    assert ours["tail_ratio"] == pytest.approx(empyrical.tail_ratio(r))
    assert ours["skewness"] == pytest.approx(scipy.stats.skew(r))
    assert ours["kurtosis"] == pytest.approx(scipy.stats.kurtosis(r))


def test_beta_and_correlation(case):
    ours, r, b = case
    assert ours["beta"] == pytest.approx(empyrical.beta(r, b, per_bar()))
    assert ours["correlation"] == pytest.approx(scipy.stats.pearsonr(r, b).statistic)


def test_alpha_is_not_compounded_over_the_year(case):
    """Theirs is (1 + a) ** P - 1 for a mean of a per bar, ours P x a as Jensen regresses it."""
    ours, r, b = case
    theirs = empyrical.alpha(r, b, per_bar(), annualization=ANNUAL)
    assert (1 + ours["alpha"] / ANNUAL) ** ANNUAL - 1 == pytest.approx(theirs, rel=1e-6)


def test_information_ratio_is_annualised(case):
    """Their excess_sharpe is per bar."""
    ours, r, b = case
    theirs = empyrical.excess_sharpe(r, b) * np.sqrt(ANNUAL)
    assert ours["information_ratio"] == pytest.approx(theirs)


def test_stability_is_the_same_line_with_the_starting_point_on_it(case):
    """Theirs fits cumulated log returns, which leaves the point before the first return out."""
    ours, r, _ = case
    log_equity = np.concatenate(([0.0], np.cumsum(np.log1p(r))))
    fit = scipy.stats.linregress(np.arange(len(log_equity)), log_equity)
    assert ours["stability"] == pytest.approx(fit.rvalue**2)
    assert ours["stability"] == pytest.approx(empyrical.stability_of_timeseries(r), abs=2e-3)
    k_ratio = fit.slope / fit.stderr * np.sqrt(ANNUAL) / len(log_equity)
    assert ours["k_ratio"] == pytest.approx(k_ratio)


def test_returns_of_is_their_simple_returns():
    equity = curve(9)
    pd.testing.assert_series_equal(
        returns_of(equity), empyrical.simple_returns(equity), check_names=False
    )
