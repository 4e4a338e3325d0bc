"""A run to report on: bars made by hand, traded by a tiny simulation with fees."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

FEE = 0.001
START = 10_000.0


class Figures(dict[str, float]):
    """Metrics with their reasons, as a result carries them."""

    reasons: dict[str, str]


@dataclasses.dataclass
class Run:
    """What a report may rely on, and nothing more."""

    strategy_name: str
    parameters: dict[str, Any]
    config: dict[str, Any]
    equity_curve: pd.Series
    benchmark: pd.Series
    positions: pd.DataFrame
    trades: pd.DataFrame
    fills: pd.DataFrame
    orders: pd.DataFrame
    signals: pd.DataFrame
    refusals: pd.DataFrame
    summary: dict[str, Any]
    metrics: Figures
    provenance: dict[str, Any]
    model_report: dict[str, Any] | None = None


TRADE_COLUMNS = (
    "symbol", "side", "entry_time", "exit_time", "qty", "entry_price", "exit_price", "pnl",
    "gross_pnl", "fees", "return_pct", "bars_held", "is_open", "entry_reason", "exit_reason",
)  # fmt: skip
FILL_COLUMNS = (
    "time", "symbol", "order_id", "side", "price", "qty", "fee", "is_maker", "reason", "slippage",
)  # fmt: skip
ORDER_COLUMNS = (
    "order_id", "time", "symbol", "side", "type", "tif", "price", "trigger", "qty", "filled_qty",
    "avg_price", "status", "reason", "done_time",
)  # fmt: skip
SIGNAL_COLUMNS = ("time", "symbol", "action", "confidence", "reasoning")
REFUSAL_COLUMNS = ("time", "symbol", "side", "type", "qty", "price", "reason")


def sample_bars(rows: int = 2400, step: str = "1h", seed: int = 5) -> pd.DataFrame:
    """Return bars that walk with fat-tailed steps, labelled as simulated."""
    rng = np.random.default_rng(seed)
    close = 60_000 * np.exp(np.cumsum(0.004 * rng.standard_t(4, rows)))
    opens = np.concatenate([[60_000.0], close[:-1]])
    spread = np.abs(rng.normal(0, 0.002, rows)) * close
    index = pd.date_range("2024-07-01", periods=rows, freq=step, tz="UTC", name="ts_open")
    bars = pd.DataFrame(
        {
            "open": opens,
            "high": np.maximum(opens, close) + spread,
            "low": np.minimum(opens, close) - spread,
            "close": close,
            "volume": rng.lognormal(3, 0.7, rows),
        },
        index=index,
    ).round({"open": 2, "high": 2, "low": 2, "close": 2, "volume": 5})
    bars.attrs["source"] = {"symbol": "SIMUSDT", "simulated": True}
    return bars


def run_on(bars: pd.DataFrame, fast: int = 12, slow: int = 48, symbol: str = "SIMUSDT") -> Run:
    """Trade the crossing of two averages, long and short, at the next open, and keep the books."""
    close = bars["close"]
    wish = np.sign(close.rolling(fast).mean() - close.rolling(slow).mean()).fillna(0).to_numpy()
    step = bars.index[1] - bars.index[0]
    ends = (bars.index + step).rename("time")
    books = _Books(symbol, START)
    equity, held = np.empty(len(bars)), np.empty(len(bars))
    opens, closes = bars["open"].to_numpy(), close.to_numpy()
    for i in range(len(bars)):
        if i and wish[i - 1] != books.side:
            books.turn(wish[i - 1], i, bars.index[i], opens[i], ends[i - 1])
        held[i] = books.qty * books.side
        equity[i] = books.cash + held[i] * closes[i]
    books.mark_open(closes[-1], len(bars) - 1)
    curve = pd.Series(equity, ends, name="equity")
    hold = START * (1 - FEE) / opens[0]
    simulated = bool(bars.attrs["source"].get("simulated"))
    frames = books.frames()
    return _finished(frames, curve, pd.Series(hold * closes, ends, name="benchmark"),
                     pd.DataFrame({symbol: held}, ends), symbol, simulated)  # fmt: skip


class _Books:
    def __init__(self, symbol: str, cash: float) -> None:
        self.symbol, self.cash, self.side, self.qty = symbol, cash, 0.0, 0.0
        self.rows: dict[str, list[tuple[Any, ...]]] = {"trades": [], "fills": [], "orders": []}
        self.signals: list[tuple[Any, ...]] = []
        self.entry: tuple[Any, ...] | None = None

    def turn(self, wish: float, i: int, now: pd.Timestamp, price: float, decided: Any) -> None:
        action = "BUY" if wish > self.side else "SELL"
        self.signals.append((decided, self.symbol, action, 0.6, f"averages crossed: {action}"))
        if self.side:
            fee = self._fill(-self.side, now, price)
            self._close(now, price, fee, i, "signal")
        self.side = wish
        if wish:
            self.qty = round(0.5 * self.cash / price, 5)
            fee = self._fill(wish, now, price)
            self.entry = (now, price, fee, i)

    def _fill(self, side: float, now: pd.Timestamp, price: float) -> float:
        fee = FEE * price * self.qty
        self.cash -= side * self.qty * price + fee
        word = "buy" if side > 0 else "sell"
        order = len(self.rows["fills"]) + 1
        self.rows["fills"].append(
            (now, self.symbol, order, word, price, self.qty, fee, False, "open", 0.0)
        )
        self.rows["orders"].append(
            (order, now, self.symbol, word, "market", "gtc", math.nan, math.nan, self.qty, self.qty,
             price, "filled", "", now)
        )  # fmt: skip
        return fee

    def _close(self, now: Any, price: float, fee: float, i: int, reason: str) -> None:
        assert self.entry is not None
        start, paid, first_fee, since = self.entry
        gross = self.side * self.qty * (price - paid)
        fees = first_fee + fee
        self.rows["trades"].append(
            (self.symbol, "long" if self.side > 0 else "short", start, now, self.qty, paid, price,
             gross - fees, gross, fees, 100 * (gross - fees) / (paid * self.qty), i - since,
             now is pd.NaT, "signal", reason)
        )  # fmt: skip

    def mark_open(self, price: float, i: int) -> None:
        if self.side:
            self._close(pd.NaT, price, 0.0, i, "open at the end")

    def frames(self) -> dict[str, pd.DataFrame]:
        trades = pd.DataFrame(self.rows["trades"], columns=list(TRADE_COLUMNS))
        for name in ("entry_time", "exit_time"):
            trades[name] = pd.to_datetime(trades[name], utc=True)
        return {
            "trades": trades,
            "fills": pd.DataFrame(self.rows["fills"], columns=list(FILL_COLUMNS)),
            "orders": pd.DataFrame(self.rows["orders"], columns=list(ORDER_COLUMNS)),
            "signals": pd.DataFrame(self.signals, columns=list(SIGNAL_COLUMNS)),
        }


def _finished(
    frames: dict[str, pd.DataFrame],
    equity: pd.Series,
    benchmark: pd.Series,
    positions: pd.DataFrame,
    symbol: str,
    simulated: bool,
) -> Run:
    trades, fills = frames["trades"], frames["fills"]
    closed = trades[~trades["is_open"].astype(bool)]
    depth = 100 * (1 - equity / equity.cummax()).max()
    returns = equity.pct_change().dropna()
    sharpe = float(returns.mean() / returns.std() * np.sqrt(8760)) if returns.std() else math.nan
    reason = "no trades were closed"
    metrics = Figures(
        total_return_pct=100 * (equity.iloc[-1] / START - 1), sharpe_ratio=sharpe,
        max_drawdown_pct=depth, benchmark_return_pct=100 * (benchmark.iloc[-1] / START - 1),
        var_95=float(-np.quantile(returns, 0.05)), trades=float(len(closed)),
        win_rate=100 * float((closed["pnl"] > 0).mean()) if len(closed) else math.nan,
        expectancy=float(closed["pnl"].mean()) if len(closed) else math.nan,
        total_fees=float(fills["fee"].sum()), treynor_ratio=math.nan,
    )  # fmt: skip
    metrics.reasons = {n: reason for n, v in metrics.items() if math.isnan(v)}
    refusals = pd.DataFrame(
        [(equity.index[k], symbol, "buy", "limit", 0.5, 1.0, "max position") for k in (5, 9, 11)],
        columns=list(REFUSAL_COLUMNS),
    )
    summary = {
        "symbol": symbol, "start": equity.index[0], "end": equity.index[-1], "bars": len(equity),
        "initial_capital": START, "final_value": float(equity.iloc[-1]),
        "current_value": float(equity.iloc[-1]), "total_return_pct": metrics["total_return_pct"],
        "total_pnl": float(equity.iloc[-1] - START), "total_fees": metrics["total_fees"],
        "max_drawdown_pct": depth, "sharpe_ratio": sharpe, "trades": len(closed),
        "win_rate": metrics["win_rate"], "fills": len(fills), "orders": len(frames["orders"]),
        "refusals": len(refusals), "buy_and_hold_return_pct": metrics["benchmark_return_pct"],
        "halted_at": None, "simulated": simulated, "run_hash": "ab" * 32, "fills_hash": "cd" * 32,
    }  # fmt: skip
    provenance = {
        "data": {"sha256": "12" * 32, "rows": len(equity), "gaps": 2, "interval": "1h",
                 "repairs": {"drop_duplicates": 3}},
        "instruments": {symbol: {"tick_size": "0.01", "lot_size": "0.00001", "taker_fee": FEE,
                                 "rules_source": "smallest step seen"}},
        "parameters": {"fast": 12, "slow": 48}, "seed": 7, "mode": "native",
        "versions": {"hftsim": "0.1.0", "numpy": np.__version__},
    }  # fmt: skip
    return Run(
        strategy_name="sma-cross", parameters={"fast": 12, "slow": 48},
        config={"initial_capital": START, "slippage": "fixed 1 bp", "execution": "next open"},
        equity_curve=equity, benchmark=benchmark, positions=positions, refusals=refusals,
        summary=summary, metrics=metrics, provenance=provenance, **frames,
    )  # fmt: skip


def model_report() -> dict[str, Any]:
    """Return a model's figures that lie just below the logistic baseline's."""
    bins = [
        {"lower": low / 10, "upper": (low + 1) / 10, "n": n, "confidence": low / 10 + 0.05,
         "accuracy": accuracy}
        for low, n, accuracy in ((3, 900, 0.36), (4, 1500, 0.41), (5, 400, 0.43), (6, 60, 0.5))
    ]  # fmt: skip
    figures = {
        "n": 2860, "accuracy": 0.398, "balanced_accuracy": 0.36, "macro_f1": 0.341, "mcc": 0.031,
        "log_loss": 1.081, "brier": 0.655, "ece": 0.061, "calibration": bins,
        "confusion": [[310, 420, 240], [205, 610, 180], [270, 400, 225]], "reasons": {},
    }  # fmt: skip
    return {
        "model": "lstm",
        "evaluation": figures,
        "baselines": {
            "majority": {"n": 2860, "accuracy": 0.348, "balanced_accuracy": 1 / 3, "mcc": math.nan,
                         "macro_f1": 0.172, "log_loss": 1.0981, "brier": 0.6665, "ece": 0.002,
                         "reasons": {"mcc": "only one class is predicted"}},
            "logistic": {**figures, "accuracy": 0.402, "macro_f1": 0.352, "mcc": 0.044},
        },
        "history": {
            "loss": [1.12, 1.09, 1.07, 1.05, 1.03, 1.01],
            "val_loss": [1.10, 1.09, 1.085, 1.083, 1.09, 1.10],
            "val_accuracy": [0.35, 0.37, 0.39, 0.40, 0.39, 0.38],
            "val_macro_f1": [0.20, 0.29, 0.33, 0.345, 0.34, 0.33],
        },
        "feature_importance": [
            {"feature": f"feature_{k}", "importance": 0.03 / (k + 1) - 0.002, "std": 0.001}
            for k in range(30)
        ],
        "train_end": "2024-08-20T00:00:00Z",
    }  # fmt: skip


@pytest.fixture(scope="session")
def bars() -> pd.DataFrame:
    return sample_bars()


@pytest.fixture
def make_run() -> Callable[..., Run]:
    return run_on


@pytest.fixture
def make_bars() -> Callable[..., pd.DataFrame]:
    return sample_bars


@pytest.fixture
def run(bars: pd.DataFrame) -> Run:
    return run_on(bars)


@pytest.fixture
def ml_run(run: Run) -> Run:
    return dataclasses.replace(run, model_report=model_report())


@pytest.fixture
def idle_run(bars: pd.DataFrame) -> Run:
    """Return a run whose averages never cross, so that it never trades."""
    return run_on(bars.head(40))
