"""What an import is told, and what it tells."""

import dataclasses
from decimal import Decimal
from typing import Any

from hftsim.core.enums import InstrumentKind
from hftsim.core.instrument import Instrument


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What an import may change, and the rules of the instrument where the user gives them.

    Parameters
    ----------
    fix_clock : add one constant to every ts_recv, so that the smallest latency is `base_latency`,
        where rows were received before they happened; else such files are refused.
    fix_order : let a row for which the two orders of time disagree stand twice, once in each; else
        rows out of order are refused.
    base_latency : ns.
    tick_size, lot_size : default: what the file says, else the smallest step seen.
    kind, venue, maker_fee, taker_fee : of the instrument; default: what the format says.
    """

    fix_clock: bool = False
    fix_order: bool = False
    base_latency: int = 0
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    kind: InstrumentKind | str | None = None
    venue: str | None = None
    maker_fee: float | None = None
    taker_fee: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    instrument, level : what was imported.
    rows, start, end : events in the store, and their first and last `ts_event` in ns.
    days : the days written, and those an earlier run had finished, as ``2024-08-08``.
    kept_days : of these, those an earlier run had finished.
    corrections : what was changed: the shift of the clock, rows doubled, trades moved to the grid.
    counts : events of each kind.
    noted : what the reader merged, left out or could not use, by name.
    metadata : of every day.
    """

    instrument: Instrument
    level: str
    rows: int
    start: int
    end: int
    days: list[str]
    kept_days: list[str]
    corrections: dict[str, Any]
    counts: dict[str, int]
    noted: dict[str, int]
    metadata: list[dict[str, Any]]
