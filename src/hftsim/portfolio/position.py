"""One instrument's holding under average cost, in whole ticks and lots."""

import dataclasses
import math

from hftsim.core import Instrument, Side


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is held of one instrument; all money in settlement currency (`Instrument.settle`).

    Parameters
    ----------
    symbol : the instrument's.
    lots, qty : signed holding in lots and in base units; below 0 is short.
    avg_price : average cost of what is held, quote currency; the harmonic one of inverse contracts.
        NaN when flat.
    market_price : last known price; NaN when none is known.
    value : signed market value, ``qty * market_price * multiplier``; of inverse contracts
        ``qty * multiplier / market_price``.
    realised_pnl : profit of what was closed, before fees.
    unrealised_pnl : profit of what is held at the market price, before fees.
    fees : fees paid so far; below 0 where rebates outweigh them.
    funding : funding paid so far; below 0 where more was received.
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
    funding: float = 0.0


class Holding:
    """The running account of one instrument.

    Traded value is summed in whole tick-lots (ticks times lots), as integers of any length, so that
    cash and the P&L of every closed position carry no rounding beyond the last conversion. Only the
    cost of a position that was partly closed can be a fraction of a tick-lot; it is forgotten as
    soon as the position is flat. An inverse lot costs minus one over its price, counted in whole
    parts of 2**-128, which no float can tell from the fraction.

    Parameters
    ----------
    instrument : what is held.
    """

    __slots__ = (
        "_mark", "_unit", "_value", "cost", "fees", "flow", "funding", "instrument", "lots",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.lots = 0
        self.flow = 0
        self.cost: float = 0
        self.fees = self.funding = 0.0
        self._mark = math.nan
        _, self._unit, self._value = value_ratios(instrument)

    def trade(self, side: Side, price: int, qty: int, fee: float) -> None:
        """Book an execution of `qty` lots at `price` ticks."""
        before, signed = self.lots, side * qty
        after, booked = before + signed, booked_price(self.instrument, price)
        self.lots = after
        self.flow -= signed * booked
        self.fees += fee
        if before * signed >= 0:
            self.cost += signed * booked
        elif before * after > 0:
            self.cost = self.cost * after / before
        else:
            self.cost = after * booked
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
        if self.instrument.inverse:
            return self.lots * self._unit[0] / (self._unit[1] * self._mark)
        return self.lots * self._mark * self._unit[0] / self._unit[1]

    @property
    def equity(self) -> float:
        """What the holding adds to `cash` at the market price: minus its value where inverse."""
        return -self.value if self.instrument.inverse else self.value

    @property
    def realised_pnl(self) -> float:
        """Profit of what was closed, before fees."""
        return (self.flow + self.cost) * self._value[0] / self._value[1]

    @property
    def unrealised_pnl(self) -> float:
        """Profit of what is held at the market price, before fees."""
        return self.equity - self.cost * self._value[0] / self._value[1]

    def snapshot(self) -> Position:
        """Return the holding as it stands."""
        lots = self.lots
        avg = mean_price(self.instrument, self.cost, lots) if lots else math.nan
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
            funding=self.funding,
        )


Ratio = tuple[int, int]


def value_ratios(instrument: Instrument) -> tuple[Ratio, Ratio, Ratio]:
    """Return a tick's price, a lot's units times multiplier, and a tick-lot's money, as fractions.

    Dividing integers once rounds once: ``35 * 1 / 100`` is 0.35, while ``35 * 0.01`` is not. The
    money is that of 1 in `booked_price`.
    """
    unit = instrument.lot_size * instrument.multiplier
    tick = instrument.tick_size.as_integer_ratio()
    money = (unit * instrument.tick_size).as_integer_ratio()
    if instrument.inverse:
        lot = unit.as_integer_ratio()
        money = (lot[0] * tick[1], lot[1] * tick[0] * _PARTS)
    return tick, unit.as_integer_ratio(), money


_PARTS = 1 << 128


def booked_price(instrument: Instrument, price: int) -> int:
    """Return what buying a lot at `price` ticks takes out of an account, in tick-lots.

    An inverse contract brings in ``1 / price``, in parts of 2**-128: P&L of a long from a to b is
    then ``1 / a - 1 / b`` (Binance, COIN-M futures: profit and loss).
    """
    return -((_PARTS + price // 2) // price) if instrument.inverse else price


def mean_price(instrument: Instrument, booked: float, lots: int) -> float:
    """Return the price at which `lots` were booked at `booked` in all; of inverse the harmonic."""
    tick, per_tick = instrument.tick_size.as_integer_ratio()
    if instrument.inverse:
        return lots * tick * _PARTS / (-booked * per_tick)
    return booked * tick / (lots * per_tick)
