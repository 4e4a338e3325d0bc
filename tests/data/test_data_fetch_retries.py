"""Limits are kept, passing failures tried again, lasting ones given up in one sentence."""

from typing import Any

import numpy as np
import pytest
from venue_server import (
    KLINES,
    LAST_MS,
    MINUTE_MS,
    NOW_MS,
    Sleeper,
    VenueServer,
    hang_up,
    minutes,
    opens_ms,
    slow,
    status,
    throttled,
    truncated,
)

from hftsim.core.clock import SimClock
from hftsim.core.errors import NetworkError, VenueError
from hftsim.data.binance import BinanceDataFetcher


@pytest.mark.parametrize("code", [429, 418])
def test_retry_after_is_obeyed_to_the_second(
    make: Any, venue: VenueServer, sleeper: Sleeper, code: int
) -> None:
    venue.faults = [throttled(7, code)]
    assert len(make().fetch_klines(limit=5)) == 5
    assert sleeper.waits == [7.0]


def test_retry_after_may_be_a_date(make: Any, venue: VenueServer, sleeper: Sleeper) -> None:
    venue.faults = [throttled("Wed, 31 Jan 2024 10:01:00 GMT")]
    make().fetch_klines(limit=5)
    assert sleeper.waits == [30.0]


@pytest.mark.parametrize("header", [None, "soon"])
def test_without_a_readable_retry_after_a_minute_is_waited(
    make: Any, venue: VenueServer, sleeper: Sleeper, header: str | None
) -> None:
    venue.faults = [throttled(header)]
    make().fetch_klines(limit=5)
    assert sleeper.waits == [60.0]


def test_a_long_ban_is_reported_and_not_waited_for(
    make: Any, venue: VenueServer, sleeper: Sleeper
) -> None:
    venue.faults = [throttled(7200, 418)]
    with pytest.raises(VenueError, match=r"shut this address out for 7200 s \(HTTP 418\)") as error:
        make().fetch_klines(limit=5)
    assert error.value.status == 418
    assert sleeper.waits == []


def test_a_venue_that_never_relents_is_given_up(
    make: Any, venue: VenueServer, sleeper: Sleeper
) -> None:
    venue.faults = [throttled(2)] * 5
    with pytest.raises(VenueError, match=r"too many requests \(5 tries\)"):
        make().fetch_klines(limit=5)
    assert sleeper.waits == [2.0] * 4


def test_requests_slow_down_before_the_weight_limit(venue: VenueServer) -> None:
    clock = SimClock(NOW_MS * 1_000_000)
    sleeper = Sleeper(lambda seconds: clock.advance_to(clock.now_ns() + int(seconds * 1e9)))
    venue.used_weight = 4796
    fetcher = BinanceDataFetcher(base_url=venue.url, clock=clock, sleep=sleeper)
    venue.on_request = lambda path, params: (
        setattr(venue, "used_weight", 0) if sleeper.waits else None
    )
    assert len(fetcher.fetch_klines(start="2024-01-29", end="2024-01-31")) == 2880
    assert sleeper.waits == [30.0]
    assert venue.asked(KLINES)


def test_the_weight_of_an_earlier_minute_does_not_slow_down(
    make: Any, venue: VenueServer, sleeper: Sleeper
) -> None:
    clock = SimClock(NOW_MS * 1_000_000)
    fetcher = make(clock=clock)
    venue.used_weight = 5990
    fetcher.fetch_realtime()
    clock.advance_to((NOW_MS + 30_000) * 1_000_000)
    fetcher.fetch_realtime()
    assert sleeper.waits == []


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(502, b"<html>bad gateway</html>"),
        status(503, b'{"code":-1008,"msg":"Server is currently overloaded."}'),
        truncated(),
        hang_up(),
        status(200, b'[[1706695200000,"1","2"'),
        status(200, b""),
    ],
    ids=["500", "502", "503", "cut", "hang-up", "half-json", "empty"],
)
def test_a_passing_failure_is_tried_again(
    make: Any, venue: VenueServer, sleeper: Sleeper, fault: Any
) -> None:
    venue.faults = [fault, fault]
    bars = make().fetch_klines(limit=1500)
    assert opens_ms(bars) == minutes(LAST_MS - 1499 * MINUTE_MS, 1500)
    assert len(sleeper.waits) == 2


def test_a_slow_answer_is_tried_again(make: Any, venue: VenueServer, sleeper: Sleeper) -> None:
    venue.faults = [slow(5.0)]
    assert len(make(timeout_s=0.2).fetch_klines(limit=5)) == 5
    assert len(sleeper.waits) == 1


def test_waits_are_drawn_from_a_range_that_doubles(
    make: Any, venue: VenueServer, sleeper: Sleeper
) -> None:
    venue.faults = [status(500)] * 4
    make(rng=np.random.default_rng(42)).fetch_realtime()
    drawn = np.random.default_rng(42).uniform(0.0, [0.5, 1.0, 2.0, 4.0])
    assert sleeper.waits == pytest.approx(list(drawn))


def test_a_server_that_keeps_failing_is_given_up(make: Any, venue: VenueServer) -> None:
    venue.faults = [status(503)] * 5
    with pytest.raises(VenueError, match=r"HTTP 503 \(5 tries\); try again later") as error:
        make().fetch_klines(limit=5)
    assert error.value.status == 503


def test_no_server_is_a_network_error(make: Any, venue: VenueServer, sleeper: Sleeper) -> None:
    venue.stop()
    with pytest.raises(NetworkError, match=r"cannot connect.*\(5 tries\); check the network"):
        make().fetch_klines(limit=5)
    assert len(sleeper.waits) == 4


def test_a_server_that_never_answers_in_time_is_a_network_error(
    make: Any, venue: VenueServer
) -> None:
    venue.faults = [slow(9.0)] * 5
    with pytest.raises(NetworkError, match=r"no answer within 0.05 s"):
        make(timeout_s=0.05).fetch_klines(limit=5)


def test_a_page_for_people_is_a_network_error(make: Any, venue: VenueServer) -> None:
    venue.faults = [status(200, b"<html>please log in to this network</html>")] * 5
    with pytest.raises(NetworkError, match=r"not whole JSON \(it starts with '<html>please"):
        make().fetch_klines(limit=5)
