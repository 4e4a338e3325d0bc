"""Rows in order, written day by day into a store."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError
from hftsim.data.ticks.dayfile import DayFile, DayWriter
from hftsim.data.ticks.days import DAY_NS, clock_of, day_name
from hftsim.data.ticks.metadata import CORRECTED


class Landing:
    """Writes one import's rows into the day files of one symbol.

    A day that an earlier, interrupted run of the same import finished is kept; any other day that
    is there already is refused.

    Parameters
    ----------
    folder : of the symbol in the store.
    level : ``l1``, ``l2`` or ``l3``.
    about : metadata of every day; `import_key` tells the import from others.
    noted : the reader's counts, read whenever a day is finished.

    Attributes
    ----------
    written, kept : metadata of the days written now, and of those found finished.
    """

    def __init__(
        self, folder: Path, level: str, about: Mapping[str, Any], noted: Counter[str]
    ) -> None:
        self._folder, self._level, self._about = folder, level, about
        self._noted, self._told = noted, Counter[str]()
        self._writer: DayWriter | None = None
        self._day: int | None = None
        self._clock: int | None = None
        self._corrected: Counter[str] = Counter()
        self.written: list[dict[str, Any]] = []
        self.kept: list[dict[str, Any]] = []

    def add(self, columns: Mapping[str, np.ndarray], corrected: Mapping[str, int]) -> None:
        """Write rows; `corrected` counts what was corrected in all rows so far."""
        clock = clock_of(columns, self._clock)
        days = clock // DAY_NS
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        for start, stop in itertools.pairwise(cuts):
            if int(days[start]) != self._day:
                self._close_day()
                self._open_day(int(days[start]))
            if self._writer is not None:
                self._writer.append({k: v[start:stop] for k, v in columns.items()})
        self._corrected.update({k: corrected[k] - self._corrected[k] for k in corrected})
        self._clock = int(clock[-1])

    def note(self, name: str, count: int) -> None:
        """Say how often something was met so far; nothing is said where it never was."""
        if count:
            self._noted[name] = count

    def finish(self) -> None:
        """Finish the last day."""
        self._close_day()

    def discard(self) -> None:
        """Leave no unfinished file behind."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None

    @property
    def days(self) -> list[dict[str, Any]]:
        """The metadata of all days of this import so far."""
        return sorted([*self.kept, *self.written], key=lambda day: int(day["start"]))

    def _open_day(self, number: int) -> None:
        self._day, self._before = number, Counter(self._corrected)
        name = day_name(number * DAY_NS)
        path = self._folder / f"{name}.arrow"
        if path.exists():
            self.kept.append(_same_import(path, self._about["import_key"]))
            return
        self._writer = DayWriter(path, self._level, {**self._about, "day": name, "noted": {}})

    def _close_day(self) -> None:
        if self._writer is None:
            return
        noted = self._noted - self._told
        self._told = Counter(self._noted)
        changed = {k: self._corrected[k] - self._before[k] for k in CORRECTED}
        more = {
            "noted": {k: int(v) for k, v in sorted(noted.items())},
            "corrections": {**self._about["corrections"], **changed},
        }
        self.written.append(self._writer.finish(more))
        self._writer = None


def _same_import(path: Path, key: str) -> dict[str, Any]:
    """Return the metadata of a finished day; raises DataError where another import made it."""
    found = DayFile(path).metadata
    if found.get("import_key") == key:
        return found
    names = ", ".join(str(f.get("name")) for f in found["source"].get("files", [])[:3])
    raise DataError(
        f"the store has this day already (imported from {names or 'elsewhere'}), and days never "
        f"overlap: remove the file to import the day anew, or name another --out",
        path=path,
    )


def import_key(parts: Mapping[str, Any]) -> str:
    """Return what tells one import from another: a hash of its sources and settings."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
