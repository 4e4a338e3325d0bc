"""The data files of a folder, for a batch."""

import os
from pathlib import Path

from hftsim.core.errors import DataError
from hftsim.data.sources import DATA_SUFFIXES, PACKED_SUFFIXES


def split_files(folder: str | Path) -> list[Path]:
    """Return the data files directly in a folder, sorted by name.

    A data file has the suffix of a table (.csv, .txt, .tsv, .parquet, .pq, .feather, .arrow, .ipc)
    or of a packed one (.gz, .xz, .zip, .bz2); hidden files are left out. What is in them is seen
    when they are read.

    Raises DataError where the folder does not exist, may not be read, or holds no such file.
    """
    path = Path(folder)
    try:
        entries = sorted(path.iterdir())
    except FileNotFoundError:
        raise DataError("does not exist", path=path) from None
    except NotADirectoryError:
        raise DataError("is a file, not a folder", path=path) from None
    except PermissionError:
        raise DataError("may not be read: check the folder's permissions", path=path) from None
    suffixes = (*DATA_SUFFIXES, *PACKED_SUFFIXES)
    found = [
        e for e in entries if e.suffix.lower() in suffixes and e.is_file() and e.name[0] != "."
    ]
    readable = [f for f in found if os.access(f, os.R_OK)]
    if not readable:
        names = ", ".join(e.name for e in entries[:5]) or "nothing"
        why = "none of its data files may be read" if found else "holds no data file"
        raise DataError(f"{why} (found: {names}); known: {', '.join(suffixes)}", path=path)
    return readable
