"""Packed streams, and text of numbers to integers."""

import bz2
import gzip
import lzma
import zipfile
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.errors import DataError
from hftsim.data.ticks.formats.decimals import ROUNDED, decimal_blocks
from hftsim.data.ticks.importing import fixed_point
from hftsim.data.ticks.packed import PackedFile, head_of

TEXT = b"".join(b"%d,%d\n" % (i, i * i) for i in range(20_000))


def zstd(raw):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(raw)
    return sink.getvalue().to_pybytes()


PACKINGS = {
    "": lambda raw: raw,
    "gzip": lambda raw: gzip.compress(raw[:7000]) + gzip.compress(raw[7000:]),
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": zstd,
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_packing_gives_the_same_bytes(tmp_path, packing):
    path = tmp_path / "data"
    path.write_bytes(PACKINGS[packing](TEXT))
    with PackedFile(path) as stream:
        assert stream.packing == packing
        assert b"".join(stream.line_blocks(5000)) == TEXT
        assert stream.done == stream.size == path.stat().st_size
    assert head_of(path, 10) == TEXT[:10]


@pytest.mark.parametrize("packing", ["gzip", "xz", "bzip2", "zstd"])
def test_damaged_streams_are_refused_by_name(tmp_path, packing):
    raw = PACKINGS[packing](TEXT)
    path = tmp_path / "data"
    rng = np.random.default_rng(1)
    outcomes = []
    for attempt in range(40):
        damaged = bytearray(raw)
        damaged[int(rng.integers(8, len(raw)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged if attempt else raw[: len(raw) // 2])
        try:
            with PackedFile(path) as stream:
                outcomes.append(stream.read(1 << 20) == TEXT)
        except DataError as error:
            outcomes.append(str(path) in str(error))
    assert outcomes[0]
    if packing != "zstd":  # which need not carry a checksum
        assert all(outcomes)


def test_the_right_file_of_a_zip_archive(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/a_message.csv", "1,2\n")
        archive.writestr("a_book.csv", "3,4\n")
        archive.writestr("__MACOSX/a_message.csv", "junk")
    with PackedFile(path, lambda name: "message" in name) as stream:
        assert (stream.name, stream.read(99)) == ("a_message.csv", b"1,2\n")
    with pytest.raises(DataError, match=r"holds 2 \(folder/a_message.csv, a_book.csv\)"):
        PackedFile(path)
    with pytest.raises(DataError, match=r"holds 0 \(none\)"):
        PackedFile(path, lambda name: "nothing" in name)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match="damaged zip file"):
        PackedFile(path)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    import hftsim.data.ticks.packed as packed

    monkeypatch.setattr(packed, "EXPANDED_LIMIT", 1 << 16)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(1 << 22)))
    with PackedFile(path) as stream, pytest.raises(DataError, match="times its packed size"):
        stream.read(1 << 22)


# -- numbers


def parsed(tmp_path, text, digits):
    path = tmp_path / "t.csv"
    path.write_bytes(text if text else b"\n")
    names = [f"c{i}" for i in range(len(digits))]
    with PackedFile(path) as stream:
        blocks = list(decimal_blocks(stream, names, digits))
    return np.concatenate(blocks).tolist()


def plain(text, digits):
    """The same, in plain Python; None where it must be refused."""
    rows = []
    for line, whole in enumerate(text.decode().split("\n"), 1):
        if not whole.strip("\r"):
            continue
        fields = whole.rstrip("\r").split(",")
        if len(fields) != len(digits):
            return None
        row = []
        for field, scale in zip(fields, digits, strict=True):
            body = field.strip(" \t").lstrip("+-")
            if field.strip(" \t")[:2] in ("+-", "-+", "--", "++"):
                return None
            if not body.replace(".", "", 1).isdigit():
                return None
            value = Decimal(field.strip(" \t")).scaleb(scale)
            if value != int(value):
                return None
            row.append(int(value))
        rows.append([*row, line])
    return rows


field = st.from_regex(r"[ ]?[+-]?[0-9]{1,5}(\.[0-9]{0,4})?[ ]?", fullmatch=True)
odd = st.sampled_from(["", "x", "1e5", "--1", ".", "-", "1.2.3", "0x1", "nan", "1 2", ".5", "5."])
lines = st.lists(
    st.lists(st.one_of(field, field, field, field, odd), min_size=1, max_size=4).map(",".join),
    min_size=1,
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(lines, st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_machine_code_reads_what_plain_python_reads(tmp_path_factory, rows, end, closed):
    text = (end.join(rows) + (end if closed else "")).encode()
    digits = [2, 0, 3][: len(rows[0].split(","))] or [2]
    wanted = plain(text, digits) if text.strip() else []
    folder = tmp_path_factory.mktemp("t", numbered=True)
    if wanted is None:
        with pytest.raises(DataError, match=r"t\.csv, row \d+"):
            parsed(folder, text, digits)
    elif wanted:
        assert parsed(folder, text, digits) == wanted


def test_lines_and_rounding(tmp_path):
    assert parsed(tmp_path, b"1.5,-2\n\n 3 ,+4\r\n", [1, 0]) == [[15, -2, 1], [30, 4, 3]]
    digits = [ROUNDED + 2]
    assert parsed(tmp_path, b"1.005\n1.0049\n2.999\n-1.005\n", digits) == [
        *([101, 1], [100, 2], [300, 3], [-101, 4]),
    ]


def test_floats_that_are_decimals():
    values = np.array([0.1, 100.25, 1e-8, 0.0, -2.5, np.nan, np.inf, 1e300, 1 / 3])
    made, fits = fixed_point(values)
    assert fits.tolist() == [True] * 5 + [False] * 4
    assert made.tolist() == [10_000_000, 10_025_000_000, 1, 0, -250_000_000, 0, 0, 0, 0]
    product = np.array([3 * 0.1, 600_123 * 0.1])
    assert not fixed_point(product)[1].all()
    made, fits = fixed_point(product, noise=4)
    assert fits.all()
    assert made.tolist() == [30_000_000, 6_001_230_000_000]
