"""The matching engine: messages in, reports out, over one book.

The loop handles in place what most messages are: cancels, and plain limit orders that come to rest.
Everything else is worked on step by step in `hftsim.book.matching.agenda`.
"""

import numpy as np

from hftsim.book.matching.agenda._kernels import begin, work
from hftsim.book.matching.hand._kernels import messages_at
from hftsim.book.matching.layout import IDLE, OPERATION
from hftsim.book.matching.plain._kernels import LONG_WAY, handle_plain
from hftsim.book.matching.reports._kernels import is_full, run_at
from hftsim.book.orders._kernels import (
    room_left,
)
from hftsim.book.orders.ids._kernels import fetch_ahead, fetch_order_ahead, has_room_for
from hftsim.book.orders.layout import (
    DONE,
    GROW_EXTRAS,
    GROW_FAR,
    GROW_IDS,
    GROW_ORDERS,
    GROW_TIMERS,
    HEADS,
    MOVE_WINDOW,
    REPORTS_FULL,
)
from hftsim.book.orders.state._kernels import state_at
from hftsim.book.orders.upkeep._kernels import wants_window
from hftsim.core.enums import MessageOp
from hftsim.native.records import compiled, inline

_U = np.uint64
_NEW, _CANCEL = int(MessageOp.NEW), int(MessageOp.CANCEL)
_MANY, _AHEAD = 4_000, 8
"""Live orders from which on memory is asked for ahead, and how many messages ahead."""
_STRIDE = 1024
"""Messages after which a book is asked whether the window of its ladder should move."""


@compiled
def _lacks(book):
    """Return what a book must grow before the next order, or DONE."""
    state = state_at(book)
    if wants_window(book, 0) or wants_window(book, 1):
        return MOVE_WINDOW
    if state.live >= state.orders_room - 1:
        return GROW_ORDERS
    if state.far_live + state.extras_live >= state.far_room - HEADS:
        return GROW_FAR
    if state.extras_live >= state.extras_room - 1:
        return GROW_EXTRAS
    if state.timers >= state.timers_room:
        return GROW_TIMERS
    return GROW_IDS if room_left(book) <= 0 else DONE


@inline
def _is_beyond_ids(book, message):
    is_new = message.op & OPERATION == _NEW and message.order_id > 0
    return is_new and not has_room_for(book, message.order_id)


@inline
def _handle(run, run_address, book, message, at):
    """Handle a message in place, or work on it; return DONE, REPORTS_FULL or ASK."""
    run.message = run.first_message + at
    code = handle_plain(run, run_address, book, message)
    if code != LONG_WAY:
        return code
    begin(run, at)
    return work(run_address)


@inline
def _fetch_ahead(book, messages, at, count):
    """Ask for the memory that the messages to come will need: many orders are in no cache."""
    if at + 2 * _AHEAD < count:
        fetch_ahead(book, messages[_U(at + 2 * _AHEAD)].order_id)
        fetch_order_ahead(book, messages[_U(at + _AHEAD)].order_id)


@compiled
def process_messages(run_address):
    """Handle messages until all are done or something is needed; return what (`DONE`, ...)."""
    run = run_at(run_address)
    book, messages = run.book_at, messages_at(run.messages_at, run.messages)
    if run.stage != IDLE:
        code = work(run_address)
        if code != DONE:
            return code
    at, count, room, code = run.next, run.messages, np.int64(0), DONE
    fetches = state_at(book).live > _MANY
    while at < count and code == DONE:
        message = messages[_U(at)]
        if fetches:
            _fetch_ahead(book, messages, at, count)
        if room <= 0:
            code = _lacks(book)
            room = min(room_left(book), np.int64(_STRIDE))
        room -= 1
        if is_full(run):
            code = REPORTS_FULL
        elif _is_beyond_ids(book, message):
            state_at(book).wanted_id = message.order_id
            code = GROW_IDS
        if code == DONE:
            code = _handle(run, run_address, book, message, at)
            at += 1
    run.next = at
    return code


def process(run_address, message_at):
    """Handle messages until all are done or something is needed; return what (`DONE`, ...).

    With an address in `message_at` only the one message there is handled, and what is returned is the
    number of its reports, or minus what is needed.
    """
    if message_at == 0:
        return process_messages(run_address)
    run = run_at(run_address)
    run.messages_at, run.messages, run.next = message_at, 1, 0
    run.sequence += run.reports
    run.reports = 0
    code = process_messages(run_address)
    if code != DONE:
        return -code
    run.first_message += 1
    return run.reports
