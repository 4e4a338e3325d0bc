"""What a check of market data can find, and whether it makes the data unclean."""

import dataclasses
from typing import Any

import numpy as np

MOST_EXAMPLES = 5

PROBLEM, NOTE = "problem", "note"
SENTENCES = {
    "truncated": "the file is damaged or cut off",
    "fields": "rows have the wrong number of fields",
    "time": "times cannot be read",
    "mixed_time": "some times are local, others absolute",
    "skipped_hour": "local times do not exist (clocks were set forward)",
    "repeated_hour": "local hours happened twice and the order does not tell which is meant",
    "missing": "values are missing",
    "text": "values are not numbers",
    "not_finite": "values are infinite or too large to be true",
    "bad_price": "prices are zero or negative",
    "negative_volume": "volumes or quantities are negative",
    "ohlc": "high, low, open and close contradict each other",
    "crossed": "bids are above asks",
    "side": "sides are neither buy nor sell",
    "symbols": "the symbol column names another instrument",
    "newest_first": "rows run newest first",
    "disorder": "rows are earlier than the row before them",
    "duplicate": "rows repeat another row",
    "conflicting_duplicate": "rows have another row's time and other values",
    "overlap": "bars begin before the bar before them has ended",
    "interval": "bars are not as far apart as was said",
    "gap": "bars are missing",
    "off_interval": "times lie off the grid of the interval",
    "outlier": "returns are far outside what came before",
    "flat_spell": "the close stays the same for long",
    "zero_volume": "bars have no volume",
    "sessions": "trading sessions",
    "mixed_units": "epoch times are written in different units",
    "timezone": "times are local times of an unknown zone: reading needs --timezone",
    "stamp": "times look like the ends of bars: reading may need --stamp close",
    "optional": "values of an optional column cannot be used",
    "damaged": "rows cannot be what was imported",
    "early_recv": "rows were received before they happened: the receiver's clock is behind",
    "crossed_book": "the best bid is at or above the best ask after a packet",
    "repeated_orders": "orders are added that are there already",
    "unknown_orders": "events are of orders that were never added, such as those from before",
    "beyond_order": "orders lose more than they have",
    "repeated_rows": "rows repeat the row before them",
    "large_qty": "quantities are beyond 32 bits, in lots",
    "silence": "nothing happened for long",
    "corrected": "times or trades were corrected when they were imported",
    "noted": "the import merged or left out",
}
NOTES = (
    *("off_interval", "outlier", "flat_spell", "zero_volume", "sessions", "mixed_units"),
    *("timezone", "stamp", "optional", "unknown_orders", "beyond_order", "repeated_rows"),
    *("large_qty", "silence", "corrected", "noted"),
)
"""Kinds that inform only. Every other kind makes data unclean, except a `gap` of a market with
sessions that is at most `THIN_BARS` bars long, and what a repair asked for by name takes care of.
"""

THIN_BARS = 5
MENDED_BY = {
    "sort": ("newest_first", "disorder"),
    "drop_duplicates": ("duplicate",),
    "keep_last": ("duplicate", "conflicting_duplicate"),
    "fill_gaps": ("gap",),
    "drop_bad_rows": (
        *("fields", "time", "mixed_time", "missing", "text", "not_finite", "bad_price"),
        *("negative_volume", "ohlc", "crossed", "side", "overlap"),
    ),
}


@dataclasses.dataclass
class Finding:
    """One kind of thing that was found.

    Parameters
    ----------
    kind : a key of `SENTENCES`.
    count : how often.
    severity : ``problem`` or ``note``.
    sentence : what it is, in words.
    examples : the first ones: ``row`` (line of the file), ``time``, and what stands there.
    """

    kind: str
    count: int
    severity: str
    sentence: str
    examples: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON can hold it."""
        return dataclasses.asdict(self)


class Findings:
    """Findings while they are collected, one per kind, first examples only.

    Parameters
    ----------
    mended : names of repairs that are on: what they mend is a note.
    """

    def __init__(self, mended: list[str]) -> None:
        self._mended = {kind for name in mended for kind in MENDED_BY[name]}
        self._found: dict[str, Finding] = {}

    def add(
        self,
        kind: str,
        count: int = 1,
        *examples: dict[str, Any],
        severity: str | None = None,
        words: str = "",
    ) -> None:
        """Count findings of a kind, with examples and further words."""
        if not count:
            return
        if kind not in self._found:
            calm = kind in NOTES or kind in self._mended
            sentence = SENTENCES[kind] + (f": {words}" if words else "")
            self._found[kind] = Finding(
                kind, 0, severity or (NOTE if calm else PROBLEM), sentence, []
            )
        found = self._found[kind]
        found.count += count
        found.examples += examples[: MOST_EXAMPLES - len(found.examples)]

    def sorted(self) -> list[Finding]:
        """Return problems first, then notes, each in the order of `SENTENCES`."""
        order = list(SENTENCES)
        return sorted(
            self._found.values(), key=lambda f: (f.severity != PROBLEM, order.index(f.kind))
        )


def iso(ns: int | np.integer[Any]) -> str:
    """Return nanoseconds since 1970 as an ISO time, no finer than needed."""
    text = str(np.datetime64(int(ns), "ns"))
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
