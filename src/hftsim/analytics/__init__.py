"""Numbers about a run: arrays and frames in, figures out, no pictures."""

from hftsim.analytics.annualise import BarClock, bar_clock, periods_per_year
from hftsim.analytics.catalogue import GROUPS, METRICS, Metric
from hftsim.analytics.drawdown import drawdowns
from hftsim.analytics.metrics import Metrics, PerformanceMetrics
from hftsim.analytics.returns import monthly_returns, returns_of
from hftsim.analytics.sharpe import expected_best_sharpe, probabilistic_sharpe

__all__ = [
    "GROUPS",
    "METRICS",
    "BarClock",
    "Metric",
    "Metrics",
    "PerformanceMetrics",
    "bar_clock",
    "drawdowns",
    "expected_best_sharpe",
    "monthly_returns",
    "periods_per_year",
    "probabilistic_sharpe",
    "returns_of",
]
