"""backtest --crowd: a strategy trades with a simulated crowd from the command line."""

import pytest

SHOWN = ("run_hash", "fills_hash", "fills", "orders", "final_value")


def run(hftsim, *more, out="run"):
    base = ("backtest", "--strategy", "market-making", "--out", out, "--json", "-q")
    ended = hftsim(*base, *more)
    assert ended.code == 0, ended.err
    return ended.answer


def test_both_modes_agree_and_the_seed_matters(hftsim):
    asked = ("--crowd", "poisson", "--duration", "1min", "--kind", "perpetual")
    native = run(hftsim, *asked, "--seed", 3)
    assert native["fills"] > 0
    assert native["simulated"] is True
    python = run(hftsim, *asked, "--seed", 3, "--mode", "python")
    assert [python[name] for name in SHOWN] == [native[name] for name in SHOWN]
    assert run(hftsim, *asked, "--seed", 4)["run_hash"] != native["run_hash"]


def test_a_run_can_be_made_again_from_its_configuration(hftsim, tmp_path):
    made = ("create-sample-data", "--kind", "l2", "--rows", 4000, "--out", "real", "-q")
    assert hftsim(*made).code == 0
    asked = ("--crowd", "poisson", "--like", "real", "--duration", "20s", "--symbol", "ABCUSDT")
    first = run(hftsim, *asked, "--seed", 2, "--kind", "perpetual")
    kept = tmp_path / "again.yaml"
    kept.write_text((tmp_path / "run" / "config.yaml").read_text())
    again = hftsim("backtest", "--config", kept, "--out", "run2", "--json")
    assert again.code == 0, again.err
    assert again.answer["run_hash"] == first["run_hash"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--crowd", "hawk"), "did you mean 'hawkes'"),
        (("--crowd", "hawkes", "--agents", "maker"), "did you mean 'makers'"),
        (("--crowd", "hawkes", "--duration", "soon"), "duration"),
        (("--crowd", "hawkes", "--data", "x"), "on data or with a crowd, not both"),
        (("--crowd", "hawkes", "--timezone", "UTC"), "timezone is about files"),
        (("--crowd", "hawkes", "--like", "none"), "none"),
        (("--crowd", "hawkes", "--like", "x", "--agents", "noise"), "has no agents"),
    ],
)
def test_what_cannot_be_is_one_sentence(hftsim, tmp_path, more, said):
    ended = hftsim("backtest", "--strategy", "market-making", "--out", "run", *more)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_only_a_backtest_trades_with_a_crowd(hftsim, tmp_path):
    (tmp_path / "a.yaml").write_text("crowd:\n  flow: poisson\nstrategy: market-making\n")
    ended = hftsim("walk-forward", "--config", "a.yaml", "--out", "run")
    assert ended.code == 2
    assert "a.yaml, line 2: only hftsim backtest trades with a crowd" in ended.err
