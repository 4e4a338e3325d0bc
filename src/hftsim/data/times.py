"""Time columns: epochs of any unit and written dates, to exact nanoseconds.

A whole column is read by its layout (fixed positions, one pass over bytes); what does not fit the
first row's layout is read value by value by `parse_time`, the slow twin that defines the meaning.
"""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from hftsim.data.epochs import (
    COMPACT_UNITS,
    EARLIEST,
    EPOCH_UNITS,
    LATEST,
    SECOND,
    TimeColumn,
    compact_ns,
    from_integers,
)
from hftsim.data.time_layouts import COMPACT, TEXT, read_by_layout

_AMBIGUOUS_DATE = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/]\d{4}")


def looks_like_time(text: str) -> bool:
    """Whether a field is a written date, with or without a time of day."""
    text = text.strip()
    return bool(TEXT.fullmatch(text) or COMPACT.fullmatch(text))


def day_first_evidence(text: str) -> tuple[bool, bool, bool]:
    """Return (some such date, some day comes first, some month comes first) seen in `text`.

    Only dates with the year last count; dates written with dots are day first by custom.
    """
    pairs = [(int(m[1]), int(m[2])) for m in _AMBIGUOUS_DATE.finditer(text)]
    return bool(pairs), any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)


def parse_time(text: str, *, day_first: bool = True) -> tuple[int, bool, str] | None:
    """Return (nanoseconds, whether absolute, unit) of one written time, or None if unreadable.

    Examples
    --------
    >>> parse_time("1970-01-02")
    (86400000000000, False, 'text')
    >>> parse_time("01/02/1999 09:30", day_first=False) == parse_time("1999-01-02 09:30")
    True
    """
    text = text.strip()
    match = TEXT.fullmatch(text) or COMPACT.fullmatch(text)
    if match is None:
        return _parse_epoch(text)
    ordered = _ordered(match, day_first=day_first)
    if ordered is None:
        return None
    hour = _hour(match)
    if hour is None:
        return None
    try:
        day = dt.date(*ordered)
        clock = dt.time(hour, int(match["m"] or 0), int(match["s"] or 0))
    except ValueError:
        return None
    seconds = (day.toordinal() - 719_163) * 86_400
    seconds += clock.hour * 3600 + clock.minute * 60 + clock.second
    ns = seconds * SECOND + int((match["f"] or "0").ljust(9, "0"))
    offset = _offset_seconds(match["zone"])
    return (ns, False, "text") if offset is None else (ns - offset * SECOND, True, "text")


def decode_times(column: Any, *, day_first: bool = True) -> TimeColumn:
    """Return a pyarrow column of any time-like type as nanoseconds.

    Integers and numbers in text are epochs, their unit known by their size, or dates written as
    YYYYMMDD[hhmm[ss]]; anything outside 1980-2099 is unreadable rather than guessed.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _from_arrow_time(column)
    if pa.types.is_integer(kind):
        missing = np.asarray(column.is_null())
        return from_integers(np.asarray(column.fill_null(0).cast(pa.int64())), missing)
    if pa.types.is_floating(kind):
        return _from_floats(np.asarray(column.cast(pa.float64()).fill_null(np.nan)))
    return _from_text(column.cast(pa.string()).fill_null(""), day_first=day_first)


def _from_arrow_time(column: Any) -> TimeColumn:
    import pyarrow as pa

    aware = pa.types.is_timestamp(column.type) and column.type.tz is not None
    missing = np.asarray(column.is_null())
    plain = column.cast(pa.timestamp("us")) if pa.types.is_date(column.type) else column
    unit = plain.type.unit
    ticks = np.asarray(plain.cast(pa.int64()).fill_null(0))
    scale = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}[unit]
    bad = missing | (np.abs(ticks) > LATEST * (SECOND // scale))
    ns = np.where(bad, 0, ticks) * scale
    return TimeColumn(ns, np.full(len(ns), aware), bad, {"timestamps": len(ns)})


def _from_floats(values: np.ndarray) -> TimeColumn:
    whole = np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2.0**62)
    found = from_integers(np.where(whole, values, 0).astype(np.int64), ~whole)
    parts = ~whole & (values >= EARLIEST) & (values < LATEST)
    if parts.any():
        # Seconds as a 64-bit float resolve about 0.2 microseconds: the nearest one is meant.
        found.ns[parts] = np.rint(values[parts] * 1e6).astype(np.int64) * 1000
        found.aware[parts], found.bad[parts] = True, False
        found.units["seconds"] = found.units.get("seconds", 0) + int(parts.sum())
    return found


def _from_text(values: Any, *, day_first: bool) -> TimeColumn:
    import polars as pl

    whole = pl.Series("", values).cast(pl.Int64, strict=False)
    found = from_integers(whole.fill_null(0).to_numpy(), whole.is_null().to_numpy())
    if found.bad.any():
        read_by_layout(found, values, day_first=day_first)
    _read_slowly(found, values, day_first=day_first)
    return found


def _read_slowly(found: TimeColumn, values: Any, *, day_first: bool) -> None:
    rows = np.flatnonzero(found.bad)
    if not len(rows):
        return
    known: dict[str, tuple[int, bool, str] | None] = {}
    for row, text in zip(rows.tolist(), values.take(rows).to_pylist(), strict=True):
        if text not in known:
            known[text] = parse_time(text, day_first=day_first)
        read = known[text]
        if read is not None:
            found.ns[row], found.aware[row], unit = read
            found.bad[row] = False
            found.units[unit] = found.units.get(unit, 0) + 1


def _parse_epoch(text: str) -> tuple[int, bool, str] | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or "_" in text:
        return None
    for unit, scale in EPOCH_UNITS.items():
        if EARLIEST <= number * scale / SECOND < LATEST:
            ns = number * scale
            return (int(ns), True, unit) if ns == int(ns) or unit == "seconds" else None
    compact = COMPACT_UNITS.get(len(text))
    if compact and text.isdigit():
        ns_array, wrong = compact_ns(np.array([int(text.ljust(14, "0"))]))
        if not wrong[0] and 1980 <= int(text[:4]) < 2100:
            return int(ns_array[0]), False, compact
    return None


def _ordered(match: re.Match[str], *, day_first: bool) -> tuple[int, int, int] | None:
    a, b, c = match["a"], match["b"], match["c"]
    if len(a) == 4:
        return int(a), int(b), int(c)
    if len(c) != 4:
        return None
    return (int(c), int(b), int(a)) if day_first else (int(c), int(a), int(b))


def _hour(match: re.Match[str]) -> int | None:
    hour = int(match["h"] or 0)
    if not match["half"]:
        return hour
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if match["half"].lower() == "pm" else 0)


def _offset_seconds(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 0
    minutes = int(zone[-2:]) if len(zone) > 3 else 0
    return (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 3600 + minutes * 60)
