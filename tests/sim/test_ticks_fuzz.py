"""Odd and damaged market data under a trading strategy, in a process that a crash may kill."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent


def ran(*arguments):
    """Run `tick_fuzz.py` and return its counts; whatever it says beside them is a failure."""
    ended = subprocess.run(
        [sys.executable, str(FOLDER / "tick_fuzz.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def test_odd_markets_run_or_are_refused_with_the_row():
    counts = ran(0, 60)
    assert counts["ran"] > 30
    assert counts["refused"] > 5


def test_a_store_with_a_flipped_bit_is_refused_or_runs_the_same(tmp_path):
    counts = ran(tmp_path, 1000)
    assert counts["refused"] > 300
    assert counts["same"] < counts["refused"] / 5


@pytest.mark.slow
def test_many_odd_markets_run_or_are_refused_with_the_row():
    assert ran(1000, 1500)["ran"] > 700


@pytest.mark.slow
def test_a_store_with_any_of_many_bits_flipped_is_refused_or_runs_the_same(tmp_path):
    assert ran(tmp_path, 97)["refused"] > 3000
