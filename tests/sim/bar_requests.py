"""What a strategy may ask of the plain bar market."""

import math
from fractions import Fraction

from bar_account import Account
from bar_orders import CONDITIONAL, LIMITS, MILLIONTH, STRATEGY, Order, R, S, T, Tif

from hftsim.core import NewOrder, RejectReason, Side


class Requests(Account):
    """Sends, cancels and targets, refused for the reasons that the specification lists."""

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
    ) -> int:
        known = 0 <= instrument < len(self.instruments)
        order = Order(
            len(self.orders) + 1,
            instrument,
            side,
            type,
            tif,
            price,
            trigger,
            qty,
            reduce_only,
            STRATEGY,
            self.session,
            self.clock,
        )
        reason = self.refusal(order) if known else R.BAD_INSTRUMENT
        self.orders.append(order)
        if reason:
            self.end(order, S.REJECTED, reason)
            return 0
        return order.id

    def refusal(self, order: Order) -> RejectReason:
        k, rules = order.instrument, self.instruments[order.instrument]
        if self.rows[k] < 0:
            return R.NO_MARKET
        known = order.type in list(T)[:6] and order.tif in list(Tif)[:5]
        if order.side not in (1, -1) or not known:
            return R.BAD_TYPE
        if order.tif == Tif.GTX and order.type not in LIMITS:
            return R.WOULD_TAKE
        if order.qty <= 0:
            return R.BAD_QTY
        if order.price <= 0 if order.type in LIMITS else order.price != 0:
            return R.BAD_PRICE
        if order.trigger <= 0 if order.type in CONDITIONAL else order.trigger != 0:
            return R.BAD_PRICE
        if rules.max_qty is not None and order.qty * rules.lot_size > rules.max_qty:
            return R.ABOVE_MAX_QTY
        if order.reduce_only:
            return R.NONE if order.side * self.held(k) < 0 else R.NOTHING_TO_REDUCE
        if order.type in LIMITS:
            price = rules.price(order.price)
        else:
            price = rules.price(order.trigger) if order.type in CONDITIONAL else self.bar(k).close
        if self.below_minimum(k, order.qty, price):
            return self.below_minimum(k, order.qty, price)
        request = NewOrder(symbol=rules.symbol, side=Side(order.side), qty=order.qty)
        working = sum(
            o.left for o in self.open_orders(k) if o.side == order.side and not o.reduce_only
        )
        refused = self.risk.check_order(request, self.portfolio, price, rules, open_qty=working)
        return R.NONE if refused is None else refused.reason

    def below_minimum(self, k: int, qty: int, price: float) -> RejectReason:
        rules = self.instruments[k]
        if qty * rules.lot_size < rules.min_qty:
            return R.BELOW_MIN_QTY
        face = float(rules.lot_size * rules.multiplier)
        worth = qty * face / price if rules.inverse else qty * price * face
        return R.BELOW_MIN_NOTIONAL if worth < float(rules.min_notional) else R.NONE

    def cancel(self, order_id: int) -> bool:
        if not 0 < order_id <= len(self.orders):
            return False
        order = self.orders[order_id - 1]
        if not order.is_open or order.origin != STRATEGY:
            return False
        self.end(order, S.CANCELED, R.NONE)
        return True

    def cancel_all(self) -> None:
        for order in self.open_orders():
            if order.origin == STRATEGY:
                self.end(order, S.CANCELED, R.NONE)

    def target(self, weight: float, instrument: int = 0) -> int:
        k = instrument
        if not 0 <= k < len(self.instruments) or self.rows[k] < 0:
            return self.send(1, 0, instrument=k)
        rules = self.instruments[k]
        for order in self.open_orders(k):
            if order.origin == STRATEGY and order.type == T.MARKET:
                self.end(order, S.CANCELED, R.NONE)
        price = self.bar(k).close
        face = float(rules.lot_size * rules.multiplier)
        lot = face / price if rules.inverse else price * face
        wanted = weight * self.equity[-1] / (lot * (1 + rules.taker_fee))
        if not abs(wanted) < 1e15:
            return self.send(1, 0, instrument=k)
        lots = math.trunc(Fraction(wanted) + MILLIONTH * (1 if wanted > 0 else -1))
        held = self.held(k)
        change = lots - held
        if change == 0 or (lots != 0 and self.below_minimum(k, abs(change), price)):
            return 0
        if lots < 0 < held and not self.may_short(k):
            self.orders.append(Order(len(self.orders) + 1, k, -1, T.MARKET, Tif.GTC, 0, 0, -lots,
                                     False, STRATEGY, self.session, self.clock, self.clock,
                                     status=S.REJECTED, reason=R.NO_SHORT_SELLING))  # fmt: skip
            lots, change = 0, -held
        return self.send(1 if change > 0 else -1, abs(change), instrument=k, reduce_only=lots == 0)
