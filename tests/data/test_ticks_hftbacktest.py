"""hftbacktest's event files."""

import numpy as np
import pytest

from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind
from hftsim.data.ticks import ImportSettings, ReadingOptions, TickStore, import_ticks
from hftsim.data.ticks.formats import hftbacktest

DTYPE = np.dtype(
    [
        *(("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8")),
        *(("order_id", "u8"), ("ival", "i8"), ("fval", "f8")),
    ],
    align=True,
)
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
BOTH = EXCH | LOCAL
T = 1_700_000_000_000_000_000


def array(rows):
    """Rows of (flags and kind, ns after the start, latency, price, quantity[, order id])."""
    made = np.zeros(len(rows), DTYPE)
    for record, (ev, ts, late, px, qty, *order) in zip(made, rows, strict=True):
        record["ev"], record["exch_ts"], record["local_ts"] = ev, T + ts, T + ts + late
        record["px"], record["qty"] = px, qty
        record["order_id"] = order[0] if order else 0
    return made


def taken(rows, tmp_path, name="feed.npy", packed=False):
    path = tmp_path / name
    if name.endswith("npz"):
        (np.savez_compressed if packed else np.savez)(path, data=rows)
    else:
        np.save(path, rows)
    return import_ticks([path], tmp_path / "S", options=ReadingOptions(symbol="SIM"))


def read(tmp_path):
    chunk = next(TickStore(tmp_path / "S").open().chunks())
    return {k: v.tolist() for k, v in chunk.columns.items()}


LEVELS = [
    (BOTH | 3, 0, 5, 0.0, 0.0),
    (BOTH | BUY | 4, 0, 5, 99.9, 1.5),
    (BOTH | SELL | 4, 0, 5, 100.1, 2.0),
    (BOTH | BUY | 1, 10, 5, 100.0, 0.5),
    (BOTH | SELL | 2, 10, 5, 100.0, 0.25),
    (BOTH | BUY | 3, 20, 5, 99.95, 0.0),
    (EXCH | BUY | 1, 30, 9, 99.9, 0.0),
    (BOTH | SELL | 1, 35, 1, 100.2, 1.0),
    (LOCAL | BUY | 1, 30, 9, 99.9, 0.0),
]


def test_levels_trades_snapshots_and_both_orders(tmp_path):
    report = taken(array(LEVELS), tmp_path)
    rows = read(tmp_path)
    assert [EventKind(k).name for k in rows["kind"]] == [
        *("CLEAR", "DEPTH", "DEPTH", "DEPTH", "TRADE", "CLEAR_TO", "DEPTH", "DEPTH", "DEPTH"),
    ]
    assert str(report.instrument.tick_size) == "0.01"
    assert rows["price"] == [0, 9990, 10010, 10000, 10000, 9995, 9990, 10020, 9990]
    assert rows["side"] == [0, 1, -1, 1, -1, 1, 1, -1, 1]
    last, snap = int(EventFlag.LAST), int(EventFlag.SNAPSHOT)
    both, exch, local = 12, 4, 8
    assert rows["flags"] == [
        *(both, both | snap, both | snap | last, both, both | last, both | last),
        *(exch | last, both | last, local | last),
    ]
    assert rows["qty"][3:5] == [50, 25]
    assert report.corrections["rows_doubled"] == 0


def test_npz_and_npy_are_the_same(tmp_path):
    hashes = set()
    for number, (name, packed) in enumerate((("a.npy", 0), ("b.npz", 0), ("c.npz", 1))):
        folder = tmp_path / str(number)
        folder.mkdir()
        taken(array(LEVELS), folder, name, packed)
        hashes.add(TickStore(folder / "S").open().sha256)
    assert len(hashes) == 1


def test_the_array_data_is_read_where_others_stand_beside_it(tmp_path):
    """As hftbacktest does; without that name an array must be alone."""
    path, rows = tmp_path / "feed.npz", array(LEVELS)
    options = ReadingOptions(symbol="SIM")
    np.savez(path, about=np.array([1.0]), data=rows)
    assert import_ticks([path], tmp_path / "S", options=options).rows == len(rows)
    np.savez(path, feed=rows, more=rows)
    with pytest.raises(DataError, match=r"exactly one file .*feed\.npy, more\.npy"):
        import_ticks([path], tmp_path / "T", options=options)


def test_blocks_never_cut_a_packet(tmp_path, monkeypatch):
    taken(array(LEVELS), tmp_path)
    wanted = read(tmp_path)
    for size in (1, 2, 3, 5):
        monkeypatch.setattr(hftbacktest, "_BLOCK_ROWS", size)
        folder = tmp_path / str(size)
        folder.mkdir()
        taken(array(LEVELS), folder)
        assert read(folder) == wanted


ORDERS = [
    (BOTH | BUY | 10, 0, 5, 100.0, 2.0, 1),
    (BOTH | BUY | 10, 1, 5, 100.0, 3.0, 2),
    (BOTH | SELL | 10, 2, 5, 101.0, 1.0, 3),
    # a seller takes 2.5: all of order 1, half a lot of order 2
    (BOTH | SELL | 2, 10, 5, 100.0, 2.0),
    (BOTH | BUY | 13, 10, 5, 100.0, 2.0, 1),
    (BOTH | BUY | 11, 10, 5, 100.0, 2.0, 1),
    (BOTH | SELL | 2, 10, 5, 100.0, 0.5),
    (BOTH | BUY | 13, 10, 5, 100.0, 0.5, 2),
    (BOTH | BUY | 12, 10, 5, 100.0, 2.5, 2),
    (BOTH | SELL | 12, 20, 5, 101.0, 0.5, 3),
    (BOTH | SELL | 11, 30, 5, 101.0, 0.5, 3),
    (BOTH | BUY | 2, 40, 5, 100.5, 1.0),
    (BOTH | BUY | 3, 50, 5, 0.0, 0.0),
    (BOTH | BUY | 150, 60, 5, 0.0, 0.0),
]


def test_fills_and_what_repeats_them_become_executions(tmp_path):
    report = taken(array(ORDERS), tmp_path)
    rows = read(tmp_path)
    found = list(
        zip(
            (EventKind(k).name for k in rows["kind"]),
            rows["side"],
            rows["qty"],
            rows["order_id"],
            (bool(f & 1) for f in rows["flags"]),
            strict=True,
        )
    )
    assert str(report.instrument.lot_size) == "0.1"
    assert found == [
        ("ADD", 1, 20, 1, True),
        ("ADD", 1, 30, 2, True),
        ("ADD", -1, 10, 3, True),
        ("EXECUTE", 1, 20, 1, False),
        ("EXECUTE", 1, 5, 2, True),
        ("REDUCE", -1, 5, 3, True),
        ("DELETE", -1, 5, 3, True),
        ("TRADE", 1, 10, 0, True),
        ("CLEAR", 1, 0, 0, True),
    ]
    assert report.noted == {
        "cancellations_merged_into_executions": 1,
        "modifications_merged_into_executions": 1,
        "trades_merged_into_executions": 2,
        "rows_of_other_kinds": 1,
    }
    assert report.level == "l3"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (array([(BOTH | BUY | 1, -T, 0, 1.0, 1.0)]), "row 1, column 'exch_ts': 0 is no time in"),
        (array([(BOTH | BUY | 1, 0, 0, np.nan, 1.0)]), "row 1, column 'px': nan has more"),
        (array([(BOTH | BUY | 1, 0, 0, 1.0, 1e300)]), "row 1, column 'qty'"),
        (array([(BOTH | BUY | 1, 0, -5, 1.0, 1.0)]), "--fix-clock"),
        (array([(BUY | 1, 0, 5, 1.0, 1.0)]), "neither the exchange's nor"),
        (
            array([(BOTH | BUY | 1, 5, 5, 1.0, 1.0), (BOTH | BUY | 1, 0, 20, 1.0, 1.0)]),
            "--fix-order",
        ),
        (array([*ORDERS[:1], (BOTH | BUY | 1, 5, 5, 1.0, 1.0)]), "row 2, column 'ev'"),
        (np.zeros(3), "lacks the field 'ev'"),
        (np.zeros((3, 6)), "lacks the field 'ev'"),
        (np.zeros(0, DTYPE), "holds no events"),
    ],
)
def test_files_that_cannot_be_right_are_refused(tmp_path, rows, words):
    path = tmp_path / "feed.npy"
    np.save(path, rows)
    with pytest.raises(DataError) as refused:
        import_ticks(
            [path], tmp_path / "S", format="hftbacktest", options=ReadingOptions(symbol="SIM")
        )
    assert words in str(refused.value)
    assert "feed.npy" in str(refused.value)


def test_files_of_two_days_are_put_into_both_orders(tmp_path):
    """The first file's last row is seen after the second file's first one."""
    first = array([(BOTH | BUY | 1, 0, 5, 1.0, 1.0), (EXCH | BUY | 1, 7, 50, 1.0, 2.0)])
    local = array([(LOCAL | BUY | 1, 7, 50, 1.0, 2.0)])
    second = array([(BOTH | BUY | 1, 20, 10, 1.0, 3.0)])
    paths = [tmp_path / "1.npy", tmp_path / "2.npy"]
    np.save(paths[0], np.concatenate([first, local]))
    np.save(paths[1], second)
    options = ReadingOptions(symbol="SIM")
    with pytest.raises(DataError, match="--fix-order"):
        import_ticks(paths, tmp_path / "S", options=options)
    settings = ImportSettings(fix_order=True)
    report = import_ticks(paths, tmp_path / "S", options=options, settings=settings)
    rows = read(tmp_path)
    assert rows["qty"] == [1, 2, 3, 2]
    assert [f & 12 for f in rows["flags"]] == [12, 4, 12, 8]
    assert report.corrections["rows_doubled"] == 0


def test_cut_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "feed.npy"
    np.save(path, array(LEVELS))
    raw = path.read_bytes()
    for keep in (len(raw) - 1, len(raw) - 64, 100, 20, 5):
        path.write_bytes(raw[:keep])
        with pytest.raises(DataError, match=r"feed\.npy"):
            import_ticks(
                [path], tmp_path / "S", format="hftbacktest", options=ReadingOptions(symbol="SIM")
            )
    rng = np.random.default_rng(3)
    for attempt in range(100):
        damaged = bytearray(raw)
        damaged[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            report = import_ticks(
                [path],
                tmp_path / f"S{attempt}",
                format="hftbacktest",
                options=ReadingOptions(symbol="SIM"),
            )
        except DataError:
            continue
        assert report.rows + report.noted.get("rows_of_other_kinds", 0) == len(LEVELS)
