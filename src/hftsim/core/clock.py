"""The only place that knows the time: everything else takes a `Clock`."""

import time
from typing import Protocol


class Clock(Protocol):
    """Something that tells the time."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        ...


class LiveClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return the wall clock in nanoseconds since 1970-01-01 UTC."""
        return time.time_ns()


class SimClock:
    """A clock that stands still until it is moved; it never goes back.

    Parameters
    ----------
    start_ns : first time it tells, nanoseconds since 1970-01-01 UTC.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the simulated time in nanoseconds since 1970-01-01 UTC."""
        return self._now_ns

    def advance_to(self, ts_ns: int) -> None:
        """Move to `ts_ns`; raises ValueError if that lies in the past."""
        if ts_ns < self._now_ns:
            raise ValueError(f"the clock stands at {self._now_ns} and cannot go back to {ts_ns}")
        self._now_ns = ts_ns
