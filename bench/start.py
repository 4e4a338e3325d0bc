"""How long a new process takes: to help, to import, to a first backtest, with and without cache."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _report import HERE, load, note, peer_python, ratio, tell, versions

ROWS = 10_000
BARS = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from _bars import random_bars
bars = random_bars({ROWS})
"""
OURS = f"""{BARS}
from hftsim import Backtester, SmaCrossStrategy
print(Backtester(SmaCrossStrategy()).run(bars).equity_curve.iat[-1])
"""
STORE = """
import sys
from pathlib import Path
from hftsim.sim.crowd import Crowd
from hftsim.sim.crowd.storing import write_ticks
write_ticks(Crowd(seed=1, kind="l2"), 100_000, Path(sys.argv[1]))
"""
TICKS = """
import sys
from hftsim import Backtester, MarketMakingStrategy
from hftsim.data.ticks import open_ticks
print(Backtester(MarketMakingStrategy()).run(open_ticks(sys.argv[1])).equity_curve.iat[-1])
"""
VECTORBT = f"""{BARS}
import vectorbt
close = bars["close"].tz_localize(None)
fast, slow = vectorbt.MA.run(close, 10), vectorbt.MA.run(close, 50)
up, down = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
portfolio = vectorbt.Portfolio.from_signals(
    close, up, down, short_entries=down, short_exits=up, fees=0.0005, freq="1min"
)
print(portfolio.value().iat[-1])
"""
BACKTESTING = f"""{BARS}
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
class Cross(Strategy):
    def init(self):
        close = pd.Series(self.data.Close)
        self.fast, self.slow = (self.I(close.rolling(w).mean().to_numpy) for w in (10, 50))
    def next(self):
        if crossover(self.fast, self.slow):
            self.buy()
        elif crossover(self.slow, self.fast):
            self.sell()
frame = bars.rename(columns=str.title).tz_localize(None)
print(Backtest(frame, Cross, cash=1e6, commission=0.0005, exclusive_orders=True).run())
"""


def least(command: list[str], times: int, cache: Path | None = None) -> dict[str, Any]:
    """Return the least wall and CPU seconds of `times` runs of a command."""
    environment = {**os.environ, **({"HFTSIM_CACHE": str(cache)} if cache else {})}
    wall, cpu = [], []
    for _ in range(times):
        begin, cpu_begin = time.perf_counter(), children()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        wall.append(time.perf_counter() - begin)
        cpu.append(children() - cpu_begin)
    return {"wall_s": min(wall), "cpu_s": min(cpu), "load": load()}


def children() -> float:
    """Return the CPU seconds of all ended child processes; 0 where the system does not tell."""
    spent = os.times()
    return spent.children_user + spent.children_system


def time_ours(folder: Path) -> dict[str, dict[str, Any]]:
    """Time new processes of ours, with a kernel cache of their own in `folder`."""
    python, kept = sys.executable, folder / "kept"
    cases = {"nothing": least([python, "-c", "pass"], 5)}
    cases["help"] = least([python, "-m", "hftsim", "--help"], 5)
    cases["import"] = least([python, "-c", "import hftsim"], 5)
    note("first results, with an empty kernel cache and then from it")
    empty = [least([python, "-c", OURS], 1, folder / name) for name in ("kept", "other")]
    cases["first_result_cached"] = least([python, "-c", OURS], 5, kept)
    cases["first_result_no_cache"] = min(empty, key=lambda timed: timed["wall_s"])
    return cases


def time_ticks(folder: Path) -> dict[str, dict[str, Any]]:
    """Time new processes of a first backtest on ticks, likewise."""
    store, python = str(folder / "store"), sys.executable
    subprocess.run([python, "-c", STORE, store], check=True)
    note("first results on ticks, with an empty kernel cache and then from it")
    command = [python, "-c", TICKS, store]
    empty = least(command, 1, folder / "ticks")
    return {
        "first_ticks_cached": least(command, 5, folder / "ticks"),
        "first_ticks_no_cache": empty,
    }


def time_peers() -> dict[str, dict[str, Any] | None]:
    """Time new processes of the peers, after one that may fill their caches."""
    python = peer_python()
    cases: dict[str, dict[str, Any] | None] = {}
    for library, code in (("vectorbt", VECTORBT), ("backtesting_py", BACKTESTING)):
        command = [python or "", "-W", "ignore", "-c", code]
        try:
            least(command, 1)
            cases[library] = least(command, 3)
        except (subprocess.CalledProcessError, OSError):
            note(f"{library} does not run in the peers' environment")
            cases[library] = None
    return cases


def main() -> None:
    """Time us, then the peers, and print both."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cases: dict[str, Any] = {**time_ours(place), **time_ticks(place), **time_peers()}
    mine, theirs = cases["first_result_cached"]["wall_s"], cases["vectorbt"]
    their_wall = theirs["wall_s"] if theirs else None
    tell(
        name="start",
        ours=mine,
        unit="s",
        peer=their_wall,
        peer_name="vectorbt",
        ratio=ratio(their_wall, mine),
        workload=(
            "wall seconds of a new process from its start to the result of an SMA 10/50 cross on "
            f"{ROWS:,} random bars, kernels cached; best of 5. vectorbt after a first run that fills "
            "its cache (it compiles its simulation in every process), best of 3. Also in cases: "
            "--help, import hftsim, a first result with an empty kernel cache, backtesting.py; and "
            "the same for a market maker on 100,000 rows of simulated ticks (first_ticks)"
        ),
        cases=cases,
        versions=versions("numba", "pandas"),
    )


if __name__ == "__main__":
    main()
