"""What a format of tick files must offer, and which formats there are.

A reader turns one file into blocks of columns, in the order of the file, in whole steps of the
units it names. Everything that is the same for all formats is done by `intake`: finding the tick
and lot, correcting clocks and order where the user said so, checking, splitting by day, writing.
"""

import abc
import dataclasses
import datetime as dt
import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, InputError, UnknownNameError
from hftsim.core.instrument import normalize_symbol
from hftsim.data.sources import require_file

Block = dict[str, np.ndarray]
"""Columns of one length; see `TickReader.blocks`."""

LEVELS = ("l1", "l2", "l3")
HEAD_BYTES = 4096


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """What the user says of a file that it may not say itself.

    Parameters
    ----------
    symbol : which instrument to read; None: the only one.
    date : the day of a file that holds times of day only.
    columns : our name of a column to the header in the file.
    timezone : IANA zone of naive times.
    venue : where it was traded.
    level : ``l1``, ``l2`` or ``l3``, where a format allows several.
    flags : how a table writes numbers and dates where it leaves that open, by the names in
        `dialects.FORMAT_FLAGS`.
    """

    symbol: str | None = None
    date: dt.date | None = None
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    timezone: str | None = None
    venue: str | None = None
    level: str | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take any spelling of a symbol; raises InputError for a level that does not exist."""
        if self.symbol is not None:
            object.__setattr__(self, "symbol", normalize_symbol(self.symbol))
        if self.level is not None:
            require_level(self.level)


class TickReader(abc.ABC):
    """Reads the events of one instrument from one file; used once, from its start to its end.

    The constructor opens the file, and raises DataError where it is none of this format. The
    attributes below are set by then, or at the latest when the first block is given out; `counts`
    grows until the last one.

    Parameters
    ----------
    path : the file.
    options : what the user says of it.

    Attributes
    ----------
    level : ``l1``, ``l2`` or ``l3``.
    symbol : what the file says it holds; None where it does not say.
    price_unit, qty_unit : what one step of the columns `price` and `qty` is worth, in quote
        currency and base units. Any exact unit will do (``Decimal("1e-8")``).
    tick_size, lot_size : the venue's rule where the file tells it; None: the smallest step seen.
    kind, venue, multiplier, inverse : of the instrument.
    has_receive_times : whether `ts_recv` was recorded; else it repeats `ts_event`.
    has_orders : whether the file says itself which rows count in which order of time: then `flags`
        hold ON_EXCHANGE and ON_LOCAL too.
    counts : what was merged, left out or could not be used, by name; all of it is told.
    book_day : the venue's day whose book a file begins with, empty but for what the file tells: a
        CLEAR row is put before its first row where another day goes before. None: the book goes on.
    notes : what else is known of the instrument or the file, as JSON can hold it; goes into the
        metadata. Final with the first block.
    size, done : bytes of the file, and how many of them were read.
    """

    name: ClassVar[str]
    level: str = "l2"
    symbol: str | None = None
    price_unit: Decimal = Decimal("1e-8")
    qty_unit: Decimal = Decimal("1e-8")
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    kind: InstrumentKind = InstrumentKind.SPOT
    venue: str = ""
    multiplier: Decimal = Decimal(1)
    inverse: bool = False
    has_receive_times: bool = True
    has_orders: bool = False

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        self.path, self.options = path, options
        self.counts: Counter[str] = Counter()
        self.notes: dict[str, object] = {}
        self.book_day: dt.date | None = None
        self.size = require_file(path)
        self.done = 0

    @classmethod
    @abc.abstractmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Whether this looks like a file of the format; `head` is its first unpacked bytes."""

    @classmethod
    def is_companion(cls, path: Path) -> bool:  # noqa: ARG003 - most formats have none
        """Whether the file goes with files of events and holds none itself."""
        return False

    @abc.abstractmethod
    def blocks(self) -> Iterator[Block]:
        """Yield the events, some ten or hundred thousand rows at a time, in the file's order.

        Columns: ts_event, ts_recv (ns UTC), price (in `price_unit`), qty (in `qty_unit`), kind,
        side, flags as `core.events` defines them; order_id where `level` is ``l3``; and `row`, the
        1-based line or record of the file, for error messages. int64, but kind and flags uint8 and
        side int8. Of the flags only LAST and SNAPSHOT are set here: LAST on the last row of each
        message of the venue.

        Rows are neither sorted nor corrected here. What cannot be read is a DataError with file,
        row and field; what is left out or merged by the rules of the format is counted.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Close the file; called whether or not the reader came to its end."""


_FORMATS: dict[str, tuple[str, str]] = {
    "lobster": ("hftsim.data.ticks.formats.lobster", "LobsterReader"),
    "itch": ("hftsim.data.ticks.formats.itch", "ItchReader"),
    "hftbacktest": ("hftsim.data.ticks.formats.hftbacktest", "HftbacktestReader"),
    "databento": ("hftsim.data.ticks.formats.databento", "DatabentoReader"),
    "binance": ("hftsim.data.captures.binance", "BinanceReader"),
    "cryptofeed": ("hftsim.data.captures.cryptofeed", "CryptofeedReader"),
    "csv": ("hftsim.data.ticks.formats.csv", "CsvReader"),
}
"""By name; asked in this order where no format is given."""

FORMATS = tuple(_FORMATS)


def reader_class(name: str) -> type[TickReader]:
    """Return the reader of a format; raises UnknownNameError."""
    if name not in _FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    module, attribute = _FORMATS[name]
    found: type[TickReader] = getattr(importlib.import_module(module), attribute)
    return found


def detect_format(path: Path) -> str:
    """Return the format of a file, by its name and its first bytes.

    Raises DataError where none or several fit.
    """
    from hftsim.data.ticks.packed import head_of

    head = head_of(path, HEAD_BYTES)
    fits = [name for name in FORMATS if reader_class(name).recognises(path, head)]
    if fits[:-1] and fits[-1] == "csv":
        fits.pop()
    if len(fits) == 1:
        return fits[0]
    known = " or ".join(fits) if fits else ", ".join(FORMATS)
    raise DataError(f"of which format? add --format {known}", path=path)


def fixed_point(
    values: np.ndarray, digits: int = 8, *, noise: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return floats as whole numbers of 10**-digits (int64), and which of them are exactly that.

    A float is exact if it is the float nearest to a number of so many digits, as text that was
    read as float is; or lies within `noise` neighbouring floats of it, as products of a tick size
    do. Where it does not (NaN, infinite, too large, more digits) the number is 0.
    """
    power = 10.0**digits
    with np.errstate(invalid="ignore", over="ignore"):
        whole = np.rint(values * power)
        off = np.abs(whole / power - values)
        fits = (off <= noise * np.spacing(np.abs(values))) & (np.abs(whole) < 2.0**62)
    return np.where(fits, whole, 0.0).astype(np.int64), fits


def require_level(level: str) -> str:
    """Return the level if it is one; raises InputError."""
    if level not in LEVELS:
        raise InputError(f"level {level!r} is unknown; known: {', '.join(LEVELS)}")
    return level
