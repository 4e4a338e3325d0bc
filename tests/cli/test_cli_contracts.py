"""hftsim on perpetuals: the coin-margined capture, funding from a file, margin, and refusals."""

import csv

import pytest
from venue_feeds import START_NS, started

KEEPER = """
from hftsim import Strategy, every


class Keeper(Strategy):
    qty: int = 100
    wake = every("100ms")

    def on_wake(self, ctx):
        if ctx.ready and ctx.position == 0:
            ctx.send(1, self.qty)
"""
FREE = ("--risk", "max_position_pct=none", "--risk", "max_exposure_pct=none",
        "--risk", "max_leverage=none", "--risk", "stop_loss_pct=none",
        "--risk", "max_drawdown_pct=none")  # fmt: skip
SHOWN = ("run_hash", "fills_hash", "fills", "final_value", "funding", "total_fees")


def imported(hftsim, capture, symbol):
    ended = hftsim(
        "import", capture, "--format", "binance", "--symbol", symbol, "--fix-clock", "--fix-order",
        "--out", "store", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return ended.answer


def run(hftsim, *more):
    ended = hftsim("backtest", "--data", "store", "--out", "run", "--json", *more)
    assert ended.code == 0, ended.err
    return ended.answer


def coins(fills):
    """Return what fills of contracts of 100 USD leave of 1 BTC, and the position."""
    cash, held = 1.0, 0
    for fill in fills:
        qty = float(fill["qty"]) * (1 if fill["side"] == "buy" else -1)
        cash += 100 * qty / float(fill["price"]) - float(fill["fee"])
        held += qty
    return cash, held


def table(folder, name):
    with (folder / "run" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def require_coins(hftsim, tmp_path):
    """Trade the store both ways with 1 BTC, and count the money again."""
    asked = ("--strategy", "market-making", "--capital", 1)
    answers = [run(hftsim, *asked, "--mode", mode) for mode in ("native", "python")]
    assert [answers[0][n] for n in SHOWN] == [answers[1][n] for n in SHOWN]
    fills, end = table(tmp_path, "fills"), table(tmp_path, "equity_curve")[-1]
    assert answers[0]["currency"] == "BTC"
    assert answers[0]["fills"] == len(fills) > 3
    cash, held = coins(fills)
    assert float(end["position_BTCUSDPERP"]) == held
    if held:
        mid = 100 * held / (cash - answers[0]["final_value"])
        assert mid == pytest.approx(float(fills[-1]["price"]), rel=0.01)
    value = sum(100 * float(f["qty"]) / float(f["price"]) for f in fills)
    assert sum(float(f["notional"]) for f in fills) == pytest.approx(value, rel=1e-12)
    assert 0.0002 * value <= answers[0]["total_fees"] * (1 + 1e-12) <= 0.0005 * value * (1 + 1e-9)


def test_the_coin_margined_capture_is_traded_in_coins(hftsim, test_data, tmp_path):
    capture = test_data / "binance_ticks" / "cm_btcusd_perp_20240808.gz"
    made = imported(hftsim, capture, "BTCUSD_PERP")["instrument"]
    assert (made["kind"], made["inverse"], made["multiplier"]) == ("perpetual", True, "100")
    require_coins(hftsim, tmp_path)


@pytest.fixture
def store(hftsim, tmp_path):
    """Return the import of a capture made up by the venue's rules."""
    feed = started(3, "coinm", "BTCUSD_PERP", price_digits=1, qty_digits=0)
    for _ in range(400):
        feed.window()
    capture = tmp_path / "capture.gz"
    feed.write(capture)
    (tmp_path / "keeper.py").write_text(KEEPER)
    return imported(hftsim, capture, "BTCUSD_PERP")


def test_a_made_up_capture_is_traded_in_coins(hftsim, store, tmp_path):
    assert (store["instrument"]["inverse"], store["instrument"]["multiplier"]) == (True, "100")
    require_coins(hftsim, tmp_path)


def keep(hftsim, *more, capital=100):
    return run(hftsim, "--strategy", "keeper.py", "--capital", capital, *FREE, *more)


def funding_file(tmp_path, *rates):
    """Write a table as the venue's archive has it; return its name."""
    first = START_NS // 10**6 + 10_000
    rows = [f"{first + 8000 * k},8,{rate}" for k, rate in enumerate(rates)]
    (tmp_path / "rates.csv").write_text("calc_time,funding_interval_hours,last_funding_rate\n")
    with (tmp_path / "rates.csv").open("a") as file:
        file.write("\n".join(rows))
    return "rates.csv"


def test_funding_from_a_file_is_paid_and_told(hftsim, store, tmp_path):
    plain = keep(hftsim)
    rates = funding_file(tmp_path, "0.00010000", "-0.00025000")
    answers = [
        keep(hftsim, "--funding", rates, *more)
        for more in ((), ("--mode", "python"), ("--chunk-rows", 7))
    ]
    paid = table(tmp_path, "funding")
    assert [float(p["rate"]) for p in paid] == [0.0001, -0.00025]
    assert [float(p["qty"]) for p in paid] == [100.0, 100.0]
    owed = [100 * 100 / float(p["mark_price"]) * float(p["rate"]) for p in paid]
    assert [float(p["paid"]) for p in paid] == pytest.approx(owed, rel=1e-12)
    for answer in answers:
        assert [answer[n] for n in SHOWN] == [answers[0][n] for n in SHOWN]
    assert answers[0]["funding"] == pytest.approx(sum(owed), rel=1e-12)
    assert answers[0]["funding_by_symbol"] == {"BTCUSDPERP": answers[0]["funding"]}
    assert answers[0]["funding_payments"] == 2
    assert answers[0]["final_value"] == pytest.approx(plain["final_value"] - sum(owed), rel=1e-12)
    assert answers[0]["run_hash"] != plain["run_hash"]
    assert answers[0]["fills_hash"] == plain["fills_hash"]


def test_a_rate_of_nothing_held_changes_the_data_and_no_money(hftsim, store, tmp_path):
    rates = funding_file(tmp_path, "0.01")
    asked = ("--funding", rates, "--param", "qty=0")
    assert keep(hftsim, *asked)["funding_payments"] == 0
    assert not (tmp_path / "run" / "funding.csv").exists()


def test_a_liquidation_is_told(hftsim, store, tmp_path):
    """100 contracts are 10 coins or so: of 1 coin a tenth is more than is left."""
    asked = ("--set", "maintenance_margin=0.1", "--set", "liquidation_fee=0.0125")
    answer = keep(hftsim, *asked, capital=1)
    again = keep(hftsim, *asked, "--mode", "python", "--chunk-rows", 5, capital=1)
    assert [again[n] for n in SHOWN] == [answer[n] for n in SHOWN]
    assert (answer["halted"], answer["liquidated"]) == ("liquidated", True)
    fills = table(tmp_path, "fills")
    assert {fill["reason"] for fill in fills[-1:]} == {"liquidation"}
    assert sum(float(f["qty"]) * (1 if f["side"] == "buy" else -1) for f in fills) == 0.0
    assert {o["origin"] for o in table(tmp_path, "orders")} == {"strategy", "liquidation"}
    assert answer["final_value"] == pytest.approx(coins(fills)[0], rel=1e-12)


def test_a_debt_is_told(hftsim, store):
    ended = hftsim(
        "backtest", "--data", "store", "--out", "run", "--strategy", "keeper.py", *FREE,
        "--capital", "0.001", "--set", "maintenance_margin=0.00001",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert "The account ended below zero: it owes 0." in ended.out.replace("\n", " ")
    assert "BTC" in ended.out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--funding", "keeper.py"), "is no table of funding rates"),
        (("--funding", "nothing.csv"), "nothing.csv"),
        (("--set", "funding={XYZUSD: rates.csv}"), "unknown symbol of funding 'XYZUSD'"),
        (("--set", "maintenance_margin=2"), "maintenance_margin must be a fraction above 0"),
        (("--set", "liquidation_fee=0.01"), "has no effect without maintenance_margin"),
        (("--kind", "spot"), "only a perpetual or a future can be inverse"),
        (("--kind", "future", "--funding", "rates.csv"), "only perpetuals pay funding"),
    ],
)
def test_what_cannot_be_is_one_sentence(hftsim, store, tmp_path, more, told):
    funding_file(tmp_path, "0.01")
    ended = hftsim("backtest", "--data", "store", "--strategy", "keeper.py", "--out", "run", *more)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_one_account_has_one_currency(hftsim, store, tmp_path):
    made = ("create-sample-data", "--kind", "l2", "--rows", 500, "--out", "other", "-q")
    assert hftsim(*made).code == 0
    both = ("--data", "store", "--data", "other")
    ended = hftsim("backtest", *both, "--strategy", "keeper.py", "--out", "run")
    assert ended.code == 2
    assert "one account adds up one currency, but BTCUSDPERP in BTC, SIMUSDT in USDT" in ended.err
    assert "at_par: [BTC, USDT]" in ended.err
    allowed = hftsim(
        "backtest", *both, "--strategy", "keeper.py", "--out", "run", "--set", "at_par=[BTC, USDT]"
    )
    assert allowed.code == 0


@pytest.mark.parametrize("setting", ["funding=rates.csv", "maintenance_margin=0.1"])
def test_bars_have_neither_funding_nor_margin(hftsim, setting):
    assert hftsim("create-sample-data", "--rows", 300, "--out", "bars.csv").code == 0
    asked = ("--data", "bars.csv", "--strategy", "sma-cross", "--out", "run", "--set", setting)
    ended = hftsim("backtest", *asked)
    assert ended.code == 2
    assert f"{setting.partition('=')[0]} works on recorded ticks alone, not on bars" in ended.err
