"""Fees by the volume traded, in plain Python from docs/models/fees.md."""

from collections import defaultdict
from collections.abc import Sequence

from tick_words import MACHINE, Row

from hftsim.core import Instrument
from hftsim.sim.fees import FeeSchedule

DAY = 86_400_000_000_000


class Tariff:
    """Who pays what on which day; every venue tells what was traded."""

    def __init__(
        self, schedule: FeeSchedule | None, instruments: Sequence[Instrument], start: int
    ) -> None:
        self.schedule, self.instruments, self.first = schedule, list(instruments), start // DAY
        self.traded: dict[tuple[int, int], float] = defaultdict(float)
        self.paid: dict[int, float] = defaultdict(float)

    def day(self, now: int) -> int:
        return max(now // DAY, self.first)

    def tier(self, now: int) -> int:
        assert self.schedule
        day, days = self.day(now), self.schedule.days
        if day == self.first:
            return self.reached(self.schedule.volume_before)
        volume = self.schedule.volume_before / days * max(days - (day - self.first), 0)
        for before in range(day - days, day):
            for k in range(len(self.instruments)):
                volume += self.traded[before, k]
        return self.reached(volume)

    def reached(self, volume: float) -> int:
        assert self.schedule
        return sum(volume >= row[0] for row in self.schedule.tiers) - 1

    def row(self, k: int, now: int) -> tuple[float, float, float]:
        rules = self.instruments[k]
        if self.schedule is None or self.schedule.venue not in (None, rules.venue):
            return 0.0, rules.maker_fee, rules.taker_fee
        return self.schedule.tiers[self.tier(now)]

    def charge(self, k: int, now: int, maker: bool, value: float) -> float:
        _, of_maker, of_taker = self.row(k, now)
        fee = (of_maker if maker else of_taker) * value
        if self.schedule and self.schedule.venue in (None, self.instruments[k].venue):
            self.traded[self.day(now), k] += abs(value)
            self.paid[self.tier(now)] += fee
        return fee


def first_received(rows: Sequence[Sequence[Row]]) -> int:
    return min(next(r.ts_recv for r in series if r.flags & MACHINE) for series in rows)
