"""What venues refuse, and replaces on their way, worked out by hand; the twin plays each as well."""

from typing import Any

import pytest
from test_ticks_by_hand import BOOK, IOC, PERP, at, ends, fills, limit, play
from tick_words import ASK, BID, K, Row, T

from hftsim.core.enums import RejectReason
from hftsim.risk import RiskLimits

SEND = dict[str, Any]


def refusals(market: Any) -> list[str]:
    return [word.partition(" ")[2] for word in ends(market) if word.startswith("rejected")]


# -- rules of the venue --------------------------------------------------------------------------


def test_the_machine_refuses_orders_and_replaces_above_the_largest() -> None:
    """10 lots are allowed, 11 are not; reduce-only is no excuse, and a replace to 11 is not sent."""
    script: dict[int, list[Any]] = {
        1: [limit(1, 99, 10), limit(1, 99, 11), ("send", {"side": 1, "qty": 3})],
        2: [limit(-1, 105, 11, reduce_only=True), ("replace", 0, 0, 11), ("replace", 0, 0, 10)],
    }
    market = play(BOOK, script, rules=PERP.replace(max_qty=10))
    assert refusals(market) == ["above_max_qty", "above_max_qty"]
    assert int(market.orders["ts_done"][1] - market.orders["ts_sent"][1]) == 0
    assert int(market.feeds["not_replaced"][0]) == 0
    assert int(market.orders["qty"][0]) == 10


def test_what_risk_limits_close_goes_out_in_parts() -> None:
    """7 lots bought at 102 by parts of 4; the stop loss sends 4, and the rest with the next packet."""
    rows = [*BOOK, at(400, K.DEPTH, BID, 90, 50), at(400, K.DEPTH, BID, 100, 0),
            at(400, K.DEPTH, ASK, 102, 0), at(400, K.DEPTH, ASK, 92, 9),
            at(600, K.DEPTH, BID, 89, 1)]  # fmt: skip
    limits = RiskLimits(
        max_position_pct=None, max_exposure_pct=None, max_leverage=None, stop_loss_pct=0.05,
        max_drawdown_pct=None,
    )  # fmt: skip
    script = {1: [("send", {"side": 1, "qty": 4}), ("send", {"side": 1, "qty": 3})]}
    market = play(rows, script, rules=PERP.replace(max_qty=4), limits=limits)
    assert fills(market)[2:] == [
        (410.0, -4, 90, "risk_stop_loss"),
        (610.0, -3, 90, "risk_stop_loss"),
    ]


def test_open_orders_are_counted_at_the_venue_stops_too_takers_are_not() -> None:
    """Two may be open. At 310 ms one has left, so the next finds room."""
    stop: SEND = {"side": 1, "qty": 1, "type": T.STOP, "trigger": 110}
    script = {
        1: [
            limit(1, 99, 1),
            ("send", stop),
            limit(1, 98, 1),
            ("send", stop),
            limit(1, 102, 1, IOC),
        ],
        2: [("send", {"side": 1, "qty": 1})],
        3: [("cancel", 0), limit(1, 98, 1)],
    }
    market = play(BOOK, script, rules=PERP.replace(max_orders=2))
    assert refusals(market) == ["too_many_orders", "too_many_orders"]
    assert ends(market)[-2:] == ["filled", "expired end_of_data"]
    assert [f[0] for f in fills(market)] == [110.0, 210.0]


def test_limits_outside_the_band_around_the_mid_price_are_refused() -> None:
    """Mid 101, band 2 %: 98.98 to 103.02. At 200 ms the mid is 103, so 104 is inside, 99 outside."""
    rows = [*BOOK, at(200, K.DEPTH, ASK, 102, 0), at(200, K.DEPTH, ASK, 106, 5)]
    given: SEND = {"side": 1, "qty": 1, "type": T.STOP_LIMIT, "trigger": 103, "price": 104}
    script = {
        1: [
            limit(1, 98, 1),
            limit(1, 99, 5),
            limit(-1, 104, 1),
            limit(-1, 103, 1),
            ("send", given),
        ],
        3: [("replace", 0, 0, 4), ("replace", 0, 0, 5), ("replace", 0, 2, 2), limit(1, 104, 1)],
    }
    market = play(rows, script, rules=PERP.replace(price_band=0.02))
    assert refusals(market) == ["outside_collar", "outside_collar", "outside_collar"]
    assert int(market.feeds["not_replaced"][0]) == 1
    assert (int(market.orders["price"][1]), int(market.orders["qty"][1])) == (101, 2)


def test_without_a_mid_price_there_is_no_band() -> None:
    rows = [*BOOK, at(105, K.DEPTH, ASK, 102, 0)]
    market = play(rows, {1: [limit(1, 50, 1)]}, rules=PERP.replace(price_band=0.01))
    assert ends(market) == ["expired end_of_data"]


def test_requests_beyond_the_rate_of_a_second_are_refused_cancels_never() -> None:
    """T0 begins a second: two new orders, then a replace and an order too many; the next second two."""
    script = {
        1: [limit(1, 99, 1), limit(1, 98, 1)],
        2: [("replace", 0, 0, 2), limit(1, 97, 1), ("cancel", 1), ("cancel", 0)],
        11: [limit(1, 97, 1), limit(1, 96, 1), limit(1, 95, 1)],
    }
    market = play(BOOK, script, rules=PERP.replace(max_order_rate=2))
    assert ends(market) == [
        "canceled", "canceled", "rejected max_order_rate", "expired end_of_data",
        "expired end_of_data", "rejected max_order_rate",
    ]  # fmt: skip
    assert int(market.feeds["not_replaced"][0]) == 1
    assert int(market.context["refused"][0]) == 2


# -- replaces on their way -----------------------------------------------------------------------

TEN_LOTS = RiskLimits(
    max_position_pct=0.099, max_exposure_pct=None, max_leverage=None, stop_loss_pct=None,
    max_drawdown_pct=None,
)  # fmt: skip
"""At 99 a lot and equity of 10,000: 10 lots."""


@pytest.mark.parametrize(
    ("second", "allowed"), [(("replace", 1, 0, 4), False), (limit(1, 99, 1), False),
                            (("replace", 0, 0, 6), True)],
)  # fmt: skip
def test_what_a_replace_on_its_way_asks_for_is_not_there_for_others(
    second: Any, allowed: bool
) -> None:
    """4 and 3 lots work. The first is on its way to 7: with 3 that is all; 6 is within its 7."""
    script = {1: [limit(1, 99, 4), limit(1, 99, 3)], 2: [("replace", 0, 0, 7), second]}
    market = play(BOOK, script, limits=TEN_LOTS, capital=10_000.0)
    assert (int(market.context["last_refusal"][0]) == 0) == allowed
    assert market.orders["qty"][:2].tolist() == [6 if allowed else 7, 3]


def test_several_replaces_count_with_the_largest_until_all_are_answered() -> None:
    """To 8, then to 2: until both are answered, at 220 ms, the order counts 8. Then there is room."""
    script = {
        2: [limit(1, 99, 2)],
        3: [("replace", 0, 0, 8), ("replace", 0, 0, 2), limit(1, 99, 3)],
        4: [limit(1, 99, 8)],
    }
    market = play(BOOK, script, limits=TEN_LOTS, capital=10_000.0)
    assert refusals(market) == ["max_position"]
    assert market.orders["qty"][[0, 2]].tolist() == [2, 8]


@pytest.mark.parametrize(
    ("row", "reason"), [(at(205, K.STATUS, 0, 0, 0), "not_in_this_phase"),
                        (at(205, K.TRADE, ASK, 98, 2), "unknown_order")],
)  # fmt: skip
def test_a_refused_or_late_replace_gives_its_room_back(row: Row, reason: str) -> None:
    """2 lots, on their way to 10 when a halt begins, or when they fill: then there is room for 8."""
    script = {1: [limit(1, 99, 2)], 2: [("replace", 0, 0, 10)], 3: [limit(1, 95, 8)]}
    rows = [*BOOK, row, at(250, K.STATUS, 0, 0, 1)]
    market = play(rows, script, limits=TEN_LOTS, capital=10_000.0)
    assert int(market.feeds["not_replaced"][0]) == 1
    assert RejectReason(int(market.context["last_refusal"][0])).name.lower() == reason
    assert ends(market)[1] == "expired end_of_data"
