"""Any value of a result as plain JSON values: no NaN, no dates, no exotic types."""

import dataclasses
import datetime
import enum
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.errors import InputError

_MISSING: tuple[Any, ...] = (pd.NaT, pd.NA)


def plain_value(value: Any) -> Any:
    """Return `value` as what JSON can hold; NaN and infinity become None, times ISO 8601 UTC.

    Raises InputError for an object that has no plain form.
    """
    if value is None or (isinstance(value, str | bool | int) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, Mapping):
        return {str(plain_value(k)): plain_value(v) for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain_value(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, pd.DataFrame):
        return [plain_value(row) for row in value.to_dict("records")]
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        return [plain_value(item) for item in value.tolist()]
    if isinstance(value, set | frozenset):
        return [plain_value(item) for item in sorted(value, key=str)]
    if isinstance(value, Iterable):
        return [plain_value(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return plain_value(value.value)
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        return plain_value(value.item())
    if any(value is missing for missing in _MISSING):
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, PurePath) or type(value).__name__ == "Decimal":
        return str(value)
    return _moment(value)


def _moment(value: Any) -> Any:
    if isinstance(value, datetime.timedelta | np.timedelta64):
        return pd.Timedelta(value).total_seconds()
    if isinstance(value, datetime.datetime | np.datetime64):
        return iso_utc(pd.Timestamp(value))
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise InputError(
        f"a {type(value).__name__} cannot be written as JSON; results may hold numbers, text, "
        "times, lists and dictionaries"
    )


def iso_utc(stamp: Any) -> str | None:
    """Return ``2024-10-01T03:00:00Z``; None for no time."""
    if pd.isna(stamp):
        return None
    aware = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
    return str(aware.isoformat()).replace("+00:00", "Z")


def json_bytes(value: Any, *, indent: int | None = 2) -> bytes:
    """Return `value` as JSON text in UTF-8, made plain first."""
    text = json.dumps(plain_value(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"
