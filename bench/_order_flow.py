"""A drifting stream of order messages: the best prices move all the time and are swept through.

Made in blocks against our own book, so that cancels and reductions meet live orders. Of 100 messages
about 48 add a limit order, 42 cancel one (half of them among the newest), 3 make one smaller and 7 are
limit orders that trade (IOC, up to 3 ticks through the best price). Prices follow a random walk with
jumps; 7 % of the orders lie up to 4,000 ticks away and grow stale.
"""

from typing import Any

import numpy as np

from hftsim.book.matching.layout import MESSAGE
from hftsim.book.matching.matcher import Matcher
from hftsim.book.orders.memory import BookMemory
from hftsim.core.enums import MessageOp, OrderType, ReportKind, TimeInForce

_ADD, _CANCEL, _REDUCE, _TRADE = range(4)


class OrderFlow:
    """Makes the stream; `messages` says what came of it."""

    def __init__(self, count: int, live: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.live_wanted, self.scale = live, max(8.0, min(live, 100_000) / 40.0)
        self.matcher = Matcher(BookMemory(2 * live + 100_000, "dense"))
        self.price = np.zeros(count + 1, np.int64)
        self.side = np.zeros(count + 1, np.int8)
        self.left = np.zeros(count + 1, np.int64)
        self.alive = np.zeros(count + 1, np.int64)
        self.live, self.next_id, self.mid = 0, 1, 1_000_000.0
        self.messages = np.zeros(count, MESSAGE)
        self.kinds = np.zeros(4, np.int64)
        self._fill(count)

    def _fill(self, count: int) -> None:
        done = 0
        while done < count:
            size = min(max(self.live // 25, 32), count - done, 4096)
            block = self.messages[done : done + size]
            self._block(block)
            self._follow(self.matcher.process(block))
            done += size

    def _block(self, rows: np.ndarray) -> None:
        size, missing = len(rows), 1.0 - self.live / self.live_wanted
        adds = 0.485 + np.clip(missing, -0.1, 0.1) if missing < 0.5 else 0.9
        shares = np.array([adds, 0.9 - adds, 0.03, 0.07])
        kinds = self.rng.choice(4, size, p=shares)
        steps = 0.15 * self.rng.normal(size=size)
        steps[self.rng.random(size) < 0.0002] *= 130.0
        mids = self.mid + np.cumsum(steps)
        self.mid = float(mids[-1])
        rows["op"], rows["type"], rows["tif"] = MessageOp.NEW, OrderType.LIMIT, TimeInForce.GTC
        self._new_orders(rows, kinds, mids)
        self._changes(rows, kinds)
        self.kinds += np.bincount(kinds, minlength=4)

    def _new_orders(self, rows: np.ndarray, kinds: np.ndarray, mids: np.ndarray) -> None:
        at = np.flatnonzero((kinds == _ADD) | (kinds == _TRADE))
        count, rng = len(at), self.rng
        ids = np.arange(self.next_id, self.next_id + count)
        self.next_id += count
        sides = np.where(rng.random(count) < 0.5, 1, -1)
        away = 0.3 + rng.exponential(self.scale, count)
        stale = rng.random(count) < 0.07
        away[stale] = 4000.0 * rng.random(int(stale.sum()))
        trades = kinds[at] == _TRADE
        bid, ask = self._best()
        prices = np.floor(mids[at] - sides * away).astype(np.int64)
        prices = np.where(trades, np.where(sides > 0, ask + 3, bid - 3), prices)
        small, large = rng.exponential(1.5, count), rng.exponential(3.0, count)
        qtys = np.where(trades, 50 * (1 + large.astype(int)), 100 * (1 + small.astype(int)))
        rows["order_id"][at], rows["side"][at] = ids, sides
        rows["price"][at], rows["qty"][at] = prices, qtys
        rows["tif"][at[trades]] = TimeInForce.IOC
        self.price[ids], self.side[ids], self.left[ids] = prices, sides, qtys

    def _changes(self, rows: np.ndarray, kinds: np.ndarray) -> None:
        at = np.flatnonzero((kinds == _CANCEL) | (kinds == _REDUCE))
        if not self.live:
            return
        rng, count = self.rng, len(at)
        anywhere = (rng.random(count) * self.live).astype(int)
        newest = self.live - 1 - (rng.random(count) * min(self.live, 64)).astype(int)
        places = np.where(rng.random(count) < 0.5, newest, anywhere)
        places = (places + np.arange(count)) % self.live if count < self.live else anywhere
        ids = self.alive[places]
        reduces = kinds[at] == _REDUCE
        rows["order_id"][at] = ids
        rows["op"][at] = np.where(reduces, MessageOp.REPLACE, MessageOp.CANCEL)
        rows["price"][at] = self.price[ids]
        rows["qty"][at] = np.maximum(self.left[ids] - 50, 1)

    def _follow(self, reports: np.ndarray) -> None:
        """Learn from the reports which orders live, and with how much."""
        ids = reports["order_id"]
        told = reports["kind"] != ReportKind.REJECT
        self.left[ids[told]] = reports["leaves_qty"][told]
        acked = ids[reports["kind"] == ReportKind.ACK]
        known = np.concatenate([self.alive[: self.live], acked])
        known = known[self.left[known] > 0]
        self.live = len(known)
        self.alive[: self.live] = known

    def _best(self) -> tuple[int, int]:
        keys, levels = (self.matcher.memory.sides[n] for n in ("best_key", "best_level"))
        mid = int(self.mid)
        return (~int(keys[0]) if levels[0] >= 0 else mid), (int(keys[1]) if levels[1] >= 0 else mid)


def drifting(count: int, live: int, seed: int = 7) -> tuple[np.ndarray, dict[str, Any]]:
    """Return (`MESSAGE` rows, facts about them) of a stream that holds about `live` orders."""
    flow = OrderFlow(count, live, seed)
    shares = dict(zip(("add", "cancel", "reduce", "marketable"), flow.kinds / count, strict=True))
    levels = int(flow.matcher.memory.sides["levels"].sum())
    return flow.messages, {"live_at_end": flow.live, "levels_at_end": levels, **shares}


def renamed(messages: np.ndarray) -> np.ndarray:
    """Return the stream with ids spread over all positive int64."""
    spread = messages.copy()
    words = messages["order_id"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    spread["order_id"] = (words & np.uint64((1 << 62) - 1)).astype(np.int64) | 1 << 62
    return spread
