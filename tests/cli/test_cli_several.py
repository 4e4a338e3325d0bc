"""Several files on one account: which option is whose, and what is said of their times."""

import pandas as pd
import pytest

HEADER = "time,open,high,low,close,volume\n"


def put(folder, name, start, rows=300, price=100.0, step="1min"):
    times = pd.date_range(start, periods=rows, freq=step)
    lines = [
        f"{t:%Y-%m-%d %H:%M:%S},{p},{p + 1},{p - 1},{p},9"
        for t, p in zip(times, (price + i % 7 for i in range(rows)), strict=True)
    ]
    (folder / name).write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def ran(hftsim, tmp_path):
    """Return what runs a crossing of averages over bitcoin (UTC) and a share (New York)."""
    put(tmp_path, "btc.csv", "2024-06-03 13:31")
    put(tmp_path, "share.csv", "2024-06-03 09:31")

    def run(*options):
        data = ("--data", "BTCUSDT=btc.csv", "--data", "AAPL=share.csv")
        return hftsim("backtest", *data, "--strategy", "sma-cross", "--out", "run", *options)

    return run


def test_a_time_zone_is_not_that_of_crypto_beside_it(ran):
    ended = ran("--timezone", "America/New_York", "--json")
    assert ended.code == 0
    data = ended.answer["provenance"]["data"]
    assert [d["timezone"] for d in data] == ["UTC", "America/New_York"]
    assert ended.answer["start"] == "2024-06-03T13:32:00+00:00"
    assert ended.answer["end"] == "2024-06-03T18:31:00+00:00"
    assert (
        "btc.csv: naive times are UTC; --timezone America/New_York is for the others" in ended.err
    )


def test_an_option_can_be_that_of_one_symbol(ran):
    both = ran("--timezone", "America/New_York", "--stamp", "close", "--json")
    assert "btc.csv: --stamp close is for this file too" in both.err
    assert both.answer["start"] == "2024-06-03T13:31:00+00:00"
    options = ("--timezone", "AAPL=America/New_York", "--stamp", "AAPL=close")
    one = ran(*options, "--json")
    assert [d["stamp"] for d in one.answer["provenance"]["data"]] == ["open", "close"]
    assert "is for this file too" not in one.err
    again = ran("--config", "run/config.yaml", "--json")
    assert again.answer["run_hash"] == one.answer["run_hash"]


def test_an_option_of_a_symbol_that_is_not_read_is_refused(ran):
    ended = ran("--timezone", "APPL=America/New_York")
    assert ended.code == 2
    assert ended.err == (
        "hftsim: --timezone APPL=America/New_York: there is no APPL in the data; it holds BTCUSDT, "
        "AAPL\n"
    )


def test_a_zone_said_for_crypto_alone_is_obeyed(hftsim, tmp_path):
    put(tmp_path, "btc.csv", "2024-06-03 09:31")
    ended = hftsim("check", "BTCUSDT=btc.csv", "--timezone", "America/New_York", "--json")
    assert ended.code == 0
    assert ended.answer["start"] == "2024-06-03T13:31:00"


def test_in_a_folder_a_zone_is_not_that_of_crypto_either(hftsim, tmp_path):
    (tmp_path / "in").mkdir()
    put(tmp_path / "in", "BTCUSDT.csv", "2024-06-03 13:31")
    put(tmp_path / "in", "AAPL.csv", "2024-06-03 09:31")
    ended = hftsim("check", "in", "--timezone", "America/New_York", "--json")
    assert [run["start"] for run in ended.answer["runs"]] == ["2024-06-03T13:31:00"] * 2


def test_spans_that_differ_are_said(hftsim, tmp_path):
    put(tmp_path, "a.csv", "2024-06-03 00:00")
    put(tmp_path, "b.csv", "2024-06-03 01:00")
    put(tmp_path, "c.csv", "2024-06-05 00:00")
    run = ("backtest", "--strategy", "sma-cross", "--out", "run", "--data", "BTCUSDT=a.csv")
    partly = hftsim(*run, "--data", "ETHUSDT=b.csv")
    assert (
        "the spans of the bars differ: BTCUSDT 2024-06-03 00:00 to 2024-06-03 04:59, ETHUSDT "
        "2024-06-03 01:00 to 2024-06-03 05:59; where an instrument has no bars it is not traded"
    ) in partly.err
    assert partly.code == 0
    assert "not all of the bars overlap in time" in hftsim(*run, "--data", "ETHUSDT=c.csv").err


def test_one_file_under_two_symbols_is_warned_about(hftsim, tmp_path):
    put(tmp_path, "a.csv", "2024-06-03 00:00")
    data = ("--data", "BTCUSDT=a.csv", "--data", "ETHUSDT=a.csv")
    ended = hftsim("backtest", *data, "--strategy", "sma-cross", "--out", "run")
    assert "a.csv: BTCUSDT and ETHUSDT are the same file" in ended.err


def test_two_intervals_on_one_account_are_refused(hftsim, tmp_path):
    put(tmp_path, "a.csv", "2024-06-03 00:00")
    put(tmp_path, "b.csv", "2024-06-03 00:00", step="5min")
    data = ("--data", "BTCUSDT=a.csv", "--data", "ETHUSDT=b.csv")
    ended = hftsim("backtest", *data, "--strategy", "sma-cross", "--out", "run")
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == (
        "hftsim: the instruments' bars have different intervals (BTCUSDT 60 s, ETHUSDT 300 s); use "
        "one"
    )
    assert not (tmp_path / "run").exists()
