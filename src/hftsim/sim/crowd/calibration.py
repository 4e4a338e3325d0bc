"""A crowd fitted to ticks."""

import dataclasses

import numpy as np

from hftsim.core.errors import DataError, UnknownNameError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.ticks import Ticks
from hftsim.sim.crowd.flows import (
    COMPONENTS,
    Distribution,
    Flow,
    HawkesFlow,
    PoissonFlow,
    branching_ratio,
)
from hftsim.sim.crowd.hawkes import fit_hawkes
from hftsim.sim.crowd.settings import CrowdSettings
from hftsim.sim.crowd.tape import Tape, read_tape

_DECAYS = (0.2, 5.0, 100.0)
_MOST_EVENTS = 100_000
_MOST_BRANCHING = 0.95
_MOST_DISTANCE = 5_000
_FEWEST = 10


def calibrate(
    ticks: Ticks,
    flow: str = "hawkes",
    *,
    decays: tuple[float, ...] = _DECAYS,
    progress: Progress = no_progress,
) -> CrowdSettings:
    """Return a crowd without agents whose flow is fitted to ticks by level or by order.

    Rates are counted, sizes and distances are the empirical distributions, the Hawkes flow is fitted
    by maximum likelihood to at most the first 100,000 events. Where distances reach beyond 5,000
    ticks they are cut there. The lifetime of orders is set so that as much rests in the book as in
    the data: in `l3` orders are counted, in `l2` lots over the mean size of limit orders.

    What is not fitted: how sizes depend on distance and time, and the day's pattern.

    Parameters
    ----------
    ticks : ``l2`` or ``l3``.
    flow : ``poisson`` or ``hawkes``.
    decays : of the Hawkes kernels, per second.

    Raises DataError where there are fewer than 10 limit or market orders, UnknownNameError for
    another flow.
    """
    return settings_of(read_tape(ticks, progress), flow, decays=decays)


def settings_of(
    tape: Tape, flow: str = "hawkes", *, decays: tuple[float, ...] = _DECAYS
) -> CrowdSettings:
    """Return the crowd fitted to an order flow; see `calibrate`."""
    if flow not in ("poisson", "hawkes"):
        raise UnknownNameError("flow to calibrate", flow, ("poisson", "hawkes"))
    markets, limits = tape.component < 2, (tape.component == 2) | (tape.component == 3)
    for what, found in (("market", markets), ("limit", limits)):
        if int(found.sum()) < _FEWEST:
            raise DataError(
                f"the ticks hold {int(found.sum())} {what} orders: a crowd needs at least {_FEWEST}"
            )
    fits = limits & (tape.distance >= 1) & (tape.bid > 0) & (tape.ask > 0)
    sizes, takes = tape.qty[limits], tape.qty[markets]
    distances = np.minimum(tape.distance[fits], _MOST_DISTANCE)
    if len(distances) < _FEWEST:
        raise DataError("too few limit orders arrive while both sides of the book are there")
    known = (tape.bid > 0) & (tape.ask > 0)
    settings = CrowdSettings(
        flow=_flow(tape, flow, decays, float(sizes.mean())),
        first_price=max(int(np.median(tape.bid[known])), 100),
        distances=Distribution.of(distances),
        limit_sizes=Distribution.of(sizes),
        market_sizes=Distribution.of(takes),
    )
    return _opened(settings, tape, float(sizes.mean()))


def _resting(tape: Tape, mean_size: float) -> float:
    """Return how many orders rest, on average."""
    counted = tape.live if np.isfinite(tape.live) and tape.live > 0 else tape.lots / mean_size
    return max(float(counted), 2.0)


def _flow(tape: Tape, name: str, decays: tuple[float, ...], mean_size: float) -> Flow:
    resting = _resting(tape, mean_size)
    if name == "poisson":
        return PoissonFlow(
            market_rate=tape.rate(0, 1) / 2,
            limit_rate=tape.rate(2, 3) / 2,
            cancel_rate=_lifetime(tape, resting, mean_size),
        )
    cancels = _lifetime(tape, resting, mean_size)
    return _hawkes(tape, decays, cancels)


def _hawkes(tape: Tape, decays: tuple[float, ...], cancel_rate: float) -> HawkesFlow:
    """Return the flow whose market and limit orders excite each other as the tape's do.

    Cancels come from the lifetimes of orders alone. Where the fit leads to 0.95 events or more by
    each, it is scaled down to that, and the base rates up, so that the mean rates are the tape's.
    """
    kinds, n = 4, len(COMPONENTS)
    orders = np.flatnonzero(tape.component < kinds)[:_MOST_EVENTS]
    times = (tape.ts[orders] - tape.ts[orders[0]]) / 1e9
    fitted = fit_hawkes(times, tape.component[orders], kinds, np.array(decays))
    base, excite = fitted.base, fitted.excite
    ratio = branching_ratio(excite)
    if ratio > _MOST_BRANCHING:
        excite = excite * (_MOST_BRANCHING / ratio)
        rates = np.bincount(tape.component[orders], minlength=kinds) / max(float(times[-1]), 1e-9)
        base = np.maximum(rates - excite.sum(axis=0) @ rates, 0.0)
    whole = np.zeros((len(decays), n, n))
    whole[:, :kinds, :kinds] = excite
    return HawkesFlow(
        base=np.concatenate([base, np.zeros(n - kinds)]),
        excite=whole,
        decays=np.array(decays),
        cancel_rate=cancel_rate,
    )


def _lifetime(tape: Tape, resting: float, mean_size: float) -> float:
    """Return cancels per second of each order that keep what rests where it is: in equals out."""
    cancelled = tape.qty[tape.component >= 4].sum() / mean_size / max(tape.seconds, 1e-9)
    return float(cancelled) / resting


def _opened(settings: CrowdSettings, tape: Tape, mean_size: float) -> CrowdSettings:
    """Return the settings with an opening book of as many orders as rest on the tape.

    They are spread over the prices that nine of ten limit orders of the tape reach.
    """
    each_side = min(round(_resting(tape, mean_size) / 2), 1 << 13)
    reach = int(np.quantile(settings.distances.table(), 0.9))
    levels = max(min(reach, each_side, settings.first_price - 1), 1)
    return dataclasses.replace(
        settings, opening_levels=levels, opening_orders=max(round(each_side / levels), 1)
    )
