"""The grid that decimal numbers lie on: digits and smallest common step of float64 values."""

import math
from decimal import Decimal

import numpy as np

MOST_DIGITS = 10
_NOISE = 0.001
_ENOUGH_VALUES = 100
_EXACT = 2.0**52


class StepFinder:
    """Find the smallest step of values given in any number of pieces.

    A float has d digits if it is the float nearest to some whole number of 10**-d, which is tested
    exactly. Up to 0.1 % of values with more than `MOST_DIGITS` digits count as noise; with more
    there is no step. The step is the greatest common divisor of all values, brought down to 1, 2,
    2.5 or 5 times a power of ten; with fewer than 100 values it is a power of ten.
    """

    def __init__(self) -> None:
        self._counts = [0] * (MOST_DIGITS + 1)
        self._divisors = [0] * (MOST_DIGITS + 1)
        self._noise = 0
        self._least, self._most = math.inf, -math.inf

    def add(self, values: np.ndarray) -> None:
        """Look at more values; zeros tell nothing and are left out."""
        left = np.abs(values[values != 0])
        if not len(left):
            return
        self._least = min(self._least, float(left.min()))
        self._most = max(self._most, float(left.max()))
        for digits in range(MOST_DIGITS + 1):
            power = 10.0**digits
            whole = np.rint(left * power)
            fits = (whole / power == left) & (whole < _EXACT)
            if fits.any():
                self._counts[digits] += int(fits.sum())
                found = int(np.gcd.reduce(whole[fits].astype(np.int64)))
                self._divisors[digits] = math.gcd(self._divisors[digits], found)
                left = left[~fits]
            if not len(left):
                return
        self._noise += len(left)

    def step(self) -> Decimal | None:
        """Return the step, or None where the values lie on no decimal grid."""
        total = sum(self._counts) + self._noise
        if not total or self._noise > _NOISE * total:
            return None
        digits = max(d for d in range(MOST_DIGITS + 1) if self._counts[d])
        if self._noise:
            beyond, digits = self._noise, MOST_DIGITS
            while digits and beyond + self._counts[digits] <= _NOISE * total:
                beyond, digits = beyond + self._counts[digits], digits - 1
        divisor = 0
        for d in range(digits + 1):
            divisor = math.gcd(divisor, self._divisors[d] * 10 ** (digits - d))
        if total < _ENOUGH_VALUES or self._least == self._most:
            divisor = 1
        return Decimal(round_step(divisor)).scaleb(-digits).normalize()


def smallest_step(values: np.ndarray) -> Decimal | None:
    """Return the smallest step of values, or None where they lie on no decimal grid."""
    finder = StepFinder()
    finder.add(values)
    return finder.step()


def round_step(divisor: int) -> int:
    """Return the largest of 1, 2, 2.5 and 5 times a power of ten that divides `divisor`."""
    best, power = 1, 1
    while power <= divisor:
        for factor in (1, 2, 5, 25):
            if divisor % (factor * power) == 0:
                best = max(best, factor * power)
        power *= 10
    return best
