"""ml_backtest: learn, predict what comes after, and trade only that."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.backtest.backtester import Backtester
from hftsim.backtest.config import BacktestConfig
from hftsim.backtest.learning import (
    Fold,
    LearningSettings,
    fold_bounds,
    fold_row,
    learn_fold,
    pooled,
    require_rows,
    training_of,
    warmup_of,
)
from hftsim.backtest.result import BacktestResult
from hftsim.core.bars import data_hash, require_bars
from hftsim.core.instrument import Instrument
from hftsim.core.progress import Progress, no_progress
from hftsim.data.instruments import infer_instrument
from hftsim.engine import Mode
from hftsim.features import FeatureEngineer, get_feature_importance
from hftsim.models import make_model
from hftsim.strategies import Strategy, load_strategy

if TYPE_CHECKING:
    import pandas as pd

_IMPORTANCE_SAMPLES = 1000
_STEPS = 1000


def ml_backtest(
    bars: "pd.DataFrame",
    *,
    symbol: str | None = None,
    instrument: Instrument | None = None,
    model: str = "lstm",
    model_params: Mapping[str, Any] | None = None,
    strategy: str | Strategy = "ml",
    strategy_params: Mapping[str, Any] | None = None,
    learning: LearningSettings | None = None,
    config: BacktestConfig | None = None,
    mode: Mode = "native",
    progress: Progress = no_progress,
) -> BacktestResult:
    """Train a model fold by fold, judge it beside baselines, and trade its predictions.

    The bars before ``learning.train_share`` only train. Each later fold is predicted by a model
    trained on every bar before it, with labels purged at the border; the predictions of all folds
    are traded in one run over the out-of-sample bars, so nothing that was trained on is traded.

    Parameters
    ----------
    bars : a bar frame.
    symbol, instrument : as for `Backtester.run`; tick and lot are inferred from all bars.
    model, model_params : name and constructor fields; see `hftsim.models.MODELS`. The seed is the
        configuration's unless given.
    strategy, strategy_params : what trades the predictions (``ctx.signal``).
    learning : windows, labels and folds.
    config : capital, costs, limits, seed.

    Returns
    -------
    BacktestResult with ``model_report``: model, folds, evaluation (pooled over all folds), macro_f1,
    baselines, history of the last fold, feature_importance; and the last fold's ``model``.

    Raises
    ------
    ModelError
        If there are too few rows; it names the number needed.
    """
    require_bars(bars)
    settings, config = learning or LearningSettings(), config or BacktestConfig()
    trader = load_strategy(strategy, strategy_params) if isinstance(strategy, str) else strategy
    params = {**_seeded(model, config.seed), **(model_params or {})}
    make_model(model, **params)
    require_rows(len(bars), settings, warmup_of(bars))
    features = FeatureEngineer().create_all_features(bars)
    bounds = fold_bounds(len(bars), settings)
    folds: list[Fold] = []
    for k, (begin, end) in enumerate(bounds):
        told = _part_of(progress, k, len(bounds))
        with training_of(k, len(bounds)):
            folds.append(
                learn_fold(
                    features, (0, begin, end), lambda: make_model(model, **params), settings, told
                )
            )
    progress(_STEPS * len(bounds), _STEPS * len(bounds), "trained")
    traded = bars.iloc[bounds[0][0] :].copy()
    traded["signal"] = np.concatenate([fold.signal for fold in folds])
    rules = instrument or infer_instrument(bars, symbol)
    result = Backtester(trader, config, mode=mode).run(traded, symbol=symbol, instrument=rules)
    report = _report(model, params, settings, folds, features)
    result.model_report = {**report, "data_sha256": data_hash(bars), "data_rows": len(bars)}
    result.model = folds[-1].model
    return result


def _seeded(model: str, seed: int) -> dict[str, Any]:
    fields = make_model(model).get_params()
    return {"seed": seed} if "seed" in fields else {}


def _part_of(progress: Progress, k: int, count: int) -> Progress:
    def told(done: int, total: int | None, note: str = "") -> None:
        share = done / total if total else 0.0
        steps = int(_STEPS * (k + min(share, 1.0)))
        progress(steps, _STEPS * count, f"fold {k + 1} of {count}: {note}")

    return told


def _report(
    model: str,
    params: Mapping[str, Any],
    settings: LearningSettings,
    folds: list[Fold],
    features: "pd.DataFrame",
) -> dict[str, Any]:
    own = pooled(folds, "model")
    last = folds[-1]
    importance: list[dict[str, Any]] = []
    if settings.importance:
        table = get_feature_importance(
            last.model,
            last.samples.X.select(last.test),
            last.labels,
            names=last.samples.names,
            n_repeats=1,
            rng=int(params.get("seed", 0)),
            max_samples=_IMPORTANCE_SAMPLES,
        )
        importance = [
            {str(name): value for name, value in row.items()} for row in table.to_dict("records")
        ]
    return {
        "model": model,
        "parameters": {**last.model.get_params(), **params},
        "features": len(last.samples.names),
        "lookback": settings.lookback,
        "horizon": settings.horizon,
        "folds": [fold_row(fold, features) for fold in folds],
        "evaluation": own,
        **{name: own[name] for name in ("accuracy", "macro_f1", "mcc")},
        "baselines": {name: pooled(folds, name) for name in ("majority", "logistic")},
        "history": getattr(last.model, "history_", {}),
        "feature_importance": importance,
    }
