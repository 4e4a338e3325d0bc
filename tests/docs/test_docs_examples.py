"""Every example runs, on a few bars; and the steps of the requirements' first example do."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from hftsim import (
    BacktestConfig,
    Backtester,
    DataPreprocessor,
    FeatureEngineer,
    LSTMPredictor,
    MomentumStrategy,
    PerformanceMetrics,
    RiskLimits,
    SlippageModel,
    TradingVisualizer,
    create_sample_bars,
    read_bars,
)
from hftsim.analytics import returns_of
from hftsim.labels import DOWN, FLAT, UP

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "BTCUSDT_1m.csv"
    create_sample_bars(2500, seed=7).to_csv(path)
    return path


def test_every_example_is_run_here() -> None:
    assert {p.stem for p in EXAMPLES.glob("*.py")} == {
        "basic_usage",
        "complete_workflow",
        "own_strategy",
        "parameter_grid",
        "walk_forward",
    }


def test_the_complete_workflow_on_simulated_bars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = load("complete_workflow").main(out=str(tmp_path / "results"))
    told = capsys.readouterr().out
    assert f"Return: {found:.2f}%" in told
    assert "says nothing about a real market" in told
    assert {p.name for p in (tmp_path / "results").iterdir()} == {"dashboard.png", "trades.csv"}


def test_the_complete_workflow_on_a_file(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load("complete_workflow").main(str(file), "BTCUSDT", out=str(tmp_path / "results"))
    assert "Win rate:" in capsys.readouterr().out


def test_basic_usage_prints_the_total_pnl(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total = load("basic_usage").main(str(file))
    told = capsys.readouterr().out
    assert f"Total PnL: ${total:,.2f}" in told
    assert "SmaCrossStrategy on BTCUSDT" in told


def test_walk_forward_shows_every_fold(capsys: pytest.CaptureFixture[str]) -> None:
    found = load("walk_forward").main(rows=2400)
    told = capsys.readouterr().out
    assert len(found.runs) == 4
    assert "majority_macro_f1" in told
    assert f"{found.total_return_pct:.2f} %" in told


def test_the_parameter_grid_tries_every_combination(capsys: pytest.CaptureFixture[str]) -> None:
    example = load("parameter_grid")
    table = example.main(rows=1500)
    assert len(table) == 12
    ratios = table["sharpe_ratio"].dropna().tolist()
    assert ratios == sorted(ratios, reverse=True)
    assert "Deflated Sharpe ratio" in capsys.readouterr().out


def test_the_own_strategy_gives_the_same_fills_in_both_modes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = load("own_strategy").main(rows=2500)
    assert "Same fills in both modes: True" in capsys.readouterr().out
    sent = result.orders[result.orders["origin"] == "strategy"]
    assert {"market", "stop", "take_profit"} <= set(sent["type"])
    reached = result.fills["reason"].isin(["stop", "take_profit", "stop_at_open"])
    assert reached.any()


def test_the_own_strategy_never_leaves_a_position_without_a_bracket() -> None:
    bars = create_sample_bars(2500, seed=7)
    limits = RiskLimits(stop_loss_pct=None)
    breakout = load("own_strategy").Breakout()
    result = Backtester(breakout, BacktestConfig(risk_limits=limits)).run(bars)
    fills = result.fills.assign(signed=result.fills["qty"].where(result.fills["side"] == "buy", 0))
    sold = result.fills["qty"].where(result.fills["side"] == "sell", 0)
    held = (fills["signed"] - sold).cumsum().round(8)
    assert held.min() >= 0
    closed = result.trades[~result.trades["is_open"]]
    assert (closed["bars_held"] < 1500).all()


def test_the_first_example_of_the_reference_runs_with_our_names(file: Path, tmp_path: Path) -> None:
    """Document 001, example 1: fetch, indicators, features, model, risk, backtest, metrics."""
    bars = read_bars(file)
    data = DataPreprocessor().add_technical_indicators(bars)

    engineer = FeatureEngineer()
    features = engineer.create_all_features(data)
    split = int(0.8 * len(features))
    X, y, names = engineer.prepare_training_data(features.iloc[:split], train_end=split - 400)
    assert set(y) <= {DOWN, FLAT, UP}
    border = len(X) - 300
    model = LSTMPredictor(input_size=X.shape[2], hidden_size=8, epochs=2)
    model.fit(
        X[:border],
        y[:border],
        validation_data=(X[border + 1 :], y[border + 1 :]),
        feature_names=names,
    )
    assert len(model.history_["val_accuracy"]) <= 2

    config = BacktestConfig(
        initial_capital=100_000,
        fee_rate=0.001,
        slippage=SlippageModel(fraction=0.0005),
        risk_limits=RiskLimits(max_position_pct=0.30, stop_loss_pct=0.02, max_drawdown_pct=0.10),
    )
    strategy = MomentumStrategy(model=model, confidence_threshold=0.4)
    results = Backtester(strategy, config).run(features.iloc[split:])

    returns = returns_of(results["equity_curve"])
    metrics = PerformanceMetrics.calculate_all_metrics(
        results["equity_curve"], results["trades"], config.initial_capital
    )
    assert metrics["max_drawdown_pct"] >= 0
    assert results["total_return_pct"] == results["summary"]["total_return_pct"]
    TradingVisualizer(output_dir=tmp_path / "plots").create_dashboard(
        equity=results["equity_curve"], returns=returns, trades=results["trades"], metrics=metrics
    )
    assert (tmp_path / "plots" / "dashboard.png").stat().st_size > 10_000
    assert isinstance(results["trades"], pd.DataFrame)
