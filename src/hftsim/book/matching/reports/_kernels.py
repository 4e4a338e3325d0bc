"""Rows of the reports: written in order, never more than the caller has made room for."""

import numpy as np

from hftsim.book.matching.layout import REPORT, RUN
from hftsim.core.enums import RejectReason, ReportKind
from hftsim.native.records import array_at, inline, pointer_to, record_type

_U = np.uint64
ACK, REJECT, FILL = int(ReportKind.ACK), int(ReportKind.REJECT), int(ReportKind.FILL)
CANCEL, REPLACE = int(ReportKind.CANCEL), int(ReportKind.REPLACE)
EXPIRE, TRIGGER = int(ReportKind.EXPIRE), int(ReportKind.TRIGGER)
REPRICE, REDUCE = int(ReportKind.REPRICE), int(ReportKind.REDUCE)
_NONE = int(RejectReason.NONE)

run_at = pointer_to(record_type("MatchingRun", RUN))
_reports_at = array_at(REPORT)

ROWS = 4
"""Rows that one step of the work on a message may write."""


@inline
def tell(run, kind, reason, sign, order_id, match_id, price, qty, leaves):
    """Append a report; `sign` is the order's `Side`, or 0."""
    number = run.reports
    run.reports = number + 1
    row = _reports_at(run.reports_at, run.reports_room)[_U(number)]
    row.sequence = run.sequence + number
    row.message = run.message
    row.order_id = order_id
    row.match_id = match_id
    row.price = price
    row.qty = qty
    row.leaves_qty = leaves
    row.kind = np.uint8(kind)
    row.reason = np.uint8(reason)
    row.side = np.int8(sign)


@inline
def tell_fill(run, sign, first_id, first_leaves, second_id, second_leaves, price, qty):
    """Append the two rows of a fill: of the order with this sign, then of the other."""
    tell(run, FILL, _NONE, sign, first_id, second_id, price, qty, first_leaves)
    tell(run, FILL, _NONE, -sign, second_id, first_id, price, qty, second_leaves)


@inline
def answer(run, kind, reason, price, qty):
    """Append the answer to a message that is about no single order."""
    tell(run, kind, reason, 0, 0, 0, price, qty, 0)


@inline
def is_full(run):
    """Whether fewer rows are left than one step may write."""
    return run.reports_room - run.reports < ROWS
