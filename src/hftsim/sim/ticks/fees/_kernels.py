"""Fee tiers: the rates of a UTC day are those of the volume traded in the days before it.

The venues stop at each midnight, so that the volume of a day is whole, on all of them, before it
counts. See docs/models/fees.md.
"""

from hftsim.native.compiled import context_at, fill_row
from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, compiled, pointer_to, record_type
from hftsim.portfolio._kernels import traded_value
from hftsim.sim.orders._kernels import instrument_of
from hftsim.sim.ticks.records._kernels import feed_of, run_at

FEES = record_dtype(
    {
        "tiers": int,
        "rates_at": int,
        "days": int,
        "first_day": int,
        "day": int,
        "tier": int,
        "tier_before": int,
        "instruments": int,
        "daily_before": float,
        "volumes_at": int,
        "paid_at": int,
    }
)
"""A fee schedule and where it stands: `tier` is in force at the venues on `day`, `tier_before` was
the day before. ``rates_at``: rows of from_volume, maker, taker. ``volumes_at``: what was traded, by
day (a ring of `days`) and instrument; ``paid_at``: fees, by tier and instrument."""

fees_at = pointer_to(record_type("fees", FEES))
floats_at = array_at("f8")

DAY_NS = 86_400_000_000_000


@compiled
def volume_of(fees):
    """Return what was traded in the days before `day`, quote currency, oldest day first."""
    days, n = fees.days, fees.instruments
    volumes = floats_at(fees.volumes_at, days * n)
    total = fees.daily_before * max(days - (fees.day - fees.first_day), 0)
    for day in range(fees.day - days, fees.day):
        for k in range(n):
            total += volumes[(day % days) * n + k]
    return total


@compiled
def turn_days(run, time):
    """Go on to the day of `time`, where it is a later one: its tier, and an empty volume."""
    fees = fees_at(run.fees_at)
    while run.day_end < time:
        run.day_end += DAY_NS
        fees.day += 1
        fees.tier_before, total = fees.tier, volume_of(fees)
        rates = floats_at(fees.rates_at, 3 * fees.tiers)
        fees.tier = 0
        while fees.tier + 1 < fees.tiers and rates[3 * (fees.tier + 1)] <= total:
            fees.tier += 1
        volumes = floats_at(fees.volumes_at, fees.days * fees.instruments)
        for k in range(fees.instruments):
            volumes[(fees.day % fees.days) * fees.instruments + k] = 0.0


@compiled
def _show(run, fees):
    """Let the strategy see the rates of its own day: the venues may be a midnight ahead."""
    ctx = context_at(run.context_at)
    tier = fees.tier if ctx.now // DAY_NS >= fees.day else fees.tier_before
    rates = floats_at(fees.rates_at, 3 * fees.tiers)
    for k in range(ctx.instruments):
        if feed_of(run, k).fees_at != 0:
            own = instrument_of(ctx, k)
            own.maker_fee, own.taker_fee = rates[3 * tier + 1], rates[3 * tier + 2]


def turn_day(run_address, time):
    """Let a time come: at the venues, where no earlier one can come any more; a kernel of its own."""
    run = run_at(run_address)
    turn_days(run, time)
    _show(run, fees_at(run.fees_at))
    return 0


def charge(run_address, instrument, row):
    """Set the fee of a fill at its venue, and count its volume; a kernel of its own."""
    run = run_at(run_address)
    ctx = context_at(run.context_at)
    fill, own = fill_row(ctx.fills_at, row, ctx.fill_capacity), instrument_of(ctx, instrument)
    turn_days(run, fill.ts_event)
    fees = fees_at(run.fees_at)
    rates, n = floats_at(fees.rates_at, 3 * fees.tiers), fees.instruments
    value = traded_value(own, fill.qty, fill.price)
    fill.fee = rates[3 * fees.tier + (1 if fill.is_maker else 2)] * value
    today = (fees.day % fees.days) * n
    floats_at(fees.volumes_at, fees.days * n)[today + instrument] += abs(value)
    floats_at(fees.paid_at, fees.tiers * n)[fees.tier * n + instrument] += fill.fee
    return 0
