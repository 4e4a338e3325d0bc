"""Number columns as text: correctly rounded floats, in the number style of the file."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError

MISSING_WORDS = ("", "nan", "null", "none", "na", "n/a", "-", "#n/a")

_NUMBER = re.compile(
    r"[+-]?(?:\d[\d.,'\u00a0\u202f ]*|[.,]\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity)",
    re.IGNORECASE,
)
_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_POINT_GROUPED = r"^[+-]?\d{1,3}(?:[,'\u00a0\u202f ]\d{3})+(?:\.\d*)?$"
_COMMA_GROUPED = r"^[+-]?\d{1,3}(?:[.'\u00a0\u202f ]\d{3})+(?:,\d*)?$"


@dataclasses.dataclass(frozen=True)
class NumberStyle:
    """How a file writes numbers.

    Parameters
    ----------
    decimal : ``.`` or ``,``.
    comma_groups : with a decimal point, whether ``1,234`` is known to be 1234.
    """

    decimal: str = "."
    comma_groups: bool = False


def looks_like_number(text: str) -> bool:
    """Whether a field is a number in any style, infinity included."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_missing(text: str) -> bool:
    """Whether a field is empty or a word for nothing."""
    return text.strip().lower() in MISSING_WORDS


def number_style(
    fields: list[str], flags: frozenset[str], path: str | Path | None = None
) -> NumberStyle:
    """Return the style of sample fields; `flags` are what the user said of it.

    Raises DataError where ``1,234`` could be 1234 or 1.234 and nothing in the sample tells.
    """
    if "decimal-comma" in flags:
        return NumberStyle(",")
    if "decimal-point" in flags:
        return NumberStyle(".", comma_groups=True)
    numbers = [f.strip() for f in fields if looks_like_number(f) and not f.strip().isdigit()]
    commas = [n for n in numbers if "," in n]
    if any(n.count(".") > 1 or "." in n[: max(n.rfind(","), 0)] for n in numbers):
        return NumberStyle(",")
    points = any("." in n for n in numbers)
    if any(n.count(",") > 1 or "," in n[: max(n.rfind("."), 0)] for n in commas):
        return NumberStyle(".", comma_groups=True)
    if not commas:
        return NumberStyle(".", comma_groups=points)
    if any(not _GROUPS.fullmatch(n) for n in commas):
        return NumberStyle(",")
    if points:
        return NumberStyle(".", comma_groups=True)
    raise DataError(
        f"{commas[0]!r} may be {commas[0].replace(',', '')} or {commas[0].replace(',', '.')}: "
        f"say which with --format csv:decimal-point or --format csv:decimal-comma",
        path=path,
    )


def decode_numbers(column: Any, style: NumberStyle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (float64 values, rows that are missing, rows that are no numbers).

    `column` is a pyarrow array of text, numbers or decimals. Values are the floats nearest to what
    is written. Infinity and overflow come back as infinite values, not as text.
    """
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return _from_typed(column)
    return _from_text(column, style)


def _from_typed(column: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import pyarrow as pa

    if pa.types.is_decimal(column.type):
        return _from_text(column.cast(pa.string()), NumberStyle())
    try:
        values = np.asarray(column.cast(pa.float64(), safe=False).fill_null(np.nan))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        nothing = np.full(len(column), np.nan)
        return nothing, np.zeros(len(column), bool), np.ones(len(column), bool)
    return values, np.isnan(values), np.zeros(len(values), bool)


def _from_text(column: Any, style: NumberStyle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import polars as pl

    text = pl.Series("", column)
    plain = text
    if style.decimal == ",":
        dotted = text.str.contains(".", literal=True)
        plain = text.set(dotted, None).str.replace(",", ".", literal=True)
    found = plain.cast(pl.Float64, strict=False)
    wrong = found.is_null()
    values = found.fill_null(np.nan).to_numpy().copy()
    no_number = np.isnan(values)
    rows = np.flatnonzero(wrong.to_numpy())
    if len(rows):
        again = _second_look(text.filter(wrong), style)
        values[rows] = again.fill_null(np.nan).to_numpy()
        no_number = np.isnan(values)
    return (values, *_missing_or_text(text, no_number))


def _missing_or_text(text: Any, no_number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    missing = np.zeros(len(no_number), bool)
    rows = np.flatnonzero(no_number)
    if len(rows):
        missing[rows] = text[rows].str.strip_chars().str.to_lowercase().is_in(MISSING_WORDS)
    return missing, no_number & ~missing


def _second_look(text: Any, style: NumberStyle) -> Any:
    """Numbers with spaces around them, or digits in groups of three."""
    import polars as pl

    text = text.str.strip_chars()
    grouped = text.str.contains(_COMMA_GROUPED if style.decimal == "," else _POINT_GROUPED)
    if style.decimal == "." and not style.comma_groups:
        clear = ~text.str.contains(",") | text.str.contains(r"\.|,.*,")
        grouped &= clear
    marks = r"[.'\u00a0\u202f ]" if style.decimal == "," else r"[,'\u00a0\u202f ]"
    joined = text.str.replace_all(marks, "")
    plain = text.zip_with(~grouped, joined)
    if style.decimal == ",":
        plain = plain.set(~grouped & plain.str.contains(".", literal=True), None)
        plain = plain.str.replace(",", ".", literal=True)
    return plain.cast(pl.Float64, strict=False)
