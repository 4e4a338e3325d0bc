"""`OrderBook`: the orders of one instrument, matched by price and time."""

import dataclasses
import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hftsim.book.matching.matcher import Matcher
from hftsim.book.matching.state import restored, state_rows
from hftsim.book.messages import pack
from hftsim.book.order_ids import OrderId, OrderIds
from hftsim.book.orders.calls import apply_rows, best_levels, place_of
from hftsim.book.orders.memory import BookMemory, Ids
from hftsim.book.queries import BookQueries
from hftsim.core.enums import MessageOp, OrderType, RejectReason, ReportKind, Side, TimeInForce
from hftsim.core.errors import InputError
from hftsim.core.instrument import Instrument, Number

_SIDES = {"bid": Side.BUY, "buy": Side.BUY, "ask": Side.SELL, "sell": Side.SELL}
_TICKS = ("trigger", "offset")
_LOTS = ("display_qty", "min_qty")
_PLAIN_NUMBERS = ("owner", "expires", "flags")
_MOST_TICKS = 1 << 63
_FILL, _REJECT = int(ReportKind.FILL), int(ReportKind.REJECT)
_SHORT_ORDER = ("op", "order_id", "side", "price", "qty")
_SHORT = {*_SHORT_ORDER, "type", "tif", "has_price"}
"""What a message may say that is sent without terms."""


@dataclasses.dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a resting order stands in the queue of its level.

    Attributes
    ----------
    orders_ahead, qty_ahead : older orders at the price, and what they show, base units.
    """

    side: Side
    price: float
    open_qty: float
    orders_ahead: int
    qty_ahead: float


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message about one order; prices in quote currency, quantities in base units.

    Attributes
    ----------
    accepted : whether it was acknowledged; if not, `reason` says why.
    filled_qty, average_price : of the fills that it caused at once; the price is NaN without any.
    open_qty : what of the order is open now.
    reports : the `REPORT` rows, in ticks and lots.
    """

    order_id: OrderId
    accepted: bool
    reason: RejectReason
    filled_qty: float
    average_price: float
    open_qty: float
    reports: np.ndarray


class OrderBook(BookQueries):
    """The order book of one instrument, by order, with price-time priority.

    Orders match by the rules of docs/models/matching.md. People give prices and quantities as numbers
    on the instrument's grid; programs give whole columns of ticks and lots to `process`.

    Parameters
    ----------
    instrument : the instrument, or its symbol (then with the default tick and lot).
    capacity : live orders to make room for at once; more are made room for when they come.
    ids : ``dense`` if ids count up from 1 (fastest), ``hashed`` for any, ``auto`` to find out.

    Examples
    --------
    >>> book = OrderBook("BTCUSDT")
    >>> book.add_order("bid", 90_000.0, 0.5, "mine").accepted
    True
    >>> book.best_bid, book.cancel_order("mine"), book.best_bid_qty
    (90000.0, True, 0.0)
    """

    def __init__(
        self,
        instrument: Instrument | str = "SIMUSDT",
        *,
        capacity: int = 1 << 12,
        ids: Ids = "auto",
    ) -> None:
        if isinstance(instrument, str):
            instrument = Instrument(symbol=instrument)
        self.instrument = instrument
        self._ids_kind = ids
        self._open(BookMemory(capacity, ids))

    def _open(self, memory: BookMemory) -> None:
        self.memory, self.matcher = memory, Matcher(memory)
        self._ids = OrderIds(lambda number: place_of(memory, number) is not None)

    # -- whole columns, in ticks and lots ---------------------------------------------------------

    def process(self, columns: Mapping[str, Any] | np.ndarray) -> np.ndarray:
        """Handle messages and return their reports.

        Parameters
        ----------
        columns : see `hftsim.book.messages.COLUMNS`.

        Returns
        -------
        np.ndarray
            Rows of `REPORT`, in order.

        Raises
        ------
        InputError
            Unknown columns, or columns of different lengths; nothing has changed then.
        """
        reports = self.matcher.process(*pack(columns))
        self._ids.forget_dead(reports)
        return reports

    def process_in_parts(self, columns: Mapping[str, Any] | np.ndarray) -> Iterator[np.ndarray]:
        """Handle messages, yield their reports in parts; each is valid until the next is asked for.

        Memory stays small however many reports there are. Take all parts: the book is between two
        messages only then.
        """
        for part in self.matcher.batches(*pack(columns)):
            self._ids.forget_dead(part)
            yield part

    def apply(self, columns: Mapping[str, np.ndarray] | np.ndarray) -> dict[str, int]:
        """Apply recorded changes (rows of `hftsim.core.events`) as they stand, without matching.

        Returns
        -------
        dict
            How many rows were applied; were about an unknown id, an id that is in the book already,
            more than the order had (it is gone then), without a side or lots (``impossible``); or say
            nothing of orders (``no_change``).
        """
        return apply_rows(self.memory, columns)

    # -- one order --------------------------------------------------------------------------------

    def add_order(
        self,
        side: Side | str,
        price: Number | None,
        qty: Number,
        order_id: OrderId | None = None,
        *,
        type: OrderType = OrderType.LIMIT,
        tif: TimeInForce = TimeInForce.GTC,
        **more: Any,
    ) -> Outcome:
        """Send a new order.

        Parameters
        ----------
        side : ``bid`` or ``buy``, ``ask`` or ``sell``, or a `Side`.
        price : limit in quote currency; None for types that have none.
        qty : base units.
        order_id : text or a number above 0; None: the book gives one.
        more : display_qty and min_qty (base units), trigger and offset (quote currency), owner,
            expires (ns UTC), flags (`OrderFlag`).

        Raises
        ------
        InstrumentError
            A price or quantity is off the grid.
        """
        number = self._ids.of_new(order_id)
        message = {
            "op": MessageOp.NEW,
            "order_id": number,
            "side": side_of(side),
            "type": type,
            "tif": tif,
            "price": 0 if price is None else self.instrument.to_ticks(price),
            "has_price": price is not None,
            "qty": self.instrument.to_lots(qty),
            **self._more(more),
        }
        return self._send(message, number)

    def cancel_order(self, order_id: OrderId) -> bool:
        """Cancel an order; return whether it was live."""
        number = self._ids.of_live(order_id)
        return self._send({"op": MessageOp.CANCEL, "order_id": number}, number).accepted

    def replace_order(self, order_id: OrderId, price: Number, qty: Number) -> Outcome:
        """Give an order another price and open quantity; less at the same price keeps its place."""
        number = self._ids.of_live(order_id)
        message = {
            "op": MessageOp.REPLACE,
            "order_id": number,
            "price": self.instrument.to_ticks(price),
            "qty": self.instrument.to_lots(qty),
        }
        return self._send(message, number)

    def queue_position(self, order_id: OrderId) -> QueuePlace | None:
        """Return where an order stands in its level; None where it does not rest in the book."""
        found = place_of(self.memory, self._ids.of_live(order_id))
        if found is None or not found.rests:
            return None
        price, qty = self.instrument.price, self.instrument.qty
        return QueuePlace(
            side=Side(found.side),
            price=price(found.price),
            open_qty=qty(found.shown + found.hidden),
            orders_ahead=found.orders_ahead,
            qty_ahead=qty(found.qty_ahead),
        )

    def _more(self, more: Mapping[str, Any]) -> dict[str, int]:
        known = (*_TICKS, *_LOTS, *_PLAIN_NUMBERS)
        for name in more:
            if name not in known:
                raise InputError(f"an order has no {name!r}; it has {', '.join(known)}")
        ticks = {n: self.instrument.to_ticks(more[n]) for n in _TICKS if n in more}
        lots = {n: self.instrument.to_lots(more[n]) for n in _LOTS if n in more}
        return {**ticks, **lots, **{n: int(more[n]) for n in _PLAIN_NUMBERS if n in more}}

    def _send(self, message: Mapping[str, int], number: int) -> Outcome:
        reports = self._reports_of(message)
        outcome = self._outcome(number, reports)
        self._ids.forget_dead(reports)
        return outcome

    def _reports_of(self, message: Mapping[str, int]) -> np.ndarray:
        check_numbers(message)
        if message.keys() - _SHORT or not message.get("has_price", True):
            return self.matcher.process(*pack({n: np.array([v]) for n, v in message.items()}))
        op, order_id, side, price, qty = (message.get(n, 0) for n in _SHORT_ORDER)
        kind, tif = message.get("type", 0), message.get("tif", 0)
        return self.matcher.send(op, order_id, side, price, qty, kind=kind, tif=tif).copy()

    def _outcome(self, number: int, reports: np.ndarray) -> Outcome:
        lots = paid = open_lots = why = 0
        accepted = False
        for _, _, order_id, _, price, qty, leaves, kind, reason, _ in reports.tolist():
            if order_id == number:
                accepted, open_lots, why = kind != _REJECT, leaves, reason
                if kind == _FILL:
                    lots, paid = lots + qty, paid + price * qty
        return Outcome(
            order_id=self._ids.name(number),
            accepted=accepted,
            reason=RejectReason(why),
            filled_qty=self.instrument.qty(lots),
            average_price=float(paid * self.instrument.tick_size / lots) if lots else math.nan,
            open_qty=self.instrument.qty(open_lots),
            reports=reports,
        )

    # -- state ------------------------------------------------------------------------------------

    def levels(self, side: int, most: int) -> list[tuple[int, int]]:
        """Return up to `most` (ticks, shown lots) of a side (1 bid, -1 ask), best first."""
        rows = best_levels(self.memory, side, most)
        return [(price, qty) for price, qty, _ in rows.tolist()]

    @property
    def live_orders(self) -> int:
        """How many orders are live, those that wait outside of the book too."""
        return self.memory.get("live")

    def state_rows(self) -> np.ndarray:
        """Return the whole state, shape (rows, 16), int64; docs/models/matching.md has its columns."""
        return state_rows(self.memory, self.matcher.messages_seen, self.matcher.reports_made)

    def state_hash(self) -> str:
        """Return the SHA-256 of the state in hexadecimal digits."""
        return hashlib.sha256(self.snapshot()).hexdigest()

    def snapshot(self) -> bytes:
        """Return the whole state as bytes."""
        return self.state_rows().tobytes()

    def restore(self, snapshot: bytes) -> None:
        """Become the book of a snapshot. Raises DataError where the bytes are none."""
        memory, messages, reports = restored(snapshot, self._ids_kind)
        self._open(memory)
        self.matcher.run["first_message"], self.matcher.run["sequence"] = messages, reports


def side_of(side: Side | str | int) -> Side:
    """Return the side that a person named. Raises InputError for anything else."""
    found = _SIDES.get(side.lower()) if isinstance(side, str) else side
    if found not in (Side.BUY, Side.SELL):
        raise InputError(f"side {side!r} is unknown; write 'bid' or 'buy', 'ask' or 'sell'")
    return Side(found)


def check_numbers(message: Mapping[str, int]) -> None:
    """Raise InputError for what is no number or one that int64 does not hold."""
    for name, value in message.items():
        try:
            fits = -_MOST_TICKS <= value < _MOST_TICKS
        except TypeError:
            told = "is no number; the words are those of hftsim.core.enums"
            raise InputError(f"{name} {value!r} {told}") from None
        if not fits:
            raise InputError(f"{name} {value} is too large: it must fit into 64 bits")
