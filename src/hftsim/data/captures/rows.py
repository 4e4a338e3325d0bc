"""Messages of a feed laid out as event rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hftsim.book.decimals import DecimalGrids, MisfitError
from hftsim.core.errors import DataError
from hftsim.core.events import EventFlag, EventKind

BLOCK_ROWS = 65_536
"""Rows after which a block is given out."""

_NONE = ("0", "0")


class RowBuilder:
    """Collects packets and lays them out as columns.

    Parameters
    ----------
    path : for messages of errors.
    grids : of prices and quantities.
    """

    def __init__(self, path: Path, grids: DecimalGrids) -> None:
        self._path, self._grids = path, grids
        self._forget()

    def _forget(self) -> None:
        self._texts: list[str] = []
        self._parts: list[tuple[int, int, int, int, int, int, int, int]] = []
        self.rows = 0

    def add(
        self,
        kind: EventKind,
        texts: Sequence[str],
        times: tuple[int, int],
        row: int,
        *,
        bids: int = 0,
        side: int = 0,
        flags: int = EventFlag.LAST,
    ) -> None:
        """Add rows of one kind that came together.

        Parameters
        ----------
        kind, side : of the rows; `side` 0 for levels and quotes, whose first `bids` are bids.
        texts : price and quantity of each row in turn.
        times : (ts_event, ts_recv).
        row : line of the file.
        flags : SNAPSHOT for all rows; LAST, for the last of them only.
        """
        count = len(texts) >> 1
        self._texts.extend(texts)
        self._parts.append((kind, count, bids, side, *times, row, int(flags)))
        self.rows += count

    def clear(self, times: tuple[int, int], row: int, flags: int = EventFlag.LAST) -> None:
        """Add a row that empties both sides."""
        self.add(EventKind.CLEAR, _NONE, times, row, flags=flags)

    def levels(
        self,
        texts: Sequence[str],
        bids: int,
        times: tuple[int, int],
        row: int,
        *,
        flags: int = EventFlag.LAST,
    ) -> None:
        """Add levels, bids first; nothing where there are none."""
        if texts:
            self.add(EventKind.DEPTH, texts, times, row, bids=bids, flags=flags)

    def snapshot(self, texts: Sequence[str], bids: int, times: tuple[int, int], row: int) -> None:
        """Add a snapshot: what there was goes, and its levels stand."""
        last = EventFlag.LAST if not texts else 0
        self.clear(times, row, EventFlag.SNAPSHOT | last)
        self.levels(texts, bids, times, row, flags=EventFlag.SNAPSHOT | EventFlag.LAST)

    def block(self) -> dict[str, np.ndarray]:
        """Return what was added since the last call as columns (see `TickReader.blocks`).

        Raises DataError for a price or quantity that is none, with its row.
        """
        parts = np.array(self._parts, np.int64).reshape(-1, 8)
        kinds, counts, bids, sides, ts_event, ts_recv, rows, flags = parts.T
        pairs = self._numbers(counts, rows)
        starts = np.cumsum(counts) - counts
        place = np.arange(len(pairs)) - np.repeat(starts, counts)
        two_sided = np.isin(kinds, (EventKind.DEPTH, EventKind.QUOTE))
        by_place = np.where(place < np.repeat(bids, counts), 1, -1)
        side = np.where(np.repeat(two_sided, counts), by_place, np.repeat(sides, counts))
        flag = np.repeat(flags & ~int(EventFlag.LAST), counts)
        flag[starts + counts - 1] |= flags & int(EventFlag.LAST)
        self._forget()
        return {
            "ts_event": np.repeat(ts_event, counts),
            "ts_recv": np.repeat(ts_recv, counts),
            "price": pairs[:, 0].copy(),
            "qty": pairs[:, 1].copy(),
            "kind": np.repeat(kinds, counts).astype(np.uint8),
            "side": side.astype(np.int8),
            "flags": flag.astype(np.uint8),
            "row": np.repeat(rows, counts),
        }

    def _numbers(self, counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
        try:
            pairs = self._grids.steps(self._texts)
        except MisfitError as error:
            raise misfit(self._path, error, counts, rows) from None
        if len(pairs) and pairs[:, 1].min() < 0:
            at = int(np.argmax(pairs[:, 1] < 0))
            negative = MisfitError(f"{self._texts[2 * at + 1]!r} is negative", 2 * at + 1)
            raise misfit(self._path, negative, counts, rows)
        return pairs


def misfit(path: Path, error: MisfitError, counts: np.ndarray, rows: np.ndarray) -> DataError:
    """Return the error of a number that cannot be, with the line it stands in.

    Parameters
    ----------
    counts, rows : pairs of price and quantity in each message, and its line.
    """
    at = int(np.searchsorted(np.cumsum(counts), error.index >> 1, side="right"))
    field = "qty" if error.index & 1 else "price"
    return DataError(str(error), path=path, row=int(rows[at]), field=field)
