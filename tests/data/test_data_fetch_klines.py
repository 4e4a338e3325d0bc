"""What is asked for comes whole: every bar once, holes and revisions counted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from venue_server import KLINES, LAST_MS, MINUTE_MS, VenueServer, kline, minutes, opens_ms

from hftsim.core.bars import require_bars, source_of
from hftsim.core.clock import SimClock
from hftsim.data.binance import BinanceDataFetcher


def test_a_bar_carries_every_field_of_its_kline(make: Any) -> None:
    bars = make().fetch_klines(limit=1)
    row = kline(LAST_MS, MINUTE_MS)
    require_bars(bars)
    assert opens_ms(bars) == [LAST_MS]
    assert bars.iloc[0].to_dict() == {
        "open": float(row[1]),
        "high": float(row[2]),
        "low": float(row[3]),
        "close": float(row[4]),
        "volume": float(row[5]),
        "notional": float(row[7]),
        "trade_count": float(row[8]),
        "taker_buy_volume": float(row[9]),
        "taker_buy_notional": float(row[10]),
    }


@pytest.mark.parametrize("rows", [1, 999, 1000, 1001, 2000, 4320])
def test_any_number_of_bars_comes_without_gap_or_repeat(make: Any, rows: int) -> None:
    bars = make().fetch_klines(limit=rows)
    assert opens_ms(bars) == minutes(LAST_MS - (rows - 1) * MINUTE_MS, rows)
    assert source_of(bars)["gaps"] == 0


def test_a_thousand_bars_are_fetched_where_nothing_is_said(make: Any) -> None:
    assert len(make().fetch_klines()) == 1000


def test_a_range_holds_its_start_and_not_its_end(make: Any, venue: VenueServer) -> None:
    bars = make().fetch_klines(start="2024-01-01", end="2024-01-03")
    first = int(pd.Timestamp("2024-01-01", tz="UTC").timestamp()) * 1000
    assert opens_ms(bars) == minutes(first, 2880)
    assert len(venue.asked(KLINES)) == 3


def test_a_range_between_two_bars_starts_with_the_next(make: Any) -> None:
    bars = make().fetch_klines(start="2024-01-01 00:00:30", end="2024-01-01 00:02:30")
    assert [at.strftime("%H:%M") for at in bars.index] == ["00:01", "00:02"]


def test_a_time_with_a_zone_is_converted(make: Any) -> None:
    bars = make().fetch_klines(start=pd.Timestamp("2024-01-01 00:00", tz="Asia/Tokyo"), limit=2)
    assert bars.index[0] == pd.Timestamp("2023-12-31 15:00", tz="UTC")


def test_start_and_limit_give_the_first_bars(make: Any) -> None:
    bars = make().fetch_klines(start="2024-01-01", limit=1500)
    assert len(bars) == 1500
    assert bars.index[0] == pd.Timestamp("2024-01-01", tz="UTC")


def test_end_and_limit_give_the_last_bars_before_it(make: Any) -> None:
    bars = make().fetch_klines(end="2024-01-02", limit=1500)
    assert len(bars) == 1500
    assert bars.index[-1] == pd.Timestamp("2024-01-01 23:59", tz="UTC")


def test_days_are_fetched_up_to_now(make: Any) -> None:
    bars = make().fetch_historical(days=7)
    assert opens_ms(bars) == minutes(LAST_MS - (7 * 1440 - 1) * MINUTE_MS, 7 * 1440)


def test_another_interval_may_be_asked_for(make: Any) -> None:
    bars = make().fetch_klines(limit=24, interval="1h")
    assert set(np.diff(opens_ms(bars))) == {3_600_000}
    assert source_of(bars)["interval_ns"] == 3_600_000_000_000


@pytest.mark.parametrize("rows", [7, 250, 999])
def test_a_server_of_smaller_pages_is_paged_through_as_well(
    make: Any, venue: VenueServer, rows: int
) -> None:
    venue.page_rows = rows
    bars = make().fetch_klines(start="2024-01-31 08:00", end="2024-01-31 09:00")
    assert len(bars) == 60
    assert len(make().fetch_klines(limit=70)) == 70


def test_before_the_listing_there_are_fewer_bars(make: Any, venue: VenueServer) -> None:
    venue.listed_ms = LAST_MS - 9 * MINUTE_MS
    assert len(make().fetch_klines(limit=3000)) == 10
    assert len(make().fetch_klines(start="2024-01-30")) == 10


def test_the_source_says_where_the_bars_came_from(make: Any, venue: VenueServer) -> None:
    source = source_of(make("btc/usdt").fetch_klines(limit=3))
    assert source["symbol"] == "BTCUSDT"
    assert source["venue"] == "binance"
    assert source["origin"] == venue.url + KLINES
    assert source["stamp"] == "open"
    assert source["timezone"] == "UTC"
    assert source["simulated"] is False


def test_progress_ends_at_the_number_asked_for(make: Any) -> None:
    told: list[tuple[int, int | None]] = []

    def progress(done: int, total: int | None, note: str = "") -> None:
        told.append((done, total))

    make().fetch_klines(limit=2500, progress=progress)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (2500, 2500)


def test_the_unfinished_bar_is_left_out_and_counted(make: Any) -> None:
    bars = make().fetch_klines(start="2024-01-31 09:50")
    assert opens_ms(bars)[-1] == LAST_MS
    assert source_of(bars)["repairs"] == {"unfinished_bars_dropped": 1}


def test_the_unfinished_bar_comes_when_asked_for(make: Any) -> None:
    for bars in (
        make().fetch_klines(limit=10, include_unfinished=True),
        make().fetch_klines(start="2024-01-31 09:51", include_unfinished=True),
    ):
        assert opens_ms(bars) == minutes(LAST_MS - 8 * MINUTE_MS, 10)
        assert source_of(bars)["repairs"] == {}


def test_a_clock_that_runs_ahead_does_not_let_an_unfinished_bar_in(venue: VenueServer) -> None:
    real_ms = pd.Timestamp.now("UTC").value // 1_000_000
    venue.now_ms = real_ms
    ahead = SimClock((real_ms + 3_600_000) * 1_000_000)
    bars = BinanceDataFetcher(base_url=venue.url, clock=ahead).fetch_klines(limit=5)
    assert opens_ms(bars)[-1] + MINUTE_MS <= real_ms + 2_000


def test_a_hole_the_venue_has_is_asked_for_twice_and_counted(make: Any, venue: VenueServer) -> None:
    venue.holes = {LAST_MS - 50 * MINUTE_MS, LAST_MS - 49 * MINUTE_MS, LAST_MS - 20 * MINUTE_MS}
    bars = make().fetch_klines(limit=100)
    assert len(bars) == 100
    assert source_of(bars)["gaps"] == 2
    assert opens_ms(bars)[0] == LAST_MS - 102 * MINUTE_MS


def test_a_hole_on_the_edge_of_a_page_is_one_hole(make: Any, venue: VenueServer) -> None:
    first = int(pd.Timestamp("2024-01-01", tz="UTC").timestamp()) * 1000
    venue.holes = set(minutes(first + 1000 * MINUTE_MS, 30))
    bars = make().fetch_klines(start="2024-01-01", end="2024-01-02")
    assert len(bars) == 1440 - 30
    assert source_of(bars)["gaps"] == 1


def test_a_hole_that_only_one_answer_had_is_filled_by_asking_again(
    make: Any, venue: VenueServer
) -> None:
    lost = LAST_MS - 5 * MINUTE_MS
    venue.holes = {lost}

    def heal(path: str, params: dict[str, str]) -> None:
        if len(venue.requests) > 1:
            venue.holes = set()

    venue.on_request = heal
    bars = make().fetch_klines(start="2024-01-31 09:00", end="2024-01-31 10:00")
    assert opens_ms(bars) == minutes(LAST_MS - 59 * MINUTE_MS, 60)
    assert source_of(bars)["gaps"] == 0


def test_repeated_rows_are_dropped_and_counted(make: Any, venue: VenueServer) -> None:
    venue.overlap_rows = 7
    bars = make().fetch_klines(start="2024-01-01", end="2024-01-02")
    assert len(bars) == 1440
    assert source_of(bars)["repairs"]["repeated_bars_dropped"] == 7


def test_rows_that_repeat_with_other_values_are_reported(
    make: Any, venue: VenueServer, caplog: pytest.LogCaptureFixture
) -> None:
    venue.overlap_rows = 3
    first = int(pd.Timestamp("2024-01-01", tz="UTC").timestamp()) * 1000
    at = first + 999 * MINUTE_MS

    def revise(path: str, params: dict[str, str]) -> None:
        venue.factors = {at: 2.0} if len(venue.requests) > 1 else {}

    venue.on_request = revise
    bars = make().fetch_klines(start="2024-01-01", end="2024-01-02")
    counts = source_of(bars)["repairs"]
    assert (counts["revised_bars"], counts["repeated_bars_dropped"]) == (1, 2)
    assert bars.volume.iloc[999] == float(kline(at, MINUTE_MS, 2.0)[5])
    assert "1 revised, first at 2024-01-01 16:39:00+00:00: volume" in caplog.text


def test_a_page_of_nothing_but_the_unfinished_bar_is_passed_over(
    make: Any, venue: VenueServer
) -> None:
    venue.page_rows = 1
    assert opens_ms(make().fetch_klines(limit=3)) == minutes(LAST_MS - 2 * MINUTE_MS, 3)
