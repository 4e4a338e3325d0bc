"""Order-flow features: who buys, what trading costs, from bars alone.

Bars do not say who was the aggressor. Bulk volume classification (Easley, Lopez de Prado and
O'Hara 2012) takes 2 * Phi(return / std(return, 20)) - 1 as a bar's balance: the share of volume
bought less the share sold. Where the source gives taker volume, the features whose names begin
with ``taker`` and ``trade`` use what was counted instead. Balances are 0 where nothing traded.
"""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hftsim.features.feature import Feature, FloatArray, ratio

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

_flow = partial(Feature, family="order_flow")
_VPIN_BARS, _VPIN_BUCKETS = 2, 40
_VPIN_WARMUP = 99


def _bulk_balance(window: int) -> Feature:
    return _flow(
        name=f"bulk_balance_{window}",
        formula=f"sum(balance * volume, {window}) / sum(volume, {window})",
        inputs=("close", "volume"),
        warmup=20 + window - 1,
        compute=lambda b: ratio(b.total("bulk_volume", window), b.total("volume", window)),
    )


def _taker_balance(window: int) -> Feature:
    return _flow(
        name=f"taker_balance_{window}",
        formula=f"(taker buys - taker sells) / volume over {window} rows",
        inputs=("volume", "taker_buy_volume"),
        warmup=window - 1,
        compute=lambda b: ratio(b.total("taker_volume", window), b.total("volume", window)),
    )


def _impact(b: "Inputs", window: int) -> FloatArray:
    return ratio(b.total("abs_return", window), b.total("volume", window))


def _root_of_mean(b: "Inputs", series: str, factor: float) -> FloatArray:
    return np.sqrt(np.maximum(factor * b.total(series, 20) / 20.0, 0.0))


ORDER_FLOW = (
    _flow(
        name="bulk_balance_1",
        formula="2 * Phi(return / std(return, 20)) - 1; 0 without movement",
        inputs=("close",),
        warmup=20,
        compute=lambda b: b.series("bulk_balance"),
    ),
    *(_bulk_balance(window) for window in (5, 20, 50)),
    _flow(
        name="vpin",
        formula=(
            f"sum(abs(bought - sold)) / sum(volume) over the last {_VPIN_BUCKETS} full volume "
            f"buckets, bulk classified; a bucket is {_VPIN_BARS} * mean(volume, 20) when it opens; "
            "over fewer while fewer are full, 0 before the first (Easley et al. 2012)"
        ),
        inputs=("close", "volume"),
        warmup=_VPIN_WARMUP,
        from_start=True,
        compute=lambda b: b.vpin("bulk_balance", _VPIN_BARS, _VPIN_BUCKETS),
    ),
    _flow(
        name="kyle_lambda_50",
        formula=(
            "slope of return on balance * volume / mean(volume, 50) over 50 rows (after Kyle 1985)"
        ),
        inputs=("close", "volume"),
        warmup=98,
        compute=lambda b: b.beta("bulk_relative", "return", 50)[0],
    ),
    _flow(
        name="amihud_20",
        formula=(
            "sum(abs(return), 20) / sum(volume, 20) * mean(volume, 50) (after Amihud 2002); 0 "
            "without volume"
        ),
        inputs=("close", "volume"),
        warmup=49,
        compute=lambda b: _impact(b, 20) * b.mean("volume", 50),
    ),
    _flow(
        name="impact_change_5_20",
        formula="(i5 - i20) / (i5 + i20), i sum(abs(return)) / sum(volume) over 5 and 20 rows",
        inputs=("close", "volume"),
        warmup=20,
        compute=lambda b: ratio(_impact(b, 5) - _impact(b, 20), _impact(b, 5) + _impact(b, 20)),
    ),
    _flow(
        name="roll_spread_50",
        formula="2 * sqrt(max(0, -lag-one autocovariance of returns over 50 rows)) (Roll 1984)",
        inputs=("close",),
        warmup=50,
        compute=lambda b: 2.0 * np.sqrt(np.maximum(-b.shape(50)[2], 0.0)),
    ),
    _flow(
        name="corwin_schultz_20",
        formula=(
            "mean of the high-low spread estimate, gap-adjusted, negatives 0, over 20 rows "
            "(Corwin and Schultz 2012)"
        ),
        inputs=("high", "low", "close"),
        warmup=20,
        compute=lambda b: b.total("corwin_schultz", 20) / 20.0,
    ),
    _flow(
        name="abdi_ranaldo_20",
        formula=(
            "2 * sqrt(max(0, mean((c[t-1] - m[t-1]) * (c[t-1] - m), 20))), c ln(close), m the mean "
            "of ln(high) and ln(low) (Abdi and Ranaldo 2017)"
        ),
        inputs=("high", "low", "close"),
        warmup=20,
        compute=lambda b: _root_of_mean(b, "abdi_ranaldo", 4.0),
    ),
    _flow(
        name="flow_autocorr_50",
        formula=(
            "correlation of balance * volume / mean(volume, 50) with that of the row before, over "
            "50 rows"
        ),
        inputs=("close", "volume"),
        warmup=99,
        compute=lambda b: b.beta("bulk_relative_before", "bulk_relative", 50)[1],
    ),
    _flow(
        name="unchanged_share_20",
        formula="share of rows whose close equals the one before, over 20 rows",
        inputs=("close",),
        warmup=20,
        compute=lambda b: b.total("unchanged", 20) / 20.0,
    ),
    _flow(
        name="taker_balance_1",
        formula="2 * taker_buy_volume / volume - 1",
        inputs=("volume", "taker_buy_volume"),
        warmup=0,
        compute=lambda b: b.series("taker_balance"),
    ),
    *(_taker_balance(window) for window in (5, 20, 50)),
    _flow(
        name="taker_vpin",
        formula="vpin with what takers bought and sold instead of bulk classification",
        inputs=("volume", "taker_buy_volume"),
        warmup=_VPIN_WARMUP,
        from_start=True,
        compute=lambda b: b.vpin("taker_balance", _VPIN_BARS, _VPIN_BUCKETS),
    ),
    _flow(
        name="trade_count_ratio_20",
        formula="trade_count / mean(trade_count, 20)",
        inputs=("trade_count",),
        warmup=19,
        compute=lambda b: ratio(b.series("trade_count"), b.mean("trade_count", 20), neutral=1.0),
    ),
    _flow(
        name="trade_qty_ratio_20",
        formula="volume / trade_count, over its mean of 20 rows",
        inputs=("volume", "trade_count"),
        warmup=19,
        compute=lambda b: ratio(b.series("trade_qty"), b.mean("trade_qty", 20), neutral=1.0),
    ),
)
