"""What the venue or we refuse, and the sentence that says so."""

from typing import Any

import pytest
from venue_server import LAST_MS, MINUTE_MS, Sleeper, VenueServer, kline, status

from hftsim.core.errors import ConfigError, DataError, InputError, UnknownNameError, VenueError
from hftsim.data.binance import BinanceDataFetcher


def test_an_unknown_symbol_gets_the_nearest_the_venue_lists(make: Any) -> None:
    with pytest.raises(VenueError, match=r"BTCUSDTT 1m.*-1121.*did you mean 'BTCUSDT'") as error:
        make("BTCUSDTT").fetch_klines(limit=5)
    assert (error.value.code, error.value.status) == (-1121, 400)


def test_an_unknown_symbol_like_no_other_gets_no_suggestion(make: Any) -> None:
    with pytest.raises(VenueError, match=r"knows no such symbol") as error:
        make("QQQQ").fetch_realtime()
    assert "did you mean" not in str(error.value)


def test_an_unknown_symbol_is_told_although_the_list_cannot_be_had(
    make: Any, venue: VenueServer
) -> None:
    invalid = status(400, b'{"code":-1121,"msg":"Invalid symbol."}')
    venue.faults = [invalid, *[status(500)] * 5]
    with pytest.raises(VenueError, match=r"knows no such symbol"):
        make("BTCUSDTT").fetch_klines(limit=5)


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (403, b"<html>", r"firewall refused this address \(HTTP 403\)"),
        (451, b"{}", r"does not serve this location \(HTTP 451\).*data-api.binance.vision"),
        (404, b"", r"no such address \(HTTP 404\): check the base URL"),
        (400, b'{"code":-1021,"msg":"Timestamp"}', r"set this machine's clock.*-1021"),
        (400, b'{"code":-1120,"msg":"Invalid interval."}', r"knows no such interval"),
        (400, b'{"code":-1100,"msg":"Illegal characters"}', r"HTTP 400, -1100: Illegal"),
        (302, b"", r"HTTP 302"),
    ],
)
def test_a_refusal_says_what_to_do(
    make: Any, venue: VenueServer, sleeper: Sleeper, code: int, body: bytes, words: str
) -> None:
    venue.faults = [status(code, body)]
    with pytest.raises(VenueError, match=words):
        make().fetch_klines(limit=5)
    assert sleeper.waits == []


def test_an_unknown_interval_is_refused_before_any_request(make: Any, venue: VenueServer) -> None:
    with pytest.raises(UnknownNameError, match="did you mean '1m'"):
        make(interval="1min")
    with pytest.raises(InputError, match="calendar month"):
        make().fetch_klines(interval="1M")
    assert venue.requests == []


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"limit": 0}, "at least 1"),
        ({"start": "2024-01-02", "end": "2024-01-01"}, "not before"),
        ({"start": "someday"}, "is no time"),
        ({"start": 1_700_000_000}, "must be a date"),
        ({"start": "NaT"}, "is no time"),
        ({"start": "2031-01-01"}, "lies in the future"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_request(
    make: Any, venue: VenueServer, wish: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        make().fetch_klines(**wish)
    assert venue.requests == []


def test_days_must_be_above_zero(make: Any) -> None:
    with pytest.raises(InputError, match="above 0"):
        make().fetch_historical(days=0)


def test_a_range_without_bars_says_so(make: Any) -> None:
    with pytest.raises(DataError, match="no finished bars of BTCUSDT"):
        make().fetch_klines(start="2016-01-01", end="2016-01-02")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"oops": 1}', "a list of klines was expected"),
        (b'[["x"]]', "row 0: a kline has 12 fields"),
        (b'[[1706695140000,"1","2","0","oops","1",1706695199999,"1",1,"1","1","0"]]', "'oops'"),
        (b'[[1706695140000,"1","2","0","NaN","1",1706695199999,"1",1,"1","1","0"]]', "finite"),
        (b'[[17,"1","2","0","1","1",18,"1",1,"1","1","0"]]', "no time in milli-"),
    ],
)
def test_a_payload_that_is_no_kline_names_row_and_field(
    make: Any, venue: VenueServer, body: bytes, words: str
) -> None:
    venue.faults = [status(200, body)]
    with pytest.raises(VenueError, match=words):
        make().fetch_klines(limit=5)


def test_bars_of_another_interval_than_asked_are_refused(make: Any, venue: VenueServer) -> None:
    rows = [kline(LAST_MS - i * 300_000, 300_000) for i in (2, 1)]
    venue.faults = [status(200, str(rows).replace("'", '"').encode())]
    with pytest.raises(VenueError, match="sent bars of 300 s"):
        make().fetch_klines(limit=5)


def test_a_server_that_ignores_the_range_does_not_hold_us_for_ever(
    make: Any, venue: VenueServer
) -> None:
    rows = str([kline(LAST_MS - MINUTE_MS, MINUTE_MS)]).replace("'", '"').encode()
    venue.faults = [status(200, rows)] * 4
    with pytest.raises(VenueError, match="does not obey endTime"):
        make().fetch_klines(limit=5)
    with pytest.raises(VenueError, match="does not obey startTime"):
        make().fetch_klines(start="2024-01-31 09:00")


def test_rows_out_of_order_are_refused(make: Any, venue: VenueServer) -> None:
    rows = [kline(LAST_MS - i * MINUTE_MS, MINUTE_MS) for i in (0, 1)]
    venue.faults = [status(200, str(rows).replace("'", '"').encode())]
    with pytest.raises(VenueError, match="not in order of time"):
        make().fetch_klines(limit=5)


@pytest.mark.parametrize("url", ["api.binance.com", "ftp://example.com", "", "http://"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no http"):
        BinanceDataFetcher(base_url=url)
