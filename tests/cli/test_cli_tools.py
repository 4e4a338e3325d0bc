"""warmup, bench, and a home that cannot be written."""

import os
import subprocess
import sys

import pytest

from hftsim.cli.commands.bench import _measure
from hftsim.core.errors import HftError


def test_an_unknown_benchmark_is_refused(hftsim):
    ended = hftsim("bench", "nothing-like-it")
    assert ended.code == 2
    assert ended.err.count("\n") == 1


def test_the_last_line_of_a_benchmark_is_its_result(tmp_path):
    (tmp_path / "two_words.py").write_text("print('warming')\nprint('{\"ours\": 3}')\n")
    assert _measure(tmp_path, "two-words") == {"ours": 3}


@pytest.mark.parametrize("source", ["raise SystemExit(3)", "print('no json')", ""])
def test_a_benchmark_without_a_result_is_an_error(tmp_path, source):
    (tmp_path / "broken.py").write_text(source + "\n", encoding="utf-8")
    with pytest.raises(HftError, match="benchmark broken"):
        _measure(tmp_path, "broken")


@pytest.mark.slow
def test_warmup_compiles_every_built_in_strategy(hftsim):
    from hftsim.strategies import STRATEGIES

    ended = hftsim("warmup", "--json")
    assert ended.code == 0
    assert set(STRATEGIES) < set(ended.answer["compiled"])


@pytest.mark.slow
def test_a_home_that_cannot_be_written_does_not_stop_a_run(finished, tmp_path):
    arguments = ["backtest", "--data", str(finished.data), "--strategy", "sma-cross", "--json"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("HFTSIM", "XDG"))}
    ended = subprocess.run(
        [sys.executable, "-m", "hftsim", *arguments, "-q"],
        env={**environment, "HOME": str(finished.data)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0
    assert ended.stdout.count("\n") == 1
