"""A finished tick market with the ticks it ran on, as a result reads it."""

import functools
from typing import Any

import numpy as np
import pandas as pd

from hftsim.backtest import tables
from hftsim.backtest.tables import held_value
from hftsim.data.ticks.metadata import days_without_checksums
from hftsim.sim.ticks import ReplayMarket


class TickRun:
    """What a result asks of a run over ticks.

    Parameters
    ----------
    market : the market after the run.
    """

    config_of_other_data = frozenset({"slippage", "max_volume_share", "intrabar", "chunk_rows"})
    """Settings that do not concern a run on ticks, or not its results."""

    def __init__(self, market: ReplayMarket) -> None:
        self.market = market

    @property
    def times(self) -> pd.DatetimeIndex:
        """Times of the points of the equity curve."""
        return tables.utc_times(self.market.sample_times, name="time")

    @property
    def equity(self) -> np.ndarray:
        """Equity at those times, quote currency."""
        return self.market.equity

    @property
    def positions(self) -> np.ndarray:
        """Positions at those times, lots, shape (points, instruments)."""
        return self.market.positions

    @property
    def marks(self) -> list[float]:
        """What an open position is valued at: the last mid prices received."""
        return [float(v) for v in self.market.instrument_records["close"]]

    @property
    def trade_times(self) -> np.ndarray:
        """Times of the equity curve: how many points a trade was held is counted in them."""
        return self.market.sample_times

    @functools.cached_property
    def bars(self) -> dict[str, pd.DataFrame]:
        """The mid price by point of the equity curve, as bars that end there, for pictures.

        Volume is not known.
        """
        times, found = self.market.sample_times, {}
        steps, often = np.unique(np.diff(times), return_counts=True)
        step = int(steps[np.argmax(often)]) if len(steps) else 0
        for k, symbol in enumerate(self.market.symbols):
            known = self.market.marks[:, k] > 0
            if not known.any():
                continue
            mids = self.market.marks[known, k]
            opens = np.concatenate([mids[:1], mids[:-1]])
            columns = {
                "open": opens,
                "high": np.maximum(opens, mids),
                "low": np.minimum(opens, mids),
                "close": mids,
                "volume": np.zeros(len(mids)),
            }
            index = tables.utc_times(times[known] - step, name="ts_open")
            found[symbol] = pd.DataFrame(columns, index=index)
        return found

    @property
    def is_simulated(self) -> bool:
        """Whether any of the data is simulated."""
        return any(t.metadata.get("simulated", False) for t in self.market.ticks)

    def hashes(self) -> dict[str, str]:
        """Return symbol -> SHA-256 of its data."""
        pairs = zip(self.market.symbols, self.market.ticks, strict=True)
        return {symbol: ticks.sha256 for symbol, ticks in pairs}

    def about_data(self) -> list[dict[str, Any]]:
        """Return where each instrument's data came from."""
        names = ("level", "source", "corrections", "counts", "has_receive_times", "notes")
        return [
            {
                "symbol": symbol,
                "sha256": ticks.sha256,
                "rows": ticks.rows,
                **{name: ticks.metadata[name] for name in names if name in ticks.metadata},
                "days_without_checksums": days_without_checksums(ticks.metadata),
            }
            for symbol, ticks in zip(self.market.symbols, self.market.ticks, strict=True)
        ]

    def counts(self) -> dict[str, Any]:
        """Return the counts that a summary tells of this kind of data."""
        run, feeds, tiers = self.market.run, self.market.feeds, self.market.fee_tiers
        costs: dict[str, Any] = {}
        if tiers is not None:
            costs |= {"fee_tier": tiers.tier, "fees_by_tier": tiers.paid}
        if self.market.settings.liquidity_half_life is not None:
            costs["taken_levels_forgotten"] = int(feeds["taken_forgotten"].sum())
        return {
            **costs,
            "rows": sum(ticks.rows for ticks in self.market.ticks),
            "rows_of_unknown_orders": int(feeds["unknown_rows"].sum()),
            "settled_after_end": int(run["settled"][0]),
            "unsent_at_end": int(run["unsent"][0]),
            "cancels_refused": int(feeds["not_canceled"].sum()),
            "replaces_refused": int(feeds["not_replaced"].sum()),
            "funding": float(self.market.instrument_records["funding"].sum()),
            "funding_by_symbol": dict(
                zip(
                    self.market.symbols,
                    self.market.instrument_records["funding"].tolist(),
                    strict=True,
                )
            ),
            "funding_payments": int(run["payment_count"][0]),
            "unpriced_funding": int(run["unpriced_funding"][0]),
            "liquidated": bool(run["liquidated"][0]),
            "owed": max(0.0, -float(self.market.context["equity"][0])),
        }

    def benchmark(self) -> pd.Series:
        """Return the equity of buying equal parts at the first mid price and holding them.

        It pays the taker fee once.
        """
        market = self.market
        part = market.settings.capital / len(market.symbols)
        total = np.zeros(len(market.sample_times))
        for k, rules in enumerate(market.instruments):
            marks = market.marks[:, k]
            known = np.flatnonzero(marks > 0)
            if len(known) == 0:
                total += part
                continue
            held = held_value(rules, part, marks[known[0]], np.where(marks > 0, marks, np.nan))
            total += np.where(marks > 0, held, part)
        return pd.Series(total, index=self.times, name="benchmark")

    def signal_rows(self, log: np.ndarray) -> list[dict[str, float]]:
        """Return the mid price at each signal, for the strategy's explanation."""
        rows = np.searchsorted(self.market.sample_times, log["ts_event"], side="right") - 1
        marks = self.market.marks[np.maximum(rows, 0), np.maximum(log["instrument"], 0)]
        return [{"close": mark} for mark in marks.tolist()]
