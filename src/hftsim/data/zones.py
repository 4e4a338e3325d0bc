"""Local times to UTC, the repeated and the skipped hour of daylight saving included."""

import zoneinfo
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError, UnknownNameError

UTC = "UTC"
_NAT = np.iinfo(np.int64).min


def require_zone(name: str) -> str:
    """Return `name` if it is an IANA time zone; raises UnknownNameError otherwise."""
    known = zoneinfo.available_timezones()
    if name in known:
        return name
    by_case = {zone.lower(): zone for zone in known}
    if name.lower() in by_case:
        return by_case[name.lower()]
    near = [z for z in known if z.split("/")[-1].lower() == name.lower().replace(" ", "_")]
    raise UnknownNameError("time zone", name, near or sorted(_COMMON_ZONES))


_COMMON_ZONES = {
    *("America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Europe/Zurich"),
    *("Asia/Tokyo", "Asia/Hong_Kong", "Asia/Shanghai", "Asia/Kolkata", "Australia/Sydney", "UTC"),
}


def local_times(utc_ns: np.ndarray, zone: str) -> np.ndarray:
    """Return UTC nanoseconds as nanoseconds of the wall clock in `zone`."""
    if zone == UTC:
        return utc_ns
    import pandas as pd

    index = pd.DatetimeIndex(utc_ns.view("M8[ns]"), tz="UTC").tz_convert(zone)
    return np.asarray(index.tz_localize(None).as_unit("ns").asi8, dtype=np.int64)


class LocalClock:
    """Turn local times, given in increasing order and in any number of pieces, into UTC.

    Where clocks go back an hour happens twice: the rows up to the one step back within it are
    taken as the first pass (daylight saving), the rows after it as the second (standard time).
    Without exactly one such step the rows cannot be told apart and are unresolved. Times in the
    hour that clocks skip do not exist.

    Parameters
    ----------
    zone : IANA name.
    repeats : whether equal times may follow each other, as in ticks; then only a step back counts.
    """

    def __init__(self, zone: str, *, repeats: bool = False) -> None:
        self.zone = require_zone(zone)
        self._repeats = repeats
        self._last: int | None = None
        self._steps_back = 0
        self._run_row = 0
        self._rows = 0

    def to_utc(self, local_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (UTC nanoseconds, rows that do not exist, first rows of unresolved hours).

        Rows are counted over all pieces; the returned nanoseconds of such rows mean nothing. Call
        `unfinished` after the last piece.
        """
        utc, existing, twice = self._localize(local_ns)
        unresolved: list[int] = []
        edges = np.flatnonzero(np.diff(twice, prepend=False, append=False))
        runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
        if self._last is not None and len(twice) and not twice[0]:
            unresolved += self.unfinished()
        for start, end in runs:
            if start > 0 or self._last is None:
                self._last, self._steps_back, self._run_row = None, 0, self._rows + start
            second = self._second_pass(local_ns[start:end])
            utc[start:end][second] = self._standard(local_ns[start:end][second])
            if end < len(twice):
                unresolved += self.unfinished()
        self._rows += len(local_ns)
        missing = np.flatnonzero(~existing) + self._rows - len(local_ns)
        return utc, missing, np.array(unresolved, np.int64)

    def unfinished(self) -> list[int]:
        """Close the repeated hour that is open; return its first row if it stays unresolved."""
        open_run = self._last is not None
        self._last = None
        return [self._run_row] if open_run and self._steps_back != 1 else []

    def _second_pass(self, run: np.ndarray) -> np.ndarray:
        before = run[:1] - 1 if self._last is None else np.array([self._last])
        steps = np.diff(run, prepend=before)
        back = steps < 0 if self._repeats else steps <= 0
        passes = self._steps_back + np.cumsum(back)
        self._steps_back, self._last = int(passes[-1]), int(run[-1])
        return np.asarray(passes > 0)

    def _localize(self, local_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (UTC, taking repeated hours as daylight saving; existing; happening twice)."""
        import pandas as pd

        index = pd.DatetimeIndex(np.ascontiguousarray(local_ns).view("M8[ns]"))
        plain = index.tz_localize(self.zone, ambiguous="NaT", nonexistent="NaT").as_unit("ns").asi8
        utc = np.array(plain, dtype=np.int64)
        odd = np.flatnonzero(utc == _NAT)
        existing, twice = np.ones(len(utc), bool), np.zeros(len(utc), bool)
        if len(odd):
            summer = np.ones(len(odd), bool)
            first = index[odd].tz_localize(self.zone, ambiguous=summer, nonexistent="NaT")
            utc[odd] = first.as_unit("ns").asi8
            existing[odd] = utc[odd] != _NAT
            twice[odd] = existing[odd]
        return utc, existing, twice

    def _standard(self, local_ns: np.ndarray) -> np.ndarray:
        import pandas as pd

        index = pd.DatetimeIndex(np.ascontiguousarray(local_ns).view("M8[ns]"))
        winter = np.zeros(len(index), bool)
        return np.asarray(index.tz_localize(self.zone, ambiguous=winter).as_unit("ns").asi8)


def refuse_local(path: Path, line: int, local_ns: int, zone: str, *, exists: bool) -> None:
    """Raise DataError for a local time that does not exist, or whose hour cannot be told."""
    clock = str(np.datetime64(local_ns, "ns").astype("M8[s]")).replace("T", " ")
    if not exists:
        raise DataError(
            f"{clock} does not exist in {zone}: clocks were set forward then; check --timezone",
            path=path,
            row=line,
            field="time",
        )
    raise DataError(
        f"{clock} happened twice in {zone} (clocks were set back) and the order of the rows does "
        f"not tell which is meant: write these times with their offset from UTC, such as -04:00",
        path=path,
        row=line,
        field="time",
    )
