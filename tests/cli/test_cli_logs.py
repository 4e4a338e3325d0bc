"""Log lines: how much, where, and without secrets."""

import logging
import warnings
from pathlib import Path

import pytest

from hftsim.cli.logs import logging_to, redacted, start_logging, stop_logging
from hftsim.cli.progress_bars import ProgressBars
from hftsim.core.progress import no_progress

LOG = logging.getLogger("hftsim.tests")


@pytest.fixture(autouse=True)
def _undone():
    yield
    stop_logging()


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, ["warning", "error"]),
        ({"verbose": 1}, ["info", "warning", "error"]),
        ({"verbose": 2}, ["debug", "info", "warning", "error"]),
        ({"quiet": True}, ["error"]),
        ({"quiet": True, "level": "INFO"}, ["info", "warning", "error"]),
    ],
)
def test_the_level_decides_what_is_shown(capsys, options, shown):
    start_logging(**options)
    for level in ("debug", "info", "warning", "error"):
        getattr(LOG, level)("said at %s", level)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{level.upper()}: said at {level}" for level in shown]


def test_the_log_file_holds_what_the_terminal_does_not_show(capsys, tmp_path):
    start_logging()
    with logging_to(tmp_path / "run.log"):
        LOG.info("only in the file")
    LOG.info("nowhere")
    assert capsys.readouterr().err == ""
    text = (tmp_path / "run.log").read_text(encoding="utf-8")
    assert "only in the file" in text
    assert "nowhere" not in text


def test_secrets_are_redacted_everywhere(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("EXCHANGE_API_KEY", "abcdef123456")
    start_logging(verbose=1)
    with logging_to(tmp_path / "run.log"):
        LOG.info("GET %s with %s", "/order?qty=1&signature=cafe01&x=2", "abcdef123456")
    expected = "GET /order?qty=1&signature=***&x=2 with ***"
    assert expected in capsys.readouterr().err
    assert expected in (tmp_path / "run.log").read_text(encoding="utf-8")


def test_short_values_and_other_names_are_left_alone(monkeypatch):
    monkeypatch.setenv("SORT_KEY", "a")
    monkeypatch.setenv("KEYBOARD", "german-layout")
    assert redacted("a german-layout") == "a german-layout"


def test_user_warnings_are_logged_and_library_warnings_only_when_debugging(capsys):
    start_logging()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        shown = warnings.showwarning
        start_logging()
        warnings.warn("times look like closes", UserWarning, stacklevel=1)
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
        warnings.showwarning = shown
    assert capsys.readouterr().err == "WARNING: times look like closes\n"


def test_progress_away_from_a_terminal_is_a_rare_log_line(capsys):
    start_logging(verbose=1)
    bars = ProgressBars()
    progress = bars.of("reading")
    for row in range(1000):
        progress(row + 1, 1000, "a.csv")
    bars.close()
    assert capsys.readouterr().err == "INFO: reading: 1,000 of 1,000 (a.csv)\n"


def test_quiet_shows_no_progress():
    assert ProgressBars(quiet=True).of("reading") is no_progress


def test_the_run_log_takes_any_name_and_is_silent_on_a_full_disk(tmp_path, capfd, monkeypatch):
    log = logging.getLogger("hftsim")
    log.setLevel("INFO")
    monkeypatch.setattr(log, "propagate", False)  # pytest cannot pass this name between processes
    with logging_to(tmp_path / "run.log"):
        log.info("read bad\udcff.csv")
    assert (tmp_path / "run.log").read_text().endswith("read bad\\udcff.csv\n")
    if Path("/dev/full").exists():
        with logging_to(Path("/dev/full")):
            log.info("no room")
    assert capfd.readouterr() == ("", "")
