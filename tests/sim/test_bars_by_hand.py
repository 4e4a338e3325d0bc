"""Sentence by sentence of docs/models/bars.md: time, grid, requests, volume, costs, means."""

import dataclasses
import itertools
import math
import statistics

import numpy as np
import pytest
from duel import HOUR, frame_of, scripted
from hand import (
    BUY,
    DAY,
    FOK,
    GTX,
    IOC,
    LIMIT,
    OTHER,
    PERP,
    RICH,
    SELL,
    SPOT,
    STOP,
    STOP_LIMIT,
    TAKE_PROFIT,
    bars_of,
    buy,
    play,
    sell,
    send,
    target,
)

from hftsim.backtest import BacktestConfig, Backtester
from hftsim.risk import RiskLimits
from hftsim.sim.bars.past import average_volume, past_sigma
from hftsim.sim.slippage import SlippageModel

FLAT = [100] * 6
DAY_HOURS = 24


# -- time ------------------------------------------------------------------------------------------


def test_a_market_order_fills_at_the_open_of_the_next_bar() -> None:
    run = play(bars_of((100, 105, 95, 103), (104, 110, 99, 108)), {0: [buy(7)]})
    assert run.fills == [(1, 7, 104, "open")]
    assert run.log["ts_event"].tolist() == [HOUR]
    assert run.orders["ts_sent"].tolist() == [HOUR]
    assert run.equity == [RICH, RICH + 7 * (108 - 104)]


def test_nothing_fills_in_the_bar_that_produced_the_signal() -> None:
    bars = bars_of((100, 120, 80, 100), 100, 100)
    run = play(bars, {0: [buy(1, 90), send(BUY, 1, STOP, trigger=110), sell(1, 115)]})
    assert run.fills == []
    assert run.ends == ["expired end_of_data"] * 3


def test_after_a_gap_the_next_open_is_the_next_bar_however_late() -> None:
    bars = bars_of(100, 100, None, None, None, (90, 91, 89, 90), 90)
    run = play(bars, {1: [buy(1)]})
    assert run.fills == [(5, 1, 90, "open")]
    result = Backtester(
        scripted([[], [("buy_market", {"qty": 1})]]),
        BacktestConfig(use_risk_manager=False),
        mode="python",
    ).run(frame_of(bars), instrument=PERP)
    assert result.summary["fills_across_gaps"] == 1


def test_day_orders_end_before_the_first_open_of_the_next_session() -> None:
    hours = [100] * (DAY_HOURS + 2)
    calls = {
        5: [buy(1, 90, tif=DAY)],
        23: [buy(1, tif=DAY), buy(2)],  # the close of the day's last bar: still of that day
        24: [buy(4, tif=DAY)],
    }
    run = play(bars_of(*hours), calls)
    assert run.fills == [(24, 2, 100, "open"), (25, 4, 100, "open")]
    assert run.ends == ["expired day_ended", "expired day_ended", "filled", "filled"]
    assert run.orders["ts_done"].tolist()[0] == DAY_HOURS * HOUR


def test_a_gap_within_the_session_does_not_end_a_day_order() -> None:
    run = play(bars_of(100, None, None, 100, 100), {0: [buy(1, tif=DAY)]})
    assert run.fills == [(3, 1, 100, "open")]


def test_on_daily_bars_a_day_order_never_trades() -> None:
    run = play(bars_of(100, 100, 100, step=24 * HOUR), {0: [buy(1, tif=DAY)]})
    assert run.ends == ["expired day_ended"]


def test_the_session_is_a_day_of_the_datas_own_time_zone() -> None:
    tokyo = bars_of(*[100] * 18, zone="Asia/Tokyo")  # midnight there is 15:00 UTC
    run = play(tokyo, {13: [buy(1, 90, tif=DAY)]}, zones=("Asia/Tokyo",))
    assert run.orders["ts_done"].tolist() == [15 * HOUR]


def test_a_day_order_sent_in_the_new_session_is_not_ended_by_its_instruments_last_bar() -> None:
    """Once, a DAY order died if its instrument's previous bar was of an older day than it."""
    first = bars_of(*[100] * 30)
    second = bars_of(*([100] * 20 + [None] * 7 + [100] * 3))
    run = play([first, second], {25: [buy(1, instrument=1, tif=DAY)]}, PERP, OTHER)
    assert run.fills == [(27, 1, 100, "open")]


def test_instruments_share_one_cash_and_are_handled_in_the_order_given() -> None:
    both = [bars_of((60, 60, 60, 60), (100, 100, 100, 100)), bars_of(60, 100)]
    calls = {0: [buy(8, instrument=1), buy(8)]}
    run = play(both, calls, PERP, OTHER, initial_capital=1000.0)
    assert run.fills == [(1, 8, 100, "open"), (1, 2, 100, "open")]
    assert run.log["instrument"].tolist() == [0, 1]
    assert run.ends == ["canceled max_leverage", "filled"]


def test_an_instrument_without_a_bar_yet_takes_no_orders() -> None:
    both = [bars_of(100, 100, 100), bars_of(100, at=2 * HOUR)]
    run = play(both, {0: [buy(1, instrument=1)], 1: [target(0.5, 1)]}, PERP, OTHER)
    assert run.ends == ["rejected no_market"] * 2


def test_an_instrument_is_matched_only_where_it_has_a_bar() -> None:
    both = [bars_of(100, 100, 100, 100), bars_of(50, None, None, 70)]
    run = play(both, {0: [buy(3, instrument=1)]}, PERP, OTHER)
    assert run.fills == [(3, 3, 70, "open")]


def test_one_instrument_does_not_trade_on_anothers_close_of_the_same_bar() -> None:
    """Once, means at the second's open counted the first at the close of the bar just beginning."""
    rises = bars_of(100, 100, (100, 500, 100, 500), 500)
    other = bars_of(100, 100, 160, 160)
    calls = {0: [buy(5)], 1: [buy(5, instrument=1)]}
    run = play([rises, other], calls, PERP, OTHER, initial_capital=1000.0)
    # at the open: cash 500, 5 worth 100 each; 500 / 160 = 3 fit, however high the first closes
    assert run.fills == [(1, 5, 100, "open"), (2, 3, 160, "open")]


def test_fills_within_the_bar_carry_its_last_nanosecond() -> None:
    run = play(bars_of(100, (100, 100, 90, 95)), {0: [buy(1, 92)]})
    assert run.log["ts_event"].tolist() == [2 * HOUR - 1]
    assert run.orders["ts_done"].tolist() == [2 * HOUR - 1]


# -- grid ------------------------------------------------------------------------------------------


def test_a_taker_is_rounded_to_a_tick_against_the_trader() -> None:
    run = play(bars_of(100, (100.4, 101, 100, 100.4)), {0: [buy(1), sell(2)]})
    assert [f[1:3] for f in run.fills] == [(1, 101), (-2, 100)]


def test_a_taker_pays_at_least_one_tick() -> None:
    run = play(bars_of(2, (0.4, 2, 0.4, 1)), {0: [sell(1)]})
    assert run.fills == [(1, -1, 1, "open")]


def test_a_price_within_a_millionth_of_a_tick_is_on_it() -> None:
    tenth = PERP.replace(tick_size="0.1")
    run = play(bars_of(1, (0.1 + 0.2, 0.7, 0.1, 0.6 + 1e-9)), {0: [buy(1)]}, tenth)
    assert run.fills == [(1, 1, 3, "open")]


@pytest.mark.parametrize("intrabar", ["worst", "ohlc"])
def test_a_level_is_reached_only_if_the_bars_range_contains_it(intrabar: str) -> None:
    bars = bars_of(100, (105, 106.6, 100.3, 100.5), 105)
    run = play(bars, {0: [buy(1, 100), buy(2, 101), sell(1, 107), sell(2, 106)]}, intrabar=intrabar)
    assert sorted(f[1:3] for f in run.fills) == [(-2, 106), (2, 101)]


@pytest.mark.parametrize("price", [100.5, 100.4, 100.6])
def test_a_bar_between_two_ticks_reaches_neither(price: float) -> None:
    """Once, under ohlc the walk stepped onto the ticks around such a bar."""
    run = play(bars_of(102, price, price), {0: [buy(1, 100), sell(1, 101)]}, intrabar="ohlc")
    assert run.fills == []


def test_the_walk_to_the_close_does_not_go_beyond_it() -> None:
    """Once, a close of 101.6 counted as 102 and filled a target there."""
    limits = RiskLimits.off()
    calls = {0: [send(BUY, 5, LIMIT, price=99)], 1: []}
    bars = bars_of(100, (100.5, 101.6, 99, 101.6), 101)
    run = play(bars, calls, limits=_with(limits, take_profit_pct=0.03), intrabar="ohlc")
    assert run.fills == [(1, 5, 99, "limit_touch")]  # the target at 99 * 1.03 -> 102
    assert run.triggers == [0, 102]


# -- requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (send(0, 1), "bad_type"),
        (send(BUY, 1, 9), "bad_type"),
        (send(BUY, 1, tif=8), "bad_type"),
        (buy(1, tif=GTX), "would_take"),
        (send(BUY, 1, STOP, trigger=5, tif=GTX), "would_take"),
        (send(BUY, 1, TAKE_PROFIT, trigger=5, tif=GTX), "would_take"),
        (buy(0), "bad_qty"),
        (sell(-3), "bad_qty"),
        (buy(1, 0), "bad_price"),
        (send(BUY, 1, STOP), "bad_price"),
        (send(BUY, 1, price=5), "bad_price"),
        (send(BUY, 1, LIMIT, price=5, trigger=5), "bad_price"),
        (send(BUY, 1, STOP, price=5, trigger=5), "bad_price"),
        (send(BUY, 1, STOP_LIMIT, price=5), "bad_price"),
        (sell(1, reduce_only=True), "nothing_to_reduce"),
        (buy(1), "below_min_qty"),
        (buy(2, 10), "below_min_notional"),
        (send(BUY, 2, STOP, trigger=10), "below_min_notional"),
        (buy(1001), "max_leverage"),
        (buy(2000, 50), ""),
        (buy(2001, 50), "max_leverage"),
        (target(math.nan), "bad_qty"),
        (target(math.inf), "bad_qty"),
        (target(1e18), "bad_qty"),
    ],
)
def test_what_refuses_a_request(call: tuple[str, dict[str, object]], reason: str) -> None:
    rules = PERP.replace(min_qty=2, min_notional=150)
    run = play(bars_of(100, 100), {0: [call]}, rules, initial_capital=100_000.0)
    assert run.ends == ([f"rejected {reason}"] if reason else ["expired end_of_data"])


def test_a_request_for_an_instrument_that_does_not_exist_is_refused() -> None:
    run = play(bars_of(100, 100), {0: [buy(1, instrument=1), buy(1, instrument=-1), buy(1)]})
    assert int(run.market.context["refused"][0]) == 2
    assert run.ends == ["rejected bad_instrument", "rejected bad_instrument", "filled"]


def test_no_order_may_be_above_the_maximum_not_even_to_reduce() -> None:
    rules = PERP.replace(max_qty=5)
    run = play(bars_of(*FLAT), {0: [buy(5), buy(6)], 1: [sell(6, reduce_only=True)]}, rules)
    assert run.ends == ["filled", "rejected above_max_qty", "rejected above_max_qty"]


def test_a_reduce_only_order_may_be_below_the_minimum() -> None:
    rules = PERP.replace(min_qty=5)
    run = play(bars_of(*FLAT), {0: [buy(5)], 1: [sell(1, reduce_only=True), sell(1)]}, rules)
    assert run.ends == ["filled", "filled", "rejected below_min_qty"]


def test_working_orders_of_the_side_count_as_filled() -> None:
    limits = _with(RiskLimits.off(), max_position_pct=0.5)  # 5 at 100 of 1000
    calls = {0: [buy(3, 100), buy(2, 100), buy(1, 100), sell(5, 120), sell(1, 120)]}
    run = play(bars_of(100, (101, 110, 101, 101)), calls, limits=limits, initial_capital=1000.0)
    # 3 + 2 buys make 500; the sell is worth 5 * 120 = 600, but 1 * 120 fits
    assert run.ends == [
        "expired end_of_data", "expired end_of_data", "rejected max_position",
        "rejected max_position", "expired end_of_data",
    ]  # fmt: skip


def test_cancel_reaches_own_orders_only() -> None:
    limits = _with(RiskLimits.off(), stop_loss_pct=0.05)
    calls = {0: [buy(1)], 1: [("cancel", {"order_id": 2}), ("cancel_all", {})], 2: [buy(1, 90)],
             3: [("cancel", {"order_id": 3}), ("cancel", {"order_id": 99})]}  # fmt: skip
    run = play(bars_of(*FLAT), calls, limits=limits)
    assert run.ends == ["filled", "expired end_of_data", "canceled"]
    assert run.triggers == [0, 95, 0]


def test_target_counts_the_fee_and_cuts_towards_zero() -> None:
    rules = PERP.replace(taker_fee=0.01)
    run = play(bars_of(*FLAT), {0: [target(1.0)], 2: [target(-0.5)]}, rules, initial_capital=1000.0)
    # 1000 / (100 * 1.01) = 9.9; then equity 1000 - 9 = 991: -0.5 * 991 / 101 = -4.9 -> -4
    assert [f[1] for f in run.fills] == [9, -13]


def test_target_replaces_its_own_market_order_and_sends_nothing_if_nothing_is_to_do() -> None:
    calls = {0: [target(0.5), target(0.2), buy(1, 90)], 1: [target(0.2)]}
    run = play(bars_of(*FLAT), calls, initial_capital=1000.0)
    assert run.ends == ["canceled", "filled", "expired end_of_data"]
    assert run.fills == [(1, 2, 100, "open")]


def test_target_leaves_differences_below_the_minimum_unless_it_closes() -> None:
    rules = PERP.replace(min_notional=250)
    calls = {0: [buy(5)], 1: [target(0.52)], 2: [sell(3)], 3: [target(0.0)]}
    run = play(bars_of(*FLAT), calls, rules, initial_capital=1000.0)
    assert [f[1] for f in run.fills] == [5, -3, -2]
    assert run.orders["reduce_only"].tolist() == [False, False, True]


def test_a_short_target_where_shorts_are_not_allowed_closes_and_is_refused_for_the_rest() -> None:
    calls = {0: [target(0.5)], 1: [target(-0.5)], 2: [target(-0.5)]}
    run = play(bars_of(*FLAT), calls, SPOT, initial_capital=1000.0)
    assert run.fills == [(1, 5, 100, "open"), (2, -5, 100, "open")]
    assert run.ends == [
        "filled",
        "rejected no_short_selling",
        "filled",
        "rejected no_short_selling",
    ]


def test_a_target_that_is_no_number_does_not_close_the_position() -> None:
    """Once, NaN became the smallest integer and sold everything where shorts are not allowed."""
    run = play(bars_of(*FLAT), {0: [target(0.5)], 1: [target(math.nan)]}, SPOT)
    assert run.ends == ["filled", "rejected bad_qty"]
    assert run.held[-1] > 0


# -- volume ----------------------------------------------------------------------------------------

VOLUMES = [(100, 100, 100, 100, v) for v in (100, 50, 30, 0, 1e9)]


def test_room_comes_from_past_volume_only_and_the_rest_waits() -> None:
    run = play(bars_of(*VOLUMES), {0: [buy(25)]}, max_volume_share=0.1)
    # a tenth of the means of (100), (100, 50), (100, 50, 30): 10, 7, 6, and 45 -> 4, never the bar's own
    assert [f[:2] for f in run.fills] == [(1, 10), (2, 7), (3, 6), (4, 2)]
    assert run.ends == ["filled"]


def test_the_mean_is_over_the_last_twenty_bars() -> None:
    rows = [(100, 100, 100, 100, 1000)] + [(100, 100, 100, 100, 20)] * 22
    run = play(bars_of(*rows), {19: [buy(100)]}, max_volume_share=0.5)
    assert [f[:2] for f in run.fills] == [(20, 34), (21, 10), (22, 10)]  # (1000 + 19 * 20) / 20 / 2


def test_makers_and_takers_share_the_room_of_a_bar() -> None:
    bars = bars_of((100, 100, 100, 100, 80), (100, 100, 90, 100, 80), (100, 100, 100, 100, 80))
    run = play(bars, {0: [buy(5), buy(6, 95)]}, max_volume_share=0.1)
    assert run.fills == [(1, 5, 100, "open"), (1, 3, 95, "limit_touch")]


def test_what_does_not_fit_expires_for_ioc_and_altogether_for_fok() -> None:
    calls = {0: [buy(11, tif=FOK), buy(6, tif=IOC), buy(9, tif=IOC), buy(4, tif=FOK)]}
    run = play(bars_of(*VOLUMES), calls, max_volume_share=0.1)
    assert run.fills == [(1, 6, 100, "open"), (1, 4, 100, "open")]
    assert run.ends == [
        "expired fok_not_fillable", "filled", "expired ioc_remainder", "expired fok_not_fillable",
    ]  # fmt: skip


def test_an_instrument_that_never_trades_fills_nothing() -> None:
    still = [(100, 100, 100, 100, 0)] * 4
    run = play(bars_of(*still), {0: [buy(1), sell(1, 100)]}, max_volume_share=0.1)
    assert run.fills == []
    assert run.equity == [RICH] * 4


def test_a_room_of_more_lots_than_an_integer_holds_is_no_negative_room() -> None:
    """Once, a volume of 10^30 overflowed into a negative room."""
    rows = [(100, 100, 100, 100, 1e30)] * 3
    run = play(bars_of(*rows), {0: [buy(3)]}, max_volume_share=0.1)
    assert run.fills == [(1, 3, 100, "open")]


def test_a_room_that_rounding_leaves_just_below_a_lot_is_that_lot() -> None:
    tenth = PERP.replace(lot_size="0.1")
    rows = [(100, 100, 100, 100, v) for v in (0.1, 0.2, 0.3, 1.0)]
    run = play(bars_of(*rows), {2: [buy(100)]}, tenth, max_volume_share=1.0)
    assert run.fills == [(3, 2, 100, "open")]  # 0.6 / 3 = 0.2 (0.19999999999999998)


# -- slippage and fees -----------------------------------------------------------------------------


def test_fixed_slippage_is_a_fraction_of_the_reference() -> None:
    bars = bars_of(1000, 1000, 1000)
    run = play(bars, {0: [buy(1), sell(2)]}, slippage=SlippageModel.fixed(0.0125))
    assert [f[2] for f in run.fills] == [1013, 987]  # 1012.5 and 987.5, against the trader
    assert run.log["slippage"].tolist() == [13.0, 13.0]


def test_half_a_spread_is_paid_in_ticks() -> None:
    half = PERP.replace(tick_size="0.5")
    run = play(bars_of(*FLAT), {0: [buy(1)]}, half, slippage=SlippageModel.spread(1.5))
    assert run.fills == [(1, 1, 202, "open")]  # 200 + 1.5 ticks -> 202


def test_volatility_slippage_uses_the_returns_before_the_bar() -> None:
    closes = [10_000, 10_100, 9_900, 10_300, 10_000]
    bars = bars_of(*closes)
    returns = [math.log(b / a) for a, b in itertools.pairwise(closes[:4])]
    sigma = statistics.stdev(returns)  # three returns are known before the fifth bar
    run = play(bars, {3: [buy(1)]}, slippage=SlippageModel.volatility_scaled(2.0))
    assert run.fills == [(4, 1, math.ceil(10_000 * (1 + 2 * sigma)), "open")]


def test_sigma_is_zero_until_two_returns_are_known() -> None:
    """Once, a return of 0 was counted for the first bar, which has none."""
    closes = [100.0, 110.0, 99.0, 105.0, 104.0]
    returns = np.diff(np.log(closes))
    expected = [0.0, 0.0, 0.0, np.std(returns[:2], ddof=1), np.std(returns[:3], ddof=1)]
    assert past_sigma(np.array(closes)) == pytest.approx(expected)
    run = play(bars_of(100, 110, 99), {1: [buy(1)]}, slippage=SlippageModel.volatility_scaled(1.0))
    assert run.fills == [(2, 1, 99, "open")]


def test_sigma_and_volume_are_over_sixty_and_twenty_bars() -> None:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 150)))
    volume = rng.uniform(0, 9, 150)
    returns = np.diff(np.log(close))
    for row in (2, 3, 59, 60, 61, 62, 63, 149):
        known = returns[max(0, row - 61) : row - 1]
        sigma = np.std(known, ddof=1) if len(known) > 1 else 0.0
        assert past_sigma(close)[row] == pytest.approx(sigma, rel=1e-9)
        assert len(known) <= 60
        assert average_volume(volume)[row] == pytest.approx(volume[max(0, row - 20) : row].mean())


def test_impact_grows_with_the_square_root_of_the_quantity() -> None:
    closes = [10_000, 10_100, 9_900, 10_000]
    bars = bars_of(*[(c, c, c, c, 400) for c in closes])
    sigma = statistics.stdev([math.log(1.01), math.log(9900 / 10_100)])
    model = SlippageModel.square_root(1.5)
    run = play(bars, {2: [buy(100), sell(400)]}, slippage=model, initial_capital=1e9)
    paid = [math.ceil(10_000 * (1 + 1.5 * sigma * 0.5)), math.floor(10_000 * (1 - 1.5 * sigma))]
    assert [f[2] for f in run.fills] == paid


def test_impact_is_that_of_what_fits_in_the_room() -> None:
    closes = [10_000, 10_100, 9_900, 10_000]
    bars = bars_of(*[(c, c, c, c, 400) for c in closes])
    sigma = statistics.stdev([math.log(1.01), math.log(9900 / 10_100)])
    model = SlippageModel.square_root(1.5)
    run = play(bars, {2: [buy(900)]}, slippage=model, initial_capital=1e9, max_volume_share=0.25)
    assert run.fills == [(3, 100, math.ceil(10_000 * (1 + 1.5 * sigma * 0.5)), "open")]


def test_a_limit_bounds_a_takers_price_and_a_maker_has_no_slippage() -> None:
    bars = bars_of(100, (100, 100, 90, 100), 100)
    model = SlippageModel.fixed(0.05)
    run = play(bars, {0: [buy(1, 102), buy(2, 110), buy(3, 95)]}, slippage=model)
    assert [f[1:3] for f in run.fills] == [(1, 102), (2, 105), (3, 95)]


def test_fees_are_the_makers_for_limits_that_rested_and_the_takers_for_all_else() -> None:
    rules = PERP.replace(maker_fee=-0.0005, taker_fee=0.001, multiplier=10, lot_size="0.5")
    bars = bars_of(100, (100, 104, 90, 100), 100)
    calls = {0: [buy(4), buy(2, 101), buy(2, 95), send(SELL, 2, STOP, trigger=92)]}
    run = play(bars, calls, rules)
    # value of a lot: price * 0.5 * 10
    assert run.log["fee"].tolist() == pytest.approx(
        [0.001 * 100 * 20, 0.001 * 100 * 10, 0.001 * 92 * 10, -0.0005 * 95 * 10]
    )
    assert run.log["is_maker"].tolist() == [False, False, False, True]


# -- means -----------------------------------------------------------------------------------------


def test_a_fill_is_cut_to_what_leverage_and_the_fee_allow() -> None:
    rules = PERP.replace(taker_fee=0.01)
    run = play(bars_of(90, 100, 100), {0: [buy(10)]}, rules, initial_capital=1000.0)
    # q * 100 * 1.01 <= 1000 -> 9
    assert run.fills == [(1, 9, 100, "open")]
    assert run.ends == ["canceled max_leverage"]


def test_leverage_counts_the_fee_as_often_as_it_multiplies_equity() -> None:
    rules = PERP.replace(taker_fee=0.01)
    limits = _with(RiskLimits.off(), max_leverage=3.0)
    run = play(bars_of(90, 100, 100), {0: [buy(30)]}, rules, limits=limits, initial_capital=1000.0)
    # q * 100 <= 3 * (1000 - q) -> q * 103 <= 3000 -> 29
    assert run.fills == [(1, 29, 100, "open")]


def test_an_order_larger_than_cash_is_refused_or_cut_but_never_borrowed_for() -> None:
    run = play(bars_of(100, 100, 100), {0: [buy(11), buy(10)]}, initial_capital=1000.0)
    assert run.ends == ["rejected max_leverage", "filled"]
    assert float(run.market.context["cash"][0]) == 0.0


def test_the_second_fill_of_a_bar_knows_what_the_first_cost() -> None:
    """Once, means were reckoned from equity at the last close, without fees and prices paid since."""
    rules = PERP.replace(taker_fee=0.1)
    run = play(bars_of(50, 100, 100), {0: [buy(5), buy(5)]}, rules, initial_capital=1000.0)
    # 5 * 100 + 50 fee; then q * 110 <= 450 -> 4
    assert [f[1] for f in run.fills] == [5, 4]
    assert float(run.market.context["cash"][0]) == pytest.approx(10.0)


def test_a_maker_pays_its_own_fee_in_the_reckoning() -> None:
    """Once, the taker's fee was reckoned for makers too, which let a dearer maker overdraw."""
    rules = PERP.replace(taker_fee=0.0, maker_fee=0.05)
    run = play(bars_of(90, 90, (90, 90, 80, 90)), {1: [buy(10, 85)]}, rules, initial_capital=850.0)
    assert run.fills == [(2, 9, 85, "limit_touch")]  # 10 * 85 * 1.05 > 850
    assert float(run.market.context["cash"][0]) >= 0.0


def test_a_rebate_pays_for_nothing_in_advance() -> None:
    rules = PERP.replace(taker_fee=-0.1)
    run = play(bars_of(90, 100, 100), {0: [buy(11)]}, rules, initial_capital=1000.0)
    assert run.fills == [(1, 10, 100, "open")]


def test_a_fok_that_means_would_cut_fills_nothing() -> None:
    """Once, a FOK was filled in part where leverage cut it."""
    run = play(bars_of(90, 100, 100), {0: [buy(11, tif=FOK)]}, initial_capital=1000.0)
    assert run.fills == []
    assert run.ends == ["expired fok_not_fillable"]


def test_a_turn_closes_whole_and_opens_what_means_allow() -> None:
    calls = {0: [buy(10)], 1: [sell(20)]}
    run = play(bars_of(100, 100, 80, 90), calls, initial_capital=1000.0)
    # 10 are sold at 80: 800 are left; 800 / 80 = 10 more, all of it
    assert [f[1] for f in run.fills] == [10, -20]
    run = play(bars_of(100, 100, 120, 90), calls, initial_capital=1000.0)
    assert [f[1] for f in run.fills] == [10, -20]  # 1200 / 120 = 10
    fee = PERP.replace(taker_fee=0.05)
    run = play(bars_of(100, 100, 100), {0: [buy(9)], 1: [sell(18)]}, fee, initial_capital=1000.0)
    # cash 1000 - 945 = 55; 9 sold: 55 + 900 - 45 = 910; q * 105 <= 910 -> 8
    assert [f[1] for f in run.fills] == [9, -17]
    assert run.ends[1] == "canceled max_leverage"


def test_a_position_that_is_only_reduced_needs_no_means() -> None:
    limits = _with(RiskLimits.off(), max_leverage=5.0)
    bars = bars_of(100, 100, 85, 70, 70)
    calls = {0: [buy(50)], 2: [sell(20)]}
    run = play(bars, calls, limits=limits, initial_capital=1000.0)
    assert [f[1] for f in run.fills][:2] == [50, -20]
    assert run.equity[2] == pytest.approx(1000 - 50 * 15)


def test_spot_is_never_sold_short() -> None:
    calls = {0: [sell(1), buy(5)], 1: [sell(6), sell(5), send(SELL, 3, STOP, trigger=95)]}
    run = play(bars_of(100, 100, 100, 90), calls, SPOT)
    assert run.fills == [(1, 5, 100, "open"), (2, -5, 100, "open")]
    assert run.ends == ["rejected no_short_selling", "filled", "rejected no_short_selling", "filled",
                        "rejected no_short_selling"]  # fmt: skip


def test_a_sale_that_would_end_below_zero_meanwhile_is_cut() -> None:
    """Once, it was cut with `max_leverage` as the reason."""
    limits = _with(RiskLimits.off(), stop_loss_pct=0.05)
    calls = {0: [buy(5)], 1: [sell(5, 110)]}
    run = play(
        bars_of(100, 100, (100, 100, 94, 94), (112, 112, 112, 112)), calls, SPOT, limits=limits
    )
    assert run.fills == [(1, 5, 100, "open"), (2, -5, 95, "risk_stop_loss")]
    assert run.ends == ["filled", "filled", "canceled no_short_selling"]


def test_reduce_only_fills_at_most_the_position() -> None:
    calls = {0: [buy(5)], 1: [sell(8, reduce_only=True), sell(1, 120, reduce_only=True)]}
    run = play(bars_of(100, 100, 100, 120, 100), calls)
    assert run.fills == [(1, 5, 100, "open"), (2, -5, 100, "open")]
    assert run.ends == ["filled", "expired reduced_to_zero", "expired reduced_to_zero"]
    assert run.orders["ts_done"].tolist()[1:] == [2 * HOUR, 3 * HOUR]


def test_a_reduce_only_fok_larger_than_the_position_expires() -> None:
    run = play(bars_of(*FLAT), {0: [buy(5)], 1: [sell(8, reduce_only=True, tif=FOK)]})
    assert run.ends == ["filled", "expired fok_not_fillable"]


def test_orders_still_working_at_the_end_expire_and_positions_stay() -> None:
    run = play(bars_of(100, 100, 110), {0: [buy(5), buy(1, 50)], 2: [sell(5)]})
    assert run.ends == ["filled", "expired end_of_data", "expired end_of_data"]
    assert run.held == [0, 5, 5]
    assert run.equity[-1] == RICH + 50


def _with(limits: RiskLimits, **changes: object) -> RiskLimits:
    return dataclasses.replace(limits, **changes)  # type: ignore[arg-type]


def test_an_inverse_contract_is_counted_in_coins() -> None:
    """50 contracts of 10 USD are 5 coins at 100, 4 at 125: 1 is won, 0.1 % paid."""
    rules = PERP.replace(symbol="BTCUSD_PERP", inverse=True, multiplier=10, taker_fee=0.001)
    calls = {0: [buy(50)], 1: [sell(50)]}
    run = play([bars_of(100, 100, 125)], calls, rules, initial_capital=10.0)
    assert run.fills == [(1, 50, 100, "open"), (2, -50, 125, "open")]
    assert run.log["fee"].tolist() == pytest.approx([0.005, 0.004])
    assert float(run.market.equity[-1]) == pytest.approx(10.0 + 1.0 - 0.009, rel=1e-14)


def test_a_cheaper_coin_makes_a_contract_dearer() -> None:
    """10 coins buy 100 contracts of 10 USD at 100; at the open of 80 each costs 0.125: 80 fit."""
    rules = PERP.replace(symbol="BTCUSD_PERP", inverse=True, multiplier=10)
    run = play([bars_of(100, 80)], {0: [buy(100)]}, rules, initial_capital=10.0)
    assert run.fills == [(1, 80, 80, "open")]
    assert run.ends == ["canceled max_leverage"]
