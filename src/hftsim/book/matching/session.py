"""What the kernel asks Python for: which orders a message ends, at which price an auction trades."""

import numpy as np

from hftsim.book.matching.layout import AUCTION_OVER, NO_PRICE, OPERATION, SETTLING
from hftsim.book.matching.state import (
    HIDDEN_QTY,
    IN_BOOK,
    MARKETS,
    ORDER_ID,
    OWNER,
    PARKED,
    PRICE,
    SECTION,
    SHOWN_QTY,
    SIDE,
    TIF,
    live_rows,
)
from hftsim.book.orders.memory import BookMemory
from hftsim.core.enums import MessageOp, RejectReason, ReportKind, TimeInForce, TradingPhase
from hftsim.native.layout import address_of

_LARGEST = (1 << 63) - 1


class Session:
    """Answers for one book; `run` is the record that it shares with the kernel."""

    def __init__(self, memory: BookMemory, run: np.ndarray, reports: np.ndarray) -> None:
        self._memory, self._run, self._reports = memory, run, reports
        self._endings = np.zeros(0, np.int64)

    def handle(self, message: np.ndarray, owner: int) -> None:
        """Do what the kernel asks for; `message` is the one at hand, a `MESSAGE` record."""
        if self._run["stage"][0] == AUCTION_OVER:
            self._end_auction()
            return
        operation = MessageOp(int(message["op"]) & OPERATION)
        if operation == MessageOp.MASS_CANCEL:
            self._mass_cancel(int(message["side"]), owner)
        elif operation == MessageOp.KILL:
            rows = self._live()
            self._end(rows[_of_owner(rows, owner)], ReportKind.CANCEL, RejectReason.KILLED)
            self._memory.block_owners([*self._memory.blocked_owners, owner])
        elif operation == MessageOp.REVIVE:
            blocked = self._memory.blocked_owners
            kept = [] if owner == 0 else [other for other in blocked if other != owner]
            self._answer(ReportKind.ACK, qty=len(blocked) - len(kept))
            self._memory.block_owners(kept)
        elif operation == MessageOp.END_OF_DAY:
            rows = self._live()
            over = rows[rows[:, TIF] == TimeInForce.DAY]
            self._end(over, ReportKind.EXPIRE, RejectReason.DAY_ENDED)
        else:
            has_price = not int(message["op"]) & NO_PRICE
            self._uncross(int(message["price"]) if has_price else None)

    def _mass_cancel(self, side: int, owner: int) -> None:
        if side not in (-1, 0, 1):
            self._answer(ReportKind.REJECT, RejectReason.BAD_SIDE)
            return
        rows = self._live()
        chosen = _of_owner(rows, owner)
        if side:
            chosen &= rows[:, SIDE] == side
        self._end(rows[chosen], ReportKind.CANCEL, RejectReason.MASS_CANCEL)

    def _end(self, rows: np.ndarray, kind: ReportKind, reason: RejectReason) -> None:
        """Answer with their number, then let the kernel end orders by id."""
        self._answer(ReportKind.ACK, qty=len(rows))
        self._let_end(rows, kind, reason)

    def _let_end(self, rows: np.ndarray, kind: ReportKind, reason: RejectReason) -> None:
        self._endings = np.sort(rows[:, ORDER_ID])
        self._run["endings_at"], self._run["endings"] = address_of(self._endings), len(rows)
        self._run["ended"], self._run["end_kind"], self._run["end_reason"] = 0, kind, reason

    def _uncross(self, reference: int | None) -> None:
        last = self._memory.get("last_price") if self._memory.get("has_last") else None
        price, volume = indication(self._live(), reference, last)
        self._answer(ReportKind.ACK, price=price, qty=volume)
        self._run["auction_price"], self._run["auction_left"] = price, volume
        self._run["stage"] = AUCTION_OVER

    def _end_auction(self) -> None:
        rows = self._live()
        at_auction = np.isin(rows[:, TIF], (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE))
        over = at_auction & (rows[:, SECTION] != PARKED) | (rows[:, SECTION] == MARKETS)
        self._let_end(rows[over], ReportKind.EXPIRE, RejectReason.AUCTION_ENDED)
        self._memory.state["phase"], self._memory.state["auction_kind"] = TradingPhase.CONTINUOUS, 0
        self._memory.restrict()
        self._run["stage"] = SETTLING

    def _live(self) -> np.ndarray:
        return live_rows(self._memory)

    def _answer(
        self,
        kind: ReportKind,
        reason: RejectReason = RejectReason.NONE,
        *,
        price: int = 0,
        qty: int = 0,
    ) -> None:
        run, number = self._run, int(self._run["reports"][0])
        row = self._reports[number : number + 1]
        row[:] = 0
        row["sequence"], row["message"] = run["sequence"] + number, run["message"]
        row["kind"], row["reason"], row["price"], row["qty"] = kind, reason, price, qty
        run["reports"] = number + 1


def _of_owner(rows: np.ndarray, owner: int) -> np.ndarray:
    return np.ones(len(rows), bool) if owner == 0 else rows[:, OWNER] == owner


def indication(rows: np.ndarray, reference: int | None, last: int | None) -> tuple[int, int]:
    """Return (price, volume) of an auction over the live orders' rows; (0, 0) where none trades.

    The largest volume, then the smallest surplus, then the nearest to the reference price (given,
    else the last one), then the highest price. Sums are exact, and end at int64's ends.
    """
    reference = last if reference is None else reference
    book, markets = rows[rows[:, SECTION] == IN_BOOK], rows[rows[:, SECTION] == MARKETS]
    prices = sorted({*book[:, PRICE].tolist(), *([] if reference is None else [reference])})
    at_any = {side: sum(_open(markets[markets[:, SIDE] == side])) for side in (1, -1)}
    bought = _running(book, prices[::-1], 1, at_any[1])[::-1]
    sold = _running(book, prices, -1, at_any[-1])
    choices = [
        (-min(b, s), abs(b - s), 0 if reference is None else abs(price - reference), -price)
        for price, b, s in zip(prices, bought, sold, strict=True)
    ]
    volume, _, _, price = min(choices, default=(0, 0, 0, 0))
    return (-price, min(-volume, _LARGEST)) if volume else (0, 0)


def _open(rows: np.ndarray) -> list[int]:
    return [a + b for a, b in rows[:, (SHOWN_QTY, HIDDEN_QTY)].tolist()]


def _running(book: np.ndarray, prices: list[int], side: int, start: int) -> list[int]:
    """Return the lots of a side that would trade at each price; prices from its most willing."""
    own = book[book[:, SIDE] == side]
    at: dict[int, int] = {}
    for price, qty in zip(own[:, PRICE].tolist(), _open(own), strict=True):
        at[price] = at.get(price, 0) + qty
    found, total = [], start
    for price in prices:
        total += at.get(price, 0)
        found.append(total)
    return found
