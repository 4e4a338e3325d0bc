"""create-sample-data, fetch and check, on real files and a real local server."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest


def test_sample_data_is_labelled_seeded_and_readable(hftsim, tmp_path):
    made = hftsim("create-sample-data", "--rows", 500, "--seed", 3, "--out", "a.csv", "--json")
    again = hftsim("create-sample-data", "--rows", 500, "--seed", 3, "--out", "b.csv", "--json")
    other = hftsim("create-sample-data", "--rows", 500, "--seed", 4, "--out", "c.csv", "--json")
    answer = made.answer
    assert (made.code, answer["rows"], answer["simulated"]) == (0, 500, True)
    assert answer["path"] == str(tmp_path / "a.csv")
    assert answer["sha256"] == hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert again.answer["sha256"] == answer["sha256"]
    assert other.answer["sha256"] != answer["sha256"]

    from hftsim.core.bars import source_of
    from hftsim.data import read_bars

    bars = read_bars(tmp_path / "a.csv")
    assert len(bars) == 500
    assert source_of(bars)["simulated"] is True
    assert source_of(bars)["symbol"] == "SIMUSDT"


def test_sample_data_as_parquet_keeps_its_label(hftsim, tmp_path):
    assert hftsim("create-sample-data", "--rows", 100, "--out", "deep/a.parquet").code == 0

    from hftsim.core.bars import source_of
    from hftsim.data import read_bars

    assert source_of(read_bars(tmp_path / "deep" / "a.parquet"))["simulated"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "bar"], "did you mean 'bars'"),
        (["--out", "a.xlsx"], "unknown kind of file '.xlsx'"),
        (["--out", "."], "is a folder; name a file"),
        (["--interval", "1q"], "1q"),
        (["--rows", "0"], "--rows"),
    ],
)
def test_sample_data_that_cannot_be_made_is_refused(hftsim, tmp_path, arguments, said):
    ended = hftsim("create-sample-data", "--rows", 10, *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_clean_file_ends_with_0_and_a_picture(hftsim, tmp_path):
    hftsim("create-sample-data", "--rows", 300, "--out", "a.csv")
    ended = hftsim("check", "a.csv", "--out", "found", "--json")
    answer = ended.answer
    assert (ended.code, answer["rows"], answer["clean"]) == (0, 300, True)
    assert Path(answer["picture"]).read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "found" / "summary.json").read_text())["rows"] == 300


def test_an_unclean_file_ends_with_3_and_its_findings(hftsim, tmp_path):
    lines = ["time,open,high,low,close,volume"]
    times = pd.date_range("2024-01-01", periods=60, freq="min")
    lines += [f"{t},10,11,9,10.5,3" for t in times.delete([20, 21])]
    lines[5] = lines[4]
    (tmp_path / "BTCUSDT.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ended = hftsim("check", "BTCUSDT.csv", "--json")
    found = {f["kind"]: f["count"] for f in ended.answer["findings"]}
    assert ended.code == 3
    assert found["duplicate"] == 1
    assert found["gap"] == 2
    assert "NOT CLEAN" in ended.err
    repaired = hftsim("check", "BTCUSDT.csv", "--drop-duplicates", "--fill-gaps", "--json")
    assert repaired.code == 0


def test_a_folder_is_checked_file_by_file(hftsim, tmp_path):
    hftsim("create-sample-data", "--rows", 100, "--out", "in/a.csv")
    hftsim("create-sample-data", "--rows", 200, "--out", "in/b.csv")
    (tmp_path / "in" / "empty.csv").write_text("", encoding="utf-8")
    ended = hftsim("check", "in", "--out", "found", "--json")
    runs = ended.answer["runs"]
    assert [run.get("rows") for run in runs] == [100, 200, None]
    assert "is empty" in runs[2]["error"]
    assert ended.code == 2


def test_no_feature_sees_the_future_on_the_users_data(hftsim):
    hftsim("create-sample-data", "--rows", 400, "--out", "a.csv")
    ended = hftsim("check", "a.csv", "--leakage", "--json")
    assert ended.code == 0
    assert ended.answer["leakage"]["failed"] == []
    assert ended.answer["leakage"]["features"] >= 90


def test_a_feature_that_sees_the_future_is_caught(hftsim, monkeypatch):
    import numpy as np

    from hftsim.features import FEATURES, Feature

    leaky = Feature(
        name="tomorrow",
        family="price",
        formula="close[t+1]",
        inputs=("close",),
        warmup=0,
        compute=lambda inputs: np.append(inputs.series("close")[1:], 0.0),
    )
    monkeypatch.setitem(FEATURES, "tomorrow", leaky)
    hftsim("create-sample-data", "--rows", 400, "--out", "a.csv")
    ended = hftsim("check", "a.csv", "--leakage", "--json")
    assert ended.code == 3
    assert [f["feature"] for f in ended.answer["leakage"]["failed"]] == ["tomorrow"]


def test_features_are_listed_shown_and_computed(hftsim, tmp_path):
    ended = hftsim("features", "list", "--json")
    listed = ended.answer
    assert len(listed) >= 90
    assert set(listed[0]) >= {"name", "family", "inputs", "warmup"}
    name = listed[0]["name"]
    assert hftsim("features", "show", name, "--json").answer == listed[0]
    assert "did you mean" in hftsim("features", "show", name[:-1]).err
    hftsim("create-sample-data", "--rows", 300, "--out", "a.csv")
    made = hftsim("features", "compute", "--data", "a.csv", "--out", "f.parquet", "--json").answer
    assert made["rows"] == 300
    assert len(pd.read_parquet(tmp_path / "f.parquet").columns) == made["features"]


def test_features_are_not_written_over_their_source(hftsim, tmp_path):
    hftsim("create-sample-data", "--rows", 300, "--out", "a.csv")
    before = (tmp_path / "a.csv").read_bytes()
    ended = hftsim("features", "compute", "--data", "a.csv", "--out", "a.csv")
    assert ended.code == 2
    assert "write to another one" in ended.err
    assert (tmp_path / "a.csv").read_bytes() == before


def test_bars_are_fetched_into_the_cache_and_only_new_ones_are_added(hftsim, venue, tmp_path):
    arguments = ["--symbol", "BTCUSDT", "--start", "2024-01-01", "--base-url", venue.url, "--json"]
    first = hftsim("fetch", *arguments, "--end", "2024-01-01 10:00", "--out", "cache")
    answer = first.answer
    assert (first.code, answer["rows"], answer["added"]) == (0, 600, 600)
    assert answer["start"] == "2024-01-01T00:00:00+00:00"
    assert answer["end"] == "2024-01-01T09:59:00+00:00"
    assert Path(answer["path"]) == tmp_path / "cache" / "BTCUSDT_1m.parquet"
    assert answer["sha256"] == hashlib.sha256(Path(answer["path"]).read_bytes()).hexdigest()
    second = hftsim("fetch", *arguments, "--end", "2024-01-01 20:00", "--out", "cache").answer
    assert (second["rows"], second["added"]) == (1200, 600)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--symbol", "NOPE"], 4, "NOPE"),
        (["--symbol", "BTCUSDT", "--interval", "7m"], 2, "7m"),
        (["--symbol", "BTCUSDT", "--days", "1", "--start", "2024-01-01"], 2, "--days"),
        (["--symbol", "BTCUSDT", "--end", "2024-01-01"], 2, "--end needs --start"),
        (["--symbol", "BTCUSDT", "--source", "binanc"], 2, "did you mean 'binance'"),
        (["--symbol", "BTCUSDT", "--source", "ccxt"], 2, "not available yet"),
        (["--symbol", "BTCUSDT", "--market", "um"], 2, "--market goes with --months"),
        ([], 2, "missing option '--symbol'"),
    ],
)
def test_a_fetch_that_cannot_be_is_one_sentence(hftsim, venue, arguments, code, said):
    ended = hftsim("fetch", "--base-url", venue.url, *arguments)
    assert ended.code == code
    assert said in ended.err.splitlines()[-1]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_sample_bars_from_a_file_and_from_memory_are_one_run(hftsim, name):
    from hftsim.backtest import Backtester
    from hftsim.data import create_sample_bars
    from hftsim.strategies import SmaCrossStrategy

    hftsim("create-sample-data", "--rows", 300, "--seed", 5, "--out", name)
    ran = hftsim("backtest", "--data", name, "--strategy", "sma-cross", "--json", "-q")
    result = Backtester(SmaCrossStrategy()).run(create_sample_bars(300, seed=5))
    assert ran.answer["run_hash"] == result.summary["run_hash"]


def test_bars_of_no_known_symbol_say_what_they_are_taken_for(hftsim, tmp_path):
    lines = [f"2024-01-01T00:{m:02d}:00Z,10,11,9,10.5,3" for m in range(60)]
    text = "time,open,high,low,close,volume\n" + "\n".join(lines) + "\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    said = "a.csv: of which symbol? add --symbol; it is called ASSET"
    ended = hftsim("check", "a.csv", "--out", "found")
    assert f"{said} and taken for a share; add --asset crypto if it is that\n" in ended.err
    told = hftsim("check", "a.csv", "--asset", "crypto", "--out", "found")
    assert f"{said}\n" in told.err


def test_a_damaged_cache_is_said_before_anything_is_fetched(hftsim, venue, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "BTCUSDT_1m.parquet").write_bytes(b"PAR1 cut off")
    ended = hftsim("fetch", "--symbol", "BTCUSDT", "--base-url", venue.url, "--out", "cache")
    assert ended.code == 2
    assert "cache/BTCUSDT_1m.parquet: damaged" in ended.err
    assert venue.asked("/api/v3/klines") == []
