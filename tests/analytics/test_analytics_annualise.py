"""How many bars a year has, read from the bars' close times."""

import numpy as np
import pandas as pd
import pytest

from hftsim.analytics import bar_clock, periods_per_year
from hftsim.core import DataError


def closes(start: str, count: int, freq: str) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq=freq, tz="UTC")


def sessions(days: int, minutes: int, bar: int = 1, start: str = "2024-01-08") -> pd.DatetimeIndex:
    """New York sessions from 14:30 UTC, `minutes` long, on business days; bar close times."""
    parts = [
        pd.date_range(
            day + pd.Timedelta(hours=14, minutes=30), periods=minutes // bar, freq=f"{bar}min"
        )
        for day in pd.bdate_range(start, periods=days, tz="UTC")
    ]
    stamps = np.concatenate([p.to_numpy() for p in parts])
    return pd.DatetimeIndex(stamps, tz="UTC") + pd.Timedelta(minutes=bar)


@pytest.mark.parametrize(
    ("freq", "count", "expected"),
    [
        ("1min", 30 * 1440, 525_600),
        ("1min", 500, 525_600),
        ("5min", 5000, 105_120),
        ("1h", 1000, 8_760),
        ("4h", 400, 2_190),
        ("1D", 400, 365),
        ("1s", 90_000, 31_536_000),
    ],
)
def test_a_market_that_never_closes_has_365_days_of_24_hours(freq, count, expected):
    assert periods_per_year(closes("2024-10-01 03:01", count, freq)) == expected


@pytest.mark.parametrize("days", [2, 3, 5, 20])
def test_one_minute_equities_have_252_sessions_of_390_bars(days):
    index = sessions(days, 390)
    assert periods_per_year(index) == 252 * 390
    assert "sessions" in bar_clock(index).assumption
    assert "390 bars" in bar_clock(index).assumption


def test_five_minute_equities_have_78_bars_a_session():
    assert periods_per_year(sessions(10, 390, bar=5)) == 252 * 78


def test_an_early_close_does_not_change_the_usual_session():
    index = sessions(10, 390)
    day = index[0].date() + pd.Timedelta(days=2)
    short = index[~((index.date == day) & (index.hour >= 18))]
    assert len(short) < len(index)
    assert periods_per_year(short) == 252 * 390


def test_extended_hours_that_cross_midnight_utc_count_one_session_a_day():
    parts = [
        pd.date_range(day + pd.Timedelta(hours=9, minutes=1), periods=960, freq="1min")
        for day in pd.bdate_range("2024-01-08", periods=15, tz="UTC")
    ]
    index = pd.DatetimeIndex(np.concatenate([p.to_numpy() for p in parts]), tz="UTC")
    clock = bar_clock(index)
    assert not clock.continuous
    assert clock.periods_per_year == 252 * 960


def test_daily_equities_have_252_bars():
    index = pd.bdate_range("2020-01-01", periods=600, tz="UTC") + pd.Timedelta(days=1)
    assert periods_per_year(index) == 252


def test_a_single_session_shows_no_break_and_must_be_told():
    index = sessions(1, 390)
    assert bar_clock(index).continuous
    assert periods_per_year(index, continuous=False) == 252 * 390


def test_weekly_and_monthly_bars():
    assert periods_per_year(closes("2020-01-06", 200, "7D")) == pytest.approx(365 / 7)
    assert periods_per_year(pd.date_range("2015-01-31", periods=90, freq="ME", tz="UTC")) == 12
    assert periods_per_year(pd.date_range("2015-03-31", periods=30, freq="QE", tz="UTC")) == 4
    assert periods_per_year(pd.date_range("1990-12-31", periods=30, freq="YE", tz="UTC")) == 1


def test_a_few_missing_bars_change_nothing_and_many_are_counted_and_said():
    index = closes("2024-10-01 00:01", 20_000, "1min")
    few = index.delete([100, 101, 5000])
    assert periods_per_year(few) == 525_600
    keep = np.random.default_rng(3).random(len(index)) < 0.75
    keep[[0, -1]] = True
    many = bar_clock(index[keep])
    observed = (keep.sum() - 1) / (len(index) - 1)
    assert many.periods_per_year == pytest.approx(525_600 * observed)
    assert "missing" in many.assumption


def test_an_outage_of_a_day_does_not_make_crypto_a_market_with_sessions():
    index = closes("2024-10-01 00:01", 60 * 1440, "1min")
    assert bar_clock(index[(index < "2024-10-10") | (index > "2024-10-11 07:00")]).continuous


def test_index_without_zone_is_read_as_utc():
    index = closes("2024-10-01", 5000, "1min")
    assert periods_per_year(index.tz_localize(None)) == periods_per_year(index)


def test_what_has_no_clock_is_refused():
    with pytest.raises(DataError, match="periods_per_year"):
        periods_per_year(pd.RangeIndex(10))
    with pytest.raises(DataError, match="at least two"):
        periods_per_year(closes("2024-10-01", 1, "1min"))
    twice = closes("2024-10-01", 3, "1min").append(closes("2024-10-01", 1, "1min"))
    with pytest.raises(DataError, match="row 3"):
        periods_per_year(twice)
