"""One bar frame in one Parquet file: written whole or not at all, verified when read.

What is known of the frame, and a SHA-256 over that and every value, are kept in the file's own
schema metadata, so that a crash can never leave data beside the metadata of other data. Equal
frames give equal files.
"""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from hftsim.core.bars import require_bars, start_times_ns
from hftsim.core.errors import DataError, InputError

FORMAT = 1
_KEY = b"hftsim.bars"


def write_bar_file(path: Path, bars: pd.DataFrame, about: dict[str, Any]) -> None:
    """Write a bar frame and what is known of it; an earlier file is replaced in one step.

    Parameters
    ----------
    path : the file to write; its folder is made where needed.
    bars : a bar frame; every column a number.
    about : facts that can be written as JSON.

    Raises DataError for a frame that is no bar frame, InputError where the file cannot be written
    (nothing half-written remains).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_bars(bars)
    columns = {str(name): _numeric(bars, name) for name in bars.columns}
    times = start_times_ns(bars)
    known = json.loads(json.dumps({**about, "format": FORMAT}, default=_plain))
    known["content_sha256"] = _content_hash(times, columns, known)
    arrays = [pa.array(times, type=pa.timestamp("ns", tz="UTC"))]
    arrays += [pa.array(values) for values in columns.values()]
    table = pa.table(arrays, names=["ts_open", *columns])
    table = table.replace_schema_metadata({_KEY: json.dumps(known, sort_keys=True).encode()})
    with _replacing(path) as file:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)


def read_bar_file(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the bar frame of a file and what was written about it.

    Raises FileNotFoundError where there is none, InputError where it cannot be read, DataError
    where it is damaged or was not written by `write_bar_file`.
    """
    return parse_bar_file(read_whole(path), path)


def parse_bar_file(raw: bytes, path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what `read_bar_file` does, of a file's bytes; `path` only names it in errors."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # One thread: pyarrow's pool may abort a process that ends right after.
        table = pq.read_table(
            pa.BufferReader(raw), page_checksum_verification=True, use_threads=False
        )
        known = json.loads((table.schema.metadata or {})[_KEY])
        times = table["ts_open"].cast(pa.int64()).to_numpy()
        columns = {name: table[name].to_numpy() for name in table.column_names[1:]}
        promised = known.pop("content_sha256")
        intact = promised == _content_hash(times, columns, known)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"damaged, or not a bar file of hftsim ({error})", path=path) from None
    if not intact:
        raise DataError("damaged: its contents do not match its own SHA-256", path=path)
    index = pd.DatetimeIndex(times.astype("datetime64[ns]"), name="ts_open").tz_localize("UTC")
    return pd.DataFrame(columns, index=index), known


def read_whole(path: Path) -> bytes:
    """Return a file's bytes; FileNotFoundError where there is none, InputError if unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to, and put it in the place of `path` once it is safely on disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            yield file
            _to_disk(file)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"{path}: cannot be written: {why}; nothing was changed") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Let processes that change files of one folder wait for each other, where the system can."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # Windows, or no folder yet: the last writer wins
        yield
        return
    try:
        with contextlib.suppress(OSError):  # some network drives have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle on a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network drives refuse; the rename is done
            os.fsync(handle)
    finally:
        os.close(handle)


def _numeric(bars: pd.DataFrame, name: str) -> np.ndarray:
    values = np.asarray(bars[name])
    if values.ndim != 1 or name == "ts_open":
        raise DataError("a column of this name is there already", field=str(name))
    if values.dtype.kind not in "fiub":
        raise DataError(f"only numbers can be kept, not {values.dtype}", field=str(name))
    return values


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def _content_hash(times: np.ndarray, columns: dict[str, np.ndarray], known: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(times).tobytes())
    for name, values in columns.items():
        digest.update(f"{name}:{values.dtype.str}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
