"""Kraken's books by price, kept to their depth and proven by the venue's checksum."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from hftsim.book.checksums import KRAKEN_LEVELS, kraken_checksum
from hftsim.book.decimals import DecimalGrids, MisfitError
from hftsim.book.levels import PriceLevels
from hftsim.core.errors import DataError
from hftsim.data.captures.binance_messages import NO_TIME, MisreadError
from hftsim.data.captures.kraken_messages import (
    KrakenKind,
    KrakenMessage,
    KrakenParser,
    kraken_symbol,
)
from hftsim.data.captures.recordings import Record, Recording

_DEPTHS = (10, 25, 100, 500, 1000)


@dataclasses.dataclass
class KrakenPair:
    """What a recording holds of one pair.

    Attributes
    ----------
    pair : as the venue writes it.
    kinds : messages of each `KrakenKind`.
    decimals, used : digits behind the point, of prices and of quantities, as they are written and
        without zeros at the end.
    first_time, first_recv : the first exchange time, and when its message was received, ns.
    """

    pair: str
    kinds: Counter[KrakenKind] = dataclasses.field(default_factory=Counter)
    decimals: list[int] = dataclasses.field(default_factory=lambda: [0, 0])
    used: list[int] = dataclasses.field(default_factory=lambda: [0, 0])
    first_time: int = NO_TIME
    first_recv: int = NO_TIME

    @property
    def symbol(self) -> str:
        """The usual name, as ``BTC/USD`` for ``XBT/USD``."""
        return kraken_symbol(self.pair)

    @property
    def units(self) -> tuple[Decimal, Decimal]:
        """Worth of the last decimal of prices and of quantities."""
        price, qty = (Decimal(1).scaleb(-places) for places in self.decimals)
        return price, qty

    def add(self, message: KrakenMessage, ts_recv: int) -> None:
        """Take note of one of its messages, received at `ts_recv` (ns)."""
        self.kinds[message.kind] += 1
        if self.first_time == NO_TIME:
            self.first_time, self.first_recv = message.ts_event, ts_recv
        for column in (0, 1):
            for text in message.texts[column::2]:
                _, _, fraction = text.partition(".")
                if len(fraction) > self.decimals[column]:
                    self.decimals[column] = len(fraction)
                if len(fraction) > self.used[column]:
                    self.used[column] = max(self.used[column], len(fraction.rstrip("0")))


def kraken_messages(
    recording: Recording, parser: KrakenParser, *, as_written: bool = False
) -> Iterator[tuple[Record, list[KrakenMessage]]]:
    """Yield what every message of a recording says; raises DataError with the line."""
    for record in recording.records(as_written=as_written):
        if record.url:
            continue
        try:
            found = parser.parse(record.text)
        except MisreadError as error:
            raise DataError(str(error), path=recording.path, row=record.row) from None
        if found:
            yield record, found


def survey_kraken(recording: Recording) -> tuple[dict[str, KrakenPair], KrakenParser]:
    """Look through a recording; returns the pairs in it, and the parser with its counts."""
    pairs: dict[str, KrakenPair] = {}
    parser = KrakenParser()
    for record, messages in kraken_messages(recording, parser, as_written=True):
        for message in messages:
            pair = pairs.setdefault(message.pair, KrakenPair(message.pair))
            pair.add(message, record.ts_recv)
    return pairs, parser


class KrakenBook:
    """One book, kept as the venue's rule says: cut to the subscribed depth after every message.

    Parameters
    ----------
    path : for messages of errors.
    pair : what the recording holds of it.

    Attributes
    ----------
    known : whether a snapshot was seen.
    levels : in units of the last decimals.
    """

    def __init__(self, path: Path, pair: KrakenPair) -> None:
        self._path = path
        self._grids = DecimalGrids(pair.units)
        self.levels, self.known, self.depth = PriceLevels(), False, 0

    def apply(self, message: KrakenMessage, row: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """Apply a snapshot, or an update to a book that is known.

        Returns
        -------
        pairs : price and quantity of the message's levels, in last decimals.
        dropped : (side, price) of levels that lie beyond the depth now.
        """
        try:
            pairs = self._grids.steps(message.texts)
        except MisfitError as error:
            field = "qty" if error.index & 1 else "price"
            raise DataError(str(error), path=self._path, row=row, field=field) from None
        if message.kind is KrakenKind.SNAPSHOT:
            self.levels.clear()
            self.known = True
            shown = max(message.bids, len(pairs) - message.bids)
            self.depth = message.depth or next((d for d in _DEPTHS if d >= shown), shown)
        self.levels.apply(pairs, message.bids)
        return pairs, self.levels.keep_best(self.depth)

    def checksum(self) -> int:
        """Return the venue's checksum of the book."""
        best = self.levels.best
        return kraken_checksum(best(-1, KRAKEN_LEVELS), best(1, KRAKEN_LEVELS))
