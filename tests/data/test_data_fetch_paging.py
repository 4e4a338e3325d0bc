"""Whatever the holes, the pages and the interruptions: exactly the venue's bars come out."""

import itertools

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core.bars import start_times_ns
from hftsim.data.merge import Overlap, merge_bars, merge_pages
from hftsim.data.paging import KlinePager, joined

STEP_MS = 60_000
STEP_NS = STEP_MS * 1_000_000
UNFINISHED = 1_000
NOW_NS = UNFINISHED * STEP_NS + STEP_NS // 2


def frame(opens_ms: list[int]) -> pd.DataFrame:
    index = pd.DatetimeIndex(np.array(opens_ms, dtype="datetime64[ms]"), name="ts_open")
    return pd.DataFrame({"close": [float(at) for at in opens_ms]}, index=index.tz_localize("UTC"))


class Shelf:
    """Answers as a venue does, from a set of bars; breaks off at the n-th question."""

    def __init__(self, existing: set[int], page_rows: int, break_at: int | None = None) -> None:
        self.opens = sorted(at * STEP_MS for at in existing | {UNFINISHED})
        self.page_rows, self.break_at, self.asked = page_rows, break_at, 0

    def __call__(self, where: dict[str, int]) -> tuple[pd.DataFrame, int]:
        self.asked += 1
        if self.asked == self.break_at:
            raise KeyboardInterrupt
        rows = min(where["limit"], self.page_rows)
        end = where.get("endTime", 2**60)
        if "startTime" in where:
            found = [at for at in self.opens if where["startTime"] <= at <= end][:rows]
        else:
            found = [at for at in self.opens if at <= end][-rows:]
        return frame(found), NOW_NS


bars_there = st.sets(st.integers(900, 999), max_size=100)


@given(
    existing=bars_there,
    page_rows=st.integers(1, 30),
    start=st.integers(890, 990),
    length=st.integers(1, 110),
    limit=st.none() | st.integers(1, 60),
    break_at=st.none() | st.integers(1, 12),
)
def test_a_range_is_exactly_what_the_venue_has(
    existing: set[int],
    page_rows: int,
    start: int,
    length: int,
    limit: int | None,
    break_at: int | None,
) -> None:
    end_ns = min((start + length) * STEP_NS, NOW_NS)

    def run(shelf: Shelf, **known: object) -> KlinePager:
        pager = KlinePager(ask=shelf, step_ns=STEP_NS, **known)  # type: ignore[arg-type]
        try:
            pager.forward(start * STEP_NS, end_ns, limit, bounded=length % 2 == 0)
            pager.ask_for_holes()
        except KeyboardInterrupt:
            resumed = Shelf(existing, page_rows)
            return run(resumed, pages=pager.pages, spans=pager.spans)
        return pager

    pager = run(Shelf(existing, page_rows, break_at))
    wanted = sorted(at for at in existing if start <= at < start + length)
    got = pager.bars()[0] if pager.pages else frame([])
    opens = start_times_ns(got) // STEP_NS
    inside = [at for at in opens if start <= at < start + length]
    assert inside[:limit] == wanted[:limit]


@given(
    existing=bars_there,
    page_rows=st.integers(1, 30),
    limit=st.integers(1, 110),
    end=st.none() | st.integers(880, 1005),
    break_at=st.none() | st.integers(1, 12),
)
def test_the_last_bars_are_exactly_what_the_venue_has(
    existing: set[int], page_rows: int, limit: int, end: int | None, break_at: int | None
) -> None:
    end_ns = None if end is None else end * STEP_NS

    def run(shelf: Shelf, **known: object) -> KlinePager:
        pager = KlinePager(ask=shelf, step_ns=STEP_NS, **known)  # type: ignore[arg-type]
        try:
            pager.backward(end_ns, limit)
            pager.ask_for_holes()
        except KeyboardInterrupt:
            resumed = Shelf(existing, page_rows)
            return run(resumed, pages=pager.pages, spans=pager.spans)
        return pager

    pager = run(Shelf(existing, page_rows, break_at))
    finished = [at for at in sorted(existing) if end is None or at < end]
    got = pager.bars()[0] if pager.pages else frame([])
    opens = list(start_times_ns(got) // STEP_NS)
    assert opens[-limit:] == finished[-limit:]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_joined_spans_hold_the_same_times(spans: list[tuple[int, int]]) -> None:
    merged = joined(spans)
    assert {t for s, e in spans for t in range(s, e)} == {t for s, e in merged for t in range(s, e)}
    assert all(a[1] < b[0] for a, b in itertools.pairwise(merged))


def test_merging_counts_what_repeats_and_what_differs() -> None:
    older = frame([0, STEP_MS, 2 * STEP_MS])
    newer = frame([STEP_MS, 2 * STEP_MS, 3 * STEP_MS])
    newer.iloc[1, 0] = -1.0
    kept, overlap = merge_bars(older, newer, take_newer=False)
    assert kept.close.to_list() == [0.0, 60_000.0, 120_000.0, 180_000.0]
    assert (overlap.repeated, overlap.revised) == (1, 1)
    taken, _ = merge_bars(older, newer, take_newer=True)
    assert taken.close.to_list() == [0.0, 60_000.0, -1.0, 180_000.0]


def test_two_absent_values_are_the_same_value() -> None:
    older, newer = frame([0]), frame([0])
    older.iloc[0, 0] = newer.iloc[0, 0] = float("nan")
    assert merge_bars(older, newer, take_newer=True)[1] == Overlap(repeated=1)


def test_merging_leaves_the_frames_and_their_sources_alone() -> None:
    page = frame([0, STEP_MS])
    page.attrs["source"] = {"symbol": "BTCUSDT"}
    merged, _ = merge_pages([page, frame([2 * STEP_MS])])
    assert page.attrs["source"] == {"symbol": "BTCUSDT"}
    assert merged.attrs == {}
    assert len(merged) == 3
