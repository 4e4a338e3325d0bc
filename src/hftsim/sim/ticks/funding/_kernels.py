"""Funding: computed at the venue, on the position there; booked when its report arrives.

A position pays its value times the rate, so a long pays while the rate is positive and a short
receives as much (Binance, introduction to futures funding rates). Rules: docs/models/contracts.md.
"""

from hftsim.native.compiled import context_at
from hftsim.native.records import compiled
from hftsim.portfolio._kernels import value_of
from hftsim.sim.orders._kernels import instrument_of
from hftsim.sim.ticks.own._kernels import mid_of, respond
from hftsim.sim.ticks.records._kernels import FUNDED, payment_of, run_at

_RATE = 1e8


@compiled
def pay_funding(run, feed, rate, price, time):
    """Let a position pay at `rate` (1e-8) and a mark price in ticks; 0: the mid price of now.

    Where nothing is held, nothing is noted; without any price nothing can be paid, and that is
    counted. The caller has made sure of room for a payment and its report.
    """
    held = feed.exchange_position
    if held == 0:
        return
    own = instrument_of(context_at(run.context_at), feed.index)
    mark = price * own.tick_size if price > 0 else mid_of(feed, own)
    if not mark > 0.0:
        run.unpriced_funding += 1
        return
    row = run.payment_count
    run.payment_count += 1
    payment = payment_of(run, row)
    payment.ts_event = time
    payment.instrument = feed.index
    payment.rate = rate
    payment.price = mark
    payment.position = held
    payment.paid = value_of(own, held, mark) * (rate / _RATE)
    run.exchange_cash -= payment.paid
    respond(feed, time, 0, FUNDED, row, 0, 0, 0)


@compiled
def book_funding(ctx, own, response):
    """Book a payment whose report has arrived."""
    payment = payment_of(run_at(ctx.market_at), response.fill)
    payment.ts_recv = response.ts
    ctx.cash -= payment.paid
    ctx.equity -= payment.paid
    own.funding += payment.paid
