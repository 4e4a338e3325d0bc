"""Times into UTC and increasing order, asking for everything that is needed in one sentence."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError
from hftsim.data.intervals import DAY_NS, HOUR_NS, format_interval
from hftsim.data.repairs import Repairs, Repetition, find_repetitions
from hftsim.data.sessions import look_like_closes
from hftsim.data.zones import UTC, LocalClock, local_times, refuse_local

EXAMPLE_ZONE = "America/New_York"


@dataclasses.dataclass
class BarTable:
    """A table in memory while it is put in order: times, values, and where its rows stood.

    Parameters
    ----------
    times : nanoseconds, UTC or local.
    values : field to float64 array.
    line_of : row to 1-based line of the file.
    path : the file.
    """

    times: np.ndarray
    values: dict[str, np.ndarray]
    line_of: Callable[[int], int]
    path: Path

    def take(self, rows: np.ndarray) -> None:
        """Keep `rows`, in that order, one column at a time."""
        line_of = self.line_of
        self.times = self.times[rows]
        for name in list(self.values):
            self.values[name] = self.values[name][rows]
        self.line_of = lambda row: line_of(int(rows[row]))


@dataclasses.dataclass(frozen=True)
class Disorder:
    """How rows stand in the file.

    Parameters
    ----------
    repetition : rows that repeat a time, in sorted order.
    order : rows sorted by time, stably; None where they already increase.
    newest_first : whether most steps go back.
    first_back : the first row that is earlier than the row before it, or -1.
    """

    repetition: Repetition
    order: np.ndarray | None = None
    newest_first: bool = False
    first_back: int = -1


def runs_newest_first(times: np.ndarray) -> bool:
    """Whether most steps from row to row go back in time."""
    steps = np.diff(times)
    return bool((steps < 0).sum() > (steps > 0).sum())


def to_utc(table: BarTable, zone: str) -> None:
    """Turn the local times of a table into UTC, reading newest-first rows from the end.

    Raises DataError for a time that does not exist or happened twice without a way to tell.
    """
    backwards = runs_newest_first(table.times)
    local = table.times[::-1] if backwards else table.times
    clock = LocalClock(zone)
    utc, missing, unresolved = clock.to_utc(local)
    for rows, exists in ((missing, False), ([*unresolved, *clock.unfinished()], True)):
        if len(rows):
            row = len(local) - 1 - int(rows[0]) if backwards else int(rows[0])
            refuse_local(table.path, table.line_of(row), int(table.times[row]), zone, exists=exists)
    table.times = utc[::-1] if backwards else utc


def find_disorder(table: BarTable) -> Disorder:
    """Look at the order of the rows and at repeated times."""
    steps = np.diff(table.times)
    back = np.flatnonzero(steps < 0)
    if not len(back):
        return Disorder(repetition=find_repetitions(table.times, table.values))
    order = np.argsort(table.times, kind="stable")
    times = table.times[order]
    twice = np.flatnonzero(np.diff(times, prepend=times[:1] - 1) == 0)
    near = np.unique(np.concatenate([twice, twice - 1]))
    part = find_repetitions(times[near], {n: v[order[near]] for n, v in table.values.items()})
    exact, conflicting = np.zeros(len(times), bool), np.zeros(len(times), bool)
    exact[near], conflicting[near] = part.exact, part.conflicting
    newest_first = runs_newest_first(table.times)
    return Disorder(Repetition(exact, conflicting), order, newest_first, int(back[0]) + 1)


@dataclasses.dataclass
class Needs:
    """What a file needs before it can be read: reasons, and options to add."""

    reasons: list[str] = dataclasses.field(default_factory=list)
    options: list[str] = dataclasses.field(default_factory=list)

    def add(self, reason: str, option: str) -> None:
        """Add one need."""
        self.reasons.append(reason)
        self.options.append(option)

    def refuse(self, path: Path) -> None:
        """Raise DataError that names everything to add, if anything is needed."""
        if self.options:
            *most, last = self.reasons
            said = f"{', '.join(most)} and {last}" if most else last
            raise DataError(f"{said}; add {' '.join(self.options)}", path=path)


def needs_of_order(table: BarTable, found: Disorder, repairs: Repairs, needs: Needs) -> None:
    """Add what order and repeated times need and nobody asked for."""
    line = table.line_of
    order = np.arange(len(table.times)) if found.order is None else found.order
    if found.order is not None and not repairs.sort:
        row = found.first_back
        how = "run newest first" if found.newest_first else "are out of order"
        needs.add(f"rows {how} (row {line(row)} is earlier than row {line(row - 1)})", "--sort")
    for mask, option, what in (
        (found.repetition.exact, "--drop-duplicates", "are the same"),
        (found.repetition.conflicting, "--keep-last", "have the same time and different values"),
    ):
        asked = repairs.keep_last or (option == "--drop-duplicates" and repairs.drop_duplicates)
        if mask.any() and not asked:
            at = int(np.argmax(mask))
            one, other = sorted((line(int(order[at - 1])), line(int(order[at]))))
            count = int(mask.sum())
            more = f", {count:,} such rows in all" if count > 1 else ""
            needs.add(f"rows {one} and {other} {what}{more}", option)


def needs_of_closes(local: np.ndarray, stamp: str, interval_ns: int, needs: Needs) -> bool:
    """Add ``--stamp close`` where the times look like ends; return whether they do."""
    suspicious = stamp == "open" and look_like_closes(local, interval_ns)
    if suspicious and needs.options:
        needs.add("times look like the ends of bars", "--stamp close")
    return suspicious


def refuse_unknown_zone(table: BarTable, stamp: str, repairs: Repairs, *, nameless: bool) -> None:
    """Raise DataError for local times of an unknown zone, naming all that must be added.

    `nameless`: whether it is not known of what the bars are, so that they may be crypto.
    """
    needs = Needs()
    maybe = " (UTC if this is crypto: --asset crypto)" if nameless else ""
    needs.add(f"times are local times of an unknown zone{maybe}", f"--timezone {EXAMPLE_ZONE}")
    steps = np.diff(table.times)
    set_back = ((steps < 0) & (steps >= -HOUR_NS)).any() and not runs_newest_first(table.times)
    found = find_disorder(table)
    if not set_back or (steps < -HOUR_NS).any():
        needs_of_order(table, found, repairs, needs)
    times = np.unique(table.times)
    needs_of_closes(times, stamp, commonest_step(times), needs)
    needs.refuse(table.path)


def local_for_sessions(times: np.ndarray, zone: str | None) -> np.ndarray:
    """Return wall-clock times of UTC nanoseconds, or the times themselves without a zone."""
    return local_times(times, zone) if zone else times


def one_bar_earlier(times: np.ndarray, interval_ns: int, zone: str | None) -> np.ndarray:
    """Return the start times of bars whose UTC end times are given.

    Bars of whole days begin at the same local time as they end: the clock is set back in `zone`.
    """
    if zone in (None, UTC) or interval_ns % DAY_NS:
        return times - interval_ns
    utc, missing, _ = LocalClock(zone).to_utc(local_times(times, zone) - interval_ns)
    utc[missing] = times[missing] - interval_ns
    return utc


def commonest_step(times: np.ndarray) -> int:
    """Return the commonest step between increasing times, 0 for fewer than two."""
    if len(times) < 2:
        return 0
    steps, counts = np.unique(np.diff(times), return_counts=True)
    return int(steps[np.argmax(counts)])


def overlapping(times: np.ndarray, interval_ns: int, zone: str | None) -> np.ndarray:
    """Return the rows that begin before the row before them has ended.

    Clock changes are no overlap: daily bars may be an hour short, shorter ones as far apart as they
    should be by UTC or by the clock of `zone`. Bars longer than a day follow the calendar and are
    not looked at. Times are increasing, UTC (local where the zone is unknown).
    """
    short = np.diff(times) < interval_ns
    if interval_ns > DAY_NS or not short.any():
        return np.zeros(0, np.int64)
    short &= np.diff(local_for_sessions(times, zone)) < interval_ns
    if interval_ns == DAY_NS:
        short &= np.diff(times) < interval_ns - HOUR_NS
    return np.flatnonzero(short) + 1


def off_grid(times: np.ndarray, interval_ns: int) -> np.ndarray:
    """Return which times do not lie on the grid of the interval that most lie on."""
    offsets, counts = np.unique(times % interval_ns, return_counts=True)
    return np.asarray(times % interval_ns != offsets[np.argmax(counts)])


def fits(times: np.ndarray, interval_ns: int) -> bool:
    """Whether increasing times can be bars of this interval with gaps: whole steps, one of 1."""
    steps = np.diff(times)
    return bool(len(steps) and steps.min() == interval_ns and not (steps % interval_ns).any())


def step_of(times: np.ndarray, given: int | None) -> int:
    """Return the step of bars: the commonest, or a shorter one that was given and fits."""
    step = commonest_step(times)
    return given if given and given < step and fits(times, given) else step


def drop_overlaps(table: BarTable, interval_ns: int, zone: str | None, repairs: Repairs) -> int:
    """Drop the off-grid rows among overlapping ones where bad rows may be dropped; return how many.

    Raises DataError that names the first two otherwise.
    """
    rows = overlapping(table.times, interval_ns, zone)
    if not len(rows):
        return 0
    if not repairs.drop_bad_rows:
        raise DataError(
            f"{close_rows(table, rows)}, but bars are {interval_words(interval_ns)} long, so they "
            f"overlap ({len(rows):,} such rows): split the file where its interval changes, or drop "
            f"bars off the grid with --drop-bad-rows",
            path=table.path,
        )
    keep = np.ones(len(table.times), bool)
    keep[rows], keep[rows - 1] = False, False
    keep |= ~off_grid(local_for_sessions(table.times, zone), interval_ns)
    table.take(np.flatnonzero(keep))
    return int((~keep).sum())


def close_rows(table: BarTable, rows: np.ndarray) -> str:
    """Say how far the first of `rows` is from the row before it."""
    row = int(rows[0])
    one, other = sorted((table.line_of(row - 1), table.line_of(row)))
    apart = interval_words(int(table.times[row] - table.times[row - 1]))
    return f"rows {one} and {other} begin {apart} apart"


def interval_words(interval_ns: int) -> str:
    """Return an interval as users write it, or in nanoseconds where that cannot be."""
    whole = interval_ns > 0 and interval_ns % 1_000_000 == 0
    return format_interval(interval_ns) if whole else f"{interval_ns} ns"


def put_in_order(table: BarTable, found: Disorder, repairs: Repairs) -> dict[str, int]:
    """Sort and drop repeated rows as asked; return what was done, counted."""
    counts: dict[str, int] = {}
    order = found.order
    if repairs.sort:
        counts["sort"] = 0 if order is None else int((order != np.arange(len(order))).sum())
    exact, conflicting = found.repetition.exact, found.repetition.conflicting
    if repairs.drop_duplicates or repairs.keep_last:
        counts["drop_duplicates"] = int(exact.sum())
    if repairs.keep_last:
        counts["keep_last"] = int(conflicting.sum())
    repeated = exact | conflicting
    if order is None and not repeated.any():
        return counts
    order = np.arange(len(table.times)) if order is None else order
    if repeated.any():
        # Of rows with one time the last in the file stays: a row goes if the next one repeats it.
        order = order[~np.append(repeated[1:], False)]
    table.take(order)
    return counts
