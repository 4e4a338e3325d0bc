"""Figures of round trips, worked by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from hftsim.analytics import PerformanceMetrics
from hftsim.core import DataError

INDEX = pd.date_range("2024-10-01 00:01", periods=2881, freq="1min", tz="UTC")
EQUITY = pd.Series(np.linspace(1000.0, 1010.0, len(INDEX)), INDEX)


def book(pnl: list[float], fee: float = 1.0) -> pd.DataFrame:
    count = len(pnl)
    entry = INDEX[:count]
    held = np.arange(1, count + 1)
    return pd.DataFrame(
        {
            "symbol": "BTCUSDT",
            "side": ["long", "short"] * (count // 2) + ["long"] * (count % 2),
            "entry_time": entry,
            "exit_time": entry + pd.to_timedelta(held * 5, unit="min"),
            "pnl": pnl,
            "gross_pnl": np.array(pnl) + fee,
            "fees": fee,
            "return_pct": np.array(pnl) / 10,
            "bars_held": held,
            "is_open": False,
        }
    )


def figures(trades: object) -> dict[str, float]:
    return PerformanceMetrics.calculate_all_metrics(EQUITY, trades)


def test_five_trades_and_one_still_open():
    trades = pd.concat([book([10.0, 20.0, -5.0, 0.0, -10.0]), book([99.0]).assign(is_open=True)])
    m = figures(trades)
    assert m["trades"] == 5
    assert m["open_trades"] == 1
    assert (m["long_trades"], m["short_trades"]) == (3, 2)
    assert m["win_rate"] == pytest.approx(40)  # 10 and 20 of five; nothing earned is no win
    assert m["gross_profit"] == 30
    assert m["gross_loss"] == 15
    assert m["profit_factor"] == pytest.approx(2)
    assert m["expectancy"] == pytest.approx(3)
    assert m["avg_win"] == 15
    assert m["avg_loss"] == -7.5
    assert m["payoff_ratio"] == pytest.approx(2)
    assert (m["largest_win"], m["largest_loss"]) == (20, -10)
    assert m["kelly_fraction"] == pytest.approx(0.4 - 0.6 / 2)
    # squared distances from 3: 49 + 289 + 64 + 9 + 169 = 580, / 4 = 145
    assert m["system_quality"] == pytest.approx(math.sqrt(5) * 3 / math.sqrt(145))
    assert m["avg_trade_pct"] == pytest.approx(0.3)
    assert (m["avg_holding_bars"], m["median_holding_bars"]) == (3, 3)
    assert (m["avg_holding_minutes"], m["median_holding_minutes"]) == (15, 15)
    assert m["trades_per_day"] == pytest.approx(2.5)  # 2880 minutes are two days
    # fees 5 on profits before fees of 11 + 21 + 1
    assert m["fees_share_pct"] == pytest.approx(100 * 5 / 33)
    assert m["total_fees"] == 6  # the open trade has paid its fee too


def test_streaks_are_broken_by_a_trade_that_earned_nothing():
    m = figures(book([1.0, 1.0, 0.0, 1.0, 1.0, 1.0, -1.0, -1.0, 1.0]))
    assert m["max_consecutive_wins"] == 3
    assert m["max_consecutive_losses"] == 2


def test_trades_may_be_a_list_of_rows():
    m = figures([{"pnl": 3.0}, {"pnl": -1.0}])
    assert m["profit_factor"] == pytest.approx(3)
    assert m["trades"] == 2


def test_no_losing_trade_leaves_the_ratios_undefined_not_infinite():
    m = figures(book([1.0, 2.0]))
    for name in ("profit_factor", "payoff_ratio", "avg_loss", "largest_loss", "kelly_fraction"):
        assert math.isnan(m[name])
        assert "lost" in m.reasons[name]
    assert m["win_rate"] == 100
    assert m["max_consecutive_losses"] == 0
    assert m["gross_loss"] == 0


def test_no_winning_trade():
    m = figures(book([-1.0, -2.0]))
    assert m["profit_factor"] == 0  # really zero: nothing was won
    assert math.isnan(m["avg_win"])
    assert m.reasons["payoff_ratio"] == "no trade won"


def test_no_trades_at_all():
    m = figures(book([]).iloc[:0])
    assert m["trades"] == 0
    for name in ("win_rate", "profit_factor", "expectancy", "avg_holding_bars", "trades_per_day"):
        assert math.isnan(m[name])
        assert m.reasons[name] == "no trade was closed"
    assert m["total_fees"] == 0
    assert dict(figures([])).keys() == m.keys()
    nothing_given = figures(None)
    assert math.isnan(nothing_given["trades"])
    assert nothing_given.reasons["trades"] == "no trades were given"


def test_missing_columns_are_named():
    with pytest.raises(DataError, match="'pnl'"):
        figures(pd.DataFrame({"profit": [1.0]}))
    m = figures(pd.DataFrame({"pnl": [1.0, -1.0]}))
    for name, column in (
        ("avg_holding_bars", "bars_held"),
        ("avg_holding_minutes", "entry_time"),
        ("fees_share_pct", "fees"),
        ("long_trades", "side"),
        ("avg_trade_pct", "return_pct"),
    ):
        assert math.isnan(m[name])
        assert column in m.reasons[name]


def test_a_trade_without_a_number_or_a_time_is_named_by_its_row():
    trades = book([1.0, 2.0, math.nan, 3.0])
    with pytest.raises(DataError, match=r"row 2, column 'pnl'"):
        figures(trades)
    shifted = book([1.0, 2.0, 3.0])
    shifted.loc[0, "is_open"] = True
    shifted.loc[2, "pnl"] = math.inf
    with pytest.raises(DataError, match=r"row 2, column 'pnl'"):
        figures(shifted)
    untimed = book([1.0, 2.0])
    untimed.loc[1, "exit_time"] = pd.NaT
    with pytest.raises(DataError, match="row 1"):
        figures(untimed)


def test_one_trade_has_no_spread():
    m = figures(book([5.0]))
    assert math.isnan(m["system_quality"])
    same = figures(book([5.0, 5.0, 5.0]))
    assert same.reasons["system_quality"] == "all trades earned the same"
