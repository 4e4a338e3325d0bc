"""Where orders stand, and the rows that tell about them."""

from hftsim.book.reference.messages import Message, Order, Report
from hftsim.core.enums import RejectReason, ReportKind, Side, TradingPhase

SIDES = (Side.BUY, Side.SELL)


class Queues:
    """The orders of one instrument and the rows written so far; knows nothing of matching.

    Attributes
    ----------
    levels : per side and price, the queue of the level: displayed orders, then hidden ones.
    live : every live order by its id.
    stops, parked, unpriced : orders outside of the book, by arrival.
    pegged : all pegged orders by arrival, those in the book too.
    triggered : stops that are about to come in.
    market_orders : per side, what waits for an auction to trade at any price.
    good_till : live orders that end at a time.
    """

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, list[Order]]] = {side: {} for side in SIDES}
        self.market_orders: dict[int, list[Order]] = {side: [] for side in SIDES}
        self.live: dict[int, Order] = {}
        self.good_till: dict[int, Order] = {}
        self.stops: list[Order] = []
        self.triggered: list[Order] = []
        self.parked: list[Order] = []
        self.unpriced: list[Order] = []
        self.pegged: list[Order] = []
        self.blocked: set[int] = set()
        self.phase = TradingPhase.CONTINUOUS
        self.auction_kind = 0
        self.clock = 0
        self.last_price: int | None = None
        self.collar: tuple[int, int] | None = None
        self.messages = 0
        self.reports = 0
        self.rows: list[Report] = []

    # -- rows -----------------------------------------------------------------------------------

    def write(
        self,
        kind: ReportKind,
        order: Order,
        qty: int,
        *,
        reason: RejectReason = RejectReason.NONE,
        match_id: int = 0,
        price: int | None = None,
    ) -> None:
        """Write a row about an order as it is now; without a price, the order's own."""
        if price is None:
            price = order.price if order.price is not None else 0
        at = self.messages, kind, reason, order.side
        self.add_row(Report(*at, order.order_id, match_id, price, qty, order.open))

    def reject(self, message: Message, reason: RejectReason) -> None:
        """Refuse a message about an order; it changed nothing."""
        price = message.price if message.has_price else 0
        at = self.messages, ReportKind.REJECT, reason
        self.add_row(Report(*at, message.side, message.order_id, 0, price, message.qty, 0))

    def answer(
        self,
        kind: ReportKind,
        reason: RejectReason = RejectReason.NONE,
        price: int = 0,
        qty: int = 0,
    ) -> None:
        """Answer a message that is about no single order."""
        self.add_row(Report(self.messages, kind, reason, 0, 0, 0, price, qty, 0))

    def add_row(self, row: Report) -> None:
        """Append a row; its place in the sequence is its number."""
        self.rows.append(row)
        self.reports += 1

    # -- places ---------------------------------------------------------------------------------

    def best_price(self, side: int) -> int | None:
        """Return the best price of a side, hidden orders included, None where it is empty."""
        if not self.levels[side]:
            return None
        return max(self.levels[side]) if side == Side.BUY else min(self.levels[side])

    def prices(self, side: int) -> list[int]:
        """Return the prices of a side, best first."""
        return sorted(self.levels[side], reverse=side == Side.BUY)

    def join_level(self, order: Order) -> None:
        """Put an order at the back of its level: the back of the displayed ones if it shows."""
        assert order.price is not None
        queue = self.levels[order.side].setdefault(order.price, [])
        place = len(queue)
        if not order.is_hidden:
            place = sum(not other.is_hidden for other in queue)
        queue.insert(place, order)
        order.queue = queue

    def show_slice(self, order: Order) -> None:
        """Show a full slice of what is open, or all of it, or nothing of a hidden order."""
        if order.is_hidden:
            order.shown, order.hidden = 0, order.open
        else:
            slice_qty = min(order.display_qty, order.open) if order.display_qty else order.open
            order.shown, order.hidden = slice_qty, order.open - slice_qty

    def rest(self, order: Order) -> None:
        """Let an order stand in the book."""
        self.show_slice(order)
        self.join_level(order)

    def wait(self, order: Order, queue: list[Order]) -> None:
        """Let an order wait outside of the book, at the back of a queue."""
        queue.append(order)
        order.queue = queue

    def leave(self, order: Order) -> None:
        """Take an order from where it stands; it stays live, all of it hidden."""
        if order.queue is not None:
            order.queue.remove(order)
            if order.price is not None and not self.levels[order.side].get(order.price, [order]):
                del self.levels[order.side][order.price]
        order.queue = None
        order.shown, order.hidden = 0, order.open

    def take(self, order: Order, qty: int) -> None:
        """Take lots from an order; a used-up slice is refilled at the back of the level."""
        if not order.shown:
            order.hidden -= qty
        else:
            order.shown -= qty
            if not order.shown and order.hidden:
                self.leave(order)
                self.rest(order)
        if not order.open:
            self.forget(order)

    def forget(self, order: Order) -> None:
        """Let an order be dead."""
        self.leave(order)
        del self.live[order.order_id]
        self.good_till.pop(order.order_id, None)
        if order.is_pegged:
            self.pegged.remove(order)

    def end(self, order: Order, kind: ReportKind, reason: RejectReason) -> None:
        """End an order with all that is open, and say so."""
        qty = order.open
        self.forget(order)
        order.shown = order.hidden = 0
        self.write(kind, order, qty, reason=reason)
