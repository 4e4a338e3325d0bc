"""Bars of shares, funds, indices and currencies from Yahoo, through yfinance (an extra)."""

from datetime import datetime

import numpy as np
import pandas as pd

from hftsim.core.bars import BAR_COLUMNS, require_bars, start_times_ns, with_source
from hftsim.core.clock import Clock, LiveClock
from hftsim.core.errors import DataError, MissingExtraError, NetworkError, UnknownNameError
from hftsim.core.instrument import normalize_symbol
from hftsim.data.intervals import parse_interval

When = str | datetime | pd.Timestamp
YAHOO_INTERVALS = {
    **{name: name for name in ("1m", "2m", "5m", "15m", "30m", "1h", "90m", "1d", "5d")},
    "1w": "1wk",
}
"""Our spelling of an interval to Yahoo's."""


def fetch_yahoo(
    symbol: str,
    interval: str = "1d",
    start: When | None = None,
    end: When | None = None,
    *,
    adjusted: bool = True,
    clock: Clock | None = None,
) -> pd.DataFrame:
    """Return bars from Yahoo in our shape; trading days of the exchange become UTC times.

    Yahoo serves minutes only of the last days (7 for 1m, 60 for the others up to 90m, 730 for 1h).

    Parameters
    ----------
    symbol : as Yahoo spells it: ``AAPL``, ``BRK-B``, ``^GSPC``, ``BTC-USD``.
    interval : 1m 2m 5m 15m 30m 90m 1h 1d 5d 1w.
    start, end : from the first bar at or after `start` to the last before `end`; the exchange's
        time where no zone is given. The last month where neither is given.
    adjusted : whether prices are adjusted for dividends and splits (else for splits only).
    clock : what tells which bar has not ended yet.

    Raises
    ------
    MissingExtraError : yfinance is not installed. UnknownNameError : an interval Yahoo does not
    serve. DataError : Yahoo has no such bars. NetworkError : no answer.
    """
    interval_ns = parse_interval(interval)
    if interval not in YAHOO_INTERVALS:
        raise UnknownNameError("Yahoo interval", interval, YAHOO_INTERVALS)
    try:
        import yfinance
        from yfinance.exceptions import YFException
    except ImportError:
        raise MissingExtraError("yfinance", "yahoo") from None
    try:
        frame = yfinance.Ticker(symbol).history(
            interval=YAHOO_INTERVALS[interval],
            start=start,
            end=end,
            auto_adjust=adjusted,
            actions=False,
            keepna=True,
        )
    except (OSError, YFException) as error:
        raise NetworkError(f"Yahoo does not answer ({error}); check the network") from None
    if not len(frame):
        raise DataError(
            f"Yahoo gave no bars of {symbol} at {interval} in the time asked for: check the "
            "symbol, the network, and that the time is recent enough for the interval"
        )
    now_ns = (clock or LiveClock()).now_ns()
    return yahoo_to_bars(frame, symbol, interval_ns, now_ns=now_ns, adjusted=adjusted)


def yahoo_to_bars(
    frame: pd.DataFrame,
    symbol: str,
    interval_ns: int,
    *,
    now_ns: int,
    timezone: str | None = None,
    adjusted: bool = True,
) -> pd.DataFrame:
    """Return a frame as yfinance gives it (Open High Low Close Volume) as a bar frame.

    Rows without prices, which Yahoo sends for idle minutes, and the bar that has not ended at
    `now_ns` are left out and counted in ``source["repairs"]``.

    Parameters
    ----------
    frame : its index has the exchange's time zone; one without needs `timezone`.
    symbol, interval_ns : of the bars.
    now_ns : the time now, nanoseconds UTC.
    timezone : of an index that has none, such as ``America/New_York``.
    adjusted : whether prices are adjusted for dividends too; only noted in the source.

    Raises DataError for missing columns, an index without a time zone, a row that lacks only some
    of its values, or no usable row.
    """
    frame = _one_level(frame)
    missing = [name for name in BAR_COLUMNS if name.title() not in frame.columns]
    if missing:
        raise DataError(f"Yahoo's answer lacks {missing[0].title()!r}", field=missing[0])
    index = _utc_index(frame.index, timezone)
    values = {c: np.asarray(frame[c.title()], np.float64) for c in BAR_COLUMNS}
    bars = pd.DataFrame(values, index=index.tz_convert("UTC").as_unit("ns").rename("ts_open"))
    empty = bars[["open", "high", "low", "close"]].isna().all(axis=1).to_numpy()
    unfinished = (start_times_ns(bars) + interval_ns > now_ns) & ~empty
    counts = {
        "rows_without_prices_dropped": int(empty.sum()),
        "unfinished_bars_dropped": int(unfinished.sum()),
    }
    bars = bars[~empty & ~unfinished]
    if not len(bars):
        raise DataError(f"Yahoo sent no finished bars of {symbol}")
    require_bars(bars)
    return with_source(
        bars,
        symbol=normalize_symbol(symbol),
        venue="yahoo",
        origin="yahoo, adjusted for dividends and splits" if adjusted else "yahoo, split-adjusted",
        dialect="yfinance",
        timezone=str(index.tz),
        stamp="open",
        interval_ns=interval_ns,
        simulated=False,
        repairs={name: count for name, count in counts.items() if count},
    )


def _one_level(frame: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(frame.columns, pd.MultiIndex):
        return frame
    level = frame.columns.get_level_values(1)
    if len(set(level)) != 1:
        raise DataError(f"one symbol at a time is read, not {', '.join(sorted(set(level)))}")
    return frame.droplevel(1, axis=1)


def _utc_index(index: pd.Index, timezone: str | None) -> pd.DatetimeIndex:
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError("Yahoo's answer is not indexed by time")
    if index.tz is not None:
        return index
    if timezone is None:
        raise DataError("Yahoo's times have no time zone: give timezone, such as America/New_York")
    try:
        return index.tz_localize(timezone)
    except (ValueError, KeyError) as error:
        raise DataError(f"the times cannot be of {timezone}: {error}") from None
