"""What a strategy may be written with: everything here runs in both modes and leaves the same."""

import enum
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from hftsim.strategies import BUY, GTX, SELL, Array, Strategy, Struct, every, on_bar

Twice = Callable[..., Any]
Bars = Callable[..., Any]

LEVELS = (0.1, 0.2, 0.3)
TABLE = np.array([1.0, 2.0, 4.0, 8.0])
GAIN = 2.0


class Stage(enum.IntEnum):
    IDLE = 0
    ARMED = 1
    DONE = 7


def scaled(x: float, gain: float = GAIN, shift: float = 0.0) -> float:
    return x * gain + shift


def swap(a: float, b: float) -> tuple[float, float]:
    return b, a


def outside(strategy: Any, ctx: Any, k: int = 2) -> int:
    strategy.n += k
    return int(ctx.best_bid) if ctx.ready else 0


class Scalars(Strategy):
    n: int = 0
    x: float = 1.5
    on: bool = False
    stage: Stage = Stage.IDLE
    last: int = -1

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        self.on = not self.on
        if self.stage == Stage.IDLE and ctx.close > ctx.open:
            self.stage = Stage.ARMED
        elif self.stage != Stage.IDLE:
            self.stage = Stage.DONE if self.stage == 1 else Stage.IDLE
        low = high = 0.0
        low, high = swap(ctx.high, ctx.low)
        self.x = high - low if self.on else low - high
        self.x += 1 if (self.on and self.n % 2 == 0) or self.stage == Stage.DONE else -1


class Arrays(Strategy):
    ring: Array[float, 5]
    grid: Array[float, 2, 3]
    counts: Array[int, 4]
    flags: Array[bool, 3]
    stages: Array[Stage, 2]
    start: Array[float, 3] = (1.0, 2.0, 3.0)  # type: ignore[assignment]
    n: int = 0
    best: float = 0.0
    at: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.ring[self.n % 5] = ctx.close
        self.ring[-1] += 0.5
        self.grid[1, 2] += ctx.volume
        self.grid[0, :] = ctx.open
        self.counts[self.n % len(self.counts)] += 1
        self.flags[self.n % 3] = ctx.close > ctx.open
        self.stages[1] = Stage.DONE
        total = 0.0
        for v in self.ring:
            total += v
        for k, v in enumerate(self.start):
            total -= k * v
        for a, b in zip(self.ring, self.start):  # noqa: B905 - strict is not compiled
            total += a * b
        for k in range(2, -1, -1):
            self.start[k] = self.start[k - 1] if k > 0 else total
        self.best = self.ring.max() - self.ring.min() + total + self.grid.size + self.grid.shape[1]
        self.at = int(np.argmax(self.ring)) + int(self.flags.any()) + self.counts[1] // 2
        self.at += int(np.all(self.flags)) + int(np.min(self.counts))
        if self.n % 50 == 0:
            self.ring[:] = 0.0
            self.ring[1:3] = 7.0
            self.counts.fill(1)
        self.n += 1


class Leg(Struct):
    price: float = 9.5
    qty: int = 3
    open: bool = True
    marks: Array[float, 3]


def reset_leg(leg: Any, price: float) -> None:
    leg.price = price
    leg.qty += 1
    leg.marks[leg.qty % 3] = price


class Structs(Strategy):
    near: Leg
    far: Leg
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        reset_leg(self.near, ctx.close)
        if self.near.open:
            self.far.price = self.near.price + self.near.marks[1]
            self.far.open = self.near.qty % 2 == 0
        self.touch(self.far)

    def touch(self, leg: Any) -> None:
        self.n += leg.qty
        leg.qty -= 1


class Constants(Strategy):
    LIMIT = 3
    STEPS = (1, 2, 3)
    PAIR = (1.5, 2)
    WEIGHTS = np.array([0.5, 0.25])
    STAGE = Stage.DONE
    n: int = 0
    x: float = 0.0

    def on_bar(self, ctx: Any) -> None:
        for step in self.STEPS:
            self.n += step
        for level in LEVELS:
            self.x += level * self.PAIR[0]
        self.x += TABLE[self.n % 4] + self.WEIGHTS[1] + Constants.LIMIT + self.STAGE
        if self.n > self.LIMIT and self.STAGE == Stage.DONE:
            self.n -= self.PAIR[1]


class Base(Strategy):
    fast: int = 3
    slow: float = 0.5
    seen: float = 0.0
    CAP = 10

    @property
    def half(self) -> float:
        return self.slow / 2 + self.bonus

    @property
    def bonus(self) -> float:
        return 0.25

    def size(self, a: float, b: float = 2.0, c: int = 1) -> float:
        return a * b + c + self.half

    def step(self, ctx: Any) -> None:
        self.seen += self.size(ctx.close, c=self.fast) + self.size(1.0, b=0.5)

    def on_bar(self, ctx: Any) -> None:
        self.step(ctx)
        self.fast = min(self.fast + 1, self.CAP)


class Middle(Base):
    slow: float = 0.75

    def size(self, a: float, b: float = 3.0, c: int = 1) -> float:
        return Base.size(self, a, b, c=c) - 1.0


class Leaf(Middle):
    fast = 5
    extra: int = 1
    CAP = 20

    @property
    def bonus(self) -> float:
        return 0.125

    def on_bar(self, ctx: Any) -> None:
        Middle.on_bar(self, ctx)
        self.extra += outside(self, ctx, k=3) - Base.CAP
        self.seen += scaled(1.0, shift=0.5) + scaled(2.0, 3.0) + scaled(x=1.0)

    n: int = 0


class Mixin:
    FACTOR = 3

    def tripled(self, x: float) -> float:
        return x * self.FACTOR


class Mixed(Mixin, Strategy):
    x: float = 0.0

    def on_bar(self, ctx: Any) -> None:
        self.x = self.tripled(ctx.close)


class Flow(Strategy):
    n: int = 0
    x: float = 0.0

    def on_bar(self, ctx: Any) -> None:
        k = 0
        while True:
            k += 1
            if k % 2:
                continue
            if k > 6:
                break
            self.n += k
        for i in range(3):
            for j in range(i):
                if j == 5:
                    break
                self.n += i * j
            else:
                self.n += 1
        if (0.0 < ctx.close - ctx.open <= 0.5 and not self.n % 3) or self.n == 4:
            self.x -= 1.0
        self.x += self.early(ctx)
        match self.n % 3:
            case 0:
                self.x += 1.0
            case 1 | 2:
                self.x -= 0.5
            case _:
                self.x = 0.0
        _ = self.pair(ctx)[1]
        a, (b, c) = 1.0, (2.0, 3.0)
        self.x += a * b - c

    def early(self, ctx: Any) -> float:
        if ctx.close > ctx.open:
            return 1
        if ctx.close < ctx.open:
            return -0.5
        return 0.0

    def pair(self, ctx: Any) -> tuple[int, float]:
        return ctx.best_bid, ctx.close


class Waker(Strategy):
    woken: int = 0
    bars: int = 0
    sum: float = 0.0
    wake = every("5min")

    def on_wake(self, ctx: Any) -> None:
        self.woken += 1
        self.sum += ctx.now % 1_000_000_007

    def on_bar(self, ctx: Any) -> None:
        self.bars += 1


class WokenAtBars(Strategy):
    woken: int = 0
    wake = on_bar

    def on_wake(self, ctx: Any) -> None:
        self.woken += 1
        ctx.target(0.1 if self.woken % 2 else 0.0)


class Signals(Strategy):
    used: float = 0.0

    def columns(self, bars: Any) -> Mapping[str, Any]:
        close = bars["close"].to_numpy()
        ratio = np.full(len(close), np.nan)
        ratio[5:] = close[5:] / close[:-5] - 1.0
        return {"signal": np.sign(ratio), "ratio": ratio}

    def on_bar(self, ctx: Any) -> None:
        if math.isnan(ctx.signal):
            return
        own = ctx.instrument(0)
        self.used += ctx.column.ratio + own.column.signal + ctx.instrument().column.ratio
        if ctx.signal > 0:
            ctx.record(BUY, min(1.0, abs(ctx.column.ratio) * 100))
        elif ctx.signal < 0:
            ctx.record(SELL, 0.5, instrument=0)
        ctx.target(ctx.signal * ctx.position_size)


class Fills(Strategy):
    count: int = 0
    paid: float = 0.0
    makers: int = 0
    last_position: int = 0

    def on_bar(self, ctx: Any) -> None:
        if ctx.open_count < 4:
            ctx.buy(ctx.best_bid - 5, 10, tif=GTX)
            ctx.sell(ctx.best_ask + 5, 10)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        self.count += 1
        self.paid += fill.fee + fill.slippage + fill.price * fill.qty * fill.side
        if fill.is_maker:
            self.makers += 1
        self.last_position = fill.position + fill.reason
        if abs(fill.position) > 50:
            ctx.close_position(fill.instrument)


@pytest.mark.parametrize(
    "cls",
    [Scalars, Arrays, Structs, Constants, Base, Middle, Leaf, Mixed, Flow, Waker, WokenAtBars,
     Signals, Fills],
)  # fmt: skip
def test_both_modes_leave_the_same(cls: type[Strategy], twice: Twice, bars: Bars) -> None:
    strategy, market = twice(cls, bars())
    assert strategy._memory.tobytes() != cls()._memory.tobytes()
    assert market.steps_done == 1500


def test_fills_reach_on_fill_one_by_one(twice: Twice, bars: Bars) -> None:
    strategy, market = twice(Fills, bars())
    assert strategy.count == int(market.context["fill_count"][0]) > 50


def test_a_wake_up_comes_every_five_minutes(twice: Twice, bars: Bars) -> None:
    strategy, _ = twice(Waker, bars(1500))
    assert (strategy.woken, strategy.bars) == (300, 1500)


def test_a_struct_starts_with_its_defaults() -> None:
    leg = Structs().near
    assert (leg.price, leg.qty, leg.open, leg.marks.tolist()) == (9.5, 3, True, [0.0, 0.0, 0.0])


def test_an_overridden_default_is_the_new_one(twice: Twice, bars: Bars) -> None:
    assert (Middle().slow, Leaf().slow, Leaf().fast, Base().fast) == (0.75, 0.75, 5, 3)
    strategy, _ = twice(lambda: Leaf(fast=7), bars(10))
    assert strategy.fast == 17


class Pair(Strategy):
    """Trades the second instrument on the first one's moves."""

    hedges: int = 0
    worth: float = 0.0

    def columns(self, bars: Any) -> Mapping[str, Any]:
        return {"mean": bars["close"].rolling(5, min_periods=1).mean().to_numpy()}

    def on_bar(self, ctx: Any) -> None:
        for k in range(ctx.instruments):
            own = ctx.instrument(k)
            if own.ready and own.fresh:
                self.worth += own.column.mean - own.close
        first, second = ctx.instrument(0), ctx.instrument(1)
        if first.ready and second.ready and first.close > first.column.mean:
            ctx.target(0.2, instrument=1)
            ctx.target(-0.2, 0)
        elif second.ready:
            ctx.buy(second.best_bid, ctx.lots(0.02, 1), instrument=1)
            ctx.close_position(0)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        if fill.instrument == 1 and ctx.instrument(1).position > 0:
            self.hedges += 1


def test_several_instruments_on_one_account(twice: Twice, bars: Bars) -> None:
    late = bars(900, seed=9).shift(300, freq="min")
    strategy, _ = twice(Pair, {"AAA": bars(1000, seed=8), "BBB": late})
    assert strategy.hedges > 3
