"""hftsim backtest on ticks: fee tiers, taken liquidity and latency by load, from every door."""

import contextlib
import io

import pytest

from hftsim.cli import main

TAKER = """
from hftsim import GTX, Strategy, every


class Taker(Strategy):
    wake = every("100ms")

    def on_wake(self, ctx):
        if not ctx.ready:
            return
        ctx.cancel_all()
        if ctx.position < 5:
            ctx.buy(ctx.best_bid, 3, GTX)
            ctx.buy_market(20)
        else:
            ctx.sell_market(20)
"""
TIERS = "from_volume,maker_fee,taker_fee\n0,0.0002,0.0005\n1000,-0.0001,0.0003\n"
CONFIG = """
backtest:
  latency:
    model: load
    entry: 5ms
    per_row: 10us
    window: 50ms
  liquidity_half_life: 1s
  fees:
    tiers:
      - [0, 0.0002, 0.0005]
      - [1000, -0.0001, 0.0003]
    volume_before: 5000
    days: 7
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costs") / "S"
    asked = ["create-sample-data", "--kind", "l2", "--rows", "4000", "--out", str(folder), "-q"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(asked) == 0
    return folder


@pytest.fixture
def store(made, tmp_path):
    (tmp_path / "taker.py").write_text(TAKER)
    (tmp_path / "tiers.csv").write_text(TIERS)
    (tmp_path / "costs.yaml").write_text(CONFIG)
    return made


def run(hftsim, store, *more):
    base = ("backtest", "--data", store, "--strategy", "taker.py", "--out", "run", "--json")
    ended = hftsim(*base, *more)
    assert ended.code == 0, ended.err
    return ended.answer


def test_a_run_can_be_made_again_from_its_configuration(hftsim, store, tmp_path):
    first = run(hftsim, store, "--config", "costs.yaml")
    config = first["provenance"]["config"]
    assert config["fees"]["tiers"] == [[0.0, 0.0002, 0.0005], [1000.0, -0.0001, 0.0003]]
    assert config["latency"]["per_row"] == "10us"
    kept = tmp_path / "again.yaml"
    kept.write_text((tmp_path / "run" / "config.yaml").read_text())
    again = hftsim("backtest", "--config", kept, "--out", "run2", "--json")
    assert again.code == 0, again.err
    assert again.answer["run_hash"] == first["run_hash"]


def test_fees_of_an_option_win_over_those_of_the_file(hftsim, store, tmp_path):
    flat = run(hftsim, store, "--config", "costs.yaml", "--fee-rate", "0")
    assert flat["total_fees"] == 0.0
    (tmp_path / "flat.yaml").write_text("backtest:\n  maker_fee: 0.1\n  taker_fee: 0.1\n")
    tiers = run(hftsim, store, "--config", "flat.yaml", "--fee-tiers", "tiers.csv")
    assert tiers["fee_tier"] == 0
    assert tiers["fees_by_tier"] == [pytest.approx(tiers["total_fees"]), 0.0]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--fee-tiers", "none.csv"), "none.csv: cannot be read"),
        (("--fee-tiers", "tiers.csv", "--taker-fee", "0.1"), "fees and taker_fee cannot both be"),
        (("--set", "fees=[[5, 0, 0]]"), "begin with the tier from_volume 0"),
        (("--set", "fees={tiers: [[0, 0, 0]], day: 3}"), "unknown key of fees 'day'"),
        (("--set", "fees={volume_before: 3}"), "begin with the tier from_volume 0"),
        (("--set", "liquidity_half_life=1x"), "'1x' is no span of time"),
        (("--set", "latency={model: laod}"), "latency model is one of"),
    ],
)
def test_what_cannot_be_is_one_sentence(hftsim, store, more, told):
    ended = hftsim("backtest", "--data", store, "--strategy", "taker.py", "--out", "run", *more)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_bars_have_no_tiers(hftsim, store):
    assert hftsim("create-sample-data", "--rows", 300, "--out", "bars.csv").code == 0
    asked = ("backtest", "--data", "bars.csv", "--strategy", "sma-cross", "--out", "run")
    ended = hftsim(*asked, "--fee-tiers", "tiers.csv")
    assert ended.code == 2
    assert "fees by volume are charged on ticks alone" in ended.err
