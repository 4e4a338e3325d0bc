"""Every combination of some parameters, and how much the best of them is worth.

The best of many tries looks good by luck alone. The deflated Sharpe ratio says how likely it is
that there is anything behind it; the rows after `split` show what the choice was worth later.

    python examples/parameter_grid.py [FILE SYMBOL]
"""

import sys
from itertools import product
from typing import Any

import pandas as pd

from hftsim import (
    Backtester,
    BacktestResult,
    MomentumStrategy,
    PerformanceMetrics,
    create_sample_bars,
    read_bars,
)

GRID: dict[str, list[Any]] = {
    "confidence_threshold": [0.6, 0.8],
    "momentum_threshold": [0.002, 0.004, 0.008],
    "volume_threshold": [1.2, 1.5],
}


def optimize(bars: pd.DataFrame, grid: dict[str, list[Any]]) -> pd.DataFrame:
    """Return one row for each combination, the best Sharpe ratio first."""
    rows = []
    for values in product(*grid.values()):
        parameters = dict(zip(grid, values, strict=True))
        summary = run(bars, parameters).summary
        figures = ("sharpe_ratio", "total_return_pct", "max_drawdown_pct", "trades")
        rows.append({**parameters, **{name: summary[name] for name in figures}})
    return pd.DataFrame(rows).sort_values("sharpe_ratio", ascending=False, ignore_index=True)


def run(bars: pd.DataFrame, parameters: dict[str, Any]) -> BacktestResult:
    """Run the momentum strategy with these parameters."""
    return Backtester(MomentumStrategy(**parameters)).run(bars)


def main(path: str | None = None, symbol: str | None = None, *, rows: int = 6000) -> pd.DataFrame:
    """Search the first two thirds of the bars, and run the best choice on the rest."""
    bars = read_bars(path, symbol=symbol) if path else create_sample_bars(rows, seed=7)
    split = 2 * len(bars) // 3
    table = optimize(bars.iloc[:split], GRID)
    print(table.head().to_string(float_format="{:.3f}".format))

    best = {name: table.at[0, name] for name in GRID}
    seen = run(bars.iloc[:split], best)
    metrics = PerformanceMetrics.calculate_all_metrics(
        seen.equity_curve, seen.trades, seen.config.initial_capital, trials=len(table)
    )
    later = run(bars.iloc[split:], best).summary
    print(f"Deflated Sharpe ratio of the best: {metrics['deflated_sharpe_ratio']:.3f}")
    print(f"The same parameters on the rest: {later['total_return_pct']:.2f} %")
    return table


if __name__ == "__main__":
    main(*sys.argv[1:3])
