"""check --facts: the stylised facts of a store, beside another's, as numbers and as a picture."""

import json
from pathlib import Path

import matplotlib.image
import pytest

from hftsim.cli.facts import _SHOWN

START = 1_723_075_200_000_000_000


def make(hftsim, out, *more, kind="l2", rows=6000):
    asked = ("create-sample-data", "--kind", kind, "--rows", rows, "--out", out, "-q", *more)
    ended = hftsim(*asked)
    assert ended.code == 0, ended.err


def flat(text):
    return " ".join(text.split())


def test_facts_of_a_store_beside_a_crowd_fitted_to_it(hftsim, tmp_path):
    make(hftsim, "real", "--flow", "poisson")
    make(hftsim, "like", "--like", "real", "--agents", "none", "--seed", 3)
    ended = hftsim(
        "check", "real", "--facts", "--beside", "like", "--picture", "f.png", "--out", "o", "--json"
    )
    assert ended.code == 0, ended.err
    answer = ended.answer
    assert {"rows", "findings", "clean", "picture", "out"} <= answer.keys()
    assert set(answer["facts"]) == set(answer["facts_beside"])
    assert answer["facts"]["spread.mean"] >= 1
    assert answer["facts"] != answer["facts_beside"]
    nulls = {
        f"{a}.{b}" for a in ("facts", "facts_beside") for b, v in answer[a].items() if v is None
    }
    assert nulls == set(answer["reasons"])
    assert answer["facts_picture"] == str(tmp_path / "f.png")
    assert matplotlib.image.imread("f.png").std() > 0.02
    assert "spread, mean ticks" in flat(ended.err)
    assert "beside: like" in ended.err
    kept = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert kept["facts"] == answer["facts"]


def test_they_are_those_of_sample_data(hftsim):
    asked = (
        "create-sample-data",
        "--kind",
        "l3",
        "--rows",
        3000,
        "--out",
        "S",
        "--facts",
        "--json",
    )
    made = hftsim(*asked).answer
    assert hftsim("check", "S", "--facts", "--json").answer["facts"] == made["facts"]


def test_without_a_place_the_picture_is_in_the_folder(hftsim, tmp_path):
    make(hftsim, "S", rows=2000)
    answer = hftsim("check", "S", "--facts", "--out", "o", "--json").answer
    assert answer["facts_picture"] == str(tmp_path / "o" / "S-SIMUSDT-facts.png")
    assert (tmp_path / "o" / "S-SIMUSDT-facts.png").is_file()
    day = hftsim("check", "S/SIMUSDT/2024-01-01.arrow", "--facts", "--json").answer
    assert day["facts"] == answer["facts"]
    assert "facts" not in hftsim("check", "S", "--json").answer


def test_a_store_of_several_symbols(hftsim, tmp_path):
    make(hftsim, "S", "--symbol", "AAAUSDT", rows=2000)
    make(hftsim, "R", "--symbol", "BBBUSDT", "--seed", 2, rows=2000)
    (tmp_path / "R" / "BBBUSDT").rename(tmp_path / "S" / "BBBUSDT")
    both = hftsim("check", "S", "--facts", "--beside", "S/BBBUSDT", "--json")
    assert both.code == 0, both.err
    assert [run["symbol"] for run in both.answer["runs"]] == ["AAAUSDT", "BBBUSDT"]
    for run in both.answer["runs"]:
        assert run["facts_beside"] == both.answer["runs"][1]["facts"]
    refused = hftsim("check", "S", "--facts", "--picture", "f.png")
    assert refused.code == 2
    assert "the store holds AAAUSDT, BBBUSDT: add --symbol" in refused.err
    make(hftsim, "T", "--symbol", "CCCUSDT", rows=2000)
    unclear = hftsim("check", "T", "--facts", "--beside", "S")
    assert unclear.code == 2
    assert "of which symbol? It holds AAAUSDT, BBBUSDT" in unclear.err


def test_a_market_without_trades_says_so(hftsim, tmp_path):
    rows = [
        f"{START + k * 10**8},{side},{price},{1 + k % 7}"
        for k in range(60)
        for side, price in (("bid", 100), ("ask", 101 + k % 3))
    ]
    (tmp_path / "a.csv").write_text("time,side,price,qty\n" + "\n".join(rows) + "\n")
    assert hftsim("import", "a.csv", "--symbol", "BTCUSDT", "--out", "S").code == 0
    ended = hftsim("check", "S", "--facts", "--picture", "f.svg", "--json")
    assert ended.answer["facts"]["trades"] == 0
    assert ended.answer["facts"]["sign_acf.1"] is None
    assert "facts.sign_acf.1" in ended.answer["reasons"]
    assert (tmp_path / "f.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bars.csv", "--facts"], "bars.csv: is no store of ticks"),
        (["S", "--facts", "--beside", "bars.csv"], "bars.csv: is no store of ticks"),
        (["S", "--facts", "--beside", "none"], "none: does not exist"),
        (["S", "--beside", "S"], "--beside belongs to the stylised facts: add --facts"),
        (["S", "--picture", "a.png"], "--picture belongs to the stylised facts: add --facts"),
        (["S", "--facts", "--picture", "a.txt"], "must end in one of .png, .svg, .pdf"),
        (["S", "--facts"], "S: 4 events of order flow are too few for stylised facts"),
    ],
)
def test_what_has_no_facts_is_refused_in_one_sentence(hftsim, tmp_path, arguments, said):
    hftsim("create-sample-data", "--rows", 100, "--out", "bars.csv", "-q")
    rows = "".join(f"{START + k},bid,{100 + k},1\n" for k in range(4))
    (tmp_path / "a.csv").write_text("time,side,price,qty\n" + rows)
    assert hftsim("import", "a.csv", "--symbol", "BTCUSDT", "--out", "S", "-q").code == 0
    before = sorted(p.name for p in tmp_path.iterdir())
    ended = hftsim("check", *arguments, "--out", "o")
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.slow
def test_the_page_tells_what_the_commands_print(hftsim, test_data):
    capture = test_data / "binance_ticks" / "usdm_btcusdt_20240808.gz"
    fixed = ("--fix-clock", "--fix-order", "--symbol", "BTCUSDT", "--out", "STORE", "-q")
    assert hftsim("import", capture, "--format", "binance", *fixed).code == 0
    make(hftsim, "crowd", "--like", "STORE", "--seed", 0, rows=500_000)
    answer = hftsim("check", "STORE", "--facts", "--beside", "crowd", "--json").answer
    page = Path(__file__).parents[2] / "docs" / "models" / "crowd.md"
    table = page.read_text(encoding="utf-8").split("| fact | crowd | BTCUSDT |")[1].split("\n\n")[0]
    names, rows = {words: key for key, words in _SHOWN.items()}, table.strip().splitlines()[1:]
    assert len(rows) == 12
    for row in rows:
        words, crowd, recorded = (
            cell.strip().replace(",", "") for cell in row.strip("| ").split("|")
        )
        key = next(key for told, key in names.items() if told.replace(",", "") == words)
        assert answer["facts"][key] == pytest.approx(float(recorded), rel=1e-3), words
        assert answer["facts_beside"][key] == pytest.approx(float(crowd), rel=0.02), words
