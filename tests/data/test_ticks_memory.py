"""Memory does not grow with the data, neither when ticks are imported nor when they are read."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

COMMON = """
import sys
from decimal import Decimal
from pathlib import Path
import numpy as np
from hftsim.data.ticks import ImportSettings, ReadingOptions, TickStore, import_ticks

def resident():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) // 1024
"""
IMPORT = (
    COMMON
    + """
rules = ImportSettings(fix_clock=True, fix_order=True)
import_ticks(["small.npy"], "warm", options=ReadingOptions(symbol="SIM"), settings=rules)
before = resident()
most = [before]
def watch(done, total, note=""):
    most.append(resident())
import_ticks(["feed.npy"], "S", options=ReadingOptions(symbol="SIM"), settings=rules, progress=watch)
print(max(most) - before)
"""
)
READ = (
    COMMON
    + """
ticks = TickStore("S").open()
first = next(ticks.chunks(1000))
before, most, rows, total = resident(), 0, 0, 0
for chunk in ticks.chunks(int(sys.argv[1]) or None):
    total += sum(int(v[::512].astype(np.int64).sum()) for v in chunk.columns.values())
    rows += chunk.rows
    most = max(most, resident())
    chunk.release()
assert rows == ticks.rows
print(most - before)
"""
)
FEED = """
import numpy as np
dtype = [("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8"),
         ("order_id", "u8"), ("ival", "i8"), ("fval", "f8")]
def feed(name, rows):
    made = np.lib.format.open_memmap(name, mode="w+", dtype=dtype, shape=(rows,))
    at = np.arange(rows)
    made["ev"] = (3 << 30) | (1 << 29) | 1
    made["exch_ts"] = 1_700_000_000_000_000_000 + at * 1000
    made["local_ts"] = made["exch_ts"] + 10
    made["px"], made["qty"] = 100 + at % 50, 1 + at % 7
    made.flush()
feed("small.npy", 200_000)
feed("feed.npy", 6_000_000)
"""


def run(folder, script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_memory_stays_flat(tmp_path):
    """6 million events, 366 MB before and 200 MB after the import."""
    run(tmp_path, FEED)
    assert int(run(tmp_path, IMPORT)) < 120
    size = sum(f.stat().st_size for f in (tmp_path / "S").rglob("*.arrow")) >> 20
    assert size > 190
    for rows in ("0", "1000", "100000"):
        assert int(run(tmp_path, READ, rows)) < 60
