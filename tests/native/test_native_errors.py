"""What a user is told when a strategy cannot be compiled: one sentence with file, line, remedy."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from hftsim.core.errors import HftError, NativeError, StrategyError

HEAD = """\
import math, operator, random, statistics
import numpy as np
import pandas as pd
import talib
from hftsim.strategies import *
lookup = {1: 2.0}
prices = [1.0, 2.0]
frame = pd.DataFrame({"a": [1]})
table = np.zeros(3)
def bad_helper(x):
    return [i for i in range(x)]
def gain(x, k=2.0):
    return x * k
def only(x, *, k):
    return x
class S(Strategy):
    n: int = 0
    x: float = 1.0
    w: Array[float, 4]
    c: Array[int, 4]
    LIMIT = 3
    NAMES = ["a"]
    @property
    def half(self):
        return self.x / 2
    def level(self, a, b=1.0):
        return a + b
    def on_fill(self, ctx, fill):
        pass
    def on_bar(self, ctx):
"""
LINE = HEAD.count("\n") + 1

NOT_COMPILED = {
    "d = {1: 2}": "a dict cannot be compiled for native mode; use Array",
    "s = {1, self.n}": "a set cannot be compiled",
    "self.n = 1 if self.n in {1, 2} else 2": "a set cannot be compiled",
    "a = [1, 2]": "a list cannot be compiled for native mode; use an Array",
    "print(f'bid {ctx.best_bid}')": "an f-string cannot be compiled for native mode; use print",
    "a = [i for i in range(3)]": "(comprehension|list) cannot be compiled",
    "a = max(i for i in range(3))": "comprehension cannot be compiled for native mode; write a loop",
    "f = lambda v: v": "lambda or comprehension cannot be compiled",
    "try: self.x = 1.0\n        except ValueError: self.x = 2.0": "try/except cannot be compiled",
    "with ctx: pass": "a with block cannot be compiled",
    "import math as m": "an import inside a function cannot be compiled",
    "super().on_bar(ctx)": r"super\(\) cannot be compiled for native mode; call Base.method",
    "self.n = len(pd.Series([1]))": r"pd.Series \(from pandas\) .*compute it in columns",
    "self.x = lookup[1]": r"lookup \(a dict\) cannot be compiled",
    "self.x = prices[0]": r"prices \(a list\) cannot be compiled",
    "self.x = frame.a[0]": r"frame \(a DataFrame\) cannot be compiled",
    "self.x = talib.SMA(self.w)[0]": r"talib.SMA \(from talib\) cannot be compiled",
    "self.x = statistics.mean(self.w)": r"statistics.mean \(from statistics\)",
    "a = np.zeros(3)": "np.zeros cannot be compiled for native mode; use an Array",
    "self.x = np.sum(self.w)": "np.sum cannot be compiled for native mode; write a loop",
    "self.x = sum(self.w)": r"sum\(\) cannot be compiled for native mode; write a loop",
    "self.x = np.exp(self.x)": "np.exp cannot be compiled for native mode; write math.exp",
    "self.x = np.clip(self.x, 0.0, 1.0)": r"np.clip .*; on numbers write min\(max\(x, low\), high\), or",
    "self.x = np.sign(self.x)": r"np.sign .*; on numbers write math.copysign\(1, x\)",
    "self.x = np.where(self.n > 2, 1.0, 2.0)": "np.where .*; on numbers write a if condition else b",
    "self.x = np.round(self.x)": r"np.round .*; on numbers write round\(x\)",
    "self.x = np.power(self.x, 2)": r"np.power .*; on numbers write x \*\* y",
    "self.x = float('nan')": r"float\(\) of text cannot be compiled: write the number, or math.nan",
    "self.n = int('3')": r"int\(\) of text cannot be compiled: write the number",
    "self.x = 1 if self.n > 2 else 'x'": "a value is int in one case and text in another: give it one",
    "self.x = math.hypot(1.0, 2.0)": "math.hypot cannot be compiled",
    "self.x = np.random.normal()": "np.random.normal .*draw random numbers in columns",
    "self.x = random.random()": "random.random .*draw random numbers in columns",
    "self.x = sorted(self.w)[0]": r"sorted\(\) cannot be compiled",
    "self.n = isinstance(self.x, float)": r"isinstance\(\) cannot be compiled",
    "global gg; gg = 3": "an assignment to a global cannot be compiled",
    "a, *b = (1, 2, 3)": "a starred assignment cannot be compiled",
    "raise ValueError('a') from None": "raise ... from cannot be compiled",
    "class Q: pass": "a class definition cannot be compiled",
    "self.x = gain(**{'x': 1.0})": "a dict cannot be compiled",
    "self.x = gain(math)": r"math \(a module\) cannot be compiled",
    "self.x = self.w.sum()": r"\.sum\(\) adds in another order than numpy: write a loop",
    "self.counts = self.c // 2": "self has no attribute 'counts'",
    "self.c[:] = self.c // 2": r"arrays have \+ - \* and comparisons only",
    "self.x = self.w[self.c][0]": "an array cannot be an index: write a loop",
    "self.w[self.c > 0] = 1.0": "an array cannot be an index: write a loop",
    "self.n = ctx.now + 'a'": r"int \+ text cannot be compiled",
    "print('%d' % self.n)": "text % int cannot be compiled",
    "print('{}'.format(self.n))": "text has no 'format'",
    "self.x = self.w['a']": "text is not an index",
    "self.x = self.w[1.0]": "float is not an index",
    "self.x = self.w[1, 2]": "this index does not fit array of float",
    "self.n()": "int is not a function",
    "self.x = self.level(self.on_bar(ctx))": "a function that calls itself cannot be compiled",
    "table[0] = 1.0": "a global array cannot be changed",
    "y = 1 if self.n > 2 else ctx.instrument(0); self.n = y + 1": "one type|cannot be compiled",
}  # fmt: skip
WRONG_ANYWHERE = {
    "x = ctx.bestbid": r"ctx has no attribute 'bestbid'; did you mean ctx.best_bid\?",
    "ctx.purchase(1, 2)": "ctx has no attribute 'purchase'; it has ask_qty, avg_price, ",
    "self.n = ctx.orders_at": "ctx has no attribute 'orders_at'",
    "self.m = 3": "self has no attribute 'm'; declare it as an annotated field",
    "self.levle(1.0)": r"self has no attribute 'levle'; did you mean self.level\?",
    "self.n = ctx.close": r"n is an int field and gets .*: write int\(...\) or declare it float",
    "self.n += 0.5": r"n is an int field and gets .*: write int\(...\) or declare it float",
    "self.c[0] = 1.5": r"an int array gets .*: write int\(...\) or declare it float",
    "self.x = None": "x is a float field and gets None",
    "self.w = 0.0": r"w cannot be assigned as a whole: .*self.w\[:\] = ...",
    "ctx.cash = 5.0": "ctx.cash is the market's and cannot be assigned",
    "ctx.instrument(0).position = 5": "instrument.position is the market's",
    "ctx.buy(ctx.close, 1)":
        r"ctx.buy: price is an int in ticks and gets .*: write ctx.ticks\(...\) to convert",
    "ctx.buy(ctx.best_bid, 0.5)":
        r"ctx.buy: qty is an int in lots and gets .*: write ctx.lots\(...\) to convert",
    "ctx.send(BUY, 1, 3, trigger=ctx.close)": r"ctx.send: trigger is an int in ticks",
    "ctx.buy(1, 2, tif=1.5)": "ctx.buy: tif is an int and gets",
    "ctx.buy_market(True)": "ctx.buy_market: qty is an int and gets",
    "ctx.buy_market('a')": "ctx.buy_market: qty is an int and gets",
    "ctx.buy_market(None)": "ctx.buy_market: qty is an int and gets",
    "ctx.cancel(1.5)": "ctx.cancel: order_id is an int and gets",
    "ctx.is_open(1.5)": "ctx.is_open: order_id is an int and gets",
    "ctx.is_open(None)": "ctx.is_open: order_id is an int and gets None",
    "self.LIMIT = 4": "self.LIMIT cannot be assigned, it is a constant: annotate it, LIMIT: int = 3",
    "self.LIMIT += self.n": "self.LIMIT cannot be assigned, it is a constant: annotate it, LIMIT: int",
    "self.x = ctx.instrument(0).closs": r"instrument has no attribute 'closs'; did you mean ",
}  # fmt: skip
WRONG_CALLS = {
    "ctx.buy(1, quantity=2)": r"ctx.buy\(price, qty, tif=GTC, instrument=0\): missing a required",
    "ctx.buy(1)": "missing a required argument: 'qty'",
    "ctx.buy(1, 2, 0, 0, 5)": "too many positional arguments",
    "self.x = gain(1.0, z=2)": "the arguments do not fit: got an unexpected keyword argument 'z'",
    "self.x = self.level()": "the arguments do not fit: missing a required argument: 'a'",
    "self.x = ctx.column.fast": "ctx.column is empty",
    "self.n = foo": "name 'foo' is not defined",
    "self.n = math.foo(1)": "math has no attribute 'foo'",
    "ctx.cash += 5.0": "ctx.cash is the market's and cannot be assigned",
    "self.half = 2.0": "self.half cannot be assigned, it is a property",
    "del self.n": "del of an attribute cannot be compiled",
}  # fmt: skip


def _strategy(body: str, file: str) -> Any:
    scope: dict[str, Any] = {"__name__": "users"}
    exec(compile(f"{HEAD}        {body}\n", file, "exec"), scope)
    return scope["S"]()


def _told(run: Callable[..., Any], bars: Any, body: str, mode: str, file: str) -> str:
    strategy = _strategy(body, file)
    with pytest.raises(HftError) as caught:
        run(strategy, bars, mode)
    expected = NativeError if mode == "native" else StrategyError
    assert type(caught.value) is expected
    return str(caught.value)


def _check(told: str, pattern: str, file: str, line: int = LINE) -> None:
    assert re.search(pattern, told)
    assert re.match(rf"{re.escape(file)}:(\d+): ", told)
    assert int(told[len(file) + 1 :].split(":")[0]) == line
    assert "\n" not in told
    assert not re.search(r"[Nn]umba|0x|Record|<function|<class|typing_side|⟦|\.\d+\b", told)


@pytest.fixture(scope="module")
def few(bars: Callable[..., Any]) -> Any:
    return bars(5)


@pytest.mark.parametrize("body", NOT_COMPILED)
def test_what_cannot_be_compiled_is_named_with_its_line(
    run: Callable[..., Any], few: Any, body: str
) -> None:
    told = _told(run, few, body, "native", "/home/me/mine.py")
    line = LINE + 1 if body.startswith("try") else LINE
    _check(told, NOT_COMPILED[body], "/home/me/mine.py", line)
    if "has no attribute" not in told:
        assert told.endswith("or run with mode='python'")


@pytest.mark.parametrize("mode", ["native", "python"])
@pytest.mark.parametrize("body", WRONG_ANYWHERE)
def test_what_is_wrong_in_both_modes_is_told_alike(
    run: Callable[..., Any], few: Any, body: str, mode: str
) -> None:
    told = _told(run, few, body, mode, "/home/me/mine.py")
    if mode == "python":
        told = re.sub(r" \(at .*\)$", "", told).replace("np.float64", "")
        assert re.search(WRONG_ANYWHERE[body], told)
        assert told.startswith(f"/home/me/mine.py:{LINE}: S raised ")
    else:
        _check(told, WRONG_ANYWHERE[body], "/home/me/mine.py")
        assert "mode=" not in told


@pytest.mark.parametrize("body", WRONG_CALLS)
def test_wrong_calls_and_names_are_told(run: Callable[..., Any], few: Any, body: str) -> None:
    _check(_told(run, few, body, "native", "mine.py"), WRONG_CALLS[body], "mine.py")


def test_the_line_of_a_helper_is_told(run: Callable[..., Any], few: Any) -> None:
    told = _told(run, few, "self.n = len(bad_helper(3))", "native", "mine.py")
    assert re.match("mine.py:11: .*(comprehension|list) cannot be compiled", told)
    told = _told(run, few, "self.x = only(1.0, k=2)", "native", "mine.py")
    assert told.startswith("mine.py:14: a function with keyword-only arguments")


def test_a_list_on_the_class_is_named(run: Callable[..., Any], few: Any) -> None:
    told = _told(run, few, "self.n = len(self.NAMES)", "native", "mine.py")
    assert told.startswith("S.NAMES: a list on the class cannot be compiled for native mode")


@pytest.mark.parametrize(
    "body",
    ["if ctx.close > 5.0:\n            y = 1\n        self.n = y",
     "for k in range(self.n):\n            y = k\n        self.n = y"],
)  # fmt: skip
def test_a_variable_that_may_have_no_value_is_named(
    run: Callable[..., Any], few: Any, body: str
) -> None:
    told = _told(run, few, body, "native", "mine.py")
    line = int(told.split(":")[1])
    assert line in (LINE, LINE + 2)  # Python 3.13 names the loop
    _check(told, "y may have no value here: give it one before", "mine.py", line)


def test_methods_that_no_handler_reaches_may_use_anything(
    run: Callable[..., Any], few: Any
) -> None:
    scope: dict[str, Any] = {"__name__": "users"}
    source = HEAD + "        self.n += 1\n    def show(self):\n        return {1: [self.n]}\n"
    exec(compile(source, "mine.py", "exec"), scope)
    strategy = scope["S"]()
    run(strategy, few)
    assert strategy.show() == {1: [5]}


def test_without_python_mode_nothing_runs_silently(run: Callable[..., Any], few: Any) -> None:
    strategy = _strategy("self.n = len([1, 2])", "mine.py")
    with pytest.raises(NativeError):
        run(strategy, few)
    assert strategy.n == 0
    run(strategy, few, "python")
    assert strategy.n == 2
