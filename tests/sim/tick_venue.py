"""One instrument's venue in the plain tick market: recorded rows, own orders, and who trades."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tick_books import Book
from tick_fees import Tariff
from tick_queue import level_changed
from tick_taken import Taken
from tick_words import (
    ASK,
    BID,
    CANCEL,
    DAY,
    HALT,
    LIMITED,
    MARKS,
    NEW,
    STOP_LOSS,
    STOPS,
    TAKE_PROFIT,
    F,
    K,
    Order,
    R,
    Report,
    Request,
    Resting,
    Row,
    S,
    Settings,
    T,
    Tif,
    Trade,
    worth,
)

from hftsim.core import Instrument

SENT_BY = {STOP_LOSS: F.RISK_STOP_LOSS, TAKE_PROFIT: F.RISK_TAKE_PROFIT, HALT: F.RISK_HALT}


class Venue:
    """What happens at a venue; `report` sends a report, `mark` asks to be called back."""

    def __init__(
        self,
        index: int,
        rules: Instrument,
        level: str,
        has_trades: bool,
        settings: Settings,
        report: Callable[[int, Report], None],
        mark: Callable[[int, int, Trade], None],
        remind: Callable[[int, int, str], None],
        tariff: Tariff,
    ) -> None:
        self.tariff, self.taken = tariff, Taken(settings.liquidity_half_life)
        self.index, self.rules, self.level, self.settings = index, rules, level, settings
        self.report, self.mark, self.remind = report, mark, remind
        self.book, self.now = Book(), 0
        self.own: list[Resting] = []
        self.waiting: list[Resting] = []
        self.reached: set[int] = set()
        self.last: int | None = None
        self.has_trades = has_trades
        self.second, self.asked = 0, 0
        self.held = self.newest = self.unknown = 0
        self.halted = False
        self.may_short = settings.limits.allows_short(rules.kind)
        self.trades: list[Trade] = []
        self.earned = Fraction(0)
        self.liquidated, self.unpriced = False, 0
        self.payments: list[tuple[Any, ...]] = []

    # -- recorded rows ------------------------------------------------------------------------

    def row(self, row: Row) -> None:
        self.now = row.ts_event
        self.look_at_stops(row)
        if row.kind in (K.ADD, K.REDUCE, K.DELETE, K.EXECUTE) and row.priority == 0:
            self.unknown += 1
            if row.kind == K.EXECUTE:
                self.execution(row.side, row.price, row.qty, 0)
            return
        was = self.book.qty(row.side, row.price) if row.side else 0
        self.book.apply(row, self.level)
        if row.side:
            self.taken.rose(row.side, row.price, was, self.book.qty(row.side, row.price), self.now)
        if row.kind == K.ADD:
            self.newest = row.priority
        if row.kind == K.STATUS:
            self.halted = row.qty == 0
        elif row.kind == K.FUNDING:
            self.funding(row.qty, row.price)
        elif row.kind == K.TRADE:
            self.public_trade(row)
        elif row.kind == K.EXECUTE:
            self.execution(row.side, row.price, row.qty, row.priority)
        elif row.kind in (K.REDUCE, K.DELETE):
            for order in self.at(row.side, row.price):
                if row.priority <= order.newest:
                    order.front -= row.qty
        elif row.kind == K.DEPTH or (row.kind == K.QUOTE and self.level == "l1"):
            self.level_now(row, was)
        if row.kind in (K.DEPTH, K.ADD) or (row.kind == K.QUOTE and self.level == "l1"):
            now = was + row.qty if row.kind == K.ADD else row.qty
            self.crossed(row.side, row.price, now - was)

    def funding(self, rate: int, price: int) -> None:
        """Let a position pay its value times the rate, and report that."""
        mark = self.rules.price(price) if price > 0 else None
        if mark is None and self.book.mid is not None:
            mark = self.book.mid * float(self.rules.tick_size)
        if self.held and mark is None:
            self.unpriced += 1
        elif self.held:
            paid = worth(self.rules, self.held, mark) * rate / 1e8
            self.earned -= Fraction(paid)
            self.payments.append((self.now, self.index, rate, mark, self.held, paid))
            self.report(self.now, Report(0, "funded", paid=paid))

    def level_now(self, row: Row, was: int) -> None:
        for order in self.at(row.side, row.price):
            level_changed(order, self.settings.queue, was, row.qty)
        if row.kind == K.QUOTE:
            for order in self.own:
                better = (order.price - row.price) * row.side > 0
                if order.side == row.side and (better or row.qty == 0):
                    order.front = order.traded = 0.0

    def at(self, side: int, price: int) -> list[Resting]:
        return [o for o in self.queue(side) if o.price == price]

    def queue(self, side: int) -> list[Resting]:
        """Return own orders of a side, best price first, then in order of arrival."""
        mine = [o for o in self.own if o.side == side]
        return sorted(mine, key=lambda o: -o.price * side)

    def crossed(self, side: int, price: int, room: int) -> None:
        for order in self.queue(-side):
            if room > 0 and order.reaches(price):
                filled = self.make(order, room, F.BOOK_CROSS)
                self.taken.add(side, price, filled, self.book.qty(side, price), self.now)
                room -= filled

    def public_trade(self, row: Row) -> None:
        side = -(row.side or self.guessed(row.price))
        if side == 0:
            return
        if self.level == "l3":
            self.execution(side, row.price, row.qty, 0)
            return
        room = row.qty
        for order in self.queue(side):
            if room <= 0:
                return
            if order.price == row.price:
                order.front -= room
                order.traded += room
                if order.front <= -0.5:
                    room -= self.make(order, min(int(0.5 - order.front), room), F.QUEUE_FRONT)
                    order.front = max(order.front, 0.0)
            elif (order.price - row.price) * side > 0:
                room -= self.make(order, room, F.TRADE_THROUGH)

    def guessed(self, price: int) -> int:
        if self.book.ask is not None and price >= self.book.ask:
            return BID
        if self.book.bid is not None and price <= self.book.bid:
            return ASK
        return 0

    def execution(self, side: int, price: int, qty: int, priority: int) -> None:
        """Handle the execution of a recorded order; priority 0: a hidden one, last at its price."""
        room = qty
        for order in self.queue(side):
            if (order.price - price) * side > 0:
                if room > 0 and self.settings.trade_through:
                    room -= self.make(order, room, F.TRADE_THROUGH)
            elif order.price == price and priority:
                if priority <= order.newest:
                    order.front -= qty
                elif room > 0:
                    room -= self.make(order, room, F.QUEUE_FRONT)

    # -- own orders ---------------------------------------------------------------------------

    def wanted(self, order: Resting) -> int:
        if not order.reduce_only:
            return order.left
        return min(order.left, max(0, -order.side * self.held))

    def make(self, order: Resting, room: int, reason: F) -> int:
        """Fill a resting order; returns the lots that are gone for the others."""
        qty = self.wanted(order)
        if self.settings.partial_fills:
            qty = min(qty, room)
        if qty > 0:
            self.trade(order, qty, order.price, reason)
        if order.left == 0:
            self.own.remove(order)
        elif self.wanted(order) == 0:
            self.own.remove(order)
            self.ended(order, S.EXPIRED, R.REDUCED_TO_ZERO)
        return qty if self.settings.partial_fills else 0

    def trade(self, order: Resting, qty: int, price: int, reason: F) -> None:
        maker = reason != F.TAKER_WALK
        if not maker and order.trigger is not None:
            is_stop = order.type in (T.STOP, T.STOP_LIMIT)
            reason = F.STOP if is_stop else F.TAKE_PROFIT
        trade = Trade(
            self.now, order.id, self.index, order.side, price, qty, maker, SENT_BY.get(order.origin, reason),
            self.now - order.ts_entry, self.fee(maker, qty, price), self.away(order.side, price),
            order.entry, max(order.front, 0.0),
        )  # fmt: skip
        order.left -= qty
        self.done(trade)

    def sold_out(self, side: int, qty: int, price: int) -> None:
        """Trade for an account that is liquidated, at the fee of that."""
        more = self.settings.liquidation_fee * worth(self.rules, qty, self.rules.price(price))
        self.done(
            Trade(
                self.now, 0, self.index, side, price, qty, False, F.LIQUIDATION, 0,
                self.fee(False, qty, price) + more, self.away(side, price), 0.0, 0.0,
            )
        )  # fmt: skip

    def fee(self, maker: bool, qty: int, price: int) -> float:
        value = worth(self.rules, qty, self.rules.price(price))
        return self.tariff.charge(self.index, self.now, maker, value)

    def away(self, side: int, price: int) -> float:
        mid = self.book.mid
        return math.nan if mid is None else side * (price - mid) * float(self.rules.tick_size)

    def done(self, trade: Trade) -> None:
        price, qty = trade.price, trade.qty
        self.held += trade.side * qty
        face = Fraction(self.rules.lot_size * self.rules.multiplier) * trade.side * qty
        paid = price * Fraction(self.rules.tick_size)
        self.earned += (face / paid if self.rules.inverse else -face * paid) - Fraction(trade.fee)
        self.trades.append(trade)
        for which in range(3):
            self.mark(self.now + MARKS[which], which, trade)
        self.report(self.now, Report(trade.order_id, "fill", trade=trade, price=price, qty=qty))

    def note(self, which: int, trade: Trade) -> None:
        mid = self.book.mid
        if mid is not None:
            tick = float(self.rules.tick_size)
            trade.marks[which] = trade.side * (mid * tick - trade.price * tick)

    def ended(self, order: Resting, said: S, reason: R = R.NONE) -> None:
        self.report(self.now, Report(order.id, said, reason))

    # -- own requests -------------------------------------------------------------------------

    def request(self, now: int, request: Request, order: Order) -> None:
        self.now = now
        here = (o for o in [*self.own, *self.waiting] if o.id == request.order_id)
        mine, kind = next(here, None), request.kind
        if kind == NEW:
            self.new(order)
        elif kind != CANCEL and self.too_fast():
            self.report(now, Report(request.order_id, "not replaced", R.MAX_ORDER_RATE))
        elif mine is None:
            said = "not canceled" if kind == CANCEL else "not replaced"
            self.report(now, Report(request.order_id, said, R.UNKNOWN_ORDER))
        elif kind == CANCEL:
            self.take_out(mine)
            self.ended(mine, S.CANCELED)
        elif mine in self.waiting:
            self.shrink(mine, request.qty)
        else:
            self.replace(mine, request)

    def take_out(self, order: Resting) -> None:
        (self.own if order in self.own else self.waiting).remove(order)

    def too_fast(self) -> bool:
        """Count a new order or replace; whether the venue has had enough in this second."""
        second, most = self.now // 10**9, self.rules.max_order_rate
        self.asked = self.asked + 1 if second == self.second else 1
        self.second = second
        return most is not None and self.asked > most

    def outside_band(self, price: int | None) -> bool:
        mid, band = self.book.mid, self.rules.price_band
        if mid is None or price is None or band is None:
            return False
        return abs(price - mid) / abs(mid) > band * (1 + 1e-9)

    def refusal(self, mine: Resting) -> R:
        rests = mine.trigger is not None or (
            mine.type == T.LIMIT and mine.tif not in (Tif.IOC, Tif.FOK)
        )
        most, here = self.rules.max_orders, len(self.own) + len(self.waiting)
        if self.too_fast():
            return R.MAX_ORDER_RATE
        if self.halted:
            return R.NOT_IN_THIS_PHASE
        if rests and most is not None and here >= most:
            return R.TOO_MANY_ORDERS
        if self.outside_band(mine.price):
            return R.OUTSIDE_COLLAR
        if mine.tif == Tif.GTX and mine.trigger is None and self.would_take(mine):
            return R.WOULD_TAKE
        return R.NONE

    def new(self, order: Order) -> None:
        price = order.price if order.type in LIMITED else None
        mine = Resting(
            order.id, order.side, order.type, order.tif, price, order.qty,
            order.reduce_only or (order.side < 0 and not self.may_short),
            self.now, self.newest, origin=order.origin,
            trigger=order.trigger if order.type in STOPS else None,
        )  # fmt: skip
        refused = R.LIQUIDATED if self.liquidated else self.refusal(mine)
        if refused:
            self.ended(mine, S.REJECTED, refused)
            return
        self.report(self.now, Report(order.id, S.NEW))
        if order.tif == Tif.DAY:
            self.remind(self.index, (self.now // DAY + 1) * DAY, "midnight")
        if mine.trigger is None:
            self.enter(mine)
        elif self.is_met(mine, self.price_for(mine)):
            self.activate(mine)
        else:
            self.waiting.append(mine)

    # -- stops, and the end of a day ----------------------------------------------------------

    def price_for(self, order: Resting) -> int | None:
        """Return what a stop looks at: the last trade, or the price at which it would trade."""
        return self.last if self.has_trades else self.book.top[-order.side]

    def is_met(self, order: Resting, price: int | None) -> bool:
        if price is None or order.trigger is None:
            return False
        upwards = order.side if order.type in (T.STOP, T.STOP_LIMIT) else -order.side
        return (price - order.trigger) * upwards >= 0

    def look_at_stops(self, row: Row) -> None:
        """Note a trade, and which stops it triggers once all rows of its time have come."""
        if not self.has_trades:
            if self.waiting:
                self.remind(self.index, self.now, "trigger")
        elif row.kind in (K.TRADE, K.EXECUTE):
            self.last = row.price
            met = {o.id for o in self.waiting if self.is_met(o, row.price)}
            if met:
                self.reached |= met
                self.remind(self.index, self.now, "trigger")

    def let_in(self, now: int) -> None:
        """Let the stops come in that were triggered at this time, in order of arrival."""
        self.now = now
        reached, self.reached = self.reached, set()
        for order in [] if self.halted else self.waiting[:]:
            price = None if self.has_trades else self.price_for(order)
            if order.id in reached or self.is_met(order, price):
                self.waiting.remove(order)
                self.activate(order)

    def activate(self, order: Resting) -> None:
        self.report(self.now, Report(order.id, "triggered"))
        order.ts_entry, order.newest = self.now, self.newest
        if order.tif == Tif.GTX and self.would_take(order):
            self.ended(order, S.CANCELED, R.WOULD_TAKE)
        else:
            self.enter(order)

    def end_day(self, now: int) -> None:
        self.now = now
        ending = [o for o in [*self.own, *self.waiting] if o.tif == Tif.DAY]
        for order in sorted(ending, key=lambda o: o.id):
            self.take_out(order)
            self.ended(order, S.EXPIRED, R.DAY_ENDED)

    def shrink(self, mine: Resting, qty: int) -> None:
        """Make a waiting stop smaller: nothing else of it can be replaced."""
        refused = R.NOT_IN_THIS_PHASE if self.halted else R.NONE
        if not refused and qty >= mine.left:
            refused = R.BAD_TYPE
        if refused:
            self.report(self.now, Report(mine.id, "not replaced", refused))
            return
        mine.left = qty
        self.report(self.now, Report(mine.id, "replaced", price=mine.price or 0, qty=qty))

    def replace(self, mine: Resting, request: Request) -> None:
        old = mine.price
        keeps = old == request.price and request.qty < mine.left
        mine.price = request.price
        refused = R.NOT_IN_THIS_PHASE if self.halted else R.NONE
        if not refused and not keeps and self.outside_band(mine.price):
            refused = R.OUTSIDE_COLLAR
        if not refused and mine.tif == Tif.GTX and self.would_take(mine):
            refused = R.WOULD_TAKE
        if refused:
            mine.price = old
            self.report(self.now, Report(mine.id, "not replaced", refused))
            return
        done = Report(mine.id, "replaced", price=request.price, qty=request.qty)
        self.report(self.now, done)
        mine.left = request.qty
        if not keeps:
            self.own.remove(mine)
            mine.ts_entry, mine.newest = self.now, self.newest
            mine.front = mine.traded = mine.entry = 0.0
            self.enter(mine)

    def would_take(self, order: Resting) -> bool:
        top = self.book.top[-order.side]
        return top is not None and order.reaches(top)

    def enter(self, order: Resting) -> None:
        """Let an order that has arrived take what it reaches, and rest with what is left."""
        there = self.book.shown(-order.side)
        reached = [
            (p, q - self.taken.lots(-order.side, p, q, self.now))
            for p, q in there
            if order.reaches(p)
        ]
        if order.tif == Tif.FOK and sum(q for _, q in reached) < order.left:
            self.ended(order, S.EXPIRED, R.FOK_NOT_FILLABLE)
            return
        if not self.settings.partial_fills:
            reached = [(p, order.left) for p, _ in reached[:1]]
        for price, there in reached:
            qty = min(there, self.wanted(order))
            if qty > 0:
                self.trade(order, qty, price, F.TAKER_WALK)
                recorded = self.book.qty(-order.side, price)
                self.taken.add(-order.side, price, qty, recorded, self.now)
        if order.left == 0:
            return
        if order.reduce_only and self.wanted(order) == 0:
            self.ended(order, S.EXPIRED, R.REDUCED_TO_ZERO)
        elif order.price is None or order.tif in (Tif.IOC, Tif.FOK):
            self.ended(order, S.EXPIRED, R.IOC_REMAINDER)
        else:
            order.front = order.entry = float(self.book.qty(order.side, order.price))
            self.own.append(order)
