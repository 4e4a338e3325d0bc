"""Shapes behind the pictures, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from hftsim.core.errors import DataError, InputError
from hftsim.report import series
from hftsim.report.histogram import bar_edges, normal_shares, shares_of


def curve(values, start="2024-01-31 22:00", freq="1h"):
    index = pd.date_range(start, periods=len(values), freq=freq, tz="UTC", name="time")
    return pd.Series(values, index, name="equity", dtype=float)


def test_drawdown_is_percent_below_the_highest_value_so_far():
    depth = series.drawdown_pct(curve([100, 120, 90, 120, 60]))
    assert depth.tolist() == [0.0, 0.0, 25.0, 0.0, 50.0]


def test_a_bar_that_closes_at_midnight_belongs_to_the_month_it_ends():
    equity = curve([100, 110, 121, 133.1])
    table = series.monthly_returns_pct(series.bar_returns(equity))
    assert table.loc[2024, 1] == pytest.approx(21.0)
    assert table.loc[2024, 2] == pytest.approx(10.0)
    assert np.isnan(table.loc[2024, 3])
    assert series.year_totals_pct(table)[0] == pytest.approx(33.1)


def test_months_need_times():
    with pytest.raises(InputError, match="DatetimeIndex"):
        series.monthly_returns_pct(pd.Series([0.1, 0.2]))


def test_the_longest_period_with_enough_returns_is_chosen():
    grown = 100 * 1.001 ** np.arange(24 * 300 + 1)
    daily = series.period_returns(curve(grown, "2024-01-01 00:00"))
    assert daily.attrs["period"] == "daily"
    assert len(daily) == 300
    assert daily.iloc[5] == pytest.approx(1.001**24 - 1)
    hourly = series.period_returns(curve(grown[: 24 * 20]))
    assert hourly.attrs["period"] == "hourly"
    few = series.period_returns(curve(grown[:40], freq="5min"))
    assert (few.attrs["period"], len(few)) == ("5-minute", 39)


def test_returns_of_an_account_at_zero_are_left_out():
    assert series.bar_returns(curve([100, 0, 0, 50])).tolist() == [-1.0]


def test_results_fall_into_the_utc_hour_of_entry():
    trades = pd.DataFrame(
        {"entry_time": ["2024-10-01T05:30:00+02:00", "2024-10-02T03:59:59Z"], "pnl": [5.0, -2.0]}
    )
    assert series.hourly_pnl(trades)[3] == 3.0
    assert series.hourly_pnl(trades).sum() == 3.0


def test_trades_may_come_as_a_list_of_mappings():
    frame = series.trade_frame([{"pnl": 1.0}, {"pnl": -2.0}])
    assert frame["pnl"].tolist() == [1.0, -2.0]
    assert series.trade_frame([]).empty
    with pytest.raises(DataError, match="'pnl'"):
        series.trade_frame([{"profit": 1.0}])


def test_zero_is_an_edge_of_the_histogram_and_every_value_is_counted():
    values = np.array([-3.0, -1.0, 0.5, 2.0, 7.0])
    edges, outside = bar_edges(values, 10)
    assert outside == 0
    assert np.abs(edges).min() == 0.0
    assert shares_of(values, edges).sum() == pytest.approx(100.0)


def test_one_absurd_value_does_not_flatten_the_histogram():
    values = np.append(np.random.default_rng(1).normal(size=5000), 1e9)
    edges, outside = bar_edges(values)
    assert edges[-1] < 100
    assert outside >= 1


def test_the_normal_curve_has_the_area_of_the_bars():
    values = np.random.default_rng(2).normal(1.0, 2.0, 4000)
    edges, _ = bar_edges(values)
    x, y = normal_shares(values, edges)
    area = np.trapezoid(y, x) / (edges[1] - edges[0])
    assert area == pytest.approx(100.0, abs=0.5)
    assert normal_shares(np.ones(5), edges)[0].size == 0


@pytest.mark.parametrize(
    "times",
    [
        ["2024-10-01T03:00:00Z", "2024-10-01 03:00:00.5+00:00", None],
        [pd.Timestamp("2024-10-01 03:00", tz="UTC"), pd.Timestamp("2024-10-01 03:00:00.5"), None],
        pd.DatetimeIndex(["2024-10-01 05:00", "2024-10-01 05:00:00.5", pd.NaT], tz="Europe/Rome"),
    ],
)
def test_times_of_trades_may_come_as_text_or_times(times):
    found = series.column_times(pd.Series(times))
    assert found.astype("datetime64[ms]").astype(str).tolist() == [
        "2024-10-01T03:00:00.000",
        "2024-10-01T03:00:00.500",
        "NaT",
    ]
