"""What a feature must satisfy to stand in the catalogue; run it on your own."""

from typing import TYPE_CHECKING

import numpy as np

from hftsim.core.errors import InputError
from hftsim.features.feature import Feature, FloatArray
from hftsim.features.inputs import Inputs

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 300
_SPARE = 100
_CUTS = (0, 1, 57, 143, 199)


def check_feature(feature: Feature) -> None:
    """Raise InputError, naming the rule, unless a feature keeps what it declares.

    Rules: one float64 per row; defined from its warm-up on; the same bits whatever rows follow
    (no feature sees the future); the same value in another unit of price and volume; no need of
    rows before its look-back. It is tried on a few hundred seeded random bars.
    """
    bars = _bars(feature.warmup + _ROWS)
    values = Inputs(bars).value_of(feature)
    _require(
        values.shape == (len(bars),) and values.dtype == np.float64, feature, "is a float64 a row"
    )
    _require(
        bool(np.isfinite(values[feature.warmup :]).all()),
        feature,
        f"is defined after its warm-up of {feature.warmup} rows",
    )
    for cut in _CUTS:
        rows = feature.warmup + _SPARE + cut
        part = Inputs(bars.iloc[:rows]).value_of(feature)
        _require(_same(part, values[:rows]), feature, "is the same whatever rows follow")
        if feature.lookback is not None:
            tail = Inputs(bars.iloc[rows - feature.lookback : rows]).value_of(feature)[-1]
            near = bool(np.isclose(tail, values[rows - 1], rtol=1e-6, atol=1e-8))
            _require(near, feature, f"needs no row before its look-back of {feature.lookback}")
    _require(
        _same(Inputs(bars * 1024.0).value_of(feature), values),
        feature,
        "is the same in another unit of price and volume",
    )


def _require(kept: bool, feature: Feature, rule: str) -> None:  # noqa: FBT001 - a plain assertion
    if not kept:
        raise InputError(f"feature {feature.name!r} breaks a rule of features: it {rule}")


def _same(left: FloatArray, right: FloatArray) -> bool:
    return bool(np.array_equal(left, right, equal_nan=True))


def _bars(rows: int) -> "pd.DataFrame":
    """Return a seeded random walk with every column a source may give."""
    import pandas as pd

    rng = np.random.default_rng(20_080_101)
    close = 100.0 * np.exp(np.cumsum(rng.standard_normal(rows) * 1e-3))
    open_ = np.concatenate([close[:1], close[:-1]])
    volume = rng.gamma(1.0, 10.0, rows)
    columns = {
        "open": open_,
        "high": np.maximum(open_, close) * (1.0 + rng.random(rows) * 1e-3),
        "low": np.minimum(open_, close) * (1.0 - rng.random(rows) * 1e-3),
        "close": close,
        "volume": volume,
        "notional": volume * close,
        "trade_count": np.ceil(volume),
        "taker_buy_volume": volume * rng.random(rows),
        "taker_buy_notional": volume * close * rng.random(rows),
    }
    index = pd.date_range("2024-03-08", periods=rows, freq="1min", tz="UTC", name="ts_open")
    return pd.DataFrame(columns, index=index)
