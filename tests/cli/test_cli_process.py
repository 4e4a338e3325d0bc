"""The command as a process: closed pipes, no terminal, signals."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMAND = [sys.executable, "-m", "hftsim"]
CONTROL = "\x1b"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 130), (["features", "list"], 0), (["features", "list", "--json", "-q"], 0)],
)
def test_a_reader_that_goes_away_is_no_error(arguments, code):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert ended.stderr == ""
    assert ended.returncode == code


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("doctor >&-", 0),
        ("doctor --json -q >&-", 0),
        ("bench >&- 2>&-", 2),
    ],
)
def test_closed_outputs_change_no_exit_code(line, code):
    command = f"exec {shlex.join(COMMAND)} {line}"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_names_in_other_letters_are_written_to_an_ascii_terminal(tmp_path):
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    arguments = ["create-sample-data", "--rows", "50", "--out", "b\u00e4rs.csv"]
    said, answered = (
        subprocess.run(
            [*COMMAND, *arguments, *more], capture_output=True, check=True, cwd=tmp_path,
            env=ascii_only,
        )
        for more in ([], ["--json"])
    )  # fmt: skip
    assert b"b\\xe4rs.csv" in said.stdout
    assert json.loads(answered.stdout)["path"].endswith("b\u00e4rs.csv")
    assert answered.stdout.isascii()


def test_away_from_a_terminal_there_are_no_control_codes(tmp_path):
    arguments = ["create-sample-data", "--rows", "50", "--json", "-v"]
    ended = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert CONTROL not in ended.stdout + ended.stderr
    assert ended.stdout.count("\n") == 1
    assert "simulated bars of SIMUSDT" in ended.stderr


def test_help_loads_nothing_heavy():
    heavy = ["numpy", "pandas", "numba", "torch", "sklearn", "matplotlib", "plotly", "rich", "yaml"]
    source = f"""
import sys
from hftsim.cli import main
main(["--help"])
sys.exit(" ".join(name for name in {heavy} if name in sys.modules))
"""
    ended = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert ended.stderr.strip() == ""
    assert "ml-backtest" in ended.stdout


class _Silent(BaseHTTPRequestHandler):
    """A venue that never answers."""

    asked = threading.Event()
    done = threading.Event()

    def do_GET(self):
        self.asked.set()
        self.done.wait(60)

    def log_message(self, *_):
        pass


@pytest.fixture
def silent_venue():
    _Silent.asked.clear()
    _Silent.done.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    _Silent.done.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_fetch_ends_with_130_and_a_sentence(silent_venue, tmp_path, number):
    if os.name == "nt":
        pytest.skip("Windows has no such signals")
    arguments = ["fetch", "--symbol", "BTCUSDT", "--base-url", silent_venue]
    with subprocess.Popen(
        [*COMMAND, *arguments, "--json", "--out", str(tmp_path / "cache")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as fetching:
        was_asked = _Silent.asked.wait(60)
        fetching.send_signal(number)
        out, err = fetching.communicate(timeout=60)
    assert was_asked
    assert fetching.returncode == 130
    assert err.startswith("hftsim: ")
    assert err.count("\n") == 1
    assert '"exit_code": 130' in out
