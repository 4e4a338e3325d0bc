"""Tables of a file, read block by block: text through pyarrow's CSV reader, Parquet, Feather."""

import bisect
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hftsim.core.errors import DataError
from hftsim.data.dialects import Dialect, detect
from hftsim.data.sources import Source
from hftsim.data.textblocks import text_blocks

_BATCH_ROWS = 1 << 17


@dataclasses.dataclass
class RawBlock:
    """Some rows of a table.

    Parameters
    ----------
    columns : column position to pyarrow array.
    lines : 1-based line of each row in the file (row of the table where it is not text).
    misfits : (line, sentence) of rows with the wrong number of fields; they are not in `columns`.
    """

    columns: dict[int, Any]
    lines: np.ndarray
    misfits: list[tuple[int, str]] = dataclasses.field(default_factory=list)


class LineMap:
    """Where the kept rows stand in the file, in little memory."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._lines: list[np.ndarray | int] = []
        self._rows = 0

    def add(self, lines: np.ndarray) -> None:
        """Append the lines of the next rows."""
        if len(lines):
            run = int(lines[-1] - lines[0]) + 1 == len(lines)
            self._starts.append(self._rows)
            self._lines.append(int(lines[0]) if run else lines)
            self._rows += len(lines)

    def line(self, row: int) -> int:
        """Return the 1-based line of a row."""
        at = bisect.bisect_right(self._starts, row) - 1
        lines, offset = self._lines[at], row - self._starts[at]
        return lines + offset if isinstance(lines, int) else int(lines[offset])


class TextTable:
    """A text table: its names, a sample of its rows, and its blocks.

    Raises DataError, naming the file, for what `dialects.detect` refuses.
    """

    def __init__(self, source: Source, flags: frozenset[str]) -> None:
        self._source = source
        self._blocks = text_blocks(source)
        self._first = next(self._blocks, (b"", 1))
        self.dialect: Dialect = detect(self._first[0], flags, source.path)
        self.names: Sequence[str] | None = self.dialect.header
        self.metadata: dict[str, Any] = dict(self.dialect.comments)

    @property
    def words(self) -> str:
        """The dialect in words."""
        return self.dialect.describe()

    @property
    def done(self) -> int:
        """Bytes of the file read so far."""
        return self._source.done

    def blocks(self, positions: Sequence[int]) -> Iterator[RawBlock]:
        """Yield the blocks, with the columns at `positions` as text.

        Bytes that are not UTF-8 become a replacement character: harmless in columns that are not
        used, unreadable in those that are.
        """
        block, line = self._first
        self._first = (b"", 1)
        skip = self.dialect.first_line - line
        for _ in range(skip):
            block = block[block.find(b"\n") + 1 :]
        yield from self._parsed(block, line + skip, positions)
        for block, line in self._blocks:
            yield from self._parsed(block, line, positions)

    def _parsed(self, block: bytes, line: int, positions: Sequence[int]) -> Iterator[RawBlock]:
        if not block.strip():
            return
        if not block.isascii():
            block = block.decode("utf-8", "replace").encode()
        try:
            yield parse_block(block, line, self.dialect, positions)
        except ValueError as error:
            raise DataError(
                f"rows from line {line} on are not a table ({error})", path=self._source.path
            ) from None


def parse_block(block: bytes, line: int, dialect: Dialect, positions: Sequence[int]) -> RawBlock:
    """Return the rows of a block of whole lines, UTF-8; raises ValueError if it is no table."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    invalid: list[tuple[int, int, str]] = []

    def note(row: Any) -> str:
        invalid.append((row.number, row.actual_columns, row.text))
        return "skip"

    names = [str(i) for i in range(dialect.width)]
    wanted = [str(i) for i in sorted(set(positions))]
    table = pa_csv.read_csv(
        pa.BufferReader(block),
        read_options=pa_csv.ReadOptions(
            use_threads=False, column_names=names, block_size=len(block) + 1
        ),
        parse_options=pa_csv.ParseOptions(delimiter=dialect.separator, invalid_row_handler=note),
        convert_options=pa_csv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string())
        ),
    )
    columns = {int(name): table.column(name).combine_chunks() for name in wanted}
    lines = _lines(block, line, table.num_rows, [number for number, _, _ in invalid])
    misfits = [
        (_line_of(block, line, number), _misfit(dialect, count, text))
        for number, count, text in invalid
    ]
    return RawBlock(columns, lines, misfits)


def _misfit(dialect: Dialect, count: int, text: str) -> str:
    fields = tuple(f.strip().strip('"<>') for f in text.split(dialect.separator))
    if dialect.header and fields == dialect.header:
        return "is the header again"
    than = "header" if dialect.header else "other rows"
    fields_word = "field" if count == 1 else "fields"
    return f"has {count} {fields_word}, the {than} {dialect.width}"


def _lines(block: bytes, line: int, rows: int, invalid: list[int]) -> np.ndarray:
    """Return each row's line: the parser skips blank lines and leaves out invalid rows."""
    total = block.count(b"\n") + (not block.endswith(b"\n"))
    if total == rows:
        return np.arange(line, line + rows)
    filled = _filled_lines(block, line)
    kept = np.delete(filled, [n - 1 for n in invalid if n <= len(filled)])
    if len(kept) >= rows:
        return kept[:rows]
    return np.concatenate([kept, np.full(rows - len(kept), line + total)])


def _filled_lines(block: bytes, line: int) -> np.ndarray:
    return np.array([line + i for i, text in enumerate(block.split(b"\n")) if text.strip(b"\r")])


def _line_of(block: bytes, line: int, number: int) -> int:
    filled = _filled_lines(block, line)
    return int(filled[number - 1]) if number <= len(filled) else line


class ArrowTable:
    """A Parquet or Feather file: its names, metadata and blocks."""

    def __init__(self, source: Source) -> None:
        import pyarrow as pa

        self._source, self._read = source, 0
        self._file: Any = None
        try:
            self._open(source.path)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(self._damage(error), path=source.path) from None
        self.names: Sequence[str] | None = tuple(self._schema.names)
        twice = [n for i, n in enumerate(self.names) if n in self.names[:i]]
        if twice:
            raise DataError("two columns have the same name", path=source.path, field=twice[0])
        if not self._rows:
            raise DataError("holds a header and no rows", path=source.path)
        self.metadata = _metadata(self._schema.metadata or {})
        self.short_floats = [f.name for f in self._schema if str(f.type) in ("float", "halffloat")]
        self.words = source.container.capitalize()

    def _open(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._source.container == "parquet":
            self._file = pq.ParquetFile(path)
            self._schema, self._rows = self._file.schema_arrow, self._file.metadata.num_rows
        else:
            self._file = pa.ipc.open_file(pa.OSFile(str(path)))
            self._schema = self._file.schema
            counts = (
                self._file.get_batch(i).num_rows for i in range(self._file.num_record_batches)
            )
            self._rows = sum(counts)

    @property
    def done(self) -> int:
        """Bytes of the file read so far, by the share of its rows."""
        return self._source.size * self._read // int(self._rows)

    def blocks(self, positions: Sequence[int]) -> Iterator[RawBlock]:
        """Yield the blocks, with the columns at `positions` as they are typed."""
        import pyarrow as pa

        row = 1
        try:
            for batch in self._batches(sorted(set(positions))):
                columns = {
                    at: _plain(batch.column(batch.schema.get_field_index(self._schema.names[at])))
                    for at in positions
                }
                yield RawBlock(columns, np.arange(row, row + batch.num_rows))
                row += batch.num_rows
                self._read = row - 1
        except (pa.ArrowInvalid, OSError) as error:
            if not self._source.lenient:
                raise DataError(self._damage(error), path=self._source.path) from None
            self._source.damage = self._damage(error)

    def _batches(self, positions: Sequence[int]) -> Iterator[Any]:
        names = [self._schema.names[at] for at in positions]
        if self._source.container == "parquet":
            yield from self._file.iter_batches(
                batch_size=_BATCH_ROWS, columns=names, use_threads=False
            )
            return
        for i in range(self._file.num_record_batches):
            batch = self._file.get_batch(i)
            for start in range(0, batch.num_rows, _BATCH_ROWS):
                yield batch.slice(start, _BATCH_ROWS)

    def _damage(self, error: Exception) -> str:
        reason = (str(error).splitlines() or ["unreadable"])[0][:120]
        return f"is a damaged {self._source.container} file ({reason}): get the file again"


def _plain(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode()
    return column


def _metadata(schema: dict[bytes, bytes]) -> dict[str, Any]:
    """Return what a writer noted: plain keys, and the attributes pandas keeps of a frame."""
    known: dict[str, Any] = {}
    for key, value in schema.items():
        name, text = key.decode("utf-8", "replace").lower(), value.decode("utf-8", "replace")
        try:
            known[name] = json.loads(text)
        except json.JSONDecodeError:
            known[name] = text
    pandas = known.pop("pandas", None)
    attributes = pandas.get("attributes", {}) if isinstance(pandas, dict) else {}
    for holder in [attributes, *known.values()]:
        if isinstance(holder, dict):
            inner = holder.get("source")
            known = {**holder, **(inner if isinstance(inner, dict) else {}), **known}
    return known


Table = TextTable | ArrowTable


def open_table(source: Source, flags: frozenset[str] = frozenset()) -> Table:
    """Return the table in an open source."""
    return TextTable(source, flags) if source.container == "text" else ArrowTable(source)
