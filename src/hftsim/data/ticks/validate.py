"""Rows checked by machine code before any book sees them, and what is wrong with them in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hftsim.core.events import EventKind
from hftsim.native.layout import address_of

_BOTH = (EventKind.CLEAR, EventKind.TRADE, EventKind.STATUS, EventKind.FUNDING)
_BY_ORDER = (
    *(EventKind.ADD, EventKind.REDUCE, EventKind.DELETE, EventKind.MODIFY, EventKind.EXECUTE),
)
KINDS_OF = {
    "l1": (*_BOTH, EventKind.QUOTE),
    "l2": (*_BOTH, EventKind.QUOTE, EventKind.DEPTH, EventKind.CLEAR_TO),
    "l3": (*_BOTH, *_BY_ORDER),
}
"""The kinds of rows that a level knows."""

_BEGIN = -(1 << 63)
_WORDS: dict[int, tuple[str, str]] = {
    1: ("kind", "{kind} is no kind of event"),
    2: ("kind", "{kind_name} does not belong into {level} data"),
    3: ("side", "the side of a {kind_name} row cannot be {side}"),
    4: ("flags", "{flags} holds unknown flags"),
    5: ("flags", "the row belongs to neither the exchange's nor the receiver's order of time"),
    6: ("qty", "a quantity of {qty} lots is negative"),
    7: ("qty", "a quantity of 0 lots means nothing in a {kind_name} row"),
    8: ("qty", "a quantity of {qty} lots is beyond 2^52: a larger lot size is needed"),
    9: ("price", "a price of {price} ticks is beyond 2^52: a larger tick size is needed"),
    10: ("order_id", "an order id of {order_id} is not above 0"),
    11: ("ts_event", "{ts_event} is earlier than {last_event} before it in the exchange's order"),
    12: ("ts_recv", "{ts_recv} is earlier than {last_recv} before it in the receiver's order"),
    13: ("ts_recv", "received at {ts_recv}, before it happened at {ts_event}"),
    14: ("ts_event", "{ts_event} is no time that can be"),
    15: ("ts_recv", "{ts_recv} is another time than {last_recv} before it in the same packet"),
    16: ("priority", "a priority of {priority} cannot be"),
}
EVENT_BACK, RECV_BACK, EARLY_RECV = 11, 12, 13


class Flaw:
    """The first row that cannot be used, and why.

    Parameters
    ----------
    row : position in the columns.
    reason : a code of `_kernels`.
    field : the column at fault.
    sentence : what is wrong.
    """

    def __init__(self, row: int, reason: int, field: str, sentence: str) -> None:
        self.row, self.reason, self.field, self.sentence = row, reason, field, sentence


class Validator:
    """Checks a series of rows, given in any number of pieces.

    Parameters
    ----------
    level : ``l1``, ``l2`` or ``l3``; other kinds of rows are refused.
    """

    def __init__(self, level: str) -> None:
        self._level = level
        allowed = sum(1 << int(kind) for kind in KINDS_OF[level])
        self._state = np.array([_BEGIN, _BEGIN, 0, allowed, 0], np.int64)

    def first_flaw(self, columns: Mapping[str, np.ndarray]) -> Flaw | None:
        """Return the first row that cannot be used, or None; then the next piece may follow.

        The columns are contiguous and have the types of `EVENT_DTYPE`.
        """
        from hftsim.data.ticks._kernels import VALIDATE_SIGNATURE, validate_chunk
        from hftsim.native.cache import kernel

        if not len(columns["kind"]):
            return None
        names = ("order_id", "priority") if self._level == "l3" else ()
        orders = [address_of(columns[name]) for name in names] or [0, 0]
        row = kernel(validate_chunk, VALIDATE_SIGNATURE)(
            address_of(columns["ts_event"]),
            address_of(columns["ts_recv"]),
            address_of(columns["price"]),
            address_of(columns["qty"]),
            *orders,
            address_of(columns["kind"]),
            address_of(columns["side"]),
            address_of(columns["flags"]),
            len(columns["kind"]),
            address_of(self._state),
        )
        return None if row < 0 else self._flaw(columns, int(row))

    def _flaw(self, columns: Mapping[str, np.ndarray], row: int) -> Flaw:
        reason = int(self._state[4])
        values: dict[str, Any] = {name: int(column[row]) for name, column in columns.items()}
        known = values["kind"] in set(EventKind)
        field, words = _WORDS[reason]
        sentence = words.format(
            **values,
            level=self._level.upper(),
            kind_name=EventKind(values["kind"]).name if known else "",
            last_event=self._before(columns, row, "ts_event", 4, 0),
            last_recv=self._before(columns, row, "ts_recv", 8, 1),
        )
        return Flaw(row, reason, field, sentence)

    def _before(
        self, columns: Mapping[str, np.ndarray], row: int, name: str, flag: int, at: int
    ) -> int:
        """Return the last time before a row in one of the orders."""
        counts = np.flatnonzero(columns["flags"][:row] & flag)
        return int(columns[name][counts[-1]] if len(counts) else self._state[at])
