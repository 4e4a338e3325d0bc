"""A LOBSTER message file and its order-book file, read side by side."""

import contextlib
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.progress import Progress
from hftsim.data.ticks.formats.decimals import decimal_blocks
from hftsim.data.ticks.formats.lobster import MESSAGE_COLUMNS, MESSAGE_DIGITS, open_part, parse_name
from hftsim.data.ticks.packed import is_zip

_SIDES = ("ask_price", "ask_size", "bid_price", "bid_size")


def message_blocks(
    path: Path, progress: Progress | None = None
) -> Generator[np.ndarray, None, None]:
    """Yield messages as int64 of shape (rows, 7): time in ns of the day, ..., line."""
    with open_part(path, "message") as stream:
        for block in decimal_blocks(stream, MESSAGE_COLUMNS, MESSAGE_DIGITS):
            if progress is not None:
                progress(stream.done, stream.size, path.name)
            if len(block):
                yield block


def book_blocks(path: Path) -> Generator[np.ndarray, None, None]:
    """Yield book rows as int64 of shape (rows, 4 * levels + 1), the line in the last column."""
    levels = levels_of(path)
    names = [f"{side}_{level}" for level in range(1, levels + 1) for side in _SIDES]
    with open_part(path, "orderbook") as stream:
        for block in decimal_blocks(stream, names, [0] * len(names)):
            if len(block):
                yield block


def levels_of(path: Path) -> int:
    """Return the levels of an order-book file, by its first row."""
    with open_part(path, "orderbook") as stream:
        first = stream.read(1 << 16).lstrip().split(b"\n", 1)[0]
    fields = first.count(b",") + 1
    if fields < 4 or fields % 4:
        raise DataError(
            f"has {fields} columns; an order book of LOBSTER has four for each level",
            path=path,
            row=1,
        )
    return fields // 4


def paired_blocks(
    messages: Path, books: Path, progress: Progress | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield as many messages as book rows, in step; raises DataError where one file is longer."""
    rows = 0
    left, right = message_blocks(messages, progress), book_blocks(books)
    with contextlib.closing(left), contextlib.closing(right):
        one, other = next(left, None), next(right, None)
        while one is not None and other is not None:
            count = min(len(one), len(other))
            rows += count
            yield one[:count], other[:count]
            one = one[count:] if len(one) > count else next(left, None)
            other = other[count:] if len(other) > count else next(right, None)
    if one is not None or other is not None:
        longer, shorter = (messages, books) if one is not None else (books, messages)
        raise DataError(
            f"has more rows than {shorter.name}, which ends after {rows:,}: these two are no pair "
            f"(--rebuild compares a deep message file with the pair of another level)",
            path=longer,
            row=rows + 1,
        )
    if not rows:
        raise DataError("holds no rows", path=messages)


def message_file_of(book: Path) -> Path:
    """Return the message file that goes with an order-book file; raises DataError if missing."""
    if is_zip(book):
        return book
    if "_orderbook_" not in book.name:
        raise DataError(
            "its name does not say where its messages are: LOBSTER writes ..._orderbook_1.csv "
            "beside ..._message_1.csv; a zip file may hold both",
            path=book,
        )
    stem = re.sub(r"_orderbook_(\d+)", r"_message_\1", book.name)
    plain = re.sub(r"\.(gz|xz|bz2|zip|zst)$", "", stem)
    for name in (stem, plain, f"{plain}.gz", f"{plain}.zip"):
        if (found := book.with_name(name)).is_file():
            return found
    raise DataError(f"its messages ({stem}) are not beside it", path=book)


def refuse_other_day(messages: Path, books: Path) -> None:
    """Raise DataError where the names of two files tell of other symbols or days."""
    names = []
    for path, what in ((messages, "message"), (books, "orderbook")):
        with open_part(path, what) as stream:
            names.append(parse_name(stream.name))
    one, other = names
    if one and other and (one.symbol, one.date) != (other.symbol, other.date):
        raise DataError(
            f"is of {other.symbol} on {other.date}, the messages of {one.symbol} on {one.date}",
            path=books,
        )
