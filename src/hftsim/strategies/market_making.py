"""MarketMakingStrategy: two quotes around the mid price, moved against the inventory."""

import enum
import math
from typing import Any

from hftsim.core.enums import OrderType, Side, TimeInForce
from hftsim.core.errors import StrategyError
from hftsim.execution.avellaneda_stoikov import avellaneda_stoikov_quotes
from hftsim.execution.glft import glft_quotes
from hftsim.execution.intensity import reach_rate, tick_decay
from hftsim.execution.volatility import decay_weight
from hftsim.native.fields import Array
from hftsim.strategies.base import MAX_INSTRUMENTS, TOO_MANY_INSTRUMENTS, Strategy, every
from hftsim.strategies.sizing import WHOLE, full_position

BUY, SELL = int(Side.BUY), int(Side.SELL)
MARKET, LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
GTC, GTX = int(TimeInForce.GTC), int(TimeInForce.GTX)
SLOTS = 2 * MAX_INSTRUMENTS
PENDING_NS = 1_000_000_000
"""So long a replacement that was not confirmed counts as on its way."""
STEEPEST = 10.0
"""Largest decay of intensity that is believed, 1 / tick."""


class QuoteModel(enum.IntEnum):
    """Where the quotes come from."""

    FIXED = 0
    AVELLANEDA_STOIKOV = 1
    GLFT = 2


class MarketMakingStrategy(Strategy):
    """Keeps a bid and an ask in the book of every instrument, and its inventory within a limit.

    Quotes are renewed every 100 ms where they are no longer what is wanted. Both sides stand in the
    book unless the inventory is at its limit. An order is replaced, and where a fill on its way
    could then break the limit, cancelled and sent anew once that is confirmed: quoting alone never
    exceeds the limit. On spot, where nothing may be sold short, the inventory starts with a bid.

    Parameters
    ----------
    model : ``fixed``: a spread and a skew as given; ``avellaneda-stoikov``, ``glft``: theirs, with
        volatility and arrival of orders measured on line where they are not given. See
        `hftsim.execution`.
    half_spread, half_spread_bps : fixed: distance of each quote from the middle, in ticks and in
        basis points of the mid price, added; both 0: half the market's spread, which joins the best
        prices.
    skew, skew_bps : fixed: how far a full inventory moves both quotes, ticks and basis points, added.
    risk_aversion : models: gamma / kappa, so that it has no unit; the unit of inventory is an order.
    kappa, intensity : models: decay of intensity with depth, 1 / tick, and orders per second and side
        at the mid price; 0: measured from the depths that trades reach between wake-ups.
    horizon : avellaneda-stoikov: time left T - t, kept constant, seconds.
    half_life : of the averages that volatility and arrival are measured with, seconds.
    warm_up : models: seconds of measuring before the first quote.
    qty : lots of an order; 0: `order_share` of the inventory limit.
    order_share : fraction.
    inventory_limit : largest position, long or short, lots; 0: what 95 % of ``ctx.position_size`` of
        the equity buy at the first mid price.
    hard_limit : a position beyond this is closed at market, lots; 0: the inventory limit.
    min_spread : least distance of the own quotes, ticks.
    requote_ticks : a quote stays while it is less than this away from the wanted price, ticks.
    max_age : a quote older than this is renewed in any case, seconds; 0: never.
    post_only : whether quotes may never take; they are then kept a tick away from the other side.
    """

    model: QuoteModel = QuoteModel.FIXED
    half_spread: float = 0.0
    half_spread_bps: float = 0.0
    skew: float = 0.0
    skew_bps: float = 1.0
    risk_aversion: float = 0.1
    kappa: float = 0.0
    intensity: float = 0.0
    horizon: float = 1.0
    half_life: float = 60.0
    warm_up: float = 30.0
    qty: int = 0
    order_share: float = 0.1
    inventory_limit: int = 0
    hard_limit: int = 0
    min_spread: int = 1
    requote_ticks: int = 1
    max_age: float = 0.0
    post_only: bool = True

    order_ids: Array[int, SLOTS]  # type: ignore[type-arg, valid-type]
    prices: Array[int, SLOTS]  # type: ignore[type-arg, valid-type]
    leaves: Array[int, SLOTS]  # type: ignore[type-arg, valid-type]
    asked: Array[int, SLOTS]  # type: ignore[type-arg, valid-type]
    asked_at: Array[int, SLOTS]  # type: ignore[type-arg, valid-type]
    reached: Array[float, SLOTS]  # type: ignore[type-arg, valid-type]
    closing: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    units: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    limits: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    begun_at: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    seen_at: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    seen_mid: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    seen_half: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    weight: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    variance: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    share: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    window: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    excess: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    nearest: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]

    wake = every("100ms")

    def validate(self) -> None:
        """Refuse what cannot be quoted."""
        lengths = (self.half_spread, self.half_spread_bps, self.skew, self.skew_bps)
        if min(*lengths, self.kappa, self.intensity, self.max_age, self.warm_up) < 0.0:
            raise StrategyError(
                "MarketMakingStrategy: spreads, skews, rates and times are 0 or more"
            )
        if min(self.qty, self.inventory_limit, self.hard_limit) < 0:
            raise StrategyError("MarketMakingStrategy: quantities are lots, 0 or more")
        if self.inventory_limit and self.qty > self.inventory_limit:
            raise StrategyError("MarketMakingStrategy: qty is above the inventory limit")
        if self.min_spread < 1 or self.requote_ticks < 1:
            raise StrategyError("MarketMakingStrategy: min_spread and requote_ticks are 1 or more")
        if not (0.0 < self.order_share <= 1.0 and self.half_life > 0.0 and self.horizon > 0.0):
            raise StrategyError(
                "MarketMakingStrategy: order_share is above 0 and at most 1, half_life and horizon "
                "are above 0"
            )
        if self.model != QuoteModel.FIXED and not self.risk_aversion > 0.0:
            raise StrategyError("MarketMakingStrategy: risk_aversion must be above 0")

    def on_trade(self, ctx: Any, trade: Any) -> None:  # noqa: ARG002
        """Note how deep the trades since the last wake-up went, on each side."""
        if self.model == QuoteModel.FIXED or trade.side == 0:
            return
        k = trade.instrument
        if k < MAX_INSTRUMENTS and self.seen_at[k] > 0:
            slot = 2 * k + (0 if trade.side > 0 else 1)
            depth = trade.side * (trade.price - self.seen_mid[k])
            self.reached[slot] = max(self.reached[slot], depth)

    def on_wake(self, ctx: Any) -> None:
        """Renew the quotes of every instrument that has two sides."""
        if ctx.instruments > MAX_INSTRUMENTS:
            raise ValueError(TOO_MANY_INSTRUMENTS)
        if ctx.halted != 0:
            return
        self.look_at_orders(ctx)
        for k in range(ctx.instruments):
            own = ctx.instrument(k)
            if own.ready and own.best_bid < own.best_ask:
                self.observe(ctx, k)
                self.make(ctx, k)

    def look_at_orders(self, ctx: Any) -> None:
        """Note price and open quantity of the quotes as the venue has confirmed them."""
        for slot in range(2 * ctx.instruments):
            self.leaves[slot] = 0
        for order in ctx.orders():
            slot = 2 * order.instrument + (0 if order.side > 0 else 1)
            if order.id == self.order_ids[slot]:
                self.prices[slot] = order.price
                self.leaves[slot] = order.qty - order.filled

    def observe(self, ctx: Any, k: int) -> None:
        """Bring volatility and the arrival of orders up to date."""
        own = ctx.instrument(k)
        if self.begun_at[k] == 0:
            self.begun_at[k] = ctx.now
            self.decide_size(ctx, k)
        elif ctx.now > self.seen_at[k]:
            seconds = (ctx.now - self.seen_at[k]) / 1e9
            new = decay_weight(seconds, self.half_life)
            change = own.mid - self.seen_mid[k]
            hits, beyond = 0.0, 0.0
            for slot in range(2 * k, 2 * k + 2):
                if self.reached[slot] > 0.0:
                    hits += 0.5
                    beyond += 0.5 * max(0.0, self.reached[slot] - self.seen_half[k])
                self.reached[slot] = 0.0
            self.weight[k] += new * (1.0 - self.weight[k])
            self.variance[k] += new * (change * change / seconds - self.variance[k])
            self.window[k] += new * (seconds - self.window[k])
            self.share[k] += new * (hits - self.share[k])
            self.excess[k] += new * (beyond - self.excess[k])
            self.nearest[k] += new * (hits * self.seen_half[k] - self.nearest[k])
        self.seen_at[k] = ctx.now
        self.seen_mid[k] = own.mid
        self.seen_half[k] = 0.5 * (own.best_ask - own.best_bid)

    def decide_size(self, ctx: Any, k: int) -> None:
        """Take the inventory limit and the quantity of an order from the equity, unless given."""
        own = ctx.instrument(k)
        limit = self.inventory_limit
        if limit == 0:
            limit = full_position(ctx, k)
        self.limits[k] = limit
        unit = self.qty
        if unit == 0:
            unit = max(1, own.min_qty, int(self.order_share * limit + WHOLE))
        self.units[k] = unit

    def sigma(self, k: int) -> float:
        """Return the measured volatility, ticks per sqrt(s)."""
        if self.weight[k] <= 0.0:
            return 0.0
        return math.sqrt(self.variance[k] / self.weight[k])

    def measured_kappa(self, k: int) -> float:
        """Return the decay of intensity with depth, 1 / tick; 0 while it is not known."""
        if self.kappa > 0.0:
            return self.kappa
        if self.share[k] <= 0.0:
            return 0.0
        return min(STEEPEST, tick_decay(self.excess[k] / self.share[k], 1.0))

    def measured_intensity(self, k: int, kappa: float) -> float:
        """Return the orders per second and side that reach the mid price; 0 while not known.

        What reaches the best prices is measured, and carried on to the mid price with `kappa`.
        """
        if self.intensity > 0.0:
            return self.intensity
        if self.share[k] <= 0.0:
            return 0.0
        rate = reach_rate(self.share[k] / self.weight[k], self.window[k] / self.weight[k])
        return rate * math.exp(min(50.0, kappa * self.nearest[k] / self.share[k]))

    def is_warm(self, ctx: Any, k: int) -> bool:
        """Whether the models know what they need."""
        return (ctx.now - self.begun_at[k]) / 1e9 >= self.warm_up and self.measured_kappa(k) > 0.0

    def quotes(self, ctx: Any, k: int) -> tuple[float, float]:
        """Return the wanted bid and ask, ticks, not rounded."""
        own = ctx.instrument(k)
        if self.model == QuoteModel.FIXED:
            half = self.half_spread + 1e-4 * self.half_spread_bps * own.mid
            if half == 0.0:
                half = 0.5 * (own.best_ask - own.best_bid)
            full = own.position / max(1, self.limits[k])
            middle = own.mid - full * (self.skew + 1e-4 * self.skew_bps * own.mid)
            return middle - half, middle + half
        inventory = own.position / self.units[k]
        kappa = self.measured_kappa(k)
        gamma = self.risk_aversion * kappa
        if self.model == QuoteModel.GLFT:
            intensity = self.measured_intensity(k, kappa)
            return glft_quotes(own.mid, inventory, gamma, self.sigma(k), kappa, intensity)
        return avellaneda_stoikov_quotes(
            own.mid, inventory, gamma, self.sigma(k), kappa, self.horizon
        )

    def make(self, ctx: Any, k: int) -> None:
        """Bring both quotes of one instrument to where they are wanted."""
        own = ctx.instrument(k)
        hard = self.hard_limit if self.hard_limit > 0 else self.limits[k]
        if abs(own.position) > hard:
            self.close(ctx, k)
            return
        if self.model != QuoteModel.FIXED and not self.is_warm(ctx, k):
            return
        low, high = self.quotes(ctx, k)
        bid, ask = math.ceil(low - 0.5), math.floor(high + 0.5)
        if self.post_only:
            bid, ask = min(bid, own.best_ask - 1), max(ask, own.best_bid + 1)
        short = self.min_spread - (ask - bid)
        if short > 0:
            bid -= (short + 1) // 2
            ask += short // 2
        self.quote(ctx, k, BUY, bid)
        self.quote(ctx, k, SELL, ask)

    def close(self, ctx: Any, k: int) -> None:
        """Take both quotes away and close the position at market."""
        for slot in range(2 * k, 2 * k + 2):
            if self.leaves[slot] > 0:
                ctx.cancel(self.order_ids[slot])
        if not ctx.is_open(self.closing[k]):
            position = ctx.instrument(k).position
            side = SELL if position > 0 else BUY
            self.closing[k] = ctx.send(side, abs(position), MARKET, instrument=k, reduce_only=True)

    def room(self, ctx: Any, k: int, side: int) -> int:
        """Return how many lots more a side may trade."""
        own = ctx.instrument(k)
        room: int = self.limits[k] - side * own.position
        if side < 0 and not own.may_short:
            room = min(room, own.position)
        return room

    def quote(self, ctx: Any, k: int, side: int, price: int) -> None:
        """Have one order on a side at a price, with as few requests as possible."""
        slot = 2 * k + (0 if side > 0 else 1)
        own = ctx.instrument(k)
        qty = min(self.units[k], self.room(ctx, k, side))
        if not ctx.is_open(self.order_ids[slot]):
            if qty >= max(1, own.min_qty) and price > 0:
                tif = GTX if self.post_only else GTC
                self.order_ids[slot] = ctx.send(
                    side, qty, price=price, type=LIMIT, tif=tif, instrument=k
                )
                self.asked[slot], self.asked_at[slot] = price, ctx.now
            return
        age = ctx.now - self.asked_at[slot]
        if self.asked[slot] != self.prices[slot] and age < PENDING_NS:
            if abs(price - self.asked[slot]) < self.requote_ticks:
                return
        elif abs(price - self.prices[slot]) < self.requote_ticks and not self.is_old(age):
            return
        self.move(ctx, k, slot, price, qty)

    def is_old(self, age: int) -> bool:
        """Whether a quote has stood long enough, `age` in ns."""
        return self.max_age > 0.0 and age >= 1e9 * self.max_age

    def move(self, ctx: Any, k: int, slot: int, price: int, qty: int) -> None:
        """Replace an order, or cancel it where fills on their way might break the limit."""
        room = self.room(ctx, k, BUY if slot == 2 * k else SELL)
        safe = qty >= max(1, ctx.instrument(k).min_qty) and qty < room - self.leaves[slot] + 2
        if safe and price > 0 and ctx.replace(self.order_ids[slot], price, qty):
            self.asked[slot], self.asked_at[slot] = price, ctx.now
        else:
            ctx.cancel(self.order_ids[slot])
