"""Sentence by sentence of docs/models/bars.md: the open, within the bar, protection, breakers."""

import dataclasses
from typing import Any

import pytest
from hand import (
    BUY,
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
    TAKE_PROFIT_LIMIT,
    bars_of,
    buy,
    play,
    sell,
    send,
)

from hftsim.risk import RiskLimits
from hftsim.sim.slippage import SlippageModel

OFF = RiskLimits.off()


def limits(**changes: Any) -> RiskLimits:
    return dataclasses.replace(OFF, **changes)


# -- at the open -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "opened", "expected"),
    [
        (send(BUY, 1, STOP, trigger=104), 103, []),
        (send(BUY, 1, STOP, trigger=104), 104, [(1, 1, 105, "stop_at_open")]),
        (send(BUY, 1, STOP, trigger=104), 110, [(1, 1, 111, "stop_at_open")]),
        (send(SELL, 1, STOP, trigger=96), 97, []),
        (send(SELL, 1, STOP, trigger=96), 90, [(1, -1, 89, "stop_at_open")]),
        (send(SELL, 1, TAKE_PROFIT, trigger=104), 106, [(1, -1, 105, "take_profit_at_open")]),
        (send(BUY, 1, TAKE_PROFIT, trigger=96), 90, [(1, 1, 91, "take_profit_at_open")]),
        (send(BUY, 1, TAKE_PROFIT, trigger=96), 97, []),
        (send(BUY, 1, STOP_LIMIT, trigger=104, price=106), 104, [(1, 1, 105, "limit_at_open")]),
        (send(BUY, 1, STOP_LIMIT, trigger=104, price=106), 106, [(1, 1, 106, "limit_at_open")]),
        (send(BUY, 1, STOP_LIMIT, trigger=104, price=106), 107, []),
        (send(SELL, 1, STOP_LIMIT, trigger=96, price=95), 95, [(1, -1, 95, "limit_at_open")]),
        (
            send(SELL, 1, TAKE_PROFIT_LIMIT, trigger=104, price=102),
            105,
            [(1, -1, 104, "limit_at_open")],
        ),
        (send(BUY, 1, TAKE_PROFIT_LIMIT, trigger=96, price=90), 95, []),
        (buy(1, 100), 101, []),
        (buy(1, 100), 100, [(1, 1, 100, "limit_at_open")]),
        (buy(1, 100), 97, [(1, 1, 98, "limit_at_open")]),
        (sell(1, 100), 105, [(1, -1, 104, "limit_at_open")]),
    ],
)
def test_what_happens_at_the_open(order: Any, opened: int, expected: list[Any]) -> None:
    run = play(bars_of(100, opened), {0: [order]}, slippage=SlippageModel.spread(1.0))
    assert run.fills == expected
    assert not run.log["is_maker"].any()


def test_a_stop_gapped_through_fills_at_the_open_not_at_its_trigger() -> None:
    calls = {0: [buy(5)], 1: [send(SELL, 5, STOP, trigger=95, reduce_only=True)]}
    run = play(bars_of(100, 100, (80, 90, 70, 85)), calls)
    assert run.fills[1] == (2, -5, 80, "stop_at_open")


def test_a_limit_that_rested_fills_at_its_own_price_as_a_maker() -> None:
    run = play(bars_of(100, 100, (90, 95, 85, 90)), {0: [buy(2, 97), buy(1, 98)]})
    assert run.fills == [(2, 2, 97, "limit_at_open"), (2, 1, 98, "limit_at_open")]
    assert run.log["is_maker"].all()


def test_a_limit_made_by_an_earlier_bars_trigger_has_rested() -> None:
    order = send(BUY, 1, STOP_LIMIT, trigger=103, price=101)
    run = play(bars_of(100, (102, 104, 102, 102), (95, 96, 94, 95)), {0: [order]})
    assert run.fills == [(2, 1, 101, "limit_at_open")]
    assert run.log["is_maker"].all()


def test_gtx_that_would_take_is_cancelled_and_rests_otherwise() -> None:
    calls = {0: [buy(1, 100, tif=GTX), buy(1, 99, tif=GTX), sell(1, 101, tif=GTX)]}
    run = play(bars_of(100, (100, 100, 99, 99)), calls)
    assert run.ends == ["canceled would_take", "filled", "expired end_of_data"]
    assert run.fills == [(1, 1, 99, "limit_touch")]


def test_ioc_and_fok_live_for_one_open() -> None:
    calls = {0: [buy(1, 90, tif=IOC), buy(1, 90, tif=FOK), buy(1, 100, tif=IOC), buy(1, 100, tif=FOK),
                 send(BUY, 1, STOP, trigger=105, tif=IOC)]}  # fmt: skip
    run = play(bars_of(100, (100, 110, 80, 100)), calls)
    assert run.ends == [
        "expired ioc_remainder", "expired fok_not_fillable", "filled", "filled", "expired ioc_remainder",
    ]  # fmt: skip


def test_orders_are_handled_in_order_of_arrival() -> None:
    run = play(bars_of(100, 100), {0: [buy(6), buy(6), buy(1)]}, initial_capital=1000.0)
    assert run.ends == ["filled", "rejected max_leverage", "filled"]
    run = play(bars_of(50, 100, 100), {0: [buy(6), buy(6), buy(1)]}, initial_capital=1000.0)
    assert [f[1] for f in run.fills] == [6, 4]
    assert run.ends == ["filled", "canceled max_leverage", "canceled max_leverage"]


# -- within the bar --------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("intrabar", ["worst", "ohlc"])


@BOTH
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (buy(1, 96), [(1, 1, 96, "limit_touch")]),
        (buy(1, 95), [(1, 1, 95, "limit_touch")]),
        (buy(1, 94), []),
        (sell(1, 105), [(1, -1, 105, "limit_touch")]),
        (sell(1, 106), []),
        (send(BUY, 1, STOP, trigger=103), [(1, 1, 104, "stop")]),
        (send(SELL, 1, STOP, trigger=96), [(1, -1, 95, "stop")]),
        (send(SELL, 1, STOP, trigger=94), []),
        (send(SELL, 1, TAKE_PROFIT, trigger=105), [(1, -1, 104, "take_profit")]),
        (send(BUY, 1, TAKE_PROFIT, trigger=95), [(1, 1, 96, "take_profit")]),
        (send(BUY, 1, STOP_LIMIT, trigger=103, price=103), [(1, 1, 103, "stop")]),
        (send(BUY, 1, STOP_LIMIT, trigger=103, price=110), [(1, 1, 104, "stop")]),
        (send(SELL, 1, STOP_LIMIT, trigger=97, price=95), [(1, -1, 96, "stop")]),
        (send(SELL, 1, TAKE_PROFIT_LIMIT, trigger=104, price=100), [(1, -1, 103, "take_profit")]),
        (send(SELL, 1, TAKE_PROFIT_LIMIT, trigger=104, price=106), []),
    ],
)
def test_what_is_reached_within_a_bar(order: Any, expected: list[Any], intrabar: str) -> None:
    bars = bars_of(100, (100, 105, 95, 101))
    run = play(bars, {0: [order]}, slippage=SlippageModel.spread(1.0), intrabar=intrabar)
    assert run.fills == expected
    assert (run.log["is_maker"] == [f[3] == "limit_touch" for f in expected]).all()


@BOTH
def test_gtx_that_its_trigger_makes_marketable_is_cancelled(intrabar: str) -> None:
    """Once, a post-only stop-limit took within the bar."""
    order = send(BUY, 1, STOP_LIMIT, trigger=103, price=104, tif=GTX)
    run = play(bars_of(100, (100, 105, 95, 101)), {0: [order]}, intrabar=intrabar)
    assert run.ends == ["canceled would_take"]


def test_a_limit_made_within_the_bar_waits_for_the_next_unless_the_path_is_known() -> None:
    """Once, a stop-limit beyond its trigger filled where the price had been before the trigger."""
    order = send(SELL, 5, STOP_LIMIT, trigger=95, price=97, reduce_only=True)
    bars = bars_of(100, 100, (99, 99, 90, 90), (89, 92, 85, 86))
    worst = play(bars, {0: [buy(5)], 1: [order]})
    assert worst.fills == [(1, 5, 100, "open")]
    falling = play(bars, {0: [buy(5)], 1: [order]}, intrabar="ohlc")
    assert falling.fills == [(1, 5, 100, "open")]
    bars = bars_of(100, 100, (99, 99, 90, 98))
    rising = play(bars, {0: [buy(5)], 1: [order]}, intrabar="ohlc")
    assert rising.fills[1:] == [(2, -5, 97, "limit_touch")]
    assert play(bars, {0: [buy(5)], 1: [order]}).fills[1:] == []


HELD = {0: [buy(5)], 1: [
    send(SELL, 5, LIMIT, price=105, reduce_only=True), send(SELL, 5, STOP, trigger=95, reduce_only=True),
]}  # fmt: skip


def test_when_stop_and_target_lie_in_one_bar_the_stop_is_taken() -> None:
    run = play(bars_of(100, 100, (100, 106, 94, 100), 100, 105), HELD)
    assert run.fills[1:] == [(2, -5, 95, "stop")]


def test_on_the_path_open_high_low_close_the_target_comes_first() -> None:
    run = play(bars_of(100, 100, (100, 106, 94, 100), 100), HELD, intrabar="ohlc")
    assert run.fills[1:] == [(2, -5, 105, "limit_touch")]
    assert run.ends[2] == "expired reduced_to_zero"


def test_a_target_is_skipped_in_the_bar_within_which_the_position_grew() -> None:
    calls = {0: [buy(1)], 1: [buy(4, 96), send(SELL, 5, LIMIT, price=103, reduce_only=True)]}
    bars = bars_of(100, 100, (100, 104, 95, 100), (100, 103, 100, 103))
    assert play(bars, calls).fills[1:] == [(2, 4, 96, "limit_touch"), (3, -5, 103, "limit_touch")]


def test_a_target_is_not_skipped_if_the_position_grew_at_the_open() -> None:
    """Once, an entry stop triggered by the open counted as a fill within the bar."""
    protected = limits(take_profit_pct=0.05)
    bars = bars_of(100, (104, 112, 103, 110), 110)
    run = play(bars, {0: [send(BUY, 5, STOP, trigger=102)]}, limits=protected)
    assert run.fills == [(1, 5, 104, "stop_at_open"), (1, -5, 110, "risk_take_profit")]


def test_a_target_is_skipped_in_the_bar_within_which_the_position_turned() -> None:
    """Once, only a larger position counted, not one that turned to the other side."""
    protected = limits(take_profit_pct=0.05)
    calls = {0: [buy(5)], 1: [sell(8, 104)]}
    bars = bars_of(100, 100, (100, 104, 98, 100), (99, 99, 99, 99), 99)
    run = play(bars, calls, limits=protected)
    # short 3 at 104, target 104 * 0.95 -> 98: the low of 98 may have come before
    assert run.fills == [
        (1, 5, 100, "open"), (2, -8, 104, "limit_touch"),
    ]  # fmt: skip
    run = play(bars_of(100, 100, (100, 104, 98, 100), 98), calls, limits=protected)
    assert run.fills[2:] == [(3, 3, 98, "risk_take_profit")]


def test_the_stop_of_a_position_opened_within_the_bar_is_taken_in_it() -> None:
    protected = limits(stop_loss_pct=0.02)
    run = play(bars_of(100, (100, 100, 93, 99)), {0: [buy(5, 98)]}, limits=protected)
    assert run.fills == [(1, 5, 98, "limit_touch"), (1, -5, 96, "risk_stop_loss")]


def test_two_plain_limits_in_one_bar_both_fill() -> None:
    run = play(bars_of(100, (100, 105, 95, 100)), {0: [buy(5, 96), sell(5, 104)]})
    assert [f[1:3] for f in run.fills] == [(5, 96), (-5, 104)]


def test_the_path_meets_orders_in_the_order_of_their_levels() -> None:
    calls = {
        0: [sell(1, 104), sell(2, 102), buy(3, 95), buy(4, 98), send(BUY, 5, STOP, trigger=103)]
    }
    run = play(bars_of(100, (100, 105, 94, 100)), calls, intrabar="ohlc")
    assert [f[1] for f in run.fills] == [-2, 5, -1, 4, 3]


def test_orders_made_on_the_path_take_part_from_there_on() -> None:
    protected = limits(stop_loss_pct=0.05, take_profit_pct=0.02)
    calls = {0: [send(BUY, 5, STOP, trigger=102)]}
    run = play(bars_of(100, (100, 104, 95, 96)), calls, limits=protected, intrabar="ohlc")
    assert run.fills[1:] == [(1, -5, 96, "risk_stop_loss")]  # 102 * 1.02 -> 105 is never reached
    run = play(bars_of(100, (100, 105, 95, 96)), calls, limits=protected, intrabar="ohlc")
    assert run.fills[1:] == [(1, -5, 105, "risk_take_profit")]


def test_a_used_up_room_does_not_keep_a_stop_further_on_from_triggering() -> None:
    """Once, the walk ended at a limit without room, and the stop beyond it stayed untouched."""
    rows = [
        (100, 100, 100, 100, 10),
        (100, 100, 100, 100, 10),
        (100, 100, 90, 98, 10),
        (98, 98, 98, 98, 10),
    ]
    calls = {0: [buy(5)], 1: [buy(50, 97), send(SELL, 5, STOP, trigger=94, reduce_only=True)]}
    run = play(bars_of(*rows), calls, intrabar="ohlc", max_volume_share=1.0)
    # 10 of the 50 fill at 97 and use the room up; the stop triggers at 94 and sells at the next open
    assert run.fills[1:] == [(2, 10, 97, "limit_touch"), (3, -5, 98, "open")]


def test_without_a_volume_limit_a_stop_limit_that_rests_does_not_end_the_walk() -> None:
    """Once it did: the unlimited room was kept as 0."""
    calls = {0: [send(BUY, 1, STOP_LIMIT, trigger=102, price=90), sell(2, 104)]}
    run = play(bars_of(100, (100, 105, 95, 100)), calls, intrabar="ohlc")
    assert run.fills == [(1, -2, 104, "limit_touch")]


def test_a_triggered_stop_without_room_goes_on_as_a_market_order() -> None:
    rows = [
        (100, 100, 100, 100, 10),
        (100, 100, 100, 100, 2),
        (100, 100, 90, 91, 4),
        (92, 92, 92, 92, 9),
    ]
    calls = {0: [buy(10)], 1: [send(SELL, 10, STOP, trigger=95)]}
    run = play(bars_of(*rows), calls, max_volume_share=1.0)
    # means of (10), (10, 2), (10, 2, 4): 10, 6, 5 lots
    assert run.fills == [(1, 10, 100, "open"), (2, -6, 95, "stop"), (3, -4, 92, "open")]


# -- protection ------------------------------------------------------------------------------------


def test_protective_orders_stand_at_the_average_price_and_follow_the_position() -> None:
    protected = limits(stop_loss_pct=0.02, take_profit_pct=0.061)
    calls = {0: [buy(4)], 1: [buy(4)], 2: [sell(3)], 3: [sell(5)]}
    run = play(bars_of(200, 200, 210, 207, 207), calls, limits=protected)
    # average 205: stop 200.9 -> 200, target 217.505 -> 218; they end with the position
    assert run.triggers[1:3] == [200, 218]
    assert run.ends == ["filled", *["canceled reduced_to_zero"] * 2, "filled", "filled", "filled"]
    assert run.orders["qty"].tolist()[1:3] == [5, 5]


def test_protection_of_a_short_is_mirrored_and_a_turn_makes_new_ones() -> None:
    protected = limits(stop_loss_pct=0.02, take_profit_pct=0.05)
    run = play(bars_of(100, 100, 99, 99), {0: [buy(4)], 1: [sell(7)]}, limits=protected)
    # short 3 at 99: stop 100.98 -> 101, target 94.05 -> 94
    assert run.orders["side"].tolist() == [1, -1, -1, -1, 1, 1]
    assert run.triggers == [0, 98, 105, 0, 101, 94]
    assert run.ends[1:3] == ["canceled reduced_to_zero"] * 2


def test_a_protective_level_that_rounding_moves_off_a_tick_is_on_it() -> None:
    """Once, a tenth above 50 came to 55.00000000000001 and the target to 56."""
    assert 50 * 1.1 > 55
    run = play(bars_of(50, 50, 50), {0: [buy(1)]}, limits=limits(take_profit_pct=0.1))
    assert run.triggers[1] == 55


@BOTH
def test_a_stop_that_a_gap_has_passed_fills_at_the_market_not_at_its_level(intrabar: str) -> None:
    """Once, the stop of an entry gapped through sold at its level, above every price of the bar."""
    protected = limits(stop_loss_pct=0.02)
    bars = bars_of(110, 110, (90, 91, 85, 91), 91)
    run = play(bars, {0: [buy(5, 100)]}, limits=protected, intrabar=intrabar)
    # filled at 100 as the price fell through it; the market then is 90, not 98
    assert run.fills == [(2, 5, 100, "limit_at_open"), (2, -5, 90, "risk_stop_loss")]


@BOTH
def test_a_stop_at_the_market_stays_there_when_the_position_shrinks(intrabar: str) -> None:
    protected = limits(stop_loss_pct=0.02)
    bars = bars_of(110, 110, (90, 91, 85, 91), 91)
    calls = {0: [buy(5, 100)], 1: [sell(2)]}
    run = play(bars, calls, limits=protected, intrabar=intrabar)
    # 5 bought at 100, 2 sold at the open of 90, the stop of the others stays at 90 (not 98)
    assert run.fills == [
        (2, 5, 100, "limit_at_open"),
        (2, -2, 90, "open"),
        (2, -3, 90, "risk_stop_loss"),
    ]


@BOTH
def test_a_stop_that_slippage_has_passed_is_set_at_the_market(intrabar: str) -> None:
    protected = limits(stop_loss_pct=0.01)
    run = play(bars_of(100, (100, 104, 95, 100), 100), {0: [buy(5)]}, limits=protected,
               slippage=SlippageModel.fixed(0.03), intrabar=intrabar)  # fmt: skip
    # bought at 103, stop 101.97 -> 101 is above the market of 100: sold from 100 at 97
    assert run.fills == [(1, 5, 103, "open"), (1, -5, 97, "risk_stop_loss")]


def test_protection_that_is_triggered_stays_so_when_the_position_grows() -> None:
    protected = limits(stop_loss_pct=0.05)
    rows = [
        (100, 100, 100, 100, 10),
        (100, 100, 100, 100, 4),
        (100, 100, 90, 90, 1),
        (91, 91, 91, 91, 1),
    ]
    calls = {0: [buy(10)]}
    run = play(bars_of(*rows, 91, 91), calls, limits=protected, max_volume_share=1.0)
    # room 10, 7, 5: the stop at 95 sells 7, the other 3 at the next open
    assert run.fills == [
        (1, 10, 100, "open"),
        (2, -7, 95, "risk_stop_loss"),
        (3, -3, 91, "risk_stop_loss"),
    ]


# -- breakers --------------------------------------------------------------------------------------


def test_the_drawdown_breaker_cancels_closes_and_refuses_for_good() -> None:
    calls = {0: [buy(10)], 1: [buy(1, 50)], 3: [buy(1), sell(1, 1)], 4: [buy(1)], 30: [buy(1)]}
    bars = bars_of(100, 100, 89, (88, 95, 88, 90), *[90] * 30)
    run = play(bars, calls, limits=limits(max_drawdown_pct=0.1), initial_capital=1000.0)
    assert run.fills == [(1, 10, 100, "open"), (3, -10, 88, "risk_halt")]
    assert run.ends == [
        "filled", "canceled drawdown_breaker", "filled", *["rejected drawdown_breaker"] * 4,
    ]  # fmt: skip
    assert run.orders["reduce_only"].tolist()[2] is True
    assert int(run.market.context["halted_at"][0]) == 3 * run.market.interval


def test_a_breaker_allows_what_reduces_the_position_and_nothing_beyond() -> None:
    """Once, a sale that fitted the position when it was sent went short behind the breaker's own."""
    rows = [(p, p, p, p, 8) for p in (100, 100, 80, 80, 80)]
    calls = {0: [buy(8)], 2: [sell(3), sell(9), sell(2, reduce_only=True)]}
    run = play(bars_of(*rows), calls, limits=limits(max_drawdown_pct=0.1), initial_capital=1000.0)
    assert run.fills == [(1, 8, 100, "open"), (3, -8, 80, "risk_halt")]
    assert run.ends[2:] == [
        "canceled drawdown_breaker", "rejected drawdown_breaker", "expired reduced_to_zero",
    ]  # fmt: skip


def test_a_daily_loss_halts_until_the_next_sessions_first_close() -> None:
    rows = [100] * 22 + [94, 94] + [94] * 3
    calls = {0: [buy(10)], 22: [buy(1)], 23: [buy(2)], 24: [buy(3)]}
    run = play(
        bars_of(*rows), calls, limits=limits(max_daily_loss_pct=0.05), initial_capital=1000.0
    )
    assert [f[:2] for f in run.fills] == [(1, 10), (23, -10), (25, 3)]
    assert run.ends == ["filled", "filled", *["rejected daily_loss"] * 2, "filled"]


def test_a_gap_at_the_opening_counts_as_the_sessions_loss() -> None:
    rows = [100] * 24 + [94] * 3
    calls = {0: [buy(10)], 24: [buy(1)]}
    run = play(
        bars_of(*rows), calls, limits=limits(max_daily_loss_pct=0.05), initial_capital=1000.0
    )
    assert run.fills == [(1, 10, 100, "open"), (25, -10, 94, "risk_halt")]
    assert run.ends[-1] == "rejected daily_loss"


def test_the_daily_loss_is_measured_across_time_zones_by_one_day() -> None:
    """Once, instruments of two zones took turns in beginning the session, and no loss added up."""
    new_york = "America/New_York"  # its day begins at 05:00 UTC
    rows = [100, 100, 99, 98, 97, 96, 95, 94, 93]
    both = [
        bars_of(*rows, at=24 * 3_600_000_000_000),
        bars_of(*rows, at=24 * 3_600_000_000_000, zone=new_york),
    ]
    both[1] = both[1][::2]
    run = play(both, {0: [buy(10)]}, PERP, OTHER, limits=limits(max_daily_loss_pct=0.03),
               initial_capital=1000.0, zones=("UTC", new_york))  # fmt: skip
    assert [f[1:] for f in run.fills] == [(10, 100, "open"), (-10, 96, "risk_halt")]


def test_a_graver_breaker_takes_over() -> None:
    both = limits(max_daily_loss_pct=0.05, max_drawdown_pct=0.2, max_leverage=5.0)
    rows = [(p, p, p, p, 4) for p in [100] * 21 + [97, 80, 80] + [80] * 20]
    calls = {0: [buy(20)], 40: [buy(1)]}
    run = play(bars_of(*rows), calls, limits=both, initial_capital=1000.0, max_volume_share=1.0)
    # 20 lots take bars 1 to 5 (4 a bar). -60 at 97 is 6 % of the day, -364 (16 lots at 80, 4 sold at
    # 80 first) more than a fifth
    assert run.fills[:6] == [(k, 4, 100, "open") for k in range(1, 6)] + [(22, -4, 80, "risk_halt")]
    assert run.ends == [
        "filled", "canceled drawdown_breaker", "filled", "rejected drawdown_breaker",
    ]  # fmt: skip


def test_a_wiped_out_account_closes_what_it_can_and_ends() -> None:
    wide = limits(max_leverage=5.0)
    calls = {0: [buy(50)], 2: [sell(60)], 3: [buy(1)]}
    run = play(bars_of(100, 100, 70, 69, 69), calls, limits=wide, initial_capital=1000.0)
    assert run.fills == [(1, 50, 100, "open"), (3, -50, 69, "risk_halt")]
    assert run.ends[2:] == ["rejected account_wiped_out"] * 2
    assert run.equity[-1] == 1000 - 50 * 31


def test_constant_prices_and_no_orders_change_nothing() -> None:
    run = play(bars_of(*[100] * 5), {})
    assert run.equity == [RICH] * 5
    run = play(bars_of(*[100] * 5), {0: [buy(3)], 2: [sell(3)]}, SPOT)
    assert run.equity == [RICH] * 5
