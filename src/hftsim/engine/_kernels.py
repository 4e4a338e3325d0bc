"""The compiled loop: a market's step and a strategy's slot, called in turn."""

from numba import types

from hftsim.native.compiled import SLOT
from hftsim.native.events import PAUSE

DRIVE_SIGNATURE = types.int64(types.int64, types.int64, types.int64, SLOT, SLOT, types.int64)


def drive(run_address, self_address, context_address, step, slot, calls):
    """Run until the market hands over, or for this many calls; returns the market's code."""
    for _ in range(calls):
        event = step(run_address, self_address, 0)
        if event <= 0:
            return event
        slot(self_address, context_address, event)
    return PAUSE
