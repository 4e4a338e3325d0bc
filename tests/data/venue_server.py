"""A small real HTTP server on loopback that answers like Binance's public spot API and archive.

It keeps the venue's rules: klines ascending, startTime and endTime inclusive, at most a thousand
rows, the latest ones without startTime, the current bar unfinished; error bodies with code and msg;
used weight in the headers. Faults are scripted one request at a time::

    with VenueServer(now_ms=...) as venue:
        venue.faults += [status(503), throttled(7), truncated()]
        BinanceDataFetcher(base_url=venue.url, ...)
        assert venue.asked("/api/v3/klines") == [...]

Its bars are a formula of their start time, so a test can work out any row: see `kline`. It shares
no code with the client.
"""

import dataclasses
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

MINUTE_MS = 60_000
STEP_MS = {f"{n}m": n * MINUTE_MS for n in (1, 3, 5, 15, 30)}
STEP_MS |= {f"{n}h": n * 60 * MINUTE_MS for n in (1, 2, 4, 6, 8, 12)}
STEP_MS |= {"1s": 1_000, "1d": 1440 * MINUTE_MS}
NOW_MS = 1_706_695_230_000
"""2024-01-31 10:00:30 UTC: half-way through a minute."""
LAST_MS = NOW_MS // MINUTE_MS * MINUTE_MS - MINUTE_MS
"""Start of the minute that ended last: 2024-01-31 09:59."""
KLINES = "/api/v3/klines"
WEIGHTS = {"/api/v3/klines": 2, "/api/v3/ticker/price": 2, "/api/v3/exchangeInfo": 20}


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to one request instead of, or to, its answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    cut: bool = False
    hang_up: bool = False
    wait_s: float = 0.0


def status(code: int, body: bytes = b"") -> Fault:
    """Answer with a status and a body."""
    return Fault(status=code, body=body)


def throttled(retry_after: object, code: int = 429) -> Fault:
    """Refuse as too many requests; `retry_after` None leaves the header out."""
    body = b'{"code":-1003,"msg":"Too much request weight used; please use WebSocket Streams."}'
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return Fault(status=code, headers=headers, body=body)


def truncated() -> Fault:
    """Promise the whole body, send half of it and close."""
    return Fault(cut=True)


def hang_up() -> Fault:
    """Close the connection without a word."""
    return Fault(hang_up=True)


def slow(wait_s: float) -> Fault:
    """Answer after `wait_s` seconds."""
    return Fault(wait_s=wait_s)


class Sleeper:
    """Notes waits (seconds) instead of waiting; calls `moved` with each."""

    def __init__(self, moved: Callable[[float], None] = lambda seconds: None) -> None:
        self.waits: list[float] = []
        self._moved = moved

    def __call__(self, seconds: float) -> None:
        """Note a wait."""
        self.waits.append(seconds)
        self._moved(seconds)


def opens_ms(bars: pd.DataFrame) -> list[int]:
    """Return the bars' starts in milliseconds."""
    return [int(at.value) // 1_000_000 for at in bars.index.as_unit("ns")]


def minutes(first_ms: int, rows: int) -> list[int]:
    """Return the starts of `rows` minutes."""
    return list(range(first_ms, first_ms + rows * MINUTE_MS, MINUTE_MS))


def kline(open_ms: int, step_ms: int, factor: float = 1.0) -> list[Any]:
    """Return the row of the bar that starts at `open_ms`, all of it a function of that number."""
    k = open_ms // step_ms
    first, last = 50_000 + k % 997, 50_000 + (k + 1) % 997
    volume = (k % 13 + 0.25) * factor
    values = [first, max(first, last) + 0.5, min(first, last) - 0.5, last, volume]
    taker = volume / 4
    return [
        open_ms,
        *(f"{value:.8f}" for value in values),
        open_ms + step_ms - 1,
        f"{volume * first:.8f}",
        k % 50 + 1,
        f"{taker:.8f}",
        f"{taker * first:.8f}",
        "0",
    ]


def symbol_info(symbol: str, base: str, quote: str, tick: str, lot: str) -> dict[str, Any]:
    """Return an exchangeInfo entry."""
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": quote,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000"}
            | {"tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000.00000000", "stepSize": lot},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
        ],
    }


class VenueServer:
    """The server; its attributes may be changed while it runs.

    Attributes
    ----------
    now_ms, listed_ms : the venue's time, and the start of the first bar.
    symbols : exchangeInfo entries by symbol.
    holes : starts of bars the venue does not have.
    factors : by start of bar, what its volume is multiplied by (a revised bar).
    page_rows : rows an answer holds at most.
    overlap_rows : rows sent before startTime, as no good server does.
    used_weight, weight_header : what the headers tell; each request adds its weight.
    faults : taken in turn, one per request.
    files : bodies by path, for everything that is not the API.
    on_request : called with path and parameters before a request is answered.
    requests : (path, parameters) of every request so far.
    """

    def __init__(self, *, now_ms: int, listed_ms: int = 1_500_000_000_000) -> None:
        self.now_ms, self.listed_ms = now_ms, listed_ms
        self.symbols = {
            "BTCUSDT": symbol_info("BTCUSDT", "BTC", "USDT", "0.01000000", "0.00001000"),
            "ETHUSDT": symbol_info("ETHUSDT", "ETH", "USDT", "0.01000000", "0.00010000"),
        }
        self.holes: set[int] = set()
        self.factors: dict[int, float] = {}
        self.page_rows, self.overlap_rows = 1000, 0
        self.used_weight, self.weight_header = 0, "X-MBX-USED-WEIGHT-1M"
        self.faults: list[Fault] = []
        self.files: dict[str, bytes] = {}
        self.on_request: Callable[[str, dict[str, str]], None] | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._stopped = threading.Event()
        venue = self

        class Handler(_Handler):
            server_venue = venue

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def asked(self, path: str) -> list[dict[str, str]]:
        """Return the parameters of every request for `path`."""
        return [params for where, params in self.requests if where == path]

    def add_archive(self, path: str, csv: str, *, checksum: str | None = None) -> None:
        """Serve a zip of one CSV file at `path`, and its CHECKSUM file beside it."""
        name = path.rsplit("/", 1)[-1]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name.removesuffix(".zip") + ".csv", csv)
        body = packed.getvalue()
        digest = checksum or hashlib.sha256(body).hexdigest()
        self.files[path] = body
        self.files[path + ".CHECKSUM"] = f"{digest}  {name}\n".encode()

    def stop(self) -> None:
        """Stop answering; later connections are refused."""
        if not self._stopped.is_set():
            self._stopped.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, path: str, params: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body, as the venue would give them."""
        if path in self.files:
            return 200, self.files[path]
        routes = {
            "/api/v3/klines": self._klines,
            "/api/v3/exchangeInfo": self._exchange_info,
            "/api/v3/ticker/price": self._price,
        }
        if path not in routes:
            return 404, b"<html>404 Not Found</html>"
        code, payload = routes[path](params)
        return code, json.dumps(payload).encode()

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than the server lives."""
        self._stopped.wait(seconds)

    def _klines(self, params: dict[str, str]) -> tuple[int, Any]:
        if params.get("symbol") not in self.symbols:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        if params.get("interval") not in STEP_MS:
            return 400, {"code": -1120, "msg": "Invalid interval."}
        step = STEP_MS[params["interval"]]
        rows = min(int(params.get("limit", 500)), self.page_rows)
        oldest = -(-self.listed_ms // step) * step
        newest = self.now_ms // step * step
        until = min(newest, int(params.get("endTime", newest)) // step * step)
        if "startTime" in params:
            first = max(oldest, -(-int(params["startTime"]) // step) * step)
            opens = self._existing(first, until, step, rows)
            opens = self._existing(first - self.overlap_rows * step, first - 1, step, rows) + opens
        else:
            opens = self._existing(until, oldest, -step, rows)[::-1]
        return 200, [kline(at, step, self.factors.get(at, 1.0)) for at in opens]

    def _existing(self, first: int, last: int, step: int, rows: int) -> list[int]:
        found: list[int] = []
        at = first
        while len(found) < rows and (at <= last if step > 0 else at >= last):
            if at not in self.holes:
                found.append(at)
            at += step
        return found

    def _exchange_info(self, params: dict[str, str]) -> tuple[int, Any]:
        wanted = params.get("symbol")
        if wanted is not None and wanted not in self.symbols:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
        listed = [v for k, v in self.symbols.items() if wanted in {None, k}]
        return 200, {
            "timezone": "UTC",
            "serverTime": self.now_ms,
            "rateLimits": [limit | {"limit": 6000}],
            "symbols": listed,
        }

    def _price(self, params: dict[str, str]) -> tuple[int, Any]:
        if params.get("symbol") not in self.symbols:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        return 200, {"symbol": params["symbol"], "price": "64123.45000000"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_venue: VenueServer

    def do_GET(self) -> None:
        venue, parts = self.server_venue, urlsplit(self.path)
        params = dict(parse_qsl(parts.query))
        venue.requests.append((parts.path, params))
        if venue.on_request is not None:
            venue.on_request(parts.path, params)
        fault = venue.faults.pop(0) if venue.faults else Fault()
        venue.wait(fault.wait_s)
        if fault.hang_up:
            self.close_connection = True
            return
        code, body = venue.answer(parts.path, params)
        code, body = (code, body) if fault.body is None else (fault.status, fault.body)
        venue.used_weight += WEIGHTS.get(parts.path, 1)
        self.send_response(code)
        for name, value in (*fault.headers, (venue.weight_header, str(venue.used_weight))):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault.cut:
            body = body[: len(body) // 2]
            self.close_connection = True
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
