"""Checks and order of event rows, row by row: what must be true before any book sees them."""

import numpy as np

from hftsim.core.events import EventFlag, EventKind
from hftsim.native.records import array_at, inline

longs_at = array_at("i8")
words_at = array_at("u8")
bytes_at = array_at("u1")
signs_at = array_at("i1")

_U = np.uint64

GOOD = 0
UNKNOWN_KIND, WRONG_LEVEL, WRONG_SIDE, UNKNOWN_FLAG, NO_ORDER_OF_TIME = 1, 2, 3, 4, 5
NEGATIVE_QTY, ZERO_QTY, LARGE_QTY, LARGE_PRICE, NO_ORDER_ID = 6, 7, 8, 9, 10
EVENT_BACK, RECV_BACK, EARLY_RECV, WILD_TIME = 11, 12, 13, 14
SPLIT_PACKET, NO_PRIORITY = 15, 16

LARGEST = 1 << 52
"""Largest price in ticks and quantity in lots: floats hold them exactly, products still fit."""
LATEST = 1 << 62

_CLEAR, _DEPTH, _TRADE = int(EventKind.CLEAR), int(EventKind.DEPTH), int(EventKind.TRADE)
_ADD, _DELETE, _MODIFY = int(EventKind.ADD), int(EventKind.DELETE), int(EventKind.MODIFY)
_EXECUTE, _STATUS = int(EventKind.EXECUTE), int(EventKind.STATUS)
_FUNDING = int(EventKind.FUNDING)
_LAST = int(EventFlag.LAST)
_ON_EXCHANGE, _ON_LOCAL = int(EventFlag.ON_EXCHANGE), int(EventFlag.ON_LOCAL)
_EITHER = _ON_EXCHANGE | _ON_LOCAL
_ALL_FLAGS = int(EventFlag.LAST | EventFlag.SNAPSHOT) | _EITHER

VALIDATE_SIGNATURE = f"int64({', '.join(['int64'] * 11)})"
MERGE_SIGNATURE = "int64(int64, int64, int64, int64, int64, int64)"
SUM_SIGNATURE = "uint64(int64, int64)"


@inline
def _is_side_of(kind, side):
    """Whether a kind may have this side: open in TRADE and CLEAR, none in STATUS and FUNDING."""
    if side == 0:
        return kind in (_TRADE, _CLEAR) or kind >= _STATUS
    return -1 <= side <= 1 and kind < _STATUS


@inline
def _flaw(kind, side, bits, qty, price, order_id, priority):
    """Return what is wrong with a row, its times apart."""
    reason = GOOD
    if kind < _CLEAR or kind > _FUNDING:
        reason = UNKNOWN_KIND
    elif bits > _ALL_FLAGS:
        reason = UNKNOWN_FLAG
    elif not bits & _EITHER:
        reason = NO_ORDER_OF_TIME
    elif not _is_side_of(kind, side):
        reason = WRONG_SIDE
    elif qty < 0 and kind != _FUNDING:
        reason = NEGATIVE_QTY
    elif qty == 0 and _ADD <= kind <= _EXECUTE and kind != _DELETE and kind != _MODIFY:
        reason = ZERO_QTY
    elif qty > LARGEST or qty < -LARGEST:
        reason = LARGE_QTY
    elif price > LARGEST or price < -LARGEST:
        reason = LARGE_PRICE
    elif _ADD <= kind <= _EXECUTE and order_id <= 0:
        reason = NO_ORDER_ID
    elif priority < 0 or (priority == 0 and kind == _ADD):
        reason = NO_PRIORITY
    return reason


@inline
def _flaw_of_time(event, recv, bits, exchange, local, is_open):
    """Return what is wrong with a row's times, given the last ones of either order.

    `is_open` says whether the receiver's last packet goes on with this row.
    """
    reason = GOOD
    if event > LATEST or event < -LATEST or recv > LATEST:
        reason = WILD_TIME
    elif recv < event:
        reason = EARLY_RECV
    elif bits & _ON_EXCHANGE and event < exchange:
        reason = EVENT_BACK
    elif bits & _ON_LOCAL and recv < local:
        reason = RECV_BACK
    elif bits & _ON_LOCAL and is_open and recv != local:
        reason = SPLIT_PACKET
    return reason


def validate_chunk(event, recv, price, qty, order_id, priority, kind, side, flags, rows, state):
    """Return the first row that no book may see, or -1; all arguments but `rows` are addresses.

    `order_id` and `priority` are 0 where the file has none. `state` is int64[5]: the last time in
    the exchange's order, the last in the receiver's, whether the receiver's last packet is still
    open (all carried from chunk to chunk), the kinds that the level allows as bits, and, when a row
    is returned, why.
    """
    ts_event, ts_recv = longs_at(event, rows), longs_at(recv, rows)
    prices, qtys = longs_at(price, rows), longs_at(qty, rows)
    ids = longs_at(order_id if order_id else qty, rows)
    numbers = longs_at(priority if priority else order_id, rows)
    kinds, sides, bits = bytes_at(kind, rows), signs_at(side, rows), bytes_at(flags, rows)
    kept = longs_at(state, 5)
    exchange, local, is_open, allowed = kept[0], kept[1], kept[2] != 0, _U(kept[3])
    by_order = priority != 0
    row = _U(0)
    while row < _U(rows):
        k, f = kinds[row], bits[row]
        number = numbers[row] if by_order else np.int64(1)
        reason = _flaw(k, sides[row], f, qtys[row], prices[row], ids[row], number)
        if reason == GOOD and not (allowed >> _U(k)) & _U(1):
            reason = WRONG_LEVEL
        if reason == GOOD:
            reason = _flaw_of_time(ts_event[row], ts_recv[row], f, exchange, local, is_open)
        if reason != GOOD:
            kept[4] = reason
            return np.int64(row)
        if f & _ON_EXCHANGE:
            exchange = ts_event[row]
        if f & _ON_LOCAL:
            local, is_open = ts_recv[row], not f & _LAST
        row += _U(1)
    kept[0], kept[1], kept[2] = exchange, local, 1 if is_open else 0
    return np.int64(-1)


def sum_words(address, count):
    """Return the sum of 64-bit words, each times an odd number of its own, modulo 2 ** 64.

    No change of a single word leaves it as it was: odd numbers have inverses. Words that changed
    places do where they differ by less than 2 ** 63 over their distance. It vectorises: a checksum
    that costs no more than reading the words.
    """
    words = words_at(address, count)
    total = _U(0)
    for k in range(count):
        total += words[_U(k)] * (_U(k) * _U(2) + _U(1))
    return total


def merge_orders(exchange, local, counts, times, out, out_flags):
    """Merge the exchange's and the receiver's order of the same rows into one.

    All arguments are addresses. `exchange` and `local` hold row numbers (int64) in either order,
    `times` the rows' ts_event, `counts` (int64[4]) how many stand in each. A row at which both
    orders stand is given once, with both flags; else the exchange's row is given alone while it is
    the earlier one, and then the receiver's. Ends where one of the orders ends, and returns how
    many rows were given; how many were taken of either order then stands in `counts[2:4]`.
    """
    sizes = longs_at(counts, 4)
    by_event, by_recv = longs_at(exchange, sizes[0]), longs_at(local, sizes[1])
    rows, bits = longs_at(out, sizes[0] + sizes[1]), bytes_at(out_flags, sizes[0] + sizes[1])
    events = longs_at(times, LATEST)
    ends_a, ends_b = _U(sizes[0]), _U(sizes[1])
    a, b, n = _U(0), _U(0), _U(0)
    while a < ends_a and b < ends_b:
        x, y = _U(by_event[a]), _U(by_recv[b])
        if x == y:
            rows[n], bits[n] = x, _EITHER
            a += _U(1)
            b += _U(1)
        elif events[x] < events[y] or (events[x] == events[y] and x < y):
            rows[n], bits[n] = x, _ON_EXCHANGE
            a += _U(1)
        else:
            rows[n], bits[n] = y, _ON_LOCAL
            b += _U(1)
        n += _U(1)
    sizes[2], sizes[3] = np.int64(a), np.int64(b)
    return np.int64(n)
