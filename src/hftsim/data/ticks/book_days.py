"""Where a venue's book begins anew each day: a CLEAR stands between the books of two days.

Orders that nothing ended are then no more the day after. The first day needs none.
"""

import datetime as dt
from pathlib import Path

import numpy as np

from hftsim.core.errors import DataError
from hftsim.core.events import EventKind
from hftsim.data.ticks.dayfile import DayFile
from hftsim.data.ticks.importing import Block
from hftsim.data.ticks.store import day_files


def follows_a_day(place: Path, day: dt.date, source: Path) -> bool:
    """Whether a symbol's folder holds a day before this one.

    Raises DataError, which names `source`, where the next day there would go on with this day's
    book: it was imported as the first.
    """
    files = day_files(place)
    later = next((file for file in files if file.stem > day.isoformat()), None)
    if later and not _begins_anew(DayFile(later), source.name):
        raise DataError(
            f"is of {day}, and {later} was imported before as the first day: import days in their "
            "order, or all in one command",
            path=source,
        )
    return any(file.stem < day.isoformat() for file in files)


def _begins_anew(day: DayFile, source: str) -> bool:
    """Whether a day begins with an empty book, or is the evening of the same file, in UTC."""
    names = [file.get("name") for file in day.metadata["source"].get("files", [])]
    return source in names or bool(day.batch(0)["kind"][0] == EventKind.CLEAR)


def with_clear(block: Block) -> Block:
    """Empty the book in the packet of the first row."""
    made = {name: np.insert(values, 0, values[0]) for name, values in block.items()}
    made["kind"][0] = EventKind.CLEAR
    for name in ("price", "qty", "side", "flags", "order_id"):
        made[name][0] = 0
    return made
