"""How long orders and reports travel."""

import dataclasses
import hashlib
from typing import Any, Self

import numpy as np

from hftsim.core.durations import duration_ns
from hftsim.core.errors import ConfigError

_MODELS = ("constant", "log-normal", "recorded", "load")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatencyModel:
    """Latency of requests, of reports, and of market data without receive times.

    Messages never overtake each other: one that would arrive before its predecessor arrives with
    it.

    Parameters
    ----------
    entry : from sending a new order to its arrival at the venue, like ``"10ms"``.
    response : from an event at the venue to the arrival of its report; default: as `entry`.
    cancel, replace : as `entry`, for these requests; default: the same.
    feed : added to every receive time; for data that have none.
    model : ``constant``; ``log-normal``: `least` plus a draw whose median is the time given and
        whose logarithm has standard deviation `sigma`; ``recorded``: interpolated from `rows`;
        ``load``: the time given and `per_row` for each row recorded at the instrument's venue in
        the `window` before the message is sent.
    sigma, least : of ``log-normal``.
    per_row, window : of ``load``.
    rows : of ``recorded``: int64 of shape (n, 3), times in ns UTC when a request was sent, reached
        the venue and was answered, by time of sending. A time at the venue of 0 or less means that
        the request was rejected on the way.
    """

    entry: str = "10ms"
    response: str | None = None
    cancel: str | None = None
    replace: str | None = None
    feed: str = "0ms"
    model: str = "constant"
    sigma: float = 0.5
    least: str = "0ms"
    per_row: str = "1us"
    window: str = "100ms"
    rows: Any = dataclasses.field(default=None, repr=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be a latency."""
        names = ("entry", "response", "cancel", "replace", "feed", "least", "per_row", "window")
        for name in names:
            value = getattr(self, name)
            if value is not None:
                self._ns(name)
        if self.model not in _MODELS:
            raise ConfigError(f"latency model is one of {', '.join(_MODELS)}, not {self.model!r}")
        if self.model == "load" and self._ns("window") == 0:
            raise ConfigError("latency window must be above 0")
        if not 0 < self.sigma < 10:
            raise ConfigError(f"latency sigma is above 0 and below 10, not {self.sigma}")
        if self.model == "recorded":
            _require_rows(self.rows)

    @classmethod
    def constant(cls, entry: str, response: str | None = None) -> Self:
        """Return fixed times; reports take as long as orders where not said otherwise."""
        return cls(entry=entry, response=response)

    @classmethod
    def log_normal(
        cls, entry: str, response: str | None = None, *, sigma: float = 0.5, least: str = "0ms"
    ) -> Self:
        """Return random times with these medians."""
        return cls(entry=entry, response=response, model="log-normal", sigma=sigma, least=least)

    @classmethod
    def load(
        cls, entry: str, response: str | None = None, *, per_row: str = "1us", window: str = "100ms"
    ) -> Self:
        """Return times that grow with what happened at the venue just before."""
        return cls(entry=entry, response=response, model="load", per_row=per_row, window=window)

    @classmethod
    def recorded(cls, rows: Any) -> Self:
        """Return times interpolated from recorded ones; see `rows`."""
        return cls(model="recorded", rows=np.ascontiguousarray(rows, dtype=np.int64))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values; recorded rows by their hash."""
        fields = (f.name for f in dataclasses.fields(self))
        told = {name: getattr(self, name) for name in fields if name != "rows"}
        if self.model != "load":
            del told["per_row"], told["window"]
        if self.rows is not None:
            told["rows_sha256"] = hashlib.sha256(self.rows.tobytes()).hexdigest()
        return told

    @property
    def feed_ns(self) -> int:
        """What is added to receive times, ns."""
        return self._ns("feed")

    def requests(self, seed: int) -> "tuple[dict[str, Any], list[np.ndarray]]":
        """Return the compiled record of requests, and the arrays it refers to."""
        if self.model == "recorded":
            sent, reached, answered = (np.ascontiguousarray(c) for c in self.rows.T)
            # Below 0 is what says "lost": one that was answered as it was sent takes 1 ns.
            loss = np.minimum(sent - answered, -1)
            return _recorded(sent, np.where(reached <= 0, loss, reached - sent))
        times = {
            "new": self._ns("entry"),
            "cancel": self._ns("cancel" if self.cancel else "entry"),
            "replace": self._ns("replace" if self.replace else "entry"),
        }
        return self._drawn(times, seed), []

    def reports(self, seed: int) -> "tuple[dict[str, Any], list[np.ndarray]]":
        """Return the compiled record of reports, and the arrays it refers to."""
        if self.model == "recorded":
            kept = self.rows[self.rows[:, 1] > 0]
            _, reached, answered = (np.ascontiguousarray(c) for c in kept.T)
            return _recorded(reached, answered - reached)
        return self._drawn(dict.fromkeys(("new", "cancel", "replace"), self._response_ns), seed), []

    @property
    def least_round_trip_ns(self) -> int:
        """The shortest time from an event at the venue to the arrival of an answer to it, ns."""
        if self.model == "recorded":
            kept = self.rows[self.rows[:, 1] > 0]
            return int((kept[:, 1] - kept[:, 0]).min() + (kept[:, 2] - kept[:, 1]).min())
        if self.model == "log-normal":
            return 2 * self._ns("least")
        entries = [self._ns(n) for n in ("entry", "cancel", "replace") if getattr(self, n)]
        return min(entries) + self._response_ns

    @property
    def reach_ns(self) -> int | None:
        """How far back from what the venue has done last rows may be counted, ns; None: never."""
        if self.model != "load":
            return None
        return self._ns("window") + self.least_round_trip_ns

    @property
    def _response_ns(self) -> int:
        return self._ns("entry" if self.response is None else "response")

    def _drawn(self, times: dict[str, int], seed: int) -> dict[str, Any]:
        from hftsim.sim.ticks.latency._kernels import CONSTANT, LOAD, LOG_NORMAL

        return {
            "model": {"constant": CONSTANT, "log-normal": LOG_NORMAL, "load": LOAD}[self.model],
            **times,
            "per_row": self._ns("per_row"),
            "window": self._ns("window"),
            "least": self._ns("least"),
            "sigma": self.sigma,
            "seed": seed,
        }

    def _ns(self, name: str) -> int:
        try:
            return duration_ns(getattr(self, name))
        except ValueError as error:
            raise ConfigError(f"latency {name}: {error}") from None


def _recorded(times: np.ndarray, values: np.ndarray) -> "tuple[dict[str, Any], list[np.ndarray]]":
    from hftsim.native.layout import address_of
    from hftsim.sim.ticks.latency._kernels import RECORDED

    kept = [np.ascontiguousarray(times), np.ascontiguousarray(values)]
    at = {"times_at": address_of(kept[0]), "values_at": address_of(kept[1])}
    return {"model": RECORDED, "rows": len(times), **at}, kept


def _require_rows(rows: Any) -> None:
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
        raise ConfigError("recorded latency needs rows of shape (n, 3): sent, at venue, answered")
    sent, reached, answered = rows.T
    kept = reached > 0
    if not kept.any():
        raise ConfigError("recorded latency: every request was rejected")
    if (np.diff(sent) < 0).any() or (np.diff(reached[kept]) < 0).any():
        raise ConfigError("recorded latency: rows are not in order of time")
    if (answered < sent).any() or ((reached < sent) | (answered < reached))[kept].any():
        raise ConfigError("recorded latency: an answer comes before its request")
