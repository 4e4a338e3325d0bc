"""The peers of bench/bars.py: run by their own interpreter, knows nothing of hftsim.

Usage: _peer_bars.py vectorbt|backtesting ROWS
"""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pandas as pd
from _bars import random_bars
from _report import measure, per_second

CASH, FEE, FAST, SLOW = 1_000_000.0, 0.00002, 10, 50


def with_vectorbt(bars: pd.DataFrame) -> tuple[Callable[[], Any], int, Callable[[Any], Any]]:
    """Return the timed work, how often to repeat it, and what to say of its result."""
    import vectorbt

    close = bars["close"]
    close.index = close.index.tz_localize(None)  # with a time zone it is 70 times slower

    def work() -> Any:
        fast = vectorbt.MA.run(close, FAST, short_name="fast")
        slow = vectorbt.MA.run(close, SLOW, short_name="slow")
        up, down = fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)
        portfolio = vectorbt.Portfolio.from_signals(
            close,
            up,
            down,
            short_entries=down,
            short_exits=up,
            fees=FEE,
            freq="1min",
            init_cash=CASH,
        )
        return portfolio, portfolio.value(), float(portfolio.total_return())

    def say(result: Any) -> dict[str, Any]:
        portfolio, _, earned = result
        return {"trades": int(portfolio.trades.count()), "total_return": earned}

    return work, 15, say


def with_backtesting(bars: pd.DataFrame) -> tuple[Callable[[], Any], int, Callable[[Any], Any]]:
    """Return the timed work, how often to repeat it, and what to say of its result."""
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover

    frame = bars.rename(columns=str.title)
    frame.index = frame.index.tz_localize(None)

    def average(values: Any, window: int) -> Any:
        return pd.Series(values).rolling(window).mean().to_numpy()

    class Cross(Strategy):
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, FAST)
            self.slow = self.I(average, self.data.Close, SLOW)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.position.close()
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()
                self.sell()

    def work() -> Any:
        return Backtest(frame, Cross, cash=CASH, commission=FEE, exclusive_orders=True).run()

    def say(result: Any) -> dict[str, Any]:
        return {"trades": int(result["# Trades"]), "total_return": result["Return [%]"] / 100.0}

    return work, 1, say


def main() -> None:
    """Time one peer and print its figures as a line of JSON."""
    library, rows = sys.argv[1], int(sys.argv[2])
    warnings.simplefilter("ignore")
    bars = random_bars(rows)
    work, times, say = {"vectorbt": with_vectorbt, "backtesting": with_backtesting}[library](bars)
    kept = []
    timed = measure(lambda: kept.__setitem__(slice(None), [work()]), times)
    found = {**per_second(timed, rows), **say(kept[0]), "version": _version(library)}
    print(json.dumps(found))


def _version(library: str) -> str:
    return str(getattr(__import__(library), "__version__", ""))


if __name__ == "__main__":
    main()
