"""`hftsim import`, `check` of ticks and `verify`, as a user runs them."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "data"))

from lobster_files import NAME, PlainMarket

START = 1_723_075_200_000_000_000


@pytest.fixture
def pair(tmp_path):
    """A deep pair and a shallow one, of one market."""
    market = PlainMarket(5).run(300)
    return market.write(tmp_path / "deep", 30), market.write(tmp_path / "shallow", 1)


def test_import_prints_one_object_and_makes_a_store(hftsim, pair, tmp_path):
    (messages, books), _ = pair
    ended = hftsim("import", messages, "--out", "S", "--json")
    assert ended.code == 0
    answer = ended.answer
    assert answer["instrument"]["symbol"] == "TEST"
    assert answer["start"].startswith("2012-06-21T13:30:00.")
    assert answer["start"].endswith("Z")
    assert answer["days"] == ["2012-06-21"]
    assert answer["corrections"]["fix_clock"] is False
    assert answer["rows"] == sum(answer["counts"].values())
    assert (tmp_path / "S" / "TEST" / "2012-06-21.arrow").is_file()
    again = hftsim("import", messages, "--out", "S", "--json")
    assert (again.code, again.answer["kept_days"]) == (0, ["2012-06-21"])
    told = hftsim("import", messages, "--out", "S", "--format", "lobster", "--tick-size", "0.0001")
    assert told.code == 2
    assert "overlap" in told.err
    assert "Traceback" not in told.err
    assert hftsim("import", messages, books, "--out", "T").code == 0


def test_clocks_and_order_are_corrected_by_name_only(hftsim, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "time,recv,side,price,qty\n"
        f"{START},{START - 40},bid,100.1,1\n{START + 50},{START - 30},bid,100.2,2\n"
        f"{START + 20},{START - 20},bid,100.3,3\n"
    )
    base = [*("import", path, "--format", "csv", "--symbol", "btc/usdt", "--out", "S")]
    base += ["--columns", "recv_time=recv", "--json"]
    refused = hftsim(*base)
    assert refused.code == 2
    assert "--fix-clock" in refused.err
    assert "--fix-order" in refused.err
    assert refused.answer["exit_code"] == 2
    assert not (tmp_path / "S").exists()
    half = hftsim(*base, "--fix-clock")
    assert half.code == 2
    assert "--fix-clock" not in half.err
    done = hftsim(*base, "--fix-clock", "--fix-order", "--base-latency", 5)
    assert done.code == 0
    told = done.answer["corrections"]
    assert told["clock_shift_ns"] == 85
    assert told["rows_doubled"] == 1
    assert done.answer["rows"] == 4
    assert done.answer["instrument"]["symbol"] == "BTCUSDT"
    shown = hftsim("check", "S")
    assert shown.code == 0
    assert "rows doubled" in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.csv", "--out", "S"], "none.csv: does not exist"),
        (["a.csv", "--out", "S", "--format", "lobstr"], "did you mean 'lobster'"),
        (["a.csv", "--out", "S", "--date", "yesterday"], "is no day"),
        (["a.csv", "--out", "S", "--columns", "price"], "OURS=THEIRS"),
        (["a.csv", "--out", "S", "--tick-size", "0"], "a step is above 0"),
        (["a.csv", "--out", "S", "--tick-size", "x"], "is not a number"),
        (["a.csv", "--out", "S", "--kind", "bond"], "bond"),
        (["a.csv"], "--out"),
        (["--out", "S"], "SRC"),
    ],
)
def test_wrong_use_ends_in_one_sentence(hftsim, tmp_path, arguments, words):
    (tmp_path / "a.csv").write_text("time,price,qty,side\n")
    ended = hftsim("import", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1


def test_check_takes_a_store_and_a_file(hftsim, pair):
    (messages, _), (shallow, _) = pair
    hftsim("import", messages, "--out", "S", "-q")
    ended = hftsim("check", "S", "--json")
    assert ended.code == 0
    assert ended.answer["clean"] is True
    assert ended.answer["rows"] > 200
    assert Path(ended.answer["picture"]).is_file()
    file = hftsim("check", messages, "--json")
    assert (file.code, file.answer["dialect"]) == (0, "lobster file, l3")
    cut = hftsim("check", shallow, "--json")
    assert "unknown_orders" in {f["kind"] for f in cut.answer["findings"]}


def test_check_ends_with_3_where_a_book_is_crossed(hftsim, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"time,side,price,qty\n{START},bid,100.2,1\n{START + 1},ask,100.1,2\n")
    assert hftsim("import", path, "--symbol", "BTCUSDT", "--out", "S").code == 0
    ended = hftsim("check", "S", "--json")
    assert ended.code == 3
    assert [f["kind"] for f in ended.answer["findings"]] == ["crossed_book"]


def test_check_takes_every_symbol_of_a_store(hftsim, pair, tmp_path):
    (messages, _), _ = pair
    other = messages.with_name(messages.name.replace("TEST", "ELSE"))
    other.write_bytes(messages.read_bytes())
    for path in (messages, other):
        hftsim("import", path, "--out", "S", "-q")
    ended = hftsim("check", "S", "--json")
    assert [run["symbol"] for run in ended.answer["runs"]] == ["ELSE", "TEST"]
    one = hftsim("check", "S", "--symbol", "TEST", "--json")
    assert one.answer["symbol"] == "TEST"


def test_verify_lobster_one_step(hftsim, pair):
    (messages, books), _ = pair
    ended = hftsim("verify", "lobster", messages, books, "--json")
    assert ended.code == 0
    assert ended.answer["compared"] == ended.answer["equal"] > 100
    assert {"gaps", "crossed", "levels"} <= ended.answer.keys()
    lines = books.read_text().splitlines()
    lines[50] = lines[50].replace(lines[50].split(",")[1], "77777", 1)
    books.write_text("\n".join(lines) + "\n")
    changed = hftsim("verify", "lobster", messages, books)
    assert changed.code == 3
    assert "DIFFERENCES" in changed.out


def test_verify_lobster_rebuilds_a_deep_book(hftsim, pair, tmp_path):
    (deep, _), (_, books) = pair
    ended = hftsim("verify", "lobster", deep, books, "--rebuild", "--json")
    assert ended.code == 0
    assert ended.answer["equal"] == ended.answer["compared"]
    refused = hftsim("verify", "lobster", deep, books)
    assert refused.code == 2
    assert "--rebuild" in refused.err
    lines = deep.read_text().splitlines()
    deep.write_text("\n".join(lines[20:]) + "\n")
    below = hftsim("verify", "lobster", deep, books, "--rebuild", "--json")
    assert below.code == 3
    missing = hftsim("verify", "lobster", NAME.format(what="message", levels=9), "--json")
    assert missing.code == 2
    assert "does not exist" in missing.err


def test_verify_lobster_on_real_files(hftsim, test_data):
    folder = test_data / "lobster"
    pair = folder / "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"
    ended = hftsim("verify", "lobster", pair, "--json")
    assert (ended.code, ended.answer["compared"], ended.answer["equal"]) == (0, 118_496, 118_496)
    deep = folder / "AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
    rebuilt = hftsim("verify", "lobster", deep, pair, "--rebuild", "--json")
    assert rebuilt.code == 0
    assert rebuilt.answer["equal"] >= 0.995 * rebuilt.answer["compared"]
