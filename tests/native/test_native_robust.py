"""Runs under strain: errors at run time, full logs, Ctrl-C, threads, bounds checks."""

import _thread
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hftsim.backtest import BacktestConfig, Backtester, BacktestResult
from hftsim.core.enums import RejectReason
from hftsim.core.errors import InputError, StrategyError
from hftsim.core.instrument import Instrument
from hftsim.engine import drive
from hftsim.strategies import Array, Strategy

Run = Callable[..., Any]
Bars = Callable[..., Any]


class TooMany(Exception):
    """A user's own error."""


class Zero(Strategy):
    n: int = 0
    x: float = 0.0

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        self.x = 1.0 / (self.n - 3)


class ZeroOfArrays(Strategy):
    w: Array[float, 2]
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        self.w[1] = 3 - self.n
        self.w[0] = self.w[0] / self.w[1]


class BadIndex(Strategy):
    w: Array[float, 4]
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.w[self.n] = 1.0
        self.n += 1


class Raises(Strategy):
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        self.check(ctx)

    def check(self, ctx: Any) -> None:
        if self.n > 5:
            raise TooMany("too many bars", self.n)


class NoInstrument(Strategy):
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        ctx.instrument(self.n - 1)


class ModuloZero(Strategy):
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n += 1
        self.n = self.n + 7 % (2 - self.n)


STOPS = {
    Zero: ("ZeroDivisionError", 3), ZeroOfArrays: ("ZeroDivisionError", 3),
    BadIndex: ("IndexError", 5), Raises: ("TooMany", 6), NoInstrument: ("IndexError", 2),
    ModuloZero: ("ZeroDivisionError", 2),
}  # fmt: skip


@pytest.mark.parametrize("cls", STOPS)
def test_errors_stop_both_modes_at_the_same_bar(
    cls: type[Strategy], run: Run, bars: Bars, market_of: Run, logs: Run
) -> None:
    kind, bar = STOPS[cls]
    left = []
    for mode in ("native", "python"):
        strategy, data = cls(), bars(20)
        market = market_of(strategy, data)
        with pytest.raises(StrategyError) as caught:
            drive(strategy, market, mode)
        told = str(caught.value)
        assert f"{cls.__name__} raised {kind}: " in told
        assert f"2024-01-01T00:{bar:02}:00Z" in told
        if mode == "native":
            assert told.endswith("; run with mode='python' to stop at the line")
        else:
            line = cls.on_bar.__code__.co_firstlineno
            place = told.split(": ")[0].removeprefix(f"{__file__}:")
            assert line < int(place) < line + 7
        left.append(logs(strategy, market))
    assert all(np.array_equal(left[0][n], left[1][n], equal_nan=True) for n in left[0])
    assert left[0]["equity"].shape == (bar,)


def test_what_was_done_before_the_error_is_kept(bars: Bars) -> None:
    rules = Instrument(symbol="SIMUSDT", kind="perpetual", lot_size="0.001")
    for mode in ("native", "python"):
        with pytest.raises(StrategyError) as caught:
            Backtester(Raises(), BacktestConfig(), mode=mode).run(
                bars(20), symbol="SIMUSDT", instrument=rules
            )
        result = caught.value.result
        assert isinstance(result, BacktestResult)
        assert len(result.equity_curve) == 6


class Counter(Strategy):
    n: int = 1
    small: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n = self.n * 3 if self.n < 3**38 else 1
        self.small = ctx.step


class Tripled(Strategy):
    n: int = 1

    def on_bar(self, ctx: Any) -> None:
        self.n = self.n * 3


def test_an_int_field_has_64_bits(run: Run, bars: Bars) -> None:
    native, python = Tripled(), Tripled()
    run(native, bars(39))
    run(python, bars(39), "python")
    assert native.n == python.n == 3**39
    with pytest.raises(StrategyError, match="OverflowError: the int result does not fit into 64"):
        run(native, bars(60))
    assert native.n == 3**39
    with pytest.raises(StrategyError, match="OverflowError: n has 64 bits and cannot hold"):
        run(python, bars(60), "python")


class Hoarder(Strategy):
    accepted: int = 0
    last: int = 0

    def on_bar(self, ctx: Any) -> None:
        if ctx.step == 0:
            for k in range(5000):
                if ctx.buy(1 + k % 7, 1):
                    self.accepted += 1
                else:
                    self.last = ctx.last_refusal


def test_five_thousand_open_orders_are_too_many(twice: Run, bars: Bars) -> None:
    strategy, market = twice(Hoarder, bars(3))
    assert 4000 < strategy.accepted < 5000
    assert strategy.last == RejectReason.TOO_MANY_ORDERS
    assert int(market.context["refused"][0]) == 5000 - strategy.accepted


class Flood(Strategy):
    each: int = 4096
    sent: int = 0

    def on_bar(self, ctx: Any) -> None:
        for _ in range(self.each):
            if ctx.buy_market(1):
                self.sent += 1
            ctx.cancel_all()
        ctx.record(1, 0.5)


@pytest.mark.parametrize("each", [4096, 40_000])
def test_a_flood_of_requests_in_one_bar_is_survived(each: int, twice: Run, bars: Bars) -> None:
    rows = 12 if each == 4096 else 3
    strategy, market = twice(lambda: Flood(each=each), bars(rows))
    requests = int(market.context["order_count"][0])
    assert strategy.sent == requests if each == 4096 else strategy.sent <= requests
    assert requests == 12 * 4096 or each > 4096


class Busy(Strategy):
    """Fills so often that the logs grow; adds up what on_fill sees."""

    seen: int = 0
    paid: float = 0.0
    last: int = 0

    def on_bar(self, ctx: Any) -> None:
        for _ in range(20):
            ctx.buy_market(1)
            ctx.sell_market(1)

    def on_fill(self, ctx: Any, fill: Any) -> None:
        self.seen += 1
        self.paid += fill.fee + fill.price
        self.last = fill.order_id


def test_the_logs_grow_under_a_run(twice: Run, bars: Bars) -> None:
    strategy, market = twice(Busy, bars(2000))
    count = int(market.context["fill_count"][0])
    assert count > 1 << 16
    assert strategy.seen == count
    assert strategy.paid == pytest.approx(
        (market.fills["fee"] + market.fills["price"])[:count].sum(), rel=1e-12
    )
    assert strategy.last == market.fills["order_id"][count - 1]


class Slow(Strategy):
    """Works about 10 us at each bar when compiled."""

    x: float = 0.0

    def on_bar(self, ctx: Any) -> None:
        for k in range(10_000):
            self.x += 1.0 / (k + 1 + self.x)


@pytest.mark.no_cover  # an interruption inside the tracer leaves its lock closed
@pytest.mark.parametrize("mode", ["native", "python"])
def test_ctrl_c_stops_a_run_and_keeps_what_was_done(mode: Any, bars: Bars, market_of: Run) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    strategy = Slow()
    market = market_of(strategy, bars(200_000))
    told: list[int] = []

    def progress(done: int, total: int, note: str) -> None:
        told.append(done)
        if len(told) == 2:
            threading.Timer(0.05, _thread.interrupt_main).start()

    with pytest.raises(KeyboardInterrupt):
        drive(strategy, market, mode, progress)
    assert 0 < market.steps_done < 200_000
    assert np.isfinite(market.equity[: market.steps_done - 1]).all()


def test_progress_is_told_from_the_first_to_the_last_bar(bars: Bars, market_of: Run) -> None:
    for mode in ("native", "python"):
        strategy, told = Counter(), list[tuple[int, int, str]]()
        market = market_of(strategy, bars(30))
        drive(strategy, market, mode, lambda *args, told=told: told.append(args))
        assert told[0] == (0, 30, "bars")
        assert told[-1] == (30, 30, "bars")
        assert [t[0] for t in told] == sorted(t[0] for t in told)


def test_a_strategy_starts_afresh_each_time(run: Run, bars: Bars, logs: Run) -> None:
    strategy, data = Busy(), bars(100)
    first = logs(strategy, run(strategy, data))
    again = logs(strategy, run(strategy, data, "python"))
    third = logs(strategy, run(strategy, data))
    for name, values in first.items():
        assert np.array_equal(values, again[name], equal_nan=True)
        assert np.array_equal(values, third[name], equal_nan=True)


def test_two_threads_run_two_strategies_at_once(run: Run, bars: Bars, logs: Run) -> None:
    data = {"Busy": bars(1500, seed=1), "Counter": bars(1500, seed=2)}
    classes: dict[str, type[Strategy]] = {"Busy": Busy, "Counter": Counter}
    alone = {n: logs(s := c(), run(s, data[n])) for n, c in classes.items()}
    found: dict[tuple[str, int], Any] = {}

    def work(name: str, number: int) -> None:
        strategy = classes[name]()
        found[name, number] = logs(strategy, run(strategy, data[name]))

    threads = [threading.Thread(target=work, args=(n, k)) for n in classes for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for (name, _), values in found.items():
        for part in values:
            assert np.array_equal(values[part], alone[name][part], equal_nan=True)


class NeverDecides(Strategy):
    n: int = 0

    def on_bars(self, ctx: Any) -> None:
        self.n += 1


class NobodyCalls(Strategy):
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        pass

    def on_fills(self, ctx: Any, fill: Any) -> None:
        self.n += 1


class TakesTooMuch(Strategy):
    def on_bar(self, ctx: Any, more: int) -> None:
        pass


class Generates(Strategy):
    def on_bar(self, ctx: Any) -> Any:
        yield 1


class NotAMethod(Strategy):
    on_bar = 3


class BadWake(Strategy):
    wake = "5min"  # type: ignore[assignment]

    def on_wake(self, ctx: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("cls", "told"),
    [
        (NeverDecides, r"never decides: define on_bar\(self, ctx\)"),
        (NobodyCalls, r"robust.py:\d+: nothing calls NobodyCalls.on_fills: .*mean 'on_fill'\?"),
        (TakesTooMuch, r"test_native_robust.py:\d+: TakesTooMuch.on_bar must be a plain method"),
        (Generates, r"Generates.on_bar must be a plain method on_bar\(self, ctx\)"),
        (NotAMethod, "NotAMethod.on_bar must be a plain method"),
        (BadWake, 'write wake = every\\("5min"\\)'),
    ],
)
@pytest.mark.parametrize("mode", ["native", "python"])
def test_handlers_that_cannot_work_are_named(
    cls: type[Strategy], told: str, mode: str, run: Run, bars: Bars
) -> None:
    with pytest.raises(StrategyError, match=told):
        run(cls(), bars(3), mode)


def help_along(strategy: Any, ctx: Any) -> None:
    strategy.on_the_way(ctx)


class Parent(Strategy):
    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.on_each(ctx)
        help_along(self, ctx)
        self._on_none(ctx)

    def on_each(self, ctx: Any) -> None:
        self.n += 1

    def on_the_way(self, ctx: Any) -> None:
        self.n += 1

    def _on_none(self, ctx: Any) -> None:
        self.n += 1


class Child(Parent):
    def on_bar(self, ctx: Any) -> None:
        Parent.on_bar(self, ctx)

    def on_each(self, ctx: Any) -> None:
        Parent.on_each(self, ctx)


@pytest.mark.parametrize("mode", ["native", "python"])
def test_methods_that_a_strategy_calls_itself_may_have_any_name(
    mode: str, run: Run, bars: Bars
) -> None:
    child = Child()
    run(child, bars(4), mode)
    assert child.n == 12


def test_the_mode_is_checked(run: Run, bars: Bars) -> None:
    with pytest.raises(InputError, match="mode is 'native' or 'python', not 'fast'"):
        run(Counter(), bars(3), "fast")


class Pandas(Strategy):
    """Calls anything in Python mode."""

    n: int = 0

    def on_bar(self, ctx: Any) -> None:
        self.n += len(pd.Series([ctx.close]).dropna())


def test_python_mode_may_call_anything(run: Run, bars: Bars) -> None:
    strategy = Pandas()
    run(strategy, bars(5), "python")
    assert strategy.n == 5


@pytest.mark.slow
def test_no_kernel_leaves_the_bounds_of_its_arrays(tmp_path: Path) -> None:
    """The tests of this folder and of the engine again, with every array access checked."""
    root = Path(__file__).resolve().parents[2]
    chosen = [
        "tests/native/test_native_context.py", "tests/native/test_native_language.py",
        "tests/engine", "tests/sim",
    ]  # fmt: skip
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "HFTSIM_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *chosen],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
