"""Rows kept on disk while all of them must be seen before any can be written."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hftsim.core.errors import InputError
from hftsim.data.ticks.importing import Block

_ROWS = 1 << 18


class Spool:
    """Columns on disk, one file each, in a folder that disappears with this object.

    Parameters
    ----------
    folder : where the temporary folder is made.
    """

    def __init__(self, folder: Path) -> None:
        self._place = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
        self._files: dict[str, BinaryIO] = {}
        self._types: dict[str, np.dtype] = {}
        self.rows = 0

    def append(self, block: Block) -> None:
        """Add rows; raises InputError where the disk is full."""
        try:
            for name, values in block.items():
                if name not in self._files:
                    self._files[name] = (self._place / name).open("xb")
                    self._types[name] = values.dtype
                self._files[name].write(np.ascontiguousarray(values).data)
        except OSError as error:
            raise InputError(
                f"{self._place.parent}: cannot be written: {error.strerror}; an import needs about "
                f"twice the room of what it writes"
            ) from None
        self.rows += len(block["kind"])

    def blocks(self) -> Iterator[Block]:
        """Yield all rows, in order."""
        for file in self._files.values():
            file.flush()
        with contextlib.ExitStack() as stack:
            files = {n: stack.enter_context((self._place / n).open("rb")) for n in self._files}
            for start in range(0, self.rows, _ROWS):
                count = min(_ROWS, self.rows - start)
                yield {n: np.fromfile(f, self._types[n], count) for n, f in files.items()}

    def close(self) -> None:
        """Remove everything."""
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        shutil.rmtree(self._place, ignore_errors=True)
