"""NASDAQ TotalView-ITCH 5.0: messages of one stock to event rows, with the orders that live.

Fields stand as Nasdaq's "TotalView-ITCH 5.0" specification gives them: big-endian integers, each
message behind a length of two bytes (Nasdaq's BinaryFILE).
"""

import numpy as np

from hftsim.core.events import EventKind
from hftsim.native.records import array_at, inline

longs_at = array_at("i8")
bytes_at = array_at("u1")
_U = np.uint64

SCAN_SIGNATURE = "int64(int64, int64, int64, int64, int64, int64)"
GROW_SIGNATURE = "void(int64, int64, int64, int64)"

ALL_READ, ROWS_FULL, TABLE_FULL, WRONG_LENGTH, WRONG_TIME, WRONG_SIDE = 0, 1, 2, 3, 4, 5

COLUMNS = 8
"""Of a row: ts (ns of the day), price, qty, order_id, kind, side, last, message number."""

# Places in the state, int64[STATE].
USED, LOCATE, MESSAGES, LIVE, MIDNIGHT, SIDED, TYPE = 0, 1, 2, 3, 4, 5, 6
UNKNOWN, UNPRINTED, BROKEN, EMPTY_CROSS, HIDDEN, CROSSES, OTHER_TYPES = 7, 8, 9, 10, 11, 12, 13
STATE = 14

_ADD, _REDUCE, _DELETE = int(EventKind.ADD), int(EventKind.REDUCE), int(EventKind.DELETE)
_EXECUTE, _TRADE, _STATUS = int(EventKind.EXECUTE), int(EventKind.TRADE), int(EventKind.STATUS)
_DAY = 86_400_000_000_000
_MIX = _U(0x9E3779B97F4A7C15)
_ENTRY = 3
"""Of an order in the table: id (0: free), price, open shares, negative for a sell order."""


@inline
def _number(raw, at, size):
    value = _U(0)
    for k in range(size):
        value = (value << _U(8)) | _U(raw[at + _U(k)])
    return np.int64(value)


@inline
def _place(table, mask, order_id):
    """Return the entry of an order, or the free one where it would stand."""
    at = (_U(order_id) * _MIX >> _U(20)) & mask
    while table[at * _U(_ENTRY)] != 0 and table[at * _U(_ENTRY)] != order_id:
        at = (at + _U(1)) & mask
    return at


@inline
def _remove(table, mask, at):
    """Free an entry and move later ones of its run up, so that no search ends too early."""
    hole, probe = at, (at + _U(1)) & mask
    while table[probe * _U(_ENTRY)] != 0:
        home = (_U(table[probe * _U(_ENTRY)]) * _MIX >> _U(20)) & mask
        if (probe - home) & mask >= (probe - hole) & mask:
            for k in range(_ENTRY):
                table[hole * _U(_ENTRY) + _U(k)] = table[probe * _U(_ENTRY) + _U(k)]
            hole = probe
        probe = (probe + _U(1)) & mask
    table[hole * _U(_ENTRY)] = 0


@inline
def _put(rows, row, ts, price, qty, order_id, kind, side, last, number):
    at = _U(row * COLUMNS)
    rows[at], rows[at + _U(1)], rows[at + _U(2)] = ts, price, qty
    rows[at + _U(3)], rows[at + _U(4)], rows[at + _U(5)] = order_id, kind, side
    rows[at + _U(6)], rows[at + _U(7)] = last, number


@inline
def _add(table, mask, state, order_id, price, shares):
    at = _place(table, mask, order_id)
    if table[at * _U(_ENTRY)] == 0:
        state[LIVE] += 1
    table[at * _U(_ENTRY)] = order_id
    table[at * _U(_ENTRY) + _U(1)], table[at * _U(_ENTRY) + _U(2)] = price, shares


@inline
def _take(table, mask, state, at, shares):
    """Take open shares of an order; it leaves the table when none are left."""
    left = table[at * _U(_ENTRY) + _U(2)]
    size = left if left > 0 else -left
    if shares >= size:
        _remove(table, mask, at)
        state[LIVE] -= 1
    else:
        table[at * _U(_ENTRY) + _U(2)] = left - shares if left > 0 else left + shares


@inline
def _length_of(kind):
    """Return how long a message of a type is, or 0 where the specification knows no such type."""
    length = 0
    for name, size in _LENGTHS:
        if kind == name:
            length = size
    return length


_LENGTHS = (
    *((65, 36), (70, 40), (69, 31), (67, 36), (88, 23), (68, 19), (85, 35), (80, 44), (81, 40)),
    *((66, 19), (83, 12), (82, 39), (72, 25), (89, 20), (76, 26), (86, 35), (87, 12), (75, 28)),
    *((74, 35), (104, 21), (73, 50), (78, 20), (79, 48)),
)
"""ASCII code of the type to length of the message: A F E C X D U P Q B S R H Y L V W K J h I N O."""


@inline
def _on_order(raw, at, kind, ts, table, mask, state, rows, row):
    """Handle E, C, X, D and U; return how many rows were made."""
    order_id, number = _number(raw, at + _U(11), 8), state[MESSAGES]
    place = _place(table, mask, order_id)
    if order_id == 0 or table[place * _U(_ENTRY)] == 0:
        state[UNKNOWN] += 1
        return 0
    price, left = table[place * _U(_ENTRY) + _U(1)], table[place * _U(_ENTRY) + _U(2)]
    side = 1 if left > 0 else -1
    if kind == 68:
        _put(rows, row, ts, price, left * side, order_id, _DELETE, side, 1, number)
        _take(table, mask, state, place, left * side)
        return 1
    if kind == 85:
        new_id = _number(raw, at + _U(19), 8)
        shares, new_price = _number(raw, at + _U(27), 4), _number(raw, at + _U(31), 4)
        _put(rows, row, ts, price, left * side, order_id, _DELETE, side, 0, number)
        _take(table, mask, state, place, left * side)
        _put(rows, row + 1, ts, new_price, shares, new_id, _ADD, side, 1, number)
        _add(table, mask, state, new_id, new_price, shares * side)
        return 2
    shares = _number(raw, at + _U(19), 4)
    what = _REDUCE if kind == 88 else _EXECUTE
    if kind == 67:
        if raw[at + _U(31)] == 78:  # N: not printed, so the tape has it elsewhere
            state[UNPRINTED] += 1
            what = _REDUCE
        else:
            price = _number(raw, at + _U(32), 4)
    if what == _REDUCE and shares >= left * side:
        what = _DELETE
    _put(rows, row, ts, price, shares, order_id, what, side, 1, number)
    _take(table, mask, state, place, shares)
    return 1


@inline
def _on_print(raw, at, kind, ts, state, rows, row):
    """Handle P, Q and H; return how many rows were made."""
    number = state[MESSAGES]
    if kind == 72:
        trading = 1 if raw[at + _U(19)] == 84 else 0
        _put(rows, row, ts, 0, trading, 0, _STATUS, 0, 1, number)
        return 1
    if kind == 80:
        state[HIDDEN] += 1
        resting = 1 if raw[at + _U(19)] == 66 else -1
        side = -resting if state[SIDED] or resting < 0 else 0
        shares, price = _number(raw, at + _U(20), 4), _number(raw, at + _U(32), 4)
        _put(rows, row, ts, price, shares, 0, _TRADE, side, 1, number)
        return 1
    shares, price = _number(raw, at + _U(11), 8), _number(raw, at + _U(27), 4)
    if shares == 0:
        state[EMPTY_CROSS] += 1
        return 0
    state[CROSSES] += 1
    _put(rows, row, ts, price, shares, 0, _TRADE, 0, 1, number)
    return 1


def scan(text, length, table_at, capacity, out, state_at):
    """Read messages; return why it stopped: ALL_READ where what is left is no whole message.

    `out` is int64[most + 2, COLUMNS], where `most` stands in the last element of `state`
    (int64[STATE + 2]), which returns the number of rows behind it. `table_at` is
    int64[capacity * 3], capacity a power of two. USED counts the bytes that were read; the message
    at fault is the one that begins there.
    """
    raw, state = bytes_at(text, length), longs_at(state_at, STATE + 2)
    table, mask = longs_at(table_at, capacity * _ENTRY), _U(capacity - 1)
    most, row, at, end, why = state[STATE + 1], 0, _U(0), _U(length), ALL_READ
    rows = longs_at(out, (most + 2) * COLUMNS)
    while at + _U(2) <= end:
        size = _number(raw, at, 2)
        if at + _U(2) + _U(size) > end:
            break
        m = at + _U(2)
        if size > 0:
            kind = np.int64(raw[m])
            expected = _length_of(kind)
            if expected != 0 and expected != size:
                state[TYPE], why = kind, WRONG_LENGTH
                break
            ours = size >= 11 and _number(raw, m + _U(1), 2) == state[LOCATE]
            if expected == 0:
                state[OTHER_TYPES] += 1
            elif ours:
                if row >= most or state[LIVE] * 5 >= capacity * 3:
                    why = ROWS_FULL if row >= most else TABLE_FULL
                    break
                ts = _number(raw, m + _U(5), 6)
                side = raw[m + _U(19)] if size >= 20 else _U(0)
                if ts >= _DAY or (
                    (kind == 65 or kind == 70 or kind == 80) and side != 66 and side != 83
                ):
                    state[TYPE], why = kind, WRONG_TIME if ts >= _DAY else WRONG_SIDE
                    break
                state[MESSAGES] += 1
                if kind == 65 or kind == 70:
                    order_id, sign = _number(raw, m + _U(11), 8), 1 if side == 66 else -1
                    shares, price = _number(raw, m + _U(20), 4), _number(raw, m + _U(32), 4)
                    _add(table, mask, state, order_id, price, shares * sign)
                    _put(rows, row, ts, price, shares, order_id, _ADD, sign, 1, state[MESSAGES])
                    row += 1
                elif kind == 69 or kind == 67 or kind == 88 or kind == 68 or kind == 85:
                    row += _on_order(raw, m, kind, ts, table, mask, state, rows, row)
                elif kind == 80 or kind == 81 or kind == 72:
                    row += _on_print(raw, m, kind, ts, state, rows, row)
                elif kind == 66:
                    state[BROKEN] += 1
                state[MESSAGES] -= 1
        state[MESSAGES] += 1
        at = m + _U(size)
    state[USED], state[STATE] = np.int64(at), row
    return np.int64(why)


def grow(old_at, old_capacity, new_at, new_capacity):
    """Enter the orders of one table into a larger, empty one."""
    old, new = longs_at(old_at, old_capacity * _ENTRY), longs_at(new_at, new_capacity * _ENTRY)
    mask = _U(new_capacity - 1)
    for entry in range(old_capacity):
        order_id = old[_U(entry * _ENTRY)]
        if order_id != 0:
            at = _place(new, mask, order_id)
            for k in range(_ENTRY):
                new[at * _U(_ENTRY) + _U(k)] = old[_U(entry * _ENTRY + k)]
