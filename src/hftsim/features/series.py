"""Series that several features share, each worked out from bars once.

Figures per bar that divide by the bar's range or volume are 0 where there is none.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from hftsim.features import _kernels as kernels
from hftsim.features.compiled import run
from hftsim.features.feature import FloatArray, lagged, ratio

if TYPE_CHECKING:
    from hftsim.features.inputs import Inputs

MOVEMENT = 1e-10
FLOW_WINDOW = 20
RELATIVE_WINDOW = 50


def _log_ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    out = np.empty(len(above))
    run(kernels.log_ratio, above, below, out)
    return out


def _log_close(b: "Inputs") -> FloatArray:
    close = b.series("close")
    return _log_ratio(close, np.full(b.rows, close[0]))


def _open_gap(b: "Inputs") -> FloatArray:
    out = np.full(b.rows, np.nan)
    run(kernels.log_ratio, b.series("open")[1:], b.series("close")[:-1], out[1:])
    return out


def _change(b: "Inputs") -> FloatArray:
    return b.series("close") - lagged(b.series("close"), 1)


def _garman_klass(b: "Inputs") -> FloatArray:
    body = b.series("open_to_close")
    return 0.5 * b.series("range") ** 2 - (2.0 * math.log(2.0) - 1.0) * body**2


def _rogers_satchell(b: "Inputs") -> FloatArray:
    high, low = b.series("high"), b.series("low")
    close, open_ = b.series("close"), b.series("open")
    up = _log_ratio(high, close) * _log_ratio(high, open_)
    return up + _log_ratio(low, close) * _log_ratio(low, open_)


def _close_location(b: "Inputs") -> FloatArray:
    high, low = b.series("high"), b.series("low")
    above = (b.series("close") - low) - (high - b.series("close"))
    return ratio(above, high - low, floor=b.series("movement"))


def _money_flow(b: "Inputs") -> FloatArray:
    typical = b.series("typical")
    return np.sign(typical - lagged(typical, 1)) * b.series("money")


def _bulk_balance(b: "Inputs") -> FloatArray:
    moves = ratio(b.series("return"), b.std("return", FLOW_WINDOW), floor=MOVEMENT)
    out = np.empty(b.rows)
    run(kernels.normal_balance, moves, out)
    return out


def _corwin_schultz(b: "Inputs") -> FloatArray:
    out = np.empty(b.rows)
    run(kernels.corwin_schultz, b.series("high"), b.series("low"), b.series("close"), out)
    return out


def _abdi_ranaldo(b: "Inputs") -> FloatArray:
    middle = 0.5 * (
        _log_ratio(b.series("high"), b.series("close"))
        + _log_ratio(b.series("low"), b.series("close"))
    )
    return lagged(middle, 1) * (b.series("return") + middle)


def _taker_balance(b: "Inputs") -> FloatArray:
    volume = b.series("volume")
    return ratio(2.0 * b.series("taker_buy_volume") - volume, volume)


SERIES: dict[str, Callable[["Inputs"], FloatArray]] = {
    "movement": lambda b: MOVEMENT * b.series("close"),
    "log_close": _log_close,
    "return": lambda b: b.log_return(1),
    "return_5": lambda b: b.log_return(5),
    "abs_return": lambda b: np.abs(b.series("return")),
    "squared_return": lambda b: b.series("return") ** 2,
    "squared_fall": lambda b: np.minimum(b.series("return"), 0.0) ** 2,
    "bipower": lambda b: b.series("abs_return") * lagged(b.series("abs_return"), 1),
    "change": _change,
    "abs_change": lambda b: np.abs(b.series("change")),
    "direction": lambda b: np.sign(b.series("change")),
    "unchanged": lambda b: np.where(np.isnan(b.series("change")), np.nan, b.series("change") == 0),
    "open_gap": _open_gap,
    "open_to_close": lambda b: _log_ratio(b.series("close"), b.series("open")),
    "abs_body": lambda b: np.abs(b.series("close") - b.series("open")),
    "range": lambda b: _log_ratio(b.series("high"), b.series("low")),
    "squared_range": lambda b: b.series("range") ** 2,
    "garman_klass": _garman_klass,
    "rogers_satchell": _rogers_satchell,
    "typical": lambda b: (b.series("high") + b.series("low") + b.series("close")) / 3.0,
    "money": lambda b: b.series("typical") * b.series("volume"),
    "money_flow": _money_flow,
    "money_moved": lambda b: np.abs(b.series("money_flow")),
    "close_location": _close_location,
    "located_volume": lambda b: b.series("close_location") * b.series("volume"),
    "directed_volume": lambda b: b.series("direction") * b.series("volume"),
    "return_volume": lambda b: b.series("return") * b.series("volume"),
    "relative_volume": lambda b: ratio(b.series("volume"), b.mean("volume", RELATIVE_WINDOW)),
    "bulk_balance": _bulk_balance,
    "bulk_volume": lambda b: b.series("bulk_balance") * b.series("volume"),
    "bulk_relative": lambda b: b.series("bulk_balance") * b.series("relative_volume"),
    "bulk_relative_before": lambda b: lagged(b.series("bulk_relative"), 1),
    "corwin_schultz": _corwin_schultz,
    "abdi_ranaldo": _abdi_ranaldo,
    "taker_balance": _taker_balance,
    "taker_volume": lambda b: b.series("taker_balance") * b.series("volume"),
    "trade_qty": lambda b: ratio(b.series("volume"), b.series("trade_count")),
}
