"""Kraken's market data messages, of both versions of its WebSocket interface, as one kind of record.

Formats: Kraken, WebSocket v1 (lists: book, trade, spread) and v2 (objects: book, trade). Numbers
stay text, since their spelling is part of the checksum.
"""

import datetime as dt
import enum
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from hftsim.data.captures.binance_messages import NO_TIME, MisreadError

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CODES = {"XBT": "BTC", "XDG": "DOGE"}
_SPREAD_FIELDS = 5
_TRADE_FIELDS = 4


class KrakenKind(enum.IntEnum):
    """What a message says."""

    SNAPSHOT = 0
    UPDATE = 1
    TRADE = 2
    QUOTE = 3


class KrakenMessage(NamedTuple):
    """What a message says of one instrument.

    Attributes
    ----------
    pair : as the venue writes it.
    texts : prices and quantities in turn, bids first.
    bids : how many of the levels are bids.
    ts_event : ns UTC; `NO_TIME` where there is none.
    depth : levels of the subscribed book on each side; 0 where the message does not say.
    checksum : CRC32 of the book after the message; None where there is none.
    side : of a trade, the aggressor's: 1 buy, -1 sell.
    """

    kind: KrakenKind
    pair: str
    texts: list[str]
    bids: int = 0
    ts_event: int = NO_TIME
    depth: int = 0
    checksum: int | None = None
    side: int = 0


def kraken_symbol(pair: str) -> str:
    """Return the usual name of a pair: ``BTC/USD`` for Kraken's ``XBT/USD``."""
    return "/".join(_CODES.get(code, code) for code in pair.split("/"))


class KrakenParser:
    """Turns messages into records, and counts those that are of no use here.

    Attributes
    ----------
    counts : messages left out, by what they are.
    depths : of v2 books, by pair: levels of the subscription.
    """

    def __init__(self) -> None:
        self.counts = Counter[str]()
        self.depths: dict[str, int] = {}

    def parse(self, text: str) -> list[KrakenMessage]:
        """Return what a message says; raises MisreadError."""
        try:
            content = json.loads(text, parse_float=str)
        except json.JSONDecodeError as error:
            raise MisreadError(f"the message is not whole JSON ({error.msg})") from None
        try:
            if isinstance(content, list):
                return self._version_1(content)
            if isinstance(content, dict):
                return self._version_2(content)
        except (KeyError, IndexError) as error:
            raise MisreadError(f"the message has no field {error}") from None
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise MisreadError(f"the message has a field of another form ({error})") from None
        return self._left_out("messages_of_other_form")

    def _left_out(self, what: str) -> list[KrakenMessage]:
        self.counts[what] += 1
        return []

    def _version_1(self, content: Sequence[Any]) -> list[KrakenMessage]:
        channel, pair = str(content[-2]), str(content[-1])
        if channel.startswith("book-"):
            parts = {key: value for part in content[1:-2] for key, value in part.items()}
            return [_book_1(parts, pair, int(channel.removeprefix("book-")))]
        if channel == "trade":
            return [_trade_1(trade, pair) for trade in content[1]]
        if channel == "spread" and len(content[1]) >= _SPREAD_FIELDS:
            bid, ask, when, bid_qty, ask_qty = map(_plain, content[1][:5])
            texts = [bid, bid_qty, ask, ask_qty]
            return [KrakenMessage(KrakenKind.QUOTE, pair, texts, 1, _seconds_to_ns(when))]
        return self._left_out(f"{re.sub('[^a-z]', '', channel)}_messages")

    def _version_2(self, content: Mapping[str, Any]) -> list[KrakenMessage]:
        channel = content.get("channel")
        if channel == "book":
            snapshot = content["type"] == "snapshot"
            return [self._book_2(each, snapshot=snapshot) for each in content["data"]]
        if channel == "trade":
            return [_trade_2(each) for each in content["data"]]
        result = content.get("result")
        if isinstance(result, dict) and result.get("channel") == "book":
            self.depths[str(result["symbol"])] = int(result["depth"])
        return self._left_out(f"{channel or content.get('event') or 'other'}_messages")

    def _book_2(self, data: Mapping[str, Any], *, snapshot: bool) -> KrakenMessage:
        pair = str(data["symbol"])
        bids, asks = data.get("bids", ()), data.get("asks", ())
        texts = [_plain(level[key]) for level in (*bids, *asks) for key in ("price", "qty")]
        when = data.get("timestamp")
        return KrakenMessage(
            KrakenKind.SNAPSHOT if snapshot else KrakenKind.UPDATE,
            pair,
            texts,
            len(bids),
            NO_TIME if when is None else _iso_to_ns(when),
            self.depths.get(pair, 0),
            int(data["checksum"]) if "checksum" in data else None,
        )


def _book_1(parts: Mapping[str, Any], pair: str, depth: int) -> KrakenMessage:
    snapshot = "as" in parts or "bs" in parts
    bids = parts.get("bs" if snapshot else "b", ())
    asks = parts.get("as" if snapshot else "a", ())
    levels = (*bids, *asks)
    texts = [_plain(text) for level in levels for text in level[:2]]
    stamps = [_seconds_to_ns(level[2]) for level in levels]
    return KrakenMessage(
        KrakenKind.SNAPSHOT if snapshot else KrakenKind.UPDATE,
        pair,
        texts,
        len(bids),
        max(stamps, default=NO_TIME),
        depth,
        int(parts["c"]) if "c" in parts else None,
    )


def _trade_1(trade: Sequence[str], pair: str) -> KrakenMessage:
    if len(trade) < _TRADE_FIELDS or trade[3] not in ("b", "s"):
        raise ValueError(f"{trade!r} is no trade")
    when, side = _seconds_to_ns(trade[2]), 1 if trade[3] == "b" else -1
    texts = [_plain(trade[0]), _plain(trade[1])]
    return KrakenMessage(KrakenKind.TRADE, pair, texts, 0, when, side=side)


def _trade_2(data: Mapping[str, Any]) -> KrakenMessage:
    if data["side"] not in ("buy", "sell"):
        raise ValueError(f"{data['side']!r} is no side")
    texts = [_plain(data["price"]), _plain(data["qty"])]
    when, side = _iso_to_ns(data["timestamp"]), 1 if data["side"] == "buy" else -1
    return KrakenMessage(KrakenKind.TRADE, str(data["symbol"]), texts, 0, when, side=side)


def _plain(number: object) -> str:
    """Return a number as it was written, but without an exponent."""
    text = str(number)
    if "e" not in text and "E" not in text:
        return text
    try:
        return f"{Decimal(text):f}"
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None


def _seconds_to_ns(text: str) -> int:
    """Return seconds since 1970, as text with up to nine decimals, in ns."""
    try:
        ns = Decimal(text).scaleb(9)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no time in seconds") from None
    if not 0 < ns < 9 * 10**18:
        raise ValueError(f"{text!r} is no time in seconds")
    return int(ns)


def _iso_to_ns(text: str) -> int:
    """Return a time like ``2023-10-06T17:35:55.440295Z`` in ns."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = (dt.datetime.fromisoformat(f"{whole}+00:00") - _EPOCH) // dt.timedelta(seconds=1)
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
