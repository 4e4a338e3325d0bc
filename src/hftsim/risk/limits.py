"""`RiskLimits`: what an account may hold and may lose."""

import dataclasses
import math
from typing import Self, TypeGuard

from hftsim.core import ConfigError, InstrumentKind

TOLERANCE = 1e-9
"""How far beyond a limit, relative to it, still counts as on it."""

_AT_MOST_ONE = ("stop_loss_pct", "max_daily_loss_pct", "max_drawdown_pct")
_OFF_WITH_NONE = (
    "max_position_pct",
    "max_exposure_pct",
    "max_leverage",
    "stop_loss_pct",
    "take_profit_pct",
    "max_daily_loss_pct",
    "max_drawdown_pct",
    "max_order_value",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RiskLimits:
    """Limits as fractions (0.30 is 30 %); None turns one off.

    Parameters
    ----------
    max_position_pct : largest value of one instrument's position, of equity.
    max_exposure_pct : largest value of all positions, long and short added, of equity.
    max_leverage : the same sum, in multiples of equity, that the account can carry at all; at 1 it
        trades with its own money.
    stop_loss_pct : a position is closed when the price has moved this far against its average cost.
    take_profit_pct : a position is closed when the price has moved this far in its favour.
    max_daily_loss_pct : equity lost since the session began that halts new risk until the next.
    max_drawdown_pct : equity lost since its peak that halts new risk for the rest of the run.
    max_order_value : largest value of one order, in settlement currency.
    allow_short : whether positions below 0 are allowed; None asks the instrument: spot no, every
        other kind yes.
    var_confidence : confidence of value at risk, above 0.5 and below 1.

    Raises
    ------
    ConfigError
        If a value cannot be such a limit, or two contradict each other.
    """

    max_position_pct: float | None = 0.30
    max_exposure_pct: float | None = 1.0
    max_leverage: float | None = 1.0
    stop_loss_pct: float | None = 0.02
    take_profit_pct: float | None = None
    max_daily_loss_pct: float | None = None
    max_drawdown_pct: float | None = 0.15
    max_order_value: float | None = None
    allow_short: bool | None = None
    var_confidence: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what cannot be a limit."""
        for name in _OFF_WITH_NONE:
            _require_limit(name, getattr(self, name))
        for name in ("max_position_pct", "max_exposure_pct"):
            value = getattr(self, name)
            if value is not None and self.max_leverage is not None:
                _require_reachable(name, value, self.max_leverage)
        if self.allow_short not in (None, True, False):
            raise ConfigError(f"allow_short must be true, false or nothing, not {self.allow_short}")
        require_confidence(self.var_confidence, "var_confidence")

    @classmethod
    def off(cls) -> Self:
        """Return limits that leave only the account's own money as a bound."""
        return cls(
            max_position_pct=None,
            max_exposure_pct=None,
            max_leverage=1.0,
            stop_loss_pct=None,
            max_drawdown_pct=None,
        )

    def allows_short(self, kind: InstrumentKind) -> bool:
        """Whether an instrument of this kind may be sold short."""
        return kind is not InstrumentKind.SPOT if self.allow_short is None else self.allow_short


def require_confidence(value: float, name: str = "confidence") -> None:
    """Raise ConfigError unless `value` is above 0.5 and below 1."""
    if not (_is_number(value) and 0.5 < value < 1.0):
        raise ConfigError(f"{name} must be above 0.5 and below 1 (0.95 is 95 %), not {value!r}")


def _require_limit(name: str, value: object) -> None:
    if value is None:
        return
    if not (_is_number(value) and value > 0):
        raise ConfigError(
            f"{name} must be a number above 0, or nothing for no limit, not {value!r}"
        )
    if name in _AT_MOST_ONE and value > 1:
        raise ConfigError(f"{name} is a fraction of at most 1 (0.02 is 2 %), not {value!r}")


def _require_reachable(name: str, value: float, leverage: float) -> None:
    if value > max(1.0, leverage):
        raise ConfigError(
            f"{name} is a fraction (0.30 is 30 %) and {value!r} cannot be reached with max_leverage "
            f"{leverage!r}: lower it, or raise max_leverage too"
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
