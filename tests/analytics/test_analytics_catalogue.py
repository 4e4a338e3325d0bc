"""Every figure is documented, printable, and fit for JSON and tables."""

import json
import math

import numpy as np
import pandas as pd

import hftsim.analytics
from hftsim.analytics import GROUPS, METRICS, PerformanceMetrics

UNITS = {
    "percent",
    "fraction",
    "ratio",
    "probability",
    "bars",
    "days",
    "minutes",
    "count",
    "quote currency",
    "a day",
}
DOCUMENTS = [
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "max_drawdown_pct",
    "annual_volatility_pct",
    "win_rate",
    "profit_factor",
    "avg_win",
    "avg_loss",
    "total_return_pct",
    "omega_ratio",
    "information_ratio",
    "var_95",
    "var_99",
    "cvar_95",
    "skewness",
    "kurtosis",
    "beta",
    "alpha",
    "tail_ratio",
    "expectancy",
]


def run() -> hftsim.analytics.Metrics:
    index = pd.date_range("2024-10-01", periods=200, freq="1min", tz="UTC", name="time")
    equity = pd.Series(1e5 + np.cumsum(np.random.default_rng(0).normal(size=200)), index)
    return PerformanceMetrics.calculate_all_metrics(equity, [{"pnl": 1.0}], 1e5)


def test_more_than_forty_figures_each_with_unit_meaning_and_source():
    assert len(METRICS) >= 40
    for name, (unit, meaning, source) in METRICS.items():
        assert unit in UNITS, name
        assert len(meaning) > 3, name
        assert source, name
        percent = name.endswith("_pct") or name == "win_rate"
        assert (unit == "percent") == percent, name
    assert sum(len(group) for group in GROUPS.values()) == len(METRICS)


def test_the_documents_names_are_there():
    assert set(DOCUMENTS) <= set(METRICS)
    assert list(run()) == list(METRICS)


def test_describe_lists_every_figure_with_its_reason():
    m = run()
    table = m.describe()
    assert list(table["name"]) == list(METRICS)
    assert list(table.columns) == ["name", "group", "value", "unit", "meaning", "source", "reason"]
    missing = table["value"].isna()
    assert set(table.loc[missing, "name"]) == set(m.reasons)
    assert (table.loc[missing, "reason"] != "").all()
    assert (table.loc[~missing, "reason"] == "").all()


def test_json_is_flat_and_strict_with_nulls_and_reasons():
    m = run()
    text = json.dumps(m.to_json_dict(), allow_nan=False)
    back = json.loads(text)
    reasons = back.pop("reasons")
    assert set(back) == set(METRICS)
    assert {name for name, value in back.items() if value is None} == set(reasons)
    assert back["trades"] == 1
    assert isinstance(back["trades"], int)
    assert isinstance(back["periods"], int)
    assert isinstance(back["sharpe_ratio"], float)


def test_the_documents_table_of_one_row():
    m = run()
    frame = pd.DataFrame([m])
    assert frame.shape == (1, len(METRICS))
    assert frame["total_return_pct"].iloc[0] == m["total_return_pct"]


def test_print_shows_values_units_reasons_and_the_assumption():
    m = run()
    text = str(m)
    assert "risk-adjusted" in text
    assert "(no benchmark was given)" in text
    assert "365 days of 24 h" in text
    assert "nan" not in text
    assert m.annualisation in text
    assert m["periods_per_year"] == 525_600
    told = PerformanceMetrics.calculate_all_metrics([1, 2, 3], periods_per_year=99)
    assert "99 bars a year, as the caller said" in told.annualisation
    assert "nothing" in PerformanceMetrics.calculate_all_metrics([1, 2, 3]).annualisation


def test_the_room_exports_what_it_lists():
    for name in hftsim.analytics.__all__:
        assert hasattr(hftsim.analytics, name)
    assert list(hftsim.analytics.__all__) == sorted(hftsim.analytics.__all__, key=_export_order)
    assert math.isnan(run()["beta"])


def _export_order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
