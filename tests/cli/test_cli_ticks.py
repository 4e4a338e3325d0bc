"""hftsim backtest on stores of ticks: modes, chunks, names, and what cannot be."""

import contextlib
import csv
import io

import pytest

from hftsim.cli import main

QUOTER = """
from hftsim import GTX, Strategy, every


class Quoter(Strategy):
    qty: int = 1
    wake = every("100ms")

    def on_wake(self, ctx):
        if not ctx.ready:
            return
        ctx.cancel_all()
        if ctx.position < 5:
            ctx.buy(ctx.best_bid, self.qty, GTX)
        if ctx.position > -5:
            ctx.sell(ctx.best_ask, self.qty, GTX)
"""
SHOWN = ("run_hash", "fills_hash", "fills", "orders", "refusals", "final_value")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "S"
    asked = ["create-sample-data", "--kind", "l2", "--rows", "6000", "--out", str(folder), "-q"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(asked) == 0
    return folder


@pytest.fixture
def store(made, tmp_path):
    (tmp_path / "quoter.py").write_text(QUOTER)
    return made


def run(hftsim, store, *more, strategy="quoter.py"):
    base = ("backtest", "--data", store, "--strategy", strategy, "--out", "run", "--json")
    ended = hftsim(*base, *more)
    assert ended.code == 0, ended.err
    return ended.answer


def test_modes_and_chunks_change_nothing(hftsim, store):
    answers = [
        run(hftsim, store, *more)
        for more in (
            ("--mode", "native"),
            ("--mode", "python"),
            ("--mode", "native", "--chunk-rows", 100),
            ("--mode", "python", "--chunk-rows", 1),
        )
    ]
    assert answers[0]["fills"] > 10
    assert answers[0]["rows"] == 6000
    for answer in answers[1:]:
        assert [answer[name] for name in SHOWN] == [answers[0][name] for name in SHOWN]


def test_every_fill_says_why(hftsim, store, tmp_path):
    answer = run(hftsim, store)
    with (tmp_path / "run" / "fills.csv").open() as file:
        fills = list(csv.DictReader(file))
    assert len(fills) == answer["fills"]
    reasons = {"queue_front", "trade_through", "book_cross", "taker_walk"}
    for fill in fills:
        assert fill["reason"] in reasons
        assert float(fill["queue_ahead_at_entry"]) >= float(fill["queue_ahead_at_fill"]) >= 0.0
        assert float(fill["queue_time_s"]) >= 0.0
    assert {fill["markout_1s"] != "" for fill in fills[:-20]} == {True}


def test_latency_and_queue_matter_and_are_kept(hftsim, store, tmp_path):
    slow = run(hftsim, store, "--latency", "500ms", "--queue", "risk-adverse")
    assert slow["run_hash"] != run(hftsim, store)["run_hash"]
    config = slow["provenance"]["config"]
    assert (config["latency"]["entry"], config["queue"]["name"]) == ("500ms", "risk-adverse")


def test_a_run_can_be_made_again_from_its_configuration(hftsim, store, tmp_path):
    first = run(hftsim, store, "--latency", "20ms", "--param", "qty=2")
    config = tmp_path / "run" / "config.yaml"
    kept = tmp_path / "again.yaml"
    kept.write_text(config.read_text())
    again = hftsim("backtest", "--config", kept, "--out", "run2", "--json")
    assert again.code == 0, again.err
    assert again.answer["run_hash"] == first["run_hash"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--latency", "10"), "no span of time"),
        (("--queue", "powr"), "did you mean 'power'?"),
        (("--chunk-rows", "0"), "chunk_rows must be 1 or more"),
        (("--tick-size", "5"), "the store counts in a tick_size of"),
        (("--symbol", "XYZ"), "unknown symbol 'XYZ'"),
        (("--strategy", "momentum"), "on_bar is called on bars alone"),
    ],
)
def test_what_cannot_be_is_one_sentence(hftsim, store, more, told):
    base = ("backtest", "--data", store, "--strategy", "quoter.py", "--out", "run", *more)
    ended = hftsim(*base)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_bars_and_ticks_do_not_mix(hftsim, store, tmp_path):
    assert hftsim("create-sample-data", "--rows", 300, "--out", "bars.csv").code == 0
    both = ("--data", f"AAAUSDT={tmp_path / 'bars.csv'}", "--data", f"BBBUSDT={store}")
    ended = hftsim("backtest", *both, "--strategy", "quoter.py", "--out", "run")
    assert ended.code == 2
    assert "bars and stores of ticks do not mix" in ended.err


def test_one_symbol_of_two_venues_trades_under_two_names(hftsim, store):
    both = ("--data", f"SIMUSDT.ONE={store}", "--data", f"SIMUSDT.TWO={store}")
    ended = hftsim(
        "backtest", *both, "--strategy", "cross-exchange-arbitrage", "--kind", "perpetual",
        "--out", "run", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert ended.answer["rows"] == 12000
    assert ended.answer["fills"] == 0


def test_a_strategy_that_raises_at_once_is_one_sentence(hftsim, store):
    both = ("--data", f"SIMUSDT.ONE={store}", "--data", f"SIMUSDT.TWO={store}")
    ended = hftsim("backtest", *both, "--strategy", "cross-exchange-arbitrage", "--out", "run")
    assert ended.code == 2
    assert "allow short selling" in ended.err
    assert "is a bug" not in ended.err


def test_settings_of_bars_are_said_to_mean_nothing(hftsim, store):
    ended = hftsim(
        "backtest", "--data", store, "--strategy", "quoter.py", "--out", "run", "--slippage", "0.01"
    )
    assert ended.code == 0
    assert "slippage is for bars" in ended.err
