"""What a run is said to have done."""

import math

import pandas as pd
import pytest

from hftsim.report import verdict
from hftsim.report.words import (
    count,
    exact_percent,
    gross_return_pct,
    money,
    number,
    percent,
    plain,
    utc,
)

LOST = {
    "initial_capital": 10_000.0,
    "final_value": 8_770.0,
    "total_return_pct": -12.3,
    "total_fees": 1_350.0,
    "buy_and_hold_return_pct": 7.9,
    "fills": 500,
    "trades": 250,
}


def test_a_loss_after_fees_says_so_with_what_it_was_before_them():
    assert verdict(LOST) == "Lost 12.30 % after fees; before fees +1.20 %; buy and hold +7.90 %."


def test_a_gain_that_trails_buy_and_hold_says_so():
    won = LOST | {"final_value": 10_500.0, "total_return_pct": 5.0, "total_fees": 100.0}
    assert verdict(won) == (
        "Gained 5.00 % after fees; before fees +6.00 %; buy and hold +7.90 %. "
        "Holding would have earned more."
    )


def test_a_gain_beyond_buy_and_hold():
    won = LOST | {
        "final_value": 12_000.0,
        "total_return_pct": 20.0,
        "total_fees": 0.0,
        "buy_and_hold_return_pct": -3.25,
    }
    assert verdict(won) == "Gained 20.00 % after fees; before fees +20.00 %; buy and hold -3.25 %."


def test_a_run_that_never_traded():
    idle = {
        "initial_capital": 10_000.0, "final_value": 10_000.0, "total_return_pct": 0.0,
        "total_fees": 0.0, "buy_and_hold_return_pct": 7.9, "fills": 0, "trades": 0,
    }  # fmt: skip
    assert verdict(idle) == "Never traded. Buy and hold +7.90 %."


def test_an_even_result_with_trades_is_not_called_a_loss():
    even = LOST | {"final_value": 10_000.0, "total_return_pct": 0.0, "total_fees": 0.0}
    assert verdict(even).startswith("Came out even after fees; before fees 0.00 %;")


def test_a_tiny_loss_is_not_rounded_to_nothing():
    tiny = LOST | {"total_return_pct": -0.004, "final_value": 9_999.6, "total_fees": 0.1}
    assert verdict(tiny).startswith("Lost 0.004 % after fees")


@pytest.mark.parametrize(
    ("loss", "said"), [(-0.05, "0.05"), (-0.0512, "0.05"), (-0.26, "0.26"), (-0.00042, "0.0004")]
)
def test_small_losses_are_said_with_the_digits_of_the_table(loss, said):
    run = LOST | {"total_return_pct": loss, "final_value": 10_000.0 * (1 + loss / 100)}
    assert verdict(run).startswith(f"Lost {said} % after fees;")


@pytest.mark.parametrize(
    ("halted", "why"),
    [
        ("daily_loss", "the daily loss limit (max_daily_loss_pct)"),
        ("drawdown_breaker", "the drawdown breaker (max_drawdown_pct)"),
        ("account_wiped_out", "the loss of all money"),
    ],
)
def test_the_breaker_that_halted_trading_is_named(halted, why):
    run = LOST | {"trades": 90, "halted": halted, "halted_at": "2024-10-03T04:05:00+00:00"}
    assert verdict(run).endswith(f"Trading was halted at 2024-10-03 04:05 UTC by {why}.")


def test_the_folds_in_which_trading_was_halted_are_counted():
    assert verdict(LOST | {"halted_folds": 2}).endswith("Trading was halted in 2 folds.")
    assert "halted" not in verdict(LOST | {"halted_folds": 0})


def test_few_trades_a_halt_and_simulated_data_are_named():
    run = LOST | {"trades": 3, "simulated": True, "halted_at": "2024-10-03T04:05:00+00:00"}
    assert verdict(run).endswith(
        "Trading was halted at 2024-10-03 04:05 UTC. 3 trades: too few to tell skill from luck. "
        "The data is simulated: this says nothing about a real market."
    )


def test_undefined_figures_are_left_out_not_invented():
    run = LOST | {"buy_and_hold_return_pct": math.nan, "total_fees": None}
    assert verdict(run) == "Lost 12.30 % after fees."
    assert verdict({"total_return_pct": math.nan}) == "The result after fees is undefined."


def test_the_verdict_is_plain_ascii_for_any_terminal():
    assert verdict(LOST | {"buy_and_hold_return_pct": -5.0}).isascii()


def test_return_before_fees_gives_the_fees_back():
    assert gross_return_pct(LOST) == pytest.approx(1.2)
    assert math.isnan(gross_return_pct({}))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (number(-1234.5), "−1,234.50"),
        (number(0.001, signed=True), "0.00"),
        (number(math.inf), "undefined"),
        (percent(12.3, 1, signed=True), "+12.3 %"),
        (money(0.00012346, "USDT"), "0.0001235 USDT"),
        (money(-5, "USD", signed=True), "−5.00 USD"),
        (plain(0.08592), "0.08592"),
        (plain(63440.010000000002), "63,440.01"),
        (plain(1e-9), "0.000000001"),
        (count(1, "trade"), "1 trade"),
        (count(2500, "trade"), "2,500 trades"),
        (utc(pd.Timestamp("2024-10-01 05:00", tz="Europe/Berlin")), "2024-10-01 03:00:00"),
        (utc(pd.NaT), ""),
    ],
)
def test_figures_are_written_as_people_read_them(shown, text):
    assert shown == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(12.345, "12.35 %"), (0.0018, "0.002 %"), (-0.00041, "−0.0004 %"), (0.0, "0.00 %")],
)
def test_small_percents_show_their_first_digit(value, shown):
    assert exact_percent(value) == shown
    assert exact_percent(math.nan) == "undefined"
