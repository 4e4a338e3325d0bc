"""From fills to round trips: what each position, from flat to flat, has earned."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hftsim.core import DataError, FillReason, InputError, Instrument
from hftsim.portfolio.position import booked_price, mean_price, value_ratios

FillColumns = Mapping[str, npt.ArrayLike]

FILL_FIELDS = ("time", "instrument", "side", "price", "qty", "fee", "reason")

_REASONS = {int(r): r.name.lower() for r in FillReason}
_NO_TIME = np.iinfo(np.int64).min
_AT_ONCE = 1 << 16
"""So many fills, and trips, are Python objects at a time: a long run needs no more memory."""

_Row = tuple[int, int, int, int, int, float, int]


class _Trip(NamedTuple):
    """One round trip in tick-lots (see `booked_price`); `held` lots are still open."""

    first: int
    long: bool
    entry_time: int
    exit_time: int
    entered: int
    paid: int
    got: int
    held: int
    fees: float
    entry_reason: int
    exit_reason: int


def round_trips(
    fills: "FillColumns | npt.NDArray[np.void]",
    instruments: Sequence[Instrument],
    marks: Sequence[float],
    *,
    bar_times: npt.ArrayLike | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Cut fills into round trips: from flat to flat, or to the other side.

    A fill that crosses zero ends one trip and begins the next, and its fee is shared by lots.

    Parameters
    ----------
    fills : columns of equal length, in the order of execution: a mapping or a structured array with
        the fields ``time`` (nanoseconds UTC), ``instrument`` (index into `instruments`), ``side``
        (1 buys, -1 sells), ``price`` (ticks), ``qty`` (lots, above 0), ``fee`` (settlement currency),
        ``reason`` (`FillReason`).
    instruments : what was traded.
    marks : one price per instrument in quote currency, at which open trips are valued; may be NaN
        where none is open.
    bar_times : start of each bar, nanoseconds UTC, increasing; gives ``bars_held``.

    Returns
    -------
    dict of arrays, one row per trip, by time of entry:
        ``symbol``; ``side`` (long, short); ``entry_time``, ``exit_time`` (datetime64[ns] UTC, NaT
        while open); ``qty`` (base units entered in all); ``entry_price``, ``exit_price`` (means
        by quantity, harmonic ones of inverse contracts; the mark while open); ``pnl`` (after fees),
        ``gross_pnl``, ``fees`` (settlement currency; funding is in none of them); ``return_pct``
        (`pnl` in percent of the value entered; NaN where that is not above 0); ``bars_held`` (bars between entry and exit, or the last bar; NaN without
        `bar_times`); ``is_open``; ``entry_reason``, ``exit_reason`` (lower case, "" while open).

    Raises
    ------
    InputError
        If a field is missing, or lengths differ.
    DataError
        If a row cannot be a fill; names row and field.
    """
    columns = _checked(fills, len(instruments))
    if len(marks) != len(instruments):
        raise InputError(f"{len(instruments)} instruments need as many marks, not {len(marks)}")
    tables = []
    for i, instrument in enumerate(instruments):
        trips = _cut(_rows_of(columns, i, instrument))
        tables.append(_table(list(itertools.islice(trips, _AT_ONCE)), instrument, marks[i]))
        while more := list(itertools.islice(trips, _AT_ONCE)):
            tables.append(_table(more, instrument, marks[i]))
    order = np.argsort(np.concatenate([t.pop("first") for t in tables]))
    merged = {name: np.concatenate([t[name] for t in tables])[order] for name in tables[0]}
    return _with_bars_held(merged, bar_times)


def _checked(fills: Any, instruments: int) -> dict[str, npt.NDArray[Any]]:
    if instruments == 0:
        raise InputError("round_trips needs at least one instrument")
    known = fills.dtype.names or () if isinstance(fills, np.ndarray) else tuple(fills)
    missing = [name for name in FILL_FIELDS if name not in known]
    if missing:
        raise InputError(f"fills lack {missing[0]!r}; needed: {', '.join(FILL_FIELDS)}")
    columns = {name: np.asarray(fills[name]) for name in FILL_FIELDS}
    if len({c.shape for c in columns.values()}) > 1:
        raise InputError("the columns of fills differ in length")
    for name in FILL_FIELDS:
        if name != "fee" and columns[name].size and columns[name].dtype.kind not in "iu":
            raise InputError(f"{name!r} of fills must be whole numbers, not {columns[name].dtype}")
    wrong = {
        "instrument": (columns["instrument"] < 0) | (columns["instrument"] >= instruments),
        "side": np.abs(columns["side"]) != 1,
        "qty": columns["qty"] <= 0,
        "fee": ~np.isfinite(columns["fee"]),
        "reason": ~np.isin(columns["reason"], list(_REASONS)),
    }
    for name, bad in wrong.items():
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(f"{columns[name][row]} cannot be a fill's", row=row, field=name)
    return columns


def _rows_of(
    columns: Mapping[str, npt.NDArray[Any]], index: int, instrument: Instrument
) -> Iterator[_Row]:
    """Yield an instrument's fills: their row, then `FILL_FIELDS` but the instrument."""
    rows = np.flatnonzero(columns["instrument"] == index)
    for begin in range(0, len(rows), _AT_ONCE):
        part = rows[begin : begin + _AT_ONCE]
        picked = {n: columns[n][part].tolist() for n in FILL_FIELDS if n != "instrument"}
        if instrument.inverse:
            picked["price"] = [booked_price(instrument, price) for price in picked["price"]]
        yield from zip(part.tolist(), *picked.values(), strict=True)


def _cut(rows: Iterable[_Row]) -> Iterator[_Trip]:
    lots = entered = paid = got = first = entry_time = entry_reason = 0
    fees = 0.0
    for row, time, side, price, qty, charged, reason in rows:
        left, fee = qty, charged
        if lots * side < 0:
            closed = min(qty, abs(lots))
            share = fee if closed == qty else fee * closed / qty
            got += closed * price
            fees += share
            fee -= share
            left -= closed
            if closed < abs(lots):
                lots += side * closed
                continue
            whole = (entered, paid, got, 0, fees, entry_reason, reason)
            yield _Trip(first, lots > 0, entry_time, time, *whole)
            lots = 0
        if left == 0:
            continue
        if lots == 0:
            first, entry_time, entry_reason = row, time, reason
            entered = paid = got = 0
            fees = 0.0
        lots += side * left
        entered += left
        paid += left * price
        fees += fee
    if lots:
        part = (entered, paid, got, abs(lots), fees, entry_reason, 0)
        yield _Trip(first, lots > 0, entry_time, _NO_TIME, *part)


def _table(trips: list[_Trip], instrument: Instrument, mark: float) -> dict[str, npt.NDArray[Any]]:
    lot, per_lot = instrument.lot_size.as_integer_ratio()
    means = [mean_price(instrument, t.paid, t.entered) for t in trips]
    exits = [mark if t.held else mean_price(instrument, t.got, t.entered) for t in trips]
    return {
        "first": np.array([t.first for t in trips], dtype=np.int64),
        "symbol": _words(itertools.repeat(instrument.symbol, len(trips))),
        "side": _words("long" if t.long else "short" for t in trips),
        "entry_time": _times(t.entry_time for t in trips),
        "exit_time": _times(t.exit_time for t in trips),
        "qty": np.array([t.entered * lot / per_lot for t in trips], dtype=np.float64),
        "entry_price": np.array(means, dtype=np.float64),
        "exit_price": np.array(exits, dtype=np.float64),
        **_results(trips, instrument, mark),
        "bars_held": np.full(len(trips), math.nan),
        "is_open": np.array([t.held > 0 for t in trips], dtype=np.bool_),
        "entry_reason": _words(_REASONS[t.entry_reason] for t in trips),
        "exit_reason": _words(_REASONS[t.exit_reason] if t.exit_reason else "" for t in trips),
    }


def _results(
    trips: list[_Trip], instrument: Instrument, mark: float
) -> dict[str, npt.NDArray[np.float64]]:
    _, (unit, per_unit), (money, per_money) = value_ratios(instrument)
    taken = [(t.got - t.paid) * money / per_money for t in trips]
    held = [t.held * mark * unit / per_unit if t.held else 0.0 for t in trips]
    if instrument.inverse:
        held = [-t.held * unit / (per_unit * mark) if t.held else 0.0 for t in trips]
    sign = np.array([1.0 if t.long else -1.0 for t in trips], dtype=np.float64)
    gross = sign * (np.array(taken, dtype=np.float64) + np.array(held, dtype=np.float64))
    gross += 0.0  # a short that earned nothing earned 0, not -0
    fees = np.array([t.fees for t in trips], dtype=np.float64)
    entered = np.array([t.paid * money / per_money for t in trips], dtype=np.float64)
    if instrument.inverse:
        entered = -entered
    pnl = gross - fees
    returns = np.full(len(trips), math.nan)
    np.divide(100.0 * pnl, entered, out=returns, where=entered > 0)
    return {"pnl": pnl, "gross_pnl": gross, "fees": fees, "return_pct": returns}


def _with_bars_held(
    columns: dict[str, npt.NDArray[Any]], bar_times: npt.ArrayLike | None
) -> dict[str, npt.NDArray[Any]]:
    if bar_times is None:
        return columns
    starts = np.asarray(bar_times, dtype=np.int64)
    entry, exits = (columns[name].view(np.int64) for name in ("entry_time", "exit_time"))
    last = len(starts) - 1
    begun = np.searchsorted(starts, entry, side="right") - 1
    ended = np.where(columns["is_open"], last, np.searchsorted(starts, exits, side="right") - 1)
    return {**columns, "bars_held": ended - begun}


def _words(words: Iterable[str]) -> npt.NDArray[np.object_]:
    return np.array(list(words), dtype=object)


def _times(times: Iterable[int]) -> npt.NDArray[np.datetime64]:
    return np.array(list(times), dtype=np.int64).view("datetime64[ns]")
