"""Written times of one layout, all rows at once: digits at fixed positions of a byte matrix."""

import re
from typing import Any

import numpy as np

from hftsim.data.epochs import SECOND, TimeColumn, civil_ns, from_integers

_MOST_LAYOUTS = 8

TEXT = re.compile(
    r"(?P<a>\d{4}|\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{4}|\d{1,2})"
    r"(?:(?:T|[ ]{1,2}|-)(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?:[ ]?(?P<half>[AaPp][Mm]))?)?"
    r"(?:[ ]?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
)
COMPACT = re.compile(
    r"(?P<a>\d{4})(?P<b>\d{2})(?P<c>\d{2})(?:[T ]{1,2}|-)"
    r"(?P<h>\d{2}):?(?P<m>\d{2})(?::?(?P<s>\d{2})(?:[.,]?(?P<f>\d{1,9}))?)?"
    r"(?P<half>(?!))?(?:[ ]?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?"
)
_FRACTION = re.compile(r"(?P<e>\d{9,18})\.(?P<f>\d{1,9})")


def read_by_layout(found: TimeColumn, values: Any, *, day_first: bool) -> None:
    """Read the unread rows of a text column by the layout of the first unread row of each length.

    Lengths with many layouts, such as days without a leading zero, take several rounds; what is
    left after `_MOST_LAYOUTS` stays unread.
    """
    rows = np.flatnonzero(found.bad)
    start, text = _text_bytes(values)
    lengths = np.diff(start)[rows]
    for length in np.unique(lengths):
        left = rows[lengths == length] if length else rows[:0]
        for _ in range(_MOST_LAYOUTS):
            if len(left):
                matrix = _matrix(start, text, left, int(length))
                _read_group(found, left, matrix, day_first=day_first)
            if not len(left) or found.bad[left[0]]:
                break
            left = left[found.bad[left]]


def _matrix(start: np.ndarray, text: np.ndarray, rows: np.ndarray, length: int) -> np.ndarray:
    """Return the bytes of rows of one length, shape (rows, length)."""
    if len(rows) == len(start) - 1:
        return text[start[0] : start[-1]].reshape(-1, length)
    return np.asarray(text[start[rows][:, None] + np.arange(length)])


def _text_bytes(values: Any) -> tuple[np.ndarray, np.ndarray]:
    _, offsets, data = values.buffers()
    start = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return start.astype(np.int64), text


def _read_group(found: TimeColumn, rows: np.ndarray, text: np.ndarray, *, day_first: bool) -> None:
    """Read all rows of one length by the layout of their first."""
    sample = text[0].tobytes().decode("ascii", "replace")
    match = _FRACTION.fullmatch(sample)
    if match:
        _read_fractions(found, rows, text, match)
        return
    match = TEXT.fullmatch(sample) or COMPACT.fullmatch(sample)
    if match is None:
        return
    digits, fits = _digits(text, match)
    order = ("c", "b", "a") if len(match["a"]) < 4 and day_first else ("c", "a", "b")
    order = ("a", "b", "c") if len(match["a"]) == 4 else order
    if len(match[order[0]]) != 4:
        return
    year, month, day = (_number(digits, match.span(name)) for name in order)
    hour, minute, second = (_number(digits, match.span(name)) for name in ("h", "m", "s"))
    if match["half"]:
        fits &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + 12 * (text[:, match.start("half")] | 32 == ord("p"))
    ns, wrong = civil_ns(year, month, day, hour, minute, second)
    start, end = match.span("f")
    ns += _number(digits, (start, end)) * 10 ** (9 - (end - start)) if end > start else 0
    ns -= _offsets(text, digits, match) * SECOND
    good = fits & ~wrong
    found.ns[rows[good]] = ns[good]
    found.aware[rows[good]] = match["zone"] is not None
    found.bad[rows[good]] = False
    found.units["text"] = found.units.get("text", 0) + int(good.sum())


def _read_fractions(
    found: TimeColumn, rows: np.ndarray, text: np.ndarray, match: re.Match[str]
) -> None:
    """Read epochs with decimals: any unit where the decimals are zeros, else seconds."""
    digits, fits = _digits(text, match)
    start, end = match.span("f")
    fraction = _number(digits, (start, end)) * 10 ** (9 - (end - start))
    whole = from_integers(_number(digits, match.span("e")), ~fits)
    seconds = whole.ns % SECOND == 0 if match.end("e") <= 10 else np.zeros(len(rows), bool)
    good = fits & ~whole.bad & whole.aware & (seconds | (fraction == 0))
    found.ns[rows[good]] = whole.ns[good] + fraction[good]
    found.aware[rows[good]], found.bad[rows[good]] = True, False
    for unit, count in whole.units.items():
        found.units[unit] = found.units.get(unit, 0) + count


def _digits(text: np.ndarray, match: re.Match[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the digits by position, and which rows have digits and marks where the first has.

    The sign of an offset and the A or P of a half day may differ from row to row.
    """
    groups = match.groupdict()
    zone, half = groups.get("zone"), groups.get("half")
    free = {match.start("zone"): b"+-"} if zone and zone[0] in "+-" else {}
    if half:
        free |= {match.start("half"): b"AaPp", match.start("half") + 1: b"Mm"}
    digits = text.astype(np.int64) - 48
    is_digit = (digits >= 0) & (digits <= 9)
    fits = np.ones(len(text), bool)
    for at, char in enumerate(match.string):
        if char.isdigit():
            fits &= is_digit[:, at]
        else:
            allowed = free.get(at, char.encode())
            fits &= np.isin(text[:, at], np.frombuffer(allowed, np.uint8))
    return digits, fits


def _number(digits: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    total = np.zeros(len(digits), np.int64)
    for at in range(*span) if span[0] >= 0 else ():
        total = total * 10 + digits[:, at]
    return total


def _offsets(text: np.ndarray, digits: np.ndarray, match: re.Match[str]) -> np.ndarray:
    zone = match["zone"]
    if not zone or zone[0] not in "+-":
        return np.zeros(len(text), np.int64)
    at, end = match.span("zone")
    hours = _number(digits, (at + 1, at + 3))
    minutes = _number(digits, (end - 2, end)) if end - at > 3 else np.zeros(len(text), np.int64)
    sign = np.where(text[:, at] == 45, -1, 1)
    return np.asarray(sign * (hours * 3600 + minutes * 60))
