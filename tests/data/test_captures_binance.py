"""Raw Binance captures as event rows: the venue's rule, what is told, what is refused."""

import gzip
import json
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from venue_feeds import START_NS, BinanceFeed, started

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.captures.binance import BinanceReader, contract_value
from hftsim.data.ticks.importing import ReadingOptions, detect_format

MARKETS = {"spot": "BTCUSDT", "usdm": "ETHUSDT", "coinm": "BTCUSD_PERP"}
COLUMNS = {
    "ts_event": "i8",
    "ts_recv": "i8",
    "price": "i8",
    "qty": "i8",
    "kind": "u1",
    "side": "i1",
    "flags": "u1",
    "row": "i8",
}


def read(path, **options):
    """Return (reader, all of its rows as one table)."""
    reader = BinanceReader(path, ReadingOptions(**options))
    blocks = list(reader.blocks())
    for block in blocks:
        assert {name: column.dtype for name, column in block.items()} == COLUMNS
        assert len({len(column) for column in block.values()}) == 1
    return reader, {name: np.concatenate([b[name] for b in blocks]) for name in COLUMNS}


def final_book(rows, reader):
    """Return the book that the rows make, {side: {price: qty}} in exact numbers of the venue."""
    book = {1: {}, -1: {}}
    for kind, side, price, qty in zip(
        rows["kind"], rows["side"], rows["price"], rows["qty"], strict=True
    ):
        if kind == EventKind.CLEAR:
            book = {1: {}, -1: {}}
        elif kind == EventKind.DEPTH:
            book[int(side)][int(price) * reader.price_unit] = int(qty) * reader.qty_unit
    return {s: {p: q for p, q in levels.items() if q} for s, levels in book.items()}


def true_book(feed):
    price, qty = (Decimal(1).scaleb(-d) for d in (feed.price_digits, feed.qty_digits))
    return {s: {p * price: q * qty for p, q in feed.book.sides[s].items()} for s in (1, -1)}


def rows_of(rows, kind):
    return [
        {name: int(rows[name][i]) for name in COLUMNS} for i in np.flatnonzero(rows["kind"] == kind)
    ]


@pytest.mark.parametrize(("market", "symbol"), MARKETS.items())
@pytest.mark.parametrize("seed", range(3))
def test_rows_make_the_true_book(tmp_path, market, symbol, seed):
    feed = started(seed, market, symbol, late=seed)
    for _ in range(60):
        feed.window()
    reader, rows = read(feed.write(tmp_path / "c.gz"))
    assert final_book(rows, reader) == true_book(feed)
    assert (reader.symbol, reader.level, reader.venue) == (symbol, "l2", "binance")
    assert reader.counts["snapshots"] == 1
    assert reader.counts["gaps"] == 0
    texts = feed.text()
    kinds = Counter(rows["kind"].tolist())
    assert kinds[EventKind.TRADE] == texts.count('"e":"trade"')
    assert kinds[EventKind.QUOTE] == 2 * texts.count('"B":')


def test_the_kind_and_worth_of_what_is_traded(tmp_path):
    for market, symbol, kind, notes in (
        ("spot", "BTCUSDT", InstrumentKind.SPOT, {}),
        ("usdm", "BTCUSDT", InstrumentKind.PERPETUAL, {}),
        ("usdm", "BTCUSDT_240628", InstrumentKind.FUTURE, {}),
        ("coinm", "BTCUSD_PERP", InstrumentKind.PERPETUAL, "100"),
        ("coinm", "ETHUSD_240628", InstrumentKind.FUTURE, "10"),
    ):
        reader, _ = read(started(1, market, symbol).write(tmp_path / "c.gz"))
        assert reader.kind is kind
        worth = {"inverse": True, "contract_value": notes, "contract_currency": "USD"}
        assert reader.notes == (worth if notes else {})
    feed = started(2)
    for _ in range(20):
        feed.window()
    assert "latest exchange time" in read(feed.write(tmp_path / "c.gz"))[0].notes["quote_times"]
    assert contract_value("BTCUSD_PERP") == 100
    assert contract_value("ADAUSD_PERP") == 10


def test_a_late_snapshot_is_followed_by_the_updates_it_lacks(tmp_path):
    feed = started(4, late=3)
    feed.window()
    reader, rows = read(feed.write(tmp_path / "c.gz"))
    snapshot = next(i for i, (_, t) in enumerate(feed.lines) if "lastUpdateId" in t)
    arrived = feed.lines[snapshot][0]
    first = int(np.flatnonzero(rows["kind"] == EventKind.CLEAR)[0])
    assert not (rows["kind"][:first] == EventKind.DEPTH).any()
    assert reader.counts["updates_known_from_snapshots"] == 1
    assert reader.counts["updates_before_their_snapshot"] == 4
    flags = rows["flags"][first:]
    in_snapshot = (flags & EventFlag.SNAPSHOT) > 0
    levels = sum(len(json.loads(feed.lines[snapshot][1])[side]) for side in ("bids", "asks"))
    assert in_snapshot.sum() == in_snapshot[: levels + 1].sum() == levels + 1
    last = np.flatnonzero((flags & EventFlag.LAST) > 0)[0]
    assert last == levels
    depth = rows["kind"] == EventKind.DEPTH
    assert rows["ts_recv"][depth].min() == arrived
    assert (np.diff(rows["ts_recv"]) >= 0).all()
    # A snapshot of spot has no time: it is that of the update into which it falls.
    update = json.loads([t for _, t in feed.lines if "depthUpdate" in t][1])["data"]
    assert rows["ts_event"][first] == update["E"] * 1_000_000


def test_rows_of_a_packet_are_marked(tmp_path):
    feed = started(5, "usdm", "BTCUSDT")
    _, rows = read(feed.write(tmp_path / "c.gz"))
    ends = (rows["flags"] & EventFlag.LAST) > 0
    assert ends[-1]
    starts = np.flatnonzero(np.concatenate([[True], ends[:-1]]))
    for name in ("ts_recv", "ts_event", "row"):
        column = rows[name]
        assert all(len(set(part.tolist())) == 1 for part in np.split(column, starts[1:])), name
    quotes = rows_of(rows, EventKind.QUOTE)
    assert [q["side"] for q in quotes] == [1, -1] * (len(quotes) // 2)


def test_tickers_before_any_exchange_time_have_the_latency_of_the_first(tmp_path):
    ticker = {"u": 7, "s": "BTCUSDT", "b": "10.00", "B": "1", "a": "10.01", "A": "2"}
    trade = {"e": "trade", "E": 1_700_000_001_000, "s": "BTCUSDT", "t": 1, "p": "10.00"}
    trade |= {"q": "1", "T": 1_700_000_001_000, "m": True, "M": True}
    at = 1_700_000_000_000_000_000
    lines = [(at, ticker), (at + 1_002_000_000, trade), (at + 1_003_000_000, ticker)]
    path = tmp_path / "c.txt"

    def times(part):
        path.write_text("".join(f"{ns} {json.dumps(content)}\n" for ns, content in part))
        _, rows = read(path)
        return [
            t
            for t, kind in zip(rows["ts_event"], rows["kind"], strict=True)
            if kind == EventKind.QUOTE
        ]

    assert times(lines) == [at - 2_000_000, at - 2_000_000] + [at + 1_000_000_000] * 2
    assert times(lines[:1]) == [at] * 2  # where nothing has a time, that of receipt stands


def test_trades_carry_the_aggressors_side(tmp_path):
    feed = started(6)
    _, rows = read(feed.write(tmp_path / "c.gz"))
    sent = [json.loads(t)["data"] for _, t in feed.lines if '"e":"trade"' in t]
    trades = rows_of(rows, EventKind.TRADE)
    assert [t["side"] for t in trades] == [-1 if s["m"] else 1 for s in sent]
    assert [t["ts_event"] for t in trades] == [s["T"] * 1_000_000 for s in sent]


@pytest.mark.parametrize(("market", "symbol"), MARKETS.items())
def test_a_gap_empties_the_book_until_the_next_snapshot(tmp_path, market, symbol):
    feed = started(7, market, symbol)
    for _ in range(10):
        feed.window()
    kept = len(feed.lines)
    feed.window()
    lost = [i for i in range(kept, len(feed.lines)) if "depthUpdate" in feed.lines[i][1]]
    del feed.lines[lost[0]]
    for _ in range(3):
        feed.window()
    taken = feed.snapshot()
    for _ in range(2):
        feed.window()
    feed.put(None, taken)
    for _ in range(5):
        feed.window()
    reader, rows = read(feed.write(tmp_path / "c.gz"))
    assert reader.counts["gaps"] == 1
    assert reader.counts["snapshots"] == 2
    clears = rows_of(rows, EventKind.CLEAR)
    assert [c["flags"] & EventFlag.SNAPSHOT > 0 for c in clears] == [True, False, True]
    assert clears[1]["flags"] & EventFlag.LAST
    places = np.flatnonzero(rows["kind"] == EventKind.CLEAR)
    between = set(rows["kind"][places[1] + 1 : places[2]].tolist())
    assert between <= {EventKind.QUOTE, EventKind.TRADE}
    assert final_book(rows, reader) == true_book(feed)


def test_after_the_last_snapshot_a_gap_is_the_end_of_the_book(tmp_path):
    feed = started(8)
    feed.window()
    feed.window()
    last = max(i for i, (_, text) in enumerate(feed.lines) if "depthUpdate" in text)
    del feed.lines[last]
    for _ in range(4):
        feed.window()
    reader, rows = read(feed.write(tmp_path / "c.gz"))
    assert reader.counts["gaps"] == 1
    assert reader.counts["updates_without_snapshot"] == 4
    assert final_book(rows, reader) == {1: {}, -1: {}}


def test_updates_that_come_twice_are_counted(tmp_path):
    feed = started(9)
    for _ in range(5):
        feed.window()
        feed.lines += [line for line in feed.lines if "depthUpdate" in line[1]][-1:]
    reader, rows = read(feed.write(tmp_path / "c.gz"))
    assert reader.counts["updates_known_from_snapshots"] == 1 + 5
    assert final_book(rows, reader) == true_book(feed)


def test_a_capture_without_a_snapshot_is_refused_but_for_quotes_and_trades(tmp_path):
    feed = BinanceFeed(10)
    for _ in range(5):
        feed.window()
    path = feed.write(tmp_path / "c.gz")
    with pytest.raises(DataError, match=r"5 updates of the book of BTCUSDT and no snapshot.*l1"):
        read(path)
    reader, rows = read(path, level="l1")
    assert set(rows["kind"].tolist()) <= {EventKind.QUOTE, EventKind.TRADE}
    assert reader.counts["depth_messages_left_out"] == 5
    with pytest.raises(DataError, match="levels, no orders"):
        read(path, level="l3")


def test_a_snapshot_older_than_the_first_update_is_no_start(tmp_path):
    feed = BinanceFeed(11)
    old = feed.snapshot()
    feed.window()
    feed.lines = []
    feed.put(None, old)
    for _ in range(4):
        feed.window()
    path = feed.write(tmp_path / "c.gz")
    told = rf"they begin at \d+, and the snapshots end at {old['lastUpdateId']}"
    with pytest.raises(DataError, match=told):
        read(path)
    feed.lines.append(feed.lines.pop(0))
    with pytest.raises(DataError, match=told):
        read(feed.write(path))
    taken = feed.snapshot()
    feed.window()
    feed.put(None, taken)
    reader, rows = read(feed.write(path))
    assert reader.counts["snapshots_too_old"] == 1
    assert reader.counts["snapshots"] == 1
    assert final_book(rows, reader) == true_book(feed)


def two_instruments():
    one, two = started(12, symbol="BTCUSDT"), started(13, symbol="ETHUSDT", price_digits=3)
    for feed in (one, two):
        for _ in range(10):
            feed.window()
    lines = sorted(one.lines + two.lines, key=lambda line: line[0])
    return one, two, "".join(f"{ns} {text}\n" for ns, text in lines)


def test_several_instruments_are_told_apart(tmp_path):
    one, two, text = two_instruments()
    path = tmp_path / "c.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=r"several instruments \(BTCUSDT, ETHUSDT\).*--symbol"):
        read(path)
    with pytest.raises(DataError, match="holds BTCUSDT, ETHUSDT, not XRPUSDT"):
        read(path, symbol="XRPUSDT")
    for feed in (one, two):
        reader, rows = read(path, symbol=feed.symbol)
        assert reader.counts["snapshots"] == 1
        assert final_book(rows, reader) == true_book(feed)


def test_a_snapshot_that_may_be_anyones_is_refused(tmp_path):
    _, _, text = two_instruments()
    path = tmp_path / "c.txt"
    path.write_text(f'{START_NS} {{"lastUpdateId":5,"bids":[],"asks":[]}}\n{text}')
    with pytest.raises(DataError, match=r"row 1: a snapshot up to update 5.*BTCUSDT, ETHUSDT"):
        read(path, symbol="BTCUSDT")


def test_plain_messages_blank_lines_and_joined_members(tmp_path):
    feed = started(14)
    for _ in range(5):
        feed.window()
    _, wrapped = read(feed.write(tmp_path / "c.gz"))
    lines = [f"{ns} {json.dumps(json.loads(t).get('data', json.loads(t)))}" for ns, t in feed.lines]
    half = len(lines) // 2
    parts = ["\n\n".join(lines[:half]) + "\n", "\r\n".join(lines[half:])]
    path = tmp_path / "plain.gz"
    path.write_bytes(b"".join(gzip.compress(part.encode()) for part in parts))
    _, plain = read(path)
    for name in COLUMNS:
        if name != "row":
            assert (wrapped[name] == plain[name]).all()


def put(feed, **data):
    feed.put("x", data)


def test_messages_of_no_use_are_counted(tmp_path):
    feed = started(15, "usdm", "BTCUSDT")
    ms = feed.now // 1_000_000
    trade = {"s": "BTCUSDT", "E": ms, "T": ms, "p": "100.00", "q": "1.000", "m": True}
    put(feed, e="trade", X="INSURANCE_FUND", **trade)
    put(feed, e="trade", X="MARKET", **(trade | {"p": "0", "q": "0"}))
    put(feed, e="aggTrade", **trade)
    put(feed, e="markPriceUpdate", s="BTCUSDT")
    feed.put("depth5@100ms", {"e": "depthUpdate", "s": "BTCUSDT"})
    feed.lines.append((feed.now, "[1, 2]"))
    feed.lines.append((feed.now, '{"id": 1, "result": null}'))
    reader, _ = read(feed.write(tmp_path / "c.gz"))
    counts = reader.counts
    assert counts["trades_outside_the_book"] == 1
    assert counts["trades_of_no_quantity"] == 1
    assert counts["aggregate_trades_beside_trades"] == 1
    assert counts["markPriceUpdate_messages"] == 1
    assert counts["partial_depth_messages"] == 1
    assert counts["messages_of_other_form"] == 1
    assert counts["other_messages"] == 1


def test_aggregate_trades_count_where_there_are_no_others(tmp_path):
    lines = [
        '{"e":"aggTrade","s":"BTCUSDT","E":1700000000001,"T":1700000000000,"p":"1.5","q":"2","m":false,"M":true}',
        '{"u":5,"s":"BTCUSDT","b":"1.4","B":"3","a":"1.5","A":"0.25"}',
        '{"e":"aggTrade","s":"BTCUSDT","E":1700000000001,"T":1700000000005000,"p":"1.4","q":"1","m":true,"M":true}',
    ]
    path = tmp_path / "c.txt"
    path.write_text("".join(f"{START_NS + i} {line}\n" for i, line in enumerate(lines)))
    reader, rows = read(path)
    assert reader.level == "l1"
    assert (reader.price_unit, reader.qty_unit) == (Decimal("0.1"), Decimal("0.01"))
    assert rows["price"].tolist() == [15, 14, 15, 14]
    assert rows["qty"].tolist() == [200, 300, 25, 100]
    assert rows["side"].tolist() == [1, 1, -1, -1]
    # A quote of spot has no time of the exchange: it is not before what was known then.
    ms = 1_700_000_000_000_000_000
    assert rows["ts_event"].tolist() == [ms, ms, ms, ms + 5_000_000]
    assert reader.counts["quotes_without_exchange_time"] == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("17000000000 {}", "must begin with the local time in nanoseconds"),
        (f'{START_NS} {{"e":"trade","s":', r"not whole JSON.*cut off or damaged"),
        (f'{START_NS} {{"e":"trade","s":"BTCUSDT","p":"1"}}', "no field 'm'"),
        (
            f'{START_NS} {{"e":"depthUpdate","s":"BTCUSDT","E":1,"U":1,"u":2,"b":[],"a":[]}}',
            "no time",
        ),
        (f'{START_NS} {{"lastUpdateId":"x","bids":[],"asks":[]}}', "another form"),
        (
            f'{START_NS} {{"u":5,"s":"BTCUSDT","b":"one","B":"3","a":"1","A":"1"}}',
            "price.*'one' is not a",
        ),
        (
            f'{START_NS} {{"u":5,"s":"BTCUSDT","b":"1","B":"-3","a":"1","A":"1"}}',
            "qty.*'-3' is negative",
        ),
        (
            f'{START_NS} {{"u":5,"s":"BTCUSDT","b":"1","B":null,"a":"1","A":"1"}}',
            "'None' is not a number",
        ),
        (f"{START_NS} \udcff", "is not text"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path, line, told):
    path = tmp_path / "c.txt"
    text = started(16).text()
    row = text.count("\n") + 1
    path.write_bytes((text + line).encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=told) as caught:
        read(path)
    assert caught.value.row == row
    assert str(path) in str(caught.value)


def test_a_truncated_file_says_how_much_can_be_read(tmp_path):
    feed = started(17)
    for _ in range(3000):
        feed.window(2)
    path = feed.write(tmp_path / "c.gz")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"cut off.*\([\d,]+ lines before that can be read\)"):
        read(path)


def test_the_format_is_recognised(tmp_path):
    path = started(18).write(tmp_path / "c.gz")
    assert detect_format(path) == "binance"


def test_real_captures(test_data):
    for name, market, depth in (
        ("spot_btcusdt", InstrumentKind.SPOT, 3449),
        ("usdm_btcusdt", InstrumentKind.PERPETUAL, 6547),
        ("cm_btcusd_perp", InstrumentKind.PERPETUAL, 26824),
    ):
        path = test_data / "binance_ticks" / f"{name}_20240808.gz"
        reader, rows = read(path)
        assert reader.kind is market
        ends = (rows["flags"] & EventFlag.LAST) > 0
        updates = ends & (rows["kind"] == EventKind.DEPTH)
        assert updates.sum() == depth + 1
        assert (rows["kind"] == EventKind.CLEAR).sum() == 1
