"""Damaged files of orders: matched to the last lot, or refused in one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parent / "match_fuzz.py"


def ran(folder, first, count):
    """Match damaged files in a process that a crash may kill; return what became of them."""
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(first), str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def test_damaged_orders_are_matched_or_refused(tmp_path):
    counts = ran(tmp_path, 0, 150)
    assert counts["ran"] > 50
    assert counts["refused"] > 10


@pytest.mark.slow
def test_many_damaged_orders_are_matched_or_refused(tmp_path):
    assert ran(tmp_path, 1000, 3000)["ran"] > 1000
