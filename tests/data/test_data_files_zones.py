"""Exchange-local times: the repeated hour is told by order or refused, the skipped one refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hftsim.core.errors import DataError
from hftsim.data import Repairs, read_bars
from hftsim.data.zones import LocalClock

NEW_YORK = "America/New_York"
HEADER = "time,open,high,low,close,volume\n"


def put(folder: Path, times: list[str], name: str = "ES.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{t},1,2,1,2,{i}\n" for i, t in enumerate(times)))
    return path


def local(utc: pd.DatetimeIndex) -> list[str]:
    return [f"{t:%Y-%m-%d %H:%M:%S}" for t in utc.tz_convert(NEW_YORK)]


FALL = pd.date_range("2024-11-03 04:00", "2024-11-03 07:59", freq="min", tz="UTC")
"""00:00 EDT to 02:59 EST: 01:00 to 01:59 happens twice."""


def test_the_repeated_hour_is_told_by_order(tmp_path: Path) -> None:
    bars = read_bars(put(tmp_path, local(FALL)), timezone=NEW_YORK)
    assert (bars.index == FALL).all()
    assert bars.attrs["source"]["timezone"] == NEW_YORK
    assert bars.attrs["source"]["gaps"] == 0


def test_the_repeated_hour_is_told_by_order_newest_first(tmp_path: Path) -> None:
    path = put(tmp_path, local(FALL)[::-1])
    bars = read_bars(path, timezone=NEW_YORK, repairs=Repairs(sort=True))
    assert (bars.index == FALL).all()
    assert bars["volume"].tolist() == list(range(len(FALL)))[::-1]


def test_the_repeated_hour_with_holes_on_both_sides_is_told_by_the_step_back(
    tmp_path: Path,
) -> None:
    some = FALL[[0, 1, 60, 75, 119, 130, 150, 239]]
    bars = read_bars(put(tmp_path, local(some)), timezone=NEW_YORK)
    assert (bars.index == some).all()


def test_hourly_bars_repeat_one_time_exactly(tmp_path: Path) -> None:
    hours = FALL[::60]
    assert local(hours)[1] == local(hours)[2]
    bars = read_bars(put(tmp_path, local(hours)), timezone=NEW_YORK)
    assert (bars.index == hours).all()


@pytest.mark.parametrize(
    ("kept", "row"),
    [(slice(0, 120), 62), (slice(120, 240), 2), (slice(90, 120), 2)],
    ids=["first-pass-only", "second-pass-only", "inside"],
)
def test_a_repeated_hour_that_is_there_once_is_refused(
    tmp_path: Path, kept: slice, row: int
) -> None:
    path = put(tmp_path, local(FALL[kept]))
    with pytest.raises(DataError, match=f"row {row},.*happened twice in America/New_York"):
        read_bars(path, timezone=NEW_YORK)


def test_a_repeated_hour_in_disorder_is_refused(tmp_path: Path) -> None:
    times = local(FALL)
    times[80], times[90] = times[90], times[80]
    with pytest.raises(DataError, match=r"row 62,.*happened twice"):
        read_bars(put(tmp_path, times), timezone=NEW_YORK, repairs=Repairs(sort=True))


def test_the_skipped_hour_is_refused(tmp_path: Path) -> None:
    times = ["2024-03-10 01:58:00", "2024-03-10 01:59:00", "2024-03-10 02:00:00"]
    with pytest.raises(DataError, match=r"row 4,.*2024-03-10 02:00:00 does not exist"):
        read_bars(put(tmp_path, times), timezone=NEW_YORK)
    jump = [*times[:2], "2024-03-10 03:00:00"]
    bars = read_bars(put(tmp_path, jump), timezone=NEW_YORK)
    assert np.diff(bars.index.as_unit("ns").asi8).tolist() == [60 * 10**9] * 2


def test_offsets_in_the_file_tell_the_hours_apart(tmp_path: Path) -> None:
    times = [t.isoformat() for t in FALL.tz_convert(NEW_YORK)]
    assert (read_bars(put(tmp_path, times)).index == FALL).all()


def test_pieces_of_a_file_give_the_same_times_as_the_whole() -> None:
    naive = FALL.tz_convert(NEW_YORK).tz_localize(None).as_unit("ns").asi8
    for cut in range(0, len(naive), 7):
        clock = LocalClock(NEW_YORK)
        parts = [clock.to_utc(naive[:cut]), clock.to_utc(naive[cut:])]
        assert clock.unfinished() == []
        assert (
            np.concatenate([utc for utc, _, _ in parts]).tolist()
            == FALL.as_unit("ns").asi8.tolist()
        )
        assert not any(len(rows) for _, *bad in parts for rows in bad)


def test_daily_bars_of_a_local_market_begin_at_local_midnight(tmp_path: Path) -> None:
    days = [str(d.date()) for d in pd.bdate_range("2024-03-04", "2024-03-15")]
    opens = read_bars(put(tmp_path, days, "SPY.csv"), timezone=NEW_YORK)
    wanted = pd.DatetimeIndex(days).tz_localize(NEW_YORK)
    assert (opens.index == wanted).all()
    assert opens.attrs["source"]["interval_ns"] == 86_400 * 10**9
    assert (opens.attrs["source"]["gaps"], opens.attrs["source"]["session_breaks"]) == (0, 1)
    closes = read_bars(put(tmp_path, days, "SPY.csv"), timezone=NEW_YORK, stamp="close")
    before = pd.DatetimeIndex(days) - pd.Timedelta("1D")
    assert (closes.index == before.tz_localize(NEW_YORK)).all()
