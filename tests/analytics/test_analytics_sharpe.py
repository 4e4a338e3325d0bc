"""How far a Sharpe ratio can be believed."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hftsim.analytics import (
    PerformanceMetrics,
    expected_best_sharpe,
    probabilistic_sharpe,
    returns_of,
)
from hftsim.core import InputError

calculate = PerformanceMetrics.calculate_all_metrics


def curve(returns: np.ndarray, freq: str = "1min") -> pd.Series:
    index = pd.date_range("2024-10-01", periods=len(returns) + 1, freq=freq, tz="UTC")
    return pd.Series(1e5 * np.cumprod(np.concatenate(([1.0], 1 + returns))), index)


def test_deflated_sharpe_of_the_paper():
    """The worked example of Bailey and Lopez de Prado 2014: 0.9004 after 100 trials."""
    spread = math.sqrt(1 / 2 / 250)
    hurdle = expected_best_sharpe(100, spread)
    assert hurdle == pytest.approx(0.1132, abs=1e-4)
    found = probabilistic_sharpe(2.5 / math.sqrt(250), 1250, -3, 10 - 3, hurdle)
    assert found == pytest.approx(0.9004, abs=1e-4)


def test_expected_best_grows_with_trials_and_is_the_mean_of_the_maximum():
    assert expected_best_sharpe(1, 1.0) == 0
    best = [expected_best_sharpe(n, 1.0) for n in (2, 5, 10, 100, 1000)]
    assert best == sorted(best)
    draws = np.random.default_rng(0).standard_normal((20_000, 100)).max(axis=1)
    assert expected_best_sharpe(100, 1.0) == pytest.approx(draws.mean(), rel=0.01)
    with pytest.raises(InputError, match="at least 1"):
        expected_best_sharpe(0, 1.0)


def test_probabilistic_sharpe_of_normal_returns_is_the_normal_test():
    # SR 0.1 over 101 bars, normal: z = 0.1 x 10 / sqrt(1 + 0.5 x 0.01)
    expected = stats.norm.cdf(1 / math.sqrt(1.005))
    assert probabilistic_sharpe(0.1, 101, 0, 0) == pytest.approx(expected)
    with pytest.raises(InputError, match="moments"):
        probabilistic_sharpe(0.1, 1, 0, 0)


def test_the_figures_follow_from_the_returns():
    rng = np.random.default_rng(4)
    r = 2e-5 + 1e-3 * rng.standard_t(5, 4000)
    m = calculate(curve(r), trials=25)
    sr, g1, g2 = r.mean() / r.std(ddof=1), stats.skew(r), stats.kurtosis(r)
    error = math.sqrt((1 - g1 * sr + (g2 + 2) / 4 * sr**2) / 3999)
    assert m["sharpe_standard_error"] == pytest.approx(error * math.sqrt(525_600))
    assert m["probabilistic_sharpe_ratio"] == pytest.approx(stats.norm.cdf(sr / error))
    hurdle = expected_best_sharpe(25, 1 / math.sqrt(3999))
    assert m["deflated_sharpe_ratio"] == pytest.approx(stats.norm.cdf((sr - hurdle) / error))
    assert m["deflated_sharpe_ratio"] < m["probabilistic_sharpe_ratio"]
    once = calculate(curve(r))
    assert once["deflated_sharpe_ratio"] == once["probabilistic_sharpe_ratio"]
    needed = int(m["min_track_record_bars"])
    assert probabilistic_sharpe(sr, needed, g1, g2) >= 0.95
    assert probabilistic_sharpe(sr, needed - 1, g1, g2) < 0.95


def test_a_losing_record_never_becomes_long_enough():
    r = np.random.default_rng(1).normal(-1e-4, 1e-3, 500)
    m = calculate(curve(r))
    assert math.isnan(m["min_track_record_bars"])
    assert "not above zero" in m.reasons["min_track_record_bars"]


@pytest.mark.parametrize("rho", [0.3, -0.3])
def test_autocorrelation_is_taken_out_as_lo_does_for_an_ar1(rho):
    rng = np.random.default_rng(8)
    noise = rng.normal(0, 1e-3, 200_000)
    r = np.empty_like(noise)
    r[0] = noise[0]
    for t in range(1, len(r)):
        r[t] = rho * r[t - 1] + noise[t]
    m = calculate(curve(r + 5e-5))
    # Lo 2002, AR(1): eta(q) = sqrt(q) / sqrt(1 + 2 rho / (1 - rho) (1 - (1 - rho^q) / (q (1 - rho))))
    q = 525_600
    factor = 1 / math.sqrt(1 + 2 * rho / (1 - rho) * (1 - (1 - rho**q) / (q * (1 - rho))))
    ratio = m["sharpe_autocorr_adjusted"] / m["sharpe_ratio"]
    assert ratio == pytest.approx(factor, rel=0.02)
    assert m["autocorrelation"] == pytest.approx(rho, abs=0.01)


def test_autocorrelation_adjustment_by_hand():
    # 100 returns allow 4 lags; five bars a year: 1 + 2 sum (1 - k / 5) rho_k
    r = np.random.default_rng(2).normal(1e-3, 1e-2, 100)
    c = r - r.mean()
    rho = [float(c[k:] @ c[:-k] / (c @ c)) for k in (1, 2, 3, 4)]
    total = 1 + 2 * sum((1 - k / 5) * x for k, x in zip((1, 2, 3, 4), rho, strict=True))
    m = calculate(curve(r).to_numpy(), periods_per_year=5)
    expected = r.mean() / r.std(ddof=1) * math.sqrt(5) / math.sqrt(total)
    assert m["sharpe_autocorr_adjusted"] == pytest.approx(expected)


def test_daily_sharpe_is_pandas_daily_close_to_close():
    r = np.random.default_rng(3).normal(1e-6, 5e-4, 40 * 1440)
    equity = curve(r)
    equity.index = equity.index + pd.Timedelta(minutes=1)
    days = equity.resample("1D", closed="right", label="left").last().pct_change().dropna()
    m = calculate(equity)
    assert m["sharpe_daily"] == pytest.approx(days.mean() / days.std() * math.sqrt(365))
    assert m["best_day_pct"] == pytest.approx(100 * days.max())
    rate = calculate(equity, risk_free_rate=0.05)
    daily_rate = 1.05 ** (1 / 365) - 1
    expected = (days.mean() - daily_rate) / days.std() * math.sqrt(365)
    assert rate["sharpe_daily"] == pytest.approx(expected)


def test_daily_sharpe_of_daily_bars_is_the_sharpe_ratio():
    equity = curve(np.random.default_rng(6).normal(1e-3, 1e-2, 300), "1D")
    m = calculate(equity)
    assert m["sharpe_daily"] == pytest.approx(m["sharpe_ratio"])
    told = calculate(equity, periods_per_year=252)
    assert told["sharpe_ratio"] == pytest.approx(m["sharpe_ratio"] * math.sqrt(252 / 365))


def test_daily_sharpe_is_higher_than_the_bars_where_bars_mean_revert():
    """The bounce of one-minute bars inflates their volatility; days do not see it."""
    rng = np.random.default_rng(9)
    path = np.cumsum(rng.normal(1e-5, 3e-4, 60 * 1440)) + rng.choice([-5e-4, 5e-4], 60 * 1440)
    equity = pd.Series(1e5 * np.exp(path), curve(np.zeros(60 * 1440 - 1)).index)
    m = calculate(equity)
    assert m["autocorrelation"] < -0.2
    assert abs(m["sharpe_daily"]) > 1.2 * abs(m["sharpe_ratio"])
    assert abs(m["sharpe_autocorr_adjusted"]) > 1.2 * abs(m["sharpe_ratio"])


def test_too_few_days_for_a_daily_sharpe():
    m = calculate(curve(np.random.default_rng(3).normal(0, 1e-3, 5 * 1440)))
    assert math.isnan(m["sharpe_daily"])
    assert "20 daily returns" in m.reasons["sharpe_daily"]
    assert returns_of(curve(np.array([0.1]))).iloc[0] == pytest.approx(0.1)
