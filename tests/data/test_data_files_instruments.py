"""Ticks, lots, kinds and fees that nobody gave are taken from the bars, and said to be."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, InstrumentError
from hftsim.data import infer_instrument
from hftsim.data.steps import smallest_step


def frame(prices: list[float], volumes: list[float], **source: object) -> pd.DataFrame:
    index = pd.date_range("2024-01-01", periods=len(prices), freq="min", tz="UTC", name="ts_open")
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    bars = pd.DataFrame({**columns, "volume": volumes}, index=index)
    bars.attrs["source"] = source
    return bars


def grid(step: str, rows: int = 400, seed: int = 5) -> list[float]:
    ticks = np.random.default_rng(seed).integers(10_000, 20_000, rows)
    return [float(int(t) * Decimal(step)) for t in ticks]


@pytest.mark.parametrize(
    "step", ["0.01", "0.05", "0.25", "0.5", "0.00001", "1e-8", "1", "5", "0.1", "0.0025", "10"]
)
def test_the_step_of_a_grid_is_found(step: str) -> None:
    assert smallest_step(np.array(grid(step))) == Decimal(step)


def test_steps_are_one_two_twoandahalf_or_five_times_a_power_of_ten() -> None:
    assert smallest_step(np.array(grid("0.03"))) == Decimal("0.01")
    assert smallest_step(np.array(grid("0.06"))) == Decimal("0.02")


def test_few_or_constant_values_show_digits_only() -> None:
    assert smallest_step(np.array([12.5, 13.5])) == Decimal("0.1")
    assert smallest_step(np.full(1000, 63443.76)) == Decimal("0.01")
    assert smallest_step(np.zeros(5)) is None
    assert smallest_step(np.zeros(0)) is None


def test_a_few_noisy_values_do_not_hide_the_grid_and_many_do() -> None:
    values = np.array(grid("0.01", rows=5000))
    values[17] = 0.1 + 0.2
    values[18] = 100.12345
    assert smallest_step(values) == Decimal("0.01")
    assert smallest_step(np.random.default_rng(0).random(1000)) is None


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=60), st.integers(0, 8))
def test_every_value_lies_on_the_step_that_is_found(wholes: list[int], digits: int) -> None:
    exact = [Decimal(w).scaleb(-digits) for w in wholes]
    step = smallest_step(np.array([float(e) for e in exact]))
    assert step is not None
    assert all(e % step == 0 for e in exact)


def test_a_crypto_pair_is_spot_with_the_steps_seen() -> None:
    bars = frame(grid("0.01"), grid("0.00001"), symbol="BTCUSDT", asset="crypto")
    instrument = infer_instrument(bars)
    assert instrument.symbol == "BTCUSDT"
    assert instrument.kind is InstrumentKind.SPOT
    assert (instrument.tick_size, instrument.lot_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (instrument.maker_fee, instrument.taker_fee) == (0.001, 0.001)
    assert instrument.rules_source == "smallest step seen"


def test_anything_else_is_an_equity_of_cents_and_whole_shares() -> None:
    bars = frame(grid("0.0001"), grid("100"), symbol="AAPL")
    instrument = infer_instrument(bars)
    assert instrument.kind is InstrumentKind.EQUITY
    assert (instrument.tick_size, instrument.lot_size) == (Decimal("0.01"), Decimal(1))
    assert (instrument.maker_fee, instrument.taker_fee) == (0.0, 0.00005)
    assert instrument.rules_source == "equity default"


def test_what_the_user_gives_wins() -> None:
    bars = frame(grid("0.01"), grid("0.001"), symbol="BTCUSDT", venue="binance")
    both = infer_instrument(bars, "ETH/USDT", kind="perpetual", tick_size="0.1", lot_size=0.001)
    assert (both.symbol, both.venue, both.kind) == ("ETHUSDT", "binance", InstrumentKind.PERPETUAL)
    assert (both.tick_size, both.lot_size, both.rules_source) == (
        *(Decimal("0.1"), Decimal("0.001")),
        "user",
    )
    assert (both.maker_fee, both.taker_fee) == (0.0002, 0.0005)
    one = infer_instrument(bars, tick_size="0.1", maker_fee=-0.0001, taker_fee=0.0, venue="kraken")
    assert one.rules_source == "tick size: user; lot size: smallest step seen"
    assert (one.maker_fee, one.taker_fee, one.venue) == (-0.0001, 0.0, "kraken")


def test_a_crypto_venue_makes_dollars_crypto() -> None:
    bars = frame(grid("0.01"), grid("0.001"))
    assert infer_instrument(bars, "BTCUSD", venue="coinbase").kind is InstrumentKind.SPOT
    assert infer_instrument(bars, "BTCUSD").kind is InstrumentKind.EQUITY


def test_where_no_step_can_be_seen_it_is_said() -> None:
    noise = np.random.default_rng(0).random(500) + 1
    instrument = infer_instrument(frame(list(noise), [0.0] * 500), "XUSDT")
    assert instrument.tick_size == Decimal("1e-8")
    assert instrument.rules_source == "no step seen, 1e-8 assumed"


def test_contradictions_are_refused() -> None:
    bars = frame([1.0, 2.0], [1.0, 1.0])
    with pytest.raises(DataError, match="symbol"):
        infer_instrument(bars)
    with pytest.raises(InstrumentError, match="spott"):
        infer_instrument(bars, "BTCUSDT", kind="spott")
    with pytest.raises(InstrumentError):
        infer_instrument(bars, "BTCUSDT", tick_size="none")
