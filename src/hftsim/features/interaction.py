"""Interactions: products and differences of features from different families."""

from collections.abc import Callable

import numpy as np

from hftsim.features.feature import Feature, FloatArray
from hftsim.features.momentum import MOMENTUM
from hftsim.features.order_flow import ORDER_FLOW
from hftsim.features.price import PRICE
from hftsim.features.time_candle import TIME_CANDLE
from hftsim.features.volatility import VOLATILITY
from hftsim.features.volume import VOLUME

_PARTS = {
    part.name: part for part in (*PRICE, *VOLUME, *MOMENTUM, *VOLATILITY, *ORDER_FLOW, *TIME_CANDLE)
}


def _combined(
    name: str,
    one: str,
    other: str,
    formula: str,
    join: Callable[[FloatArray, FloatArray], FloatArray],
) -> Feature:
    left, right = _PARTS[one], _PARTS[other]
    return Feature(
        name=name,
        family="interaction",
        formula=formula.format(one, other),
        inputs=tuple(dict.fromkeys((*left.inputs, *right.inputs))),
        warmup=max(left.warmup, right.warmup),
        from_start=left.from_start or right.from_start,
        compute=lambda b: join(b.value_of(left), b.value_of(right)),
    )


def _product(name: str, one: str, other: str) -> Feature:
    return _combined(name, one, other, "{} * {}", np.multiply)


def _difference(name: str, one: str, other: str) -> Feature:
    return _combined(name, one, other, "{} - {}", np.subtract)


INTERACTION = (
    _product("return_x_volume", "return_to_risk_5", "volume_ratio_20"),
    _product("momentum_x_volume", "return_to_risk_20", "volume_trend_5_20"),
    _product("rsi_x_volatility", "rsi_14_scaled", "volatility_ratio_10_50"),
    _product("stretch_x_volume", "close_z_20", "volume_trend_5_20"),
    _product("stretch_x_trend", "close_z_20", "adx_14_scaled"),
    _product("trend_x_strength", "di_balance_14", "adx_14_scaled"),
    _product("flow_x_stretch", "bulk_balance_5", "close_z_20"),
    _product("flow_x_volatility", "bulk_balance_20", "volatility_ratio_5_20"),
    _product("toxicity_x_volatility", "vpin", "volatility_ratio_10_50"),
    _product("location_x_range", "close_location", "range_ratio_20"),
    _combined(
        "volume_x_range",
        "volume_ratio_20",
        "range_ratio_20",
        "sqrt({} * {})",
        lambda one, other: np.sqrt(one * other),
    ),
    _product("reversal_x_streak", "close_location", "streak_10"),
    _product("volatility_x_hour_sin", "volatility_ratio_5_20", "hour_sin"),
    _product("volatility_x_hour_cos", "volatility_ratio_5_20", "hour_cos"),
    _difference("price_less_volume_flow", "efficiency_10", "obv_balance_10"),
    _difference("money_less_strength", "mfi_14_scaled", "rsi_14_scaled"),
)
