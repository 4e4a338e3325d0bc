"""The peer of bench/features.py: the package `ta`, run by its own interpreter.

Usage: _peer_features.py ROWS
"""

import json
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from _bars import random_bars
from _report import load, measure
from ta import momentum, trend, volatility, volume


def indicators(bars: pd.DataFrame) -> dict[str, Callable[[], Sequence[pd.Series]]]:
    """Return those of our indicators that ta has, with the same windows; shared work done once.

    Its parabolic SAR is left out: it alone takes ten times as long as all the others.
    """
    high, low, close, traded = (bars[n] for n in ("high", "low", "close", "volume"))
    hlc, hlcv = (high, low, close), (high, low, close, traded)

    def bands() -> Sequence[pd.Series]:
        made = volatility.BollingerBands(close, 20, 2)
        upper, middle = made.bollinger_hband(), made.bollinger_mavg()
        return upper, middle, made.bollinger_lband(), made.bollinger_wband()

    def macd() -> Sequence[pd.Series]:
        made = trend.MACD(close, 26, 12, 9)
        return made.macd(), made.macd_signal(), made.macd_diff()

    def directional() -> Sequence[pd.Series]:
        made = trend.ADXIndicator(*hlc, 14)
        return made.adx(), made.adx_pos(), made.adx_neg()

    def stochastic() -> Sequence[pd.Series]:
        made = momentum.StochasticOscillator(*hlc, 14, 3)
        return made.stoch(), made.stoch_signal()

    return {
        "sma": lambda: [trend.sma_indicator(close, w) for w in (5, 10, 20, 50)],
        "ema": lambda: [trend.ema_indicator(close, w) for w in (12, 26)],
        "wma": lambda: [trend.wma_indicator(close, 20)],
        "rsi": lambda: [momentum.rsi(close, 14)],
        "macd": macd,
        "stoch": stochastic,
        "willr": lambda: [momentum.williams_r(*hlc, 14)],
        "cci": lambda: [trend.cci(*hlc, 20)],
        "roc": lambda: [momentum.roc(close, 10)],
        "trix": lambda: [trend.trix(close, 15)],
        "adx": directional,
        "atr": lambda: [volatility.average_true_range(*hlc, 14)],
        "bands": bands,
        "obv": lambda: [volume.on_balance_volume(close, traded)],
        "ad": lambda: [volume.acc_dist_index(*hlcv)],
        "mfi": lambda: [volume.money_flow_index(*hlcv, 14)],
        "cmf": lambda: [volume.chaikin_money_flow(*hlcv, 20)],
        "vwap": lambda: [volume.volume_weighted_average_price(*hlcv, 20)],
    }


def main() -> None:
    """Time each indicator once and print the sum as a line of JSON."""
    warnings.simplefilter("ignore")
    each, columns = {}, 0
    for name, work in indicators(random_bars(int(sys.argv[1]))).items():
        made: list[pd.Series] = []
        each[name] = measure(lambda work=work, made=made: made.extend(work()), 0)
        columns += len(made)
    slowest = sorted(each, key=lambda name: -each[name]["cpu_s"])[:5]
    found: dict[str, Any] = {
        "cpu_s": sum(timed["cpu_s"] for timed in each.values()),
        "wall_s": sum(timed["wall_s"] for timed in each.values()),
        "columns": columns,
        "slowest": {name: each[name]["cpu_s"] for name in slowest},
        "load": load(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
