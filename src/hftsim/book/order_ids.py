"""Order ids of people, which may be text, and those of the book, which are numbers."""

import operator
from collections.abc import Callable

import numpy as np

from hftsim.core.enums import ReportKind
from hftsim.core.errors import InputError

OrderId = int | str

_LARGEST = (1 << 63) - 1
_ENDS = [int(ReportKind[n]) for n in ("FILL", "CANCEL", "EXPIRE", "REDUCE")]
_REJECT = int(ReportKind.REJECT)
_FEW = 64
"""Up to so many reports are faster looked at one by one."""


class OrderIds:
    """Gives numbers to ids that are text, and to orders that come without an id.

    Parameters
    ----------
    is_live : tells whether a number is the id of a live order.
    """

    def __init__(self, is_live: Callable[[int], bool]) -> None:
        self._is_live = is_live
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._next = 1

    def of_new(self, order_id: OrderId | None) -> int:
        """Return the number of an order that comes in; None asks for a free one."""
        if order_id is not None and not isinstance(order_id, str):
            return self._checked(order_id)
        if order_id is not None and order_id in self._numbers:
            return self._numbers[order_id]
        while self._is_live(self._next) or self._next in self._names:
            self._next += 1
        number = self._next
        self._next += 1
        if order_id is not None:
            self._numbers[order_id], self._names[number] = number, order_id
        return number

    def of_live(self, order_id: OrderId) -> int:
        """Return the number of an order that may be live, 0 where the text is not known."""
        if not isinstance(order_id, str):
            return self._checked(order_id)
        return self._numbers.get(order_id, 0)

    def name(self, number: int) -> OrderId:
        """Return the id as its owner wrote it."""
        return self._names.get(number, number)

    def forget_dead(self, reports: np.ndarray) -> None:
        """Forget the text of orders that ended."""
        if not self._names:
            return
        if len(reports) > _FEW:
            over = np.isin(reports["kind"], _ENDS) & (reports["leaves_qty"] == 0)
            reports = reports[over | (reports["kind"] == _REJECT)]
        for _, _, number, _, _, _, leaves, kind, *_ in reports.tolist():
            is_over = kind == _REJECT or (leaves == 0 and kind in _ENDS)
            if is_over and number in self._names and not self._is_live(number):
                del self._numbers[self._names.pop(number)]

    def _checked(self, order_id: int) -> int:
        try:
            number = operator.index(order_id)
        except TypeError:
            number = 0
        if isinstance(order_id, bool) or not 0 < number <= _LARGEST:
            raise InputError(f"order id {order_id!r} must be text or a whole number above 0")
        return number
