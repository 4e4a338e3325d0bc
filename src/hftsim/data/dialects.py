"""How a text table is written: separator, header, number style, order of the date's parts."""

import collections
import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from hftsim.core.errors import DataError, UnknownNameError
from hftsim.data.numbers import NumberStyle, is_missing, looks_like_number, number_style
from hftsim.data.times import day_first_evidence, looks_like_time

FORMATS = ("bars", "binance", "book", "trades", "csv", "parquet", "feather")
FORMAT_FLAGS = ("decimal-point", "decimal-comma", "day-first", "month-first")

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE_LINES = 500
_PREAMBLE_LINES = 10


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What was detected of a text table.

    Parameters
    ----------
    separator : one character.
    header : column names as written, or None.
    first_line : 1-based line of the first data row.
    width : fields in a row.
    numbers : number style.
    day_first : order of dates whose year comes last; None where that is undecided.
    comments : ``# key: value`` lines before the header.
    sample : some data rows, as fields.
    notes : what else is worth telling, in words.
    """

    separator: str
    header: tuple[str, ...] | None
    first_line: int
    width: int
    numbers: NumberStyle
    day_first: bool | None
    comments: dict[str, str]
    sample: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]

    def describe(self) -> str:
        """Return the dialect in words."""
        header = f"header on row {self.first_line - 1}" if self.header else "no header"
        parts = [f"CSV, {_SEPARATORS[self.separator]}-separated, {header}"]
        if self.numbers.decimal == ",":
            parts.append("decimal comma")
        return ", ".join([*parts, *self.notes])


def parse_format(text: str | None) -> tuple[str | None, frozenset[str]]:
    """Return (format or None, flags) of a ``--format``, such as ``bars:day-first``.

    Raises UnknownNameError for a format or flag that does not exist.
    """
    if text is None:
        return None, frozenset()
    name, *flags = text.lower().split(":")
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    for flag in flags:
        if flag not in FORMAT_FLAGS:
            raise UnknownNameError("format flag", flag, FORMAT_FLAGS)
    return name, frozenset(flags)


def detect(
    block: bytes, flags: frozenset[str] = frozenset(), path: str | Path | None = None
) -> Dialect:
    """Return the dialect of a table from its first block of whole lines, UTF-8.

    Raises DataError for text that is no table, a header without rows, and what may mean two things.
    """
    lines = list(_sample_lines(block))
    comments = [(n, text) for n, text in lines if text.startswith("#")]
    lines = _without_comments(lines)
    if not lines:
        raise DataError("holds no rows", path=path)
    separator, width = _separator(lines, path)
    rows = [(n, _split(text, separator)) for n, text in lines]
    rows, skipped = _without_preamble(rows)
    known = _key_values(comments)
    rows = _without_yahoo_rows(rows, known)
    header = _header(rows, path)
    data = rows[1:] if header else rows
    if not data:
        raise DataError("holds a header and no rows", path=path)
    sample = tuple(tuple(fields) for _, fields in data)
    notes = [f"{skipped} line(s) before the header skipped"] if skipped else []
    return Dialect(
        separator=separator,
        header=header,
        first_line=rows[0][0] + 1 if header else rows[0][0],
        width=len(header) if header else width,
        numbers=_numbers(sample, flags, path),
        day_first=_day_first(block, flags, path),
        comments=known,
        sample=sample,
        notes=tuple(notes),
    )


def _sample_lines(block: bytes) -> Iterator[tuple[int, str]]:
    start, number, found = 0, 0, 0
    while start < len(block) and found < _SAMPLE_LINES:
        end = block.find(b"\n", start)
        end = len(block) if end < 0 else end
        number += 1
        text = block[start:end].decode("utf-8", "replace").strip("\r")
        start = end + 1
        if text.strip():
            found += 1
            yield number, text


def _without_comments(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Drop leading ``#`` lines, but keep a header that begins with ``#``."""
    kept = list(lines)
    while kept and kept[0][1].startswith("#"):
        if len(kept) > 1 and not kept[1][1].startswith("#"):
            marks = [kept[0][1].count(s) for s in _SEPARATORS]
            if max(marks) >= 4 and max(marks) == max(kept[1][1].count(s) for s in _SEPARATORS):
                return [(kept[0][0], kept[0][1].lstrip("# ")), *kept[1:]]
        kept = kept[1:]
    return kept


def _split(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return text.split(separator)


def _separator(lines: list[tuple[int, str]], path: str | Path | None) -> tuple[str, int]:
    """Return (separator, commonest width): the one that splits rows into times and numbers."""
    best: tuple[float, int, str] = (0.0, 0, "")
    for separator in _SEPARATORS:
        rows = [_split(text, separator) for _, text in lines]
        body = rows[1:] or rows
        width = collections.Counter(len(r) for r in body).most_common(1)[0][0]
        fields = [f for r in body if len(r) == width for f in r]
        good = sum(_is_value(f) for f in fields) / max(len(fields), 1)
        if width > 1 and (good, width) > best[:2] and (good > 0.3 or len(rows) == 1):
            best = (good, width, separator)
    if not best[2]:
        row, text = lines[min(1, len(lines) - 1)]
        raise DataError(
            f"is not a table of times and numbers: {text.strip()[:60]!r}", path=path, row=row
        )
    return best[2], best[1]


def _is_value(field: str) -> bool:
    return looks_like_number(field) or looks_like_time(field)


def _without_preamble(
    rows: list[tuple[int, list[str]]],
) -> tuple[list[tuple[int, list[str]]], int]:
    """Drop single-field lines, such as a link to the provider, before the header."""
    skipped = 0
    while skipped < min(_PREAMBLE_LINES, len(rows) - 1):
        fields = rows[skipped][1]
        if len(fields) > 1 or _is_value(fields[0]):
            break
        skipped += 1
    return rows[skipped:], skipped


def _without_yahoo_rows(
    rows: list[tuple[int, list[str]]], known: dict[str, str]
) -> list[tuple[int, list[str]]]:
    """Join the three header rows that yfinance writes (Price, Ticker, Date) into one."""
    firsts = [fields[0].strip() for _, fields in rows[:3]]
    if firsts[:2] != ["Price", "Ticker"] or len(firsts) < 3 or "Date" not in firsts[2]:
        return rows
    known.setdefault("symbol", rows[1][1][-1].strip())
    return [(rows[2][0], [firsts[2], *rows[0][1][1:]]), *rows[3:]]


def _header(rows: list[tuple[int, list[str]]], path: str | Path | None) -> tuple[str, ...] | None:
    first = rows[0][1]
    if any(_is_value(f) for f in first) or all(is_missing(f) for f in first):
        return None
    names = tuple(name.strip().strip("<>").strip() for name in first)
    written = [n for n in names if n]
    twice = [n for n, count in collections.Counter(written).items() if count > 1]
    if twice:
        where = [i + 1 for i, n in enumerate(names) if n == twice[0]]
        raise DataError(
            f"two columns have the same name (columns {where[0]} and {where[1]}): rename or "
            f"remove one",
            path=path,
            row=rows[0][0],
            field=twice[0],
        )
    return names


def _numbers(
    sample: tuple[tuple[str, ...], ...], flags: frozenset[str], path: str | Path | None
) -> NumberStyle:
    fields = [f for row in sample for f in row if not looks_like_time(f)]
    return number_style(fields, flags, path)


def _day_first(block: bytes, flags: frozenset[str], path: str | Path | None) -> bool | None:
    if flags & {"day-first", "month-first"}:
        return "day-first" in flags
    if not day_first_evidence(block[:65536].decode("utf-8", "replace"))[0]:
        return True
    _, day, month = day_first_evidence(block.decode("utf-8", "replace"))
    if day and month:
        raise DataError(
            "dates are written both day first and month first: say which with "
            "--format csv:day-first or --format csv:month-first",
            path=path,
        )
    return day if day or month else None


def _key_values(comments: list[tuple[int, str]]) -> dict[str, str]:
    pairs = [text.lstrip("# ").partition(":") for _, text in comments]
    return {key.strip().lower(): value.strip() for key, mark, value in pairs if mark}
