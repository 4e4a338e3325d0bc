"""Binance's market data messages, of spot and both kinds of futures, as one kind of record.

Formats: Binance, Web Socket Streams (spot); Derivatives, WebSocket Market Streams (USD-M, COIN-M);
REST order book. Prices and quantities stay text until all their decimals are known.
"""

import enum
import re
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

from hftsim.book.sequence import UpdateIds

NO_TIME = 0
"""Instead of an exchange time, where a message has none."""

_FIRST_NS, _LAST_NS = 10**17, 9 * 10**18
_PARTIAL = re.compile(r"@depth\d+(@|$)")
_COIN = re.compile(r"[A-Z0-9]+USD_(PERP|\d{6})$")
_DELIVERY = re.compile(r"_\d{6}$")


class MessageKind(enum.IntEnum):
    """What a message says."""

    UPDATE = 0
    SNAPSHOT = 1
    QUOTE = 2
    TRADE = 3
    AGGREGATE_TRADE = 4


class Message(NamedTuple):
    """One message of a feed.

    Attributes
    ----------
    row : 1-based line of the file.
    ts_recv, ts_event : ns UTC; `ts_event` is `NO_TIME` where the message has none.
    symbol : as the venue writes it; empty where a snapshot does not say.
    texts : prices and quantities in turn; of levels and quotes the bids first.
    bids : how many of the levels are bids.
    ids : numbers of an update; of snapshots and quotes only `last` is set.
    side : of a trade, the aggressor's: 1 buy, -1 sell.
    """

    kind: MessageKind
    row: int
    ts_recv: int
    ts_event: int
    symbol: str
    texts: list[str]
    bids: int
    ids: UpdateIds
    side: int


_NO_IDS = UpdateIds(0, 0)


class MisreadError(Exception):
    """A message lacks something or holds it in another form; turned into a DataError with its row."""


class BinanceParser:
    """Turns decoded messages into records, and counts those that are of no use here.

    Attributes
    ----------
    counts : messages left out, by what they are.
    markets : symbol to what its messages show it to be: ``spot``, ``usdm`` or ``coinm``.
    """

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.markets: dict[str, str] = {}
        self._partial: dict[str, bool] = {}
        self._parsers = {
            "depthUpdate": self._update,
            "bookTicker": self._quote,
            "trade": self._trade,
            "aggTrade": self._trade,
        }

    def parse(self, row: int, ts_recv: int, content: Any, symbol: str = "") -> Message | None:
        """Return the record of a message, or None for one that is of no use here.

        Parameters
        ----------
        row, ts_recv : where and when it was recorded.
        content : the decoded message, in the wrapper of a combined stream or not.
        symbol : of a snapshot that does not say it itself.

        Raises
        ------
        MisreadError
        """
        if not isinstance(content, dict):
            return self._left_out("messages_of_other_form")
        stream, data = str(content.get("stream", "")), content.get("data", content)
        if not isinstance(data, dict):
            return self._left_out("messages_of_other_form")
        if stream not in self._partial:
            self._partial[stream] = _PARTIAL.search(stream) is not None
        if self._partial[stream]:
            return self._left_out("partial_depth_messages")
        try:
            return self._read(row, ts_recv, data, symbol)
        except KeyError as error:
            raise MisreadError(f"the message has no field {error}") from None
        except (TypeError, ValueError) as error:
            raise MisreadError(f"the message has a field of another form ({error})") from None

    def _read(self, row: int, ts_recv: int, data: Mapping[str, Any], symbol: str) -> Message | None:
        kind = data.get("e")
        parser = self._parsers.get(kind)  # type: ignore[arg-type]
        if parser is not None:
            return parser(row, ts_recv, data)
        if kind is None and "lastUpdateId" in data:
            return self._snapshot(row, ts_recv, data, symbol)
        if kind is None and "u" in data and "B" in data and "A" in data:
            return self._quote(row, ts_recv, data)
        return self._left_out(f"{kind}_messages" if kind else "other_messages")

    def _left_out(self, what: str) -> Message | None:
        self.counts[what] += 1
        return None

    def _update(self, row: int, ts_recv: int, data: Mapping[str, Any]) -> Message:
        texts, bids = _levels(data["b"], data["a"])
        previous = _number(data.get("pu", -1))
        symbol = self._symbol(data, futures="pu" in data)
        ids = UpdateIds(_number(data["U"]), _number(data["u"]), previous)
        when = to_ns(data.get("T", data["E"]))
        return Message(MessageKind.UPDATE, row, ts_recv, when, symbol, texts, bids, ids, 0)

    def _snapshot(self, row: int, ts_recv: int, data: Mapping[str, Any], symbol: str) -> Message:
        texts, bids = _levels(data["bids"], data["asks"])
        when = data.get("T", data.get("E"))
        named = str(data.get("symbol", symbol))
        ids = UpdateIds(0, _number(data["lastUpdateId"]))
        stamp = NO_TIME if when is None else to_ns(when)
        return Message(MessageKind.SNAPSHOT, row, ts_recv, stamp, named, texts, bids, ids, 0)

    def _quote(self, row: int, ts_recv: int, data: Mapping[str, Any]) -> Message:
        texts = [data["b"], data["B"], data["a"], data["A"]]
        when = data.get("T", data.get("E"))
        symbol = self._symbol(data, futures="e" in data)
        stamp = NO_TIME if when is None else to_ns(when)
        ids = UpdateIds(0, _number(data["u"]))
        return Message(MessageKind.QUOTE, row, ts_recv, stamp, symbol, texts, 1, ids, 0)

    def _trade(self, row: int, ts_recv: int, data: Mapping[str, Any]) -> Message | None:
        # Futures also report what was settled outside of the book: insurance fund, auto-deleveraging.
        if data.get("X", "MARKET") != "MARKET":
            return self._left_out("trades_outside_the_book")
        kind = MessageKind.TRADE if data["e"] == "trade" else MessageKind.AGGREGATE_TRADE
        symbol = self._symbol(data, futures="M" not in data)
        side = -1 if data["m"] else 1
        when, texts = to_ns(data["T"]), [str(data["p"]), str(data["q"])]
        return Message(kind, row, ts_recv, when, symbol, texts, 0, _NO_IDS, side)

    def _symbol(self, data: Mapping[str, Any], *, futures: bool) -> str:
        symbol = str(data["s"])
        self.note(symbol, futures=futures, coin="ps" in data)
        return symbol

    def note(self, symbol: str, *, futures: bool, coin: bool) -> None:
        """Note what a message shows of its instrument's market, if it is the first."""
        if symbol not in self.markets:
            coin = coin or _COIN.match(symbol) is not None
            self.markets[symbol] = "coinm" if coin else "usdm" if futures else "spot"


def time_before(first_time: int, first_recv: int, ts_recv: int) -> int:
    """Return the exchange time of a message without one that came before any message with one.

    It is taken to have the latency of the first message with a time, so that neither clock looks
    worse than it is; where no message has a time, that of its receipt stands for it.
    """
    if first_time == NO_TIME:
        return ts_recv
    return first_time - max(first_recv - ts_recv, 0)


def is_delivery(symbol: str) -> bool:
    """Whether a futures symbol names a day of delivery, as ``BTCUSDT_240628`` does."""
    return _DELIVERY.search(symbol) is not None


def _levels(bids: Any, asks: Any) -> tuple[list[str], int]:
    """Return prices and quantities in turn, and the number of bids."""
    texts = [*chain.from_iterable(bids), *chain.from_iterable(asks)]
    if len(texts) != 2 * (len(bids) + len(asks)):  # old messages carry an empty list behind
        texts = [text for level in (*bids, *asks) for text in level[:2]]
    if len(texts) != 2 * (len(bids) + len(asks)):
        raise ValueError("a level is a price and a quantity")
    return texts, len(bids)


def _number(value: Any) -> int:
    """Return the number of an update."""
    if not isinstance(value, int) or not -1 <= value < 1 << 62:
        raise ValueError(f"{value!r} is no number of an update")
    return value


def to_ns(stamp: Any) -> int:
    """Return an exchange time, in milliseconds or microseconds, in ns."""
    ns = stamp * (1_000_000 if stamp < 10**14 else 1_000) if isinstance(stamp, int) else 0
    if not _FIRST_NS < ns < _LAST_NS:
        raise ValueError(f"{stamp!r} is no time in milliseconds")
    return ns
