"""BacktestResult: everything a run produced; tables and figures are made when first asked for."""

import copy
import functools
import math
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hftsim.analytics import Metrics, PerformanceMetrics, periods_per_year
from hftsim.backtest import tables
from hftsim.backtest.bar_run import BarRun
from hftsim.backtest.config import HASHED_WHEN_SET, BacktestConfig
from hftsim.backtest.hashes import fills_hash, instrument_dict, run_hash
from hftsim.backtest.tick_run import TickRun
from hftsim.core.enums import InstrumentKind, RejectReason
from hftsim.core.errors import UnknownNameError
from hftsim.core.version import __version__
from hftsim.engine import users_line
from hftsim.portfolio.round_trips import round_trips
from hftsim.strategies.base import Strategy

if TYPE_CHECKING:
    from hftsim.models import WindowClassifier


_COINS = 1000.0
"""An account that begins with less is one of coins: its money has eight decimals."""


class BacktestResult:
    """What a backtest did and earned.

    Parameters
    ----------
    run : the market after the run, with the data it ran on.
    strategy : the strategy after the run; the result keeps a copy, which later runs do not change.
    config : the settings.
    mode : ``native`` or ``python``.
    error : why the run ended early; empty if it did not.
    """

    def __init__(
        self,
        run: BarRun | TickRun,
        strategy: Strategy,
        config: BacktestConfig,
        mode: str,
        *,
        error: str = "",
    ) -> None:
        self.run, self.market, self.strategy = run, run.market, copy.copy(strategy)
        self.config, self.mode, self.error = config, mode, error
        self.model_report: dict[str, Any] | None = None
        self.model: WindowClassifier | None = None

    @property
    def bars(self) -> dict[str, pd.DataFrame]:
        """The bars it ran on, by symbol; on ticks, the mid price by point of the equity curve."""
        return self.run.bars

    @property
    def strategy_name(self) -> str:
        """The strategy's class name."""
        return type(self.strategy).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """The strategy's parameters as the run started with them."""
        return self.strategy.parameters

    @functools.cached_property
    def equity_curve(self) -> pd.Series:
        """Equity in settlement currency: after each bar by close time, or at regular times on ticks."""
        equity = self.run.equity
        equity.flags.writeable = False  # the series shares it
        return pd.Series(equity, index=self.run.times, name="equity", copy=False)

    @functools.cached_property
    def benchmark(self) -> pd.Series:
        """Equity of buy and hold, on the same index."""
        return self.run.benchmark()

    @functools.cached_property
    def positions(self) -> pd.DataFrame:
        """Position at the times of the equity curve, base units, one column for each symbol."""
        lots, market = self.run.positions, self.market
        values = {
            symbol: lots[:, k] * float(market.instruments[k].lot_size)
            for k, symbol in enumerate(market.symbols)
        }
        return pd.DataFrame(values, index=self.run.times)

    @functools.cached_property
    def fills(self) -> pd.DataFrame:
        """Every execution with its reason."""
        return tables.fills_table(self.market)

    @functools.cached_property
    def orders(self) -> pd.DataFrame:
        """Every request and what became of it."""
        return tables.orders_table(self.market)

    @functools.cached_property
    def refusals(self) -> pd.DataFrame:
        """The requests that were refused, with reasons."""
        return tables.refusals_table(self.orders)

    @functools.cached_property
    def signals(self) -> pd.DataFrame:
        """The strategy's signals with confidence and reasoning."""
        return tables.signals_table(self.market, self.run.signal_rows, self._explanation)

    @functools.cached_property
    def funding(self) -> pd.DataFrame:
        """Every payment of funding; below 0 it was received."""
        return tables.funding_table(self.market)

    @functools.cached_property
    def trades(self) -> pd.DataFrame:
        """Round trips from flat to flat; an open one is valued at the last close."""
        log = tables.fills_log(self.market)
        columns = {
            "time": log["ts_event"],
            **{n: log[n] for n in ("instrument", "side", "price", "qty", "fee", "reason")},
        }
        found = round_trips(
            columns, self.market.instruments, self.run.marks, bar_times=self.run.trade_times
        )
        for name in ("entry_time", "exit_time"):
            found[name] = pd.DatetimeIndex(found[name]).tz_localize("UTC")  # type: ignore[assignment]
        return pd.DataFrame(found)

    @functools.cached_property
    def metrics(self) -> Metrics:
        """All performance figures, with a reason for each that is undefined."""
        return PerformanceMetrics.calculate_all_metrics(
            self.equity_curve,
            self.trades,
            self.config.initial_capital,
            benchmark=self.benchmark,
            positions=self.positions,
            fills=self.fills,
            periods_per_year=self._periods_per_year(),
        )

    @functools.cached_property
    def fills_hash(self) -> str:
        """Hash of the fills alone: the same for native and Python runs."""
        return fills_hash(tables.fills_log(self.market))

    @functools.cached_property
    def run_hash(self) -> str:
        """Hash of data, instruments, parameters, predictions, fills and equity."""
        names = self.market.column_names
        signals = [t[:, names.index("signal")] for t in self.market.columns if "signal" in names]
        return run_hash(
            data=self.run.hashes(),
            instruments=self.market.instruments,
            parameters=self._hashed_parameters(),
            predictions=np.concatenate(signals) if signals else None,
            fills=self.fills_hash,
            equity=self.run.equity,
        )

    @functools.cached_property
    def summary(self) -> dict[str, Any]:
        """The headline figures; percents where the key ends with ``_pct``."""
        context, equity = self.market.context, self.equity_curve
        capital, final = self.config.initial_capital, float(equity.to_numpy()[-1])
        trades = self.trades
        halted = int(context["halted"][0])
        held = float(self.benchmark.to_numpy()[-1])
        return {
            "symbol": ",".join(self.market.symbols),
            "strategy": self.strategy_name,
            "start": equity.index[0].isoformat(),
            "end": equity.index[-1].isoformat(),
            "initial_capital": capital,
            "currency": self.market.instruments[0].settle,
            "final_value": final,
            "current_value": final,
            "total_pnl": final - capital,
            "total_return_pct": 100.0 * (final / capital - 1.0),
            "buy_and_hold_return_pct": 100.0 * (held / capital - 1.0),
            "total_fees": float(context["fees"][0]),
            "gross_pnl": final - capital + float(context["fees"][0]),
            "max_drawdown_pct": float(self.metrics["max_drawdown_pct"]),
            "sharpe_ratio": float(self.metrics["sharpe_ratio"]),
            "win_rate": float(self.metrics["win_rate"]),
            "trades": int((~trades["is_open"]).sum()),
            "open_positions": int(trades["is_open"].sum()),
            "fills": len(tables.fills_log(self.market)),
            "orders": int(context["order_count"][0]),
            "refusals": int(context["refused"][0]),
            "signals": tables.signal_count(self.market),
            **self.run.counts(),
            "halted": RejectReason(halted).name.lower() if halted else None,
            "halted_at": self._halted_at(),
            "simulated": self.run.is_simulated,
            **self._model_summary(),
            "run_hash": self.run_hash,
            "fills_hash": self.fills_hash,
        }

    @functools.cached_property
    def provenance(self) -> dict[str, Any]:
        """Where everything came from: data, rules, parameters, versions."""
        return {
            "data": self.run.about_data(),
            "instruments": [
                {**instrument_dict(rules), "symbol": symbol}
                for symbol, rules in zip(self.market.symbols, self.market.instruments, strict=True)
            ],
            "strategy": {"name": self.strategy_name, "parameters": self.parameters},
            "config": self.config.to_dict(),
            "model": self._model_provenance(),
            "seed": self.config.seed,
            "mode": self.mode,
            "versions": {
                "hftsim": __version__,
                "python": sys.version.split()[0],
                "numpy": np.__version__,
                "numba": version("numba"),
                "pandas": pd.__version__,
            },
        }

    @property
    def signal_stats(self) -> dict[str, float]:
        """How often the strategy said buy, sell or nothing."""
        decisions = int(self.market.context["decisions"][0])
        buys = int((self.signals["action"] == "BUY").sum())
        sells = len(self.signals) - buys
        counts = {"buy": buys, "sell": sells, "hold": max(0, decisions - buys - sells)}
        total = max(1, sum(counts.values()))
        return {
            **{f"{name}_signals": n for name, n in counts.items()},
            **{f"{name}_pct": 100.0 * n / total for name, n in counts.items()},
        }

    def __getitem__(self, name: str) -> Any:
        """Return a part, or a figure of the summary, as dictionary-style results name it."""
        named = {"num_signals": "signals", "trades_executed": "fills"}
        if name in named:
            return self.summary[named[name]]
        parts = [n for n in (*vars(type(self)), *vars(self)) if not n.startswith("_")]
        if name in parts:
            return getattr(self, name)
        if name in self.summary:
            return self.summary[name]
        raise UnknownNameError("part of the result", name, [*named, *parts, *self.summary])

    def __str__(self) -> str:
        s, unit = self.summary, self.market.unit
        digits = 2 if s["initial_capital"] >= _COINS else 8
        lines = [
            f"{self.strategy_name} on {s['symbol']}: {_minute(s['start'])} to {_minute(s['end'])} UTC, "
            f"{s[unit]:,} {unit}" + (" (simulated data)" if s["simulated"] else ""),
            f"  return        {s['total_return_pct']:+10.2f} %   buy and hold "
            f"{s['buy_and_hold_return_pct']:+.2f} %",
            f"  final value   {s['final_value']:12,.{digits}f}   from {s['initial_capital']:,.{digits}f}",
            f"  max drawdown  {s['max_drawdown_pct']:10.2f} %   Sharpe {_shown(s['sharpe_ratio'], 2)}",
            f"  trades        {s['trades']:10,d}     win rate {_shown(s['win_rate'], 1, ' %')}",
            f"  fees          {s['total_fees']:12,.{digits}f}   before fees {s['gross_pnl']:+,.{digits}f}",
            f"  refused       {s['refusals']:10,d}     {self._main_refusal()}".rstrip(),
        ]
        if s["halted"]:
            lines.append(f"  HALTED by {s['halted']} at {_minute(s['halted_at'])} UTC")
        if s.get("funding_payments"):
            paid, count = f"{s['funding']:12,.{digits}f}", s["funding_payments"]
            lines.append(f"  funding       {paid}   paid in {count} payments")
        if s["final_value"] < 0:
            lines.append(f"  BELOW ZERO: the account owes {-s['final_value']:,.6g} {s['currency']}")
        if self.error:
            lines.append(f"  ENDED EARLY: {self.error}")
        return "\n".join([*lines, f"  run hash      {s['run_hash'][:16]}"])

    def _periods_per_year(self) -> float | None:
        """Return bars a year where the instruments say more than the bars' own clock does."""
        kinds = {i.kind for i in self.market.instruments}
        if kinds != {InstrumentKind.EQUITY} or len(self.equity_curve) < 2:
            return None
        return periods_per_year(self.equity_curve.index, continuous=False)

    def _model_summary(self) -> dict[str, Any]:
        if self.model_report is None:
            return {}
        baselines = self.model_report["baselines"]
        return {
            "model": self.model_report["model"],
            **{name: self.model_report[name] for name in ("accuracy", "macro_f1", "mcc")},
            **{f"{name}_macro_f1": figures["macro_f1"] for name, figures in baselines.items()},
        }

    def _model_provenance(self) -> dict[str, Any] | None:
        if self.model_report is None:
            return None
        names = ("model", "parameters", "features", "lookback", "horizon", "data_sha256")
        return {name: self.model_report[name] for name in names}

    def _main_refusal(self) -> str:
        if self.refusals.empty:
            return ""
        counts = self.refusals["reason"].value_counts()
        return f"mostly {counts.index[0]} ({counts.iat[0]})"

    def _halted_at(self) -> str | None:
        if not int(self.market.context["halted"][0]):
            return None
        return pd.Timestamp(int(self.market.context["halted_at"][0]), tz="UTC").isoformat()

    def _explanation(self, action: str, row: Mapping[str, float]) -> str:
        """Return the strategy's explanation; where it raises, what and where: nothing else is lost."""
        try:
            return str(self.strategy.explain(action, row))
        except Exception as error:  # noqa: BLE001 - whatever the user's code raises
            return f"explain() raised {type(error).__name__}: {error} ({users_line(error)})"

    def _hashed_parameters(self) -> dict[str, Any]:
        others = self.run.config_of_other_data
        config = {k: v for k, v in self.config.to_dict().items() if k not in others}
        config = {k: v for k, v in config.items() if v or k not in HASHED_WHEN_SET}
        config.pop("funding", None)  # a path; what it holds is part of the data
        told = {"strategy": self.strategy_name, **self.parameters, "config": config}
        if self.model_report is not None:
            names = ("model", "parameters", "lookback", "horizon", "data_sha256")
            told["learning"] = {name: self.model_report[name] for name in names}
        return told


def _minute(iso_time: str) -> str:
    return iso_time[:16].replace("T", " ")


def _shown(value: float, digits: int, unit: str = "") -> str:
    return "undefined" if math.isnan(value) else f"{value:.{digits}f}{unit}"
