"""LiquidityTakingStrategy: takes the best price when the move expected is worth more than it costs."""

import math
from typing import Any

from hftsim.core.enums import OrderType, Side, TimeInForce
from hftsim.core.errors import StrategyError
from hftsim.execution.volatility import LN2, decay_weight
from hftsim.native.fields import Array
from hftsim.strategies.base import MAX_INSTRUMENTS, TOO_MANY_INSTRUMENTS, Strategy, every
from hftsim.strategies.sizing import full_position

BUY, SELL = int(Side.BUY), int(Side.SELL)
LIMIT, IOC = int(OrderType.LIMIT), int(TimeInForce.IOC)
MOST_SAMPLES = 64
"""Most samples that one horizon can have: 6.4 seconds."""
SAMPLES = MAX_INSTRUMENTS * MOST_SAMPLES


class LiquidityTakingStrategy(Strategy):
    """Follows the imbalance of the best quantities and the flow of public trades.

    The signal, between -1 and 1, is the weighted mean of two averages over the last moments:
    ``(bid_qty - ask_qty) / (bid_qty + ask_qty)`` of the best levels, and signed over total traded
    quantity. What it is worth is learned while running: every 100 ms the signal of `horizon` ago is
    compared with how far the mid price has gone since, and the slope of a regression through zero,
    with older samples forgotten, times the signal of now is the expected move. A position is opened
    when the signal reaches `threshold` and the move exceeds `cost_multiple` times the round trip:
    the spread and the taker fee twice. It takes at the best price with IOC, so that nothing is paid
    beyond it, and no more than `max_share` of what stands there. With fees of several spreads it
    does not trade, and that is the right answer.

    Parameters
    ----------
    threshold : signal at which a position may be opened, above 0 and at most 1.
    exit_threshold : a position is closed when the signal is this far on the other side, 0 to 1.
    cost_multiple : how many times its costs the expected move must be; 0: costs do not count.
    book_weight : weight of the imbalance, 0 to 1; the rest is the trades'.
    half_life : of both averages, seconds.
    horizon : how far ahead the move is learned, seconds: 0.1 to 6.4 in steps of 0.1.
    learning_half_life : of the regression, seconds.
    warm_up : seconds of learning before the first order.
    holding : longest time in a position, seconds.
    pause : least time between two orders of one instrument, seconds.
    max_share : largest part of the best level's quantity that is taken, above 0 and at most 1.
    qty : lots of a position; 0: what 95 % of ``ctx.position_size`` of the equity buy.
    """

    threshold: float = 0.5
    exit_threshold: float = 0.2
    cost_multiple: float = 1.0
    book_weight: float = 0.5
    half_life: float = 0.5
    horizon: float = 1.0
    learning_half_life: float = 300.0
    warm_up: float = 30.0
    holding: float = 5.0
    pause: float = 0.1
    max_share: float = 0.25
    qty: int = 0

    imbalance: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    last_imbalance: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    book_at: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    flow: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    traded: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    trade_at: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    past_signals: Array[float, SAMPLES]  # type: ignore[type-arg, valid-type]
    past_mids: Array[float, SAMPLES]  # type: ignore[type-arg, valid-type]
    samples: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    together: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    squares: Array[float, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    order_ids: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    sent_at: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]
    entered_at: Array[int, MAX_INSTRUMENTS]  # type: ignore[type-arg, valid-type]

    wake = every("100ms")

    def validate(self) -> None:
        """Refuse what cannot be decided by."""
        if not (0.0 < self.threshold <= 1.0 and 0.0 <= self.exit_threshold <= 1.0):
            raise StrategyError(
                "LiquidityTakingStrategy: signals lie between 0 and 1: threshold above 0"
            )
        if not (0.0 <= self.book_weight <= 1.0 and 0.0 < self.max_share <= 1.0):
            raise StrategyError(
                "LiquidityTakingStrategy: book_weight is 0 to 1, max_share above 0 and at most 1"
            )
        if not 0.05 <= self.horizon <= 0.1 * MOST_SAMPLES:
            raise StrategyError("LiquidityTakingStrategy: horizon is 0.1 to 6.4 seconds")
        if min(self.half_life, self.learning_half_life, self.holding) <= 0.0:
            raise StrategyError("LiquidityTakingStrategy: half-lives and holding are above 0")
        if min(self.cost_multiple, self.warm_up, self.pause, self.qty) < 0:
            raise StrategyError(
                "LiquidityTakingStrategy: cost_multiple, warm_up, pause and qty are 0 or more"
            )

    def on_trade(self, ctx: Any, trade: Any) -> None:
        """Add a public trade to the flow."""
        k = trade.instrument
        if trade.side == 0 or k >= MAX_INSTRUMENTS:
            return
        kept = 1.0
        if self.trade_at[k] > 0:
            kept -= decay_weight((ctx.now - self.trade_at[k]) / 1e9, self.half_life)
        self.flow[k] = kept * self.flow[k] + trade.side * trade.qty
        self.traded[k] = kept * self.traded[k] + trade.qty
        self.trade_at[k] = ctx.now

    def on_book(self, ctx: Any) -> None:
        """Bring the imbalance up to date, and decide, where a packet has arrived."""
        if ctx.instruments > MAX_INSTRUMENTS:
            raise ValueError(TOO_MANY_INSTRUMENTS)
        for k in range(ctx.instruments):
            own = ctx.instrument(k)
            if own.fresh and own.ready and own.best_bid < own.best_ask:
                self.look(ctx, k)
                if not ctx.is_open(self.order_ids[k]):
                    self.decide(ctx, k)

    def look(self, ctx: Any, k: int) -> None:
        """Average the imbalance over the time that it stood."""
        own = ctx.instrument(k)
        if self.book_at[k] > 0:
            new = decay_weight((ctx.now - self.book_at[k]) / 1e9, self.half_life)
            self.imbalance[k] += new * (self.last_imbalance[k] - self.imbalance[k])
        self.last_imbalance[k] = (own.bid_qty - own.ask_qty) / max(1, own.bid_qty + own.ask_qty)
        self.book_at[k] = ctx.now

    def signal(self, ctx: Any, k: int) -> float:
        """Return the signal of now: the flow fades with the time since the last trade."""
        flow = 0.0
        if self.traded[k] > 0.0:
            age = (ctx.now - self.trade_at[k]) / 1e9
            flow = self.flow[k] / self.traded[k] * math.exp(-LN2 * age / self.half_life)
        signal: float = self.book_weight * self.imbalance[k] + (1.0 - self.book_weight) * flow
        return signal

    def on_wake(self, ctx: Any) -> None:
        """Learn what the signal of `horizon` ago was worth."""
        steps = max(1, int(10.0 * self.horizon + 0.5))
        new = decay_weight(0.1, self.learning_half_life)
        for k in range(min(ctx.instruments, MAX_INSTRUMENTS)):
            own = ctx.instrument(k)
            if not own.ready:
                continue
            at = k * MOST_SAMPLES + self.samples[k] % steps
            if self.samples[k] >= steps:
                before, moved = self.past_signals[at], own.mid - self.past_mids[at]
                self.together[k] += new * (before * moved - self.together[k])
                self.squares[k] += new * (before * before - self.squares[k])
            self.past_signals[at] = self.signal(ctx, k)
            self.past_mids[at] = own.mid
            self.samples[k] += 1

    def expected_move(self, k: int, signal: float) -> float:
        """Return how far the mid price is expected to go within the horizon, ticks."""
        if self.squares[k] <= 0.0:
            return 0.0
        move: float = signal * self.together[k] / self.squares[k]
        return move

    def decide(self, ctx: Any, k: int) -> None:
        """Open or close a position of one instrument."""
        own = ctx.instrument(k)
        if (ctx.now - self.sent_at[k]) / 1e9 < self.pause or ctx.halted != 0:
            return
        signal = self.signal(ctx, k)
        if own.position != 0:
            side = BUY if own.position > 0 else SELL
            held = (ctx.now - self.entered_at[k]) / 1e9
            if held >= self.holding or side * signal < -self.exit_threshold:
                self.take(ctx, k, -side, abs(own.position), closes=True)
            return
        if abs(signal) < self.threshold or 0.1 * self.samples[k] < self.warm_up:
            return
        move = self.expected_move(k, signal)
        costs = own.best_ask - own.best_bid + 2.0 * own.taker_fee * own.mid
        if abs(move) <= self.cost_multiple * costs:
            return
        side = BUY if move > 0.0 else SELL
        if side < 0 and not own.may_short:
            return
        there = own.ask_qty if side > 0 else own.bid_qty
        qty = min(self.size(ctx, k), int(self.max_share * there))
        if qty >= max(1, own.min_qty):
            ctx.record(side, min(1.0, abs(signal)), k)
            self.take(ctx, k, side, qty)

    def size(self, ctx: Any, k: int) -> int:
        """Return the lots of a full position."""
        return self.qty if self.qty > 0 else full_position(ctx, k)

    def take(self, ctx: Any, k: int, side: int, qty: int, closes: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take up to `qty` lots at the best price, and nothing beyond it."""
        own = ctx.instrument(k)
        price = own.best_ask if side > 0 else own.best_bid
        self.sent_at[k] = ctx.now
        self.order_ids[k] = ctx.send(side, qty, LIMIT, price, 0, IOC, k, closes)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        """Note when a position was opened."""
        if fill.instrument < MAX_INSTRUMENTS and fill.position == fill.side * fill.qty:
            self.entered_at[fill.instrument] = ctx.now
