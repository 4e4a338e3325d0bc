"""Figures that may have no value, and why: a reason travels instead of a 0 or an infinity."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Undefined:
    """A figure without a value; `reason` is half a sentence for people."""

    reason: str


Figure: TypeAlias = float | Undefined


def divide(numerator: Figure, denominator: Figure, why: str) -> Figure:
    """Return the quotient; Undefined if either part is, or `why` where the divisor is zero."""
    if isinstance(numerator, Undefined):
        return numerator
    if isinstance(denominator, Undefined):
        return denominator
    return Undefined(why) if denominator == 0.0 else numerator / denominator


def scale(figure: Figure, factor: Figure) -> Figure:
    """Return the product; Undefined if either part is."""
    if isinstance(figure, Undefined):
        return figure
    return factor if isinstance(factor, Undefined) else figure * factor


def subtract(figure: Figure, other: Figure) -> Figure:
    """Return the difference; Undefined if either part is."""
    if isinstance(figure, Undefined):
        return figure
    return other if isinstance(other, Undefined) else figure - other


def all_undefined(names: Iterable[str], why: Undefined) -> dict[str, Figure]:
    """Return the same reason under every name."""
    return dict.fromkeys(names, why)


def to_float(figure: Figure) -> float:
    """Return the value, NaN where there is none."""
    return float("nan") if isinstance(figure, Undefined) else float(figure)
