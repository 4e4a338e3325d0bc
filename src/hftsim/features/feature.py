"""What one feature is: a declared, causal function of bars."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feature:
    """One column that the feature engineer can make.

    Every feature is causal (row t is made of rows 0..t only) and free of scale (prices or volumes
    in another unit give the same value). A feature counts rows, not minutes: it looks across gaps.

    Parameters
    ----------
    name : the column's name.
    family : one of `hftsim.features.FAMILIES`.
    formula : how it is worked out, in words; [t-1] is the bar before.
    inputs : bar columns it reads; ``ts_open`` is the index.
    warmup : rows before the first value, which are NaN.
    compute : works the column out from prepared inputs, shape (rows,).
    from_start : whether the value depends on every row since the series began, because it is
        recursive (an exponential average, a running bucket).
    """

    name: str
    family: str
    formula: str
    inputs: tuple[str, ...]
    warmup: int
    compute: Callable[["Inputs"], FloatArray] = dataclasses.field(repr=False, compare=False)
    from_start: bool = False

    @property
    def lookback(self) -> int | None:
        """How many rows a value depends on, its own included; None where it is all of them."""
        return None if self.from_start else self.warmup + 1


def ratio(
    above: FloatArray, below: FloatArray, *, floor: FloatArray | float = 0.0, neutral: float = 0.0
) -> FloatArray:
    """Return ``above / below``; `neutral` where `below` is not above `floor`; NaN stays NaN."""
    out = np.full(len(above), neutral)
    np.divide(above, below, out=out, where=~(below <= floor))
    return out


def lagged(values: FloatArray, rows: int) -> FloatArray:
    """Return the values `rows` rows earlier; the first `rows` are NaN."""
    out = np.full(len(values), np.nan)
    out[rows:] = values[: max(len(values) - rows, 0)]
    return out
