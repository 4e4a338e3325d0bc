"""What cannot be trusted is refused in one sentence that names file, row, column and what to do."""

import gzip
import io
import lzma
import os
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from hftsim.core.errors import DataError, InputError, UnknownNameError
from hftsim.data import Repairs, read_bars, split_files
from hftsim.data import sources as sources_module

HEADER = "timestamp,open,high,low,close,volume\n"
GOOD = [f"2024-01-01 00:{i:02d}:00,10,12,9,11,5\n" for i in range(10)]


def put(folder: Path, content: str | bytes, name: str = "BTCUSDT.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def bars_with(row: int, text: str) -> str:
    """Return ten rows of which the one on line `row` is replaced."""
    rows = list(GOOD)
    rows[row - 2] = text + "\n"
    return HEADER + "".join(rows)


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(DataError) as error:
        read_bars(path, **options)  # type: ignore[arg-type]
    sentence = str(error.value)
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


BAD_ROWS = {
    "2024-01-01 00:03:00,abc,12,9,11,5": ("row 5", "'open'", "'abc' is not a number"),
    "2024-01-01 00:03:00,10,12,9,11,five": ("row 5", "'volume'", "'five' is not a number"),
    "2024-01-01 00:03:00,10,12,9,1_1,5": ("row 5", "'close'", "'1_1' is not a number"),
    "2024-01-01 00:03:00,10,12,9,0x1f,5": ("row 5", "'close'", "is not a number"),
    "2024-01-01 00:03:00,10,,9,11,5": ("row 5", "'high'", "missing"),
    "2024-01-01 00:03:00,10,NaN,9,11,5": ("row 5", "'high'", "missing"),
    "2024-01-01 00:03:00,10,12,9,11,nan": ("row 5", "'volume'", "missing"),
    "2024-01-01 00:03:00,10,inf,9,11,5": ("row 5", "'high'", "infinite"),
    "2024-01-01 00:03:00,10,12,-inf,11,5": ("row 5", "'low'", "infinite"),
    "2024-01-01 00:03:00,10,1e308,9,11,5": ("row 5", "'high'", "too large"),
    "2024-01-01 00:03:00,10,1e999,9,11,5": ("row 5", "'high'", "infinite"),
    "2024-01-01 00:03:00,10,12,9,11,1e308": ("row 5", "'volume'", "too large"),
    "2024-01-01 00:03:00,10,12,0,11,5": ("row 5", "'low'", "zero or negative"),
    "2024-01-01 00:03:00,10,12,-9,11,5": ("row 5", "'low'", "price of -9"),
    "2024-01-01 00:03:00,10,12,9,11,-5": ("row 5", "'volume'", "-5 is negative"),
    "2024-01-01 00:03:00,10,8,9,11,5": ("row 5", "high 8.0 is below low 9.0"),
    "2024-01-01 00:03:00,13,12,9,11,5": ("row 5", "open 13.0 lies outside low 9.0 to high 12.0"),
    "2024-01-01 00:03:00,10,12,9,8,5": ("row 5", "close 8.0 lies outside"),
    "2024-01-01 00:03:00,10,12,9,11": ("row 5", "has 5 fields, the header 6"),
    "2024-01-01 00:03:00,10,12,9,11,5,6": ("row 5", "has 7 fields, the header 6"),
    "timestamp,open,high,low,close,volume": ("row 5", "the header stands here again"),
    "2024-01-32 00:03:00,10,12,9,11,5": ("row 5", "'time'", "'2024-01-32 00:03:00' is no time"),
    "2023-02-29 00:03:00,10,12,9,11,5": ("row 5", "'time'", "is no time"),
    "2024-01-01 24:03:00,10,12,9,11,5": ("row 5", "'time'", "is no time"),
    "yesterday,10,12,9,11,5": ("row 5", "'time'", "'yesterday' is no time"),
    ",10,12,9,11,5": ("row 5", "'time'", "'' is no time"),
    "1,10,12,9,11,5": ("row 5", "'time'", "'1' is no time"),
    "1704067380,10,12,9,11,5": ("row 5", "an absolute time", "other rows local ones"),
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_named(tmp_path: Path, row: str) -> None:
    sentence = refusal(put(tmp_path, bars_with(5, row)))
    for words in (*BAD_ROWS[row], "--drop-bad-rows"):
        assert words in sentence


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_dropped_by_name_and_counted(tmp_path: Path, row: str) -> None:
    path = put(tmp_path, bars_with(5, row))
    bars = read_bars(path, repairs=Repairs(drop_bad_rows=True))
    assert len(bars) == 9
    assert bars.attrs["source"]["repairs"] == {"drop_bad_rows": 1}
    assert bars.attrs["source"]["gaps"] == 1
    assert bars.attrs["source"]["largest_gap"] == {"after": "2024-01-01T00:02:00Z", "missing": 1}


def test_the_first_bad_row_of_several_is_named(tmp_path: Path) -> None:
    rows = list(GOOD)
    rows[6], rows[4], rows[2] = "x,1\n", "2024-01-01 00:04:00,1,2,3,4,5\n", "a,b,c,d,e,f\n"
    assert "row 4" in refusal(put(tmp_path, HEADER + "".join(rows)))


def test_rows_are_counted_by_lines_of_the_file(tmp_path: Path) -> None:
    """A preamble, blank lines and CRLF do not shift the number."""
    rows = ["\r\n\r\n", *GOOD[:3], "\r\n", "2024-01-01 00:03:00,10,12,9,11\r\n", *GOOD[4:6], "\n"]
    rows += ["2024-01-01 00:06:00,10,x,9,11,5\n"]
    text = "http://example.com\n" + HEADER + "".join(rows)
    assert "row 9" in refusal(put(tmp_path, text))
    without = text.replace("2024-01-01 00:03:00,10,12,9,11\r\n", GOOD[3])
    sentence = refusal(put(tmp_path, without))
    assert "row 13" in sentence
    assert without.splitlines()[12] == "2024-01-01 00:06:00,10,x,9,11,5"


def test_newest_first_and_disorder_need_sort(tmp_path: Path) -> None:
    backwards = put(tmp_path, HEADER + "".join(reversed(GOOD)))
    sentence = refusal(backwards)
    assert "newest first (row 3 is earlier than row 2)" in sentence
    assert sentence.endswith("add --sort")
    sorted_bars = read_bars(backwards, repairs=Repairs(sort=True))
    assert sorted_bars.attrs["source"]["repairs"] == {"sort": 10}
    swapped = put(
        tmp_path, HEADER + "".join([*GOOD[:4], GOOD[5], GOOD[4], *GOOD[6:]]), "b_USDC.csv"
    )
    assert "out of order (row 7 is earlier than row 6); add --sort" in refusal(
        swapped, asset="crypto"
    )
    pd.testing.assert_frame_equal(
        sorted_bars, read_bars(swapped, asset="crypto", repairs=Repairs(sort=True))
    )


def test_repeated_rows_need_to_be_dropped_by_name(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + "".join([*GOOD[:4], GOOD[3], *GOOD[4:]]))
    sentence = refusal(path)
    assert "rows 5 and 6 are the same" in sentence
    assert sentence.endswith("add --drop-duplicates")
    bars = read_bars(path, repairs=Repairs(drop_duplicates=True))
    assert len(bars) == 10
    assert bars.attrs["source"]["repairs"] == {"drop_duplicates": 1}


def test_conflicting_rows_are_never_dropped_as_duplicates(tmp_path: Path) -> None:
    other = "2024-01-01 00:03:00,10,12,9,10.5,5\n"
    path = put(tmp_path, HEADER + "".join([*GOOD[:4], other, *GOOD[4:]]))
    for repairs in (Repairs(), Repairs(drop_duplicates=True)):
        sentence = refusal(path, repairs=repairs)
        assert "rows 5 and 6 have the same time and different values" in sentence
        assert sentence.endswith("add --keep-last")
    bars = read_bars(path, repairs=Repairs(keep_last=True))
    assert bars["close"].iloc[3] == 10.5
    assert bars.attrs["source"]["repairs"] == {"drop_duplicates": 0, "keep_last": 1}


def test_all_that_is_needed_is_named_at_once(tmp_path: Path) -> None:
    rows = [
        f"2024-01-02 {9 + (31 + i) // 60:02d}:{(31 + i) % 60:02d},1,1,1,1,1\n" for i in range(390)
    ]
    text = HEADER + "".join([rows[-1], *reversed(rows)])
    path = put(tmp_path, text, "XYZ.csv")
    sentence = refusal(path)
    assert "local times of an unknown zone" in sentence
    wanted = "add --timezone America/New_York --sort --drop-duplicates --stamp close"
    assert sentence.endswith(wanted)
    assert refusal(path, timezone="America/New_York").endswith(
        "--sort --drop-duplicates --stamp close"
    )
    repairs = Repairs(sort=True, drop_duplicates=True)
    assert refusal(path, repairs=repairs).endswith("add --timezone America/New_York --stamp close")
    warned = read_bars(path, timezone="America/New_York", repairs=repairs)
    assert "--stamp close" in warned.attrs["source"]["warnings"][0]
    bars = read_bars(path, timezone="America/New_York", repairs=repairs, stamp="close")
    assert bars.attrs["source"]["warnings"] == []
    assert bars.index[0] == pd.Timestamp("2024-01-02 09:30", tz="America/New_York")


def test_naive_times_are_utc_for_crypto_alone(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + "".join(GOOD), "data.csv")
    for options in ({"symbol": "AAPL"}, {"symbol": "BTCEUR"}, {"asset": "equity"}, {}):
        assert "--timezone" in refusal(path, **options)
    for options in (
        *({"symbol": "BTCUSDT"}, {"symbol": "eth/fdusd"}, {"symbol": "BTC-USDC"}),
        *({"asset": "crypto"}, {"venue": "Coinbase"}, {"venue": "binance-futures"}),
    ):
        assert read_bars(path, **options).index[0] == pd.Timestamp("2024-01-01", tz="UTC")
    assert "--timezone" in refusal(path, symbol="BTCUSDT", asset="equity")
    crypto_by_name = put(tmp_path, HEADER + "".join(GOOD), "my_eth-usdt_1m.csv")
    assert read_bars(crypto_by_name).attrs["source"]["symbol"] == "ETHUSDT"


def test_absolute_times_need_no_timezone(tmp_path: Path) -> None:
    text = HEADER + "".join(GOOD).replace(":00,", ":00Z,")
    assert read_bars(put(tmp_path, text, "AAPL.csv")).index[0] == pd.Timestamp(
        "2024-01-01", tz="UTC"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "holds no rows"),
        (HEADER, "holds a header and no rows"),
        (HEADER + "\n\n", "holds a header and no rows"),
        (HEADER.replace("close", "Open") + GOOD[0], "two columns mean open"),
        (HEADER.replace("close", "open") + GOOD[0], "two columns have the same name"),
        (HEADER.replace("close", "end_value") + GOOD[0], "has no column 'close'"),
        (HEADER.replace("timestamp", "number") + GOOD[0], "has no column 'time'"),
        (HEADER.replace("volume", "x") + GOOD[0], "--columns volume=none"),
        ("1,2,3,4\n5,6,7,8\n", "no header and 4 columns"),
        ("hello\nworld\n", "not a table"),
        (HEADER + GOOD[0] + GOOD[1].replace("\n", "\r") + GOOD[2] + "x", "row 5"),
        ("<!DOCTYPE html>\n<html></html>\n", "web page"),
        ('{"code": -1121}\n', "JSON"),
        (b"\x00\x01\x02\x03" * 50, "binary data"),
        (bytes(range(128, 256)) * 10, "not a table"),
        (gzip.compress((HEADER + "".join(GOOD)).encode(), mtime=0)[:-20], "cut off"),
        (gzip.compress(HEADER.encode(), mtime=0) + b"rubbish", "damaged"),
        (gzip.compress(HEADER.encode(), mtime=0)[:30] + b"\xff" * 60, "get the file again"),
        (lzma.compress((HEADER + "".join(GOOD)).encode())[:-20], "cut off"),
        (b"\x28\xb5\x2f\xfd rest", "zstd"),
        (b"PAR1 rubbish", "damaged parquet"),
        (b"ARROW1 rubbish", "damaged feather"),
        (b"PK\x03\x04 rubbish", "damaged zip"),
        (HEADER + GOOD[0], "one bar"),
        (HEADER + "".join(GOOD).replace("5\n", "5\xe9\n"), "row 2"),
    ],
)
def test_files_that_are_no_bars(tmp_path: Path, content: str | bytes, words: str) -> None:
    if isinstance(content, str):
        content = content.encode("latin-1")
    assert words in refusal(put(tmp_path, content))


def test_an_unquoted_decimal_comma_shows_as_too_many_fields(tmp_path: Path) -> None:
    rows = "".join(GOOD).replace(",10,", ",10,5,")
    assert "has 7 fields, the header 6" in refusal(put(tmp_path, HEADER + rows))


def test_a_table_that_can_be_two_things_is_asked_for(tmp_path: Path) -> None:
    text = "time,open,high,low,close,volume,price,qty,side\n"
    text += "".join(f"{1704067200 + 60 * i},1,2,1,2,5,1.5,3,buy\n" for i in range(3))
    path = put(tmp_path, text)
    sentence = refusal(path)
    assert "can be read as bars or as trades" in sentence
    assert "--format bars or --format trades" in sentence
    assert read_bars(path, format="bars")["close"].iloc[0] == 2.0
    assert read_bars(path, format="trades", interval="1m")["close"].iloc[0] == 1.5


def test_dates_written_both_ways_are_refused(tmp_path: Path) -> None:
    rows = ["13/01/2024 00:00", "01/14/2024 00:00"]
    text = HEADER + "".join(f"{t},1,1,1,1,1\n" for t in rows)
    assert "both day first and month first" in refusal(put(tmp_path, text))


def test_a_symbol_that_contradicts_is_refused_and_a_file_name_warned_about(tmp_path: Path) -> None:
    rows = "".join(r.replace("\n", ",ETH/USDT\n") for r in GOOD)
    text = HEADER.replace("volume", "volume,symbol") + rows
    path = put(tmp_path, text, "x.csv")
    assert "the symbol column says ETH/USDT, not BTCUSDT" in refusal(path, symbol="BTCUSDT")
    assert read_bars(path).attrs["source"]["symbol"] == "ETHUSDT"
    assert read_bars(path, symbol="eth-usdt").attrs["source"]["symbol"] == "ETHUSDT"
    several = put(tmp_path, text.replace("ETH/USDT\n", "BTCUSDT\n", 1), "y.csv")
    assert "holds several symbols (" in refusal(several)
    plain = put(tmp_path, HEADER + "".join(GOOD), "ETHUSDT-1m.csv")
    (warning,) = read_bars(plain, symbol="BTCUSDT").attrs["source"]["warnings"]
    assert warning == "the file name suggests ETHUSDT, not BTCUSDT"


def test_a_symbol_in_metadata_that_contradicts_is_refused(tmp_path: Path) -> None:
    index = pd.date_range("2024-01-01", periods=3, freq="min", tz="UTC", name="ts_open")
    frame = pd.DataFrame(
        dict.fromkeys(["open", "high", "low", "close", "volume"], 1.0), index=index
    )
    table = pa.Table.from_pandas(frame)
    noted = table.replace_schema_metadata({**(table.schema.metadata or {}), b"symbol": b"ETHUSDT"})
    pyarrow.parquet.write_table(noted, tmp_path / "a.parquet")
    assert "metadata says ETHUSDT, not BTCUSDT" in refusal(tmp_path / "a.parquet", symbol="BTCUSDT")
    assert read_bars(tmp_path / "a.parquet").attrs["source"]["symbol"] == "ETHUSDT"


def test_another_interval_than_asked_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + "".join(GOOD))
    assert "bars are 1m apart, not 5m" in refusal(path, interval="5m")
    assert len(read_bars(path, interval="1m")) == 10
    one = put(tmp_path, HEADER + GOOD[0], "BTCUSDT_one.csv")
    assert read_bars(one, interval="1m").attrs["source"]["interval_ns"] == 60 * 10**9


def test_words_that_do_not_exist_get_a_hint(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + "".join(GOOD))
    for options, hint in (
        ({"timezone": "America/NewYork"}, "America/New_York"),
        ({"timezone": "new york"}, "America/New_York"),
        ({"stamp": "closing"}, "close"),
        ({"format": "barz"}, "bars"),
        ({"format": "bars:dayfirst"}, "day-first"),
        ({"asset": "cripto"}, "crypto"),
        ({"interval": "1min"}, "1m"),
        ({"columns": {"tme": "timestamp"}}, "time"),
        ({"columns": {"time": "timestmp"}}, "timestamp"),
    ):
        with pytest.raises(UnknownNameError, match=hint):
            read_bars(path, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        read_bars(path, symbol="?!")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    put(tmp_path, HEADER + "".join(GOOD), "bitcoin_prices.csv")
    for path, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "pipe.csv", "is a pipe"),
        (tmp_path / "dangling.csv", "link to a file that does not exist"),
        (tmp_path / "loop", "cannot be opened"),
        (tmp_path / "nul\0.csv", "cannot be opened ("),
        (tmp_path / "bitcoin_prices.csv" / "a.csv", "cannot be opened (Not a directory)"),
        (tmp_path / "no folder" / "a.csv", "does not exist"),
        (tmp_path / "bitcoin_price.csv", "did you mean 'bitcoin_prices.csv'"),
        (tmp_path / "quite other", "does not exist"),
        (Path("/dev/stdin"), "is not a file"),
        (Path("/dev/null"), "is not a file"),
        (Path("-"), "is not a file"),
    ):
        assert words in refusal(path)


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def test_zip_files_hold_one_data_file_inside_themselves(tmp_path: Path) -> None:
    text = HEADER + "".join(GOOD)
    for members, words in (
        ({"a.csv": text, "b.csv": text}, "holds 2 (a.csv, b.csv)"),
        ({}, "holds 0 (nothing)"),
        ({"../a.csv": text}, "a path outside the archive"),
        ({"/etc/a.csv": text}, "a path outside the archive"),
        ({"..\\a.csv": text}, "a path outside the archive"),
        ({"C:/a.csv": text}, "a path outside the archive"),
        ({"[Content_Types].xml": "", "xl/workbook.xml": ""}, "Excel"),
    ):
        assert words in refusal(put(tmp_path, zipped(**members), "a.zip"))


def test_a_bomb_is_refused_while_it_expands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources_module, "EXPANDED_LIMIT", 1 << 20)
    text = HEADER + GOOD[0] * 300_000
    for path in (
        put(tmp_path, gzip.compress(text.encode(), mtime=0), "BTCUSDT.gz"),
        put(tmp_path, lzma.compress(text.encode()), "BTCUSDT.xz"),
        put(tmp_path, zipped(**{"a.csv": text}), "BTCUSDT.zip"),
    ):
        assert "expands to more than 200 times its packed size" in refusal(path)


def test_a_line_without_end_is_refused_in_little_memory(tmp_path: Path) -> None:
    bomb = gzip.compress((HEADER + GOOD[0]).encode() + b"9" * (40 << 20), mtime=0)
    assert "row 3: is longer than" in refusal(put(tmp_path, bomb, "BTCUSDT.gz"))


def test_packed_columnar_files_are_refused(tmp_path: Path) -> None:
    assert "parquet file inside gzip" in refusal(
        put(tmp_path, gzip.compress(b"PAR1", mtime=0), "a.gz")
    )


def test_a_format_that_the_file_has_not_is_refused(tmp_path: Path) -> None:
    assert "is text, not parquet" in refusal(put(tmp_path, HEADER + GOOD[0]), format="parquet")


def test_a_folder_gives_its_data_files_or_says_that_there_are_none(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, path in (
        ("does not exist", tmp_path / "no"),
        ("holds no data file (found: nothing)", empty),
        ("is a file, not a folder", put(tmp_path, "x", "notes.md")),
        ("holds no data file (found: empty, notes.md)", tmp_path),
    ):
        with pytest.raises(DataError) as error:
            split_files(path)
        assert words in str(error.value)
    for name in ("b.csv", "a.parquet", "c.CSV.gz", ".hidden.csv", "meta.json"):
        put(tmp_path, "x", name)
    (tmp_path / "folder.csv").mkdir()
    assert [p.name for p in split_files(tmp_path)] == ["a.parquet", "b.csv", "c.CSV.gz"]
