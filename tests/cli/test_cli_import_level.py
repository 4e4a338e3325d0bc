"""`hftsim import --level`: what a format holds several of, or what it cannot be."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "data"))

from lobster_files import PlainMarket
from venue_feeds import BinanceFeed, kraken_feed, recording_lines

QUOTER = """
from hftsim import Strategy, every


class Buyer(Strategy):
    wake = every("500ms")

    def on_wake(self, ctx):
        if ctx.ready and ctx.position < 3:
            ctx.buy(ctx.best_ask, 1)
"""


def without_a_snapshot(folder):
    """Return a capture of which the book cannot be known."""
    feed = BinanceFeed(4, "usdm", "ETHUSDT")
    for _ in range(100):
        feed.window()
    return feed.write(folder / "capture.gz")


def test_quotes_and_trades_alone_are_imported_checked_and_run(hftsim, tmp_path):
    path = without_a_snapshot(tmp_path)
    refused = hftsim("import", path, "--out", "S")
    assert refused.code == 2
    assert "--level l1" in refused.err
    assert not (tmp_path / "S").exists()
    done = hftsim("import", path, "--out", "S", "--level", "l1", "--fix-order", "--json")
    assert done.code == 0, done.err
    assert done.answer["level"] == "l1"
    assert set(done.answer["counts"]) == {"QUOTE", "TRADE"}
    assert done.answer["noted"]["depth_messages_left_out"] == 100
    assert hftsim("check", "S", "--json").answer["clean"] is True
    (tmp_path / "buyer.py").write_text(QUOTER)
    base = ("backtest", "--data", "S", "--strategy", "buyer.py", "--out", "run", "--json")
    runs = [hftsim(*base, "--mode", mode) for mode in ("native", "python")]
    assert [run.code for run in runs] == [0, 0], runs[0].err + runs[1].err
    assert runs[0].answer["run_hash"] == runs[1].answer["run_hash"]
    assert runs[0].answer["fills"] == 3


def test_quotes_and_trades_alone_of_a_recording_of_kraken(hftsim, tmp_path):
    feed = kraken_feed(3)
    feed.messages = feed.messages[1:]
    path = tmp_path / "r.jsonl"
    path.write_text(recording_lines("KRAKEN", [("ws.1", ns, text) for ns, text in feed.messages]))
    refused = hftsim("import", path, "--out", "S")
    assert refused.code == 2
    assert "--level l1" in refused.err
    done = hftsim("import", path, "--out", "S", "--level", "l1", "--json")
    assert done.code == 0, done.err
    assert done.answer["counts"] == {"TRADE": done.answer["rows"]}
    orders = hftsim("import", path, "--out", "S", "--level", "l3")
    assert orders.code == 2
    assert "Kraken sends levels, no orders" in orders.err


@pytest.mark.parametrize("level", ["l1", "l2", "L3"])
def test_a_level_that_a_file_cannot_give_is_refused(hftsim, tmp_path, level):
    messages, _ = PlainMarket(5).run(50).write(tmp_path / "deep", 30)
    ended = hftsim("import", messages, "--out", "S", "--level", level)
    assert ended.code == 2
    words = "known: l1, l2, l3" if level == "L3" else f"is read as l3: leave out --level {level}"
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "S").exists()
