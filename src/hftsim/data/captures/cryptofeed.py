"""Recordings of cryptofeed as event rows: format ``cryptofeed``, for Kraken and Binance."""

from collections.abc import Generator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from hftsim.core.errors import DataError
from hftsim.core.instrument import normalize_symbol
from hftsim.data.captures.binance import SurveyedRows
from hftsim.data.captures.binance_sources import RecordedBinance, usable_step
from hftsim.data.captures.kraken_book import KrakenPair, survey_kraken
from hftsim.data.captures.kraken_messages import KrakenKind
from hftsim.data.captures.kraken_rows import KrakenRows
from hftsim.data.captures.lines import loaded_json
from hftsim.data.captures.recordings import Recording, is_recording
from hftsim.data.ticks.importing import Block, ReadingOptions, TickReader

_ASSET_PAIRS = "/AssetPairs"


class CryptofeedReader(TickReader):
    """Reads the events of one instrument from a recording of Kraken or Binance.

    The file is read twice. Where its lines do not stand in the order of their times, since those of
    each connection stand together, they are put in order by their local times: then all of the
    file is held in memory, and the count ``lines_grouped_by_connection`` is 1.
    """

    name: ClassVar[str] = "cryptofeed"

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        super().__init__(path, options)
        self._recording = Recording(path)
        self._rows: SurveyedRows | None = None
        self._run: Generator[Block, None, None] | None = None
        self.notes: dict[str, object] = {}
        if self._recording.exchange == "KRAKEN":
            self._open_kraken()
        elif self._recording.exchange.startswith("BINANCE"):
            self._open_binance()
        else:
            raise DataError(
                f"is a recording of {self._recording.exchange}; those of KRAKEN and BINANCE can be "
                f"read",
                path=path,
            )
        if not self._recording.ordered:
            self.counts["lines_grouped_by_connection"] = 1

    @classmethod
    def recognises(cls, path: Path, head: bytes) -> bool:
        """Whether the first line is a header of cryptofeed."""
        del path
        return is_recording(head)

    def blocks(self) -> Iterator[Block]:
        """Yield the events by their local times; see `TickReader.blocks`."""
        self._run = self._kraken_blocks() if self._rows is None else self._rows.blocks()
        return self._run

    def close(self) -> None:
        """Close the file, which is open while blocks are taken."""
        if self._run is not None:
            self._run.close()

    def _kraken_blocks(self) -> Generator[Block, None, None]:
        rows = KrakenRows(self.path, self._pair, self.counts, depth=self.level == "l2")
        for block in rows.blocks(self._recording):
            self.done = self._recording.done
            yield block
        self.done = self.size

    def _open_binance(self) -> None:
        source = RecordedBinance(self._recording)
        self._rows = SurveyedRows(self, source)
        self.notes = self._rows.notes
        tick, lot = source.steps.get(self._rows.symbol, (None, None))
        self.tick_size = usable_step(tick, self.price_unit)
        self.lot_size = usable_step(lot, self.qty_unit)

    def _open_kraken(self) -> None:
        pairs, parser = survey_kraken(self._recording)
        self.counts.update(parser.counts)
        self._pair = pair = _choose(self.path, pairs, self.options.symbol)
        self.symbol, self.venue = normalize_symbol(pair.symbol), "kraken"
        self.price_unit, self.qty_unit = pair.units
        tick, lot = self._steps(pair.pair)
        self.tick_size = usable_step(tick, Decimal(1).scaleb(-pair.used[0]))
        self.lot_size = usable_step(lot, Decimal(1).scaleb(-pair.used[1]))
        books = pair.kinds[KrakenKind.SNAPSHOT] + pair.kinds[KrakenKind.UPDATE]
        self.level = self.options.level or ("l2" if books else "l1")
        if self.level == "l3":
            raise DataError("Kraken sends levels, no orders: leave out --level l3", path=self.path)
        if self.level == "l2" and not pair.kinds[KrakenKind.SNAPSHOT]:
            raise DataError(
                f"holds no snapshot of the book of {pair.symbol}, so the book cannot be known: import "
                f"quotes and trades alone with --level l1",
                path=self.path,
            )

    def _steps(self, pair: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the venue's tick and lot where the recording holds its rules."""
        for record in self._recording.records(as_written=True):
            if record.url.endswith(_ASSET_PAIRS):
                found = loaded_json(self.path, record.row, record.text)
                rules: Any = found.get("result", {}).values() if isinstance(found, dict) else ()
                for rule in rules:
                    if rule.get("wsname") == pair:
                        tick = rule.get("tick_size") or Decimal(1).scaleb(-rule["pair_decimals"])
                        return Decimal(tick), Decimal(1).scaleb(-int(rule["lot_decimals"]))
        return None, None


def _choose(path: Path, pairs: dict[str, KrakenPair], wanted: str | None) -> KrakenPair:
    """Return the pair that is wanted, by Kraken's name or the usual one; raises DataError."""
    names = ", ".join(sorted(pair.symbol for pair in pairs.values()))
    if not pairs:
        raise DataError("holds no market data of Kraken that is of use here", path=path)
    if wanted is None:
        if len(pairs) > 1:
            raise DataError(
                f"holds several instruments ({names}): say which with --symbol", path=path
            )
        return next(iter(pairs.values()))
    for pair in pairs.values():
        if wanted in (normalize_symbol(pair.symbol), normalize_symbol(pair.pair)):
            return pair
    raise DataError(f"holds {names}, not {wanted}", path=path)
