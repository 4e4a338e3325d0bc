"""Runs a strategy over made-up bars in both modes and compares everything they leave behind."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hftsim.core.instrument import Instrument
from hftsim.engine import drive
from hftsim.sim.bars import BarMarket, BarMarketSettings
from hftsim.strategies.base import Strategy

Bars = pd.DataFrame | Mapping[str, pd.DataFrame]


def _bars(rows: int = 1500, seed: int = 3, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.standard_t(3, rows) * 1e-3))
    first = np.concatenate([[100.0], close[:-1]])
    spread = np.abs(rng.normal(0, 1e-3, rows)) * close
    frame = pd.DataFrame(
        {
            "open": first,
            "high": np.maximum(first, close) + spread,
            "low": np.minimum(first, close) - spread,
            "close": close,
            "volume": rng.integers(1, 1000, rows).astype(float),
        },
        index=pd.date_range("2024-01-01", periods=rows, freq="min", tz="UTC", name="ts_open"),
    ).round(2)
    return frame.assign(**columns)


def _market(strategy: Strategy, data: Bars, **settings: Any) -> BarMarket:
    frames = data if isinstance(data, Mapping) else {"SIMUSDT": data}
    rules = [
        Instrument(symbol=s, kind="perpetual", tick_size="0.01", lot_size="0.001", taker_fee=2e-5)
        for s in frames
    ]
    made = [strategy.columns(frame) for frame in frames.values()]
    names = tuple(made[0])
    tables = [
        np.column_stack([m[n] for n in names]) if names else np.zeros((len(f), 0))
        for m, f in zip(made, frames.values(), strict=True)
    ]
    return BarMarket(frames, rules, tables, names, BarMarketSettings(**settings))


def _run(strategy: Strategy, data: Bars, mode: Any = "native", **settings: Any) -> BarMarket:
    market = _market(strategy, data, **settings)
    drive(strategy, market, mode)
    return market


def _logs(strategy: Strategy, market: BarMarket) -> dict[str, np.ndarray]:
    context = market.context
    counts = {name: int(context[f"{name}_count"][0]) for name in ("order", "fill", "signal")}
    steps = market.steps_done
    parts = {
        "orders": market.orders[: counts["order"]],
        "fills": market.fills[: counts["fill"]],
        "signals": market.signals[: counts["signal"]],
        "context": context[["now", "equity", "cash", "fees", "refused", "decisions", "step"]],
        "state": strategy._memory,
    }
    found = {
        f"{part}.{name}": np.array(records[name])
        for part, records in parts.items()
        for name in records.dtype.names or ()
    }
    found["equity"], found["positions"] = market.equity[:steps], market.positions[:steps]
    return found


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype.names:
        return all(_equal(a[n], b[n]) for n in a.dtype.names)
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@pytest.fixture(scope="session")
def bars() -> Callable[..., pd.DataFrame]:
    """Make bars: rows, seed, and further columns by name."""
    return _bars


@pytest.fixture(scope="session")
def run() -> Callable[..., BarMarket]:
    """Run a strategy over bars; returns the market."""
    return _run


@pytest.fixture(scope="session")
def market_of() -> Callable[..., BarMarket]:
    """Lay out the market of a strategy over bars."""
    return _market


@pytest.fixture(scope="session")
def logs() -> Callable[..., dict[str, np.ndarray]]:
    """Return everything a run leaves behind, by name."""
    return _logs


@pytest.fixture(scope="session")
def twice() -> Callable[..., tuple[Strategy, BarMarket]]:
    """Run a strategy in both modes, show that all is equal; returns the native strategy and run."""

    def compare(make: Callable[[], Strategy], data: Bars, **settings: Any) -> Any:
        ran = []
        for mode in ("native", "python"):
            strategy = make()
            ran.append((strategy, _run(strategy, data, mode, **settings)))
        native, python = (_logs(*r) for r in ran)
        different = [name for name in native if not _equal(native[name], python[name])]
        assert different == []
        return ran[0]

    return compare
