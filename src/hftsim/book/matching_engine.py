"""`MatchingEngine`: the books of many instruments, and single orders with their fees."""

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from hftsim.book.matching.layout import REPORT
from hftsim.book.messages import as_columns, whole_column
from hftsim.book.order_book import OrderBook, Outcome
from hftsim.book.order_ids import OrderId
from hftsim.core.enums import OrderType, ReportKind, Side, TimeInForce
from hftsim.core.errors import InputError, UnknownNameError
from hftsim.core.instrument import Instrument, Number, normalize_symbol

ENGINE_REPORT = np.dtype([*((n, REPORT[n]) for n in REPORT.names or ()), ("instrument", "<i8")])
"""A report of an engine: `sequence` and `message` count over all instruments; `instrument` is the
number of the book, in the order in which the instruments were given."""


@dataclasses.dataclass(frozen=True, slots=True)
class Execution:
    """What an order did at once; prices in quote currency, quantities in base units.

    Attributes
    ----------
    qty, price : filled, and the average price; NaN where nothing filled.
    fee : of the fills, settlement currency.
    open_qty : what rests in the book.
    """

    order_id: OrderId
    side: Side
    qty: float
    price: float
    fee: float
    open_qty: float
    fills: int


@dataclasses.dataclass(frozen=True, slots=True)
class ExecutionStats:
    """What the orders sent with `execute_market_order` and `execute_limit_order` came to."""

    total_orders: int
    total_fills: int
    total_qty: float
    total_fees: float
    avg_fill_price: float


class MatchingEngine:
    """Matches the orders of one or many instruments, each in a book of its own.

    Parameters
    ----------
    books : an `OrderBook`, an instrument or symbol, or several of them.
    taker_fee : fraction of the traded value that `execute_market_order` and `execute_limit_order`
        pay; default: the instrument's.

    Examples
    --------
    >>> engine = MatchingEngine("BTCUSDT", taker_fee=0.001)
    >>> engine.book().add_order("ask", 90_010, 0.3).accepted
    True
    >>> engine.execute_market_order("buy", 0.1).price
    90010.0
    """

    def __init__(
        self,
        books: OrderBook | Instrument | str | Iterable[OrderBook | Instrument | str],
        *,
        taker_fee: float | None = None,
    ) -> None:
        several = [books] if isinstance(books, OrderBook | Instrument | str) else list(books)
        made = [b if isinstance(b, OrderBook) else OrderBook(b) for b in several]
        self.books = {book.instrument.symbol: book for book in made}
        if not made or len(self.books) < len(made):
            raise InputError("an engine needs one book for each instrument, and at least one")
        self._taker_fee = taker_fee
        self._messages = self._reports = 0
        self._orders = self._fills = 0
        self._qty = self._value = self._fees = 0.0

    def book(self, symbol: str | None = None) -> OrderBook:
        """Return the book of an instrument; the symbol may be left out where there is only one.

        Raises UnknownNameError for an instrument that the engine does not have.
        """
        if symbol is None:
            if len(self.books) > 1:
                raise InputError(f"name the instrument: {', '.join(self.books)}")
            return next(iter(self.books.values()))
        plain = normalize_symbol(symbol)
        if plain not in self.books:
            raise UnknownNameError("instrument", symbol, self.books)
        return self.books[plain]

    # -- whole columns ----------------------------------------------------------------------------

    def process(self, columns: Mapping[str, Any]) -> np.ndarray:
        """Handle messages of all instruments in their order.

        Parameters
        ----------
        columns : as `OrderBook.process` takes them, and ``instrument``: the number of the book.

        Returns
        -------
        np.ndarray
            `ENGINE_REPORT` rows in the order of the messages.
        """
        given = dict(columns)
        which = whole_column("instrument", given.pop("instrument", ()))
        plain = {name: whole_column(name, column) for name, column in as_columns(given).items()}
        count = max((len(column) for column in plain.values()), default=0)
        which = which if "instrument" in columns else np.zeros(count, np.int64)
        if len(which) != count or ((which < 0) | (which >= len(self.books))).any():
            raise InputError(
                f"instrument must hold a number from 0 to {len(self.books) - 1} for every message"
            )
        parts = []
        for number, book in enumerate(self.books.values()):
            rows = np.flatnonzero(which == number)
            if len(rows):
                first = book.matcher.messages_seen
                made = book.process({name: column[rows] for name, column in plain.items()})
                parts.append(self._of_engine(made, number, rows[made["message"] - first]))
        merged = np.concatenate(parts) if parts else np.zeros(0, ENGINE_REPORT)
        merged = merged[np.argsort(merged["message"], kind="stable")]
        merged["sequence"] = self._reports + np.arange(len(merged))
        self._messages += count
        self._reports += len(merged)
        return merged

    def _of_engine(self, made: np.ndarray, number: int, messages: np.ndarray) -> np.ndarray:
        reports = np.zeros(len(made), ENGINE_REPORT)
        for name in REPORT.names or ():
            reports[name] = made[name]
        reports["message"], reports["instrument"] = self._messages + messages, number
        return reports

    # -- single orders ----------------------------------------------------------------------------

    def execute_market_order(
        self, side: Side | str, qty: Number, *, symbol: str | None = None
    ) -> Execution:
        """Trade at once at whatever the book offers; what it cannot fill expires.

        Parameters
        ----------
        side : ``buy`` or ``sell``.
        qty : base units.
        """
        return self._execute(side, None, qty, symbol, OrderType.MARKET)

    def execute_limit_order(
        self, side: Side | str, price: Number, qty: Number, *, symbol: str | None = None
    ) -> Execution:
        """Trade what the book offers at `price` or better; the rest stays in the book."""
        return self._execute(side, price, qty, symbol, OrderType.LIMIT)

    @property
    def execution_stats(self) -> ExecutionStats:
        """What the orders sent one by one have come to so far."""
        return ExecutionStats(
            total_orders=self._orders,
            total_fills=self._fills,
            total_qty=self._qty,
            total_fees=self._fees,
            avg_fill_price=self._value / self._qty if self._qty else math.nan,
        )

    def _execute(
        self,
        side: Side | str,
        price: Number | None,
        qty: Number,
        symbol: str | None,
        kind: OrderType,
    ) -> Execution:
        book = self.book(symbol)
        outcome = book.add_order(side, price, qty, type=kind, tif=TimeInForce.GTC)
        fills = self._count_fills(outcome)
        filled = outcome.filled_qty
        value = outcome.average_price * filled if filled else 0.0
        rate = book.instrument.taker_fee if self._taker_fee is None else self._taker_fee
        fee = value * float(book.instrument.multiplier) * rate
        if book.instrument.inverse:
            fee = rate * _value_in_coin(book.instrument, outcome)
        self._orders, self._fills = self._orders + 1, self._fills + fills
        self._qty, self._value, self._fees = (
            self._qty + filled,
            self._value + value,
            self._fees + fee,
        )
        return Execution(
            order_id=outcome.order_id,
            side=Side(int(outcome.reports["side"][0])),
            qty=filled,
            price=outcome.average_price,
            fee=fee,
            open_qty=outcome.open_qty,
            fills=fills,
        )

    @staticmethod
    def _count_fills(outcome: Outcome) -> int:
        return int((outcome.reports["kind"] == ReportKind.FILL).sum()) // 2

    # -- state ------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, bytes]:
        """Return the state of every book, by symbol."""
        return {symbol: book.snapshot() for symbol, book in self.books.items()}

    def restore(self, snapshot: Mapping[str, bytes]) -> None:
        """Put every book back.

        Raises InputError where the instruments are not the engine's, or the bytes of one are no
        snapshot; nothing has changed then.
        """
        if set(snapshot) != set(self.books):
            raise InputError(
                f"the snapshot is of {', '.join(snapshot)}, this engine has {', '.join(self.books)}"
            )
        for state in snapshot.values():
            OrderBook().restore(state)
        for symbol, state in snapshot.items():
            self.books[symbol].restore(state)
        self._messages = sum(b.matcher.messages_seen for b in self.books.values())
        self._reports = sum(b.matcher.reports_made for b in self.books.values())

    def state_hash(self) -> str:
        """Return one SHA-256 over all books, in hexadecimal digits."""
        digest = hashlib.sha256()
        for symbol in sorted(self.books):
            digest.update(f"{symbol}:{self.books[symbol].state_hash()};".encode())
        return digest.hexdigest()


def _value_in_coin(instrument: Instrument, outcome: Outcome) -> float:
    """Return what an order's fills of an inverse contract are worth in the base currency."""
    fills = outcome.reports[outcome.reports["kind"] == ReportKind.FILL][::2]
    face = float(instrument.lot_size * instrument.multiplier)
    return float((fills["qty"] * face / (fills["price"] * float(instrument.tick_size))).sum())
