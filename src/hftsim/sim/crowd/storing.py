"""A crowd's rows on disk: one tick file, or a tick store of UTC days."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hftsim.core.errors import InputError
from hftsim.core.events import EventKind
from hftsim.core.progress import Progress, no_progress
from hftsim.sim.crowd.generator import Crowd

if TYPE_CHECKING:
    import pandas as pd


def write_ticks(
    crowd: Crowd, rows: int, path: Path, progress: Progress = no_progress
) -> dict[str, Any]:
    """Write the next rows of a crowd; return rows, sha256 (of the content), start and end.

    A `path` that ends in ``.arrow`` becomes one tick file, any other a tick store of day files.
    Both are what `hftsim import` makes, with ``"simulated": true`` in their metadata; the hash is
    that of `Ticks.sha256`. Raises InputError where the place is taken or cannot be written.
    """
    from hftsim.data.ticks import open_ticks

    if path.suffix.lower() == ".arrow":
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file")
        _write_file(crowd, rows, path, progress)
    else:
        if path.exists() and (path.is_file() or any(path.iterdir())):
            raise InputError(f"{path} is there already: name a new folder, or a file like l2.arrow")
        _write_store(crowd, rows, path, progress)
    made = open_ticks(path)
    return {"rows": made.rows, "sha256": made.sha256, "start": made.start, "end": made.end}


def table_of_ticks(crowd: Crowd, rows: int) -> "pd.DataFrame":
    """Return the next rows as a table for other programs, in quote currency and base units.

    Index `ts_event` (UTC); columns type, side, price, qty and, by order, order_id. The attribute
    ``source`` says that it is simulated. `hftsim import --format csv` reads levels and trades.
    """
    import pandas as pd

    columns, made = crowd.columns(rows), crowd.instrument
    trades = (columns["kind"] == EventKind.TRADE).all()
    words = {int(k): k.name.lower() for k in EventKind}
    table = pd.DataFrame(
        {
            "type": pd.Series(columns["kind"]).map(words),
            "side": np.where(columns["side"] > 0, "buy", "sell"),
            "price": _decimals(columns["price"], made.tick_size),
            "qty": _decimals(columns["qty"], made.lot_size),
        }
    )
    if "order_id" in columns:
        table["order_id"] = columns["order_id"]
    if trades:
        del table["type"]
    table.index = pd.DatetimeIndex(columns["ts_event"].view("M8[ns]"), name="ts_event", tz="UTC")
    about = crowd.about()["source"]["crowd"]
    table.attrs["source"] = {
        "symbol": made.symbol,
        "venue": "simulated",
        "origin": f"Crowd(flow={about['flow']}, kind={crowd.kind!r}, seed={crowd.seed})",
        "timezone": "UTC",
        "simulated": True,
    }
    return table


def _decimals(steps: np.ndarray, step: Decimal) -> np.ndarray:
    """Return whole steps as the nearest floats."""
    exponent = int(step.normalize().as_tuple().exponent)
    return np.round(steps * float(step), max(-exponent, 0))


def _about(crowd: Crowd) -> dict[str, Any]:
    from hftsim.data.ticks.landing import import_key
    from hftsim.data.ticks.metadata import VERSION, instrument_as_json

    about = {
        "version": VERSION,
        "symbol": crowd.instrument.symbol,
        "instrument": instrument_as_json(crowd.instrument),
        "level": "l3" if crowd.kind == "l3" else "l2",
        "corrections": {},
        "has_receive_times": False,
        **crowd.about(),
    }
    return {**about, "import_key": import_key(about)}


def _blocks(crowd: Crowd, rows: int, progress: Progress) -> Iterator[dict[str, np.ndarray]]:
    done = 0
    progress(0, rows, "rows")
    for block in crowd.blocks(rows):
        yield block
        done += len(block["kind"])
        progress(min(done, rows), rows, "rows")


def _write_file(crowd: Crowd, rows: int, path: Path, progress: Progress) -> None:
    from hftsim.data.ticks.dayfile import DayWriter

    about = _about(crowd)
    writer = DayWriter(path, about["level"], about)
    try:
        for block in _blocks(crowd, rows, progress):
            writer.append(block)
        writer.finish({})
    finally:
        writer.discard()


def _write_store(crowd: Crowd, rows: int, path: Path, progress: Progress) -> None:
    from hftsim.data.ticks.landing import Landing

    about = _about(crowd)
    landing = Landing(path / crowd.instrument.symbol, about["level"], about, Counter())
    totals = {"rows_doubled": 0, "off_grid_trades": 0}
    try:
        for block in _blocks(crowd, rows, progress):
            landing.add(block, totals)
        landing.finish()
    finally:
        landing.discard()
