"""From the units of a file to ticks and lots: found in the data or given, and held to."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np

from hftsim.core.errors import InputError
from hftsim.core.events import EventKind
from hftsim.data.steps import round_step
from hftsim.data.ticks.importing import Block, TickReader

SEEN = "smallest step seen"
_ENOUGH_ROWS = 100
_LARGEST = 1 << 62


class StepSurvey:
    """Greatest common divisors of the prices and quantities of an import, in a file's units."""

    def __init__(self) -> None:
        self._divisors = {"book": 0, "trades": 0, "qty": 0}
        self._rows = {"book": 0, "trades": 0, "qty": 0}

    def add(self, block: Block) -> None:
        """Look at more rows."""
        kind = block["kind"]
        trades = kind == EventKind.TRADE
        book = ~trades & (kind < EventKind.STATUS) & (kind != EventKind.CLEAR)
        self._see("book", block["price"][book])
        self._see("trades", block["price"][trades])
        self._see("qty", block["qty"][book | trades])

    def _see(self, name: str, values: np.ndarray) -> None:
        if len(values):
            self._rows[name] += len(values)
            self._divisors[name] = math.gcd(self._divisors[name], int(np.gcd.reduce(values)))

    def price_step(self, unit: Decimal) -> Decimal:
        """Return the step of the book's prices; of the trades' where there is no book."""
        name = "book" if self._divisors["book"] else "trades"
        return _step(self._divisors[name], self._rows[name], unit)

    def qty_step(self, unit: Decimal) -> Decimal:
        """Return the step of the quantities, at most 1."""
        return min(_step(self._divisors["qty"], self._rows["qty"], unit), Decimal(1))


def _step(divisor: int, rows: int, unit: Decimal) -> Decimal:
    """Return the divisor as 1, 2, 2.5 or 5 times a power of ten; of few rows a power of ten."""
    if divisor == 0:
        return unit
    if rows >= _ENOUGH_ROWS:
        return (round_step(divisor) * unit).normalize()
    power = 1
    while divisor % (10 * power) == 0:
        power *= 10
    step = (power * unit).normalize()
    return min(step, Decimal(1)) if unit <= 1 else step


class OffGrid(Exception):
    """A price or quantity that is no whole number of ticks or lots."""

    def __init__(self, row: int, field: str, text: str) -> None:
        self.row, self.field, self.text = row, field, text
        super().__init__(text)


class Grid:
    """Turns the units of one reader into ticks and lots.

    Parameters
    ----------
    reader : gives the units.
    tick_size, lot_size : of the instrument.

    Attributes
    ----------
    trades_moved : trades off the price grid (executions of hidden orders between two ticks), moved
        to the neighbouring tick that is worse for whoever else waits in the book: up where the
        resting order was a bid, down where it was an offer.
    """

    def __init__(self, reader: TickReader, tick_size: Decimal, lot_size: Decimal) -> None:
        self._tick, self._lot = tick_size, lot_size
        self._price_unit, self._qty_unit = reader.price_unit, reader.qty_unit
        self._price = _ratio(reader.price_unit, tick_size, "tick size")
        self._qty = _ratio(reader.qty_unit, lot_size, "lot size")
        self._has_book = False
        self.trades_moved = 0

    def converted(self, block: Block) -> Block:
        """Return the block in ticks and lots; raises OffGrid for the first row that is off."""
        kind, price, qty = block["kind"], block["price"], block["qty"]
        counted = kind < EventKind.STATUS
        self._has_book = self._has_book or bool((counted & (kind != EventKind.TRADE)).any())
        lots, over = _divided(qty, self._qty)
        off = np.flatnonzero(over & counted)
        if len(off):
            raise OffGrid(int(off[0]), "qty", self._words(qty[off[0]], "lot size"))
        ticks, over = _divided(price, self._price)
        if over.any():
            ticks = self._on_grid(block, ticks, over)
        return {**block, "price": ticks, "qty": np.where(counted, lots, qty)}

    def _on_grid(self, block: Block, ticks: np.ndarray, over: np.ndarray) -> np.ndarray:
        kind, side = block["kind"], block["side"]
        movable = (kind == EventKind.TRADE) if self._has_book else np.zeros(len(kind), bool)
        off = np.flatnonzero(over & ~movable & (kind != EventKind.FUNDING))
        if len(off):
            raise OffGrid(int(off[0]), "price", self._words(block["price"][off[0]], "tick size"))
        moved = over & movable
        self.trades_moved += int(moved.sum())
        # `side` is the aggressor's: a seller met a bid. `ticks` are rounded down.
        return np.asarray(ticks + (moved & (side < 0)))

    def _words(self, value: int, rule: str) -> str:
        unit = self._price_unit if rule == "tick size" else self._qty_unit
        step = self._tick if rule == "tick size" else self._lot
        exact = (int(value) * unit).normalize()
        option = "--" + rule.replace(" ", "-")
        return f"{exact:f} is no multiple of the {rule} {step:f}; give the right one with {option}"


def _ratio(unit: Decimal, step: Decimal, rule: str) -> Fraction:
    ratio = Fraction(unit) / Fraction(step)
    if ratio.numerator > 10**12:
        raise InputError(
            f"a {rule} of {step:f} is far too fine for this file, in steps of {unit:f}"
        )
    return ratio


def _divided(values: np.ndarray, ratio: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Return values times the ratio, rounded down, and which of them are no whole numbers.

    A product that does not fit becomes 2^62, which no check lets pass.
    """
    if ratio.numerator > 1:
        fits = np.abs(values) <= _LARGEST // ratio.numerator
        values = np.where(fits, values, 0) * ratio.numerator
        whole = np.floor_divide(values, ratio.denominator)
        return np.where(fits, whole, _LARGEST), fits & (values % ratio.denominator != 0)
    if ratio.denominator == 1:
        return values, np.zeros(len(values), bool)
    if ratio.denominator > _LARGEST:
        return np.zeros(len(values), np.int64), values != 0
    whole, rest = np.divmod(values, np.int64(ratio.denominator))
    return whole, rest != 0
