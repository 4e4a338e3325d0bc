"""What must hold for every equity curve and every list of trades."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.analytics import PerformanceMetrics, drawdowns, monthly_returns

calculate = PerformanceMetrics.calculate_all_metrics
steps = st.lists(st.floats(-0.5, 0.5).map(lambda x: round(x, 4)), min_size=1, max_size=60)
profits = st.lists(st.integers(-10_000, 10_000).map(float), min_size=1, max_size=60)
MONEY = {"total_pnl"}


def curve(returns: list[float], start: float = 100.0) -> pd.Series:
    values = start * np.cumprod(np.concatenate(([1.0], 1 + np.array(returns))))
    index = pd.date_range("2024-01-01 05:00", periods=len(values), freq="7h", tz="UTC")
    return pd.Series(values, index)


def slow_episodes(values: np.ndarray) -> list[tuple[int, int, int, float]]:
    """Walk the curve once, as a person would: (peak, trough, end, depth) of each drawdown."""
    found, peak, trough = [], 0, None
    for i, value in enumerate(values):
        if value >= values[peak]:
            if trough is not None:
                found.append((peak, trough, i, 1 - values[trough] / values[peak]))
            peak, trough = i, None
        elif trough is None or value < values[trough]:
            trough = i
    if trough is not None:
        found.append((peak, trough, len(values) - 1, 1 - values[trough] / values[peak]))
    return found


@given(steps, st.integers(-8, 8))
@settings(deadline=None, max_examples=60)
def test_scale_of_the_account_changes_money_only(returns, power):
    """Scaling by a power of two is exact, so every figure but money must be equal to the bit."""
    one = calculate(curve(returns))
    other = calculate(curve(returns) * 2.0**power)
    assert one.reasons == other.reasons
    for name in one:
        factor = 2.0**power if name in MONEY else 1.0
        assert other[name] == pytest.approx(one[name] * factor, rel=1e-9, nan_ok=True), name


@given(steps)
@settings(deadline=None, max_examples=60)
def test_figures_stay_in_their_ranges(returns):
    m = calculate(curve(returns))
    for name in (
        "max_drawdown_pct",
        "avg_drawdown_pct",
        "ulcer_index_pct",
        "pain_index_pct",
        "time_under_water_pct",
        "positive_periods_pct",
        "positive_days_pct",
    ):
        assert math.isnan(m[name]) or 0 <= m[name] <= 100, name
    for name in ("probabilistic_sharpe_ratio", "deflated_sharpe_ratio", "stability"):
        assert math.isnan(m[name]) or -1e-9 <= m[name] <= 1 + 1e-9, name
    assert m["pain_index_pct"] <= m["ulcer_index_pct"] + 1e-9
    assert m["ulcer_index_pct"] <= m["max_drawdown_pct"] + 1e-9
    assert m["worst_return_pct"] <= m["mean_return_pct"] + 1e-9 <= m["best_return_pct"] + 2e-9
    assert not any(math.isinf(v) for v in m.values())
    assert all(math.isnan(m[name]) == (name in m.reasons) for name in m)


@given(steps)
@settings(deadline=None, max_examples=100)
def test_drawdowns_equal_a_slow_walk(returns):
    values = curve(returns).to_numpy()
    slow = sorted(slow_episodes(values), key=lambda e: -e[3])
    table = drawdowns(values, 1000)
    assert len(table) == len(slow)
    assert list(table["depth_pct"]) == pytest.approx([100 * e[3] for e in slow])
    fast = {tuple(row) for row in table[["start", "trough", "bars"]].to_numpy().tolist()}
    assert fast == {(peak, trough, end - peak) for peak, trough, end, _ in slow}


@given(steps)
@settings(deadline=None, max_examples=40)
def test_months_multiply_to_the_total(returns):
    equity = curve(returns)
    table = monthly_returns(equity).to_numpy()
    assert np.nanprod(1 + table / 100) == pytest.approx(equity.iloc[-1] / equity.iloc[0])


@given(profits)
@settings(deadline=None, max_examples=100)
def test_trade_figures_agree_with_each_other(pnl):
    m = calculate(curve([0.1]), pd.DataFrame({"pnl": pnl}))
    assert m["gross_profit"] - m["gross_loss"] == pytest.approx(sum(pnl))
    assert m["expectancy"] * m["trades"] == pytest.approx(sum(pnl), abs=1e-6)
    assert 0 <= m["win_rate"] <= 100
    if m["gross_loss"] > 0:
        assert m["profit_factor"] == pytest.approx(m["gross_profit"] / m["gross_loss"])
        assert (m["profit_factor"] > 1) == (sum(pnl) > 0)
    else:
        assert math.isnan(m["profit_factor"])
    wins = sum(p > 0 for p in pnl)
    assert m["max_consecutive_wins"] <= wins
    if wins > 0 and m["gross_loss"] > 0:
        losses = sum(p < 0 for p in pnl)
        assert m["profit_factor"] == pytest.approx(m["payoff_ratio"] * wins / losses)


@given(steps)
@settings(deadline=None, max_examples=40)
def test_a_curve_as_its_own_benchmark(returns):
    equity = curve(returns)
    m = calculate(equity, benchmark=equity)
    assert m["excess_return_pct"] == 0
    if "beta" not in m.reasons:
        assert m["beta"] == pytest.approx(1)
        assert m["correlation"] == pytest.approx(1)
        assert m["alpha"] == pytest.approx(0, abs=1e-6)
    assert "information_ratio" in m.reasons
