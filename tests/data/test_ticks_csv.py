"""Tables of ticks with any headers."""

import numpy as np
import polars as pl
import pytest

from hftsim.core.errors import DataError, UnknownNameError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import ReadingOptions, TickStore, import_ticks

START = 1_723_075_200_000_000_000  # 2024-08-08T00:00Z


def taken(tmp_path, text, name="a.csv", **options):
    path = tmp_path / name
    path.write_text(text)
    options = {"symbol": "BTCUSDT", **options}
    return import_ticks([path], tmp_path / "S", options=ReadingOptions(**options))


def rows_of(tmp_path):
    parts = [c.columns for c in TickStore(tmp_path / "S").open().chunks()]
    c = {k: np.concatenate([p[k] for p in parts]).tolist() for k in parts[0]}
    kinds = [EventKind(k).name for k in c["kind"]]
    flags = ["".join(n for n, bit in (("L", 1), ("S", 2)) if f & bit) for f in c["flags"]]
    return list(zip(kinds, c["side"], c["price"], c["qty"], flags, strict=True)), c


def test_levels_with_types_snapshots_and_trades(tmp_path):
    text = """timestamp,side,price,quantity,type
2024-08-08 00:00:00.000,bid,100.0,1.5,snapshot
2024-08-08 00:00:00.000,ask,100.5,2,snapshot
2024-08-08 00:00:01.250,bid,100.0,0.5,update
2024-08-08 00:00:01.250,sell,100.0,1.0,trade
2024-08-08 00:00:02,ask,100.5,9,delete
"""
    report = taken(tmp_path, text)
    rows, columns = rows_of(tmp_path)
    assert rows == [
        ("CLEAR", 0, 0, 0, "S"),
        ("DEPTH", 1, 1000, 15, "S"),
        ("DEPTH", -1, 1005, 20, "LS"),
        ("DEPTH", 1, 1000, 5, ""),
        ("TRADE", -1, 1000, 10, "L"),
        ("DEPTH", -1, 1005, 0, "L"),
    ]
    assert columns["ts_event"][-2:] == [START + 1_250_000_000, START + 2_000_000_000]
    assert columns["ts_recv"] == columns["ts_event"]
    assert report.level == "l2"
    assert report.metadata[0]["has_receive_times"] is False


def test_another_vendors_headers(tmp_path):
    """The columns of Tardis: microseconds, two clocks, is_snapshot, amount."""
    us = START // 1000
    text = (
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
        f"binance,BTCUSDT,{us},{us + 10},true,bid,100,1\n"
        f"binance,BTCUSDT,{us},{us + 10},true,ask,101,1\n"
        f"binance,BTCUSDT,{us + 5},{us + 17},false,bid,100,0\n"
    )
    report = taken(tmp_path, text)
    rows, columns = rows_of(tmp_path)
    assert [r[0] for r in rows] == ["CLEAR", "DEPTH", "DEPTH", "DEPTH"]
    assert columns["ts_recv"][-1] == START + 17_000
    assert report.metadata[0]["has_receive_times"] is True
    with pytest.raises(DataError, match="holds BTCUSDT beside ETHUSDT"):
        taken(tmp_path, text, name="b.csv", symbol="ETHUSDT")


@pytest.mark.parametrize(
    "text",
    [
        "time,price,qty,side\n{t},100.5,2,buy\n{u},100.0,1,sell\n",
        "T;p;q;m\n{t};100.5;2;false\n{u};100.0;1;true\n".replace("T", "transact_time"),
        "ts_event,price,size,is_buyer_maker\n{t},100.5,2,False\n{u},100.0,1,True\n",
    ],
)
def test_trades(tmp_path, text):
    report = taken(tmp_path, text.format(t=START, u=START + 10**9))
    rows, _ = rows_of(tmp_path)
    assert rows == [("TRADE", 1, 1005, 2, "L"), ("TRADE", -1, 1000, 1, "L")]
    assert report.level == "l1"


SNAPSHOTS = """time,bid_price_1,bid_qty_1,ask_price_1,ask_qty_1,bid_price_2,bid_qty_2,ask_price_2,ask_qty_2
{0},100,1,101,2,99,5,102,6
{1},100,1,101,2,99,5,102,6
{2},100.5,3,101,2,100,1,102,7
{3},100.5,3,101,1,100,1,,
"""


def test_snapshots_become_changes(tmp_path):
    times = [START + i * 10**9 for i in range(4)]
    report = taken(tmp_path, SNAPSHOTS.format(*times))
    rows, columns = rows_of(tmp_path)
    assert rows == [
        ("CLEAR", 0, 0, 0, "S"),
        ("DEPTH", 1, 1000, 1, "S"),
        ("DEPTH", 1, 990, 5, "S"),
        ("DEPTH", -1, 1010, 2, "S"),
        ("DEPTH", -1, 1020, 6, "LS"),
        ("DEPTH", 1, 990, 0, ""),
        ("DEPTH", 1, 1005, 3, ""),
        ("DEPTH", -1, 1020, 7, "L"),
        ("DEPTH", -1, 1020, 0, ""),
        ("DEPTH", -1, 1010, 1, "L"),
    ]
    assert columns["ts_event"][-1] == times[3]
    assert report.noted == {"rows_without_change": 1}


def test_a_random_walk_of_snapshots_is_kept_whole(tmp_path):
    """Applying the changes gives each snapshot again."""
    rng = np.random.default_rng(5)
    lines, wanted, mid = [], [], 10_000
    for i in range(300):
        mid += int(rng.integers(-2, 3))
        bids = [(mid - 1 - k, int(rng.integers(1, 5))) for k in range(3)]
        asks = [(mid + 1 + k, int(rng.integers(1, 5))) for k in range(3)]
        wanted.append((dict(bids), dict(asks)))
        flat = [str(v) for b, a in zip(bids, asks, strict=True) for v in (*b, *a)]
        lines.append(",".join([str(START + i * 10**9), *flat]))
    head = ",".join(
        f"{s}{what}{k}" for k in (1, 2, 3) for s in ("bid", "ask") for what in ("_px_", "_sz_")
    )
    taken(tmp_path, "time," + head + "\n" + "\n".join(lines) + "\n")
    books, at = {1: {}, -1: {}}, 0
    rows, columns = rows_of(tmp_path)
    ends = [i for i, r in enumerate(rows) if "L" in r[4]]
    seen = {}
    for i, (kind, side, price, qty, _) in enumerate(rows):
        if kind == "CLEAR":
            books = {1: {}, -1: {}}
        elif qty:
            books[side][price] = qty
        else:
            books[side].pop(price)
        if i in ends:
            seen[columns["ts_event"][i]] = ({**books[1]}, {**books[-1]})
    for i, book in enumerate(wanted):
        at = max(t for t in seen if t <= START + i * 10**9)
        assert seen[at] == book


def test_the_best_alone_is_level_one(tmp_path):
    text = f"time,bid,bid_size,ask,ask_size\n{START},100,1,101,2\n{START + 10**9},100,1,101,3\n"
    text = text.replace("bid,bid_size,ask,ask_size", "bid_price,bid_size,ask_price,ask_size")
    report = taken(tmp_path, text)
    rows, _ = rows_of(tmp_path)
    assert report.level == "l1"
    assert rows == [
        ("CLEAR", 0, 0, 0, "S"),
        ("QUOTE", 1, 100, 1, "S"),
        ("QUOTE", -1, 101, 2, "LS"),
        ("QUOTE", -1, 101, 3, "L"),
    ]


def test_columns_by_name_and_by_position(tmp_path):
    mapped = {"time": "When", "price": "Rate", "qty": "Vol", "side": "BS", "type": "What"}
    text = f"When,Rate,Vol,BS,What\n{START},100,1,B,t\n"
    taken(tmp_path, text, columns=mapped)
    assert rows_of(tmp_path)[0] == [("TRADE", 1, 100, 1, "L")]
    headless = {"time": "1", "price": "2", "qty": "3", "side": "4"}
    other = tmp_path / "other"
    other.mkdir()
    taken(other, f"{START},100,1,buy\n{START + 1},101,1,sell\n", columns=headless)
    assert len(rows_of(other)[0]) == 2
    with pytest.raises(UnknownNameError, match="did you mean 'Rate'"):
        taken(tmp_path, text, name="b.csv", columns={**mapped, "price": "Rat"})
    with pytest.raises(UnknownNameError, match="did you mean 'price'"):
        taken(tmp_path, text, name="b.csv", columns={**mapped, "pric": "Rate"})


def test_times_of_a_zone(tmp_path):
    text = "time,price,qty,side\n2024-08-08 09:30:00.5,100,1,buy\n"
    with pytest.raises(DataError, match="--timezone"):
        taken(tmp_path, text, symbol="IBM")
    taken(tmp_path, text, symbol="IBM", timezone="America/New_York")
    _, columns = rows_of(tmp_path)
    assert columns["ts_event"] == [START + (13 * 3600 + 1800) * 10**9 + 500_000_000]


def test_parquet_is_read_too(tmp_path):
    frame = pl.DataFrame(
        {
            "time": [START, START + 5],
            "price": [100.5, 101.0],
            "qty": [1.0, 2.0],
            "side": ["buy", "sell"],
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    import_ticks([tmp_path / "t.parquet"], tmp_path / "S", options=ReadingOptions(symbol="BTCUSDT"))
    assert [r[2] for r in rows_of(tmp_path)[0]] == [1005, 1010]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("price,qty,side\n1,1,buy\n", "has no column 'time'"),
        ("time,qty,side\n1,1,buy\n", "has no column 'price'"),
        ("time,price,qty,side\n{t},1,1,b\n", "levels of the book or trades"),
        ("time,price,qty,side\n{t},1,1,up\n", "row 2, column 'side': 'up' is no side"),
        ("time,price,qty,side\n{t},1,1,buy\n{t},1,1,up\n", "row 3, column 'side': 'up' is no side"),
        ("time,price,qty,side,type\n{t},1,1,bid,zap\n", "row 2, column 'type': 'zap' is no type"),
        ("time,price,qty,side,type\n{t},1,1,none,depth\n", "row 2, column 'side': a level needs"),
        ("time,price,qty,side\n{t},x,1,buy\n", "row 2, column 'price': 'x' is not a number"),
        ("time,price,qty,side\n{t},,1,buy\n", "row 2, column 'price': the value is missing"),
        ("time,price,qty,side\n{t},1,-1,buy\n", "row 2, column 'qty': '-1' is negative"),
        ("time,price,qty,side\n{t},1,1e300,buy\n", "row 2, column 'qty': '1e300' has more than"),
        ("time,price,qty,side\n{t},1,0.123456789,buy\n", "row 2, column 'qty'"),
        ("time,price,qty,side\nnever,1,1,buy\n", "row 2, column 'time': 'never' is no time"),
        ("time,price,qty,side\n{t},1,1,buy\n{t},1,1\n", "row 3: has 3 fields"),
        ("time,price,qty,side\n", ""),
        ("1,2,3\n4,5,6\n", "name them by position"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path, text, words):
    with pytest.raises(DataError, match=r"a\.csv") as refused:
        taken(tmp_path, text.format(t=START))
    assert words in str(refused.value)


def test_packets_are_told_across_blocks(tmp_path):
    """More rows than one block of text holds; rows of one time are one packet wherever it ends."""
    rows = 70_000
    times = START + np.arange(rows) // 3 * 1000
    lines = [f"{t},bid,{100 + i % 7},{i % 5 + 1},update" for i, t in enumerate(times)]
    taken(tmp_path, "time,side,price,qty,type\n" + "\n".join(lines) + "\n")
    found, columns = rows_of(tmp_path)
    assert len(found) == rows
    last = [bool(f & EventFlag.LAST) for f in columns["flags"]]
    assert last == [i % 3 == 2 or i == rows - 1 for i in range(rows)]


@pytest.mark.parametrize(
    ("flags", "price", "day"),
    [
        ("day-first:decimal-comma", 1.234, "2024-10-08"),
        ("month-first:decimal-point", 1234, "2024-08-10"),
    ],
)
def test_what_may_mean_two_things_is_asked_for(tmp_path, flags, price, day):
    path = tmp_path / "a.csv"
    path.write_text("time;side;price;qty\n08/10/2024 00:00:01;bid;1,234;2\n")
    options = ReadingOptions(symbol="BTCUSDT")
    with pytest.raises(DataError, match=r"may be 1234 or 1\.234.*--format csv:decimal-point"):
        import_ticks([path], tmp_path / "S", options=options)
    numbers = "csv:" + flags.partition(":")[2]
    with pytest.raises(DataError, match=r"row 2, column 'time'.*--format csv:day-first"):
        import_ticks([path], tmp_path / "S", options=options, format=numbers)
    with pytest.raises(UnknownNameError, match="day-first"):
        import_ticks([path], tmp_path / "S", options=options, format="csv:dayfirst")
    report = import_ticks([path], tmp_path / "S", options=options, format=f"csv:{flags}")
    assert report.days == [day]
    rows, _ = rows_of(tmp_path)
    assert float(rows[0][2] * report.instrument.tick_size) == price


def test_dates_that_are_the_same_either_way_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,side,price,qty\n08/08/2024 00:00:01,bid,1.5,2\n")
    report = import_ticks([path], tmp_path / "S", options=ReadingOptions(symbol="BTCUSDT"))
    assert report.days == ["2024-08-08"]
