"""The kernels once more, compiled with bounds checks: no index leaves its array."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from book_duel import difference
from order_streams import ALL, CORE, EXTREMES, drifting
from hftsim.book import OrderBook
for seed, ids in enumerate(("dense", "hashed", "auto")):
    features = CORE if ids == "dense" else ALL | EXTREMES
    assert difference(drifting(seed, 3_000, features), lambda: OrderBook(1, ids=ids)) is None
import numpy as np
from hftsim.book.orders.state._kernels import order_of
from hftsim.native.cache import kernel
from hftsim.book.orders.memory import BookMemory
memory = BookMemory(10)
def beyond(book, slot):
    return order_of(book, slot).id
from numba import njit
check = njit("int64(int64, int64)", error_model="numpy")(beyond)
try:
    check(memory.address, 10**6)
except IndexError:
    print("bounds are checked")
"""


@pytest.mark.slow
def test_no_index_leaves_its_array(tmp_path):
    environment = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "HFTSIM_CACHE": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).resolve().parent),
    }
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
    assert ended.stdout.strip() == "bounds are checked"
