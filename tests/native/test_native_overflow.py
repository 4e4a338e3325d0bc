"""Ints that leave 64 bits, endless loops of requests, and instruments that do not exist."""

from collections.abc import Callable
from typing import Any

import pytest

from hftsim.core.errors import NativeError, StrategyError
from hftsim.strategies import Strategy

Run = Callable[..., Any]
Bars = Callable[..., Any]

LARGEST = 2**63 - 1


class Ints(Strategy):
    n: int = 1
    by: int = 1
    do: int = 0

    def on_bar(self, ctx: Any) -> None:
        if ctx.step > 0:
            return
        if self.do == 0:
            self.n = self.n + self.by
        elif self.do == 1:
            self.n = self.n - self.by
        elif self.do == 2:
            self.n *= self.by
        elif self.do == 3:
            self.n = self.n << self.by
        elif self.do == 4:
            self.n = self.n >> self.by


INSIDE = [
    (0, LARGEST - 1, 1, LARGEST), (0, -LARGEST, -1, -(2**63)), (1, -LARGEST, 1, -(2**63)),
    (1, LARGEST, LARGEST, 0), (2, 2**31, -(2**32), -(2**63)), (2, -1, LARGEST, -LARGEST),
    (3, 1, 62, 2**62), (3, -1, 63, -(2**63)), (3, 0, 900, 0), (4, 1000, 3, 125),
    (4, -5, 64, -1), (4, LARGEST, 200, 0),
]  # fmt: skip


@pytest.mark.parametrize(("do", "n", "by", "result"), INSIDE)
def test_what_fits_into_64_bits_is_the_same_in_both_modes(
    do: int, n: int, by: int, result: int, twice: Run, bars: Bars
) -> None:
    strategy, _ = twice(lambda: Ints(n=n, by=by, do=do), bars(2))
    assert strategy.n == result


BEYOND = [
    (0, LARGEST, 1), (0, -LARGEST, -2), (1, -LARGEST, 2), (1, LARGEST, -1), (2, 2**32, 2**31),
    (2, -LARGEST, 2), (3, 1, 63), (3, 1, 64), (3, 3, 62),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize(("do", "n", "by"), BEYOND)
def test_what_does_not_fit_stops_both_modes(
    do: int, n: int, by: int, mode: str, run: Run, bars: Bars
) -> None:
    strategy = Ints(n=n, by=by, do=do)
    with pytest.raises(StrategyError, match="Ints raised OverflowError"):
        run(strategy, bars(2), mode)
    assert strategy.n == n


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize("do", [3, 4])
def test_a_negative_shift_stops_both_modes(do: int, mode: str, run: Run, bars: Bars) -> None:
    with pytest.raises(StrategyError, match="ValueError: negative shift count"):
        run(Ints(by=-1, do=do), bars(2), mode)


class TooLarge(Strategy):
    def on_bar(self, ctx: Any) -> None:
        ctx.buy_market(2**63)


def test_a_constant_beyond_64_bits_is_named(run: Run, bars: Bars) -> None:
    line = TooLarge.on_bar.__code__.co_firstlineno + 1
    with pytest.raises(NativeError) as caught:
        run(TooLarge(), bars(2))
    assert str(caught.value) == (
        f"{__file__}:{line}: an int of more than 64 bits cannot be compiled for native mode; "
        "remove it, or run with mode='python'"
    )
    with pytest.raises(StrategyError, match="OverflowError: int too big to convert"):
        run(TooLarge(), bars(2), "python")


class Endless(Strategy):
    what: int = 0

    def on_bar(self, ctx: Any) -> None:
        while ctx.step == 2:
            if self.what == 0:
                ctx.buy_market(1)
            elif self.what == 1:
                ctx.target(0.5)
            elif self.what == 2:
                ctx.record(1, 0.5)
            else:
                ctx.cancel(ctx.sell(10**6, 1))


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize(
    ("what", "method"), [(0, "buy_market"), (1, "target"), (2, "record"), (3, "sell")]
)
def test_an_endless_loop_of_requests_ends_in_a_sentence(
    what: int, method: str, mode: str, run: Run, bars: Bars
) -> None:
    with pytest.raises(StrategyError) as caught:
        run(Endless(what=what), bars(5), mode)
    assert (
        f"Endless raised RuntimeError: ctx.{method}: too many calls in one go (65,536 always fit); "
        "is this loop endless?"
    ) in str(caught.value)
    assert "2024-01-01T00:03:00Z" in str(caught.value)


class Answers(Strategy):
    """Sends so much at each fill that the logs must grow between two fills of one bar."""

    sent: int = 0

    def on_bar(self, ctx: Any) -> None:
        if ctx.step == 0:
            ctx.buy_market(1)
            ctx.buy_market(1)
            ctx.buy_market(1)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        for _ in range(60_000):
            self.sent += ctx.buy(0, 1) == 0


def test_the_logs_grow_between_two_fills_of_one_bar(twice: Run, bars: Bars) -> None:
    strategy, market = twice(Answers, bars(3))
    assert strategy.sent == 180_000
    assert int(market.context["order_count"][0]) == 180_003


class Elsewhere(Strategy):
    what: int = 0
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        if self.what == 0:
            self.n = ctx.ticks(ctx.close, 1)
        elif self.what == 1:
            self.n = ctx.lots(1.0, -1)
        elif self.what == 2:
            ctx.record(1, 0.5, 1)
        else:
            ctx.record(0, 0.5)


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize(
    ("what", "told"),
    [
        (0, "IndexError: ctx.ticks: index is not below ctx.instruments"),
        (1, "IndexError: ctx.lots: index is not below ctx.instruments"),
        (2, "IndexError: ctx.record: index is not below ctx.instruments"),
        (3, r"ValueError: ctx.record: side is BUY \(1\) or SELL \(-1\)"),
    ],
)
def test_an_instrument_or_a_side_that_does_not_exist_stops_both_modes(
    what: int, told: str, mode: str, run: Run, bars: Bars
) -> None:
    with pytest.raises(StrategyError, match=f"Elsewhere raised {told}"):
        run(Elsewhere(what=what), bars(2), mode)
