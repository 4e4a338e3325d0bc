"""Spans of time as people write them."""

import pytest

from hftsim.core.durations import duration_ns

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("7ns", 7),
        ("2.5us", 2_500),
        ("100ms", SECOND // 10),
        (" 5 s ", 5 * SECOND),
        ("5min", 300 * SECOND),
        ("5m", 300 * SECOND),
        ("1.5h", 5_400 * SECOND),
        ("2d", 172_800 * SECOND),
    ],
)
def test_a_span_of_time_is_a_number_and_a_unit(text: str, ns: int) -> None:
    assert duration_ns(text) == ns


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-1s", "5 weeks", "1M", "nan", "1e400s", "9999999d"]
)
def test_anything_else_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        duration_ns(text)
