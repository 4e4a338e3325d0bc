"""Repairs happen by name only, are counted, and gaps are told from session breaks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.errors import DataError
from hftsim.data import Repairs, read_bars
from hftsim.data.sessions import find_gaps

MINUTE = 60 * 10**9
HEADER = "time,open,high,low,close,volume\n"


def put(folder: Path, minutes: list[int], name: str = "BTCUSDT.csv") -> Path:
    rows = [f"{1704067200 + 60 * m},{m + 1},{m + 3},{m + 1},{m + 2},{m}\n" for m in minutes]
    path = folder / name
    path.write_text(HEADER + "".join(rows))
    return path


def test_gaps_are_counted_and_warned_about_never_filled(tmp_path: Path) -> None:
    bars = read_bars(put(tmp_path, [0, 1, 2, 5, 6, 10, 11]))
    source = bars.attrs["source"]
    assert len(bars) == 7
    assert source["gaps"] == 2
    assert source["largest_gap"] == {"after": "2024-01-01T00:06:00Z", "missing": 3}
    assert source["warnings"] == ["2 gap(s), 5 bars missing"]


def test_gaps_are_filled_by_name_with_the_previous_close_and_no_volume(tmp_path: Path) -> None:
    path = put(tmp_path, [0, 1, 2, 5, 6])
    bars = read_bars(path, repairs=Repairs(fill_gaps=True))
    assert bars["close"].tolist() == [2.0, 3.0, 4.0, 4.0, 4.0, 7.0, 8.0]
    assert bars.iloc[3].tolist() == [4.0, 4.0, 4.0, 4.0, 0.0]
    assert np.diff(bars.index.as_unit("ns").asi8).tolist() == [MINUTE] * 6
    assert bars.attrs["source"]["repairs"] == {"fill_gaps": 2}
    assert bars.attrs["source"]["gaps"] == 0
    assert bars.attrs["source"]["rows"] == 7


def test_more_than_half_is_never_invented(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="57% of the result would be invented"):
        read_bars(put(tmp_path, [0, 1, 6]), repairs=Repairs(fill_gaps=True))
    assert len(read_bars(put(tmp_path, [0, 1, 2, 6]), repairs=Repairs(fill_gaps=True))) == 7


def test_repairs_work_together_and_each_is_counted(tmp_path: Path) -> None:
    path = put(tmp_path, [9, 8, 8, 7, 4, 3, 2, 1])
    with path.open("a") as file:
        file.write("1704067200,x,1,1,1,1\n")
    repairs = Repairs(sort=True, drop_duplicates=True, fill_gaps=True, drop_bad_rows=True)
    bars = read_bars(path, repairs=repairs)
    assert bars.attrs["source"]["repairs"] == {
        "sort": 8,
        "drop_duplicates": 1,
        "drop_bad_rows": 1,
        "fill_gaps": 2,
    }
    assert bars["volume"].tolist() == [1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 7.0, 8.0, 9.0]


def test_of_conflicting_rows_the_last_in_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    rows = ["1704067260,1,1,1,1,1", "1704067200,2,2,2,2,2", "1704067260,3,3,3,3,3"]
    path.write_text(HEADER + "\n".join([*rows, "1704067200,4,4,4,4,4", "1704067260,3,3,3,3,3"]))
    bars = read_bars(path, repairs=Repairs(sort=True, keep_last=True), interval="1m")
    assert bars["close"].tolist() == [4.0, 3.0]
    assert bars.attrs["source"]["repairs"]["keep_last"] == 2
    assert bars.attrs["source"]["repairs"]["drop_duplicates"] == 1


def test_nothing_is_counted_where_nothing_was_to_mend(tmp_path: Path) -> None:
    everything = Repairs(
        sort=True, drop_duplicates=True, keep_last=True, fill_gaps=True, drop_bad_rows=True
    )
    plain = read_bars(put(tmp_path, list(range(5))))
    mended = read_bars(put(tmp_path, list(range(5))), repairs=everything)
    pd.testing.assert_frame_equal(plain, mended)
    assert set(mended.attrs["source"]["repairs"].values()) == {0}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 60), min_size=4, max_size=25), st.randoms(use_true_random=False))
def test_any_shuffled_and_repeated_file_is_repaired_to_the_one_it_came_from(
    minutes: list[int], random: object
) -> None:
    import tempfile

    minutes = [61, 62, *minutes]
    wanted = sorted(set(minutes))
    repairs = Repairs(sort=True, drop_duplicates=True)
    with tempfile.TemporaryDirectory() as folder:
        bars = read_bars(put(Path(folder), minutes), interval="1m", repairs=repairs)
    assert bars["volume"].tolist() == [float(m) for m in wanted]
    assert bars.attrs["source"]["repairs"]["drop_duplicates"] == len(minutes) - len(wanted)


def days(hours: list[tuple[float, float]], dates: pd.DatetimeIndex) -> np.ndarray:
    parts = [
        pd.date_range(
            d + pd.Timedelta(hours=a), d + pd.Timedelta(hours=b), freq="min", inclusive="left"
        )
        for d in dates
        for a, b in hours
    ]
    return np.concatenate([p.as_unit("ns").asi8 for p in parts])


def test_nights_weekends_and_lunch_are_session_breaks() -> None:
    times = days([(9, 11.5), (12.5, 15)], pd.bdate_range("2024-01-02", periods=8))
    gaps = find_gaps(times, MINUTE, continuous=False)
    assert (gaps.count, len(gaps.breaks)) == (0, 15)
    assert find_gaps(times, MINUTE, continuous=True).count == 15


def test_a_hole_within_a_session_is_a_gap() -> None:
    times = days([(9.5, 16)], pd.bdate_range("2024-01-02", periods=5))
    gaps = find_gaps(np.delete(times, slice(500, 530)), MINUTE, continuous=False)
    assert (gaps.count, gaps.total, len(gaps.breaks)) == (1, 30, 4)


def test_a_market_open_day_and_night_closes_at_the_weekend_and_for_its_daily_halt() -> None:
    """Futures: 18:00 to 17:00 next day, Sunday evening to Friday."""
    every = pd.date_range("2024-01-07 18:00", "2024-01-19 16:59", freq="min")
    is_open = (every.hour != 17) & ~((every.day_of_week == 4) & (every.hour >= 17))
    is_open &= (every.day_of_week != 5) & ~((every.day_of_week == 6) & (every.hour < 18))
    times = every[is_open].as_unit("ns").asi8
    gaps = find_gaps(times, MINUTE, continuous=False)
    assert (gaps.count, len(gaps.breaks)) == (0, 9)
    midnight = np.searchsorted(times, pd.Timestamp("2024-01-10 23:30").value)
    holed = np.delete(times, slice(midnight, midnight + 60))
    gaps = find_gaps(holed, MINUTE, continuous=False)
    assert (gaps.count, gaps.total) == (1, 60)


def test_daily_bars_have_gaps_only_where_more_than_a_long_weekend_is_missing() -> None:
    dates = pd.bdate_range("2024-01-01", "2024-03-01").as_unit("ns")
    times = dates.asi8
    day = 86_400 * 10**9
    assert find_gaps(times, day, continuous=False).count == 0
    assert find_gaps(np.delete(times, 10), day, continuous=False).count == 0
    assert find_gaps(np.delete(times, slice(10, 18)), day, continuous=False).count == 1


def test_times_just_before_a_full_minute_are_ends(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    rows = "".join(f"{1704067259999 + 60_000 * i},1,1,1,1,1\n" for i in range(3))
    path.write_text("close_time,open,high,low,close,volume\n" + rows)
    warnings = read_bars(path).attrs["source"]["warnings"]
    assert all("--stamp close" in w for w in warnings)
    bars = read_bars(path, stamp="close")
    assert bars.index[0] == pd.Timestamp("2024-01-01", tz="UTC")
    assert bars.attrs["source"]["stamp"] == "close"
