"""How the round trips went; only closed ones count as won or lost."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hftsim.analytics.undefined import (
    Figure,
    FloatArray,
    Undefined,
    all_undefined,
    divide,
    subtract,
)
from hftsim.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

COUNTS = ("trades", "open_trades", "long_trades", "short_trades")
OUTCOMES = (
    "win_rate",
    "profit_factor",
    "expectancy",
    "payoff_ratio",
    "avg_win",
    "avg_loss",
    "largest_win",
    "largest_loss",
    "max_consecutive_wins",
    "max_consecutive_losses",
    "gross_profit",
    "gross_loss",
    "system_quality",
    "kelly_fraction",
)
HOLDING = (
    "avg_trade_pct",
    "avg_holding_bars",
    "median_holding_bars",
    "avg_holding_minutes",
    "median_holding_minutes",
    "trades_per_day",
)
NO_LOSER = "no trade lost, so there is nothing to divide by"


def frame_of(
    rows: "pd.DataFrame | Iterable[Mapping[str, Any]] | None", name: str, needed: tuple[str, ...]
) -> "pd.DataFrame | None":
    """Return a table from a frame or a list of rows, None for None.

    Raises DataError where rows lack a needed column.
    """
    import pandas as pd

    if rows is None:
        return None
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    missing = [c for c in needed if c not in table.columns]
    if missing and len(table):
        raise DataError(
            f"{name} lack the column {missing[0]!r}; they have: "
            f"{', '.join(str(c) for c in table.columns)}"
        )
    return table


def numbers(table: "pd.DataFrame", column: str) -> FloatArray | Undefined:
    """Return a column as float64, or that the table lacks it.

    Raises DataError (with the row) for a value that is not a finite number.
    """
    if column not in table.columns:
        return Undefined(f"there is no column {column!r}")
    values = np.asarray(table[column], dtype=np.float64)
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"{values[row]} is not a finite number", row=_position(table, row), field=column
        )
    return values


def _position(table: "pd.DataFrame", row: int) -> int:
    """Return the row as the caller numbered it: the table may have lost its open trades."""
    label = table.index[row]
    return int(label) if isinstance(label, int | np.integer) else row


def trade_figures(trades: "pd.DataFrame | None", market_days: Figure) -> dict[str, Figure]:
    """Return the figures of the group "trades"; `trades` as `frame_of` returns them."""
    if trades is None:
        why = Undefined("no trades were given")
        return all_undefined(COUNTS + OUTCOMES + HOLDING, why)
    closed, still_open = split(trades)
    counts: dict[str, Figure] = {
        "trades": float(len(closed)),
        "open_trades": float(still_open),
        **_sides(closed),
    }
    if len(closed) == 0:
        return counts | all_undefined(OUTCOMES + HOLDING, Undefined("no trade was closed"))
    pnl = numbers(closed, "pnl")
    if isinstance(pnl, Undefined):
        raise DataError(f"trades: {pnl.reason}")
    return {**counts, **_outcomes(pnl), **_holding(closed, market_days)}


def split(trades: "pd.DataFrame") -> tuple["pd.DataFrame", int]:
    """Return the closed trades and how many are still open."""
    if "is_open" not in trades.columns:
        return trades, 0
    still_open = np.asarray(trades["is_open"], dtype=bool)
    return trades[~still_open], int(still_open.sum())


def _sides(closed: "pd.DataFrame") -> dict[str, Figure]:
    if len(closed) == 0:
        return {"long_trades": 0.0, "short_trades": 0.0}
    if "side" not in closed.columns:
        return all_undefined(COUNTS[2:], Undefined("there is no column 'side'"))
    sides = np.asarray(closed["side"], dtype=object)
    return {f"{s}_trades": float(np.count_nonzero(sides == s)) for s in ("long", "short")}


def _outcomes(pnl: FloatArray) -> dict[str, Figure]:
    won, lost = pnl[pnl > 0.0], pnl[pnl < 0.0]
    no_winner, no_loser = Undefined("no trade won"), Undefined("no trade lost")
    profit, loss = float(won.sum()), float(-lost.sum())
    avg_win: Figure = float(won.mean()) if len(won) else no_winner
    avg_loss: Figure = float(lost.mean()) if len(lost) else no_loser
    payoff = divide(avg_win, avg_loss, NO_LOSER)
    return {
        "win_rate": 100.0 * len(won) / len(pnl),
        "profit_factor": divide(profit, loss, NO_LOSER),
        "expectancy": float(pnl.mean()),
        "payoff_ratio": payoff if isinstance(payoff, Undefined) else -payoff,
        "avg_win": avg_win,
        "avg_loss": avg_loss,
        "largest_win": float(won.max()) if len(won) else no_winner,
        "largest_loss": float(lost.min()) if len(lost) else no_loser,
        "max_consecutive_wins": float(_longest(pnl > 0.0)),
        "max_consecutive_losses": float(_longest(pnl < 0.0)),
        "gross_profit": profit,
        "gross_loss": loss,
        "system_quality": _quality(pnl),
        "kelly_fraction": _kelly(len(won) / len(pnl), payoff),
    }


def _longest(hit: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], hit.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _quality(pnl: FloatArray) -> Figure:
    if len(pnl) < 2:
        return Undefined("two closed trades are needed, there is one")
    spread = float(np.std(pnl, ddof=1))
    if spread <= 1e-12 * float(np.abs(pnl).max()):
        return Undefined("all trades earned the same")
    return math.sqrt(len(pnl)) * float(pnl.mean()) / spread


def _kelly(won: float, payoff: Figure) -> Figure:
    if isinstance(payoff, Undefined):
        return payoff
    return subtract(won, divide(1.0 - won, -payoff, NO_LOSER))


def _holding(closed: "pd.DataFrame", market_days: Figure) -> dict[str, Figure]:
    return {
        "avg_trade_pct": _average_return(closed),
        **_middle(numbers(closed, "bars_held"), "holding_bars"),
        **_middle(_minutes(closed), "holding_minutes"),
        "trades_per_day": divide(float(len(closed)), market_days, "the run has no length"),
    }


def _average_return(closed: "pd.DataFrame") -> Figure:
    """Return the mean of returns in percent; a trip entered at a price of 0 or below has none."""
    if "return_pct" in closed.columns and closed["return_pct"].isna().any():
        return Undefined("a trade was entered at a value that is not above 0")
    earned = numbers(closed, "return_pct")
    return earned if isinstance(earned, Undefined) else float(earned.mean())


def _middle(values: FloatArray | Undefined, ending: str) -> dict[str, Figure]:
    if isinstance(values, Undefined):
        return {f"avg_{ending}": values, f"median_{ending}": values}
    return {f"avg_{ending}": float(values.mean()), f"median_{ending}": float(np.median(values))}


def _minutes(closed: "pd.DataFrame") -> FloatArray | Undefined:
    import pandas as pd

    for column in ("entry_time", "exit_time"):
        if column not in closed.columns:
            return Undefined(f"there is no column {column!r}")
    held = pd.to_datetime(closed["exit_time"], utc=True) - pd.to_datetime(
        closed["entry_time"], utc=True
    )
    if held.isna().any():
        row = int(np.argmax(np.asarray(held.isna())))
        raise DataError(
            "a closed trade lacks its time", row=_position(closed, row), field="exit_time"
        )
    return np.asarray(held.dt.total_seconds(), dtype=np.float64) / 60.0
