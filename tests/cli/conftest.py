"""What the tests of the command line share."""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hftsim.cli import main

sys.path.append(str(Path(__file__).resolve().parent.parent / "data"))


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The one JSON object of standard output."""
        assert self.out.count("\n") == 1
        assert self.out.endswith("\n")
        return json.loads(self.out, parse_constant=_no_such_constant)


def _no_such_constant(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def invoke(*arguments: object) -> Ended:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(a) for a in arguments])
    return Ended(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def run_command() -> Callable[..., Ended]:
    """Return what runs the command in this process, wherever that is."""
    return invoke


@pytest.fixture
def hftsim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Return what runs the command in this process, in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return invoke


@dataclass(frozen=True)
class Finished:
    """A backtest that was run once for many tests: its data, its folder, how it ended."""

    data: Path
    folder: Path
    ended: Ended


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Run sma-cross over 1,500 simulated bars."""
    place = tmp_path_factory.mktemp("finished")
    data, folder = place / "bars.csv", place / "run"
    assert invoke("create-sample-data", "--rows", 1500, "--seed", 5, "--out", data).code == 0
    arguments = ["--data", data, "--strategy", "sma-cross", "--param", "fast=5", "--seed", 7]
    return Finished(data, folder, invoke("backtest", *arguments, "--out", folder, "--json", "-v"))


@pytest.fixture
def one_more_command() -> Iterator[Callable[[str, Callable[..., Any]], None]]:
    """Register a command for the length of a test."""
    from hftsim.cli.app import app
    from hftsim.cli.groups import takes_groups

    before = list(app.registered_commands)

    def register(name: str, body: Callable[..., Any]) -> None:
        app.command(name)(takes_groups(body))

    yield register
    app.registered_commands[:] = before


@pytest.fixture
def venue() -> Iterator[Any]:
    """Run the loopback venue of the data room's tests."""
    from venue_server import NOW_MS, VenueServer

    with VenueServer(now_ms=NOW_MS) as server:
        yield server
