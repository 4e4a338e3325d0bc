"""The loopback venue, and a fetcher that talks to it, for tests of the data room."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parent))

from venue_server import NOW_MS, Sleeper, VenueServer

from hftsim.core.clock import SimClock
from hftsim.data.binance import BinanceDataFetcher


@pytest.fixture
def venue() -> Iterator[VenueServer]:
    """Return a running venue whose time is `NOW_MS`."""
    with VenueServer(now_ms=NOW_MS) as server:
        yield server


@pytest.fixture
def sleeper() -> Sleeper:
    """Return what the fetcher waits with."""
    return Sleeper()


@pytest.fixture
def make(venue: VenueServer, sleeper: Sleeper) -> Callable[..., BinanceDataFetcher]:
    """Return what builds a fetcher that talks to the venue and never waits."""

    def build(symbol: str = "BTCUSDT", interval: str = "1m", **more: Any) -> BinanceDataFetcher:
        known = {
            "base_url": venue.url,
            "clock": SimClock(NOW_MS * 1_000_000),
            "sleep": sleeper,
            "rng": np.random.default_rng(1),
        }
        return BinanceDataFetcher(symbol, interval, **{**known, **more})

    return build
