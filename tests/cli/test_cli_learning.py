"""ml-backtest, demo, walk-forward and analysis."""

import json
import shutil

import pandas as pd
import pytest

LOGISTIC = ("--model", "logistic", "--folds", 2, "--lookback", 5, "--learn", "importance=false")


@pytest.fixture(scope="module")
def learnt(finished, run_command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("learnt") / "run"
    return run_command(
        *("ml-backtest", "--data", finished.data, *LOGISTIC, "--seed", 7),
        *("--out", folder, "--json"),
    )


def test_a_model_is_judged_beside_its_baselines(learnt):
    answer = learnt.answer
    assert learnt.code == 0
    assert answer["model"] == "logistic"
    assert len(answer["folds"]) == 2
    assert 0.0 <= answer["macro_f1"] <= 1.0
    assert set(answer["baselines"]) == {"majority", "logistic"}
    assert {"run_hash", "fills_hash", "fills", "trades", "provenance"} <= set(answer)
    assert "macro-F1 out of sample" in learnt.err


def test_the_demo_labels_its_data_everywhere(hftsim, tmp_path):
    ended = hftsim("demo", "--rows", 1500, *LOGISTIC, "--out", "a", "--json")
    answer = ended.answer
    assert ended.code == 0
    assert (answer["symbol"], answer["simulated"], answer["model"]) == ("SIMUSDT", True, "logistic")
    assert "simulated" in ended.err
    assert "simulated" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    assert "# simulated: true" in (tmp_path / "a" / "sample_bars.csv").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_demo_can_be_run_again_from_its_own_folder(hftsim):
    first = hftsim("demo", "--rows", 1500, *LOGISTIC, "--seed", 3, "--out", "a", "--json").answer
    again = hftsim("ml-backtest", "--config", "a/config.yaml", "--out", "b", "--json").answer
    assert again["run_hash"] == first["run_hash"]
    assert again["simulated"] is True


@pytest.mark.slow
def test_equal_seeds_give_equal_runs_and_other_seeds_do_not(hftsim, finished):
    arguments = ["ml-backtest", "--data", finished.data, "--folds", 1, "--lookback", 5]
    arguments += ["--model-param", "epochs=2", "--learn", "importance=false", "--json", "-q"]
    hashes = [
        hftsim(*arguments, "--seed", seed, "--out", f"run{k}").answer["run_hash"]
        for k, seed in enumerate([7, 7, 8])
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "lstn"], "did you mean 'lstm'?"),
        (["--model", "logistic", "--model-param", "epoch=3"], "'epoch'"),
        (["--folds", "0"], "--folds: folds must be 1 or more"),
        (["--learn", "lookbak=3"], "did you mean 'lookback'?"),
        (["--strategy", "mll"], "unknown strategy 'mll'"),
    ],
)
def test_mistakes_are_named_before_anything_is_trained(hftsim, finished, arguments, said):
    ended = hftsim("ml-backtest", "--data", finished.data, *arguments)
    assert ended.code == 2
    assert said in ended.err


def test_a_model_needs_one_instrument(hftsim, finished):
    given = ["--data", f"A={finished.data}", "--data", f"B={finished.data}"]
    ended = hftsim("ml-backtest", *given)
    assert ended.code == 2
    assert "one instrument" in ended.err


def test_too_few_rows_name_the_number_needed(hftsim):
    hftsim("create-sample-data", "--rows", 120, "--out", "few.csv")
    ended = hftsim("ml-backtest", "--data", "few.csv", "--model", "logistic")
    assert ended.code == 2
    assert "few" in ended.err
    assert any(word.strip(",.;:").isdigit() for word in ended.err.split())


def test_a_walk_forward_gives_a_table_and_one_joined_run(hftsim, finished, tmp_path):
    ended = hftsim(
        *("walk-forward", "--data", finished.data, "--strategy", "sma-cross"),
        *("--train", 600, "--test", 300, "--out", "wf", "--json"),
    )
    answer = ended.answer
    assert ended.code == 0
    assert answer["folds"] == len(answer["runs"]) == 3
    assert [run["fold"] for run in answer["runs"]] == [1, 2, 3]
    grown = 1.0
    for run in answer["runs"]:
        grown *= 1.0 + run["total_return_pct"] / 100.0
    assert answer["total_return_pct"] == pytest.approx(100.0 * (grown - 1.0))
    assert answer["total_fees"] == pytest.approx(sum(r["total_fees"] for r in answer["runs"]))
    equity = pd.read_csv(tmp_path / "wf" / "equity_curve.csv")
    assert len(equity) == 900
    assert equity["equity"].iloc[-1] == pytest.approx(answer["final_value"])
    assert (tmp_path / "wf" / "walk_forward.png").exists()
    assert (tmp_path / "wf" / "report.html").exists()
    assert "test %" in ended.err


def test_the_analysis_computes_the_stored_figures_anew(hftsim, finished, tmp_path):
    ended = hftsim("analysis", finished.folder, "--out", "looked", "--json")
    answer = ended.answer
    stored = json.loads((finished.folder / "metrics.json").read_text(encoding="utf-8"))
    assert answer["changed"] == []
    assert answer["metrics"] == pytest.approx({k: v for k, v in stored.items() if k != "reasons"})
    assert answer["reasons"] == stored["reasons"]
    assert (tmp_path / "looked" / "report.html").exists()
    assert (tmp_path / "looked" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_runs_are_compared_and_a_changed_one_is_noticed(hftsim, finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "forged")
    metrics = json.loads((tmp_path / "forged" / "metrics.json").read_text(encoding="utf-8"))
    metrics["sharpe_ratio"] = 9.9
    (tmp_path / "forged" / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    ended = hftsim("analysis", finished.folder, "forged", "--out", "looked", "--json")
    honest, forged = ended.answer["runs"]
    assert (honest["changed"], forged["changed"]) == ([], ["sharpe_ratio"])
    assert honest["metrics"] == forged["metrics"]
    assert list(pd.read_csv(tmp_path / "looked" / "comparison.csv").columns) == [
        "metric",
        str(finished.folder),
        "forged",
    ]
    assert "sharpe_ratio" in ended.err


def test_a_rate_and_the_number_of_trials_change_the_figures(hftsim, finished):
    stored = json.loads((finished.folder / "metrics.json").read_text(encoding="utf-8"))
    ended = hftsim(
        *("analysis", finished.folder, "--out", "b", "--json", "-q"),
        *("--risk-free-rate", 0.05, "--trials", 50),
    )
    other = ended.answer["metrics"]
    changed = {name for name in other if other[name] != pytest.approx(stored[name])}
    assert {"sharpe_ratio", "deflated_sharpe_ratio"} <= changed
    assert "total_return_pct" not in changed


@pytest.mark.parametrize("what", ["nothing", "empty", "broken"])
def test_what_is_no_run_is_named(hftsim, finished, tmp_path, what):
    (tmp_path / "empty").mkdir()
    shutil.copytree(finished.folder, tmp_path / "broken")
    (tmp_path / "broken" / "equity_curve.csv").unlink()
    ended = hftsim("analysis", what)
    assert ended.code == 2
    assert what in ended.err


def test_the_folds_of_a_walk_forward_are_not_an_option(hftsim, finished):
    ended = hftsim("walk-forward", "--data", finished.data, "--strategy", "sma-cross", "--folds", 3)
    assert ended.code == 2
    assert "the folds of a walk-forward follow from --train, --test and --step" in ended.err


@pytest.mark.parametrize("arguments", [("show", "nope"), ("compute", "--feature", "nope")])
def test_a_feature_that_is_near_none_does_not_list_them_all(hftsim, finished, arguments):
    data = ("--data", finished.data) if arguments[0] == "compute" else ()
    ended = hftsim("features", *arguments, *data)
    assert ended.code == 2
    assert "unknown feature 'nope'; hftsim features list shows them" in ended.err


def test_too_few_rows_to_look_for_leaks_name_the_number_needed(hftsim):
    hftsim("create-sample-data", "--rows", 199, "--out", "few.csv")
    ended = hftsim("check", "few.csv", "--leakage")
    assert ended.code == 2
    assert "199 rows are too few to look for leaks: at least 200 are needed" in ended.err
    hftsim("create-sample-data", "--rows", 200, "--out", "enough.csv")
    assert hftsim("check", "enough.csv", "--leakage").code == 0


def test_an_undefined_score_of_a_model_says_why(hftsim, tmp_path):
    hftsim("create-sample-data", "--rows", 1500, "--out", "bars.csv")
    bars = pd.read_csv(tmp_path / "bars.csv", comment="#")
    bars.iloc[700:, bars.columns.get_indexer(["open", "high", "low", "close"])] = bars.close[700]
    bars.to_csv(tmp_path / "still.csv", index=False)
    answer = hftsim("ml-backtest", "--data", "still.csv", *LOGISTIC, "--out", "r", "--json").answer
    assert answer["mcc"] is None
    assert answer["reasons"]["mcc"].endswith("one class only")
