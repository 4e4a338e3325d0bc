"""The tick store: a folder with one folder per symbol and one Arrow file per UTC day."""

import datetime as dt
import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError, InputError, UnknownNameError
from hftsim.core.instrument import normalize_symbol
from hftsim.data.ticks.dayfile import DayFile
from hftsim.data.ticks.days import DAY_NS, clock_of
from hftsim.data.ticks.metadata import CORRECTED, KEY, ContentHash
from hftsim.data.ticks.series import Part, Piece, Ticks

Moment = int | str | dt.date | np.datetime64
"""A time: ns since 1970 UTC, or a day or time in ISO form, UTC where it names no zone."""

_DAY_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.arrow")
_FOREVER = (-(1 << 63), (1 << 63) - 1)


class TickStore:
    """Ticks on disk: ``PATH/<SYMBOL>/<YYYY-MM-DD>.arrow``, readable by any Arrow library.

    Parameters
    ----------
    path : the folder; it need not exist yet. Raises DataError where it is a file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise DataError("is a file; a tick store is a folder", path=self.path)

    @property
    def symbols(self) -> list[str]:
        """The symbols that have at least one day."""
        if not self.path.is_dir():
            return []
        return sorted(p.name for p in self.path.iterdir() if p.is_dir() and day_files(p))

    def days(self, symbol: str | None = None) -> list[str]:
        """Return the days of a symbol, as ``2024-08-08``, in order; default: the only symbol."""
        return [file.stem for file in day_files(self.path / self._named(symbol))]

    def file_of(self, symbol: str, day: str) -> Path:
        """Return where a day's file lies, or would lie."""
        return self.path / normalize_symbol(symbol) / f"{day}.arrow"

    def open(
        self,
        symbol: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Ticks:
        """Return the ticks of a symbol from `start`, inclusive, to `end`, exclusive.

        A book rebuilt from the middle of a day begins empty: begin at a snapshot, or at the start
        of the day.

        Parameters
        ----------
        symbol : default: the only one in the store.
        start, end : ``2024-08-08``, ``2024-08-08T23:55``, ns, or a date; default: everything.

        Raises
        ------
        DataError
            There is nothing in the store or in that time, a file is damaged, or days disagree
            about the instrument.
        UnknownNameError
            The store does not hold the symbol.
        """
        first = _FOREVER[0] if start is None else moment_ns(start)
        last = _FOREVER[1] if end is None else moment_ns(end)
        name = self._named(symbol)
        files = [f for f in day_files(self.path / name) if _touches(f.stem, first, last)]
        if not files:
            raise DataError(f"holds no ticks of {name} in that time", path=self.path)
        return series_of([DayFile(file) for file in files], first, last)

    def _named(self, symbol: str | None) -> str:
        known = self.symbols
        if not known:
            raise DataError("holds no ticks; fill it with: hftsim import", path=self.path)
        if symbol is None:
            if len(known) > 1:
                raise InputError(f"{self.path}: of which symbol? It holds {', '.join(known)}")
            return known[0]
        name = normalize_symbol(symbol)
        if name not in known:
            raise UnknownNameError("symbol", name, known)
        return name


def is_store(path: Path) -> bool:
    """Whether a folder is a tick store, or a symbol's folder in one, or a day's file."""
    if path.is_file():
        return _is_tick_file(path)
    if not path.is_dir():
        return False
    return bool(day_files(path)) or any(day_files(p) for p in path.iterdir() if p.is_dir())


def _is_tick_file(path: Path) -> bool:
    """Whether a file of any name ending in .arrow is one of ours: its schema comes first."""
    if path.suffix.lower() != ".arrow":
        return False
    with path.open("rb") as file:
        head = file.read(1 << 17)
    return head[:6] == b"ARROW1" and (KEY in head or bool(_DAY_FILE.fullmatch(path.name)))


def open_ticks(
    path: str | Path,
    symbol: str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
) -> Ticks:
    """Return the ticks of a store, of a symbol's folder in one, or of a single day's file."""
    place = Path(path)
    if place.is_file():
        found = DayFile(place)
        if symbol is not None and normalize_symbol(symbol) != found.instrument.symbol:
            raise DataError(
                f"holds {found.instrument.symbol}, not {normalize_symbol(symbol)}", path=place
            )
        first = _FOREVER[0] if start is None else moment_ns(start)
        return series_of([found], first, _FOREVER[1] if end is None else moment_ns(end))
    if place.is_dir() and day_files(place):
        return TickStore(place.parent).open(symbol or place.name, start, end)
    return TickStore(place).open(symbol, start, end)


def moment_ns(moment: Moment) -> int:
    """Return a time in ns UTC; raises InputError for what is no time."""
    if isinstance(moment, int | np.integer):
        return int(moment)
    try:
        if isinstance(moment, np.datetime64):
            return int(moment.astype("M8[ns]").astype(np.int64))
        import pandas as pd

        stamp = pd.Timestamp(moment)
        stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
        return int(stamp.as_unit("ns").value)
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"{moment!r} is no time; write it like 2024-08-08T23:55") from None


def series_of(files: Sequence[DayFile], first: int = _FOREVER[0], last: int = _FOREVER[1]) -> Ticks:
    """Return the rows of some days with `first` <= time < `last`, as one series.

    Raises DataError where there are none or the days disagree about instrument or level.
    """
    for file in files[1:]:
        _refuse_difference(files[0], file)
    stretches = [_Stretch(file, *_span_of(file, first, last)) for file in files]
    parts: list[Part] = [s for s in stretches if s.rows]
    if not parts:
        raise DataError("holds no ticks in that time", path=files[0].path.parent)
    days = [file.metadata for file in files]
    known = dict(days[0]) if len(days) == 1 else _joined(days)
    whole = all(s.is_whole for s in stretches)
    if not whole:
        known["start"], known["end"] = _ends_of(parts)
        known["rows"] = sum(part.rows for part in parts)
    return Ticks(files[0].instrument, files[0].level, parts, {**known, "days": days})


def day_files(folder: Path) -> list[Path]:
    """Return the day files of a symbol's folder, in order; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if _DAY_FILE.fullmatch(p.name))


def _touches(day: str, first: int, last: int) -> bool:
    try:
        start = int(np.datetime64(day, "D").astype(np.int64)) * DAY_NS
    except ValueError:
        return True  # opening it will say what is wrong
    return start < last and start + DAY_NS > first


def _refuse_difference(one: DayFile, other: DayFile) -> None:
    a, b = one.metadata["instrument"], other.metadata["instrument"]
    changed = [k for k in {**a, **b} if a.get(k) != b.get(k) and k != "rules_source"]
    if one.level != other.level:
        changed.append("level")
    if changed:
        raise DataError(
            f"its {changed[0]} differs from that of {one.path.name}: import the days again with "
            f"the same rules (--tick-size, --lot-size), or open them one by one",
            path=other.path,
        )


def _span_of(file: DayFile, first: int, last: int) -> tuple[int, int]:
    """Return the rows of a file within a time, as (first row, row behind the last)."""
    start, end = file.metadata["start"], file.metadata["end"]
    from_row = 0 if first <= start else _row_at(file, first)
    to_row = file.rows if last > end else _row_at(file, last)
    return from_row, max(from_row, to_row)


def _row_at(file: DayFile, ts: int) -> int:
    """Return the first row at or after a time."""
    last: int | None = None
    for number, start in enumerate(file.starts[:-1]):
        columns = file.batch(number)
        file.verify(number, columns)
        clock = clock_of(columns, last)
        if len(clock) and clock[-1] >= ts:
            return start + int(np.searchsorted(clock, ts))
        last = int(clock[-1]) if len(clock) else last
        file.release(columns)
    return file.rows


def _ends_of(parts: Sequence[Part]) -> tuple[int, int]:
    """Return the first and the last time of rows that are in order."""
    first = last = next(parts[0].pieces())
    for last in parts[-1].pieces():  # noqa: B007 - views: only the last one is read
        pass
    first.verify()
    last.verify()
    return int(clock_of(first.columns)[0]), int(clock_of(last.columns)[-1])


def _joined(days: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one set of metadata for several days."""
    counts: dict[str, int] = {}
    for day in days:
        for kind, count in day["counts"].items():
            counts[kind] = counts.get(kind, 0) + count
    same = {k: v for k, v in days[0].items() if all(d.get(k) == v for d in days)}
    lows = [d["min_price"] for d in days if d.get("min_price") is not None]
    highs = [d["max_price"] for d in days if d.get("max_price") is not None]
    return {
        **days[0],
        **same,
        "source": {
            "format": days[0]["source"].get("format"),
            "files": _unique([f for d in days for f in d["source"].get("files", [])]),
        },
        "corrections": {**days[0]["corrections"], **_corrected(days)},
        "has_receive_times": all(d["has_receive_times"] for d in days),
        "counts": counts,
        "rows": sum(d["rows"] for d in days),
        "start": min(d["start"] for d in days),
        "end": max(d["end"] for d in days),
        "min_price": min(lows, default=None),
        "max_price": max(highs, default=None),
    }


def _corrected(days: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return how many rows all days together had corrected."""
    made = [day["corrections"] for day in days]
    return {k: sum(int(m.get(k, 0)) for m in made) for k in CORRECTED if any(k in m for m in made)}


def _unique(files: list[Any]) -> list[Any]:
    return [f for i, f in enumerate(files) if f not in files[:i]]


class _Stretch:
    """Rows of one day's file."""

    def __init__(self, file: DayFile, first: int, last: int) -> None:
        self._file, self._first, self._last = file, first, last
        self.rows, self.path = last - first, file.path
        self.is_whole = self.rows == file.rows

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows batch by batch."""
        for number, start in enumerate(self._file.starts[:-1]):
            stop = self._file.starts[number + 1]
            low, high = max(start, self._first), min(stop, self._last)
            if low >= high:
                continue
            columns = self._file.batch(number)
            verify = functools.partial(self._file.verify, number, columns)
            if (low, high) != (start, stop):
                columns = {k: v[low - start : high - start] for k, v in columns.items()}
            yield Piece(columns, self._file.release, verify)

    def day_hashes(self) -> list[str]:
        """Return the day's hash: the file's own word for a whole day, else computed."""
        if self.is_whole:
            return [str(self._file.metadata["sha256"])]
        return [self.computed_hash]

    @functools.cached_property
    def computed_hash(self) -> str:
        """The hash of the rows as they are."""
        digest = ContentHash(self._file.level)
        for piece in self.pieces():
            digest.add(piece.columns)
            self._file.release(piece.columns)
        return digest.hexdigest()
