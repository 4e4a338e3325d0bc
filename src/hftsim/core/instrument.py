"""What is traded, and the only place that converts prices to ticks and quantities to lots."""

import dataclasses
import functools
import re
from decimal import Decimal, InvalidOperation
from typing import Self

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import InstrumentError

Number = int | float | str | Decimal

_STABLE_QUOTES = ("USDT", "USDC", "BUSD", "FDUSD")
VENUE_RULES = ("max_qty", "max_orders", "price_band", "max_order_rate")
"""Fields of an instrument that are None where the venue has no such rule."""
_QUOTES = (*_STABLE_QUOTES, "USD", "EUR", "GBP", "JPY", "TRY", "BTC", "ETH", "BNB")
_CONTRACT = re.compile(rf"(.+?({'|'.join(_QUOTES)}))(PERP|\d{{6}})")
_CONTRACTS = (InstrumentKind.PERPETUAL, InstrumentKind.FUTURE)


def normalize_symbol(symbol: str) -> str:
    """Return the one spelling of a symbol: ``BTC/USDT``, ``btc-usdt`` and ``BTCUSDT`` are one.

    Raises InstrumentError for an empty or unreadable symbol.
    """
    plain = re.sub(r"[/\-_\s:]", "", symbol).upper()
    if not re.fullmatch(r"[A-Z0-9.^=]+", plain):
        raise InstrumentError(f"{symbol!r} is not a symbol; write it like BTCUSDT or AAPL")
    return plain


def is_crypto_symbol(symbol: str) -> bool:
    """Whether a symbol is quoted in a dollar stablecoin, so that its naive times are UTC."""
    plain = normalize_symbol(symbol)
    return any(plain.endswith(q) and len(plain) > len(q) for q in _STABLE_QUOTES)


def split_symbol(symbol: str) -> tuple[str, str]:
    """Return (base, quote); the quote is ``USD`` where the symbol names none.

    What follows the pair in the symbol of a contract (``BTCUSD_PERP``, ``BTCUSDT_240927``) is left
    out.
    """
    plain = normalize_symbol(symbol)
    contract = _CONTRACT.fullmatch(plain)
    if contract is not None:
        plain = contract[1]
    for quote in _QUOTES:
        if plain.endswith(quote) and len(plain) > len(quote):
            return plain[: -len(quote)], quote
    return plain, "USD"


def exact_decimal(value: Number, what: str) -> Decimal:
    """Return `value` as the Decimal a person would have written; refuses NaN and infinity."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise InstrumentError(f"{what} {value!r} is not a number") from None
    if not number.is_finite():
        raise InstrumentError(f"{what} {value!r} is not a finite number")
    return number


class _Grid:
    """Multiples of a step, found fast for floats; `Instrument._steps` is the plain way for all."""

    __slots__ = ("_float", "_limit", "_ratio")

    def __init__(self, step: Decimal) -> None:
        self._float, self._ratio = float(step), step.as_integer_ratio()
        # Decimals of 15 digits are floats of their own: then the multiple is what a person wrote.
        most = 10**15 // int("".join(str(digit) for digit in step.as_tuple().digits))
        self._limit = most * self._float

    def steps_of(self, value: Number) -> int | None:
        """Return how many steps a float is; None where that must be found the plain way."""
        if type(value) is not float or not abs(value) < self._limit:
            return None
        steps = round(value / self._float)
        above, below = self._ratio
        return steps if steps * above / below == value else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instrument:
    """One thing that can be traded, with its venue's rules.

    Prices are held as integer ticks and quantities as integer lots everywhere inside; the methods
    here are the only conversions, they are exact, and they refuse values off the grid.

    Parameters
    ----------
    symbol : as `normalize_symbol` spells it.
    kind : spot, perpetual, future, option or equity.
    tick_size : smallest price step, in quote currency.
    lot_size : smallest quantity step, in base units (contracts, shares, coins).
    multiplier : quote-currency value of one unit per unit of price; of an inverse contract, its
        value in quote currency at any price (100 USD for Binance's BTCUSD_PERP).
    inverse : whether it is a coin-margined contract: worth ``multiplier / price`` units of the base
        currency, in which profit, fees and cash are counted.
    min_qty, min_notional : smallest order, in base units (contracts) and in `settle`.
    maker_fee, taker_fee : fractions of the traded value; negative is a rebate.
    venue : where it trades.
    max_qty : largest order, in base units. This and the next three are rules that venues publish;
        None: the venue has none.
    max_orders : most orders that an account may have open at the venue, stops included (on ticks).
    price_band : a limit further than this fraction from the venue's mid price is refused (on ticks).
    max_order_rate : most new orders and replaces in one second of the venue's clock (on ticks).
    rules_source : where tick and lot come from: ``user``, ``venue`` or ``smallest step seen``.
    """

    symbol: str
    kind: InstrumentKind = InstrumentKind.SPOT
    tick_size: Decimal = Decimal("0.01")
    lot_size: Decimal = Decimal("0.00001")
    multiplier: Decimal = Decimal(1)
    inverse: bool = False
    min_qty: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    maker_fee: float = 0.001
    taker_fee: float = 0.001
    venue: str = ""
    max_qty: Decimal | None = None
    max_orders: int | None = None
    price_band: float | None = None
    max_order_rate: int | None = None
    rules_source: str = "user"

    def __post_init__(self) -> None:
        """Normalise spellings and refuse rules that cannot be."""
        put = object.__setattr__
        put(self, "symbol", normalize_symbol(self.symbol))
        try:
            put(self, "kind", InstrumentKind(self.kind))
        except ValueError:
            kinds = ", ".join(InstrumentKind)
            raise InstrumentError(f"kind {self.kind!r} is unknown; known: {kinds}") from None
        if self.inverse and self.kind not in _CONTRACTS:
            raise InstrumentError(
                f"{self.symbol}: only a perpetual or a future can be inverse, not {self.kind}"
            )
        for name in ("tick_size", "lot_size", "multiplier", "min_qty", "min_notional"):
            put(self, name, exact_decimal(getattr(self, name), name))
        for name in ("tick_size", "lot_size", "multiplier"):
            if getattr(self, name) <= 0:
                raise InstrumentError(f"{self.symbol}: {name} must be above 0")
        for name in ("maker_fee", "taker_fee"):
            if not -0.5 < getattr(self, name) < 0.5:
                raise InstrumentError(
                    f"{self.symbol}: {name} is a fraction of the traded value (0.001 is 0.1 %), "
                    f"not {getattr(self, name)}"
                )
        self._check_venue_rules()

    def _check_venue_rules(self) -> None:
        if self.max_qty is not None:
            object.__setattr__(self, "max_qty", exact_decimal(self.max_qty, "max_qty"))
        for name in VENUE_RULES:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InstrumentError(
                    f"{self.symbol}: {name} {value} must be above 0, or None for no such rule"
                )
        for name in ("max_orders", "max_order_rate"):
            value = getattr(self, name)
            if value is not None and value != int(value):
                raise InstrumentError(f"{self.symbol}: {name} {value} must be a whole number")
        if self.max_qty is not None and self.max_qty < self.lot_size:
            raise InstrumentError(f"{self.symbol}: max_qty {self.max_qty} is less than one lot")

    @property
    def base(self) -> str:
        """What is bought: ``BTC`` of BTCUSDT."""
        return split_symbol(self.symbol)[0]

    @property
    def quote(self) -> str:
        """What it is paid in: ``USDT`` of BTCUSDT."""
        return split_symbol(self.symbol)[1]

    @property
    def settle(self) -> str:
        """What profit and loss are paid in: the quote; the base of an inverse contract."""
        return self.base if self.inverse else self.quote

    @property
    def tick_value(self) -> float:
        """Quote-currency value of one lot moving by one tick; of inverse ones, of a lot's worth."""
        return float(self.tick_size * self.lot_size * self.multiplier)

    @property
    def max_lots(self) -> int:
        """The largest order in lots, cut to what 63 bits hold; 0 where there is no such rule."""
        return 0 if self.max_qty is None else min(int(self.max_qty // self.lot_size), 1 << 62)

    def to_ticks(self, price: Number) -> int:
        """Return `price` in ticks; raises InstrumentError if it is off the tick grid."""
        steps = self._tick.steps_of(price)
        return self._steps(price, self.tick_size, "price", "tick size") if steps is None else steps

    def to_lots(self, qty: Number) -> int:
        """Return `qty` in lots; raises InstrumentError if it is off the lot grid."""
        steps = self._lot.steps_of(qty)
        return self._steps(qty, self.lot_size, "quantity", "lot size") if steps is None else steps

    def price(self, ticks: int) -> float:
        """Return a price in quote currency: the float nearest to the exact product."""
        return float(ticks * self.tick_size)

    def qty(self, lots: int) -> float:
        """Return a quantity in base units: the float nearest to the exact product."""
        return float(lots * self.lot_size)

    def replace(self, **changes: object) -> Self:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    @functools.cached_property
    def _tick(self) -> "_Grid":
        return _Grid(self.tick_size)

    @functools.cached_property
    def _lot(self) -> "_Grid":
        return _Grid(self.lot_size)

    def _steps(self, value: Number, step: Decimal, what: str, rule: str) -> int:
        exact = exact_decimal(value, what)
        steps = exact / step
        whole = steps.to_integral_value()
        if steps != whole:
            raise InstrumentError(
                f"{self.symbol}: {what} {value} is off the grid ({rule} {step}); "
                f"the nearest is {(whole * step).normalize():f}"
            )
        return int(whole)
