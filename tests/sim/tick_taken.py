"""What own orders took from recorded levels, in plain Python from docs/models/impact.md."""

import math

from hftsim.core.durations import duration_ns


class Taken:
    """Lots that own orders took, by level; half of them are back after each half-life."""

    def __init__(self, half_life: str | None) -> None:
        self.half_life = duration_ns(half_life) if half_life else 0
        self.levels: dict[tuple[int, int], tuple[float, int]] = {}

    def gone(self, side: int, price: int, now: int) -> float:
        """Return the lots of a level that are still taken; less than half a lot is none."""
        if (side, price) not in self.levels:
            return 0.0
        lots, since = self.levels[side, price]
        lots *= math.exp(-(math.log(2.0) / self.half_life) * float(now - since))
        return 0.0 if lots < 0.5 else lots

    def lots(self, side: int, price: int, recorded: int, now: int) -> int:
        return int(min(self.gone(side, price, now), float(recorded)) + 0.5)

    def add(self, side: int, price: int, qty: int, recorded: int, now: int) -> None:
        if self.half_life and qty:
            before = min(self.gone(side, price, now), float(recorded))
            self.levels[side, price] = before + qty, now

    def rose(self, side: int, price: int, was: int, recorded: int, now: int) -> None:
        """Keep in mind that a level held no more than it did before it gained lots."""
        if recorded > was and (side, price) in self.levels:
            self.levels[side, price] = min(self.gone(side, price, now), float(was)), now
