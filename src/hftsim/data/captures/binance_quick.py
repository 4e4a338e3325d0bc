"""The most frequent lines of a raw capture, read without decoding their JSON.

Most lines hold the best prices or one trade, in a layout that never varies. A line that fits one of
these layouts from its first to its last character says the same as its decoded JSON would; any
other line is left to the parser.
"""

import re

from hftsim.book.sequence import UpdateIds
from hftsim.data.captures.binance_messages import (
    NO_TIME,
    BinanceParser,
    Message,
    MessageKind,
    to_ns,
)

_STAMP = r'([1-8]\d{18}) (?:\{"stream":"[a-z0-9_]{1,40}@%s","data":)?'
_SYMBOL, _NUMBER = r'"([A-Z0-9_]{1,40})"', r'"(\d{1,18}(?:\.\d{1,18})?)"'
_TIME, _ID = r"(1\d{12}|1\d{15})", r"(0|[1-9]\d{0,17})"

_QUOTE = re.compile(
    _STAMP % "bookTicker"
    + r'\{(?:"e":"bookTicker",)?"u":'
    + _ID
    + r',(?:"e":"bookTicker",)?"s":'
    + _SYMBOL
    + r'(?:,"ps":"[A-Z0-9]{1,40}")?'
    + f',"b":{_NUMBER},"B":{_NUMBER},"a":{_NUMBER},"A":{_NUMBER}'
    + f'(?:,"T":{_TIME},"E":{_TIME})?'
    + r"\}\}?\r?",
    re.ASCII,
)
_TRADE = re.compile(
    _STAMP % "trade"
    + rf'\{{"e":"trade","E":{_TIME},(?:"T":{_TIME},)?"s":{_SYMBOL},"t":(?:0|[1-9]\d{{0,17}}),'
    + f'"p":{_NUMBER},"q":{_NUMBER},'
    + rf'(?:"X":"MARKET","m":(true|false)|"T":{_TIME},"m":(true|false),"M":(?:true|false))'
    + r"\}\}?\r?",
    re.ASCII,
)
_NO_IDS = UpdateIds(0, 0)


def quick_message(parser: BinanceParser, row: int, line: str) -> Message | None:
    """Return the record of a quote or a trade in the usual layout, or None for any other line."""
    wrapped = line.startswith('{"stream"', 20)
    if wrapped is not line.rstrip("\r").endswith("}}"):
        return None
    if (found := _QUOTE.fullmatch(line)) is not None:
        return _quote(parser, row, found)
    if (found := _TRADE.fullmatch(line)) is not None:
        return _trade(parser, row, found)
    return None


def _quote(parser: BinanceParser, row: int, found: re.Match[str]) -> Message:
    stamp, last, symbol, bid, bid_qty, ask, ask_qty, when, _ = found.groups()
    parser.note(symbol, futures='"e"' in found[0], coin='"ps"' in found[0])
    return Message(
        MessageKind.QUOTE,
        row,
        int(stamp),
        NO_TIME if when is None else to_ns(int(when)),
        symbol,
        [bid, bid_qty, ask, ask_qty],
        1,
        UpdateIds(0, int(last)),
        0,
    )


def _trade(parser: BinanceParser, row: int, found: re.Match[str]) -> Message | None:
    stamp, _, early, symbol, price, qty, maker, late, spot_maker = found.groups()
    # Spot has its time T behind the price, futures before the symbol.
    when, sold = (early, maker) if maker else (late, spot_maker)
    if when is None:
        return None
    parser.note(symbol, futures=maker is not None, coin=False)
    side = -1 if sold == "true" else 1
    texts = [price, qty]
    return Message(
        MessageKind.TRADE, row, int(stamp), to_ns(int(when)), symbol, texts, 0, _NO_IDS, side
    )
