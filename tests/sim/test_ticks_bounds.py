"""The tick market once more, compiled with bounds checks: no index leaves its array."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
SCRIPT = """
import random
import numpy as np
from numba import njit
from tick_chance import random_case
from tick_duel import compare
from tick_fuzz import RULES, play, wild_rows
for seed in range(150):
    play(seed)
for seed in range(60):
    compare(random_case(random.Random(seed)))
from hftsim.data.ticks import Ticks
from hftsim.native.layout import address_of
from hftsim.sim.ticks import ReplayMarket, ReplaySettings
from hftsim.sim.ticks.records._kernels import resting_of, run_at
ticks = Ticks.from_columns(RULES, wild_rows(np.random.default_rng(1), "l2", 50), level="l2")
market = ReplayMarket({RULES.symbol: ticks}, [RULES], ReplaySettings())
def beyond(run, slot):
    return resting_of(run_at(run), slot).key
check = njit("int64(int64, int64)", error_model="numpy")(beyond)
check(address_of(market.run), len(market.open_ids))
try:
    check(address_of(market.run), len(market.open_ids) + 1)
except IndexError:
    print("bounds are checked")
"""


@pytest.mark.slow
def test_no_index_leaves_its_array(tmp_path):
    environment = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "HFTSIM_CACHE": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(FOLDER), os.environ.get("PYTHONPATH", "")]),
    }
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
    assert ended.stdout.strip() == "bounds are checked"
