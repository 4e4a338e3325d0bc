"""A stopped fetch keeps what it has, and the same call goes on from there."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from venue_server import KLINES, LAST_MS, MINUTE_MS, NOW_MS, VenueServer, minutes, opens_ms, status

from hftsim.core.clock import SimClock
from hftsim.core.errors import InputError, Interrupted, VenueError


def stop_after(requests: int) -> Callable[[int, int | None, str], None]:
    """Return a progress that is interrupted, as by Ctrl-C, when told the n-th time."""
    told = itertools.count(1)

    def progress(done: int, total: int | None, note: str = "") -> None:
        if next(told) == requests:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(
    ("wish", "requests"),
    [({"limit": 4320}, 3), ({"start": "2024-01-28", "end": "2024-01-31"}, 2)],
    ids=["backward", "forward"],
)
def test_a_stopped_fetch_goes_on_where_it_stopped(
    make: Any, venue: VenueServer, tmp_path: Path, wish: dict[str, Any], requests: int
) -> None:
    whole = make().fetch_klines(**wish)
    fetcher = make(resume_dir=tmp_path)
    with pytest.raises(Interrupted, match=r"stopped: .* of 4320 bars of BTCUSDT 1m fetched and"):
        fetcher.fetch_klines(**wish, progress=stop_after(3))
    assert [path.name for path in tmp_path.iterdir()] == ["BTCUSDT_1m.part.parquet"]
    venue.requests.clear()
    again = fetcher.fetch_klines(**wish)
    pd.testing.assert_frame_equal(again, whole)
    assert len(venue.asked(KLINES)) == requests
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_fetch_goes_on_at_a_later_time(
    make: Any, venue: VenueServer, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        make(resume_dir=tmp_path).fetch_klines(limit=4320, progress=stop_after(3))
    venue.now_ms = NOW_MS + 10 * MINUTE_MS
    later = SimClock(venue.now_ms * 1_000_000)
    venue.requests.clear()
    bars = make(resume_dir=tmp_path, clock=later).fetch_klines(limit=4320)
    assert opens_ms(bars) == minutes(LAST_MS - (4319 - 10) * MINUTE_MS, 4320)
    assert len(venue.asked(KLINES)) <= 4


def test_a_fetch_that_fails_half_way_keeps_what_it_has(
    make: Any, venue: VenueServer, tmp_path: Path
) -> None:
    fetcher = make(resume_dir=tmp_path)

    def die(path: str, params: dict[str, str]) -> None:
        if len(venue.requests) == 3:
            venue.faults = [status(500)] * 5

    venue.on_request = die
    with pytest.raises(VenueError, match=r"HTTP 500.*; 2000 of 2880 bars.*remaining 880") as error:
        fetcher.fetch_klines(start="2024-01-29", end="2024-01-31")
    assert error.value.status == 500
    assert len(fetcher.fetch_klines(start="2024-01-29", end="2024-01-31")) == 2880


def test_a_stopped_fetch_without_a_folder_says_that_nothing_is_kept(make: Any) -> None:
    with pytest.raises(Interrupted, match=r"1999 of 3000 .* not kept \(give resume_dir"):
        make().fetch_klines(limit=3000, progress=stop_after(2))


def test_the_part_of_other_times_outlives_another_fetch(make: Any, tmp_path: Path) -> None:
    fetcher = make(resume_dir=tmp_path)
    with pytest.raises(Interrupted):
        fetcher.fetch_klines(start="2024-01-01", end="2024-01-05", progress=stop_after(2))
    assert len(fetcher.fetch_klines(limit=10)) == 10
    assert (tmp_path / "BTCUSDT_1m.part.parquet").exists()
    with pytest.raises(Interrupted):
        fetcher.fetch_klines(start="2024-01-10", end="2024-01-15", progress=stop_after(2))
    assert len(fetcher.fetch_klines(start="2024-01-01", end="2024-01-15")) == 14 * 1440
    assert not (tmp_path / "BTCUSDT_1m.part.parquet").exists()


def test_a_damaged_part_is_fetched_again(
    make: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = tmp_path / "BTCUSDT_1m.part.parquet"
    part.write_bytes(b"not a parquet file")
    assert len(make(resume_dir=tmp_path).fetch_klines(limit=1200)) == 1200
    assert "its bars are fetched again" in caplog.text


def test_the_part_of_another_server_is_not_gone_on_with(
    make: Any, venue: VenueServer, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        make(resume_dir=tmp_path).fetch_klines(limit=3000, progress=stop_after(2))
    with VenueServer(now_ms=NOW_MS) as other:
        bars = make(resume_dir=tmp_path, base_url=other.url).fetch_klines(limit=3000)
        assert len(other.asked(KLINES)) >= 3
    assert len(bars) == 3000


def test_a_part_that_cannot_be_written_is_said(
    make: Any, venue: VenueServer, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    venue.on_request = lambda path, params: folder.write_text("a file where the folder would be")
    with pytest.raises(Interrupted, match=r"1999 of 3000 .* could not be kept .*cannot be written"):
        make(resume_dir=folder).fetch_klines(limit=3000, progress=stop_after(2))


def test_a_folder_that_is_none_is_refused_before_any_request(
    make: Any, venue: VenueServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be read: Not a directory"):
        make(resume_dir=tmp_path / "file").fetch_klines(limit=3000)
    assert venue.requests == []
