"""Damaged files of every format: refused by name with nothing left behind, or counted to the row."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parent / "import_fuzz.py"


def ran(folder, first, count):
    """Import damaged files in a process that a crash may kill; return what became of them."""
    ended = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(first), str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def test_damaged_files_are_refused_or_counted(tmp_path):
    counts = ran(tmp_path, 0, 140)
    assert set(counts) == {"refused", "imported"}
    assert counts["imported"] > 10


@pytest.mark.slow
def test_many_damaged_files_are_refused_or_counted(tmp_path):
    assert set(ran(tmp_path, 10_000, 2000)) == {"refused", "imported"}
