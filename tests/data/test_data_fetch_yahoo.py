"""Yahoo's frames in our shape; yfinance itself is an extra and not needed here."""

import builtins
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from hftsim.core.bars import interval_ns_of, require_bars, source_of
from hftsim.core.clock import SimClock
from hftsim.core.errors import DataError, MissingExtraError, NetworkError, UnknownNameError
from hftsim.data.intervals import DAY_NS, MINUTE_NS
from hftsim.data.yahoo import fetch_yahoo, yahoo_to_bars

LATE_NS = pd.Timestamp("2024-06-01", tz="UTC").value


def yahoo_frame(times: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a frame as ``yfinance.Ticker.history`` gives it."""
    rows = len(times)
    return pd.DataFrame(
        {
            "Open": [100.0 + i for i in range(rows)],
            "High": [101.5 + i for i in range(rows)],
            "Low": [99.25 + i for i in range(rows)],
            "Close": [101.0 + i for i in range(rows)],
            "Volume": [1000 * (i + 1) for i in range(rows)],
        },
        index=times.rename("Datetime"),
    )


def minutes(start: str, rows: int) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=rows, freq="1min", tz="America/New_York")


def test_exchange_time_becomes_utc() -> None:
    bars = yahoo_to_bars(
        yahoo_frame(minutes("2024-03-08 09:30", 3)), "AAPL", MINUTE_NS, now_ns=LATE_NS
    )
    require_bars(bars)
    assert bars.index[0] == pd.Timestamp("2024-03-08 14:30", tz="UTC")
    assert bars.iloc[1].to_list() == [101.0, 102.5, 100.25, 102.0, 2000.0]
    assert source_of(bars)["timezone"] == "America/New_York"
    assert source_of(bars)["repairs"] == {}


def test_days_follow_daylight_saving() -> None:
    days = pd.DatetimeIndex(["2024-03-08", "2024-03-11"]).tz_localize("America/New_York")
    bars = yahoo_to_bars(yahoo_frame(days), "BRK-B", DAY_NS, now_ns=LATE_NS)
    assert [at.strftime("%d %H:%M") for at in bars.index] == ["08 05:00", "11 04:00"]
    assert interval_ns_of(bars) == DAY_NS
    assert source_of(bars)["symbol"] == "BRKB"


def test_times_without_a_zone_need_one() -> None:
    naive = yahoo_frame(pd.DatetimeIndex(["2024-03-08", "2024-03-11"]))
    with pytest.raises(DataError, match="no time zone: give timezone"):
        yahoo_to_bars(naive, "AAPL", DAY_NS, now_ns=LATE_NS)
    bars = yahoo_to_bars(naive, "AAPL", DAY_NS, now_ns=LATE_NS, timezone="America/New_York")
    assert bars.index[0] == pd.Timestamp("2024-03-08 05:00", tz="UTC")
    with pytest.raises(DataError, match="cannot be of Mars"):
        yahoo_to_bars(naive, "AAPL", DAY_NS, now_ns=LATE_NS, timezone="Mars/Olympus")


def test_rows_without_prices_and_the_unfinished_bar_are_counted() -> None:
    frame = yahoo_frame(minutes("2024-03-08 09:30", 5))
    frame.loc[frame.index[2], ["Open", "High", "Low", "Close"]] = float("nan")
    now_ns = pd.Timestamp("2024-03-08 09:34:20", tz="America/New_York").value
    bars = yahoo_to_bars(frame, "AAPL", MINUTE_NS, now_ns=now_ns)
    assert len(bars) == 3
    assert source_of(bars)["repairs"] == {
        "rows_without_prices_dropped": 1,
        "unfinished_bars_dropped": 1,
    }


def test_a_downloads_two_level_columns_are_read() -> None:
    frame = yahoo_frame(minutes("2024-03-08 09:30", 2))
    frame.columns = pd.MultiIndex.from_product([frame.columns, ["AAPL"]])
    assert len(yahoo_to_bars(frame, "AAPL", MINUTE_NS, now_ns=LATE_NS)) == 2
    both = pd.concat([frame, frame.rename(columns={"AAPL": "MSFT"})], axis=1)
    with pytest.raises(DataError, match="one symbol at a time is read, not AAPL, MSFT"):
        yahoo_to_bars(both, "AAPL", MINUTE_NS, now_ns=LATE_NS)


def test_what_is_no_yahoo_frame_is_refused() -> None:
    frame = yahoo_frame(minutes("2024-03-08 09:30", 2))
    with pytest.raises(DataError, match="lacks 'Volume'"):
        yahoo_to_bars(frame.drop(columns="Volume"), "AAPL", MINUTE_NS, now_ns=LATE_NS)
    with pytest.raises(DataError, match="not indexed by time"):
        yahoo_to_bars(frame.reset_index(drop=True), "AAPL", MINUTE_NS, now_ns=LATE_NS)
    holed = frame.copy()
    holed.iloc[1, 1] = float("nan")
    with pytest.raises(DataError, match="row 1, column 'high': nan"):
        yahoo_to_bars(holed, "AAPL", MINUTE_NS, now_ns=LATE_NS)
    with pytest.raises(DataError, match="no finished bars"):
        yahoo_to_bars(frame, "AAPL", MINUTE_NS, now_ns=0)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_import = builtins.__import__

    def without_yfinance(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name == "yfinance":
            raise ImportError(name)
        return plain_import(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without_yfinance)
    with pytest.raises(MissingExtraError, match=r"yfinance is not installed.*hftsim\[yahoo\]"):
        fetch_yahoo("AAPL", "1d", "2024-01-01", "2024-02-01")


def test_an_interval_yahoo_does_not_serve_is_refused_first() -> None:
    with pytest.raises(UnknownNameError, match="unknown Yahoo interval '3m'"):
        fetch_yahoo("AAPL", "3m")


STAND_IN = """
import pandas as pd
from yfinance.exceptions import YFException

class Ticker:
    def __init__(self, symbol):
        self.symbol = symbol

    def history(self, *, interval, start, end, auto_adjust, actions, keepna):
        assert keepna and not actions
        if self.symbol == "LIMITED":
            raise YFException("Too Many Requests")
        if self.symbol == "OFFLINE":
            raise ConnectionError("Could not resolve host")
        days = [] if self.symbol == "NOTHING" else pd.date_range(start, end, inclusive="left")
        index = pd.DatetimeIndex(days, name="Date").tz_localize("America/New_York")
        price = 100.0 if auto_adjust else 200.0
        names = ["Open", "High", "Low", "Close", "Volume"]
        return pd.DataFrame(price, columns=names, index=index)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a package that answers like yfinance where it is imported from."""
    package = tmp_path / "yfinance"
    package.mkdir()
    (package / "__init__.py").write_text(STAND_IN)
    (package / "exceptions.py").write_text("class YFException(Exception): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("yfinance", "yfinance.exceptions"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("stand_in")
def test_a_range_is_asked_for_and_converted() -> None:
    clock = SimClock(LATE_NS)
    bars = fetch_yahoo("BRK-B", "1d", "2024-02-01", "2024-02-05", clock=clock)
    assert [f"{at:%d %H}" for at in bars.index] == ["01 05", "02 05", "03 05", "04 05"]
    assert bars.close.to_list() == [100.0] * 4
    assert source_of(bars)["origin"] == "yahoo, adjusted for dividends and splits"
    plain = fetch_yahoo("BRK-B", "1d", "2024-02-01", "2024-02-05", clock=clock, adjusted=False)
    assert plain.close.to_list() == [200.0] * 4
    assert source_of(plain)["origin"] == "yahoo, split-adjusted"


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("symbol", "error", "words"),
    [
        ("NOTHING", DataError, "Yahoo gave no bars of NOTHING at 1d"),
        ("LIMITED", NetworkError, "Too Many Requests"),
        ("OFFLINE", NetworkError, "Could not resolve host"),
    ],
)
def test_a_failure_is_one_sentence(symbol: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fetch_yahoo(symbol, "1d", "2024-02-01", "2024-02-05", clock=SimClock(LATE_NS))
