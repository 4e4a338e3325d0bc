"""Messages to the matching engine: columns, as people and files have them, packed into records."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hftsim.book.matching.layout import HAS_TERMS, MESSAGE, NO_PRICE, OPERATION, TERMS
from hftsim.book.orders.layout import OWNERS
from hftsim.core.enums import MessageOp, OrderType
from hftsim.core.errors import InputError, UnknownNameError

_PLAIN = ("op", "order_id", "side", "type", "tif", "price", "qty")
_FEW = ("owner", "display_qty", "trigger", "offset", "min_qty", "expires", "ts_event", "flags")
COLUMNS = (*_PLAIN, "has_price", *_FEW)
"""Columns of messages. Absent ones are 0, `op` new, `type` limit and `has_price` true."""
_MOST = 1 << 63


def pack(columns: Mapping[str, Any] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return `MESSAGE` rows and, where some message says more than they hold, `TERMS` rows.

    Parameters
    ----------
    columns : equally long columns of integers by name (see `COLUMNS`; ``seq`` is allowed and not
        looked at), or one structured array. Words are those of the enums in `hftsim.core.enums`;
        what is no such word is refused by the engine, with a report.

    Raises
    ------
    InputError
        A column that is not known, that is longer than another one, or that holds something else than
        whole numbers of 64 bits.
    """
    given = as_columns(columns)
    count = max((len(column) for column in given.values()), default=0)
    messages = np.zeros(count, MESSAGE)
    messages["op"], messages["type"] = MessageOp.NEW, OrderType.LIMIT
    for name in _PLAIN:
        if name in given:
            kind = messages.dtype[name]
            column = whole_column(name, given[name])
            messages[name] = column if kind.itemsize == 8 else _as_word(column, kind)
    messages["op"][messages["op"] > OPERATION] = 0
    if "has_price" in given:
        messages["op"][~np.asarray(given["has_price"], bool)] |= NO_PRICE
    few = {n: whole_column(n, given[n]) for n in _FEW if n in given}
    owner = few.get("owner", np.zeros(count, np.int64))
    wide = (owner < 0) | (owner > OWNERS)
    messages["owner"] = np.where(wide, 0, owner)
    for name, column in few.items():
        wide = wide | ((column != 0) & (name != "owner"))
    if not wide.any():
        return messages, np.zeros(0, TERMS)
    messages["op"][wide] |= HAS_TERMS
    terms = np.zeros(count, TERMS)
    for name, column in few.items():
        terms[name] = column
    return messages, terms


def as_columns(columns: Mapping[str, Any] | np.ndarray) -> dict[str, Any]:
    """Return message columns by name; raises InputError as `pack`, but looks at no values."""
    if isinstance(columns, np.ndarray):
        names = columns.dtype.names
        if names is None:
            raise InputError("messages are columns by name, or an array with named fields")
        given: dict[str, Any] = {n: columns[n] for n in names}
    else:
        given = dict(columns)
    given.pop("seq", None)
    for name in given:
        if name not in COLUMNS:
            raise UnknownNameError("message column", name, COLUMNS)
    lengths = {name: len(column) for name, column in given.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"message columns have different lengths: {lengths}")
    return given


def whole_column(name: str, values: Any) -> np.ndarray:
    """Return a column of integers; floats and objects pass where each is a whole number.

    Raises InputError that names the column, the row and what stands there.
    """
    column = np.asarray(values)
    kind = column.dtype.kind
    if kind in "bi" or not column.size or (kind == "u" and int(column.max()) < _MOST):
        return column
    for row, value in enumerate(column.tolist()):
        if not _is_whole(value):
            raise InputError(
                f"message column {name!r}, row {row}: {value!r} is not a whole number of 64 bits"
            )
    return column.astype(np.int64)


def _is_whole(value: Any) -> bool:
    try:
        return bool(value == int(value) and -_MOST <= value < _MOST)
    except (TypeError, ValueError, OverflowError):
        return False


def _as_word(column: np.ndarray, kind: np.dtype[Any]) -> np.ndarray:
    """Return small words; what does not fit is no word and becomes 255, or 0 where signed."""
    limits = np.iinfo(kind)
    fits = (column >= limits.min) & (column <= limits.max)
    return np.where(fits, column, 0 if limits.min < 0 else 255).astype(kind)
