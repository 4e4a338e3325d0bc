"""`hftsim verify lobster`: message files against LOBSTER's own order-book files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.ticks.lobster_check.pairs import (
    levels_of,
    message_blocks,
    message_file_of,
    paired_blocks,
    refuse_other_day,
)
from hftsim.data.ticks.lobster_check.rebuild import VisibleBook
from hftsim.native.layout import address_of

_DUMMY = 9_999_999_999


def verify_lobster(
    messages: str | Path,
    books: str | Path | None = None,
    *,
    rebuild: bool = False,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Compare a message file with LOBSTER's own book.

    One step at a time: each row of the book, with the next message applied, must be the next row
    on every level that was visible before. With `rebuild` a deep message file is replayed from an
    empty book, and its best prices are compared with the book of a pair of other depth wherever
    that has a row; orders from before the file are unknown and counted.

    Parameters
    ----------
    messages : the message file, or a zip archive with it.
    books : the order-book file, or an archive with it; default: the same archive. With `rebuild`
        its own messages must lie beside it or in its archive.
    rebuild : replay from an empty book.
    progress : told bytes of the message file.

    Returns
    -------
    compared and equal rows; gaps (messages earlier than the one before; with `rebuild` messages of
    the pair that the deep file lacks); crossed rows; levels of the book file; one step: levels
    compared, and entered from outside; `rebuild`: unknown orders, and rows equal in size too. The
    first difference is told as a row of the book file, or None.

    Raises
    ------
    DataError
        A file is damaged or missing, or the two are no pair.
    """
    message_path, book_path = Path(messages), Path(books if books is not None else messages)
    refuse_other_day(message_path, book_path)
    if rebuild:
        return _verify_rebuilt(message_path, book_path, progress)
    return _verify_one_step(message_path, book_path, progress)


def _verify_one_step(messages: Path, books: Path, progress: Progress) -> dict[str, Any]:
    levels = levels_of(books)
    check, rows, gaps, last = _OneStep(levels), 0, 0, -1
    for events, book in paired_blocks(messages, books, progress):
        rows += len(events)
        times = np.concatenate(([last], events[:, 0]))
        gaps, last = gaps + int((np.diff(times) < 0).sum()), int(times[-1])
        check.add(events, book)
    compared, equal, crossed, entered, levels_compared = check.totals
    return {
        "compared": compared,
        "equal": equal,
        "gaps": gaps,
        "crossed": crossed,
        "rows": rows,
        "levels": levels,
        "levels_compared": levels_compared,
        "levels_entered": entered,
        "first_difference_row": check.first_difference,
    }


class _OneStep:
    """Each row of a book against the row before it and its message, block by block.

    Attributes
    ----------
    first_difference : line of the first row that differs, or None.
    """

    def __init__(self, levels: int) -> None:
        from hftsim.data.ticks.lobster_check._kernels import CHECK_SIGNATURE, RESULTS, check_rows
        from hftsim.native.cache import kernel

        self._check = kernel(check_rows, CHECK_SIGNATURE)
        self._levels, self._results = levels, np.zeros(RESULTS, np.int64)
        self._results[-1] = -1
        self._scratch = np.zeros(2 * levels + 2, np.int64)
        self._before: np.ndarray | None = None
        self.first_difference: int | None = None

    @property
    def totals(self) -> list[int]:
        """Rows compared, equal, crossed; levels entered from outside, levels compared."""
        return [int(n) for n in self._results[:-1]]

    def add(self, events: np.ndarray, book: np.ndarray) -> None:
        """Compare more rows; the very first one has nothing before it."""
        if self._before is None:
            events, joined = np.ascontiguousarray(events[1:]), np.ascontiguousarray(book)
        else:
            events, joined = np.ascontiguousarray(events), np.vstack([self._before, book])
        if len(events):
            self._check(
                *(address_of(events), address_of(joined), len(events), self._levels),
                *(address_of(self._scratch), address_of(self._results)),
            )
        if self.first_difference is None and self._results[-1] >= 0:
            self.first_difference = int(joined[int(self._results[-1]) + 1, -1])
        self._before = joined[-1:]


def _verify_rebuilt(messages: Path, books: Path, progress: Progress) -> dict[str, Any]:
    shallow = message_file_of(books)
    walk = _Walk(message_blocks(messages, progress))
    compared = equal = equal_sizes = crossed = gaps = rows = 0
    first_unequal: int | None = None
    for events, book in paired_blocks(shallow, books):
        if walk.is_over():
            break
        for event, levels in zip(events[:, :6].tolist(), book.tolist(), strict=True):
            if not walk.advance_to(event):
                if walk.is_over() and event[0] > walk.last_time():
                    break
                rows, gaps = rows + 1, gaps + 1
                continue
            rows, compared = rows + 1, compared + 1
            best, sized, is_crossed = _compare(walk.book, levels)
            equal, equal_sizes = equal + best, equal_sizes + sized
            crossed += is_crossed
            if not best and first_unequal is None:
                first_unequal = levels[-1]
    if not compared:
        raise DataError(
            f"has no message of {shallow.name}: they are of other times or symbols", path=messages
        )
    return {
        "compared": compared,
        "equal": equal,
        "gaps": gaps,
        "crossed": crossed,
        "rows": rows,
        "levels": levels_of(books),
        "equal_with_sizes": equal_sizes,
        "unknown_orders": walk.book.unknown,
        "first_difference_row": first_unequal,
    }


def _compare(book: VisibleBook, levels: list[int]) -> tuple[bool, bool, bool]:
    """Return whether the best prices are equal, the sizes too, and whether our book is crossed."""
    ask, bid = book.asks.best(), book.bids.best()
    wanted = [(p, q) if abs(p) != _DUMMY and q else None for p, q in (levels[:2], levels[2:4])]
    prices = [side[0] if side else None for side in (ask, bid)]
    same = prices == [side[0] if side else None for side in wanted]
    crossed = ask is not None and bid is not None and bid[0] >= ask[0]
    return same, [ask, bid] == wanted, crossed


class _Walk:
    """A deep message file, applied up to a message that another file holds too."""

    def __init__(self, blocks: Iterator[np.ndarray]) -> None:
        self.book = VisibleBook()
        self._blocks, self._rows, self._at = blocks, list[list[int]](), 0
        self._fill()

    def is_over(self) -> bool:
        """Whether every message was applied."""
        return self._at >= len(self._rows)

    def last_time(self) -> int:
        """Return the time of the next message, or of the last one at the end."""
        return self._rows[min(self._at, len(self._rows) - 1)][0] if self._rows else -1

    def advance_to(self, event: list[int]) -> bool:
        """Apply messages up to and including `event`; False where it is not among them.

        Then those before its time are applied.
        """
        while not self.is_over() and self._rows[self._at][0] < event[0]:
            self._step()
        ahead = 0
        while self._reaches(ahead) and self._rows[self._at + ahead][0] == event[0]:
            if self._rows[self._at + ahead] == event:
                for _ in range(ahead + 1):
                    self._step()
                return True
            ahead += 1
        return False

    def _reaches(self, ahead: int) -> bool:
        while self._at + ahead >= len(self._rows):
            if not self._fill():
                return False
        return True

    def _step(self) -> None:
        _, kind, order_id, size, price, direction = self._rows[self._at]
        self.book.apply(kind, order_id, size, price, direction)
        self._at += 1
        if self.is_over():
            self._fill()

    def _fill(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        self._rows = self._rows[self._at :] + block[:, :6].tolist()
        self._at = 0
        return True
