"""docs/howto/results.md: the files of a run and their columns are those that it describes."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hftsim import (
    Backtester,
    BacktestResult,
    Instrument,
    MarketMakingStrategy,
    SmaCrossStrategy,
    Ticks,
    create_sample_bars,
    walk_forward,
)
from hftsim.core.events import EVENT_DTYPE, EventKind
from hftsim.report.export import TABLES, equity_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "results.md"


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    return Backtester(SmaCrossStrategy()).run(create_sample_bars(1500, seed=7))


def described(file: str) -> list[str]:
    """Return the columns that the page names for a file."""
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index(f"## {file}\n") :].split("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_columns_described(result: BacktestResult, table: str) -> None:
    frame: pd.DataFrame = getattr(result, table)
    assert sorted(described(f"{table}.csv")) == sorted(frame.columns)


def test_fills_on_ticks_have_the_columns_described_besides() -> None:
    columns = {
        "ts_event": [0, 1],
        "ts_recv": [0, 1],
        "price": [100, 101],
        "qty": [5, 5],
        "kind": [EventKind.DEPTH] * 2,
        "side": [1, -1],
        "flags": [13, 13],
    }
    made = {name: np.array(values, EVENT_DTYPE[name]) for name, values in columns.items()}
    ticks = Ticks.from_columns(Instrument(symbol="AAAUSDT"), made)
    fills = Backtester(MarketMakingStrategy()).run(ticks).fills
    besides = described("fills.csv on ticks")
    assert sorted(described("fills.csv") + besides) == sorted(fills.columns)


def test_the_equity_curve_has_the_columns_described(result: BacktestResult) -> None:
    columns = [c.replace("SIMUSDT", "<symbol>") for c in equity_table(result).columns]
    assert described("equity_curve.csv") == columns


def test_folds_have_the_columns_described() -> None:
    bars = create_sample_bars(2000, seed=7)
    plain = walk_forward(bars, "sma-cross", train=800, test=600)
    learnt = walk_forward(bars, "ml", model="logistic", train=1200, test=800)
    made = {*plain.table.columns, *learnt.table.columns}
    assert set(described("folds.csv")) == made
