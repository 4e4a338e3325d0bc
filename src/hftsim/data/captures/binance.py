"""Raw captures of Binance's streams as event rows: format ``binance``.

Spot, USD-M and COIN-M: diff depth, book ticker, trades or aggregate trades, and the REST snapshots
of the book, plain or in the wrapper of combined streams. A collector writes them line by line, each
behind the local time in nanoseconds.
"""

import re
from collections.abc import Generator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import DataError
from hftsim.data.captures.binance_messages import BinanceParser, MessageKind, is_delivery
from hftsim.data.captures.binance_rows import BinanceRows
from hftsim.data.captures.binance_sources import BinanceSource, RawCapture
from hftsim.data.captures.survey import Survey, Surveyed
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader

_LINE = re.compile(rb'\s*\d{19} \{.*"(stream|lastUpdateId|e|u|result)"')

_QUOTE_TIMES = (
    "the exchange sends no time with the best prices of spot: each has the latest exchange time "
    "that was received before it; the first ones have the latency of the first message with a time"
)


class BinanceReader(TickReader):
    """Reads the events of one instrument from a raw capture.

    The file is read twice: first to see which instruments and snapshots it holds and how many
    decimals their numbers have, then for its rows. With ``level="l1"`` the book is left out.
    """

    name: ClassVar[str] = "binance"

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        self._rows = SurveyedRows(self, RawCapture(path))
        self.notes = self._rows.notes
        self._run: Generator[Block, None, None] | None = None

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Whether the first line is a local time in nanoseconds and a message of Binance."""
        del path
        return _LINE.match(head) is not None

    def blocks(self) -> Iterator[Block]:
        """Yield the events in the file's order; see `TickReader.blocks`."""
        self._run = self._rows.blocks()
        return self._run

    def close(self) -> None:
        """Close the file, which is open while blocks are taken."""
        if self._run is not None:
            self._run.close()


class SurveyedRows:
    """The two runs through a source of Binance's messages that a reader makes.

    Parameters
    ----------
    reader : whose attributes are set.
    source : of the messages.

    Attributes
    ----------
    symbol : of the instrument, as the venue writes it.
    notes : what else is to be known of the rows.

    Raises
    ------
    DataError
        The instrument that is wanted is not there, or has no book where one is wanted.
    """

    def __init__(self, reader: TickReader, source: BinanceSource) -> None:
        parser = BinanceParser()
        self._reader, self._source = reader, source
        self._survey = Survey(source.path, source.messages(parser, as_written=True))
        self._of = self._survey.choose(reader.options.symbol)
        self.symbol = self._of.symbol
        reader.counts.update(parser.counts)
        self.notes = _describe(reader, self._of, parser.markets.get(self.symbol, "spot"))
        _require_book(reader, self._of)

    def blocks(self) -> Generator[Block, None, None]:
        """Yield the events of the instrument."""
        reader, source = self._reader, self._source
        rows = BinanceRows(source.path, self._of, reader.counts, depth=reader.level == "l2")
        messages = source.messages(BinanceParser())
        for block in rows.blocks(self._survey.of(self.symbol, messages)):
            reader.done = source.done
            yield block
        reader.done = reader.size


def _describe(reader: TickReader, of: Surveyed, market: str) -> dict[str, object]:
    """Set what a reader tells of an instrument, and return what else is to be known."""
    reader.symbol, reader.venue = of.symbol, "binance"
    reader.price_unit, reader.qty_unit = of.units
    if market != "spot":
        delivery = is_delivery(of.symbol)
        reader.kind = InstrumentKind.FUTURE if delivery else InstrumentKind.PERPETUAL
    updates = of.kinds[MessageKind.UPDATE]
    reader.level = reader.options.level or ("l2" if updates else "l1")
    notes: dict[str, object] = {}
    if market == "spot" and of.kinds[MessageKind.QUOTE]:
        notes["quote_times"] = _QUOTE_TIMES
    if market == "coinm":
        reader.inverse, reader.multiplier = True, contract_value(of.symbol)
        notes |= {"inverse": True, "contract_value": str(contract_value(of.symbol))}
        notes["contract_currency"] = "USD"
    return notes


def _require_book(reader: TickReader, of: Surveyed) -> None:
    """Raise DataError where what is wanted is not there."""
    updates = of.kinds[MessageKind.UPDATE]
    if reader.level == "l3":
        raise DataError("Binance sends levels, no orders: leave out --level l3", path=reader.path)
    if reader.level == "l2" and not of.snapshots:
        raise DataError(
            f"holds {updates:,} updates of the book of {of.symbol} and no snapshot, so the book "
            f"cannot be known: record the REST depth too; if it goes on from an earlier file, join "
            f"the two (gzip files may be joined as they are); or import quotes and trades alone with "
            f"--level l1",
            path=reader.path,
        )
    if sum(of.kinds) == of.kinds[MessageKind.SNAPSHOT]:
        raise DataError(f"holds nothing of {of.symbol} but snapshots", path=reader.path)


def contract_value(symbol: str) -> Decimal:
    """Return what a COIN-M contract is worth in USD: 100 for BTC, 10 for every other coin.

    Source: Binance, COIN-M futures contract specifications.
    """
    return Decimal(100 if symbol.startswith("BTCUSD") else 10)
