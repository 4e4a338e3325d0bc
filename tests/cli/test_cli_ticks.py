"""hftsim backtest on stores of ticks: modes, chunks, names, and what cannot be."""

import contextlib
import csv
import io
import re
from pathlib import Path

import pytest

from hftsim.cli import main
from hftsim.data import TickStore

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
        (("--set", "equity_every=0"), "--set equity_every=0: equity_every: '0' is no span of time: write one"),
        (("--set", "equity_every=0s"), "--set equity_every=0s: equity_every must be above 0"),
        (("--set", "liquidity_half_life=5"), "liquidity_half_life: '5' is no span of time: write one"),
        (("--queue", "powr"), "did you mean 'power'?"),
        (("--chunk-rows", "0"), "chunk_rows must be 1 or more"),
        (("--tick-size", "5"), "the store counts in a tick_size of"),
        (("--symbol", "XYZ"), "unknown symbol 'XYZ'"),
        (("--strategy", "momentum"), "on_bar is called on bars alone"),
    ],
)  # fmt: skip
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
    told = ended.answer["provenance"]
    for what in ("data", "instruments"):
        assert [each["symbol"] for each in told[what]] == ["SIMUSDT.ONE", "SIMUSDT.TWO"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("", ""), "SIMUSDT comes from another store too; name each with its venue: --data SIMUSDT.VENUE=STORE"),
        (("SIMUSDT=", "SIMUSDT="), "SIMUSDT is given twice; name each with its venue: --data SIMUSDT.VENUE=STORE"),
        (("SIM1=",), "unknown symbol 'SIM1'; known: SIMUSDT; to give one a name of your own write --data SIMUSDT.SIM1=STORE"),
        (("SIMUSD=",), "did you mean 'SIMUSDT'?"),
    ],
)  # fmt: skip
def test_how_one_symbol_gets_two_names_is_said(hftsim, store, names, told):
    data = [part for name in names for part in ("--data", f"{name}{store}")]
    ended = hftsim("backtest", *data, "--strategy", "quoter.py", "--out", "run")
    assert ended.code == 2
    assert told.replace("STORE", str(store)) in ended.err


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


def test_options_of_bars_are_said_to_mean_nothing(hftsim, store):
    ended = hftsim(
        *("backtest", "--data", store, "--strategy", "quoter.py", "--out", "run"),
        *("--sort", "--interval", "1m"),
    )
    assert ended.code == 0
    assert "--sort: is for files of bars; a store of ticks is read as it is" in ended.err
    assert "--interval: is for files of bars" in ended.err


def test_a_recording_is_to_be_imported_first(hftsim, tmp_path):
    (tmp_path / "capture.txt").write_text(
        '1723161256191649066 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate"}}\n'
    )
    ended = hftsim("backtest", "--data", "capture.txt", "--strategy", "market-making")
    assert ended.code == 2
    assert "capture.txt: holds recorded ticks (binance)" in ended.err
    assert "hftsim import capture.txt --out STORE" in ended.err


def test_trades_alone_are_nothing_to_trade_on(hftsim):
    made = ("create-sample-data", "--kind", "trades", "--rows", 200, "--out", "T", "-q")
    assert hftsim(*made).code == 0
    ended = hftsim("backtest", "--data", "T", "--strategy", "market-making")
    assert ended.code == 2
    assert "SIMUSDT: there never was a price on both sides" in ended.err


def test_what_people_see_names_currency_seconds_and_rules(hftsim, store, tmp_path):
    ended = hftsim("backtest", "--data", store, "--strategy", "quoter.py", "--out", "run")
    assert ended.code == 0
    assert "of 100,000.00 USDT" in ended.out
    assert "2024-01-01 00:00:0" in ended.out
    assert "less than a day" in ended.out
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Resting orders fill by their place in the queue" in page
    assert "at mid prices" in page
    for words in ("bar&#39;s close", "at bar closes", "bar returns", "max volume share"):
        assert words not in page


def test_the_page_names_the_members_of_enums(hftsim, store, tmp_path):
    data = ("--data", store, "--strategy", "market-making", "--param", "model=avellaneda-stoikov")
    assert hftsim("backtest", *data, "--out", "run").code == 0
    page = (tmp_path / "run" / "report.html").read_text()
    words = " ".join(re.sub("<[^>]*>", " ", page[: page.index("Versions")]).split())
    assert " model avellaneda-stoikov " in words


def test_corrections_of_all_days_are_told(hftsim):
    rows = [
        f"2024-08-0{day}T{clock}Z,{got}Z,update,{side},{price},1"
        for day, clock, got, side, price in (
            (8, "23:59:58", "2024-08-08T23:59:58.5", "bid", 100.0),
            (8, "23:59:57", "2024-08-08T23:59:58.6", "ask", 101.0),
            (9, "00:00:02", "2024-08-09T00:00:02.5", "bid", 100.5),
            (9, "00:00:01", "2024-08-09T00:00:02.6", "ask", 100.8),
        )
    ]
    text = "\n".join(["time,recv_time,type,side,price,qty", *rows]) + "\n"
    Path("two.csv").write_text(text)
    imported = hftsim(
        "import", "two.csv", "--symbol", "BTCUSDT", "--fix-order", "--out", "S2", "--json"
    )
    assert imported.code == 0, imported.err
    doubled = imported.answer["corrections"]["rows_doubled"]
    assert doubled == 2
    assert TickStore("S2").open("BTCUSDT").metadata["corrections"]["rows_doubled"] == doubled
