"""Rows that count on one clock alone, wherever a chunk ends: both clocks see every row once."""

import numpy as np
import pytest
from tick_fuzz import RULES, START

from hftsim import Backtester, Strategy
from hftsim.backtest import BacktestConfig
from hftsim.core.errors import ConfigError
from hftsim.core.events import EventKind
from hftsim.data.ticks import Ticks
from hftsim.sim.latency import LatencyModel

VENUE, MACHINE, BOTH = 5, 9, 13
DEPTH, TRADE, MS = int(EventKind.DEPTH), int(EventKind.TRADE), 1_000_000
# (ms at the venue, ms here, clocks, kind, side, price, qty)
ROWS = [
    (0, 1, BOTH, DEPTH, 1, 100, 5),
    (1, 2, BOTH, DEPTH, -1, 102, 5),
    (12, 40, VENUE, TRADE, -1, 100, 5),
    (13, 41, VENUE, TRADE, -1, 99, 7),
    (14, 42, VENUE, DEPTH, 1, 100, 0),
    (15, 43, BOTH, DEPTH, 1, 99, 3),
    (16, 44, MACHINE, DEPTH, 1, 100, 0),
    (17, 45, MACHINE, TRADE, -1, 99, 7),
    (18, 60, VENUE, DEPTH, -1, 101, 4),
    (19, 61, BOTH, DEPTH, -1, 102, 0),
    (20, 62, MACHINE, DEPTH, -1, 101, 4),
]


class Joiner(Strategy):
    """Joins the best bid once, and notes what it sees at each packet."""

    order: int = 0
    seen: int = 0

    def on_book(self, ctx):
        self.seen = self.seen * 31 + ctx.best_bid * 7 + ctx.best_ask
        if not self.order and ctx.ready:
            self.order = ctx.buy(ctx.best_bid, 4)


@pytest.mark.parametrize("chunk_rows", [None, *range(1, 11)])
def test_no_row_is_lost_where_a_chunk_ends(chunk_rows):
    names = ("ts_event", "ts_recv", "flags", "kind", "side", "price", "qty")
    columns = dict(zip(names, np.array(ROWS).T, strict=True))
    columns["ts_event"] = START + columns["ts_event"] * MS
    columns["ts_recv"] = START + columns["ts_recv"] * MS
    config = BacktestConfig(chunk_rows=chunk_rows, latency=LatencyModel.constant("5ms"))
    joiner = Joiner()
    ticks = Ticks.from_columns(RULES, columns, level="l2")
    result = Backtester(joiner, config).run(ticks)
    assert result.market.steps_done == len(ROWS)
    fills = result.market.fills[: int(result.market.context["fill_count"][0])]
    # Sent at 2 ms, there at 7 ms behind 5 lots: the trade of 5 at 12 ms empties the queue before it,
    # that of 7 below its price at 13 ms fills it.
    assert [(f["ts_event"] - START, f["price"], f["qty"]) for f in fills] == [(13 * MS, 100, 4)]
    expected = 0
    for bid, ask in ((100, 0), (100, 102), (100, 102), (99, 102), (99, 102), (99, 0), (99, 101)):
        expected = expected * 31 + bid * 7 + ask
    assert joiner.seen == expected


def test_an_equity_curve_without_end_is_refused():
    """A last time that is 70 years away is a damaged one, or needs rarer points."""
    names = ("ts_event", "ts_recv", "flags", "kind", "side", "price", "qty")
    columns = dict(zip(names, np.array(ROWS).T, strict=True))
    columns["ts_event"] = START + columns["ts_event"] * MS
    columns["ts_recv"] = START + columns["ts_recv"] * MS
    columns["ts_recv"][-1] += 70 * 365 * 86_400 * 10**9
    ticks = Ticks.from_columns(RULES, columns, level="l2")
    with pytest.raises(ConfigError, match=r"equity_every '1s' gives 2,207,520,\d+ points"):
        Backtester(Joiner()).run(ticks)
    result = Backtester(Joiner(), BacktestConfig(equity_every="1440min")).run(ticks)
    assert len(result.equity_curve) == 25_551
