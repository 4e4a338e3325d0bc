"""Databento's MBO files, encoded here from its documentation: no real file is at hand."""

import struct

import numpy as np
import pytest

from hftsim.core.errors import DataError
from hftsim.core.events import EventKind
from hftsim.data.ticks import ReadingOptions, TickStore, import_ticks

T = 1_700_000_000_000_000_000
LAST, SNAPSHOT = 128, 32
UNDEFINED = (1 << 63) - 1


def cstring(text, size):
    return text.encode().ljust(size, b"\0")


def metadata(version, symbols, dataset="XNAS.ITCH", schema=0):
    size = 22 if version == 1 else 71
    raw = cstring(dataset, 16) + struct.pack("<HQQQ", schema, T, T + 1, 0)
    if version == 1:
        raw += struct.pack("<Q", 0)
    raw += bytes([1, 0, 0])
    raw += bytes(47) if version == 1 else struct.pack("<H", size) + bytes(53)
    raw += struct.pack("<I", 0)
    raw += struct.pack("<I", len(symbols)) + b"".join(cstring(n, size) for n, _ in symbols)
    raw += struct.pack("<II", 0, 0) + struct.pack("<I", len(symbols))
    for name, number in symbols:
        raw += cstring(name, size) + struct.pack("<III", 1, 20231114, 20231115)
        raw += cstring(str(number), size)
    return b"DBN" + bytes([version]) + struct.pack("<I", len(raw)) + raw


def mbo(ts, order, price, size, action, side, flags=LAST, instrument=5):
    price = UNDEFINED if price is None else round(price * 1e9)
    return struct.pack(
        "<BBHIQQqIBBccQiI",
        *(14, 0xA0, 2, instrument, T + ts, order, price, size, flags, 0),
        *(action.encode(), side.encode(), T + ts + 700, 100, 1),
    )


EVENTS = [
    mbo(0, 0, None, 0, "R", "N", SNAPSHOT),
    mbo(1, 1, 100.0, 10, "A", "B", SNAPSHOT),
    mbo(1, 2, 100.0, 20, "A", "B", SNAPSHOT | LAST),
    mbo(2, 3, 100.5, 5, "A", "A"),
    # a seller takes 15: all of order 1, 5 of order 2
    mbo(10, 9, 100.0, 15, "T", "A", 0),
    mbo(10, 1, 100.0, 10, "F", "B", 0),
    mbo(10, 2, 100.0, 5, "F", "B", 0),
    mbo(10, 1, 100.0, 10, "C", "B", 0),
    mbo(10, 2, 100.0, 15, "M", "B"),
    mbo(20, 2, 100.0, 4, "C", "B"),
    mbo(21, 2, 100.0, 11, "C", "B"),
    mbo(30, 3, 100.4, 7, "M", "A"),
    mbo(40, 0, 100.2, 3, "T", "N"),
    mbo(50, 77, 99.0, 1, "C", "B"),
]
WANTED = [
    ("CLEAR", 0, 0, 0, 0, "LS"),
    ("ADD", 1, 1000, 10, 1, "S"),
    ("ADD", 1, 1000, 20, 2, "LS"),
    ("ADD", -1, 1005, 5, 3, "L"),
    ("EXECUTE", 1, 1000, 10, 1, ""),
    ("EXECUTE", 1, 1000, 5, 2, "L"),
    ("REDUCE", 1, 1000, 4, 2, "L"),
    ("DELETE", 1, 1000, 11, 2, "L"),
    ("DELETE", -1, 1005, 5, 3, ""),
    ("ADD", -1, 1004, 7, 3, "L"),
    ("TRADE", 0, 1002, 3, 0, "L"),
    ("DELETE", 1, 990, 1, 77, "L"),
]


def taken(tmp_path, raw, name="a.dbn", **options):
    path = tmp_path / name
    path.write_bytes(raw)
    return import_ticks([path], tmp_path / "S", options=ReadingOptions(**options))


def rows_of(tmp_path):
    c = {k: v.tolist() for k, v in next(TickStore(tmp_path / "S").open().chunks()).columns.items()}
    flags = ["".join(n for n, bit in (("L", 1), ("S", 2)) if f & bit) for f in c["flags"]]
    kinds = [EventKind(k).name for k in c["kind"]]
    return list(zip(kinds, c["side"], c["price"], c["qty"], c["order_id"], flags, strict=True))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_action(tmp_path, version):
    report = taken(tmp_path, metadata(version, [("AAPL", 5)]) + b"".join(EVENTS))
    assert rows_of(tmp_path) == WANTED
    assert report.noted == {
        "trades_merged_into_executions": 1,
        "cancellations_merged_into_executions": 1,
        "modifications_merged_into_executions": 1,
        "events_of_unknown_orders": 1,
    }
    assert report.instrument.symbol == "AAPL"
    assert report.instrument.venue == "XNAS.ITCH"
    assert report.metadata[0]["has_receive_times"] is True


def test_one_instrument_of_several_and_records_of_other_kinds(tmp_path):
    other = mbo(5, 1, 50.0, 9, "A", "B", instrument=6)
    system = struct.pack("<BBHIQ", 6, 23, 0, 0, T) + bytes(8)
    raw = metadata(2, [("AAPL", 5), ("MSFT", 6)])
    raw += system + b"".join(EVENTS[:4]) + other + b"".join(EVENTS[4:])
    report = taken(tmp_path, raw, symbol="AAPL")
    assert rows_of(tmp_path) == WANTED
    assert report.noted["records_of_other_kinds"] == 1
    assert taken(tmp_path, raw, symbol="MSFT").rows == 1
    with pytest.raises(DataError, match="it holds AAPL, MSFT"):
        taken(tmp_path, raw, symbol="IBM")
    with pytest.raises(DataError, match="name one with --symbol"):
        taken(tmp_path, raw)


def test_zstd_is_unpacked(tmp_path):
    import pyarrow as pa

    raw = metadata(3, [("AAPL", 5)]) + b"".join(EVENTS)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(raw)
    taken(tmp_path, sink.getvalue().to_pybytes(), "a.dbn.zst")
    assert rows_of(tmp_path) == WANTED


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (metadata(2, [("AAPL", 5)], schema=3) + EVENTS[1], "another schema than mbo"),
        (metadata(2, [("AAPL", 5)])[:60], "cut off or damaged"),
        (metadata(2, [("AAPL", 5)]) + EVENTS[1][:-3], "ends within a record"),
        (metadata(2, [("AAPL", 5)]) + bytes(56), "a record of 0 bytes"),
        (metadata(2, [("AAPL", 5)]) + mbo(1, 1, None, 1, "A", "B"), "the price is missing"),
        (metadata(2, [("AAPL", 5)]) + mbo(1, 1, 1.0, 0xFFFFFFFF, "A", "B"), "the size is missing"),
        (metadata(2, [("AAPL", 5)]) + mbo(1, 1, 1.0, 1, "A", "Z"), "'Z' is no side"),
        (metadata(2, [("AAPL", 5)]) + mbo(1, 1 << 63, 1.0, 1, "A", "B"), "too large an order id"),
        (metadata(2, [("AAPL", 5)]), "holds no events"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path, raw, words):
    with pytest.raises(DataError, match=r"a\.dbn") as refused:
        taken(tmp_path, raw)
    assert words in str(refused.value)


def test_a_count_of_billions_is_refused_at_once(tmp_path):
    raw = bytearray(metadata(3, [("AAPL", 5)]))
    one = struct.pack("<III", 1, 20231114, 20231115)
    at = raw.find(one)
    raw[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(DataError, match="its metadata are damaged"):
        taken(tmp_path, bytes(raw) + b"".join(EVENTS))


def test_flipped_bits_never_crash(tmp_path):
    rng = np.random.default_rng(1)
    raw, refused = metadata(2, [("AAPL", 5)]) + b"".join(EVENTS), 0
    for attempt in range(150):
        damaged = bytearray(raw)
        damaged[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        path = tmp_path / "a.dbn"
        path.write_bytes(damaged)
        try:
            options = ReadingOptions(symbol="AAPL")
            import_ticks([path], tmp_path / f"S{attempt}", format="databento", options=options)
        except DataError:
            refused += 1
    assert 20 < refused < 150
