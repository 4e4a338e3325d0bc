"""Which instrument a file is about, and whether it trades around the clock in UTC."""

import re
from pathlib import Path

from hftsim.core.errors import UnknownNameError
from hftsim.core.instrument import is_crypto_symbol, normalize_symbol

ASSETS = ("crypto", "equity", "forex", "future", "index", "option")
CRYPTO_VENUES = (
    *("binance", "binanceus", "bitfinex", "bitget", "bitmex", "bitstamp", "bybit", "coinbase"),
    *(
        "cryptocom",
        "deribit",
        "gateio",
        "gemini",
        "huobi",
        "htx",
        "kraken",
        "kucoin",
        "mexc",
        "okx",
    ),
)
_STABLE_PAIR = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{2,15}?)[-_]?(USDT|USDC|BUSD|FDUSD)(?![A-Z0-9])")
_NO_SYMBOLS = ("OHLC", "OHLCV", "BARS", "DATA", "CSV", "TRADES", "BOOK", "KLINES", "PRICES", "TEST")


def guess_symbol(path: str | Path) -> str | None:
    """Return the symbol a file name names, such as ``BTC-USDT_1m.csv`` or ``AAPL_1min.csv``.

    A stablecoin pair is found anywhere in the name, in any case; another symbol only where the
    name begins with one to five capitals.
    """
    stem = Path(path).name
    pair = _STABLE_PAIR.search(stem.upper().replace("_", "-"))
    if pair:
        return pair[1] + pair[2]
    word = re.match(r"[A-Z]{1,5}(?=[-_. ])", stem)
    return word[0] if word and word[0] not in _NO_SYMBOLS else None


def require_asset(asset: str | None) -> str | None:
    """Return `asset` in lower case; raises UnknownNameError for one that is unknown."""
    if asset is not None and asset.lower() not in ASSETS:
        raise UnknownNameError("asset", asset, ASSETS)
    return asset.lower() if asset else None


def is_crypto(symbol: str | None, *, asset: str | None = None, venue: str | None = None) -> bool:
    """Whether naive times are UTC and trading never stops: asset decides, then venue, then symbol."""
    if asset is not None:
        return asset == "crypto"
    if venue is not None and re.split(r"[-_ .]", venue.lower())[0] in CRYPTO_VENUES:
        return True
    return symbol is not None and is_crypto_symbol(symbol)


def same_symbol(one: str, other: str) -> bool:
    """Whether two spellings are one instrument."""
    return normalize_symbol(one) == normalize_symbol(other)
