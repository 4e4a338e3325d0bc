"""Runs that are stopped, or that the disk cannot hold: nothing half-written, and a sentence."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and limits")

COMMAND = [sys.executable, "-m", "hftsim"]
SLEEPS = """
import time
from pathlib import Path
from hftsim.strategies import Strategy

class Sleeps(Strategy):
    seen: int = 0

    def on_bar(self, ctx):
        self.seen += 1
        earlier = any(Path.cwd().glob(".out.*/a/summary.json"))
        if self.seen == 5 and (earlier or Path("sleep").exists()):
            Path("asleep").touch()
            time.sleep(60)
"""
SLEEPS_IN_THE_FIFTH_RUN = """
import time
from pathlib import Path
from hftsim.strategies import Strategy

class Sleeps(Strategy):
    seen: int = 0

    def on_bar(self, ctx):
        self.seen += 1
        if self.seen == 1:
            with Path("runs").open("a") as runs:
                runs.write(".")
            if Path("runs").read_text() == ".....":
                Path("asleep").touch()
                time.sleep(60)
"""
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from hftsim.cli import main
sys.exit(main(sys.argv[1:]))
"""


def start(folder, *arguments, command="backtest", strategy=SLEEPS):
    (folder / "sleeps.py").write_text(strategy, encoding="utf-8")
    options = ["--strategy", "sleeps.py", "--mode", "python", "--out", "out", "--json"]
    return subprocess.Popen(
        [*COMMAND, command, *arguments, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(happened, running):
    deadline = time.monotonic() + 60
    while not happened():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_backtest_leaves_nothing_half_written(finished, tmp_path, number):
    (tmp_path / "sleep").touch()
    with start(tmp_path, "--data", str(finished.data)) as running:
        wait_until((tmp_path / "asleep").exists, running)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert json.loads(out)["exit_code"] == 130
    assert err.startswith("hftsim: interrupted")
    assert "Traceback" not in err
    left = {p.name for p in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"sleep", "asleep", "sleeps.py"}


def test_a_stopped_batch_keeps_the_runs_that_were_finished(finished, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.csv", "b.csv"):
        shutil.copy(finished.data, tmp_path / "in" / name)
    with start(tmp_path, "--data", "in") as running:
        wait_until((tmp_path / "asleep").exists, running)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    answer = json.loads(out)
    assert running.returncode == 130
    assert answer["interrupted"] is True
    assert [run["out"] for run in answer["runs"]] == [str(tmp_path / "out" / "a")]
    assert (tmp_path / "out" / "a" / "report.html").exists()
    assert not (tmp_path / "out" / "b").exists()
    assert "interrupted at b.csv" in err


def test_a_stopped_walk_forward_keeps_the_folds_that_were_finished(finished, tmp_path):
    parts = ["--data", str(finished.data), "--train", "400", "--test", "200"]
    ways = {"command": "walk-forward", "strategy": SLEEPS_IN_THE_FIFTH_RUN}
    with start(tmp_path, *parts, **ways) as running:
        wait_until((tmp_path / "asleep").exists, running)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    answer = json.loads(out)
    assert running.returncode == 130
    assert answer["interrupted"] is True
    assert answer["folds"] == len(answer["runs"]) == 2
    assert len((tmp_path / "out" / "folds.csv").read_text().splitlines()) == 3
    assert (tmp_path / "out" / "report.html").exists()
    assert "interrupted in fold 3 of " in err
    assert "2 were finished, and are in " in err


def test_a_full_disk_leaves_nothing_half_written(finished, tmp_path):
    arguments = ["backtest", "--data", str(finished.data), "--strategy", "sma-cross"]
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments, "--out", "out", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "File too large" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_place_that_cannot_be_written_is_named(hftsim, finished, tmp_path):
    (tmp_path / "file").touch()
    ended = hftsim(
        *("backtest", "--data", finished.data, "--strategy", "sma-cross", "--out", "file/run")
    )
    assert ended.code == 2
    assert "another --out" in ended.err
