"""Lines of a recording, with their numbers; damage is told with what could be read before it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hftsim.core.errors import DataError
from hftsim.data.ticks.packed import PackedFile

_PIECE = 1 << 20
_NS_DIGITS, _LAST_NS = 19, "9"
_DECODER = json.JSONDecoder()


def numbered_lines(file: PackedFile) -> Iterator[tuple[int, str]]:
    """Yield (1-based number, text) of every line that is not blank.

    Raises DataError for bytes that are no text, and for a stream that is damaged or cut off: the
    message says how many lines came before.
    """
    row = 0
    blocks = file.line_blocks(_PIECE)
    while True:
        try:
            block = next(blocks, None)
        except DataError as error:
            why = str(error).removeprefix(f"{file.path}: ")
            raise DataError(
                f"{why} ({row:,} lines before that can be read)", path=file.path
            ) from None
        if block is None:
            return
        try:
            lines = block.decode().split("\n")
        except UnicodeDecodeError as error:
            at = row + block.count(b"\n", 0, error.start) + 1
            raise DataError("is not text", path=file.path, row=at) from None
        if lines[-1] == "":
            lines.pop()
        for line in lines:
            row += 1
            if line and not line.isspace():
                yield row, line


def stamped_json(path: Path, row: int, line: str) -> tuple[int, Any]:
    """Return (local time in ns, content) of a line ``<local ns> <JSON>``; raises DataError."""
    stamp = line[:_NS_DIGITS]
    if not (stamp.isdecimal() and stamp.isascii() and stamp < _LAST_NS and line[19:20] == " "):
        raise DataError(
            f"must begin with the local time in nanoseconds and a space, not {line[:24]!r}",
            path=path,
            row=row,
        )
    return int(stamp), loaded_json(path, row, line, _NS_DIGITS + 1)


def loaded_json(path: Path, row: int, text: str, start: int = 0) -> Any:
    """Return what the JSON behind `start` holds; raises DataError."""
    try:
        content, end = _DECODER.raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError) as error:
        told = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep"
    else:
        if end == len(text) or text[end:].isspace():
            return content
        told = "more follows behind it"
    raise DataError(
        f"is not whole JSON ({told}): the line is cut off or damaged", path=path, row=row
    )
