"""A first look through a capture: which instruments, which snapshots, how many decimals."""

import dataclasses
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from hftsim.book.decimals import MisfitError, PlacesSeen
from hftsim.core.errors import DataError
from hftsim.core.instrument import normalize_symbol
from hftsim.data.captures.binance_messages import NO_TIME, Message, MessageKind
from hftsim.data.captures.rows import misfit

_TEXTS = 1 << 16


@dataclasses.dataclass
class Surveyed:
    """What a recording holds of one instrument.

    Attributes
    ----------
    symbol : as the venue writes it.
    kinds : messages of each `MessageKind`.
    first_id, last_id : of its updates.
    chained : whether its updates name the update before (pu), as futures' do.
    first_time, first_recv : the first exchange time, and when its message was received, ns.
    snapshots : (line, last update) of each snapshot, in order.
    """

    symbol: str
    kinds: list[int] = dataclasses.field(default_factory=lambda: [0] * len(MessageKind))
    first_id: int = 0
    last_id: int = 0
    chained: bool = False
    first_time: int = NO_TIME
    first_recv: int = NO_TIME
    snapshots: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    _places: PlacesSeen = dataclasses.field(default_factory=PlacesSeen)
    _texts: list[str] = dataclasses.field(default_factory=list)
    _lines: list[tuple[int, int]] = dataclasses.field(default_factory=list)

    @property
    def units(self) -> tuple[Decimal, ...]:
        """Powers of ten of which all prices, and all quantities, are multiples."""
        return self._places.units

    def add(self, message: Message, path: Path) -> None:
        """Take note of one of its messages."""
        self.kinds[message.kind] += 1
        if self.first_time == NO_TIME:
            self.first_time, self.first_recv = message.ts_event, message.ts_recv
        if message.kind is MessageKind.UPDATE:
            if self.kinds[MessageKind.UPDATE] == 1:
                self.first_id, self.chained = message.ids.first, message.ids.previous >= 0
            self.last_id = message.ids.last
        elif message.kind is MessageKind.SNAPSHOT:
            self.snapshots.append((message.row, message.ids.last))
        self._texts += message.texts
        self._lines.append((len(message.texts) >> 1, message.row))
        if len(self._texts) > _TEXTS:
            self.count_places(path)

    def count_places(self, path: Path) -> None:
        """Look at the numbers that were collected; raises DataError for what is none."""
        counts, rows = np.array(self._lines, np.int64).reshape(-1, 2).T
        try:
            self._places.add(self._texts)
        except MisfitError as error:
            raise misfit(path, error, counts, rows) from None
        self._texts, self._lines = [], []


class Survey:
    """What a recording holds, instrument by instrument.

    Parameters
    ----------
    path : for messages of errors.
    messages : all of the recording, once.

    Attributes
    ----------
    found : by the venue's symbol.
    named : line of a snapshot that does not say its instrument, to the symbol it must be of.
    """

    def __init__(self, path: Path, messages: Iterable[Message]) -> None:
        self.path = path
        self.found: dict[str, Surveyed] = {}
        self.named: dict[int, str] = {}
        nameless: list[Message] = []
        for message in messages:
            if not message.symbol:
                nameless.append(message)
                continue
            if message.symbol not in self.found:
                self.found[message.symbol] = Surveyed(message.symbol)
            self.found[message.symbol].add(message, path)
        for message in nameless:
            self.named[message.row] = symbol = self._owner(message)
            self.found[symbol].add(message, path)
        for each in self.found.values():
            each.count_places(path)
            each.snapshots.sort()

    def _owner(self, message: Message) -> str:
        """Return whose snapshot this is: update numbers of instruments are far from each other."""
        booked = [s for s in self.found.values() if s.kinds[MessageKind.UPDATE]]
        fits = [s for s in booked if s.first_id - 1 <= message.ids.last <= s.last_id]
        owners = fits if len(booked) > 1 else booked
        if len(owners) != 1:
            names = ", ".join(sorted(s.symbol for s in booked)) or "no instrument"
            raise DataError(
                f"a snapshot up to update {message.ids.last} does not say its instrument, and "
                f"cannot be told from its number (updates there are of {names}): record each "
                f"instrument into its own file",
                path=self.path,
                row=message.row,
            )
        return owners[0].symbol

    def choose(self, wanted: str | None) -> Surveyed:
        """Return the instrument that is wanted, or the only one; raises DataError."""
        names = ", ".join(sorted(self.found))
        if not self.found:
            raise DataError("holds no market data of Binance that is of use here", path=self.path)
        if wanted is None:
            if len(self.found) > 1:
                raise DataError(
                    f"holds several instruments ({names}): say which with --symbol", path=self.path
                )
            return next(iter(self.found.values()))
        fits = [s for s in self.found.values() if normalize_symbol(s.symbol) == wanted]
        if not fits:
            raise DataError(f"holds {names}, not {wanted}", path=self.path)
        return fits[0]

    def of(self, symbol: str, messages: Iterable[Message]) -> Iterator[Message]:
        """Yield the messages of one instrument, from a second run through the recording."""
        for message in messages:
            if message.symbol == symbol:
                yield message
            elif not message.symbol and self.named[message.row] == symbol:
                yield message._replace(symbol=symbol)
