"""Read bars from any file a user has, or refuse in one sentence that says what to add."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.bars import BAR_COLUMNS, OPTIONAL_BAR_COLUMNS, with_source
from hftsim.core.errors import DataError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.intervals import DAY_NS
from hftsim.data.ordering import (
    BarTable,
    Needs,
    close_rows,
    commonest_step,
    drop_overlaps,
    find_disorder,
    fits,
    interval_words,
    local_for_sessions,
    needs_of_closes,
    needs_of_order,
    one_bar_earlier,
    overlapping,
    put_in_order,
    refuse_unknown_zone,
    step_of,
    to_utc,
)
from hftsim.data.reader import Reader, ReadOptions, name_warning
from hftsim.data.repairs import NO_REPAIRS, Repairs, fill_gaps
from hftsim.data.sessions import Gaps, end_marks, find_gaps
from hftsim.data.sources import Source
from hftsim.data.tables import LineMap
from hftsim.data.ticks_to_bars import TickReader
from hftsim.data.zones import UTC

if TYPE_CHECKING:
    import pandas as pd

_IRREGULAR = 0.5


def read_bars(
    path: str | Path,
    *,
    symbol: str | None = None,
    format: str | None = None,
    columns: Mapping[str, str | int] | None = None,
    stamp: str = "open",
    timezone: str | None = None,
    asset: str | None = None,
    venue: str | None = None,
    interval: str | int | None = None,
    repairs: Repairs = NO_REPAIRS,
    progress: Progress = no_progress,
) -> "pd.DataFrame":
    """Return the bars of a file; ticks (book rows, trades) are made into bars.

    Text tables (any common separator, header or none, number and date style, encoding; plain, gz,
    xz, zip, bz2), Parquet and Feather are detected by content. Text is read in blocks: what stays
    in memory are the numbers (of tick files the bars alone). Values are the floats nearest to what
    is written.

    Parameters
    ----------
    path : the file; links are followed.
    symbol : what the bars are of; default: the file's symbol column or metadata, else its name.
    format : overrides detection: ``bars``, ``binance``, ``book``, ``trades``, ``csv``,
        ``parquet``, ``feather``, with ``:decimal-point``, ``:decimal-comma``, ``:day-first`` or
        ``:month-first`` where a file leaves these open.
    columns : our names to the file's, for example ``{"time": "ts", "close": "last"}``; positions
        from 1 where there is no header; ``{"volume": "none"}`` takes zero volume.
    stamp : whether times are the bars' ``open`` or ``close``; the index is always the open.
    timezone : IANA zone of times without an offset; UTC is assumed for crypto alone.
    asset, venue : ``crypto`` (or a crypto venue) makes naive times UTC and trading continuous;
        default venue: what the file's metadata says.
    interval : bar length, such as ``1m``; required for ticks, checked for bars.
    repairs : what may be mended; each repair is counted in the source.
    progress : told bytes read of bytes in the file.

    Returns
    -------
    pandas.DataFrame
        A bar frame (`hftsim.core.bars`). ``attrs["source"]`` has symbol, origin, dialect, timezone,
        stamp, interval_ns, rows, repairs, gaps, largest_gap, session_breaks, warnings, and asset,
        venue, simulated, price_step, qty_step where known.

    Raises
    ------
    DataError
        The file cannot be trusted as it is; names file, row and column, and what to add.
    UnknownNameError
        A format, column, time zone, stamp, asset or interval that does not exist.
    """
    options = ReadOptions(
        symbol=symbol,
        format=format,
        columns=columns,
        stamp=stamp,
        timezone=timezone,
        asset=asset,
        venue=venue,
        interval=interval,
        repairs=repairs,
    )
    with Source(path) as source:
        reader = Reader(source, options)
        if reader.layout.kind == "bars":
            return _read_bars(reader, progress)
        return _read_ticks(reader, progress)


def _read_bars(reader: Reader, progress: Progress) -> "pd.DataFrame":
    table, dropped = _collect(reader, progress)
    options = reader.options
    if not reader.aware:
        to_utc(table, reader.zone or UTC)
    counts = _order(table, reader)
    interval_ns = _interval(table, options.interval_ns, reader.zone)
    dropped += drop_overlaps(table, interval_ns, reader.zone, options.repairs)
    if options.repairs.drop_bad_rows:
        counts["drop_bad_rows"] = dropped
    _stamp_open(table, reader, interval_ns)
    return _finish(reader, table.times, table.values, interval_ns, counts)


def _collect(reader: Reader, progress: Progress) -> tuple[BarTable, int]:
    """Return all usable rows of a bar file, and how many were dropped."""
    times: list[np.ndarray] = []
    parts: dict[str, list[np.ndarray]] = {}
    lines, dropped = LineMap(), 0
    for found, misfits in reader.rows(progress):
        rows, count = reader.usable(found, misfits)
        dropped += count
        times.append(rows.times)
        lines.add(rows.lines)
        for name, values in rows.values.items():
            parts.setdefault(name, []).append(values)
        if reader.aware is False and reader.zone is None:
            early = BarTable(rows.times, rows.values, lines.line, reader.path)
            options, nameless = reader.options, not (reader.symbol or reader.guess)
            refuse_unknown_zone(early, options.stamp, options.repairs, nameless=nameless)
    joined = {}
    for name in list(parts):
        column = parts.pop(name)
        if name not in reader.unusable:
            joined[name] = np.concatenate(column)
    all_times = np.concatenate(times) if times else np.zeros(0, np.int64)
    if not len(all_times):
        raise DataError(f"holds no usable row ({dropped:,} dropped)", path=reader.path)
    return BarTable(all_times, joined, lines.line, reader.path), dropped


def _order(table: BarTable, reader: Reader) -> dict[str, int]:
    """Put rows in order as asked; refuse with everything that must be added."""
    found, needs = find_disorder(table), Needs()
    needs_of_order(table, found, reader.options.repairs, needs)
    if not reader.crypto and (found.order is None or needs.options):
        times = np.unique(table.times)
        local = local_for_sessions(times, reader.zone)
        needs_of_closes(local, reader.options.stamp, commonest_step(times), needs)
    needs.refuse(reader.path)
    return put_in_order(table, found, reader.options.repairs)


def _interval(table: BarTable, given: int | None, zone: str | None) -> int:
    step = step_of(table.times, given)
    if not step and given is None:
        raise DataError(
            "holds one bar, which does not show its length: add --interval", path=table.path
        )
    if step and given is not None and given != step:
        raise DataError(
            f"bars are {interval_words(step)} apart, not {interval_words(given)} as --interval "
            f"says: leave it out or name the right file",
            path=table.path,
        )
    close = overlapping(table.times, step, zone)
    if given is None and len(close):
        least = int(np.diff(table.times).min())
        if fits(table.times, least):
            raise DataError(
                f"most bars are {interval_words(step)} apart, but {close_rows(table, close)}: say "
                f"how long they are with --interval {interval_words(least)} (then the others are "
                f"gaps) or --interval {interval_words(step)} (then these overlap)",
                path=table.path,
            )
    return step or int(given or 0)


def _stamp_open(table: BarTable, reader: Reader, interval_ns: int) -> None:
    """Turn end times into start times where asked; warn where they look like ends."""
    short = end_marks(table.times, interval_ns)
    if reader.options.stamp == "close":
        table.times = one_bar_earlier(table.times + short, interval_ns, reader.zone)
        return
    local = local_for_sessions(table.times, reader.zone)
    if short:
        reader.warnings.append(
            "times end just before a full interval, as closing times do: if so, add --stamp close"
        )
    elif not reader.crypto and needs_of_closes(local, "open", interval_ns, Needs()):
        reader.warnings.append("times look like the ends of bars: if so, add --stamp close")


def _read_ticks(reader: Reader, progress: Progress) -> "pd.DataFrame":
    ticks = TickReader(reader)
    times, values = ticks.read(progress)
    if not len(times):
        raise DataError(f"holds no usable row ({ticks.dropped:,} dropped)", path=reader.path)
    repairs = reader.options.repairs
    counts = {"sort": ticks.moved} if repairs.sort else {}
    if repairs.drop_bad_rows:
        counts["drop_bad_rows"] = ticks.dropped
    known: dict[str, Any] = {"ticks": ticks.rows}
    for name, steps in (("price_step", ticks.price_steps), ("qty_step", ticks.qty_steps)):
        step = steps.step()
        known |= {name: str(step)} if step is not None else {}
    if reader.layout.kind == "book":
        reader.warnings.append("volume is 0: book rows hold no trades; prices are of the mid")
    interval_ns = int(reader.options.interval_ns or 0)
    return with_source(_finish(reader, times, values, interval_ns, counts), **known)


def _finish(
    reader: Reader,
    times: np.ndarray,
    values: dict[str, np.ndarray],
    interval_ns: int,
    counts: dict[str, int],
) -> "pd.DataFrame":
    """Count and fill gaps, and return the frame with its source."""
    gaps = find_gaps(times, interval_ns, continuous=reader.crypto, zone=reader.zone)
    if reader.options.repairs.fill_gaps:
        counts["fill_gaps"] = gaps.total
        try:
            times, values = fill_gaps(times, values, gaps, interval_ns)
        except DataError as error:
            raise DataError(str(error), path=reader.path) from None
        gaps = find_gaps(times, interval_ns, continuous=reader.crypto, zone=reader.zone)
    steps = np.diff(times)
    if len(steps) and interval_ns < 28 * DAY_NS and (steps == interval_ns).mean() < _IRREGULAR:
        reader.warnings.append(
            f"steps between rows are irregular: the commonest, {interval_words(interval_ns)}, is taken as "
            f"the interval"
        )
    if reader.layout.kind == "bars" and not values["volume"].any():
        reader.warnings.append(
            "volume is 0 in every bar: nothing fills unless max_volume_share is 0, which lifts the "
            "limit to a share of the volume"
        )
    reader.warnings += [f"column {n} is not used: {why}" for n, why in reader.unusable.items()]
    bars = _frame(times, values)
    return with_source(bars, **_source(reader, gaps, times, interval_ns, counts))


def _frame(times: np.ndarray, values: dict[str, np.ndarray]) -> "pd.DataFrame":
    import pandas as pd

    index = pd.DatetimeIndex(times.view("M8[ns]"), name="ts_open").tz_localize("UTC")
    named = [n for n in (*BAR_COLUMNS, *OPTIONAL_BAR_COLUMNS) if n in values]
    return pd.DataFrame({name: values[name] for name in named}, index=index, copy=False)


def _source(
    reader: Reader, gaps: Gaps, times: np.ndarray, interval_ns: int, counts: dict[str, int]
) -> dict[str, Any]:
    options = reader.options
    if gaps.count:
        reader.warnings.append(f"{gaps.count:,} gap(s), {gaps.total:,} bars missing")
    known: dict[str, Any] = {
        "origin": reader.path.name,
        "dialect": reader.describe(),
        "timezone": reader.zone if reader.zone and not reader.aware else UTC,
        "stamp": options.stamp,
        "interval_ns": interval_ns,
        "rows": len(times),
        "repairs": counts,
        "gaps": gaps.count,
        "largest_gap": largest_gap(gaps, times),
        "session_breaks": len(gaps.breaks),
        "warnings": [*reader.warnings, *name_warning(reader.path, reader.symbol)],
    }
    symbol = reader.symbol or reader.guess
    asset = options.asset or ("crypto" if reader.crypto else None)
    for name, value in (("symbol", symbol), ("asset", asset), ("venue", reader.venue)):
        known |= {name: value} if value else {}
    return known | ({"simulated": True} if reader.simulated else {})


def largest_gap(gaps: Gaps, times: np.ndarray) -> dict[str, Any] | None:
    """Return the largest gap as ``after`` (ISO time of the bar before it) and ``missing`` bars."""
    if not gaps.count:
        return None
    at = int(np.argmax(gaps.missing))
    after = str(np.datetime64(int(times[gaps.rows[at]]), "ns").astype("M8[s]")) + "Z"
    return {"after": after, "missing": int(gaps.missing[at])}
