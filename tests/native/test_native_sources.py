"""Wherever a strategy is written down: text annotations, functions, cells, scripts, other files."""

from __future__ import annotations

import enum
import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hftsim.core.errors import StrategyError
from hftsim.strategies import Array, Strategy, Struct

Twice = Callable[..., Any]
Bars = Callable[..., Any]


class Pair(Struct):
    left: float = 1.0
    right: int


class Texts(Strategy):
    """All annotations of this file are text."""

    KEPT: ClassVar[int] = 4
    a: float = 1.0
    w: Array[float, 2, 3]
    on: bool = False
    pair: Pair
    GRID = (0.1, 0.2, 0.3)

    def on_bar(self, ctx: Any) -> None:
        self.w[1, 2] += self.GRID[1]
        self.on = not self.on
        for k in range(3):
            self.w[0, k] += self.GRID[k]
        low, high = self.both(ctx)
        self.a += high - low + self.pair.left * self.KEPT
        self.pair.right += 1

    def both(self, ctx: Any) -> tuple[int, int]:
        return ctx.best_bid, ctx.best_ask


def test_annotations_may_be_text(twice: Twice, bars: Bars) -> None:
    strategy, _ = twice(Texts, bars(30))
    assert strategy.pair.right == 30


def _local(step: float) -> type[Strategy]:
    class Kind(enum.IntEnum):
        NEAR = 2

    class Own(Struct):
        x: float = 3.0

    def taller(v: float) -> float:
        return v + step

    class Local(Strategy):
        kind: Kind = Kind.NEAR
        own: Own
        x: float = 0.0

        def on_bar(self, ctx: Any) -> None:
            self.x = taller(self.x) + self.own.x + (1.0 if self.kind == Kind.NEAR else 0.0)

    return Local


def test_classes_in_functions_see_what_is_around_them(twice: Twice, bars: Bars) -> None:
    found = [twice(_local(step), bars(10))[0].x for step in (0.5, 1.5, 0.5)]
    assert found == [45.0, 55.0, 45.0]


def test_a_cell_needs_no_file(twice: Twice, bars: Bars) -> None:
    cell = """
from hftsim.strategies import *
import math
THRESHOLD = 100.0
def near(v): return abs(v - THRESHOLD) < 1.0
class Cell(Strategy):
    n: int = 0
    def on_bar(self, ctx):
        if near(ctx.close): self.n += 1
"""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(cell, "<ipython-input-3-abc>", "exec"), scope)
    strategy, _ = twice(scope["Cell"], bars(300))
    assert 0 < strategy.n < 300


def test_functions_of_other_modules_are_compiled_too(
    twice: Twice, bars: Bars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nearby_pkg").mkdir()
    (tmp_path / "nearby_pkg" / "__init__.py").write_text("from nearby_pkg.inner import STEP\n")
    (tmp_path / "nearby_pkg" / "inner.py").write_text(
        "STEP = 0.25\ndef gain(x, by=2.0):\n    return deeper(x) * by\n"
        "def deeper(x):\n    return x + STEP\n"
    )
    (tmp_path / "nearby_use.py").write_text(
        "import nearby_pkg.inner\nimport nearby_pkg as pkg\n"
        "from nearby_pkg.inner import gain\nfrom hftsim.strategies import Strategy\n"
        "class Use(Strategy):\n    x: float = 0.0\n    def on_bar(self, ctx):\n"
        "        self.x += gain(1.0) + nearby_pkg.inner.gain(2.0, by=3.0) + pkg.STEP\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    use = importlib.import_module("nearby_use")
    strategy, _ = twice(use.Use, bars(4))
    assert strategy.x == 4 * (2.5 + 6.75 + 0.25)
    sys.modules["nearby_pkg.inner"].STEP = 1.25  # type: ignore[attr-defined]
    strategy, _ = twice(use.Use, bars(4))
    assert strategy.x == 4 * (4.5 + 9.75 + 0.25)


def test_a_script_may_hold_its_strategy(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import numpy as np, pandas as pd
        from hftsim import Backtester, Instrument, Strategy

        class Mine(Strategy):
            n: int = 0
            def on_bar(self, ctx):
                self.n += 1
                assert self.n < 1000, "never"
                ctx.target(0.5 if self.n % 2 else 0.0)

        index = pd.date_range("2024-01-01", periods=50, freq="min", tz="UTC", name="ts_open")
        close = 100 + np.arange(50.0)
        frame = pd.DataFrame({"open": close, "high": close, "low": close, "close": close,
                              "volume": 1000.0}, index=index)
        hashes = {
            Backtester(Mine(), mode=mode).run(
                frame, symbol="A", instrument=Instrument(symbol="A")).fills_hash
            for mode in ("native", "python")
        }
        print(len(hashes))
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout == "1\n", done.stderr


def test_an_assert_that_fails_stops_both_modes(run: Twice, bars: Bars) -> None:
    scope: dict[str, Any] = {"__name__": "cells"}
    source = (
        "from hftsim.strategies import Strategy\nclass Cell(Strategy):\n    n: int = 0\n"
        "    def on_bar(self, ctx):\n        self.n += 1\n"
        "        assert self.n < 4, 'four is too many'\n"
    )
    exec(compile(source, "cell.py", "exec"), scope)
    for mode in ("native", "python"):
        strategy = scope["Cell"]()
        with pytest.raises(StrategyError, match="AssertionError: four is too many"):
            run(strategy, bars(10), mode)
        assert strategy.n == 4


def test_a_user_s_own_jitted_function_may_be_called(twice: Twice, bars: Bars) -> None:
    scope: dict[str, Any] = {"__name__": "cells"}
    source = (
        "from numba import njit\nfrom hftsim.strategies import Strategy\n"
        "@njit\ndef fast(x):\n    return x * 3.0\n"
        "class Cell(Strategy):\n    x: float = 0.0\n"
        "    def on_bar(self, ctx):\n        self.x += fast(ctx.close)\n"
    )
    exec(compile(source, "cell.py", "exec"), scope)
    twice(scope["Cell"], bars(10))
