"""One instrument's holding under average cost, in whole ticks and lots."""

import dataclasses
import math

from hftsim.core import Instrument, Side


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is held of one instrument; all money in quote currency.

    Parameters
    ----------
    symbol : the instrument's.
    lots, qty : signed holding in lots and in base units; below 0 is short.
    avg_price : average cost of what is held; NaN when flat.
    market_price : last known price; NaN when none is known.
    value : signed market value, ``qty * market_price * multiplier``.
    realised_pnl : profit of what was closed, before fees.
    unrealised_pnl : profit of what is held at the market price, before fees.
    fees : fees paid so far; below 0 where rebates outweigh them.
    """

    symbol: str
    lots: int
    qty: float
    avg_price: float
    market_price: float
    value: float
    realised_pnl: float
    unrealised_pnl: float
    fees: float


class Holding:
    """The running account of one instrument.

    Traded value is summed in whole tick-lots (ticks times lots), as integers of any length, so that
    cash and the P&L of every closed position carry no rounding beyond the last conversion. Only the
    cost of a position that was partly closed can be a fraction of a tick-lot; it is forgotten as
    soon as the position is flat.

    Parameters
    ----------
    instrument : what is held.
    """

    __slots__ = ("_mark", "_price", "_unit", "_value", "cost", "fees", "flow", "instrument", "lots")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.lots = 0
        self.flow = 0
        self.cost: float = 0
        self.fees = 0.0
        self._mark = math.nan
        self._price, self._unit, self._value = value_ratios(instrument)

    def trade(self, side: Side, price: int, qty: int, fee: float) -> None:
        """Book an execution of `qty` lots at `price` ticks."""
        before, signed = self.lots, side * qty
        after = before + signed
        self.lots = after
        self.flow -= signed * price
        self.fees += fee
        if before * signed >= 0:
            self.cost += signed * price
        elif before * after > 0:
            self.cost = self.cost * after / before
        else:
            self.cost = after * price
        if math.isnan(self._mark):
            self._mark = self.instrument.price(price)

    def mark(self, price: float) -> None:
        """Take `price` (quote currency) as the market price."""
        self._mark = price

    @property
    def market_price(self) -> float:
        """Last price told by `mark`; until then the first fill's; NaN before that."""
        return self._mark

    @property
    def cash(self) -> float:
        """What trading put into the account, before fees: sales less purchases."""
        return self.flow * self._value[0] / self._value[1]

    @property
    def value(self) -> float:
        """Signed market value of what is held; 0 when flat."""
        if not self.lots:
            return 0.0
        return self.lots * self._mark * self._unit[0] / self._unit[1]

    @property
    def realised_pnl(self) -> float:
        """Profit of what was closed, before fees."""
        return (self.flow + self.cost) * self._value[0] / self._value[1]

    @property
    def unrealised_pnl(self) -> float:
        """Profit of what is held at the market price, before fees."""
        return self.value - self.cost * self._value[0] / self._value[1]

    def snapshot(self) -> Position:
        """Return the holding as it stands."""
        lots = self.lots
        avg = self.cost * self._price[0] / (lots * self._price[1]) if lots else math.nan
        return Position(
            symbol=self.instrument.symbol,
            lots=lots,
            qty=self.instrument.qty(lots),
            avg_price=avg,
            market_price=self._mark,
            value=self.value,
            realised_pnl=self.realised_pnl,
            unrealised_pnl=self.unrealised_pnl,
            fees=self.fees,
        )


Ratio = tuple[int, int]


def value_ratios(instrument: Instrument) -> tuple[Ratio, Ratio, Ratio]:
    """Return a tick's price, a lot's units times multiplier, and a tick-lot's money, as fractions.

    Dividing integers once rounds once: ``35 * 1 / 100`` is 0.35, while ``35 * 0.01`` is not.
    """
    unit = instrument.lot_size * instrument.multiplier
    return (
        instrument.tick_size.as_integer_ratio(),
        unit.as_integer_ratio(),
        (unit * instrument.tick_size).as_integer_ratio(),
    )
