"""Proof of a recording against itself: its book, rebuilt, beside what the venue says of the best."""

from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.book.decimals import DecimalGrids, MisfitError
from hftsim.book.levels import PriceLevels
from hftsim.book.sequence import Step
from hftsim.core.errors import DataError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.captures.binance_messages import BinanceParser, Message, MessageKind
from hftsim.data.captures.binance_rows import binance_tracker, book_steps
from hftsim.data.captures.binance_sources import open_binance
from hftsim.data.captures.rows import misfit
from hftsim.data.captures.survey import Survey, Surveyed
from hftsim.data.captures.verify_kraken import verify_kraken

__all__ = ["verify_binance", "verify_kraken"]

_TEXTS = 1 << 16
_EXAMPLES = 3
_TOTALS = ("compared", "equal", "undecided", "gaps", "crossed", "snapshots", "updates", "stale")
_BEST = ("bid_price", "bid_qty", "ask_price", "ask_qty")


def verify_binance(path: Path, progress: Progress = no_progress) -> dict[str, Any]:
    """Rebuild the books of a raw capture and compare each with the venue's book ticker.

    After every update that is applied, the best prices and quantities of the book are compared with
    the ticker of the highest update number that is not above the update's own, wherever that ticker
    stands in the file: the streams run beside each other. Behind the last ticker of a file a
    difference proves nothing, since the ticker that would show it may not have been recorded: those
    points are counted as undecided.

    Parameters
    ----------
    path : a raw capture, or a recording of cryptofeed; all instruments in it are compared.
    progress : is told the bytes read.

    Returns
    -------
    dict
        compared, equal, undecided : points.
        gaps : updates that do not follow; books that were never known count too.
        crossed : points at which a bid was at or above an ask.
        snapshots, updates, stale, symbols; instruments : the same for each; examples : of
        differences, at most three.

    Raises
    ------
    DataError
        The file cannot be read, or holds no updates of any book.
    """
    source, parser = open_binance(path), BinanceParser()
    survey = Survey(path, source.messages(parser, as_written=True))
    booked = {s: o for s, o in survey.found.items() if o.kinds[MessageKind.UPDATE]}
    if not booked:
        raise DataError("holds no updates of a book: nothing to verify", path=path)
    books = {s: _Comparison(path, of) for s, of in booked.items()}
    for n, message in enumerate(source.messages(BinanceParser())):
        symbol = message.symbol or survey.named[message.row]
        if symbol in books:
            books[symbol].take(message)
        if n % 4096 == 0:
            progress(source.done, source.size, f"{n:,} messages")
    progress(source.size, source.size)
    found = {s: book.result() for s, book in books.items()}
    totals: dict[str, Any] = {name: sum(each[name] for each in found.values()) for name in _TOTALS}
    examples = [example for each in found.values() for example in each.pop("examples")]
    return {
        **totals,
        "symbols": sorted(found),
        "instruments": found,
        "left_out": dict(parser.counts),
        "examples": examples[:_EXAMPLES],
    }


class _Comparison:
    """One book, rebuilt and compared."""

    def __init__(self, path: Path, of: Surveyed) -> None:
        self._path, self._of = path, of
        self._grids = DecimalGrids(of.units)
        self._tracker = binance_tracker(of)
        self._levels = PriceLevels()
        self._points, self._quotes = array("q"), array("q")
        self._texts: list[str] = []
        self._tickers = np.zeros((0, 6), np.int64)
        self._told = Counter[str]()
        self._examples: list[dict[str, Any]] = []

    def take(self, message: Message) -> None:
        """Take the next message of the instrument."""
        if message.kind is MessageKind.QUOTE:
            self._quotes.extend((message.ids.last, message.row))
            self._texts += message.texts
            if len(self._texts) > _TEXTS:
                self._compare(at_end=False)
        elif message.kind is MessageKind.UPDATE or message.kind is MessageKind.SNAPSHOT:
            for step, each in book_steps(self._tracker, message, self._of):
                self._apply(step, each)

    def result(self) -> dict[str, Any]:
        """Compare what is left, and return the figures."""
        self._compare(at_end=True)
        self._tracker.give_up()
        counts, told = self._tracker.counts, self._told
        unknown = 0 if counts["snapshots"] else 1
        return {
            "compared": told["compared"],
            "equal": told["equal"],
            "undecided": told["undecided"],
            "gaps": counts["gaps"] + unknown,
            "crossed": told["crossed"],
            "snapshots": counts["snapshots"],
            "updates": counts["applied"],
            "stale": counts["stale"],
            "updates_without_snapshot": counts["given_up"],
            "examples": self._examples,
        }

    def _apply(self, step: Step, message: Message) -> None:
        if step is not Step.UPDATE:
            self._levels.clear()
        if step is not Step.CLEAR:
            self._levels.apply(self._pairs(message), message.bids)
        if step is Step.UPDATE:
            top = self._levels.top()
            self._told["crossed"] += top.crossed
            if self._of.kinds[MessageKind.QUOTE]:
                best = self._crossed_best() if top.crossed else top[:4]
                self._points.extend((message.ids.last, message.row, *best))

    def _crossed_best(self) -> tuple[int, ...]:
        """Return the best of both sides as they are: `top` sets aside what a newer level crosses."""
        (bid,), (ask,) = self._levels.best(1, 1), self._levels.best(-1, 1)
        return (*bid, *ask)

    def _pairs(self, message: Message) -> np.ndarray:
        try:
            return self._grids.steps(message.texts)
        except MisfitError as error:
            count, row = np.array([[len(message.texts) >> 1], [message.row]])
            raise misfit(self._path, error, count, row) from None

    def _compare(self, *, at_end: bool) -> None:
        """Compare the points for which the ticker is known; keep the others."""
        self._gather_tickers()
        points = np.array(self._points, np.int64).reshape(-1, 6)
        known = self._tickers[:, 0]
        last = known[-1] if len(known) else -1
        decided = points[:, 0] < last
        ready = points if at_end else points[decided]
        at = np.searchsorted(known, ready[:, 0], side="right") - 1
        ready, at = ready[at >= 0], at[at >= 0]
        tickers = self._tickers[at]
        same = (ready[:, 2:] == tickers[:, 2:]).all(axis=1)
        open_end = ~same & (ready[:, 0] >= last)
        self._told["compared"] += int((~open_end).sum())
        self._told["equal"] += int(same.sum())
        self._told["undecided"] += int(open_end.sum())
        for i in np.flatnonzero(~same & ~open_end)[: _EXAMPLES - len(self._examples)]:
            self._examples.append(self._example(ready[i], tickers[i]))
        left = points[:0] if at_end else points[~decided]
        self._points = array("q", left.tobytes())
        if len(known):
            lowest = min(int(left[:, 0].min(initial=last)), int(last), self._tracker.first_kept)
            needed = int(np.searchsorted(known, lowest, side="right")) - 1
            self._tickers = self._tickers[max(needed, 0) :]

    def _gather_tickers(self) -> None:
        """Append the new tickers, (update number, row, best prices and quantities), in order."""
        if not self._quotes:
            return
        named = np.array(self._quotes, np.int64).reshape(-1, 2)
        try:
            pairs = self._grids.steps(self._texts).reshape(-1, 4)
        except MisfitError as error:
            raise misfit(self._path, error, np.full(len(named), 2), named[:, 1]) from None
        new = np.hstack([named, pairs])
        tickers = np.vstack([self._tickers, new])
        self._tickers = tickers[np.argsort(tickers[:, 0], kind="stable")]
        self._quotes, self._texts = array("q"), []

    def _example(self, point: np.ndarray, ticker: np.ndarray) -> dict[str, Any]:
        def told(row: np.ndarray) -> dict[str, str]:
            units = (*self._of.units, *self._of.units)
            return {n: f"{int(v) * u:f}" for n, v, u in zip(_BEST, row[2:], units, strict=True)}

        return {
            "symbol": self._of.symbol,
            "row": int(point[1]),
            "update": int(point[0]),
            "ticker_row": int(ticker[1]),
            "book": told(point),
            "ticker": told(ticker),
        }
