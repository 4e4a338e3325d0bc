"""The current price, and the venue's trading rules."""

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from venue_server import NOW_MS, VenueServer, status

from hftsim.core.errors import VenueError


def test_the_current_price_comes_with_its_time(make: Any) -> None:
    assert make().fetch_realtime() == {
        "symbol": "BTCUSDT",
        "price": 64123.45,
        "time": pd.Timestamp("2024-01-31 10:00:30", tz="UTC"),
    }


def test_a_price_that_is_none_is_refused(make: Any, venue: VenueServer) -> None:
    venue.faults = [status(200, b'{"symbol":"BTCUSDT"}')]
    with pytest.raises(VenueError, match="sent no price"):
        make().fetch_realtime()


def test_the_rules_are_the_venues(make: Any) -> None:
    instrument = make().fetch_instrument()
    assert instrument.tick_size == Decimal("0.01")
    assert instrument.lot_size == Decimal("0.00001")
    assert instrument.min_qty == Decimal("0.00001")
    assert str(instrument.min_notional) == "5"
    assert (instrument.max_qty, instrument.max_orders) == (Decimal(9000), None)
    assert instrument.rules_source == "venue"
    assert instrument.venue == "binance"
    assert instrument.to_ticks("64123.45") == 6_412_345


def test_a_halted_symbol_is_warned_about(
    make: Any, venue: VenueServer, caplog: pytest.LogCaptureFixture
) -> None:
    venue.symbols["BTCUSDT"]["status"] = "BREAK"
    make().fetch_instrument()
    assert "BTCUSDT is not trading at the venue: its status is BREAK" in caplog.text


def test_bars_that_end_long_ago_are_warned_about(
    make: Any, venue: VenueServer, caplog: pytest.LogCaptureFixture
) -> None:
    venue.now_ms = NOW_MS - 86_400_000
    assert len(make().fetch_klines(limit=3)) == 3
    assert "halted or delisted?" in caplog.text


@pytest.mark.parametrize("missing", ["PRICE_FILTER", "LOT_SIZE"])
def test_rules_without_a_grid_are_refused(make: Any, venue: VenueServer, missing: str) -> None:
    rules = venue.symbols["BTCUSDT"]["filters"]
    venue.symbols["BTCUSDT"]["filters"] = [r for r in rules if r["filterType"] != missing]
    with pytest.raises(VenueError, match=f"lack '{missing}'"):
        make().fetch_instrument()
