"""What can be earned by buying on one venue and selling on another at the same time, after fees."""

import dataclasses
import math
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from hftsim.book.queries import BookQueries
from hftsim.core.errors import InputError

Level = tuple[Decimal, Decimal]
"""Price in quote currency and quantity in base units."""

_BPS = Decimal(10_000)
_LEVELS = 200
_WORDS = {
    "buy_exchange": "buy_venue",
    "sell_exchange": "sell_venue",
    "quantity": "qty",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leg:
    """One side of an opportunity: a book, and what taking from it costs.

    Parameters
    ----------
    venue : its name.
    book : of the instrument there.
    taker_fee : fraction of the traded value.
    """

    venue: str
    book: BookQueries
    taker_fee: float

    def levels(self, side: int) -> list[Level]:
        """Return the best levels of a side in quote currency and base units, exactly."""
        tick, lot = self.book.instrument.tick_size, self.book.instrument.lot_size
        return [(p * tick, q * lot) for p, q in self.book.levels(side, _LEVELS)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArbitrageOpportunity:
    """A purchase and a sale that earn something, if both fill at what the books show.

    Fields are found by ``opportunity["buy_price"]`` too; there ``buy_exchange`` is `buy_venue` and
    ``sell_exchange`` is `sell_venue`.

    Attributes
    ----------
    symbol : the instrument.
    buy_venue, sell_venue : where to buy and where to sell.
    buy_price, sell_price : averages over the quantity, quote currency, without fees.
    buy_limit, sell_limit : the worst prices that are touched: limits for the orders.
    qty : base units, on the grid of both venues.
    fees : both legs', quote currency.
    profit : after fees, quote currency.
    profit_bps : the profit in basis points of what the purchase costs.
    """

    symbol: str
    buy_venue: str
    sell_venue: str
    buy_price: float
    sell_price: float
    buy_limit: float
    sell_limit: float
    qty: float
    fees: float
    profit: float
    profit_bps: float

    def __getitem__(self, name: str) -> Any:
        """Return a field by name."""
        try:
            return getattr(self, _WORDS.get(name, name))
        except AttributeError:
            raise KeyError(name) from None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArbitrageRules:
    """What makes an opportunity worth taking.

    Parameters
    ----------
    min_profit_bps : every unit must earn at least this, after fees, in basis points of its
        purchase.
    min_profit : the whole must earn at least this, quote currency.
    max_qty : no more than this is traded, base units; None: all that the books show.
    """

    min_profit_bps: float = 0.0
    min_profit: float = 0.0
    max_qty: float | None = None

    def __post_init__(self) -> None:
        """Refuse rules that cannot be."""
        if self.max_qty is not None and not self.max_qty > 0:
            raise InputError(f"max_qty {self.max_qty} must be above 0")
        if not (math.isfinite(self.min_profit_bps) and math.isfinite(self.min_profit)):
            raise InputError("min_profit_bps and min_profit must be numbers")


def find_arbitrage(
    symbol: str, buy: Leg, sell: Leg, rules: ArbitrageRules
) -> ArbitrageOpportunity | None:
    """Return what buying on one venue and selling on the other earns, or None.

    Both books are walked from their best levels while each further unit earns enough after both
    taker fees; the quantity is rounded down to what both venues can trade. A unit that earns
    nothing is never traded.

    Parameters
    ----------
    symbol : the instrument.
    buy, sell : where the asks are taken, and where the bids.
    rules : what is worth taking.
    """
    asks, bids = buy.levels(-1), sell.levels(1)
    costs, gains = Decimal(1) + _exact(buy.taker_fee), Decimal(1) - _exact(sell.taker_fee)
    margin = 1 + _exact(rules.min_profit_bps) / _BPS
    most = None if rules.max_qty is None else _exact(rules.max_qty)

    def earns(ask: Decimal, bid: Decimal) -> bool:
        paid, got = ask * costs, bid * gains
        return got > paid and got >= paid * margin

    qty = _walk(asks, bids, earns, most)
    step = _common_step(buy.book.instrument.lot_size, sell.book.instrument.lot_size)
    qty = (qty / step).to_integral_value(ROUND_DOWN) * step
    if not qty:
        return None
    (paid, ask), (got, bid) = _taken(asks, qty), _taken(bids, qty)
    for leg, notional in ((buy, paid), (sell, got)):
        rule = leg.book.instrument
        if qty < rule.min_qty or notional < rule.min_notional:
            return None
    profit = got * gains - paid * costs
    if profit < _exact(rules.min_profit):
        return None
    return ArbitrageOpportunity(
        symbol=symbol,
        buy_venue=buy.venue,
        sell_venue=sell.venue,
        buy_price=float(paid / qty),
        sell_price=float(got / qty),
        buy_limit=float(ask),
        sell_limit=float(bid),
        qty=float(qty),
        fees=float(paid * (costs - 1) + got * (1 - gains)),
        profit=float(profit),
        profit_bps=float(profit / (paid * costs) * _BPS),
    )


def _exact(number: float) -> Decimal:
    return Decimal(str(number))


def _walk(
    asks: Sequence[Level], bids: Sequence[Level], earns: Any, most: Decimal | None
) -> Decimal:
    """Return how much can be traded while every unit earns enough."""
    qty, i, j = Decimal(0), 0, 0
    ask_left = bid_left = Decimal(0)
    while most is None or qty < most:
        if not ask_left:
            if i == len(asks):
                break
            (ask, ask_left), i = asks[i], i + 1
        if not bid_left:
            if j == len(bids):
                break
            (bid, bid_left), j = bids[j], j + 1
        if not earns(ask, bid):
            break
        step = min(ask_left, bid_left)
        qty, ask_left, bid_left = qty + step, ask_left - step, bid_left - step
    return qty if most is None else min(qty, most)


def _taken(levels: Sequence[Level], qty: Decimal) -> tuple[Decimal, Decimal]:
    """Return (value of the best `qty` units, price of the last)."""
    value, last, left = Decimal(0), Decimal(0), qty
    for price, there in levels:
        if not left:
            break
        taken = min(there, left)
        value, left, last = value + taken * price, left - taken, price
    return value, last


def _common_step(a: Decimal, b: Decimal) -> Decimal:
    """Return the smallest quantity that is a multiple of both."""
    power = min(int(a.normalize().as_tuple().exponent), int(b.normalize().as_tuple().exponent))
    return Decimal(math.lcm(int(a.scaleb(-power)), int(b.scaleb(-power)))).scaleb(power)
