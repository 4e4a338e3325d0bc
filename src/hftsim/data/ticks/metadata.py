"""What a tick file says of itself: one JSON object in the schema of its Arrow file."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError, InstrumentError
from hftsim.core.events import EVENT_COLUMNS, EVENT_DTYPE, EventKind
from hftsim.core.instrument import VENUE_RULES, Instrument
from hftsim.data.ticks.importing import LEVELS
from hftsim.native.layout import address_of

VERSION = 1
_MIX = 0x9E3779B97F4A7C15
CORRECTED = ("rows_doubled", "off_grid_trades")
"""Corrections that each day counts for itself."""
KEY = b"hftsim"

_NEEDED: dict[str, type] = {
    "version": int,
    "instrument": dict,
    "level": str,
    "source": dict,
    "corrections": dict,
    "counts": dict,
    "rows": int,
    "start": int,
    "end": int,
    "has_receive_times": bool,
    "sha256": str,
}
_DECIMALS = ("tick_size", "lot_size", "multiplier", "min_qty", "min_notional", "max_qty")


def columns_of(level: str) -> tuple[str, ...]:
    """Return the columns of a file: `order_id` and `priority` stand in files by order alone."""
    by_order = ("order_id", "priority")
    return tuple(c for c in EVENT_COLUMNS if c not in by_order or level == "l3")


def instrument_as_json(instrument: Instrument) -> dict[str, Any]:
    """Return the instrument's fields; decimals are texts, so that they stay exact."""
    fields = dataclasses.asdict(instrument)
    fields = {k: v for k, v in fields.items() if v is not None or k not in VENUE_RULES}
    exact = {k: str(v) for k, v in fields.items() if isinstance(v, Decimal)}
    return {**fields, "kind": str(instrument.kind), **exact}


def instrument_from_json(fields: Mapping[str, Any], path: Path) -> Instrument:
    """Return the instrument that `instrument_as_json` wrote; raises DataError if it is none."""
    known = {f.name for f in dataclasses.fields(Instrument)}
    try:
        values: dict[str, Any] = {
            k: Decimal(v) if k in _DECIMALS else v for k, v in fields.items() if k in known
        }
        return Instrument(**values)
    except (InstrumentError, ArithmeticError, TypeError, ValueError) as error:
        raise DataError(f"its metadata hold no valid instrument ({error})", path=path) from None


def parse_metadata(raw: bytes | None, path: Path) -> dict[str, Any]:
    """Return a file's metadata; raises DataError where they are missing, damaged or too new."""
    if raw is None:
        raise DataError(
            "is no tick file of hftsim: its schema lacks the metadata; import it", path=path
        )
    try:
        found: dict[str, Any] = json.loads(raw)
    except ValueError:
        raise DataError("its metadata are damaged: import the day again", path=path) from None
    wrong = [k for k, t in _NEEDED.items() if not isinstance(found, dict) or not _is(found, k, t)]
    if wrong:
        raise DataError(f"its metadata lack {wrong[0]!r}: import the day again", path=path)
    if found["version"] != VERSION:
        raise DataError(
            f"has version {found['version']} of the tick file; this hftsim reads {VERSION}: "
            f"import the day again",
            path=path,
        )
    sealed = found.get("seal")
    if found["level"] not in LEVELS or found["rows"] < 0 or sealed not in (None, seal_of(found)):
        raise DataError("its metadata are damaged: import the day again", path=path)
    return found


def _is(found: dict[str, Any], key: str, kind: type) -> bool:
    return type(found.get(key)) is kind


class ContentHash:
    """SHA-256 of a day's columns, however they are cut into pieces.

    The digest of each column runs over its values as little-endian integers; that of the day over
    the names and digests of all columns.
    """

    def __init__(self, level: str) -> None:
        self._columns = {name: hashlib.sha256() for name in columns_of(level)}

    def add(self, columns: Mapping[str, np.ndarray]) -> None:
        """Go on with more rows."""
        for name, digest in self._columns.items():
            digest.update(np.ascontiguousarray(columns[name], dtype=EVENT_DTYPE[name]).data)

    def hexdigest(self) -> str:
        """Return the hash of the rows so far."""
        whole = hashlib.sha256()
        for name, digest in self._columns.items():
            whole.update(f"{name}:{digest.hexdigest()};".encode())
        return whole.hexdigest()


def checksum_of(columns: Mapping[str, np.ndarray]) -> str:
    """Return a checksum of a batch's columns, cheap enough for every replay; 16 hex digits.

    Any bit that differs gives another one, and so do words that changed places. It is no
    protection against intent: for that there is the SHA-256 of the day.
    """
    from hftsim.data.ticks._kernels import SUM_SIGNATURE, sum_words
    from hftsim.native.cache import kernel

    total = 0
    for values in columns.values():
        raw = np.ascontiguousarray(values).view(np.uint8)
        words = len(raw) // 8
        rest = int.from_bytes(raw[8 * words :].tobytes(), "little")
        found = int(kernel(sum_words, SUM_SIGNATURE)(address_of(raw), words))
        total = (total * _MIX + found + rest * (2 * words + 1)) % (1 << 64)
    return f"{total:016x}"


def days_without_checksums(known: Mapping[str, Any]) -> list[str]:
    """Return the days of a series whose files were written by a version without checksums."""
    return [str(day.get("day")) for day in known.get("days", []) if not day.get("checksums")]


def seal_of(known: Mapping[str, Any]) -> str:
    """Return the SHA-256 of metadata, which stands among them as ``seal``."""
    told = {name: value for name, value in known.items() if name != "seal"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def series_hash(level: str, days: list[str]) -> str:
    """Return the hash of several days in a row, each given by its own."""
    return hashlib.sha256(f"hftsim ticks {level}: {' '.join(days)}".encode()).hexdigest()


class Summary:
    """Counts and extremes of a day, collected while it is written."""

    def __init__(self) -> None:
        self.rows = 0
        self._counts = np.zeros(256, np.int64)
        self._extremes: dict[str, tuple[int, int]] = {}

    def add(self, columns: Mapping[str, np.ndarray]) -> None:
        """Look at more rows."""
        rows = len(columns["kind"])
        if not rows:
            return
        self.rows += rows
        self._counts += np.bincount(columns["kind"], minlength=256)
        priced = columns["price"][~np.isin(columns["kind"], _WITHOUT_PRICE)]
        self._extend("ts_event", columns["ts_event"])
        self._extend("ts_recv", columns["ts_recv"])
        self._extend("price", priced)
        self._extend("qty", columns["qty"])

    def _extend(self, name: str, values: np.ndarray) -> None:
        if len(values):
            low, high = int(values.min()), int(values.max())
            before = self._extremes.get(name, (low, high))
            self._extremes[name] = (min(low, before[0]), max(high, before[1]))

    def to_dict(self) -> dict[str, Any]:
        """Return what the metadata say: rows, counts, start, end and extremes."""
        start, end = self._extremes.get("ts_event", (0, 0))
        low, high = self._extremes.get("price", (None, None))
        return {
            "rows": self.rows,
            "counts": {EventKind(k).name: int(self._counts[k]) for k in self._kinds()},
            "start": start,
            "end": end,
            "last_received": self._extremes.get("ts_recv", (0, 0))[1],
            "min_price": low,
            "max_price": high,
            "max_qty": self._extremes.get("qty", (0, 0))[1],
        }

    def _kinds(self) -> list[int]:
        return [int(k) for k in EventKind if self._counts[k]]


_WITHOUT_PRICE = np.array([EventKind.CLEAR, EventKind.STATUS, EventKind.FUNDING], np.uint8)
