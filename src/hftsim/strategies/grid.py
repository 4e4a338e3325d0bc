"""GridStrategy: buys and sells on equidistant levels around a centre."""

from typing import Any

from hftsim.core.enums import OrderType, Side, TimeInForce
from hftsim.core.errors import StrategyError
from hftsim.native.fields import Array
from hftsim.strategies.base import Strategy, every
from hftsim.strategies.sizing import full_position

BUY, SELL = int(Side.BUY), int(Side.SELL)
LIMIT, GTX = int(OrderType.LIMIT), int(TimeInForce.GTX)
MOST_LEVELS = 500
SLOTS = 2 * MOST_LEVELS + 1
ONE_INSTRUMENT = "a grid lies in one instrument: give it one, and run others beside it"


class GridStrategy(Strategy):
    """Keeps post-only bids below and asks above the level that traded last.

    The centre is the mid price at the start; level j lies j spacings above it. One level is empty,
    the gap: at first the centre. When an order has filled whole, its level becomes the gap, and the
    levels between the old gap and it get orders of the other side: a buy at level j is followed by
    a sell at j + 1, a spacing higher. What was refused, or had no room, is laid again every second,
    nearest levels first. When the mid price has left the grid, everything is cancelled and, once
    that is confirmed, laid anew around the mid price of then; the inventory is kept.

    Orders that stand, on their way too, count as filled against the inventory limit: it is never
    exceeded. On spot, where nothing may be sold short, the grid starts with its bids.

    Parameters
    ----------
    levels : bids below and asks above the centre, up to 500 each.
    spacing : distance of levels, ticks; 0: `spacing_bps`.
    spacing_bps : the same in basis points of the centre, at least a tick.
    qty : lots of an order; 0: the inventory limit over the levels.
    inventory_limit : largest position, long or short, lots; 0: what 95 % of ``ctx.position_size`` of
        the equity buy at the first mid price.
    recentre_levels : so many spacings beyond the outermost level the grid is laid anew; 0: never.
    """

    levels: int = 10
    spacing: int = 0
    spacing_bps: float = 5.0
    qty: int = 0
    inventory_limit: int = 0
    recentre_levels: int = 1

    order_ids: Array[int, SLOTS]  # type: ignore[type-arg, valid-type]
    centre: int = 0
    gap: int = 0
    step: int = 0
    unit: int = 0
    limit: int = 0
    is_clearing: bool = False

    wake = every("1s")

    def validate(self) -> None:
        """Refuse grids that cannot be laid."""
        if not 1 <= self.levels <= MOST_LEVELS:
            raise StrategyError(f"GridStrategy: levels is 1 to {MOST_LEVELS}")
        if self.spacing < 0 or (self.spacing == 0 and not self.spacing_bps > 0.0):
            raise StrategyError("GridStrategy: spacing, in ticks or basis points, is above 0")
        if min(self.qty, self.inventory_limit, self.recentre_levels) < 0:
            raise StrategyError("GridStrategy: quantities and recentre_levels are 0 or more")
        if self.inventory_limit and self.qty > self.inventory_limit:
            raise StrategyError("GridStrategy: qty is above the inventory limit")

    def on_wake(self, ctx: Any) -> None:
        """Lay the grid, mend it, and move it after the market."""
        if ctx.instruments != 1:
            raise ValueError(ONE_INSTRUMENT)
        if not ctx.ready or ctx.best_bid >= ctx.best_ask or ctx.halted != 0:
            return
        if self.step == 0:
            self.decide_size(ctx)
            self.lay(ctx)
        elif self.recentre_levels > 0:
            reach = (self.levels + self.recentre_levels) * self.step
            self.is_clearing = self.is_clearing or abs(ctx.mid - self.centre) > reach
        if self.is_clearing:
            if ctx.open_count > 0:
                ctx.cancel_all()
                return
            self.lay(ctx)
        self.mend(ctx, -self.levels, self.levels)

    def decide_size(self, ctx: Any) -> None:
        """Take spacing, inventory limit and quantity from price and equity, unless given."""
        self.step = self.spacing
        if self.step == 0:
            self.step = max(1, int(1e-4 * self.spacing_bps * ctx.mid + 0.5))
        own = ctx.instrument(0)
        self.limit = self.inventory_limit
        if self.limit == 0:
            self.limit = full_position(ctx, 0)
        self.unit = self.qty
        if self.unit == 0:
            self.unit = max(1, own.min_qty, self.limit // self.levels)

    def lay(self, ctx: Any) -> None:
        """Begin an empty grid around the mid price."""
        self.centre = int(ctx.mid + 0.5)
        self.gap = 0
        self.is_clearing = False
        for slot in range(SLOTS):
            self.order_ids[slot] = 0

    def mend(self, ctx: Any, first: int, last: int) -> None:
        """Send what is missing between two levels, both included, nearest to the gap first."""
        for away in range(1, 2 * self.levels + 1):
            if self.gap - away >= first:
                self.place(ctx, self.gap - away, BUY)
            if self.gap + away <= last:
                self.place(ctx, self.gap + away, SELL)

    def place(self, ctx: Any, level: int, side: int) -> None:
        """Send the order of a level unless it stands, would take, or has no room."""
        slot = level + MOST_LEVELS
        price = self.centre + level * self.step
        if price <= 0 or ctx.is_open(self.order_ids[slot]):
            return
        if side > 0:
            would_take = price >= ctx.best_ask
            room = self.limit - ctx.position - ctx.open_buy_qty
        else:
            would_take = price <= ctx.best_bid
            room = (self.limit if ctx.may_short else 0) + ctx.position - ctx.open_sell_qty
        if not would_take and self.unit <= room:
            self.order_ids[slot] = ctx.send(side, self.unit, LIMIT, price, 0, GTX)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        """Move the gap to a level that has filled whole, and fill up behind it."""
        if self.step == 0 or self.is_clearing or ctx.is_open(fill.order_id) or ctx.halted != 0:
            return
        level = (fill.price - self.centre) // self.step
        if abs(level) > self.levels or self.order_ids[level + MOST_LEVELS] != fill.order_id:
            return
        before = self.gap
        self.gap = level
        self.mend(ctx, min(before, level), max(before, level))
