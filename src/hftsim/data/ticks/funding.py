"""Funding rates of perpetuals: from a file, and as rows among recorded ticks."""

import csv
import dataclasses
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError, InstrumentError
from hftsim.core.events import EVENT_DTYPE, EventFlag, EventKind
from hftsim.core.instrument import exact_decimal
from hftsim.data.epochs import from_integers
from hftsim.data.sources import Source
from hftsim.data.textblocks import text_blocks

RATE_UNIT = Decimal("1e-8")
_NAMES = {
    "time": ("calc_time", "fundingtime", "funding_time"),
    "rate": ("last_funding_rate", "fundingrate", "funding_rate"),
    "price": ("mark_price", "markprice"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class FundingRates:
    """When the holders of a perpetual pay each other, and at which rate.

    Parameters
    ----------
    times : ns UTC, increasing, int64, shape (n,).
    rates : in 1e-8, int64, shape (n,); above 0 longs pay.
    prices : mark prices in quote currency, float64, shape (n,); 0 where unknown.
    """

    times: np.ndarray
    rates: np.ndarray
    prices: np.ndarray

    @property
    def sha256(self) -> str:
        """SHA-256 of the content."""
        digest = hashlib.sha256()
        for column in (self.times, self.rates, self.prices):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    def between(self, start: int, end: int) -> "FundingRates":
        """Return those of `start` <= time < `end`, ns UTC."""
        first, last = np.searchsorted(self.times, [start, end])
        return FundingRates(self.times[first:last], self.rates[first:last], self.prices[first:last])


def read_funding(path: str | Path) -> FundingRates:
    """Read a table of funding rates, plain or packed.

    Columns, in any order: ``calc_time`` and ``last_funding_rate`` as in Binance's public archive
    (data/futures/um/monthly/fundingRate), or ``fundingTime`` and ``fundingRate`` as its REST
    interface names them; ``markPrice`` where known. Times are epochs of any unit, UTC.

    Raises DataError for what is no such table, a value that is none, times that go back or repeat.
    """
    place = Path(path)
    with Source(place) as source:
        text = b"".join(block for block, _ in text_blocks(source)).decode("utf-8", "replace")
    lines = csv.reader(text.splitlines())
    at = _columns(next(lines, []), place)
    rows = [(lines.line_num, fields) for fields in lines if any(fields)]
    if not rows:
        raise DataError("holds no funding rates", path=place)
    found = {
        name: [_number(fields, place, row, column, name) for row, fields in rows]
        for name, column in at.items()
    }
    rates = [int((rate / RATE_UNIT).to_integral_value()) for rate in found["rate"]]
    prices = [float(price) for price in found.get("price", [Decimal(0)] * len(rows))]
    times = _times(found["time"], [row for row, _ in rows], place)
    return FundingRates(times, np.array(rates, np.int64), np.array(prices))


def _columns(header: list[str], path: Path) -> dict[str, int]:
    plain = [name.strip().lower() for name in header]
    at = {
        ours: next((plain.index(name) for name in names if name in plain), -1)
        for ours, names in _NAMES.items()
    }
    for ours in ("time", "rate"):
        if at[ours] < 0:
            raise DataError(
                f"is no table of funding rates: it lacks a column {_NAMES[ours][0]} "
                f"(or {_NAMES[ours][1]}); it needs calc_time and last_funding_rate, or fundingTime "
                f"and fundingRate",
                path=path,
            )
    return {ours: column for ours, column in at.items() if column >= 0}


def _number(fields: list[str], path: Path, row: int, column: int, name: str) -> Decimal:
    text = fields[column].strip() if column < len(fields) else ""
    if not text and name == "price":
        return Decimal(0)
    try:
        return exact_decimal(text, name)
    except InstrumentError as error:
        raise DataError(str(error), path=path, row=row, field=name) from None


def _times(values: list[Decimal], rows: list[int], path: Path) -> np.ndarray:
    whole = np.array([int(min(v, Decimal(2**62))) for v in values], np.int64)
    decoded = from_integers(whole, np.zeros(len(whole), bool))
    bad = decoded.bad | ~decoded.aware
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"{values[row]} is no time", path=path, row=rows[row], field="time")
    back = np.flatnonzero(np.diff(decoded.ns) <= 0)
    if len(back):
        raise DataError(
            "is not later than the row before it", path=path, row=rows[back[0] + 1], field="time"
        )
    return decoded.ns


class FundingRows:
    """Puts funding among the rows of a series that is given piece by piece.

    A rate stands behind every row of its time in the exchange's order, and counts in that order
    alone: a strategy is not told of it before its account is.

    Parameters
    ----------
    rates : to put in; of those later than every row nothing is given.
    tick_size : of the rows' prices; a mark price is rounded to it.
    """

    def __init__(self, rates: FundingRates, tick_size: Decimal) -> None:
        self._rates, self._tick, self._done = rates, float(tick_size), 0

    def among(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return a piece with the funding that comes before its last row."""
        rows = np.flatnonzero(columns["flags"] & EventFlag.ON_EXCHANGE)
        if not len(rows):
            return dict(columns)
        times = columns["ts_event"][rows]
        stop = int(np.searchsorted(self._rates.times, times[-1]))
        mine = slice(self._done, stop)
        if stop <= self._done:
            return dict(columns)
        self._done = stop
        due = self._rates.times[mine]
        at = rows[np.searchsorted(times, due, side="right")]
        made = {
            "ts_event": due,
            "ts_recv": due,
            "price": np.rint(self._rates.prices[mine] / self._tick).astype(np.int64),
            "qty": self._rates.rates[mine],
            "kind": int(EventKind.FUNDING),
            "flags": int(EventFlag.ON_EXCHANGE),
        }
        return {
            name: np.insert(values, at, np.asarray(made.get(name, 0), EVENT_DTYPE[name]))
            for name, values in columns.items()
        }
