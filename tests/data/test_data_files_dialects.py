"""Files written in many ways are read as the same bars, and what was detected is stated."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from hftsim.core.bars import require_bars
from hftsim.core.errors import DataError
from hftsim.data import DataCache, check_file, create_sample_bars, read_bars

EPOCHS = (1704067200, 1704067260, 1704067320)  # 2024-01-01 00:00, 00:01, 00:02 UTC
OHLCV = (
    (42283.58, 42298.62, 42261.02, 42298.61, 35.92724),
    (42298.62, 42320.0, 42298.61, 42320.0, 21.16779),
    (42319.99, 42331.54, 42319.99, 42325.5, 21.60391),
)
PLAIN = """timestamp,open,high,low,close,volume
2024-01-01 00:00:00,42283.58,42298.62,42261.02,42298.61,35.92724
2024-01-01 00:01:00,42298.62,42320.0,42298.61,42320.0,21.16779
2024-01-01 00:02:00,42319.99,42331.54,42319.99,42325.5,21.60391
"""
ROWS = PLAIN.split("\n", 1)[1]


def put(folder: Path, content: str | bytes, name: str = "BTCUSDT_1m.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def assert_three_bars(bars: pd.DataFrame) -> None:
    require_bars(bars)
    assert bars.index.name == "ts_open"
    assert [t.value for t in bars.index] == [e * 10**9 for e in EPOCHS]
    got = bars[["open", "high", "low", "close", "volume"]].to_numpy().tolist()
    assert got == [list(row) for row in OHLCV]


def with_times(times: list[str], header: str = "time,open,high,low,close,volume\n") -> str:
    return header + "".join(
        f"{t},{','.join(map(str, row))}\n" for t, row in zip(times, OHLCV, strict=True)
    )


def test_a_plain_file_is_read_and_its_dialect_stated(tmp_path: Path) -> None:
    bars = read_bars(put(tmp_path, PLAIN))
    assert_three_bars(bars)
    source = bars.attrs["source"]
    assert source["symbol"] == "BTCUSDT"
    assert source["asset"] == "crypto"
    assert source["origin"] == "BTCUSDT_1m.csv"
    assert source["timezone"] == "UTC"
    assert source["stamp"] == "open"
    assert source["interval_ns"] == 60 * 10**9
    assert source["rows"] == 3
    assert source["repairs"] == {}
    assert source["gaps"] == 0
    assert source["warnings"] == []
    for word in ("comma-separated", "header on row 1", "'timestamp'"):
        assert word in source["dialect"]


@pytest.mark.parametrize(
    "header",
    [
        "Date,Open,High,Low,Close,Volume",
        "DATETIME,OPEN,HIGH,LOW,CLOSE,VOLUME",
        "open_time,open,high,low,close,volume",
        "Open time,Open price,High price,Low price,Close price,Base volume",
        "ts_open,o,h,l,c,v",
        "<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        '"timestamp","1. open","2. high","3. low","4. close","5. volume"',
        ",open,high,low,close,volume",
        "#timestamp,open,high,low,close,volume",
        " timestamp , open , high , low , close , volume ",
        "unix,open,high,low,close,Volume BTC",
    ],
)
def test_common_headers_are_understood(tmp_path: Path, header: str) -> None:
    assert_three_bars(read_bars(put(tmp_path, f"{header}\n{ROWS}")))


@pytest.mark.parametrize(
    "times",
    [
        [str(e) for e in EPOCHS],
        [f"{e}000" for e in EPOCHS],
        [f"{e}000000" for e in EPOCHS],
        [f"{e}000000000" for e in EPOCHS],
        [f"{e}.0" for e in EPOCHS],
        [f"{e}000.0" for e in EPOCHS],
        ["1.70406720E+09", "1.70406726E+9", "1.70406732e+09"],
        ["2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", "2024-01-01T00:02:00Z"],
        ["2024-01-01T00:00", "2024-01-01T00:01", "2024-01-01T00:02"],
        ["2024-01-01 01:00:00+01:00", "2024-01-01 01:01:00+01:00", "2024-01-01 01:02:00+01:00"],
        ["2023-12-31 19:00:00-0500", "2024-01-01 02:01:00+0200", "2024-01-01 00:02:00+0000"],
        ["2024-01-01 00:00:00 UTC", "2024-01-01 00:01:00 UTC", "2024-01-01 00:02:00 UTC"],
        ["2024-01-01 00:00:00.000", "2024-01-01 00:01:00.000000", "2024-01-01 00:02:00"],
        ["2024/01/01 00:00", "2024/1/1 0:01", "2024/1/01 00:02"],
        ["2024.01.01 00:00", "2024.01.01 00:01", "2024.01.01 00:02"],
        ["01.01.2024 00:00:00.000", "01.01.2024 00:01:00.000", "01.01.2024 00:02:00.000"],
        ["20240101 000000", "20240101 000100", "20240101 000200"],
        ["20240101T00:00:00", "20240101T00:01:00", "20240101T00:02:00"],
        ["20240101  00:00:00", "20240101  00:01:00", "20240101  00:02:00"],
        ["20240101000000", "20240101000100", "20240101000200"],
        ["202401010000", "202401010001", "202401010002"],
        ["2024-01-01 12:00 AM", "2024-01-01 12:01 AM", "2024-01-01 12:02 am"],
        [" 2024-01-01 00:00:00", "2024-01-01 00:01:00 ", "2024-01-01 00:02:00"],
    ],
)
def test_times_are_understood(tmp_path: Path, times: list[str]) -> None:
    assert_three_bars(read_bars(put(tmp_path, with_times(times))))


def test_milli_and_microseconds_may_be_mixed_and_are_counted(tmp_path: Path) -> None:
    times = [f"{EPOCHS[0]}000", f"{EPOCHS[1]}000000", f"{EPOCHS[2]}000000"]
    bars = read_bars(put(tmp_path, with_times(times)))
    assert_three_bars(bars)
    assert "mixed: 1 in milliseconds, 2 in microseconds" in bars.attrs["source"]["dialect"]


def test_microseconds_lose_nothing(tmp_path: Path) -> None:
    times = ["1704067200123456", "1704067260123456", "1704067320123456"]
    bars = read_bars(put(tmp_path, with_times(times)))
    assert [t.value for t in bars.index] == [int(t) * 1000 for t in times]


def test_day_and_month_order_is_found_where_the_file_shows_it(tmp_path: Path) -> None:
    american = with_times(["12/30/2023 00:00", "12/30/2023 00:01", "12/30/2023 00:02"])
    european = with_times(["30/12/2023 00:00", "30/12/2023 00:01", "30/12/2023 00:02"])
    for text in (american, european):
        assert read_bars(put(tmp_path, text)).index[0] == pd.Timestamp("2023-12-30", tz="UTC")


def test_day_and_month_order_is_asked_for_where_the_file_leaves_it_open(tmp_path: Path) -> None:
    path = put(tmp_path, with_times(["01/02/2024 00:00", "01/02/2024 00:01", "01/02/2024 00:02"]))
    with pytest.raises(DataError, match="bars:day-first") as error:
        read_bars(path)
    assert "bars:month-first" in str(error.value)
    assert read_bars(path, format="bars:day-first").index[0].month == 2
    assert read_bars(path, format="bars:month-first").index[0].month == 1


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(tmp_path: Path, separator: str) -> None:
    assert_three_bars(read_bars(put(tmp_path, PLAIN.replace(",", separator))))


def test_decimal_commas_and_thousands_points(tmp_path: Path) -> None:
    text = """Datum;Open;High;Low;Close;Volume
01.01.2024 00:00;42.283,58;42.298,62;42.261,02;42.298,61;35,92724
01.01.2024 00:01;42.298,62;42.320,0;42.298,61;42.320,0;21,16779
01.01.2024 00:02;42.319,99;42.331,54;42.319,99;42.325,5;21,60391
"""
    bars = read_bars(put(tmp_path, text), columns={"time": "Datum"})
    assert_three_bars(bars)
    assert "decimal comma" in bars.attrs["source"]["dialect"]


def test_quoted_thousands_commas(tmp_path: Path) -> None:
    text = "time,open,high,low,close,volume\n"
    for epoch, row in zip(EPOCHS, OHLCV, strict=True):
        text += f"{epoch}," + ",".join(f'"{v:,}"' for v in row) + "\n"
    assert_three_bars(read_bars(put(tmp_path, text)))


def test_thousands_that_appear_only_late_in_the_file_are_understood(tmp_path: Path) -> None:
    rows = [f"{1704067200 + 60 * i},1.5,1.5,1.5,1.5,9.5" for i in range(2000)]
    rows += [f'{1704067200 + 60 * 2000},1.5,1.5,1.5,1.5,"12,345"']
    text = "time,open,high,low,close,volume\n" + "\n".join(rows)
    assert read_bars(put(tmp_path, text))["volume"].iloc[-1] == 12345.0


def test_commas_that_may_be_decimal_or_thousands_are_asked_for(tmp_path: Path) -> None:
    rows = "".join(f"{e};1,234;1,234;1,234;1,234;1,000\n" for e in EPOCHS)
    path = put(tmp_path, "time;open;high;low;close;volume\n" + rows)
    with pytest.raises(DataError, match=r"may be 1234 or 1\.234") as error:
        read_bars(path)
    assert "csv:decimal-comma" in str(error.value)
    assert read_bars(path, format="csv:decimal-comma")["open"].iloc[0] == 1.234
    assert read_bars(path, format="bars:decimal-point")["open"].iloc[0] == 1234.0


def test_scientific_notation_signs_and_spaces(tmp_path: Path) -> None:
    rows = "".join(f"{e}, 4.2e4,+42001.0 ,4.1E+04,42000,1e-3\n" for e in EPOCHS)
    bars = read_bars(put(tmp_path, "time,open,high,low,close,volume\n" + rows))
    assert bars.iloc[0].tolist() == [42000.0, 42001.0, 41000.0, 42000.0, 0.001]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.strip().encode(),
        PLAIN.replace("\n", "\n\n").encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"),
        ("https://www.example.com/data\n" + PLAIN).encode(),
        ("# simulated: false\n# made by hand\n" + PLAIN).encode(),
        ROWS.encode(),
        PLAIN.replace("volume", "volume,S\xe9rie").replace("4\n", "4,\xe9\n").encode("latin-1"),
    ],
    ids=[
        *("crlf", "cr", "no-last-newline", "blank-lines", "bom", "utf16", "utf16le", "utf16be"),
        *("utf16be-bom", "utf32", "preamble", "comments", "no-header", "latin1-unused"),
    ],
)
def test_encodings_line_ends_and_preambles(tmp_path: Path, content: bytes) -> None:
    if b"S\xe9rie" in content:
        content = content.replace(b"9\n2024", b"9,x\n2024").replace(b"1\n", b"1,x\n")
    assert_three_bars(read_bars(put(tmp_path, content)))


def zipped(name: str, content: bytes, *more: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in ((name, content), *more):
            archive.writestr(member, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        (
            "two-members.gz",
            gzip.compress(PLAIN[:100].encode(), mtime=0)
            + gzip.compress(PLAIN[100:].encode(), mtime=0),
        ),
        ("a.csv.xz", lzma.compress(PLAIN.encode())),
        ("a.csv.bz2", bz2.compress(PLAIN.encode())),
        ("a.zip", zipped("a.csv", PLAIN.encode())),
        (
            "beside.zip",
            zipped("a.csv", PLAIN.encode(), ("README", b"x"), ("__MACOSX/._a.csv", b"")),
        ),
        ("misnamed.csv", gzip.compress(PLAIN.encode(), mtime=0)),
        ("utf16.gz", gzip.compress(PLAIN.encode("utf-16"), mtime=0)),
    ],
)
def test_packed_files(tmp_path: Path, name: str, content: bytes) -> None:
    assert_three_bars(read_bars(put(tmp_path, content, name), symbol="BTC/USDT"))


def frame() -> pd.DataFrame:
    index = pd.to_datetime(list(EPOCHS), unit="s", utc=True)
    return pd.DataFrame(OHLCV, columns=["open", "high", "low", "close", "volume"], index=index)


def test_parquet_and_feather_with_the_time_as_index_or_column(tmp_path: Path) -> None:
    bars = frame()
    bars.index.name = "timestamp"
    bars.to_parquet(tmp_path / "index.parquet")
    bars.rename_axis(None).to_parquet(tmp_path / "unnamed.parquet")
    bars.reset_index().to_parquet(tmp_path / "column.parquet")
    bars.reset_index().to_feather(tmp_path / "column.feather")
    naive = bars.reset_index()
    naive["timestamp"] = naive["timestamp"].dt.tz_localize(None)
    naive.to_parquet(tmp_path / "naive.parquet")
    for unit in ("s", "ms", "us", "ns"):
        other = bars.reset_index()
        other["timestamp"] = other["timestamp"].dt.as_unit(unit)
        other.to_parquet(tmp_path / f"{unit}.parquet")
    for path in tmp_path.iterdir():
        assert_three_bars(read_bars(path, symbol="BTC-USDT"))
        assert read_bars(path, symbol="BTC-USDT").attrs["source"]["symbol"] == "BTCUSDT"


def test_parquet_of_texts_decimals_and_integers(tmp_path: Path) -> None:
    table = pa.table(
        {
            "time": pa.array([e * 1000 for e in EPOCHS]),
            "open": pa.array([str(r[0]) for r in OHLCV]),
            "high": pa.array([str(r[1]) for r in OHLCV]).cast(pa.decimal128(12, 5)),
            "low": pa.array([str(r[2]) for r in OHLCV]).cast(pa.large_string()),
            "close": pa.array([r[3] for r in OHLCV]),
            "volume": pa.array([str(r[4]) for r in OHLCV]).dictionary_encode(),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert_three_bars(read_bars(tmp_path / "a.parquet"))


def test_what_pandas_kept_of_a_frame_is_known_again(tmp_path: Path) -> None:
    bars = frame().rename_axis("ts_open")
    bars.attrs["source"] = {"symbol": "SIMUSDT", "simulated": True}
    bars.to_parquet(tmp_path / "a.parquet")
    source = read_bars(tmp_path / "a.parquet").attrs["source"]
    assert (source["symbol"], source["simulated"]) == ("SIMUSDT", True)


def test_a_file_of_the_cache_is_a_file_like_any_other(tmp_path: Path) -> None:
    bars = create_sample_bars(500, seed=1)
    cache = DataCache(tmp_path)
    cache.save(bars, "SIMUSDT", "1m")
    (path,) = tmp_path.rglob("*.parquet")
    again = read_bars(path)
    pd.testing.assert_frame_equal(bars, again, check_freq=False)
    source = again.attrs["source"]
    assert (source["symbol"], source["simulated"]) == ("SIMUSDT", True)
    json.dumps(source, allow_nan=False)


def test_a_comment_line_can_say_that_data_are_simulated(tmp_path: Path) -> None:
    path = put(tmp_path, "# simulated: true\n# symbol: SIMUSDT\n" + PLAIN, "a.csv")
    source = read_bars(path).attrs["source"]
    assert (source["symbol"], source["simulated"]) == ("SIMUSDT", True)


KLINE = "{t},42283.58,42298.62,42261.02,42298.61,35.92724,{c},1519032.05,1327,20.4,862532.1,0\n"


@pytest.mark.parametrize("unit", [10**3, 10**6])
@pytest.mark.parametrize(
    "header",
    [
        "",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        "taker_buy_quote_volume,ignore\n",
    ],
)
def test_binance_dumps_in_milli_and_microseconds(tmp_path: Path, header: str, unit: int) -> None:
    rows = [KLINE.format(t=e * unit, c=(e + 60) * unit - 1) for e in EPOCHS]
    bars = read_bars(put(tmp_path, header + "".join(rows), "BTCUSDT-1m-2024-01.csv"))
    require_bars(bars)
    assert [t.value for t in bars.index] == [e * 10**9 for e in EPOCHS]
    first = bars.iloc[0]
    assert first["notional"] == 1519032.05
    assert first["trade_count"] == 1327.0
    assert first["taker_buy_volume"] == 20.4
    assert first["taker_buy_notional"] == 862532.1


def test_a_concatenated_binance_dump_changes_unit_in_the_middle(tmp_path: Path) -> None:
    rows = [KLINE.format(t=1735689540000, c=1735689599999)]
    rows += [KLINE.format(t=1735689600000000, c=1735689659999999)]
    bars = read_bars(put(tmp_path, "".join(rows)))
    assert bars.index[1] - bars.index[0] == pd.Timedelta("1min")
    assert "mixed" in bars.attrs["source"]["dialect"]


def test_date_and_time_in_two_columns(tmp_path: Path) -> None:
    text = PLAIN.replace("timestamp", "Date,Time").replace(" 00:", ",00:")
    assert_three_bars(read_bars(put(tmp_path, text)))
    assert_three_bars(read_bars(put(tmp_path, text.split("\n", 1)[1].replace("-", "."))))


def test_columns_of_any_name_can_be_mapped(tmp_path: Path) -> None:
    path = put(tmp_path, PLAIN.replace("timestamp", "when").replace("close", "last"))
    assert_three_bars(read_bars(path, columns={"time": "when", "close": "LAST"}))
    headless = put(tmp_path, ROWS, "headless_BTCUSDT.csv")
    by_position = {"time": 1, "open": "2", "high": 3, "low": 4, "close": 5, "volume": 6}
    assert_three_bars(read_bars(headless, columns=by_position))


def test_a_missing_volume_can_be_declared(tmp_path: Path) -> None:
    text = "\n".join(line.rsplit(",", 1)[0] for line in PLAIN.strip().split("\n"))
    bars = read_bars(put(tmp_path, text), columns={"volume": "none"})
    assert bars["volume"].tolist() == [0.0, 0.0, 0.0]


def test_volume_in_base_and_quote_of_one_provider(tmp_path: Path) -> None:
    text = """https://www.example.com
unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT
1704067200000,2024-01-01 00:00:00,BTC/USDT,1,2,1,2,10,15
1704067260000,2024-01-01 00:01:00,BTC/USDT,2,3,2,3,20,50
"""
    bars = read_bars(put(tmp_path, text, "data.csv"))
    assert bars["volume"].tolist() == [10.0, 20.0]
    assert bars["notional"].tolist() == [15.0, 50.0]
    assert bars.attrs["source"]["symbol"] == "BTCUSDT"


def test_the_three_header_rows_of_yfinance(tmp_path: Path) -> None:
    text = """Price,Close,High,Low,Open,Volume
Ticker,AAPL,AAPL,AAPL,AAPL,AAPL
Date,,,,,
2024-01-02,11,12,9,10,5
2024-01-03,11,12,9,10,6
2024-01-04,11,12,9,10,x
"""
    with pytest.raises(DataError, match="row 6, column 'volume'"):
        read_bars(put(tmp_path, text, "a.csv"), timezone="America/New_York")
    bars = read_bars(put(tmp_path, text.replace("x", "7"), "a.csv"), timezone="America/New_York")
    assert bars.iloc[0].tolist() == [10.0, 12.0, 9.0, 11.0, 5.0]
    assert bars.attrs["source"]["symbol"] == "AAPL"


def test_32_bit_numbers_are_warned_about(tmp_path: Path) -> None:
    bars = frame().astype("float32").rename_axis("timestamp")
    bars.to_parquet(tmp_path / "BTC-USDT.parquet")
    (warning,) = read_bars(tmp_path / "BTC-USDT.parquet").attrs["source"]["warnings"]
    assert "32-bit numbers hold about 7 digits: open, high" in warning


def test_half_days_are_read_by_layout_and_one_by_one(tmp_path: Path) -> None:
    times = ["1/13/2024 9:30:00 AM", "1/13/2024 12:00:00 PM", "1/13/2024 1:05:00 pm"]
    bars = read_bars(put(tmp_path, with_times(times)))
    assert [str(t.time()) for t in bars.index] == ["09:30:00", "12:00:00", "13:05:00"]


def test_a_close_stamp_on_open_times_is_obeyed_and_warned_about(tmp_path: Path) -> None:
    path = put(tmp_path, PLAIN.replace("timestamp", "open_time"))
    bars = read_bars(path, stamp="close")
    assert bars.index[0] == pd.Timestamp("2023-12-31 23:59", tz="UTC")
    assert "called 'open_time'" in bars.attrs["source"]["warnings"][0]


def test_an_optional_column_that_cannot_be_used_is_left_out_and_said(tmp_path: Path) -> None:
    lines = PLAIN.strip().split("\n")
    text = "\n".join([lines[0] + ",trades", lines[1] + ",5", lines[2] + ",", lines[3] + ",7"])
    bars = read_bars(put(tmp_path, text))
    assert_three_bars(bars)
    assert "trade_count" not in bars
    (warning,) = bars.attrs["source"]["warnings"]
    assert "trade_count" in warning
    assert "row 3" in warning


def test_values_are_the_floats_nearest_to_what_is_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    texts = [f"{rng.integers(1, 10**9)}.{rng.integers(0, 10**12):012d}" for _ in range(3000)]
    texts += ["9007199254740993", "0.1", "1e-22", "123456789.123456789123456789", "8.5e-5"]
    texts += ["2.2250738585072011e-308", "179769.31348623157e2", "0.30000000000000004"]
    rows = [f"{1704067200 + 60 * i},1,1,1,1,{t}" for i, t in enumerate(texts)]
    path = put(tmp_path, "time,open,high,low,close,volume\n" + "\n".join(rows))
    assert read_bars(path)["volume"].tolist() == [float(t) for t in texts]


def test_blocks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{1704067200 + 60 * i},1.5,1.5,1.5,1.5,{i}.5" for i in range(500)]
    path = put(tmp_path, "time,open,high,low,close,volume\n" + "\n".join(rows))
    whole = read_bars(path)
    monkeypatch.setattr("hftsim.data.textblocks.text_blocks.__defaults__", (5000,))
    told: list[tuple[int, int | None]] = []
    pieces = read_bars(path, progress=lambda done, total, note="": told.append((done, total)))
    pd.testing.assert_frame_equal(whole, pieces)
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(put(tmp_path, PLAIN))
    assert_three_bars(read_bars(tmp_path / "link.csv", symbol="BTCUSDT"))


@pytest.mark.parametrize("scale", [1, 1e3, 1e6])
def test_epochs_stored_as_floats(tmp_path: Path, scale: float) -> None:
    bars = frame().reset_index(names="time")
    bars["time"] = np.array(EPOCHS) * scale
    bars.to_parquet(tmp_path / "BTCUSDT.parquet")
    assert_three_bars(read_bars(tmp_path / "BTCUSDT.parquet"))
    bars["time"] = np.array(EPOCHS) + 0.25
    bars.to_parquet(tmp_path / "BTCUSDT.parquet")
    index = read_bars(tmp_path / "BTCUSDT.parquet").index
    assert [t.value for t in index] == [e * 10**9 + 250_000_000 for e in EPOCHS]


def test_times_missing_in_parquet_are_named(tmp_path: Path) -> None:
    for times in ([EPOCHS[0], None, EPOCHS[2]], [float(EPOCHS[0]), None, float(EPOCHS[2])]):
        table = pa.table({"time": times, **{c: [1.0] * 3 for c in frame().columns}})
        pyarrow.parquet.write_table(table, tmp_path / "BTCUSDT.parquet")
        with pytest.raises(DataError, match="row 2, column 'time': ''"):
            read_bars(tmp_path / "BTCUSDT.parquet")


def test_a_parquet_file_with_a_damaged_body_is_refused_and_checked_leniently(
    tmp_path: Path,
) -> None:
    path = tmp_path / "BTCUSDT.parquet"
    pyarrow.parquet.write_table(
        pa.Table.from_pandas(create_sample_bars(5000, seed=2)), path, compression="zstd"
    )
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="damaged parquet"):
        read_bars(path)
    with pytest.raises(DataError, match="damaged parquet"):
        check_file(path)


def test_a_headerless_file_is_not_taken_for_what_it_is_not(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="looks like bars, not trades"):
        read_bars(put(tmp_path, ROWS), format="trades", interval="1m")
    assert_three_bars(read_bars(put(tmp_path, ROWS), format="bars"))
