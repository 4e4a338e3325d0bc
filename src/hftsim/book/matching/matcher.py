"""Runs messages through the matching kernel: grows what it asks for, empties the reports."""

import functools
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from hftsim.book.matching.layout import HAS_TERMS, MESSAGE, OPERATION, REPORT, RUN, TERMS
from hftsim.book.matching.session import Session
from hftsim.book.orders.layout import ASK, DONE, REPORTS_FULL
from hftsim.book.orders.memory import BookMemory
from hftsim.core.errors import InputError
from hftsim.native.layout import address_of

_pack = struct.Struct("<qqqIBbBB").pack_into
_ROWS = 1 << 14
_NO_TERMS = np.zeros(1, TERMS)
_NOTHING = _NO_TERMS[:0]


class Matcher:
    """Price-time matching over one book.

    Parameters
    ----------
    memory : the book.
    rows : reports that are buffered before they are handed over.
    """

    def __init__(self, memory: BookMemory, rows: int = _ROWS) -> None:
        self.memory = memory
        self.run = np.zeros(1, RUN)
        self._reports = np.zeros(max(rows, 16), REPORT)
        self.run["reports_at"] = address_of(self._reports)
        self.run["reports_room"] = len(self._reports)
        self.run["book_at"] = memory.address
        self.run["no_terms_at"] = address_of(_NO_TERMS)
        self._session = Session(memory, self.run, self._reports)
        self._process = _matching_kernel()
        self._address = address_of(self.run)
        self._message = np.zeros(1, MESSAGE)
        self._message_at = address_of(self._message)
        self._message_bytes = self._message.view("u1").data

    @property
    def messages_seen(self) -> int:
        """How many messages have been handled over the book's life."""
        return int(self.run["first_message"][0])

    @property
    def reports_made(self) -> int:
        """How many reports have been made over the book's life."""
        return int(self.run["sequence"][0] + self.run["reports"][0])

    def process(self, messages: np.ndarray, terms: np.ndarray = _NOTHING) -> np.ndarray:
        """Handle `MESSAGE` rows and return their `REPORT` rows."""
        parts = [part.copy() for part in self.batches(messages, terms)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [self._reports[:0]])

    def batches(self, messages: np.ndarray, terms: np.ndarray = _NOTHING) -> Iterator[np.ndarray]:
        """Handle `MESSAGE` rows; yield reports as the buffer fills: valid until the next step."""
        run = self.run
        self._begin()
        messages, terms = _packed(messages, MESSAGE), _packed(terms, TERMS)
        run["messages_at"], run["messages"], run["next"] = address_of(messages), len(messages), 0
        if len(terms) not in (0, len(messages)):
            raise InputError(
                f"{len(messages)} messages need as many terms, or none: not {len(terms)}"
            )
        run["terms_at"] = address_of(terms) if len(terms) else 0
        yield from self._go_on(messages, terms)

    def send(
        self,
        op: int,
        order_id: int,
        side: int = 0,
        price: int = 0,
        qty: int = 0,
        *,
        kind: int = 2,
        tif: int = 0,
        owner: int = 0,
    ) -> np.ndarray:
        """Handle one message without terms; return its reports: valid until the next call.

        Raises struct.error for a number that does not fit its field (32 bits for `owner`, of which
        30 count).
        """
        op = op if op <= OPERATION else 0
        _pack(self._message_bytes, 0, order_id, price, qty, owner, op, side, kind, tif)
        made = self._process(self._address, self._message_at)
        if made < 0:
            parts = [part.copy() for part in self._go_on(self._message, _NOTHING)]
            return np.concatenate(parts)
        return self._reports[:made]

    def _begin(self) -> None:
        """Put away the reports of a single message."""
        self.run["sequence"] += self.run["reports"]
        self.run["reports"] = 0

    def _go_on(self, messages: np.ndarray, terms: np.ndarray) -> Iterator[np.ndarray]:
        run, address = self.run, self._address
        while True:
            code = self._process(address, 0)
            if code in (DONE, REPORTS_FULL):
                count = int(run["reports"][0])
                if count:
                    yield self._reports[:count]
                run["reports"] = 0
                run["sequence"] += count
                if code == DONE:
                    break
            elif code == ASK:
                at = int(run["at"][0])
                has_terms = len(terms) and messages[at]["op"] & HAS_TERMS
                owner = terms[at]["owner"] if has_terms else messages[at]["owner"]
                self._session.handle(messages[at], int(owner))
            else:
                self.memory.grow(code)
        run["first_message"] += len(messages)


def _packed(rows: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    return np.ascontiguousarray(rows, dtype=dtype)


@functools.cache
def _matching_kernel() -> Any:
    from hftsim.book.matching._kernels import process
    from hftsim.native.cache import word_kernel

    return word_kernel(process)
