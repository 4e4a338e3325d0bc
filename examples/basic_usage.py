"""The shortest useful program: a file of bars, a strategy, a result.

Make a file of simulated bars, then run the strategy on it:

    hftsim create-sample-data --rows 5000 --seed 7 --out sample_bars.csv
    python examples/basic_usage.py sample_bars.csv
"""

import sys

from hftsim import Backtester, SmaCrossStrategy, read_bars


def main(path: str, symbol: str | None = None) -> float:
    """Run the strategy over the file; return the total profit in quote currency."""
    bars = read_bars(path, symbol=symbol)
    results = Backtester(SmaCrossStrategy(fast=30, slow=240)).run(bars)
    total_pnl: float = results.summary["total_pnl"]
    print(results)
    print(f"Total PnL: ${total_pnl:,.2f}")
    return total_pnl


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python examples/basic_usage.py FILE [SYMBOL]")
    main(*sys.argv[1:3])
