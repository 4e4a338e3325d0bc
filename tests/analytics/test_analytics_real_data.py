"""Buy and hold on real bars, against pandas and empyrical."""

from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pytest

from hftsim.analytics import PerformanceMetrics, bar_clock, drawdowns, monthly_returns, returns_of

calculate = PerformanceMetrics.calculate_all_metrics


@pytest.fixture(scope="module")
def bitcoin(test_data: Path) -> pd.Series:
    """Return one bitcoin's value at the close of 50,000 real one-minute bars."""
    bars = pd.read_csv(test_data / "binance_1m" / "BTCUSDT_1m_Q4_2024.csv")
    close = pd.to_datetime(bars["timestamp"], utc=True) + pd.Timedelta(minutes=1)
    return pd.Series(bars["close"].to_numpy(), pd.DatetimeIndex(close, name="time"), name="equity")


def test_bitcoin_held_over_fifty_thousand_minutes(bitcoin):
    m = calculate(bitcoin)
    assert m["periods_per_year"] == 525_600
    assert m["periods"] == 49_999
    r = bitcoin.pct_change().dropna()
    assert m["sharpe_ratio"] == pytest.approx(r.mean() / r.std() * np.sqrt(525_600))
    assert m["max_drawdown_pct"] == pytest.approx(-100 * empyrical.max_drawdown(r), rel=1e-9)
    growth = bitcoin.iloc[-1] / bitcoin.iloc[0]
    assert m["annual_return_pct"] == pytest.approx(100 * (growth ** (525_600 / 49_999) - 1))
    days = bitcoin.resample("1D", closed="right").last().pct_change().dropna()
    assert m["sharpe_daily"] == pytest.approx(days.mean() / days.std() * np.sqrt(365))
    assert 20 < m["annual_volatility_pct"] < 100
    assert m["kurtosis"] > 3
    assert {name for name in m.reasons if name in m and not _needs_more(name)} <= {
        "recovery_bars",
        "recovery_days",
    }


def _needs_more(name: str) -> bool:
    given = {"benchmark", "trades", "activity"}
    from hftsim.analytics import GROUPS

    return any(name in GROUPS[group] for group in given)


def test_bitcoin_beside_ether(bitcoin, test_data):
    bars = pd.read_csv(test_data / "binance_1m" / "ETHUSDT_1m_Q4_2024.csv")
    ether = pd.Series(bars["close"].to_numpy(), bitcoin.index)
    m = calculate(ether, benchmark=bitcoin)
    theirs = empyrical.beta(returns_of(ether), returns_of(bitcoin))
    assert m["beta"] == pytest.approx(theirs)
    assert 0.5 < m["correlation"] < 1


def test_months_and_drawdowns_of_bitcoin(bitcoin):
    months = monthly_returns(bitcoin)
    total = np.nanprod(1 + months.to_numpy() / 100)
    assert total == pytest.approx(bitcoin.iloc[-1] / bitcoin.iloc[0])
    worst = drawdowns(bitcoin, 3)
    assert worst["depth_pct"].is_monotonic_decreasing
    assert worst["depth_pct"][0] == pytest.approx(calculate(bitcoin)["max_drawdown_pct"])
    deepest = worst.iloc[0]
    fall = 1 - bitcoin[deepest["trough"]] / bitcoin[deepest["start"]]
    assert 100 * fall == pytest.approx(deepest["depth_pct"])


def test_one_minute_equities_are_annualised_by_session(test_data):
    bars = pd.read_csv(test_data / "us_equity_1m" / "AAPL_1min.csv").iloc[::-1]
    local = pd.DatetimeIndex(pd.to_datetime(bars["datetime"]))
    index = local.tz_localize("America/New_York").tz_convert("UTC")
    equity = pd.Series(bars["close"].to_numpy(), index)
    clock = bar_clock(index)
    assert not clock.continuous
    assert clock.periods_per_year == 252 * 390
    m = calculate(equity)
    r = equity.pct_change().dropna()
    assert m["annual_volatility_pct"] == pytest.approx(100 * r.std() * np.sqrt(252 * 390))
    assert m["market_days"] == pytest.approx(len(r) / 390)


def test_daily_equities_have_252_bars_a_year(test_data):
    table = pd.read_csv(
        test_data / "equities_daily" / "skfolio_sp500_20tickers.csv.gz", parse_dates=["Date"]
    )
    index = pd.DatetimeIndex(table["Date"], tz="UTC") + pd.Timedelta(days=1)
    coke = pd.Series(table["KO"].to_numpy(), index)
    m = calculate(coke)
    r = coke.pct_change().dropna()
    assert m["periods_per_year"] == 252
    assert m["sharpe_ratio"] == pytest.approx(empyrical.sharpe_ratio(r))
    assert m["sharpe_daily"] == pytest.approx(m["sharpe_ratio"])
    assert m["calmar_ratio"] == pytest.approx(empyrical.calmar_ratio(r))
    assert len(monthly_returns(coke)) == 33
