"""Rows to events of order flow, with the best prices before each."""

import numpy as np

from hftsim.book.depth._kernels import (
    BEST,
    NO_LEVEL,
    NO_ROOM,
    clear_rows,
    depth_at,
    level_qty,
    put_level,
    tops_of,
)
from hftsim.core.events import EventFlag, EventKind
from hftsim.native.fields import record_dtype
from hftsim.native.records import array_at, compiled, inline, pointer_to, record_type

ADD, REDUCE, DELETE = int(EventKind.ADD), int(EventKind.REDUCE), int(EventKind.DELETE)
EXECUTE, TRADE, DEPTH = int(EventKind.EXECUTE), int(EventKind.TRADE), int(EventKind.DEPTH)
CLEAR, CLEAR_TO = int(EventKind.CLEAR), int(EventKind.CLEAR_TO)
_SNAPSHOT, _ON_EXCHANGE = int(EventFlag.SNAPSHOT), int(EventFlag.ON_EXCHANGE)
MARKETS, LIMITS, CANCELS = 0, 2, 4
BOOK_FULL = 1
_PROFILE, _SAMPLE_EVERY = 20, 64
_U = np.uint64

TAPE = record_dtype(
    {
        "book_at": int,
        "profile_at": int,
        "by_order": bool,
        "rows": int,
        "row": int,
        "events": int,
        "ts_event_at": int,
        "price_at": int,
        "qty_at": int,
        "priority_at": int,
        "kind_at": int,
        "side_at": int,
        "flags_at": int,
        "ts_out": int,
        "component_out": int,
        "distance_out": int,
        "qty_out": int,
        "bid_out": int,
        "ask_out": int,
        "left_at": int,
        "left_room": int,
        "bid": int,
        "ask": int,
        "last_ts": int,
        "live": int,
        "lots": int,
        "live_time": float,
        "lots_time": float,
        "passed": float,
        "samples": int,
        "seen": int,
        "traded_price": int,
        "traded_side": int,
        "traded": int,
        "market_ts": int,
        "market_component": int,
    }
)
"""The state between chunks: the book, what stands in it, trades that levels have not shown yet
(`traded` lots against `traded_side`), and the market order at hand."""

tape_at = pointer_to(record_type("tape", TAPE))
_ints, _floats = array_at("i8"), array_at("f8")
_bytes, _signs = array_at("u1"), array_at("i1")


@inline
def _best(book, side):
    """Return the best price of a side; 0 where it has none."""
    top = tops_of(book)[BEST + ((1 - side) >> 1)]
    return top * side if top != NO_LEVEL else np.int64(0)


@compiled
def _note(tape, ts, component, price, qty):
    """Write an event; trades of one time and side are one market order."""
    if component < LIMITS:
        if tape.market_ts == ts and tape.market_component == component and tape.events > 0:
            _ints(tape.qty_out, tape.rows)[_U(tape.events - 1)] += qty
            return
        tape.market_ts, tape.market_component = ts, component
    else:
        tape.market_ts = -1
    row, n = _U(tape.events), tape.rows
    side = 1 - 2 * (component & 1)
    other = tape.ask if side > 0 else tape.bid
    _ints(tape.ts_out, n)[row] = ts
    _ints(tape.component_out, n)[row] = component
    _ints(tape.distance_out, n)[row] = side * (other - price) if other != 0 else 0
    _ints(tape.qty_out, n)[row] = qty
    _ints(tape.bid_out, n)[row] = tape.bid
    _ints(tape.ask_out, n)[row] = tape.ask
    tape.events += 1


@compiled
def _let_time_pass(tape, book, ts):
    """Add up what stands in the book over time, and now and then how it is spread."""
    if tape.last_ts > 0 and ts > tape.last_ts:
        passed = float(ts - tape.last_ts)
        tape.passed += passed
        tape.live_time += passed * tape.live
        tape.lots_time += passed * tape.lots
    tape.last_ts = ts
    tape.seen += 1
    if tape.seen % _SAMPLE_EVERY != 0:
        return
    tops, profile = tops_of(book), _floats(tape.profile_at, _PROFILE)
    if tops[BEST] == NO_LEVEL or tops[BEST + 1] == NO_LEVEL:
        return
    tape.samples += 1
    for index in range(2):
        for behind in range(_PROFILE):
            profile[behind] += level_qty(book, index, tops[BEST + index] - behind)


@inline
def _component(first, side):
    return first + ((1 - side) >> 1)


@compiled
def _change_order(tape, book, kind, side, price, qty, priority, ts, is_event):
    """Apply a row about one order; returns NO_ROOM where the book has none, and does nothing."""
    change = qty if kind == ADD else -qty
    room = put_level(book, (1 - side) >> 1, price * side, change, 1)
    if room == NO_ROOM:
        return room
    left = _ints(tape.left_at, tape.left_room)
    left[_U(priority)] += change
    tape.live += np.int64(kind == ADD) - np.int64(left[_U(priority)] == 0)
    tape.lots += change
    if is_event:
        if kind == ADD:
            _note(tape, ts, _component(LIMITS, side), price, qty)
        elif kind == EXECUTE:
            _note(tape, ts, _component(MARKETS, -side), price, qty)
        else:
            _note(tape, ts, _component(CANCELS, side), price, qty)
    return room


@compiled
def _change_level(tape, book, side, price, qty, ts, is_event):
    """Apply a level's new quantity: growth is a limit order, what no trade explains a cancel."""
    index, key = (1 - side) >> 1, price * side
    change = qty - level_qty(book, index, key)
    room = put_level(book, index, key, qty, 0)
    if room == NO_ROOM:
        return room
    tape.lots += change
    if is_event and change > 0:
        _note(tape, ts, _component(LIMITS, side), price, change)
    elif is_event and change < 0:
        left = -change
        if tape.traded_side == side and tape.traded_price == price:
            explained = min(left, tape.traded)
            tape.traded -= explained
            left -= explained
        if left > 0:
            _note(tape, ts, _component(CANCELS, side), price, left)
    return room


@inline
def _note_trade(tape, side, price, qty, ts):
    """Note a public trade; `side` is the aggressor's."""
    if tape.traded_side != -side or tape.traded_price != price:
        tape.traded_side, tape.traded_price, tape.traded = -side, price, 0
    tape.traded += qty
    _note(tape, ts, _component(MARKETS, side), price, qty)


def read_rows(tape_address):
    """Read a chunk's rows; a kernel of its own. Returns `BOOK_FULL` where it must go on, or 0."""
    tape = tape_at(tape_address)
    book, n = depth_at(tape.book_at), tape.rows
    times, prices, qtys = _ints(tape.ts_event_at, n), _ints(tape.price_at, n), _ints(tape.qty_at, n)
    priorities = _ints(tape.priority_at, n)
    kinds, sides, flags = _bytes(tape.kind_at, n), _signs(tape.side_at, n), _bytes(tape.flags_at, n)
    while tape.row < n:
        row = _U(tape.row)
        kind, side, is_event = (
            np.int64(kinds[row]),
            np.int64(sides[row]),
            not flags[row] & _SNAPSHOT,
        )
        price, qty, ts, room = prices[row], qtys[row], times[row], np.int64(0)
        if not flags[row] & _ON_EXCHANGE:
            tape.row += 1
            continue
        _let_time_pass(tape, book, ts)
        tape.bid, tape.ask = _best(book, 1), _best(book, -1)
        if kind in (ADD, REDUCE, DELETE, EXECUTE):
            if priorities[row] != 0:
                room = _change_order(
                    tape, book, kind, side, price, qty, priorities[row], ts, is_event
                )
        elif kind == DEPTH:
            room = _change_level(tape, book, side, price, qty, ts, is_event)
        elif kind == TRADE:
            if side != 0 and is_event:
                _note_trade(tape, side, price, qty, ts)
        elif kind in (CLEAR, CLEAR_TO):
            clear_rows(book, side, price, kind == CLEAR)
        if room == NO_ROOM:
            return BOOK_FULL
        tape.row += 1
    return 0
