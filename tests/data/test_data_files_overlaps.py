"""Bars that overlap would let an order trade before it was sent: they are refused or declared."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hftsim.core.errors import DataError
from hftsim.data import Repairs, check_file, read_bars
from hftsim.data.intervals import DAY_NS, HOUR_NS
from hftsim.data.ordering import overlapping

DROP = Repairs(drop_bad_rows=True)
HEADER = "time,open,high,low,close,volume\n"


def put(folder: Path, seconds: list[int], name: str = "BTCUSDT.csv") -> Path:
    rows = [f"{1704067200 + s},{s + 1},{s + 3},{s + 1},{s + 2},1\n" for s in seconds]
    path = folder / name
    path.write_text(HEADER + "".join(rows))
    return path


def test_a_step_shorter_than_the_others_is_asked_about(tmp_path: Path) -> None:
    path = put(tmp_path, [0, 60, 120, 150, 180, 240])
    for repairs in (Repairs(), DROP):
        with pytest.raises(DataError) as refused:
            read_bars(path, repairs=repairs)
        assert str(refused.value) == (
            f"{path}: most bars are 1m apart, but rows 4 and 5 begin 30s apart: say how long they "
            f"are with --interval 30s (then the others are gaps) or --interval 1m (then these "
            f"overlap)"
        )


def test_bars_that_overlap_are_refused_or_dropped_by_name(tmp_path: Path) -> None:
    path = put(tmp_path, [0, 60, 120, 150, 180, 240])
    with pytest.raises(DataError) as refused:
        read_bars(path, interval="1m")
    assert str(refused.value) == (
        f"{path}: rows 4 and 5 begin 30s apart, but bars are 1m long, so they overlap (2 such "
        f"rows): split the file where its interval changes, or drop bars off the grid with "
        f"--drop-bad-rows"
    )
    bars = read_bars(path, interval="1m", repairs=DROP)
    assert bars["open"].tolist() == [1.0, 61.0, 121.0, 181.0, 241.0]
    assert bars.attrs["source"]["repairs"] == {"drop_bad_rows": 1}


def test_bars_restarted_off_the_grid_need_no_interval_to_be_dropped(tmp_path: Path) -> None:
    path = put(tmp_path, [0, 3600, 7200, 12345, 14400, 18000])
    with pytest.raises(DataError, match="rows 5 and 6 begin 2055s apart, but bars are 1h long"):
        read_bars(path)
    assert len(read_bars(path, repairs=DROP)) == 5


def test_a_shorter_interval_that_fits_is_taken_by_name(tmp_path: Path) -> None:
    path = put(tmp_path, [0, 120, 240, 360, 420])
    source = read_bars(path, interval="1m").attrs["source"]
    assert (source["interval_ns"], source["gaps"]) == (60 * 10**9, 3)
    with pytest.raises(DataError, match="bars are 2m apart, not 30s as --interval says"):
        read_bars(path, interval="30s")


def test_a_check_counts_bars_that_overlap(tmp_path: Path) -> None:
    path = put(tmp_path, [0, 60, 120, 150, 180, 240])
    report = check_file(path)
    found = {f.kind: f for f in report.findings}
    assert not report.clean
    assert found["overlap"].count == 2
    assert found["overlap"].examples[0] == {"row": 5, "time": "2024-01-01T00:02:30"}
    assert check_file(path, repairs=DROP).clean
    assert check_file(path, interval="30s").count("overlap") == 0


def test_newest_first_rows_are_named_as_they_stand(tmp_path: Path) -> None:
    path = put(tmp_path, [240, 180, 150, 120, 60, 0])
    with pytest.raises(DataError, match="rows 4 and 5 begin 30s apart"):
        read_bars(path, interval="1m", repairs=Repairs(sort=True))


def test_clock_changes_weeks_and_months_are_no_overlap() -> None:
    new_york = pd.date_range("2024-03-01", "2024-11-30", tz="America/New_York")
    days = new_york.tz_convert("UTC").as_unit("ns").asi8
    assert np.diff(days).min() == 23 * HOUR_NS
    assert len(overlapping(days, DAY_NS, None)) == 0
    four_hours = np.concatenate([days + k * HOUR_NS for k in (10, 14)])
    four_hours.sort()
    assert len(overlapping(four_hours, 4 * HOUR_NS, "America/New_York")) == 0
    first_trading_days = np.array([1, 6, 13, 20]) * DAY_NS
    assert len(overlapping(first_trading_days, 7 * DAY_NS, None)) == 0
    assert overlapping(np.array([0, 2, 3]) * DAY_NS // 2, DAY_NS, None).tolist() == [2]
