"""Volume features: how much is traded, and on which side of the price.

Where a window holds no volume, ratios to the usual volume are 1 and balances are 0.
"""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hftsim.features.feature import Feature, FloatArray, lagged, ratio

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

_volume = partial(Feature, family="volume")


def _volume_ratio(window: int) -> Feature:
    return _volume(
        name=f"volume_ratio_{window}",
        formula=f"volume / mean(volume, {window})",
        inputs=("volume",),
        warmup=window - 1,
        compute=lambda b: ratio(b.series("volume"), b.mean("volume", window), neutral=1.0),
    )


def _volume_trend(fast: int, slow: int) -> Feature:
    return _volume(
        name=f"volume_trend_{fast}_{slow}",
        formula=f"mean(volume, {fast}) / mean(volume, {slow}) - 1",
        inputs=("volume",),
        warmup=slow - 1,
        compute=lambda b: ratio(b.mean("volume", fast), b.mean("volume", slow), neutral=1.0) - 1.0,
    )


def _obv_balance(window: int) -> Feature:
    return _volume(
        name=f"obv_balance_{window}",
        formula=f"(OBV - OBV[t-{window}]) / sum(volume, {window})",
        inputs=("close", "volume"),
        warmup=window,
        compute=lambda b: ratio(b.total("directed_volume", window), b.total("volume", window)),
    )


def _close_to_vwap(window: int) -> Feature:
    def compute(b: "Inputs") -> FloatArray:
        vwap = ratio(b.total("money", window), b.total("volume", window), neutral=np.nan)
        usual = b.mean("typical", window)
        return b.change_to(np.where(np.isnan(vwap), usual, vwap))

    return _volume(
        name=f"close_to_vwap_{window}",
        formula=(
            f"close / (sum(typical * volume, {window}) / sum(volume, {window})) - 1; typical is "
            "(high + low + close) / 3; without volume its plain mean"
        ),
        inputs=("high", "low", "close", "volume"),
        warmup=window - 1,
        compute=compute,
    )


def _volume_change(b: "Inputs") -> FloatArray:
    now, before = b.series("volume"), lagged(b.series("volume"), 1)
    return ratio(now - before, now + before)


VOLUME = (
    *(_volume_ratio(window) for window in (5, 20, 50)),
    _volume(
        name="volume_z_20",
        formula="(volume - mean(volume, 20)) / std(volume, 20); 0 where volume is constant",
        inputs=("volume",),
        warmup=19,
        compute=lambda b: b.z_score("volume", 20, floor=1e-10 * b.mean("volume", 20)),
    ),
    _volume(
        name="volume_change_1",
        formula="(volume - volume[t-1]) / (volume + volume[t-1])",
        inputs=("volume",),
        warmup=1,
        compute=_volume_change,
    ),
    _volume_trend(5, 20),
    _volume_trend(10, 50),
    *(_obv_balance(window) for window in (10, 50)),
    _volume(
        name="money_flow_20",
        formula=(
            "sum(location * volume, 20) / sum(volume, 20) (Chaikin); location is "
            "(2 * close - high - low) / (high - low)"
        ),
        inputs=("high", "low", "close", "volume"),
        warmup=19,
        compute=lambda b: ratio(b.total("located_volume", 20), b.total("volume", 20)),
    ),
    _volume(
        name="mfi_14_scaled",
        formula="MFI(14) / 50 - 1: (rising - falling money) / (rising + falling money)",
        inputs=("high", "low", "close", "volume"),
        warmup=14,
        compute=lambda b: ratio(b.total("money_flow", 14), b.total("money_moved", 14)),
    ),
    *(_close_to_vwap(window) for window in (20, 50)),
    _volume(
        name="volume_peak_20",
        formula="highest(volume, 20) / sum(volume, 20)",
        inputs=("volume",),
        warmup=19,
        compute=lambda b: ratio(b.highest("volume", 20), b.total("volume", 20), neutral=0.05),
    ),
    _volume(
        name="volume_weighted_return_20",
        formula="sum(return * volume, 20) / sum(volume, 20); return is ln(close / close[t-1])",
        inputs=("close", "volume"),
        warmup=20,
        compute=lambda b: ratio(b.total("return_volume", 20), b.total("volume", 20)),
    ),
    _volume(
        name="volume_volatility_20",
        formula="std(volume, 20) / mean(volume, 20)",
        inputs=("volume",),
        warmup=19,
        compute=lambda b: ratio(b.std("volume", 20), b.mean("volume", 20)),
    ),
    _volume(
        name="return_volume_corr_20",
        formula="correlation of abs(return) and volume / mean(volume, 50) over 20 rows",
        inputs=("close", "volume"),
        warmup=68,
        compute=lambda b: b.beta("relative_volume", "abs_return", 20)[1],
    ),
)
