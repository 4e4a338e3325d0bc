"""`hftsim check` for ticks: whether a store, or a file before it is imported, can be trusted."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.events import EventKind
from hftsim.core.progress import Progress, no_progress
from hftsim.data.findings import Findings, iso
from hftsim.data.quality import CheckReport
from hftsim.data.ticks.audit import BookAudit
from hftsim.data.ticks.importing import FORMATS, HEAD_BYTES, ReadingOptions, reader_class
from hftsim.data.ticks.intake import import_ticks
from hftsim.data.ticks.metadata import days_without_checksums
from hftsim.data.ticks.packed import head_of
from hftsim.data.ticks.series import Ticks
from hftsim.data.ticks.settings import ImportReport, ImportSettings
from hftsim.data.ticks.store import open_ticks
from hftsim.data.ticks.validate import EARLY_RECV, EVENT_BACK, RECV_BACK, Validator

_SILENCE_NS = 600 * 1_000_000_000
_LARGE_QTY = (1 << 31) - 1
_JUMP = 0.1
_PREVIEW_POINTS = 5000
_CHUNK_ROWS = 1 << 17
_CUT = (
    "events of unknown orders are among them, so that the file may leave out what lies beyond its "
    "levels or before its start: no book can be rebuilt from it then"
)
_FLAWS = {EARLY_RECV: "early_recv", EVENT_BACK: "disorder", RECV_BACK: "disorder"}


def check_ticks(
    path: str | Path, symbol: str | None = None, *, progress: Progress = no_progress
) -> CheckReport:
    """Return what is right and wrong with the ticks of one symbol in a store.

    Every byte is read: the content must have the hash that the import wrote down, every row must be
    one that a book may see, and a book is kept beside the events. Unclean are: another hash, rows
    that cannot be, times that go back or lie before their event, a crossed book, orders added
    twice. Events of unknown orders, repeated rows, jumps, silence, and what the import corrected or
    left out inform only.

    Parameters
    ----------
    path : a store, a symbol's folder in it, or one day's file.
    symbol : default: the only one.
    progress : told rows.

    Raises DataError where there is nothing, or a file is so damaged that it cannot be opened.
    """
    ticks = open_ticks(path, symbol)
    return _Check(ticks, Findings([])).run(progress)


def check_tick_file(
    path: str | Path,
    *,
    format: str | None = None,
    options: ReadingOptions | None = None,
    progress: Progress = no_progress,
) -> CheckReport:
    """Return what is right and wrong with a file of ticks, before it is imported.

    It is imported into a folder that is thrown away, with every correction allowed; what had to be
    corrected makes it unclean. Raises DataError for what no correction mends.
    """
    with tempfile.TemporaryDirectory(prefix="hftsim-check-") as place:
        settings = ImportSettings(fix_clock=True, fix_order=True)
        report = import_ticks(
            [path], place, format=format, options=options, settings=settings, progress=progress
        )
        findings = Findings([])
        _note_import(findings, report)
        found = _Check(open_ticks(place), findings, told=True).run(progress)
        words = f"{report.metadata[0]['source']['format']} file, {report.level}"
        return CheckReport(
            rows=found.rows - report.corrections["rows_doubled"],
            start=found.start,
            end=found.end,
            interval=None,
            findings=found.findings,
            dialect=words,
            preview=found.preview,
        )


def tick_format(path: Path, format: str | None = None) -> str | None:
    """Return the format if it is one of order-book events; tables may as well hold bars."""
    if format in FORMATS and format != "csv":
        return format
    if format is not None or not path.is_file() or not path.stat().st_size:
        return None
    try:
        head = head_of(path, HEAD_BYTES)
    except DataError:
        return None
    fits = [f for f in FORMATS if f != "csv" and reader_class(f).recognises(path, head)]
    return fits[0] if len(fits) == 1 else None


def _note_import(findings: Findings, report: ImportReport) -> None:
    told = report.corrections
    early, late = told["rows_received_early"], told["rows_out_of_order"]
    worst = -(told["smallest_latency_ns"] or 0) / 1e9
    findings.add("early_recv", early, words=f"by up to {worst:.6f} s; import with --fix-clock")
    findings.add("disorder", late, words="import with --fix-order")
    _note_counts(findings, {"off_grid_trades": told["off_grid_trades"], **report.noted})


def _note_counts(findings: Findings, counts: Mapping[str, int]) -> None:
    known = {name: count for name, count in counts.items() if count}
    examples = [{"what": n.replace("_", " "), "count": c} for n, c in known.items()]
    words = ", ".join(f"{c:,} {n.replace('_', ' ')}" for n, c in known.items())
    findings.add("noted", sum(known.values()), *examples, words=words)


class _Check:
    """One check while it runs."""

    def __init__(self, ticks: Ticks, findings: Findings, *, told: bool = False) -> None:
        self._ticks, self._findings, self._told = ticks, findings, told
        self._audit = BookAudit(ticks.level)
        self._validator = Validator(ticks.level)
        self._last_row: dict[str, np.ndarray] = {}
        self._last_trade = 0
        self._latest: int | None = None
        self._preview: list[tuple[int, int]] = []
        self._every = max(1, -(-ticks.rows // _PREVIEW_POINTS))

    def run(self, progress: Progress) -> CheckReport:
        ticks = self._ticks
        done = 0
        for chunk in ticks.chunks(_CHUNK_ROWS, checked=False):
            self._look(chunk.columns, chunk.first_row)
            done += chunk.rows
            progress(done, ticks.rows, "rows")
            chunk.release()
        self._note_hashes()
        self._note_audit()
        if not self._told:
            self._note_metadata()
        times = np.array([t for t, _ in self._preview], np.int64)
        prices = np.array([p for _, p in self._preview], float)
        return CheckReport(
            rows=ticks.rows,
            start=f"{iso(ticks.start)}Z",
            end=f"{iso(ticks.end)}Z",
            interval=None,
            findings=self._findings.sorted(),
            dialect=f"tick store, {ticks.level}, {len(ticks.metadata['days'])} day(s)",
            preview=(times, prices * float(ticks.instrument.tick_size)),
        )

    def _look(self, columns: Mapping[str, np.ndarray], first_row: int) -> None:
        flaw = self._validator.first_flaw(columns)
        if flaw is not None:
            kind = _FLAWS.get(flaw.reason, "damaged")
            example = {"row": first_row + flaw.row, "column": flaw.field, "text": flaw.sentence}
            self._findings.add(kind, 1, example)
            self._validator = Validator(self._ticks.level)
        self._note_repeats(columns, first_row)
        self._note_extremes(columns, first_row)
        self._note_silence(columns, first_row)
        if flaw is None:
            self._audit.add(columns, first_row)
        self._draw(columns)

    def _note_repeats(self, columns: Mapping[str, np.ndarray], first_row: int) -> None:
        """Count rows that repeat the row before them; equal trades may all be real."""
        whole = {n: np.concatenate([self._last_row.get(n, v[:0]), v]) for n, v in columns.items()}
        same = np.ones(max(len(whole["kind"]) - 1, 0), bool)
        for values in whole.values():
            same &= values[1:] == values[:-1]
        same &= whole["kind"][1:] != EventKind.TRADE
        rows = np.flatnonzero(same) + 1 + first_row - (len(whole["kind"]) - len(columns["kind"]))
        self._findings.add("repeated_rows", len(rows), *({"row": int(r)} for r in rows[:5]))
        self._last_row = {n: v[-1:].copy() for n, v in columns.items()}

    def _note_extremes(self, columns: Mapping[str, np.ndarray], first_row: int) -> None:
        large = np.flatnonzero(columns["qty"] > _LARGE_QTY)
        shown = [{"row": first_row + int(r), "qty": int(columns["qty"][r])} for r in large[:5]]
        self._findings.add("large_qty", len(large), *shown)
        trades = np.flatnonzero(columns["kind"] == EventKind.TRADE)
        if not len(trades):
            return
        prices = columns["price"][trades].astype(float)
        before = np.concatenate(([self._last_trade or prices[0]], prices[:-1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            jumps = np.flatnonzero(np.abs(prices / before - 1) > _JUMP)
        rows = trades[jumps]
        examples = [
            {"row": first_row + int(r), "price": int(columns["price"][r])} for r in rows[:5]
        ]
        words = f"trades more than {_JUMP:.0%} away from the one before"
        self._findings.add("outlier", len(rows), *examples, words=words)
        self._last_trade = int(prices[-1])

    def _note_silence(self, columns: Mapping[str, np.ndarray], first_row: int) -> None:
        times = columns["ts_recv"]
        if not len(times):
            return
        steps = np.diff(times, prepend=times[0] if self._latest is None else self._latest)
        rows = np.flatnonzero(steps > _SILENCE_NS)
        shown = [
            {"row": first_row + int(r), "seconds": int(steps[r]) // 10**9, "time": iso(times[r])}
            for r in rows[:5]
        ]
        self._findings.add("silence", len(rows), *shown, words="more than 600 s")
        self._latest = int(times[-1])

    def _draw(self, columns: Mapping[str, np.ndarray]) -> None:
        wanted = np.flatnonzero(columns["kind"] == EventKind.TRADE)[:: self._every]
        if len(wanted):
            times, prices = columns["ts_event"][wanted], columns["price"][wanted]
            self._preview += zip(times.tolist(), prices.tolist(), strict=True)
        elif (best := self._audit.best()) is not None and len(columns["kind"]):
            self._preview.append((int(columns["ts_event"][-1]), sum(best) // 2))

    def _note_hashes(self) -> None:
        """Compare each day's content with the hash that its import wrote down."""
        for path, found, promised in self._ticks.verified_hashes():
            if found != promised:
                words = f"{path}: the content has another SHA-256 than when it was written"
                self._findings.add("truncated", 1, {"path": str(path)}, words=words)

    def _note_audit(self) -> None:
        for name, count in self._audit.counts.items():
            examples = [{"row": r, "time": iso(ts)} for r, ts in self._audit.examples[name]]
            is_cut = name == "crossed_book" and self._audit.counts["unknown_orders"]
            self._findings.add(name, count, *examples, words=_CUT if is_cut else "")

    def _note_metadata(self) -> None:
        totals: dict[str, int] = {}
        for day in self._ticks.metadata["days"]:
            for name, count in day.get("noted", {}).items():
                totals[name] = totals.get(name, 0) + int(count)
        totals["days_without_checksums"] = len(days_without_checksums(self._ticks.metadata))
        _note_counts(self._findings, totals)
        told: Mapping[str, Any] = self._ticks.metadata["corrections"]
        words = []
        if told.get("clock_shift_ns"):
            words.append(f"times of receipt shifted by {told['clock_shift_ns'] / 1e9:+.6f} s")
        doubled = self._total("rows_doubled")
        moved = self._total("off_grid_trades")
        words += [f"{doubled:,} rows doubled"] if doubled else []
        words += [f"{moved:,} trades moved to the grid"] if moved else []
        self._findings.add(
            "corrected", max(1, doubled + moved) if words else 0, words=", ".join(words)
        )

    def _total(self, name: str) -> int:
        days = self._ticks.metadata["days"]
        return sum(int(day.get("corrections", {}).get(name, 0)) for day in days)
