"""Checksums by which venues let a receiver prove its book by price.

Kraken: CRC32 over the ten best asks, then the ten best bids, each price and quantity without its
point and without zeros before it (Kraken, WebSocket guides, book checksum v1 and v2). OKX: CRC32,
as a signed number, over the 25 best levels, bid and ask in turn, ``price:qty`` joined by colons in
the venue's own spelling (OKX, API guide, order book channel, checksum).
"""

import zlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import zip_longest

from hftsim.core.errors import InstrumentError

KRAKEN_LEVELS = 10
OKX_LEVELS = 25


def kraken_checksum(asks: Iterable[tuple[int, int]], bids: Iterable[tuple[int, int]]) -> int:
    """Return the CRC32 (unsigned) of levels, best first, as (price, qty) without their points.

    Prices and quantities are whole numbers of the venue's last decimal, for example 45285.2 with
    one decimal is 452852; only the first ten of each side count.
    """
    parts = [f"{p}{q}" for side in (asks, bids) for p, q in list(side)[:KRAKEN_LEVELS]]
    return zlib.crc32("".join(parts).encode())


def okx_checksum(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> int:
    """Return the CRC32 (signed, 32 bits) of levels, best first, as (price, qty) in their spelling.

    Where one side has fewer levels, the rest of the other follows on.
    """
    pairs = zip_longest(bids[:OKX_LEVELS], asks[:OKX_LEVELS], fillvalue=())
    parts = [text for bid, ask in pairs for text in (*bid, *ask)]
    unsigned = zlib.crc32(":".join(parts).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


class LastDecimals:
    """Turns ticks and lots into whole numbers of the venue's last decimals.

    Parameters
    ----------
    tick_size, lot_size : worth of a tick and of a lot.
    price_decimals, qty_decimals : digits behind the point in the venue's spelling; None: those that
        tick and lot have.

    Raises
    ------
    InstrumentError
        The tick or lot has more decimals than that.
    """

    def __init__(
        self,
        tick_size: Decimal,
        lot_size: Decimal,
        price_decimals: int | None = None,
        qty_decimals: int | None = None,
    ) -> None:
        self._price = _factor(tick_size, price_decimals, "tick size")
        self._qty = _factor(lot_size, qty_decimals, "lot size")

    def levels(self, levels: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return (price, qty) in last decimals of levels in ticks and lots."""
        price, qty = self._price, self._qty
        return [(p * price, q * qty) for p, q in levels]


def _factor(step: Decimal, decimals: int | None, what: str) -> int:
    if decimals is None:
        return int(step.scaleb(max(0, -int(step.normalize().as_tuple().exponent))))
    scaled = step.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise InstrumentError(f"{what} {step} has more than the {decimals} decimals of the venue")
    return int(scaled)
