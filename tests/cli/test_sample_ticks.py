"""create-sample-data of ticks: files and stores that a backtest runs on, labelled everywhere."""

import json

import pytest

STRATEGY = """
from hftsim.strategies import GTX, Strategy, every


class Quoter(Strategy):
    wake = every("1s")

    def on_wake(self, ctx):
        ctx.cancel_all()
        ctx.buy(ctx.best_bid, 1, GTX)
        if ctx.position > 0:
            ctx.sell(ctx.best_ask, 1, GTX)
"""


def make(hftsim, kind, out, *more, rows=3000):
    ended = hftsim(
        "create-sample-data", "--kind", kind, "--rows", rows, "--out", out, *more, "--json"
    )
    assert ended.code == 0, ended.err
    return ended.answer


@pytest.mark.parametrize("kind", ["l2", "l3"])
def test_a_backtest_runs_on_what_was_made(hftsim, tmp_path, kind):
    made = make(hftsim, kind, f"{kind}.arrow", "--seed", 4)
    assert (made["rows"], made["kind"], made["simulated"]) == (3000, kind, True)
    assert made["path"] == str(tmp_path / f"{kind}.arrow")
    (tmp_path / "quoter.py").write_text(STRATEGY)
    ended = hftsim(
        "backtest", "--data", made["path"], "--strategy", "quoter.py", "--out", "run", "--json"
    )
    assert ended.code == 0, ended.err
    assert ended.answer["simulated"] is True
    assert "simulated" in ended.err
    assert ended.answer["fills"] > 0


def test_file_store_and_seed(hftsim, tmp_path):
    one = make(hftsim, "l2", "a.arrow")
    store = make(hftsim, "l2", "STORE")
    other = make(hftsim, "l2", "b.arrow", "--seed", 1)
    assert one["sha256"] == store["sha256"] != other["sha256"]
    assert [p.name for p in (tmp_path / "STORE" / "SIMUSDT").iterdir()] == ["2024-01-01.arrow"]
    again = hftsim("create-sample-data", "--kind", "l2", "--out", "STORE")
    assert again.code == 2
    assert "is there already" in again.err


def test_a_long_store_has_a_file_for_each_day(hftsim, tmp_path):
    start = ["--start", "2024-01-01T23:59:00", "--flow", "poisson", "--agents", "none"]
    make(hftsim, "l3", "S", *start, "--symbol", "abc-usdt", rows=9000)
    names = sorted(p.name for p in (tmp_path / "S" / "ABCUSDT").iterdir())
    assert names == ["2024-01-01.arrow", "2024-01-02.arrow"]


def test_tables_are_labelled_and_readable(hftsim, tmp_path):
    made = make(hftsim, "trades", "t.csv", rows=400)
    text = (tmp_path / "t.csv").read_text()
    assert "# simulated: true" in text
    assert made["rows"] == 400
    bars = hftsim("check", "t.csv", "--interval", "1m", "--json", "--out", "c")
    assert bars.code in (0, 3)
    levels = make(hftsim, "l2", "l.csv", "--agents", "none", rows=500)
    imported = hftsim(
        *("import", "l.csv", "--format", "csv", "--symbol", "SIMUSDT", "--out", "T", "--json")
    )
    assert imported.code == 0, imported.err
    assert imported.answer["rows"] == levels["rows"]
    assert make(hftsim, "l3", "o.parquet", rows=300)["rows"] == 300


def test_fitted_to_ticks_with_facts_beside(hftsim):
    make(hftsim, "l3", "real.arrow", "--flow", "poisson", rows=8000)
    made = make(hftsim, "l3", "like.arrow", "--like", "real.arrow", "--facts", rows=8000)
    facts, real = made["facts"], made["facts_like"]
    assert set(facts) == set(real)
    assert facts["events"] > 7000
    assert facts["spread.mean"] >= 1
    assert json.dumps(facts)


def test_rows_that_are_all_the_first_book_are_told(hftsim):
    asked = ("create-sample-data", "--kind", "l2", "--rows", 3, "--out")
    assert "ask for more --rows" in hftsim(*asked, "few.arrow").err
    refused = hftsim(*asked, "none.arrow", "--facts")
    assert refused.code == 2
    assert "--facts: all 3 rows are the book" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "l5"], "known: bars, l2, l3, trades"),
        (["--kind", "l2", "--flow", "hawk"], "did you mean 'hawkes'"),
        (["--kind", "l2", "--agents", "maker"], "did you mean 'makers'"),
        (["--kind", "l2", "--out", "a.csv", "--facts"], "--facts needs the order book"),
        (["--kind", "l2", "--start", "soon"], "no time"),
        (["--kind", "bars", "--facts"], "--facts is for ticks"),
    ],
)
def test_what_cannot_be_made_is_refused(hftsim, tmp_path, arguments, said):
    ended = hftsim("create-sample-data", "--rows", 10, *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []
