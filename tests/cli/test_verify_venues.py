"""`hftsim verify binance|kraken` and `hftsim import` of captures, as a user types them."""

import json

import pytest
from venue_feeds import BinanceFeed, kraken_feed, recording_lines, started

from hftsim.cli import main


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([str(a) for a in arguments])
        return code, capsys.readouterr()

    return call


@pytest.fixture
def capture(tmp_path):
    feed = started(1, "usdm", "BTCUSDT")
    for _ in range(40):
        feed.window()
    return feed.write(tmp_path / "capture.gz")


def test_a_capture_that_agrees_ends_with_0(run, capture):
    code, told = run("verify", "binance", capture, "--json")
    found = json.loads(told.out)
    assert code == 0
    assert found["compared"] == found["equal"] > 30
    assert (found["gaps"], found["crossed"]) == (0, 0)


def test_a_capture_with_a_gap_ends_with_3(run, tmp_path):
    feed = started(2)
    for _ in range(20):
        feed.window()
    at = [i for i, (_, text) in enumerate(feed.lines) if "depthUpdate" in text][10]
    del feed.lines[at]
    code, told = run("verify", "binance", feed.write(tmp_path / "c.gz"), "--json")
    assert code == 3
    assert json.loads(told.out)["gaps"] == 1


@pytest.mark.parametrize(("lose", "code"), [(False, 0), (True, 3)])
def test_kraken(run, tmp_path, lose, code):
    feed = kraken_feed(2, version=2, depth=10)
    if lose:
        books = [i for i, (_, text) in enumerate(feed.messages) if "book" in text]
        del feed.messages[books[5]]
    path = tmp_path / "r.jsonl"
    path.write_text(recording_lines("KRAKEN", [("ws.1", ns, t) for ns, t in feed.messages]))
    found, told = run("verify", "kraken", path, "--json")
    assert found == code
    answer = json.loads(told.out)
    assert (answer["equal"] == answer["compared"]) is not lose


@pytest.mark.parametrize("venue", ["binance", "kraken"])
def test_what_is_no_recording_ends_with_2_and_one_sentence(run, tmp_path, venue):
    path = tmp_path / "c.txt"
    path.write_text("hello\n")
    code, told = run("verify", venue, path, "--json")
    assert code == 2
    assert str(path) in json.loads(told.out)["error"]
    assert "Traceback" not in told.err


def test_a_capture_becomes_a_store(run, capture, tmp_path):
    store = tmp_path / "store"
    code, told = run(
        "import", capture, "--format", "binance", "--out", store, "--json", "--fix-order"
    )
    found = json.loads(told.out)
    assert code == 0
    assert found["rows"] > 300
    assert (store / "BTCUSDT").is_dir()


def test_a_capture_without_a_snapshot_is_refused_in_one_sentence(run, tmp_path):
    feed = BinanceFeed(3)
    for _ in range(5):
        feed.window()
    path = feed.write(tmp_path / "c.gz")
    code, told = run("import", path, "--format", "binance", "--out", tmp_path / "store")
    assert code == 2
    assert "no snapshot" in " ".join(told.err.split())
