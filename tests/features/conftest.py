"""Bars to try features on."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

BarMaker = Callable[..., pd.DataFrame]


def _make_bars(
    rows: int,
    seed: int = 0,
    *,
    taker: bool = False,
    price: float = 100.0,
    start: str = "2024-03-08 18:00",
) -> pd.DataFrame:
    """Return a random walk with unchanged closes, bars without range and bars without volume."""
    rng = np.random.default_rng(seed)
    moves = rng.standard_normal(rows) * 1e-3 * (rng.random(rows) > 0.1)
    close = price * np.exp(np.cumsum(moves))
    open_ = np.concatenate([close[:1], close[:-1]])
    still = rng.random(rows) < 0.05
    high = np.maximum(open_, close) * (1 + np.where(still, 0, rng.random(rows) * 1e-3))
    low = np.minimum(open_, close) * (1 - np.where(still, 0, rng.random(rows) * 1e-3))
    volume = rng.gamma(1.0, 10.0, rows) * (rng.random(rows) > 0.05)
    index = pd.date_range(start, periods=rows, freq="1min", tz="UTC", name="ts_open")
    bars = pd.DataFrame(
        {"open": open_, "high": high, "low": low, "close": close, "volume": volume}, index=index
    )
    if taker:
        bars["trade_count"] = np.floor(volume * rng.random(rows))
        bars["taker_buy_volume"] = volume * rng.random(rows)
    return bars


@pytest.fixture(scope="session")
def make_bars() -> BarMaker:
    """Return a maker of random bars."""
    return _make_bars
