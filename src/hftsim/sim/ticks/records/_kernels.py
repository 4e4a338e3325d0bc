"""The records of a tick run, and how compiled code reaches them.

Two clocks run through a market: what happened at the venue (`row` of the exchange's chunk), and
what the strategy's machine has received (`local_row`). Own requests travel to the venue in one
ring of messages, responses come back in another.
"""

from hftsim.core.enums import RejectReason
from hftsim.native.compiled import context_at
from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, compiled, inline, pointer_to, record_type, rows_at

NEVER = 1 << 62
"""A time that does not come."""
UNKNOWN = -(1 << 62)
"""A time that only further rows can tell."""

CHUNK = record_dtype(
    {
        "rows": int,
        "ts_event_at": int,
        "ts_recv_at": int,
        "price_at": int,
        "qty_at": int,
        "priority_at": int,
        "kind_at": int,
        "side_at": int,
        "flags_at": int,
    }
)
"""Where the columns of the rows at hand are; ``priority_at`` is 0 where data is not by order."""

FEED = record_dtype(
    {
        "index": int,
        "level": int,
        "chunk_at": int,
        "local_chunk_at": int,
        "row": int,
        "local_row": int,
        "trade_row": int,
        "prints_at": int,
        "print_head": int,
        "print_tail": int,
        "print_capacity": int,
        "more": bool,
        "local_more": bool,
        "book_at": int,
        "local_book_at": int,
        "feed_latency": int,
        "rows_done": int,
        "unknown_rows": int,
        "not_canceled": int,
        "not_replaced": int,
        "last_arrival": int,
        "last_response": int,
        "newest_priority": int,
        "exchange_position": int,
        "halted": bool,
        "own_at": int,
        "own_counts_at": int,
        "own_capacity": int,
        "requests_at": int,
        "request_head": int,
        "request_tail": int,
        "request_capacity": int,
        "next_request": int,
        "next_trigger": int,
        "day_end": int,
        "waiting": int,
        "rise": int,
        "fall": int,
        "trigger_by_best": bool,
        "last_print": int,
        "printed": bool,
        "print_row": int,
        "max_orders": int,
        "price_band": float,
        "max_order_rate": int,
        "rate_second": int,
        "rate_count": int,
        "responses_at": int,
        "response_head": int,
        "response_tail": int,
        "response_capacity": int,
        "markout_fill_0": int,
        "markout_fill_1": int,
        "markout_fill_2": int,
        "next_markout": int,
        "queue_model": int,
        "queue_power": float,
        "partial_fills": bool,
        "trade_through": bool,
        "may_short": bool,
        "margined": bool,
        "mark": float,
        "liquidation_order": int,
        "latency_at": int,
        "responses_latency_at": int,
        "fees_at": int,
        "taken_at": int,
        "taken_decay": float,
        "taken_forgotten": int,
    }
)
"""One instrument's data and what its venue knows of own orders.

`waiting` stops wait for a public trade at `rise` or above, or at `fall` or below; those that one has
triggered come in at `next_trigger`. The last public trade before row `print_row` was at `last_print`,
if anything has `printed`. DAY orders end at `day_end`.
"""

OWN_WORDS = 2 + 2 + 2 * 16 + 2
"""Words at ``own_counts_at``, for bid and ask: how many own orders rest, the key of the best of
them (`NO_KEY` without any), a filter of 1,024 bits of their keys and of the levels that own orders
took from, and how many such levels there are."""
NO_KEY = -(1 << 62)
WAITING = 2
"""Index of the list of stops that wait for their trigger, behind those of bid and ask."""

RESTING = record_dtype(
    {
        "order_id": int,
        "index": int,
        "key": int,
        "leaves": int,
        "front": float,
        "traded": float,
        "entry": float,
        "ts_entry": int,
        "priority": int,
        "reduce_only": bool,
        "triggered": bool,
    }
)
"""An own order at the venue; `index`: its side's, or WAITING; `front`: lots ahead of it, `traded`: lots traded since the level last
changed, `entry`: lots ahead at entry."""

TAKEN = record_dtype({"key": int, "lots": float, "ts": int})
"""A level of which own orders took `lots` by the time `ts`; see `hftsim.sim.ticks.taken`."""
TAKEN_ROOM = 256
"""So many such levels are remembered on each side."""
LEFT, TOOK, ROSE = range(3)
"""What `taken_op` is asked: the lots left of a level; or told: that `qty` lots of it were taken, that
it rose from `qty` lots."""

REQUEST = record_dtype({"ts": int, "order_id": int, "kind": int, "price": int, "qty": int})
"""A request on its way; `ts` is when it arrives."""
RESPONSE = record_dtype(
    {"ts": int, "order_id": int, "kind": int, "fill": int, "reason": int, "price": int, "qty": int}
)
"""A report on its way back; `fill` is the row of its fill."""

LOST = int(RejectReason.LOST_ON_THE_WAY)
NEW, CANCEL, REPLACE = 1, 2, 3
"""Kinds of requests."""
ACKNOWLEDGED, FILLED, CANCELED, REJECTED, EXPIRED, REPLACED = range(1, 7)
NOT_CANCELED, NOT_REPLACED, TRIGGERED, FUNDED, SEIZED = range(7, 12)
"""Kinds of responses; NOT_CANCELED, NOT_REPLACED: the request came too late or was refused. No order
asked for the last two: funding was paid (`fill` is the payment's row), or the position is closed by
the venue, which trades `qty` lots; fills of the latter have order id 0."""

PAYMENT = record_dtype(
    {
        "ts_event": int,
        "ts_recv": int,
        "instrument": int,
        "rate": int,
        "price": float,
        "position": int,
        "paid": float,
    }
)
"""Funding that a position paid, or with `paid` below 0 received; `rate` in 1e-8."""

LATENCY = record_dtype(
    {
        "model": int,
        "new": int,
        "cancel": int,
        "replace": int,
        "least": int,
        "sigma": float,
        "seed": int,
        "rows": int,
        "times_at": int,
        "values_at": int,
        "hint": int,
        "window": int,
        "per_row": int,
    }
)
"""How long a message takes; see `hftsim.sim.ticks.latency`."""

RUN = record_dtype(
    {
        "context_at": int,
        "feeds_at": int,
        "resting_at": int,
        "resting_free_at": int,
        "resting_free": int,
        "resting_capacity": int,
        "phase": int,
        "exchange_now": int,
        "end": int,
        "timer": int,
        "wake_every": int,
        "wants_wake": bool,
        "wants_fill": bool,
        "wants_book": bool,
        "wants_trade": bool,
        "passing": bool,
        "passed": bool,
        "lookahead": int,
        "sample": int,
        "sample_every": int,
        "sample_times_at": int,
        "equity_at": int,
        "marks_at": int,
        "sample_capacity": int,
        "equity_before": float,
        "settled": int,
        "unsent": int,
        "exchange_op": int,
        "own_row_op": int,
        "accept_op": int,
        "rare_row_op": int,
        "look_ahead_op": int,
        "local_op": int,
        "guard_op": int,
        "guards": bool,
        "fees_at": int,
        "day_end": int,
        "turn_day_op": int,
        "charge_op": int,
        "taken_op": int,
        "payments_at": int,
        "payment_count": int,
        "payment_capacity": int,
        "unpriced_funding": int,
        "exchange_cash": float,
        "maintenance_margin": float,
        "liquidation_fee": float,
        "liquidated": bool,
        "margin_due": bool,
        "margin_time": int,
        "venue_op": int,
    }
)

chunk_at = pointer_to(record_type("chunk", CHUNK))
feed_row = rows_at(record_type("feed", FEED))
resting_row = rows_at(record_type("resting", RESTING))
request_row = rows_at(record_type("request", REQUEST))
response_row = rows_at(record_type("response", RESPONSE))
latency_at = pointer_to(record_type("latency", LATENCY))
taken_row = rows_at(record_type("taken", TAKEN))
run_at = pointer_to(record_type("run", RUN))
payment_row = rows_at(record_type("payment", PAYMENT))

ints_at, floats_at = array_at("i8"), array_at("f8")
kinds_at, sides_at = array_at("u1"), array_at("i1")


@inline
def feed_of(run, index):
    """Return the feed of the instrument with this index."""
    return feed_row(run.feeds_at, index, context_at(run.context_at).instruments)


@inline
def resting_of(run, slot):
    """Return the own order at the venue in this slot."""
    return resting_row(run.resting_at, slot, run.resting_capacity)


@inline
def taken_of(feed, index, row):
    """Return a level of one side that own orders took from."""
    return taken_row(feed.taken_at, index * TAKEN_ROOM + row, 2 * TAKEN_ROOM)


@inline
def request_of(feed, number):
    """Return a request on its way; rings hold a power of two."""
    row = number & (feed.request_capacity - 1)
    return request_row(feed.requests_at, row, feed.request_capacity)


@inline
def response_of(feed, number):
    """Return a response on its way."""
    row = number & (feed.response_capacity - 1)
    return response_row(feed.responses_at, row, feed.response_capacity)


@compiled
def new_response(feed, time, is_loss):
    """Make room for a report that arrives at `time`; it has that time, the rest is the caller's.

    Losses are known ahead of time and overtake: they stand before the venue's reports of their time.
    """
    row = feed.response_tail
    feed.response_tail += 1
    while row > feed.response_head:
        before, out = response_of(feed, row - 1), response_of(feed, row)
        if before.ts < time or (before.ts == time and (not is_loss or before.reason == LOST)):
            break
        out.ts, out.order_id, out.kind = before.ts, before.order_id, before.kind
        out.fill, out.reason, out.price, out.qty = (
            before.fill,
            before.reason,
            before.price,
            before.qty,
        )
        row -= 1
    made = response_of(feed, row)
    made.ts = time
    return made


@inline
def payment_of(run, row):
    """Return a payment of funding."""
    return payment_row(run.payments_at, row, run.payment_capacity)


@inline
def next_response(feed):
    """Return when the next response arrives."""
    if feed.response_head == feed.response_tail:
        return NEVER
    return response_of(feed, feed.response_head).ts
