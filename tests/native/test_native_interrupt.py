"""Ctrl-C while a kernel is compiled, and in a strategy that never returns."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from numba import types

from hftsim.native.cache import compile_keyed
from hftsim.native.records import ENGINE_OPTIONS

ENDLESS = """
    import os, signal, sys, threading
    import numpy as np, pandas as pd
    from hftsim.core.instrument import Instrument
    from hftsim.engine import drive
    from hftsim.sim.bars import BarMarket, BarMarketSettings
    from hftsim.strategies import Strategy

    class Endless(Strategy):
        x: float = 0.0
        def on_bar(self, ctx):
            while ctx.step == 3:
                self.x += 1.0

    index = pd.date_range("2024-01-01", periods=50, freq="min", tz="UTC", name="ts_open")
    frame = pd.DataFrame({n: 100.0 for n in ("open", "high", "low", "close", "volume")}, index)
    market = BarMarket({"A": frame}, [Instrument(symbol="A")], [np.zeros((50, 0))], (),
                       BarMarketSettings())
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    def progress(done, total, note):
        if done == 0:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        drive(Endless(), market, sys.argv[1], progress)
    except KeyboardInterrupt:
        print("stopped at", market.steps_done)
        raise SystemExit(130)
"""


@pytest.mark.parametrize("mode", ["native", "python"])
def test_ctrl_c_ends_a_strategy_that_never_returns(mode: str, tmp_path: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(textwrap.dedent(ENDLESS))
    done = subprocess.run(
        [sys.executable, str(script), mode],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "stopped at 4\n", "")


def _two(x: int) -> int:
    return x * 2


def test_ctrl_c_waits_until_a_kernel_is_compiled() -> None:
    told: list[str] = []

    def prepare() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        told.append("still compiling")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        compile_keyed(_two, types.int64(types.int64), None, ENGINE_OPTIONS, prepare)
    assert told == ["still compiling"]
    assert signal.getsignal(signal.SIGINT) is before
