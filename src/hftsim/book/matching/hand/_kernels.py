"""The message at hand, with what it says beyond the 32 bytes of every message."""

import numpy as np

from hftsim.book.matching.layout import (
    HAS_TERMS,
    MESSAGE,
    NO_PRICE,
    TERMS,
)
from hftsim.book.matching.reports._kernels import (
    REJECT,
    tell,
)
from hftsim.native.records import array_at, inline, pointer_to, record_type

_U = np.uint64

messages_at = array_at(MESSAGE)
_TERMS_SIZE = TERMS.itemsize
_terms_at = pointer_to(record_type("MessageTerms", TERMS))


@inline
def message_at_hand(run):
    """Return the message that is being worked on."""
    return messages_at(run.messages_at, run.messages)[_U(run.at)]


@inline
def terms_at_hand(run, message):
    if message.op & HAS_TERMS and run.terms_at != 0:
        return _terms_at(run.terms_at + run.at * _TERMS_SIZE)
    return _terms_at(run.no_terms_at)


@inline
def refuse(run, message, reason, sign):
    """Tell that a message about an order changes nothing."""
    price = np.int64(0) if message.op & NO_PRICE else message.price
    tell(run, REJECT, reason, sign, message.order_id, 0, price, message.qty, 0)
