"""Small cases with the arithmetic beside them."""

import math

import numpy as np
import pandas as pd
import pytest

from hftsim.analytics import PerformanceMetrics, drawdowns, monthly_returns, returns_of
from hftsim.core import DataError, InputError

calculate = PerformanceMetrics.calculate_all_metrics


def daily(values: list[float], start: str = "2024-01-02") -> pd.Series:
    """Bars of one day that close at midnight, so that the first ends the day before `start`."""
    index = pd.date_range(start, periods=len(values), freq="1D", tz="UTC", name="time")
    return pd.Series(values, index, name="equity", dtype=float)


def test_returns_of_four_bars():
    # 100 -> 110 is +10 %, -> 99 is -10 %, -> 99 is 0, -> 108.9 is +10 %
    m = calculate([100, 110, 99, 99, 108.9], periods_per_year=4)
    assert m["total_return_pct"] == pytest.approx(8.9)
    assert m["total_pnl"] == pytest.approx(8.9)
    assert m["annual_return_pct"] == pytest.approx(8.9)  # four bars are one year
    assert m["mean_return_pct"] == pytest.approx(2.5)  # (10 - 10 + 0 + 10) / 4
    assert m["best_return_pct"] == pytest.approx(10)
    assert m["worst_return_pct"] == pytest.approx(-10)
    assert m["positive_periods_pct"] == 50
    # squared distances from 2.5: 56.25 + 156.25 + 6.25 + 56.25 = 275, / 3 = 91.667
    assert m["annual_volatility_pct"] == pytest.approx(math.sqrt(275 / 3) * 2)
    assert m["sharpe_ratio"] == pytest.approx(2.5 / math.sqrt(275 / 3) * 2)
    # below zero only -10 %: sqrt(100 / 4) = 5 % a bar, x sqrt(4)
    assert m["downside_deviation_pct"] == pytest.approx(10)
    assert m["sortino_ratio"] == pytest.approx(1.0)  # 2.5 / 5 x 2
    assert m["omega_ratio"] == pytest.approx(2.0)  # 20 / 10
    assert m["gain_to_pain"] == pytest.approx(1.0)  # (20 - 10) / 10
    assert m["calmar_ratio"] == pytest.approx(0.89)  # 8.9 / 10
    assert m["recovery_factor"] == pytest.approx(8.9 / 11)  # the fall was 110 - 99
    # deviations 7.5, -12.5, -2.5, 7.5: products with the one before -93.75 + 31.25 - 18.75
    assert m["autocorrelation"] == pytest.approx(-81.25 / 275)


def test_risk_free_rate_is_compounded_down_to_the_bar():
    # 21 % a year over two bars is 10 % a bar; the account earns 12 % and 8 %
    m = calculate([100, 112, 120.96], periods_per_year=2, risk_free_rate=0.21)
    assert m["sharpe_ratio"] == pytest.approx(0.0, abs=1e-12)
    assert m["omega_ratio"] == pytest.approx(1.0)
    assert m["downside_deviation_pct"] == pytest.approx(math.sqrt(4 / 2) * math.sqrt(2))


def test_drawdowns_of_a_curve_with_two_falls_and_an_open_end():
    equity = daily([100, 120, 90, 108, 120, 130, 117, 104, 123.5])
    m = calculate(equity)
    assert m["max_drawdown_pct"] == pytest.approx(25)  # 120 -> 90
    assert m["max_drawdown_bars"] == 3  # back at 120 three bars after the peak
    assert m["max_drawdown_days"] == 3
    assert m["recovery_bars"] == 2
    assert m["recovery_days"] == 2
    assert m["longest_drawdown_bars"] == 3
    assert m["drawdown_count"] == 2
    assert m["avg_drawdown_pct"] == pytest.approx((25 + 20) / 2)
    assert m["time_under_water_pct"] == pytest.approx(100 * 5 / 8)
    depth = [0, 0, 25, 10, 0, 0, 10, 20, 5]
    assert m["pain_index_pct"] == pytest.approx(sum(depth) / 9)
    assert m["ulcer_index_pct"] == pytest.approx(math.sqrt(sum(d * d for d in depth) / 9))

    table = drawdowns(equity)
    assert list(table["depth_pct"]) == pytest.approx([25, 20])
    assert list(table["start"]) == [equity.index[1], equity.index[5]]
    assert list(table["trough"]) == [equity.index[2], equity.index[7]]
    assert table["end"][0] == equity.index[4]
    assert pd.isna(table["end"][1])
    assert list(table["bars"]) == [3, 3]
    assert table["recovery_bars"][0] == 2
    assert pd.isna(table["recovery_bars"][1])
    assert len(drawdowns(equity, 1)) == 1


def test_drawdown_not_yet_recovered_says_so():
    m = calculate(daily([100, 80, 90]))
    assert m["max_drawdown_bars"] == 2
    assert math.isnan(m["recovery_bars"])
    assert "not come back" in m.reasons["recovery_bars"]


def test_drawdowns_without_times_are_positions():
    table = drawdowns([100, 90, 100, 50])
    assert list(table["start"]) == [2, 0]
    assert list(table["trough"]) == [3, 1]
    assert table["end"][1] == 2
    assert pd.isna(table["end"][0])


def test_max_drawdown_as_the_documents_name_it():
    equity = daily([100, 120, 90, 120, 121])
    found = PerformanceMetrics.calculate_max_drawdown(equity)
    assert found["drawdown"] == pytest.approx(0.25)
    assert found["max_drawdown_pct"] == pytest.approx(25)
    assert found["peak_time"] == equity.index[1]
    assert found["trough_time"] == equity.index[2]
    assert found["recovery_time"] == equity.index[3]
    assert (found["bars"], found["recovery_bars"], found["recovery_days"]) == (2, 1, 1)
    still_under = PerformanceMetrics.calculate_max_drawdown(daily([100, 50]))
    assert still_under["recovery_time"] is None
    assert math.isnan(still_under["recovery_days"])
    rising = PerformanceMetrics.calculate_max_drawdown([1, 2, 3])
    assert rising["drawdown"] == 0
    assert rising["peak_time"] is None


def test_initial_capital_is_the_point_before_the_curve():
    # 100 put in, first bar closes at 90
    m = calculate(daily([90, 99], start="2024-01-03"), initial_capital=100)
    assert m["periods"] == 2
    assert m["total_return_pct"] == pytest.approx(-1)
    assert m["max_drawdown_pct"] == pytest.approx(10)
    assert m["best_return_pct"] == pytest.approx(10)
    assert m["worst_return_pct"] == pytest.approx(-10)
    same = calculate(daily([100, 90, 99]), initial_capital=100)
    assert same.to_json_dict() == m.to_json_dict()


def test_documents_pass_capital_third():
    equity = daily([100, 101, 103])
    trades = pd.DataFrame({"pnl": [3.0]})
    assert calculate(equity, trades, 100)["total_return_pct"] == pytest.approx(3)


def test_value_at_risk_of_a_hundred_and_one_returns():
    # returns -50 .. +50 basis points: the 5 % quantile is the sixth lowest, -45 bp
    steps = np.random.default_rng(0).permutation(np.arange(-50, 51)) / 1e4
    m = calculate(np.cumprod(np.concatenate(([1.0], 1 + steps))), periods_per_year=1)
    assert m["var_95"] == pytest.approx(0.0045)
    assert m["var_99"] == pytest.approx(0.0049)
    assert m["cvar_95"] == pytest.approx((50 + 49 + 48 + 47 + 46 + 45) / 6 / 1e4)
    assert m["cvar_99"] == pytest.approx(0.00495)
    assert m["tail_ratio"] == pytest.approx(1)
    assert m["skewness"] == pytest.approx(0, abs=1e-9)


def test_cvar_of_an_account_that_is_mostly_flat_is_the_mean_of_its_worst_bars():
    # 97 bars of nothing and 4 losses of 1 %: the worst six are those four and two zeros
    steps = np.zeros(101)
    steps[[10, 30, 50, 70]] = -0.01
    m = calculate(np.cumprod(np.concatenate(([1.0], 1 + steps))), periods_per_year=1)
    assert m["cvar_95"] == pytest.approx(0.04 / 6)
    assert m["var_95"] == 0


def test_alpha_and_beta_of_an_account_that_is_twice_the_market_plus_a_little():
    market = np.array([0.01, -0.02, 0.03, 0.01])
    own = 2 * market + 0.001
    equity = 100 * np.cumprod(np.concatenate(([1.0], 1 + own)))
    bench = 100 * np.cumprod(np.concatenate(([1.0], 1 + market)))
    m = calculate(equity, benchmark=bench, periods_per_year=10)
    assert m["beta"] == pytest.approx(2)
    assert m["alpha"] == pytest.approx(0.01)  # 0.001 a bar, ten bars a year
    assert m["correlation"] == pytest.approx(1)
    active = market + 0.001
    assert m["tracking_error_pct"] == pytest.approx(100 * active.std(ddof=1) * math.sqrt(10))
    assert m["information_ratio"] == pytest.approx(
        active.mean() / active.std(ddof=1) * math.sqrt(10)
    )
    assert m["treynor_ratio"] == pytest.approx(own.mean() / 2 * 10)
    assert m["benchmark_return_pct"] == pytest.approx(100 * (bench[-1] / 100 - 1))
    assert m["excess_return_pct"] == pytest.approx(equity[-1] - bench[-1])


def test_benchmark_counts_its_entry_fee_against_the_same_capital():
    m = calculate([100, 101, 102], initial_capital=100, benchmark=[99.9, 101, 103])
    assert m["benchmark_return_pct"] == pytest.approx(3)


def test_benchmark_that_is_not_this_account_is_refused():
    equity = daily([100, 101, 102])
    with pytest.raises(DataError, match="starts at 60000"):
        calculate(equity, initial_capital=100, benchmark=[60_000, 61_000, 62_000])
    with pytest.raises(DataError, match="2 bars"):
        calculate(equity, benchmark=[100, 101])
    with pytest.raises(DataError, match="different times"):
        calculate(equity, benchmark=daily([100, 101, 102], start="2024-01-03"))


def test_days_and_months_end_with_the_bar_that_closes_at_midnight():
    # hourly: 31 Jan 23:00, 24:00, 1 Feb 01:00 ... the 24:00 bar still belongs to January
    index = pd.date_range("2024-01-31 23:00", periods=30, freq="1h", tz="UTC")
    values = np.full(30, 110.0)
    values[0] = 100.0
    values[2:] = 121.0
    values[-1] = 133.1  # closes 04:00 on 2 Feb
    equity = pd.Series(values, index)
    months = monthly_returns(equity)
    assert list(months.index) == [2024]
    assert list(months.columns) == list(range(1, 13))
    assert months.loc[2024, 1] == pytest.approx(10)
    assert months.loc[2024, 2] == pytest.approx(21)
    assert months.loc[2024, 3:].isna().all()
    m = calculate(equity)
    # days end at 110 (31 Jan), 121 (1 Feb), 133.1 (2 Feb)
    assert m["best_day_pct"] == pytest.approx(10)
    assert m["worst_day_pct"] == pytest.approx(10)
    assert m["positive_days_pct"] == 100
    assert m["best_month_pct"] == pytest.approx(21)


def test_months_of_two_years_multiply_to_the_total():
    rng = np.random.default_rng(5)
    equity = daily(list(100 * np.cumprod(1 + 0.01 * rng.standard_normal(500))), "2023-05-17")
    table = monthly_returns(equity)
    assert list(table.index) == [2023, 2024]
    assert table.loc[2023, :4].isna().all()
    total = np.nanprod(1 + table.to_numpy() / 100)
    assert total == pytest.approx(equity.iloc[-1] / equity.iloc[0])


def test_months_without_any_bar_are_nan_and_no_times_are_refused():
    index = pd.DatetimeIndex(["2024-01-10", "2024-01-20", "2024-04-20"], tz="UTC")
    table = monthly_returns(pd.Series([100.0, 110.0, 121.0], index))
    assert table.loc[2024, 1] == pytest.approx(10)
    assert table.loc[2024, [2, 3]].isna().all()
    assert table.loc[2024, 4] == pytest.approx(10)
    with pytest.raises(DataError, match="DatetimeIndex"):
        monthly_returns(pd.Series([1.0, 2.0]))


def test_exposure_turnover_fees_and_slippage():
    equity = daily([100, 100, 100, 100, 100])
    positions = pd.DataFrame({"A": [0, 1, 1, 0, 0], "B": [0, 0, -2, 0, 0]}, equity.index)
    fills = [
        {"price": 50.0, "qty": 1.0, "fee": 0.05, "is_maker": True, "slippage": float("nan")},
        {"price": 50.0, "qty": 1.0, "fee": 0.10, "is_maker": False, "slippage": 0.02},
        {"price": 25.0, "qty": 4.0, "fee": 0.10, "is_maker": False, "slippage": -0.01},
    ]
    m = calculate(equity, positions=positions, fills=fills)
    assert m["exposure_pct"] == pytest.approx(40)
    assert m["turnover"] == pytest.approx(2)  # 50 + 50 + 100 on 100
    assert m["turnover_per_day"] == pytest.approx(0.5)
    assert m["total_fees"] == pytest.approx(0.25)
    assert m["total_slippage"] == pytest.approx(0.02 - 0.04)
    assert m["maker_share_pct"] == pytest.approx(25)
    with pytest.raises(DataError, match="same"):
        calculate(equity, positions=positions.iloc[1:])
    with pytest.raises(DataError, match="same"):
        calculate(equity, positions=positions.shift(freq="1h"))
    with pytest.raises(DataError, match="row 2"):
        calculate(equity, positions=[0, 1, np.nan, 0, 0])


def test_fills_may_bring_their_value_for_contracts_with_a_multiplier():
    fills = [{"price": 50.0, "qty": 2.0, "fee": 0.0, "notional": 1000.0}]
    assert calculate([100, 100], fills=fills)["turnover"] == pytest.approx(10)


def test_calculate_sharpe_and_sortino_read_the_clock_or_are_told():
    equity = daily([100, 110, 99, 99, 108.9, 108, 110, 111])
    r = returns_of(equity)
    sharpe = PerformanceMetrics.calculate_sharpe_ratio(r)
    assert sharpe == pytest.approx(r.mean() / r.std() * math.sqrt(365))
    assert sharpe == pytest.approx(calculate(equity)["sharpe_ratio"])
    told = PerformanceMetrics.calculate_sharpe_ratio(r.to_numpy(), periods_per_year=252)
    assert told == pytest.approx(r.mean() / r.std() * math.sqrt(252))
    sortino = PerformanceMetrics.calculate_sortino_ratio(r)
    assert sortino == pytest.approx(calculate(equity)["sortino_ratio"])
    with pytest.raises(InputError, match="periods_per_year"):
        PerformanceMetrics.calculate_sharpe_ratio(r.to_numpy())
    with pytest.raises(DataError, match="finite"):
        PerformanceMetrics.calculate_sharpe_ratio([math.nan, 0.1], periods_per_year=252)
    assert math.isnan(PerformanceMetrics.calculate_sharpe_ratio([0.1, 0.1], periods_per_year=1))
    assert math.isnan(PerformanceMetrics.calculate_sortino_ratio([0.1, 0.2], periods_per_year=1))


def test_returns_of_keeps_the_index_and_is_nan_after_ruin():
    equity = daily([100, 50, 0, 10])
    r = returns_of(equity)
    assert list(r.index) == list(equity.index[1:])
    assert list(r[:2]) == [-0.5, -1.0]
    assert math.isnan(r.iloc[2])
    assert isinstance(returns_of([1, 2]), np.ndarray)
