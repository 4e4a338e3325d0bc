"""What can be asked of any book by price: best prices, spread, depth, imbalance, impact."""

import abc
import dataclasses
import math
from decimal import Decimal
from typing import Any

from hftsim.core.enums import Side
from hftsim.core.errors import InputError
from hftsim.core.instrument import Instrument, Number, exact_decimal

NOWHERE = math.nan
"""A price or ratio that is undefined, since a side of the book is empty."""
_MOST = 1 << 30
_BPS = 10_000


@dataclasses.dataclass(frozen=True)
class PriceImpact:
    """What a market order of some size would do, without any reaction of the market.

    Attributes
    ----------
    side : of the order.
    qty : what the book can fill, base units; `complete` says whether that is all.
    average_price, worst_price : of the fill, quote currency; NaN if nothing fills.
    slippage_bps : how much worse than the best price the average is, in basis points of the best.
    mid_impact_bps : how much worse than the mid price, in basis points of the mid.
    notional : the value traded, quote currency; of inverse contracts what they are worth in it.
    levels : how many levels are touched.
    """

    side: Side
    qty: float
    complete: bool
    average_price: float
    worst_price: float
    slippage_bps: float
    mid_impact_bps: float
    notional: float
    levels: int


class BookQueries(abc.ABC):
    """Queries over the levels of a book; prices in quote currency, quantities in base units.

    Undefined values are NaN: the best price of an empty side, and all that needs it.
    """

    instrument: Instrument

    @abc.abstractmethod
    def levels(self, side: int, most: int) -> list[tuple[int, int]]:
        """Return up to `most` (ticks, lots) of a side (1 bid, -1 ask), best first."""

    @property
    def best_bid(self) -> float:
        """The highest bid."""
        return self._best(1)[0]

    @property
    def best_ask(self) -> float:
        """The lowest ask."""
        return self._best(-1)[0]

    @property
    def best_bid_qty(self) -> float:
        """Quantity at the highest bid; 0 where there is none."""
        return self._best(1)[1]

    @property
    def best_ask_qty(self) -> float:
        """Quantity at the lowest ask; 0 where there is none."""
        return self._best(-1)[1]

    @property
    def mid_price(self) -> float:
        """Halfway between the best bid and the best ask."""
        return (self.best_bid + self.best_ask) / 2

    @property
    def microprice(self) -> float:
        """The best prices weighted by the quantity of the other side: nearer to the thinner one."""
        (bid, bid_qty), (ask, ask_qty) = self._best(1), self._best(-1)
        total = bid_qty + ask_qty
        return (bid * ask_qty + ask * bid_qty) / total if total else NOWHERE

    @property
    def spread_bps(self) -> float:
        """The spread in basis points of the mid price."""
        mid = self.mid_price
        return (self.best_ask - self.best_bid) / mid * _BPS if mid else NOWHERE

    def depth(self, levels: int = 5) -> dict[str, Any]:
        """Return the best levels of both sides and their totals.

        Returns
        -------
        dict
            bids, asks : (price, qty) pairs, best first; total_bid_volume, total_ask_volume : base
            units.
        """
        bids, asks = (self._in_units(self.levels(side, levels)) for side in (1, -1))
        return {
            "bids": bids,
            "asks": asks,
            "total_bid_volume": self.volume(Side.BUY, levels),
            "total_ask_volume": self.volume(Side.SELL, levels),
        }

    def volume(self, side: int, levels: int = _MOST) -> float:
        """Return the quantity on the best `levels` of a side (1 bids, -1 asks), base units."""
        return self.instrument.qty(sum(qty for _, qty in self.levels(side, levels)))

    def imbalance(self, levels: int = 5) -> float:
        """Return (bids - asks) / (bids + asks) of the best levels' quantities: -1 to 1."""
        bids, asks = (sum(q for _, q in self.levels(side, levels)) for side in (1, -1))
        return (bids - asks) / (bids + asks) if bids + asks else NOWHERE

    def price_impact(self, side: int, qty: Number) -> PriceImpact:
        """Return what a market order would pay.

        Parameters
        ----------
        side : 1 buys from the asks, -1 sells to the bids.
        qty : base units, above 0.

        Raises
        ------
        InputError
            `qty` is not above 0, or `side` is something else.
        """
        if side not in (Side.BUY, Side.SELL):
            raise InputError(f"side {side!r} is unknown; write 1 (buys) or -1 (sells)")
        wanted = exact_decimal(qty, "quantity") / self.instrument.lot_size
        if wanted <= 0:
            raise InputError(f"a quantity of {qty} has no price impact: it must be above 0")
        left, cost, touched, worst = wanted, Decimal(0), 0, 0
        for price, lots in self.levels(-side, _MOST):
            taken = min(left, Decimal(lots))
            cost, left, touched, worst = cost + taken * price, left - taken, touched + 1, price
            if not left:
                break
        return self._impact(side, wanted, left, cost, touched, worst)

    def _impact(
        self, side: int, wanted: Decimal, left: Decimal, cost: Decimal, touched: int, worst: int
    ) -> PriceImpact:
        filled = wanted - left
        tick, lot = self.instrument.tick_size, self.instrument.lot_size
        face = lot * self.instrument.multiplier
        average = float(cost / filled * tick) if filled else NOWHERE
        best, mid = self._best(-side)[0], self.mid_price
        return PriceImpact(
            side=Side(side),
            qty=float(filled * lot),
            complete=not left,
            average_price=average,
            worst_price=self.instrument.price(worst) if filled else NOWHERE,
            slippage_bps=side * (average - best) / best * _BPS if best else NOWHERE,
            mid_impact_bps=side * (average - mid) / mid * _BPS if mid else NOWHERE,
            notional=float((filled if self.instrument.inverse else cost * tick) * face),
            levels=touched,
        )

    def _best(self, side: int) -> tuple[float, float]:
        found = self._in_units(self.levels(side, 1))
        return found[0] if found else (NOWHERE, 0.0)

    def _in_units(self, levels: list[tuple[int, int]]) -> list[tuple[float, float]]:
        price, qty = self.instrument.price, self.instrument.qty
        return [(price(ticks), qty(lots)) for ticks, lots in levels]
