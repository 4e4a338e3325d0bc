"""The tick store: what is written is what is read, by us and by others, whole or not at all."""

import json
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from tick_rows import DAY, MIDNIGHT, columns_of_rows, instrument, random_l3, write_day

from hftsim.core.errors import DataError, InputError, UnknownNameError
from hftsim.core.events import EVENT_DTYPE, EventFlag, EventKind
from hftsim.data.ticks import Ticks, TickStore, is_store, open_ticks
from hftsim.data.ticks.dayfile import BATCH_ROWS, DayFile, DayWriter


def joined(ticks, rows=None):
    parts = [{k: v.copy() for k, v in c.columns.items()} for c in ticks.chunks(rows)]
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


@pytest.fixture
def columns():
    return random_l3(5000, seed=3)


@pytest.fixture
def store(tmp_path, columns):
    write_day(tmp_path / "S", columns)
    return TickStore(tmp_path / "S")


def test_what_is_written_is_what_is_read(store, columns):
    assert store.symbols == ["AAPL"]
    assert store.days() == [DAY]
    ticks = store.open()
    assert (ticks.rows, ticks.level) == (5000, "l3")
    assert ticks.instrument == instrument()
    assert ticks.start == int(columns["ts_event"][0])
    assert ticks.end == int(columns["ts_event"][-1])
    read = joined(ticks)
    assert list(read) == list(EVENT_DTYPE.names)
    for name, values in read.items():
        assert values.dtype == EVENT_DTYPE[name]
        np.testing.assert_array_equal(values, columns[name])


def test_metadata_say_what_is_known(store, columns):
    known = store.open().metadata
    trades = int((columns["kind"] == EventKind.TRADE).sum())
    assert known["rows"] == 5000
    assert known["counts"]["TRADE"] == trades
    assert sum(known["counts"].values()) == 5000
    priced = columns["price"][columns["kind"] != EventKind.CLEAR]
    assert (known["min_price"], known["max_price"]) == (priced.min(), priced.max())
    assert known["max_qty"] == columns["qty"].max()
    assert known["has_receive_times"] is True
    assert len(known["sha256"]) == 64
    assert known["instrument"]["tick_size"] == "0.01"


def test_chunks_are_views_of_the_file_and_can_be_given_back(store):
    chunk = next(store.open().chunks())
    assert not chunk.columns["price"].flags.owndata
    assert not chunk.columns["price"].flags.writeable
    before = chunk.columns["price"].copy()
    chunk.release()
    np.testing.assert_array_equal(chunk.columns["price"], before)


@pytest.mark.parametrize("rows", [1, 7, 1000, 4999, 5000, 10_000])
def test_any_size_of_chunk_gives_the_same_rows(store, columns, rows):
    chunks = list(store.open().chunks(rows))
    assert max(c.rows for c in chunks) == min(rows, 5000)
    assert [c.first_row for c in chunks] == list(range(0, 5000, rows))
    np.testing.assert_array_equal(
        np.concatenate([c.columns["qty"] for c in chunks]), columns["qty"]
    )


def test_a_chunk_without_rows_is_refused(store):
    with pytest.raises(DataError, match="at least one row"):
        next(store.open().chunks(0))


def test_the_hash_is_of_the_content_alone(tmp_path, store, columns):
    wanted = store.open().sha256
    write_day(tmp_path / "elsewhere", columns, pieces=13)
    assert TickStore(tmp_path / "elsewhere").open().sha256 == wanted
    assert Ticks.from_columns(instrument(), columns).sha256 == wanted
    other = {k: v.copy() for k, v in columns.items()}
    other["qty"][77] += 1
    assert Ticks.from_columns(instrument(), other).sha256 != wanted


def test_several_batches_and_a_file_that_others_can_read(tmp_path):
    rows = BATCH_ROWS + 1000
    times = MIDNIGHT + np.arange(rows, dtype=np.int64) * 1000
    columns = columns_of_rows([(0, "TRADE", 0, 100, 1)]) | {"ts_event": times, "ts_recv": times}
    columns = {k: np.resize(v, rows) if len(v) != rows else v for k, v in columns.items()}
    path = write_day(tmp_path, columns, level="l2")
    frame = pl.read_ipc(path)
    assert frame.shape == (rows, 7)
    assert frame["price"].dtype == pl.Int64
    assert frame["kind"].dtype == pl.UInt8
    reader = pa.ipc.open_file(path)
    assert [reader.get_batch(i).num_rows for i in range(2)] == [BATCH_ROWS, 1000]
    assert json.loads(reader.schema.metadata[b"hftsim"])["rows"] == rows
    with pa.memory_map(str(path)) as file:  # the same metadata before the rows, for streams
        assert pa.ipc.read_schema(file.read_buffer(1 << 16)[8:]).metadata == reader.schema.metadata
    chunks = list(open_ticks(path).chunks())
    assert [c.first_row for c in chunks] == [0, BATCH_ROWS]
    assert open_ticks(path).sha256 == Ticks.from_columns(instrument(), columns).sha256


def test_pandas_reads_it(store):
    pd = pytest.importorskip("pandas")
    frame = pd.read_feather(store.file_of("AAPL", DAY))
    assert len(frame) == 5000


def test_days_follow_each_other_and_can_be_cut(tmp_path):
    day = 86_400_000_000_000
    first = columns_of_rows([(i * 10**9, "TRADE", 1, 100 + i, 1) for i in range(10)])
    second = columns_of_rows([(day + i * 10**9, "TRADE", 1, 200 + i, 1) for i in range(10)])
    write_day(tmp_path, first, level="l2")
    write_day(tmp_path, second, level="l2", day="2012-06-22")
    store = TickStore(tmp_path)
    assert store.days("aapl") == ["2012-06-21", "2012-06-22"]
    whole = store.open()
    assert whole.rows == 20
    assert joined(whole)["price"].tolist() == [*range(100, 110), *range(200, 210)]
    assert len(whole.metadata["days"]) == 2
    both = {k: np.concatenate([first[k], second[k]]) for k in first}
    assert Ticks.from_columns(instrument(), both, level="l2").sha256 == whole.sha256

    cut = store.open(start="2012-06-21T00:00:07", end="2012-06-22T00:00:02")
    assert joined(cut)["price"].tolist() == [107, 108, 109, 200, 201]
    assert (cut.rows, cut.start, cut.end) == (
        5,
        int(first["ts_event"][7]),
        int(second["ts_event"][1]),
    )
    rows = {k: np.concatenate([first[k][7:], second[k][:2]]) for k in first}
    assert cut.sha256 == Ticks.from_columns(instrument(), rows, level="l2").sha256
    assert store.open(start="2012-06-22").rows == 10
    assert store.open(end=int(second["ts_event"][0])).rows == 10
    with pytest.raises(DataError, match="no ticks"):
        store.open(start="2013-01-01")
    with pytest.raises(InputError, match="no time"):
        store.open(start="yesterday")


def test_a_row_of_the_receiver_alone_goes_with_the_rows_before_it(tmp_path):
    """The exchange's order decides days and cuts; the local twin keeps its place."""
    rows = columns_of_rows([(1, "DEPTH", 1, 10, 1), (5, "DEPTH", 1, 11, 1), (2, "DEPTH", 1, 12, 1)])
    rows["ts_recv"] = MIDNIGHT + np.array([30, 20, 25])
    rows["flags"] = np.array([4, 12, 8], np.uint8) | 1
    write_day(tmp_path, rows, level="l2")
    cut = TickStore(tmp_path).open(start=MIDNIGHT + 5)
    assert joined(cut)["price"].tolist() == [11, 12]


def test_days_that_disagree_are_refused(tmp_path):
    day = 86_400_000_000_000
    write_day(tmp_path, columns_of_rows([(0, "TRADE", 1, 1, 1)]), level="l2")
    other = instrument().replace(tick_size=Decimal("0.05"))
    columns = columns_of_rows([(day, "TRADE", 1, 1, 1)])
    write_day(tmp_path, columns, level="l2", day="2012-06-22", rules=other)
    with pytest.raises(DataError, match="tick_size differs"):
        TickStore(tmp_path).open()
    assert TickStore(tmp_path).open(end="2012-06-22").rows == 1


def test_rules_of_the_venue_are_kept_and_days_may_not_differ_in_them(tmp_path):
    day = 86_400_000_000_000
    ruled = instrument().replace(max_qty="1000", max_orders=7, price_band=0.05)
    write_day(tmp_path, columns_of_rows([(0, "TRADE", 1, 1, 1)]), level="l2")
    columns = columns_of_rows([(day, "TRADE", 1, 1, 1)])
    write_day(tmp_path, columns, level="l2", day="2012-06-22", rules=ruled)
    assert TickStore(tmp_path).open(start="2012-06-22").instrument == ruled
    with pytest.raises(DataError, match="max_qty differs"):
        TickStore(tmp_path).open()
    assert "max_qty" not in TickStore(tmp_path).open(end="2012-06-22").metadata["instrument"]


def test_days_that_overlap_in_time_are_refused(tmp_path):
    day = 86_400_000_000_000
    write_day(tmp_path, columns_of_rows([(day - 1, "TRADE", 1, 1, 1)], recv_after=100), level="l2")
    second = columns_of_rows([(day, "TRADE", 1, 1, 1)])
    write_day(tmp_path, second, level="l2", day="2012-06-22")
    with pytest.raises(DataError, match=r"2012-06-22.arrow, row 1.*imported together"):
        list(TickStore(tmp_path).open().chunks())


def test_names_that_are_not_there(tmp_path, store):
    with pytest.raises(UnknownNameError, match="did you mean 'AAPL'"):
        store.open("AAPLE")
    with pytest.raises(DataError, match="hftsim import"):
        TickStore(tmp_path / "nowhere").open()
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(DataError, match="is a file"):
        TickStore(file)
    assert is_store(tmp_path / "S")
    assert is_store(tmp_path / "S" / "AAPL")
    assert is_store(store.file_of("AAPL", DAY))
    assert not is_store(tmp_path)
    assert not is_store(file)
    with pytest.raises(DataError, match="holds AAPL, not MSFT"):
        open_ticks(store.file_of("AAPL", DAY), "MSFT")
    assert open_ticks(tmp_path / "S" / "AAPL").rows == 5000


def test_an_unfinished_day_leaves_nothing(tmp_path):
    path = tmp_path / "AAPL" / f"{DAY}.arrow"
    writer = DayWriter(path, "l2", {"version": 1})
    writer.append(columns_of_rows([(0, "TRADE", 1, 1, 1)]))
    assert not path.exists()
    writer.discard()
    assert list(path.parent.iterdir()) == []


def test_another_arrow_file_is_no_tick_file(tmp_path):
    path = tmp_path / "2012-06-21.arrow"
    pl.DataFrame({"a": [1]}).write_ipc(path)
    with pytest.raises(DataError, match="no tick file of hftsim"):
        DayFile(path)
    path.write_bytes(b"ARROW1 but nothing else")
    with pytest.raises(DataError, match=r"2012-06-21\.arrow: is no whole Arrow file"):
        DayFile(path)


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_by_name(store, keep):
    path = store.file_of("AAPL", DAY)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(DataError, match=r"2012-06-21\.arrow"):
        store.open()


def test_flipped_bits_are_refused_or_change_nothing(tmp_path):
    """Wherever a bit flips: an error that names the file, or a bit that says nothing."""
    columns = random_l3(300, seed=5)
    path = write_day(tmp_path, columns)
    raw = path.read_bytes()
    wanted = json.loads(pa.ipc.open_file(path).schema.metadata[b"hftsim"])["sha256"]
    rng = np.random.default_rng(11)
    outcomes = {"refused": 0, "same": 0, "found": 0, "nameless": 0}
    for place in rng.integers(0, len(raw), 400):
        damaged = bytearray(raw)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            ticks = open_ticks(path)
            list(ticks.chunks())
            hashes = [(found, told) for _, found, told in ticks.verified_hashes()]
        except DataError as error:
            outcomes["refused" if "2012-06-21.arrow" in str(error) else "nameless"] += 1
            continue
        same = all(found == told == wanted for found, told in hashes)
        outcomes["same" if same else "found"] += 1
    assert outcomes["nameless"] == outcomes["found"] == 0
    assert outcomes["refused"] > 200


def test_ticks_of_arrays(columns):
    ticks = Ticks.from_columns(instrument(), columns)
    assert repr(ticks) == "<Ticks AAPL l3: 5,000 rows, 2012-06-21 to 2012-06-21>"
    assert next(ticks.chunks()).columns["price"] is not columns["price"]
    np.testing.assert_array_equal(next(ticks.chunks()).columns["price"], columns["price"])
    assert np.shares_memory(next(ticks.chunks()).columns["price"], columns["price"])


def test_arrays_get_what_they_leave_out():
    given = {
        "ts_event": [1, 2],
        "price": [10, 11],
        "qty": [1, 1],
        "kind": [int(EventKind.TRADE)] * 2,
        "side": [1, -1],
        "flags": [1, 1],
    }
    ticks = Ticks.from_columns(instrument(), {k: np.array(v) for k, v in given.items()})
    chunk = next(ticks.chunks())
    assert chunk.columns["ts_recv"].tolist() == [1, 2]
    both = EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL | EventFlag.LAST
    assert chunk.columns["flags"].tolist() == [int(both)] * 2
    assert ticks.level == "l2"
    assert ticks.metadata["has_receive_times"] is False


def test_rows_by_order_are_completed_where_they_lack_a_priority():
    rows = [(0, "ADD", 1, 100, 5, 3), (1, "REDUCE", 0, 0, 2, 3), (2, "MODIFY", 0, 101, 9, 3)]
    given = columns_of_rows(rows, orders=True)
    given.pop("priority")
    ticks = Ticks.from_columns(instrument(), given)
    read = joined(ticks)
    kinds = [EventKind(k).name for k in read["kind"]]
    assert kinds == ["ADD", "REDUCE", "DELETE", "ADD"]
    assert read["price"].tolist() == [100, 100, 100, 101]
    assert read["qty"].tolist() == [5, 2, 3, 9]
    assert np.diff(read["priority"]).tolist() == [0, 0, 1]
    assert ticks.rows == 4
    twice = columns_of_rows([rows[0], rows[0]], orders=True)
    twice.pop("priority")
    with pytest.raises(DataError, match="alive already"):
        Ticks.from_columns(instrument(), twice)
    with pytest.raises(DataError, match="do not fit into uint8"):
        Ticks.from_columns(instrument(), {**given, "kind": np.array([300, 6, 6])})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"price": None}, "column 'price': the column is missing"),
        ({"kind": np.array([300, 5])}, "do not fit into uint8"),
        ({"qty": np.array([1.5, 2.0])}, "do not fit into int64"),
        ({"qty": np.array([1])}, "different lengths"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, words):
    given = {n: np.array([1, 2]) for n in ("ts_event", "price", "qty", "kind", "side", "flags")}
    given |= change
    with pytest.raises(DataError, match=words):
        Ticks.from_columns(instrument(), {k: v for k, v in given.items() if v is not None})


def test_a_row_that_no_book_may_see_is_refused_when_it_is_read(tmp_path, columns):
    columns["kind"][1234] = 99
    path = write_day(tmp_path, columns)
    with pytest.raises(DataError, match=r"arrow, row 1234, column 'kind': 99 is no kind of event"):
        list(open_ticks(path).chunks(100))
    assert sum(c.rows for c in open_ticks(path).chunks(checked=False)) == 5000
