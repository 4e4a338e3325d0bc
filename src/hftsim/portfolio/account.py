"""`Portfolio`: one account's cash and positions over any number of instruments."""

import math
import operator
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from hftsim.core import (
    ConfigError,
    Fill,
    InputError,
    Instrument,
    InstrumentError,
    InstrumentKind,
    Side,
    UnknownNameError,
    normalize_symbol,
)
from hftsim.core.instrument import Number
from hftsim.portfolio.position import Holding, Position

if TYPE_CHECKING:
    from hftsim.portfolio.round_trips import FillColumns

_BELOW_ZERO = (InstrumentKind.FUTURE, InstrumentKind.OPTION)
_NAMES_ITS_QUOTE = (InstrumentKind.SPOT, InstrumentKind.PERPETUAL)


class Portfolio:
    """Cash, long and short positions at average cost, fees, realised and unrealised P&L.

    Every kind of instrument is booked alike: a purchase pays its value out of cash, a sale brings
    it in, and a position counts at its market value. At all times
    ``cash + position values == initial capital + realised + unrealised - fees - funding``. The value
    of inverse contracts (`Instrument.inverse`) counts below 0 there: buying them brings in cash, and
    selling takes it out again, so that the same sum holds in the coin.

    Parameters
    ----------
    initial_capital : cash at the start, in settlement currency.
    instruments : what may be traded. Without it any symbol may be, by the rules an `Instrument` has
        by default (tick 0.01, lot 0.00001).

    Raises
    ------
    ConfigError
        If the capital is not a positive number.
    InstrumentError
        If two instruments share a symbol, or settle in different currencies; see
        `require_one_currency`.
    """

    def __init__(
        self,
        initial_capital: float = 100_000.0,
        instruments: Instrument | Iterable[Instrument] | None = None,
    ) -> None:
        if not (math.isfinite(initial_capital) and initial_capital > 0):
            raise ConfigError(f"initial_capital must be above 0, not {initial_capital}")
        self.initial_capital = float(initial_capital)
        self._open_to_any = instruments is None
        self._holdings: dict[str, Holding] = {}
        self._fills: list[Fill] = []
        if isinstance(instruments, Instrument):
            instruments = (instruments,)
        for instrument in instruments or ():
            if instrument.symbol in self._holdings:
                raise InstrumentError(f"{instrument.symbol} is given twice")
            self._holdings[instrument.symbol] = Holding(instrument)
        require_one_currency(self.instruments.values())

    def apply_fill(self, fill: Fill) -> None:
        """Book an execution (ticks, lots).

        Raises UnknownNameError for an instrument that is not this account's, InstrumentError for a
        quantity of 0 or less, or a price of 0 or less of what cannot cost that.
        """
        holding = self._holding(fill.symbol)
        price, qty = operator.index(fill.last_price), operator.index(fill.last_qty)
        _require_tradable(holding.instrument, price, qty)
        if not math.isfinite(fill.fee):
            raise InputError(f"{fill.symbol}: fee {fill.fee} is not a finite number")
        self._keep(holding)
        holding.trade(fill.side, price, qty, float(fill.fee))
        self._fills.append(fill)

    def execute_trade(
        self,
        symbol: str,
        side: Side | str,
        qty: Number,
        price: Number,
        fee: float = 0.0,
        *,
        ts_event: int = 0,
    ) -> Fill:
        """Book an execution in base units and quote currency, and return it as a `Fill`.

        Parameters
        ----------
        symbol : any spelling of it.
        side : ``"buy"`` or ``"sell"``, or a `Side`.
        qty, price : above 0 and on the instrument's grid.
        fee : in quote currency; below 0 is a rebate.
        ts_event : when, nanoseconds since 1970-01-01 UTC; round trips show it.

        Raises
        ------
        InstrumentError
            If price or quantity is off the grid, or 0 or less.
        UnknownNameError
            If symbol or side is unknown.
        """
        instrument = self._holding(symbol).instrument
        fill = Fill(
            ts_event=ts_event,
            symbol=instrument.symbol,
            order_id=0,
            side=_to_side(side),
            last_price=instrument.to_ticks(price),
            last_qty=instrument.to_lots(qty),
            fee=fee,
        )
        self.apply_fill(fill)
        return fill

    def pay_funding(self, symbol: str, amount: float) -> None:
        """Book a payment of funding, in settlement currency; below 0 it is received."""
        if not math.isfinite(amount):
            raise InputError(f"{symbol}: funding of {amount} is not a finite number")
        holding = self._holding(symbol)
        self._keep(holding)
        holding.funding += float(amount)

    def update_market_price(self, symbol: str, price: float) -> None:
        """Value the position at `price` (quote currency; a mid price may lie between ticks)."""
        holding = self._holding(symbol)
        if not math.isfinite(price):
            raise InputError(f"{symbol}: market price {price} is not a finite number")
        self._keep(holding)
        holding.mark(float(price))

    def position(self, symbol: str) -> Position:
        """Return what is held of `symbol`; a flat position if it never traded."""
        return self._holding(symbol).snapshot()

    @property
    def positions(self) -> dict[str, Position]:
        """The position of every instrument, flat ones too, by symbol."""
        return {symbol: h.snapshot() for symbol, h in self._holdings.items()}

    @property
    def instruments(self) -> dict[str, Instrument]:
        """The account's instruments by symbol."""
        return {symbol: h.instrument for symbol, h in self._holdings.items()}

    @property
    def cash(self) -> float:
        """Cash in settlement currency; below 0 is borrowed."""
        traded = math.fsum(h.cash for h in self._holdings.values())
        return self.initial_capital + traded - self.fees - self.funding

    @property
    def fees(self) -> float:
        """Fees paid so far; below 0 where rebates outweigh them."""
        return math.fsum(h.fees for h in self._holdings.values())

    @property
    def funding(self) -> float:
        """Funding paid so far; below 0 where more was received."""
        return math.fsum(h.funding for h in self._holdings.values())

    @property
    def total_value(self) -> float:
        """Equity: cash and what all positions add to it."""
        return self.cash + math.fsum(h.equity for h in self._holdings.values())

    @property
    def net_exposure(self) -> float:
        """Market value of long positions less that of short ones."""
        return math.fsum(h.value for h in self._holdings.values())

    @property
    def gross_exposure(self) -> float:
        """Market value of long positions and of short ones, added."""
        return math.fsum(abs(h.value) for h in self._holdings.values())

    def pnl(self) -> dict[str, float]:
        """Return ``realised`` and ``unrealised`` (both before fees), ``fees`` and ``total``.

        ``funding``, what was paid of it, where there was any.
        """
        realised = math.fsum(h.realised_pnl for h in self._holdings.values())
        unrealised = math.fsum(h.unrealised_pnl for h in self._holdings.values())
        fees, funding = self.fees, self.funding
        return {
            "realised": realised,
            "unrealised": unrealised,
            "fees": fees,
            **({"funding": funding} if funding else {}),
            "total": realised + unrealised - fees - funding,
        }

    @property
    def fills(self) -> list[Fill]:
        """Every execution booked, in that order."""
        return list(self._fills)

    def trades(self) -> list[dict[str, Any]]:
        """Return the round trips so far, oldest entry first, the open ones included.

        Keys as `hftsim.portfolio.round_trips.round_trips` documents; `bars_held` is NaN, because
        an account knows no bars.
        """
        from hftsim.portfolio.round_trips import round_trips

        if not self._fills:
            return []
        instruments = list(self.instruments.values())
        marks = [h.market_price for h in self._holdings.values()]
        columns = round_trips(self._fill_columns(), instruments, marks)
        rows = zip(*columns.values(), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _fill_columns(self) -> "FillColumns":
        index = {symbol: i for i, symbol in enumerate(self._holdings)}
        fills = self._fills
        return {
            "time": [f.ts_event for f in fills],
            "instrument": [index[normalize_symbol(f.symbol)] for f in fills],
            "side": [int(f.side) for f in fills],
            "price": [f.last_price for f in fills],
            "qty": [f.last_qty for f in fills],
            "fee": [f.fee for f in fills],
            "reason": [int(f.reason) for f in fills],
        }

    def _keep(self, holding: Holding) -> None:
        instrument = holding.instrument
        if instrument.symbol not in self._holdings:
            require_one_currency([*self.instruments.values(), instrument])
            self._holdings[instrument.symbol] = holding

    def _holding(self, symbol: str) -> Holding:
        """Return the holding; of a symbol new to an open account a fresh one, not yet kept."""
        plain = normalize_symbol(symbol)
        known = self._holdings.get(plain)
        if known is not None:
            return known
        if self._open_to_any:
            return Holding(Instrument(symbol=plain, rules_source="default"))
        raise UnknownNameError("instrument", symbol, self._holdings)


def _to_side(side: Side | str) -> Side:
    if isinstance(side, Side):
        return side
    word = side.upper()
    if word not in Side.__members__:
        raise UnknownNameError("side", side, ("buy", "sell"))
    return Side[word]


def _require_tradable(instrument: Instrument, price: int, qty: int) -> None:
    if qty <= 0:
        raise InstrumentError(
            f"{instrument.symbol}: quantity must be above 0; the side says which way"
        )
    if price <= 0 and (instrument.inverse or instrument.kind not in _BELOW_ZERO):
        raise InstrumentError(
            f"{instrument.symbol}: price {instrument.price(price)} is not above 0, which only a "
            f"linear future's or an option's may be"
        )


def require_one_currency(instruments: Iterable[Instrument], at_par: Collection[str] = ()) -> None:
    """Raise InstrumentError if instruments settle in different currencies: values are added.

    Symbols of spot, perpetuals and inverse contracts name their currency; others are believed.
    Currencies `at_par` count as one.
    """
    named = [i for i in instruments if i.inverse or i.kind in _NAMES_ITS_QUOTE]
    settled = {i.settle: i.symbol for i in named}
    if len(settled) > 1 and not settled.keys() <= set(at_par):
        pairs = ", ".join(f"{symbol} in {coin}" for coin, symbol in sorted(settled.items()))
        raise InstrumentError(
            f"one account adds up one currency, but {pairs}: give each currency a run of its own, or "
            f"count them one for one with at_par: [{', '.join(sorted(settled))}]"
        )
