"""Books of many instruments on many venues: the best over all of them, and what they disagree on."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from hftsim.book.arbitrage import ArbitrageOpportunity, ArbitrageRules, Leg, find_arbitrage
from hftsim.book.depth_book import DepthBook
from hftsim.book.sequence import BookState
from hftsim.core.errors import DataError, InputError, UnknownNameError
from hftsim.core.instrument import Instrument, normalize_symbol

DEFAULT_TAKER_FEE = 0.001
_FINEST = Decimal("1e-8")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BestOffer:
    """The best over all venues; NaN and an empty name where no venue has that side.

    Attributes
    ----------
    symbol : the instrument.
    bid_price, ask_price : quote currency.
    bid_qty, ask_qty : base units, at the venue named.
    bid_venue, ask_venue : where; of equal prices the larger quantity, then the first name.
    venues : how many books were looked at.
    """

    symbol: str
    bid_price: float
    bid_qty: float
    bid_venue: str
    ask_price: float
    ask_qty: float
    ask_venue: str
    venues: int

    @property
    def mid_price(self) -> float:
        """Halfway between bid and ask."""
        return (self.bid_price + self.ask_price) / 2

    @property
    def spread_bps(self) -> float:
        """Ask minus bid in basis points of the mid price; negative where venues cross."""
        return (self.ask_price - self.bid_price) / self.mid_price * 10_000


@dataclasses.dataclass
class _Entry:
    book: DepthBook
    time: float | None = None


class OrderBookManager:
    """Keeps books by venue and symbol, and compares them.

    Only books that are in sync and not crossed in themselves count; see `left_out`.

    Parameters
    ----------
    taker_fees : by venue, fractions of the traded value; for venues that are not named, the fee
        of the book's instrument if it was given, else `DEFAULT_TAKER_FEE`.
    max_age : books whose last time is further than this before `now` do not count, in the unit of
        the times that are given; None: books do not age.
    """

    def __init__(
        self, *, taker_fees: Mapping[str, float] | None = None, max_age: float | None = None
    ) -> None:
        self.taker_fees = dict(taker_fees or {})
        for venue, fee in self.taker_fees.items():
            if not -0.5 < fee < 0.5:
                raise InputError(
                    f"the taker fee of {venue} is a fraction (0.001 is 0.1 %), not {fee}"
                )
        self.max_age = max_age
        self._books: dict[str, dict[str, _Entry]] = {}

    @property
    def symbols(self) -> list[str]:
        """The instruments of which there are books."""
        return sorted(self._books)

    def venues(self, symbol: str) -> list[str]:
        """Return the venues that have a book of an instrument."""
        return sorted(self._books.get(normalize_symbol(symbol), {}))

    def add_book(self, venue: str, book: DepthBook) -> DepthBook:
        """Take a book in, which is kept from outside by its own rule; returns it."""
        self._books.setdefault(book.instrument.symbol, {})[venue] = _Entry(book)
        return book

    def book(self, venue: str, symbol: str) -> DepthBook:
        """Return a venue's book; raises UnknownNameError."""
        return self._entry(venue, symbol).book

    def touch(self, venue: str, symbol: str, time: float) -> None:
        """Note when a book was last heard of, in the unit of `max_age`."""
        self._entry(venue, symbol).time = time

    def update(self, venue: str, symbol: str, orderbook: Mapping[str, Any]) -> DepthBook:
        """Replace a venue's book by a whole one.

        Parameters
        ----------
        venue, symbol : whose; a book that is not there is made, with a grid of 1e-8.
        orderbook : ``bids`` and ``asks``, (price, quantity) pairs in any order, and optionally
            ``timestamp``.

        Raises
        ------
        DataError
            A side is missing.
        InstrumentError
            A number is none, or off the grid.
        """
        name = normalize_symbol(symbol)
        if venue not in self._books.get(name, {}):
            self.add_book(venue, DepthBook(self._unknown(venue, name)))
        if missing := [side for side in ("bids", "asks") if side not in orderbook]:
            raise DataError(f"the book of {symbol} on {venue} has no {missing[0]}")
        entry = self._books[name][venue]
        entry.book.apply_snapshot(orderbook["bids"], orderbook["asks"])
        stamp = orderbook.get("timestamp")
        entry.time = None if stamp is None else float(stamp)
        return entry.book

    def best_offer(self, symbol: str, *, now: float | None = None) -> BestOffer:
        """Return the best bid and ask over all venues whose book counts."""
        legs = self._legs(symbol, now)
        bids = [(b.best_bid, b.best_bid_qty, leg.venue) for leg in legs if (b := leg.book)]
        asks = [(-b.best_ask, b.best_ask_qty, leg.venue) for leg in legs if (b := leg.book)]
        bid, ask = _best(bids), _best(asks)
        return BestOffer(
            symbol=normalize_symbol(symbol),
            bid_price=bid[0],
            bid_qty=bid[1],
            bid_venue=bid[2],
            ask_price=-ask[0],
            ask_qty=ask[1],
            ask_venue=ask[2],
            venues=len(legs),
        )

    def get_arbitrage_opportunities(
        self,
        symbol: str,
        min_profit_bps: float = 0.0,
        *,
        min_profit: float = 0.0,
        max_qty: float | None = None,
        now: float | None = None,
    ) -> list[ArbitrageOpportunity]:
        """Return what can be earned between venues after both taker fees, the most profit first.

        Parameters
        ----------
        symbol : the instrument.
        min_profit_bps : every unit must earn at least this, in basis points.
        min_profit : each opportunity must earn at least this, quote currency.
        max_qty : no more than this in each, base units.
        now : the present time, where books age.

        Notes
        -----
        Opportunities exclude each other where they take from the same book.
        """
        rules = ArbitrageRules(
            min_profit_bps=min_profit_bps, min_profit=min_profit, max_qty=max_qty
        )
        name, legs = normalize_symbol(symbol), self._legs(symbol, now)
        pairs = itertools.permutations(legs, 2)
        found = [find_arbitrage(name, buy, sell, rules) for buy, sell in pairs]
        return sorted(
            (each for each in found if each is not None),
            key=lambda each: (-each.profit, each.buy_venue, each.sell_venue),
        )

    def left_out(self, symbol: str, *, now: float | None = None) -> dict[str, str]:
        """Return the venues whose book of an instrument does not count, and why."""
        entries = self._books.get(normalize_symbol(symbol), {})
        reasons = {venue: self._reason(entry, now) for venue, entry in sorted(entries.items())}
        return {venue: reason for venue, reason in reasons.items() if reason}

    def _legs(self, symbol: str, now: float | None) -> list[Leg]:
        entries = self._books.get(normalize_symbol(symbol))
        if entries is None:
            raise UnknownNameError("symbol", symbol, self._books)
        return [
            Leg(venue=venue, book=entry.book, taker_fee=self._fee(venue, entry.book.instrument))
            for venue, entry in sorted(entries.items())
            if not self._reason(entry, now)
        ]

    def _reason(self, entry: _Entry, now: float | None) -> str:
        if entry.book.state is not BookState.IN_SYNC:
            return str(entry.book.state)
        if entry.book.is_crossed:
            return "crossed"
        if self.max_age is not None:
            if now is None:
                raise InputError("books age (max_age): say what time it is with now")
            if entry.time is None or now - entry.time > self.max_age:
                return "too old"
        return ""

    def _fee(self, venue: str, instrument: Instrument) -> float:
        return self.taker_fees.get(venue, instrument.taker_fee)

    def _unknown(self, venue: str, symbol: str) -> Instrument:
        return Instrument(
            symbol=symbol,
            venue=venue,
            tick_size=_FINEST,
            lot_size=_FINEST,
            taker_fee=DEFAULT_TAKER_FEE,
            rules_source="1e-8 assumed",
        )

    def _entry(self, venue: str, symbol: str) -> _Entry:
        name = normalize_symbol(symbol)
        if venue not in self._books.get(name, {}):
            known: Iterable[str] = self._books.get(name, {})
            raise UnknownNameError(f"venue of {name}", venue, known)
        return self._books[name][venue]


def _best(found: list[tuple[float, float, str]]) -> tuple[float, float, str]:
    """Return the best of (price, higher is better; quantity; venue)."""
    there = [each for each in found if not math.isnan(each[0])]
    if not there:
        return math.nan, 0.0, ""
    return min(there, key=lambda each: (-each[0], -each[1], each[2]))
