"""Every bar feature, by name."""

from hftsim.features.feature import Feature
from hftsim.features.interaction import INTERACTION
from hftsim.features.momentum import MOMENTUM
from hftsim.features.order_flow import ORDER_FLOW
from hftsim.features.price import PRICE
from hftsim.features.time_candle import TIME_CANDLE
from hftsim.features.volatility import VOLATILITY
from hftsim.features.volume import VOLUME

FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        *PRICE,
        *VOLUME,
        *MOMENTUM,
        *VOLATILITY,
        *ORDER_FLOW,
        *TIME_CANDLE,
        *INTERACTION,
    )
}
FAMILIES = tuple(dict.fromkeys(feature.family for feature in FEATURES.values()))
