"""Proof of a Kraken recording: the venue's checksum beside the one of the rebuilt book."""

from collections import Counter
from pathlib import Path
from typing import Any

from hftsim.core.errors import DataError
from hftsim.core.progress import Progress, no_progress
from hftsim.data.captures.kraken_book import (
    KrakenBook,
    KrakenPair,
    kraken_messages,
    survey_kraken,
)
from hftsim.data.captures.kraken_messages import KrakenKind, KrakenMessage, KrakenParser
from hftsim.data.captures.recordings import Recording

_BOOKS = (KrakenKind.SNAPSHOT, KrakenKind.UPDATE)
_EXAMPLES = 3
_TOTALS = ("compared", "equal", "gaps", "crossed", "snapshots", "updates")


def verify_kraken(path: Path, progress: Progress = no_progress) -> dict[str, Any]:
    """Rebuild the books of a cryptofeed recording of Kraken, and compare every checksum.

    Parameters
    ----------
    path : the recording; books of all pairs and connections in it are compared.
    progress : is told the bytes read.

    Returns
    -------
    dict
        compared, equal : checksums.
        gaps : updates of books of which no snapshot was seen before.
        crossed : messages after which a bid is at or above an ask.
        snapshots, updates; symbols; pairs : the same for each; examples : of differences, at most
        three.

    Raises
    ------
    DataError
        The file cannot be read, is not of Kraken, or holds no book.
    """
    recording = Recording(path)
    require_kraken(recording)
    pairs, parser = survey_kraken(recording)
    if not any(pair.kinds[kind] for pair in pairs.values() for kind in _BOOKS):
        raise DataError("holds no messages of a book: nothing to verify", path=path)
    books: dict[tuple[str, str], KrakenBook] = {}
    told: dict[str, Counter[str]] = {}
    examples: list[dict[str, Any]] = []
    for record, messages in kraken_messages(recording, KrakenParser()):
        progress(recording.done, recording.size)
        for message in (m for m in messages if m.kind in _BOOKS):
            key, pair = (record.connection, message.pair), pairs[message.pair]
            if key not in books:
                books[key] = KrakenBook(path, pair)
            counts = told.setdefault(pair.symbol, Counter())
            found = _compare(books[key], message, record.row, counts)
            if found is not None and len(examples) < _EXAMPLES:
                examples.append(_example(pair, message, record.row, found))
    progress(recording.size, recording.size)
    return {
        **{name: sum(counts[name] for counts in told.values()) for name in _TOTALS},
        "symbols": sorted(told),
        "pairs": {s: {name: told[s][name] for name in _TOTALS} for s in sorted(told)},
        "left_out": dict(parser.counts),
        "examples": examples,
    }


def require_kraken(recording: Recording) -> None:
    """Raise DataError for a recording of another exchange."""
    if recording.exchange != "KRAKEN":
        raise DataError(
            f"is a recording of {recording.exchange}, not of KRAKEN", path=recording.path
        )


def _compare(
    book: KrakenBook, message: KrakenMessage, row: int, counts: Counter[str]
) -> int | None:
    """Apply a message; returns the book's checksum where it differs from the venue's."""
    if message.kind is KrakenKind.UPDATE and not book.known:
        counts["gaps"] += 1
        return None
    book.apply(message, row)
    counts["snapshots" if message.kind is KrakenKind.SNAPSHOT else "updates"] += 1
    counts["crossed"] += book.levels.top().crossed
    if message.checksum is None:
        return None
    counts["compared"] += 1
    found = book.checksum()
    if found == message.checksum:
        counts["equal"] += 1
        return None
    return found


def _example(pair: KrakenPair, message: KrakenMessage, row: int, found: int) -> dict[str, Any]:
    return {"symbol": pair.symbol, "row": row, "book": found, "venue": message.checksum}
