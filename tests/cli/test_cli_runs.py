"""backtest, as a user meets it: the answer, the folder, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

FILES = {
    *("summary.json", "metrics.json", "metrics.csv", "summary.csv", "equity_curve.csv"),
    *("trades.csv", "fills.csv", "signals.csv", "report.html", "run.log", "config.yaml"),
}
COUNTS = ("fills", "trades", "refusals")
RAISING = """
from hftsim.strategies import Strategy

class Breaks(Strategy):
    seen: int = 0

    def on_bar(self, ctx):
        self.seen += 1
        if self.seen == 700:
            raise ValueError("boom")
"""


def test_a_backtest_answers_with_every_figure(finished):
    answer = finished.ended.answer
    assert finished.ended.code == 0
    for name in ("run_hash", "fills_hash"):
        assert len(answer[name]) == 64
    for name in ("total_return_pct", "final_value", "max_drawdown_pct", "total_fees"):
        assert isinstance(answer[name], float)
    assert all(type(answer[name]) is int for name in COUNTS)
    assert answer["fills"] > 0
    assert answer["simulated"] is True
    assert answer["provenance"]["seed"] == 7
    assert answer["provenance"]["strategy"]["parameters"]["fast"] == 5


def test_the_folder_holds_everything_and_nothing_half_written(finished):
    names = {path.name for path in finished.folder.iterdir()}
    assert names >= FILES
    assert any(name.endswith(".png") for name in names)
    assert [p.name for p in finished.folder.parent.iterdir() if p.name.startswith(".")] == []
    stored = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    assert stored["run_hash"] == finished.ended.answer["run_hash"]
    assert "backtest into" in (finished.folder / "run.log").read_text(encoding="utf-8")


def test_people_see_the_figures_the_verdict_and_the_paths(finished):
    shown = finished.ended.err
    for words in ("return after fees", "buy and hold", "fees paid", "report.html", "simulated"):
        assert words in shown


def test_the_saved_configuration_gives_the_same_run_in_python_too(hftsim, finished):
    ended = hftsim(
        *("backtest", "--config", finished.folder / "config.yaml", "--mode", "python"),
        *("--out", "again", "--json", "-q"),
    )
    for name in ("run_hash", "fills_hash"):
        assert ended.answer[name] == finished.ended.answer[name]
    assert ended.err == ""


def test_the_configuration_holds_what_was_used(finished):
    held = yaml.safe_load((finished.folder / "config.yaml").read_text(encoding="utf-8"))
    assert held["strategy"] == {"name": "sma-cross", "params": {"fast": 5}}
    assert held["seed"] == 7
    assert held["data"]["path"] == [str(finished.data)]
    assert set(held) == {"seed", "data", "strategy", "risk", "backtest"}


def test_an_earlier_run_is_replaced_as_a_whole(hftsim, finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "run")
    (tmp_path / "run" / "of-the-old-run").touch()
    ended = hftsim(
        *("backtest", "--data", finished.data, "--strategy", "momentum"),
        *("--out", "run", "--json", "-q"),
    )
    assert ended.answer["strategy"] == "MomentumStrategy"
    assert not (tmp_path / "run" / "of-the-old-run").exists()


def test_without_out_the_folder_is_named_after_time_and_command(hftsim, finished, tmp_path):
    ended = hftsim("backtest", "--data", finished.data, "--strategy", "sma-cross", "--json", "-q")
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("-backtest")
    assert ended.answer["out"] == str(folder)


def test_a_folder_that_is_no_run_is_never_touched(hftsim, finished, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    ended = hftsim("backtest", "--data", finished.data, "--strategy", "ml", "--out", "mine")
    assert ended.code == 2
    assert "no hftsim run" in ended.err
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--strategy", "sma-cros"], "did you mean 'sma-cross'?"),
        (["--strategy", "nowhere.py"], "no such strategy file"),
        (["--strategy", "sma-cross", "--param", "fastt=3"], "'fastt'"),
        (["--strategy", "sma-cross", "--param", "fast"], "write it as name=value"),
        (["--strategy", "sma-cross", "--param", "fast=x"], "fast"),
        (["--strategy", "sma-cross", "--mode", "nativ"], "did you mean 'native'?"),
        (["--strategy", "sma-cross", "--capital", "0"], "--capital: initial_capital must be"),
        (["--strategy", "sma-cross", "--capital", "much"], "'--capital'"),
        (["--strategy", "sma-cross", "--risk", "stop_los_pct=1"], "did you mean 'stop_loss_pct'"),
        (["--strategy", "sma-cross", "--risk", "stop_loss_pct=2"], "is a fraction"),
        (["--strategy", "sma-cross", "--set", "intrabar=best"], "'best'"),
        (["--strategy", "sma-cross", "--set", "slippage={fracton: 1}"], "did you mean 'fraction'"),
        (["--strategy", "sma-cross", "--stamp", "clos"], "did you mean 'close'?"),
        (["--strategy", "sma-cross", "--timezone", "Amerika/New_York"], "time zone"),
        (["--strategy", "sma-cross", "--interval", "5m"], "5m"),
        (["--strategy", "sma-cross", "--symbol", "ETHUSDT"], "ETHUSDT"),
        (["--strategy", "sma-cross", "--config", "none.yaml"], "none.yaml: No such file"),
        (["--strategy", "sma-cross", "--seed", "-1"], "--seed"),
        ([], "no strategy given; add --strategy NAME"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_nothing(hftsim, finished, tmp_path, arguments, said):
    ended = hftsim("backtest", "--data", finished.data, *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "no data given; add --data FILE"),
        (["nothing.csv"], "no such file or folder"),
        (["bers.csv"], "did you mean 'bars.csv'?"),
        (["empty"], "holds no data file"),
        (["empty", "bars.csv"], "a folder is a batch and runs alone"),
        (["A=bars.csv", "A=bars.csv"], "A is given twice"),
        (["bars.csv", "bars.csv"], "was read from another file too"),
    ],
)
def test_data_that_cannot_be_is_named(hftsim, finished, tmp_path, data, said):
    shutil.copy(finished.data, tmp_path / "bars.csv")
    (tmp_path / "empty").mkdir()
    given = [text for path in data for text in ("--data", path)]
    ended = hftsim("backtest", "--strategy", "sma-cross", *given)
    assert ended.code == 2
    assert said in ended.err


def test_several_instruments_trade_on_one_account(hftsim, finished, tmp_path):
    hftsim(
        "create-sample-data", "--rows", 1500, "--seed", 6, "--symbol", "ABUSDT", "--out", "b.csv"
    )
    ended = hftsim(
        *("backtest", "--data", f"SIMUSDT={finished.data}", "--data", "ABUSDT=b.csv"),
        *("--strategy", "sma-cross", "--out", "run", "--json", "-q"),
    )
    assert ended.code == 0
    instruments = [i["symbol"] for i in ended.answer["provenance"]["instruments"]]
    assert instruments == ["SIMUSDT", "ABUSDT"]


def test_a_folder_is_a_batch_and_a_bad_file_does_not_stop_it(hftsim, finished, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(finished.data, tmp_path / "in" / "good.csv")
    (tmp_path / "in" / "bad.csv").write_text("time,open\n1,2\n", encoding="utf-8")
    ended = hftsim(
        *("backtest", "--data", "in", "--strategy", "sma-cross", "--out", "out", "--json")
    )
    bad, good = ended.answer["runs"]
    assert ended.code == 2
    assert "bad.csv" in bad["error"]
    assert good["out"] == str(tmp_path / "out" / "good")
    assert (tmp_path / "out" / "good" / "report.html").exists()
    assert "failed" in ended.err
    analysed = hftsim("analysis", "out", "--out", "looked", "--json", "-q")
    assert analysed.answer["metrics"]["total_return_pct"] == pytest.approx(good["total_return_pct"])


def test_a_strategy_that_raises_is_named_and_its_run_so_far_is_kept(hftsim, finished, tmp_path):
    (tmp_path / "breaks.py").write_text(RAISING, encoding="utf-8")
    ended = hftsim(
        *("backtest", "--data", finished.data, "--strategy", "breaks.py"),
        *("--mode", "python", "--out", "run", "--json"),
    )
    assert ended.code == 2
    assert "breaks.py:10" in ended.answer["error"]
    assert "boom" in ended.answer["error"]
    assert str(tmp_path / "run") in ended.answer["error"]
    equity = (tmp_path / "run" / "equity_curve.csv").read_text(encoding="utf-8")
    assert 600 < equity.count("\n") < 800


def test_a_strategy_that_cannot_be_compiled_is_sent_to_python_mode(hftsim, finished, tmp_path):
    source = RAISING.replace('raise ValueError("boom")', "open('x')")
    (tmp_path / "opens.py").write_text(source, encoding="utf-8")
    ended = hftsim("backtest", "--data", finished.data, "--strategy", "opens.py")
    assert ended.code == 2
    assert "opens.py:10" in ended.err
    assert "--mode python" in ended.err


def test_a_narrow_terminal_gets_fewer_columns_and_whole_figures(hftsim, finished, monkeypatch):
    folder = Path("files")
    folder.mkdir()
    shutil.copy(finished.data, folder / "first.csv")
    (folder / "second.csv").write_text("junk\n")
    monkeypatch.setenv("COLUMNS", "60")
    ended = hftsim("backtest", "--data", folder, "--strategy", "momentum", "--out", "batch")
    assert ended.code == 2
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "file return % hold % trades" in lines
    assert any(line.startswith("first.csv ") and line.count(".") == 3 for line in lines)
    assert "second.csv failed" in lines
    assert ended.err.count("second.csv") == 1
