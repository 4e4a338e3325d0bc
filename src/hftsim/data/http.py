"""A polite HTTP client: keeps under the venue's limits, waits when told to, retries with jitter."""

import email.utils
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import numpy as np

from hftsim.core.clock import Clock, LiveClock
from hftsim.core.errors import ConfigError, NetworkError, VenueError
from hftsim.data.intervals import MINUTE_NS, SECOND_NS

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

WEIGHT_LIMIT = 6000
"""Request weight Binance allows an address a minute, until exchangeInfo says otherwise."""
WEIGHT_SHARE = 0.8
FIRST_WAIT_S, LONGEST_BACKOFF_S = 0.5, 60.0
LONGEST_OBEYED_S = 300.0
DEFAULT_RETRY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def server_time_ns(self) -> int | None:
        """Return the latest time the server may have had when it answered (`Date` has seconds)."""
        stamp = self.headers.get("date")
        if stamp is None:
            return None
        try:
            at = email.utils.parsedate_to_datetime(stamp)
        except ValueError:
            return None
        return int(at.timestamp()) * SECOND_NS + SECOND_NS - 1


class _Transient(Exception):
    """Something that may go well the next time."""

    def __init__(self, what: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(what)


class PoliteClient:
    """GET requests to one server, with its limits kept and its failures retried.

    Waits are exponential with full jitter (Brooker, "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015): uniform in [0, 0.5 s x 2^n], at most a minute. Answers 429 and 418
    are obeyed for as long as ``Retry-After`` says, unless that is longer than five minutes.
    Use it as a context manager: the connection is kept open within and closed at the end.

    Parameters
    ----------
    base_url : such as ``https://api.binance.com``.
    timeout_s : longest silence of the server, in seconds.
    tries : how often one request is sent at most.
    clock, sleep, rng : what tells the time, waits (seconds) and draws the jitter.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 10.0,
        tries: int = 5,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        rng: np.random.Generator | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ConfigError(
                f"base URL {base_url!r} is no http(s) address; write it like "
                "https://api.binance.com"
            )
        self.base_url = base_url.rstrip("/")
        self.weight_limit = WEIGHT_LIMIT
        self._timeout_s, self._tries = timeout_s, tries
        self._clock = clock or LiveClock()
        self._sleep = sleep
        self._rng = rng if rng is not None else np.random.default_rng()
        self._http: httpx.Client | None = None
        self._used_weight, self._weight_minute = 0, 0

    def __enter__(self) -> Self:
        import httpx

        self._http = httpx.Client(timeout=self._timeout_s, headers={"User-Agent": "hftsim"})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(
        self, path: str, params: Mapping[str, str | int] | None = None, *, weight: int = 1
    ) -> Reply:
        """Return the answer to GET `path`, whatever its status below 500 (but 429 and 418).

        Raises VenueError where the venue goes on refusing or failing, NetworkError where nothing
        (whole) comes back in `tries` attempts.
        """
        return self._until_whole(path, params, weight, lambda reply: reply)

    def get_json(
        self, path: str, params: Mapping[str, str | int] | None = None, *, weight: int = 1
    ) -> tuple[Any, Reply]:
        """Return the parsed answer beside the reply; None instead of it for any status but 200.

        An answer 200 that is not JSON counts as truncated and is asked for again.
        """
        return self._until_whole(path, params, weight, _parsed)

    def _until_whole(
        self,
        path: str,
        params: Mapping[str, str | int] | None,
        weight: int,
        read: Callable[[Reply], _T],
    ) -> _T:
        url = self.base_url + path
        trouble = _Transient("was not asked")
        for attempt in range(self._tries):
            self._keep_under_limit(weight)
            try:
                reply = self._request(url, params)
                if reply.status not in {418, 429}:
                    return read(reply)
                trouble = _Transient("too many requests", reply.status)
                wait_s = self._told_wait_s(reply, url)
            except _Transient as error:
                trouble, wait_s = error, self._jitter_s(attempt)
            if attempt + 1 < self._tries:
                _log.warning("%s: %s; trying again in %.1f s", url, trouble, wait_s)
                self._sleep(wait_s)
        message = f"{url}: {trouble} ({self._tries} tries)"
        if trouble.status is not None:
            raise VenueError(f"{message}; try again later", status=trouble.status)
        raise NetworkError(f"{message}; check the network and the base URL")

    def _request(self, url: str, params: Mapping[str, str | int] | None) -> Reply:
        import httpx

        if self._http is None:
            raise RuntimeError("PoliteClient is used inside a with block")
        try:
            answer = self._http.get(url, params=dict(params or {}))
        except httpx.TimeoutException:
            raise _Transient(f"no answer within {self._timeout_s:g} s") from None
        except httpx.ConnectError as error:
            raise _Transient(f"cannot connect: {error}") from None
        except httpx.RequestError as error:
            raise _Transient(f"the answer broke off: {error}") from None
        reply = Reply(answer.status_code, dict(answer.headers), answer.content)
        self._note_weight(reply)
        if reply.status >= 500:
            raise _Transient(f"the server failed with HTTP {reply.status}", reply.status)
        return reply

    def _note_weight(self, reply: Reply) -> None:
        used = reply.headers.get("x-mbx-used-weight-1m", reply.headers.get("x-mbx-used-weight"))
        if used is not None and used.isdigit():
            self._used_weight = int(used)
            self._weight_minute = self._clock.now_ns() // MINUTE_NS

    def _keep_under_limit(self, weight: int) -> None:
        now_ns = self._clock.now_ns()
        if now_ns // MINUTE_NS != self._weight_minute:
            self._used_weight = 0
        if self._used_weight + weight > WEIGHT_SHARE * self.weight_limit:
            wait_s = (MINUTE_NS - now_ns % MINUTE_NS) / SECOND_NS
            _log.info("request weight %d used: waiting %.1f s", self._used_weight, wait_s)
            self._sleep(wait_s)
            self._used_weight = 0

    def _told_wait_s(self, reply: Reply, url: str) -> float:
        wait_s = _retry_after_s(reply, self._clock.now_ns())
        if wait_s > LONGEST_OBEYED_S:
            raise VenueError(
                f"{url}: the venue shut this address out for {wait_s:.0f} s (HTTP {reply.status}); "
                "try again after that",
                status=reply.status,
            )
        return wait_s

    def _jitter_s(self, attempt: int) -> float:
        longest = min(LONGEST_BACKOFF_S, FIRST_WAIT_S * 2**attempt)
        return float(self._rng.uniform(0.0, longest))


def _parsed(reply: Reply) -> tuple[Any, Reply]:
    if reply.status != 200:
        return None, reply
    try:
        return json.loads(reply.body), reply
    except ValueError:
        start = reply.body[:40].decode("utf-8", "replace")
        raise _Transient(f"the answer is not whole JSON (it starts with {start!r})") from None


def _retry_after_s(reply: Reply, now_ns: int) -> float:
    told = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", told):
        return float(told)
    try:
        until = email.utils.parsedate_to_datetime(told)
    except ValueError:
        return DEFAULT_RETRY_AFTER_S
    return max(0.0, until.timestamp() - now_ns / SECOND_NS)
