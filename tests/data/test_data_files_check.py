"""A check reads everything, counts everything, and never stops at the first problem."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hftsim.core.errors import DataError
from hftsim.data import CheckReport, Repairs, check_bars, check_file, read_bars
from hftsim.data.checking import flat_spells, outlier_scores

HEADER = "timestamp,open,high,low,close,volume\n"


def row(minute: int, values: str = "10,12,9,11,5") -> str:
    return f"2024-01-01 {minute // 60:02d}:{minute % 60:02d}:00,{values}\n"


def put(folder: Path, content: str | bytes, name: str = "BTCUSDT.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def kinds(report: CheckReport) -> dict[str, int]:
    return {f.kind: f.count for f in report.findings}


def walk(rows: int, seed: int = 3) -> np.ndarray:
    return np.round(100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 1e-3, rows))), 4)


def frame(closes: np.ndarray) -> pd.DataFrame:
    index = pd.date_range("2024-01-01", periods=len(closes), freq="min", tz="UTC", name="ts_open")
    columns = dict.fromkeys(("open", "high", "low", "close"), closes)
    bars = pd.DataFrame({**columns, "volume": 1.0}, index=index)
    bars.attrs["source"] = {"symbol": "BTCUSDT", "asset": "crypto"}
    return bars


def test_a_clean_file_is_clean(tmp_path: Path) -> None:
    report = check_file(put(tmp_path, HEADER + "".join(row(i) for i in range(20))))
    assert report.clean
    assert (report.rows, report.interval) == (20, "1m")
    assert (report.start, report.end) == ("2024-01-01T00:00:00", "2024-01-01T00:19:00")
    assert report.findings == []


def test_everything_that_is_wrong_is_counted_at_once(tmp_path: Path) -> None:
    rows = [row(i) for i in range(60)]
    rows[5] = row(5, "10,x,9,11,5")
    rows[6] = row(6, "10,,9,11,5")
    rows[7] = row(7, "10,inf,9,11,5")
    rows[8] = row(8, "10,12,-9,11,5")
    rows[9] = row(9, "10,12,9,13,5")
    rows[10] = row(10, "10,12,9,11,-5")
    rows[11] = row(11, "10,12,9,11")
    rows[12] = "2024-01-01 99:12:00,10,12,9,11,5\n"
    rows[13] = row(13, "10,12,9,11,0")
    rows[20] = row(19)
    rows[21] = row(19, "10,12,9,10.5,5")
    rows[30], rows[31] = rows[31], rows[30]
    report = check_file(put(tmp_path, HEADER + "".join(rows)))
    assert not report.clean
    assert report.rows == 60
    found = kinds(report)
    for kind in ("text", "missing", "not_finite", "bad_price", "ohlc", "negative_volume"):
        assert found[kind] == 1
    for kind in ("fields", "time", "zero_volume", "duplicate", "conflicting_duplicate", "disorder"):
        assert found[kind] == 1
    assert found["gap"] == 2
    (text,) = [f for f in report.findings if f.kind == "text"]
    assert text.examples == [{"row": 7, "text": "x", "column": "high"}]
    assert text.severity == "problem"
    (gap,) = [f for f in report.findings if f.kind == "gap"]
    assert [e["missing"] for e in gap.examples] == [2, 2]
    assert [f.severity for f in report.findings] == sorted(
        (f.severity for f in report.findings), reverse=True
    )


def test_the_report_is_json(tmp_path: Path) -> None:
    report = check_file(put(tmp_path, HEADER + row(0) + row(2) + row(3, "1,x,1,1,1") + row(4)))
    said = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert said["rows"] == 4
    assert said["clean"] is False
    assert {"kind", "count", "severity", "sentence", "examples"} <= set(said["findings"][0])


def test_what_a_repair_mends_is_a_note(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + "".join(row(i) for i in (5, 4, 4, 1, 0)))
    assert not check_file(path).clean
    everything = Repairs(sort=True, drop_duplicates=True, fill_gaps=True)
    report = check_file(path, repairs=everything)
    assert report.clean
    assert kinds(report) == {"newest_first": 3, "duplicate": 1, "gap": 1}
    assert not check_file(path, repairs=Repairs(sort=True)).clean


def test_gaps_of_a_continuous_market_are_problems_and_thin_minutes_of_an_equity_are_not(
    tmp_path: Path,
) -> None:
    thin = put(
        tmp_path, HEADER + "".join(row(600 + i) for i in range(60) if i not in (7, 8)), "A.csv"
    )
    assert check_file(thin, asset="equity", timezone="America/New_York").clean
    assert not check_file(thin, asset="crypto").clean
    holed = put(
        tmp_path, HEADER + "".join(row(600 + i) for i in range(60) if not 7 <= i < 13), "B.csv"
    )
    assert not check_file(holed, asset="equity", timezone="America/New_York").clean


def test_a_file_that_reading_refuses_for_want_of_a_zone_is_still_checked(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + "".join(row(570 + i) for i in range(1, 391)), "XYZ.csv")
    with pytest.raises(DataError):
        read_bars(path)
    report = check_file(path)
    assert report.clean
    assert {"timezone", "stamp"} <= set(kinds(report))
    shifted = check_file(path, timezone="America/New_York", stamp="close")
    assert shifted.start == "2024-01-01T14:30:00"


def test_daylight_saving_is_counted(tmp_path: Path) -> None:
    rows = "".join(f"2024-03-10 {t}:00,1,1,1,1,1\n" for t in ("01:58", "01:59", "02:00", "02:01"))
    report = check_file(put(tmp_path, HEADER + rows, "ES.csv"), timezone="America/New_York")
    assert kinds(report)["skipped_hour"] == 2
    fall = "".join(f"2024-11-03 {t}:00,1,1,1,1,1\n" for t in ("00:59", "01:00", "01:01", "02:00"))
    report = check_file(put(tmp_path, HEADER + fall, "ES.csv"), timezone="America/New_York")
    assert kinds(report)["repeated_hour"] == 1


def test_a_truncated_file_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    text = HEADER + "".join(row(i, f"10,12,9,11,{rng.integers(1, 10**9)}") for i in range(1000))
    packed = gzip.compress(text.encode(), mtime=0)
    report = check_file(put(tmp_path, packed[: len(packed) // 2], "BTCUSDT.gz"))
    assert not report.clean
    assert 100 < report.rows < 1000
    (damage,) = [f for f in report.findings if f.kind == "truncated"]
    assert "cut off" in damage.sentence


def test_what_is_not_there_cannot_be_checked(tmp_path: Path) -> None:
    for path in (
        tmp_path / "none.csv",
        put(tmp_path, "", "empty.csv"),
        put(tmp_path, HEADER, "header.csv"),
        put(tmp_path, "a,b\n1,2\n", "other.csv"),
    ):
        with pytest.raises(DataError):
            check_file(path)


def test_units_symbols_grid_and_interval_are_looked_at(tmp_path: Path) -> None:
    lines = [f"{1704067200000 + 60000 * i},10,12,9,11,5,BTCUSDT\n" for i in range(9)]
    lines[3] = "1704067380000000,10,12,9,11,5,ETHUSDT\n"
    lines[5] = "1704067507000,10,12,9,11,5,BTCUSDT\n"
    text = "time,open,high,low,close,volume,symbol\n" + "".join(lines)
    report = check_file(put(tmp_path, text, "a.csv"), symbol="BTCUSDT", interval="5m")
    found = kinds(report)
    assert found["mixed_units"] == 9
    assert found["symbols"] == 1
    assert found["off_interval"] == 1
    assert found["interval"] == 1
    assert "1m apart, 5m was said" in next(
        f.sentence for f in report.findings if f.kind == "interval"
    )


def test_ticks_are_checked_too(tmp_path: Path) -> None:
    text = "time,price,qty,side\n1704067200,10,1,buy\n1704067190,10,-1,buy\n1704067300,x,1,up\n"
    report = check_file(put(tmp_path, text))
    assert kinds(report) == {"text": 1, "negative_volume": 1, "side": 1, "disorder": 1}
    assert (report.rows, report.interval, report.clean) == (3, None, False)
    assert (report.start, report.end) == ("2023-12-31T23:59:50", "2024-01-01T00:01:40")


def test_frames_are_checked_as_files_are() -> None:
    bars = frame(walk(300))
    assert check_bars(bars).clean
    bad = bars.copy()
    bad.loc[bad.index[7], "high"] = 1.0
    bad.loc[bad.index[8], "close"] = np.nan
    bad.loc[bad.index[9], "volume"] = -1.0
    report = check_bars(pd.concat([bad.iloc[:100], bad.iloc[99:90:-1], bad.iloc[105:]]))
    found = kinds(report)
    assert (found["ohlc"], found["missing"], found["negative_volume"]) == (1, 1, 1)
    assert (found["duplicate"], found["gap"]) == (9, 1)
    assert found["disorder"] == 8
    with pytest.raises(DataError, match="volume"):
        check_bars(bars.drop(columns="volume"))
    with pytest.raises(DataError, match="time zone"):
        check_bars(bars.tz_localize(None))


def test_an_outlier_is_found_by_the_past_alone() -> None:
    closes = walk(4000)
    closes[3000] *= 1.05
    report = check_bars(frame(closes))
    assert report.clean
    (found,) = report.findings
    assert (found.kind, found.count, found.severity) == ("outlier", 2, "note")
    assert {e["row"] for e in found.examples} == {3000, 3001}
    scores = outlier_scores(closes)
    for end in (1500, 2999, 3001):
        assert np.array_equal(outlier_scores(closes[:end]), scores[:end])


def test_outlier_scores_are_medians_and_mads_of_the_thousand_returns_before() -> None:
    closes = walk(1600)
    returns = np.diff(np.log(closes))
    past = returns[:1024]
    mad = np.median(np.abs(past - np.median(past))) * 1.4826
    wanted = abs(returns[1100] - np.median(past)) / mad
    assert outlier_scores(closes)[1101] == pytest.approx(wanted, rel=1e-12)
    assert not outlier_scores(closes)[:1025].any()


def test_flat_spells_and_silent_bars_are_notes() -> None:
    closes = walk(200)
    closes[50:90] = 123.0
    starts, lengths = flat_spells(closes)
    assert (starts.tolist(), lengths.tolist()) == ([50], [40])
    bars = frame(closes)
    bars.loc[bars.index[10:13], "volume"] = 0.0
    report = check_bars(bars)
    assert report.clean
    assert (report.count("flat_spell"), report.count("zero_volume")) == (1, 3)
    assert report.count("gap") == 0
