"""Klines, prices and trading rules from Binance's public REST API; no key is needed."""

import difflib
import functools
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hftsim.core.bars import gap_count, start_times_ns, with_source
from hftsim.core.clock import Clock, LiveClock
from hftsim.core.errors import DataError, InputError, Interrupted, NetworkError, VenueError
from hftsim.core.instrument import Instrument, normalize_symbol
from hftsim.core.progress import Progress, no_progress
from hftsim.data import binance_codec as codec
from hftsim.data.http import PoliteClient
from hftsim.data.intervals import DAY_NS, require_binance_interval
from hftsim.data.merge import Overlap, merge_pages
from hftsim.data.paging import PAGE_ROWS, KlinePager
from hftsim.data.partfile import PartFile

_log = logging.getLogger(__name__)

BASE_URL = "https://api.binance.com"
When = str | datetime | pd.Timestamp
_KLINES, _RULES, _PRICE = "/api/v3/klines", "/api/v3/exchangeInfo", "/api/v3/ticker/price"
_LENGTH_TOLERANCE = 0.1


class BinanceDataFetcher:
    """Fetches spot bars, prices and trading rules of one symbol.

    Requests stay under the venue's weight limit, obey ``Retry-After`` and are retried with full
    jitter. A bar that has not ended is left out unless asked for.

    Parameters
    ----------
    symbol : any spelling: ``BTCUSDT``, ``BTC/USDT``.
    interval : one of the venue's: 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w.
    base_url : another server that answers like the venue, such as
        ``https://data-api.binance.vision``.
    clock, sleep, rng : what tells the time, waits (seconds) and draws the retries' jitter.
    timeout_s : longest silence of the server, in seconds.
    resume_dir : where a stopped fetch keeps its bars, so that the same call goes on from there.

    Raises UnknownNameError for an interval the venue does not serve, before any request.
    """

    def __init__(
        self,
        symbol: str = "BTCUSDT",
        interval: str = "1m",
        *,
        base_url: str = BASE_URL,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        rng: np.random.Generator | None = None,
        timeout_s: float = 10.0,
        resume_dir: str | Path | None = None,
    ) -> None:
        require_binance_interval(interval)
        self.symbol, self.interval = normalize_symbol(symbol), interval
        self._clock = clock or LiveClock()
        self._resume_dir = Path(resume_dir) if resume_dir is not None else None
        self._client = PoliteClient(
            base_url, timeout_s=timeout_s, clock=self._clock, sleep=sleep, rng=rng
        )

    def fetch_klines(
        self,
        limit: int | None = None,
        *,
        start: When | None = None,
        end: When | None = None,
        interval: str | None = None,
        progress: Progress = no_progress,
        include_unfinished: bool = False,
    ) -> pd.DataFrame:
        """Return bars by number, by range, or both.

        Parameters
        ----------
        limit : how many bars; 1000 where neither limit nor start is given. The first ones from
            `start` where that is given, else the last ones before `end`.
        start, end : from the first bar that starts at or after `start` to the last that starts
            before `end`; a time without a zone is UTC.
        interval : another one than the fetcher's.
        progress : told (bars gathered, bars expected, time reached).
        include_unfinished : whether the bar that is still being made is the last row.

        Returns
        -------
        A bar frame with notional, trade_count, taker_buy_volume and taker_buy_notional. Its source
        counts ``gaps`` (holes the venue has itself: each is asked for a second time) and, under
        ``repairs``, ``unfinished_bars_dropped``, ``repeated_bars_dropped``, ``revised_bars``.

        Raises
        ------
        DataError : the venue has no such bars. VenueError : it answers with an error, such as an
        unknown symbol. NetworkError : no answer. Interrupted : stopped by Ctrl-C; says what was
        kept and what remains.
        """
        interval = interval or self.interval
        step_ns = require_binance_interval(interval)
        limit, start_ns, end_ns = _wish(limit, start, end)
        part = PartFile(
            folder=self._resume_dir,
            symbol=self.symbol,
            interval=interval,
            base_url=self._client.base_url,
        )
        pages, spans = part.load()
        ask = functools.partial(self._ask, interval)
        pager = KlinePager(ask=ask, step_ns=step_ns, pages=pages, spans=spans, progress=progress)
        self._gather_or_keep(pager, part, limit, start_ns, end_ns)
        bars = self._assembled(pager, include_unfinished=include_unfinished)
        if limit is not None:
            bars = bars.head(limit) if start_ns is not None else bars.tail(limit)
        part.drop(pager.wanted)
        self._warn_of_edges(bars, pager.step_ns, start_ns, end_ns)
        return self._described(bars, pager, include_unfinished=include_unfinished)

    def fetch_historical(
        self, days: float, *, interval: str | None = None, progress: Progress = no_progress
    ) -> pd.DataFrame:
        """Return the bars of the last `days` days up to now, as `fetch_klines` does."""
        if not days > 0:
            raise InputError(f"days must be above 0, not {days}")
        step_ns = require_binance_interval(interval or self.interval)
        now_ns = self._clock.now_ns() // step_ns * step_ns
        start = pd.Timestamp(now_ns - round(days * DAY_NS), tz="UTC")
        return self.fetch_klines(start=start, interval=interval, progress=progress)

    def fetch_realtime(self) -> dict[str, Any]:
        """Return the last traded price: ``symbol``, ``price`` and ``time`` (UTC, of the answer)."""
        answer = self._get(_PRICE, {"symbol": self.symbol}, weight=2, asked=self.symbol)
        try:
            price = float(answer["price"])
        except (TypeError, KeyError, ValueError):
            raise VenueError(f"{self.symbol}: the venue sent no price: {answer!r:.80}") from None
        now = pd.Timestamp(self._clock.now_ns(), tz="UTC")
        return {"symbol": self.symbol, "price": price, "time": now}

    def fetch_instrument(self) -> Instrument:
        """Return the venue's rules for the symbol: tick, lot, smallest quantity and notional.

        Fees are the venue's standard spot fees: it does not publish an account's own here. A
        symbol that is not trading (halted, delisted) is warned about in the log.
        """
        info = self._get(_RULES, {"symbol": self.symbol}, weight=20, asked=self.symbol)
        self._client.weight_limit = codec.weight_limit_of(info) or self._client.weight_limit
        status = codec.trading_status_of(info, self.symbol)
        if status not in {"", "TRADING"}:
            _log.warning("%s is not trading at the venue: its status is %s", self.symbol, status)
        return codec.instrument_of(info, self.symbol)

    def _gather_or_keep(
        self,
        pager: KlinePager,
        part: PartFile,
        limit: int | None,
        start_ns: int | None,
        end_ns: int | None,
    ) -> None:
        try:
            with self._client:
                self._gather(pager, limit, start_ns, end_ns)
        except KeyboardInterrupt:
            raise Interrupted(f"stopped: {part.keep(pager)}") from None
        except NetworkError as error:
            if not pager.spans:
                raise
            raise _longer(error, part.keep(pager)) from None

    def _gather(
        self, pager: KlinePager, limit: int | None, start_ns: int | None, end_ns: int | None
    ) -> None:
        if start_ns is None:
            pager.backward(end_ns, limit or PAGE_ROWS)
        else:
            now_ns = self._clock.now_ns()
            if start_ns >= now_ns:
                raise InputError(f"start {_time(start_ns)} lies in the future")
            until_ns = now_ns if end_ns is None else min(end_ns, now_ns)
            bounded = end_ns is not None and end_ns <= now_ns
            pager.forward(start_ns, until_ns, limit, bounded=bounded)
        pager.ask_for_holes()

    def _get(self, path: str, params: Mapping[str, str | int], *, weight: int, asked: str) -> Any:
        with self._client:
            return self._answer(path, params, weight=weight, asked=asked)[0]

    def _answer(
        self, path: str, params: Mapping[str, str | int], *, weight: int, asked: str
    ) -> tuple[Any, int]:
        answer, reply = self._client.get_json(path, params, weight=weight)
        if reply.status != 200:
            error = codec.venue_error(reply.status, reply.body, asked)
            raise self._with_suggestion(error) if error.code == codec.UNKNOWN_SYMBOL else error
        now_ns = self._clock.now_ns()
        return answer, min(now_ns, reply.server_time_ns() or now_ns)

    def _ask(self, interval: str, where: dict[str, int]) -> tuple[pd.DataFrame, int]:
        asked = f"{self.symbol} {interval}"
        params: dict[str, str | int] = {"symbol": self.symbol, "interval": interval, **where}
        payload, now_ns = self._answer(_KLINES, params, weight=2, asked=asked)
        try:
            columns = codec.kline_columns(payload)
            page, length_ns = codec.columns_to_bars(columns), codec.kline_length_ns(columns)
        except DataError as error:
            raise VenueError(f"{asked}: the venue sent what cannot be read: {error}") from None
        step_ns = require_binance_interval(interval)
        if length_ns and abs(length_ns - step_ns) > _LENGTH_TOLERANCE * step_ns:
            raise VenueError(f"{asked}: the venue sent bars of {length_ns / 1e9:g} s")
        return page, now_ns

    def _with_suggestion(self, error: VenueError) -> VenueError:
        try:
            answer, reply = self._client.get_json(_RULES, weight=20)
            known = codec.symbols_of(answer) if reply.status == 200 else []
        except NetworkError:
            return error
        near = difflib.get_close_matches(self.symbol, known, 1, 0.6)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        return VenueError(f"{error}{advice}", status=error.status, code=error.code)

    def _assembled(self, pager: KlinePager, *, include_unfinished: bool) -> pd.DataFrame:
        parts = []
        if pager.pages:
            bars = pager.bars()[0]
            opens = start_times_ns(bars)
            parts.append(bars[(opens >= pager.wanted[0]) & (opens < pager.wanted[1])])
        if include_unfinished and pager.unfinished is not None:
            parts.append(pager.unfinished)
        if not sum(map(len, parts)):
            raise DataError(
                f"the venue has no finished bars of {self.symbol} in the time asked for: was it "
                "listed then?"
            )
        return merge_pages(parts)[0]

    def _warn_of_edges(
        self, bars: pd.DataFrame, step_ns: int, start_ns: int | None, end_ns: int | None
    ) -> None:
        opens = start_times_ns(bars)
        if start_ns is not None and opens[0] >= start_ns + step_ns:
            _log.warning("%s: the venue's first bar is of %s", self.symbol, _time(int(opens[0])))
        now_ns = self._clock.now_ns()
        if end_ns is None and start_ns is None and opens[-1] + 3 * step_ns < now_ns:
            _log.warning(
                "%s: the venue's last bar is of %s: halted or delisted?",
                self.symbol,
                _time(int(opens[-1])),
            )

    def _described(
        self, bars: pd.DataFrame, pager: KlinePager, *, include_unfinished: bool
    ) -> pd.DataFrame:
        overlap = pager.bars()[1] if pager.pages else Overlap()
        if overlap.revised:
            _log.warning("%s: %s while it was fetched", self.symbol, overlap.sentence())
        left_out = 0 if include_unfinished or pager.unfinished is None else len(pager.unfinished)
        counts = {
            "unfinished_bars_dropped": left_out,
            "repeated_bars_dropped": overlap.repeated,
            "revised_bars": overlap.revised,
        }
        with_source(
            bars,
            symbol=self.symbol,
            venue="binance",
            origin=self._client.base_url + _KLINES,
            dialect="binance klines",
            timezone="UTC",
            stamp="open",
            interval_ns=pager.step_ns,
            simulated=False,
            repairs={name: count for name, count in counts.items() if count},
        )
        return with_source(bars, gaps=gap_count(bars))


def _wish(
    limit: int | None, start: When | None, end: When | None
) -> tuple[int | None, int | None, int | None]:
    """Return the limit and the range in nanoseconds, refusing what cannot be meant."""
    if limit is not None and limit < 1:
        raise InputError(f"limit must be at least 1, not {limit}")
    start_ns, end_ns = _to_ns(start, "start"), _to_ns(end, "end")
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise InputError(f"start {start} is not before end {end}")
    if limit is None and start_ns is None:
        limit = PAGE_ROWS
    return limit, start_ns, end_ns


def _to_ns(when: When | None, name: str) -> int | None:
    if when is None:
        return None
    if not isinstance(when, str | datetime):
        raise InputError(f"{name} must be a date or a time, such as 2024-01-31, not {when!r}")
    try:
        stamp = pd.Timestamp(when)
    except ValueError:
        raise InputError(f"{name} {when!r} is no time; write it like 2024-01-31 08:00") from None
    if pd.isna(stamp):
        raise InputError(f"{name} is no time; write it like 2024-01-31 08:00")
    stamp = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    return int(stamp.as_unit("ns").value)


def _longer(error: NetworkError, more: str) -> NetworkError:
    if isinstance(error, VenueError):
        return VenueError(f"{error}; {more}", status=error.status, code=error.code)
    return NetworkError(f"{error}; {more}")


def _time(at_ns: int) -> str:
    return f"{pd.Timestamp(at_ns, tz='UTC'):%Y-%m-%d %H:%M}"
