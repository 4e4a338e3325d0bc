"""Every figure's unit, meaning (with formula) and source: the one place that documents them.

In the formulas r are simple returns from bar to bar, T is how many there are, P the bars a year,
f the risk-free return of one bar, mean and sd (n - 1) are over bars, equity is marked at bar closes.
"""

from typing import NamedTuple


class Metric(NamedTuple):
    """What a figure is.

    Parameters
    ----------
    unit : "percent", "fraction", "ratio", "probability", "bars", "days", "minutes", "count",
        "quote currency" or "a day".
    meaning : what it tells and its formula.
    source : where the formula comes from.
    """

    unit: str
    meaning: str
    source: str


ARITHMETIC = "arithmetic"
_BACON = "Bacon, Practical Portfolio Performance Measurement and Attribution, 2008"
_PSR = "Bailey and Lopez de Prado, The Sharpe ratio efficient frontier, J. Risk 15(2), 2012"
_LO = "Lo, The statistics of Sharpe ratios, Financial Analysts J. 58(4), 2002"
_ZEPHYR = "Zephyr Associates (Becker), pain index and pain ratio, 2006"
_MARTIN = "Martin and McCann, The Investor's Guide to Fidelity Funds, 1989"
_MDD = "Magdon-Ismail and Atiya, Maximum drawdown, Risk 17(10), 2004"
_VAR = "Jorion, Value at Risk, 2006 (historical simulation)"
_CVAR = "Rockafellar and Uryasev, Optimization of conditional value-at-risk, J. Risk 2(3), 2000"
_MOMENTS = "Joanes and Gill, Comparing measures of sample skewness and kurtosis, 1998"
_SHARPE = "Sharpe, The Sharpe ratio, J. Portfolio Management 21(1), 1994"
_SORTINO = "Sortino and Price, Performance measurement in a downside risk framework, 1994"
_JENSEN = "Jensen, The performance of mutual funds, J. Finance 23(2), 1968"
_GOODWIN = "Goodwin, The information ratio, Financial Analysts J. 54(4), 1998"

CLOCK = {
    "periods": Metric("bars", "returns measured, T", ARITHMETIC),
    "periods_per_year": Metric(
        "bars",
        "bars a year, P, that every annual figure assumes: 365 x 24 h / interval where the market "
        "never closes, 252 x the bars of a usual session day where it does",
        "the bars' own clock",
    ),
    "market_days": Metric(
        "days",
        "days the market was open meanwhile: T / P x 365, or x 252 with sessions",
        ARITHMETIC,
    ),
}
RETURNS = {
    "total_return_pct": Metric("percent", "last equity / starting capital - 1", ARITHMETIC),
    "annual_return_pct": Metric(
        "percent",
        "geometric return a year: (last / start)^(P / T) - 1; for a run shorter than a year this "
        "is an extrapolation, not a result",
        _BACON,
    ),
    "total_pnl": Metric("quote currency", "last equity - starting capital", ARITHMETIC),
    "mean_return_pct": Metric("percent", "mean(r) of one bar", ARITHMETIC),
    "best_return_pct": Metric("percent", "best bar", ARITHMETIC),
    "worst_return_pct": Metric("percent", "worst bar", ARITHMETIC),
    "positive_periods_pct": Metric("percent", "share of bars with r > 0", ARITHMETIC),
    "best_day_pct": Metric("percent", "best UTC day, close to close", ARITHMETIC),
    "worst_day_pct": Metric("percent", "worst UTC day, close to close", ARITHMETIC),
    "positive_days_pct": Metric("percent", "share of UTC days that earned", ARITHMETIC),
    "best_month_pct": Metric("percent", "best UTC month, broken ones included", ARITHMETIC),
    "worst_month_pct": Metric("percent", "worst UTC month, broken ones included", ARITHMETIC),
    "positive_months_pct": Metric("percent", "share of UTC months that earned", ARITHMETIC),
}
RISK = {
    "annual_volatility_pct": Metric("percent", "sd(r) x sqrt(P)", _BACON),
    "downside_deviation_pct": Metric(
        "percent", "sqrt(mean(min(r - f, 0)^2)) x sqrt(P), over ALL bars", _SORTINO
    ),
    "var_95": Metric(
        "fraction",
        "loss that 95 % of the bars stay below: minus the 5 % quantile of r; positive is a loss",
        _VAR,
    ),
    "var_99": Metric("fraction", "the same at 99 %", _VAR),
    "cvar_95": Metric(
        "fraction",
        "mean loss of the worst 5 % of the bars, floor(0.05 (T - 1)) + 1 of them; positive is a "
        "loss",
        _CVAR,
    ),
    "cvar_99": Metric("fraction", "the same of the worst 1 %", _CVAR),
    "skewness": Metric("ratio", "g1: third central moment / sd^3, population moments", _MOMENTS),
    "kurtosis": Metric(
        "ratio",
        "g2: fourth central moment / variance^2 - 3, population moments; EXCESS: 0 is normal",
        _MOMENTS,
    ),
    "tail_ratio": Metric(
        "ratio", "|95 % quantile of r| / |5 % quantile|", "empyrical (Quantopian)"
    ),
    "autocorrelation": Metric(
        "ratio", "of r with the bar before; far from 0 the annual figures mislead", _LO
    ),
}
DRAWDOWN = {
    "max_drawdown_pct": Metric(
        "percent", "deepest fall below an earlier peak, positive; above 100 if money was owed", _MDD
    ),
    "max_drawdown_bars": Metric(
        "bars", "that drawdown from its peak to the recovery, or to the end of the run", _MDD
    ),
    "max_drawdown_days": Metric("days", "the same in calendar days", _MDD),
    "recovery_bars": Metric("bars", "from that drawdown's trough back to its peak", _MDD),
    "recovery_days": Metric("days", "the same in calendar days", _MDD),
    "longest_drawdown_bars": Metric("bars", "longest time from a peak until it was back", _MDD),
    "drawdown_count": Metric("count", "stretches below an earlier peak", ARITHMETIC),
    "avg_drawdown_pct": Metric("percent", "mean depth of those stretches", _BACON),
    "time_under_water_pct": Metric("percent", "share of bars below an earlier peak", _BACON),
    "ulcer_index_pct": Metric("percent", "sqrt(mean(drawdown^2)) over all bars", _MARTIN),
    "pain_index_pct": Metric("percent", "mean(drawdown) over all bars", _ZEPHYR),
}
RISK_ADJUSTED = {
    "sharpe_ratio": Metric(
        "ratio",
        "from BAR returns: mean(r - f) / sd(r - f) x sqrt(P); on short bars autocorrelation bends "
        "it: compare sharpe_daily",
        _SHARPE,
    ),
    "sharpe_daily": Metric(
        "ratio",
        "the same from DAILY returns (UTC close to close, first day opens) x sqrt(365, or 252 with "
        "sessions); from 20 days on; the one to compare between bar lengths",
        _SHARPE,
    ),
    "sharpe_standard_error": Metric(
        "ratio",
        "standard error of sharpe_ratio: sqrt((1 - g1 SR + (g2 + 2) / 4 SR^2) / (T - 1)) x "
        "sqrt(P), SR per bar",
        "Mertens, Comments on variance of the IID estimator in Lo (2002), 2002",
    ),
    "sharpe_autocorr_adjusted": Metric(
        "ratio",
        "sharpe_ratio x sqrt(P / (P + 2 sum (P - k) rho_k)), lags up to 4 (T / 100)^(2/9)",
        _LO,
    ),
    "probabilistic_sharpe_ratio": Metric(
        "probability",
        "that the true Sharpe ratio is above 0: Phi(SR sqrt(T - 1) / sqrt(1 - g1 SR + (g2 + 2) / 4 "
        "SR^2))",
        _PSR,
    ),
    "deflated_sharpe_ratio": Metric(
        "probability",
        "that it is above the best expected of so many trials without skill, whose Sharpe ratios "
        "spread by 1 / sqrt(T - 1); with one trial the same as probabilistic_sharpe_ratio",
        "Bailey and Lopez de Prado, The deflated Sharpe ratio, J. Portfolio Management 40(5), 2014",
    ),
    "min_track_record_bars": Metric(
        "bars",
        "T from which the Sharpe ratio seen would be above 0 with 95 % confidence",
        _PSR,
    ),
    "sortino_ratio": Metric("ratio", "mean(r - f) / downside deviation x sqrt(P)", _SORTINO),
    "calmar_ratio": Metric(
        "ratio",
        "annual_return_pct / max_drawdown_pct, over the whole run",
        "Young, Calmar ratio: a smoother tool, Futures 20(1), 1991",
    ),
    "omega_ratio": Metric(
        "ratio",
        "sum(max(r - f, 0)) / sum(max(f - r, 0))",
        "Keating and Shadwick, A universal performance measure, 2002",
    ),
    "martin_ratio": Metric("ratio", "annual_return_pct / ulcer_index_pct", _MARTIN),
    "pain_ratio": Metric("ratio", "annual_return_pct / pain_index_pct", _ZEPHYR),
    "recovery_factor": Metric(
        "ratio", "total_pnl / deepest drawdown, both in quote currency", _BACON
    ),
    "gain_to_pain": Metric(
        "ratio",
        "sum(r) / |sum of the negative r|, over bars",
        "Schwager, Hedge Fund Market Wizards, 2012 (there over months)",
    ),
    "common_sense_ratio": Metric(
        "ratio",
        "tail_ratio x sum of the positive r / |sum of the negative r|",
        "Bernut, Algorithmic Short Selling with Python, 2021",
    ),
    "k_ratio": Metric(
        "ratio",
        "slope / its standard error x sqrt(P) / points, of the line through log equity",
        "Kestner, (Re-)introducing the K-ratio, SSRN 2230949, 2013",
    ),
    "stability": Metric(
        "ratio", "R^2 of the line through log equity, 1 is straight", "empyrical (Quantopian)"
    ),
}
BENCHMARK = {
    "benchmark_return_pct": Metric(
        "percent", "what the benchmark made of the same starting capital", ARITHMETIC
    ),
    "excess_return_pct": Metric("percent", "total_return_pct - benchmark_return_pct", ARITHMETIC),
    "alpha": Metric(
        "fraction",
        "a year, not compounded: P x (mean(r - f) - beta x mean(b - f)), b the benchmark's returns",
        _JENSEN,
    ),
    "beta": Metric(
        "ratio", "cov(r, b) / var(b)", "Sharpe, Capital asset prices, J. Finance 19(3), 1964"
    ),
    "correlation": Metric("ratio", "Pearson's, of r and b", ARITHMETIC),
    "tracking_error_pct": Metric("percent", "sd(r - b) x sqrt(P)", _GOODWIN),
    "information_ratio": Metric("ratio", "mean(r - b) / sd(r - b) x sqrt(P)", _GOODWIN),
    "treynor_ratio": Metric(
        "fraction",
        "P x mean(r - f) / beta, a year",
        "Treynor, How to rate management of investment funds, 1965",
    ),
}
TRADES = {
    "trades": Metric("count", "closed round trips; all below is over these", ARITHMETIC),
    "open_trades": Metric("count", "round trips still open at the end", ARITHMETIC),
    "long_trades": Metric("count", "closed round trips that bought first", ARITHMETIC),
    "short_trades": Metric("count", "closed round trips that sold first", ARITHMETIC),
    "win_rate": Metric("percent", "share with pnl > 0 (after fees)", ARITHMETIC),
    "profit_factor": Metric("ratio", "gross_profit / gross_loss", ARITHMETIC),
    "expectancy": Metric("quote currency", "mean pnl of a trade, after fees", ARITHMETIC),
    "payoff_ratio": Metric("ratio", "avg_win / |avg_loss|", ARITHMETIC),
    "avg_win": Metric("quote currency", "mean pnl of the trades that won", ARITHMETIC),
    "avg_loss": Metric("quote currency", "mean pnl of those that lost; negative", ARITHMETIC),
    "largest_win": Metric("quote currency", "best pnl", ARITHMETIC),
    "largest_loss": Metric("quote currency", "worst pnl; negative", ARITHMETIC),
    "max_consecutive_wins": Metric("count", "longest row of trades with pnl > 0", ARITHMETIC),
    "max_consecutive_losses": Metric("count", "longest row of trades with pnl < 0", ARITHMETIC),
    "gross_profit": Metric("quote currency", "sum of the positive pnl", ARITHMETIC),
    "gross_loss": Metric("quote currency", "sum of the negative pnl; shown positive", ARITHMETIC),
    "system_quality": Metric(
        "ratio",
        "sqrt(trades) x mean(pnl) / sd(pnl): the t-statistic of the mean trade",
        "Tharp, The Definitive Guide to Position Sizing, 2008",
    ),
    "kelly_fraction": Metric(
        "fraction",
        "w - (1 - w) / payoff_ratio, w the share that won; negative: do not trade",
        "Kelly, A new interpretation of information rate, Bell System Technical J. 35(4), 1956",
    ),
    "avg_trade_pct": Metric("percent", "mean return of a trade on its entry value", ARITHMETIC),
    "avg_holding_bars": Metric("bars", "mean time in a trade", ARITHMETIC),
    "median_holding_bars": Metric("bars", "median time in a trade", ARITHMETIC),
    "avg_holding_minutes": Metric("minutes", "mean time in a trade", ARITHMETIC),
    "median_holding_minutes": Metric("minutes", "median time in a trade", ARITHMETIC),
    "trades_per_day": Metric("a day", "trades / market_days", ARITHMETIC),
}
ACTIVITY = {
    "exposure_pct": Metric("percent", "share of bars with any position", ARITHMETIC),
    "turnover": Metric("ratio", "value traded, both ways / mean equity", ARITHMETIC),
    "turnover_per_day": Metric("a day", "turnover / market_days", ARITHMETIC),
    "total_fees": Metric(
        "quote currency", "fees of all fills (of all trades where fills are not given)", ARITHMETIC
    ),
    "fees_share_pct": Metric(
        "percent",
        "fees of the closed trades / profit before fees of those that won before fees",
        ARITHMETIC,
    ),
    "total_slippage": Metric(
        "quote currency",
        "sum of slippage x qty over fills that have a reference price; positive is a cost",
        ARITHMETIC,
    ),
    "maker_share_pct": Metric("percent", "share of the value traded as maker", ARITHMETIC),
}

GROUPS: dict[str, dict[str, Metric]] = {
    "clock": CLOCK,
    "returns": RETURNS,
    "risk": RISK,
    "drawdown": DRAWDOWN,
    "risk-adjusted": RISK_ADJUSTED,
    "benchmark": BENCHMARK,
    "trades": TRADES,
    "activity": ACTIVITY,
}
METRICS: dict[str, Metric] = {
    name: metric for group in GROUPS.values() for name, metric in group.items()
}
