"""The archive reader against zips and checksums served on loopback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from venue_server import VenueServer, kline, status, truncated

from hftsim.core.bars import require_bars, source_of
from hftsim.core.errors import DataError, InputError, Interrupted, UnknownNameError, VenueError
from hftsim.data.archive import BinanceArchive

HOUR_MS = 3_600_000
SPOT = "/data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-{}.zip"
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)


def month_csv(month: str, *, header: bool = False, in_us: bool = False) -> str:
    """Return a month of hourly klines as the archive writes them."""
    first = int(pd.Timestamp(f"{month}-01", tz="UTC").timestamp()) * 1000
    hours = pd.Period(month, freq="M").days_in_month * 24
    lines = []
    for at in range(first, first + hours * HOUR_MS, HOUR_MS):
        row = kline(at, HOUR_MS)
        if in_us:
            row[0], row[6] = row[0] * 1000, row[6] * 1000 + 999
        lines.append(",".join(map(str, row)))
    return (HEADER if header else "") + "\n".join(lines) + "\n"


@pytest.fixture
def make(venue: VenueServer) -> Callable[..., BinanceArchive]:
    def build(**more: Any) -> BinanceArchive:
        known = {"sleep": lambda seconds: None, "rng": np.random.default_rng(1)}
        return BinanceArchive(venue.url, **{**known, **more})

    return build


def test_a_month_is_read_and_verified(make: Any, venue: VenueServer) -> None:
    venue.add_archive(SPOT.format("2024-02"), month_csv("2024-02"))
    bars = make().fetch_month("BTC/USDT", "1h", "2024-02")
    require_bars(bars)
    row = kline(1_706_745_600_000, HOUR_MS)
    assert len(bars) == 29 * 24
    assert bars.index[0] == pd.Timestamp("2024-02-01", tz="UTC")
    assert bars.iloc[0].to_list() == [float(row[i]) for i in (1, 2, 3, 4, 5, 7, 8, 9, 10)]
    source = source_of(bars)
    assert (source["symbol"], source["interval_ns"], source["gaps"]) == ("BTCUSDT", 3600e9, 0)


def test_months_in_milli_and_microseconds_join_without_a_gap(make: Any, venue: VenueServer) -> None:
    venue.add_archive(SPOT.format("2024-12"), month_csv("2024-12"))
    venue.add_archive(SPOT.format("2025-01"), month_csv("2025-01", in_us=True))
    told: list[tuple[int, int | None]] = []
    bars = make().fetch_months(
        "BTCUSDT", "1h", "2024-12", "2025-01", progress=lambda d, t, note="": told.append((d, t))
    )
    assert len(bars) == 62 * 24
    assert (np.diff(bars.index.asi8) == 3600 * 10**9).all()
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_hours_the_file_lacks_are_a_gap_nobody_fills(make: Any, venue: VenueServer) -> None:
    csv = month_csv("2024-02")
    lines = csv.splitlines(keepends=True)
    venue.add_archive(SPOT.format("2024-02"), "".join(lines[:100] + lines[110:]))
    bars = make().fetch_month("BTCUSDT", "1h", "2024-02")
    assert (len(bars), source_of(bars)["gaps"]) == (29 * 24 - 10, 1)


def test_a_dump_with_a_header_is_read_the_same(make: Any, venue: VenueServer) -> None:
    path = "/data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02.zip"
    venue.add_archive(path, month_csv("2024-02", header=True))
    venue.add_archive(SPOT.format("2024-02"), month_csv("2024-02"))
    perpetual = make(market="um").fetch_month("BTCUSDT", "1h", "2024-02")
    spot = make().fetch_month("BTCUSDT", "1h", "2024-02")
    pd.testing.assert_frame_equal(perpetual, spot, check_flags=False)


def test_coin_margined_volumes_are_not_called_notional(make: Any, venue: VenueServer) -> None:
    path = "/data/futures/cm/monthly/klines/BTCUSD_PERP/1h/BTCUSD_PERP-1h-2024-02.zip"
    venue.add_archive(path, month_csv("2024-02", header=True))
    bars = make(market="cm").fetch_month("BTCUSD_PERP", "1h", "2024-02")
    assert list(bars.columns)[5:] == ["trade_count", "taker_buy_volume"]
    assert source_of(bars)["symbol"] == "BTCUSDPERP"


def test_a_day_is_read(make: Any, venue: VenueServer) -> None:
    lines = month_csv("2024-02").splitlines(keepends=True)[24:48]
    path = "/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-02.zip"
    venue.add_archive(path, "".join(lines))
    bars = make().fetch_day("BTCUSDT", "1h", "2024-02-02")
    assert set(bars.index.strftime("%Y-%m-%d")) == {"2024-02-02"}


def test_a_real_dump_reads_as_it_does_by_hand(
    make: Any, venue: VenueServer, test_data: Path
) -> None:
    text = (test_data / "binance_1m_futures" / "AVAXUSDT-1m-2023-02.csv").read_text()
    path = "/data/futures/um/monthly/klines/AVAXUSDT/1m/AVAXUSDT-1m-2023-02.zip"
    venue.add_archive(path, text)
    bars = make(market="um").fetch_month("AVAXUSDT", "1m", "2023-02")
    assert len(bars) == 40_320
    assert source_of(bars)["gaps"] == 0
    first = text.splitlines()[1].split(",")
    assert bars.open.iloc[0] == float(first[1])
    assert bars.taker_buy_notional.iloc[0] == float(first[10])


def test_a_zip_that_does_not_match_its_checksum_is_refused(make: Any, venue: VenueServer) -> None:
    venue.add_archive(SPOT.format("2024-02"), month_csv("2024-02"), checksum="0" * 64)
    with pytest.raises(DataError, match=r"BTCUSDT-1h-2024-02.zip: its SHA-256 is .*CHECKSUM"):
        make().fetch_month("BTCUSDT", "1h", "2024-02")


@pytest.mark.parametrize("position", [10, 1000, -30])
def test_one_flipped_bit_is_noticed(make: Any, venue: VenueServer, position: int) -> None:
    path = SPOT.format("2024-02")
    venue.add_archive(path, month_csv("2024-02"))
    body = bytearray(venue.files[path])
    body[position] ^= 1
    venue.files[path] = bytes(body)
    with pytest.raises(DataError, match="SHA-256"):
        make().fetch_month("BTCUSDT", "1h", "2024-02")


def test_a_truncated_zip_is_fetched_again(make: Any, venue: VenueServer) -> None:
    venue.add_archive(SPOT.format("2024-02"), month_csv("2024-02"))
    venue.faults = [truncated(), status(503)]
    assert len(make().fetch_month("BTCUSDT", "1h", "2024-02")) == 29 * 24


def test_a_month_the_archive_lacks_is_named(make: Any) -> None:
    with pytest.raises(VenueError, match=r"no BTCUSDT-1h-2031-01.zip.*a few days") as error:
        make().fetch_month("BTCUSDT", "1h", "2031-01")
    assert error.value.status == 404


def test_a_refusal_of_the_archive_is_told(make: Any, venue: VenueServer) -> None:
    venue.faults = [status(403, b"<xml>")]
    with pytest.raises(VenueError, match="firewall refused"):
        make().fetch_month("BTCUSDT", "1h", "2024-02")


@pytest.mark.parametrize(
    ("csv", "words"),
    [
        ("", "no bars|no columns|not klines"),
        (HEADER, "no bars|not klines"),
        ("hello,world\n", "not klines"),
        (month_csv("2024-02").replace(",50", ",x50", 1), "not klines"),
        (month_csv("2024-02").replace("0000,5", "0000,,5", 1), "not klines|finite"),
        ("\n".join(reversed(month_csv("2024-02").splitlines())), "not in order"),
    ],
    ids=["empty", "header-only", "words", "text", "hole", "newest-first"],
)
def test_a_verified_zip_of_something_else_is_refused(
    make: Any, venue: VenueServer, csv: str, words: str
) -> None:
    venue.add_archive(SPOT.format("2024-02"), csv)
    with pytest.raises(DataError, match=words):
        make().fetch_month("BTCUSDT", "1h", "2024-02")


def test_a_file_of_another_interval_is_refused(make: Any, venue: VenueServer) -> None:
    venue.add_archive(SPOT.format("2024-02").replace("1h", "1m"), month_csv("2024-02"))
    with pytest.raises(DataError, match="bars of 3600 s"):
        make().fetch_month("BTCUSDT", "1m", "2024-02")


def test_what_is_no_zip_is_refused(make: Any, venue: VenueServer) -> None:
    import hashlib

    path = SPOT.format("2024-02")
    venue.files[path] = b"plain text"
    venue.files[path + ".CHECKSUM"] = hashlib.sha256(b"plain text").hexdigest().encode()
    with pytest.raises(DataError, match="no readable zip"):
        make().fetch_month("BTCUSDT", "1h", "2024-02")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2024-2", "2024-03", "'2024-2' is no month; write it like 2024-01"),
        ("2024-13", "2024-13", "is no month"),
        ("2024-03", "2024-02", "is after the last"),
    ],
)
def test_months_that_are_none_are_refused(make: Any, first: str, last: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make().fetch_months("BTCUSDT", "1h", first, last)


def test_names_that_are_none_are_refused(make: Any) -> None:
    with pytest.raises(UnknownNameError, match="unknown market 'futures'"):
        make(market="futures")
    with pytest.raises(UnknownNameError, match="did you mean '1h'"):
        make().fetch_month("BTCUSDT", "1hr", "2024-02")
    with pytest.raises(InputError, match="is no day"):
        make().fetch_day("BTCUSDT", "1h", "2024-02-30")


def test_a_stopped_fetch_says_which_month_is_next(make: Any, venue: VenueServer) -> None:
    venue.add_archive(SPOT.format("2024-01"), month_csv("2024-01"))

    def progress(done: int, total: int | None, note: str = "") -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"after 1 of 3 files .* from 2024-02 on"):
        make().fetch_months("BTCUSDT", "1h", "2024-01", "2024-03", progress=progress)
