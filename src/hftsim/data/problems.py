"""What can be wrong with a row, in words, and how a reader refuses it."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError

LARGEST_PRICE = 1e15
LARGEST_QTY = 1e20

_DROP = "mend the row, or drop such rows with --drop-bad-rows"
SENTENCES = {
    "time": "{text!r} is no time that can be read (years 1900-2199, epochs 1980-2099); " + _DROP,
    "header": "the header stands here again, as in joined files; " + _DROP,
    "mixed_time": (
        "{text!r} has {this}, other rows {other}: write all times the same way, or drop such rows "
        "with --drop-bad-rows"
    ),
    "missing": "the value is missing ({text!r}); " + _DROP,
    "text": "{text!r} is not a number; " + _DROP,
    "not_finite": "{text!r} is infinite or too large to be true; " + _DROP,
    "bad_price": "a price of {text} is zero or negative; " + _DROP,
    "negative_volume": "a quantity of {text} is negative; " + _DROP,
    "ohlc": "{text}; " + _DROP,
    "crossed": "{text}; " + _DROP,
    "side": "{text!r} is neither buy nor sell; " + _DROP,
}


@dataclasses.dataclass
class Problem:
    """Rows of one block that suffer from one thing in one field.

    Parameters
    ----------
    kind : a key of `SENTENCES`.
    field : our name of the column, or empty where several columns contradict each other.
    rows : positions in the block, increasing, at least one.
    text_of : position in the block to what stands there, in words.
    words : further words that the sentence needs.
    """

    kind: str
    field: str
    rows: np.ndarray
    text_of: Callable[[int], str]
    words: dict[str, str] = dataclasses.field(default_factory=dict)

    def text(self, i: int) -> str:
        """Return what stands in the i-th of the rows."""
        return self.text_of(int(self.rows[i]))

    def sentence(self, i: int) -> str:
        """Return what is wrong in the i-th of the rows, and what to do."""
        return SENTENCES[self.kind].format(text=self.text(i), **self.words)


def refuse_first(
    problems: Sequence[Problem],
    misfits: Sequence[tuple[int, str]],
    lines: np.ndarray,
    path: Path,
    hint: str = "",
) -> None:
    """Raise DataError for the row that comes first in the file, if there is any."""
    first = min(problems, key=lambda p: int(p.rows[0]), default=None)
    line = int(lines[first.rows[0]]) if first else None
    if misfits and (line is None or misfits[0][0] < line):
        raise DataError(f"{misfits[0][1]}; {_DROP}", path=path, row=misfits[0][0])
    if first:
        raise DataError(first.sentence(0) + hint, path=path, row=line, field=first.field or None)
