"""LOBSTER's files: messages into the store, and LOBSTER's own book as the oracle."""

import datetime as dt
import gzip
import zipfile
from decimal import Decimal

import numpy as np
import pytest
from lobster_files import NAME, PlainMarket

from hftsim.core.errors import DataError
from hftsim.core.events import EventKind
from hftsim.data.ticks import (
    ImportSettings,
    ReadingOptions,
    TickStore,
    import_ticks,
    verify_lobster,
)
from hftsim.data.ticks.formats.lobster import midnight_ns

MESSAGES = """34200.000000001,1,11,100,1000000,1
34200.5,1,12,50,1000200,-1
34201,2,11,40,1000000,1
34201.25,5,0,10,1000050,1
34201.25,5,0,10,1000050,-1
34202.000000002,4,12,50,1000200,-1
34203,3,11,60,1000000,1
34204,7,0,0,-1,-1
34205,7,0,0,0,-1
34206,7,0,0,1,-1
34207,6,-1,500,1000100,-1
"""
MESSAGE_NAME = NAME.format(what="message", levels=1)
OPEN = int(np.datetime64("2012-06-21T13:30:00", "ns").astype(np.int64))


def taken(path, tmp_path, **options):
    return import_ticks([path], tmp_path / "S", options=ReadingOptions(**options))


def read(tmp_path):
    chunk = next(TickStore(tmp_path / "S").open().chunks())
    return {k: v.tolist() for k, v in chunk.columns.items()}


def write(tmp_path, text=MESSAGES, name=MESSAGE_NAME):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_every_type_of_message(tmp_path):
    report = taken(write(tmp_path), tmp_path)
    rows = read(tmp_path)
    kinds = [EventKind(k).name for k in rows["kind"]]
    assert kinds == [
        *("ADD", "ADD", "REDUCE", "TRADE", "TRADE", "EXECUTE", "DELETE"),
        *("STATUS", "STATUS", "STATUS", "TRADE"),
    ]
    assert rows["ts_event"][:3] == [OPEN + 1, OPEN + 500_000_000, OPEN + 1_000_000_000]
    assert rows["ts_event"] == rows["ts_recv"]
    assert rows["side"] == [1, -1, 1, -1, 1, -1, 1, 0, 0, 0, 0]
    assert rows["qty"] == [100, 50, 40, 10, 10, 50, 60, 0, 0, 1, 500]
    assert rows["order_id"] == [11, 12, 11, 0, 0, 12, 11, 0, 0, 0, 0]
    tick = report.instrument.tick_size
    assert str(tick) == "0.01"  # few rows: a power of ten
    assert rows["price"][:2] == [10000, 10002]
    assert rows["price"][3:5] == [10001, 10000]  # 100.005, against whoever waits
    assert report.noted == {"cross_trades": 1, "hidden_executions": 2}
    assert report.instrument.symbol == "TEST"
    assert report.metadata[0]["has_receive_times"] is False


def test_files_may_be_packed_and_renamed(tmp_path):
    path = write(tmp_path)
    taken(path, tmp_path)
    wanted = TickStore(tmp_path / "S").open().sha256
    packed = tmp_path / (MESSAGE_NAME + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    both = tmp_path / "pair.zip"
    with zipfile.ZipFile(both, "w") as archive:
        archive.writestr("ReadMe.txt", "hello")
        archive.writestr(MESSAGE_NAME, path.read_bytes())
        archive.writestr(NAME.format(what="orderbook", levels=1), "1,1,1,1\n")
    renamed = tmp_path / "mine.csv"
    renamed.write_bytes(path.read_bytes())
    day = dt.date(2012, 6, 21)
    for number, source in enumerate((packed, both, renamed)):
        store = tmp_path / f"S{number}"
        import_ticks([source], store, options=ReadingOptions(symbol="TEST", date=day))
        assert TickStore(store).open().sha256 == wanted
    with pytest.raises(DataError, match="add --date"):
        import_ticks([renamed], tmp_path / "T")


def test_the_book_beside_the_messages_is_left_out(tmp_path):
    folder = tmp_path / "in"
    PlainMarket(1).run(50).write(folder, 2)
    report = import_ticks([folder], tmp_path / "S")
    assert report.rows > 20
    assert report.noted["files_without_events"] == 1
    assert len(report.metadata[0]["source"]["files"]) == 1
    with pytest.raises(DataError, match="only what goes with them"):
        import_ticks([folder / NAME.format(what="orderbook", levels=2)], tmp_path / "T")


def test_a_name_that_says_another_symbol_is_only_a_name(tmp_path, caplog):
    report = taken(write(tmp_path), tmp_path, symbol="MINE")
    assert report.instrument.symbol == "MINE"
    assert "suggests TEST, not MINE" in caplog.text


def test_new_york_winter_and_summer():
    assert midnight_ns(dt.date(2012, 6, 21)) // 10**9 % 86400 == 4 * 3600
    assert midnight_ns(dt.date(2012, 12, 21)) // 10**9 % 86400 == 5 * 3600


@pytest.mark.parametrize(
    ("line", "where", "words"),
    [
        ("34200,1,1,10,1000000", "row 12: ", "fewer than 6"),
        ("34200,1,1,10,1000000,1,1", "row 12: ", "more than 6"),
        ("34200,1,x,10,1000000,1", "row 12, column 'order_id'", "'x' is not a plain"),
        ("34200,1,1,1.5,1000000,1", "row 12, column 'size'", "more decimals than 0"),
        ("34200,9,1,10,1000000,1", "row 12, column 'type'", "9 is no type"),
        ("34200,1,1,10,1000000,0", "row 12, column 'direction'", "0 is no direction"),
        ("99999,1,1,10,1000000,1", "row 12, column 'time'", "99999 is no time"),
        ("34200,7,0,0,5,-1", "row 12, column 'price'", "5 is no price"),
        ("34208,1,0,10,1000000,1", "row 12, column 'order_id'", "0 is not above 0"),
        ("34208,1,5,-10,1000000,1", "row 12, column 'qty'", "-10 lots is negative"),
        ("34200,1,5,10,1000000,1", "row 12, column 'ts_event'", "earlier than"),
        ("34208,1,5,99999999999999999999,1,1", "row 12, column 'size'", "too large"),
    ],
)
def test_lines_that_cannot_be_are_refused_with_their_place(tmp_path, line, where, words):
    path = write(tmp_path, MESSAGES + line + "\n")
    rules = ImportSettings(tick_size=Decimal("0.01"))  # rows are written as they come
    with pytest.raises(DataError) as refused:
        import_ticks([path], tmp_path / "S", settings=rules)
    assert where in str(refused.value)
    assert words in str(refused.value)
    assert path.name in str(refused.value)


def test_damage_ends_in_an_error_or_in_counted_rows(tmp_path):
    """Flipped bits and cut ends: refused by name, or rows that every check lets pass."""
    rng = np.random.default_rng(4)
    raw = bytes("\n".join(PlainMarket(3).run(80).rows(3)[0]) + "\n", "ascii")
    refused = 0
    for attempt in range(60):
        damaged = bytearray(raw[: int(rng.integers(1, len(raw)))] if attempt % 3 == 0 else raw)
        for place in rng.integers(0, len(damaged), 1 + attempt % 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        path = tmp_path / MESSAGE_NAME
        path.write_bytes(damaged)
        try:
            report = import_ticks([path], tmp_path / f"S{attempt}")
        except DataError as error:
            refused += MESSAGE_NAME in str(error)
        else:
            assert report.rows <= damaged.count(b"\n") + 1
    assert refused > 20


# -- the oracle


@pytest.mark.parametrize("levels", [1, 2, 5, 20])
@pytest.mark.parametrize("drop", [0, 60])
def test_one_step_holds_on_a_right_pair(tmp_path, levels, drop):
    messages, books = PlainMarket(levels).run(400).write(tmp_path / "in", levels, drop)
    found = verify_lobster(messages, books)
    rows = len(messages.read_text().splitlines())
    assert found["compared"] == found["equal"] == rows - 1
    assert (found["rows"], found["levels"]) == (rows, levels)
    assert (found["gaps"], found["crossed"]) == (0, 0)
    assert found["first_difference_row"] is None


@pytest.mark.parametrize("column", [0, 1, 2, 3, 9])
def test_one_changed_number_is_found(tmp_path, column):
    messages, books = PlainMarket(7).run(300).write(tmp_path / "in", 5, 100)
    lines = books.read_text().splitlines()
    fields = lines[41].split(",")
    fields[column] = str(int(fields[column]) + 100)
    lines[41] = ",".join(fields)
    books.write_text("\n".join(lines) + "\n")
    found = verify_lobster(messages, books)
    assert 1 <= found["compared"] - found["equal"] <= 2
    assert found["first_difference_row"] in (42, 43)


def test_a_pair_of_different_length_is_refused(tmp_path):
    messages, books = PlainMarket(7).run(100).write(tmp_path / "in", 2)
    lines = books.read_text().splitlines()
    books.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(DataError, match=r"message_2.csv, row \d+: has more rows than.*--rebuild"):
        verify_lobster(messages, books)
    books.write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(DataError, match=r"orderbook_2.csv, row \d+: has more rows than"):
        verify_lobster(messages, books)
    books.write_text("1,2,3\n")
    with pytest.raises(DataError, match="3 columns"):
        verify_lobster(messages, books)


def test_pairs_of_other_days_are_refused(tmp_path):
    messages, books = PlainMarket(7).run(100).write(tmp_path / "in", 2)
    other = books.with_name(books.name.replace("2012-06-21", "2012-06-22"))
    books.rename(other)
    with pytest.raises(DataError, match="is of TEST on 2012-06-22, the messages of TEST on 2012"):
        verify_lobster(messages, other)


def test_a_deep_file_from_an_empty_book_gives_the_best_prices(tmp_path):
    market = PlainMarket(9).run(600)
    deep, _ = market.write(tmp_path / "deep", 30)
    _, books = market.write(tmp_path / "shallow", 1)
    found = verify_lobster(deep, books, rebuild=True)
    assert found["compared"] == found["equal"] == found["equal_with_sizes"] > 100
    assert (found["gaps"], found["crossed"], found["unknown_orders"]) == (0, 0, 0)


def test_orders_from_before_are_counted_and_never_invented(tmp_path):
    market = PlainMarket(9).run(600)
    deep, _ = market.write(tmp_path / "deep", 30, drop=100)
    _, books = market.write(tmp_path / "shallow", 1, drop=100)
    found = verify_lobster(deep, books, rebuild=True)
    assert found["unknown_orders"] > 0
    assert found["equal"] < found["compared"]


def test_messages_that_the_deep_file_lacks_are_gaps(tmp_path):
    market = PlainMarket(9).run(300)
    deep, _ = market.write(tmp_path / "deep", 30)
    shallow, books = market.write(tmp_path / "shallow", 1)
    wanted = shallow.read_text().splitlines()[20]
    lines = [line for line in deep.read_text().splitlines() if line != wanted]
    deep.write_text("\n".join(lines) + "\n")
    assert verify_lobster(deep, books, rebuild=True)["gaps"] == 1
    shallow.unlink()
    with pytest.raises(DataError, match=r"messages .* are not beside it"):
        verify_lobster(deep, books, rebuild=True)


# -- the real files


def test_real_one_step(test_data):
    pair = test_data / "lobster" / "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"
    found = verify_lobster(pair)
    assert (found["compared"], found["equal"]) == (118_496, 118_496)
    assert (found["gaps"], found["crossed"]) == (0, 0)
    folder = test_data / "lobster" / "AAPL_L10_head"
    found = verify_lobster(*sorted(folder.iterdir()))
    assert found["compared"] == found["equal"] > 900


def test_real_rebuild(test_data):
    folder = test_data / "lobster"
    deep = folder / "AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
    pair = folder / "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"
    found = verify_lobster(deep, pair, rebuild=True)
    assert found["equal"] >= 0.995 * found["compared"]
    assert found["compared"] > 25_000
    assert (found["gaps"], found["unknown_orders"]) == (0, 84)
    with pytest.raises(DataError, match="--rebuild"):
        verify_lobster(deep, pair)


def test_real_import(test_data, tmp_path):
    pair = test_data / "lobster" / "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip"
    report = import_ticks([pair], tmp_path / "S")
    assert report.rows == 118_497
    assert str(report.instrument.tick_size) == "0.01"
    assert report.counts == {
        "ADD": 54_818,
        "REDUCE": 252,
        "DELETE": 28_437,
        "EXECUTE": 23_658,
        "TRADE": 11_332,
    }
