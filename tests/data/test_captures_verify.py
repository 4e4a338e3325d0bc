"""The proof of a capture against itself: what it finds, and what it must not overlook."""

import json

import pytest
from venue_feeds import BinanceFeed, kraken_feed, recording_lines, started

from hftsim.core.errors import DataError
from hftsim.data.captures.verify import verify_binance, verify_kraken

MARKETS = {"spot": "BTCUSDT", "usdm": "ETHUSDT", "coinm": "BTCUSD_PERP"}


def feed_of(seed, windows=60, market="spot", **kwargs):
    feed = started(seed, market, MARKETS[market], **kwargs)
    for _ in range(windows):
        feed.window()
    return feed


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("seed", range(4))
def test_an_honest_capture_agrees_everywhere(tmp_path, market, seed):
    feed = feed_of(seed, market=market, late=seed)
    found = verify_binance(feed.write(tmp_path / "c.gz"))
    # All windows but the first, which the snapshot holds; tickers begin with the first new best.
    numbers = [json.loads(text) for _, text in feed.lines]
    updates = [n["data"]["u"] for n in numbers if n.get("data", {}).get("e") == "depthUpdate"]
    first = min(n["data"]["u"] for n in numbers if "B" in n.get("data", {}))
    assert found["updates"] == len(updates) - 1
    assert found["compared"] == found["equal"] == sum(u >= first for u in updates[1:])
    assert (found["gaps"], found["crossed"], found["stale"]) == (0, 0, 1)
    assert found["symbols"] == [MARKETS[market]]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def altered(feed, change, which):
    """Change the content of the message `which` counts to, among those with `key`."""
    key, at = which
    places = [i for i, (_, text) in enumerate(feed.lines) if key in text]
    ns, text = feed.lines[places[at]]
    content = json.loads(text)
    change(content["data"])
    feed.lines[places[at]] = (ns, json.dumps(content))


@pytest.mark.parametrize("field", ["b", "B", "a", "A"])
def test_one_wrong_ticker_is_found(tmp_path, field):
    feed = BinanceFeed(3, "usdm", "ETHUSDT")
    feed.put(None, feed.snapshot())
    for _ in range(40):
        feed.window(1)
    feed.flush()
    wrong = {"b": "1.00", "B": "77.777", "a": "999.00", "A": "77.777"}[field]
    altered(feed, lambda data: data.update({field: wrong}), ('"B"', 3))
    found = verify_binance(feed.write(tmp_path / "c.gz"))
    assert found["equal"] < found["compared"]
    example = found["examples"][0]
    name = {"b": "bid_price", "B": "bid_qty", "a": "ask_price", "A": "ask_qty"}[field]
    assert example["ticker"][name] == wrong
    assert [n for n in example["book"] if example["book"][n] != example["ticker"][n]] == [name]


def test_a_wrong_level_is_found(tmp_path):
    feed = feed_of(4)
    bid = feed.price(max(feed.book.sides[1]) + 1_000_000)
    altered(feed, lambda data: data["b"].append([bid, "1.000"]), ('"depthUpdate"', 20))
    feed.window()
    found = verify_binance(feed.write(tmp_path / "c.gz"))
    assert found["crossed"] > 0
    assert found["equal"] < found["compared"]


def test_a_level_set_aside_by_a_newer_one_is_still_compared(tmp_path):
    """A bid that stays above the asks is the best bid, whatever was said later."""
    feed = BinanceFeed(4)
    feed.put(None, feed.snapshot())
    for _ in range(30):
        feed.window()
    wrong = feed.price(max(feed.book.sides[1]) + 1_000_000)
    altered(feed, lambda data: data["b"].append([wrong, "1.000"]), ('"depthUpdate"', 20))
    found = verify_binance(feed.write(tmp_path / "c.gz"))
    assert found["crossed"] == 10
    assert found["compared"] - found["equal"] + found["undecided"] == 10


def test_points_before_a_late_snapshot_are_compared_however_many_tickers_came(tmp_path):
    feed = BinanceFeed(6)
    snapshot = feed.snapshot()
    for _ in range(12):
        feed.window()
    timely = BinanceFeed(6)
    timely.lines = [(feed.now, json.dumps(snapshot)), *feed.lines]
    before = verify_binance(timely.write(tmp_path / "timely.gz"))
    for _ in range(40_000):
        feed.put("bookTicker", feed.ticker())
    feed.put(None, snapshot)
    after = verify_binance(feed.write(tmp_path / "late.gz"))
    assert after["compared"] == before["compared"] > 5
    assert after["equal"] == after["compared"]


def test_what_the_last_ticker_may_not_have_shown_yet_is_undecided(tmp_path):
    feed = feed_of(5)
    before = verify_binance(feed.write(tmp_path / "c.gz"))
    last = max(i for i, (_, text) in enumerate(feed.lines) if '"B"' in text)
    while any('"depthUpdate"' in text for _, text in feed.lines[last:]) is False:
        feed.window()
        last = max(i for i, (_, text) in enumerate(feed.lines) if '"B"' in text)
    feed.lines = [
        line for i, line in enumerate(feed.lines) if i < last - 40 or '"B"' not in line[1]
    ]
    after = verify_binance(feed.write(tmp_path / "c.gz"))
    assert before["undecided"] == 0
    assert after["undecided"] > 0
    assert after["equal"] == after["compared"]


def test_gaps_are_counted_and_what_follows_is_compared_from_the_next_snapshot(tmp_path):
    feed = feed_of(6)
    whole = verify_binance(feed.write(tmp_path / "c.gz"))
    place = [i for i, (_, text) in enumerate(feed.lines) if '"depthUpdate"' in text][30]
    del feed.lines[place]
    feed.put(None, feed.snapshot())
    for _ in range(20):
        feed.window()
    found = verify_binance(feed.write(tmp_path / "c.gz"))
    assert found["gaps"] == 1
    assert found["snapshots"] == 2
    assert found["equal"] == found["compared"] < whole["compared"]


def test_a_capture_without_snapshot_is_one_gap_and_one_without_book_is_refused(tmp_path):
    feed = BinanceFeed(7)
    for _ in range(5):
        feed.window()
    found = verify_binance(feed.write(tmp_path / "c.gz"))
    assert (found["compared"], found["gaps"], found["updates"]) == (0, 1, 0)
    assert found["instruments"]["BTCUSDT"]["updates_without_snapshot"] == 5
    feed.lines = [line for line in feed.lines if "depth" not in line[1]]
    with pytest.raises(DataError, match="nothing to verify"):
        verify_binance(feed.write(tmp_path / "c.gz"))


def test_every_instrument_of_a_capture_is_verified(tmp_path):
    feeds = [feed_of(8), started(9, "spot", "ETHUSDT", price_digits=4)]
    for _ in range(30):
        feeds[1].window()
    lines = sorted(line for feed in feeds for line in feed.lines)
    path = tmp_path / "c.txt"
    path.write_text("".join(f"{ns} {text}\n" for ns, text in lines))
    found = verify_binance(path)
    alone = [verify_binance(feed.write(tmp_path / "c.gz")) for feed in feeds]
    assert found["compared"] == found["equal"] == sum(each["compared"] for each in alone)
    assert sorted(found["instruments"]) == ["BTCUSDT", "ETHUSDT"]


def test_progress_is_told(tmp_path):
    told = []
    path = feed_of(10).write(tmp_path / "c.gz")
    verify_binance(path, lambda done, total, note="": told.append((done, total)))
    assert told[-1] == (path.stat().st_size,) * 2


@pytest.mark.parametrize(
    ("name", "updates"),
    [("spot_btcusdt", 3449), ("usdm_btcusdt", 6547), ("cm_btcusd_perp", 26824)],
)
def test_real_binance_captures_agree_everywhere(test_data, name, updates):
    found = verify_binance(test_data / "binance_ticks" / f"{name}_20240808.gz")
    assert found["compared"] == found["equal"] == updates
    assert (found["gaps"], found["crossed"], found["undecided"]) == (0, 0, 0)


def recorded(tmp_path, feed, exchange="KRAKEN"):
    path = tmp_path / "r.jsonl"
    received = [("ws.1", ns, text) for ns, text in feed.messages]
    path.write_text(recording_lines(exchange, received))
    return path


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("depth", [10, 25, 100])
def test_krakens_checksums_agree(tmp_path, version, depth):
    feed = kraken_feed(1, version=version, depth=depth)
    found = verify_kraken(recorded(tmp_path, feed))
    sent = sum('"c"' in text or "checksum" in text for _, text in feed.messages)
    assert found["compared"] == found["equal"] == sent > 20
    assert (found["gaps"], found["crossed"], found["snapshots"]) == (0, 0, 1)


@pytest.mark.parametrize("version", [1, 2])
def test_a_lost_message_of_kraken_shows_in_the_checksums(tmp_path, version):
    feed = kraken_feed(2, version=version, depth=10)
    books = [i for i, (_, text) in enumerate(feed.messages) if "book" in text]
    del feed.messages[books[5]]
    found = verify_kraken(recorded(tmp_path, feed))
    assert found["equal"] < found["compared"]
    example = found["examples"][0]
    assert example["symbol"] == "BTC/USD"
    assert example["book"] != example["venue"]


def test_updates_of_kraken_without_a_snapshot_are_gaps(tmp_path):
    feed = kraken_feed(3)
    del feed.messages[0]
    found = verify_kraken(recorded(tmp_path, feed))
    assert found["compared"] == 0
    assert found["gaps"] == sum('"book-10"' in text for _, text in feed.messages)


def test_recordings_of_others_are_refused(tmp_path):
    feed = kraken_feed(4)
    with pytest.raises(DataError, match="recording of COINBASE, not of KRAKEN"):
        verify_kraken(recorded(tmp_path, feed, "COINBASE"))
    with pytest.raises(DataError, match="recording of KRAKEN, not of BINANCE"):
        verify_binance(recorded(tmp_path, feed))
    feed.messages = [(ns, text) for ns, text in feed.messages if "trade" in text]
    with pytest.raises(DataError, match="nothing to verify"):
        verify_kraken(recorded(tmp_path, feed))
    capture = feed_of(11).write(tmp_path / "c.gz")
    with pytest.raises(DataError, match="does not begin with a header of cryptofeed"):
        verify_kraken(capture)


def test_the_real_kraken_recording_agrees_everywhere(test_data):
    found = verify_kraken(test_data / "ws_recordings" / "KRAKEN.jsonl.zst")
    assert found["compared"] == found["equal"] == 4269
    assert (found["gaps"], found["crossed"], found["snapshots"]) == (0, 0, 10)
