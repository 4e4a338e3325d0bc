"""Every batch of a stored day has a checksum, which a replay compares before any book sees a row."""

import itertools
import json

import numpy as np
import pyarrow as pa
import pytest
from tick_rows import columns_of_rows, instrument, random_l3, write_day

from hftsim.core.errors import DataError
from hftsim.data.ticks import Ticks, TickStore, check_ticks, open_ticks
from hftsim.data.ticks.dayfile import BATCH_ROWS
from hftsim.data.ticks.metadata import KEY, checksum_of


def test_the_sum_by_hand():
    """Words times 1, 3, 5 ...; what is left of a column counts as one more word."""
    mix = 0x9E3779B97F4A7C15
    columns = {
        "price": np.array([7, -1, 2], np.int64),
        "kind": np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], np.uint8),
    }
    price = 7 + 3 * (2**64 - 1) + 5 * 2
    kind = int.from_bytes(bytes(range(1, 9)), "little") + 3 * (9 + 10 * 256)
    assert checksum_of(columns) == f"{(price * mix + kind) % 2**64:016x}"


def test_any_bit_and_any_two_words_count():
    columns = random_l3(40, seed=2)
    wanted = checksum_of(columns)
    for values in columns.values():
        raw = values.view(np.uint8)
        for at in range(len(raw)):
            for bit in range(8):
                raw[at] ^= np.uint8(1 << bit)
                assert checksum_of(columns) != wanted
                raw[at] ^= np.uint8(1 << bit)
    for name, (a, b) in itertools.product(
        ("ts_event", "qty"), itertools.combinations(range(40), 2)
    ):
        values = columns[name]
        if values[a] != values[b]:
            values[[a, b]] = values[[b, a]]
            assert checksum_of(columns) != wanted
            values[[a, b]] = values[[b, a]]
    assert checksum_of(columns) == wanted


def test_columns_that_changed_places_are_found():
    columns = random_l3(40, seed=2)
    assert checksum_of(
        {**columns, "price": columns["qty"], "qty": columns["price"]}
    ) != checksum_of(columns)


@pytest.fixture
def two_batches(tmp_path):
    rows = BATCH_ROWS + 1000
    columns = columns_of_rows([(0, "TRADE", 0, 100, 1)])
    columns = {k: np.resize(v, rows) for k, v in columns.items()}
    columns["ts_event"] = columns["ts_recv"] = columns["ts_event"] + np.arange(rows)
    path = write_day(tmp_path / "S", columns, level="l2")
    where = path.read_bytes().find(columns["price"].tobytes()[: 8 * BATCH_ROWS])
    return path, where


@pytest.mark.parametrize("chunk_rows", [None, 1000, 1 << 21])
def test_a_plausible_change_names_the_file_and_the_rows(two_batches, chunk_rows):
    path, where = two_batches
    raw = bytearray(path.read_bytes())
    raw[where + 8 * 777] ^= 2
    path.write_bytes(raw)
    words = r"2012-06-21\.arrow, row 0: batch 0, rows 0 to 1,048,575, is not what was written"
    with pytest.raises(DataError, match=words):
        list(open_ticks(path).chunks(chunk_rows))
    assert (
        sum(c.rows for c in open_ticks(path).chunks(chunk_rows, checked=False)) == BATCH_ROWS + 1000
    )


def test_rows_before_a_damaged_batch_are_given_out(two_batches):
    path, _ = two_batches
    raw = bytearray(path.read_bytes())
    at = raw.rfind(np.int64(100).tobytes())
    raw[at] ^= 2
    path.write_bytes(raw)
    chunks = open_ticks(path).chunks()
    assert next(chunks).rows == BATCH_ROWS
    with pytest.raises(DataError, match="rows 1,048,576 to 1,049,575"):
        next(chunks)


def test_a_cut_is_checked_with_the_whole_of_its_batches(two_batches):
    path, where = two_batches
    ticks = open_ticks(path)
    assert (
        sum(c.rows for c in open_ticks(path, start=ticks.start + 500).chunks()) == ticks.rows - 500
    )
    raw = bytearray(path.read_bytes())
    raw[where + 8 * 3] ^= 2
    path.write_bytes(raw)
    with pytest.raises(DataError, match="batch 0"):
        open_ticks(path, start=ticks.start + 500)
    with pytest.raises(DataError, match="batch 0"):
        open_ticks(path, end=ticks.start + 500)


def test_metadata_have_a_seal(tmp_path):
    path = write_day(tmp_path / "S", random_l3(50, seed=1))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"tick_size": "0.01"', b'"tick_size": "0.03"'))
    with pytest.raises(DataError, match=r"2012-06-21\.arrow: its metadata are damaged"):
        open_ticks(path)


def without_checksums(path):
    """Write a day again as older versions did."""
    reader = pa.ipc.open_file(path.read_bytes())
    known = json.loads(reader.schema.metadata[KEY])
    known.pop("checksums")
    known.pop("seal")
    schema = reader.schema.with_metadata({KEY: json.dumps(known).encode()})
    with path.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
        for number in range(reader.num_record_batches):
            arrays = reader.get_batch(number).columns
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def test_days_of_older_versions_open_and_are_told(tmp_path):
    columns = random_l3(50, seed=1)
    path = write_day(tmp_path / "S", columns)
    clean = check_ticks(path)
    assert not any("checksums" in f.sentence for f in clean.findings)
    without_checksums(path)
    ticks = TickStore(tmp_path / "S").open()
    assert sum(c.rows for c in ticks.chunks()) == 50
    assert ticks.sha256 == Ticks.from_columns(instrument(), columns).sha256
    report = check_ticks(path)
    told = [f.sentence for f in report.findings if f.kind == "noted"]
    assert len(told) == 1
    assert "1 days without checksums" in told[0]
