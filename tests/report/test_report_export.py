"""What a run writes reads back equal, with every digit, in any other program."""

import json
import math
import resource

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from hftsim.core.errors import InputError
from hftsim.report import atomic_run_folder, export_run, is_run_folder
from hftsim.report.export import equity_table
from hftsim.report.plain_values import json_bytes, plain_value
from hftsim.report.table_files import write_csv

FILES = {
    "summary.json", "metrics.json", "metrics.csv", "summary.csv", "equity_curve.csv", "trades.csv",
    "fills.csv", "orders.csv", "signals.csv", "refusals.csv", "equity_curve.parquet",
    "trades.parquet", "report.html",
}  # fmt: skip
PICTURES = {
    "equity_curve.png", "drawdown.png", "returns_distribution.png", "monthly_returns.png",
    "pnl_distribution.png", "signals.png", "dashboard.png",
}  # fmt: skip
MODEL_PICTURES = {"training_history.png", "calibration.png", "feature_importance.png"}


def read_back(path, like):
    """Read a CSV as text and turn each column into what it was, by Python's own rules."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for name, kind in like.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
        elif pd.api.types.is_bool_dtype(kind):
            frame[name] = frame[name].map({"true": True, "false": False})
        elif pd.api.types.is_numeric_dtype(kind):
            frame[name] = [float(text) if text else math.nan for text in frame[name]]
    return frame


def strict_json(path):
    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_every_file_is_there_and_is_told(ml_run, bars, tmp_path):
    told = []
    written = export_run(
        ml_run, tmp_path, bars=bars, progress=lambda done, total, note="": told.append((done, note))
    )
    names = {p.name for p in tmp_path.iterdir()}
    made = FILES | PICTURES | MODEL_PICTURES | {"model.json"}
    assert names == made == {p.name for p in written}
    assert told[-1] == (len(written), "")
    assert [note for _, note in told[:-1]] == [p.name for p in written]
    assert is_run_folder(tmp_path)


def test_without_bars_and_pictures_the_rest_is_there(run, tmp_path):
    export_run(run, tmp_path, pictures=False)
    assert {p.name for p in tmp_path.iterdir()} == FILES


@pytest.mark.parametrize("name", ["trades", "fills", "orders", "signals", "refusals"])
def test_tables_read_back_exactly(run, tmp_path, name):
    frame = getattr(run, name)
    write_csv(frame, tmp_path / "t.csv")
    back = read_back(tmp_path / "t.csv", frame)
    assert_frame_equal(back, frame, check_exact=True, check_dtype=False)
    assert b"nan" not in (tmp_path / "t.csv").read_bytes().lower()


def test_equity_reads_back_exactly_from_both_formats(run, tmp_path):
    export_run(run, tmp_path, pictures=False)
    table = equity_table(run)
    assert list(table) == ["time", "equity", "benchmark", "drawdown_pct", "position_SIMUSDT"]
    assert_frame_equal(
        read_back(tmp_path / "equity_curve.csv", table), table, check_exact=True, check_dtype=False
    )
    parquet = pd.read_parquet(tmp_path / "equity_curve.parquet")
    assert_frame_equal(parquet, table, check_exact=True, check_dtype=False)
    trades = pd.read_parquet(tmp_path / "trades.parquet")
    assert_frame_equal(trades, run.trades, check_exact=True, check_dtype=False)


def test_times_are_iso_8601_utc_with_a_fraction_only_where_there_is_one(tmp_path):
    texts = ["2024-10-01T05:00:00+02:00", "2024-10-01T03:00:00.25Z", None]
    times = pd.to_datetime(texts, utc=True, format="ISO8601")
    write_csv(pd.DataFrame({"time": times, "note": ['a "b", c', "", "x\ny"]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines()[:3] == [
        "time,note",
        '2024-10-01T03:00:00Z,"a ""b"", c"',
        '2024-10-01T03:00:00.250Z,""',
    ]


def test_floats_keep_every_digit(tmp_path):
    values = [
        0.1 + 0.2,
        1e-300,
        1.7976931348623157e308,
        -0.0,
        5e-324,
        123456789.123456789,
        math.nan,
    ]
    write_csv(pd.DataFrame({"x": values}), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert [float(text) for text in lines[1:-1]] == values[:-1]
    assert math.copysign(1, float(lines[4])) == -1
    assert lines[-1] in {"", '""'}


def test_tables_without_rows_keep_their_header(idle_run, tmp_path):
    export_run(idle_run, tmp_path, pictures=False)
    for name in ("trades", "fills", "orders", "signals"):
        text = (tmp_path / f"{name}.csv").read_text()
        assert text == ",".join(getattr(idle_run, name).columns) + "\n"
    assert pd.read_parquet(tmp_path / "trades.parquet").empty


def test_undefined_figures_are_null_with_a_reason(idle_run, tmp_path):
    export_run(idle_run, tmp_path, pictures=False)
    metrics, summary = (strict_json(tmp_path / f"{n}.json") for n in ("metrics", "summary"))
    assert metrics["win_rate"] is None
    assert metrics["reasons"]["win_rate"] == "no trades were closed"
    assert set(metrics["reasons"]) == {k for k, v in metrics.items() if v is None}
    assert summary["win_rate"] is None
    assert summary["reasons"]["win_rate"] == "no trades were closed"
    assert "halted_at" not in summary["reasons"]


def test_the_summary_has_marker_hashes_provenance_and_whole_counts(run, tmp_path):
    export_run(run, tmp_path, pictures=False)
    summary = strict_json(tmp_path / "summary.json")
    assert summary["hftsim"]
    assert summary["run_hash"] == "ab" * 32
    assert summary["provenance"]["parameters"] == {"fast": 12, "slow": 48}
    assert summary["start"] == "2024-07-01T01:00:00Z"
    for name in ("fills", "trades", "orders", "refusals", "bars"):
        assert type(summary[name]) is int
    wide = pd.read_csv(tmp_path / "summary.csv")
    assert len(wide) == 1
    assert wide["total_return_pct"][0] == pytest.approx(summary["total_return_pct"], abs=1e-12)
    assert len(pd.read_csv(tmp_path / "metrics.csv")) == 1


def test_json_holds_plain_values_only():
    value = {
        "a": np.float64("nan"), "b": np.int64(3), "c": pd.Timestamp("2024-01-01", tz="UTC"),
        "d": {1: math.inf}, "e": (np.bool_(True), pd.NaT), "f": np.array([1.5, np.nan]),
        "g": {"z", "a"}, "h": pd.Timedelta("90s"), "i": "\udc80",
    }  # fmt: skip
    text = json_bytes(value)
    assert json.loads(text.decode()) == {
        "a": None, "b": 3, "c": "2024-01-01T00:00:00Z", "d": {"1": None}, "e": [True, None],
        "f": [1.5, None], "g": ["a", "z"], "h": 90.0, "i": "\udc80",
    }  # fmt: skip
    with pytest.raises(InputError, match="a object cannot be written"):
        plain_value(object())


def test_a_million_bars_are_written_in_bounded_memory(run, tmp_path):
    index = pd.date_range("2020-01-01", periods=1_000_000, freq="1min", tz="UTC", name="time")
    values = 1e4 * np.exp(np.random.default_rng(1).normal(0, 1e-4, 1_000_000).cumsum())
    run.equity_curve = pd.Series(values, index, name="equity")
    run.benchmark = run.equity_curve * 1.01
    run.positions = pd.DataFrame({"SIMUSDT": np.zeros(1_000_000)}, index)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_csv(equity_table(run), tmp_path / "e.csv")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000
    with (tmp_path / "e.csv").open() as lines:
        assert sum(1 for _ in lines) == 1_000_001


def test_a_failed_export_leaves_no_folder(run, bars, tmp_path):
    run.provenance["object"] = object()
    with (
        pytest.raises(InputError, match="cannot be written as JSON"),
        atomic_run_folder(tmp_path / "out") as folder,
    ):
        export_run(run, folder, bars=bars, pictures=False)
    assert not list(tmp_path.iterdir())
