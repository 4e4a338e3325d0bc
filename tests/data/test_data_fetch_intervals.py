import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core.errors import InputError, UnknownNameError
from hftsim.data.intervals import (
    BINANCE_INTERVALS,
    format_interval,
    parse_interval,
    require_binance_interval,
)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("1s", 1), ("1m", 60), ("3m", 180), ("1h", 3600), ("12h", 43_200), ("3d", 259_200)],
)
def test_an_interval_is_read_and_written_back(name: str, seconds: int) -> None:
    assert parse_interval(name) == seconds * 10**9
    assert format_interval(seconds * 10**9) == name


def test_every_binance_interval_survives_the_round_trip() -> None:
    lengths = [require_binance_interval(name) for name in BINANCE_INTERVALS]
    assert [format_interval(ns) for ns in lengths] == list(BINANCE_INTERVALS)
    assert lengths == sorted(lengths)


@given(st.integers(1, 10**6))
def test_formatting_then_parsing_is_the_identity(milliseconds: int) -> None:
    ns = milliseconds * 1_000_000
    assert parse_interval(format_interval(ns)) == ns


def test_equal_lengths_have_one_spelling() -> None:
    assert format_interval(parse_interval("60m")) == "1h"
    assert format_interval(parse_interval("24h")) == "1d"
    assert format_interval(parse_interval("7d")) == "1w"


def test_a_calendar_month_is_refused_and_says_what_to_use() -> None:
    with pytest.raises(InputError, match=r"calendar month.*'1d'.*minute is '1m'"):
        parse_interval("1M")


@pytest.mark.parametrize(("wrong", "near"), [("1min", "1m"), ("1H", "1h"), ("1wk", "1w")])
def test_a_near_miss_gets_a_suggestion(wrong: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean '{near}'"):
        parse_interval(wrong)


@pytest.mark.parametrize("wrong", ["", "m", "0m", "-1m", "1.5h", "01m", "1 m"])
def test_what_is_no_interval_is_refused(wrong: str) -> None:
    with pytest.raises(UnknownNameError):
        parse_interval(wrong)


def test_an_interval_binance_does_not_serve_is_refused_before_the_network() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown Binance interval '45m'"):
        require_binance_interval("45m")


@pytest.mark.parametrize("ns", [0, -60_000_000_000, 1500])
def test_a_length_that_is_no_whole_millisecond_has_no_name(ns: int) -> None:
    with pytest.raises(InputError, match="no bar interval"):
        format_interval(ns)
