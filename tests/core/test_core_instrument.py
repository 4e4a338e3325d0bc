"""Instruments: one spelling of symbols, exact conversions, off-grid values refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core import (
    Instrument,
    InstrumentError,
    InstrumentKind,
    is_crypto_symbol,
    normalize_symbol,
)

BTC = Instrument(symbol="BTC/USDT", tick_size="0.01", lot_size="0.00001")


@pytest.mark.parametrize("spelling", ["BTC/USDT", "btc-usdt", "BTC_USDT", "btcusdt", " BTC USDT "])
def test_all_spellings_are_one_symbol(spelling):
    assert normalize_symbol(spelling) == "BTCUSDT"


@pytest.mark.parametrize("spelling", ["", "/", "BTC$"])
def test_an_unreadable_symbol_is_refused(spelling):
    with pytest.raises(InstrumentError, match="is not a symbol"):
        normalize_symbol(spelling)


@pytest.mark.parametrize(
    ("symbol", "crypto"),
    [("BTCUSDT", True), ("ETH-FDUSD", True), ("AAPL", False), ("USDT", False), ("BTCUSD", False)],
)
def test_crypto_symbols_are_those_quoted_in_a_dollar_stablecoin(symbol, crypto):
    assert is_crypto_symbol(symbol) is crypto


def test_base_and_quote_are_read_from_the_symbol():
    assert (BTC.base, BTC.quote) == ("BTC", "USDT")
    assert (Instrument(symbol="AAPL").base, Instrument(symbol="AAPL").quote) == ("AAPL", "USD")


def test_conversions_worked_out_by_hand():
    assert BTC.to_ticks(63443.76) == 6_344_376
    assert BTC.price(6_344_376) == 63443.76
    assert BTC.to_lots("0.47038") == 47_038
    assert BTC.qty(47_038) == 0.47038
    assert BTC.tick_value == 1e-7


def test_off_grid_values_are_refused_with_the_nearest():
    with pytest.raises(
        InstrumentError, match=r"price 0\.015 is off the grid \(tick size 0\.01\); .* 0\.02"
    ):
        BTC.to_ticks(0.015)
    with pytest.raises(InstrumentError, match=r"quantity 0\.000001 is off the grid"):
        BTC.to_lots("0.000001")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many"])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(InstrumentError, match="not a"):
        BTC.to_ticks(value)


@given(
    ticks=st.integers(-(10**12), 10**12),
    step=st.sampled_from(["0.01", "0.5", "0.00000001", "25", "0.03125"]),
)
def test_round_trips_are_exact_on_any_grid(ticks, step):
    one = Instrument(symbol="X1", tick_size=step, lot_size=step)
    exact = Fraction(ticks) * Fraction(step)
    assert one.price(ticks) == float(exact)
    assert one.to_ticks(Decimal(ticks) * Decimal(step)) == ticks


@given(
    value=st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(10**13), 10**13).map(lambda n: n * 0.01),
        st.integers(-(10**13), 10**13).map(lambda n: n / 100),
        st.integers(-(10**7), 10**7).map(lambda n: n * 0.03125),
    ),
    step=st.sampled_from(["0.01", "0.5", "0.00000001", "25", "0.03125", "1E-30", "1E+20"]),
)
def test_a_float_is_what_a_person_wrote(value, step):
    one = Instrument(symbol="X1", tick_size=step)

    def ticks(price):
        try:
            return one.to_ticks(price)
        except InstrumentError:
            return "off the grid"

    assert ticks(value) == ticks(repr(value))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("tick_size", 0, "tick_size must be above 0"),
        ("lot_size", "-1", "lot_size must be above 0"),
        ("taker_fee", 10.0, "fraction of the traded value"),
        ("kind", "house", "kind 'house' is unknown"),
        ("multiplier", "x", "is not a number"),
        ("max_qty", 0, "max_qty 0 must be above 0, or None"),
        ("max_qty", "0.000001", "less than one lot"),
        ("max_orders", 2.5, "must be a whole number"),
        ("price_band", -0.1, "price_band -0.1 must be above 0"),
        ("max_order_rate", 0, "max_order_rate 0 must be above 0"),
    ],
)
def test_rules_that_cannot_be_are_refused(field, value, said):
    with pytest.raises(InstrumentError, match=said):
        Instrument(symbol="BTCUSDT", **{field: value})


def test_the_largest_order_is_counted_in_whole_lots():
    assert BTC.max_lots == 0
    assert BTC.replace(lot_size="0.3", max_qty=1).max_lots == 3


def test_replace_returns_a_changed_copy():
    perpetual = BTC.replace(kind="perpetual", taker_fee=0.0004)
    assert (perpetual.kind, perpetual.taker_fee) == (InstrumentKind.PERPETUAL, 0.0004)
    assert (BTC.kind, BTC.taker_fee) == (InstrumentKind.SPOT, 0.001)
