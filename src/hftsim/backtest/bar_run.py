"""A finished bar market with the bars it ran on, as a result reads it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hftsim.backtest import tables
from hftsim.backtest.tables import held_value
from hftsim.core.bars import data_hash, gap_count, source_of
from hftsim.sim.bars import BarMarket


class BarRun:
    """What a result asks of a run over bars.

    Parameters
    ----------
    market : the market after the run.
    bars : symbol -> bar frame it ran on.
    """

    config_of_other_data = frozenset(
        {
            "latency",
            "queue",
            "partial_fills",
            "trade_through",
            "liquidity_half_life",
            "equity_every",
            "chunk_rows",
        }
    )
    """Settings that do not concern a run on bars."""

    def __init__(self, market: BarMarket, bars: Mapping[str, pd.DataFrame]) -> None:
        self.market, self.bars = market, dict(bars)

    @property
    def times(self) -> pd.DatetimeIndex:
        """Close time of every processed step."""
        market = self.market
        return tables.utc_times(market.times[: market.steps_done] + market.interval, name="time")

    @property
    def equity(self) -> np.ndarray:
        """Equity at those times, quote currency."""
        return self.market.equity[: self.market.steps_done]

    @property
    def positions(self) -> np.ndarray:
        """Positions at those times, lots, shape (steps, instruments)."""
        return self.market.positions[: self.market.steps_done]

    @property
    def marks(self) -> list[float]:
        """What an open position is valued at: the last closes."""
        return [float(v) for v in self.market.instrument_records["close"]]

    @property
    def trade_times(self) -> np.ndarray:
        """Starts of bars: how many bars a trade was held is counted in them."""
        return self.market.times

    @property
    def is_simulated(self) -> bool:
        """Whether any of the data is simulated."""
        return any(source_of(b).get("simulated", False) for b in self.bars.values())

    def hashes(self) -> dict[str, str]:
        """Return symbol -> SHA-256 of its data."""
        return {symbol: data_hash(frame) for symbol, frame in self.bars.items()}

    def about_data(self) -> list[dict[str, Any]]:
        """Return where each instrument's data came from."""
        taken = ("symbol", "gaps", "rows")
        return [
            {
                "symbol": symbol,
                "sha256": data_hash(frame),
                "rows": len(frame),
                "gaps": gap_count(frame),
                **{k: v for k, v in source_of(frame).items() if k not in taken},
            }
            for symbol, frame in self.bars.items()
        ]

    def counts(self) -> dict[str, Any]:
        """Return the counts that a summary tells of this kind of data."""
        bars = int(sum(len(frame) for frame in self.bars.values()))
        return {"bars": bars, "fills_across_gaps": self._fills_across_gaps()}

    def benchmark(self) -> pd.Series:
        """Return the equity of buying equal parts at the first possible open and holding them.

        Like a strategy that decides at the first close: it pays the second bar's open and the taker
        fee once.
        """
        market = self.market
        times = market.times[: market.steps_done]
        capital = market.settings.capital
        total = np.zeros(len(times))
        for k, frame in enumerate(self.bars.values()):
            part = capital / len(self.bars)
            closes, starts = frame["close"].to_numpy(), market.starts[k]
            if len(frame) < 2:
                total += part
                continue
            row = np.searchsorted(starts, times, side="right") - 1
            paid, marks = frame["open"].to_numpy()[1], closes[np.maximum(row, 0)]
            total += np.where(row >= 1, held_value(market.instruments[k], part, paid, marks), part)
        return pd.Series(total, index=self.times, name="benchmark")

    def signal_rows(self, log: np.ndarray) -> list[dict[str, float]]:
        """Return the close and the columns at each signal, for the strategy's explanation."""
        market = self.market
        names = ("close", *market.column_names)
        values = np.empty((len(log), len(names)))
        for k, symbol in enumerate(market.symbols):
            mine = log["instrument"] == k
            begins = log["ts_event"][mine] - market.interval
            rows = np.maximum(np.searchsorted(market.starts[k], begins, side="right") - 1, 0)
            values[mine, 0] = self.bars[symbol]["close"].to_numpy()[rows]
            values[mine, 1:] = market.columns[k][rows]
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]

    def _fills_across_gaps(self) -> int:
        """Count fills whose bar did not follow on the one before it."""
        late = 0
        log = tables.fills_log(self.market)
        for k, starts in enumerate(self.market.starts):
            follows_gap = np.diff(starts, prepend=starts[:1]) > self.market.interval
            times = log["ts_event"][log["instrument"] == k]
            late += int(follows_gap[np.searchsorted(starts, times, side="right") - 1].sum())
        return late
