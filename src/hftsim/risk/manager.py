"""`RiskManager`: reviews orders before they reach a market; the kernel's plain twin."""

import dataclasses
import math
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from hftsim.core import (
    InputError,
    Instrument,
    NewOrder,
    Refused,
    RejectReason,
    Side,
    UnknownNameError,
    normalize_symbol,
)
from hftsim.portfolio import Portfolio
from hftsim.risk.breakers import Breakers, loss_since
from hftsim.risk.limits import TOLERANCE, RiskLimits

if TYPE_CHECKING:
    import numpy.typing as npt

_Violation = tuple[RejectReason, str]
_SIDES = {"long": 1, "buy": 1, "short": -1, "sell": -1}


@dataclasses.dataclass(frozen=True, slots=True)
class _Outcome:
    """What the account would hold if an order filled whole, at the price it was checked at."""

    instrument: Instrument
    equity: float
    after: int
    order_value: float
    position_value: float
    exposure: float


class RiskManager:
    """Checks orders against limits, watches the breakers, and measures risk.

    Parameters
    ----------
    limits : what is allowed; `RiskLimits()` if not given.
    """

    def __init__(self, limits: RiskLimits | None = None) -> None:
        self.limits = RiskLimits() if limits is None else limits
        self.breakers = Breakers(self.limits)

    @property
    def halted(self) -> RejectReason:
        """Why no new risk may be taken; `RejectReason.NONE` while it may."""
        return self.breakers.halted

    def update_equity(self, ts_ns: int, equity: float, session: Hashable = 0) -> RejectReason:
        """Move the breakers; see `Breakers.update`."""
        return self.breakers.update(ts_ns, equity, session)

    def check_order(
        self,
        request: NewOrder,
        portfolio: Portfolio,
        price: float,
        instrument: Instrument,
        *,
        open_qty: int = 0,
    ) -> Refused | None:
        """Return None if the order may go to the market, else why not.

        The order is judged as if it filled whole at `price`, other positions at their market
        prices. What is on a limit, within one part in 10^9, is allowed. The first of these that
        applies decides:

        1. ``BAD_INSTRUMENT``, ``BAD_QTY`` (0 or less).
        2. An order that only reduces the position is allowed, whatever else holds. A `reduce_only`
           order counts as one if there is something to reduce, else ``NOTHING_TO_REDUCE``.
        3. ``NO_MARKET``: no price above 0 to value the order at.
        4. ``ACCOUNT_WIPED_OUT``: equity is, or was, 0 or less.
        5. ``DRAWDOWN_BREAKER``, ``DAILY_LOSS``: a breaker holds.
        6. ``NO_SHORT_SELLING``: the position would end below 0.
        7. ``MAX_ORDER_VALUE``.
        8. ``MAX_POSITION``: ``|position after| * price * multiplier`` (inverse: ``multiplier / price``)
           against equity.
        9. ``MAX_EXPOSURE``: the values of all positions after, long and short added, against equity.
        10. ``MAX_LEVERAGE``: the same sum against equity.

        Parameters
        ----------
        request : the order.
        portfolio : the account, with market prices up to date.
        price : what a unit is expected to cost, in quote currency.
        instrument : the order's.
        open_qty : lots of live orders on the same side that are taken to fill first.
        """
        found = _bad_request(request, portfolio, instrument)
        if found is None:
            held = portfolio.position(instrument.symbol).lots
            before = held + request.side * open_qty
            if request.reduce_only:
                if held * request.side < 0:
                    return None
                found = (RejectReason.NOTHING_TO_REDUCE, "there is no position on the other side")
            elif before * request.side < 0 and request.qty <= abs(before):
                return None
        if found is None:
            outcome = _outcome(request, portfolio, price, instrument, before)
            found = next(self._violations(outcome), None)
        return None if found is None else Refused(request=request, reason=found[0], detail=found[1])

    def check_position_limit(
        self, symbol: str, qty: float, price: float, capital: float, *, multiplier: float = 1.0
    ) -> dict[str, Any]:
        """Return whether a position of `qty` base units fits `max_position_pct` of `capital`.

        Returns
        -------
        dict with ``symbol``, ``allowed``, ``max_qty`` (base units; None without a limit),
        ``value`` and ``max_value`` (quote currency; None without a limit).
        """
        for name, value in (("price", price), ("capital", capital), ("multiplier", multiplier)):
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} must be above 0, not {value}")
        if not math.isfinite(qty):
            raise InputError(f"qty must be a finite number, not {qty}")
        share = self.limits.max_position_pct
        value = abs(qty) * price * multiplier
        most = None if share is None else share * capital
        return {
            "symbol": normalize_symbol(symbol),
            "allowed": most is None or not _exceeds(value, most),
            "max_qty": None if most is None else most / (price * multiplier),
            "value": value,
            "max_value": most,
        }

    def check_stop_loss(self, entry_price: float, current_price: float, side: Side | str) -> bool:
        """Whether the price has moved `stop_loss_pct` or more against a position.

        `side` is the position's: ``"long"`` or ``"short"`` (or the `Side` that opened it).
        """
        return _has_moved(entry_price, current_price, -_direction(side), self.limits.stop_loss_pct)

    def check_take_profit(self, entry_price: float, current_price: float, side: Side | str) -> bool:
        """Whether the price has moved `take_profit_pct` or more in a position's favour."""
        return _has_moved(entry_price, current_price, _direction(side), self.limits.take_profit_pct)

    def calculate_var(
        self,
        returns: "npt.ArrayLike",
        confidence: float | None = None,
        method: str = "historical",
    ) -> float:
        """Return value at risk as a fraction of equity, losses above 0.

        See `hftsim.risk.value_at_risk`; `confidence` is `RiskLimits.var_confidence` if not given.
        """
        from hftsim.risk.var import value_at_risk

        level = self.limits.var_confidence if confidence is None else confidence
        return value_at_risk(returns, level, method)

    def risk_metrics(
        self, portfolio: Portfolio, returns: "npt.ArrayLike | None" = None
    ) -> dict[str, Any]:
        """Return the account's risk as it stands, in fractions.

        Parameters
        ----------
        portfolio : the account, with market prices up to date.
        returns : past returns per period, for `var` and `cvar`.

        Returns
        -------
        dict with ``equity``, ``gross_exposure``, ``net_exposure`` (quote currency), ``leverage``
        (gross exposure over equity), ``concentration`` (largest position over equity),
        ``drawdown`` (from the peak), ``session_loss``, ``var`` and ``cvar`` (historical, at
        `RiskLimits.var_confidence`), ``halted`` (a word, or None) and ``reasons`` (why a figure is
        NaN, by its key).
        """
        reasons: dict[str, str] = {}
        equity, gross = portfolio.total_value, portfolio.gross_exposure
        largest = max((abs(p.value) for p in portfolio.positions.values()), default=0.0)
        if equity <= 0:
            reasons |= dict.fromkeys(("leverage", "concentration"), "equity is not above 0")
        start = self.breakers.session_start
        if math.isnan(start):
            reasons["session_loss"] = "no session has begun: update_equity was never called"
        var, cvar = self._tail(returns, reasons)
        peaks = (portfolio.initial_capital, self.breakers.peak, equity)
        return {
            "equity": equity,
            "gross_exposure": gross,
            "net_exposure": portfolio.net_exposure,
            "leverage": gross / equity if equity > 0 else math.nan,
            "concentration": largest / equity if equity > 0 else math.nan,
            "drawdown": loss_since(max(p for p in peaks if not math.isnan(p)), equity),
            "session_loss": loss_since(start, equity),
            "var": var,
            "cvar": cvar,
            "halted": self.halted.name.lower() if self.halted else None,
            "reasons": reasons,
        }

    def _tail(
        self, returns: "npt.ArrayLike | None", reasons: dict[str, str]
    ) -> tuple[float, float]:
        if returns is None:
            reasons |= dict.fromkeys(("var", "cvar"), "no returns were given")
            return math.nan, math.nan
        from hftsim.risk.var import historical_cvar, historical_var

        level = self.limits.var_confidence
        var, cvar = historical_var(returns, level), historical_cvar(returns, level)
        if math.isnan(var):
            reasons |= dict.fromkeys(("var", "cvar"), "fewer than 2 returns were given")
        return var, cvar

    def _violations(self, order: _Outcome) -> Iterator[_Violation]:
        limits, symbol = self.limits, order.instrument.symbol
        if not (math.isfinite(order.order_value) and order.order_value > 0):
            yield RejectReason.NO_MARKET, "there is no price to value the order at"
        if self.halted is RejectReason.ACCOUNT_WIPED_OUT or order.equity <= 0:
            yield RejectReason.ACCOUNT_WIPED_OUT, f"equity is {order.equity:,.2f}"
        if self.halted:
            yield self.halted, f"halted since {self.breakers.halted_at} (ns)"
        if order.after < 0 and not limits.allows_short(order.instrument.kind):
            yield RejectReason.NO_SHORT_SELLING, f"{symbol} would end at {order.after} lots"
        if limits.max_order_value is not None:
            yield from _beyond(
                RejectReason.MAX_ORDER_VALUE, "order", order.order_value, limits.max_order_value
            )
        if limits.max_position_pct is not None:
            most = limits.max_position_pct * order.equity
            yield from _beyond(
                RejectReason.MAX_POSITION, f"{symbol} position", order.position_value, most
            )
        if limits.max_exposure_pct is not None:
            most = limits.max_exposure_pct * order.equity
            yield from _beyond(RejectReason.MAX_EXPOSURE, "gross exposure", order.exposure, most)
        if limits.max_leverage is not None:
            most = limits.max_leverage * order.equity
            yield from _beyond(RejectReason.MAX_LEVERAGE, "gross exposure", order.exposure, most)


def _bad_request(
    request: NewOrder, portfolio: Portfolio, instrument: Instrument
) -> _Violation | None:
    held = portfolio.instruments.get(instrument.symbol, instrument)
    if normalize_symbol(request.symbol) != instrument.symbol:
        detail = f"the order is for {request.symbol}, the instrument is {instrument.symbol}"
        return RejectReason.BAD_INSTRUMENT, detail
    if _worth(held) != _worth(instrument):
        detail = f"the account counts {held.symbol} in lots of {held.lot_size}"
        return RejectReason.BAD_INSTRUMENT, detail
    if request.qty <= 0:
        return RejectReason.BAD_QTY, f"quantity must be above 0, not {request.qty} lots"
    return None


def _worth(instrument: Instrument) -> tuple[Any, ...]:
    return instrument.lot_size, instrument.multiplier, instrument.inverse


def _outcome(
    request: NewOrder, portfolio: Portfolio, price: float, instrument: Instrument, before: int
) -> _Outcome:
    lot_value = price * float(instrument.lot_size * instrument.multiplier)
    if instrument.inverse:
        lot_value = (
            float(instrument.lot_size * instrument.multiplier) / price if price else math.nan
        )
    after = before + request.side * request.qty
    positions = portfolio.positions.items()
    others = math.fsum(abs(p.value) for symbol, p in positions if symbol != instrument.symbol)
    return _Outcome(
        instrument=instrument,
        equity=portfolio.total_value,
        after=after,
        order_value=request.qty * lot_value,
        position_value=abs(after) * lot_value,
        exposure=others + abs(after) * lot_value,
    )


def _exceeds(amount: float, limit: float) -> bool:
    return amount > limit + abs(limit) * TOLERANCE


def _beyond(reason: RejectReason, what: str, amount: float, limit: float) -> Iterator[_Violation]:
    if _exceeds(amount, limit):
        yield reason, f"{what} of {amount:,.2f} would exceed {limit:,.2f}"


def _direction(side: Side | str) -> int:
    if isinstance(side, Side):
        return int(side)
    if side.lower() not in _SIDES:
        raise UnknownNameError("side", side, _SIDES)
    return _SIDES[side.lower()]


def _has_moved(entry: float, price: float, direction: int, share: float | None) -> bool:
    if not (math.isfinite(entry) and entry > 0 and math.isfinite(price)):
        raise InputError(f"entry price {entry} and price {price} must be above 0")
    if share is None:
        return False
    return direction * (price - entry) >= share * entry * (1.0 - TOLERANCE)
