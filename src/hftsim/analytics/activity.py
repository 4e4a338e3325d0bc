"""How much was traded, for how long, and what it cost."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hftsim.analytics.annualise import times_of
from hftsim.analytics.sample import Curve
from hftsim.analytics.trades import numbers, split
from hftsim.analytics.undefined import Figure, FloatArray, Undefined, divide, scale
from hftsim.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

NO_FILLS = Undefined("no fills were given")


def activity_figures(
    curve: Curve,
    positions: "pd.DataFrame | pd.Series | npt.ArrayLike | None",
    fills: "pd.DataFrame | None",
    trades: "pd.DataFrame | None",
    market_days: Figure,
) -> dict[str, Figure]:
    """Return the figures of the group "activity".

    `curve` is the equity curve as it was given; `positions` has its bars. Raises DataError for
    positions of other bars, or values that are not finite numbers.
    """
    value = _traded_value(fills)
    turnover = _turnover(value, curve)
    return {
        "exposure_pct": _exposure(positions, curve),
        "turnover": turnover,
        "turnover_per_day": divide(turnover, market_days, "the run has no length"),
        "total_fees": _total_fees(fills, trades),
        "fees_share_pct": _fees_share(trades),
        "total_slippage": _slippage(fills),
        "maker_share_pct": _maker_share(fills, value),
    }


def _exposure(positions: "pd.DataFrame | pd.Series | npt.ArrayLike | None", curve: Curve) -> Figure:
    if positions is None:
        return Undefined("no positions were given")
    import pandas as pd

    bars = len(curve.values)
    held = np.asarray(positions, dtype=np.float64)
    times = times_of(positions.index) if isinstance(positions, pd.DataFrame | pd.Series) else None
    other = times is not None and curve.times is not None and not np.array_equal(times, curve.times)
    if len(held) != bars or other:
        raise DataError(
            f"positions ({len(held)} rows) and equity curve ({bars}) have different bars: give "
            "both on the same index"
        )
    held = held.reshape(bars, -1)
    if not np.isfinite(held).all():
        row = int(np.argmax(~np.isfinite(held).all(axis=1)))
        raise DataError("a position is not a finite number", row=row, field="positions")
    return 100.0 * float(np.mean((held != 0.0).any(axis=1)))


def _traded_value(fills: "pd.DataFrame | None") -> FloatArray | Undefined:
    """Return the value of every fill."""
    if fills is None:
        return NO_FILLS
    if len(fills) == 0:
        return np.zeros(0)
    if "notional" in fills.columns:
        notional = numbers(fills, "notional")
        return notional if isinstance(notional, Undefined) else np.abs(notional)
    price, qty = numbers(fills, "price"), numbers(fills, "qty")
    if isinstance(price, Undefined):
        return price
    return qty if isinstance(qty, Undefined) else np.abs(price * qty)


def _turnover(value: FloatArray | Undefined, curve: Curve) -> Figure:
    if isinstance(value, Undefined):
        return value
    average = float(curve.values.mean())
    if average <= 0.0:
        return Undefined("the account stood at or below zero on average")
    return float(value.sum()) / average


def _total_fees(fills: "pd.DataFrame | None", trades: "pd.DataFrame | None") -> Figure:
    for table, column in ((fills, "fee"), (trades, "fees")):
        if table is not None:
            if len(table) == 0:
                return 0.0
            fees = numbers(table, column)
            return fees if isinstance(fees, Undefined) else float(fees.sum())
    return Undefined("neither fills nor trades were given")


def _fees_share(trades: "pd.DataFrame | None") -> Figure:
    if trades is None:
        return Undefined("no trades were given")
    closed, _ = split(trades)
    if len(closed) == 0:
        return Undefined("no trade was closed")
    fees, gross = numbers(closed, "fees"), numbers(closed, "gross_pnl")
    if isinstance(fees, Undefined):
        return fees
    if isinstance(gross, Undefined):
        return gross
    profit = float(gross[gross > 0.0].sum())
    return scale(divide(float(fees.sum()), profit, "no trade won before fees"), 100.0)


def _slippage(fills: "pd.DataFrame | None") -> Figure:
    if fills is None:
        return NO_FILLS
    if len(fills) == 0:
        return 0.0
    for column in ("slippage", "qty"):
        if column not in fills.columns:
            return Undefined(f"there is no column {column!r}")
    per_unit = np.asarray(fills["slippage"], dtype=np.float64)
    known = ~np.isnan(per_unit)
    if not known.any():
        return Undefined("no fill has a reference price")
    qty = np.abs(np.asarray(fills["qty"], dtype=np.float64))
    if "notional" in fills.columns:
        value = np.abs(np.asarray(fills["notional"], dtype=np.float64))
        qty = value / np.asarray(fills["price"], dtype=np.float64)
    return float(np.dot(per_unit[known], qty[known]))


def _maker_share(fills: "pd.DataFrame | None", value: FloatArray | Undefined) -> Figure:
    if fills is None:
        return NO_FILLS
    if isinstance(value, Undefined):
        return value
    if len(fills) == 0:
        return Undefined("nothing was traded")
    if "is_maker" not in fills.columns:
        return Undefined("there is no column 'is_maker'")
    maker = np.asarray(fills["is_maker"], dtype=bool)
    share = divide(float(value[maker].sum()), float(value.sum()), "nothing was traded")
    return scale(share, 100.0)
