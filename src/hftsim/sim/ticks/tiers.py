"""The memory of a fee schedule, and what was paid by it."""

from collections.abc import Sequence

import numpy as np

from hftsim.core.instrument import Instrument
from hftsim.native.layout import address_of, fill_record
from hftsim.sim.fees import FeeSchedule

_DAY_NS = 86_400_000_000_000


class FeeTiers:
    """Lays out one FEES record and reads it.

    Parameters
    ----------
    schedule : the tiers.
    instruments : of the run, in their order.
    start : when the run starts, ns UTC; its day is the first one.
    """

    def __init__(
        self, schedule: FeeSchedule, instruments: Sequence[Instrument], start: int
    ) -> None:
        from hftsim.sim.ticks.fees._kernels import FEES

        self.applies = [schedule.applies_to(each) for each in instruments]
        first, count = start // _DAY_NS, len(instruments)
        self.day_end = (first + 1) * _DAY_NS - 1
        tier = schedule.tier_of(schedule.volume_before)
        self._record = np.zeros(1, FEES)
        self._rates = np.array(schedule.tiers, np.float64)
        self._volumes = np.zeros((schedule.days, count))
        self._paid = np.zeros((len(schedule.tiers), count))
        fill_record(
            self._record,
            {
                "tiers": len(schedule.tiers),
                "rates_at": address_of(self._rates),
                "days": schedule.days,
                "first_day": first,
                "day": first,
                "tier": tier,
                "tier_before": tier,
                "instruments": count,
                "daily_before": schedule.volume_before / schedule.days,
                "volumes_at": address_of(self._volumes),
                "paid_at": address_of(self._paid),
            },
        )

    @property
    def address(self) -> int:
        """Where the record is."""
        return address_of(self._record)

    @property
    def tier(self) -> int:
        """The tier in force, counted from 0."""
        return int(self._record["tier"][0])

    @property
    def paid(self) -> list[float]:
        """Fees of all fills at the venues by tier, quote currency."""
        return [float(fees) for fees in self._paid.sum(axis=1)]
