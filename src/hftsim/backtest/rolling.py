"""Walk-forward: train, test, roll on; the test parts joined up are what a user would have had."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.backtest.backtester import Backtester
from hftsim.backtest.config import BacktestConfig
from hftsim.backtest.learning import LearningSettings, require_parts, warmup_of
from hftsim.backtest.result import BacktestResult
from hftsim.core.bars import require_bars
from hftsim.core.errors import ConfigError, Interrupted
from hftsim.core.instrument import Instrument
from hftsim.core.progress import Progress, no_progress
from hftsim.data.instruments import infer_instrument
from hftsim.engine import Mode
from hftsim.labels import walk_forward_splits
from hftsim.strategies import load_strategy

if TYPE_CHECKING:
    import pandas as pd

FIGURES = (
    "total_return_pct",
    "buy_and_hold_return_pct",
    "sharpe_ratio",
    "max_drawdown_pct",
    "trades",
    "win_rate",
    "total_fees",
    "final_value",
    "refusals",
    "run_hash",
)
SMALLEST_CAPITAL = 1e-9
"""What a fold starts with after the account is wiped out: too little to trade."""


@dataclasses.dataclass(frozen=True)
class WalkForwardResult:
    """The runs of a walk-forward and their table.

    Parameters
    ----------
    table : one row for each fold: times, in-sample and out-of-sample figures, macro_f1 of a model.
    runs : the out-of-sample backtests, in order.
    equity_curve : their equity joined up, each fold starting with what the one before left.
    """

    table: "pd.DataFrame"
    runs: list[BacktestResult]
    equity_curve: "pd.Series"

    @property
    def total_return_pct(self) -> float:
        """Return over all test parts, percent."""
        first = self.runs[0].config.initial_capital
        return 100.0 * (float(self.equity_curve.to_numpy()[-1]) / first - 1.0)


def walk_forward(
    bars: "pd.DataFrame",
    strategy: str = "momentum",
    *,
    strategy_params: Mapping[str, Any] | None = None,
    model: str | None = None,
    model_params: Mapping[str, Any] | None = None,
    learning: LearningSettings | None = None,
    train: int | None = None,
    test: int | None = None,
    step: int | None = None,
    expanding: bool = False,
    symbol: str | None = None,
    instrument: Instrument | None = None,
    config: BacktestConfig | None = None,
    mode: Mode = "native",
    progress: Progress = no_progress,
) -> WalkForwardResult:
    """Roll a training part and the test part after it through the bars.

    With a model each fold trains it on its training part (labels purged at the border) and trades
    its predictions on the test part. Without one the strategy's rules trade both parts, so that the
    table shows in-sample beside out-of-sample figures.

    Parameters
    ----------
    bars : a bar frame.
    strategy, strategy_params : what trades.
    model, model_params, learning : what predicts, if anything.
    train, test : bars of the parts; by default 50 % and 10 % of the data.
    step : bars from fold to fold; `test` by default, so that the test parts join up.
    expanding : train on everything before the test part.

    Raises
    ------
    ModelError
        If the bars hold no fold; it names the number needed.
    Interrupted
        On Ctrl-C; ``error.result`` holds the folds that were finished, if any.
    """
    require_bars(bars)
    settings, config = learning or LearningSettings(), config or BacktestConfig()
    test = test or max(1, len(bars) // 10)
    train = train or max(1, len(bars) // 2)
    if step is not None and step < test:
        raise ConfigError(
            f"step {step} is shorter than the test part ({test}): tests would overlap"
        )
    splits = walk_forward_splits(len(bars), train=train, test=test, step=step, expanding=expanding)
    rules = instrument or infer_instrument(bars, symbol)
    predict = None
    if model is not None:
        require_parts(train, test, settings, warmup_of(bars))
        predict = _predictor(bars, model, model_params, settings, config)
    done = _Finished()
    try:
        for k, split in enumerate(splits):
            progress(k, len(splits), f"fold {k + 1} of {len(splits)}")
            bounds = int(split.train[0]), int(split.test[0]), int(split.test[-1]) + 1
            fold = _FoldRun(bars, bounds, rules, config, mode)
            if predict is None:
                signal, figures = None, fold.in_sample(strategy, strategy_params)
            else:
                signal, figures = predict(bounds)
            result = fold.out_of_sample(strategy, strategy_params, signal)
            done.add({**fold.times(), **figures}, result)
            left = max(float(result.summary["final_value"]), SMALLEST_CAPITAL)
            config = dataclasses.replace(config, initial_capital=left)
    except (KeyboardInterrupt, Interrupted) as error:
        raise done.interrupted(len(splits)) from error
    progress(len(splits), len(splits), "")
    return done.joined()


class _Finished:
    """The folds that are done."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.runs: list[BacktestResult] = []

    def add(self, figures: dict[str, Any], run: BacktestResult) -> None:
        self.rows.append({**figures, **{n: run.summary[n] for n in FIGURES}})
        self.runs.append(run)

    def joined(self) -> WalkForwardResult:
        import pandas as pd

        table = pd.DataFrame(self.rows)
        table.insert(0, "fold", np.arange(1, len(self.rows) + 1))
        equity = pd.concat([run.equity_curve for run in self.runs])
        return WalkForwardResult(table=table, runs=self.runs, equity_curve=equity)

    def interrupted(self, folds: int) -> Interrupted:
        """Return the error to raise; the finished folds go with it."""
        count = len(self.runs)
        error = Interrupted(f"interrupted in fold {count + 1} of {folds}: {count} were finished")
        if count:
            error.result = self.joined()
        return error


@dataclasses.dataclass(frozen=True)
class _FoldRun:
    """One fold of a walk-forward: rows start, begin, end of the bars."""

    bars: "pd.DataFrame"
    bounds: tuple[int, int, int]
    rules: Instrument
    config: BacktestConfig
    mode: Mode

    def times(self) -> dict[str, str]:
        start, begin, end = self.bounds
        index = self.bars.index
        return {
            "train_start": index[start].isoformat(),
            "test_start": index[begin].isoformat(),
            "test_end": index[end - 1].isoformat(),
        }

    def in_sample(self, strategy: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        start, begin, _ = self.bounds
        summary = self._run(strategy, params, self.bars.iloc[start:begin]).summary
        return {
            "train_return_pct": summary["total_return_pct"],
            "train_sharpe_ratio": summary["sharpe_ratio"],
        }

    def out_of_sample(
        self, strategy: str, params: Mapping[str, Any] | None, signal: np.ndarray | None
    ) -> BacktestResult:
        _, begin, end = self.bounds
        part = self.bars.iloc[begin:end]
        if signal is not None:
            part = part.assign(signal=signal)
        return self._run(strategy, params, part)

    def _run(
        self, strategy: str, params: Mapping[str, Any] | None, part: "pd.DataFrame"
    ) -> BacktestResult:
        backtester = Backtester(load_strategy(strategy, params), self.config, mode=self.mode)
        return backtester.run(part, symbol=self.rules.symbol, instrument=self.rules)


def _predictor(
    bars: "pd.DataFrame",
    model: str,
    params: Mapping[str, Any] | None,
    settings: LearningSettings,
    config: BacktestConfig,
) -> Callable[[tuple[int, int, int]], tuple[np.ndarray, dict[str, Any]]]:
    """Return what trains on one fold's training part and predicts its test part."""
    from hftsim.backtest.learning import fold_row, learn_fold, pooled
    from hftsim.features import FeatureEngineer
    from hftsim.models import make_model

    seeded = {"seed": config.seed} if "seed" in make_model(model).get_params() else {}
    given = {**seeded, **(params or {})}
    make_model(model, **given)
    features = FeatureEngineer().create_all_features(bars)

    def predict(bounds: tuple[int, int, int]) -> tuple[np.ndarray, dict[str, Any]]:
        fold = learn_fold(features, bounds, lambda: make_model(model, **given), settings)
        figures = fold_row(fold, features)
        told = {n: figures[n] for n in ("train_samples", "test_samples", "macro_f1", "mcc")}
        for name in ("majority", "logistic"):
            told[f"{name}_macro_f1"] = pooled([fold], name)["macro_f1"]
        return fold.signal, told

    return predict
