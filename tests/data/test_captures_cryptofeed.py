"""Recordings of cryptofeed as event rows."""

import json
from decimal import Decimal

import numpy as np
import pytest
from venue_feeds import START_NS, kraken_feed, recording_lines, started

from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.captures.cryptofeed import CryptofeedReader
from hftsim.data.captures.kraken_messages import KrakenKind, KrakenParser
from hftsim.data.ticks.importing import ReadingOptions, detect_format


def read(path, **options):
    reader = CryptofeedReader(path, ReadingOptions(**options))
    blocks = list(reader.blocks())
    return reader, {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}


def written(tmp_path, exchange, received, http=()):
    path = tmp_path / "r.jsonl"
    path.write_text(recording_lines(exchange, received, http))
    return path


def of_kraken(tmp_path, feed, **kwargs):
    return written(tmp_path, "KRAKEN", [("ws.1", ns, t) for ns, t in feed.messages], **kwargs)


def final_book(rows, reader):
    book = {1: {}, -1: {}}
    for kind, side, price, qty in zip(
        rows["kind"], rows["side"], rows["price"], rows["qty"], strict=True
    ):
        if kind == EventKind.CLEAR:
            book = {1: {}, -1: {}}
        elif kind == EventKind.DEPTH:
            book[int(side)][int(price)] = int(qty)
    return {s: {p: q for p, q in levels.items() if q} for s, levels in book.items()}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("depth", [10, 25])
@pytest.mark.parametrize("seed", range(3))
def test_rows_make_the_book_that_kraken_shows(tmp_path, version, depth, seed):
    feed = kraken_feed(seed, version=version, depth=depth)
    path = of_kraken(tmp_path, feed)
    assert detect_format(path) == "cryptofeed"
    reader, rows = read(path)
    assert final_book(rows, reader) == feed.seen
    assert (reader.symbol, reader.venue, reader.level) == ("BTCUSD", "kraken", "l2")
    assert (reader.price_unit, reader.qty_unit) == (Decimal("0.1"), Decimal("1e-8"))
    ends = (rows["flags"] & EventFlag.LAST) > 0
    packets = np.split(rows["ts_recv"], np.flatnonzero(ends)[:-1] + 1)
    assert all(len(set(packet.tolist())) == 1 for packet in packets)
    assert (np.diff(rows["ts_recv"]) >= 0).all()


def test_a_snapshot_without_a_time_is_not_received_before_it_happened(tmp_path):
    """It has the latency of the first update, which came long after it."""
    feed = kraken_feed(1, version=2)
    _, rows = read(of_kraken(tmp_path, feed))
    latency = rows["ts_recv"] - rows["ts_event"]
    dated = latency[rows["flags"] & EventFlag.SNAPSHOT == 0]
    assert latency.min() == dated.min() > 0


def test_trades_of_one_message_are_one_packet(tmp_path):
    feed = kraken_feed(5, updates=1)
    _, rows = read(of_kraken(tmp_path, feed))
    trade = json.loads(next(t for _, t in feed.messages if '"trade"' in t))[1][0]
    at = np.flatnonzero(rows["kind"] == EventKind.TRADE)
    assert rows["price"][at].tolist() == [round(float(trade[0]) * 10)] * 2
    assert rows["side"][at].tolist() == [1 if trade[3] == "b" else -1] * 2
    assert [bool(f & EventFlag.LAST) for f in rows["flags"][at]] == [False, True]
    seconds, micros = trade[2].split(".")
    assert rows["ts_event"][at[0]] == int(seconds) * 10**9 + int(micros) * 1000


@pytest.mark.parametrize("version", [1, 2])
def test_a_checksum_that_differs_empties_the_book_until_a_snapshot(tmp_path, version):
    feed = kraken_feed(6, version=version, depth=25)
    books = [i for i, (_, text) in enumerate(feed.messages) if "book" in text]
    del feed.messages[books[3]]
    path = of_kraken(tmp_path, feed)
    reader, rows = read(path)
    assert reader.counts["checksums_that_differ"] == 1
    assert reader.counts["updates_without_snapshot"] > 0
    assert final_book(rows, reader) == {1: {}, -1: {}}
    feed.snapshot()
    for _ in range(10):
        feed.update()
    reader, rows = read(of_kraken(tmp_path, feed))
    assert reader.counts["snapshots"] == 2
    assert final_book(rows, reader) == feed.seen


def test_pairs_are_found_by_either_name(tmp_path):
    one, two = kraken_feed(7, pair="XBT/USD"), kraken_feed(8, pair="ETH/XBT", price_digits=5)
    both = sorted(one.messages + two.messages, key=lambda message: message[0])
    path = written(tmp_path, "KRAKEN", [("ws.1", ns, text) for ns, text in both])
    for name in ("XBTUSD", "BTCUSD"):
        reader, rows = read(path, symbol=name)
        assert reader.symbol == "BTCUSD"
        assert final_book(rows, reader) == one.seen
    assert read(path, symbol="ETHBTC")[0].price_unit == Decimal("1e-5")
    with pytest.raises(DataError, match=r"several instruments \(BTC/USD, ETH/BTC\)"):
        read(path)
    with pytest.raises(DataError, match="holds BTC/USD, ETH/BTC, not DOGEUSD"):
        read(path, symbol="DOGEUSD")


def test_the_venues_steps_are_used_where_levels_lie_on_them(tmp_path):
    feed = kraken_feed(9)
    rules = {"X": {"wsname": "XBT/USD", "pair_decimals": 1, "lot_decimals": 8}}
    http = [(START_NS, "https://x/0/public/AssetPairs", json.dumps({"result": rules}))]
    reader, _ = read(of_kraken(tmp_path, feed, http=http))
    assert (reader.tick_size, reader.lot_size) == (Decimal("0.1"), Decimal("1e-8"))
    rules["X"]["tick_size"] = "1"
    http = [(START_NS, "https://x/0/public/AssetPairs", json.dumps({"result": rules}))]
    reader, _ = read(of_kraken(tmp_path, feed, http=http))
    assert (reader.tick_size, reader.lot_size) == (None, Decimal("1e-8"))


def of_binance(tmp_path, feed):
    """Return a recording: answers of REST first, then each connection by itself."""
    received, http = [], []
    for ns, text in feed.lines:
        if "lastUpdateId" in text:
            url = f"https://api.binance.com/api/v3/depth?symbol={feed.symbol}&limit=1000"
            http.append((ns, url, text))
        else:
            received.append(("quotes" if '"B"' in text else "book", ns, text))
    received.sort(key=lambda each: each[0])
    return written(tmp_path, "BINANCE", received, http)


def test_lines_grouped_by_connection_are_put_in_order(tmp_path):
    feed = started(10)
    for _ in range(40):
        feed.window()
    reader, rows = read(of_binance(tmp_path, feed))
    assert reader.counts["lines_grouped_by_connection"] == 1
    assert (np.diff(rows["ts_recv"]) >= 0).all()
    price, qty = reader.price_unit * 100, reader.qty_unit * 1000
    expected = {
        s: {p / int(price): q / int(qty) for p, q in feed.book.sides[s].items()} for s in (1, -1)
    }
    assert final_book(rows, reader) == expected
    assert reader.counts["snapshots"] == 1


def test_binances_rules_give_tick_and_lot(tmp_path):
    feed = started(11)
    symbol = {
        "symbol": "BTCUSDT",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "stepSize": "0.00100000"},
        ],
    }
    for step, lot in (("0.00100000", Decimal("0.001")), ("1.00000000", None)):
        symbol["filters"][1]["stepSize"] = step
        http = [(START_NS, "https://x/api/v3/exchangeInfo", json.dumps({"symbols": [symbol]}))]
        http += [
            (ns, "https://x/api/v3/depth?symbol=BTCUSDT", text)
            for ns, text in feed.lines
            if "lastUpdateId" in text
        ]
        received = [("ws", ns, text) for ns, text in feed.lines if "lastUpdateId" not in text]
        reader, _ = read(written(tmp_path, "BINANCE", received, http))
        assert (reader.tick_size, reader.lot_size) == (Decimal("0.01"), lot)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"t":"recv","conn":"c","ts":"x","data":"{}"}', "no time ts in seconds"),
        ('{"conn":"c"}', "it has no type t"),
        ('{"t":"recv"', "not whole JSON"),
        ('{"t":"recv","conn":"c","ts":1618678132.5,"data":"[1,"}', "message is not whole JSON"),
        (
            '{"t":"recv","conn":"c","ts":1618678132.5,"data":"[1,[[\\"1\\",\\"2\\",\\"3\\",\\"x\\"]],\\"trade\\",\\"XBT/USD\\"]"}',
            "another form",
        ),
        (
            '{"t":"recv","conn":"c","ts":1618678132.5,"data":"[1,{\\"b\\":[[\\"1\\",\\"2\\"]]},\\"book-10\\",\\"XBT/USD\\"]"}',
            "no field",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, line, told):
    path = of_kraken(tmp_path, kraken_feed(12))
    text = path.read_text()
    path.write_text(text + line + "\n")
    with pytest.raises(DataError, match=told) as caught:
        read(path)
    assert caught.value.row == text.count("\n") + 1


def test_other_exchanges_are_refused(tmp_path):
    path = written(tmp_path, "COINBASE", [])
    with pytest.raises(DataError, match="recording of COINBASE; those of KRAKEN and BINANCE"):
        read(path)


def test_messages_of_both_versions_by_hand():
    parser = KrakenParser()
    spread = '[9,["0.5","0.75","1700000000.250000","3","4.50"],"spread","XBT/USD"]'
    (quote,) = parser.parse(spread)
    assert quote.kind is KrakenKind.QUOTE
    assert quote.texts == ["0.5", "3", "0.75", "4.50"]
    assert quote.ts_event == 1_700_000_000_250_000_000
    book = '{"channel":"book","type":"update","data":[{"symbol":"A/B","bids":[{"price":1e-05,"qty":0}],'
    book += '"asks":[],"checksum":7,"timestamp":"2023-11-14T22:13:20.000001Z"}]}'
    parser.parse('{"method":"subscribe","result":{"channel":"book","depth":25,"symbol":"A/B"}}')
    (update,) = parser.parse(book)
    assert update.texts == ["0.00001", "0"]
    assert (update.depth, update.checksum) == (25, 7)
    assert update.ts_event == 1_700_000_000_000_001_000
    assert parser.parse('{"event":"heartbeat"}') == []
    assert parser.counts == {"other_messages": 1, "heartbeat_messages": 1}


def test_real_recordings(test_data):
    kraken = test_data / "ws_recordings" / "KRAKEN.jsonl.zst"
    reader, rows = read(kraken, symbol="SCEUR")
    assert (reader.symbol, reader.tick_size, len(rows["row"])) == ("SCEUR", Decimal("1e-5"), 2264)
    binance = test_data / "ws_recordings" / "BINANCE.jsonl.zst"
    reader, rows = read(binance, symbol="NKNUSDT")
    assert reader.counts["snapshots"] == 1
    assert reader.counts["gaps"] == 0
    assert (rows["kind"] == EventKind.QUOTE).sum() == 148
