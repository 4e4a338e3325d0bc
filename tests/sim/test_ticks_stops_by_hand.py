"""Stops, take-profits and DAY orders on ticks, worked out by hand; the twin plays each as well."""

from typing import Any

import pytest
from test_ticks_by_hand import BOOK, GTX, IOC, MS, T0, at, ends, fills, limit, play
from tick_words import ASK, BID, MACHINE, VENUE, K, Row, T

from hftsim.sim.latency import LatencyModel

DAY = 4
BUY, SELL = 1, -1
FLAGS = VENUE | MACHINE
MIDNIGHT = 6_400_000
"""How many ms after T0 the day ends."""


def stop(
    side: int, trigger: int, qty: int = 1, type: int = T.STOP, **more: Any
) -> tuple[str, dict[str, Any]]:
    return "send", {"side": side, "qty": qty, "type": type, "trigger": trigger, **more}


def trade(ms: float, price: int, side: int = 0) -> Row:
    return at(ms, K.TRADE, side, price, 1)


# -- what triggers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "side", "trigger", "before"),
    [
        (T.STOP, BUY, 105, 104),
        (T.STOP, SELL, 97, 98),
        (T.TAKE_PROFIT, SELL, 105, 104),
        (T.TAKE_PROFIT, BUY, 97, 98),
    ],
)
def test_the_trade_at_the_trigger_lets_a_stop_take_the_book(
    type: int, side: int, trigger: int, before: int
) -> None:
    """The trade one tick short does nothing; the one at the trigger does, without another latency."""
    rows = [*BOOK, trade(200, before), trade(300, trigger)]
    market = play(rows, {1: [stop(side, trigger, 3, type)]})
    word = "stop" if type == T.STOP else "take_profit"
    assert fills(market) == [(300.0, 3 * side, 102 if side == BUY else 100, word)]
    assert market.orders["triggered"][0]
    assert int(market.fills["waited"][0]) == 0
    assert int(market.fills["ts_recv"][0]) == T0 + 310 * MS


def test_a_stop_beyond_its_trigger_on_arrival_is_active_at_once() -> None:
    """The last trade, at 50 ms, was at 106; the order of 100 ms arrives at 110."""
    market = play([*BOOK, trade(50, 106)], {1: [stop(BUY, 105)], 2: [stop(SELL, 105)]})
    assert fills(market) == [(110.0, 1, 102, "stop")]
    assert ends(market) == ["filled", "expired end_of_data"]


def test_without_any_trade_yet_a_stop_waits() -> None:
    rows = [*BOOK, at(150, K.DEPTH, ASK, 102, 0), at(150, K.DEPTH, ASK, 110, 5), trade(200, 109)]
    market = play(rows, {1: [stop(BUY, 105)]})
    assert fills(market) == [(200.0, 1, 110, "stop")]


def test_in_data_without_trades_the_best_prices_trigger() -> None:
    """A buy looks at the ask, a sell at the bid, after all rows of a time: 103 is never alone there."""
    rows = [
        *BOOK,
        at(200, K.DEPTH, ASK, 102, 0, flags=FLAGS),
        at(200, K.DEPTH, ASK, 105, 5, flags=FLAGS),
        at(200, K.DEPTH, ASK, 102, 5),
        at(300, K.DEPTH, ASK, 102, 0),
        at(400, K.DEPTH, BID, 104, 2),
    ]
    script = {1: [stop(BUY, 103), stop(SELL, 104, type=T.TAKE_PROFIT)]}
    market = play(rows, script)
    assert fills(market) == [(300.0, 1, 105, "stop"), (400.0, -1, 104, "take_profit")]
    market = play(rows, {1: [stop(BUY, 101)]})
    assert fills(market) == [(110.0, 1, 102, "stop")]


def test_stops_come_in_after_all_rows_of_their_time_and_in_order_of_arrival() -> None:
    """All of them take the ask of 108 that came with the trades; a request of that time comes later."""
    rows = [
        *BOOK,
        trade(310, 104),
        trade(310, 106),
        trade(310, 101),
        at(310, K.DEPTH, ASK, 102, 0),
        at(310, K.DEPTH, ASK, 108, 9),
    ]
    script = {1: [stop(BUY, 106, 1), stop(BUY, 104, 2)], 3: [("cancel", 0), limit(1, 108, 3)]}
    market = play(rows, script)
    assert fills(market) == [
        (310.0, 1, 108, "stop"),
        (310.0, 2, 108, "stop"),
        (310.0, 3, 108, "taker_walk"),
    ]


def test_executions_by_order_print_too_even_of_hidden_orders() -> None:
    rows = [at(0, K.ADD, BID, 100, 6, 1), at(0, K.ADD, ASK, 102, 9, 2),
            at(200, K.EXECUTE, ASK, 102, 1, 2), at(300, K.TRADE, ASK, 101, 1)]  # fmt: skip
    script = {1: [stop(BUY, 102), stop(SELL, 101)]}
    market = play(rows, script, level="l3")
    assert fills(market) == [(200.0, 1, 102, "stop"), (300.0, -1, 100, "stop")]


@pytest.mark.parametrize("chunk_rows", [1, 2, 3])
def test_chunks_do_not_hide_trades_from_stops(chunk_rows: int) -> None:
    """One stop arrives after a trade of an earlier chunk, one is triggered across a cut."""
    rows = [
        *BOOK,
        trade(50, 106),
        *(at(51 + k, K.DEPTH, BID, 90 + k, 1) for k in range(5)),
        trade(310, 103),
        trade(310, 97),
        at(310, K.DEPTH, BID, 100, 4),
        at(310, K.DEPTH, BID, 99, 4),
    ]
    script = {1: [stop(BUY, 106)], 2: [stop(SELL, 97, 6), stop(SELL, 50)]}
    market = play(rows, script, chunk_rows=chunk_rows)
    assert fills(market) == [
        (110.0, 1, 102, "stop"), (310.0, -4, 100, "stop"), (310.0, -2, 99, "stop"),
    ]  # fmt: skip


def test_a_halt_keeps_stops_waiting() -> None:
    """The trade at 200 ms comes within a halt; the next one beyond, at 400 ms, triggers."""
    rows = [*BOOK, at(150, K.STATUS, 0, 0, 0), trade(200, 106), at(300, K.STATUS, 0, 0, 1),
            trade(400, 105)]  # fmt: skip
    market = play(rows, {1: [stop(BUY, 105)]})
    assert fills(market) == [(400.0, 1, 102, "stop")]


# -- what they become ----------------------------------------------------------------------------


def test_a_stop_limit_takes_up_to_its_limit_and_rests_with_what_is_left() -> None:
    """At 200 ms it takes the 10 of 102; 2 lots rest at 103, before the 9 that come later."""
    rows = [*BOOK, trade(200, 105), at(210, K.DEPTH, ASK, 102, 0),
            at(220, K.DEPTH, BID, 103, 9), at(300, K.TRADE, ASK, 103, 2)]  # fmt: skip
    market = play(rows, {1: [stop(BUY, 105, 12, T.STOP_LIMIT, price=103)]})
    assert fills(market) == [(200.0, 10, 102, "stop"), (300.0, 2, 103, "queue_front")]
    assert int(market.fills["waited"][1]) == 100 * MS


def test_times_in_force_speak_from_the_trigger_on() -> None:
    """GTX that would take is cancelled; IOC takes its limit; FOK for 11 finds 10."""
    limits = {"type": T.STOP_LIMIT, "price": 102}
    script = {1: [stop(BUY, 105, 1, tif=GTX, **limits), stop(BUY, 105, 12, tif=IOC, **limits),
                  stop(BUY, 105, 11, tif=2), stop(BUY, 105, 11),
                  stop(BUY, 105, 1, T.STOP_LIMIT, price=101, tif=GTX)]}  # fmt: skip
    market = play([*BOOK, trade(200, 105)], script)
    assert [f[1] for f in fills(market)] == [10, 10]
    assert ends(market) == [
        "canceled would_take", "expired ioc_remainder", "expired fok_not_fillable",
        "expired ioc_remainder", "expired end_of_data",
    ]  # fmt: skip


def test_a_reduce_only_stop_looks_at_the_position_when_it_is_triggered() -> None:
    script = {
        1: [("send", {"side": BUY, "qty": 3})],
        2: [stop(SELL, 99, 5, reduce_only=True), stop(SELL, 98, 5, reduce_only=True)],
    }
    market = play([*BOOK, trade(300, 99), trade(400, 98)], script)
    assert fills(market) == [(110.0, 3, 102, "taker_walk"), (300.0, -3, 100, "stop")]
    assert ends(market) == ["filled", "expired reduced_to_zero", "expired reduced_to_zero"]


# -- cancel and replace --------------------------------------------------------------------------


def test_waiting_stops_can_be_cancelled_and_made_smaller_nothing_else() -> None:
    """The stop-limit keeps its limit of 103 whatever the replace says; 4 of 9 lots are left."""
    given = {"type": T.STOP_LIMIT, "price": 103}
    script = {
        1: [stop(BUY, 105, 9, **given), stop(BUY, 105, 5)],
        2: [("replace", 0, 5, 4), ("cancel", 1), ("replace", 1, 0, 1)],
        3: [("replace", 0, 0, 4)],
    }
    market = play([*BOOK, trade(400, 105)], script)
    assert fills(market) == [(400.0, 4, 102, "stop")]
    assert ends(market) == ["filled", "canceled"]
    assert int(market.orders["price"][0]) == 103
    assert int(market.feeds["not_replaced"][0]) == 1


def test_a_cancel_that_arrives_with_the_trigger_is_too_late() -> None:
    market = play([*BOOK, trade(210, 105)], {1: [stop(BUY, 105)], 2: [("cancel", 0)]})
    assert fills(market) == [(210.0, 1, 102, "stop")]
    assert int(market.feeds["not_canceled"][0]) == 1


# -- DAY -----------------------------------------------------------------------------------------


def test_day_orders_end_at_midnight_before_the_rows_of_midnight() -> None:
    """One rests, one waits for its trigger; the trade of midnight finds neither, GTC fills."""
    first, rows = MIDNIGHT - 500, [*BOOK]
    rows += [at(first, K.DEPTH, BID, 99, 1), trade(MIDNIGHT, 90, ASK)]
    script = {1: [limit(1, 95, 1, DAY), stop(SELL, 90, tif=DAY), limit(1, 94, 1)]}
    given: dict[str, Any] = {"wake_every": (first + 100) * MS, "end": MIDNIGHT + 500}
    market = play(rows, script, **given)
    assert fills(market) == [(float(MIDNIGHT), 1, 94, "trade_through")]
    assert ends(market) == ["expired day_ended", "expired day_ended", "filled"]
    assert (market.orders["ts_done"][:2] - T0).tolist() == [(MIDNIGHT + 10) * MS] * 2


def test_a_day_order_belongs_to_the_day_of_its_arrival() -> None:
    """Sent 5 ms before midnight, it arrives 5 ms after it, and lives on."""
    given: dict[str, Any] = {"wake_every": (MIDNIGHT - 5) * MS, "end": MIDNIGHT + 500}
    market = play(BOOK, {1: [limit(1, 95, 1, DAY)]}, **given)
    assert ends(market) == ["expired end_of_data"]


def test_an_answer_to_a_triggered_stop_is_never_late() -> None:
    """Told at once of the fill of 200 ms, the strategy answers with an order that arrives at 210."""
    rows = [*BOOK, trade(200, 105), trade(201, 105), at(205, K.DEPTH, ASK, 102, 3)]
    latency = LatencyModel.constant("10ms", "0ms")
    given: dict[str, Any] = {"handlers": frozenset({"on_wake", "on_fill"}), "latency": latency}
    for chunk_rows in (None, 1):
        script = {1: [stop(BUY, 105, 2)], 3: [limit(1, 102, 5, IOC)]}
        market = play(rows, script, chunk_rows=chunk_rows, **given)
        assert fills(market) == [(200.0, 2, 102, "stop"), (210.0, 3, 102, "taker_walk")]
