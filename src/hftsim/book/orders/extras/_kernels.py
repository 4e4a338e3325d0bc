"""Rows of the pool of extras, and what the `terms` of an order say with and without one."""

import numpy as np

from hftsim.book.orders.layout import HAS_EXTRA, OWNERS, POST_ONLY
from hftsim.book.orders.state._kernels import extra_of, state_at
from hftsim.core.enums import TimeInForce
from hftsim.native.records import inline

_U = np.uint64
_HAS_EXTRA, _OWNERS, _POST_ONLY = _U(HAS_EXTRA), _U(OWNERS), _U(POST_ONLY)
_GTC, _GTX = int(TimeInForce.GTC), int(TimeInForce.GTX)


@inline
def take_extra(book):
    """Return a free row; the caller has made sure that there is one, and fills it whole."""
    state = state_at(book)
    row = _U(state.extras_free)
    if row != _U(0):
        state.extras_free = extra_of(book, row).next
    else:
        row = _U(state.extras_used)
        state.extras_used += 1
    state.extras_live += 1
    return row


@inline
def give_extra(book, row):
    """Give a row back."""
    extra_of(book, row).next = state_at(book).extras_free
    state_at(book).extras_free = np.int64(row)
    state_at(book).extras_live -= 1


@inline
def extra_row(terms):
    """Return the row that these terms name, 0 where the order has no extra."""
    word = _U(terms)
    return word & ~_HAS_EXTRA if word & _HAS_EXTRA else _U(0)


@inline
def owner_of(book, terms):
    """Return whose order it is, 0 where it is nobody's."""
    row = extra_row(terms)
    return extra_of(book, row).owner if row else np.int64(_U(terms) & _OWNERS)


@inline
def tif_of(book, terms):
    """Return the time in force of a resting order."""
    row = extra_row(terms)
    if row:
        return extra_of(book, row).tif
    return np.int64(_GTX) if _U(terms) & _POST_ONLY else np.int64(_GTC)


@inline
def hidden_of(book, terms):
    """Return how many lots stand behind the shown ones."""
    row = extra_row(terms)
    return extra_of(book, row).hidden if row else np.int64(0)
