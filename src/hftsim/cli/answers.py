"""What a command answers: one JSON object for programs, or a table for people."""

import contextlib
import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

_answered: list[bool] = []


def emit_json(answer: object) -> None:
    """Write one JSON value to standard output; a reader that went away is no error.

    Undefined figures (NaN, infinity) become null; letters that standard output has no code for are
    escaped as JSON does it.
    """
    _answered.append(True)
    escape = (sys.stdout.encoding or "").lower() != "utf-8"
    text = json.dumps(plain(answer), ensure_ascii=escape, allow_nan=False)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def emit_error(sentence: str, exit_code: int) -> None:
    """Write the object of a command that failed, unless its answer is out already."""
    if not _answered:
        emit_json({"error": sentence, "exit_code": exit_code})


def start_answering() -> None:
    """Forget what an earlier invocation in the same process answered."""
    _answered.clear()


def with_reasons(answer: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, Any]:
    """Return `answer` with a ``reasons`` entry for every value at its top level that is null."""
    undefined = [k for k, v in answer.items() if plain(v) is None]
    usual = {k: "does not apply" if answer[k] is None else "not defined" for k in undefined}
    return {**answer, "reasons": {k: reasons.get(k, f"{usual[k]} here") for k in undefined}}


def plain(value: Any) -> Any:
    """Return `value` in JSON's own types; NaN and infinity become None."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (float, Decimal)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(v) for v in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return _foreign(value)


def _foreign(value: Any) -> Any:
    """Convert what numpy, pandas and pathlib make; anything else is written as its text."""
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)
