"""Single files that a command writes: whole or not at all, never over their own source."""

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from hftsim.core.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_TABLES = (".csv", ".parquet")


def require_other_file(out: Path, *sources: Path) -> None:
    """Raise InputError where `out` is one of the files that are read."""
    for source in sources:
        if out.exists() and source.exists() and out.samefile(source):
            raise InputError(f"{out} is the file that is read; write to another one")


def write_table(path: Path, table: "pd.DataFrame") -> str:
    """Write a frame with its index, as CSV or Parquet by the file's name; return its SHA-256.

    What the frame's attributes say of its source goes with it: into the metadata of Parquet, into
    ``# key: value`` lines before a CSV's header. Raises InputError for another suffix, and where
    the file cannot be written.
    """
    from hftsim.report.run_folder import replace_file

    suffix = path.suffix.lower()
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file")
    if suffix not in _TABLES:
        near = did_you_mean(suffix, _TABLES)
        raise InputError(f"{path}: unknown kind of file {suffix!r}; {near}")
    content = _csv_of(table) if suffix == ".csv" else _parquet_of(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)
    return hashlib.sha256(content).hexdigest()


def _csv_of(table: "pd.DataFrame") -> bytes:
    source = table.attrs.get("source", {})
    told = {k: v for k, v in source.items() if isinstance(v, (str, bool, int)) and v != ""}
    notes = "".join(f"# {k}: {str(v).lower() if v is True else v}\n" for k, v in told.items())
    return (notes + table.to_csv(lineterminator="\n")).encode()


def _parquet_of(table: "pd.DataFrame") -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()
