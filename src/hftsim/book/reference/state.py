"""The state of a book as rows of integers, and back: hash, snapshot, restore."""

import hashlib

import numpy as np

from hftsim.book.reference.auction import Auctions
from hftsim.book.reference.messages import STOP_TYPES, Order
from hftsim.book.reference.queues import SIDES
from hftsim.core.enums import OrderFlag, OrderType, TimeInForce, TradingPhase
from hftsim.core.errors import DataError

STATE_COLUMNS = (
    "section",
    "order_id",
    "side",
    "type",
    "tif",
    "flags",
    "price",
    "has_price",
    "shown_qty",
    "hidden_qty",
    "display_qty",
    "owner",
    "trigger",
    "offset",
    "min_qty",
    "expires",
)
"""What the 16 numbers of a row about an order are; the first row holds the book's own numbers."""

HEADER, BOOK, MARKET, STOPS, PARKED, UNPRICED, PEGGED, BLOCKED = range(8)
WIDTH = len(STATE_COLUMNS)


def order_row(section: int, order: Order) -> list[int]:
    """Return an order as a row."""
    capped = order.type == OrderType.PEGGED and order.trigger is not None
    return [
        section,
        order.order_id,
        order.side,
        order.type,
        order.tif,
        order.flags | (OrderFlag.TRIGGER_GIVEN if capped else 0),
        order.price or 0,
        order.price is not None,
        order.shown,
        order.hidden,
        order.display_qty,
        order.owner,
        order.trigger or 0,
        order.offset,
        order.min_qty,
        order.expires,
    ]


def order_of(row: list[int]) -> Order:
    """Return the order of a row."""
    _, order_id, side, kind, tif, flags, price, has_price, *rest = row
    shown, hidden, display_qty, owner, trigger, offset, min_qty, expires = rest
    has_trigger = kind in STOP_TYPES or flags & OrderFlag.TRIGGER_GIVEN
    return Order(
        order_id=order_id,
        side=side,
        type=kind,
        tif=tif,
        flags=flags & ~OrderFlag.TRIGGER_GIVEN,
        price=price if has_price else None,
        shown=shown,
        hidden=hidden,
        display_qty=display_qty,
        owner=owner,
        trigger=trigger if has_trigger else None,
        offset=offset,
        min_qty=min_qty,
        expires=expires,
    )


class Snapshots(Auctions):
    """A book that can be written down and read back."""

    def state_rows(self) -> np.ndarray:
        """Return the whole state, shape (1 + orders + ..., 16), int64."""
        lower, upper = self.collar or (0, 0)
        header = [
            HEADER,
            self.messages,
            self.reports,
            self.phase,
            self.auction_kind,
            self.clock,
            self.last_price or 0,
            self.last_price is not None,
            lower,
            upper,
            self.collar is not None,
        ]
        rows = [header + [0] * (WIDTH - len(header))]
        for side in SIDES:
            for price in self.prices(side):
                rows += [order_row(BOOK, order) for order in self.levels[side][price]]
        for side in SIDES:
            rows += [order_row(MARKET, order) for order in self.market_orders[side]]
        rows += [order_row(STOPS, order) for order in self.stops]
        rows += [order_row(PARKED, order) for order in self.parked]
        rows += [order_row(UNPRICED, order) for order in self.pegged if order.price is None]
        names = [(PEGGED, order.order_id) for order in self.pegged]
        names += [(BLOCKED, owner) for owner in sorted(self.blocked)]
        rows += [[section, name] + [0] * (WIDTH - 2) for section, name in names]
        return np.array(rows, dtype="<i8")

    def snapshot(self) -> bytes:
        """Return the whole state as bytes."""
        return self.state_rows().tobytes()

    def state_hash(self) -> str:
        """Return the SHA-256 of the snapshot in hexadecimal digits."""
        return hashlib.sha256(self.snapshot()).hexdigest()

    def restore(self, snapshot: bytes) -> None:
        """Become the book of a snapshot. Raises DataError where the bytes are none."""
        if not snapshot or len(snapshot) % (8 * WIDTH):
            raise DataError(
                f"{len(snapshot)} bytes are no snapshot of a book: it consists of rows of "
                f"{8 * WIDTH} bytes; give what snapshot() returned"
            )
        try:
            self.restore_rows(snapshot)
        except (KeyError, ValueError) as error:
            raise DataError(f"the snapshot holds what no book has: {error!r}") from None

    def restore_rows(self, snapshot: bytes) -> None:
        """Put back the book's own numbers, then every row."""
        header, *rows = np.frombuffer(snapshot, dtype="<i8").reshape(-1, WIDTH).tolist()
        Auctions.__init__(self)
        _, self.messages, self.reports, phase, self.auction_kind, self.clock, *rest = header
        last_price, has_last, lower, upper, has_collar, *_ = rest
        self.phase = TradingPhase(phase)
        self.last_price = last_price if has_last else None
        self.collar = (lower, upper) if has_collar else None
        for row in rows:
            self.restore_row(row)

    def restore_row(self, row: list[int]) -> None:
        """Put back what a row says; rows stand in the order of the queues."""
        section, name = row[:2]
        if section == BLOCKED:
            self.blocked.add(name)
        elif section == PEGGED:
            self.pegged.append(self.live[name])
        else:
            order = order_of(row)
            self.live[name] = order
            if order.tif == TimeInForce.GTD:
                self.good_till[name] = order
            waiting = {
                MARKET: self.market_orders[order.side],
                STOPS: self.stops,
                PARKED: self.parked,
                UNPRICED: self.unpriced,
            }
            if section == BOOK:
                self.join_level(order)
            else:
                self.wait(order, waiting[section])
