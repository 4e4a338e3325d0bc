"""All figures of a run in one dictionary, each with its reason where it has no value."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hftsim.analytics.activity import activity_figures
from hftsim.analytics.annualise import bar_clock
from hftsim.analytics.benchmark import benchmark_figures
from hftsim.analytics.catalogue import GROUPS, METRICS, Metric
from hftsim.analytics.distribution import risk_figures
from hftsim.analytics.drawdown import drawdown_figures, max_drawdown
from hftsim.analytics.returns import return_figures
from hftsim.analytics.risk_adjusted import risk_adjusted_figures, sortino_per_bar
from hftsim.analytics.sample import Sample, curve_of, risk_free_per_bar, sample_of
from hftsim.analytics.sharpe import sharpe_figures, sharpe_per_bar
from hftsim.analytics.trades import frame_of, trade_figures
from hftsim.analytics.undefined import Figure, FloatArray, Undefined, scale, to_float
from hftsim.core.errors import DataError, InputError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd

WHOLE_UNITS = ("count", "bars")


class Metrics(dict[str, float]):
    """Figures by name, NaN where undefined; every name is documented in `METRICS`.

    Parameters
    ----------
    values : name -> float.
    reasons : name -> why it is NaN; exactly the names that are NaN.
    annualisation : in one sentence, how many bars a year the annual figures assume and why.
    """

    def __init__(
        self, values: Mapping[str, float], reasons: Mapping[str, str], annualisation: str
    ) -> None:
        super().__init__(values)
        self.reasons = dict(reasons)
        self.annualisation = annualisation

    def __missing__(self, name: str) -> float:
        raise UnknownNameError("metric", name, self)

    def describe(self) -> "pd.DataFrame":
        """Return a table: name, group, value, unit, meaning, source and, for NaN, the reason."""
        import pandas as pd

        rows = [
            (name, group, self[name], *metric, self.reasons.get(name, ""))
            for group, name, metric in _known(self)
        ]
        columns = ["name", "group", "value", "unit", "meaning", "source", "reason"]
        return pd.DataFrame(rows, columns=columns)

    def to_json_dict(self) -> dict[str, Any]:
        """Return ``{name: value or None, ..., "reasons": {name: reason}}`` for JSON.

        Counts and bars that are whole numbers become int.
        """
        values: dict[str, Any] = {
            name: _plain(value, METRICS.get(name)) for name, value in self.items()
        }
        return values | {"reasons": dict(self.reasons)}

    def __str__(self) -> str:
        lines: list[str] = []
        heading = ""
        for group, name, metric in _known(self):
            if group != heading:
                lines += ["", group] if lines else [group]
                heading = group
            value = f"{_shown(self[name], metric):>14} {metric.unit}"
            lines.append(f"  {name:<28}{value}" + self._because(name))
        return "\n".join([*lines, "", f"annual figures assume {self.annualisation}"])

    def _because(self, name: str) -> str:
        return f" ({self.reasons[name]})" if name in self.reasons else ""


class PerformanceMetrics:
    """The figures of a run, as the documents name them; nothing here keeps state."""

    @staticmethod
    def calculate_all_metrics(
        equity_curve: "pd.Series | npt.ArrayLike",
        trades: "pd.DataFrame | Iterable[Mapping[str, Any]] | None" = None,
        initial_capital: float | None = None,
        *,
        benchmark: "pd.Series | npt.ArrayLike | None" = None,
        positions: "pd.DataFrame | pd.Series | npt.ArrayLike | None" = None,
        fills: "pd.DataFrame | Iterable[Mapping[str, Any]] | None" = None,
        risk_free_rate: float = 0.0,
        periods_per_year: float | None = None,
        trials: int = 1,
    ) -> Metrics:
        """Return every figure of `METRICS`.

        What cannot be computed is NaN with a reason: too few observations, nothing to divide by,
        an input that was not given, an account that was wiped out.

        Parameters
        ----------
        equity_curve : equity at bar closes, shape (n,), quote currency; with a UTC DatetimeIndex of
            the bars' CLOSE times the annual and daily figures are known too.
        trades : round trips with a column pnl (after fees) and, where known, is_open, side, fees,
            gross_pnl, return_pct, bars_held, entry_time, exit_time.
        initial_capital : equity one bar before the curve starts; without it, and where the curve
            starts with it, the first point of the curve only opens the run.
        benchmark : equity of holding instead, same bars, same starting capital.
        positions : quantity held at each bar, same bars, one column a symbol.
        fills : executions with price, qty, fee and, where known, slippage, is_maker, notional
            (price x qty is taken for the value where there is none).
        risk_free_rate : fraction a year.
        periods_per_year : bars a year; read from the index where it is None (see `bar_clock`).
        trials : how many strategies or parameter sets were tried before this one was chosen.

        Raises
        ------
        DataError
            An empty curve, values that are not finite numbers, times that do not increase, inputs
            that do not share the curve's bars, a table without the column it needs.
        InputError
            A capital, rate, number of periods or of trials that makes no sense.
        """
        curve = curve_of(equity_curve)
        sample = sample_of(
            curve,
            initial_capital=initial_capital,
            risk_free_rate=risk_free_rate,
            periods_per_year=periods_per_year,
        )
        trips = frame_of(trades, "trades", ("pnl",))
        executions = frame_of(fills, "fills", ())
        figures: dict[str, Figure] = _clock_figures(sample)
        figures |= return_figures(sample) | risk_figures(sample) | drawdown_figures(sample)
        figures |= sharpe_figures(sample, trials) | risk_adjusted_figures(sample, figures)
        total = figures["total_return_pct"]
        figures |= benchmark_figures(sample, curve, benchmark, initial_capital, total)
        figures |= trade_figures(trips, sample.market_days)
        figures |= activity_figures(curve, positions, executions, trips, sample.market_days)
        return _collect(figures, _assumption(sample, periods_per_year))

    @staticmethod
    def calculate_sharpe_ratio(
        returns: "pd.Series | npt.ArrayLike",
        risk_free_rate: float = 0.0,
        periods_per_year: float | None = None,
    ) -> float:
        """Return mean(r - f) / sd(r - f) x sqrt(P) (Sharpe 1994), NaN where it is undefined.

        Parameters
        ----------
        returns : simple returns from bar to bar, shape (n,).
        risk_free_rate : fraction a year.
        periods_per_year : bars a year; read from a DatetimeIndex where it is None.

        Raises
        ------
        DataError
            Returns that are not finite numbers, or no times where periods_per_year is None.
        InputError
            A rate or number of periods that makes no sense.
        """
        values, annual, target = _returns(returns, risk_free_rate, periods_per_year)
        return to_float(scale(sharpe_per_bar(values, target), math.sqrt(annual)))

    @staticmethod
    def calculate_sortino_ratio(
        returns: "pd.Series | npt.ArrayLike",
        risk_free_rate: float = 0.0,
        periods_per_year: float | None = None,
    ) -> float:
        """Return mean(r - f) / downside deviation x sqrt(P) (Sortino and Price 1994) or NaN.

        Parameters and errors as `calculate_sharpe_ratio`.
        """
        values, annual, target = _returns(returns, risk_free_rate, periods_per_year)
        return to_float(scale(sortino_per_bar(values, target), math.sqrt(annual)))

    calculate_max_drawdown = staticmethod(max_drawdown)


def _clock_figures(sample: Sample) -> dict[str, Figure]:
    return {
        "periods": float(len(sample.curve.values) - 1),
        "periods_per_year": sample.annual,
        "market_days": sample.market_days,
    }


def _assumption(sample: Sample, given: float | None) -> str:
    if given is not None:
        return f"{given:g} bars a year, as the caller said"
    if isinstance(sample.clock, Undefined):
        return f"nothing: {sample.clock.reason}"
    return sample.clock.assumption


def _collect(figures: Mapping[str, Figure], annualisation: str) -> Metrics:
    """Put the figures in the catalogue's order; what overflowed becomes undefined."""
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for name in METRICS:
        figure = figures[name]
        values[name] = to_float(figure)
        if isinstance(figure, Undefined):
            reasons[name] = figure.reason
        elif not math.isfinite(figure):
            values[name] = float("nan")
            reasons[name] = "the numbers are too large or too small to compute it"
    return Metrics(values, reasons, annualisation)


def _known(metrics: Metrics) -> list[tuple[str, str, Metric]]:
    return [
        (group, name, metric)
        for group, members in GROUPS.items()
        for name, metric in members.items()
        if name in metrics
    ]


def _is_whole(value: float, metric: Metric | None) -> bool:
    return metric is not None and metric.unit in WHOLE_UNITS and float(value).is_integer()


def _plain(value: float, metric: Metric | None) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if _is_whole(value, metric) else float(value)


def _shown(value: float, metric: Metric) -> str:
    if math.isnan(value):
        return "-"
    if _is_whole(value, metric):
        return f"{value:,.0f}"
    return f"{value:.3g}" if 0.0 < abs(value) < 0.1 else f"{value:,.2f}"


def _returns(
    returns: "pd.Series | npt.ArrayLike", risk_free_rate: float, given: float | None
) -> tuple[FloatArray, float, float]:
    import pandas as pd

    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError("returns must be one column of finite numbers (drop the first NaN by name)")
    if given is None:
        if not isinstance(returns, pd.Series):
            raise InputError("returns have no times: give periods_per_year")
        given = bar_clock(returns.index).periods_per_year
    if not (math.isfinite(given) and given > 0):
        raise InputError(f"periods_per_year must be a positive number, not {given}")
    return values, given, risk_free_per_bar(risk_free_rate, given)
