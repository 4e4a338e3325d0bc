"""What stands before the records of a Databento file: its data set, schema and symbols."""

import dataclasses
import struct

from hftsim.core.errors import DataError
from hftsim.data.ticks.packed import PackedFile

_VERSIONS = (1, 2, 3)
_SCHEMA_MBO, _SCHEMA_MIXED = 0, 0xFFFF
_V1_SYMBOL = 22
_LARGEST = 64 << 20


@dataclasses.dataclass(frozen=True)
class DbnHeader:
    """The metadata of a file.

    Parameters
    ----------
    version : 1, 2 or 3.
    dataset : Databento's name of the source, such as ``XNAS.ITCH``.
    instruments : instrument id to symbol, where the file maps them.
    """

    version: int
    dataset: str
    instruments: dict[int, str]


def read_header(stream: PackedFile) -> DbnHeader:
    """Read the metadata; raises DataError where they are no DBN metadata, or not of MBO records."""
    start = stream.read(8)
    if len(start) < 8 or start[:3] != b"DBN" or start[3] not in _VERSIONS:
        raise DataError("is no DBN file of version 1, 2 or 3", path=stream.path)
    version, length = start[3], struct.unpack("<I", start[4:])[0]
    raw = stream.read(length) if length <= _LARGEST else b""
    if len(raw) < length or length < 100:
        raise DataError("its metadata are cut off or damaged", path=stream.path)
    schema = struct.unpack_from("<H", raw, 16)[0]
    if schema not in (_SCHEMA_MBO, _SCHEMA_MIXED):
        raise DataError("holds another schema than mbo: fetch schema='mbo'", path=stream.path)
    dataset = _text(raw[:16])
    try:
        return DbnHeader(version, dataset, _instruments(raw, version))
    except (struct.error, IndexError, ValueError):
        raise DataError("its metadata are damaged", path=stream.path) from None


def _instruments(raw: bytes, version: int) -> dict[int, str]:
    """Return instrument id to symbol, from the mappings at the end of the metadata."""
    if version == 1:  # dataset, schema, start, end, limit, record count, 3 flags, 47 reserved
        size, at = _V1_SYMBOL, 16 + 2 + 8 * 4 + 3 + 47
    else:  # dataset, schema, start, end, limit, 3 flags, length of symbols, 53 reserved
        size, at = struct.unpack_from("<H", raw, 16 + 2 + 8 * 3 + 3)[0], 16 + 2 + 8 * 3 + 3 + 2 + 53
    at += 4 + struct.unpack_from("<I", raw, at)[0]  # a schema definition, so far always empty
    for _ in range(3):  # symbols asked for, partly resolved, not found
        at += 4 + struct.unpack_from("<I", raw, at)[0] * size
    count, at = struct.unpack_from("<I", raw, at)[0], at + 4
    found: dict[int, str] = {}
    for _ in range(count):
        name, intervals = _text(raw[at : at + size]), struct.unpack_from("<I", raw, at + size)[0]
        at += size + 4
        if at + intervals * (8 + size) > len(raw):  # before the loop: damage may say billions
            raise ValueError
        for _ in range(intervals):
            other = _text(raw[at + 8 : at + 8 + size])
            if other.isdigit():
                found[int(other)] = name
            elif name.isdigit():
                found[int(name)] = other
            at += 8 + size
    return found


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("ascii", "replace")
