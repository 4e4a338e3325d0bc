"""Every picture is a real one, says what it must, and leaves matplotlib as it was."""

import os
import subprocess
import sys
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from hftsim.core.errors import DataError
from hftsim.report import Style, TradingVisualizer
from hftsim.report.series import period_returns


def pixels(path):
    picture = matplotlib.image.imread(path)
    assert picture.shape[0] > 200
    assert picture.shape[1] > 800
    assert picture.std() > 0.02, "the picture is blank"
    return picture


def words(figure):
    artists = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " | ".join(artist.get_text() for artist in artists)


def finding(kind, number, *times):
    return SimpleNamespace(kind=kind, count=number, examples=[{"time": t} for t in times])


def folds():
    edges = pd.date_range("2024-07-01", periods=6, freq="10D", tz="UTC")
    return pd.DataFrame(
        {
            "fold": range(1, 5),
            "train_start": edges[:4],
            "train_end": edges[1:5],
            "test_start": edges[1:5],
            "test_end": edges[2:6],
            "total_return_pct": [-2.0, 1.5, np.nan, 0.5],
            "buy_and_hold_return_pct": [1.0, -1.0, 2.0, 0.0],
        }
    )


def drawings(run, bars):
    report, returns = run.model_report, period_returns(run.equity_curve)
    check = SimpleNamespace(findings=[finding("outlier", 1, bars.index[40])])
    return {
        "equity_curve": lambda v: v.plot_equity_curve(
            run.equity_curve, run.trades, benchmark=run.benchmark
        ),
        "drawdown": lambda v: v.plot_drawdown(run.equity_curve),
        "returns_distribution": lambda v: v.plot_returns_distribution(returns),
        "monthly_returns": lambda v: v.plot_monthly_returns(returns),
        "pnl_distribution": lambda v: v.plot_pnl_distribution(run.trades),
        "bars": lambda v: v.plot_bars(bars),
        "signals": lambda v: v.plot_signals(bars, run.signals, run.trades),
        "check": lambda v: v.plot_check(bars, check),
        "training_history": lambda v: v.plot_training_history(report["history"]),
        "feature_importance": lambda v: v.plot_feature_importance(report["feature_importance"]),
        "calibration": lambda v: v.plot_calibration(report),
        "walk_forward": lambda v: v.plot_walk_forward(folds()),
        "dashboard": lambda v: v.plot_summary_dashboard(
            run.equity_curve, run.trades, run.metrics, benchmark=run.benchmark
        ),
    }


def test_each_picture_is_real_lies_under_its_name_and_says_that_data_is_simulated(
    ml_run, bars, tmp_path
):
    draw = TradingVisualizer(tmp_path / "plots", currency="USDT", simulated=True)
    jobs = drawings(ml_run, bars)
    for name, job in jobs.items():
        assert "SIMULATED DATA" in words(job(draw)), name
    assert sorted(p.stem for p in (tmp_path / "plots").iterdir()) == sorted(jobs)
    for name in jobs:
        pixels(tmp_path / "plots" / f"{name}.png")


def test_simulated_bars_label_themselves_and_real_ones_do_not(bars):
    assert "SIMULATED" in words(TradingVisualizer().plot_bars(bars))
    real = bars.copy()
    real.attrs = {"source": {"symbol": "BTCUSDT"}}
    assert "SIMULATED" not in words(TradingVisualizer().plot_bars(real))


def test_a_save_path_wins_and_without_one_nothing_is_written(run, tmp_path):
    figure = TradingVisualizer().plot_drawdown(run.equity_curve)
    assert not list(tmp_path.iterdir())
    TradingVisualizer(tmp_path / "a").plot_drawdown(run.equity_curve, save_path=tmp_path / "b.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["b.svg"]
    assert (tmp_path / "b.svg").read_text().lstrip().startswith("<?xml")
    assert type(figure).__name__ == "Figure"


def test_the_equity_picture_names_both_results_and_marks_trades(run):
    text = words(TradingVisualizer().plot_equity_curve(
        run.equity_curve, run.trades, "My run, 50 $", benchmark=run.benchmark
    ))  # fmt: skip
    net = run.summary["total_return_pct"]
    assert f"strategy +{net:.2f} %" in text
    assert "buy and hold +46.42 %" in text
    assert "long entry" in text
    assert "short entry" in text


def test_dollar_signs_in_names_are_dollar_signs(tmp_path):
    formula = r"$\frac$ of 50 $"
    figure = TradingVisualizer().plot_feature_importance(
        {formula: 1.0, "b": 0.5}, formula, tmp_path / "a.png"
    )
    assert figure.get_suptitle() == formula
    pixels(tmp_path / "a.png")


def test_many_trades_become_a_strip_and_the_picture_says_so(run):
    many = pd.concat([run.trades] * 9, ignore_index=True)
    text = words(TradingVisualizer().plot_equity_curve(run.equity_curve, many))
    assert f"{len(many)} trades are too many to mark one by one" in text
    assert "long entry" not in text


def test_many_signals_and_trades_on_price_become_strips(run, bars):
    signals = pd.concat([run.signals] * 9, ignore_index=True)
    trades = pd.concat([run.trades] * 15, ignore_index=True)
    text = words(TradingVisualizer().plot_signals(bars, signals, trades))
    assert "BUY signals over time" in text
    assert f"{len(trades)} trades over time" in text


def test_long_series_are_thinned_and_the_picture_says_so(run):
    index = pd.date_range("2023-01-01", periods=300_000, freq="1min", tz="UTC")
    values = np.full(300_000, 100.0)
    values[123_456] = 3.0
    figure = TradingVisualizer().plot_equity_curve(pd.Series(values, index))
    assert "300,000 points drawn as about 4,000" in words(figure)
    line = figure.axes[0].lines[0]
    assert len(line.get_xdata()) <= 4002
    assert line.get_ydata().min() == 3.0


def test_a_note_on_the_tails_is_written(run):
    rng = np.random.default_rng(1)
    index = pd.date_range("2024-01-01", periods=3000, freq="1h", tz="UTC")
    fat = TradingVisualizer().plot_returns_distribution(
        pd.Series(rng.standard_t(3, 3000) / 100, index)
    )
    assert "fat tails" in words(fat)
    assert "hourly return" in words(fat)
    thin = TradingVisualizer().plot_returns_distribution(
        pd.Series(rng.normal(size=3000) / 100, index)
    )
    assert "near-normal tails" in words(thin)


def test_returns_of_exactly_zero_are_named_not_drawn(run):
    index = pd.date_range("2024-01-01", periods=100, freq="1h", tz="UTC")
    values = np.zeros(100)
    values[:20] = np.linspace(-0.01, 0.01, 20)
    text = words(TradingVisualizer().plot_returns_distribution(pd.Series(values, index)))
    assert "80 of 100 hourly returns are exactly 0 and not drawn" in text


def test_no_trades_and_undefined_metrics_are_said_in_words(idle_run, bars):
    draw = TradingVisualizer()
    assert "no finished trades" in words(draw.plot_pnl_distribution(idle_run.trades))
    figure = draw.plot_summary_dashboard(idle_run.equity_curve, idle_run.trades, idle_run.metrics)
    assert "undefined" in words(figure)
    draw.plot_signals(bars.head(40), idle_run.signals, idle_run.trades)
    assert "never below" in words(draw.plot_drawdown(idle_run.equity_curve))


def test_pictures_of_ticks_say_nothing_of_a_year_or_of_bars(bars):
    seconds = pd.date_range("2024-01-01", periods=3600, freq="1s", tz="UTC")
    mids = bars.head(3600).set_axis(seconds[: len(bars)])
    figures = {"sharpe_ratio": 41.25, "annual_volatility_pct": 77.5, "var_95": 0.001}
    draw, short = TradingVisualizer(on_ticks=True), pd.Series(range(100, 3700), seconds)
    text = words(draw.plot_summary_dashboard(short.astype(float), [], figures))
    assert "Sharpe ratio | less than a day" in text
    assert "41.25" not in text
    assert "77.50" not in text
    assert "VaR 95 %, 1-second | 0.100 %" in text
    days = pd.date_range("2024-01-01", periods=3600, freq="1min", tz="UTC")
    text = words(draw.plot_summary_dashboard(short.set_axis(days).astype(float), [], figures))
    assert "Sharpe ratio | 41.25" in text
    assert "VaR 95 %, 1-minute" in text
    text = words(TradingVisualizer().plot_summary_dashboard(short.astype(float), [], figures))
    assert "Sharpe ratio | 41.25" in text
    assert "VaR 95 %, one bar" in text
    assert "mid price" in words(draw.plot_signals(mids))
    assert "close" not in words(draw.plot_signals(mids))


def test_an_empty_curve_is_refused_in_words():
    with pytest.raises(DataError, match="empty"):
        TradingVisualizer().plot_drawdown(pd.Series([], dtype=float))


def test_lists_of_trades_and_curves_without_times_are_drawn_too():
    equity = pd.Series([100.0, 101.0, 99.0, 104.0])
    draw = TradingVisualizer()
    figure = draw.create_dashboard(
        equity, equity.pct_change().dropna(), [{"pnl": 5.0}, {"pnl": -1.0}], {"sharpe_ratio": 1.234}
    )
    assert "1.23" in words(figure)
    assert "row" in words(figure)


def test_the_check_picture_counts_findings_and_shades_gaps(bars):
    torn = bars.drop(bars.index[500:520]).copy()
    torn.iloc[900, torn.columns.get_loc("high")] *= 8
    found = [finding("gap", 20, torn.index[499]), finding("outlier", 1, torn.index[900])]
    figure = TradingVisualizer().plot_check(torn, SimpleNamespace(findings=found))
    text = words(figure)
    assert "gap: 20" in text
    assert "outlier: 1" in text
    assert "1 gap shaded" in text
    assert "1 bar with prices beyond the axis" in text
    assert "not clean" in text
    clean = TradingVisualizer().plot_check(bars, SimpleNamespace(findings=[]))
    assert "clean" in words(clean)


def test_a_check_of_bars_out_of_order_with_holes_is_drawn_and_says_so(bars):
    broken = pd.concat([bars.iloc[100:300], bars.iloc[:100], bars.iloc[50:60]])
    broken.iloc[5, 3] = np.nan
    text = words(TradingVisualizer().plot_check(broken, SimpleNamespace(findings=[])))
    assert "out of order" in text
    assert "1 row without numbers not drawn" in text


def test_walk_forward_says_how_many_folds_earned(run):
    text = words(TradingVisualizer().plot_walk_forward(folds()))
    assert "2 of 4 folds earned money out of sample" in text
    assert "undefined" in text
    with pytest.raises(DataError, match="total_return_pct"):
        TradingVisualizer().plot_walk_forward(folds().drop(columns="total_return_pct"))


def test_calibration_says_when_the_model_does_not_beat_its_baselines(ml_run):
    text = words(TradingVisualizer().plot_calibration(ml_run.model_report))
    assert "does not beat its baselines" in text.replace("\n", " ")


def test_several_symbols_get_a_panel_each(run, bars, make_bars):
    other = make_bars(2400, seed=9)
    figure = TradingVisualizer().plot_signals({"SIMUSDT": bars, "OTHERUSDT": other}, run.signals)
    assert len(figure.axes) == 2
    assert "OTHERUSDT" in words(figure)


def test_settings_of_matplotlib_are_neither_used_nor_changed(run, tmp_path):
    mpl.rcParams["font.size"] = 31.0
    try:
        figure = TradingVisualizer().plot_drawdown(run.equity_curve, save_path=tmp_path / "a.png")
        assert mpl.rcParams["font.size"] == 31.0
        assert figure.axes[0].yaxis.label.get_fontsize() == Style().font_size
    finally:
        mpl.rcdefaults()


def test_a_failed_picture_leaves_the_old_file(run, tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text("old")
    with pytest.raises(ValueError, match="xyz"):
        TradingVisualizer().plot_drawdown(run.equity_curve, save_path=path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_home_that_cannot_be_written_is_no_trouble_and_makes_no_noise(tmp_path):
    code = (
        "import pandas as pd, sys\n"
        "from hftsim.report import TradingVisualizer\n"
        "index = pd.date_range('2024-01-01', periods=9, freq='1h', tz='UTC')\n"
        "curve = pd.Series(range(1, 10), index, dtype=float)\n"
        "TradingVisualizer().plot_drawdown(curve, save_path=sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "MPL"))}
    for home in ("/dev/null", "/proc/no-such-home"):
        target = tmp_path / f"{home.count('/')}.png"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(target)],
            env=clean | {"HOME": home, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
        pixels(target)
    assert {p.suffix for p in tmp_path.iterdir()} == {".png"}, "the temporary cache is removed"


def test_without_an_end_of_training_it_ends_where_the_test_starts():
    table = folds().drop(columns=["train_end", "buy_and_hold_return_pct"])
    figure = TradingVisualizer().plot_walk_forward(table.assign(train_return_pct=3.0))
    train, test = figure.axes[0].patches[0], figure.axes[0].patches[len(table)]
    assert train.get_x() + train.get_width() == pytest.approx(test.get_x())
    assert "strategy in sample" in words(figure)
    figure = TradingVisualizer().plot_walk_forward(table[["total_return_pct"]])
    assert len(figure.axes) == 1


def test_a_check_of_a_long_file_says_how_much_is_drawn(bars):
    report = SimpleNamespace(rows=9_000_000, clean=True, findings=[
        SimpleNamespace(kind="sessions", count=3, examples=[], severity="note")
    ])  # fmt: skip
    torn = bars.drop(bars.index[50:60]).assign(volume=0.0)
    text = words(TradingVisualizer().plot_check(torn, report))
    assert "2,390 of 9,000,000 rows drawn" in text
    assert "1 break shaded" in text
    assert "sessions: 3 (note)" in text
    assert "no volume" in text


def test_years_of_months_become_a_heat_map_on_the_dashboard():
    index = pd.date_range("2021-01-01", "2024-01-01", freq="1D", tz="UTC")
    equity = pd.Series(np.linspace(100, 150, len(index)), index)
    text = words(TradingVisualizer().plot_summary_dashboard(equity, [], {}))
    assert "2023" in text
    assert "no metrics were given" in text


def test_bins_of_a_handful_of_samples_are_left_out_of_the_calibration(ml_run):
    own = ml_run.model_report["evaluation"]
    few = {"n": 3, "confidence": 0.95, "accuracy": 0.0}
    report = {"model": "lstm", "evaluation": {**own, "calibration": [*own["calibration"], few]}}
    figure = TradingVisualizer().plot_calibration(report)
    assert max(figure.axes[0].lines[1].get_xdata()) < 0.9
    empty = TradingVisualizer().plot_calibration({"model": "x", "evaluation": {}})
    assert "no calibration was measured" in words(empty)
    assert "no confusion table" in words(empty)


def test_training_kept_as_rows_or_not_at_all():
    rows = [{"epoch": 1, "loss": 1.0, "note": "a"}, {"epoch": 2, "loss": 0.5, "note": "b"}]
    assert "best loss 0.5000 in epoch 2" in words(TradingVisualizer().plot_training_history(rows))
    assert "no training history" in words(TradingVisualizer().plot_training_history(None))
    importance = TradingVisualizer().plot_feature_importance({"rsi_14": 0.5, "sma_20": -0.1})
    assert [t.get_text() for t in importance.axes[0].get_yticklabels()] == ["sma_20", "rsi_14"]
    assert "no feature importance" in words(TradingVisualizer().plot_feature_importance([]))
