"""Rules of docs/models/fills.md and latency.md, worked out by hand; each is also played by the twin."""

from typing import Any

import numpy as np
import pytest
from tick_duel import Case, compare
from tick_words import ASK, BID, LAST, MACHINE, VENUE, K, Row, Settings

from hftsim.core import Instrument
from hftsim.core.enums import FillReason, OrderStatus, RejectReason
from hftsim.risk import RiskLimits
from hftsim.sim.latency import LatencyModel
from hftsim.sim.queue import QUEUE_MODELS, QueueModel

MS = 1_000_000
T0 = 1_700_000_000_000_000_000
PERP = Instrument(
    symbol="AAAUSDT", kind="perpetual", tick_size=1, lot_size=1, maker_fee=0, taker_fee=0
)
FREE = RiskLimits(
    max_position_pct=None, max_exposure_pct=None, max_leverage=None, stop_loss_pct=None,
    max_drawdown_pct=None,
)  # fmt: skip
GTC, IOC, FOK, GTX = range(4)
BOTH = LAST | VENUE | MACHINE


def at(ms: float, kind: K, side: int, price: int, qty: int, number: int = 0, **more: Any) -> Row:
    time = T0 + round(ms * MS)
    received = T0 + round(more.pop("recv", ms) * MS)
    return Row(time, received, kind, side, price, qty, number, max(number, 1), **more)


BOOK = [at(0, K.DEPTH, BID, 100, 10), at(0, K.DEPTH, ASK, 102, 10)]
ORDERS = [at(0, K.ADD, BID, 100, 6, 1), at(0, K.ADD, BID, 100, 4, 2), at(0, K.ADD, ASK, 102, 9, 3)]


def limit(side: int, price: int, qty: int, tif: int = GTC, **more: Any) -> tuple[Any, ...]:
    order = {"side": side, "qty": qty, "type": 2, "price": price, "tif": tif, **more}
    return "send", order


def play(rows: list[Row], script: dict[int, list[Any]], level: str = "l2", **more: Any) -> Any:
    """Play calls (number of the 100 ms wake-up, from 1) after `rows`; both markets agree."""
    rows = [*rows, at(more.pop("end", 3000), K.STATUS, 0, 0, 1)]
    given = {
        "capital": 1e6, "limits": FREE, "latency": LatencyModel.constant("10ms"),
        "handlers": frozenset({"on_wake"}), "wake_every": 100 * MS,
    } | more  # fmt: skip
    chunk_rows, rules = given.pop("chunk_rows", None), given.pop("rules", PERP)
    calls = [script.get(k, []) for k in range(1, 200)]
    case = Case([rows], [level], [rules], Settings(**given), calls, chunk_rows)
    return compare(case)[0]


def fills(market: Any) -> list[tuple[float, int, int, str]]:
    log = market.fills[: int(market.context["fill_count"][0])]
    return [
        (
            (int(f["ts_event"]) - T0) / MS,
            int(f["side"] * f["qty"]),
            int(f["price"]),
            FillReason(int(f["reason"])).name.lower(),
        )
        for f in log
    ]


def ends(market: Any) -> list[str]:
    told = []
    for o in market.orders[: int(market.context["order_count"][0])]:
        reason = RejectReason(int(o["reason"]))
        told.append(
            OrderStatus(int(o["status"])).name.lower()
            + (f" {reason.name.lower()}" if reason else "")
        )
    return told


def queue(market: Any) -> list[tuple[float, float]]:
    log = market.fills[: int(market.context["fill_count"][0])]
    return list(zip(log["queue_entry"].tolist(), log["queue_fill"].tolist(), strict=True))


# -- latency -------------------------------------------------------------------------------------


def test_an_order_meets_the_market_of_its_arrival() -> None:
    """Sent at 100 ms for the 102 it sees; at 110 ms, after the rows of 110 ms, the ask is 103."""
    rows = [*BOOK, at(110, K.DEPTH, ASK, 102, 0), at(110, K.DEPTH, ASK, 103, 4)]
    market = play(rows, {1: [("send", {"side": 1, "qty": 1})]})
    assert fills(market) == [(110.0, 1, 103, "taker_walk")]
    assert int(market.fills["ts_recv"][0]) == T0 + 120 * MS
    assert market.fills["slippage"][0] == 103 - 101.5


def test_requests_of_one_connection_never_overtake_each_other() -> None:
    latency = LatencyModel(entry="10ms", cancel="50ms", response="1ms")
    script = {1: [limit(1, 99, 1)], 2: [("cancel", 0), limit(1, 102, 1)]}
    market = play(BOOK, script, latency=latency)
    assert fills(market) == [(250.0, 1, 102, "taker_walk")]
    assert (market.orders["ts_done"][:2] - T0).tolist() == [251 * MS, 251 * MS]


def test_recorded_latency_is_interpolated_and_a_loss_is_known_later() -> None:
    rows = [
        [T0, T0 + 10 * MS, T0 + 30 * MS],
        [T0 + 200 * MS, T0 + 230 * MS, T0 + 240 * MS],
        [T0 + 300 * MS, 0, T0 + 370 * MS],
        [T0 + 400 * MS, T0 + 410 * MS, T0 + 420 * MS],
    ]
    latency = LatencyModel.recorded(np.array(rows))
    script = {1: [limit(1, 102, 1)], 3: [limit(1, 102, 1)]}
    market = play(BOOK, script, latency=latency)
    assert fills(market) == [(120.0, 1, 102, "taker_walk")]
    assert ends(market) == ["filled", "rejected lost_on_the_way"]
    assert int(market.orders["ts_done"][1]) == T0 + 370 * MS


def test_a_loss_that_is_known_at_once_is_a_loss() -> None:
    """It took no time in the recording, and takes a nanosecond."""
    rows = np.array([[T0, T0 + 10 * MS, T0 + 30 * MS], [T0 + 50 * MS, 0, T0 + 50 * MS]])
    market = play(BOOK, {1: [limit(1, 102, 1)]}, latency=LatencyModel.recorded(rows))
    assert ends(market) == ["rejected lost_on_the_way"]
    assert int(market.orders["ts_done"][0]) == T0 + 100 * MS + 1


# -- what an arriving order takes ----------------------------------------------------------------


def test_takers_walk_the_levels_that_are_shown_within_their_limit() -> None:
    rows = [*BOOK, at(1, K.DEPTH, ASK, 103, 4), at(1, K.DEPTH, ASK, 105, 9)]
    script = {1: [limit(1, 104, 20)], 2: [("send", {"side": 1, "qty": 30})]}
    market = play(rows, script)
    walk = [10, 4, 10, 4, 9]
    assert [f[1:3] for f in fills(market)] == list(
        zip(walk, [102, 103, 102, 103, 105], strict=True)
    )
    assert ends(market) == ["expired end_of_data", "expired ioc_remainder"]


def test_without_partial_fills_a_taker_takes_all_at_the_best_price() -> None:
    market = play(BOOK, {1: [limit(1, 104, 25)]}, partial_fills=False)
    assert fills(market) == [(110.0, 25, 102, "taker_walk")]


def test_gtx_fok_and_ioc() -> None:
    script = {1: [limit(1, 102, 1, GTX), limit(1, 102, 11, FOK), limit(1, 102, 10, FOK),
                  limit(1, 102, 12, IOC), limit(1, 101, 1, GTX)]}  # fmt: skip
    market = play(BOOK, script)
    assert [f[1] for f in fills(market)] == [10, 10]
    assert ends(market) == [
        "rejected would_take", "expired fok_not_fillable", "filled", "expired ioc_remainder",
        "expired end_of_data",
    ]  # fmt: skip


def test_in_a_halt_only_cancels_work() -> None:
    rows = [*BOOK, at(150, K.STATUS, 0, 0, 0)]
    script = {1: [limit(1, 99, 1), limit(1, 98, 1)],
              2: [limit(1, 97, 1), ("cancel", 0), ("replace", 1, 1, 1)]}  # fmt: skip
    market = play(rows, script)
    assert ends(market) == ["canceled", "expired end_of_data", "rejected not_in_this_phase"]
    assert market.orders["price"][1] == 98


# -- the queue -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUEUE_MODELS)
def test_a_cancel_with_nobody_behind_was_ahead(name: str) -> None:
    """10 lots ahead, none behind: the level falls to 6, so at most 6 are ahead; 7 trade: one fills."""
    rows = [*BOOK, at(200, K.DEPTH, BID, 100, 6), at(300, K.TRADE, ASK, 100, 7)]
    market = play(rows, {1: [limit(1, 100, 5)]}, queue=QueueModel(name=name, n=3.0))
    assert fills(market) == [(300.0, 1, 100, "queue_front")]
    assert queue(market) == [(10.0, 0.0)]


AHEAD = {
    "risk-adverse": 10.0,
    "power": 10 - 6 * 1000 / (1000 + 8000),
    "power2": 10 - 6 * (1 - 8000 / 27000),
    "power3": 10 - 6 * (10 / 30) ** 3,
    "log": 10 - 6 * np.log(11) / (np.log(11) + np.log(21)),
    "log2": 10 - 6 * (1 - np.log(21) / np.log(31)),
}


@pytest.mark.parametrize("name", sorted(AHEAD))
def test_where_a_cancelled_lot_stood_is_each_models_guess(name: str) -> None:
    """10 ahead, then 20 join behind, then 6 leave: what is ahead tells when a worse price trades."""
    rows = [
        *BOOK,
        at(200, K.DEPTH, BID, 100, 30),
        at(210, K.DEPTH, BID, 100, 24),
        at(300, K.TRADE, ASK, 99, 5),
    ]
    market = play(rows, {1: [limit(1, 100, 5)]}, queue=QueueModel(name=name, n=3.0))
    assert fills(market) == [(300.0, 5, 100, "trade_through")]
    assert queue(market)[0] == (10.0, pytest.approx(AHEAD[name], rel=1e-12))


def test_a_trade_is_not_counted_again_when_the_level_falls_by_it() -> None:
    rows = [
        *BOOK,
        at(200, K.TRADE, ASK, 100, 4),
        at(201, K.DEPTH, BID, 100, 6),
        at(300, K.TRADE, ASK, 100, 8),
        at(400, K.TRADE, ASK, 100, 2),
    ]
    market = play(rows, {1: [limit(1, 100, 3)]})
    assert fills(market) == [(300.0, 2, 100, "queue_front"), (400.0, 1, 100, "queue_front")]


def test_by_order_the_queue_is_exact() -> None:
    """6 and 4 lots ahead; 4 lots of a later order trade only after both are gone, and meet ours."""
    rows = [
        *ORDERS,
        at(150, K.ADD, BID, 100, 7, 4),
        at(200, K.DELETE, BID, 100, 6, 1),
        at(250, K.EXECUTE, BID, 100, 4, 2),
        at(300, K.TRADE, ASK, 100, 3),
        at(350, K.EXECUTE, BID, 100, 2, 4),
        at(400, K.EXECUTE, BID, 100, 5, 4),
    ]
    market = play(rows, {1: [limit(1, 100, 5)]}, level="l3")
    assert fills(market) == [(350.0, 2, 100, "queue_front"), (400.0, 3, 100, "queue_front")]
    assert queue(market) == [(10.0, 0.0), (10.0, 0.0)]


def test_a_level_of_the_other_side_fills_by_as_much_as_it_grows() -> None:
    rows = [*BOOK, at(200, K.DEPTH, ASK, 100, 2), at(250, K.DEPTH, ASK, 100, 1),
            at(300, K.DEPTH, ASK, 100, 3)]  # fmt: skip
    market = play(rows, {1: [limit(1, 101, 9)]})
    assert fills(market) == [(200.0, 2, 101, "book_cross"), (300.0, 2, 101, "book_cross")]


def test_best_quotes_alone_put_nobody_ahead_of_a_better_order() -> None:
    rows = [
        at(0, K.QUOTE, BID, 100, 10), at(0, K.QUOTE, ASK, 102, 10),
        at(200, K.QUOTE, BID, 99, 10), at(210, K.QUOTE, BID, 100, 8), at(300, K.TRADE, ASK, 100, 2),
    ]  # fmt: skip
    market = play(rows, {1: [limit(1, 100, 5)]}, level="l1")
    assert fills(market) == [(300.0, 2, 100, "queue_front")]


# -- replace, cancel, reduce-only ----------------------------------------------------------------


@pytest.mark.parametrize(("qty", "filled"), [(4, 2), (5, 0)])
def test_a_smaller_replace_keeps_the_place_and_any_other_loses_it(qty: int, filled: int) -> None:
    """10 ahead at first, 20 when replaced; 12 lots trade."""
    rows = [*BOOK, at(150, K.DEPTH, BID, 100, 20), at(300, K.TRADE, ASK, 100, 12)]
    market = play(rows, {1: [limit(1, 100, 5)], 2: [("replace", 0, 0, qty)]})
    assert sum(f[1] for f in fills(market)) == filled


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    rows = [*BOOK, at(205, K.TRADE, ASK, 99, 9)]
    market = play(rows, {1: [limit(1, 100, 5)], 2: [("cancel", 0)]})
    assert fills(market) == [(205.0, 5, 100, "trade_through")]
    assert ends(market) == ["filled"]


def test_reduce_only_orders_end_when_nothing_is_left_and_block_nobody() -> None:
    rows = [*BOOK, at(400, K.DEPTH, BID, 103, 9)]
    script = {
        1: [("send", {"side": 1, "qty": 3})],
        2: [limit(-1, 103, 5, reduce_only=True)],
        3: [limit(-1, 103, 2)],
    }
    market = play(rows, script)
    assert [f[1:] for f in fills(market)[1:]] == [(-3, 103, "book_cross"), (-2, 103, "book_cross")]
    assert ends(market) == ["filled", "expired reduced_to_zero", "filled"]


# -- what is told, and the end -------------------------------------------------------------------


def test_markouts_of_a_fill_are_not_those_of_the_one_before() -> None:
    """Bought at 102: the mid price is 101, from 2.15 s on 102, from 2.3 s on 100.5."""
    rows = [*BOOK, at(2150, K.DEPTH, ASK, 104, 1), at(2150, K.DEPTH, ASK, 102, 0),
            at(2300, K.DEPTH, BID, 97, 5), at(2300, K.DEPTH, BID, 100, 0)]  # fmt: skip
    script = {1: [("send", {"side": 1, "qty": 1})], 20: [("send", {"side": 1, "qty": 1})]}
    market = play(rows, script, end=20_000)
    names = ("markout_100ms", "markout_1s", "markout_10s")
    assert [f[0] for f in fills(market)] == [110.0, 2010.0]
    assert [market.fills[n][:2].tolist() for n in names] == [[-1, -1], [-1, -1.5], [-1.5, -1.5]]


def test_the_end_of_data_settles_reports_and_expires_orders() -> None:
    latency = LatencyModel.constant("10ms", "60ms")
    script = {2: [limit(1, 102, 1), limit(1, 99, 1)], 3: [limit(1, 98, 1)]}
    market = play(BOOK, script, end=305, latency=latency, equity_every=305 * MS)
    assert fills(market) == [(210.0, 1, 102, "taker_walk")]
    assert ends(market) == ["filled", "expired end_of_data", "expired end_of_data"]
    assert int(market.run["unsent"][0]) == 1
    script = {3: [limit(1, 102, 1)]}
    market = play(BOOK, script, end=315, latency=latency, equity_every=315 * MS)
    assert int(market.run["settled"][0]) == 2
    assert market.positions[-1].tolist() == [1]


def test_no_strategy_sees_half_a_packet_and_packets_of_one_time_are_one() -> None:
    rows = [
        *BOOK,
        at(200, K.DEPTH, BID, 101, 3, flags=VENUE | MACHINE),
        at(200, K.DEPTH, BID, 100, 0),
        at(200.5, K.DEPTH, ASK, 103, 1, recv=300),
        at(201, K.DEPTH, ASK, 102, 0, recv=300),
    ]
    market = play(rows, {}, handlers=frozenset({"on_book"}), wake_every=0)
    assert int(market.context["decisions"][0]) == 4


@pytest.mark.parametrize("handlers", [{"on_trade"}, {"on_book"}, {"on_wake", "on_fill"}])
@pytest.mark.parametrize("chunk_rows", [1, 2, 7])
def test_chunks_do_not_matter(handlers: set[str], chunk_rows: int) -> None:
    rows = [*BOOK]
    for k in range(1, 40):
        rows += [
            at(50 * k, K.DEPTH, BID, 100, 10 + k % 3),
            at(50 * k, K.TRADE, ASK, 100, k % 7 + 1),
        ]
    script = {k: [limit(1, 100, 3), limit(-1, 102, 2)] for k in range(1, 40, 3)}
    wake = 100 * MS if "on_wake" in handlers else 0
    given: dict[str, Any] = {"handlers": frozenset(handlers), "wake_every": wake, "end": 2500}
    whole, cut = (play(rows, script, chunk_rows=n, **given) for n in (None, chunk_rows))
    used = int(whole.context["fill_count"][0])
    assert used > 3
    assert whole.fills[:used].tobytes() == cut.fills[:used].tobytes()
    assert whole.equity.tobytes() == cut.equity.tobytes()


def test_an_answer_to_a_fill_that_arrives_with_a_packet_is_seen_with_it() -> None:
    """Sent with the packet of 100 ms, filled and told at 110; the answer expires at 120, told then."""
    rows = [*BOOK, at(100, K.DEPTH, BID, 99, 2), at(120, K.DEPTH, BID, 98, 1)]
    latency = LatencyModel.constant("10ms", "0ms")
    script = {2: [limit(1, 102, 1)], 3: [limit(1, 101, 1, IOC)]}
    given: dict[str, Any] = {"handlers": frozenset({"on_book", "on_fill"}), "wake_every": 0}
    market = play(rows, script, latency=latency, **given)
    assert fills(market) == [(110.0, 1, 102, "taker_walk")]
    assert ends(market) == ["filled", "expired ioc_remainder"]
    assert int(market.orders["ts_done"][1]) == T0 + 120 * MS
