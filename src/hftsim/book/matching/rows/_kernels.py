"""Every live order as a row of 16 numbers (docs/models/matching.md, State), and back."""

import numpy as np

from hftsim.book.matching.places._kernels import price_to_tell, side_of_order, wait_in, waits
from hftsim.book.matching.trading._kernels import watch_stop
from hftsim.book.matching.waiting._kernels import add_peg, add_timer
from hftsim.book.orders._kernels import (
    following,
    key_of,
    key_of_level,
    rest,
    side_number,
    take_slot,
)
from hftsim.book.orders.extras._kernels import extra_row, owner_of, take_extra, tif_of
from hftsim.book.orders.ids._kernels import find, keep_id
from hftsim.book.orders.layout import (
    HAS_EXTRA,
    MARKET_BUYS,
    MARKET_SELLS,
    OWNERS,
    PARKED,
    POST_ONLY,
    STOPS,
    UNPRICED,
)
from hftsim.book.orders.state._kernels import extra_of, level_of, order_of, side_of, state_at
from hftsim.core.enums import OrderType, TimeInForce
from hftsim.native.records import array_at, compiled, inline

WRITE_SIGNATURE = "int64(int64, int64, int64)"
READ_SIGNATURE = "int64(int64, int64, int64)"
WIDTH = 16

_U = np.uint64
_LIMIT, _PEGGED = int(OrderType.LIMIT), int(OrderType.PEGGED)
_GTC, _GTX, _GTD = int(TimeInForce.GTC), int(TimeInForce.GTX), int(TimeInForce.GTD)
IN_BOOK, MARKETS, STOPPED, IN_PARK, PRICELESS, PEGS = range(1, 7)

_numbers_at = array_at("i8")


@inline
def _write(book, cells, row, section, slot):
    order, at = order_of(book, slot), row * WIDTH
    priced = not waits(book, slot)
    cells[at] = section
    cells[at + 1] = order.id
    cells[at + 2] = 1 - 2 * side_of_order(book, slot)
    cells[at + 3] = _LIMIT
    cells[at + 4] = tif_of(book, order.terms)
    cells[at + 6] = price_to_tell(book, slot)
    cells[at + 7] = 1
    cells[at + 8] = order.qty
    cells[at + 11] = owner_of(book, order.terms)
    number = extra_row(order.terms)
    if number:
        extra = extra_of(book, number)
        cells[at + 3] = extra.type
        cells[at + 5] = extra.flags
        cells[at + 7] = 1 if priced else extra.has_price
        cells[at + 9] = extra.hidden
        cells[at + 10] = extra.display
        cells[at + 12] = extra.trigger
        cells[at + 13] = extra.offset
        cells[at + 14] = extra.min_qty
        cells[at + 15] = extra.expires


@inline
def _write_queue(book, cells, row, section, level):
    slot = _U(level_of(book, level).head)
    while slot != _U(0):
        _write(book, cells, row, section, slot)
        row += 1
        slot = _U(order_of(book, slot).next)
    return row


@compiled
def _write_side(book, cells, row, side):
    level = side_of(book, side).best_level
    while level >= 0:
        key = key_of_level(book, _U(level))
        row = _write_queue(book, cells, row, IN_BOOK, level)
        level = following(book, side, key)
    return row


def write_rows(book, cells_at, rows):
    """Write the rows of sections 1 to 6 into zeros; return how many."""
    cells, row = _numbers_at(cells_at, rows * WIDTH), np.int64(0)
    for side in range(2):
        row = _write_side(book, cells, row, side)
    for section, level in (
        (MARKETS, MARKET_BUYS),
        (MARKETS, MARKET_SELLS),
        (STOPPED, STOPS),
        (IN_PARK, PARKED),
    ):
        row = _write_queue(book, cells, row, section, level)
    for section in (PRICELESS, PEGS):
        slot = _U(state_at(book).first_peg)
        while slot != _U(0):
            if section == PEGS:
                cells[row * WIDTH], cells[row * WIDTH + 1] = PEGS, order_of(book, slot).id
                row += 1
            elif waits(book, slot):
                _write(book, cells, row, section, slot)
                row += 1
            slot = _U(extra_of(book, extra_row(order_of(book, slot).terms)).next)
    return row


@inline
def _terms_of_row(book, cells, at, side):
    kind, tif, owner = cells[at + 3], cells[at + 4], cells[at + 11]
    plain = kind == _LIMIT and (tif in (_GTC, _GTX)) and 0 <= owner <= OWNERS
    for column in (5, 9, 10, 12, 13, 14, 15):
        plain = plain and cells[at + column] == 0
    if plain and cells[at] == IN_BOOK:
        return _U(owner) | (_U(POST_ONLY) if tif == _GTX else _U(0))
    row = take_extra(book)
    extra = extra_of(book, row)
    extra.owner, extra.side, extra.type, extra.tif = owner, side, kind, tif
    extra.flags, extra.price, extra.has_price = cells[at + 5], cells[at + 6], cells[at + 7]
    extra.hidden, extra.display = cells[at + 9], cells[at + 10]
    extra.trigger, extra.offset = cells[at + 12], cells[at + 13]
    extra.min_qty, extra.expires, extra.next, extra.prev = cells[at + 14], cells[at + 15], 0, 0
    return _U(HAS_EXTRA) | row


@compiled
def _read(book, cells, at):
    section, side = cells[at], side_number(cells[at + 2])
    slot = take_slot(book)
    order = order_of(book, slot)
    order.id, order.qty = cells[at + 1], 0
    terms = _terms_of_row(book, cells, at, side)
    order.terms = np.uint32(terms)
    keep_id(book, order.id, slot)
    if cells[at + 4] == _GTD:
        add_timer(book, cells[at + 15], order.id)
    if section == IN_BOOK:
        rest(book, slot, side, key_of(side, cells[at + 6]), cells[at + 8])
    elif section == MARKETS:
        wait_in(book, slot, MARKET_BUYS if side == 0 else MARKET_SELLS)
    elif section == STOPPED:
        wait_in(book, slot, STOPS)
        watch_stop(book, extra_of(book, extra_row(terms)))
    else:
        wait_in(book, slot, PARKED if section == IN_PARK else UNPRICED)


def read_rows(book, cells_at, rows):
    """Put orders into an empty book, with room for all, as rows of sections 1 to 6 say."""
    cells = _numbers_at(cells_at, rows * WIDTH)
    for row in range(rows):
        if cells[row * WIDTH] == PEGS:
            add_peg(book, find(book, cells[row * WIDTH + 1]))
        else:
            _read(book, cells, row * WIDTH)
    return rows
