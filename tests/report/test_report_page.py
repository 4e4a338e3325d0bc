"""The page holds everything, loads nothing, and cannot be made to run what it shows."""

import dataclasses
import html.parser
import json
import math
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from hftsim.report import write_report
from hftsim.report.model_view import honest_sentence, model_view
from hftsim.report.page import render_report

EVIL = "<script>document.documentElement.dataset.pwned = 1</script><img src=x onerror=alert(1)>"


class Reader(html.parser.HTMLParser):
    """Collect tags, attributes that load something, and text outside of scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.loads, self.text, self.raw = [], [], [], []
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = tag if tag in {"script", "style"} else self.inside
        self.loads += [v for k, v in attrs if k in {"src", "href", "action", "srcset", "data"}]

    def handle_endtag(self, tag):
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data):
        (self.raw if self.inside else self.text).append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def block_of(page):
    found = re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found.group(1))


@pytest.fixture
def evil_run(ml_run):
    """Return a run whose every free text carries markup."""
    for frame, column in (
        (ml_run.signals, "reasoning"), (ml_run.trades, "entry_reason"), (ml_run.fills, "reason"),
        (ml_run.refusals, "reason"),
    ):  # fmt: skip
        frame[column] = EVIL
    report = {**ml_run.model_report, "model": EVIL, "note": EVIL}
    report["feature_importance"] = [{"feature": EVIL, "importance": 1.0}]
    return dataclasses.replace(
        ml_run, strategy_name=EVIL, parameters={EVIL: EVIL}, model_report=report,
        provenance={**ml_run.provenance, "note": EVIL, "warnings": [EVIL]},
    )  # fmt: skip


def test_the_page_is_one_file_of_sensible_size(ml_run, bars, tmp_path):
    path = write_report(ml_run, tmp_path / "deep" / "report.html", bars=bars)
    assert 4_000_000 < path.stat().st_size < 8_000_000
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_nothing_is_loaded_from_anywhere(ml_run, bars):
    page = render_report(ml_run, bars=bars)
    reader = read(page)
    assert all(link.startswith(("#", "data:")) for link in reader.loads), reader.loads
    assert not {"iframe", "img", "object", "embed", "base"} & set(reader.tags)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe-eval" not in policy


def test_markup_in_names_is_shown_not_run(evil_run, bars):
    page = render_report(evil_run, bars=bars)
    reader = read(page)
    assert reader.tags.count("script") == 3
    assert "img" not in reader.tags
    assert EVIL in reader.words
    data = re.search(r'id="report-data">(.*?)</script>', page, re.DOTALL).group(1)
    assert "<" not in data
    assert any(EVIL in cell for row in block_of(page)["tables"]["fills"]["rows"] for cell in row)


def test_the_verdict_cards_and_costs_are_at_the_top(run, bars):
    text = read(render_report(run, bars=bars)).words
    assert "Gained 25.13 % after fees; before fees +30.04 %; buy and hold +46.42 %." in text
    assert "SIMULATED DATA" in text
    assert "smallest steps seen in the data, not the venue's own rules" in text
    assert "2 gaps in the bars; nothing was filled in." in text
    assert "Rows were repaired as asked: drop duplicates 3." in text
    assert "max position" in text
    assert "ab" * 32 in text


def test_a_losing_run_says_that_it_lost(run):
    run.summary |= {"total_return_pct": -12.3, "final_value": 8770.0, "total_fees": 1350.0}
    text = read(render_report(run)).words
    assert "Lost 12.30 % after fees; before fees +1.20 %" in text
    assert "The strategy earned money before fees and lost it to fees." in text


def test_the_model_stands_beside_its_baselines_with_an_honest_sentence(ml_run, bars):
    text = read(render_report(ml_run, bars=bars)).words
    assert "lstm does not beat its baselines: macro F1 0.341 against 0.352 of the logistic" in text
    assert "majority" in text
    assert {"calibration", "history", "importance"} <= set(
        block_of(render_report(ml_run, bars=bars))["charts"]
    )


@pytest.mark.parametrize(
    ("own", "mcc", "said"),
    [
        (0.40, 0.10, "is ahead of every baseline"),
        (0.352, 0.10, "does not beat its baselines"),
        (0.40, 0.001, "correlation with what came is nearly nil"),
        (math.nan, 0.1, "no baseline figures"),
    ],
)
def test_sentences_about_models(ml_run, own, mcc, said):
    figures = {**ml_run.model_report["evaluation"], "macro_f1": own, "mcc": mcc}
    view = model_view({**ml_run.model_report, "evaluation": figures})
    assert said in honest_sentence(view)


def test_baselines_may_come_as_rows_of_a_comparison(ml_run):
    rows = [{"model": n, **f} for n, f in ml_run.model_report["baselines"].items()]
    view = model_view({**ml_run.model_report, "baselines": rows})
    assert list(view.figures) == ["lstm", "majority", "logistic"]


def test_a_run_without_trades_has_a_page(idle_run, bars):
    page = render_report(idle_run, bars=bars.head(40))
    text = read(page).words
    assert "Never traded. Buy and hold" in text
    assert "No order was filled." in text
    assert "Undefined: no trades were closed." in text
    assert "There are no closed trades" in text
    assert block_of(page)["tables"] == {}


def test_a_halted_and_cut_off_run_says_so(run):
    run.summary |= {"halted_at": "2024-08-01T05:00:00+00:00", "halted": "drawdown_breaker"}
    run.error = "my_strategy.py line 12: division by zero"
    text = read(render_report(run)).words
    assert (
        "Trading was halted at 2024-08-01 05:00 UTC by the drawdown breaker (max_drawdown_pct)."
        in text
    )
    assert "The run ended early: my_strategy.py line 12: division by zero" in text


def test_a_run_of_one_bar_has_a_page(make_run, make_bars, bars):
    run = make_run(bars.head(40))
    for name in ("equity_curve", "benchmark", "positions"):
        setattr(run, name, getattr(run, name).iloc[:1])
    assert "Account" in read(render_report(run, bars=bars.head(1))).words


def test_charts_are_thinned_and_hold_no_nan(run, bars):
    index = pd.date_range("2023-01-01", periods=200_000, freq="1min", tz="UTC", name="time")
    values = 1e4 + np.random.default_rng(1).normal(size=200_000).cumsum()
    values[77_777] = 1.0
    run.equity_curve = pd.Series(values, index)
    run.benchmark = pd.Series(np.full(200_000, 1e4), index)
    run.positions = pd.DataFrame({"SIMUSDT": np.zeros(200_000)}, index)
    page = render_report(run)
    charts = block_of(page)["charts"]
    assert all(len(t["x"]) <= 5003 for c in charts.values() for t in c["data"])
    strategy = next(t for t in charts["equity"]["data"] if t["name"].startswith("strategy"))
    assert min(strategy["y"]) == 1.0
    assert "NaN" not in json.dumps(charts)


def test_tables_are_capped_and_name_the_whole_file(run):
    run.trades = pd.concat([run.trades] * 60, ignore_index=True)
    page = render_report(run)
    rows = block_of(page)["tables"]["trades"]["rows"]
    assert len(rows) == 2000
    text = read(page).words
    assert f"The first 2,000 of {len(run.trades):,} rows; all of them are in trades.csv." in text


def test_each_figure_has_its_meaning(run):
    text = read(render_report(run)).words
    assert "deepest fall below an earlier peak" in text
    assert "sharpe_ratio 3.190" in text


def test_several_symbols_have_a_price_chart_each(run, bars, make_bars):
    frames = {"SIMUSDT": bars, "OTHERUSDT": make_bars(300, seed=2)}
    charts = block_of(render_report(run, bars=frames))["charts"]
    assert {"price-0", "price-1"} <= set(charts)


def browser():
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )


@pytest.mark.skipif(not browser(), reason="needs chromium")
def test_a_browser_draws_it_without_a_complaint(evil_run, bars, tmp_path):
    path = write_report(evil_run, tmp_path / "report.html", bars=bars)
    done = subprocess.run(
        [
            browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000",
            "--enable-logging=stderr", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
    root = re.search(r"<html[^>]*>", done.stdout).group(0)
    assert 'data-ready="yes"' in root
    assert "data-pwned" not in root
    assert done.stdout.count('class="main-svg"') >= 8
    assert "1 to 25 of 47" in done.stdout


def test_each_training_of_the_model_is_listed(ml_run):
    fold = {"train_end": "2024-10-05T17:00:00+00:00", "epochs": 5, "mcc": -0.01, "best": None}
    report = {**ml_run.model_report, "folds": [fold], "parameters": {"deterministic": True}}
    text = read(render_report(dataclasses.replace(ml_run, model_report=report))).words
    assert "Each time it was trained train end epochs mcc best" in text
    assert "2024-10-05 17:00:00 5 −0.01 none" in text
    assert "deterministic yes" in text


def test_settings_are_read_as_people_write_them(run):
    run.provenance["data"] = [
        {"symbol": "SIMUSDT", "interval_ns": 60_000_000_000, "warnings": ["times look late"],
         "gaps": 1, "repairs": {}, "note": None}
    ]  # fmt: skip
    run.provenance["assumptions"] = ["Everything fills at once."]
    run.config = {
        "position_size_pct": 0.3, "fee_rate": None,
        "risk_limits": {"stop_loss_pct": 0.02, "max_order_value": None},
        "latency": {"entry": "5ms", "response": None, "cancel": "7ms", "replace": None},
    }  # fmt: skip
    text = read(render_report(run)).words
    assert "Latency entry 5ms response as entry cancel 7ms replace as entry" in text
    assert "Data: SIMUSDT interval 60 s" in text
    assert "SIMUSDT: times look late" in text
    assert "SIMUSDT: 1 gap in the bars; nothing was filled in." in text
    assert "Everything fills at once." in text
    assert "Costs and execution position size 30 % Risk limits stop loss 2 %" in text
    assert "max order value none" in text
    assert "fee rate" not in text


def test_a_run_of_a_dataclass_configuration_is_shown_too(run):
    @dataclasses.dataclass
    class Settings:
        max_leverage: float = 2.0

    run.config = Settings()
    assert "max leverage 2" in read(render_report(run)).words
