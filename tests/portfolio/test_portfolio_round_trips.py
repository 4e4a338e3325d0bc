"""Round trips by hand, and against a walk that goes lot by lot in rational numbers."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core import DataError, Fill, FillReason, InputError, Instrument, Side
from hftsim.portfolio import Portfolio
from hftsim.portfolio.round_trips import FILL_FIELDS, round_trips

BTC = Instrument(symbol="BTCUSDT", tick_size="0.01", lot_size="0.001")
ETH = Instrument(symbol="ETHUSDT", kind="perpetual", tick_size="0.5", lot_size="1", multiplier=10)
MINUTE = 60_000_000_000
Row = tuple[int, int, int, int, int, float, int]


def columns(*rows: Row) -> dict[str, list[Any]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(FILL_FIELDS)}


def rows_of(table: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def test_a_long_and_a_short_trip_are_worked_out_by_hand() -> None:
    fills = columns(
        (1 * MINUTE, 0, 1, 2_000_000, 100, 2.0, 1),
        (4 * MINUTE, 0, -1, 2_100_000, 100, 2.1, 9),
        (5 * MINUTE, 0, -1, 2_100_000, 200, 4.2, 2),
        (6 * MINUTE, 0, 1, 2_200_000, 200, 4.4, 8),
    )
    times = np.arange(10) * MINUTE
    long, short = rows_of(round_trips(fills, [BTC], [math.nan], bar_times=times))
    assert long == {
        "symbol": "BTCUSDT",
        "side": "long",
        "entry_time": np.datetime64(1 * MINUTE, "ns"),
        "exit_time": np.datetime64(4 * MINUTE, "ns"),
        "qty": 0.1,
        "entry_price": 20_000.0,
        "exit_price": 21_000.0,
        "pnl": pytest.approx(95.9),
        "gross_pnl": 100.0,
        "fees": 4.1,
        "return_pct": pytest.approx(100 * 95.9 / 2_000),
        "bars_held": 3,
        "is_open": False,
        "entry_reason": "open",
        "exit_reason": "risk_take_profit",
    }
    assert (short["side"], short["gross_pnl"], short["qty"]) == ("short", -200.0, 0.2)
    assert short["pnl"] == pytest.approx(-208.6)
    assert (short["entry_reason"], short["exit_reason"]) == ("limit_touch", "risk_stop_loss")


def test_a_fill_through_zero_ends_one_trip_and_begins_the_next() -> None:
    fills = columns((0, 0, 1, 100, 10, 1.0, 1), (MINUTE, 0, -1, 120, 40, 4.0, 4))
    first, second = rows_of(round_trips(fills, [ETH], [55.0]))
    assert (first["side"], first["gross_pnl"], first["fees"]) == ("long", 1_000.0, 2.0)
    assert (second["side"], second["is_open"], second["fees"]) == ("short", True, 3.0)
    assert (second["qty"], second["entry_price"], second["exit_price"]) == (30.0, 60.0, 55.0)
    assert second["gross_pnl"] == 1_500.0
    assert np.isnat(second["exit_time"])
    assert (first["exit_reason"], second["entry_reason"], second["exit_reason"]) == (
        "stop",
        "stop",
        "",
    )


def test_parts_are_gathered_into_one_trip() -> None:
    fills = columns(
        (0, 0, 1, 100, 2, 0.5, 1),
        (1, 0, 1, 110, 2, 0.5, 1),
        (2, 0, -1, 130, 1, 0.25, 1),
        (3, 0, 1, 120, 1, 0.25, 1),
        (4, 0, -1, 140, 4, 0.5, 2),
    )
    (trip,) = rows_of(round_trips(fills, [ETH], [math.nan]))
    assert trip["qty"] == 5.0
    assert trip["entry_price"] == 54.0  # (100*2 + 110*2 + 120) / 5 ticks of 0.5
    assert trip["exit_price"] == 69.0
    assert trip["gross_pnl"] == 750.0
    assert trip["pnl"] == 748.0
    assert math.isnan(trip["bars_held"])


def test_trips_of_several_instruments_come_by_time_of_entry() -> None:
    fills = columns(
        (0, 1, 1, 100, 1, 0.0, 1),
        (1, 0, 1, 100, 1, 0.0, 1),
        (2, 0, -1, 100, 1, 0.0, 1),
        (3, 1, -1, 100, 1, 0.0, 1),
        (4, 0, -1, 100, 1, 0.0, 1),
    )
    table = round_trips(fills, [BTC, ETH], [1.0, math.nan])
    assert list(table["symbol"]) == ["ETHUSDT", "BTCUSDT", "BTCUSDT"]
    assert list(table["is_open"]) == [False, False, True]


def test_an_open_trip_is_held_to_the_last_bar() -> None:
    fills = columns((3 * MINUTE + 7, 0, -1, 100, 1, 0.0, 1))
    table = round_trips(fills, [ETH], [50.0], bar_times=np.arange(10) * MINUTE)
    assert table["bars_held"].tolist() == [6]
    assert table["pnl"].tolist() == [0.0]
    assert not np.signbit(table["pnl"][0])


def test_an_open_trip_without_a_mark_is_worth_nan() -> None:
    table = round_trips(columns((0, 0, 1, 100, 1, 0.0, 1)), [ETH], [math.nan])
    assert math.isnan(table["pnl"][0])


def test_no_fills_give_no_trips_with_every_column_typed() -> None:
    table = round_trips(columns(), [BTC], [math.nan], bar_times=[0, 1])
    assert {len(c) for c in table.values()} == {0}
    assert table["entry_time"].dtype == "datetime64[ns]"
    assert table["is_open"].dtype == bool


def test_a_return_on_nothing_paid_is_nan() -> None:
    free = Instrument(symbol="CLK20", kind="future", lot_size=1)
    table = round_trips(
        columns((0, 0, 1, -100, 1, 0.0, 1), (1, 0, -1, 100, 1, 0.0, 1)), [free], [math.nan]
    )
    assert table["gross_pnl"].tolist() == [2.0]
    assert math.isnan(table["return_pct"][0])


def test_a_structured_array_serves_as_well() -> None:
    kinds = ["i8", "i4", "i1", "i8", "i8", "f8", "u1"]
    row = (0, 0, 1, 100, 1, 0.5, 1)
    array = np.array([row], dtype=list(zip(FILL_FIELDS, kinds, strict=True)))
    left = round_trips(array, [ETH], [60.0])
    right = round_trips(columns(row), [ETH], [60.0])
    assert rows_of(left)[0]["pnl"] == rows_of(right)[0]["pnl"] == 99.5


@pytest.mark.parametrize(
    ("field", "value", "error", "words"),
    [
        ("side", 0, DataError, "row 0, column 'side': 0 cannot"),
        ("qty", 0, DataError, "column 'qty'"),
        ("instrument", 1, DataError, "column 'instrument'"),
        ("reason", 99, DataError, "column 'reason'"),
        ("fee", math.nan, DataError, "column 'fee'"),
        ("price", 100.5, InputError, "'price' of fills must be whole numbers"),
    ],
)
def test_what_cannot_be_a_fill_is_named(
    field: str, value: float, error: type[Exception], words: str
) -> None:
    fills = columns((0, 0, 1, 100, 1, 0.0, 1)) | {field: [value]}
    with pytest.raises(error, match=words):
        round_trips(fills, [ETH], [1.0])


def test_missing_and_uneven_columns_are_named() -> None:
    fills = columns((0, 0, 1, 100, 1, 0.0, 1))
    with pytest.raises(InputError, match="lack 'fee'"):
        round_trips({k: v for k, v in fills.items() if k != "fee"}, [ETH], [1.0])
    with pytest.raises(InputError, match="differ in length"):
        round_trips(fills | {"fee": [0.0, 0.0]}, [ETH], [1.0])
    with pytest.raises(InputError, match="as many marks"):
        round_trips(fills, [ETH], [])
    with pytest.raises(InputError, match="at least one instrument"):
        round_trips(fills, [], [])


fills_strategy = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from((1, -1)),
        st.integers(1, 10_000),
        st.integers(1, 6),
        st.integers(-640, 640).map(lambda n: n / 64),
        st.sampled_from([int(r) for r in FillReason]),
    ),
    max_size=40,
)


def lot_by_lot(rows: list[Row], instrument: int) -> list[dict[str, Any]]:
    """Walk single lots: a trip ends when none is left."""
    trips: list[dict[str, Any]] = []
    held = 0
    for _, k, side, price, qty, fee, reason in rows:
        for _ in range(qty if k == instrument else 0):
            if held == 0:
                trips.append({"flow": 0, "fees": Fraction(0), "lots": 0, "entry_reason": reason})
            trip = trips[-1]
            entering = held * side >= 0
            trip["lots"] += entering
            trip["flow"] -= side * price
            trip["fees"] += Fraction(fee) / qty
            held += side
            trip["left"], trip["exit_reason"] = held, reason
    return trips


@given(fills_strategy, st.tuples(st.integers(1, 10_000), st.integers(1, 10_000)))
def test_trips_equal_a_walk_lot_by_lot(rows: list[Any], mark_ticks: tuple[int, int]) -> None:
    timed = [(i, *row) for i, row in enumerate(rows)]
    instruments = [BTC, ETH]
    marks = [i.price(t) for i, t in zip(instruments, mark_ticks, strict=True)]
    table = rows_of(round_trips(columns(*timed), instruments, marks))
    for k, instrument in enumerate(instruments):
        found = [t for t in table if t["symbol"] == instrument.symbol]
        expected = lot_by_lot(timed, k)
        assert len(found) == len(expected)
        unit = Fraction(instrument.tick_size * instrument.lot_size * instrument.multiplier)
        for trip, twin in zip(found, expected, strict=True):
            gross = (twin["flow"] + twin["left"] * mark_ticks[k]) * unit
            assert trip["gross_pnl"] == pytest.approx(float(gross), abs=1e-9)
            assert trip["fees"] == pytest.approx(float(twin["fees"]), abs=1e-9)
            assert trip["pnl"] == trip["gross_pnl"] - trip["fees"]
            assert instrument.to_lots(trip["qty"]) == twin["lots"]
            assert trip["is_open"] == (twin["left"] != 0)
            assert trip["entry_reason"] == FillReason(twin["entry_reason"]).name.lower()
            if not trip["is_open"]:
                assert trip["exit_reason"] == FillReason(twin["exit_reason"]).name.lower()
                move = (trip["exit_price"] - trip["entry_price"]) * trip["qty"]
                sign = 1 if trip["side"] == "long" else -1
                expected_pnl = sign * move * float(instrument.multiplier)
                assert trip["gross_pnl"] == pytest.approx(expected_pnl, abs=1e-6)


@given(fills_strategy)
def test_the_profits_of_all_trips_add_up_to_the_accounts(rows: list[Any]) -> None:
    instruments = [BTC, ETH]
    portfolio = Portfolio(1_000_000, instruments)
    for i, (k, side, price, qty, fee, reason) in enumerate(rows):
        portfolio.apply_fill(
            Fill(
                ts_event=i,
                symbol=instruments[k].symbol,
                order_id=i,
                side=Side(side),
                last_price=price,
                last_qty=qty,
                fee=fee,
                reason=FillReason(reason),
            )
        )
    for instrument in instruments:
        portfolio.update_market_price(instrument.symbol, 33.25)
    trips, pnl = portfolio.trades(), portfolio.pnl()
    assert sum(t["pnl"] for t in trips) == pytest.approx(pnl["total"], abs=1e-6)
    assert sum(t["fees"] for t in trips) == pytest.approx(pnl["fees"], abs=1e-9)
    assert sum(t["is_open"] for t in trips) == sum(
        p.lots != 0 for p in portfolio.positions.values()
    )
