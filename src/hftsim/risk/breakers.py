"""The circuit breakers: when equity lost stops an account from taking new risk."""

import math
from collections.abc import Hashable

from hftsim.core import InputError, RejectReason
from hftsim.risk.limits import RiskLimits


class Breakers:
    """Daily loss, drawdown and ruin, moved by equity alone.

    A loss that reaches its limit trips. The daily breaker holds until the session changes even if
    equity recovers; drawdown and ruin (equity of 0 or less) hold for good. A session is measured
    from the last equity known before it began, so that a gap at its opening counts; the first
    session from the first equity told, which should be the initial capital.

    Parameters
    ----------
    limits : `max_daily_loss_pct` and `max_drawdown_pct` are read.
    """

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits
        self._session: Hashable = None
        self._equity = math.nan
        self.peak = math.nan
        self.session_start = math.nan
        self.halted = RejectReason.NONE
        self.halted_at: int | None = None

    def update(self, ts_ns: int, equity: float, session: Hashable) -> RejectReason:
        """Take the account's equity at a time and return what halts it, NONE if nothing does.

        Parameters
        ----------
        ts_ns : nanoseconds since 1970-01-01 UTC; kept as `halted_at` when a halt begins.
        equity : in quote currency.
        session : anything that changes when a session begins, such as the date.

        Raises
        ------
        InputError
            If the equity is not finite.
        """
        if not math.isfinite(equity):
            raise InputError(f"equity {equity} at {ts_ns} is not a finite number")
        if math.isnan(self._equity):
            self._session, self.session_start, self.peak = session, equity, equity
        elif session != self._session:
            self._session, self.session_start = session, self._equity
            if self.halted is RejectReason.DAILY_LOSS:
                self.halted, self.halted_at = RejectReason.NONE, None
        self._equity = equity
        self.peak = max(self.peak, equity)
        tripped = self._tripped(equity)
        if tripped and not self.halted:
            self.halted_at = ts_ns
        self.halted = max(self.halted, tripped)  # the codes rise with severity
        return self.halted

    def halt(self, ts_ns: int, reason: RejectReason) -> None:
        """Halt for good, for a reason that equity does not tell, such as a liquidation."""
        if not self.halted:
            self.halted_at = ts_ns
        self.halted = max(self.halted, reason)

    @property
    def drawdown(self) -> float:
        """Fraction of the peak that is lost now; NaN before any equity was told."""
        return loss_since(self.peak, self._equity)

    @property
    def session_loss(self) -> float:
        """Fraction lost since the session began, below 0 for a gain; NaN before any equity."""
        return loss_since(self.session_start, self._equity)

    def _tripped(self, equity: float) -> RejectReason:
        limits = self._limits
        if equity <= 0:
            return RejectReason.ACCOUNT_WIPED_OUT
        if _lost(self.peak, equity, limits.max_drawdown_pct):
            return RejectReason.DRAWDOWN_BREAKER
        if _lost(self.session_start, equity, limits.max_daily_loss_pct):
            return RejectReason.DAILY_LOSS
        return RejectReason.NONE


def loss_since(start: float, now: float) -> float:
    """Return the fraction of `start` lost by `now`; NaN where `start` is not above 0."""
    return (start - now) / start if start > 0 else math.nan


def _lost(start: float, now: float, limit: float | None) -> bool:
    return limit is not None and start - now >= limit * start
