"""Compiled arithmetic is Python's: the same bits, and the same errors at the same bar."""

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from hftsim.core.errors import StrategyError
from hftsim.strategies import Array, Strategy

ROWS = 3000
WHOLE = (3, 4, 6)
EDGES = [
    math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-320, 1e300, -1e300,
    9.3e18, 0.005, 1.115, 710.0, 2.0**53 + 2.0,
]  # fmt: skip


class Columns(Strategy):
    """Reads x, y and k from the bars, writes what it works out into `out`."""

    out: Array[float, 3000]
    at: int = 0

    def columns(self, bars: Any) -> Mapping[str, Any]:
        return {n: bars[n].to_numpy(float) for n in ("x", "y", "k")}

    def put(self, value: float) -> None:
        self.out[self.at % 3000] = value
        self.at += 1


class Powers(Columns):
    def on_bar(self, ctx: Any) -> None:
        x, y, n = ctx.column.x, ctx.column.y, int(ctx.column.k)
        z = abs(x)
        total = x**2
        total -= x**3 - x**-2
        self.put(total)
        self.put(z**y)
        self.put(z**0.5 + 2.0**y + pow(z, 1.5) + math.pow(z, y))
        self.put(x ** abs(n) + x ** float(n) + 3 ** abs(n) + (n**2) ** 3)
        y **= 3
        self.put(y)


class Rounding(Columns):
    def on_bar(self, ctx: Any) -> None:
        x, n = ctx.column.x, int(ctx.column.k)
        self.put(round(x, 2))
        self.put(round(x, abs(n)))
        self.put(round(x) + int(x) + math.floor(x) + math.ceil(x) + math.trunc(x))
        self.put(round(n / 1000, 2))
        self.put(round((n + 0.5) / 100, 2))
        self.put(float(x > 1) + int(x > 2) + np.rint(x) + np.floor(x) + np.ceil(x))


class Division(Columns):
    def on_bar(self, ctx: Any) -> None:
        x, y, n = ctx.column.x, ctx.column.y, int(ctx.column.k)
        self.put(ctx.now / 1_000_000_000)
        self.put(ctx.now / (n * n + 3))
        self.put((ctx.now * 5 + n) / -(ctx.now + 1))
        self.put(n / (ctx.now * 3 + 1))
        self.put(x / y + x // y + x % y + n // 7 + n % -7 + (-n) // 7)
        a, b = divmod(x, y)
        self.put(a + b)
        x /= y
        self.put(x)


class Functions(Columns):
    def on_bar(self, ctx: Any) -> None:
        x, y = ctx.column.x, ctx.column.y
        z, u = abs(x) + 1e-9, x - math.floor(x)
        self.put(math.exp(y) + math.expm1(y) + math.log(z) + math.log2(z) + math.log10(z))
        self.put(math.log1p(z) + math.log(z, 3) + math.sqrt(z) + np.sqrt(z))
        self.put(math.sin(x) + math.cos(x) + math.tan(x) + math.tanh(y) + math.sinh(y))
        self.put(math.cosh(y) + math.asin(u) + math.acos(u) + math.atan(x) + math.atan2(x, y))
        self.put(math.atanh(u / 2) + math.asinh(x) + math.acosh(1 + z) + math.erf(y) + math.erfc(y))
        self.put(math.degrees(x) + math.radians(x) + math.copysign(x, y) + math.fabs(x))
        self.put(max(x, y, 1) + min(x, y) + np.maximum(x, y) + np.minimum(x, y) + np.fmax(x, y))
        self.put(np.square(x) + np.abs(x) + np.fabs(y) + np.trunc(x) + np.copysign(x, y))
        self.put(math.gcd(int(x), 6) + float(np.isnan(x)) + float(math.isinf(y)) + np.int64(y))


@pytest.mark.parametrize("cls", [Powers, Rounding, Division, Functions])
def test_every_result_has_the_same_bits(
    cls: type[Columns], twice: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    rng = np.random.default_rng(11)
    for scale in (0.01, 1.0, 30.0):
        x = rng.normal(0, scale, ROWS)
        x[::3] = np.round(x[::3], 3)
        x[x == 0.0] = 0.5
        y = rng.normal(0, 3, ROWS)
        strategy, _ = twice(
            cls, bars(ROWS, x=x, y=y, k=rng.integers(1, 9, ROWS) * rng.choice([-1, 1], ROWS))
        )
        assert strategy.at > ROWS


class Edge(Columns):
    """One operation on one number."""

    which: int = 0

    def on_bar(self, ctx: Any) -> None:
        x = ctx.column.x
        self.put(self.first(x) if self.which < 12 else self.second(x))

    def first(self, x: float) -> float:
        k = self.which
        if k == 0:
            return math.log(x) + math.log2(x) + math.log10(x)
        if k == 1:
            return math.sqrt(x)
        if k == 2:
            return math.exp(x)
        if k == 3:
            return float(int(x))
        if k == 4:
            return float(math.floor(x) + math.ceil(x) + math.trunc(x))
        if k == 5:
            return round(x, 2)
        if k == 6:
            return float(round(x))
        if k == 7:
            return x**2
        if k == 8:
            return x**-1
        if k == 9:
            return 1.0 / x
        if k == 10:
            return 5.0 % x + 5.0 // x
        return math.sin(x)

    def second(self, x: float) -> float:
        k = self.which
        if k == 12:
            return math.acos(x) + math.asin(x)
        if k == 13:
            return math.atanh(x)
        if k == 14:
            return math.cosh(x) + math.sinh(x) + math.expm1(x)
        if k == 15:
            return math.log1p(x)
        if k == 16:
            return math.pow(x, 3.0)
        if k == 17:
            return math.acosh(x)
        if k == 18:
            return 0.0**x
        if k == 19:
            return max(x, 1.0) + min(1.0, x) + max(0, x)
        if k == 20:
            return math.log(x, 2.0)
        if k == 21:
            return math.pow(2.0, x)
        if k == 22:
            return round(x, 5) + round(x, 22)
        return math.tan(x) + math.cos(x)


def _outcome(run: Callable[..., Any], data: Any, mode: str, which: int) -> Any:
    strategy = Edge(which=which)
    try:
        run(strategy, data, mode)
    except StrategyError as error:
        return type(error).__name__
    value = strategy.out[0]
    return "nan" if math.isnan(value) else struct.pack("d", value)


@pytest.mark.parametrize("which", range(24))
def test_edge_values_give_the_same_number_or_an_error_in_both_modes(
    which: int, run: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    for x in EDGES:
        if which in WHOLE and abs(x) >= 2.0**63 and not math.isinf(x):
            continue  # Python's ints have no end, ours have 64 bits
        data = bars(2, x=x, y=0.0, k=0.0)
        native, python = (_outcome(run, data, mode, which) for mode in ("native", "python"))
        assert native == python, x


class Complex(Columns):
    def on_bar(self, ctx: Any) -> None:
        x = ctx.column.x
        self.put(x**0.5)


def test_a_root_of_a_negative_number_stops_both_modes(
    run: Callable[..., Any], bars: Callable[..., Any]
) -> None:
    data = bars(3, x=[1.0, -2.0, 4.0], y=0.0, k=0.0)
    for mode in ("native", "python"):
        strategy = Complex()
        with pytest.raises(StrategyError):
            run(strategy, data, mode)
        assert strategy.at == 1


class Ints(Columns):
    def on_bar(self, ctx: Any) -> None:
        n = int(ctx.column.k)
        self.put(float((n << 3) + (n >> 1) + (n & 6) + (n | 9) + (n ^ 5) + ~n + +n - -n))
        self.put(float(n in (1, 2, 3)) + float(1 < n <= 5) + float(not n) + float(n == 2.0))
        self.put(float(abs(n) ** 3 + max(n, 2) + min(n, -2) + divmod(n, 4)[1] + bool(n)))


def test_integer_arithmetic_is_equal(twice: Callable[..., Any], bars: Callable[..., Any]) -> None:
    k = np.random.default_rng(5).integers(-1000, 1000, 500)
    twice(Ints, bars(500, x=0.0, y=0.0, k=k))
