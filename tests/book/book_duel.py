"""Two books, one stream: compares rows, states and snapshots, and finds the smallest stream that differs."""

import itertools

import numpy as np
from order_streams import columns_of, messages_of, piece

from hftsim.book.reference import ReferenceBook

ROW = ("message", "kind", "reason", "side", "order_id", "match_id", "price", "qty", "leaves_qty")


def rows_of(reports):
    """Return report rows as tuples of integers, in the columns of the page."""
    return list(zip(*(reports[name].tolist() for name in ROW), strict=True))


def difference(columns, make, *, pieces=1, swap=False):
    """Return what differs between a new book of `make` and the reference, None if nothing does.

    The stream is fed in `pieces`; after each the states are compared. With `swap` both books are
    then replaced by new ones, restored from the other's snapshot.
    """
    fast, slow = make(), ReferenceBook()
    count = len(columns["op"])
    bounds = np.linspace(0, count, pieces + 1).astype(int).tolist()
    for start, stop in itertools.pairwise(bounds):
        part = piece(columns, start, stop)
        found = first_difference(rows_of(fast.process(part)), rows_of(slow.process(part)), "rows")
        found = found or state_difference(fast, slow)
        if found:
            return f"messages {start} to {stop}: {found}"
        if swap:
            one, other = fast.snapshot(), slow.snapshot()
            fast, slow = make(), ReferenceBook()
            fast.restore(other)
            slow.restore(one)
    return None


def state_difference(fast, slow):
    """Return where two states differ, None if they and their hashes are the same."""
    ours, theirs = fast.state_rows().tolist(), slow.state_rows().tolist()
    found = first_difference(ours, theirs, "state")
    if not found and fast.state_hash() != slow.state_hash():
        return "equal states have different hashes"
    return found


def first_difference(ours, theirs, what):
    """Return the first place at which two lists differ, with the rows before it."""
    for at in range(max(len(ours), len(theirs))):
        pair = [rows[at] if at < len(rows) else "nothing" for rows in (ours, theirs)]
        if pair[0] != pair[1]:
            before = "".join(f"\n    {row}" for row in theirs[max(0, at - 4) : at])
            return f"{what} {at}: is {pair[0]}, should be {pair[1]}, after{before}"
    return None


def smallest(columns, differs):
    """Return a short stream that still differs, by leaving out what is not needed for it."""
    messages = messages_of(columns)
    step = max(1, len(messages) // 2)
    while True:
        at = 0
        while at < len(messages):
            fewer = messages[:at] + messages[at + step :]
            if differs(columns_of(fewer)):
                messages = fewer
            else:
                at += step
        if step == 1:
            return messages
        step //= 2


def assert_same(columns, make, **how):
    """Fail with the smallest stream on which a book differs from the reference."""
    if difference(columns, make, **how) is None:
        return
    short = smallest(columns, lambda c: difference(c, make, **how) is not None)
    listing = "".join(f"\n    {plain(message)}," for message in short)
    raise AssertionError(f"{difference(columns_of(short), make, **how)}\nmessages:{listing}")


def plain(message):
    """Return a message with numbers in place of enums, to be pasted into a test."""
    return {name: int(value) for name, value in message.items()}
