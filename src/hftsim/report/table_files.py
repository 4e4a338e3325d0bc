"""Frames as CSV and Parquet that other programs read without a word of explanation."""

import io
from pathlib import Path

import pandas as pd

from hftsim.report.run_folder import replace_file, replace_file_by

_ROWS_AT_ONCE = 1 << 16
"""Rows of a table that are turned into text together: a long one takes no more memory."""


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame without its index; the header is there even where no rows are.

    Times become ``2024-10-01T03:00:00Z`` (with a fraction only where there is one), floats the
    shortest text that reads back equal, undefined values an empty field.
    """
    starts = range(0, max(len(frame), 1), _ROWS_AT_ONCE)
    replace_file_by(path, (_csv(frame.iloc[k : k + _ROWS_AT_ONCE], header=k == 0) for k in starts))


def _csv(frame: pd.DataFrame, *, header: bool) -> memoryview:
    import polars as pl

    table = pl.from_arrow(_arrow(frame))
    assert isinstance(table, pl.DataFrame)
    times = [name for name, kind in table.schema.items() if isinstance(kind, pl.Datetime)]
    table = table.with_columns(
        *(pl.col(n).dt.replace_time_zone(None) for n in times),
        *(pl.col(n).fill_nan(None) for n, kind in table.schema.items() if kind.is_float()),
    )
    buffer = io.BytesIO()
    table.write_csv(
        buffer,
        include_header=header,
        datetime_format="%Y-%m-%dT%H:%M:%S%.fZ",
        quote_style="necessary",
        null_value="",
    )
    return buffer.getbuffer()


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame without its index as Parquet (zstd); times are UTC nanoseconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(_arrow(frame), sink, compression="zstd")
    replace_file(path, memoryview(sink.getvalue()))


def _arrow(frame: pd.DataFrame) -> "object":
    import pyarrow as pa

    bare = frame.copy(deep=False)
    bare.attrs = {}
    return pa.Table.from_pandas(bare, preserve_index=False)
