"""The memory of a replay does not grow with the data."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

TILE = """
import sys
from collections import Counter
from pathlib import Path
import numpy as np
from hftsim.data.ticks.landing import Landing
from hftsim.data.ticks.metadata import VERSION, instrument_as_json
from hftsim.sim.crowd import Crowd
crowd = Crowd(seed=2, kind="l2")
columns = crowd.columns(500_000)
span = int(columns["ts_event"][-1] - columns["ts_event"][0]) + 1_000_000
about = {
    "version": VERSION, "symbol": crowd.instrument.symbol, "level": "l2", "corrections": {},
    "instrument": instrument_as_json(crowd.instrument), "has_receive_times": False,
    "import_key": "tiled", **crowd.about(),
}
for name, tiles in (("short", 8), ("long", 40)):
    place = Path(name) / crowd.instrument.symbol
    landing = Landing(place, "l2", about, Counter())
    for k in range(tiles):
        times = {n: columns[n] + k * span for n in ("ts_event", "ts_recv")}
        landing.add({**columns, **times}, {"rows_doubled": 0, "off_grid_trades": 0})
    landing.finish()
"""
RUN = """
import sys
from pathlib import Path
from hftsim import Backtester, MarketMakingStrategy
from hftsim.backtest import BacktestConfig
from hftsim.data.ticks import open_ticks
config = BacktestConfig(use_risk_manager=False, equity_every="10s")
result = Backtester(MarketMakingStrategy(), config).run(open_ticks(sys.argv[1]))
context = result.market.context
logs = sum(
    int(context[f"{name}_count"][0]) * getattr(result.market, f"{name}s").itemsize
    for name in ("order", "fill")
)
assert result.market.steps_done == result.run.counts()["rows"]
# ru_maxrss would count the process that this one was started from.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(result.market.steps_done, int(status["VmHWM"].split()[0]) // 1024, logs >> 20)
"""


def run(folder, script, *arguments):
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [int(word) for word in ended.stdout.split()]


@pytest.mark.slow
def test_the_peak_of_a_replay_does_not_grow_with_its_length(tmp_path):
    """20 million rows, 700 MB, beside 4 million: but for the logs, the peaks differ by noise."""
    run(tmp_path, TILE)
    short_rows, short_peak, short_logs = run(tmp_path, RUN, "short")
    long_rows, long_peak, long_logs = run(tmp_path, RUN, "long")
    assert (short_rows, long_rows) == (4_000_000, 20_000_000)
    assert (long_peak - long_logs) - (short_peak - short_logs) < 40
    assert long_peak < 600
