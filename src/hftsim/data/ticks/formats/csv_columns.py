"""Which column of a table of ticks is which."""

import dataclasses
import re
from collections.abc import Mapping, Sequence

from hftsim.core.errors import DataError, UnknownNameError
from hftsim.data.columns import SYNONYMS, plain_name

UPDATES, TRADES, SNAPSHOTS = "updates", "trades", "snapshots"

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "recv_time": (
        *("ts_recv", "recv_time", "receive_time", "received", "received_time", "local_timestamp"),
        *("local_ts", "ts_local", "arrival_time"),
    ),
    "time": ("exchange_timestamp", "exch_ts", *SYNONYMS["time"]),
    "price": ("price", "px", "p", "rate", "level_price"),
    "qty": (*("qty", "quantity", "size", "sz", "amount", "volume", "vol", "q", "level_qty"),),
    "side": ("side", "direction", "aggressor", "aggressor_side", "taker_side", "book_side"),
    "type": ("type", "kind", "event", "event_type", "action", "update_type", "msg_type"),
    "is_snapshot": ("is_snapshot", "snapshot"),
    "is_buyer_maker": ("is_buyer_maker", "isbuyermaker", "buyer_maker", "m"),
    "symbol": ("symbol", "ticker", "pair", "instrument", "instrument_name"),
}
_PRICE_WORDS = ("price", "px", "p")
_LEVEL = re.compile(
    r"(?:best_)?(?P<side>bid|ask)s?_?(?P<a>\d*)_?"
    r"(?P<what>price|px|p|size|sz|qty|quantity|amount|volume|vol|v|q)_?(?P<b>\d*)"
)
_NAMED = re.compile(r"(?P<side>bid|ask)_(?P<what>price|qty)(?:_(?P<level>\d+))?")
OUR_COLUMNS = tuple(_SYNONYMS)


@dataclasses.dataclass(frozen=True)
class TickColumns:
    """What a table holds, and where.

    Parameters
    ----------
    shape : ``updates`` (levels, maybe trades among them), ``trades`` or ``snapshots``.
    where : our name to position.
    levels : of snapshots, best first: positions of bid price and quantity, ask price and quantity.
    """

    shape: str
    where: dict[str, int]
    levels: tuple[tuple[int, int, int, int], ...] = ()

    @property
    def positions(self) -> list[int]:
        """All columns that are needed."""
        return sorted({*self.where.values(), *(at for level in self.levels for at in level)})


def choose_columns(
    names: Sequence[str] | None, width: int, given: Mapping[str, str]
) -> TickColumns:
    """Return which column is which; what the user gives wins.

    Raises DataError where a needed column is missing, UnknownNameError for names that do not exist.
    """
    if names is None and not given:
        raise DataError(
            f"has no header and {width} columns: name them by position, for example --columns "
            f"time=1 --columns side=2 --columns price=3 --columns qty=4"
        )
    heads = list(names) if names is not None else [str(i + 1) for i in range(width)]
    where, levels = _given(heads, given)
    if names is not None:
        _by_synonym(heads, where)
        levels = levels or _levels(heads, set(where.values()))
    whole = _whole_levels(levels)
    for field in ("time",):
        if field not in where:
            raise DataError(_missing(field, heads))
    if whole:
        kept = {k: v for k, v in where.items() if k in ("time", "recv_time", "symbol")}
        return TickColumns(SNAPSHOTS, kept, whole)
    for field in ("price", "qty"):
        if field not in where:
            raise DataError(_missing(field, heads))
    updates = "side" in where and "is_buyer_maker" not in where
    return TickColumns(UPDATES if updates else TRADES, where)


def _given(
    heads: list[str], given: Mapping[str, str]
) -> tuple[dict[str, int], dict[tuple[str, int, bool], int]]:
    where: dict[str, int] = {}
    levels: dict[tuple[str, int, bool], int] = {}
    for ours, theirs in given.items():
        at = _position(heads, str(theirs).strip())
        level = _NAMED.fullmatch(ours)
        if level:
            levels[(level["side"], int(level["level"] or 1), level["what"] == "price")] = at
        elif ours in OUR_COLUMNS:
            where[ours] = at
        else:
            known = [*OUR_COLUMNS, "bid_price_1", "bid_qty_1", "ask_price_1", "ask_qty_1"]
            raise UnknownNameError("column of ours", ours, known)
    return where, levels


def _position(heads: list[str], text: str) -> int:
    lower = [h.lower() for h in heads]
    if text in heads:
        return heads.index(text)
    if text.lower() in lower:
        return lower.index(text.lower())
    if text.isdigit() and 1 <= int(text) <= len(heads):
        return int(text) - 1
    raise UnknownNameError("column", text, [h for h in heads if h])


def _by_synonym(heads: list[str], where: dict[str, int]) -> None:
    plain = [plain_name(h) for h in heads]
    for ours, synonyms in _SYNONYMS.items():
        if ours in where:
            continue
        for synonym in synonyms:
            found = [
                i
                for i, n in enumerate(plain)
                if synonym and n == synonym and i not in where.values()
            ]
            if len(found) > 1:
                raise DataError(
                    f"two columns mean {ours}: {heads[found[0]]!r} and {heads[found[1]]!r}; say "
                    f"which with --columns {ours}=NAME"
                )
            if found:
                where[ours] = found[0]
                break


def _levels(heads: list[str], taken: set[int]) -> dict[tuple[str, int, bool], int]:
    found: dict[tuple[str, int, bool], int] = {}
    for at, head in enumerate(heads):
        match = _LEVEL.fullmatch(plain_name(head))
        if match and at not in taken:
            level = int(match["a"] or match["b"] or 1)
            found.setdefault((match["side"], level, match["what"] in _PRICE_WORDS), at)
    return found


def _whole_levels(
    levels: Mapping[tuple[str, int, bool], int],
) -> tuple[tuple[int, int, int, int], ...]:
    """Return the levels of which all four columns are there, up to the first gap."""
    whole: list[tuple[int, int, int, int]] = []
    for number in sorted({level for _, level, _ in levels}):
        keys = [(side, number, price) for side in ("bid", "ask") for price in (True, False)]
        if not all(key in levels for key in keys):
            break
        whole.append((levels[keys[0]], levels[keys[1]], levels[keys[2]], levels[keys[3]]))
    return tuple(whole)


def _missing(field: str, heads: list[str]) -> str:
    found = ", ".join(h for h in heads[:12] if h) + (", ..." if len(heads) > 12 else "")
    return f"has no column {field!r} (found: {found}); name it with --columns {field}=NAME"
