"""What goes into the matching engine and what comes out, as records."""

import numpy as np

from hftsim.native.fields import record_dtype

MESSAGE = np.dtype(
    [
        ("order_id", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("owner", "<u4"),
        ("op", "u1"),
        ("side", "i1"),
        ("type", "u1"),
        ("tif", "u1"),
    ]
)
"""A message, 32 bytes; words are those of `MessageOp`, `Side`, `OrderType`, `TimeInForce`. What few
messages say stands in `TERMS`, in the row of the same number."""

NO_PRICE, HAS_TERMS, OPERATION = 0x80, 0x40, 0x3F
"""Bits of `op`: the message has no price; it has terms; the operation itself."""

TERMS = record_dtype(
    {
        "owner": int,
        "display_qty": int,
        "trigger": int,
        "offset": int,
        "min_qty": int,
        "expires": int,
        "ts_event": int,
        "flags": int,
    }
)
"""What few messages say; `owner` counts in place of the message's, which is narrow."""

REPORT = np.dtype(
    [
        ("sequence", "<i8"),
        ("message", "<i8"),
        ("order_id", "<i8"),
        ("match_id", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("leaves_qty", "<i8"),
        ("kind", "u1"),
        ("reason", "u1"),
        ("side", "i1"),
    ],
    align=True,
)
"""A report, 64 bytes. `sequence` counts the reports of a book, `message` is the number of the
message that caused it, both from 0 over the book's life; `kind` is a `ReportKind`, `reason` a
`RejectReason`."""

RUN = record_dtype(
    {
        "book_at": int,
        "messages_at": int,
        "messages": int,
        "next": int,
        "terms_at": int,
        "no_terms_at": int,
        "reports_at": int,
        "reports_room": int,
        "reports": int,
        "sequence": int,
        "first_message": int,
        "message": int,
        "stage": int,
        "at": int,
        "is_trading": int,
        "order_id": int,
        "slot": int,
        "side": int,
        "limit_key": int,
        "price": int,
        "qty": int,
        "needed": int,
        "type": int,
        "tif": int,
        "owner": int,
        "flags": int,
        "endings_at": int,
        "endings": int,
        "ended": int,
        "end_kind": int,
        "end_reason": int,
        "auction_price": int,
        "auction_left": int,
    }
)
"""One run over messages: where they are and which is next, where reports go, how far the message at
hand (`at`) has come (`stage`): the order that is trading (`is_trading`, from slot to flags; `needed`
lots at once), orders that end one after another, an auction's fills. It can stop wherever the reports
are full, and go on there."""

IDLE, BEGUN, READY, AUCTION_OVER, SETTLING = range(5)
"""Stages of a message: orders whose time is over end first (`BEGUN`), the message is handled
(`READY`), what follows from it happens (`SETTLING`)."""
