"""Growing logs of a run: in memory while they are short, then in a temporary file.

What a run has left behind need not stay in memory: pages of the file are given back as the run goes
on, and come again where a result asks for them.
"""

import mmap
import os
import tempfile
import weakref
from typing import IO

import numpy as np

from hftsim.core.errors import InputError

_ROWS_IN_MEMORY = 1 << 19
_STEP = 1 << 20
"""Rows by which the file grows: reserved, so that a full disk is an error and not a crash."""
_LEAST_GIVEN_BACK = 1 << 22
_CAN_MAP = hasattr(os, "posix_fallocate") and hasattr(mmap, "MADV_DONTNEED")


class GrowingLog:
    """Records that are appended and kept.

    Parameters
    ----------
    dtype : of a record.

    Attributes
    ----------
    rows : the records, zero beyond what is used; another array after `make_room`, which holds the
        same records.
    """

    def __init__(self, dtype: np.dtype) -> None:
        self.rows = np.zeros(_ROWS_IN_MEMORY, dtype)
        self._file: IO[bytes] | None = None
        self._map: mmap.mmap | None = None
        self._given_back = 0

    def make_room(self, used: int, free: int) -> None:
        """Have room for `free` records behind the used ones; raises InputError on a full disk."""
        if len(self.rows) - used >= free:
            return
        if not _CAN_MAP:
            larger = np.zeros(2 * (used + free), self.rows.dtype)
            larger[:used] = self.rows[:used]
            self.rows = larger
            return
        before = self.rows if self._file is None else self.rows[:0]
        self.rows = self._mapped(used + free + _STEP)
        self.rows[: min(used, len(before))] = before[:used]

    def give_back(self, used: int) -> None:
        """Give the memory of used records back to the system, where they are in a file."""
        end = used * self.rows.itemsize // mmap.PAGESIZE * mmap.PAGESIZE
        if self._map is not None and end - self._given_back >= _LEAST_GIVEN_BACK:
            self._map.madvise(mmap.MADV_DONTNEED, self._given_back, end - self._given_back)
            self._given_back = end

    def _mapped(self, rows: int) -> np.ndarray:
        """Return so many rows of the file; what stood in it stands in it."""
        size = rows * self.rows.itemsize
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="hftsim-")  # noqa: SIM115 - as long as this
            weakref.finalize(self, self._file.close)
        try:
            os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as error:
            raise InputError(
                f"{tempfile.gettempdir()} has no {size:,} bytes for the orders and fills of a long "
                f"run ({error.strerror}): free some space, or name another folder in TMPDIR"
            ) from None
        self._map = mmap.mmap(self._file.fileno(), size)
        return np.frombuffer(self._map, self.rows.dtype)
