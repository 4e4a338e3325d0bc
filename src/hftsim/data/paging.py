"""Klines of any length through pages of a thousand: nothing missed, nothing repeated."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hftsim.core.bars import start_times_ns
from hftsim.core.errors import VenueError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.merge import Overlap, merge_pages

PAGE_ROWS = 1000
_MS_NS = 1_000_000

Span = tuple[int, int]
Ask = Callable[[dict[str, int]], tuple[pd.DataFrame, int]]
"""Sends startTime, endTime and limit; returns the page and the time (ns) the venue had, at most."""


@dataclass(kw_only=True)
class KlinePager:
    """Bars gathered page by page, and the spans of time in which none is missing.

    Stopped halfway, `pages` and `spans` are what is known; a later pager that is given both asks
    only for what lies outside the spans. Bars that have not ended yet are kept apart.

    Parameters
    ----------
    ask : fetches one page.
    step_ns : the bar interval in nanoseconds.
    pages : bar frames in the order they were fetched.
    spans : disjoint [from, until) in nanoseconds.
    progress : told of the bars gathered.

    Attributes
    ----------
    unfinished : bars that had not ended when they were sent.
    wanted : from when until when (ns) the bars asked for lie.
    gathered, expected : how many of them are there, and how many there should be.
    """

    ask: Ask
    step_ns: int
    pages: list[pd.DataFrame] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    progress: Progress = no_progress
    unfinished: pd.DataFrame | None = field(default=None, init=False)
    wanted: Span = field(default=(0, 0), init=False)
    gathered: int = field(default=0, init=False)
    expected: int = field(default=0, init=False)

    def forward(self, start_ns: int, end_ns: int, limit: int | None, *, bounded: bool) -> None:
        """Gather the bars that start in [start, end), or the first `limit` of them.

        With `bounded` the venue is told the end; without, it gives what it has.
        Raises VenueError where the venue sends the same page again and again.
        """
        cursor, until = start_ns, {"endTime": _ms_before(end_ns)} if bounded else {}
        self.wanted = (start_ns, end_ns)
        self.expected = min(math.ceil((end_ns - start_ns) / self.step_ns), limit or 2**63)
        while cursor < end_ns and self.unfinished is None and self.gathered < self.expected:
            known_until = next((e for s, e in self.spans if s <= cursor < e), cursor)
            if known_until > cursor:
                self._tell(self._known_rows(cursor, min(known_until, end_ns)), cursor)
                cursor = known_until
                continue
            page, upto_ns = self._page({"startTime": -(-cursor // _MS_NS), **until})
            opens = start_times_ns(page)
            if not len(opens):
                break
            if opens[-1] < cursor:
                raise VenueError(_stuck("startTime", cursor))
            after = int(opens[-1]) + self.step_ns
            self._add(page, (cursor, min(after, upto_ns)))
            self._tell(int(np.count_nonzero((opens >= cursor) & (opens < end_ns))), after)
            cursor = after

    def backward(self, end_ns: int | None, limit: int) -> None:
        """Gather the last `limit` bars that start before `end_ns`, or the last there are.

        Raises VenueError where the venue sends the same page again and again.
        """
        cursor, self.expected = end_ns, limit
        while self.gathered < limit:
            known = [s for s, e in self.spans if cursor is not None and s < cursor <= e]
            if cursor is not None and known:
                self._tell(self._known_rows(known[0], cursor), cursor)
                self.wanted = (known[0], self.wanted[1] or cursor)
                cursor = known[0]
                continue
            missing = limit - self.gathered + (1 if cursor is None else 0)
            before = {} if cursor is None else {"endTime": _ms_before(cursor)}
            page, upto_ns = self._page(before, min(missing, PAGE_ROWS))
            opens = start_times_ns(page)
            if not len(opens):
                if cursor is not None or self.unfinished is None:
                    break
                cursor = upto_ns
                continue
            if cursor is not None and opens[0] >= cursor:
                raise VenueError(_stuck("endTime", cursor))
            top = int(opens[-1]) + self.step_ns if cursor is None else cursor
            self._add(page, (int(opens[0]), min(top, upto_ns)))
            self._tell(int(np.count_nonzero(opens < top)), int(opens[0]))
            cursor = int(opens[0])
            self.wanted = (cursor, self.wanted[1] or top)

    def ask_for_holes(self) -> None:
        """Ask once more for every hole, so that the holes that remain are the venue's own."""
        asked: set[int] = set()
        while self.pages:
            opens = start_times_ns(self.bars()[0])
            opens = opens[(opens >= self.wanted[0]) & (opens < self.wanted[1])]
            before = np.flatnonzero(np.diff(opens) > self.step_ns)
            holes = [(int(opens[i]) + self.step_ns, int(opens[i + 1])) for i in before]
            holes = [hole for hole in holes if hole[0] not in asked]
            if not holes:
                return
            for first, end in holes:
                asked.add(first)
                where = {"startTime": -(-first // _MS_NS), "endTime": _ms_before(end)}
                page, _ = self._page(where)
                found = start_times_ns(page)
                self._add(page[(found >= first) & (found < end)])

    def bars(self) -> tuple[pd.DataFrame, Overlap]:
        """Return all finished bars in order of time, and how the pages overlapped.

        At least one page is needed.
        """
        return merge_pages(self.pages)

    def _page(self, where: dict[str, int], limit: int = PAGE_ROWS) -> tuple[pd.DataFrame, int]:
        page, now_ns = self.ask({**where, "limit": limit})
        opens = start_times_ns(page)
        if len(opens) and np.diff(opens).min(initial=0) < 0:
            raise VenueError("the venue sent klines that are not in order of time")
        ended = opens + self.step_ns <= now_ns
        if ended.all():
            return page, now_ns
        self.unfinished = page[~ended]
        return page[ended], int(opens[~ended][0])

    def _add(self, page: pd.DataFrame, span: Span | None = None) -> None:
        self.pages.extend(_without_repeats(page))
        if span is not None:
            self.spans = joined([*self.spans, span])

    def _known_rows(self, start_ns: int, end_ns: int) -> int:
        opens = start_times_ns(self.bars()[0])
        return int(np.count_nonzero((opens >= start_ns) & (opens < end_ns)))

    def _tell(self, rows: int, at_ns: int) -> None:
        self.gathered = min(self.gathered + rows, self.expected)
        self.progress(self.gathered, self.expected, _time(at_ns))


def joined(spans: list[Span]) -> list[Span]:
    """Return the same times as disjoint spans in order; spans that touch become one."""
    result: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _without_repeats(page: pd.DataFrame) -> Iterator[pd.DataFrame]:
    while len(page):
        again = page.index.duplicated()
        yield page[~again] if again.any() else page
        page = page[again]


def _ms_before(at_ns: int) -> int:
    return (at_ns - 1) // _MS_NS


def _time(at_ns: int) -> str:
    return pd.Timestamp(at_ns, tz="UTC").strftime("%Y-%m-%d %H:%M")


def _stuck(parameter: str, at_ns: int) -> str:
    return (
        f"the venue sends the same klines again: it does not obey {parameter} ({_time(at_ns)}); "
        "check the base URL"
    )
