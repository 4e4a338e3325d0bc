"""Imports that are stopped, or that the disk cannot hold: finished days stay, nothing half-written."""

import json
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")

START = 1_723_075_200_000_000_000
DAY = 86_400_000_000_000
PAUSES = """
import sys, time
from pathlib import Path
from hftsim.cli import main
from hftsim.data.ticks.landing import Landing

opened = Landing._open_day

def pausing(self, number):
    opened(self, number)
    if len(self.written) == 2:
        Path("asleep").touch()
        time.sleep(60)

Landing._open_day = pausing
sys.exit(main(sys.argv[1:]))
"""
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from hftsim.cli import main
sys.exit(main(sys.argv[1:]))
"""
RULES = ["--tick-size", "1", "--lot-size", "1", "--symbol", "BTCUSDT", "--out", "S", "--json"]


def table(folder, days, rows):
    lines = [
        f"{START + d * DAY + i},bid,{100 + i % 9},{i + 1}" for d in range(days) for i in range(rows)
    ]
    (folder / "a.csv").write_text("time,side,price,qty\n" + "\n".join(lines) + "\n")


def start(folder, script):
    return subprocess.Popen(
        [sys.executable, "-c", script, "import", "a.csv", *RULES],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_import_leaves_finished_days_and_goes_on(tmp_path, number):
    table(tmp_path, 4, 10)
    running = start(tmp_path, PAUSES)
    deadline = time.monotonic() + 60
    while not (tmp_path / "asleep").exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert json.loads(out)["exit_code"] == 130
    assert "2 days are imported (2024-08-08 to 2024-08-09) and stay" in err
    assert "Traceback" not in err
    names = sorted(p.name for p in (tmp_path / "S" / "BTCUSDT").iterdir())
    assert names == ["2024-08-08.arrow", "2024-08-09.arrow"]
    again = start(tmp_path, "import sys; from hftsim.cli import main; sys.exit(main(sys.argv[1:]))")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert json.loads(out)["kept_days"] == ["2024-08-08", "2024-08-09"]
    assert len(json.loads(out)["days"]) == 4


def test_a_full_disk_ends_in_a_sentence(tmp_path):
    table(tmp_path, 1, 3000)
    running = start(tmp_path, LIMITED)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "cannot be written" in json.loads(out)["error"]
    assert "Traceback" not in err
    assert not (tmp_path / "S").exists()
