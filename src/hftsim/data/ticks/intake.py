"""`hftsim import`: files of any format into the days of a tick store.

Where everything is known beforehand, rows go from the reader to the day files directly. What only
all rows together can tell (the tick, the shift of a clock, how far rows are out of order) needs
them twice: they are kept on disk meanwhile, so that memory stays flat either way.
"""

import contextlib
import dataclasses
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError, InputError, Interrupted
from hftsim.core.instrument import Instrument, normalize_symbol
from hftsim.core.progress import Progress, no_progress
from hftsim.data.barfile import sole_writer
from hftsim.data.dialects import parse_format
from hftsim.data.instruments import DEFAULT_FEES
from hftsim.data.ticks.book_days import follows_a_day, with_clear
from hftsim.data.ticks.clocks import Reorderer, Survey
from hftsim.data.ticks.grid import SEEN, Grid, StepSurvey
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader
from hftsim.data.ticks.landing import Landing, import_key
from hftsim.data.ticks.metadata import CORRECTED, VERSION, instrument_as_json
from hftsim.data.ticks.origins import Origin, origins_of
from hftsim.data.ticks.placing import Placing
from hftsim.data.ticks.settings import ImportReport, ImportSettings
from hftsim.data.ticks.spool import Spool


def import_ticks(
    sources: Sequence[str | Path],
    store: str | Path,
    *,
    format: str | None = None,
    options: ReadingOptions | None = None,
    settings: ImportSettings | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Read files, in the order given, into a store as the days of one instrument.

    Parameters
    ----------
    sources : files or folders; of a folder every file of the format, by name.
    store : folder of the store, made where needed.
    format : a name in `importing.FORMATS`; default: told by name and content. Behind ``csv`` may
        stand ``:decimal-comma``, ``:decimal-point``, ``:day-first`` or ``:month-first``.
    options : what the files do not say themselves.
    settings : corrections allowed, and the instrument's rules.
    progress : told bytes read, then rows written.

    Raises
    ------
    DataError
        A file is damaged, of another format or symbol, or holds rows that cannot be true; times
        need a correction that was not asked for; a day is in the store already.
    Interrupted
        Ctrl-C; finished days stay, and the same call goes on behind them.
    """
    format, options = _with_flags(format, options or ReadingOptions())
    origins, companions = origins_of(sources, format)
    run = _Import(
        origins,
        Path(store),
        options,
        settings or ImportSettings(),
        progress,
    )
    return run.run(companions)


def _with_flags(format: str | None, options: ReadingOptions) -> tuple[str | None, ReadingOptions]:
    """Move what stands behind ``csv:`` to the options; raises UnknownNameError."""
    if format is None or not format.lower().startswith("csv:"):
        return format, options
    name, flags = parse_format(format)
    return name, dataclasses.replace(options, flags=tuple(sorted(flags)))


class _Import:
    """One import while it runs."""

    def __init__(
        self,
        origins: list[Origin],
        store: Path,
        options: ReadingOptions,
        settings: ImportSettings,
        progress: Progress,
    ) -> None:
        self._origins, self._store, self._options = origins, store, options
        self._settings, self._progress = settings, progress
        self._noted: Counter[str] = Counter()
        self._survey, self._steps = Survey(), StepSurvey()
        self._reader: TickReader | None = None
        self._landing: Landing | None = None
        self._made: list[Path] = []

    def run(self, companions: Sequence[Origin]) -> ImportReport:
        if companions:
            self._noted["files_without_events"] = len(companions)
        try:
            with self._folder() as folder:
                return self._run(folder)
        except KeyboardInterrupt:
            raise Interrupted(self._how_to_resume()) from None

    def _run(self, folder: Path) -> ImportReport:
        self._sources = [self._hashed(origin) for origin in self._origins]
        blocks = self._blocks(folder)
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(blocks))
            first = next(blocks, None)
            if first is None or self._reader is None:
                raise DataError("holds no events", path=self._origins[0].path)
            place = folder / self._symbol(self._reader)
            self._made.append(place)
            place.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(place)
            rest = _with_first(first, blocks)
            if self._must_see_all(self._reader):
                spool = Spool(place)
                stack.callback(spool.close)
                for block in rest:
                    spool.append(block)
                    self._look(block)
                self._refuse_disorder()
                rest = self._counted(spool)
            return self._write(place, self._reader, rest)

    def _must_see_all(self, reader: TickReader) -> bool:
        known = self._settings
        tick, lot = known.tick_size or reader.tick_size, known.lot_size or reader.lot_size
        return tick is None or lot is None or known.fix_clock or known.fix_order

    def _write(self, place: Path, reader: TickReader, blocks: Iterator[Block]) -> ImportReport:
        instrument = self._instrument(reader)
        shift = self._survey.clock_shift(self._settings.base_latency)
        about = self._about(reader, instrument, shift)
        landing = self._landing = Landing(place, reader.level, about, self._noted)
        placing = Placing(
            reader,
            Grid(reader, instrument.tick_size, instrument.lot_size),
            Reorderer(self._survey) if self._settings.fix_order else None,
            landing,
            [origin.path for origin in self._origins],
            shift,
        )
        try:
            for block in blocks:
                placing.add(block)
            placing.finish()
        finally:
            landing.discard()
        return _report(reader, instrument, landing, self._noted)

    def _blocks(self, folder: Path) -> Generator[Block, None, None]:
        """Yield what all readers read, with the number of the file."""
        total, before = sum(o.path.stat().st_size for o in self._origins), 0
        book_day: dt.date | None = None
        for number, origin in enumerate(self._origins):
            reader = origin.reader(self._options)
            try:
                for block in reader.blocks():
                    self._agree(reader)
                    rows = len(block["kind"])
                    self._progress(before + min(reader.done, reader.size), total, origin.path.name)
                    if rows:
                        begins = self._begins_after(reader, book_day, folder)
                        made, book_day = with_clear(block) if begins else block, reader.book_day
                        yield {**made, "file": np.full(len(made["kind"]), number, np.int32)}
            finally:
                reader.close()
                self._noted.update(reader.counts)
            before += reader.size
        self._progress(total, total, "read")

    def _begins_after(self, reader: TickReader, book_day: dt.date | None, folder: Path) -> bool:
        """Whether a reader's book begins anew behind that of a day before, here or in the store."""
        if reader.book_day is None or reader.book_day == book_day:
            return False
        place = folder / self._symbol(reader)
        return follows_a_day(place, reader.book_day, reader.path) or book_day is not None

    def _agree(self, reader: TickReader) -> None:
        """Hold every file to what the first one said."""
        first = self._reader = self._reader or reader
        said, wanted = reader.symbol, self._options.symbol
        if said and wanted and normalize_symbol(said) != normalize_symbol(wanted):
            raise DataError(
                f"holds {normalize_symbol(said)}, not {normalize_symbol(wanted)}: correct --symbol",
                path=reader.path,
            )
        level = self._options.level
        if level and reader.level != level:
            raise DataError(
                f"is read as {reader.level}: leave out --level {level}, or give --level "
                f"{reader.level}",
                path=reader.path,
            )
        for name in ("level", "price_unit", "qty_unit", "symbol", "has_receive_times"):
            if getattr(first, name) != getattr(reader, name):
                raise DataError(
                    f"has another {name.replace('_', ' ')} ({getattr(reader, name)}) than "
                    f"{first.path.name} ({getattr(first, name)}): import them one after the other",
                    path=reader.path,
                )

    def _counted(self, spool: Spool) -> Iterator[Block]:
        done = 0
        for block in spool.blocks():
            yield block
            done += len(block["kind"])
            self._progress(done, spool.rows, "write")

    def _look(self, block: Block) -> None:
        has_orders = self._reader is not None and self._reader.has_orders
        flags = block["flags"] if has_orders else None
        self._survey.add(block["ts_event"], block["ts_recv"], flags)
        self._steps.add(block)

    def _refuse_disorder(self) -> None:
        """Raise DataError where the times need a correction that was not asked for."""
        found, needed = self._survey, []
        if found.early and not self._settings.fix_clock:
            needed.append(
                f"{found.early:,} of {found.rows:,} events were received before they happened, by up "
                f"to {-found.smallest_latency / 1e9:.6f} s (--fix-clock shifts the receiver's clock)"
            )
        back = max(found.event_back, found.recv_back)
        if back and not self._settings.fix_order:
            late = max(found.event_lateness, found.recv_lateness)
            needed.append(
                f"{back:,} of {found.rows:,} events are out of order, by up to {late / 1e9:.6f} s "
                f"(--fix-order lets one stand once in each order)"
            )
        if needed:
            raise DataError(
                f"{'; '.join(needed)}; nothing was imported", path=self._origins[0].path
            )

    def _symbol(self, reader: TickReader) -> str:
        name = self._options.symbol or reader.symbol
        if not name:
            raise InputError(f"{reader.path}: of which symbol? add --symbol")
        return normalize_symbol(name)

    def _instrument(self, reader: TickReader) -> Instrument:
        said = self._settings
        kind = InstrumentKind(said.kind or reader.kind)
        tick, tick_from = _rule(said.tick_size, reader.tick_size)
        lot, lot_from = _rule(said.lot_size, reader.lot_size)
        maker, taker = DEFAULT_FEES[kind]
        same = tick_from == lot_from
        return Instrument(
            symbol=self._symbol(reader),
            kind=kind,
            tick_size=tick or self._steps.price_step(reader.price_unit),
            lot_size=lot or self._steps.qty_step(reader.qty_unit),
            multiplier=reader.multiplier,
            inverse=reader.inverse,
            maker_fee=maker if said.maker_fee is None else said.maker_fee,
            taker_fee=taker if said.taker_fee is None else said.taker_fee,
            venue=said.venue or self._options.venue or reader.venue,
            rules_source=tick_from if same else f"tick size: {tick_from}; lot size: {lot_from}",
        )

    def _about(self, reader: TickReader, instrument: Instrument, shift: int) -> dict[str, Any]:
        known = self._survey.rows > 0
        corrections = {
            "fix_clock": self._settings.fix_clock,
            "clock_shift_ns": shift,
            "smallest_latency_ns": self._survey.smallest_latency if known else None,
            "base_latency_ns": self._settings.base_latency if shift else None,
            "rows_received_early": self._survey.early,
            "fix_order": self._settings.fix_order,
            "rows_out_of_order": max(self._survey.event_back, self._survey.recv_back),
            "rows_doubled": 0,
            "off_grid_trades": 0,
        }
        about = {
            "version": VERSION,
            "symbol": instrument.symbol,
            "instrument": instrument_as_json(instrument),
            "level": reader.level,
            "source": {"format": self._origins[0].format, "files": self._sources},
            "corrections": corrections,
            "has_receive_times": reader.has_receive_times,
            "notes": reader.notes,
        }
        settings = dataclasses.asdict(self._settings)
        options = dataclasses.asdict(self._options)
        if not self._options.flags:
            del options["flags"]  # as if there were none: imports of earlier versions go on
        return {**about, "import_key": import_key({**about, "said": [settings, options]})}

    def _hashed(self, origin: Origin) -> dict[str, Any]:
        with origin.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = origin.path.stat().st_size
        return {"name": origin.path.name, "sha256": digest, "bytes": size}

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """Give the store's folder, held by this process alone; leave no empty folders behind."""
        existed = self._store.exists()
        if existed and not self._store.is_dir():
            raise DataError("is a file; a tick store is a folder", path=self._store)
        try:
            self._store.mkdir(parents=True, exist_ok=True)
            with sole_writer(self._store):
                yield self._store
        finally:
            for place in [*self._made, *([] if existed else [self._store])]:
                with contextlib.suppress(OSError):
                    place.rmdir()

    def _how_to_resume(self) -> str:
        done = [day["day"] for day in self._landing.days] if self._landing else []
        if not done:
            return "interrupted: nothing was imported; the same command begins again"
        return (
            f"interrupted: {len(done)} days are imported ({done[0]} to {done[-1]}) and stay; the "
            f"same command goes on behind them"
        )


def _report(
    reader: TickReader, instrument: Instrument, landing: Landing, noted: Counter[str]
) -> ImportReport:
    days = landing.days
    counts: Counter[str] = Counter()
    for day in days:
        counts.update(day["counts"])
    totals = {k: sum(int(day["corrections"].get(k, 0)) for day in days) for k in CORRECTED}
    return ImportReport(
        instrument=instrument,
        level=reader.level,
        rows=sum(day["rows"] for day in days),
        start=min(day["start"] for day in days),
        end=max(day["end"] for day in days),
        days=[day["day"] for day in days],
        kept_days=[day["day"] for day in landing.kept],
        corrections={**days[0]["corrections"], **totals},
        counts=dict(counts),
        noted={k: int(v) for k, v in sorted(noted.items())},
        metadata=days,
    )


def _rule(given: Decimal | None, told: Decimal | None) -> tuple[Decimal | None, str]:
    if given is not None:
        return given, "user"
    return (told, "venue") if told is not None else (None, SEEN)


def _with_first(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed import left; nobody else writes here while the store is held."""
    import shutil

    for path in folder.glob(".import-*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(".*.arrow.*.tmp"):
        path.unlink(missing_ok=True)
