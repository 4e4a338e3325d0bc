"""Fees that depend on the volume traded."""

import csv
import dataclasses
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from hftsim.core.errors import ConfigError, DataError
from hftsim.core.instrument import Instrument

_COLUMNS = ("from_volume", "maker_fee", "taker_fee")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeeSchedule:
    """Maker and taker fees by the volume that was traded in the UTC days before.

    Parameters
    ----------
    tiers : rows of (volume from which it applies, maker fee, taker fee): quote currency, rising
        from 0, and fractions; a negative fee is a rebate.
    volume_before : volume of the `days` days before the run, quote currency; taken for the same on
        each of them.
    days : how many days before the current one count.
    venue : the venue of the instruments that it applies to; None: all of them.
    """

    tiers: tuple[tuple[float, float, float], ...] = ()
    volume_before: float = 0.0
    days: int = 30
    venue: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a schedule."""
        if any(len(row) != 3 for row in self.tiers):
            raise ConfigError(f"fee tiers are rows of {', '.join(_COLUMNS)}")
        rows = tuple((float(v), float(m), float(t)) for v, m, t in self.tiers)
        object.__setattr__(self, "tiers", rows)
        if not rows or rows[0][0] != 0.0:
            raise ConfigError("fee tiers begin with the tier from_volume 0")
        if any(not a[0] < b[0] for a, b in itertools.pairwise(rows)):
            raise ConfigError("fee tiers stand in order of from_volume, each larger than the last")
        if any(not -0.5 < fee < 0.5 for row in rows for fee in row[1:]):
            raise ConfigError("fee tiers hold fees as fractions (0.001 is 0.1 %)")
        if not 0.0 <= self.volume_before < math.inf:
            raise ConfigError(f"fees volume_before is 0 or more, not {self.volume_before}")
        if not 1 <= self.days <= 366:
            raise ConfigError(f"fees days is from 1 to 366, not {self.days}")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the schedule of a CSV file with the columns from_volume, maker_fee, taker_fee.

        Raises DataError, naming file, line and column, for what is no number, and for other columns.
        """
        try:
            with Path(path).open(newline="", encoding="utf-8-sig") as file:
                lines = list(csv.reader(file))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot be read: {error}", path=path) from None
        if not lines or tuple(name.strip() for name in lines[0]) != _COLUMNS:
            raise DataError(f"its first line must be {','.join(_COLUMNS)}", path=path, row=1)
        rows = [_row(path, k, line) for k, line in enumerate(lines[1:], start=2) if line]
        return cls(tiers=tuple(rows))

    def applies_to(self, instrument: Instrument) -> bool:
        """Whether these are the fees of an instrument."""
        return self.venue is None or self.venue == instrument.venue

    def tier_of(self, volume: float) -> int:
        """Return the row of the tier that a volume reaches, from 0."""
        return max(k for k, row in enumerate(self.tiers) if row[0] <= volume)

    def charged(self, instrument: Instrument) -> Instrument:
        """Return an instrument with the fees of the first day, where they apply to it."""
        if not self.applies_to(instrument):
            return instrument
        _, maker, taker = self.tiers[self.tier_of(self.volume_before)]
        return instrument.replace(maker_fee=maker, taker_fee=taker)


def _row(path: str | Path, number: int, line: Sequence[str]) -> tuple[float, float, float]:
    if len(line) != len(_COLUMNS):
        told = f"has {len(line)} fields instead of {len(_COLUMNS)}"
        raise DataError(told, path=path, row=number)
    found = []
    for name, text in zip(_COLUMNS, line, strict=True):
        try:
            found.append(float(text))
        except ValueError:
            raise DataError(f"{text!r} is no number", path=path, row=number, field=name) from None
    return found[0], found[1], found[2]
