"""Runs read back: what damages them is one sentence, and nothing that is read is ever replaced."""

import shutil

import pytest


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a finished run that may be damaged."""
    return shutil.copytree(finished.folder, tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("summary.json", '{"hftsim": "9.9"}', "changed since (a column or figure is missing)"),
        ("equity_curve.csv", "a,b\n", "changed since (a column or figure is missing)"),
        ("equity_curve.csv", "time,equity\n", "changed since (a column or figure is missing)"),
        ("trades.csv", "a,b\n", "changed since (a column or figure is missing)"),
        ("trades.csv", "", "trades.csv: cannot be read (No columns to parse from file)"),
        ("fills.csv", "time\nnoon\n", "fills.csv: time holds what is no time"),
        ("metrics.json", "{", "metrics.json: cannot be read"),
        ("model.json", "{", "model.json: cannot be read"),
    ],
)
def test_a_damaged_run_is_named_and_nothing_is_written(hftsim, run, tmp_path, name, text, said):
    (run / name).write_text(text)
    ended = hftsim("analysis", run, "--out", tmp_path / "compared")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert said in ended.err
    assert ended.err.endswith("; run it again\n")
    assert not (tmp_path / "compared").exists()


def test_a_curve_cut_short_is_named(hftsim, run):
    curve = (run / "equity_curve.csv").read_text().splitlines()
    (run / "equity_curve.csv").write_text("\n".join([*curve[:40], curve[40][:25]]) + "\n")
    ended = hftsim("analysis", run)
    assert ended.code == 2
    assert f"{run}: was written by another version, or changed since (" in ended.err


def test_a_run_is_not_replaced_by_its_own_analysis(hftsim, run):
    before = sorted(p.name for p in run.iterdir())
    ended = hftsim("analysis", run, "--out", run / ".." / "run")
    assert ended.code == 2
    assert f"{run} lies in the folder that --out" in ended.err
    assert sorted(p.name for p in run.iterdir()) == before


@pytest.mark.parametrize("command", ["backtest", "walk-forward", "ml-backtest", "check"])
def test_data_inside_an_earlier_run_is_not_lost_with_it(hftsim, finished, run, command):
    data = run / "bars.csv"
    shutil.copy(finished.data, data)
    strategy = ["--strategy", "momentum"] if command != "check" else []
    ended = hftsim(command, *(["--data"] if strategy else []), data, *strategy, "--out", run)
    assert ended.code == 2
    assert ended.err.endswith(
        f"{data} lies in the folder that --out {run} would replace; name another --out\n"
    )
    assert data.exists()
