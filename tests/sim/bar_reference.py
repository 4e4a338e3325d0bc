"""The bar market once more, in plain Python, from docs/models/bars.md alone: slow and plainly right.

Money is kept by `Portfolio`, limits by `RiskManager`; prices are compared in whole ticks or as
exact fractions. Nothing here is shared with the kernel but words.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from bar_orders import (
    HALT,
    LIMITS,
    Bar,
    Order,
    R,
    S,
    T,
    Tif,
    ceil_ticks,
    floor_ticks,
    is_stop,
    is_target,
)
from bar_requests import Requests


class Market(Requests):
    """One account over the bars of some instruments; `decide(market, step)` asks at each close."""

    def run(self, decide: Callable[["Market", int], None]) -> None:
        steps = sorted({bar.start for series in self.bars for bar in series})
        for step, start in enumerate(steps):
            self.step(start)
            decide(self, step)
        for order in self.open_orders():
            self.end(order, S.EXPIRED, R.END_OF_DATA)

    def step(self, start: int) -> None:
        due = []
        for k, series in enumerate(self.bars):
            row = self.rows[k] + 1
            if row < len(series) and series[row].start == start:
                due.append(k)
        days = [self.bars[k][self.rows[k] + 1].session for k in due]
        self.session = max(self.session, *days)
        if not self.equity:
            self.risk.update_equity(start, self.settings.capital, self.session)
        for k in due:
            self.play(k, self.bars[k][self.rows[k] + 1])
            self.rows[k] += 1
        for k in due:
            self.portfolio.update_market_price(self.instruments[k].symbol, self.bar(k).close)
        self.after_bar(start + self.interval)

    def after_bar(self, now: int) -> None:
        self.clock = now
        before = self.risk.halted, self.risk.breakers.halted_at
        halted = self.risk.update_equity(now, self.portfolio.total_value, self.session)
        self.equity.append(self.portfolio.total_value)
        self.positions.append([self.held(k) for k in range(len(self.instruments))])
        if halted and (halted, self.risk.breakers.halted_at) != before:
            self.halts.append((len(self.equity) - 1, halted))
            for order in self.open_orders():
                self.end(order, S.CANCELED, halted)
            for k in range(len(self.instruments)):
                self.protection[k] = {}
                if self.held(k):
                    self.add(k, -self.held(k), T.MARKET, origin=HALT, reduce_only=True)

    # -- one bar of one instrument ------------------------------------------------------------

    def play(self, k: int, bar: Bar) -> None:
        tick = Fraction(self.instruments[k].tick_size)
        self.tick, self.k, self.clock = tick, k, bar.start
        self.open_price = Fraction(bar.open) / tick
        self.open_floor, self.open_ceil = floor_ticks(self.open_price), ceil_ticks(self.open_price)
        self.high, self.low = (
            floor_ticks(Fraction(bar.high) / tick),
            ceil_ticks(Fraction(bar.low) / tick),
        )
        self.room = self.room_of(k)
        self.grew_within = self.within = False
        self.turned_limit: set[int] = set()
        for order in self.open_orders(k):
            if order.tif == Tif.DAY and order.session != self.session:
                self.end(order, S.EXPIRED, R.DAY_ENDED)
        self.triggered_before = {o.id for o in self.open_orders(k) if o.triggered}
        for order in self.open_orders(k):
            self.at_open(order)
        for order in self.open_orders(k):
            if order.tif == Tif.IOC:
                self.end(order, S.EXPIRED, R.IOC_REMAINDER)
            elif order.tif == Tif.FOK:
                self.end(order, S.EXPIRED, R.FOK_NOT_FILLABLE)
            elif order.is_limit:
                order.rested = True
        self.within, self.clock = True, bar.start + self.interval - 1
        if self.settings.intrabar == "worst":
            self.worst()
        else:
            self.walk(bar)

    def at_open(self, order: Order, *, now_triggered: bool = False) -> None:
        if not order.is_open:
            return
        was_triggered = order.triggered and not now_triggered
        if order.is_market:
            self.take(order, self.open_price)
            return
        if not self.open_reaches(order):
            return
        if order.waits_for_trigger:
            order.triggered = True
            if order.type in LIMITS:
                self.at_open(order, now_triggered=True)
            else:
                self.take(order, self.open_price)
        elif order.rested or was_triggered:
            self.make(order)
        elif order.tif == Tif.GTX:
            self.end(order, S.CANCELED, R.WOULD_TAKE)
        else:
            self.take(order, self.open_price)

    def open_reaches(self, order: Order) -> bool:
        if order.from_below:
            return order.level <= self.open_floor
        return order.level >= self.open_ceil

    def worst(self) -> None:
        for order in self.as_they_come():
            if is_stop(order):
                self.within_bar(order)
        for order in self.as_they_come():
            is_skipped = is_target(order) and self.grew_within
            is_new_limit = order.is_limit and order.id in self.turned_limit
            if not (is_stop(order) or is_skipped or is_new_limit):
                self.within_bar(order)
        if self.grew_within:
            for order in self.as_they_come():
                if is_stop(order) and order.reduce_only:
                    self.within_bar(order)

    def as_they_come(self) -> Iterator[Order]:
        """Yield this instrument's open orders by arrival, those made meanwhile too."""
        n = 0
        while n < len(self.orders):
            order = self.orders[n]
            if order.is_open and order.instrument == self.k:
                yield order
            n += 1

    def within_bar(self, order: Order) -> None:
        if not order.is_open or order.is_market:
            return
        if order.from_below and order.level > self.high:
            return
        if not order.from_below and order.level < self.low:
            return
        self.reached(order)

    def reached(self, order: Order) -> None:
        if not order.waits_for_trigger:
            self.make(order)
            return
        order.triggered = True
        level = Fraction(order.trigger)
        if order.type not in LIMITS:
            self.take(order, level)
            return
        self.turned_limit.add(order.id)
        if (order.price - order.trigger) * order.side >= 0:
            if order.tif == Tif.GTX:
                self.end(order, S.CANCELED, R.WOULD_TAKE)
            else:
                self.take(order, level)

    def walk(self, bar: Bar) -> None:
        close = floor_ticks(Fraction(bar.close) / self.tick)
        here = self.open_floor
        for end, up in ((self.high, True), (self.low, False), (close, True)):
            self.leg(here, end, up)
            here = end

    def leg(self, here: int, end: int, up: bool) -> None:
        while True:
            ahead = [
                o
                for o in self.open_orders(self.k)
                if not o.is_market
                and o.from_below == up
                and self.low <= o.level <= self.high
                and not (o.is_limit and self.room == 0)
                and (here <= o.level <= end if up else end <= o.level <= here)
            ]
            if not ahead:
                return
            order = min(ahead, key=lambda o: (o.level if up else -o.level, o.id))
            here = order.level
            self.reached(order)
