"""What features are made of: columns, series derived from them, and their rolling figures."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hftsim.core.bars import BAR_COLUMNS, OPTIONAL_BAR_COLUMNS, require_bars, start_times_ns
from hftsim.core.errors import DataError
from hftsim.features import _kernels as kernels
from hftsim.features.compiled import run
from hftsim.features.feature import Feature, FloatArray, ratio
from hftsim.features.series import MOVEMENT, SERIES

if TYPE_CHECKING:
    import pandas as pd

VOLUME_WINDOW = 20


class Inputs:
    """Bars as contiguous arrays, with everything derived from them worked out once.

    Parameters
    ----------
    bars : a bar frame (`hftsim.core.bars`) with prices above 0 and no negative volume.

    Raises
    ------
    DataError : it is not a bar frame, or a value cannot be: names row and column.
    """

    def __init__(self, bars: "pd.DataFrame") -> None:
        require_bars(bars)
        self.rows = len(bars)
        self.times_ns: npt.NDArray[np.int64] = start_times_ns(bars)
        self.known: dict[str, FloatArray] = {}
        self._made: dict[tuple[str | int, ...], FloatArray] = {}
        for name in (*BAR_COLUMNS, *OPTIONAL_BAR_COLUMNS):
            if name in bars.columns:
                self._made[(name,)] = _checked(bars, name)

    def series(self, name: str) -> FloatArray:
        """Return a bar column or a derived series by name."""
        if (name,) not in self._made:
            self._made[(name,)] = SERIES[name](self)
        return self._made[(name,)]

    def value_of(self, feature: Feature) -> FloatArray:
        """Return a feature's column, NaN in its warm-up."""
        if feature.name not in self.known:
            values = np.array(feature.compute(self))
            values[: feature.warmup] = np.nan
            self.known[feature.name] = values
        return self.known[feature.name]

    def total(self, name: str, window: int) -> FloatArray:
        """Return the sum of a series over the last `window` rows."""

        def make() -> FloatArray:
            out = np.empty(self.rows)
            x = self.series(name)
            run(kernels.rolling_sum, x, _first(x), window, out)
            return out

        return self._once(("total", name, window), make)

    def mean(self, name: str, window: int) -> FloatArray:
        """Return the mean of a series over the last `window` rows."""
        return self._moments(name, window)[0]

    def std(self, name: str, window: int, ddof: int = 1) -> FloatArray:
        """Return the standard deviation of a series over the last `window` rows."""
        return self._moments(name, window, ddof)[1]

    def highest(self, name: str, window: int) -> FloatArray:
        """Return the highest value of a series over the last `window` rows."""
        import talib

        return self._once(("highest", name, window), lambda: talib.MAX(self.series(name), window))

    def lowest(self, name: str, window: int) -> FloatArray:
        """Return the lowest value of a series over the last `window` rows."""
        import talib

        return self._once(("lowest", name, window), lambda: talib.MIN(self.series(name), window))

    def ema(self, name: str, span: int) -> FloatArray:
        """Return the exponential average of a series (alpha 2 / (span + 1), seeded by a mean)."""
        import talib

        return self._once(("ema", name, span), lambda: talib.EMA(self.series(name), span))

    def log_return(self, rows: int) -> FloatArray:
        """Return ln(close / close `rows` rows earlier)."""

        def make() -> FloatArray:
            out = np.full(self.rows, np.nan)
            close = self.series("close")
            if self.rows > rows:
                run(kernels.log_ratio, close[rows:], close[:-rows], out[rows:])
            return out

        return self._once(("log_return", rows), make)

    def change_to(self, reference: FloatArray) -> FloatArray:
        """Return close / reference - 1."""
        return self.series("close") / reference - 1.0

    def z_score(
        self, name: str, window: int, *, floor: FloatArray | float = MOVEMENT
    ) -> FloatArray:
        """Return how many deviations a series is from its mean; 0 where it does not move."""
        away = self.series(name) - self.mean(name, window)
        return ratio(away, self.std(name, window), floor=floor)

    def trend(self, window: int) -> tuple[FloatArray, FloatArray]:
        """Return slope per row and R squared of a line through the last closes' logarithms."""
        slope, fit = self._pair(
            ("trend", window),
            lambda a, b: run(kernels.rolling_trend, self.series("log_close"), window, a, b),
        )
        return slope, fit

    def shape(self, window: int) -> list[FloatArray]:
        """Return skewness, excess kurtosis, autocovariance and autocorrelation of log returns."""
        keys: list[tuple[str | int, ...]] = [("shape", window, k) for k in range(4)]
        if keys[0] not in self._made:
            outs = [np.empty(self.rows) for _ in keys]
            r = self.series("return")
            run(kernels.rolling_shape, r, _first(r), window, *outs)
            self._made.update(zip(keys, outs, strict=True))
        return [self._made[k] for k in keys]

    def beta(self, x: str, y: str, window: int) -> tuple[FloatArray, FloatArray]:
        """Return the slope of series y on series x over the last rows, and their correlation."""
        first = max(_first(self.series(x)), _first(self.series(y)))
        return self._pair(
            ("beta", x, y, window),
            lambda a, b: run(
                kernels.rolling_beta, self.series(x), self.series(y), first, window, a, b
            ),
        )

    def turn(self, period_ns: int, offset_ns: int = 0) -> tuple[FloatArray, FloatArray]:
        """Return sine and cosine of where the bar's start lies in a repeating period of UTC."""
        phase = ((self.times_ns + offset_ns) % period_ns) / period_ns
        return self._pair(("turn", period_ns), lambda a, b: run(kernels.cycle, phase, a, b))

    def vpin(self, balance: str, bars_per_bucket: int, buckets: int) -> FloatArray:
        """Return the mean imbalance of full volume buckets; see `_kernels.vpin`."""

        def make() -> FloatArray:
            size = self.mean("volume", VOLUME_WINDOW) * bars_per_bucket
            shares = self.series(balance)
            out = np.empty(self.rows)
            start = max(_first(size), _first(shares))
            run(kernels.vpin, self.series("volume"), shares, size, start, buckets, out)
            return out

        return self._once(("vpin", balance, bars_per_bucket, buckets), make)

    def _moments(self, name: str, window: int, ddof: int = 1) -> tuple[FloatArray, FloatArray]:
        x = self.series(name)
        start = _first(x)
        return self._pair(
            ("moments", name, window, ddof),
            lambda a, b: run(kernels.rolling_mean_std, x, start, window, ddof, a, b),
        )

    def _once(self, key: tuple[str | int, ...], make: Callable[[], FloatArray]) -> FloatArray:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _pair(
        self, key: tuple[str | int, ...], fill: Callable[[FloatArray, FloatArray], None]
    ) -> tuple[FloatArray, FloatArray]:
        one, two = (*key, 1), (*key, 2)
        if one not in self._made:
            self._made[one], self._made[two] = np.empty(self.rows), np.empty(self.rows)
            fill(self._made[one], self._made[two])
        return self._made[one], self._made[two]


def _first(values: FloatArray) -> int:
    """Return the first row that is defined; the number of rows where none is."""
    defined = ~np.isnan(values)
    return int(np.argmax(defined)) if defined.any() else len(values)


def _checked(bars: "pd.DataFrame", name: str) -> FloatArray:
    """Return a copy of a column; refuse what no price or volume can be."""
    values = np.array(bars[name], dtype=np.float64, order="C")
    is_price = name in BAR_COLUMNS and name != "volume"
    good = np.isfinite(values) & ((values > 0) if is_price else (values >= 0))
    if not good.all():
        row = int(np.argmin(good))
        rule = "a finite number above 0" if is_price else "a finite number, 0 or above"
        raise DataError(f"{values[row]} is not {rule}", row=row, field=name)
    return values
