"""The account of the plain bar market: what fills, at which price, and what it leaves behind."""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from bar_orders import (
    HALT,
    MILLIONTH,
    STOP_LOSS,
    STOPS,
    STRATEGY,
    TAKE_PROFIT,
    Bar,
    F,
    Order,
    R,
    S,
    Settings,
    T,
    Tif,
    Trade,
    ceil_ticks,
    floor_ticks,
)

from hftsim.core import Fill, Instrument, RejectReason, Side
from hftsim.core.enums import FillReason, OrderStatus, OrderType
from hftsim.portfolio import Portfolio
from hftsim.risk import RiskManager


class Account:
    """Money in `Portfolio`, limits in `RiskManager`, orders in a list; knows no path of prices."""

    def __init__(
        self,
        bars: Sequence[Sequence[Bar]],
        instruments: Sequence[Instrument],
        settings: Settings,
        interval: int,
    ) -> None:
        self.bars, self.instruments, self.settings = bars, instruments, settings
        self.interval = interval
        self.portfolio = Portfolio(settings.capital, instruments)
        self.risk = RiskManager(settings.limits)
        self.orders: list[Order] = []
        self.trades: list[Trade] = []
        self.equity: list[float] = []
        self.positions: list[list[int]] = []
        self.halts: list[tuple[int, RejectReason]] = []
        self.rows = [-1] * len(instruments)
        self.protection: list[dict[int, Order]] = [{} for _ in instruments]
        self.session = -(10**9)
        self.clock = self.k = 0
        self.tick = self.open_price = Fraction(0)
        self.room: int | None = None
        self.grew_within = self.within = False

    # -- executions ---------------------------------------------------------------------------

    def take(self, order: Order, reference: Fraction) -> None:
        """Fill as a taker at `reference` (ticks) plus slippage."""
        wanted = self.wanted(order)
        if wanted == 0:
            return
        price = self.taker_price(order, reference, wanted)
        self.execute(order, price, wanted, reference, maker=False)

    def make(self, order: Order) -> None:
        wanted = self.wanted(order)
        if wanted:
            market = Fraction(order.price) if self.within else self.open_price
            self.execute(order, order.price, wanted, market, maker=True)

    def wanted(self, order: Order) -> int:
        """Return how many lots may fill before rule 8; ends orders that have nothing to reduce."""
        lots = order.left
        if order.reduce_only:
            lots = min(lots, max(0, -order.side * self.held(order.instrument)))
            if lots == 0:
                self.end(order, S.EXPIRED, R.REDUCED_TO_ZERO)
                return 0
        if self.room is not None:
            lots = min(lots, self.room)
        if order.tif == Tif.FOK and lots < order.left:
            self.end(order, S.EXPIRED, R.FOK_NOT_FILLABLE)
            return 0
        return lots

    def taker_price(self, order: Order, reference: Fraction, qty: int) -> int:
        model = self.settings.slippage
        sigma, volume = self.sigma(order.instrument), self.mean_volume(order.instrument)
        part = Fraction(model.fraction) + Fraction(model.volatility) * Fraction(sigma)
        if model.impact and volume > 0:
            share = float(qty * Fraction(self.instruments[order.instrument].lot_size) / volume)
            part += Fraction(model.impact * sigma * math.sqrt(share))
        worse = reference * part + Fraction(model.half_spread_ticks)
        price = ceil_ticks(reference + worse) if order.side > 0 else floor_ticks(reference - worse)
        price = max(price, 1)
        if order.is_limit:
            price = min(price, order.price) if order.side > 0 else max(price, order.price)
        return price

    def execute(
        self, order: Order, price: int, wanted: int, market: Fraction, *, maker: bool
    ) -> None:
        k = order.instrument
        lots, why = self.affordable(order, price, wanted, maker)
        if lots < wanted and order.tif == Tif.FOK:
            self.end(order, S.EXPIRED, R.FOK_NOT_FILLABLE)
            return
        if lots:
            before = self.held(k)
            rules = self.instruments[k]
            rate = rules.maker_fee if maker else rules.taker_fee
            fee = float(Fraction(rate) * lots * self.lot_value(k, price))
            trade = Trade(
                self.clock, order.id, k, order.side, price, lots, fee, maker, self.why(order, maker)
            )
            self.trades.append(trade)
            self.portfolio.apply_fill(
                Fill(
                    ts_event=self.clock,
                    symbol=rules.symbol,
                    order_id=order.id,
                    side=Side(order.side),
                    last_price=price,
                    last_qty=lots,
                    fee=fee,
                )
            )
            order.filled += lots
            if order.left == 0:
                self.end(order, S.FILLED, R.NONE)
            else:
                order.status = S.PARTIALLY_FILLED
            if self.room is not None:
                self.room -= lots
            grew = order.side * self.held(k) > max(0, order.side * before)
            self.grew_within |= self.within and grew
            self.protect(k, market, grew=grew)
        if lots < wanted and order.is_open:
            self.end(order, S.CANCELED, why)
        if lots and order.reduce_only and order.is_open and self.held(k) == 0:
            self.end(order, S.EXPIRED, R.REDUCED_TO_ZERO)

    def why(self, order: Order, maker: bool) -> FillReason:
        special = {STOP_LOSS: F.RISK_STOP_LOSS, TAKE_PROFIT: F.RISK_TAKE_PROFIT, HALT: F.RISK_HALT}
        if order.origin in special:
            return special[order.origin]
        if maker and self.within:
            return F.LIMIT_TOUCH
        if self.within:
            return F.STOP if order.type in STOPS else F.TAKE_PROFIT
        if order.is_limit:
            return F.LIMIT_AT_OPEN
        if order.type == T.MARKET or order.id in self.triggered_before:
            return F.OPEN
        return F.STOP_AT_OPEN if order.type in STOPS else F.TAKE_PROFIT_AT_OPEN

    def affordable(
        self, order: Order, price: int, wanted: int, maker: bool
    ) -> tuple[int, RejectReason]:
        """Return how many of the wanted lots rule 8 lets through, and what cut them."""
        k, held = order.instrument, self.held(order.instrument)
        why = R.NONE
        reducing = min(wanted, max(0, -order.side * held))
        if self.risk.halted and reducing < wanted:
            return reducing, self.risk.halted
        if order.side < 0 and not self.may_short(k) and held - wanted < 0:
            wanted, why = max(0, held), R.NO_SHORT_SELLING
        leverage = self.settings.limits.max_leverage
        if leverage is None:
            return wanted, why
        rules = self.instruments[k]
        rate = max(Fraction(0), Fraction(rules.maker_fee if maker else rules.taker_fee))
        lot, sign = self.lot_value(k, price), -1 if rules.inverse else 1
        others = [p for s, p in self.portfolio.positions.items() if s != rules.symbol]
        values = held * lot + sum(Fraction(p.value) for p in others)
        equity = Fraction(self.portfolio.cash) + sign * values
        exposed = sum(abs(Fraction(p.value)) for p in others)
        most = Fraction(leverage) * equity
        billionth = lot / 10**9

        def fits(lots: int) -> bool:
            after = held + order.side * lots
            if held * order.side < 0 and lots <= abs(held):
                return True
            fee = rate * lots * lot
            return exposed + abs(after) * lot + Fraction(leverage) * fee <= most + billionth

        if fits(wanted):
            return wanted, why
        low, high = (min(abs(held), wanted) if held * order.side < 0 else 0), wanted
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return low, R.MAX_LEVERAGE

    # -- protection ---------------------------------------------------------------------------

    def protect(self, k: int, market: Fraction, *, grew: bool) -> None:
        """Move the protective orders after a fill; `market` is the price then, in ticks."""
        limits, mine, held = self.settings.limits, self.protection[k], self.held(k)
        position = self.portfolio.position(self.instruments[k].symbol)
        for origin, share in (
            (STOP_LOSS, limits.stop_loss_pct),
            (TAKE_PROFIT, limits.take_profit_pct),
        ):
            if share is None:
                continue
            order = mine.get(origin)
            direction = 1 if held > 0 else -1
            if order is not None and (held == 0 or order.side == direction):
                if order.is_open:
                    self.end(order, S.CANCELED, R.REDUCED_TO_ZERO)
                del mine[origin]
                order = None
            if held == 0:
                continue
            away = direction if origin == TAKE_PROFIT else -direction
            target = Fraction(position.avg_price) / self.tick * (1 + away * Fraction(share))
            if origin == STOP_LOSS:
                target = max(target, market) if away > 0 else min(target, market)
            level = max(1, ceil_ticks(target) if away > 0 else floor_ticks(target))
            if order is None or not order.is_open:
                kind = T.STOP if origin == STOP_LOSS else T.TAKE_PROFIT
                mine[origin] = self.add(
                    k, -held, kind, trigger=level, origin=origin, reduce_only=True
                )
                continue
            order.qty = order.filled + abs(held)
            if grew:
                order.trigger = level

    def add(
        self,
        k: int,
        signed: int,
        kind: OrderType,
        *,
        trigger: int = 0,
        origin: int = STRATEGY,
        reduce_only: bool = False,
    ) -> Order:
        order = Order(
            len(self.orders) + 1,
            k,
            1 if signed > 0 else -1,
            kind,
            Tif.GTC,
            0,
            trigger,
            abs(signed),
            reduce_only,
            origin,
            self.session,
            self.clock,
        )
        self.orders.append(order)
        return order

    def end(self, order: Order, status: OrderStatus, reason: RejectReason) -> None:
        order.status, order.reason, order.ts_done = status, reason, self.clock

    # -- what is known ------------------------------------------------------------------------

    def held(self, k: int) -> int:
        return self.portfolio.position(self.instruments[k].symbol).lots

    def may_short(self, k: int) -> bool:
        return self.settings.limits.allows_short(self.instruments[k].kind)

    def lot_value(self, k: int, price: int) -> Fraction:
        """Return what a lot is worth at `price` ticks, in what the instrument settles in."""
        rules = self.instruments[k]
        face = Fraction(rules.lot_size) * Fraction(rules.multiplier)
        paid = Fraction(rules.tick_size) * price
        return face / paid if rules.inverse else face * paid

    def past(self, k: int) -> Sequence[Bar]:
        """The bars of an instrument before the one that is being played."""
        return self.bars[k][: self.rows[k] + 1]

    def mean_volume(self, k: int) -> Fraction:
        volumes = [Fraction(bar.volume) for bar in self.past(k)[-20:]]
        return sum(volumes, Fraction(0)) / len(volumes) if volumes else Fraction(0)

    def room_of(self, k: int) -> int | None:
        share = self.settings.max_volume_share
        if share == 0:
            return None
        lots = Fraction(share) * self.mean_volume(k) / Fraction(self.instruments[k].lot_size)
        return math.floor(lots + MILLIONTH)

    def sigma(self, k: int) -> float:
        closes = [bar.close for bar in self.past(k)]
        returns = [math.log(b / a) for a, b in itertools.pairwise(closes)][-60:]
        if len(returns) < 2:
            return 0.0
        mean = math.fsum(returns) / len(returns)
        return math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / (len(returns) - 1))

    def open_orders(self, k: int | None = None) -> list[Order]:
        return [o for o in self.orders if o.is_open and k in (None, o.instrument)]

    def bar(self, k: int) -> Bar:
        return self.bars[k][self.rows[k]]
