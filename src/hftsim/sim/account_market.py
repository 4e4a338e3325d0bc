"""AccountMarket: what markets over bars and over ticks lay out alike for kernels and strategies."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from hftsim.core.enums import InstrumentKind
from hftsim.core.instrument import Instrument
from hftsim.native.layout import CONTEXT, INSTRUMENT, LIMITS, address_of, fill_record

LOGS = ("order", "fill", "signal")
_OPEN_CAPACITY = 4096


@dataclasses.dataclass(frozen=True, kw_only=True)
class AccountSettings:
    """What every market asks of the account that trades in it.

    Parameters
    ----------
    capital : cash at the start, quote currency.
    position_size : what strategies read as ``ctx.position_size``, a fraction of equity.
    limits : risk limits by the names of `LIMITS`, fractions; NaN is off.
    allow_short : None means: spot may not be sold short, everything else may.
    """

    capital: float = 100_000.0
    position_size: float = 0.30
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    allow_short: bool | None = None


class AccountMarket:
    """The records of one account and its instruments, at addresses that kernels know.

    Markets derive from it; they make the logs `orders`, `fills` and `signals`, and call `lay_logs`
    whenever those lie anew.

    Parameters
    ----------
    symbols : names of the instruments.
    instruments : their rules, in the same order.
    settings : of the account.
    """

    orders: np.ndarray
    fills: np.ndarray
    signals: np.ndarray

    def __init__(
        self,
        symbols: Sequence[str],
        instruments: Sequence[Instrument],
        settings: AccountSettings,
    ) -> None:
        from hftsim.sim._kernels import PROTECTIVE

        self.symbols, self.instruments = list(symbols), list(instruments)
        n = len(self.symbols)
        self.context, self.instrument_records = np.zeros(1, CONTEXT), np.zeros(n, INSTRUMENT)
        self.limits = np.full(1, np.nan, LIMITS)
        self.open_ids = np.zeros(_OPEN_CAPACITY + PROTECTIVE * n, np.int64)
        fill_record(self.limits, dict(settings.limits))
        for k, rules in enumerate(self.instruments):
            fill_record(self.instrument_records, _rules_of(k, rules, settings), k)
        self._lay_context(settings)

    def _lay_context(self, settings: AccountSettings) -> None:
        capital = settings.capital
        fill_record(
            self.context,
            {
                "instruments": len(self.symbols),
                "capital": capital,
                "cash": capital,
                "equity": capital,
                "peak": capital,
                "session": np.iinfo(np.int64).min,
                "session_start_equity": capital,
                "position_size": settings.position_size,
                "signal": np.nan,
                "open_capacity": len(self.open_ids) - 1,
                "address": address_of(self.context),
                "instruments_at": address_of(self.instrument_records),
                "open_at": address_of(self.open_ids),
                "limits_at": address_of(self.limits),
            },
        )

    def lay_logs(self) -> None:
        """Tell the kernels where the logs are and how much they take."""
        for name in LOGS:
            log = getattr(self, f"{name}s")
            fill_record(
                self.context, {f"{name}s_at": address_of(log), f"{name}_capacity": len(log)}
            )

    def positions_at(self, points: int, counted: np.ndarray | slice) -> np.ndarray:
        """Return the position after each of so many points in lots, int64, shape (points, instruments).

        `counted` are the rows of the fills that count, each with the first point that knows it.
        """
        step, instrument, side, qty = (
            self.fills[name][counted] for name in ("step", "instrument", "side", "qty")
        )
        changes = np.zeros((points + 1, len(self.symbols)), np.int64)
        np.add.at(changes, (step, instrument), side * qty)
        return np.cumsum(changes, axis=0)[:points]


def _rules_of(k: int, rules: Instrument, settings: AccountSettings) -> dict[str, object]:
    allowed = settings.allow_short
    return {
        "index": k,
        "tick_size": float(rules.tick_size),
        "lot_size": float(rules.lot_size),
        "tick_value": rules.tick_value,
        "inverse": rules.inverse,
        "min_qty": int(-(-rules.min_qty // rules.lot_size)),
        "max_qty": rules.max_lots,
        "min_notional": float(rules.min_notional),
        "maker_fee": rules.maker_fee,
        "taker_fee": rules.taker_fee,
        "may_short": rules.kind != InstrumentKind.SPOT if allowed is None else allowed,
        "signal": np.nan,
    }
