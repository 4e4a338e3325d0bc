"""The whole workflow in one script: data, features, model, strategy, backtest, metrics, pictures.

Run it with a file of bars, or without one on simulated bars:

    python examples/complete_workflow.py [FILE.csv SYMBOL]
"""

import sys
from pathlib import Path

from hftsim import (
    BacktestConfig,
    Backtester,
    DataPreprocessor,
    FeatureEngineer,
    LSTMPredictor,
    MomentumStrategy,
    PerformanceMetrics,
    TradingVisualizer,
    create_sample_bars,
    read_bars,
)


def main(path: str | None = None, symbol: str | None = None, out: str = "results") -> float:
    """Run all steps; return the total return in percent."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)

    # 1. Data. BinanceDataFetcher("BTCUSDT").fetch_klines(limit=3000) fetches real bars instead.
    bars = read_bars(path, symbol=symbol) if path else create_sample_bars(3000, seed=7)

    # 2. Indicators and 3. features.
    processed = DataPreprocessor().preprocess_pipeline(bars)
    engineer = FeatureEngineer()
    features = engineer.create_all_features(processed)

    # 4. A model, trained on the first half only.
    half = len(features) // 2
    X, y, names = engineer.prepare_training_data(features.iloc[:half], lookback=30, horizon=5)
    model = LSTMPredictor(epochs=3, seed=7).fit(X, y, feature_names=names)

    # 5. The backtest trades the second half, which the model has not seen.
    strategy = MomentumStrategy(model=model, confidence_threshold=0.5)
    config = BacktestConfig(initial_capital=100_000)
    results = Backtester(strategy, config).run(features.iloc[half:])

    # 6. Metrics.
    metrics = PerformanceMetrics.calculate_all_metrics(
        results["equity_curve"], results["trades"], config.initial_capital
    )

    # 7. Pictures and tables.
    TradingVisualizer().plot_summary_dashboard(
        results["equity_curve"],
        results["trades"],
        metrics,
        save_path=folder / "dashboard.png",
        benchmark=results.benchmark,
    )
    results["trades"].to_csv(folder / "trades.csv", index=False)

    # 8. What came of it.
    summary = results["summary"]
    print(f"Return: {summary['total_return_pct']:.2f}%")
    print(f"Buy and hold: {summary['buy_and_hold_return_pct']:.2f}%")
    print(f"Sharpe: {metrics['sharpe_ratio']:.2f}")
    print(f"Max drawdown: {metrics['max_drawdown_pct']:.1f}%")
    print(f"Win rate: {metrics['win_rate']:.1f}% of {summary['trades']} trades")
    if summary["simulated"]:
        print("Simulated data: this says nothing about a real market.")
    return float(summary["total_return_pct"])


if __name__ == "__main__":
    main(*sys.argv[1:3])
