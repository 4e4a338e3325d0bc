"""Prices and quantities that venues send as text, as ticks and lots, exactly and fast."""

import functools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from hftsim.core.errors import InstrumentError

_WRONG = {
    1: "is not a number",
    2: "is off the grid of {unit}",
    3: "is too large: it has more than 18 digits, or more steps than fit",
}


class MisfitError(InstrumentError):
    """A number that cannot be read, or lies off its grid.

    Attributes
    ----------
    index : its place among the numbers of the call.
    """

    def __init__(self, message: str, index: int) -> None:
        self.index = index
        super().__init__(message)


class DecimalGrids:
    """Grids of the columns of a stream of numbers.

    Parameters
    ----------
    units : what one step of each column is worth, above 0; numbers belong to the columns in turn.
    """

    def __init__(self, units: Sequence[Decimal]) -> None:
        self.units = tuple(units)
        self._grids = np.array([_grid_of(unit) for unit in units], np.int64)
        self._grids_at = int(self._grids.ctypes.data)

    def steps(self, texts: Sequence[object]) -> np.ndarray:
        """Return numbers as whole steps of their columns' units.

        Parameters
        ----------
        texts : decimal numbers, with an exponent too; a multiple of the number of columns. Numbers
            that are no text yet are taken as they print.

        Returns
        -------
        int64 array, shape (len(texts) // columns, columns)

        Raises
        ------
        MisfitError
            A text is no number, is off the grid, or has too many digits.
        """
        columns = len(self.units)
        out = np.empty((len(texts) // columns, columns), np.int64)
        done = _call("parse_numbers", texts, out.size, columns, self._grids_at, out.ctypes.data)
        _require(done, texts, self.units)
        return out


class PlacesSeen:
    """The most places behind the point that numbers of each column have; final zeros do not count.

    Parameters
    ----------
    columns : numbers belong to this many columns in turn.
    """

    def __init__(self, columns: int = 2) -> None:
        self._most = np.zeros(columns, np.int64)

    def add(self, texts: Sequence[object]) -> None:
        """Look at more numbers; raises MisfitError for what is none."""
        done = _call("most_places", texts, len(self._most), self._most.ctypes.data)
        _require(done, texts, ())

    @property
    def units(self) -> tuple[Decimal, ...]:
        """The power of ten of which all numbers of a column are multiples, column by column."""
        return tuple(Decimal(1).scaleb(-int(places)) for places in self._most)


def _grid_of(unit: Decimal) -> tuple[int, int]:
    sign, digits, exponent = unit.normalize().as_tuple()
    if sign or not any(digits) or not isinstance(exponent, int):
        raise InstrumentError(f"a step of {unit} is none: it must be above 0")
    step = int("".join(map(str, digits)))
    return (-exponent, step) if exponent <= 0 else (0, step * 10**exponent)


def _require(done: int, numbers: Sequence[object], units: Sequence[Decimal]) -> None:
    """Raise MisfitError unless every text was one number."""
    if done == len(numbers):
        return
    index, wrong = divmod(-done, 4) if done < 0 else (len(numbers), 1)
    # A text that is empty or of several lines moves the count of those behind it.
    texts = [str(number) for number in numbers[: index + 1]]
    odd = (i for i, text in enumerate(texts) if not text or "\n" in text)
    if (first := next(odd, None)) is not None:
        index, wrong = first, 1
    unit = units[index % len(units)] if units else ""
    raise MisfitError(f"{texts[index]!r} {_WRONG[wrong].format(unit=unit)}", index)


def _call(name: str, numbers: Sequence[object], *words: int) -> int:
    try:
        text = "\n".join(numbers)  # type: ignore[arg-type]
    except TypeError:
        text = "\n".join(str(number) for number in numbers)
    data = np.frombuffer(text.encode("utf-8", "replace") or b"\n", np.uint8)
    length = len(data) if numbers else 0
    return int(_compiled(name, len(words))(data.ctypes.data, length, *words))


@functools.cache
def _compiled(name: str, numbers: int) -> Any:
    from hftsim.book.decimals import _kernels
    from hftsim.native.cache import kernel

    kinds = ", ".join(["int64"] * (numbers + 2))
    return kernel(getattr(_kernels, name), f"int64({kinds})")
