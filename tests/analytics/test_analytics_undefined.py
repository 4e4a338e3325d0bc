"""What cannot be computed is NaN with a reason, never 0 or infinity dressed up."""

import math

import numpy as np
import pandas as pd
import pytest

from hftsim.analytics import METRICS, Metrics, PerformanceMetrics, drawdowns
from hftsim.core import DataError, InputError, UnknownNameError

calculate = PerformanceMetrics.calculate_all_metrics


def minutes(values: object) -> pd.Series:
    values = np.asarray(values, dtype=float)
    index = pd.date_range("2024-10-01", periods=len(values), freq="1min", tz="UTC", name="time")
    return pd.Series(values, index, name="equity")


def honest(m: Metrics) -> None:
    """Every figure is finite, or NaN with a reason; every reason belongs to a NaN."""
    assert list(m) == list(METRICS)
    for name, value in m.items():
        assert not math.isinf(value), name
        assert math.isnan(value) == (name in m.reasons), name
        assert m.reasons.get(name, "why") != "", name


EMPTY_TRADES = pd.DataFrame(columns=["pnl", "fees", "side", "is_open"])
CURVES = {
    "one point": [100.0],
    "two points": [100.0, 101.0],
    "three points": [100.0, 101.0, 99.0],
    "flat": np.full(500, 100.0),
    "constant growth": 100 * 1.0001 ** np.arange(500),
    "only up": 100 + np.cumsum(np.arange(1, 300) ** 0.5),
    "only down": 1000 - np.cumsum(np.arange(1, 100) ** 0.5),
    "mostly flat": np.concatenate([np.full(300, 100.0), [101.0], np.full(300, 101.0)]),
    "wiped out": [100.0, 50.0, 0.0, 0.0, 0.0],
    "owes money": [100.0, 50.0, -20.0, -20.0],
    "starts at nothing": [0.0, 10.0, 20.0],
    "tiny": 1e-300 * np.array([1.0, 1.1, 1.05, 1.2]),
    "huge": 1e300 * np.array([1.0, 1.1, 1.05, 1.2]),
    "a giant leap": [1e-200, 1e200, 1.0, 2.0, 3.0],
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("trades", [None, EMPTY_TRADES])
def test_every_undefined_figure_has_a_reason(name, timed, trades):
    values = CURVES[name]
    equity = minutes(values) if timed else values
    honest(calculate(equity, trades))


@pytest.mark.parametrize("name", CURVES)
def test_every_undefined_figure_has_a_reason_beside_a_benchmark(name):
    equity = minutes(CURVES[name])
    for held in (np.full(len(equity), 50.0), np.linspace(50, 60, len(equity)) ** 1.1):
        honest(calculate(equity, benchmark=held, positions=np.zeros(len(equity)), fills=[]))


def test_an_account_that_never_moves():
    m = calculate(minutes(np.full(500, 100.0)))
    assert m["annual_volatility_pct"] == 0
    assert m["total_return_pct"] == 0
    assert m["max_drawdown_pct"] == 0
    for name in ("sharpe_ratio", "skewness", "kurtosis", "probabilistic_sharpe_ratio"):
        assert m.reasons[name] == "the returns do not vary"
    assert "no bar lost" in m.reasons["sortino_ratio"]
    assert "never fell" in m.reasons["calmar_ratio"]
    assert "stability" in m.reasons


def test_constant_growth_has_no_sharpe_ratio_of_a_million():
    m = calculate(minutes(100 * 1.0001 ** np.arange(500)))
    assert math.isnan(m["sharpe_ratio"])
    assert math.isnan(m["k_ratio"])
    assert "straight line" in m.reasons["k_ratio"]
    assert m["stability"] == pytest.approx(1)


@pytest.mark.parametrize("last", [0.0, -20.0])
def test_a_wiped_out_account_has_no_geometric_figures_and_says_when(last):
    m = calculate(minutes([100, 50, last, last]), initial_capital=100)
    assert m["total_return_pct"] == last - 100
    assert m["max_drawdown_pct"] == pytest.approx(100 - last)
    for name in ("annual_return_pct", "sharpe_ratio", "calmar_ratio", "var_95", "stability"):
        assert "wiped out at 2024-10-01T00:02:00 UTC" in m.reasons[name]


def test_tails_need_observations():
    m = calculate(minutes(100 + np.sin(np.arange(15))))
    assert "20 returns are needed" in m.reasons["var_95"]
    assert "100 returns are needed" in m.reasons["cvar_99"]
    enough = calculate(minutes(100 + np.sin(np.arange(50))))
    assert "cvar_95" not in enough.reasons
    assert "cvar_99" in enough.reasons


def test_an_account_that_is_mostly_flat_has_no_tail_ratio():
    m = calculate(minutes(CURVES["mostly flat"]))
    assert "earned nothing" in m.reasons["tail_ratio"]
    assert (
        "earned nothing" in m.reasons["common_sense_ratio"]
        or "no bar lost" in m.reasons["common_sense_ratio"]
    )


def test_what_was_not_given_is_said():
    m = calculate(minutes([100, 101, 99, 102]))
    assert m.reasons["beta"] == "no benchmark was given"
    assert m.reasons["exposure_pct"] == "no positions were given"
    assert m.reasons["turnover"] == "no fills were given"
    assert m.reasons["total_fees"] == "neither fills nor trades were given"
    untimed = calculate([100, 101, 99, 102])
    assert "periods_per_year" in untimed.reasons["sharpe_ratio"]
    assert "no times" in untimed.reasons["best_day_pct"]


def test_a_benchmark_that_stands_still_or_is_the_account_itself():
    equity = minutes([100, 101, 99, 102, 103])
    still = calculate(equity, benchmark=np.full(5, 100.0))
    assert still.reasons["beta"] == "the benchmark does not vary"
    assert still.reasons["alpha"] == "the benchmark does not vary"
    itself = calculate(equity, benchmark=equity)
    assert itself["beta"] == pytest.approx(1)
    assert itself["tracking_error_pct"] == 0
    assert "exactly what the benchmark did" in itself.reasons["information_ratio"]


def test_input_that_cannot_be_trusted_is_refused():
    with pytest.raises(DataError, match="empty"):
        calculate([])
    with pytest.raises(DataError, match="row 2, column 'equity'"):
        calculate([1.0, 2.0, math.nan])
    with pytest.raises(DataError, match="one column"):
        calculate(np.ones((3, 2)))
    with pytest.raises(DataError, match="increase"):
        calculate(minutes([1, 2, 3])[::-1])
    with pytest.raises(DataError, match="starts at 0"):
        drawdowns([0.0, 1.0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial_capital": 0.0},
        {"initial_capital": math.nan},
        {"risk_free_rate": -1.0},
        {"risk_free_rate": math.nan},
        {"periods_per_year": 0.0},
        {"periods_per_year": math.inf},
        {"trials": 0},
    ],
)
def test_arguments_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        calculate(minutes([100, 101, 99]), **wrong)


def test_a_rate_a_year_needs_to_know_the_year():
    with pytest.raises(InputError, match="give periods_per_year"):
        calculate([100, 101, 99], risk_free_rate=0.02)
    with pytest.raises(InputError, match="worst"):
        drawdowns([100, 90], 0)


def test_a_near_miss_is_asked_about():
    with pytest.raises(UnknownNameError, match="did you mean 'sharpe_ratio'"):
        calculate([100, 101])["sharp_ratio"]


def test_fills_without_the_columns_a_figure_needs():
    equity = minutes([100, 101, 99])
    bare = calculate(equity, [], fills=[{"price": 10.0, "qty": 1.0}])
    assert bare["turnover"] == pytest.approx(0.1)
    assert bare.reasons["total_fees"] == "there is no column 'fee'"
    assert bare.reasons["total_slippage"] == "there is no column 'slippage'"
    assert bare.reasons["maker_share_pct"] == "there is no column 'is_maker'"
    unpriced = calculate(equity, fills=[{"qty": 1.0, "slippage": math.nan, "is_maker": True}])
    assert unpriced.reasons["turnover"] == "there is no column 'price'"
    assert unpriced.reasons["maker_share_pct"] == "there is no column 'price'"
    assert unpriced.reasons["total_slippage"] == "no fill has a reference price"
    owing = calculate(minutes([100, -300, -300]), fills=[{"price": 1.0, "qty": 1.0}])
    assert "below zero on average" in owing.reasons["turnover"]


def test_fees_share_without_fees_or_gross_profit():
    equity = minutes([100, 101, 99])
    no_gross = calculate(equity, [{"pnl": 1.0, "fees": 0.1}])
    assert no_gross.reasons["fees_share_pct"] == "there is no column 'gross_pnl'"
    lost = calculate(equity, [{"pnl": -1.0, "fees": 0.1, "gross_pnl": -0.9}])
    assert lost.reasons["fees_share_pct"] == "no trade won before fees"


def test_a_benchmark_that_starts_at_nothing_is_refused():
    with pytest.raises(DataError, match="benchmark starts at 0"):
        calculate(minutes([100, 101, 99]), benchmark=[0.0, 1.0, 2.0])


def test_bars_longer_than_a_day_have_no_days():
    index = pd.date_range("2020-01-06", periods=60, freq="7D", tz="UTC")
    m = calculate(pd.Series(100 + np.sin(np.arange(60.0)), index))
    assert m.reasons["best_day_pct"] == "the bars are longer than a day"
    assert m.reasons["sharpe_daily"] == "the bars are longer than a day"


def test_sharpe_of_returns_refuses_a_year_without_bars():
    with pytest.raises(InputError, match="periods_per_year"):
        PerformanceMetrics.calculate_sharpe_ratio([0.1, 0.2], periods_per_year=-1)
