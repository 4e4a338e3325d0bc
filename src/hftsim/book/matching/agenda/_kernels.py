"""The work on one message in steps, each of few reports, until nothing is left that follows from it."""

import numpy as np

from hftsim.book.matching.changes._kernels import cancel_order, replace_order
from hftsim.book.matching.checks._kernels import (
    CONTINUOUS,
)
from hftsim.book.matching.entry._kernels import new_order
from hftsim.book.matching.hand._kernels import message_at_hand, terms_at_hand
from hftsim.book.matching.layout import (
    AUCTION_OVER,
    BEGUN,
    HAS_TERMS,
    IDLE,
    OPERATION,
    READY,
    SETTLING,
)
from hftsim.book.matching.phases._kernels import auction_fill, change_session
from hftsim.book.matching.places._kernels import (
    end_order,
)
from hftsim.book.matching.reports._kernels import (
    is_full,
    run_at,
)
from hftsim.book.matching.trading._kernels import (
    trade,
)
from hftsim.book.matching.waiting._kernels import (
    activate,
    expire_one,
    reprice_one,
)
from hftsim.book.orders.ids._kernels import find
from hftsim.book.orders.layout import (
    ASK,
    DONE,
    REPORTS_FULL,
    TRIGGERED,
)
from hftsim.book.orders.state._kernels import level_of, state_at
from hftsim.core.enums import MessageOp
from hftsim.native.records import array_at, compiled, inline

_U = np.uint64
_NEW, _CANCEL = int(MessageOp.NEW), int(MessageOp.CANCEL)
_REPLACE = int(MessageOp.REPLACE)

_ids_at = array_at("i8")


@compiled
def _dispatch(run):
    """Do what a message asks for, and not what follows from it; return whether Python is needed."""
    operation = np.int64(message_at_hand(run).op & OPERATION)
    run.stage = SETTLING
    if operation == _CANCEL:
        cancel_order(run)
    elif operation == _NEW:
        new_order(run)
    elif operation == _REPLACE:
        replace_order(run)
    else:
        return change_session(run, operation)
    return False


@inline
def _end_next(run):
    ids = _ids_at(run.endings_at, run.endings)
    slot = find(run.book_at, ids[_U(run.ended)])
    run.ended += 1
    if slot != _U(0):
        end_order(run, slot, run.end_kind, run.end_reason)


@inline
def _settle_one(run):
    """Let the next stop come in, or reprice the next peg; return whether there was one."""
    state = state_at(run.book_at)
    if state.phase != CONTINUOUS:
        return False
    if level_of(run.book_at, TRIGGERED).head != 0:
        activate(run)
        return True
    return state.pegs != 0 and reprice_one(run)


@inline
def begin(run, at):
    """Begin with the message in a row: its time is now."""
    run.at, run.message, run.stage = at, run.first_message + at, BEGUN
    message = message_at_hand(run)
    if message.op & HAS_TERMS:
        state = state_at(run.book_at)
        state.clock = max(state.clock, terms_at_hand(run, message).ts_event)


@compiled
def work(run_address):
    """Go on with the message at hand; return DONE, REPORTS_FULL or ASK."""
    run = run_at(run_address)
    while True:
        if is_full(run):
            return REPORTS_FULL
        if run.is_trading != 0:
            trade(run_address)
        elif run.ended < run.endings:
            _end_next(run)
        elif run.auction_left > 0:
            auction_fill(run)
        elif run.stage == AUCTION_OVER:
            return ASK
        elif run.stage == BEGUN:
            if not expire_one(run):
                run.stage = READY
        elif _settle_one(run):
            pass
        elif run.stage == READY:
            if _dispatch(run):
                return ASK
        else:
            run.stage = IDLE
            return DONE
