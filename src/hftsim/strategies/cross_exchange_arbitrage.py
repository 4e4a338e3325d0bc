"""CrossExchangeArbitrage: buys on one venue what another pays more for."""

from typing import Any

from hftsim.core.enums import OrderType, Side, TimeInForce
from hftsim.core.errors import StrategyError
from hftsim.native.fields import Array
from hftsim.strategies.base import Strategy

BUY, SELL = int(Side.BUY), int(Side.SELL)
LIMIT, IOC = int(OrderType.LIMIT), int(TimeInForce.IOC)
WHOLE = 1e-9
"""How far below a whole number of lots still counts as one."""
TWO_VENUES = (
    "cross-exchange arbitrage needs one asset on two venues: give two instruments, "
    "--data A=PATH --data B=PATH"
)
ONLY_LINEAR = (
    "cross-exchange arbitrage counts both legs in the quote currency: give it linear instruments, no "
    "inverse ones"
)
NO_INVENTORY = (
    "cross-exchange arbitrage sells on one venue what it buys on the other: allow short selling, "
    "which stands for an inventory held at the venue"
)


class CrossExchangeArbitrage(Strategy):
    """Trades the same asset on two venues, instruments 0 and 1, when their prices cross after fees.

    At each packet both directions are looked at: buying at one venue's best ask and selling at the
    other's best bid, both with the taker fee. Where the profit left reaches `min_profit_bps`, both
    orders go out at once with IOC at the prices seen: while they travel those may go, and then an
    order expires rather than pays more. Nothing more is sent until both reports are back. If one
    leg traded more than the other, the difference is traded off at the venue whose best price after
    its fee is better, again with IOC, until the legs match: that is where the leg risk is paid. An
    arbitrage against an inventory needs `exit_bps` only, since it gives back what was earned before.

    The account holds no assets at the start, so selling first is selling short; on spot that must
    be allowed, and stands for an inventory kept at the venue. Both legs are counted in one currency:
    where the venues quote in different ones (USD and USDT), `rate` is the price of the second one's
    in the first one's. It is a constant here: a stablecoin off its peg looks like an arbitrage and
    is none. A backtest has one account in one currency; ``at_par``
    of its settings lets two count as one.

    Parameters
    ----------
    min_profit_bps : profit after both fees at which inventories are built, basis points of the
        price paid.
    exit_bps : the same for trades that bring inventories back.
    max_position : largest position on each venue, value as a fraction of equity.
    max_share : largest part of a best level that is taken, above 0 and at most 1.
    max_age : a venue that was silent longer than this is not traded on, seconds.
    rate : price of the second venue's quote currency in the first one's.
    """

    min_profit_bps: float = 5.0
    exit_bps: float = 0.0
    max_position: float = 0.1
    max_share: float = 1.0
    max_age: float = 1.0
    rate: float = 1.0

    order_ids: Array[int, 2]  # type: ignore[type-arg, valid-type]
    heard_at: Array[int, 2]  # type: ignore[type-arg, valid-type]

    def validate(self) -> None:
        """Refuse what cannot be traded by."""
        if not (self.max_position > 0.0 and 0.0 < self.max_share <= 1.0):
            raise StrategyError(
                "CrossExchangeArbitrage: max_position is above 0, max_share above 0 and at most 1"
            )
        if not (self.max_age > 0.0 and self.rate > 0.0):
            raise StrategyError("CrossExchangeArbitrage: max_age and rate are above 0")
        if not self.min_profit_bps + self.exit_bps >= 0.0:
            raise StrategyError(
                "CrossExchangeArbitrage: min_profit_bps and exit_bps together lose money"
            )

    def on_book(self, ctx: Any) -> None:
        """Repair unequal legs, or else look for a profit in both directions."""
        if ctx.instruments != 2:
            raise ValueError(TWO_VENUES)
        if ctx.instrument(0).inverse or ctx.instrument(1).inverse:
            raise ValueError(ONLY_LINEAR)
        if not (ctx.instrument(0).may_short or ctx.instrument(1).may_short):
            raise ValueError(NO_INVENTORY)
        for k in range(2):
            if ctx.instrument(k).fresh:
                self.heard_at[k] = ctx.now
        if ctx.halted != 0 or ctx.is_open(self.order_ids[0]) or ctx.is_open(self.order_ids[1]):
            return
        if not (self.is_usable(ctx, 0) and self.is_usable(ctx, 1)):
            return
        if not self.repair(ctx) and not self.arbitrage(ctx, 0, 1):
            self.arbitrage(ctx, 1, 0)

    def is_usable(self, ctx: Any, k: int) -> bool:
        """Whether a venue's book has two sides, in order, and is not old."""
        own = ctx.instrument(k)
        age = (ctx.now - self.heard_at[k]) / 1e9
        return bool(own.ready and own.best_bid < own.best_ask and age <= self.max_age)

    def base_of_lot(self, ctx: Any, k: int) -> float:
        """Return how much of the asset a lot is."""
        own = ctx.instrument(k)
        size: float = own.tick_value / own.tick_size
        return size

    def net_price(self, ctx: Any, k: int, side: int) -> float:
        """Return what a unit costs (BUY) or brings (SELL) at a venue, fee included, one currency."""
        own = ctx.instrument(k)
        price = own.best_ask if side > 0 else own.best_bid
        rate = self.rate if k == 1 else 1.0
        net: float = price * own.tick_size * rate * (1.0 + side * own.taker_fee)
        return net

    def profit_bps(self, ctx: Any, bought: int, sold: int) -> float:
        """Return the profit of buying on one venue and selling on the other, after both fees."""
        paid = self.net_price(ctx, bought, BUY)
        return 1e4 * (self.net_price(ctx, sold, SELL) - paid) / paid

    def room(self, ctx: Any, k: int, side: int) -> float:
        """Return how much of the asset a venue's inventory limit leaves to trade on a side."""
        own = ctx.instrument(k)
        rate = self.rate if k == 1 else 1.0
        limit = self.max_position * max(0.0, ctx.equity) / (own.close * rate)
        if side < 0 and not own.may_short:
            limit = 0.0
        left: float = limit - side * own.position * self.base_of_lot(ctx, k)
        return left

    def arbitrage(self, ctx: Any, bought: int, sold: int) -> bool:
        """Send both legs if that pays; whether they were sent."""
        profit = self.profit_bps(ctx, bought, sold)
        if profit < min(self.min_profit_bps, self.exit_bps):
            return False
        one, other = ctx.instrument(bought), ctx.instrument(sold)
        lot_1, lot_2 = self.base_of_lot(ctx, bought), self.base_of_lot(ctx, sold)
        most = self.max_share * min(one.ask_qty * lot_1, other.bid_qty * lot_2)
        back = min(max(0.0, -one.position * lot_1), max(0.0, other.position * lot_2))
        if profit < self.min_profit_bps:
            most = min(most, back)
        most = min(most, self.room(ctx, bought, BUY), self.room(ctx, sold, SELL))
        coarse = max(lot_1, lot_2)
        whole = int(max(0.0, most) / coarse + WHOLE) * coarse
        qty_1, qty_2 = int(whole / lot_1 + 0.5), int(whole / lot_2 + 0.5)
        if not (self.can_send(ctx, bought, qty_1) and self.can_send(ctx, sold, qty_2)):
            return False
        ctx.record(BUY, 1.0, bought)
        ctx.record(SELL, 1.0, sold)
        self.take(ctx, bought, BUY, qty_1)
        self.take(ctx, sold, SELL, qty_2)
        return True

    def can_send(self, ctx: Any, k: int, qty: int) -> bool:
        """Whether a venue takes an order this small."""
        own = ctx.instrument(k)
        value = qty * own.best_bid * own.tick_value
        return bool(qty >= max(1, own.min_qty) and value >= own.min_notional)

    def take(self, ctx: Any, k: int, side: int, qty: int, closes: bool = False) -> None:  # noqa: FBT001, FBT002
        """Send an order for the best price on a venue, and nothing beyond it."""
        own = ctx.instrument(k)
        price = own.best_ask if side > 0 else own.best_bid
        self.order_ids[k] = ctx.send(side, qty, LIMIT, price, 0, IOC, k, closes)

    def repair(self, ctx: Any) -> bool:
        """Trade off what one leg has more than the other; whether an order was sent.

        What is less than a lot, or too small for a venue to take, is left to later trades.
        """
        net = 0.0
        for k in range(2):
            net += ctx.instrument(k).position * self.base_of_lot(ctx, k)
        side = SELL if net > 0.0 else BUY
        first = 0
        if side * (self.net_price(ctx, 1, side) - self.net_price(ctx, 0, side)) < 0.0:
            first = 1
        for k in (first, 1 - first):
            qty = int(abs(net) / self.base_of_lot(ctx, k) + WHOLE)
            position = ctx.instrument(k).position
            closes = position * side < 0 and qty <= abs(position)
            fits = self.can_send(ctx, k, qty) and qty * self.base_of_lot(ctx, k) <= self.room(
                ctx, k, side
            )
            if qty > 0 and (closes or fits):
                self.take(ctx, k, side, qty, closes=closes)
                return True
        return False
