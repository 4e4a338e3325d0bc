"""Blocks of a reader to rows of the store: ticks and lots, clocks and order, checks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.events import EVENT_DTYPE, EventFlag
from hftsim.data.ticks.by_order import OrderRows, RepeatedOrder
from hftsim.data.ticks.clocks import Reorderer
from hftsim.data.ticks.grid import Grid, OffGrid
from hftsim.data.ticks.importing import Block, TickReader
from hftsim.data.ticks.landing import Landing
from hftsim.data.ticks.metadata import columns_of
from hftsim.data.ticks.validate import EARLY_RECV, EVENT_BACK, RECV_BACK, Flaw, Validator

_BOTH = np.uint8(EventFlag.ON_EXCHANGE | EventFlag.ON_LOCAL)
_ADVICE = {
    EARLY_RECV: "the receiver's clock is behind; --fix-clock shifts it",
    EVENT_BACK: "rows are out of the exchange's order; --fix-order lets them stand twice",
    RECV_BACK: "rows are out of the receiver's order; --fix-order lets them stand twice",
}


class Placing:
    """Takes blocks as they were read, and writes them where they belong.

    Parameters
    ----------
    reader : says whether the rows' flags hold their orders of time already.
    grid : to ticks and lots.
    reorder : puts rows in both orders; None: they are taken as they stand, and checked.
    landing : where they are written.
    paths : the files, by the number in the column `file`.
    shift : what is added to every ts_recv, ns.
    """

    def __init__(
        self,
        reader: TickReader,
        grid: Grid,
        reorder: Reorderer | None,
        landing: Landing,
        paths: Sequence[Path],
        shift: int,
    ) -> None:
        self._reader, self._grid, self._reorder = reader, grid, reorder
        self._landing, self._paths, self._shift = landing, paths, shift
        self._validator = Validator(reader.level)
        self._orders = OrderRows() if reader.level == "l3" else None

    def add(self, block: Block) -> None:
        """Write a block; raises DataError, with file and row, for what no book may see."""
        try:
            made = self._grid.converted(block)
        except OffGrid as off:
            raise self._refused(block, off.row, off.field, off.text) from None
        made["ts_recv"] = made["ts_recv"] + self._shift
        if self._orders is not None:
            made = self._completed(made, self._orders)
        if self._reader.has_orders:
            self._refuse_timeless(made)
        else:
            made["flags"] = made["flags"] | _BOTH
        self._land(made if self._reorder is None else self._reorder.add(made))

    def _completed(self, block: Block, orders: OrderRows) -> Block:
        """Return rows by order that stand alone; what did not fit the orders is told."""
        try:
            done = orders.completed(block)
        except RepeatedOrder as wrong:
            raise self._refused(block, wrong.row, "order_id", str(wrong)) from None
        self._landing.note("events_of_unknown_orders", orders.unknown)
        self._landing.note("more_lots_taken_than_left", orders.beyond)
        return done

    def finish(self) -> None:
        """Write what is left."""
        if self._reorder is not None:
            self._land(self._reorder.finish())
        self._landing.finish()

    def _land(self, block: Block | None) -> None:
        if block is None:
            return
        columns = {
            name: np.ascontiguousarray(block[name], EVENT_DTYPE[name])
            for name in columns_of(self._reader.level)
        }
        flaw = self._validator.first_flaw(columns)
        if flaw is not None:
            raise self._flawed(block, flaw)
        doubled = self._reorder.doubled if self._reorder else 0
        moved = self._grid.trades_moved
        self._landing.add(columns, {"rows_doubled": doubled, "off_grid_trades": moved})

    def _refuse_timeless(self, block: Block) -> None:
        rows = np.flatnonzero((block["flags"] & _BOTH) == 0)
        if len(rows):
            sentence = "the row belongs to neither the exchange's nor the receiver's order of time"
            raise self._refused(block, int(rows[0]), "flags", sentence)

    def _flawed(self, block: Block, flaw: Flaw) -> DataError:
        advice = _ADVICE.get(flaw.reason, "mend the file")
        return self._refused(block, flaw.row, flaw.field, f"{flaw.sentence}: {advice}")

    def _refused(self, block: Block, row: int, field: str, sentence: str) -> DataError:
        return DataError(
            sentence,
            path=self._paths[int(block["file"][row])],
            row=int(block["row"][row]),
            field=field,
        )
