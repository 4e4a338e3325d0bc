"""The random bars that we and the peers run on; needs NumPy and pandas only."""

import numpy as np
import pandas as pd


def random_bars(rows: int, seed: int = 3) -> pd.DataFrame:
    """Return one-minute bars of a log-normal walk from 100; each opens at the close before it."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 4e-4, rows)))
    opening = np.concatenate([[100.0], close[:-1]])
    wick = np.abs(rng.normal(0.0, 2e-4, rows)) * close
    return pd.DataFrame(
        {
            "open": opening,
            "high": np.maximum(opening, close) + wick,
            "low": np.minimum(opening, close) - wick,
            "close": close,
            "volume": rng.integers(1, 1000, rows).astype(np.float64),
        },
        index=pd.date_range("2020-01-01", periods=rows, freq="min", tz="UTC", name="ts_open"),
    )
