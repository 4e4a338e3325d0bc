"""Where Binance's messages come from: raw captures, and recordings of cryptofeed."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from hftsim.core.errors import DataError
from hftsim.data.captures.binance_messages import BinanceParser, Message, MisreadError
from hftsim.data.captures.binance_quick import quick_message
from hftsim.data.captures.lines import loaded_json, numbered_lines, stamped_json
from hftsim.data.captures.recordings import Record, Recording, is_recording
from hftsim.data.sources import require_file
from hftsim.data.ticks.packed import PackedFile, head_of

_HEAD = 65_536


class BinanceSource(Protocol):
    """A file of Binance's messages, which can be run through more than once."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def done(self) -> int:
        """Bytes of it read in the present run."""
        ...

    @property
    def size(self) -> int:
        """Bytes of it."""
        ...

    def messages(self, parser: BinanceParser, *, as_written: bool = False) -> Iterator[Message]:
        """Yield the messages in the order of their local times; raises DataError with the line.

        `as_written`: in the order of the lines, which costs no memory.
        """
        ...


class RawCapture:
    """Lines of a local time in nanoseconds and a message, in the order of their arrival.

    Parameters
    ----------
    path : the file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, require_file(path)
        self._file: PackedFile | None = None

    @property
    def done(self) -> int:
        """Bytes of the file read in the present run."""
        return self._file.done if self._file is not None else 0

    def messages(self, parser: BinanceParser, *, as_written: bool = False) -> Iterator[Message]:
        """Yield the messages in the file's order, which is that of the local times."""
        del as_written
        path = self.path
        with PackedFile(path) as file:
            self._file = file
            for row, line in numbered_lines(file):
                message = quick_message(parser, row, line)
                if message is None:
                    ts_recv, content = stamped_json(path, row, line)
                    try:
                        message = parser.parse(row, ts_recv, content)
                    except MisreadError as error:
                        raise DataError(str(error), path=path, row=row) from None
                if message is not None:
                    yield message
            self._file = None


class RecordedBinance:
    """Binance's messages in a recording of cryptofeed.

    Parameters
    ----------
    recording : of an exchange whose name begins with BINANCE.

    Attributes
    ----------
    steps : tick and lot by symbol, where the recording holds the venue's rules (exchangeInfo);
        known after the first run.
    """

    def __init__(self, recording: Recording) -> None:
        if not recording.exchange.startswith("BINANCE"):
            raise DataError(
                f"is a recording of {recording.exchange}, not of BINANCE", path=recording.path
            )
        self.recording, self.path, self.size = recording, recording.path, recording.size
        self.steps: dict[str, tuple[Decimal, Decimal]] = {}

    @property
    def done(self) -> int:
        """Bytes of the file read in the present run."""
        return self.recording.done

    def messages(self, parser: BinanceParser, *, as_written: bool = False) -> Iterator[Message]:
        """Yield the messages by their local times; see `BinanceSource`."""
        for record in self.recording.records(as_written=as_written):
            content = loaded_json(self.path, record.row, record.text)
            url = urlsplit(record.url)
            if url.path.endswith("/exchangeInfo"):
                self.steps.update(venue_steps(content))
            if record.url and not url.path.endswith("/depth"):
                continue
            symbol = parse_qs(url.query).get("symbol", [""])[0]
            message = self._parse(parser, record, content, symbol)
            if message is not None:
                yield message

    def _parse(
        self, parser: BinanceParser, record: Record, content: Any, symbol: str
    ) -> Message | None:
        try:
            return parser.parse(record.row, record.ts_recv, content, symbol)
        except MisreadError as error:
            raise DataError(str(error), path=self.path, row=record.row) from None


def venue_steps(rules: Any) -> dict[str, tuple[Decimal, Decimal]]:
    """Return (tick, lot) of every symbol in an answer of exchangeInfo."""
    found = {}
    for each in rules.get("symbols", ()) if isinstance(rules, dict) else ():
        filters = {f.get("filterType"): f for f in each.get("filters", ())}
        tick = Decimal(filters.get("PRICE_FILTER", {}).get("tickSize", "0"))
        lot = Decimal(filters.get("LOT_SIZE", {}).get("stepSize", "0"))
        if tick > 0 and lot > 0:
            found[str(each["symbol"])] = (tick.normalize(), lot.normalize())
    return found


def usable_step(step: Decimal | None, unit: Decimal) -> Decimal | None:
    """Return the venue's step unless numbers lie between its steps.

    Levels from before a venue made its grid coarser stay in its book.

    Parameters
    ----------
    step : the venue's rule, where it is known.
    unit : power of ten of which all numbers are multiples, the largest that is.
    """
    if step is None or unit.adjusted() < int(step.normalize().as_tuple().exponent):
        return None
    return step


def open_binance(path: Path) -> BinanceSource:
    """Return the file's messages, whichever way they were recorded; raises DataError."""
    head = head_of(path, _HEAD)
    return RecordedBinance(Recording(path)) if is_recording(head) else RawCapture(path)
