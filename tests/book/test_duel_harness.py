"""The duel itself: it must find a book that breaks a rule, and show a short stream for it."""

import pytest
from book_duel import assert_same, difference, smallest
from order_streams import ALL, CORE, columns_of, drifting, messages_of

from hftsim.book.reference import ReferenceBook
from hftsim.core.enums import RejectReason, ReportKind


class RefillsKeepTheirPlace(ReferenceBook):
    """Breaks rule 8."""

    def show_slice(self, order):
        super().show_slice(order)

    def take(self, order, qty):
        if order.shown == qty and order.hidden and order.queue is not None:
            place, queue = order.queue.index(order), order.queue
            super().take(order, qty)
            if order.queue is queue:
                queue.remove(order)
                queue.insert(place, order)
        else:
            super().take(order, qty)


class FokIgnoresOwners(ReferenceBook):
    """Breaks rule 9."""

    def fillable(self, order):
        owner, order.owner = order.owner, 0
        total = super().fillable(order)
        order.owner = owner
        return total


class CancelsFromOldToNew(ReferenceBook):
    """Breaks the order in which many orders end."""

    def end_all(self, orders, kind, reason):
        self.answer(ReportKind.ACK, qty=len(orders))
        for order in orders:
            self.end(order, kind, reason)


class ForgetsToCount(ReferenceBook):
    """Writes every row, but its state differs."""

    def end(self, order, kind, reason):
        super().end(order, kind, reason)
        self.reports -= reason == RejectReason.FOK_NOT_FILLABLE


@pytest.mark.parametrize(
    ("broken", "features", "most"),
    [
        (RefillsKeepTheirPlace, CORE, 10),
        (FokIgnoresOwners, CORE, 10),
        (CancelsFromOldToNew, ALL, 10),
        (ForgetsToCount, CORE, 1),
    ],
)
def test_a_broken_rule_is_found_and_shown_in_few_messages(broken, features, most):
    columns = drifting(1, 3000, features)
    assert difference(columns, broken, pieces=3)
    short = smallest(columns, lambda c: difference(c, broken) is not None)
    assert len(short) <= most
    with pytest.raises(AssertionError, match="messages:"):
        assert_same(columns_of(short), broken)


def test_a_book_is_the_same_as_itself():
    assert_same(drifting(2, 1500, ALL), ReferenceBook, pieces=7, swap=True)


def test_a_stream_reads_as_it_was_written():
    columns = drifting(3, 200, ALL)
    again = columns_of(messages_of(columns))
    assert {k: v.tolist() for k, v in again.items()} == {k: v.tolist() for k, v in columns.items()}
