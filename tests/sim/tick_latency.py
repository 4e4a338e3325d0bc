"""Times that messages take, in plain Python from docs/models/latency.md."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from tick_words import CANCEL, NEW, REPLACE

from hftsim.core.durations import duration_ns
from hftsim.sim.latency import LatencyModel

WORD = (1 << 64) - 1


class Dice:
    """splitmix64, and normal numbers of Box and Muller."""

    def __init__(self, seed: int) -> None:
        self.state = seed & WORD

    def uniform(self) -> float:
        self.state = (self.state + 0x9E3779B97F4A7C15) & WORD
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        z ^= z >> 31
        return ((z >> 11) + 1) / 2**53

    def normal(self) -> float:
        radius = math.sqrt(-2.0 * math.log(self.uniform()))
        return radius * math.cos(2.0 * math.pi * self.uniform())


class Times:
    """How long requests, and reports, of one instrument take."""

    def __init__(
        self, model: LatencyModel, seed: int, instrument: int, at_venue: Sequence[int] = ()
    ) -> None:
        self.model, self.at_venue = model, at_venue
        self.of_requests = Dice(2 * instrument + seed)
        self.of_reports = Dice(2 * instrument + 1 + seed)
        self.entry = duration_ns(model.entry)
        response = model.entry if model.response is None else model.response
        self.response = duration_ns(response)
        self.bases = {
            NEW: self.entry,
            CANCEL: duration_ns(model.cancel or model.entry),
            REPLACE: duration_ns(model.replace or model.entry),
        }

    def request(self, kind: str, now: int) -> int:
        """Return the time to the venue; negative: lost, and known to be after so long."""
        if self.model.model == "recorded":
            points = [
                (sent, at - sent if at > 0 else -max(back - sent, 1))
                for sent, at, back in self.model.rows.tolist()
            ]
            return between(points, now)
        return self.drawn(self.bases[kind], self.of_requests, now)

    def report(self, now: int) -> int:
        if self.model.model == "recorded":
            points = [(at, back - at) for _, at, back in self.model.rows.tolist() if at > 0]
            return between(points, now)
        return self.drawn(self.response, self.of_reports, now)

    def drawn(self, base: int, dice: Dice, now: int) -> int:
        if self.model.model == "constant":
            return base
        if self.model.model == "load":
            since = bisect_left(self.at_venue, now - duration_ns(self.model.window))
            rows = bisect_left(self.at_venue, now) - since
            return base + min(rows * duration_ns(self.model.per_row), 3_600_000_000_000)
        least = duration_ns(self.model.least)
        return least + int(min(base * math.exp(self.model.sigma * dice.normal()), 3.6e12))


def between(points: list[tuple[int, int]], now: int) -> int:
    """Return the value at a time between two points; beyond them, or beside a loss, the earlier."""
    row = max((k for k, (time, _) in enumerate(points) if time <= now), default=0)
    if row + 1 == len(points) or now <= points[row][0]:
        return points[row][1]
    (start, before), (end, after) = points[row], points[row + 1]
    if before < 0 or after < 0:
        return before
    return before + int((after - before) * ((now - start) / (end - start)))
