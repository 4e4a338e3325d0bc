"""What goes into a book and what comes out of it: messages, report rows, orders."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hftsim.core.enums import MessageOp, OrderFlag, OrderType, TimeInForce
from hftsim.core.errors import DataError, UnknownNameError

REPORT_DTYPE = np.dtype(
    [
        ("message", "<i8"),
        ("kind", "u1"),
        ("reason", "u1"),
        ("side", "i1"),
        ("order_id", "<i8"),
        ("match_id", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("leaves_qty", "<i8"),
    ]
)
"""Columns of the report rows of a batch; docs/models/matching.md says what they hold."""

STOP_TYPES = (
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TRAILING_STOP,
    OrderType.TRAILING_STOP_LIMIT,
)
TRAILING_TYPES = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
PRICED_TYPES = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP_LIMIT)
AUCTION_TIFS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)
PEGS = OrderFlag.PEG_PRIMARY | OrderFlag.PEG_MARKET | OrderFlag.PEG_MIDPOINT
SELF_TRADE_MODES = OrderFlag.CANCEL_OLDEST | OrderFlag.CANCEL_BOTH | OrderFlag.DECREMENT

LOWEST, HIGHEST = -(2**63), 2**63 - 1


def within_int64(value: int) -> int:
    """Return the nearest number that an int64 holds."""
    return max(LOWEST, min(HIGHEST, value))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; prices in ticks, quantities in lots, times in nanoseconds."""

    op: int = MessageOp.NEW
    order_id: int = 0
    side: int = 0
    type: int = OrderType.LIMIT
    tif: int = TimeInForce.GTC
    price: int = 0
    has_price: bool = True
    qty: int = 0
    owner: int = 0
    display_qty: int = 0
    trigger: int = 0
    offset: int = 0
    min_qty: int = 0
    expires: int = 0
    ts_event: int = 0
    flags: int = 0

    @property
    def limit(self) -> int | None:
        """The price that was sent, None where there is none."""
        return self.price if self.has_price else None


class Report(NamedTuple):
    """One row about a change of an order's state."""

    message: int
    kind: int
    reason: int
    side: int
    order_id: int
    match_id: int
    price: int
    qty: int
    leaves_qty: int


@dataclasses.dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """A live order.

    While it comes in, and while it waits outside of the book, all of it counts as hidden.

    Attributes
    ----------
    price : limit in ticks, None where there is none (now).
    shown, hidden : open quantity in lots, what others see of it and what they do not.
    trigger : of a waiting stop; of a pegged order its cap, None without one.
    queue : the list in which the order stands, None while it comes in.
    """

    order_id: int
    side: int
    type: int
    tif: int
    flags: int
    price: int | None
    shown: int
    hidden: int
    display_qty: int
    owner: int
    trigger: int | None
    offset: int
    min_qty: int
    expires: int
    queue: list["Order"] | None = None

    @property
    def open(self) -> int:
        """Lots that may still trade."""
        return self.shown + self.hidden

    @property
    def at_once(self) -> int:
        """Lots that trade while the order is the first of its level."""
        return self.shown or self.hidden

    @property
    def is_hidden(self) -> bool:
        """Whether the order never shows anything."""
        return bool(self.flags & OrderFlag.HIDDEN)

    @property
    def is_pegged(self) -> bool:
        """Whether the price follows the market."""
        return self.type == OrderType.PEGGED

    def is_own(self, other: "Order") -> bool:
        """Whether both orders have the same owner, who is known."""
        return self.owner != 0 and self.owner == other.owner

    @classmethod
    def of(cls, message: Message) -> "Order":
        """Return the order that a message asks for, keeping only what has an effect."""
        kind, flags = message.type, message.flags & ~OrderFlag.TRIGGER_GIVEN
        price = message.limit if kind in PRICED_TYPES else None
        trigger = message.trigger if kind in STOP_TYPES else None
        if kind == OrderType.PEGGED:
            trigger = message.limit
        shows_slices = (
            kind not in (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP)
            and message.tif not in AUCTION_TIFS
            and not flags & OrderFlag.HIDDEN
        )
        return cls(
            order_id=message.order_id,
            side=message.side,
            type=kind,
            tif=message.tif,
            flags=flags,
            price=price,
            shown=0,
            hidden=message.qty,
            display_qty=max(message.display_qty, 0) if shows_slices else 0,
            owner=message.owner,
            trigger=trigger,
            offset=message.offset if kind in (*TRAILING_TYPES, OrderType.PEGGED) else 0,
            min_qty=message.min_qty,
            expires=message.expires if message.tif == TimeInForce.GTD else 0,
        )


def messages_of(
    columns: Mapping[str, Sequence[Any] | np.ndarray] | np.ndarray,
) -> Iterator[Message]:
    """Yield the messages of equally long columns, or of a structured array.

    A column `seq` is passed over. Raises DataError where the columns differ in length,
    UnknownNameError where one is no part of a message.
    """
    if isinstance(columns, np.ndarray):
        columns = {name: columns[name] for name in columns.dtype.names or ()}
    known = {field.name for field in dataclasses.fields(Message)}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns must be equally long; these are {lengths}")
    names = [name for name in columns if name != "seq"]
    for name in names:
        if name not in known:
            raise UnknownNameError("message column", name, known)
    lists = [np.asarray(columns[name]).tolist() for name in names]
    for values in zip(*lists, strict=True):
        yield Message(**dict(zip(names, values, strict=True)))
