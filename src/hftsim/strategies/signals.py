"""How a model's predictions reach a strategy, and a strategy's view of a single row."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.errors import InputError, ModelError

if TYPE_CHECKING:
    import pandas as pd

    from hftsim.strategies.base import Strategy

LOOKBACK_ROWS = 2000
"""Rows before a row that `signal_at` looks at; enough for every shipped strategy's windows."""


def model_signal(bars: "pd.DataFrame", model: Any) -> np.ndarray:
    """Return P(up) - P(down) for every bar: the column ``signal``, or the model's prediction.

    NaN where there is neither, or not yet a full window of features.
    """
    if "signal" in bars.columns:
        return bars["signal"].to_numpy(dtype=np.float64)
    if model is None:
        return np.full(len(bars), np.nan)
    from hftsim.features import FeatureEngineer, prediction_windows

    names = getattr(model, "feature_names_in_", None)
    lookback = getattr(model, "lookback_", None)
    if names is None or lookback is None:
        raise ModelError(
            "the strategy's model must be fitted, with feature names: "
            "fit(..., feature_names=names) as FeatureEngineer gives them"
        )
    engineer = FeatureEngineer()
    windows = prediction_windows(engineer.create_all_features(bars), lookback, names=list(names))
    return signal_of(model.predict_proba(windows), windows.ends, len(bars))


def signal_of(probabilities: np.ndarray, rows: np.ndarray, length: int) -> np.ndarray:
    """Return P(up) - P(down) at `rows` of a series of this length, NaN elsewhere."""
    signal = np.full(length, np.nan)
    signal[rows] = probabilities[:, 2] - probabilities[:, 0]
    return signal


def signal_at(strategy: "Strategy", data: "pd.DataFrame", i: int) -> dict[str, float]:
    """Return the close and the strategy's columns at row `i`, computed from rows up to `i` only."""
    if not -len(data) <= i < len(data):
        raise InputError(f"row {i} is not in the data, which has {len(data)} rows")
    i %= len(data)
    past = data.iloc[max(0, i + 1 - LOOKBACK_ROWS) : i + 1]
    columns = strategy.columns(past)
    return {
        "close": float(past["close"].to_numpy()[-1]),
        **{name: float(np.asarray(values)[-1]) for name, values in columns.items()},
    }
