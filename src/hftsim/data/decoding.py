"""Raw blocks to times and numbers, with everything that is wrong with their rows."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from hftsim.data.columns import PRICES, Layout
from hftsim.data.numbers import NumberStyle, decode_numbers
from hftsim.data.problems import LARGEST_PRICE, LARGEST_QTY, Problem
from hftsim.data.tables import RawBlock
from hftsim.data.times import decode_times

_PRICE_FIELDS = (*PRICES, "price", "bid_price", "ask_price")
_BUY = ("buy", "b", "bid", "1", "+1", "buyer", "1.0")
_SELL = ("sell", "s", "ask", "a", "-1", "seller", "-1.0")


@dataclasses.dataclass
class Rows:
    """Decoded rows of one block.

    Parameters
    ----------
    times : nanoseconds, absolute where `aware`, else local; shape (rows,).
    aware : whether times are absolute; None where no row's time could be read.
    values : field to float64 array; NaN where a value is missing or unreadable.
    lines : 1-based line of each row in the file.
    problems : everything that is wrong, row by row.
    units : how many rows wrote their time in which unit.
    """

    times: np.ndarray
    aware: bool | None
    values: dict[str, np.ndarray]
    lines: np.ndarray
    problems: list[Problem]
    units: dict[str, int]

    def without(self, problems: list[Problem]) -> "Rows":
        """Return the rows that none of `problems` concerns."""
        keep = np.ones(len(self.times), bool)
        for problem in problems:
            keep[problem.rows] = False
        if keep.all():
            return self
        values = {name: v[keep] for name, v in self.values.items()}
        return dataclasses.replace(
            self, times=self.times[keep], values=values, lines=self.lines[keep]
        )


def decode_rows(
    raw: RawBlock,
    layout: Layout,
    style: NumberStyle,
    *,
    day_first: bool,
    aware: bool | None = None,
) -> Rows:
    """Return the decoded rows of a raw block.

    `aware` says whether earlier blocks had absolute times; None for the first block.
    """
    problems: list[Problem] = []
    times, aware, units = _times(raw, layout, problems, day_first=day_first, aware=aware)
    rows = Rows(times, aware, {}, raw.lines, problems, units)
    for field, at in layout.where.items():
        if field in ("time", "date", "symbol", "side", "is_buyer_maker"):
            continue
        if at < 0:
            rows.values[field] = np.zeros(len(times))
            continue
        values, missing, text = decode_numbers(raw.columns[at], style)
        rows.values[field] = values
        _note(problems, "missing", field, missing, raw.columns[at])
        _note(problems, "text", field, text, raw.columns[at])
        _check_range(problems, field, values, raw.columns[at])
    if layout.kind == "bars":
        _check_ohlc(rows.values, problems)
    elif layout.kind == "book":
        _check_crossed(rows.values, problems)
    else:
        _sides(raw, layout.where, rows.values, problems)
    return rows


def time_column(raw: RawBlock, where: Mapping[str, int]) -> Any:
    """Return the time column; a date and a time column are joined."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = raw.columns[where["time"]]
    if "date" not in where:
        return column
    parts = [raw.columns[where["date"]].cast(pa.string()), column.cast(pa.string())]
    return pc.binary_join_element_wise(*parts, " ")


def _times(
    raw: RawBlock,
    layout: Layout,
    problems: list[Problem],
    *,
    day_first: bool,
    aware: bool | None,
) -> tuple[np.ndarray, bool | None, dict[str, int]]:
    column = time_column(raw, layout.where)
    found = decode_times(column, day_first=day_first)
    absolute = found.aware | layout.utc_by_name
    _note(problems, "time", "time", found.bad, column)
    readable = absolute[~found.bad]
    if aware is None and len(readable):
        aware = bool(readable[0])
    other = (absolute != bool(aware)) & ~found.bad
    if other.any():
        words = ("a local time", "absolute ones") if aware else ("an absolute time", "local ones")
        _note(problems, "mixed_time", "time", other, column)
        problems[-1].words = {"this": words[0], "other": words[1]}
    return found.ns, aware, found.units


def _note(problems: list[Problem], kind: str, field: str, mask: np.ndarray, column: Any) -> None:
    if mask.any():
        problems.append(Problem(kind, field, np.flatnonzero(mask), lambda row: _cell(column, row)))


def _cell(column: Any, row: int) -> str:
    value = column[row].as_py()
    return "" if value is None else str(value)


def _check_range(problems: list[Problem], field: str, values: np.ndarray, column: Any) -> None:
    is_price = field in _PRICE_FIELDS
    largest = LARGEST_PRICE if is_price else LARGEST_QTY
    lowest = float(np.min(values, initial=np.inf, where=~np.isnan(values)))
    highest = float(np.max(values, initial=-np.inf, where=~np.isnan(values)))
    if highest > largest or lowest < -largest:
        _note(problems, "not_finite", field, np.abs(values) > largest, column)
    if is_price and lowest <= 0:
        _note(problems, "bad_price", field, (values <= 0) & (values >= -largest), column)
    elif not is_price and lowest < 0:
        _note(problems, "negative_volume", field, (values < 0) & (values >= -largest), column)


def ohlc_violations(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the rows whose high is not the highest or whose low is not the lowest price."""
    opens, highs, lows, closes = (values[p] for p in PRICES)
    return (
        (highs < lows) | (highs < opens) | (highs < closes) | (lows > opens) | (lows > closes)
    )  # fmt: skip


def ohlc_sentence(values: Mapping[str, np.ndarray], row: int) -> str:
    """Say which prices of a row contradict each other."""
    o, h, low, c = (float(values[p][row]) for p in PRICES)
    if h < low:
        return f"high {h!r} is below low {low!r}"
    name, value = ("open", o) if not low <= o <= h else ("close", c)
    return f"{name} {value!r} lies outside low {low!r} to high {h!r}"


def _check_ohlc(values: Mapping[str, np.ndarray], problems: list[Problem]) -> None:
    rows = np.flatnonzero(ohlc_violations(values))
    if len(rows):
        problems.append(Problem("ohlc", "", rows, lambda row: ohlc_sentence(values, row)))


def _check_crossed(values: Mapping[str, np.ndarray], problems: list[Problem]) -> None:
    bid, ask = values["bid_price"], values["ask_price"]
    rows = np.flatnonzero(bid > ask)
    if len(rows):
        problems.append(
            Problem("crossed", "", rows, lambda row: f"bid {bid[row]} is above ask {ask[row]}")
        )


def _sides(
    raw: RawBlock,
    where: Mapping[str, int],
    values: dict[str, np.ndarray],
    problems: list[Problem],
) -> None:
    """Put 1 for an aggressive buyer and -1 for an aggressive seller into `values`."""
    import polars as pl

    field = "side" if "side" in where else "is_buyer_maker"
    if field not in where:
        return
    column = raw.columns[where[field]]
    text = pl.Series("", column).cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
    if field == "side":
        buys, sells = text.is_in(_BUY).to_numpy(), text.is_in(_SELL).to_numpy()
    else:
        buys = text.is_in(("false", "0")).to_numpy()
        sells = text.is_in(("true", "1")).to_numpy()
    values["side"] = np.where(buys, 1.0, np.where(sells, -1.0, np.nan))
    _note(problems, "side", field, ~(buys | sells), column)
