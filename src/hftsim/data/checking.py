"""Checks over the rows of a bar table: order, repetition, gaps, outliers, flat spells."""

import dataclasses
from typing import Any

import numpy as np

from hftsim.data.decoding import Rows
from hftsim.data.findings import NOTE, THIN_BARS, Findings, iso
from hftsim.data.intervals import DAY_NS
from hftsim.data.ordering import (
    interval_words,
    local_for_sessions,
    off_grid,
    one_bar_earlier,
    overlapping,
    runs_newest_first,
    step_of,
)
from hftsim.data.sessions import Gaps, end_marks, find_gaps, look_like_closes
from hftsim.data.tables import LineMap
from hftsim.data.zones import UTC, LocalClock

OUTLIER_MADS = 12.0
FLAT_BARS = 30
_PAST, _STEP = 1024, 256


@dataclasses.dataclass(frozen=True)
class Market:
    """What a check knows beforehand: whether trading never stops, the zone, the interval said."""

    continuous: bool
    zone: str | None
    aware: bool
    stamp: str
    interval_ns: int | None


class SeriesCheck:
    """Collect times and closes block by block, then look at them as a whole.

    Kept per row: time, close and a 64-bit hash of the values, 24 bytes.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._times: list[np.ndarray] = []
        self._closes: list[np.ndarray] = []
        self._hashes: list[np.ndarray] = []
        self._lines = LineMap()

    def add(self, rows: Rows, bad: np.ndarray, readable: np.ndarray) -> None:
        """Add the rows with readable times; closes of bad rows count as missing."""
        closes = np.where(bad, np.nan, rows.values["close"])
        self._times.append(rows.times[readable])
        self._closes.append(closes[readable])
        self._hashes.append(_hash({n: v[readable] for n, v in rows.values.items()}))
        self._lines.add(rows.lines[readable])
        silent = (rows.values["volume"] == 0) & ~bad
        first = [{"row": int(rows.lines[r])} for r in np.flatnonzero(silent)[:5]]
        self._findings.add("zero_volume", int(silent.sum()), *first)

    def finish(self, market: Market) -> tuple[np.ndarray, np.ndarray, int]:
        """Return (sorted distinct times, their closes, interval) and add all findings."""
        times, closes = _joined(self._times, np.int64), _joined(self._closes, np.float64)
        hashes = _joined(self._hashes, np.uint64)
        at = np.arange(len(times))
        if not market.aware and market.zone not in (None, UTC):
            times, kept = self._to_utc(times, str(market.zone))
            times, closes, hashes, at = times[kept], closes[kept], hashes[kept], at[kept]
        self._check_order(times, at)
        order = np.argsort(times, kind="stable")
        times, closes, hashes, at = times[order], closes[order], hashes[order], at[order]
        distinct = self._check_repetition(times, hashes, at)
        times, closes, at = times[distinct], closes[distinct], at[distinct]
        interval_ns = step_of(times, market.interval_ns)
        if len(times) > 1:
            self._check_grid(times, at, interval_ns, market)
            gaps = self._check_gaps(times, at, interval_ns, market)
            self._check_closes(times, closes, at, gaps, interval_ns)
        if market.stamp == "close":
            short = end_marks(times, interval_ns) if interval_ns else 0
            times = one_bar_earlier(times + short, interval_ns, market.zone)
        return times, closes, interval_ns or int(market.interval_ns or 0)

    def _example(self, row: int, time: int, **more: Any) -> dict[str, Any]:
        return {"row": self._lines.line(int(row)), "time": iso(time), **more}

    def _to_utc(self, local: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
        backwards = runs_newest_first(local)
        clock = LocalClock(zone)
        utc, missing, unresolved = clock.to_utc(local[::-1] if backwards else local)
        unresolved = np.array([*unresolved, *clock.unfinished()], np.int64)
        kept = np.ones(len(local), bool)
        kept[missing] = False
        for kind, rows in (("skipped_hour", missing), ("repeated_hour", unresolved)):
            at = np.sort(len(local) - 1 - rows) if backwards else rows
            examples = [self._example(r, local[r]) for r in at[:5]]
            self._findings.add(kind, len(at), *examples, words=zone)
        if backwards:
            return utc[::-1], np.flatnonzero(kept[::-1])
        return utc, np.flatnonzero(kept)

    def _check_order(self, times: np.ndarray, at: np.ndarray) -> None:
        steps = np.diff(times)
        backwards = runs_newest_first(times)
        wrong = np.flatnonzero(steps > 0 if backwards else steps < 0) + 1
        if backwards:
            first = self._example(at[0], times[0])
            self._findings.add("newest_first", int((steps < 0).sum()), first)
        examples = [self._example(at[r], times[r]) for r in wrong[:5]]
        self._findings.add("disorder", len(wrong), *examples)

    def _check_repetition(
        self, times: np.ndarray, hashes: np.ndarray, at: np.ndarray
    ) -> np.ndarray:
        again = np.diff(times, prepend=times[:1] - 1) == 0
        same = again & (hashes == np.roll(hashes, 1))
        for kind, mask in (("duplicate", same), ("conflicting_duplicate", again & ~same)):
            rows = np.flatnonzero(mask)
            examples = [
                self._example(at[r], times[r], repeats_row=self._lines.line(int(at[r - 1])))
                for r in rows[:5]
            ]
            self._findings.add(kind, len(rows), *examples)
        return np.asarray(~again)

    def _check_grid(
        self, times: np.ndarray, at: np.ndarray, interval_ns: int, market: Market
    ) -> None:
        if market.interval_ns and market.interval_ns != interval_ns:
            said, seen = interval_words(market.interval_ns), interval_words(interval_ns)
            self._findings.add("interval", 1, words=f"{seen} apart, {said} was said")
        local = local_for_sessions(times, market.zone)
        over = overlapping(times, interval_ns, market.zone)
        examples = [self._example(at[r], times[r]) for r in over[:5]]
        self._findings.add("overlap", len(over), *examples, words=interval_words(interval_ns))
        if interval_ns < 28 * DAY_NS:
            off = np.flatnonzero(off_grid(local, interval_ns))
            examples = [self._example(at[r], times[r]) for r in off[:5]]
            self._findings.add(
                "off_interval", len(off), *examples, words=interval_words(interval_ns)
            )
        ends = end_marks(times, interval_ns)
        if market.stamp == "open" and (
            ends or (not market.continuous and look_like_closes(local, interval_ns))
        ):
            self._findings.add("stamp", 1, self._example(at[0], times[0]))

    def _check_gaps(
        self, times: np.ndarray, at: np.ndarray, interval_ns: int, market: Market
    ) -> Gaps:
        gaps = find_gaps(times, interval_ns, continuous=market.continuous, zone=market.zone)
        thin = not market.continuous and gaps.count and gaps.missing.max() <= THIN_BARS
        largest = np.argsort(-gaps.missing, kind="stable")[:5]
        examples = [
            self._example(at[r], times[r], missing=int(gaps.missing[i]))
            for i, r in zip(largest, gaps.rows[largest], strict=True)
        ]
        self._findings.add(
            "gap",
            gaps.count,
            *examples,
            severity=NOTE if thin else None,
            words=f"{gaps.total:,} of {interval_words(interval_ns)}",
        )
        if len(gaps.breaks):
            self._findings.add("sessions", len(gaps.breaks) + 1)
        return gaps

    def _check_closes(
        self,
        times: np.ndarray,
        closes: np.ndarray,
        at: np.ndarray,
        gaps: Gaps,
        interval_ns: int,
    ) -> None:
        scores = outlier_scores(closes)
        scores[gaps.breaks + 1] = 0.0
        rows = np.flatnonzero(scores > OUTLIER_MADS)
        strongest = rows[np.argsort(-scores[rows], kind="stable")[:5]]
        examples = [
            self._example(at[r], times[r], close=float(closes[r]), mads=round(float(scores[r]), 1))
            for r in strongest
        ]
        self._findings.add("outlier", len(rows), *examples, words=f"over {OUTLIER_MADS:g} MADs")
        starts, lengths = flat_spells(closes)
        longest = np.argsort(-lengths, kind="stable")[:5]
        examples = [
            self._example(at[starts[i]], times[starts[i]], bars=int(lengths[i])) for i in longest
        ]
        self._findings.add(
            "flat_spell", len(starts), *examples, words=f"{FLAT_BARS} bars of "
            f"{interval_words(interval_ns)} or more",
        )  # fmt: skip


def outlier_scores(closes: np.ndarray) -> np.ndarray:
    """Return how many past MADs each log return lies from the past median; 0 where unknown.

    Median and median absolute deviation (times 1.4826, as for a normal law) are of the 1,024
    returns that end at least one return earlier, renewed every 256 rows; where the MAD is 0 the
    mean absolute deviation (times 1.2533) stands in. Shape (rows,); the first 1,025 rows are 0.
    """
    scores = np.zeros(len(closes))
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.diff(np.log(closes))
    returns[~np.isfinite(returns)] = 0.0
    for start in range(_PAST, len(returns), _STEP * 1024):
        blocks = min(1024, -(-(len(returns) - start) // _STEP))
        past = np.lib.stride_tricks.sliding_window_view(returns, _PAST)[
            start - _PAST : start - _PAST + blocks * _STEP : _STEP
        ]
        median = np.median(past, axis=1)
        apart = np.abs(past - median[:, None])
        spread = np.median(apart, axis=1) * 1.4826
        spread = np.where(spread > 0, spread, apart.mean(axis=1) * 1.2533)
        now = returns[start : start + blocks * _STEP]
        of = np.arange(len(now)) // _STEP
        far = np.abs(now - median[of])
        score = np.divide(far, spread[of], out=np.zeros(len(now)), where=spread[of] > 0)
        scores[start + 1 : start + 1 + len(now)] = score
    return scores


def flat_spells(closes: np.ndarray, least: int = FLAT_BARS) -> tuple[np.ndarray, np.ndarray]:
    """Return (first rows, lengths) of runs of at least `least` equal closes."""
    if not len(closes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.flatnonzero(np.diff(closes, prepend=np.nan) != 0)
    lengths = np.diff(np.append(starts, len(closes)))
    long = (lengths >= least) & ~np.isnan(closes[starts])
    return starts[long], lengths[long]


def _joined(parts: list[np.ndarray], kind: Any) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, kind)


def _hash(values: dict[str, np.ndarray]) -> np.ndarray:
    import polars as pl

    return pl.DataFrame(values).hash_rows(seed=0).to_numpy()
