"""StatisticalArbitrage: trades the distance of two instruments from their usual relation."""

import enum
import math
from typing import Any

from hftsim.core.enums import OrderType, Side, TimeInForce
from hftsim.core.errors import StrategyError
from hftsim.native.fields import Array
from hftsim.strategies.base import Strategy, every
from hftsim.strategies.sizing import FULLEST, lot_value, lots_worth

BUY, SELL = int(Side.BUY), int(Side.SELL)
LIMIT, MARKET = int(OrderType.LIMIT), int(OrderType.MARKET)
GTC, IOC = int(TimeInForce.GTC), int(TimeInForce.IOC)
MOST_LOOKBACK = 1024
FLAT = 1e-9
"""Variances below this, in squared basis points, are none."""
TWO_INSTRUMENTS = (
    "statistical arbitrage trades a pair: give two instruments, --data A=PATH --data B=PATH"
)


class HedgeModel(enum.IntEnum):
    """How the hedge ratio is found."""

    ROLLING = 0
    KALMAN = 1


class StatisticalArbitrage(Strategy):
    """Sells the first instrument and buys the second when the first is too dear, and the reverse.

    Every second both mid prices are sampled, as logarithms in basis points from their first values.
    ``rolling``: ordinary least squares of the first on the second over the last `lookback` samples;
    the z-score is the last residual over the root mean square of all. ``kalman``: intercept and
    slope are random walks that a Kalman filter follows (E. Chan, Algorithmic Trading, 2013, chapter
    3); the z-score is the forecast's error over the root mean square of errors so far, older ones
    forgotten.

    The slope is the hedge ratio: the second leg's value is slope times the first one's, fixed when
    a position is opened. The first leg takes the best price with IOC; each of its fills is hedged
    at market at once, and what is missing is made up every second. A slope that is not above 0, or
    prices that do not move together, open nothing. Where a leg cannot be sold short, positions that
    need it are not opened.

    Parameters
    ----------
    hedge : ``rolling`` or ``kalman``.
    lookback : samples, 10 to 1024: of the regression, or over which errors are forgotten.
    entry_z : distance at which a position is opened.
    exit_z : distance at which it is closed.
    stop_z : distance at which it is given up; nothing is opened again until the distance is back
        within `exit_z`.
    max_position : value of both legs together, a fraction of equity; each leg also stays within 95 %
        of ``ctx.position_size``.
    min_correlation : rolling: least correlation of the two in the window, 0 to 1.
    max_share : largest part of the best level that the first leg takes at once.
    kalman_step : variance by which slope and intercept may change from sample to sample.
    kalman_noise : variance of a single observation, squared basis points.
    """

    hedge: HedgeModel = HedgeModel.ROLLING
    lookback: int = 100
    entry_z: float = 2.0
    exit_z: float = 0.5
    stop_z: float = 4.0
    max_position: float = 0.5
    min_correlation: float = 0.5
    max_share: float = 1.0
    kalman_step: float = 1e-5
    kalman_noise: float = 1.0

    firsts: Array[float, MOST_LOOKBACK]  # type: ignore[type-arg, valid-type]
    seconds: Array[float, MOST_LOOKBACK]  # type: ignore[type-arg, valid-type]
    samples: int = 0
    base_0: float = 0.0
    base_1: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    p_00: float = 100.0
    p_01: float = 0.0
    p_11: float = 1.0
    error_square: float = 0.0
    z: float = 0.0
    is_related: bool = False
    is_stopped: bool = False
    direction: int = 0
    want: int = 0
    ratio: float = 0.0
    order_id: int = 0

    wake = every("1s")

    def validate(self) -> None:
        """Refuse thresholds that cannot work."""
        if not 10 <= self.lookback <= MOST_LOOKBACK:
            raise StrategyError(f"StatisticalArbitrage: lookback is 10 to {MOST_LOOKBACK} samples")
        if not 0.0 <= self.exit_z < self.entry_z < self.stop_z:
            raise StrategyError("StatisticalArbitrage: needs 0 <= exit_z < entry_z < stop_z")
        if not (self.max_position > 0.0 and 0.0 < self.max_share <= 1.0):
            raise StrategyError(
                "StatisticalArbitrage: max_position is above 0, max_share above 0 and at most 1"
            )
        if not 0.0 <= self.min_correlation < 1.0:
            raise StrategyError("StatisticalArbitrage: min_correlation is 0 or more and below 1")
        if not (self.kalman_step > 0.0 and self.kalman_noise > 0.0):
            raise StrategyError("StatisticalArbitrage: the filter's variances are above 0")

    def on_wake(self, ctx: Any) -> None:
        """Sample both prices, decide, and bring both legs to what is wanted."""
        if ctx.instruments != 2:
            raise ValueError(TWO_INSTRUMENTS)
        one, other = ctx.instrument(0), ctx.instrument(1)
        if not (one.ready and other.ready) or ctx.halted != 0:
            return
        if one.best_bid >= one.best_ask or other.best_bid >= other.best_ask:
            return
        self.sample(one.mid, other.mid)
        if self.samples >= self.lookback:
            self.decide(ctx)
            self.trade_first(ctx)
            self.trade_second(ctx)

    def sample(self, first: float, second: float) -> None:
        """Take in a pair of mid prices, ticks."""
        if self.samples == 0:
            self.base_0, self.base_1 = first, second
        y = 1e4 * math.log(first / self.base_0)
        x = 1e4 * math.log(second / self.base_1)
        at = self.samples % self.lookback
        self.firsts[at], self.seconds[at] = y, x
        self.samples += 1
        if self.hedge == HedgeModel.KALMAN:
            self.filter(y, x)
        elif self.samples >= self.lookback:
            self.regress(y, x)

    def regress(self, y: float, x: float) -> None:
        """Fit the window by least squares, and measure the last sample with it."""
        n = self.lookback
        mean_y, mean_x = 0.0, 0.0
        for k in range(n):
            mean_y += self.firsts[k] / n
            mean_x += self.seconds[k] / n
        yy, xx, xy = 0.0, 0.0, 0.0
        for k in range(n):
            dy, dx = self.firsts[k] - mean_y, self.seconds[k] - mean_x
            yy += dy * dy / n
            xx += dx * dx / n
            xy += dx * dy / n
        self.z, self.is_related = 0.0, False
        if xx <= FLAT or yy <= FLAT:
            return
        self.slope = xy / xx
        self.intercept = mean_y - self.slope * mean_x
        rest = yy - self.slope * xy
        if rest > FLAT:
            self.z = (y - self.intercept - self.slope * x) / math.sqrt(rest)
        self.is_related = self.slope > 0.0 and xy * xy >= self.min_correlation**2 * xx * yy

    def filter(self, y: float, x: float) -> None:
        """Follow slope and intercept by one step of the filter, and measure the forecast's error."""
        self.p_00 += self.kalman_step
        self.p_11 += self.kalman_step
        error = y - self.intercept - self.slope * x
        gain_0 = self.p_00 + x * self.p_01
        gain_1 = self.p_01 + x * self.p_11
        spread = gain_0 + x * gain_1 + self.kalman_noise
        self.intercept += gain_0 / spread * error
        self.slope += gain_1 / spread * error
        self.p_00 -= gain_0 * gain_0 / spread
        self.p_01 -= gain_0 * gain_1 / spread
        self.p_11 -= gain_1 * gain_1 / spread
        self.z = 0.0
        if self.error_square > FLAT:
            self.z = error / math.sqrt(self.error_square)
        new = 1.0 / min(self.samples, self.lookback)
        self.error_square += new * (error * error - self.error_square)
        self.is_related = self.slope > 0.0

    def decide(self, ctx: Any) -> None:
        """Set the first leg's wanted position, `want`, lots."""
        far = abs(self.z)
        if self.direction == 0:
            self.is_stopped = self.is_stopped and far > self.exit_z
            idle = ctx.instrument(0).position == 0 and not ctx.is_open(self.order_id)
            is_far = self.entry_z <= far < self.stop_z and not self.is_stopped
            if idle and is_far and self.is_related:
                self.open_pair(ctx, -1 if self.z > 0.0 else 1)
            return
        reverted = -self.direction * self.z <= self.exit_z
        if far >= self.stop_z and not reverted:
            self.is_stopped = True
        if reverted or self.is_stopped:
            ctx.record(-self.direction, 1.0, 0)
            self.want = self.direction = 0
        elif far < self.entry_z:
            self.want = ctx.instrument(0).position

    def open_pair(self, ctx: Any, direction: int) -> None:
        """Want a position in `direction` of the first leg, where both legs can be had."""
        one, other = ctx.instrument(0), ctx.instrument(1)
        sold = one if direction < 0 else other
        if not sold.may_short:
            return
        most = FULLEST * ctx.position_size
        part = min(self.max_position / (1.0 + self.slope), most, most / self.slope)
        lots = lots_worth(ctx, 0, part * max(0.0, ctx.equity))
        ratio = self.slope * lot_value(ctx, 0) / lot_value(ctx, 1)
        if lots < max(1, one.min_qty) or int(lots * ratio + 0.5) < max(1, other.min_qty):
            return
        self.direction, self.want, self.ratio = direction, direction * lots, ratio
        ctx.record(direction, 1.0 - 0.5 * self.entry_z / abs(self.z), 0)

    def trade_first(self, ctx: Any) -> None:
        """Take what the first leg lacks at its best price."""
        own = ctx.instrument(0)
        missing = self.want - own.position
        if missing == 0 or ctx.is_open(self.order_id):
            return
        side = BUY if missing > 0 else SELL
        there, price = (own.ask_qty, own.best_ask) if side > 0 else (own.bid_qty, own.best_bid)
        qty = min(abs(missing), max(1, own.min_qty, int(self.max_share * there)))
        self.order_id = ctx.send(side, qty, LIMIT, price, 0, IOC)

    def trade_second(self, ctx: Any) -> None:
        """Bring the second leg, orders on their way included, to where it hedges the first."""
        own = ctx.instrument(1)
        wanted = -math.floor(ctx.instrument(0).position * self.ratio + 0.5)
        missing = wanted - own.position - own.open_buy_qty + own.open_sell_qty
        if missing != 0:
            side = BUY if missing > 0 else SELL
            ctx.send(side, abs(missing), MARKET, 0, 0, GTC, 1)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        """Hedge what the first leg has traded."""
        if fill.instrument == 0 and ctx.instruments == 2 and ctx.halted == 0:
            self.trade_second(ctx)
