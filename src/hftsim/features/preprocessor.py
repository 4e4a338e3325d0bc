"""Indicators for people and strategies, and a normalisation that knows the past only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.bars import BAR_COLUMNS, OPTIONAL_BAR_COLUMNS, require_bars
from hftsim.core.errors import DataError
from hftsim.features.indicators import INDICATORS, compute_indicators
from hftsim.features.training import TRAIN_SHARE, row_of

if TYPE_CHECKING:
    import pandas as pd

CONSTANT = 1e-12


class DataPreprocessor:
    """Adds technical indicators to bars, and normalises columns by their past.

    Attributes
    ----------
    mean_, std_ : Series by column, fitted by the last `normalize`; before it there are none.
    """

    mean_: "pd.Series[float]"
    std_: "pd.Series[float]"

    @property
    def indicator_names(self) -> list[str]:
        """Names of the columns that `add_technical_indicators` adds."""
        return list(INDICATORS)

    def add_technical_indicators(self, bars: "pd.DataFrame") -> "pd.DataFrame":
        """Return the input's columns and, after them, the indicators of `INDICATORS`.

        Indicators are in the units of price and volume and NaN in their warm-up. Row t is made of
        rows 0..t. Indicator columns the input already has are made anew.

        Raises
        ------
        DataError : not a bar frame, or values (too large, a price of 0) that make an indicator
            infinite or undefined.
        """
        import pandas as pd

        require_bars(bars)
        arrays = (
            np.array(bars[name], dtype=np.float64) for name in ("high", "low", "close", "volume")
        )
        with np.errstate(all="ignore"):
            made = compute_indicators(*arrays)
        for name, values in made.items():
            good = np.isfinite(values[INDICATORS[name].warmup :])
            if not good.all():
                row = INDICATORS[name].warmup + int(np.argmin(good))
                raise DataError(
                    "not a finite number there: a price or volume is 0 or too large",
                    row=row,
                    field=name,
                )
        added = pd.DataFrame(made, index=bars.index, copy=False)
        kept = bars[[c for c in bars.columns if c not in made]]
        result = pd.concat([kept, added], axis=1)
        result.attrs = dict(bars.attrs)
        return result

    def preprocess_pipeline(self, bars: "pd.DataFrame") -> "pd.DataFrame":
        """Add the indicators and drop the rows of their warm-up.

        ``attrs["warmup_rows_dropped"]`` counts them.

        Raises
        ------
        DataError : not a bar frame, or no row is left; the message names the rows needed.
        """
        full = self.add_technical_indicators(bars)
        warmup = max(indicator.warmup for indicator in INDICATORS.values())
        if len(full) <= warmup:
            raise DataError(
                f"{len(full)} rows are too few for the indicators: at least {warmup + 1} are needed"
            )
        ready = full.iloc[warmup:]
        ready.attrs = {**bars.attrs, "warmup_rows_dropped": warmup}
        return ready

    def normalize(
        self,
        frame: "pd.DataFrame",
        *,
        train_end: Any = None,
        columns: Sequence[str] | None = None,
    ) -> "pd.DataFrame":
        """Return the frame with columns as z-scores: (value - mean) / std of the past.

        Mean and standard deviation come from the rows before `train_end` alone and are kept as
        `mean_` and `std_`; a column that is constant there is divided by 1.

        Parameters
        ----------
        frame : bars with indicators or features.
        train_end : first row that is not fitted on, as a row number or a time; by default the
            first 70 % of the rows are fitted on.
        columns : by default every column of numbers but the bars' own (open, close, ...).

        Raises
        ------
        DataError : a column is missing, there is none to normalise, or one has no value before
            `train_end`.
        ConfigError : `train_end` leaves no row before it.
        """
        own = {*BAR_COLUMNS, *OPTIONAL_BAR_COLUMNS}
        numbers = frame.select_dtypes("number").columns
        chosen = [c for c in numbers if c not in own] if columns is None else list(columns)
        missing = [c for c in chosen if c not in frame.columns]
        if missing:
            raise DataError(f"the frame lacks the column {missing[0]!r}")
        if not chosen:
            raise DataError(
                "the frame has bar columns only; name those to normalise with columns=[...]"
            )
        boundary = row_of(
            frame, max(int(TRAIN_SHARE * len(frame)), 1) if train_end is None else train_end
        )
        past = frame[chosen].iloc[:boundary].astype(np.float64)
        empty = past.columns[past.isna().all()]
        if len(empty):
            raise DataError(f"no value before row {boundary}", field=str(empty[0]))
        self.mean_ = past.mean()
        spread = past.std(ddof=0)
        self.std_ = spread.where(spread > CONSTANT * self.mean_.abs(), 1.0)
        result = frame.copy()
        result[chosen] = (frame[chosen] - self.mean_) / self.std_
        result.attrs = dict(frame.attrs)
        return result
