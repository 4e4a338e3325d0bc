"""The strategy's machine in the plain tick market: its book, its orders, its account, its requests."""

import dataclasses
import math
from collections.abc import Callable, Sequence

from tick_books import Book
from tick_fees import Tariff
from tick_words import (
    CANCEL,
    HALT,
    LIMITED,
    LIQUIDATION,
    NEW,
    REPLACE,
    STOP_LOSS,
    STOPS,
    STRATEGY,
    TAKE_PROFIT,
    K,
    Order,
    R,
    Report,
    Request,
    S,
    Settings,
    T,
    Tif,
    worth,
)

from hftsim.core import Fill, Instrument, NewOrder, Side
from hftsim.portfolio import Portfolio
from hftsim.risk import RiskManager


@dataclasses.dataclass
class View:
    """An instrument as the strategy sees it."""

    ready: bool = False
    fresh: bool = False
    best_bid: int = 0
    best_ask: int = 0
    bid_qty: int = 0
    ask_qty: int = 0
    mid: float = 0.0
    close: float = 0.0
    last_price: int = 0
    position: int = 0
    maker_fee: float = 0.0
    taker_fee: float = 0.0

    def show(self, book: Book, tick: float) -> None:
        bids, asks = book.shown(1), book.shown(-1)
        self.best_bid, self.bid_qty = bids[0] if bids else (0, 0)
        self.best_ask, self.ask_qty = asks[0] if asks else (0, 0)
        self.ready = bool(bids and asks)
        if book.mid is not None:
            self.mid, self.close = book.mid, book.mid * tick


class Machine:
    """Checks and sends requests, books reports; `post(kind, order, ...)` puts one on its way."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        settings: Settings,
        post: Callable[[int, Request], bool],
    ) -> None:
        self.rules, self.settings, self.post = list(instruments), settings, post
        self.portfolio = Portfolio(settings.capital, instruments)
        self.risk = RiskManager(settings.limits)
        self.views = [View() for _ in instruments]
        self.tariff: Tariff
        self.books = [Book() for _ in instruments]
        self.log: list[Order] = []
        self.venues_own: dict[int, int] = {}
        self.live: list[Order] = []
        self.now = self.step = self.refused = self.not_canceled = self.not_replaced = 0
        self.last_refusal = R.NONE

    # -- what a strategy sees -----------------------------------------------------------------

    def instrument(self, k: int) -> View:
        return self.views[k]

    @property
    def open_orders(self) -> list[Order]:
        self.live = [o for o in self.live if o.is_open]
        return self.live[:]

    def working(self, k: int, side: int) -> int:
        mine = [o for o in self.open_orders if o.instrument == k and o.side == side]
        return sum(o.most for o in mine if not o.reduce_only)

    @property
    def equity(self) -> float:
        return self.portfolio.total_value

    # -- what it may ask ----------------------------------------------------------------------

    def send(
        self,
        side: int,
        qty: int,
        type: int = T.MARKET,
        price: int = 0,
        trigger: int = 0,
        tif: int = Tif.GTC,
        instrument: int = 0,
        reduce_only: bool = False,
        origin: int = STRATEGY,
    ) -> int:
        order = Order(
            len(self.log) + 1, instrument, side, type, tif, price, trigger, qty, reduce_only, origin,
            self.now,
        )  # fmt: skip
        refused = self.refusal(order)
        self.log.append(order)
        self.live.append(order)
        if refused:
            self.refuse(order, refused, self.now)
            return 0
        self.post(instrument, Request(NEW, order.id))
        return order.id

    def refuse(self, order: Order, reason: R, when: int) -> None:
        order.status, order.reason, order.ts_done = S.REJECTED, reason, when
        self.refused += 1
        self.last_refusal = reason

    def refusal(self, order: Order) -> R:
        k = order.instrument
        if not 0 <= k < len(self.rules):
            return R.BAD_INSTRUMENT
        view, rules = self.views[k], self.rules[k]
        if not view.ready:
            return R.NO_MARKET
        known = order.type in (T.MARKET, T.LIMIT, *STOPS) and order.tif in list(Tif)[:5]
        if order.side not in (1, -1) or not known:
            return R.BAD_TYPE
        is_limit, is_stop = order.type in LIMITED, order.type in STOPS
        if order.tif == Tif.GTX and not is_limit:
            return R.WOULD_TAKE
        if order.qty <= 0:
            return R.BAD_QTY
        if order.price <= 0 if is_limit else order.price != 0:
            return R.BAD_PRICE
        if order.trigger <= 0 if is_stop else order.trigger != 0:
            return R.BAD_PRICE
        if self.too_large(k, order.qty):
            return R.ABOVE_MAX_QTY
        if order.reduce_only:
            return R.NONE if order.side * view.position < 0 else R.NOTHING_TO_REDUCE
        price = rules.price(order.trigger) if is_stop else view.close
        if is_limit:
            price = rules.price(order.price)
        if order.qty * rules.lot_size < rules.min_qty:
            return R.BELOW_MIN_QTY
        if worth(rules, order.qty, price) < float(rules.min_notional):
            return R.BELOW_MIN_NOTIONAL
        return self.limit_of(k, order.side, order.qty, price)

    def too_large(self, k: int, qty: int) -> bool:
        largest = self.rules[k].max_qty
        return largest is not None and qty * self.rules[k].lot_size > largest

    def limit_of(self, k: int, side: int, qty: int, price: float) -> R:
        request = NewOrder(symbol=self.rules[k].symbol, side=Side(side), qty=qty)
        found = self.risk.check_order(
            request, self.portfolio, price, self.rules[k], open_qty=self.working(k, side)
        )
        return R.NONE if found is None else found.reason

    def known(self, order_id: int) -> Order | None:
        """Return an order of the strategy that works and is not being cancelled."""
        if not 0 < order_id <= len(self.log):
            return None
        order = self.log[order_id - 1]
        return order if order.is_open and not order.canceling and not order.origin else None

    def cancel(self, order_id: int) -> bool:
        order = self.known(order_id)
        if order is None:
            return False
        order.canceling = True
        self.post(order.instrument, Request(CANCEL, order.id))
        return True

    def cancel_all(self) -> None:
        for order in self.open_orders:
            self.cancel(order.id)

    def replace(self, order_id: int, price: int, qty: int) -> bool:
        order = self.known(order_id)
        if order is None or order.type not in LIMITED or price <= 0 or qty <= 0:
            return False
        k, more, reason = order.instrument, qty - order.most, R.NONE
        if more > 0 and self.too_large(k, qty):
            reason = R.ABOVE_MAX_QTY
        elif more > 0 and not order.reduce_only:
            reason = self.limit_of(k, order.side, more, self.rules[k].price(price))
        if reason:
            self.last_refusal = reason
            return False
        order.asked.append(qty)
        order.asking += 1
        self.post(k, Request(REPLACE, order.id, price, qty))
        return True

    def target(self, weight: float, instrument: int = 0) -> int:
        k = instrument
        view, rules = self.views[k], self.rules[k]
        if not view.ready:
            return self.send(1, 0, instrument=k)
        lot = worth(rules, 1, view.close)
        exact = weight * self.equity / (lot * (1.0 + view.taker_fee))
        if not abs(exact) < 1e15:
            return self.send(1, 0, instrument=k)
        want = int(exact + math.copysign(1e-6, exact))
        on_way = sum(
            o.side * o.left for o in self.open_orders if o.instrument == k and o.type == T.MARKET
        )
        change = want - view.position - on_way
        qty, side = abs(change), 1 if change > 0 else -1
        small = qty * rules.lot_size < rules.min_qty or qty * lot < float(rules.min_notional)
        if change == 0 or (small and want != 0):
            return 0
        closes = want == 0 and view.position * side < 0
        return self.send(side, qty, instrument=k, reduce_only=closes)

    # -- what it is told ----------------------------------------------------------------------

    def told(self, k: int, report: Report, when: int) -> None:
        """Book a report that arrived at `when`."""
        if report.said == "funded":
            self.portfolio.pay_funding(self.rules[k].symbol, report.paid)
            return
        if report.said == "seized":
            self.seized(k, report.qty, when)
            return
        order = self.log[(report.order_id or self.venues_own[k]) - 1]
        if report.said == "fill":
            self.filled(k, order, report, when)
        elif report.said == "replaced":
            order.qty, order.price = order.filled + report.qty, report.price
            order.answered()
        elif report.said == "triggered":
            order.triggered = True
        elif report.said == "not canceled":
            order.canceling = False
            self.not_canceled += 1
        elif report.said == "not replaced":
            order.answered()
            self.last_refusal = report.reason
            self.not_replaced += 1
        elif report.said == S.NEW:
            order.status = S.NEW
        elif report.said == S.REJECTED:
            self.refuse(order, report.reason, when)
        else:
            order.status, order.reason, order.ts_done = report.said, report.reason, when

    def seized(self, k: int, qty: int, when: int) -> None:
        """Log the venue's own order, and halt."""
        side = 1 if qty > 0 else -1
        order = Order(
            len(self.log) + 1, k, side, T.MARKET, Tif.GTC, 0, 0, abs(qty), True, LIQUIDATION, when,
            status=S.NEW,
        )  # fmt: skip
        self.log.append(order)
        self.live.append(order)
        self.venues_own[k] = order.id
        self.risk.breakers.halt(when, R.LIQUIDATED)

    def filled(self, k: int, order: Order, report: Report, when: int) -> None:
        trade = report.trade
        assert trade
        symbol, trade.order_id = self.rules[k].symbol, order.id
        self.portfolio.apply_fill(
            Fill(
                ts_event=trade.ts_event, symbol=symbol, order_id=order.id, side=Side(order.side),
                last_price=trade.price, last_qty=trade.qty, fee=trade.fee,
            )
        )  # fmt: skip
        self.views[k].position = trade.position = self.portfolio.position(symbol).lots
        trade.ts_recv, trade.step = when, self.step
        order.filled += trade.qty
        order.status = S.FILLED if order.left == 0 else S.PARTIALLY_FILLED
        order.ts_done = when if order.left == 0 else 0

    def show_fees(self) -> None:
        """Show the fees of the machine's own day."""
        for k, view in enumerate(self.views):
            _, view.maker_fee, view.taker_fee = self.tariff.row(k, self.now)

    def received(self, k: int) -> None:
        """Show the received book and value the account by it."""
        view, rules = self.views[k], self.rules[k]
        view.show(self.books[k], float(rules.tick_size))
        if view.ready:
            self.portfolio.update_market_price(rules.symbol, view.close)

    # -- breakers and stops -------------------------------------------------------------------

    def look(self, session: int) -> None:
        """Look at the account as it stands, and close what must be closed."""
        halted = self.risk.update_equity(self.now, self.equity, session)
        limits = self.settings.limits
        if halted is R.LIQUIDATED:
            return
        for k, view in enumerate(self.views):
            if halted:
                self.close_out(k, HALT)
            elif view.position:
                average = self.portfolio.position(self.rules[k].symbol).avg_price
                gain = math.copysign(1.0, view.position) * (view.close / average - 1.0)
                if limits.stop_loss_pct is not None and gain <= -limits.stop_loss_pct:
                    self.close_out(k, STOP_LOSS)
                elif limits.take_profit_pct is not None and gain >= limits.take_profit_pct:
                    self.close_out(k, TAKE_PROFIT)

    def close_out(self, k: int, origin: int) -> None:
        """Cancel the strategy's orders and close the position at market, once at a time."""
        mine = [o for o in self.open_orders if o.instrument == k]
        for order in mine:
            self.cancel(order.id)
        held = self.views[k].position
        if held and self.views[k].ready and self.views[k].fresh and not any(o.origin for o in mine):
            side, qty = -1 if held > 0 else 1, abs(held)
            largest = self.rules[k].max_qty
            if largest is not None:
                qty = min(qty, int(largest // self.rules[k].lot_size))
            self.send(side, qty, instrument=k, reduce_only=True, origin=origin)


def is_print(kind: int) -> bool:
    return kind in (K.TRADE, K.EXECUTE)
