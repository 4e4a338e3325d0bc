"""Binance's payloads to frames and back, held against the venue's own documentation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core.bars import require_bars
from hftsim.core.errors import DataError, InstrumentError, VenueError
from hftsim.data import binance_codec as codec
from hftsim.data.intervals import WEEK_NS

DOCUMENTED = [
    *[1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.11427815"],
    *[1499644799999, "2434.19055334", 308, "1756.87402397", "28.46694368", "0"],
]
"""The klines answer in rest-api.md."""


def test_the_documented_kline_is_read() -> None:
    bars = codec.klines_to_bars([DOCUMENTED])
    require_bars(bars)
    assert bars.index[0] == pd.Timestamp("2017-07-03 00:00", tz="UTC")
    assert bars.iloc[0].to_dict() == {
        "open": 0.0163479,
        "high": 0.8,
        "low": 0.015758,
        "close": 0.015771,
        "volume": 148976.11427815,
        "notional": 2434.19055334,
        "trade_count": 308.0,
        "taker_buy_volume": 1756.87402397,
        "taker_buy_notional": 28.46694368,
    }


def test_the_documented_kline_is_written_back() -> None:
    assert codec.bars_to_klines(codec.klines_to_bars([DOCUMENTED]), WEEK_NS) == [DOCUMENTED]


def test_the_documented_kline_lasts_a_week() -> None:
    assert codec.kline_length_ns(codec.kline_columns([DOCUMENTED])) == WEEK_NS


def test_a_frame_without_optional_columns_is_written_with_zeros() -> None:
    bars = codec.klines_to_bars([DOCUMENTED])[["open", "high", "low", "close", "volume"]]
    row = codec.bars_to_klines(bars, WEEK_NS)[0]
    assert row[7:] == ["0.00000000", 0, "0.00000000", "0.00000000", "0"]


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=30, unique=True),
    st.integers(1, 10**12),
)
def test_writing_then_reading_is_the_identity(minutes: list[int], price: int) -> None:
    minutes = sorted(m + 2 * 10**6 for m in minutes if m < 8 * 10**7) or [25_000_000]
    index = pd.DatetimeIndex([m * 60 * 10**9 for m in minutes], tz="UTC", name="ts_open")
    values = {name: np.full(len(minutes), price / 10**4) for name in codec.VALUE_COLUMNS}
    values["trade_count"] = np.arange(float(len(minutes)))
    bars = pd.DataFrame(values, index=index.as_unit("ns"))
    again = codec.klines_to_bars(codec.bars_to_klines(bars, 60 * 10**9))
    pd.testing.assert_frame_equal(again, bars)


def test_milli_and_microseconds_are_told_apart() -> None:
    ns = 1_735_689_600 * 10**9
    assert codec.stamps_to_ns(np.array([ns // 10**6])).tolist() == [ns]
    assert codec.stamps_to_ns(np.array([ns // 10**3])).tolist() == [ns]


def test_mixed_units_are_refused_with_their_row() -> None:
    with pytest.raises(DataError, match=r"row 2, column 'open_time': milli- and micro.* mixed"):
        codec.stamps_to_ns(np.array([1_735_689_600_000] * 2 + [1_735_689_600_000_000]))


@pytest.mark.parametrize("stamp", [0, -5, 1_735_689_600, 10**18])
def test_seconds_and_nanoseconds_are_refused(stamp: int) -> None:
    with pytest.raises(DataError, match="no time in milli- or microseconds"):
        codec.stamps_to_ns(np.array([stamp]))


def test_no_klines_are_an_empty_frame() -> None:
    bars = codec.klines_to_bars([])
    assert (len(bars), list(bars.columns)) == (0, list(codec.VALUE_COLUMNS))
    assert codec.kline_length_ns(codec.kline_columns([])) == 0


def test_real_dumps_read_alike_as_rows_and_as_columns(test_data: Path) -> None:
    lines = (test_data / "binance_1m_futures" / "LINKUSDT-1m-2023-02.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:1001]]
    bars = codec.klines_to_bars([[int(r[0]), *r[1:6], int(r[6]), *r[7:]] for r in rows])
    assert bars.close.to_list() == [float(row[4]) for row in rows]
    assert bars.trade_count.to_list() == [float(row[8]) for row in rows]


def info(**rules: str) -> dict[str, object]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": rules.get("tick", "0.01")},
        {"filterType": "LOT_SIZE", "stepSize": rules.get("lot", "1.00000000"), "minQty": "10.0"},
        {"filterType": "MIN_NOTIONAL", "minNotional": "10.00000000"},
    ]
    return {"symbols": [{"symbol": "PEPEUSDT", "status": "TRADING", "filters": filters}]}


def test_old_and_whole_number_filters_are_read() -> None:
    rules = codec.instrument_of(info(), "PEPEUSDT")
    assert (str(rules.lot_size), str(rules.min_qty), str(rules.min_notional)) == ("1", "10", "10")


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(InstrumentError, match="not a number"):
        codec.instrument_of(info(tick="cheap"), "PEPEUSDT")
    with pytest.raises(InstrumentError, match="lot_size must be above 0"):
        codec.instrument_of(info(lot="0.00000000"), "PEPEUSDT")
    with pytest.raises(VenueError, match="lists no symbol DOGEUSDT"):
        codec.instrument_of(info(), "DOGEUSDT")
    with pytest.raises(VenueError, match="lists no symbols"):
        codec.instrument_of({"oops": 1}, "PEPEUSDT")


def test_the_weight_limit_is_read_where_it_is_said() -> None:
    per_day = {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000}
    weight = {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 2400,
    }
    assert codec.weight_limit_of({"rateLimits": [per_day, weight]}) == 2400
    assert codec.weight_limit_of({"rateLimits": [per_day]}) is None
    assert codec.weight_limit_of({}) is None
