"""Made-up ticks for the tests of tick strategies: scripted by hand, or drawn from a seed."""

import numpy as np

from hftsim.core.events import EventFlag, EventKind
from hftsim.core.instrument import Instrument
from hftsim.data.ticks import Ticks
from hftsim.engine.loop import drive
from hftsim.sim.latency import LatencyModel
from hftsim.sim.ticks import ReplayMarket, ReplaySettings

START = 1_700_000_000_000_000_000
MS = 1_000_000
PERPETUAL = Instrument(
    symbol="AUSDT", kind="perpetual", tick_size="0.1", lot_size="0.001", maker_fee=0, taker_fee=0
)
SPOT = PERPETUAL.replace(kind="spot")
NAMES = ("ts_event", "ts_recv", "price", "qty", "kind", "side", "flags")


class Feed:
    """Best quotes and trades of one instrument, written down packet by packet."""

    def __init__(self, instrument=PERPETUAL):
        self.instrument, self.rows = instrument, []

    def _packet(self, ms, rows):
        time = START + round(ms * MS)
        for at, (kind, side, price, qty) in enumerate(rows):
            flags = EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL
            if at == len(rows) - 1:
                flags |= EventFlag.LAST
            self.rows.append((time, time, price, qty, kind, side, flags))

    def quote(self, ms, bid, ask, bid_qty=1000, ask_qty=1000):
        rows = [(EventKind.QUOTE, 1, bid, bid_qty), (EventKind.QUOTE, -1, ask, ask_qty)]
        self._packet(ms, rows)
        return self

    def trade(self, ms, side, price, qty):
        self._packet(ms, [(EventKind.TRADE, side, price, qty)])
        return self

    def ticks(self):
        columns = dict(zip(NAMES, np.array(self.rows, dtype=np.int64).T, strict=True))
        return Ticks.from_columns(self.instrument, columns, level="l1")


def random_mids(rng, steps, volatility=1.5, start=10_000.0):
    """Return a path of middle prices, ticks, that is pulled back to where it began."""
    path, found = start, np.empty(steps)
    for k in range(steps):
        path += rng.normal(0.0, volatility) + 0.002 * (start - path)
        found[k] = path
    return found


def feed_around(mids, rng, instrument=PERPETUAL, every_ms=50, offset_ms=0):
    """Return best quotes around middle prices, with trades between them that sweep at times."""
    feed = Feed(instrument)
    for k, mid in enumerate(mids):
        ms = offset_ms + k * every_ms
        bid = int(np.floor(mid - 0.5 * rng.integers(1, 4)))
        ask = max(bid + 1, int(np.ceil(mid + 0.5 * rng.integers(1, 4))))
        feed.quote(ms, bid, ask, *(int(q) for q in rng.integers(50, 3000, 2)))
        if rng.random() < 0.6:
            side = 1 if rng.random() < 0.5 else -1
            beyond = int(rng.geometric(0.5)) - 1
            price = ask + beyond if side > 0 else bid - beyond
            feed.trade(ms + every_ms // 2, side, price, int(rng.integers(10, 4000)))
    return feed


def random_feeds(seed, count=1, steps=2500, volatility=1.5, instrument=PERPETUAL, apart=2.0):
    """Return feeds that follow one path, each with a distance of its own that comes and goes."""
    rng = np.random.default_rng(seed)
    common = random_mids(rng, steps, volatility)
    feeds = []
    for k in range(count):
        own = random_mids(rng, steps, apart, 0.0) if k else np.zeros(steps)
        rules = instrument.replace(symbol="ABCD"[k] + "USDT")
        feeds.append(feed_around(common + own, rng, rules, offset_ms=7 * k))
    return feeds


def run(strategy, feeds, mode="native", latency="10ms", **settings):
    """Run a strategy over feeds; returns the market."""
    ticks = {f.instrument.symbol: f.ticks() for f in feeds}
    chosen = ReplaySettings(latency=LatencyModel.constant(latency), **settings)
    market = ReplayMarket(ticks, [f.instrument for f in feeds], chosen)
    drive(strategy, market, mode)
    return market


def fills_of(market):
    """Return the fills in the order in which they happened at the venue."""
    fills = market.fills[: int(market.context["fill_count"][0])]
    return np.sort(fills, order=["ts_event", "instrument", "order_id"])


def orders_of(market):
    """Return the orders sent."""
    return market.orders[: int(market.context["order_count"][0])]


def positions_of(market, instrument=0):
    """Return the position after each fill, as the venue knows it, lots."""
    fills = fills_of(market)
    own = fills[fills["instrument"] == instrument]
    return np.cumsum(own["side"] * own["qty"])


def trace(strategy, market):
    """Return everything that both modes must agree on, field by field, as bytes."""
    signals = market.signals[: int(market.context["signal_count"][0])]
    tables = (fills_of(market), orders_of(market), signals, strategy._memory)
    found = [table[name].tobytes() for table in tables for name in table.dtype.names]
    return [*found, market.equity.tobytes()]
