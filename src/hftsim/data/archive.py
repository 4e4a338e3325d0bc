"""Binance's public archive of klines: whole months or days in zips, with their checksums."""

import hashlib
import io
import re
import time
import zipfile
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from hftsim.core.bars import gap_count, with_source
from hftsim.core.errors import DataError, InputError, Interrupted, UnknownNameError, VenueError
from hftsim.core.instrument import normalize_symbol
from hftsim.core.progress import Progress, no_progress
from hftsim.data import binance_codec as codec
from hftsim.data.http import PoliteClient
from hftsim.data.intervals import require_binance_interval
from hftsim.data.merge import merge_pages

ARCHIVE_URL = "https://data.binance.vision"
Market = Literal["spot", "um", "cm"]
_FOLDERS = {"spot": "spot", "um": "futures/um", "cm": "futures/cm"}
_LARGEST_CSV = 2 * 1024**3


class BinanceArchive:
    """Reads klines from the archive at data.binance.vision, or a server laid out like it.

    Every zip is held against the SHA-256 in the ``.CHECKSUM`` file beside it. Times may be in
    milliseconds or, since 2025 on the spot market, microseconds.

    Parameters
    ----------
    base_url : the server.
    market : ``spot``, ``um`` (futures margined in dollars) or ``cm`` (in coin).
    timeout_s : longest silence of the server, in seconds.
    sleep, rng : what waits (seconds) and draws the retries' jitter.
    """

    def __init__(
        self,
        base_url: str = ARCHIVE_URL,
        *,
        market: Market = "spot",
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        rng: np.random.Generator | None = None,
    ) -> None:
        if market not in _FOLDERS:
            raise UnknownNameError("market", market, _FOLDERS)
        self.market = market
        self._client = PoliteClient(base_url, timeout_s=timeout_s, sleep=sleep, rng=rng)

    def fetch_month(self, symbol: str, interval: str, month: str) -> pd.DataFrame:
        """Return the bars of one month, written like ``2024-01``; see `fetch_months`."""
        return self.fetch_months(symbol, interval, month, month)

    def fetch_months(
        self,
        symbol: str,
        interval: str,
        first: str,
        last: str,
        *,
        progress: Progress = no_progress,
    ) -> pd.DataFrame:
        """Return the bars of the months from `first` to `last`, both included.

        Parameters
        ----------
        symbol : such as ``BTCUSDT``, or ``BTCUSD_PERP`` with ``market="cm"``.
        interval : as Binance spells it.
        first, last : months, written like ``2024-01``.
        progress : told of the months done.

        Returns
        -------
        A bar frame with trade_count and taker_buy_volume, and but for coin-margined futures
        notional and taker_buy_notional; volumes there are in contracts. Its source counts gaps.

        Raises
        ------
        VenueError : the archive lacks a month. DataError : a zip does not match its checksum or
        cannot be read. NetworkError : no answer. Interrupted : stopped by Ctrl-C.
        """
        months = pd.period_range(_period(first, "M"), _period(last, "M"), freq="M")
        if not len(months):
            raise InputError(f"the first month, {first}, is after the last, {last}")
        return self._fetch("monthly", symbol, interval, [str(m) for m in months], progress)

    def fetch_day(self, symbol: str, interval: str, day: str) -> pd.DataFrame:
        """Return the bars of one day, written like ``2024-01-31``; see `fetch_months`."""
        date = str(_period(day, "D"))
        return self._fetch("daily", symbol, interval, [date], no_progress)

    def _fetch(
        self, pace: str, symbol: str, interval: str, dates: list[str], progress: Progress
    ) -> pd.DataFrame:
        step_ns = require_binance_interval(interval)
        folder, pages = f"/data/{_FOLDERS[self.market]}/{pace}/klines", []
        name = self._spelled(symbol)
        try:
            with self._client:
                for done, date in enumerate(dates):
                    progress(done, len(dates), date)
                    path = f"{folder}/{name}/{interval}/{name}-{interval}-{date}.zip"
                    pages.append(self._bars(path, step_ns))
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped after {len(pages)} of {len(dates)} files of {name} {interval}; none is "
                f"kept: ask for fewer at once, from {dates[len(pages)]} on"
            ) from None
        progress(len(dates), len(dates))
        bars, overlap = merge_pages(pages)
        if overlap.revised:
            raise DataError(f"the files of {name} contradict each other: {overlap.sentence()}")
        with_source(
            bars,
            symbol=normalize_symbol(name),
            venue="binance",
            origin=f"{self._client.base_url}{folder}/{name}/{interval}",
            dialect=f"binance archive, {self.market}",
            timezone="UTC",
            stamp="open",
            interval_ns=step_ns,
            simulated=False,
            repairs={"repeated_bars_dropped": overlap.repeated} if overlap.repeated else {},
        )
        return with_source(bars, gaps=gap_count(bars))

    def _spelled(self, symbol: str) -> str:
        normalize_symbol(symbol)
        separators = r"[/\-\s:]" if self.market != "spot" else r"[/\-_\s:]"
        return re.sub(separators, "", symbol).upper()

    def _bars(self, path: str, step_ns: int) -> pd.DataFrame:
        url = self._client.base_url + path
        promised = self._body(path + ".CHECKSUM").split()
        body = self._body(path)
        found = hashlib.sha256(body).hexdigest()
        if not promised or promised[0].decode("ascii", "replace").lower() != found:
            raise DataError(
                f"its SHA-256 is {found}, not what the .CHECKSUM file promises: fetch it again",
                path=url,
            )
        columns = _columns(_only_csv(body, url), url)
        length_ns = codec.kline_length_ns(columns)
        if abs(length_ns - step_ns) > step_ns // 10:
            raise DataError(f"it holds bars of {length_ns / 1e9:g} s", path=url)
        if self.market == "cm":  # the quote fields of these are in base coin
            columns = {k: v for k, v in columns.items() if "notional" not in k}
        bars = codec.columns_to_bars(columns)
        if not (bars.index.is_monotonic_increasing and bars.index.is_unique):
            raise DataError("its rows are not in order of time", path=url)
        return bars

    def _body(self, path: str) -> bytes:
        reply = self._client.get(path)
        if reply.status == 404:
            raise VenueError(
                f"the archive has no {path.rsplit('/', 1)[-1]} ({self._client.base_url}{path}): "
                "months come a few days after they end, days the day after; for the latest bars "
                "use BinanceDataFetcher, and check symbol and market",
                status=404,
            )
        if reply.status != 200:
            raise codec.venue_error(reply.status, reply.body, self._client.base_url + path)
        return reply.body


def _only_csv(body: bytes, url: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            if len(members) != 1 or members[0].file_size > _LARGEST_CSV:
                raise DataError("one CSV file of sensible size was expected inside", path=url)
            return archive.read(members[0])
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise DataError(f"this is no readable zip ({error})", path=url) from None


def _columns(csv: bytes, url: str) -> dict[str, np.ndarray]:
    """Return the columns of a kline dump, with or without a header line."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    header = 1 if csv[:9] == b"open_time" else 0
    used = codec.KLINE_FIELDS[:11]
    kinds = {name: pa.int64() if name.endswith("_time") else pa.float64() for name in used}
    try:
        table = pa_csv.read_csv(
            io.BytesIO(csv),
            pa_csv.ReadOptions(column_names=list(codec.KLINE_FIELDS), skip_rows=header),
            convert_options=pa_csv.ConvertOptions(
                column_types=kinds, include_columns=list(used), null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(f"its rows are not klines ({error})", path=url) from None
    columns = {name: table[name].to_numpy() for name in used}
    for name, values in columns.items():
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(np.argmax(bad)) + 1 + header
            raise DataError("this is not a finite number", path=url, row=row, field=name)
    if not table.num_rows:
        raise DataError("it holds no bars", path=url)
    return columns


def _period(text: str, freq: Literal["M", "D"]) -> pd.Period:
    shape, example = {"M": (r"\d{4}-\d{2}", "2024-01"), "D": (r"\d{4}-\d{2}-\d{2}", "2024-01-31")}[
        freq
    ]
    try:
        if re.fullmatch(shape, text):
            return pd.Period(text, freq=freq)
    except ValueError:
        pass
    kind = "month" if freq == "M" else "day"
    raise InputError(f"{text!r} is no {kind}; write it like {example}")
